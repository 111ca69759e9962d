"""Returns on the wire."""

from pydantic import Field

from app.api.schemas.shared import Day, Flag, Id, In, Number, Out, PriceIn, QuantityIn, Text, Whole
from app.domain.shared.ids import PartyId, ProductId, ShipmentId, WarehouseId
from app.domain.shared.money import plain
from app.domain.shipping import Return, ReturnState
from app.usecases.shipping import ReturnDraft, ReturnPart, ShipmentReturnDraft

DATE = "Legal date; left out: today"
REASON = "Why the goods come back"
SCRAP = "Whether it is thrown away instead of put into stock"


class ReturnedIn(In):
    """What lines of a return share: how much, and where it is put."""

    quantity: QuantityIn = Field(description="Quantity, above zero", examples=["1"])
    warehouse_id: Id | None = Field(
        None, description="Id of the warehouse it is put into; left out: the return's", examples=[1]
    )
    scrap: Flag = Field(default=False, description=SCRAP)


class ReturnLineIn(ReturnedIn):
    """So much of one product, of no known shipment."""

    product_id: Id = Field(description="Id of the product", examples=[3])
    unit_cost: PriceIn | None = Field(
        None, description="What one is worth in the company's currency; left out: the average cost", examples=["4.5"]
    )

    def to_domain(self) -> ReturnPart:
        """Give the part."""
        return ReturnPart(
            product_id=ProductId(self.product_id),
            quantity=self.quantity,
            warehouse_id=None if self.warehouse_id is None else WarehouseId(self.warehouse_id),
            scrap=self.scrap,
            unit_cost=self.unit_cost,
        )


class ShipmentReturnLineIn(ReturnedIn):
    """So much of one line of the shipment."""

    position: Whole = Field(ge=1, le=1_000_000, description="Position of the shipment's line, from 1", examples=[1])

    def to_domain(self) -> ReturnPart:
        """Give the part."""
        return ReturnPart(
            position=self.position,
            quantity=self.quantity,
            warehouse_id=None if self.warehouse_id is None else WarehouseId(self.warehouse_id),
            scrap=self.scrap,
        )


class ReturnIn(In):
    """Goods a customer sends back, of no known shipment; it is a draft, and moves no stock, until validated."""

    party_id: Id = Field(description="Id of the customer", examples=[7])
    date: Day | None = Field(None, description=DATE, examples=["2026-11-21"])
    warehouse_id: Id | None = Field(None, description="Id of the warehouse; left out: the company's default")
    reason: Text = Field(min_length=1, max_length=200, description=REASON, examples=["Wrong colour"])
    lines: list[ReturnLineIn] = Field(min_length=1, description="What comes back")

    def to_domain(self) -> ReturnDraft:
        """Give the return asked for."""
        return ReturnDraft(
            party_id=PartyId(self.party_id),
            date=self.date,
            warehouse_id=None if self.warehouse_id is None else WarehouseId(self.warehouse_id),
            reason=self.reason,
            lines=tuple(line.to_domain() for line in self.lines),
        )


class ShipmentReturnIn(In):
    """What comes back of a shipment; it is a draft, and moves no stock, until validated."""

    date: Day | None = Field(None, description=DATE, examples=["2026-11-21"])
    warehouse_id: Id | None = Field(
        None, description="Id of the warehouse; left out: the company's default, for all that is left where it was"
    )
    scrap: Flag = Field(default=False, description=SCRAP + ", for all that names no warehouse")
    reason: Text = Field(min_length=1, max_length=200, description=REASON, examples=["Wrong colour"])
    lines: list[ShipmentReturnLineIn] | None = Field(
        None, min_length=1, description="What comes back; left out: all that has not yet"
    )

    def to_domain(self, shipment_id: int) -> ShipmentReturnDraft:
        """Give the return asked for."""
        return ShipmentReturnDraft(
            shipment_id=ShipmentId(shipment_id),
            date=self.date,
            warehouse_id=None if self.warehouse_id is None else WarehouseId(self.warehouse_id),
            scrap=self.scrap,
            reason=self.reason,
            lines=None if self.lines is None else tuple(line.to_domain() for line in self.lines),
        )


class ReturnLineOut(Out):
    """So much of one product that comes back."""

    position: int = Field(description="Place in the return, from 1", examples=[1])
    shipment_position: int | None = Field(description="Position of the shipment's line", examples=[1])
    product_id: int = Field(description="Id of the product", examples=[3])
    warehouse_id: int | None = Field(description="Id of the warehouse it is put into; null: scrap", examples=[1])
    scrap: bool = Field(description=SCRAP)
    quantity: Number = Field(description="Quantity", examples=["1"])
    unit_cost: Number | None = Field(description="What one is worth, for goods of no shipment; null: the average cost")
    value: Number = Field(description="What stock gained by it, in the company's currency", examples=["4.5"])


class ReturnOut(Out):
    """A return."""

    id: int = Field(description="Id", examples=[5])
    ref: str = Field(description="Number; (PROV<id>) for a draft", examples=["RE2611-0001"])
    party_id: int = Field(description="Id of the customer", examples=[7])
    shipment_id: int | None = Field(description="Id of the shipment", examples=[4])
    order_id: int | None = Field(description="Id of the order", examples=[12])
    credit_note_id: int | None = Field(description="Id of the credit note that gives the money back", examples=[9])
    date: Day = Field(description="Legal date", examples=["2026-11-21"])
    reason: str = Field(description=REASON, examples=["Wrong colour"])
    status: ReturnState = Field(description="Where the return stands", examples=["draft"])
    lines: list[ReturnLineOut] = Field(description="What comes back, in order")
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, back: Return) -> "ReturnOut":
        """Show a return."""
        lines = [
            ReturnLineOut.model_construct(
                position=line.position,
                shipment_position=line.shipment_position,
                product_id=line.product_id,
                warehouse_id=line.warehouse_id,
                scrap=line.warehouse_id is None,
                quantity=plain(line.quantity),
                unit_cost=None if line.unit_cost is None else plain(line.unit_cost),
                value=plain(line.value),
            )
            for line in back.lines
        ]
        return cls.model_construct(
            id=back.id,
            ref=back.ref,
            party_id=back.party_id,
            shipment_id=back.shipment_id,
            order_id=back.order_id,
            credit_note_id=back.credit_note_id,
            date=back.date,
            reason=back.reason,
            status=back.state,
            lines=lines,
            version=back.version,
        )
