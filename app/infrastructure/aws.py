"""The secrets of AWS credentials: what follows from a key that only the installation has."""

from __future__ import annotations

import hmac
from base64 import b64encode
from hashlib import sha256

from app.infrastructure.keys import decode_key


class HmacSecrets:
    """Works secrets out with one key: 32 bytes in base64url. Without a key it is made, and fails when it is used."""

    def __init__(self, key: str) -> None:
        self._key = key

    def secret(self, access_key: str, version: int) -> str:
        """Give the secret of an access key: 44 characters. Raises BadKey without a key of the installation."""
        content = f"{access_key}|{version}".encode()
        return b64encode(hmac.digest(decode_key("AWS_KEY", self._key), content, sha256)).decode()
