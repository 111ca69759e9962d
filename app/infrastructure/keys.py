"""The installation's own keys, kept in a file only its owner can read; and fresh secrets for others to carry."""

from __future__ import annotations

import json
import os
import secrets
from base64 import b32encode, urlsafe_b64decode, urlsafe_b64encode
from enum import StrEnum
from pathlib import Path
from typing import Final

from app.domain.access import Opaque
from app.domain.shared.errors import Conflict, Unavailable
from app.infrastructure.disk import held, write_durably

NAMES: Final = ("jwt_key", "chain_key", "secrets_key", "heads_key", "aws_key")
FILE: Final = "keys.json"
KEY_BYTES: Final = 32


class BadKey(Unavailable):
    """A key of the installation is missing or not 32 bytes in base64url; ``tramita init`` makes them."""

    code = "setup.bad_key"


class KeyRotation(Conflict):
    """The signing keys are not in the state that this step of their rotation begins with."""

    code = "setup.key_rotation"


class RotationStep(StrEnum):
    """The steps that replace a signing key without refusing anybody; all replicas are restarted between them."""

    ADD = "add"
    SWAP = "swap"
    REMOVE = "remove"


def decode_key(name: str, text: str) -> bytes:
    """Give the 32 bytes of the key called ``name`` from base64url, padded or not. Raises BadKey."""
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise BadKey(name=name) from error
    if len(raw) != KEY_BYTES:
        raise BadKey(name=name)
    return raw


def new_key() -> str:
    """Give a fresh key: 32 random bytes in base64url."""
    return urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode().rstrip("=")


def nonce(size: int) -> bytes:
    """Give random bytes for one use."""
    return secrets.token_bytes(size)


def ensure_keys(directory: Path) -> bool:
    """Write ``keys.json`` with fresh random keys (32 bytes, base64url) unless it is there; tell whether it was made.

    The file is readable for its owner alone. Keys that an existing one lacks are added; those it has are never touched:
    the chain key cannot be replaced without breaking the hash chains made with it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with held(directory):
        kept = _read(directory)
        wanted = {name: new_key() for name in NAMES if name not in kept}
        if "jwt_keys" in kept:
            wanted.pop("jwt_key", None)
        if wanted:
            _write(directory, kept | wanted)
    return not kept


def complete_keys(directory: Path) -> None:
    """Add to an existing ``keys.json`` what it lacks; do nothing without one or where it cannot be written."""
    path = directory / FILE
    if path.is_file() and os.access(directory, os.W_OK):
        ensure_keys(directory)


def rotate_keys(directory: Path, step: RotationStep) -> int:
    """Do one step of replacing the signing key in ``keys.json``, and give the number of live keys then.

    ``add`` puts a fresh key behind the signing one, so that all replicas know it before it signs; ``swap`` lets it
    sign; ``remove`` drops the one that signed before, once its tokens have expired. Raises KeyRotation, and BadKey when
    there is no such file.
    """
    with held(directory):
        kept = _read(directory)
        live = [key for key in kept.pop("jwt_keys", "").split(",") if key] or [kept.get("jwt_key", "")]
        if not live[0]:
            raise BadKey(name="JWT_KEY")
        if len(live) != (1 if step is RotationStep.ADD else 2):
            raise KeyRotation(step=step.value, live=len(live))
        match step:
            case RotationStep.ADD:
                live.append(new_key())
            case RotationStep.SWAP:
                live.reverse()
            case RotationStep.REMOVE:
                live.pop()
        _write(directory, kept | {"jwt_key": live[0], "jwt_keys": ",".join(live)})
    return len(live)


def ensure_key(directory: Path, name: str) -> str:
    """Give the key called ``name`` of ``keys.json``, adding a fresh one when the file has none; the others stay."""
    with held(directory):
        kept = _read(directory)
        if not kept.get(name):
            kept[name] = new_key()
            _write(directory, kept)
        return kept[name]


def _read(directory: Path) -> dict[str, str]:
    path = directory / FILE
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


def _write(directory: Path, keys: dict[str, str]) -> None:
    write_durably(directory / FILE, json.dumps(keys).encode())


class RandomMint:
    """Secrets by the operating system's generator."""

    def refresh_token(self) -> Opaque:
        """Give the halves of a refresh token: 128 bits to look it up by, 256 bits that are secret."""
        return Opaque(secrets.token_hex(16), secrets.token_urlsafe(32))

    def api_key(self) -> Opaque:
        """Give the halves of an API key: 64 bits to look it up by, 256 bits that are secret."""
        return Opaque(secrets.token_hex(8), secrets.token_urlsafe(32))

    def access_key(self) -> str:
        """Give an access key as AWS writes them: 20 capitals and digits, 80 bits of chance in them."""
        return "TRAM" + b32encode(secrets.token_bytes(10)).decode()

    def recovery_codes(self, count: int) -> list[str]:
        """Give recovery codes of 80 bits each: four groups of four letters and digits."""
        codes = (b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(count))
        return ["-".join(code[at : at + 4] for at in range(0, 16, 4)) for code in codes]
