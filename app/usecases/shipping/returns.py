"""What is done with goods that come back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from app.domain.catalogue import NotStocked, Product
from app.domain.sales import LineQuantity, Order
from app.domain.shared.dates import Day
from app.domain.shared.errors import DomainError, UnknownReference
from app.domain.shared.ids import PartyId, ProductId, ReturnId, ShipmentId, WarehouseId
from app.domain.shared.money import Price, Quantity
from app.domain.shared.rights import Right
from app.domain.shared.search import Searched
from app.domain.shared.series import SeriesKind
from app.domain.shipping import (
    NothingToReturn,
    Return,
    ReturnDeleted,
    ReturnLine,
    ReturnState,
    ScrapHasNoWarehouse,
    Shipment,
    Worth,
)
from app.domain.stock import Holding, LotsRequired, Movement, MovementKind, Occasion, Warehouse
from app.usecases.context import Context
from app.usecases.ports.listing import FieldKind, Found, ListField, Listing, Sort
from app.usecases.ports.shared import Clock, Work
from app.usecases.shared import ListCase, Numbering, Versioned, customer, warehouse
from app.usecases.shipping.shipments import places
from app.usecases.stock import Entry, record, restore, send_away, tracked

RETURNS = Listing(
    name="returns",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="ref", kind=FieldKind.TEXT, sortable=True),
        ListField(name="party_id", kind=FieldKind.ID),
        ListField(name="shipment_id", kind=FieldKind.ID, nullable=True),
        ListField(name="order_id", kind=FieldKind.ID, nullable=True),
        ListField(name="credit_note_id", kind=FieldKind.ID, nullable=True),
        ListField(name="date", kind=FieldKind.DATE, sortable=True),
        ListField(name="reason", kind=FieldKind.TEXT),
        ListField(name="status", kind=FieldKind.CHOICE, choices=tuple(ReturnState)),
    ),
    default_sort=(Sort(field="id", descending=True),),
    search=(Found(Searched.RETURN), Found(Searched.PARTY, "party_id")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnPart:
    """What comes back on one line: of the shipment's line at ``position``, or of a product.

    ``warehouse_id`` None is the return's, ``unit_cost`` None the average cost.
    """

    position: int | None = None
    product_id: ProductId | None = None
    quantity: Quantity
    warehouse_id: WarehouseId | None = None
    scrap: bool = False
    unit_cost: Price | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnDraft:
    """A return of a customer's goods as asked for: ``date`` None is today."""

    party_id: PartyId
    date: Day | None = None
    warehouse_id: WarehouseId | None = None
    reason: str
    lines: tuple[ReturnPart, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentReturnDraft:
    """A return of a shipment as asked for: ``lines`` None is all that has not come back yet.

    ``scrap`` is for all that names no warehouse.
    """

    shipment_id: ShipmentId
    date: Day | None = None
    warehouse_id: WarehouseId | None = None
    scrap: bool = False
    reason: str
    lines: tuple[ReturnPart, ...] | None = None


@dataclass(frozen=True, slots=True)
class CreateReturn:
    """Enter goods that a customer sends back as a draft, without saying what shipment they are of.

    Raises UnknownReference, NotACustomer, PartyArchived, NotStocked, NoWarehouse, WarehouseArchived,
    ScrapHasNoWarehouse, and what makes a return unsound.
    """

    clock: Clock
    right: ClassVar[Right] = Right.RETURNS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: ReturnDraft) -> Return:
        """Give the draft with its id."""
        party = customer(work, request.party_id)
        stocked(work, request.lines)
        where = warehouses_of(work, context, request.warehouse_id, request.lines)
        back = Return(
            party_id=party.id,
            date=request.date or self.clock.today(context.zone),
            reason=request.reason,
            lines=[
                ReturnLine(
                    position=position,
                    product_id=part.product_id or ProductId(0),
                    warehouse_id=place,
                    quantity=part.quantity,
                    unit_cost=part.unit_cost,
                )
                for position, (part, place) in enumerate(zip(request.lines, where, strict=True), 1)
            ],
        )
        return _enter(work, back)


@dataclass(frozen=True, slots=True)
class ReturnShipment:
    """Enter what comes back of a shipment as a draft; stock moves when it is validated.

    Raises NotFound, ShipmentNotSent, NothingToReturn, OverReturned, UnknownReference, NoWarehouse, WarehouseArchived,
    ScrapHasNoWarehouse, and what makes a return unsound.
    """

    clock: Clock
    right: ClassVar[Right] = Right.RETURNS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: ShipmentReturnDraft) -> Return:
        """Give the draft with its id."""
        shipment = work.shipments.get(request.shipment_id)
        if request.scrap and request.warehouse_id is not None:
            raise ScrapHasNoWarehouse(at=("scrap",))
        parts = _left(shipment, request) if request.lines is None else _named(request.lines, scrap=request.scrap)
        shipment.returnable([LineQuantity(position=part.position or 0, quantity=part.quantity) for part in parts])
        where = warehouses_of(work, context, request.warehouse_id, parts)
        lines: list[ReturnLine] = []
        for part, place in zip(parts, where, strict=True):
            line = shipment.line(part.position or 0)
            lines.append(
                ReturnLine(
                    position=len(lines) + 1,
                    shipment_position=line.position,
                    product_id=line.product_id,
                    warehouse_id=place,
                    quantity=part.quantity,
                )
            )
        back = Return(
            party_id=shipment.party_id,
            shipment_id=shipment.id,
            order_id=shipment.order_id,
            date=request.date or self.clock.today(context.zone),
            reason=request.reason,
            lines=lines,
        )
        return _enter(work, back)


def _enter(work: Work, back: Return) -> Return:
    back.check()
    work.returns.add(back)
    work.outbox.add(back.created())
    return back


def _left(shipment: Shipment, request: ShipmentReturnDraft) -> tuple[ReturnPart, ...]:
    """Give all that has not come back, each line to where it came from unless a warehouse is named."""
    shipment.returnable(())
    left = tuple(
        ReturnPart(
            position=line.position,
            quantity=line.to_return,
            warehouse_id=None if request.scrap or request.warehouse_id is not None else line.warehouse_id,
            scrap=request.scrap,
        )
        for line in shipment.lines
        if line.to_return
    )
    if not left:
        raise NothingToReturn(shipment=shipment.id)
    return left


def _named(parts: Sequence[ReturnPart], *, scrap: bool) -> Sequence[ReturnPart]:
    """Give the lines asked for; what the return scraps holds for those that name no warehouse."""
    return [replace(part, scrap=part.scrap or part.warehouse_id is None) for part in parts] if scrap else parts


def warehouses_of(
    work: Work, context: Context, usual: WarehouseId | None, parts: Sequence[ReturnPart]
) -> list[WarehouseId | None]:
    """Give where each part is put, None for scrap.

    Raises NoWarehouse, UnknownReference, WarehouseArchived, ScrapHasNoWarehouse with ``at``.
    """
    default: WarehouseId | None = None
    if usual is not None or any(part.warehouse_id is None and not part.scrap for part in parts):
        default = warehouse(work, context, usual).id
    found = work.warehouses.of({part.warehouse_id for part in parts if part.warehouse_id is not None} - {default})
    chosen: list[WarehouseId | None] = []
    for index, part in enumerate(parts):
        try:
            chosen.append(_put(part, default, found))
        except DomainError as error:
            raise error.within("lines", index) from None
    return chosen


def _put(part: ReturnPart, default: WarehouseId | None, found: Mapping[WarehouseId, Warehouse]) -> WarehouseId | None:
    named = part.warehouse_id
    if part.scrap:
        if named is not None or part.unit_cost is not None:
            raise ScrapHasNoWarehouse(at=("scrap",))
        return None
    if named is None or named == default:
        return default
    if named not in found:
        raise UnknownReference(at=("warehouse_id",), kind="warehouse", value=named)
    found[named].serves()
    return named


def stocked(work: Work, parts: Sequence[ReturnPart]) -> Mapping[ProductId, Product]:
    """Give the products of ``parts``, all of them goods. Raises UnknownReference, NotStocked with ``at``."""
    products = work.products.of({part.product_id for part in parts if part.product_id is not None})
    for index, part in enumerate(parts):
        at = ("lines", index, "product_id")
        product = None if part.product_id is None else products.get(part.product_id)
        if product is None:
            raise UnknownReference(at=at, kind="product", value=part.product_id)
        if not product.stocked:
            raise NotStocked(at=at, product=product.id)
    return products


@dataclass(frozen=True, slots=True)
class ReadReturn:
    """Show one return. Raises NotFound."""

    right: ClassVar[Right] = Right.RETURNS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: ReturnId) -> Return:
        """Give the return with its lines."""
        return work.returns.get(request)


@dataclass(frozen=True, slots=True)
class DeleteReturn:
    """Delete a draft. Raises NotFound, Stale, ReturnNotDraft."""

    right: ClassVar[Right] = Right.RETURNS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Versioned) -> None:
        """Remove the return."""
        back = work.returns.get(ReturnId(request.id), lock=True)
        request.matches(back.version)
        back.editable()
        work.returns.delete(back)
        work.outbox.add(ReturnDeleted(id=back.id))


@dataclass(frozen=True, slots=True)
class _Held:
    """A return locked with what it is of, in the written order."""

    order: Order | None
    shipment: Shipment | None
    back: Return

    @classmethod
    def of(cls, work: Work, request: ReturnId) -> _Held:
        """Lock order, shipment and return. Raises NotFound."""
        source = work.returns.source(request)
        order = None if source.order is None else work.orders.get(source.order, lock=True)
        shipment = None if source.shipment is None else work.shipments.get(source.shipment, lock=True)
        return cls(order, shipment, work.returns.get(request, lock=True))

    def of_order(self, sign: int) -> list[LineQuantity]:
        """Give what comes back of each line of the order, times ``sign``."""
        if self.shipment is None:
            return []
        return [
            LineQuantity(
                position=self.shipment.line(part.position).order_position, quantity=Quantity(sign * part.quantity)
            )
            for part in self.back.parts()
        ]

    def save(self, work: Work) -> None:
        """Store what order and shipment count."""
        if self.order is not None:
            work.orders.save_progress(self.order)
        if self.shipment is not None:
            work.shipments.save_returned(self.shipment)


@dataclass(frozen=True, slots=True)
class ValidateReturn:
    """Take the goods back: stock is credited for what they left with, shipment and order count them as returned.

    Goods of no shipment come in at the unit cost of their line, or at average cost. Raises NotFound, InvalidTransition,
    ShipmentNotSent, OverReturned, WarehouseArchived.
    """

    clock: Clock
    numbering: Numbering
    right: ClassVar[Right] = Right.RETURNS_VALIDATE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: ReturnId) -> Return:
        """Give the validated return."""
        held = _Held.of(work, request)
        back = held.back
        back.can_validate()
        worth = self._worth(work, held)
        if held.shipment is not None:
            held.shipment.take_back(back.parts())
        if held.order is not None:
            held.order.take_back(held.of_order(1))
        validated = back.validate(self.numbering.fast(work, context, SeriesKind.RETURN, back.date))
        self._credit(work, back, worth)
        held.save(work)
        work.returns.save(back, values=True)
        work.outbox.add(validated)
        return back

    def _worth(self, work: Work, held: _Held) -> dict[ProductId, Worth]:
        """Give what each product of the shipment left with, and what of it came back before."""
        worth: dict[ProductId, Worth] = {}
        if held.shipment is None:
            return worth
        for part in work.stock.gone(held.shipment.id):
            one = worth.setdefault(part.product, Worth())
            one.quantity += part.quantity
            one.value += part.value
        for line in held.shipment.lines:
            worth[line.product_id].returned += line.returned
        return worth

    def _credit(self, work: Work, back: Return, worth: Mapping[ProductId, Worth]) -> None:
        kept = [(line, line.warehouse_id) for line in back.lines if line.warehouse_id is not None]
        found = places(work, {place for _, place in kept})
        free = {line.product_id for line, _ in kept if back.shipment_id is None and line.unit_cost is None}
        products = work.products.of(free) if free else {}
        occasion = Occasion(
            kind=MovementKind.RETURN, on=back.date, at=self.clock.now(), reason=back.ref, return_id=back.id
        )
        holdings = work.stock.hold_all([(found[place], line.product_id) for line, place in kept]) if kept else {}
        movements = []
        for line in back.lines:
            value = worth[line.product_id].take(line.quantity) if back.shipment_id is not None else None
            if line.warehouse_id is None:
                continue
            holding = holdings[line.warehouse_id, line.product_id]
            if value is not None:
                movement = holding.take_back(line.quantity, value, occasion)
            else:
                movement = _receive(holding, line, products, occasion)
            line.value = movement.value
            movements.append(movement)
        if back.shipment_id is None:
            record(work, holdings.values(), self._unnamed(holdings.values(), movements))
        else:
            restore(work, holdings.values(), movements, back.shipment_id)

    def _unnamed(self, holdings: Iterable[Holding], movements: Sequence[Movement]) -> list[Entry]:
        """Pass only untracked products: nobody knows the lots of what was never sent. Raises LotsRequired."""
        for held in tracked(holdings):
            raise LotsRequired(at=("lines",), product=held.level.product)
        return [Entry(movement=movement) for movement in movements]


def _receive(holding: Holding, line: ReturnLine, products: Mapping[ProductId, Product], occasion: Occasion) -> Movement:
    """Put goods of no shipment in; a product that never had a cost enters at the one the catalogue knows."""
    fresh = holding.cost.average == 0 and holding.cost.quantity == 0 and line.product_id in products
    cost = products[line.product_id].cost_price if line.unit_cost is None and fresh else line.unit_cost
    return holding.receive(line.quantity, cost, occasion)


@dataclass(frozen=True, slots=True)
class CloseReturn:
    """Call a return done. Raises NotFound, InvalidTransition."""

    right: ClassVar[Right] = Right.RETURNS_VALIDATE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: ReturnId) -> Return:
        """Give the closed return."""
        back = work.returns.get(request, lock=True)
        closed = back.close()
        work.returns.save(back)
        work.outbox.add(closed)
        return back


@dataclass(frozen=True, slots=True)
class CancelReturn:
    """Call a return off: what it had put into stock is taken out again, at average cost.

    Raises NotFound, InvalidTransition, NotEnoughStock, WarehouseArchived.
    """

    clock: Clock
    right: ClassVar[Right] = Right.RETURNS_VALIDATE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: ReturnId) -> Return:
        """Give the canceled return."""
        held = _Held.of(work, request)
        back = held.back
        came = back.state is ReturnState.VALIDATED
        canceled = back.cancel()
        if came:
            if held.shipment is not None:
                held.shipment.send_again(back.parts())
            if held.order is not None:
                held.order.take_back(held.of_order(-1))
            self._debit(work, context, back)
            held.save(work)
        work.returns.save(back)
        work.outbox.add(canceled)
        return back

    def _debit(self, work: Work, context: Context, back: Return) -> None:
        kept = [(line, line.warehouse_id) for line in back.lines if line.warehouse_id is not None]
        if not kept:
            return
        found = places(work, {place for _, place in kept})
        occasion = Occasion(
            kind=MovementKind.RETURN_CANCEL,
            on=self.clock.today(context.zone),
            at=self.clock.now(),
            reason=back.ref,
            return_id=back.id,
        )
        holdings = work.stock.hold_all([(found[place], line.product_id) for line, place in kept])
        movements = [holdings[place, line.product_id].debit(line.quantity, occasion) for line, place in kept]
        send_away(work, holdings.values(), movements, back.id)


class ListReturns(ListCase):
    """List returns, newest first."""

    __slots__ = ()
    right = Right.RETURNS_READ
    listing = RETURNS
