"""Random documents through real databases: what is stored, shown and summed is the same to the last digit (ERP-06)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.billing import Invoice
from app.domain.shared.lines import LineKind
from app.domain.shared.money import plain, price, quantity, rate
from app.domain.shared.numbering import GENESIS, canonical, link
from app.domain.shared.totals import VatMode
from app.infrastructure.database.engine import Database
from app.usecases.billing import (
    CreateInvoice,
    InvoiceDraft,
    InvoiceOrder,
    OrderInvoiceDraft,
    ReadInvoice,
    ValidateInvoice,
)
from app.usecases.ports.reports import SalesBy, SalesRow
from app.usecases.reports import Period, SalesReport, SalesRequest, Table, VatReport
from app.usecases.sales import CreateOrder, OrderDraft, ReadOrder, ValidateOrder
from app.usecases.shared import LineDraft
from tests.support.books import new_books
from tests.support.shop import KEY, Shop

pytestmark = pytest.mark.fast
ON: Final = date(2026, 11, 21)
VAT_RATES: Final = st.sampled_from(["0", "2.1", "5.5", "10", "20"]).map(lambda text: rate(Decimal(text)))
CURRENCIES: Final = st.sampled_from([("USD", "1"), ("JPY", "0.00663"), ("KWD", "3.25407"), ("EUR", "1.08333333")])


@dataclass(frozen=True)
class Line:
    """A line to ask for; ``product`` is chosen by number, None for work."""

    product: int | None
    draft: LineDraft


@st.composite
def lines(draw: st.DrawFn) -> Line:
    """Give a line of goods or of work, with or without a discount."""
    product = draw(st.none() | st.integers(0, 2))
    drafted = LineDraft(
        kind=None if product is not None else draw(st.sampled_from([LineKind.SERVICE, LineKind.FREIGHT])),
        description=draw(st.sampled_from(["Work", "Käse 100 %", "a 'quoted' \\ word", "北"])),
        quantity=quantity(draw(st.decimals("0.000001", 300, places=6))),
        unit_price=price(draw(st.decimals(0, 900, places=8))),
        discount=rate(draw(st.just(Decimal(0)) | st.decimals(0, 100, places=8))),
        vat_rate=draw(VAT_RATES),
    )
    return Line(product, drafted)


DOCUMENTS: Final = st.lists(lines(), min_size=1, max_size=6)


@dataclass
class Desk:
    """A shop on one database with three products, and the head of its invoices' chain."""

    shop: Shop
    products: list[Any]
    head: str = GENESIS
    sold: Decimal = field(default_factory=Decimal)

    @classmethod
    def of(cls, database: Database) -> Desk:
        shop = Shop.of(new_books(database, "documents"))
        return cls(shop, [shop.goods() for _ in range(3)])

    def asked(self, wanted: Sequence[Line]) -> tuple[LineDraft, ...]:
        """Give the lines with this shop's products."""
        return tuple(
            line.draft if line.product is None else replace(line.draft, product_id=self.products[line.product])
            for line in wanted
        )

    def invoice(self, wanted: Sequence[Line], currency: tuple[str, str], mode: VatMode, *, ordered: bool) -> Invoice:
        """Enter an invoice, or an order and its invoice, under that way of rounding; validate it; read it again."""
        books = self.shop.books
        context = books.desk.context()
        context = replace(context, settings=replace(context.settings, vat_mode=mode))
        clock, numbering, call = books.desk.clock, books.desk.numbering, books.desk.runner.call
        given_rate = None if currency[0] == "USD" else rate(Decimal(currency[1]))
        asked: dict[str, Any] = {
            "party_id": self.shop.customer,
            "date": ON,
            "currency": currency[0],
            "rate": given_rate,
            "lines": self.asked(wanted),
        }
        if ordered:
            order = call(context, CreateOrder(clock), lambda: OrderDraft(**asked))
            assert call(context, ReadOrder(), lambda: order.id) == order
            call(context, ValidateOrder(numbering), lambda: order.id)
            draft = call(context, InvoiceOrder(clock), lambda: OrderInvoiceDraft(order_id=order.id, date=ON))
            assert draft.totals == order.totals
        else:
            draft = call(context, CreateInvoice(clock), lambda: InvoiceDraft(**asked))
        assert call(context, ReadInvoice(), lambda: draft.id) == draft
        validated = call(context, ValidateInvoice(numbering), lambda: draft.id)
        stored = call(context, ReadInvoice(), lambda: draft.id)
        assert stored == validated
        self._follows(stored)
        self.sold += stored.totals.company_net
        return stored

    def _follows(self, invoice: Invoice) -> None:
        """Check that the stored link follows from the stored content and the invoice before."""
        assert invoice.link == link(KEY, self.head, invoice.content())
        self.head = invoice.link

    def report(self, by: SalesBy) -> Table[SalesRow]:
        """Sum what was sold."""
        return self.shop.books.do(SalesReport(), SalesRequest(by=by))


@pytest.fixture(scope="module")
def desks(databases: Mapping[str, Database]) -> Mapping[str, Desk]:
    """Give a desk on each database."""
    return {kind: Desk.of(database) for kind, database in databases.items()}


def check_shown(invoice: Invoice) -> None:
    """Check the totals against what a person reads on the invoice."""
    digits = invoice.valuation.currency.digits
    company = invoice.valuation.company_currency.digits

    def shown(value: Decimal, decimals: int = digits) -> Decimal:
        assert value == Decimal(plain(value, decimals))
        return Decimal(plain(value, decimals))

    totals = invoice.totals
    assert (
        shown(totals.net) == sum(shown(line.net) for line in invoice.lines) == sum(shown(v.base) for v in invoice.vat)
    )
    assert shown(totals.vat) == sum(shown(v.vat) for v in invoice.vat)
    assert shown(totals.gross) == shown(totals.net) + shown(totals.vat)
    assert shown(totals.company_net, company) == sum(shown(line.company_net, company) for line in invoice.lines)
    assert totals.company_gross == shown(totals.company_net, company) + shown(totals.company_vat, company)


@settings(max_examples=20)
@given(wanted=DOCUMENTS, currency=CURRENCIES, mode=st.sampled_from(VatMode), ordered=st.booleans())
def test_documents_and_reports_are_the_same_on_three_databases(
    desks: Mapping[str, Desk], wanted: list[Line], currency: tuple[str, str], mode: VatMode, *, ordered: bool
) -> None:
    """ERP-06: stored and read again an invoice is itself, its chain holds, and sums over it agree to the cent."""
    invoices = {kind: desk.invoice(wanted, currency, mode, ordered=ordered) for kind, desk in desks.items()}
    contents = set()
    for invoice in invoices.values():
        check_shown(invoice)
        contents.add(canonical({**invoice.content(), "party": 0}))
    assert len(contents) == 1
    for by in SalesBy:
        reports = [desk.report(by) for desk in desks.values()]
        assert reports[0] == reports[1] == reports[2]
        assert [plain(row.net, 2) for row in reports[0].rows] == [plain(row.net, 2) for row in reports[2].rows]
        assert reports[0].totals["net"] == desks["sqlite"].sold
    taxes = [desk.shop.books.do(VatReport(), Period()) for desk in desks.values()]
    assert taxes[0] == taxes[1] == taxes[2]
    assert taxes[0].totals["base"] == desks["sqlite"].sold
