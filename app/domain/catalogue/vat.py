"""VAT by country, category and date; and how net and gross prices follow from each other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import ClassVar, Final

from app.domain.catalogue.records import Record, percentage, period, within
from app.domain.shared.dates import Day
from app.domain.shared.errors import Conflict, Invalid
from app.domain.shared.money import EXACT, PRICE_DECIMALS, Price, Rate, price

HUNDRED: Final = Decimal(100)
PRICE_UNIT: Final = Decimal(1).scaleb(-PRICE_DECIMALS)
_CATEGORY: Final = re.compile(r"[a-z][a-z0-9_]{0,19}")


class BadVatCategory(Invalid):
    """A VAT category is a small letter, then up to 19 small letters, digits and underscores."""

    code = "catalogue.bad_vat_category"


class VatRatesOverlap(Conflict):
    """There is a rate of that country and category on some of the days already."""

    code = "catalogue.vat_rates_overlap"


class NoVatRate(Invalid):
    """The company's country has no rate for the category on that day."""

    code = "catalogue.no_vat_rate"


@dataclass(slots=True, kw_only=True)
class VatRate(Record):
    """The VAT of one category in one country, from ``valid_from`` to ``valid_until``, both days in; per cent."""

    noun: ClassVar[str] = "VAT rate"
    country: str
    category: str
    rate: Rate
    valid_from: Day
    valid_until: Day | None = None

    def check(self) -> None:
        """Pass only a sound one. Raises BadVatCategory, BadRate, BadPeriod."""
        vat_category("category", self.category)
        percentage("rate", self.rate)
        period(self.valid_from, self.valid_until)

    def apart(self, others: Iterable[VatRate]) -> None:
        """Pass only a time that none of ``others`` of the same country and category shares. Raises VatRatesOverlap."""
        for other in others:
            same = (other.country, other.category) == (self.country, self.category) and other.id != self.id
            if same and not (_ends_before(self, other) or _ends_before(other, self)):
                raise VatRatesOverlap(at=("valid_from",), valid_from=other.valid_from)


def _ends_before(one: VatRate, other: VatRate) -> bool:
    return one.valid_until is not None and one.valid_until < other.valid_from


def vat_category(field: str, value: str) -> None:
    """Pass only the name of a category. Raises BadVatCategory at ``field``."""
    if not _CATEGORY.fullmatch(value):
        raise BadVatCategory(at=(field,), value=value)


def rates_on(rates: Iterable[VatRate], on: Day) -> Mapping[str, Rate]:
    """Give the rates of ``on`` by category; ``rates`` are of one country."""
    return {one.category: one.rate for one in rates if within(on, one.valid_from, one.valid_until)}


def net_of(gross: Price, vat_rate: Rate) -> Price:
    """Give the net unit price, rounded half up to 8 decimals: with its VAT it rounds to ``gross`` again."""
    return price(
        EXACT.divide(EXACT.multiply(gross, HUNDRED), HUNDRED + vat_rate).quantize(PRICE_UNIT, ROUND_HALF_UP, EXACT)
    )


def gross_of(net: Price, vat_rate: Rate) -> Price:
    """Give the gross unit price, rounded half up to 6 decimals, where a net price that came of a gross one is exact."""
    exact = EXACT.divide(EXACT.multiply(net, HUNDRED + vat_rate), HUNDRED)
    return price(exact.quantize(Decimal("0.000001"), ROUND_HALF_UP, EXACT))
