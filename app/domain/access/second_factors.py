"""Second factors: one-time codes and recovery codes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from app.domain.shared.ids import UserId

RECOVERY_CODES: Final = 10


@dataclass(slots=True, kw_only=True)
class SecondFactor:
    """A user's generator of one-time codes (RFC 6238): ``secret`` is encrypted, ``last_step`` the last one accepted.

    It counts at sign-in once it is ``confirmed``.
    """

    user: UserId
    secret: str = field(repr=False)
    confirmed: bool = False
    last_step: int = 0
    created_at: datetime
