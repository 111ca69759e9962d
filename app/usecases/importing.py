"""What an import does with one document: enter it, bring it up to date, or leave it alone.

Records name other objects by the codes people use; each is found by one statement for the whole document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, Final, TypeVar

from app.domain.catalogue import Product
from app.domain.fields import Filled, Values
from app.domain.parties import Address, Party
from app.domain.sales import Order, OrderChanged, OrderLine, OrderState
from app.domain.shared.dates import Day
from app.domain.shared.errors import Required, UnknownReference
from app.domain.shared.ids import ProductId, WarehouseId
from app.domain.shared.lines import LineKind
from app.domain.shared.money import Price, Quantity, Rate
from app.domain.shared.objects import ObjectKind
from app.domain.shared.rights import Right
from app.domain.stock import MovementKind
from app.usecases.catalogue import replaced
from app.usecases.context import Context
from app.usecases.custom import fill, keep, refill
from app.usecases.parties import take_codes
from app.usecases.ports.shared import Clock, Work
from app.usecases.run import UseCase
from app.usecases.sales import CreateOrder, OrderDraft
from app.usecases.shared import LineDraft, Numbering, customer, priced, valuation
from app.usecases.stock import MoveStock, StockMove

Request = TypeVar("Request")
ADDRESS_FIELDS: Final = tuple(one.name for one in fields(Address))
ORDER_FIELDS: Final = ("party_id", "date", "delivery_date", "valuation", "note", "lines", "custom")


class Outcome(StrEnum):
    """What became of a document: ``kept`` is one that may no longer be changed and was left alone."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    KEPT = "kept"


class Rehearsed(Exception):
    """A document was carried out in full and is being undone; ``outcome`` is what it would have come to."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Rehearse:
    """Carry out another use case and undo it: Rehearsed, once raised, leaves the transaction uncommitted."""

    case: UseCase[Any, Outcome]
    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: object) -> Outcome:
        """Raise Rehearsed, or whatever the use case refuses; the caller needs the rights of the use case itself."""
        if self.case.right is not None:
            context.require(self.case.right)
        raise Rehearsed(self.case.execute(work, context, request))


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyRecord:
    """A third party by its customer code or, without one, its supplier code; ``values`` are the fields the file has."""

    customer_code: str | None = None
    supplier_code: str | None = None
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductRecord:
    """A product by its ref; ``values`` are the fields the file has."""

    ref: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountRecord:
    """What was counted of a product in a warehouse; ``warehouse_ref`` None is the default one."""

    product_ref: str
    warehouse_ref: str | None = None
    quantity: Quantity
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRecord:
    """A line of an order; without ``product_ref`` it must say itself what it charges for."""

    product_ref: str | None = None
    kind: LineKind | None = None
    description: str | None = None
    quantity: Quantity
    unit_price: Price | None = None
    discount: Rate = Rate(Decimal(0))
    vat_rate: Rate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRecord:
    """An order by its external ref, whole."""

    external_ref: str
    customer_code: str
    date: Day
    delivery_date: Day | None = None
    currency: str | None = None
    rate: Rate | None = None
    note: str = ""
    lines: tuple[LineRecord, ...]
    custom: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SaveParty:
    """Enter or change a third party. Raises Required without a code, Taken, and what makes a party unsound."""

    clock: Clock
    numbering: Numbering
    right: ClassVar[Right] = Right.THIRD_PARTIES_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: PartyRecord) -> Outcome:
        """Give what became of the third party."""
        party = self._find(work, request)
        values = self._values(request, party)
        if party is None:
            whole = fill(work, context, ObjectKind.THIRD_PARTIES, values.pop("custom", {}))
            created = Party(**values, custom=whole.values)
            created.settle_tax_id()
            take_codes(work, context, self.numbering, created, self.clock)
            work.parties.add(created)
            keep(work, ObjectKind.THIRD_PARTIES, created.id, whole)
            work.outbox.add(created.created())
            return Outcome.CREATED
        before = party.custom
        changes, custom = refill(work, ObjectKind.THIRD_PARTIES, values, before)
        changed = party.change(changes)
        if changed is None:
            return Outcome.UNCHANGED
        take_codes(work, context, self.numbering, party, self.clock)
        work.parties.save(party)
        keep(work, ObjectKind.THIRD_PARTIES, party.id, custom, before)
        work.outbox.add(changed)
        return Outcome.CHANGED

    @staticmethod
    def _find(work: Work, request: PartyRecord) -> Party | None:
        if request.customer_code is not None:
            return work.parties.find(customer_code=request.customer_code)
        if request.supplier_code is not None:
            return work.parties.find(supplier_code=request.supplier_code)
        raise Required(at=("customer_code",))

    @staticmethod
    def _values(request: PartyRecord, party: Party | None) -> dict[str, Any]:
        """Give the party's own fields: the parts of an address the file has are put into the address there is."""
        values = {name: value for name, value in request.values.items() if name not in ADDRESS_FIELDS}
        parts: dict[str, Any] = {name: request.values[name] for name in ADDRESS_FIELDS if name in request.values}
        if parts:
            values["address"] = replace(party.address if party else Address(), **parts)
        return values


@dataclass(frozen=True, slots=True)
class SaveProduct:
    """Enter or change a product. Raises what makes a product unsound."""

    right: ClassVar[Right] = Right.PRODUCTS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: ProductRecord) -> Outcome:
        """Give what became of the product."""
        values: dict[str, Any] = dict(request.values)
        product = work.products.by_ref([request.ref]).get(request.ref)
        if product is None:
            whole = fill(work, context, ObjectKind.PRODUCTS, values.pop("custom", {}))
            created = Product(**{**values, "ref": request.ref, "custom": whole.values})
            work.products.add(created)
            keep(work, ObjectKind.PRODUCTS, created.id, whole)
            work.outbox.add(created.created())
            return Outcome.CREATED
        before = product.custom
        changes, custom = refill(work, ObjectKind.PRODUCTS, values, before)
        changed = product.change(replaced(changes))
        if changed is None:
            return Outcome.UNCHANGED
        work.products.save(product)
        keep(work, ObjectKind.PRODUCTS, product.id, custom, before)
        work.outbox.add(changed)
        return Outcome.CHANGED


@dataclass(frozen=True, slots=True)
class CountStock:
    """Set the stock of a product to what was counted. Raises UnknownReference, and as MoveStock."""

    clock: Clock
    right: ClassVar[Right] = Right.STOCK_MOVE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: CountRecord) -> Outcome:
        """Give whether the level had to change."""
        product = work.products.by_ref([request.product_ref]).get(request.product_ref)
        if product is None:
            raise UnknownReference(at=("product_ref",), kind="product", value=request.product_ref)
        moved = MoveStock(self.clock).execute(
            work,
            context,
            StockMove(
                kind=MovementKind.COUNT,
                product_id=product.id,
                warehouse_id=self._warehouse(work, request.warehouse_ref),
                quantity=request.quantity,
                reason=request.reason,
            ),
        )
        return Outcome.UNCHANGED if moved.movement is None else Outcome.CHANGED

    @staticmethod
    def _warehouse(work: Work, ref: str | None) -> WarehouseId | None:
        if ref is None:
            return None
        found = work.warehouses.by_ref(ref)
        if found is None:
            raise UnknownReference(at=("warehouse_ref",), kind="warehouse", value=ref)
        return found.id


@dataclass(frozen=True, slots=True)
class SaveOrder:
    """Enter an order as a draft, or replace the draft there is when it differs; anything beyond a draft is kept.

    Raises UnknownReference for customer and products, and as CreateOrder.
    """

    clock: Clock
    right: ClassVar[Right] = Right.ORDERS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: OrderRecord) -> Outcome:
        """Give what became of the order."""
        existing = work.orders.by_external_ref(request.external_ref)
        if existing is not None and existing.state is not OrderState.DRAFT:
            return Outcome.KEPT
        draft = self._draft(work, request)
        if existing is None:
            CreateOrder(self.clock).execute(work, context, draft)
            return Outcome.CREATED
        wanted = replace(existing)
        self._put(work, context, wanted, draft, hold=False)
        if all(getattr(wanted, name) == getattr(existing, name) for name in ORDER_FIELDS):
            return Outcome.UNCHANGED
        return self._replace(work, context, existing, draft)

    def _replace(self, work: Work, context: Context, seen: Order, draft: OrderDraft) -> Outcome:
        # Seen without a lock, as most documents of a repeated import are the same; from here it must not change.
        order = work.orders.get(seen.id, lock=True)
        if order.state is not OrderState.DRAFT:
            return Outcome.KEPT
        before = order.custom
        custom = self._put(work, context, order, draft, hold=True)
        work.orders.save(order)
        keep(work, ObjectKind.ORDERS, order.id, custom, before)
        work.outbox.add(OrderChanged(id=order.id))
        return Outcome.CHANGED

    @staticmethod
    def _draft(work: Work, request: OrderRecord) -> OrderDraft:
        party = work.parties.find(customer_code=request.customer_code)
        if party is None:
            raise UnknownReference(at=("customer_code",), kind="third party", value=request.customer_code)
        return OrderDraft(
            party_id=party.id,
            date=request.date,
            delivery_date=request.delivery_date,
            currency=request.currency,
            rate=request.rate,
            external_ref=request.external_ref,
            note=request.note,
            lines=_line_drafts(work, request),
            custom=request.custom,
        )

    @staticmethod
    def _put(work: Work, context: Context, order: Order, draft: OrderDraft, *, hold: bool) -> Filled | None:
        """Make ``order`` what ``draft`` asks for, as CreateOrder would; give its custom values when it names any."""
        _, custom = refill(work, ObjectKind.ORDERS, {"custom": draft.custom} if draft.custom else {}, order.custom)
        order.custom = order.custom if custom is None else custom.values
        party = customer(work, draft.party_id, hold=hold)
        order.party_id = party.id
        order.date = draft.date or order.date
        order.delivery_date = draft.delivery_date
        order.valuation = valuation(context, draft.currency, draft.rate)
        order.note = draft.note
        order.lines = priced(work, draft.lines, OrderLine, order.valuation, party, order.date)
        order.price()
        return custom


def _line_drafts(work: Work, request: OrderRecord) -> tuple[LineDraft, ...]:
    products = work.products.by_ref({line.product_ref for line in request.lines if line.product_ref is not None})
    return tuple(
        LineDraft(
            product_id=_product(products, line.product_ref, index),
            kind=line.kind,
            description=line.description,
            quantity=line.quantity,
            unit_price=line.unit_price,
            discount=line.discount,
            vat_rate=line.vat_rate,
        )
        for index, line in enumerate(request.lines)
    )


def _product(products: Mapping[str, Product], ref: str | None, index: int) -> ProductId | None:
    if ref is None:
        return None
    if ref not in products:
        raise UnknownReference(at=("lines", index, "product_ref"), kind="product", value=ref)
    return products[ref].id
