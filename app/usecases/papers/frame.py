"""What all papers of a company have in common: who sends them to whom, in which language, and how lines are listed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from app.domain.catalogue import Product
from app.domain.identity import Company, CompanySettings, Letterhead
from app.domain.papers import (
    Appearance,
    CellKind,
    Column,
    Fact,
    Issuer,
    Passage,
    Row,
    Table,
    Total,
    Value,
    VatRow,
)
from app.domain.parties import Address
from app.domain.shared.ids import ProductId
from app.domain.shared.lines import PricedLine, Valuation
from app.domain.shared.totals import Totals, VatLine

ZERO: Final = Decimal(0)
_SAID: Final = ("vat_number", "registration", "capital", "phone", "email", "website")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Who sends a paper, by which of its settings, and in which language."""

    company: Company
    settings: CompanySettings
    locale: str

    @property
    def letterhead(self) -> Letterhead:
        """What is said of the company."""
        return self.settings.letterhead

    def issuer(self) -> Issuer:
        """Give who sends it."""
        head = self.letterhead
        address = [*head.street, f"{head.postal_code} {head.city}".strip()]
        return Issuer(
            name=head.legal_name or self.company.name,
            address=[line for line in address if line],
            facts=[Fact(label=name, value=value) for name in _SAID if (value := getattr(head, name))],
        )

    def appearance(self) -> Appearance:
        """Give how it looks; the logo is put in once the transaction is over."""
        head = self.letterhead
        return Appearance(accent=head.accent, footer=head.footer, window=head.window, format=head.format)

    def abroad(self, address: Address) -> str:
        """Give the country of an address where the paper leaves the company's own, else nothing."""
        return address.country if address.country != self.company.country else ""


def recipient(name: str, address: Address) -> tuple[str, ...]:
    """Give the lines of an address as on an envelope, the country aside."""
    city = f"{address.postal_code} {address.city}".strip()
    return tuple(line for line in (name, *address.street.splitlines(), city, address.region) if line.strip())


def facts(*given: tuple[str, Value, CellKind]) -> tuple[Fact, ...]:
    """Give those of the facts that there are."""
    return tuple(Fact(label=label, value=value, kind=kind) for label, value, kind in given if value not in {None, ""})


def text(label: str, value: str | None) -> tuple[str, Value, CellKind]:
    """Name a text."""
    return label, value, CellKind.TEXT


def day(label: str, value: Value) -> tuple[str, Value, CellKind]:
    """Name a day."""
    return label, value, CellKind.DAY


def own_words(*texts: str) -> tuple[Passage, ...]:
    """Give passages of the company's own words, none for none."""
    return tuple(Passage(text=one) for one in texts if one.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """One line with what its row shows of the product."""

    line: PricedLine
    ref: str
    unit: str


def priced_table(
    lines: Sequence[PricedLine], products: Mapping[ProductId, Product], *, counted: bool = True, title: str = ""
) -> Table:
    """List lines with prices; columns that would be empty on every line are left out.

    What a line charges is carried from page to page, unless the lines are not ``counted``: options nobody chose.
    """
    listed = [_listed(line, products) for line in lines]
    shown = {
        "ref": any(one.ref for one in listed),
        "unit": any(one.unit for one in listed),
        "discount": any(one.line.discount for one in listed),
    }
    columns = (
        Column(name="description", kind=CellKind.TEXT, share=36),
        Column(name="ref", kind=CellKind.TEXT, share=14),
        Column(name="quantity", kind=CellKind.NUMBER, share=10),
        Column(name="unit", kind=CellKind.TEXT, share=7),
        Column(name="unit_price", kind=CellKind.PRICE, share=13),
        Column(name="discount", kind=CellKind.PERCENT, share=9),
        Column(name="vat_rate", kind=CellKind.PERCENT, share=8),
        Column(name="net", kind=CellKind.AMOUNT, share=15, carried=counted),
    )
    kept = [at for at, column in enumerate(columns) if shown.get(column.name, True)]
    rows = [_row(one, kept, counted=counted) for one in listed]
    return Table(columns=[columns[at] for at in kept], rows=rows, title=title)


def _listed(line: PricedLine, products: Mapping[ProductId, Product]) -> _Listed:
    product = None if line.product_id is None else products.get(line.product_id)
    if product is None:
        return _Listed(line=line, ref="", unit=line.unit or "")
    return _Listed(line=line, ref=product.ref, unit=product.unit or "")


def _row(one: _Listed, kept: Iterable[int], *, counted: bool) -> Row:
    line = one.line
    first, _, rest = line.description.partition("\n")
    inside = line.kit_position is not None
    free = inside and not line.net and not line.unit_price
    cells: tuple[Value, ...] = (
        first,
        one.ref,
        line.quantity,
        one.unit,
        None if free else line.unit_price,
        line.discount or None,
        None if free else line.vat_rate,
        None if free else line.net,
    )
    return Row(
        cells=[cells[at] for at in kept],
        text=rest.strip(),
        carry=line.net if counted and not free else None,
        depth=int(inside),
    )


def sums(totals: Totals, vat: Sequence[VatLine], *, strong: bool = True) -> list[Total]:
    """Give the sums that every document with prices ends in; the gross is what counts unless something follows."""
    return [
        Total(label="net", amount=totals.net),
        *(Total(label="vat", amount=one.vat, facts=(("rate", one.rate),)) for one in vat),
        Total(label="gross", amount=totals.gross, strong=strong),
    ]


def vat_rows(vat: Sequence[VatLine], no_vat_reason: str) -> list[VatRow]:
    """Give the VAT summary, with the reason where the rate is zero."""
    return [VatRow(rate=one.rate, base=one.base, tax=one.vat, reason="" if one.rate else no_vat_reason) for one in vat]


def in_company_currency(totals: Totals, valuation: Valuation) -> list[Total]:
    """Give the VAT in the company's currency where the document is in another (EN 16931, BT-111)."""
    if valuation.currency == valuation.company_currency:
        return []
    told = (("rate", valuation.rate), ("currency", valuation.company_currency.code))
    return [Total(label="company_vat", amount=totals.company_vat, currency=valuation.company_currency, facts=told)]
