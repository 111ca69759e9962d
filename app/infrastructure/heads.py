"""Signed heads: the key that signs them, and the folder that keeps them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from app.infrastructure.disk import held, write_durably
from app.infrastructure.keys import BadKey, decode_key, ensure_key
from app.settings import Settings

PUBLIC_KEY: Final = "heads-key.pem"
KEY_NAME: Final = "heads_key"


class Ed25519Notary:
    """Signs with an Ed25519 key (RFC 8032); one made for a public key alone only checks.

    ``directory`` is where an installation without the key gets it, on first need.
    """

    def __init__(self, key: str = "", directory: Path | None = None, public: Ed25519PublicKey | None = None) -> None:
        self._key = key
        self._directory = directory
        self._public = public

    @classmethod
    def of(cls, settings: Settings) -> Ed25519Notary:
        """Give the notary of an installation."""
        return cls(settings.heads_key.get_secret_value(), settings.data_dir)

    @classmethod
    def of_pem(cls, pem: bytes) -> Ed25519Notary:
        """Give one that only checks, for a public key as PEM. Raises BadKey."""
        try:
            public = load_pem_public_key(pem)
        except ValueError as error:
            raise BadKey(name="HEADS_KEY") from error
        if not isinstance(public, Ed25519PublicKey):
            raise BadKey(name="HEADS_KEY")
        return cls(public=public)

    def sign(self, document: bytes) -> bytes:
        """Give the signature: 64 bytes. Raises BadKey."""
        return self._private().sign(document)

    def signed(self, document: bytes, signature: bytes) -> bool:
        """Tell whether the signature is ours over exactly these bytes. Raises BadKey."""
        try:
            (self._public or self._private().public_key()).verify(signature, document)
        except InvalidSignature:
            return False
        return True

    def public_pem(self) -> bytes:
        """Give the public key as PEM (SubjectPublicKeyInfo). Raises BadKey."""
        public = self._public or self._private().public_key()
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def _private(self) -> Ed25519PrivateKey:
        if not self._key and self._directory is not None:
            self._key = ensure_key(self._directory, KEY_NAME)
        return Ed25519PrivateKey.from_private_bytes(decode_key("HEADS_KEY", self._key))


class HeadsFolder:
    """One document a day in ``directory``: ``heads-2026-11-21.json``, its signature beside it as ``.sig``.

    The public key lies there too, as ``heads-key.pem``. What is there is never overwritten.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def keep(self, on: date, document: bytes, signature: bytes, public_pem: bytes) -> str | None:
        """Store the document of a day durably and give its path; None when that day has one already."""
        path = self._path(on)
        with held(self._directory):
            if path.exists():
                return None
            if not (self._directory / PUBLIC_KEY).exists():
                write_durably(self._directory / PUBLIC_KEY, public_pem)
            # The document last: without it the signature of a run that was cut short counts for nothing.
            write_durably(path.with_suffix(".sig"), signature)
            write_durably(path, document)
        return str(path)

    def has(self, on: date) -> bool:
        """Tell whether that day has a document."""
        return self._path(on).exists()

    def _path(self, on: date) -> Path:
        return self._directory / f"heads-{on.isoformat()}.json"


def read_signed(path: Path) -> tuple[bytes, bytes]:
    """Give a document and its signature. Raises OSError when one of the two files is not there."""
    return path.read_bytes(), path.with_suffix(".sig").read_bytes()
