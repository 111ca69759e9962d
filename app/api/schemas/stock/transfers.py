"""Transfers between warehouses on the wire."""

from pydantic import Field

from app.api.schemas.shared import Day, Id, In, Number, Out, QuantityIn, Text
from app.api.schemas.stock.lots import NamedLotIn
from app.domain.shared.ids import ProductId, WarehouseId
from app.domain.shared.money import plain
from app.domain.stock import Transfer
from app.usecases.stock import TransferDraft, TransferPart


class TransferLineIn(In):
    """So much of one product."""

    product_id: Id = Field(description="Id of the product", examples=[3])
    quantity: QuantityIn = Field(description="Quantity, above zero", examples=["5"])
    lots: list[NamedLotIn] = Field(
        default_factory=list, description="Lots of a tracked product; none: those that expire first"
    )

    def to_domain(self) -> TransferPart:
        """Give the line."""
        lots = tuple(lot.to_domain() for lot in self.lots)
        return TransferPart(product_id=ProductId(self.product_id), quantity=self.quantity, lots=lots)


class TransferIn(In):
    """Goods that go from one warehouse to another, all at once."""

    from_warehouse_id: Id = Field(description="Id of the warehouse they leave", examples=[1])
    to_warehouse_id: Id = Field(description="Id of the warehouse they come to", examples=[2])
    date: Day | None = Field(None, description="Legal date; left out: today", examples=["2026-11-21"])
    reason: Text = Field("", max_length=200, description="Why", examples=["shop window"])
    lines: list[TransferLineIn] = Field(min_length=1, description="What goes, each product once")

    def to_domain(self) -> TransferDraft:
        """Give the transfer asked for."""
        return TransferDraft(
            from_warehouse_id=WarehouseId(self.from_warehouse_id),
            to_warehouse_id=WarehouseId(self.to_warehouse_id),
            date=self.date,
            reason=self.reason,
            lines=tuple(line.to_domain() for line in self.lines),
        )


class TransferLineOut(Out):
    """So much of one product, and what it took along."""

    position: int = Field(description="Place in the transfer, from 1", examples=[1])
    product_id: int = Field(description="Id of the product", examples=[3])
    quantity: Number = Field(description="Quantity", examples=["5"])
    value: Number = Field(description="Value at average cost, in the company's currency", examples=["49"])


class TransferOut(Out):
    """A transfer; its movements are found by ``transfer_id``."""

    id: int = Field(description="Id", examples=[9])
    ref: str = Field(description="Number", examples=["TR2611-0001"])
    from_warehouse_id: int = Field(description="Id of the warehouse they left", examples=[1])
    to_warehouse_id: int = Field(description="Id of the warehouse they came to", examples=[2])
    date: Day = Field(description="Legal date", examples=["2026-11-21"])
    reason: str = Field(description="Why")
    value: Number = Field(description="Value of all lines, in the company's currency", examples=["49"])
    lines: list[TransferLineOut] = Field(description="What went")
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, transfer: Transfer, digits: int) -> "TransferOut":
        """Show a transfer; ``digits`` are those of the company's currency."""
        return cls.model_construct(
            id=transfer.id,
            ref=transfer.ref,
            from_warehouse_id=transfer.from_warehouse_id,
            to_warehouse_id=transfer.to_warehouse_id,
            date=transfer.date,
            reason=transfer.reason,
            value=plain(transfer.value, digits),
            lines=[
                TransferLineOut.model_construct(
                    position=line.position,
                    product_id=line.product_id,
                    quantity=plain(line.quantity),
                    value=plain(line.value, digits),
                )
                for line in transfer.lines
            ],
            version=transfer.version,
        )
