"""Bytes that come in pieces, looked at as if they were there."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from typing import Final

_NEWLINE: Final = b"\n"


class DatasetError(Exception):
    """The items of a Map cannot be read; the text is the cause of States.ItemReaderFailed."""


class Pieces:
    """A place in a stream of bytes; ``at`` is how many came before."""

    def __init__(self, pieces: Iterable[bytes], at: int = 0) -> None:
        self.at = at
        self._pieces = iter(pieces)
        self._held = b""
        self._from = 0

    def more(self, wanted: int) -> bytes:
        """Give at least so many of the bytes that follow, fewer only at the end; they are not passed over."""
        while len(self._held) - self._from < wanted and self._fetch():
            pass
        return self._held[self._from : self._from + max(wanted, 64)]

    def skip(self, count: int) -> bytes:
        """Pass over bytes that were looked at, and give them."""
        passed = self._held[self._from : self._from + count]
        self._from += count
        self.at += count
        return passed

    def take(self, pattern: re.Pattern[bytes]) -> bytes:
        """Pass over what fits of that which is held, nothing when it does not."""
        found = pattern.match(self._held, self._from)
        return b"" if found is None else self.skip(found.end() - self._from)

    def line(self, longest: int) -> bytes:
        """Give the bytes up to the next newline, and it, without passing over them. Raises DatasetError."""
        searched = self._from
        while (end := self._held.find(_NEWLINE, searched)) < 0:
            before = self._from
            searched = len(self._held)
            if searched - before > longest:
                raise DatasetError("A record of the file is too large.")
            if not self._fetch():
                return self._held[self._from :]
            searched -= before - self._from
        return self._held[self._from : end + 1]

    def rest(self, most: int) -> bytes:
        """Give all that follows. Raises DatasetError when that is more than ``most`` bytes."""
        found = [self._held[self._from :]]
        size = len(found[0])
        for piece in self._pieces:
            size += len(piece)
            if size > most:
                raise DatasetError(f"The file has more than {most} bytes.")
            found.append(piece)
        self._held, self._from = b"", 0
        self.at += size
        return b"".join(found)

    def _fetch(self) -> bool:
        """Hold one piece more, and nothing any more that was passed over."""
        piece = next(self._pieces, None)
        if piece is None:
            return False
        self._held = self._held[self._from :] + piece
        self._from = 0
        return True


def unzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Give the content of a gzip file. Raises DatasetError."""
    unzip = zlib.decompressobj(wbits=31)
    try:
        for piece in pieces:
            yield from _inflated(unzip, piece)
    except zlib.error:
        raise DatasetError("The file is not a gzip file.") from None
    if not unzip.eof:
        raise DatasetError("The gzip file is cut off.")


def _inflated(unzip: zlib._Decompress, piece: bytes) -> Iterator[bytes]:
    """Give what a piece holds, a little at a time: a few bytes may hold very many."""
    while piece:
        made = unzip.decompress(piece, 65_536)
        if made:
            yield made
        piece = unzip.unconsumed_tail
