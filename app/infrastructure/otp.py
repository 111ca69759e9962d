"""One-time codes by time (RFC 6238), as every authenticator application makes them."""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import Final

import pyotp

PERIOD_S: Final = 30
WINDOW: Final = 1


class TimeCodes:
    """Codes of 6 digits by SHA-1 in steps of 30 s; one step to either side is accepted, for clocks that differ."""

    def secret(self) -> str:
        """Give a fresh secret of 160 bits in base32."""
        return pyotp.random_base32(32)

    def uri(self, secret: str, account: str, issuer: str) -> str:
        """Give the otpauth URI that an authenticator application reads."""
        return pyotp.TOTP(secret, interval=PERIOD_S).provisioning_uri(name=account, issuer_name=issuer)

    def step(self, secret: str, code: str, now: datetime) -> int | None:
        """Give the time step whose code this is, of the present one and its two neighbours; None for another code."""
        codes = pyotp.TOTP(secret, interval=PERIOD_S)
        present = int(now.timestamp()) // PERIOD_S
        found: int | None = None
        for step in range(present - WINDOW, present + WINDOW + 1):
            # All are compared, each in constant time: how long it takes tells nothing.
            if hmac.compare_digest(codes.generate_otp(step).encode(), code.encode()):
                found = step
        return found
