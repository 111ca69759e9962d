"""How every movement of stock is written: levels, costs, the ledger, lots, and who hears of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

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
    """Write what a shipment sent and comes back: of tracked products the lots that left. Raises LotsRequired."""
    shelves = shelves_of(work, holdings, {})
    away = _Away.of(work.lots.away(shipment)) if shelves else _Away({})
    entries = []
    for movement in movements:
        shelf = shelves.get((movement.warehouse, movement.product))
        lots = [] if shelf is None else shelf.accept(away.take(movement.product, movement.quantity))
        entries.append(Entry(movement=movement, lots=lots))
    return record(work, holdings, entries, shelves.values())


def send_away(work: Work, holdings: Collection[Holding], movements: Sequence[Movement], back: ReturnId) -> Written:
    """Write what a return had put into stock and leaves again: of tracked products the same lots. Raises LotShort."""
    shelves = shelves_of(work, holdings, {})
    came = work.lots.came(back) if shelves else ()
    entries = []
    for movement in movements:
        shelf = shelves.get((movement.warehouse, movement.product))
        lots: Sequence[LotMoved] = ()
        if shelf is not None:
            mine = [one for one in came if (one.warehouse, one.lot.product_id) == (shelf.warehouse, shelf.product)]
            parts = [LotPart(code=one.lot.code, quantity=Quantity(-one.quantity)) for one in mine]
            lots = shelf.take(Quantity(-movement.quantity), parts, movement.on, any_lot=True)
        entries.append(Entry(movement=movement, lots=lots))
    return record(work, holdings, entries, shelves.values())


@dataclass(slots=True)
class _Away:
    """The lots that are away, by product, in the order in which they expire."""

    left: dict[ProductId, dict[LotId, tuple[Lot, Quantity]]]

    @classmethod
    def of(cls, found: Iterable[LotAway]) -> _Away:
        left: dict[ProductId, dict[LotId, tuple[Lot, Quantity]]] = {}
        for one in sorted(found, key=lambda each: first_out(each.lot)):
            mine = left.setdefault(one.lot.product_id, {})
            before = mine[one.lot.id][1] if one.lot.id in mine else ZERO
            mine[one.lot.id] = (one.lot, quantity(before + one.quantity))
        return cls(left)

    def take(self, product: ProductId, wanted: Quantity) -> list[LotMoved]:
        """Give so much of the lots that are away, as they left. Raises LotsRequired when there is not so much."""
        taken, mine = [], self.left.get(product, {})
        for key, (lot, there) in mine.items():
            portion = quantity(min(wanted, there))
            if portion > 0:
                taken.append(LotMoved(lot=lot, quantity=quantity(-portion)))
                mine[key], wanted = (lot, quantity(there - portion)), quantity(wanted - portion)
        if wanted:
            raise LotsRequired(at=("lines",), product=product)
        return taken


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
