"""Sessions: what one sign-in begins."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from app.domain.access.secrets import Opaque, fingerprint
from app.domain.shared.ids import CompanyId, SessionId, UserId

LONGEST_ADDRESS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLife:
    """How long a session lives: ``longest`` from the sign-in, ``idle`` from the last refresh."""

    longest: timedelta
    idle: timedelta


@dataclass(slots=True, kw_only=True)
class Session:
    """What one sign-in began: a family of refresh tokens of which only the newest works (RFC 9700, 4.14.2).

    ``name`` is the look-up half of its tokens, ``token_hash`` the fingerprint of the newest one's secret. ``version``
    counts changes of company and the end, not refreshes.
    """

    id: SessionId = SessionId(0)
    name: str
    user: UserId
    company: CompanyId
    token_hash: str = field(repr=False)
    address: str
    created_at: datetime
    used_at: datetime
    expires_at: datetime
    ends_at: datetime
    revoked_at: datetime | None = None
    version: int = 0

    @classmethod
    def begin(
        cls, token: Opaque, user: UserId, company: CompanyId, address: str, now: datetime, life: SessionLife
    ) -> Session:
        """Give the session that a sign-in at ``now`` begins."""
        ends = now + life.longest
        return cls(
            name=token.name,
            user=user,
            company=company,
            token_hash=fingerprint(token.secret),
            address=address[:LONGEST_ADDRESS],
            created_at=now,
            used_at=now,
            expires_at=min(ends, now + life.idle),
            ends_at=ends,
        )

    def lives(self, now: datetime) -> bool:
        """Tell whether it has neither expired nor been revoked."""
        return self.revoked_at is None and now < self.expires_at

    def rotate(self, secret: str, company: CompanyId, now: datetime, life: SessionLife) -> None:
        """Replace the token by the one with ``secret``; the session goes on, in ``company``."""
        self.token_hash = fingerprint(secret)
        self.used_at = now
        self.expires_at = min(self.ends_at, now + life.idle)
        self.company = company
