"""Attempts are counted before their outcome is known, in a short transaction of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from app.domain.access import AttemptsExceeded, Limit, SecondFactor, account_subject, address_subject
from app.domain.identity import Membership, User
from app.domain.shared.ids import CompanyId, UserId
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.shared import Clock, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How often one may try, by account and by network address."""

    account: Limit
    address: Limit

    def of(self, subject: str) -> Limit:
        """Give the limit that ``subject`` is held to."""
        return self.account if subject.startswith("account:") else self.address


@dataclass(frozen=True, slots=True, kw_only=True)
class Knocked:
    """Who knocks: by e-mail address, or as the user who is signed in."""

    email: str = ""
    user: UserId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user with the memberships, by company the version of the rights behind them, and the second factor if any."""

    user: User
    memberships: Sequence[Membership]
    versions: dict[CompanyId, int]
    factor: SecondFactor | None = None


def subjects_of(email: str, context: Context) -> list[str]:
    """Give what an attempt is counted under, sorted; an address the server does not know is not counted."""
    return sorted({account_subject(email), *([address_subject(context.address)] if context.address else ())})


@dataclass(frozen=True, slots=True)
class ReadAccount:
    """Count an attempt on an account and look the account up; None when there is none, which is counted alike.

    Raises TooManyAttempts, and then counts nothing.
    """

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True
    clock: Clock
    limits: Limits

    def execute(self, work: Work, context: Context, request: Knocked) -> Account | None:
        """Give the account of the e-mail address or of the user."""
        user = work.users.by_email(request.email) if request.user is None else work.users.get(request.user)
        email = request.email if user is None else user.email
        self._count(work, context, email, UserId(0) if user is None else user.id)
        if user is None:
            return None
        memberships = work.users.memberships(user.id)
        return Account(
            user=user,
            memberships=memberships,
            versions={membership.company: work.roles.version(membership.company) for membership in memberships},
            factor=work.second_factors.get(user.id),
        )

    def _count(self, work: Work, context: Context, email: str, user: UserId) -> None:
        now = self.clock.now()
        for attempts in work.attempts.lock(subjects_of(email, context), now):
            if attempts.admit(now, self.limits.of(attempts.subject)):
                work.outbox.add(AttemptsExceeded(id=user, address=context.address, attempts=attempts.count))
            work.attempts.save(attempts)


@dataclass(frozen=True, slots=True)
class NoteFailure:
    """Count a token that was not right against the address it came from. Raises TooManyAttempts."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True
    clock: Clock
    limits: Limits

    def execute(self, work: Work, context: Context, request: None) -> None:
        """Count it."""
        if not context.address:
            return
        now = self.clock.now()
        (attempts,) = work.attempts.lock([address_subject(context.address)], now)
        if attempts.admit(now, self.limits.address):
            work.outbox.add(AttemptsExceeded(id=UserId(0), address=context.address, attempts=attempts.count))
        work.attempts.save(attempts)


def check_address(work: Work, context: Context, now: datetime, limits: Limits) -> None:
    """Pass only an address that need not wait, without counting. Raises TooManyAttempts."""
    if context.address:
        for attempts in work.attempts.read([address_subject(context.address)]):
            attempts.check(now, limits.address)


def forget_attempts(work: Work, context: Context, email: str) -> None:
    """Let an account begin anew after a success, and take the attempt back from the address.

    The address does not begin anew: who owns one account could then guess at all others for ever.
    """
    work.attempts.forget(account_subject(email))
    if context.address:
        work.attempts.forgive(address_subject(context.address))
