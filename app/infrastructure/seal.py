"""The key of the hash chains, held in memory only."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.shared.numbering import link
from app.infrastructure.keys import decode_key


class HmacSeal:
    """Links documents of a series with a key that the database never sees: 32 bytes in base64url. Raises BadKey."""

    def __init__(self, key: str) -> None:
        self._key = decode_key("CHAIN_KEY", key)

    def link(self, previous: str, content: Mapping[str, object]) -> str:
        """Give the link over ``previous`` and the canonical form of ``content``: 64 hex digits."""
        return link(self._key, previous, content)
