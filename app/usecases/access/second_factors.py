"""Second factors: enrolled, confirmed by a first code, left with the password."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

from app.domain.access import (
    RECOVERY_CODES,
    SecondFactor,
    SecondFactorOff,
    SecondFactorOn,
    SecondFactorSwitched,
    WrongCode,
    fingerprint,
    recovery_code,
)
from app.domain.shared.rights import Right
from app.usecases.access.attempts import Limits, ReadAccount, forget_attempts
from app.usecases.access.passwords import verified
from app.usecases.access.signing_in import owner
from app.usecases.context import Context
from app.usecases.ports.access import Mint, OneTimeCodes, Vault
from app.usecases.ports.identity import Passwords
from app.usecases.ports.shared import Clock, Work
from app.usecases.run import Runner

ISSUER: Final = "Tramita"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """What an authenticator application is given, and codes for the day it is lost; shown once."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)
    recovery_codes: Sequence[str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class EnrolSecondFactor:
    """Begin with a second factor: it counts once a code of it was confirmed. Raises SecondFactorOn."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True
    clock: Clock
    mint: Mint
    vault: Vault
    codes: OneTimeCodes

    def execute(self, work: Work, context: Context, request: None) -> Enrolment:
        """Give the secret and the recovery codes; beginning again replaces what was not confirmed."""
        user = work.users.get(context.actor)
        present = work.second_factors.get(user.id)
        if present is not None and present.confirmed:
            raise SecondFactorOn
        secret = self.codes.secret()
        recovery = self.mint.recovery_codes(RECOVERY_CODES)
        factor = SecondFactor(user=user.id, secret=self.vault.lock(secret, owner(user.id)), created_at=self.clock.now())
        work.second_factors.put(factor, [fingerprint(recovery_code(code)) for code in recovery])
        return Enrolment(secret=secret, uri=self.codes.uri(secret, user.email, ISSUER), recovery_codes=recovery)


@dataclass(frozen=True, slots=True)
class ConfirmSecondFactor:
    """Switch the second factor on by a first code. Raises SecondFactorOff (none begun), SecondFactorOn, WrongCode."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True
    clock: Clock
    vault: Vault
    codes: OneTimeCodes

    def execute(self, work: Work, context: Context, request: str) -> None:
        """Use the code up and let the factor count from now on."""
        factor = work.second_factors.get(context.actor)
        if factor is None:
            raise SecondFactorOff
        if factor.confirmed:
            raise SecondFactorOn
        secret = self.vault.unlock(factor.secret, owner(factor.user))
        step = self.codes.step(secret, recovery_code(request), self.clock.now())
        if step is None or not work.second_factors.confirm(factor.user, step):
            raise WrongCode(at=("code",))
        work.outbox.add(SecondFactorSwitched(id=factor.user, on=True))


@dataclass(frozen=True, slots=True)
class DropSecondFactor:
    """Remove the caller's second factor and its recovery codes. Raises SecondFactorOff."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: str) -> None:
        """Remove them; ``request`` is the account's e-mail address, whose attempts are forgotten."""
        forget_attempts(work, context, request)
        if not work.second_factors.drop(context.actor):
            raise SecondFactorOff
        work.outbox.add(SecondFactorSwitched(id=context.actor, on=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveSecondFactor:
    """Switch the second factor off, with the password."""

    runner: Runner
    passwords: Passwords
    clock: Clock
    limits: Limits

    def __call__(self, context: Context, password: str) -> None:
        """Do it. Raises WrongPassword, TooManyAttempts, SecondFactorOff."""
        read = ReadAccount(self.clock, self.limits)
        account = verified(self.runner, self.passwords, read, context, password, "password")
        self.runner.call(context, DropSecondFactor(), lambda: account.user.email)
