"""The Northwind order book as a demonstration: imported, shipped, invoiced and paid.

Every step is a use case in a transaction of its own and looks at what is there first, so a run that was stopped is
continued by the next one: nothing is received, shipped, invoiced or paid twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, Final, TypeVar

from app.domain.billing import InvoiceState
from app.domain.sales import OrderState
from app.domain.shared.ids import InvoiceId, OrderId, ProductId, ShipmentId
from app.domain.shared.lines import LineKind
from app.domain.shared.money import Price, Quantity, price, quantity
from app.domain.shipping import ShipmentState
from app.domain.stock import MovementKind, Warehouse
from app.importer.fields import Kind
from app.importer.files import Advance, Desk, ImportOptions, import_file, open_import
from app.importer.mapping import load_mapping
from app.importer.refusals import NotAllImported
from app.usecases.billing import (
    InvoiceOrder,
    ListInvoices,
    OrderInvoiceDraft,
    Part,
    PayInvoice,
    PaymentDraft,
    ValidateInvoice,
)
from app.usecases.catalogue import ListProducts
from app.usecases.context import Context
from app.usecases.importing import OrderRecord
from app.usecases.ports.listing import Filter, Operator, Query, Sort
from app.usecases.ports.reports import SalesBy
from app.usecases.reports import SalesReport, SalesRequest
from app.usecases.run import UseCase
from app.usecases.sales import ListOrders, ReadOrder, ValidateOrder
from app.usecases.shared import ListCase
from app.usecases.shipping import CloseShipment, CreateShipment, ListShipments, ShipmentDraft, ValidateShipment
from app.usecases.stock import CreateWarehouse, ListMovements, MoveStock, StockMove

Request = TypeVar("Request")
Result = TypeVar("Result")

MAPPINGS: Final = Path(__file__).resolve().parent / "mappings" / "northwind"
FILES: Final = (
    (Kind.THIRD_PARTIES, "customers"),
    (Kind.THIRD_PARTIES, "suppliers"),
    (Kind.PRODUCTS, "products"),
    (Kind.ORDERS, "orders"),
)
OPENING: Final = "Northwind opening stock"
"""The reason of the receipts, by which a later run knows them."""
COST_SHARE: Final = Decimal("0.6")
"""The data has no costs: a product is received at this share of its list price."""
PAGE: Final = 200
_COST: Final = Decimal("0.0001")
_NULL: Final = "NULL"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedOrder:
    """An order of the data that was shipped, and when."""

    record: OrderRecord
    on: date


def run_northwind(desk: Desk, directory: Path, advance: Advance) -> list[str]:
    """Import the files in ``directory``, then ship, invoice and collect; give the totals as lines to print.

    Raises BadFile, BadMapping, NotAllImported, and whatever a use case refuses.
    """
    told = [_import(desk, kind, directory, name, advance) for kind, name in FILES]
    if desk.context().settings.default_warehouse is None:
        desk.runner.call(desk.context(), CreateWarehouse(), lambda: Warehouse(ref="MAIN", name="Main warehouse"))
    shipped = shipped_orders(directory)
    run = _Run(desk, desk.context(), advance)
    run.validate_orders({order.record.external_ref for order in shipped})
    run.receive(_needs(shipped))
    run.fulfil(shipped)
    # An order still open has goods reserved as soon as it is binding: it waits until those that left are gone.
    run.validate_orders()
    desk.grown()
    return [*told, *run.totals()]


def shipped_orders(directory: Path) -> list[ShippedOrder]:
    """Give the orders that were shipped, in the order of their shipping and their number."""
    reader, _ = open_import(load_mapping(MAPPINGS / "orders.toml"), directory / "orders.csv")
    on = {
        row.cells["orderID"]: datetime.fromisoformat(text).date()
        for row in reader.table.rows
        if (text := row.cells["shippedDate"]) != _NULL
    }
    records = (document.record for document in reader.documents())
    shipped = [
        ShippedOrder(record=record, on=on[record.external_ref])
        for record in records
        if isinstance(record, OrderRecord) and record.external_ref in on
    ]
    return sorted(shipped, key=lambda order: (order.on, order.record.external_ref))


def _import(desk: Desk, kind: Kind, directory: Path, name: str, advance: Advance) -> str:
    report = import_file(desk, kind, directory / f"{name}.csv", MAPPINGS / f"{name}.toml", ImportOptions(), advance)
    if report.first_problem is not None:
        problem = report.first_problem
        raise NotAllImported(file=problem.file, row=problem.row, column=problem.column, reason=problem.error)
    return report.summary()


def _needs(shipped: Sequence[ShippedOrder]) -> dict[str, Quantity]:
    """Give how much of each product, by ref, leaves with the shipped orders."""
    needs: defaultdict[str, Decimal] = defaultdict(Decimal)
    for order in shipped:
        for line in order.record.lines:
            if line.product_ref is not None:
                needs[line.product_ref] += line.quantity
    return {ref: quantity(needed) for ref, needed in sorted(needs.items())}


@dataclass(frozen=True, slots=True)
class _Run:
    """One run over a company's books."""

    desk: Desk
    context: Context
    advance: Advance

    def validate_orders(self, wanted: Collection[str | None] | None = None) -> None:
        """Make the orders of these external refs binding, or all that are not yet, in the order of their dates."""
        drafts = sorted(
            (row["date"], row["id"])
            for row in self._rows(ListOrders(), Filter(field="status", operator=Operator.EQ, value=OrderState.DRAFT))
            if wanted is None or row["external_ref"] in wanted
        )
        validate = ValidateOrder(self.desk.numbering)
        for done, (_, order_id) in enumerate(drafts, 1):
            self._do(validate, OrderId(order_id))
            self.advance("orders validated", done, len(drafts))

    def receive(self, needs: dict[str, Quantity]) -> None:
        """Receive what will be shipped, each product once."""
        received = {
            row["product_id"]
            for row in self._rows(ListMovements(), Filter(field="reason", operator=Operator.EQ, value=OPENING))
        }
        products = [row for row in self._rows(ListProducts()) if row["ref"] in needs]
        for done, row in enumerate(products, 1):
            if row["id"] not in received:
                self._do(MoveStock(self.desk.clock), self._receipt(row, needs))
            self.advance("products received", done, len(products))

    @staticmethod
    def _receipt(row: dict[str, Any], needs: dict[str, Quantity]) -> StockMove:
        cost: Price = price((row["unit_price"] * COST_SHARE).quantize(_COST, ROUND_HALF_UP))
        return StockMove(
            kind=MovementKind.RECEIVE,
            product_id=ProductId(row["id"]),
            quantity=needs[row["ref"]],
            unit_cost=cost,
            reason=OPENING,
        )

    def fulfil(self, shipped: Sequence[ShippedOrder]) -> None:
        """Ship, invoice and collect, in the order of shipping: invoices of a month are numbered by date."""
        orders = {row["external_ref"]: OrderId(row["id"]) for row in self._rows(ListOrders())}
        shipments = {row["order_id"]: row for row in self._rows(ListShipments())}
        invoices = {row["order_id"]: row for row in self._rows(ListInvoices())}
        for done, order in enumerate(shipped, 1):
            order_id = orders[order.record.external_ref]
            self._ship(order_id, order.on, shipments.get(order_id))
            self._invoice(order_id, order.on, invoices.get(order_id))
            self.advance("orders shipped and paid", done, len(shipped))

    def _ship(self, order_id: OrderId, on: date, known: dict[str, Any] | None) -> None:
        desk = self.desk
        if known is None:
            draft = self._do(CreateShipment(desk.clock), ShipmentDraft(order_id=order_id, date=on))
            known = {"id": draft.id, "status": draft.state}
        shipment_id, status = ShipmentId(known["id"]), known["status"]
        if status == ShipmentState.DRAFT:
            status = self._do(ValidateShipment(desk.clock, desk.numbering), shipment_id).state
        if status == ShipmentState.VALIDATED:
            self._do(CloseShipment(desk.clock), shipment_id)

    def _invoice(self, order_id: OrderId, on: date, known: dict[str, Any] | None) -> None:
        desk = self.desk
        if known is None:
            draft = self._do(InvoiceOrder(desk.clock), OrderInvoiceDraft(order_id=order_id, date=on))
            known = {"id": draft.id, "status": draft.state}
        invoice_id, status = InvoiceId(known["id"]), known["status"]
        if status == InvoiceState.DRAFT:
            status = self._do(ValidateInvoice(desk.numbering), invoice_id).state
        if status == InvoiceState.VALIDATED:
            payment = PaymentDraft(date=on, parts=(Part(invoice_id=invoice_id),))
            self._do(PayInvoice(desk.clock, desk.numbering), payment)

    def totals(self) -> list[str]:
        """Say what the books hold now: what was ordered, invoices paid, sales by customer, product and month."""
        paid = Filter(field="status", operator=Operator.EQ, value=InvoiceState.PAID)
        told = [self._ordered(), f"{sum(1 for _ in self._rows(ListInvoices(), paid)):,} invoices paid"]
        for by in (SalesBy.CUSTOMER, SalesBy.PRODUCT, SalesBy.MONTH):
            sales = self._do(SalesReport(), SalesRequest(by=by))
            told.append(f"sales by {by.value}: {sales.totals['net']:,.2f} {sales.currency} in {len(sales.rows):,} rows")
        return told

    def _ordered(self) -> str:
        orders = [self._do(ReadOrder(), OrderId(row["id"])) for row in self._rows(ListOrders())]
        lines = [line for order in orders for line in order.lines]
        freights = [line.net for line in lines if line.kind is LineKind.FREIGHT]
        freight = sum(freights, Decimal(0))
        goods = sum((line.net for line in lines), -freight)
        counts = f"{len(orders):,} orders with {len(lines) - len(freights):,} lines"
        return f"{counts}: net {goods:,.2f}, freight {freight:,.2f}"

    def _do(self, case: UseCase[Request, Result], request: Request) -> Result:
        return self.desk.runner.call(self.context, case, lambda: request)

    def _rows(self, case: ListCase, *filters: Filter) -> Iterator[dict[str, Any]]:
        """Give all rows of a list by id, page by page, as field name to value."""
        names = [field.name for field in case.listing.fields]
        after: tuple[object, ...] | None = None
        while True:
            query = Query(filters=filters, sort=(Sort(field="id"),), after=after, limit=PAGE)
            page = self._do(case, query)
            for row in page.rows:
                yield dict(zip(names, row, strict=True))
            if not page.more:
                return
            after = (page.rows[-1][names.index("id")],)
