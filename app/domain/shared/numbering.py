"""Numbers of documents: masks, series without gaps, and the hash chain that seals them."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from app.domain.shared.errors import Conflict, Invalid
from app.domain.shared.money import plain

GENESIS: Final = "0" * 64
"""What the first link of a chain is linked to."""

_TOKEN: Final = re.compile(r"\{([^{}]*)\}")
_DATE_TOKENS: Final = frozenset({"yy", "yyyy", "mm", "dd"})
_STRAY: Final = re.compile(r"[{}]")
_COUNTER: Final = re.compile(r"(0{1,12})(?:\+([0-9]{1,9}))?")
_DRAFT: Final = "(PROV"


class Reset(StrEnum):
    """When a series starts again at its first number."""

    NEVER = "never"
    YEAR = "year"
    MONTH = "month"


class LateDate(StrEnum):
    """What happens to a document dated before the last one of its series."""

    REFUSE = "refuse"
    TODAY = "today"


class BadMask(Invalid):
    """The mask of a series is not well formed."""

    code = "numbering.bad_mask"


class DateBeforeLast(Conflict):
    """The date lies before the last document of the series, whose numbers must follow the dates."""

    code = "numbering.date_before_last"


@dataclass(frozen=True, slots=True)
class Mask:
    """How references look: text with ``{yy} {yyyy} {mm} {dd}`` and one counter, ``{0000}`` or ``{0000+100}``.

    The offset is added to the number; a counter that outgrows its zeros gets longer. The mask must contain the period
    it resets by. Raises BadMask.
    """

    pattern: str
    reset: Reset = Reset.NEVER
    _parts: tuple[str, ...] = field(init=False, repr=False, compare=False)
    _offset: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        parts = tuple(_TOKEN.split(self.pattern))
        tokens = parts[1::2]
        counters = [found for token in tokens if (found := _COUNTER.fullmatch(token))]
        if set(tokens) - _DATE_TOKENS - {found[0] for found in counters} or _STRAY.search("".join(parts[::2])):
            raise BadMask(mask=self.pattern, reason="unknown_token")
        if len(counters) != 1:
            raise BadMask(mask=self.pattern, reason="one_counter")
        if not _names_period(self.reset, set(tokens)):
            raise BadMask(mask=self.pattern, reason="period_missing")
        if parts[0].startswith(_DRAFT):
            raise BadMask(mask=self.pattern, reason="drafts_prefix")
        object.__setattr__(self, "_parts", parts)
        object.__setattr__(self, "_offset", int(counters[0][2] or 0))

    def period(self, on: date) -> str:
        """Give the period a date belongs to: nothing, ``2026`` or ``2026-11``."""
        if self.reset is Reset.NEVER:
            return ""
        return f"{on.year:04d}" if self.reset is Reset.YEAR else f"{on.year:04d}-{on.month:02d}"

    def format(self, on: date, number: int) -> str:
        """Give the reference of the ``number``-th document, counted from 1."""
        values = {
            "yy": f"{on.year % 100:02d}",
            "yyyy": f"{on.year:04d}",
            "mm": f"{on.month:02d}",
            "dd": f"{on.day:02d}",
        }
        text = list(self._parts)
        for index in range(1, len(text), 2):
            token = text[index]
            width = len(token.partition("+")[0])
            text[index] = values.get(token) or f"{number + self._offset:0{width}d}"
        return "".join(text)

    @property
    def prefix(self) -> str:
        """The text that every reference begins with; it may be empty."""
        return self._parts[0]

    def read(self, ref: str) -> tuple[str, int] | None:
        """Give period and number of the document whose reference is ``ref``; None when this mask never writes it.

        A year of two digits is taken for one of this century.
        """
        found = re.fullmatch("".join(map(_form, range(len(self._parts)), self._parts)), ref, re.ASCII)
        if found is None:
            return None
        values: dict[str, str] = {}
        for token, text in zip(self._parts[1::2], found.groups(), strict=True):
            if values.setdefault(token, text) != text:
                return None
        year = values.get("yyyy") or "20" + values.get("yy", "00")
        try:
            day = date(int(year), int(values.get("mm", "1")), int(values.get("dd", "1")))
        except ValueError:
            return None
        number = int(next(text for token, text in values.items() if _COUNTER.fullmatch(token))) - self._offset
        # Writing it again tells the rest: superfluous zeros, and two forms of the year that differ.
        return (self.period(day), number) if number >= 1 and self.format(day, number) == ref else None


def _form(index: int, part: str) -> str:
    """Give the regular expression of one part of a mask: text, or the digits that a token becomes."""
    if index % 2 == 0:
        return re.escape(part)
    if part in _DATE_TOKENS:
        return f"([0-9]{{{len(part)}}})"
    return f"([0-9]{{{len(part.partition('+')[0])},}})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A place in a series, and the date the document has there."""

    ref: str
    number: int
    period: str
    date: date


@dataclass(slots=True, kw_only=True)
class Series:
    """The counter of one period and the head of its hash chain; whoever holds it holds its lock."""

    kind: str
    period: str
    next: int = 1
    last_date: date | None = None
    last_hash: str = GENESIS

    def take(self, on: date, mask: Mask) -> Number:
        """Take the next number for a document dated ``on``. Raises DateBeforeLast."""
        if self.last_date is not None and on < self.last_date:
            raise DateBeforeLast(at=("date",), date=on, last_date=self.last_date)
        number = Number(ref=mask.format(on, self.next), number=self.next, period=self.period, date=on)
        self.next += 1
        self.last_date = on
        return number

    def seal(self, link: str) -> None:
        """Make ``link`` the head of the chain."""
        self.last_hash = link


def canonical(content: Mapping[str, object]) -> bytes:
    """Write content in the one form that is hashed: sorted keys, no spaces, decimals as plain strings, ISO dates."""
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain
    ).encode()


def link(key: bytes, previous: str, content: Mapping[str, object]) -> str:
    """Give the link over ``previous`` and ``content``: HMAC-SHA256 in 64 hex digits."""
    return hmac.new(key, previous.encode() + b"\n" + canonical(content), hashlib.sha256).hexdigest()


def _names_period(reset: Reset, tokens: set[str]) -> bool:
    """Tell whether references of different periods look different."""
    year = not tokens.isdisjoint({"yy", "yyyy"})
    return {Reset.NEVER: True, Reset.YEAR: year, Reset.MONTH: year and "mm" in tokens}[reset]


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"cannot hash a {type(value).__name__}")
