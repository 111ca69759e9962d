"""Inventories and counts on the wire."""

from pydantic import Field

from app.api.schemas.shared import Day, Flag, Id, In, Number, Out, QuantityIn, Text
from app.domain.shared.ids import InventoryId, LocationId, ProductId, WarehouseId
from app.domain.shared.money import plain
from app.domain.stock import Inventory, InventoryState
from app.usecases.stock import CountPart, CountRequest, CountTaken, InventoryDraft

BLIND = "Whether those who count are not told what is expected"
ZERO = "Whether what was not counted counts as missing; else it stays as it is"


class InventoryIn(In):
    """A session of counting: of a warehouse, of what is placed in one of its locations, or of named products."""

    warehouse_id: Id | None = Field(
        None, description="Id of the warehouse; left out: the company's default", examples=[1]
    )
    location_id: Id | None = Field(None, description="Id of a location: only what is placed there, or inside it")
    product_ids: list[Id] = Field(default_factory=list, description="Only these products", examples=[[3]])
    date: Day | None = Field(None, description="Legal date of the variances; left out: today", examples=["2026-11-21"])
    note: Text = Field("", max_length=200, description="Note", examples=["Year end"])
    blind: Flag = Field(default=False, description=BLIND)
    zero_uncounted: Flag = Field(default=False, description=ZERO)

    def to_domain(self) -> InventoryDraft:
        """Give the inventory asked for."""
        return InventoryDraft(
            warehouse_id=None if self.warehouse_id is None else WarehouseId(self.warehouse_id),
            location_id=None if self.location_id is None else LocationId(self.location_id),
            product_ids=tuple(ProductId(one) for one in self.product_ids),
            date=self.date,
            note=self.note,
            blind=self.blind,
            zero_uncounted=self.zero_uncounted,
        )


class InventoryOut(Out):
    """An inventory; its count sheet is ``/inventory-lines``."""

    id: int = Field(description="Id", examples=[6])
    ref: str = Field(description="Number; (PROV<id>) for a draft", examples=["IN2611-0001"])
    warehouse_id: int = Field(description="Id of the warehouse", examples=[1])
    location_id: int | None = Field(description="Id of the location it is about, if it is about one")
    date: Day = Field(description="Legal date of the variances", examples=["2026-11-21"])
    note: str = Field(description="Note")
    blind: bool = Field(description=BLIND)
    zero_uncounted: bool = Field(description=ZERO)
    status: InventoryState = Field(description="Where the inventory stands", examples=["draft"])
    value: Number | None = Field(
        description="How much the stock's value grew, in the company's currency; null until posted", examples=["-9.80"]
    )
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, inventory: Inventory, digits: int) -> "InventoryOut":
        """Show an inventory; ``digits`` are those of the company's currency."""
        return cls.model_construct(
            id=inventory.id,
            ref=inventory.ref,
            warehouse_id=inventory.warehouse_id,
            location_id=inventory.location_id,
            date=inventory.date,
            note=inventory.note,
            blind=inventory.blind,
            zero_uncounted=inventory.zero_uncounted,
            status=inventory.state,
            value=None if inventory.value is None else plain(inventory.value, digits),
            version=inventory.version,
        )


class CountLineIn(In):
    """What was counted of one product, or of one of its lots."""

    product_id: Id = Field(description="Id of the product", examples=[3])
    lot: Text | None = Field(
        None, min_length=1, max_length=60, description="Lot or serial number; only and always of a tracked product"
    )
    location_id: Id | None = Field(None, description="Id of the location, for what is not on the sheet yet")
    quantity: QuantityIn = Field(description="What is there", examples=["38"])

    def to_domain(self) -> CountPart:
        """Give the count."""
        return CountPart(
            product_id=ProductId(self.product_id),
            lot=self.lot,
            location_id=None if self.location_id is None else LocationId(self.location_id),
            quantity=self.quantity,
        )


class CountsIn(In):
    """Counts of an open inventory; the last count of a line stands, what nobody expected is added."""

    lines: list[CountLineIn] = Field(min_length=1, description="What was counted")

    def to_domain(self, inventory_id: int) -> CountRequest:
        """Give the counts."""
        return CountRequest(
            inventory_id=InventoryId(inventory_id), lines=tuple(line.to_domain() for line in self.lines)
        )


class CountedLineOut(Out):
    """A line that was counted."""

    position: int = Field(description="Position on the sheet, from 1", examples=[1])
    product_id: int = Field(description="Id of the product", examples=[3])
    lot_id: int | None = Field(description="Id of the lot")
    counted: Number = Field(description="What is there", examples=["38"])


class CountsOut(Out):
    """The lines counted."""

    inventory_id: int = Field(description="Id of the inventory", examples=[6])
    lines: list[CountedLineOut] = Field(description="Lines, as they were sent")

    @classmethod
    def of(cls, taken: CountTaken) -> "CountsOut":
        """Show what was counted."""
        lines = [
            CountedLineOut.model_construct(
                position=line.position,
                product_id=line.product_id,
                lot_id=line.lot_id,
                counted=plain(line.counted) if line.counted is not None else "",
            )
            for line in taken.lines
        ]
        return cls.model_construct(inventory_id=taken.inventory.id, lines=lines)
