"""Shipments on the wire."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date

from pydantic import Field

from app.api.schemas.documents import PartIn
from app.api.schemas.parties import AddressIn, AddressOut
from app.api.schemas.shared import (
    CUSTOM_CHANGE,
    CUSTOM_IN,
    CUSTOM_OUT,
    Change,
    CustomValues,
    Day,
    Id,
    In,
    Number,
    Out,
    QuantityIn,
    Text,
    Whole,
)
from app.domain.parties import Address
from app.domain.shared.ids import CarrierId, OrderId, WarehouseId
from app.domain.shared.money import Quantity, plain
from app.domain.shipping import MEASURES, Packed, Parcel, Shipment, ShipmentState
from app.usecases.shared import Change as Changes
from app.usecases.shipping import Part, ShipmentDraft

SOME_DAY = date.min
"""Never used: a change holds only the fields that were sent."""
METHOD = "How it travels, in the company's words"
ADDRESS = "Where it goes; null: the customer's address, frozen when the shipment is validated"


class ShippedPartIn(PartIn):
    """So much of one line of the order from one warehouse."""

    warehouse_id: Id | None = Field(None, description="Id of the warehouse; left out: the shipment's", examples=[1])

    def to_domain(self) -> Part:
        """Give the part."""
        place = None if self.warehouse_id is None else WarehouseId(self.warehouse_id)
        return Part(position=self.position, quantity=self.quantity, warehouse_id=place)


class PackedIn(In):
    """So much of one line of the shipment."""

    position: Whole = Field(ge=1, le=1_000_000, description="Position of the shipment's line, from 1", examples=[1])
    quantity: QuantityIn = Field(description="Quantity, above zero", examples=["1"])


class ParcelIn(In):
    """One parcel."""

    weight: QuantityIn | None = Field(None, description="Weight in kg, above zero", examples=["2.4"])
    length: QuantityIn | None = Field(None, description="Length in cm, above zero", examples=["60"])
    width: QuantityIn | None = Field(None, description="Width in cm, above zero", examples=["40"])
    height: QuantityIn | None = Field(None, description="Height in cm, above zero", examples=["30"])
    tracking_number: Text | None = Field(
        None,
        min_length=1,
        max_length=100,
        pattern="^[ -~]*$",
        description="The carrier's number, in ASCII",
        examples=["RP123456789FR"],
    )
    contents: list[PackedIn] = Field([], description="What is in it; may be left out")

    def to_domain(self) -> Parcel:
        """Give the parcel; it is numbered with the others."""
        return Parcel(
            position=0,
            tracking_number=self.tracking_number,
            contents=tuple(Packed(position=part.position, quantity=part.quantity) for part in self.contents),
            **{name: getattr(self, name) for name in MEASURES},
        )


def _parcels(parcels: Sequence[ParcelIn]) -> tuple[Parcel, ...]:
    return tuple(parcel.to_domain() for parcel in parcels)


class ShipmentIn(In):
    """A new shipment of an order; it is a draft, and moves no stock, until validated."""

    warehouse_id: Id | None = Field(None, description="Id of the warehouse; left out: the company's default")
    date: Day | None = Field(None, description="Legal date; left out: today", examples=["2026-11-21"])
    lines: list[ShippedPartIn] | None = Field(
        None, min_length=1, description="What to ship; left out: all that is left"
    )
    delivery_address: AddressIn | None = Field(None, description=ADDRESS)
    carrier_id: Id | None = Field(None, description="Id of the carrier", examples=[2])
    method: Text = Field("", max_length=60, description=METHOD, examples=["express"])
    parcels: list[ParcelIn] = Field([], max_length=200, description="Parcels; may be entered later")
    custom: CustomValues = Field(default_factory=dict, description=CUSTOM_IN)

    def to_domain(self, order_id: int) -> ShipmentDraft:
        """Give the shipment asked for."""
        return ShipmentDraft(
            order_id=OrderId(order_id),
            warehouse_id=None if self.warehouse_id is None else WarehouseId(self.warehouse_id),
            date=self.date,
            lines=None if self.lines is None else tuple(part.to_domain() for part in self.lines),
            delivery_address=None if self.delivery_address is None else self.delivery_address.to_domain(),
            carrier_id=None if self.carrier_id is None else CarrierId(self.carrier_id),
            method=self.method,
            parcels=_parcels(self.parcels),
            custom=self.custom,
        )


class ShipmentChange(Change):
    """New values for some fields of a draft; once validated only of carrier, method and parcels."""

    warehouse_id: Id = Field(1, description="Id of the warehouse; lines that had the old one follow")
    date: Day = Field(SOME_DAY, description="Legal date")
    lines: list[ShippedPartIn] = Field([], min_length=1, description="What to ship, instead of what was")
    delivery_address: AddressIn | None = Field(None, description=ADDRESS)
    carrier_id: Id | None = Field(None, description="Id of the carrier", examples=[2])
    method: Text = Field("", max_length=60, description=METHOD)
    parcels: list[ParcelIn] = Field([], max_length=200, description="Parcels, instead of those there were")
    custom: CustomValues | None = Field(None, description=CUSTOM_CHANGE)

    def to_domain(self, shipment_id: int, version: int) -> Changes:
        """Give the change to the shipment seen at ``version``."""
        changes = self.sent()
        if "lines" in changes:
            changes["lines"] = tuple(part.to_domain() for part in self.lines)
        if "parcels" in changes:
            changes["parcels"] = _parcels(self.parcels)
        if self.delivery_address is not None:
            changes["delivery_address"] = self.delivery_address.to_domain()
        return Changes(id=shipment_id, version=version, changes=changes)


class ShipmentLineOut(Out):
    """So much of one line of the order from one warehouse."""

    position: int = Field(description="Place in the shipment, from 1", examples=[1])
    order_position: int = Field(description="Position of the order's line", examples=[1])
    product_id: int = Field(description="Id of the product", examples=[3])
    warehouse_id: int = Field(description="Id of the warehouse", examples=[1])
    quantity: Number = Field(description="Quantity shipped", examples=["2"])
    returned: Number = Field(description="Quantity that came back", examples=["0"])


class PackedOut(Out):
    """So much of one line of the shipment."""

    position: int = Field(description="Position of the shipment's line, from 1", examples=[1])
    quantity: Number = Field(description="Quantity", examples=["1"])


class ParcelOut(Out):
    """One parcel."""

    position: int = Field(description="Number, from 1", examples=[1])
    weight: Number | None = Field(description="Weight in kg", examples=["2.4"])
    length: Number | None = Field(description="Length in cm", examples=["60"])
    width: Number | None = Field(description="Width in cm", examples=["40"])
    height: Number | None = Field(description="Height in cm", examples=["30"])
    tracking_number: str | None = Field(description="The carrier's number", examples=["RP123456789FR"])
    tracking_url: str | None = Field(
        description="Where it is followed", examples=["https://carrier.example/follow?parcel=RP123456789FR"]
    )
    contents: list[PackedOut] = Field(description="What is in it, as far as told")

    @classmethod
    def of(cls, parcel: Parcel) -> "ParcelOut":
        """Show a parcel."""
        return cls.model_construct(
            position=parcel.position,
            tracking_number=parcel.tracking_number,
            tracking_url=parcel.tracking_url,
            contents=[
                PackedOut.model_construct(position=part.position, quantity=plain(part.quantity))
                for part in parcel.contents
            ],
            weight=_plain(parcel.weight),
            length=_plain(parcel.length),
            width=_plain(parcel.width),
            height=_plain(parcel.height),
        )


class ShipmentOut(Out):
    """A shipment."""

    id: int = Field(description="Id", examples=[4])
    ref: str = Field(description="Number; (PROV<id>) for a draft", examples=["SH2611-0001"])
    order_id: int = Field(description="Id of the order", examples=[12])
    party_id: int = Field(description="Id of the customer", examples=[7])
    warehouse_id: int = Field(description="Id of the warehouse of lines that name none", examples=[1])
    date: Day = Field(description="Legal date", examples=["2026-11-21"])
    status: ShipmentState = Field(description="Where the shipment stands", examples=["draft"])
    lines: list[ShipmentLineOut] = Field(description="What is shipped")
    delivery_address: AddressOut | None = Field(description=ADDRESS)
    delivered_on: Day | None = Field(description="Day it arrived, once it is closed", examples=["2026-11-23"])
    carrier_id: int | None = Field(description="Id of the carrier", examples=[2])
    method: str = Field(description=METHOD, examples=["express"])
    parcels: list[ParcelOut] = Field(description="Parcels, in order")
    custom: CustomValues = Field(description=CUSTOM_OUT)
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, shipment: Shipment) -> "ShipmentOut":
        """Show a shipment."""
        lines = [
            ShipmentLineOut.model_construct(
                position=line.position,
                order_position=line.order_position,
                product_id=line.product_id,
                warehouse_id=line.warehouse_id,
                quantity=plain(line.quantity),
                returned=plain(line.returned),
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
            delivery_address=_address(shipment.delivery_address),
            delivered_on=shipment.delivered_on,
            carrier_id=shipment.carrier_id,
            method=shipment.method,
            parcels=[ParcelOut.of(parcel) for parcel in shipment.parcels],
            custom=shipment.custom,
            version=shipment.version,
        )


def _plain(measure: Quantity | None) -> str | None:
    return None if measure is None else plain(measure)


def _address(address: Address | None) -> AddressOut | None:
    return None if address is None else AddressOut.model_construct(**asdict(address))
