"""What a paper says in the words, dates and figures of its language."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from app.domain.papers import CellKind, Fact, Passage, Total, Value
from app.domain.shared.money import Currency
from app.infrastructure.languages import language
from app.infrastructure.papers.letters import Clean, Letters
from app.infrastructure.texts import Texts

_MOST_DECIMALS: Final = 8
_LARGEST: Final = 20  # digits before the point; beyond that nobody reads a number, and writing it out costs
_RIGHT: Final = frozenset({CellKind.NUMBER, CellKind.PRICE, CellKind.AMOUNT, CellKind.PERCENT})


def is_figure(kind: CellKind) -> bool:
    """Tell whether values of this kind stand on the right."""
    return kind in _RIGHT


class Words:
    """Writes for one paper. All it gives is ``Clean``."""

    def __init__(self, texts: Texts, letters: Letters, locale: str, currency: Currency) -> None:
        self.clean = letters.text
        self._texts = texts
        self._locale = locale
        self._currency = currency
        self._language = language(locale)
        self._figures: dict[tuple[CellKind, Decimal | int], Clean] = {}

    def label(self, name: str, facts: Sequence[tuple[str, Value]] = ()) -> Clean:
        """Give the text ``papers.<name>``, filled with facts; amounts among them are in the paper's currency."""
        filled: dict[str, object] = {"currency": self._currency.code, **dict(facts)}
        return self.clean(self._texts.text(self._locale, f"papers.{name}", filled))

    def passage(self, passage: Passage) -> Clean:
        """Give a paragraph: of ours, or the company's own words, which are no template."""
        return self.label(f"passages.{passage.key}", passage.facts) if passage.key else self.clean(passage.text)

    def fact(self, fact: Fact) -> tuple[Clean, Clean]:
        """Give label and value."""
        return self.label(f"facts.{fact.label}"), self.value(fact.value, fact.kind)

    def country(self, code: str) -> Clean:
        """Give the name of a country in capitals, as the last line of an address that goes abroad."""
        return self.clean(self._language.country(code).upper())

    def total(self, total: Total) -> tuple[Clean, Clean]:
        """Give label and amount of a sum."""
        return self.label(f"totals.{total.label}", total.facts), self.money(total.amount, total.currency)

    def money(self, amount: Decimal, currency: Currency | None = None) -> Clean:
        """Give an amount with its currency, by default the paper's."""
        known = currency or self._currency
        if not _plain(amount):
            return self.clean(f"{amount} {known.code}")
        rounded = amount.quantize(known.unit, ROUND_HALF_UP) + 0  # never a minus before nothing
        return self.clean(self._language.figure(rounded, (known.digits, known.digits), known.code))

    def value(self, value: Value, kind: CellKind) -> Clean:
        """Give a value as its kind is written; one of another type as that type is."""
        match value:
            case None:
                return self.clean("")
            case str():
                return self.clean(self._texts.text(self._locale, value, {}) if kind is CellKind.LABEL else value)
            case date():
                return self.clean(self._language.day(value))
            case int() if not is_figure(kind):
                return self.clean(value)
        found = self._figures.get((kind, value))
        if found is None:  # quantities, rates and prices repeat from line to line
            found = self._figures[kind, value] = self.clean(self._figure(Decimal(value), kind))
        return found

    def _figure(self, number: Decimal, kind: CellKind) -> str:
        if not _plain(number):
            return str(number)
        digits = self._currency.digits
        match kind:
            case CellKind.AMOUNT:
                return self._language.figure(number.quantize(self._currency.unit, ROUND_HALF_UP) + 0, (digits, digits))
            case CellKind.PRICE:
                return self._language.figure(number, (digits, max(digits, _MOST_DECIMALS)))
            case CellKind.PERCENT:
                return self._language.written(number, "percent")
            case _:
                return self._language.figure(number, (0, _MOST_DECIMALS))


def _plain(number: Decimal) -> bool:
    """Tell whether a number is written in digits that a person can read."""
    return number.is_finite() and abs(number.adjusted()) < _LARGEST
