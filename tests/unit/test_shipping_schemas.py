"""Shipments and returns on the wire: what a careless client sends is refused, what is shown is what there is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Final

import pytest
from pydantic import BaseModel, ValidationError
from sqlalchemy import Table

from app.api.schemas.shipping import ReturnIn, ShipmentChange, ShipmentIn, ShipmentOut, ShipmentReturnIn
from app.api.schemas.shipping.carriers import CarrierChange, CarrierIn
from app.api.schemas.shipping.shipments import ParcelIn
from app.domain.parties import Address
from app.domain.shared.ids import CarrierId, OrderId, PartyId, ProductId, ShipmentId, WarehouseId
from app.domain.shared.money import plain, quantity
from app.domain.shipping import (
    Packed,
    Parcel,
    Shipment,
    ShipmentLine,
    ShipmentState,
)
from app.infrastructure.database.tables import shipping as tables
from tests.unit.test_schemas import length_of, texts

pytestmark = pytest.mark.fast

TODAY: Final = date(2026, 11, 21)
PART: Final = {"position": 1, "quantity": "2"}
SHIPPED_BACK: Final = {"reason": "Broken", "lines": [PART]}


def refused_at(schema: type[BaseModel], body: dict[str, Any]) -> list[tuple[str | int, ...]]:
    """Give where a body is refused."""
    with pytest.raises(ValidationError) as caught:
        schema.model_validate(body)
    return [error["loc"] for error in caught.value.errors()]


@pytest.mark.parametrize(
    ("schema", "table"),
    [
        (CarrierIn, tables.carriers),
        (CarrierChange, tables.carriers),
        (ShipmentIn, tables.shipments),
        (ShipmentChange, tables.shipments),
        (ParcelIn, tables.shipment_parcels),
        (ReturnIn, tables.returns),
        (ShipmentReturnIn, tables.returns),
    ],
)
def test_a_text_may_be_as_long_as_its_column_and_no_longer(schema: type[BaseModel], table: Table) -> None:
    """What is too long is refused at its field, never by the database."""
    lengths = {name: text["maxLength"] for name, text in texts(schema).items() if name in table.c}
    assert lengths
    assert lengths == {name: length_of(table, name) for name in lengths}


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"lines": []}, ("lines",)),
        ({"lines": [PART, {**PART, "position": 0}]}, ("lines", 1, "position")),
        ({"lines": [{**PART, "position": True}]}, ("lines", 0, "position")),
        ({"lines": [{**PART, "quantity": 1.5}]}, ("lines", 0, "quantity")),
        ({"lines": [{**PART, "quantity": "0.0000001"}]}, ("lines", 0, "quantity")),
        ({"lines": [{**PART, "quantity": "1234567890123"}]}, ("lines", 0, "quantity")),
        ({"lines": [{**PART, "product_id": 3}]}, ("lines", 0, "product_id")),
        ({"date": "2026-02-30"}, ("date",)),
        ({"method": "x" * 61}, ("method",)),
        ({"parcels": [{}] * 201}, ("parcels",)),
        ({"parcels": [{"position": 1}]}, ("parcels", 0, "position")),
        ({"parcels": [{"contents": [{"position": 0, "quantity": "1"}]}]}, ("parcels", 0, "contents", 0, "position")),
        ({"parcels": [{"tracking_url": "https://evil.example"}]}, ("parcels", 0, "tracking_url")),
        ({"status": "validated"}, ("status",)),
    ],
)
@pytest.mark.parametrize("schema", [ShipmentIn, ShipmentChange])
def test_a_careless_shipment_is_refused_where_it_is_wrong(
    schema: type[BaseModel], changes: dict[str, Any], at: tuple[str | int, ...]
) -> None:
    assert refused_at(schema, changes) == [at]


@pytest.mark.parametrize("number", ["", " ", "x" * 101, "é", "日本", "A\x7fB", "A\nB", "A\0B", "\ud800", 7])
def test_a_tracking_number_is_one_that_a_carrier_prints(number: Any) -> None:
    """Each sign takes three at most when it is escaped, so its address always has room."""
    assert refused_at(ParcelIn, {"tracking_number": number}) == [("tracking_number",)]


@pytest.mark.parametrize("field", ["warehouse_id", "date", "lines", "method", "parcels"])
def test_what_a_shipment_always_has_cannot_be_emptied(field: str) -> None:
    assert refused_at(ShipmentChange, {field: None}) == [(field,)]


def test_a_shipment_asked_for_is_read_whole() -> None:
    contents = [{"position": 1, "quantity": "1.5"}]
    parcel = {"weight": "2.4", "length": "60", "width": "40", "height": 30, "tracking_number": " RP1 "}
    body = {
        "warehouse_id": 1,
        "date": "2026-11-21",
        "lines": [PART, {"position": 2, "quantity": 3, "warehouse_id": 9}],
        "delivery_address": {"city": "Nice"},
        "carrier_id": 2,
        "method": " express ",
        "parcels": [{**parcel, "contents": contents}],
    }
    draft = ShipmentIn.model_validate(body).to_domain(12)
    read = [(one.position, plain(one.quantity), getattr(one, "warehouse_id", 0)) for one in draft.lines or ()]
    assert read == [(1, "2", None), (2, "3", 9)]
    assert (draft.date, draft.method, draft.delivery_address) == (TODAY, "express", Address(city="Nice"))
    measures = {"weight": Decimal("2.4"), "length": Decimal(60), "width": Decimal(40), "height": Decimal(30)}
    packed = (Packed(position=1, quantity=quantity(Decimal("1.5"))),)
    assert draft.parcels == (Parcel(position=0, tracking_number="RP1", contents=packed, **measures),)  # type: ignore[arg-type]


def test_a_change_holds_only_the_fields_that_were_sent() -> None:
    """RFC 7396: left out stays, null empties; the values the schema is declared with are never used."""
    assert ShipmentChange.model_validate({}).to_domain(4, 7).changes == {}
    emptied = ShipmentChange.model_validate({"carrier_id": None, "delivery_address": None, "parcels": []})
    change = emptied.to_domain(4, 7)
    assert (change.id, change.version) == (4, 7)
    assert change.changes == {"carrier_id": None, "delivery_address": None, "parcels": ()}


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"reason": ""}, ("reason",)),
        ({"reason": "  "}, ("reason",)),
        ({"reason": "x" * 201}, ("reason",)),
        ({"lines": []}, ("lines",)),
        ({"lines": [{**PART, "scrap": "yes"}]}, ("lines", 0, "scrap")),
        ({"lines": [{**PART, "scrap": None}]}, ("lines", 0, "scrap")),
        ({"lines": [{**PART, "unit_cost": "1"}]}, ("lines", 0, "unit_cost")),
        ({"lines": [{**PART, "product_id": 3}]}, ("lines", 0, "product_id")),
        ({"lines": [{**PART, "position": 1_000_001}]}, ("lines", 0, "position")),
        ({"party_id": 1}, ("party_id",)),
        ({"credit_note_id": 1}, ("credit_note_id",)),
    ],
)
def test_a_careless_return_of_a_shipment_is_refused_where_it_is_wrong(
    changes: dict[str, Any], at: tuple[str | int, ...]
) -> None:
    assert refused_at(ShipmentReturnIn, {**SHIPPED_BACK, **changes}) == [at]


def test_a_shipment_is_shown_with_decimals_as_texts_and_no_zeros_behind_them() -> None:
    line = ShipmentLine(
        position=1,
        order_position=3,
        product_id=ProductId(4),
        warehouse_id=WarehouseId(2),
        quantity=quantity(Decimal("2.500000")),
        returned=quantity(Decimal("0.000000")),
    )
    parcel = Parcel(
        position=1, weight=quantity(Decimal("10.0")), contents=(Packed(position=1, quantity=line.quantity),)
    )
    one = Shipment(
        id=ShipmentId(8),
        ref="SH1",
        order_id=OrderId(5),
        party_id=PartyId(1),
        warehouse_id=WarehouseId(3),
        date=TODAY,
        state=ShipmentState.CLOSED,
        lines=[line],
        delivery_address=Address(city="Nice", country="FR"),
        delivered_on=date(2026, 11, 23),
        carrier_id=CarrierId(2),
        parcels=(parcel,),
        version=4,
    )
    shown = ShipmentOut.of(one).model_dump(mode="json")
    place = {"product_id": 4, "warehouse_id": 2, "order_position": 3}
    assert shown["lines"] == [{"position": 1, "quantity": "2.5", "returned": "0", **place}]
    (box,) = shown["parcels"]
    assert (box["weight"], box["length"], box["contents"]) == ("10", None, [{"position": 1, "quantity": "2.5"}])
    assert (shown["status"], shown["delivered_on"], shown["delivery_address"]["city"]) == (
        "closed",
        "2026-11-23",
        "Nice",
    )
    assert ShipmentOut.model_validate(shown) == ShipmentOut.of(one)
