"""A second opinion on hash chains, which shares nothing with the walk that it judges."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping

from app.domain.shared.numbering import GENESIS, link


def broken_link(key: bytes, chain: Iterable[tuple[Mapping[str, object], str]]) -> int | None:
    """Give the first position, counted from 0, whose stored link does not follow; None for a sound chain.

    ``chain`` gives content and stored link of every document of a series, in order of its numbers. A row removed at the
    end is seen by comparing the last link with the series' head.
    """
    previous = GENESIS
    for position, (content, stored) in enumerate(chain):
        # As bytes: a stored link that somebody put other letters into is to be found, not to fail the walk.
        if not hmac.compare_digest(link(key, previous, content).encode(), stored.encode()):
            return position
        previous = stored
    return None
