"""Small secrets encrypted for the database: AES-256-GCM with a key of the installation."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.infrastructure.keys import BadKey, decode_key, nonce

_MADE_BY: Final = "v1."
_NONCE_BYTES: Final = 12


class AesVault:
    """Locks with one key: 32 bytes in base64url. Without a key it is made, and fails when it is used."""

    def __init__(self, key: str) -> None:
        self._key = key

    def lock(self, secret: str, about: str) -> str:
        """Give ``secret`` encrypted; ``about`` ties it to its owner. Raises BadKey without a key."""
        fresh = nonce(_NONCE_BYTES)
        sealed = self._cipher().encrypt(fresh, secret.encode(), about.encode())
        return _MADE_BY + urlsafe_b64encode(fresh + sealed).decode()

    def unlock(self, kept: str, about: str) -> str:
        """Give what was locked. Raises BadKey when it was locked by another key or for another owner."""
        cipher = self._cipher()
        raw = urlsafe_b64decode(kept.removeprefix(_MADE_BY))
        try:
            return cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], about.encode()).decode()
        except InvalidTag as error:
            raise BadKey(name="SECRETS_KEY") from error

    def _cipher(self) -> AESGCM:
        return AESGCM(decode_key("SECRETS_KEY", self._key))
