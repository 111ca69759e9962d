"""How languages write numbers, amounts, dates and lists, and which plural form they use; all of it Babel's (CLDR)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache, lru_cache
from typing import Final, Literal

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.lists import format_list
from babel.numbers import NumberPattern, format_currency, format_decimal, format_percent

_LISTS: Final[Mapping[str | None, Literal["standard", "or"]]] = {"or": "or"}


_STUCK: Final = re.compile(r"(?<=[^\W\d_])(?=\d)")
"""Between a code and its amount; CLDR parts them, Babel does not: USD1 would be read as one word."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language; made by ``language``, which keeps each."""

    locale: Locale

    def plural(self, number: object) -> str:
        """Give the plural category of ``number``: zero, one, two, few, many or other."""
        return self.locale.plural_form(number) if isinstance(number, int | Decimal) else "other"

    def written(self, value: object, style: str | None = None, facts: Mapping[str, object] | None = None) -> str:
        """Write one fact as it stands in a sentence.

        By its type: decimals with the language's signs and without zeros at the end, dates in long form, instants in
        UTC, lists joined by "and". By ``style``: ``number`` groups the digits of an integer, which is an id and stays
        as it is otherwise; ``percent`` takes 20 as 20 %; ``currency`` is an amount in the currency that ``facts``
        name; ``or`` and ``and`` join a list, also one that is a text with commas.
        """
        match value:
            case Enum():
                return self.written(value.value, style, facts)
            case bool():
                return str(value).lower()
            case int() | Decimal():
                return self._number(value, style, (facts or {}).get("currency"))
            case datetime():
                return format_datetime(value.astimezone(UTC), "long", locale=self.locale)
            case date():
                return format_date(value, "long", self.locale)
            case str():
                return self._list(value.split(", "), style) if style in {"and", "or"} else value
            case list() | tuple() | set() | frozenset():
                return self._list([self.written(item) for item in value], style)
            case _:
                return str(value)

    def figure(self, number: Decimal, decimals: tuple[int, int], currency: str | None = None) -> str:
        """Write a number as it stands in a column, with decimals from least to most, and its currency if it has one."""
        pattern = _pattern(self.locale, currency is not None, decimals)
        written = str(pattern.apply(number, self.locale, currency=currency, currency_digits=False))
        return _STUCK.sub("\N{NO-BREAK SPACE}", written) if currency else written

    def country(self, code: str) -> str:
        """Give the name of a country (ISO 3166-1 alpha-2); the code itself where there is none."""
        return str(self.locale.territories.get(code, code))

    def day(self, value: date) -> str:
        """Write a date in figures as business letters do, in English with the month's name: 4/5 is two days there."""
        return format_date(value, _day(self.locale), self.locale)

    def _list(self, items: list[str], style: str | None) -> str:
        return format_list(items, _LISTS.get(style, "standard"), self.locale) if len(items) > 1 else "".join(items)

    def _number(self, number: int | Decimal, style: str | None, currency: object) -> str:
        if isinstance(number, Decimal) and not number.is_finite():
            return str(number)
        if style == "currency" and isinstance(currency, str):
            amount = format_currency(number, currency, locale=self.locale, decimal_quantization=False)
            return _STUCK.sub("\N{NO-BREAK SPACE}", amount)
        if style == "percent":
            return format_percent(Decimal(number).scaleb(-2), locale=self.locale, decimal_quantization=False)
        if isinstance(number, int) and style is None:
            return str(number)
        return format_decimal(number, locale=self.locale, decimal_quantization=False)


@lru_cache(maxsize=1_024)
def _pattern(locale: Locale, money: bool, decimals: tuple[int, int]) -> NumberPattern:  # noqa: FBT001 - key of a cache
    """Give the language's own pattern with other decimals: those of a currency are ours to say, not CLDR's."""
    pattern: NumberPattern = copy(locale.currency_formats["standard"] if money else locale.decimal_formats[None])
    pattern.frac_prec = decimals
    return pattern


@cache
def _day(locale: Locale) -> str:
    """Give the pattern of a date in figures, with two digits for day and month and four for the year."""
    if locale.language == "en":
        return "medium"
    short = str(locale.date_formats["short"].pattern)
    return re.sub("y+", "yyyy", re.sub("M+", "MM", re.sub("d+", "dd", short)))


@cache
def language(name: str) -> Language:
    """Give the language of a tag such as ``pt-BR``; what Babel does not know writes as English does."""
    try:
        return Language(Locale.parse(name, sep="-"))
    except (ValueError, UnknownLocaleError):
        return Language(Locale("en"))
