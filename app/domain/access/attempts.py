"""How often one may try."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address
from math import ceil
from typing import Final

from app.domain.access.errors import TooManyAttempts
from app.domain.access.secrets import fingerprint

_IPV6_SITE: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How many attempts are free, how long the next one then waits, and when all is forgotten.

    Each attempt past ``free`` doubles the wait, from ``first`` to ``longest``; after ``memory`` without an attempt the
    count begins anew.
    """

    free: int
    first: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(minutes=15)
    memory: timedelta = timedelta(hours=1)


@dataclass(slots=True, kw_only=True)
class Attempts:
    """How often something was tried lately without success, by account or by address.

    An attempt is counted before its outcome is known, so that many at once get no more tries than one after the other.
    """

    subject: str
    count: int = 0
    last_at: datetime | None = None

    def waits(self, now: datetime, limit: Limit) -> timedelta:
        """Give how long the next attempt has to wait; 0 or less: not at all."""
        if self.last_at is None or self.count < limit.free or now - self.last_at >= limit.memory:
            return timedelta(0)
        doublings = min(self.count - limit.free, 20)
        return self.last_at + min(limit.first * (1 << doublings), limit.longest) - now

    def check(self, now: datetime, limit: Limit) -> None:
        """Pass only who need not wait. Raises TooManyAttempts."""
        wait = self.waits(now, limit)
        if wait > timedelta(0):
            raise TooManyAttempts(seconds=ceil(wait.total_seconds()))

    def admit(self, now: datetime, limit: Limit) -> bool:
        """Count one attempt, and tell whether the next has to wait from now on. Raises TooManyAttempts.

        An attempt that has to wait is not counted: whoever goes on trying does not lengthen the wait.
        """
        self.check(now, limit)
        if self.last_at is not None and now - self.last_at >= limit.memory:
            self.count = 0
        self.count += 1
        self.last_at = now
        return self.count >= limit.free


def account_subject(email: str) -> str:
    """Give the name under which attempts on an account are counted; the address itself is not kept."""
    return f"account:{fingerprint(email)[:40]}"


def address_subject(address: str) -> str:
    """Give the name under which attempts from a network address are counted.

    IPv6 addresses count by their /64: whoever has one address has all of them (RFC 6177).
    """
    try:
        found = ip_address(address)
    except ValueError:
        return f"address:{address[:60]}"
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return f"address:{found.ipv4_mapped}"
        return f"address:{IPv6Network((found, _IPV6_SITE), strict=False)}"
    return f"address:{found}"
