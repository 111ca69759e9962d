"""Lots and serial numbers: which pieces of a tracked product are where, and which of them go first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import ClassVar

from app.domain.shared.errors import Conflict, Invalid, Required
from app.domain.shared.events import Event
from app.domain.shared.ids import LotId, ProductId, WarehouseId
from app.domain.shared.money import Quantity, quantity
from app.domain.shared.tracking import Tracking
from app.domain.stock.movements import ZERO


class LotsRequired(Invalid):
    """Stock of a tracked product comes in by named lots, and is counted by them."""

    code = "stock.lots_required"


class LotsNotTracked(Invalid):
    """The product's stock is not known by lots."""

    code = "stock.lots_not_tracked"


class LotsDiffer(Invalid):
    """The quantities of the lots do not add up to the quantity moved."""

    code = "stock.lots_differ"


class LotTwice(Invalid):
    """One lot is named twice."""

    code = "stock.lot_twice"


class LotQuantityNotPositive(Invalid):
    """The quantity of a lot must be above zero."""

    code = "stock.lot_quantity_not_positive"


class SerialNotOne(Invalid):
    """A serial number stands for exactly one piece."""

    code = "stock.serial_not_one"


class SerialInStock(Conflict):
    """The piece with this serial number is in stock already."""

    code = "stock.serial_in_stock"


class LotUnusable(Conflict):
    """The lot is blocked or past its expiry date."""

    code = "stock.lot_unusable"


class LotShort(Conflict):
    """There is less of the lot than is to leave."""

    code = "stock.lot_short"


class NotEnoughInLots(Conflict):
    """There is enough in stock, but too much of it is blocked or expired."""

    code = "stock.not_enough_in_lots"


class LotDatesDiffer(Conflict):
    """The lot is known with another date."""

    code = "stock.lot_dates_differ"


class LotDatesBackwards(Invalid):
    """The lot expires before it was made."""

    code = "stock.lot_dates_backwards"


class TrackingInUse(Conflict):
    """How a product is tracked can change only while none of it is in stock."""

    code = "stock.tracking_in_use"


@dataclass(frozen=True, slots=True, kw_only=True)
class LotCreated(Event):
    """A lot was met for the first time."""

    name: ClassVar[str] = "stock.lot_created"
    aggregate: ClassVar[str] = "lot"
    id: LotId
    product: ProductId
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LotChanged(Event):
    """Some fields of a lot were changed; a blocked lot leaves no more."""

    name: ClassVar[str] = "stock.lot_changed"
    aggregate: ClassVar[str] = "lot"
    id: LotId
    fields: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Lot:
    """Pieces of one product that were made alike, or one piece with its serial number. ``code`` is the product's own.

    ``expires_on`` is the last day on which it may leave.
    """

    id: LotId = LotId(0)
    product_id: ProductId
    code: str
    expires_on: date | None = None
    made_on: date | None = None
    blocked: bool = False
    version: int = 0

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Pass only a sound lot. Raises Required, LotDatesBackwards."""
        if not self.code.strip():
            raise Required(at=("code",))
        if self.expires_on is not None and self.made_on is not None and self.expires_on < self.made_on:
            raise LotDatesBackwards(at=("expires_on",), made_on=self.made_on, expires_on=self.expires_on)

    def created(self) -> LotCreated:
        """Give the event of its entry, once it has an id."""
        return LotCreated(id=self.id, product=self.product_id, code=self.code)

    def change(self, changes: Mapping[str, object]) -> LotChanged | None:
        """Set the named fields; None when nothing differs. Raises as ``check`` does."""
        changed = tuple(name for name, value in changes.items() if getattr(self, name) != value)
        for name in changed:
            setattr(self, name, changes[name])
        self.check()
        return LotChanged(id=self.id, fields=changed) if changed else None

    def leaves(self, on: date) -> bool:
        """Tell whether it may go to a customer on a day."""
        return not self.blocked and (self.expires_on is None or on <= self.expires_on)

    def agrees(self, part: LotPart, at: tuple[str | int, ...] = ()) -> None:
        """Pass only dates that are those known; what is not said agrees. Raises LotDatesDiffer."""
        for name in ("expires_on", "made_on"):
            said, known = getattr(part, name), getattr(self, name)
            if said is not None and said != known:
                raise LotDatesDiffer(at=(*at, name), lot=self.code, known=known)


@dataclass(frozen=True, slots=True, kw_only=True)
class LotPart:
    """So much of one lot, by its code; the dates are those of a lot that comes for the first time."""

    code: str
    quantity: Quantity
    expires_on: date | None = None
    made_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LotMoved:
    """What one movement did to one lot, signed as the movement."""

    lot: Lot
    quantity: Quantity


@dataclass(slots=True, kw_only=True)
class Shelf:
    """The lots of one tracked product in one warehouse, held with its level, which is their sum.

    ``lots`` has those that are here and those that were named, ``here`` how much of each, ``anywhere`` how much of
    each serial number is in all warehouses.
    """

    warehouse: WarehouseId
    product: ProductId
    tracking: Tracking
    lots: dict[LotId, Lot] = field(default_factory=dict)
    here: dict[LotId, Quantity] = field(default_factory=dict)
    anywhere: dict[LotId, Quantity] = field(default_factory=dict)
    stored: dict[LotId, Quantity] = field(default_factory=dict)

    def by_code(self) -> dict[str, Lot]:
        """Give the lots that are here or were named, by their codes."""
        return {lot.code: lot for lot in self.lots.values()}

    def take(self, taken: Quantity, named: Sequence[LotPart], on: date, *, any_lot: bool = False) -> list[LotMoved]:
        """Take ``taken`` out: what is named, else what expires first, then the oldest.

        ``any_lot`` lets blocked and expired lots go when they are named: they may be put elsewhere. Raises LotsDiffer,
        LotUnusable, LotShort, NotEnoughInLots, SerialNotOne.
        """
        if not named:
            return self._take_first_out(taken, on)
        self._adds_up(taken, named)
        known = self.by_code()
        return [
            self._take_named(index, part, known.get(part.code), None if any_lot else on)
            for index, part in enumerate(named)
        ]

    def _take_first_out(self, taken: Quantity, on: date) -> list[LotMoved]:
        left: Decimal = taken
        moved = []
        for lot in sorted(self.lots.values(), key=first_out):
            portion = min(left, self.here.get(lot.id, Quantity(ZERO)))
            if portion > 0 and lot.leaves(on):
                moved.append(self._move(lot, quantity(-portion)))
                left -= portion
            if not left:
                return moved
        raise NotEnoughInLots(at=("quantity",), product=self.product, wanted=taken, usable=quantity(taken - left))

    def put(self, received: Quantity, named: Sequence[LotPart]) -> list[LotMoved]:
        """Put ``received`` in as the lots named. Raises LotsRequired, LotsDiffer, SerialInStock."""
        if not named:
            raise LotsRequired(at=("lots",), product=self.product)
        self._adds_up(received, named)
        moved, known = [], self.by_code()
        for index, part in enumerate(named):
            lot = _known(known, index, part)
            if self.tracking is Tracking.SERIAL and self.anywhere.get(lot.id, Quantity(ZERO)) > 0:
                raise SerialInStock(at=("lots", index, "code"), serial=lot.code)
            moved.append(self._move(lot, part.quantity))
        return moved

    def count(self, counted: Quantity, named: Sequence[LotPart]) -> list[LotMoved]:
        """Set every lot to what was counted, nothing for one that is not named; give only what differed.

        Raises LotsRequired, LotsDiffer, SerialInStock.
        """
        if counted and not named:
            raise LotsRequired(at=("lots",), product=self.product)
        self._adds_up(counted, named)
        known = self.by_code()
        found = {_known(known, index, part).id: part.quantity for index, part in enumerate(named)}
        moved = []
        for lot in sorted(self.lots.values(), key=first_out):
            difference = found.get(lot.id, ZERO) - self.here.get(lot.id, ZERO)
            moved += self.adjust(lot, quantity(difference))
        return moved

    def adjust(self, lot: Lot, difference: Quantity) -> list[LotMoved]:
        """Move one lot by what a count of it differed. Raises LotShort, SerialInStock."""
        if not difference:
            return []
        here = self.here.get(lot.id, ZERO)
        if here + difference < 0:
            raise LotShort(at=("lots",), lot=lot.code, wanted=quantity(-difference), available=here)
        if self.tracking is Tracking.SERIAL and self.anywhere.get(lot.id, here) + difference > 1:
            raise SerialInStock(at=("lots",), serial=lot.code)
        return [self._move(lot, difference)]

    def accept(self, moved: Sequence[LotMoved]) -> list[LotMoved]:
        """Put in what left another shelf."""
        for one in moved:
            self.lots.setdefault(one.lot.id, one.lot)
        return [self._move(one.lot, quantity(-one.quantity)) for one in moved]

    def take_back(self, moved: Sequence[LotMoved]) -> list[LotMoved]:
        """Put in what left with a document. Raises SerialInStock for a piece that came again meanwhile."""
        for one in moved:
            if self.tracking is Tracking.SERIAL and self.anywhere.get(one.lot.id, ZERO) > 0:
                raise SerialInStock(at=("lines",), serial=one.lot.code)
        return self.accept(moved)

    def _take_named(self, index: int, part: LotPart, lot: Lot | None, on: date | None) -> LotMoved:
        here = ZERO if lot is None else self.here.get(lot.id, ZERO)
        if lot is None or part.quantity > here:
            raise LotShort(at=("lots", index, "quantity"), lot=part.code, wanted=part.quantity, available=here)
        if on is not None and not lot.leaves(on):
            raise LotUnusable(at=("lots", index, "code"), lot=lot.code, expires_on=lot.expires_on, blocked=lot.blocked)
        return self._move(lot, quantity(-part.quantity))

    def _move(self, lot: Lot, moved: Quantity) -> LotMoved:
        self.here[lot.id] = quantity(self.here.get(lot.id, ZERO) + moved)
        return LotMoved(lot=lot, quantity=moved)

    def _adds_up(self, whole: Quantity, named: Sequence[LotPart]) -> None:
        check_parts(named, serial=self.tracking is Tracking.SERIAL)
        total = sum((part.quantity for part in named), ZERO)
        if total != whole:
            raise LotsDiffer(at=("lots",), quantity=whole, lots=total)


def check_parts(named: Sequence[LotPart], *, serial: bool) -> None:
    """Pass only parts above zero of different lots. Raises LotTwice, LotQuantityNotPositive, SerialNotOne."""
    seen: set[str] = set()
    for index, part in enumerate(named):
        if part.code in seen:
            raise LotTwice(at=("lots", index, "code"), lot=part.code)
        seen.add(part.code)
        if part.quantity <= 0:
            raise LotQuantityNotPositive(at=("lots", index, "quantity"), value=part.quantity)
        if serial and part.quantity != 1:
            raise SerialNotOne(at=("lots", index, "quantity"), value=part.quantity)


def _known(lots: Mapping[str, Lot], index: int, part: LotPart) -> Lot:
    if part.code not in lots:
        raise LotShort(at=("lots", index, "code"), lot=part.code, wanted=part.quantity, available=ZERO)
    return lots[part.code]


def first_out(lot: Lot) -> tuple[bool, date, LotId]:
    """Order lots as they leave: what expires first, what never does last, then by age."""
    return (lot.expires_on is None, lot.expires_on or date.max, lot.id)
