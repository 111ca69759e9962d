"""Signing in with e-mail address, password and, for who wants it, a one-time code."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import ClassVar, Final

from app.domain.access import (
    BadCode,
    Opaque,
    RecoveryCodeUsed,
    SecondFactor,
    SecondFactorRequired,
    Session,
    SessionLife,
    fingerprint,
    recovery_code,
)
from app.domain.identity import BadCredentials, CompanyChoice, Membership, NoMembership, User
from app.domain.shared.errors import Stale
from app.domain.shared.ids import CompanyId, UserId
from app.domain.shared.rights import Right
from app.usecases.access.attempts import Account, Knocked, Limits, ReadAccount, forget_attempts
from app.usecases.access.sessions import SignedIn, Started, signed_in, started
from app.usecases.context import Context
from app.usecases.ports.access import Mint, OneTimeCodes, Tokens, Vault
from app.usecases.ports.identity import Passwords
from app.usecases.ports.shared import Clock, Work
from app.usecases.run import Runner

CODE_DIGITS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What somebody signs in with; ``company`` chooses among several memberships, ``code`` is the second factor."""

    email: str
    password: str = field(repr=False)
    company: CompanyId | None = None
    code: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Rehash:
    """Store a password hash made with today's parameters."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: User) -> None:
        """Save the user."""
        work.users.save(request)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The one-time code somebody gave: the ``step`` it is of, or the fingerprint of a recovery code."""

    step: int | None = None
    recovery: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """Somebody whose password was right, and what the session is begun with."""

    user: UserId
    email: str
    membership: Membership
    token: Opaque
    proof: Proof | None
    must_change: bool


@dataclass(frozen=True, slots=True)
class StartSession:
    """Use the one-time code up, begin a session, and forget the failed attempts. Raises BadCode."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True
    clock: Clock
    life: SessionLife

    def execute(self, work: Work, context: Context, request: Entrance) -> Started:
        """Give the session with its id."""
        now = self.clock.now()
        if request.proof is not None:
            self._use_up(work, request.user, request.proof)
        forget_attempts(work, context, request.email)
        company = request.membership.company
        session = Session.begin(request.token, request.user, company, context.address, now, self.life)
        work.sessions.add(session)
        return started(work, session, request.membership, must_change=request.must_change)

    def _use_up(self, work: Work, user: UserId, proof: Proof) -> None:
        if proof.step is not None:
            if not work.second_factors.use_step(user, proof.step):
                raise BadCode
        elif proof.recovery is None or not work.second_factors.use_recovery(user, proof.recovery, self.clock.now()):
            raise BadCode
        else:
            work.outbox.add(RecoveryCodeUsed(id=user))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """Exchange e-mail address and password for an access token and a refresh token.

    Not a use case but several around a slow hash: no transaction is open, no connection held, while Argon2 works. The
    attempt is counted before the hash is asked, so that many at once get no more tries than one after the other.
    """

    runner: Runner
    passwords: Passwords
    tokens: Tokens
    clock: Clock
    mint: Mint
    vault: Vault
    codes: OneTimeCodes
    life: SessionLife
    limits: Limits

    def __call__(self, context: Context, credentials: Credentials) -> SignedIn:
        """Give the tokens.

        Raises BadCredentials (an unknown account takes as long), TooManyAttempts (whether there is such an account or
        not), NoMembership, CompanyChoice, SecondFactorRequired, BadCode.
        """
        knocked = Knocked(email=credentials.email.strip().lower())
        account = self.runner.call(context, ReadAccount(self.clock, self.limits), lambda: knocked)
        right = self.passwords.verify(account.user.password_hash if account else None, credentials.password)
        if account is None or not right or not account.user.active:
            raise BadCredentials
        proof = self._proof(account.factor, credentials.code)
        membership = _choose(account.memberships, credentials.company)
        acting = replace(context, actor=account.user.id, company=membership.company)
        token = self.mint.refresh_token()
        entrance = Entrance(
            user=account.user.id,
            email=account.user.email,
            membership=membership,
            token=token,
            proof=proof,
            must_change=account.user.must_change_password,
        )
        begun = self.runner.call(acting, StartSession(self.clock, self.life), lambda: entrance)
        self._rehash(acting, account, credentials.password)
        return signed_in(self.tokens, self.clock, begun, token)

    def _rehash(self, context: Context, account: Account, password: str) -> None:
        if self.passwords.outdated(account.user.password_hash):
            fresh = replace(account.user, password_hash=self.passwords.hash(password))
            with suppress(Stale):  # somebody else changed the account just now; the next sign-in will do
                self.runner.call(context, Rehash(), lambda: replace(fresh))

    def _proof(self, factor: SecondFactor | None, code: str | None) -> Proof | None:
        """Give what proves the second factor; None for an account without one. Raises SecondFactorRequired, BadCode."""
        if factor is None or not factor.confirmed:
            return None
        if code is None:
            raise SecondFactorRequired
        typed = recovery_code(code)
        if len(typed) == CODE_DIGITS and typed.isdecimal():
            return Proof(step=self._step(factor, typed))
        return Proof(recovery=fingerprint(typed))

    def _step(self, factor: SecondFactor, code: str) -> int:
        step = self.codes.step(self.vault.unlock(factor.secret, owner(factor.user)), code, self.clock.now())
        if step is None:
            raise BadCode
        return step


def owner(user: UserId) -> str:
    """Give what a user's second factor is encrypted for: copied to another user's row it is worthless."""
    return f"second factor of user {user}"


def _choose(memberships: Sequence[Membership], company: CompanyId | None) -> Membership:
    if company is None and len(memberships) > 1:
        raise CompanyChoice(at=("company",), companies=[membership.company for membership in memberships])
    for membership in memberships:
        if company in {None, membership.company}:
            return membership
    raise NoMembership
