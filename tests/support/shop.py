"""A small trading company on a real database, and how its books are audited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any, Final, Self

from app.domain.billing import Invoice, InvoiceState, Payment
from app.domain.catalogue import Product
from app.domain.parties import Party
from app.domain.sales import LineQuantity, Order
from app.domain.shared.ids import CompanyId, InvoiceId, OrderId, PartyId, PaymentId, ProductId, ShipmentId, WarehouseId
from app.domain.shared.lines import LineKind
from app.domain.shared.money import Price, price, quantity, rate
from app.domain.stock import MovementKind, Warehouse
from app.infrastructure.keys import decode_key
from app.usecases.billing import (
    CreateInvoice,
    InvoiceDraft,
    ListInvoices,
    ListPayments,
    ReadInvoice,
    ReadPayment,
    ValidateInvoice,
)
from app.usecases.catalogue import CreateProduct
from app.usecases.parties import CreateParty
from app.usecases.ports.listing import Filter, Operator, Query
from app.usecases.sales import CreateOrder, OrderDraft, ReadOrder, ValidateOrder
from app.usecases.shared import LineDraft, ListCase
from app.usecases.shipping import CreateShipment, ShipmentDraft
from app.usecases.stock import CreateWarehouse, ListLevels, ListMovements, MoveStock, StockMove
from tests.support.books import CHAIN_KEY, Books
from tests.support.chains import broken_link

KEY: Final = decode_key("CHAIN_KEY", CHAIN_KEY)
NO_VAT: Final = rate(Decimal(0))


@dataclass(frozen=True)
class Shop:
    """A company with a warehouse and a customer; everything it sells costs 1 and has no VAT unless said otherwise."""

    books: Books
    place: WarehouseId
    customer: PartyId
    _refs: Any = field(default_factory=lambda: count(1))

    @classmethod
    def of(cls, books: Books) -> Self:
        """Set the company up in ``books``."""
        place = books.do(CreateWarehouse(), Warehouse(ref="MAIN", name="Main"))
        desk = books.desk
        party = books.do(CreateParty(desk.clock, desk.numbering), Party(name="Client", customer=True))
        return cls(books, place.id, party.id)

    @property
    def company(self) -> CompanyId:
        """Whose books they are."""
        return self.books.company

    def warehouse(self, *, allow_negative: bool = False) -> WarehouseId:
        """Open one more warehouse."""
        place = Warehouse(ref=f"W{next(self._refs)}", name="More", allow_negative=allow_negative)
        return self.books.do(CreateWarehouse(), place).id

    def goods(self, stock: str = "0") -> ProductId:
        """Enter a product, with so much of it on the shelf."""
        ref = f"P{next(self._refs)}"
        product = Product(
            ref=ref, name=ref, unit_price=price(Decimal(1)), cost_price=price(Decimal(1)), vat_rate=NO_VAT
        )
        made = self.books.do(CreateProduct(self.books.desk.clock), product)
        if stock != "0":
            self.move(MovementKind.RECEIVE, made.id, stock)
        return made.id

    def move(
        self,
        kind: MovementKind,
        product: ProductId,
        moved: str,
        place: WarehouseId | None = None,
        cost: Price | None = None,
    ) -> None:
        """Receive, debit or count."""
        number = quantity(Decimal(moved))
        move = StockMove(kind=kind, product_id=product, warehouse_id=place, quantity=number, unit_cost=cost)
        self.books.do(MoveStock(self.books.desk.clock), move)

    def shipment(self, lines: Sequence[tuple[ProductId, int]]) -> ShipmentId:
        """Order goods in this order of lines, and enter the shipment of all of them as a draft."""
        desk = self.books.desk
        wanted = tuple(LineDraft(product_id=product, quantity=quantity(Decimal(n))) for product, n in lines)
        draft = OrderDraft(party_id=self.customer, lines=wanted)
        order = self.books.do(CreateOrder(desk.clock), draft)
        self.books.do(ValidateOrder(desk.numbering), order.id)
        return self.books.do(CreateShipment(desk.clock), ShipmentDraft(order_id=order.id)).id

    def validate(self, order: OrderId) -> Order:
        """Validate an order."""
        return self.books.do(ValidateOrder(self.books.desk.numbering), order)

    def ship_draft(self, order: OrderId, parts: Mapping[int, str]) -> ShipmentId:
        """Enter a shipment of so much of each line of an order, by position, as a draft."""
        lines = tuple(LineQuantity(position=at, quantity=quantity(Decimal(n))) for at, n in parts.items())
        draft = ShipmentDraft(order_id=order, lines=lines)
        return self.books.do(CreateShipment(self.books.desk.clock), draft).id

    def draft(self, gross: str = "1", on: date | None = None) -> InvoiceId:
        """Enter an invoice of one line."""
        line = LineDraft(
            kind=LineKind.SERVICE,
            description="Work",
            quantity=quantity(Decimal(1)),
            unit_price=price(Decimal(gross)),
            vat_rate=NO_VAT,
        )
        draft = InvoiceDraft(party_id=self.customer, date=on, lines=(line,))
        return self.books.do(CreateInvoice(self.books.desk.clock), draft).id

    def due(self, gross: str) -> InvoiceId:
        """Enter and validate an invoice."""
        return self.books.do(ValidateInvoice(self.books.desk.numbering), self.draft(gross)).id

    def order(self, order: OrderId) -> Order:
        """Read an order."""
        return self.books.do(ReadOrder(), order)

    def invoice(self, invoice: InvoiceId) -> Invoice:
        """Read an invoice."""
        return self.books.do(ReadInvoice(), invoice)

    def invoices(self) -> list[Invoice]:
        """Give all invoices by id."""
        return [self.invoice(row["id"]) for row in self.books.rows(ListInvoices())]

    def payments(self) -> list[Payment]:
        """Give all payments by id."""
        return [self.books.do(ReadPayment(), row["id"]) for row in self.books.rows(ListPayments())]

    def levels(self, product: ProductId) -> Mapping[WarehouseId, Decimal]:
        """Give how much of a product is in each warehouse."""
        return {row["warehouse_id"]: row["quantity"] for row in self._of(ListLevels(), product)}

    def movements(self, product: ProductId) -> list[dict[str, Any]]:
        """Give the ledger of a product, the last entry last."""
        return self._of(ListMovements(), product)[::-1]

    def _of(self, case: ListCase, product: ProductId) -> list[dict[str, Any]]:
        mine = Filter(field="product_id", operator=Operator.EQ, value=product)
        page = self.books.do(case, Query(filters=(mine,), sort=case.listing.default_sort, limit=500))
        assert not page.more
        return [dict(zip((one.name for one in case.listing.fields), row, strict=True)) for row in page.rows]


def check_ledger(shop: Shop, product: ProductId) -> None:
    """Check that each level of the product follows from the movements before, to the last one.

    A warehouse where it was only ever counted as missing has a level and no movement.
    """
    running: dict[WarehouseId, Decimal] = dict.fromkeys(shop.levels(product), Decimal(0))
    for row in shop.movements(product):
        place = row["warehouse_id"]
        running[place] = running.get(place, Decimal(0)) + row["quantity"]
        assert row["level"] == running[place]
    assert shop.levels(product) == running


def check_chain(documents: Sequence[Invoice] | Sequence[Payment]) -> None:
    """Check that the numbered ones of each period are numbered from 1 without gap or double, and chained soundly."""
    for period in {one.period for one in documents if one.period is not None}:
        numbered = sorted((one for one in documents if one.period == period), key=lambda one: one.number or 0)
        assert [one.number for one in numbered] == list(range(1, len(numbered) + 1))
        assert len({one.ref for one in numbered}) == len(numbered)
        assert broken_link(KEY, [(one.content(), one.link or "") for one in numbered]) is None


def check_settled(shop: Shop) -> None:
    """Check that every invoice has been paid what was allocated to it, never above its due, and that credits add up."""
    paid: dict[InvoiceId, Decimal] = {}
    left: dict[PaymentId, Decimal] = {}
    for payment in shop.payments():
        used = sum(use.amount for use in payment.uses)
        assert payment.amount == sum(part.amount for part in payment.allocations) + used + payment.credit
        for part in payment.allocations:
            paid[part.invoice_id] = paid.get(part.invoice_id, Decimal(0)) + part.amount
        left[payment.id] = left.get(payment.id, Decimal(0)) + payment.credit
        for use in payment.uses:
            left[use.credit_of] = left.get(use.credit_of, Decimal(0)) + use.amount
    assert left == {payment.id: payment.credit_left for payment in shop.payments()}
    assert min(left.values(), default=Decimal(0)) >= 0
    for invoice in shop.invoices():
        assert invoice.paid == paid.get(invoice.id, 0)
        assert 0 <= invoice.paid <= invoice.totals.gross
        assert (invoice.state is InvoiceState.PAID) == (
            invoice.state is not InvoiceState.DRAFT and invoice.paid == invoice.totals.gross
        )
