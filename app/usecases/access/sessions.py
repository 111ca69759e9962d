"""Staying signed in: sessions are begun, refreshed, shown and ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from app.domain.access import (
    Opaque,
    Session,
    SessionEnd,
    SessionLife,
    SessionRefused,
    SessionRevoked,
    TokenReused,
    same,
)
from app.domain.identity import Membership, NoMembership
from app.domain.shared.errors import NotFound
from app.domain.shared.ids import CompanyId, RoleId, SessionId, UserId
from app.domain.shared.rights import Right
from app.usecases.access.attempts import Limits, NoteFailure, check_address
from app.usecases.context import Context
from app.usecases.ports.access import Mint, Tokens
from app.usecases.ports.shared import Clock, Work
from app.usecases.run import Runner
from app.usecases.shared import Versioned


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """An access token and a refresh token with their lives in seconds."""

    token: str = field(repr=False)
    expires_in: int
    refresh_token: str = field(repr=False)
    refresh_expires_in: int
    must_change_password: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A session that goes on, with what its next access token says."""

    session: Session
    roles: Sequence[RoleId]
    version: int
    must_change_password: bool


def signed_in(tokens: Tokens, clock: Clock, started: Started, token: Opaque) -> SignedIn:
    """Give the pair of tokens of a session."""
    session = started.session
    return SignedIn(
        token=tokens.issue(session.user, session.company, started.roles, started.version, session.id),
        expires_in=tokens.lifetime,
        refresh_token=f"tr_{token.name}_{token.secret}",
        refresh_expires_in=int((session.expires_at - clock.now()).total_seconds()),
        must_change_password=started.must_change_password,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshRequest:
    """A refresh token, and the company to go on in when it is to be another."""

    refresh_token: str = field(repr=False)
    company: CompanyId | None = None


@dataclass(frozen=True, slots=True)
class FindSession:
    """Look up the session of a refresh token; None for an unknown one. Raises TooManyAttempts by address."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = False
    clock: Clock
    limits: Limits

    def execute(self, work: Work, context: Context, request: Opaque) -> Session | None:
        """Give the session."""
        check_address(work, context, self.clock.now(), self.limits)
        return work.sessions.by_name(request.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """The exchange of a session's ``old`` token for the one with ``fresh``."""

    old: Opaque
    fresh: Opaque
    company: CompanyId | None


@dataclass(frozen=True, slots=True)
class RotateSession:
    """Exchange the newest token of a session for the next one; None when it is not the newest.

    Raises SessionRefused, NoMembership; the token then still works.
    """

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True
    clock: Clock
    life: SessionLife

    def execute(self, work: Work, context: Context, request: Rotation) -> Started | None:
        """Give the session as it goes on."""
        now = self.clock.now()
        session = work.sessions.by_name(request.old.name)
        if session is None or not session.lives(now):
            raise SessionRefused
        if not same(session.token_hash, request.old.secret):
            return None
        user = work.users.get(session.user)
        company = session.company if request.company is None else request.company
        membership = next((one for one in work.users.memberships(user.id) if one.company == company), None)
        if membership is None or not user.active:
            raise NoMembership
        seen = session.token_hash
        session.rotate(request.fresh.secret, company, now, self.life)
        # Compare-and-set: of twins that both saw the token as the newest, one finds that it no longer is.
        if not work.sessions.rotate(session, seen, now):
            return None
        return started(work, session, membership, must_change=user.must_change_password)


def started(work: Work, session: Session, membership: Membership, *, must_change: bool) -> Started:
    """Give a session with what its next access token says."""
    return Started(
        session=session,
        roles=sorted(membership.roles),
        version=work.roles.version(session.company),
        must_change_password=must_change,
    )


@dataclass(frozen=True, slots=True)
class EndReused:
    """Revoke the session of which an old token was shown: somebody has a copy, and nobody knows who is who."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True
    clock: Clock

    def execute(self, work: Work, context: Context, request: Session) -> None:
        """Revoke it, and say so once."""
        end(work, self.clock, request.id, request.user, SessionEnd.REUSED)


@dataclass(frozen=True, slots=True)
class Refresh:
    """Exchange a refresh token for a new pair; each works once (RFC 9700, 4.14.2).

    There is no grace for twins: within it a thief who came first would stay unnoticed.
    """

    runner: Runner
    tokens: Tokens
    clock: Clock
    mint: Mint
    life: SessionLife
    limits: Limits

    def __call__(self, context: Context, request: RefreshRequest) -> SignedIn:
        """Give the next pair. Raises SessionRefused, TokenReused, NoMembership, TooManyAttempts."""
        old = Opaque.refresh_token(request.refresh_token)
        session = None if old is None else self._find(context, old)
        if old is None or session is None:
            self.runner.call(context, NoteFailure(self.clock, self.limits), lambda: None)
            raise SessionRefused
        # From here on it is known whose session it is: what happens is told in that company.
        acting = replace(context, actor=session.user, company=session.company)
        fresh = Opaque(old.name, self.mint.refresh_token().secret)
        rotation = Rotation(old=old, fresh=fresh, company=request.company)
        going_on = self.runner.call(acting, RotateSession(self.clock, self.life), lambda: rotation)
        if going_on is None:
            self.runner.call(acting, EndReused(self.clock), lambda: session)
            raise TokenReused(session=session.id, user=session.user)
        return signed_in(self.tokens, self.clock, going_on, fresh)

    def _find(self, context: Context, old: Opaque) -> Session | None:
        return self.runner.call(context, FindSession(self.clock, self.limits), lambda: old)


@dataclass(frozen=True, slots=True)
class SignOut:
    """Revoke the session of a refresh token; what is no live token of ours is signed out already."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True
    clock: Clock

    def execute(self, work: Work, context: Context, request: str) -> None:
        """Revoke the session. An old token of it will do: whoever shows one wants it ended."""
        token = Opaque.refresh_token(request)
        session = None if token is None else work.sessions.by_name(token.name)
        if session is not None:
            end(work, self.clock, session.id, session.user, SessionEnd.SIGNED_OUT)


def end(work: Work, clock: Clock, session: SessionId, user: UserId, reason: SessionEnd) -> None:
    """Revoke a session and tell of it, once."""
    if work.sessions.end(session, clock.now()):
        work.outbox.add(SessionRevoked(id=session, user=user, reason=reason))


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSession:
    """A session as its user sees it; ``current`` is the one the asking token belongs to."""

    session: Session
    current: bool


@dataclass(frozen=True, slots=True)
class ListOwnSessions:
    """List the caller's sessions that go on, newest first; at most 200."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = False
    clock: Clock

    def execute(self, work: Work, context: Context, request: None) -> Sequence[OwnSession]:
        """Give the sessions."""
        found = work.sessions.live(context.actor, self.clock.now())
        return [OwnSession(session=one, current=one.id == context.session) for one in found]


@dataclass(frozen=True, slots=True)
class EndOwnSession:
    """Revoke one of the caller's sessions. Raises NotFound, also for another user's and for an ended one; Stale."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True
    clock: Clock

    def execute(self, work: Work, context: Context, request: Versioned) -> None:
        """Revoke it."""
        now = self.clock.now()
        session = work.sessions.get(context.actor, SessionId(request.id))
        if not session.lives(now):
            raise NotFound(kind="session", id=session.id)
        request.matches(session.version)
        if not work.sessions.end(session.id, now):
            raise NotFound(kind="session", id=session.id)
        work.outbox.add(SessionRevoked(id=session.id, user=session.user, reason=SessionEnd.REVOKED))
