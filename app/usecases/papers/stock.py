"""Papers of inventories: sheets to count by, and what was counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from app.domain.catalogue import Product
from app.domain.papers import CellKind, Column, Mark, Paper, PaperKind, Passage, Row, Table, Value
from app.domain.shared.ids import InventoryId, LotId, ProductId
from app.domain.shared.rights import Right
from app.domain.stock import Inventory, InventoryState, Lot, SheetLine, Warehouse
from app.usecases.context import Context
from app.usecases.papers.frame import Frame, day, facts, own_words, text
from app.usecases.papers.keeping import PaperRequest, PrintCase, Subject, Wanted
from app.usecases.ports.shared import Work

_MARKS: Final = {InventoryState.DRAFT: Mark.DRAFT, InventoryState.CANCELED: Mark.CANCELED}
_COLUMNS: Final = (
    Column(name="ref", kind=CellKind.TEXT, share=16),
    Column(name="description", kind=CellKind.TEXT, share=34),
    Column(name="lot", kind=CellKind.TEXT, share=14),
    Column(name="unit", kind=CellKind.TEXT, share=8),
    Column(name="expected", kind=CellKind.NUMBER, share=12),
    Column(name="counted", kind=CellKind.NUMBER, share=14),
    Column(name="variance", kind=CellKind.NUMBER, share=12),
    Column(name="remark", kind=CellKind.TEXT, share=18),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryFacts:
    """What a sheet is made of; ``location`` is the code of the one that is counted."""

    inventory: Inventory
    lines: Sequence[SheetLine]
    warehouse: Warehouse
    products: Mapping[ProductId, Product]
    lots: Mapping[LotId, Lot]
    location: str = ""


def inventory_paper(frame: Frame, given: InventoryFacts) -> Paper:
    """Describe a sheet: with an empty column to write in until it is posted; a blind one tells not what to expect."""
    inventory = given.inventory
    posted = inventory.state is InventoryState.POSTED
    hidden = {"remark"} if posted else {"variance"}
    if inventory.blind and not posted:
        hidden.add("expected")
    if not given.lots:
        hidden.add("lot")
    if not any(one.unit for one in given.products.values()):
        hidden.add("unit")
    kept = [at for at, column in enumerate(_COLUMNS) if column.name not in hidden]
    rows = [_row(given, line, kept) for line in given.lines]
    return Paper(
        kind=PaperKind.INVENTORY,
        ref="" if inventory.state is InventoryState.DRAFT else inventory.ref,
        locale=frame.locale,
        date=inventory.date,
        currency=frame.company.settings.currency,
        issuer=frame.issuer(),
        appearance=frame.appearance(),
        recipient=(),
        facts=facts(
            day("date", inventory.date),
            text("warehouse", f"{given.warehouse.ref} {given.warehouse.name}"),
            text("location", given.location),
        ),
        opening=own_words(inventory.note),
        tables=[Table(columns=[_COLUMNS[at] for at in kept], rows=rows)],
        closing=() if posted else (Passage(key="counted_by"),),
        mark=_MARKS.get(inventory.state),
    )


def _told(product: Product | None) -> tuple[str, str, str]:
    """Give its number, name and unit."""
    return ("", "", "") if product is None else (product.ref, product.name, product.unit or "")


def _row(given: InventoryFacts, line: SheetLine, kept: Sequence[int]) -> Row:
    ref, name, unit = _told(given.products.get(line.product_id))
    cells: tuple[Value, ...] = (
        ref,
        name,
        "" if line.lot_id is None else given.lots[line.lot_id].code,
        unit,
        line.expected,
        line.counted,
        line.variance,
        None,
    )
    return Row(cells=[cells[at] for at in kept])


class PrintInventory(PrintCase):
    """Describe an inventory's sheet as it is printed, to count by. Raises NotFound."""

    __slots__ = ()
    right: ClassVar[Right] = Right.STOCK_READ

    def execute(self, work: Work, context: Context, request: PaperRequest) -> Wanted:
        """Give the paper that was kept, or what it says."""
        inventory = work.inventories.get(InventoryId(request.id))
        subject = Subject(
            kind=PaperKind.INVENTORY,
            document=inventory.id,
            version=inventory.version,
            final=False,  # counting moves the lines, not the version
            name=inventory.ref,
        )

        def describe(frame: Frame) -> Paper:
            lines = work.inventories.lines(inventory.id)
            lots = {line.lot_id for line in lines if line.lot_id is not None}
            given = InventoryFacts(
                inventory=inventory,
                lines=lines,
                warehouse=work.warehouses.get(inventory.warehouse_id),
                products=work.products.of({line.product_id for line in lines}) if lines else {},
                lots=work.lots.of(lots) if lots else {},
                location="" if inventory.location_id is None else work.locations.get(inventory.location_id).code,
            )
            return inventory_paper(frame, given)

        return self.wanted(work, context, subject, request.locale, describe)
