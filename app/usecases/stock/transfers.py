"""What is done with transfers between warehouses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from app.domain.catalogue import NotStocked
from app.domain.shared.dates import Day
from app.domain.shared.errors import DomainError, UnknownReference
from app.domain.shared.ids import ProductId, TransferId, WarehouseId
from app.domain.shared.money import Quantity
from app.domain.shared.rights import Right
from app.domain.shared.series import SeriesKind
from app.domain.stock import (
    LotPart,
    LotsNotTracked,
    MovementKind,
    Occasion,
    Transfer,
    TransferLine,
    Warehouse,
)
from app.usecases.context import Context
from app.usecases.ports.listing import FieldKind, ListField, Listing, Sort
from app.usecases.ports.shared import Clock, Work
from app.usecases.shared import ListCase, Numbering, warehouse
from app.usecases.stock.recording import Entry, record, shelves_of

TRANSFERS = Listing(
    name="stock-transfers",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="ref", kind=FieldKind.TEXT, sortable=True),
        ListField(name="from_warehouse_id", kind=FieldKind.ID),
        ListField(name="to_warehouse_id", kind=FieldKind.ID),
        ListField(name="date", kind=FieldKind.DATE, sortable=True),
        ListField(name="reason", kind=FieldKind.TEXT),
        ListField(name="value", kind=FieldKind.AMOUNT),
    ),
    default_sort=(Sort(field="id", descending=True),),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferPart:
    """So much of one product, of the lots named if any."""

    product_id: ProductId
    quantity: Quantity
    lots: tuple[LotPart, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferDraft:
    """A transfer as asked for; ``date`` None is today."""

    from_warehouse_id: WarehouseId
    to_warehouse_id: WarehouseId
    date: Day | None = None
    reason: str = ""
    lines: tuple[TransferPart, ...]


@dataclass(frozen=True, slots=True)
class TransferStock:
    """Move goods from one warehouse to another at one value, all lines or none.

    Raises UnknownReference, NotStocked, NotEnoughStock, SameWarehouse, TransferredTwice, NoLines, WarehouseArchived,
    and as lots do.
    """

    clock: Clock
    numbering: Numbering
    right: ClassVar[Right] = Right.STOCK_MOVE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: TransferDraft) -> Transfer:
        """Give the transfer with its number."""
        on = request.date or self.clock.today(context.zone)
        transfer = Transfer(
            ref="",
            from_warehouse_id=request.from_warehouse_id,
            to_warehouse_id=request.to_warehouse_id,
            date=on,
            reason=request.reason,
            lines=[
                TransferLine(position=at, product_id=part.product_id, quantity=part.quantity, lots=part.lots)
                for at, part in enumerate(request.lines, 1)
            ],
        )
        transfer.check()
        places = [
            _place(work, context, getattr(transfer, name), name) for name in ("from_warehouse_id", "to_warehouse_id")
        ]
        self._check(work, transfer)
        transfer.ref = self.numbering.fast(work, context, SeriesKind.STOCK_TRANSFER, on)
        self._move(work, transfer, places)
        work.outbox.add(transfer.done())
        return transfer

    def _check(self, work: Work, transfer: Transfer) -> None:
        known = work.products.of({line.product_id for line in transfer.lines})
        for index, line in enumerate(transfer.lines):
            product = known.get(line.product_id)
            at = ("lines", index, "product_id")
            if product is None:
                raise UnknownReference(at=at, kind="product", value=line.product_id)
            if not product.stocked:
                raise NotStocked(at=at, product=product.id)

    def _move(self, work: Work, transfer: Transfer, places: Sequence[Warehouse]) -> None:
        source, target = (place.id for place in places)
        products = {line.product_id for line in transfer.lines}
        held = work.stock.hold_all([(place, product) for place in places for product in products])
        shelves = shelves_of(work, held.values(), {line.product_id: line.lots for line in transfer.lines})
        occasion = Occasion(
            kind=MovementKind.TRANSFER, on=transfer.date, at=self.clock.now(), reason=transfer.reason or transfer.ref
        )
        entries = []
        for index, line in enumerate(transfer.lines):
            product = line.product_id
            try:
                out, into = held[source, product].hand_over(held[target, product], line.quantity, occasion)
                went = []
                if (source, product) in shelves:
                    went = shelves[source, product].take(line.quantity, line.lots, transfer.date, any_lot=True)
                elif line.lots:
                    raise LotsNotTracked(at=("lots",), product=product)
            except DomainError as error:
                raise error.within("lines", index) from None
            line.value = into.value
            came = shelves[target, product].accept(went) if went else []
            entries += [Entry(movement=out, lots=went), Entry(movement=into, lots=came)]
        work.transfers.add(transfer)
        told = [replace(one, movement=replace(one.movement, transfer=transfer.id)) for one in entries]
        record(work, held.values(), told, shelves.values())


def _place(work: Work, context: Context, wanted: WarehouseId, name: str) -> Warehouse:
    try:
        return warehouse(work, context, wanted)
    except DomainError as error:
        error.at = (name,)
        raise


@dataclass(frozen=True, slots=True)
class ReadTransfer:
    """Show one transfer. Raises NotFound."""

    right: ClassVar[Right] = Right.STOCK_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: TransferId) -> Transfer:
        """Give the transfer with its lines."""
        return work.transfers.get(request)


class ListTransfers(ListCase):
    """List transfers, newest first."""

    __slots__ = ()
    right = Right.STOCK_READ
    listing = TRANSFERS
