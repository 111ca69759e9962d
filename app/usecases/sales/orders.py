"""What is done with orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

from app.domain.fields import Values
from app.domain.parties import Party
from app.domain.sales import FollowerKind, Order, OrderChanged, OrderDeleted, OrderLine, OrderState, WarehouseOfNoGoods
from app.domain.shared.dates import Day
from app.domain.shared.errors import UnknownReference
from app.domain.shared.ids import OrderId, PartyId, UserId, WarehouseId
from app.domain.shared.lines import LineKind, Valuation
from app.domain.shared.money import Rate
from app.domain.shared.objects import ObjectKind
from app.domain.shared.rights import Right
from app.domain.shared.search import Searched
from app.domain.stock import WarehouseArchived
from app.usecases.context import Context
from app.usecases.custom import drop, fill, keep, refill
from app.usecases.parties import representative
from app.usecases.ports.listing import CUSTOM_VALUES, FieldKind, Found, ListField, Listing, Sort
from app.usecases.ports.shared import Clock, Work
from app.usecases.sales.approvals import shown
from app.usecases.sales.following import untie
from app.usecases.shared import Change, LineDraft, ListCase, Versioned, buyer, customer, priced, revalued, valuation

ORDERS = Listing(
    name="orders",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="ref", kind=FieldKind.TEXT, sortable=True),
        ListField(name="external_ref", kind=FieldKind.TEXT, nullable=True),
        ListField(name="party_id", kind=FieldKind.ID),
        ListField(name="proposal_id", kind=FieldKind.ID, nullable=True),
        ListField(name="date", kind=FieldKind.DATE, sortable=True),
        ListField(name="delivery_date", kind=FieldKind.DATE, nullable=True),
        ListField(name="status", kind=FieldKind.CHOICE, choices=tuple(OrderState)),
        ListField(name="representative_id", kind=FieldKind.ID, nullable=True),
        ListField(name="billed", kind=FieldKind.FLAG),
        ListField(name="currency", kind=FieldKind.TEXT),
        ListField(name="total_net", kind=FieldKind.AMOUNT),
        ListField(name="total_vat", kind=FieldKind.AMOUNT),
        ListField(name="total_gross", kind=FieldKind.AMOUNT, sortable=True),
        CUSTOM_VALUES,
    ),
    default_sort=(Sort(field="id", descending=True),),
    search=(Found(Searched.ORDER), Found(Searched.PARTY, "party_id")),
)

HEADER: Final = ("date", "delivery_date", "external_ref", "note", "custom")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDraft:
    """An order as asked for: ``date`` None is today, ``currency`` None the company's, ``rate`` into the company's.

    ``representative_id`` None is the customer's first representative.
    """

    party_id: PartyId
    date: Day | None = None
    delivery_date: Day | None = None
    currency: str | None = None
    rate: Rate | None = None
    external_ref: str | None = None
    representative_id: UserId | None = None
    note: str = ""
    lines: tuple[LineDraft, ...]
    custom: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CreateOrder:
    """Enter an order as a draft, whole or not at all.

    Raises UnknownReference, NotACustomer, PartyArchived, ProductArchived, Taken, and what makes lines unsound.
    """

    clock: Clock
    right: ClassVar[Right] = Right.ORDERS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: OrderDraft) -> Order:
        """Give the draft with its id and totals."""
        party = customer(work, request.party_id)
        representative(work, context, request.representative_id, "representative_id")
        valued = valuation(context, request.currency, request.rate)
        on = request.date or self.clock.today(context.zone)
        custom = fill(work, context, ObjectKind.ORDERS, request.custom)
        order = Order(
            party_id=party.id,
            external_ref=request.external_ref,
            date=on,
            delivery_date=request.delivery_date,
            representative_id=request.representative_id or party.representative_id,
            valuation=valued,
            note=request.note,
            lines=ordered(work, request.lines, valued, party, on),
            custom=custom.values,
        )
        order.price()
        work.orders.add(order)
        keep(work, ObjectKind.ORDERS, order.id, custom)
        work.outbox.add(order.created())
        return order


@dataclass(frozen=True, slots=True)
class ReadOrder:
    """Show one order. Raises NotFound."""

    right: ClassVar[Right] = Right.ORDERS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: OrderId) -> Order:
        """Give the order with its lines."""
        return shown(work, context, work.orders.get(request))


@dataclass(frozen=True, slots=True)
class ChangeOrder:
    """Change the fields sent of a draft; ``lines`` replaces all lines.

    Raises NotFound, Stale, OrderNotDraft, and as CreateOrder.
    """

    clock: Clock
    right: ClassVar[Right] = Right.ORDERS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Change) -> Order:
        """Give the draft as it is now."""
        order = work.orders.get(OrderId(request.id), lock=True)
        request.matches(order.version)
        order.editable()
        before = order.custom
        changes, custom = refill(work, ObjectKind.ORDERS, request.changes, before)
        self._apply(work, context, order, changes)
        order.price()
        work.orders.save(order)
        keep(work, ObjectKind.ORDERS, order.id, custom, before)
        work.outbox.add(OrderChanged(id=order.id))
        return order

    def _apply(self, work: Work, context: Context, order: Order, changes: Mapping[str, object]) -> None:
        for name in HEADER:
            if name in changes:
                setattr(order, name, changes[name])
        if isinstance(party_id := changes.get("party_id"), int):
            order.party_id = customer(work, PartyId(party_id)).id
        if not {"currency", "rate"}.isdisjoint(changes):
            order.valuation = revalued(context, order.valuation, changes)
        if isinstance(lines := changes.get("lines"), tuple):
            party = buyer(work, order.party_id, lines)
            order.lines = ordered(work, lines, order.valuation, party, order.date)


def ordered(
    work: Work, drafts: Sequence[LineDraft], valued: Valuation, party: Party | None, on: Day | None
) -> list[OrderLine]:
    """Make the lines of an order, each with the warehouse it is to come from when one was named.

    What a kit holds comes from the warehouse named for the kit. Raises as ``priced`` does, UnknownReference for a
    warehouse, WarehouseArchived, WarehouseOfNoGoods.
    """
    lines = priced(work, drafts, OrderLine, valued, party, on)
    kits = {line.kit_position for line in lines}
    asked = -1
    wanted = []
    for line in lines:
        asked += line.kit_position is None
        if line.position not in kits:
            wanted.append((asked, drafts[asked].warehouse_id, line))
    placed(work, wanted)
    return lines


def placed(work: Work, wanted: Sequence[tuple[int, WarehouseId | None, OrderLine]]) -> None:
    """Let lines come from the warehouses named for them; each with its index among the lines asked for.

    Raises UnknownReference, WarehouseArchived, WarehouseOfNoGoods with ``at``.
    """
    named = {warehouse for _, warehouse, _ in wanted if warehouse is not None}
    places = work.warehouses.of(named) if named else {}
    for index, warehouse, line in wanted:
        if warehouse is None:
            continue
        at = ("lines", index, "warehouse_id")
        if line.kind is not LineKind.GOODS:
            raise WarehouseOfNoGoods(at=at, position=line.position)
        place = places.get(warehouse)
        if place is None:
            raise UnknownReference(at=at, kind="warehouse", value=warehouse)
        try:
            place.serves()
        except WarehouseArchived as error:
            error.at = at
            raise
        line.warehouse_id = place.id


@dataclass(frozen=True, slots=True)
class DeleteOrder:
    """Delete a draft. Raises NotFound, Stale, OrderNotDraft, OrderNumbered."""

    right: ClassVar[Right] = Right.ORDERS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Versioned) -> None:
        """Remove the order."""
        order = work.orders.get(OrderId(request.id), lock=True)
        request.matches(order.version)
        order.deletable()
        work.orders.delete(order)
        untie(work, order.proposal_id, FollowerKind.ORDER, order.id)
        drop(work, ObjectKind.ORDERS, order.id, order.custom)
        work.outbox.add(OrderDeleted(id=order.id))


class ListOrders(ListCase):
    """List orders, newest first."""

    __slots__ = ()
    right = Right.ORDERS_READ
    listing = ORDERS
