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
from app.domain.shared.ids import CompanyId, RoleId, SessionId, UserId
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
    session: SessionId | None
    expires: datetime


class JwtTokens:
    """Issues and reads tokens of one issuer for one audience. ``lifetime`` is in seconds.

    The first of ``keys`` signs, all of them verify: so a key is replaced without refusing anybody.
    """

    def __init__(self, *keys: bytes, issuer: str, audience: str, lifetime: int, clock: Clock) -> None:
        private = [Ed25519PrivateKey.from_private_bytes(key) for key in keys]
        self._private = private[0]
        self._public = {thumbprint(key.public_key().public_bytes_raw()): key.public_key() for key in private}
        self._kid = next(iter(self._public))
        self._issuer = issuer
        self._audience = audience
        self._lifetime = lifetime
        self._clock = clock

    @classmethod
    def of(cls, settings: Settings, clock: Clock) -> JwtTokens:
        """Make them as the settings say. Raises BadKey."""
        return cls(
            *(decode_key("JWT_KEY", key) for key in settings.signing_keys()),
            issuer=settings.jwt_issuer,
            audience=settings.jwt_audience,
            lifetime=settings.jwt_lifetime_s,
            clock=clock,
        )

    @property
    def lifetime(self) -> int:
        """The life of a new token in seconds."""
        return self._lifetime

    def public_keys(self) -> Sequence[Mapping[str, str]]:
        """Give the public halves of all live keys as JSON Web Keys (RFC 7517, RFC 8037), the signing one first."""
        return [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "use": "sig",
                "alg": ALGORITHM,
                "kid": kid,
                "x": _x(key.public_bytes_raw()),
            }
            for kid, key in self._public.items()
        ]

    def issue(
        self,
        user: UserId,
        company: CompanyId,
        roles: Sequence[RoleId],
        rights_version: int,
        session: SessionId | None = None,
    ) -> str:
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
        if session is not None:
            claims["sid"] = str(session)
        return jwt.encode(claims, self._private, algorithm=ALGORITHM, headers={"kid": self._kid})

    def read(self, token: str) -> TokenClaims:
        """Give what a valid token says. Raises TokenRefused."""
        try:
            return self._claims(self._verified(token))
        except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise TokenRefused from error

    def _verified(self, token: str) -> Mapping[str, Any]:
        """Check key, algorithm, signature, issuer and audience; the times are checked by our own clock afterwards."""
        kid = jwt.get_unverified_header(token).get("kid")
        public = self._public.get(kid) if isinstance(kid, str) else None
        if public is None:
            raise TokenRefused
        found = jwt.decode_complete(
            token,
            public,
            algorithms=[ALGORITHM],
            issuer=self._issuer,
            audience=self._audience,
            options={"require": list(_REQUIRED), "verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
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
            session=SessionId(int(payload["sid"])) if "sid" in payload else None,
            expires=expires,
        )


def thumbprint(public_key: bytes) -> str:
    """Give the JWK thumbprint (RFC 7638) of a raw Ed25519 public key, base64url."""
    canonical = orjson.dumps({"crv": "Ed25519", "kty": "OKP", "x": _x(public_key)})
    return urlsafe_b64encode(sha256(canonical).digest()).rstrip(b"=").decode()


def _x(public_key: bytes) -> str:
    return urlsafe_b64encode(public_key).rstrip(b"=").decode()
