"""Access tokens: JSON Web Tokens (RFC 7519) signed with Ed25519 (RFC 8037)."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.domain.identity import TokenRefused
from app.domain.shared.ids import CompanyId, RoleId, UserId
from app.infrastructure.ids import new_name
from app.infrastructure.keys import decode_key
from app.settings import Settings
from app.usecases.ports.shared import Clock

ALGORITHM: Final = "EdDSA"
_REQUIRED: Final = ("iss", "aud", "sub", "cid", "rol", "rv", "iat", "nbf", "exp", "jti")


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """What an access token says of its bearer; ``rights_version`` is that of the company's roles when it was issued."""

    user: UserId
    company: CompanyId
    roles: tuple[RoleId, ...]
    rights_version: int
    expires: datetime


class JwtTokens:
    """Issues and reads tokens of one issuer for one audience. ``lifetime`` is in seconds."""

    def __init__(self, key: bytes, *, issuer: str, audience: str, lifetime: int, clock: Clock) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(key)
        self._public = self._private.public_key()
        self._kid = thumbprint(self._public.public_bytes_raw())
        self._issuer = issuer
        self._audience = audience
        self._lifetime = lifetime
        self._clock = clock

    @classmethod
    def of(cls, settings: Settings, clock: Clock) -> JwtTokens:
        """Make them as the settings say. Raises BadKey."""
        return cls(
            decode_key("JWT_KEY", settings.jwt_key.get_secret_value()),
            issuer=settings.jwt_issuer,
            audience=settings.jwt_audience,
            lifetime=settings.jwt_lifetime_s,
            clock=clock,
        )

    @property
    def lifetime(self) -> int:
        """The life of a new token in seconds."""
        return self._lifetime

    def issue(self, user: UserId, company: CompanyId, roles: Sequence[RoleId], rights_version: int) -> str:
        """Give a token valid from now."""
        now = self._clock.now().replace(microsecond=0)
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": str(user),
            "cid": company,
            "rol": list(roles),
            "rv": rights_version,
            "iat": now,
            "nbf": now,
            "exp": now + timedelta(seconds=self._lifetime),
            "jti": new_name(),
        }
        return jwt.encode(claims, self._private, algorithm=ALGORITHM, headers={"kid": self._kid})

    def read(self, token: str) -> TokenClaims:
        """Give what a valid token says. Raises TokenRefused."""
        try:
            return self._claims(self._verified(token))
        except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise TokenRefused from error

    def _verified(self, token: str) -> Mapping[str, Any]:
        """Check signature, algorithm, key, issuer and audience; the times are checked by our own clock afterwards."""
        found = jwt.decode_complete(
            token,
            self._public,
            algorithms=[ALGORITHM],
            issuer=self._issuer,
            audience=self._audience,
            options={"require": list(_REQUIRED), "verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
        if found["header"].get("kid") != self._kid:
            raise TokenRefused
        payload: Mapping[str, Any] = found["payload"]
        return payload

    def _claims(self, payload: Mapping[str, Any]) -> TokenClaims:
        expires = datetime.fromtimestamp(payload["exp"], UTC)
        now = self._clock.now()
        if not datetime.fromtimestamp(payload["nbf"], UTC) <= now < expires:
            raise TokenRefused
        return TokenClaims(
            user=UserId(int(payload["sub"])),
            company=CompanyId(int(payload["cid"])),
            roles=tuple(RoleId(int(role)) for role in payload["rol"]),
            rights_version=int(payload["rv"]),
            expires=expires,
        )


def thumbprint(public_key: bytes) -> str:
    """Give the JWK thumbprint (RFC 7638) of a raw Ed25519 public key, base64url."""
    x = urlsafe_b64encode(public_key).rstrip(b"=").decode()
    canonical = orjson.dumps({"crv": "Ed25519", "kty": "OKP", "x": x})
    return urlsafe_b64encode(sha256(canonical).digest()).rstrip(b"=").decode()
