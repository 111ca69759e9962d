"""Credentials that must not open anything: tokens expired, tampered with, made for others or by others."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HOUR: Final = timedelta(hours=1)


def _part(value: Mapping[str, Any]) -> str:
    return urlsafe_b64encode(orjson.dumps(value)).rstrip(b"=").decode()


def _read(part: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


class Forger:
    """Makes bad copies of a good token; ``key`` is the installation's signing key, ``now`` its time."""

    def __init__(self, token: str, key: bytes, now: datetime) -> None:
        self._token = token
        self._header, self._payload, self._signature = token.split(".")
        self._claims = _read(self._payload)
        self._headers = _read(self._header)
        self._private = Ed25519PrivateKey.from_private_bytes(key)
        self._now = now

    def all(self) -> dict[str, str | None]:
        """Give each bad Authorization header by what is wrong with it; None sends none."""
        changed = {**self._claims, "sub": str(int(self._claims["sub"]) + 1)}
        unsigned = f"{_part({**self._headers, 'alg': 'none'})}.{self._payload}."
        return {
            "none": None,
            "empty": "Bearer ",
            "another scheme": f"Basic {self._token}",
            "not a token": "Bearer x.y.z",
            "expired": self._signed(exp=self._now - timedelta(seconds=1)),
            "not valid yet": self._signed(nbf=self._now + HOUR, exp=self._now + 2 * HOUR),
            "tampered payload": f"Bearer {self._header}.{_part(changed)}.{self._signature}",
            "tampered signature": f"Bearer {self._header}.{self._payload}.{self._flipped()}",
            "algorithm none": f"Bearer {unsigned}",
            "algorithm HS256 with the public key": f"Bearer {self._symmetric()}",
            "another audience": self._signed(aud="another-api"),
            "another issuer": self._signed(iss="another"),
            "without an audience": self._signed(aud=None),
            "a key of somebody else": self._signed(private=Ed25519PrivateKey.generate()),
            "an unknown key id": self._signed(kid="unknown"),
        }

    def _signed(self, *, private: Ed25519PrivateKey | None = None, kid: str | None = None, **claims: object) -> str:
        given = {name: value for name, value in {**self._claims, **claims}.items() if value is not None}
        headers = {"kid": kid or self._headers["kid"]}
        return f"Bearer {jwt.encode(given, private or self._private, algorithm='EdDSA', headers=headers)}"

    def _flipped(self) -> str:
        other = "A" if self._signature[0] != "A" else "B"
        return other + self._signature[1:]

    def _symmetric(self) -> str:
        """Give the token of the classic confusion: HMAC, keyed with what everybody may know."""
        public = self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return jwt.encode(self._claims, public, algorithm="HS256", headers={"kid": self._headers["kid"]})


def altered(token: str) -> str:
    """Give an opaque secret with its last character changed."""
    return token[:-1] + ("A" if token[-1] != "A" else "B")
