r"""Text files with fields, as Step Functions reads them.

A quotation mark at the beginning of a field opens a quoted one, which may hold delimiters and newlines; anywhere a
doubled one stands for itself. A backslash makes a backslash, a quotation mark or the delimiter plain, before anything
else it is dropped. Source: developer guide, "How Step Functions parses input CSV files".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from .pieces import DatasetError, Pieces

DELIMITERS: Final = {"COMMA": b",", "PIPE": b"|", "SEMICOLON": b";", "SPACE": b" ", "TAB": b"\t"}
LONGEST: Final = 8 * 1024 * 1024
"""Bytes of one record."""
_QUOTE: Final = b'"'
_IN_QUOTES: Final = re.compile(rb'[^"\\]+')
_MARK: Final = b"\xef\xbb\xbf"


def records(pieces: Pieces, delimiter: bytes) -> Iterator[list[str]]:
    """Give the fields of each record; after each ``pieces.at`` is where the next one begins. Empty lines are none.

    Raises DatasetError for what is not UTF-8, and for a record that never ends.
    """
    reader = _Reader(pieces, delimiter)
    if pieces.at == 0 and pieces.more(3).startswith(_MARK):
        pieces.skip(3)
    while pieces.more(1):
        fields = reader.record()
        if fields != [b""]:
            yield [_text(field) for field in fields]


def _text(field: bytes) -> str:
    try:
        return field.decode()
    except UnicodeDecodeError:
        raise DatasetError("The file is not encoded in UTF-8.") from None


class _Reader:
    """Reads record after record."""

    def __init__(self, pieces: Pieces, delimiter: bytes) -> None:
        self._pieces = pieces
        self._delimiter = delimiter
        self._plain = re.compile(rb'[^"\\\r\n' + re.escape(delimiter) + rb"]+")
        self._escaped = frozenset((b"\\", _QUOTE, delimiter))

    def record(self) -> list[bytes]:
        line = self._pieces.line(LONGEST)
        if _QUOTE not in line and b"\\" not in line:
            self._pieces.skip(len(line))
            return line.rstrip(b"\r\n").split(self._delimiter)
        fields: list[bytes] = []
        ended = False
        first = self._pieces.at
        while not ended:
            field, ended = self._field()
            fields.append(field)
            if self._pieces.at - first > LONGEST:
                raise DatasetError("A record of the file is too large.")
        return fields

    def _field(self) -> tuple[bytes, bool]:
        """Give a field, and whether the record ends with it; both the field and what ends it are passed over."""
        pieces = self._pieces
        parts: list[bytes] = []
        if pieces.more(1).startswith(_QUOTE):
            pieces.skip(1)
            self._quoted(parts)
        while (ended := self._end()) is None:
            if not self._shared(parts):
                # A quotation mark that is not doubled means itself here.
                parts.append(pieces.take(self._plain) or pieces.skip(1))
        return b"".join(parts), ended

    def _quoted(self, parts: list[bytes]) -> None:
        """Pass over what is quoted and the mark that closes it; the end of the file closes it as well."""
        pieces = self._pieces
        while pieces.more(1):
            if self._shared(parts):
                continue
            if pieces.more(1).startswith(_QUOTE):
                pieces.skip(1)
                return
            parts.append(pieces.take(_IN_QUOTES))

    def _shared(self, parts: list[bytes]) -> bool:
        """Pass over a doubled mark or a backslash, if one is next."""
        pieces = self._pieces
        two = pieces.more(2)[:2]
        if two == _QUOTE * 2:
            parts.append(pieces.skip(2)[:1])
            return True
        if not two.startswith(b"\\"):
            return False
        pieces.skip(1)
        if two[1:] in self._escaped:
            parts.append(pieces.skip(1))
        return True

    def _end(self) -> bool | None:
        """Pass over what ends a field; tell whether it ends the record too, None when nothing ends yet."""
        pieces = self._pieces
        two = pieces.more(2)[:2]
        if two.startswith(self._delimiter):
            pieces.skip(1)
            return False
        if two and two[:1] not in {b"\r", b"\n"}:
            return None
        pieces.skip(2 if two == b"\r\n" else len(two[:1]))
        return True
