"""Papers of shipments: what is in the parcels, without prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, Final

from app.domain.catalogue import Product
from app.domain.papers import CellKind, Column, Mark, Paper, PaperKind, Passage, Row, Table, Value
from app.domain.parties import Addressee, Party
from app.domain.sales import Order
from app.domain.shared.ids import ProductId, ShipmentId, WarehouseId
from app.domain.shared.money import plain
from app.domain.shared.objects import ObjectKind
from app.domain.shared.rights import Right
from app.domain.shipping import Carrier, Parcel, Shipment, ShipmentLine, ShipmentState
from app.usecases.context import Context
from app.usecases.papers.documents import DRAFT, PrintDocument, Sending
from app.usecases.papers.frame import Frame, day, facts, recipient, text
from app.usecases.ports.shared import Work
from app.usecases.ports.stock import LotAway

_MARKS: Final = {ShipmentState.DRAFT: Mark.DRAFT, ShipmentState.CANCELED: Mark.CANCELED}
_GOODS: Final = (
    Column(name="description", kind=CellKind.TEXT, share=42),
    Column(name="ref", kind=CellKind.TEXT, share=16),
    Column(name="quantity", kind=CellKind.NUMBER, share=12),
    Column(name="unit", kind=CellKind.TEXT, share=8),
    Column(name="lots", kind=CellKind.TEXT, share=22),
)
_MEASURES: Final = ("length", "width", "height")
Left = dict[tuple[WarehouseId, ProductId], list[LotAway]]
"""Lots that left and are not told of yet, by what they were taken from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentFacts:
    """What the paper of a shipment is made of; ``lots`` are those that left with it."""

    shipment: Shipment
    order: Order
    party: Party
    addressee: Addressee
    products: Mapping[ProductId, Product]
    lots: Sequence[LotAway] = ()
    carrier: Carrier | None = None


def shipment_paper(frame: Frame, given: ShipmentFacts) -> Paper:
    """Describe what is shipped, in which parcels."""
    shipment, order, party = given.shipment, given.order, given.party
    address = shipment.delivery_address or given.addressee.address
    tables = [_goods(given)]
    if shipment.parcels:
        tables.append(_parcels(shipment))
    return Paper(
        kind=PaperKind.SHIPMENT,
        ref="" if shipment.state is ShipmentState.DRAFT else shipment.ref,
        locale=frame.locale,
        date=shipment.date,
        currency=order.valuation.currency,
        issuer=frame.issuer(),
        appearance=frame.appearance(),
        recipient=recipient(given.addressee.name, address),
        country=frame.abroad(address),
        facts=facts(
            day("shipping_date", shipment.date),
            day("delivered_on", shipment.delivered_on),
            text("customer_code", party.customer_code),
            text("order", order.ref),
            text("customer_reference", order.external_ref),
            text("carrier", None if given.carrier is None else given.carrier.name),
            text("shipping_method", shipment.method),
        ),
        tables=tables,
        closing=[Passage(key="received")],
        mark=_MARKS.get(shipment.state),
    )


def _goods(given: ShipmentFacts) -> Table:
    """List what is shipped; lots and serial numbers stand beside what they are of."""
    left: Left = {}
    for one in given.lots:
        if one.quantity > 0:
            left.setdefault((one.warehouse, one.lot.product_id), []).append(one)
    units = any(one.unit for one in given.products.values())
    kept = [
        at for at, column in enumerate(_GOODS) if (units or column.name != "unit") and (left or column.name != "lots")
    ]
    rows = [_row(given, line, left, kept) for line in given.shipment.lines]
    return Table(columns=[_GOODS[at] for at in kept], rows=rows)


def _row(given: ShipmentFacts, line: ShipmentLine, left: Left, kept: Sequence[int]) -> Row:
    ordered, product = given.order.line(line.order_position), given.products.get(line.product_id)
    first, _, rest = ordered.description.partition("\n")
    taken = _taken(left.get((line.warehouse_id, line.product_id), []), line.quantity)
    cells: tuple[Value, ...] = (
        first,
        "" if product is None else product.ref,
        line.quantity,
        "" if product is None else product.unit or "",
        ", ".join(taken),
    )
    return Row(cells=[cells[at] for at in kept], text=rest.strip())


def _taken(lots: list[LotAway], quantity: Decimal) -> list[str]:
    """Take ``quantity`` off the lots and give what was taken of each, ``L-7`` for one piece and ``L-7 x 3`` for more.

    Lines of the same product and warehouse take them in turn: which line a lot left with nobody wrote down.
    """
    told, wanted = [], quantity
    while lots and wanted > 0:
        one = lots[0]
        part = min(one.quantity, wanted)
        told.append(one.lot.code if part == 1 else f"{one.lot.code} x {plain(part)}")
        wanted -= part
        if part == one.quantity:
            lots.pop(0)
        else:
            lots[0] = LotAway(warehouse=one.warehouse, lot=one.lot, quantity=type(one.quantity)(one.quantity - part))
    return told


def _parcels(shipment: Shipment) -> Table:
    columns = (
        Column(name="parcel", kind=CellKind.NUMBER, share=10),
        Column(name="weight", kind=CellKind.NUMBER, share=14),
        Column(name="size", kind=CellKind.TEXT, share=26),
        Column(name="tracking_number", kind=CellKind.TEXT, share=30),
        Column(name="contents", kind=CellKind.TEXT, share=20),
    )
    return Table(columns=columns, rows=[_parcel(one) for one in shipment.parcels], title="parcels")


def _size(parcel: Parcel) -> str:
    sides = [getattr(parcel, name) for name in _MEASURES]
    return " x ".join("?" if side is None else plain(side) for side in sides) if any(sides) else ""


def _parcel(parcel: Parcel) -> Row:
    contents = ", ".join(f"{part.position}: {plain(part.quantity)}" for part in parcel.contents)
    return Row(cells=(parcel.position, parcel.weight, _size(parcel), parcel.tracking_number or "", contents))


class PrintShipment(PrintDocument[Shipment]):
    """Describe a shipment as it is printed, without prices. Raises NotFound."""

    __slots__ = ()
    right: ClassVar[Right] = Right.SHIPMENTS_READ
    object: ClassVar[ObjectKind] = ObjectKind.SHIPMENTS

    def _found(self, work: Work, document: int) -> Shipment:
        return work.shipments.get(ShipmentId(document))

    def _kind(self, document: Shipment) -> PaperKind:
        return PaperKind.SHIPMENT

    def _described(self, work: Work, context: Context, frame: Frame, sending: Sending[Shipment]) -> Paper:
        shipment = sending.document
        given = ShipmentFacts(
            shipment=shipment,
            order=work.orders.get(shipment.order_id),
            party=sending.party,
            addressee=sending.addressee,
            products=work.products.of({line.product_id for line in shipment.lines}),
            lots=() if shipment.state == DRAFT else work.lots.away(shipment.id),
            carrier=None if shipment.carrier_id is None else work.carriers.get(shipment.carrier_id),
        )
        return shipment_paper(frame, given)
