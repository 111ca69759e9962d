"""What is done with orders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar, Final

from app.domain.fields import Values
from app.domain.sales import Order, OrderChanged, OrderDeleted, OrderLine, OrderState
from app.domain.shared.dates import Day
from app.domain.shared.ids import OrderId, PartyId
from app.domain.shared.lines import Valuation
from app.domain.shared.money import Rate
from app.domain.shared.objects import ObjectKind
from app.domain.shared.rights import Right
from app.domain.shared.search import Searched
from app.domain.shared.series import SeriesKind
from app.usecases.context import Context
from app.usecases.custom import drop, fill, keep, refill
from app.usecases.ports.listing import CUSTOM_VALUES, FieldKind, Found, ListField, Listing, Sort
from app.usecases.ports.shared import Clock, Work
from app.usecases.shared import Change, LineDraft, ListCase, Numbering, Versioned, customer, priced, valuation

ORDERS = Listing(
    name="orders",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="ref", kind=FieldKind.TEXT, sortable=True),
        ListField(name="external_ref", kind=FieldKind.TEXT, nullable=True),
        ListField(name="party_id", kind=FieldKind.ID),
        ListField(name="date", kind=FieldKind.DATE, sortable=True),
        ListField(name="delivery_date", kind=FieldKind.DATE, nullable=True),
        ListField(name="status", kind=FieldKind.CHOICE, choices=tuple(OrderState)),
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
    """An order as asked for: ``date`` None is today, ``currency`` None the company's, ``rate`` into the company's."""

    party_id: PartyId
    date: Day | None = None
    delivery_date: Day | None = None
    currency: str | None = None
    rate: Rate | None = None
    external_ref: str | None = None
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
        valued = valuation(context, request.currency, request.rate)
        custom = fill(work, context, ObjectKind.ORDERS, request.custom)
        order = Order(
            party_id=party.id,
            external_ref=request.external_ref,
            date=request.date or self.clock.today(context.zone),
            delivery_date=request.delivery_date,
            valuation=valued,
            note=request.note,
            lines=priced(work, request.lines, OrderLine, valued),
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
        return work.orders.get(request)


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
            order.valuation = _revalued(context, order, changes)
        if isinstance(lines := changes.get("lines"), tuple):
            order.lines = priced(work, lines, OrderLine, order.valuation)


def _revalued(context: Context, order: Order, changes: Mapping[str, object]) -> Valuation:
    """Give how the changed draft counts; a new currency needs its rate anew."""
    before = order.valuation
    code = str(changes.get("currency", before.currency.code))
    rate = changes.get("rate", before.rate if code == before.currency.code else None)
    return valuation(context, code, Rate(rate) if isinstance(rate, Decimal) else None)


@dataclass(frozen=True, slots=True)
class DeleteOrder:
    """Delete a draft. Raises NotFound, Stale, OrderNotDraft."""

    right: ClassVar[Right] = Right.ORDERS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Versioned) -> None:
        """Remove the order."""
        order = work.orders.get(OrderId(request.id), lock=True)
        request.matches(order.version)
        order.editable()
        work.orders.delete(order)
        drop(work, ObjectKind.ORDERS, order.id, order.custom)
        work.outbox.add(OrderDeleted(id=order.id))


@dataclass(frozen=True, slots=True)
class ValidateOrder:
    """Make a draft binding; it gets its number. Raises NotFound, InvalidTransition."""

    numbering: Numbering
    right: ClassVar[Right] = Right.ORDERS_VALIDATE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: OrderId) -> Order:
        """Give the validated order."""
        order = work.orders.get(request, lock=True)
        order.can_validate()
        validated = order.validate(self.numbering.fast(work, context, SeriesKind.ORDER, order.date))
        work.orders.save(order, lines=False)
        work.outbox.add(validated)
        return order


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Call off an order of which nothing was shipped or invoiced. Raises NotFound, InvalidTransition."""

    right: ClassVar[Right] = Right.ORDERS_CANCEL
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: OrderId) -> Order:
        """Give the canceled order."""
        order = work.orders.get(request, lock=True)
        canceled = order.cancel()
        work.orders.save(order, lines=False)
        work.outbox.add(canceled)
        return order


@dataclass(frozen=True, slots=True)
class CloseOrder:
    """Call an order delivered when no goods are left to ship. Raises NotFound, InvalidTransition."""

    right: ClassVar[Right] = Right.ORDERS_VALIDATE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: OrderId) -> Order:
        """Give the delivered order."""
        order = work.orders.get(request, lock=True)
        delivered = order.close()
        work.orders.save(order, lines=False)
        work.outbox.add(delivered)
        return order


class ListOrders(ListCase):
    """List orders, newest first."""

    __slots__ = ()
    right = Right.ORDERS_READ
    listing = ORDERS
