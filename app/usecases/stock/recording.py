"""How every movement of stock is written: levels, costs, the ledger, lots, and who hears of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from app.domain.shared.errors import DomainError
from app.domain.shared.ids import LotId, MovementId, ProductId, ReturnId, ShipmentId, WarehouseId
from app.domain.shared.money import Quantity, quantity
from app.domain.shared.tracking import Tracking
from app.domain.stock import ZERO, Holding, Lot, LotMoved, LotPart, LotsRequired, Movement, Shelf, first_out
from app.usecases.ports.shared import Work
from app.usecases.ports.stock import LotAway
from app.usecases.stock.posting import post

Named = Mapping[ProductId, Sequence[LotPart]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A movement to be written, and what it did to lots."""

    movement: Movement
    lots: Sequence[LotMoved] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """Movements as they were written, with their lots by movement."""

    movements: Sequence[Movement]
    lots: Mapping[MovementId, Sequence[LotMoved]] = field(default_factory=dict)


def record(
    work: Work, holdings: Collection[Holding], entries: Sequence[Entry], shelves: Iterable[Shelf] = ()
) -> Written:
    """Store what held stock became and its movements, and tell of them; lots cost only where there are any."""
    held = {(one.level.warehouse, one.level.product): one for one in holdings}
    written = post(work, held.values(), [entry.movement for entry in entries])
    lots = {one.id: entry.lots for one, entry in zip(written, entries, strict=True) if entry.lots}
    if lots:
        work.lots.save_shelves(shelves, lots)
    for movement in written:
        fell = held[movement.warehouse, movement.product].fell(movement)
        if fell is not None:
            work.outbox.add(fell)
    return Written(written, lots)


def issue(
    work: Work, holdings: Collection[Holding], movements: Sequence[Movement], named: Named | None = None
) -> Written:
    """Write what leaves: of tracked products the lots named, else those that expire first.

    Raises LotUnusable, LotShort, LotsDiffer, NotEnoughInLots, SerialNotOne.
    """
    shelves = shelves_of(work, holdings, named or {})
    entries = []
    for movement in movements:
        shelf = shelves.get((movement.warehouse, movement.product))
        parts = (named or {}).get(movement.product, ())
        lots = [] if shelf is None else shelf.take(Quantity(-movement.quantity), parts, movement.on)
        entries.append(Entry(movement=movement, lots=lots))
    return record(work, holdings, entries, shelves.values())


def restore(work: Work, holdings: Collection[Holding], movements: Sequence[Movement], shipment: ShipmentId) -> Written:
    """Write what a shipment sent and comes back: of tracked products the lots that left, into the warehouse they left.

    Raises LotsRequired, SerialInStock.
    """
    away = _Moved.of(work.lots.away(shipment) if tracked(holdings) else ())
    shelves = shelves_of(work, holdings, away.serials(holdings))
    entries = []
    for movement in movements:
        shelf = shelves.get((movement.warehouse, movement.product))
        lots = [] if shelf is None else shelf.take_back(away.take(movement, movement.quantity))
        entries.append(Entry(movement=movement, lots=lots))
    return record(work, holdings, entries, shelves.values())


def send_away(work: Work, holdings: Collection[Holding], movements: Sequence[Movement], back: ReturnId) -> Written:
    """Write what a return had put into stock and leaves again: of tracked products the same lots. Raises LotShort."""
    shelves = shelves_of(work, holdings, {})
    found = work.lots.came(back) if shelves else ()
    came = _Moved.of(replace(one, quantity=Quantity(-one.quantity)) for one in found)
    entries = []
    for movement in movements:
        shelf = shelves.get((movement.warehouse, movement.product))
        lots: Sequence[LotMoved] = ()
        if shelf is not None:
            wanted = Quantity(-movement.quantity)
            parts = [
                LotPart(code=one.lot.code, quantity=Quantity(-one.quantity)) for one in came.take(movement, wanted)
            ]
            lots = shelf.take(wanted, parts, movement.on, any_lot=True)
        entries.append(Entry(movement=movement, lots=lots))
    return record(work, holdings, entries, shelves.values())


@dataclass(slots=True)
class _Moved:
    """What a document did to lots, in the order in which they expire, and how much of it is not undone yet.

    ``left`` is what is left of each lot over all warehouses, ``where`` what of it each warehouse gave or got.
    """

    lots: dict[LotId, Lot] = field(default_factory=dict)
    left: dict[LotId, Decimal] = field(default_factory=dict)
    where: dict[tuple[WarehouseId, LotId], Decimal] = field(default_factory=dict)

    @classmethod
    def of(cls, found: Iterable[LotAway]) -> _Moved:
        made = cls()
        for one in sorted(found, key=lambda each: first_out(each.lot)):
            made.lots[one.lot.id] = one.lot
            made.left[one.lot.id] = made.left.get(one.lot.id, ZERO) + one.quantity
            made.where[one.warehouse, one.lot.id] = one.quantity
        return made

    def serials(self, holdings: Iterable[Holding]) -> Named:
        """Name the pieces with serial numbers, for which it matters where else they are."""
        serial = {held.cost.product for held in holdings if held.cost.tracking is Tracking.SERIAL}
        named: dict[ProductId, list[LotPart]] = {}
        for lot in self.lots.values():
            if lot.product_id in serial:
                named.setdefault(lot.product_id, []).append(
                    LotPart(code=lot.code, quantity=Quantity(self.left[lot.id]))
                )
        return named

    def take(self, movement: Movement, wanted: Quantity) -> list[LotMoved]:
        """Give so much of the lots of a movement's product, below zero; first those that its warehouse gave.

        Raises LotsRequired when there is not so much.
        """
        mine = [lot for lot in self.lots.values() if lot.product_id == movement.product]
        taken: dict[LotId, Decimal] = {}
        missing: Decimal = wanted
        for its_own in (True, False):
            for lot in mine:
                here = (movement.warehouse, lot.id)
                there = self.where.get(here, ZERO)
                portion = min(missing, self.left[lot.id], there if its_own else missing)
                if portion > 0:
                    taken[lot.id] = taken.get(lot.id, ZERO) + portion
                    self.left[lot.id] -= portion
                    self.where[here] = there - portion
                    missing -= portion
        if missing:
            raise LotsRequired(at=("lines",), product=movement.product)
        return [LotMoved(lot=self.lots[key], quantity=quantity(-portion)) for key, portion in taken.items()]


def tracked(holdings: Iterable[Holding]) -> list[Holding]:
    """Give those of held products whose lots are known."""
    return [held for held in holdings if held.cost.tracking is not Tracking.NONE]


def shelves_of(
    work: Work, holdings: Collection[Holding], named: Named, *, meet: bool = False
) -> Mapping[tuple[WarehouseId, ProductId], Shelf]:
    """Give the lots of held tracked products, those named among them; no statement when there is no such product.

    ``meet`` enters lots that nobody knew. Raises LotDatesDiffer, Required, LotDatesBackwards.
    """
    found = tracked(holdings)
    if not found:
        return {}
    codes = {product: {part.code for part in parts} for product, parts in named.items()}
    shelves = work.lots.shelves(found, codes)
    if meet:
        for shelf in shelves.values():
            _meet(work, shelf, named.get(shelf.product, ()))
    return shelves


def _meet(work: Work, shelf: Shelf, parts: Sequence[LotPart]) -> None:
    known = shelf.by_code()
    new = []
    for index, part in enumerate(parts):
        if part.code not in known:
            new.append(new_lot(shelf.product, part, index))
        else:
            known[part.code].agrees(part, ("lots", index))
    for lot in enter(work, new):
        shelf.lots[lot.id] = lot


def new_lot(product: ProductId, part: LotPart, index: int) -> Lot:
    """Make a lot met for the first time. Raises Required, LotDatesBackwards with ``at`` within the part."""
    try:
        return Lot(product_id=product, code=part.code, expires_on=part.expires_on, made_on=part.made_on)
    except DomainError as error:
        raise error.within("lots", index) from None


def enter(work: Work, new: Sequence[Lot]) -> Sequence[Lot]:
    """Store lots met for the first time and tell of them."""
    different = list({(lot.product_id, lot.code): lot for lot in new}.values())
    if different:
        work.lots.add_many(different)
        for lot in different:
            work.outbox.add(lot.created())
    return different
