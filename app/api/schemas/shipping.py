"""Shipments on the wire."""

from pydantic import Field

from app.api.schemas.documents import PartIn
from app.api.schemas.shared import CUSTOM_IN, CUSTOM_OUT, CustomValues, Day, Id, In, Number, Out
from app.domain.shared.ids import OrderId, WarehouseId
from app.domain.shared.money import plain
from app.domain.shipping import Shipment, ShipmentState
from app.usecases.shipping import ShipmentDraft


class ShipmentIn(In):
    """A new shipment of an order; it is a draft, and moves no stock, until validated."""

    warehouse_id: Id | None = Field(None, description="Id of the warehouse; left out: the company's default")
    date: Day | None = Field(None, description="Legal date; left out: today", examples=["2026-11-21"])
    lines: list[PartIn] | None = Field(None, min_length=1, description="What to ship; left out: all that is left")
    custom: CustomValues = Field(default_factory=dict, description=CUSTOM_IN)

    def to_domain(self, order_id: int) -> ShipmentDraft:
        """Give the shipment asked for."""
        return ShipmentDraft(
            order_id=OrderId(order_id),
            warehouse_id=None if self.warehouse_id is None else WarehouseId(self.warehouse_id),
            date=self.date,
            lines=None if self.lines is None else tuple(part.to_domain() for part in self.lines),
            custom=self.custom,
        )


class ShipmentLineOut(Out):
    """So much of one line of the order."""

    position: int = Field(description="Position of the order's line, from 1", examples=[1])
    product_id: int = Field(description="Id of the product", examples=[3])
    quantity: Number = Field(description="Quantity shipped", examples=["2"])


class ShipmentOut(Out):
    """A shipment."""

    id: int = Field(description="Id", examples=[4])
    ref: str = Field(description="Number; (PROV<id>) for a draft", examples=["SH2611-0001"])
    order_id: int = Field(description="Id of the order", examples=[12])
    party_id: int = Field(description="Id of the customer", examples=[7])
    warehouse_id: int = Field(description="Id of the warehouse", examples=[1])
    date: Day = Field(description="Legal date", examples=["2026-11-21"])
    status: ShipmentState = Field(description="Where the shipment stands", examples=["draft"])
    lines: list[ShipmentLineOut] = Field(description="What is shipped")
    custom: CustomValues = Field(description=CUSTOM_OUT)
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, shipment: Shipment) -> "ShipmentOut":
        """Show a shipment."""
        lines = [
            ShipmentLineOut.model_construct(
                position=line.position, product_id=line.product_id, quantity=plain(line.quantity)
            )
            for line in shipment.lines
        ]
        return cls.model_construct(
            id=shipment.id,
            ref=shipment.ref,
            order_id=shipment.order_id,
            party_id=shipment.party_id,
            warehouse_id=shipment.warehouse_id,
            date=shipment.date,
            status=shipment.state,
            lines=lines,
            custom=shipment.custom,
            version=shipment.version,
        )
