"""Passwords: the policy, changing the own one, resetting somebody's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from app.domain.access import (
    GuessablePassword,
    Opaque,
    OwnPassword,
    PasswordChanged,
    SamePassword,
    Session,
    SessionEnd,
    SessionLife,
    SessionsRevoked,
    SharedAccount,
    WrongPassword,
)
from app.domain.identity import NoMembership, User, check_password
from app.domain.shared.errors import Invalid, MissingRight, NotFound, Stale
from app.domain.shared.ids import RoleId, UserId
from app.domain.shared.rights import Right
from app.usecases.access.attempts import Account, Knocked, Limits, ReadAccount, forget_attempts
from app.usecases.access.sessions import SignedIn, Started, signed_in, started
from app.usecases.context import Context
from app.usecases.ports.access import Mint, Tokens
from app.usecases.ports.identity import Passwords
from app.usecases.ports.shared import Clock, RolledBack, Work
from app.usecases.run import Runner


def check_new_password(passwords: Passwords, password: str, hints: Sequence[str]) -> str:
    """Give the password back when it will do; ``hints`` are what it must not follow from.

    Raises WeakPassword for its length, GuessablePassword.
    """
    check_password(password)
    if passwords.guessable(password, hints):
        raise GuessablePassword
    return password


def end_sessions(work: Work, clock: Clock, user: UserId, reason: SessionEnd) -> None:
    """Revoke every session of a user and tell of it; for whoever changes a password or switches an account off."""
    if work.sessions.end_all(user, clock.now()):
        work.outbox.add(SessionsRevoked(id=user, reason=reason))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPassword:
    """A checked and hashed password, the user as ``seen`` when the old one was verified, and a token to go on with."""

    seen: User
    password_hash: str = field(repr=False)
    token: Opaque


@dataclass(frozen=True, slots=True)
class StorePassword:
    """Store the caller's new password, end all sessions of the user and begin one anew.

    Raises NoMembership, and WrongPassword when the old one is no longer right.
    """

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True
    clock: Clock
    life: SessionLife

    def execute(self, work: Work, context: Context, request: NewPassword) -> Started:
        """Give the new session."""
        user = work.users.get(context.actor)
        if user.password_hash != request.seen.password_hash:
            raise WrongPassword(at=("old",))  # it was changed since it was found right
        membership = next((one for one in work.users.memberships(user.id) if one.company == context.company), None)
        if membership is None:
            raise NoMembership
        user.password_hash = request.password_hash
        user.must_change_password = False
        _save(work, user)
        end_sessions(work, self.clock, user.id, SessionEnd.PASSWORD_CHANGED)
        forget_attempts(work, context, user.email)
        begun = Session.begin(request.token, user.id, context.company, context.address, self.clock.now(), self.life)
        work.sessions.add(begun)
        work.outbox.add(PasswordChanged(id=user.id, reset=False))
        return started(work, begun, membership, must_change=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePassword:
    """Replace the own password; every session ends but a new one that begins here.

    Several use cases around slow hashes, as signing in is.
    """

    runner: Runner
    passwords: Passwords
    tokens: Tokens
    clock: Clock
    mint: Mint
    life: SessionLife
    limits: Limits

    def __call__(self, context: Context, old: str, new: str) -> SignedIn:
        """Give new tokens. Raises WrongPassword, WeakPassword, GuessablePassword, SamePassword, TooManyAttempts."""
        account = verified(self.runner, self.passwords, ReadAccount(self.clock, self.limits), context, old, "old")
        if new == old:
            raise SamePassword(at=("new",))
        try:
            check_new_password(self.passwords, new, self._hints(context, account.user))
        except Invalid as error:
            raise error.within("new") from None
        token = self.mint.refresh_token()
        stored = NewPassword(seen=account.user, password_hash=self.passwords.hash(new), token=token)
        begun = self.runner.call(context, StorePassword(self.clock, self.life), lambda: stored)
        return signed_in(self.tokens, self.clock, begun, token)

    def _hints(self, context: Context, user: User) -> list[str]:
        return [user.email, user.name, self.runner.call(context, NameCompany(), lambda: None)]


@dataclass(frozen=True, slots=True)
class NameCompany:
    """Tell the name of the caller's company, which makes a bad password."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: None) -> str:
        """Give the name."""
        return work.companies.get(context.company).name


def verified(
    runner: Runner, passwords: Passwords, read: ReadAccount, context: Context, password: str, at: str
) -> Account:
    """Give the caller's account once the password at field ``at`` was found right; the attempt is counted first.

    Raises WrongPassword, TooManyAttempts.
    """
    account = runner.call(context, read, lambda: Knocked(user=context.actor))
    if account is None or not passwords.verify(account.user.password_hash, password):
        raise WrongPassword(at=(at,))
    return account


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordReset:
    """A user to give a password made by us, in clear for the answer and hashed for the database."""

    user: UserId
    password: str = field(repr=False)
    password_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ResetPassword:
    """Give a member of the company a one-time password, shown once, and end all of the member's sessions.

    The member must then choose another before anything else. Raises NotFound, OwnPassword, MissingRight when the member
    holds a right the caller does not, SharedAccount for a member of other companies too: one company's administrator
    would get into the others.
    """

    right: ClassVar[Right] = Right.USERS_WRITE
    writes: ClassVar[bool] = True
    fresh: ClassVar[bool] = True
    clock: Clock
    passwords: Passwords

    def prepared(self, user: UserId) -> PasswordReset:
        """Make the password and its slow hash, before any transaction is open."""
        password = self.passwords.random()
        return PasswordReset(user=user, password=password, password_hash=self.passwords.hash(password))

    def execute(self, work: Work, context: Context, request: PasswordReset) -> PasswordReset:
        """Give what was asked for, done."""
        roles = self._roles_here(work, context, request.user)
        if beyond := sorted(work.roles.rights(context.company, roles) - context.rights):
            raise MissingRight(right=beyond[0].value)
        _reset(work, self.clock, work.users.get(request.user), request.password_hash)
        return request

    @staticmethod
    def _roles_here(work: Work, context: Context, user: UserId) -> Sequence[RoleId]:
        """Give the roles of somebody else who belongs to the caller's company and to no other."""
        memberships = work.users.memberships(user)
        if context.company not in {membership.company for membership in memberships}:
            raise NotFound(kind="user", id=user)
        if user == context.actor:
            raise OwnPassword(user=user)
        if len(memberships) > 1:
            raise SharedAccount(user=user)
        return sorted(memberships[0].roles)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleReset:
    """An account to give a hashed password from the command line, and whether its second factor goes too."""

    email: str
    password_hash: str = field(repr=False)
    drop_second_factor: bool = False


@dataclass(frozen=True, slots=True)
class SetPassword:
    """Give an account a one-time password from the command line. Raises NotFound.

    Not reachable over HTTP: who may run the command line owns the database anyway.
    """

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True
    clock: Clock

    def execute(self, work: Work, context: Context, request: ConsoleReset) -> None:
        """Store it, end all sessions, and let the account be tried anew."""
        user = work.users.by_email(request.email)
        if user is None:
            raise NotFound(kind="user", id=request.email)
        if request.drop_second_factor:
            work.second_factors.drop(user.id)
        forget_attempts(work, replace(context, address=""), user.email)
        _reset(work, self.clock, user, request.password_hash)


def _save(work: Work, user: User) -> None:
    """Save a user that was read in this transaction; whoever came between makes it run again."""
    try:
        work.users.save(user)
    except Stale as error:
        raise RolledBack from error


def _reset(work: Work, clock: Clock, user: User, password_hash: str) -> None:
    user.password_hash = password_hash
    user.must_change_password = True
    _save(work, user)
    end_sessions(work, clock, user.id, SessionEnd.PASSWORD_RESET)
    work.outbox.add(PasswordChanged(id=user.id, reset=True))
