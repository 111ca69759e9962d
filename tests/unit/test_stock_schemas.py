"""Stock on the wire: what is refused at the door, what is meant by what is left out, and how numbers are shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import pytest
from pydantic import BaseModel, ValidationError

from app.api.schemas import stock as wire
from app.domain.shared.ids import (
    InventoryId,
    LotId,
    ProductId,
    UserId,
    WarehouseId,
)
from app.domain.shared.money import quantity
from app.domain.stock import (
    Inventory,
    LotPart,
    SheetLine,
)
from app.usecases.stock import CountTaken

pytestmark = pytest.mark.fast
TODAY: Final = date(2026, 11, 21)
NOW: Final = datetime(2026, 11, 21, 9, tzinfo=UTC)
MOVE: Final = {"kind": "receive", "product_id": 3, "quantity": "4"}
LINE: Final = {"product_id": 3, "quantity": "5"}
TRANSFER: Final = {"from_warehouse_id": 1, "to_warehouse_id": 2, "lines": [LINE]}
LOT: Final = {"product_id": 3, "code": "L1"}
RULE: Final = {"product_id": 3, "minimum": "1", "desired": "2"}


def wrong(schema: type[BaseModel], body: Mapping[str, Any]) -> set[tuple[int | str, ...]]:
    """Give where a body is refused."""
    with pytest.raises(ValidationError) as caught:
        schema.model_validate(body)
    return {problem["loc"] for problem in caught.value.errors()}


@pytest.mark.parametrize(
    ("schema", "body", "at"),
    [
        (wire.StockMoveIn, {**MOVE, "kind": "transfer"}, ("kind",)),
        (wire.StockMoveIn, {**MOVE, "quantity": "1.0000001"}, ("quantity",)),
        (wire.StockMoveIn, {**MOVE, "quantity": "NaN"}, ("quantity",)),
        (wire.StockMoveIn, {**MOVE, "unit_cost": "0.000000001"}, ("unit_cost",)),
        (wire.StockMoveIn, {**MOVE, "warehouse_id": -1}, ("warehouse_id",)),
        (wire.StockMoveIn, {**MOVE, "reason": "x" * 201}, ("reason",)),
        (wire.StockMoveIn, {**MOVE, "level": "4"}, ("level",)),
        (wire.StockMoveIn, {**MOVE, "lots": [{"code": "", "quantity": "1"}]}, ("lots", 0, "code")),
        (wire.TransferIn, {**TRANSFER, "lines": []}, ("lines",)),
        (wire.TransferIn, {**TRANSFER, "date": "2026-02-30"}, ("date",)),
        (wire.TransferIn, {"to_warehouse_id": 2, "lines": [LINE]}, ("from_warehouse_id",)),
        (
            wire.TransferIn,
            {**TRANSFER, "lines": [{**LINE, "lots": [{"code": "a", "quantity": "1", "expires_on": "2027-01-01"}]}]},
            ("lines", 0, "lots", 0, "expires_on"),
        ),
        (wire.LotIn, {**LOT, "code": " "}, ("code",)),
        (wire.LotChange, {"code": ""}, ("code",)),
        (wire.LotChange, {"product_id": 4}, ("product_id",)),
        (wire.LocationIn, {"code": "A", "warehouse_id": 2}, ("warehouse_id",)),
        (wire.LocationChange, {"warehouse_id": 2}, ("warehouse_id",)),
        (wire.PlacementIn, {"product_ids": []}, ("product_ids",)),
        (wire.StockRuleIn, {**RULE, "minimum": None}, ("minimum",)),
        (wire.StockRuleChange, {"minimum": None}, ("minimum",)),
        (wire.StockRuleChange, {"warehouse_id": 2}, ("warehouse_id",)),
        (wire.InventoryIn, {"status": "posted"}, ("status",)),
        (wire.CountsIn, {"lines": []}, ("lines",)),
        (wire.CountsIn, {"lines": [{**LINE, "booked": "5"}]}, ("lines", 0, "booked")),
        (wire.WarehouseChange, {"ref": " "}, ("ref",)),
    ],
)
def test_what_cannot_be_meant_is_refused_where_it_stands(
    schema: type[BaseModel], body: Mapping[str, Any], at: tuple[int | str, ...]
) -> None:
    assert at in wrong(schema, body)


@pytest.mark.parametrize("number", [1.5, True])
def test_a_quantity_is_written_exactly(number: object) -> None:
    """A float has lost its last digit before it comes here."""
    assert wrong(wire.StockMoveIn, {**MOVE, "quantity": number}) == {("quantity",)}


def test_lots_that_arrive_bring_their_dates_and_those_that_leave_have_none() -> None:
    dated = {"code": " L1 ", "quantity": "4", "expires_on": "2027-01-01", "made_on": "2026-01-01"}
    (came,) = wire.StockMoveIn.model_validate({**MOVE, "lots": [dated]}).to_domain().lots
    assert came == LotPart(
        code="L1", quantity=quantity(Decimal(4)), expires_on=date(2027, 1, 1), made_on=date(2026, 1, 1)
    )
    named = {**TRANSFER, "lines": [{**LINE, "lots": [{"code": "L1", "quantity": "5"}]}]}
    (line,) = wire.TransferIn.model_validate(named).to_domain().lines
    assert line.lots == (LotPart(code="L1", quantity=quantity(Decimal(5))),)


@pytest.mark.parametrize(
    ("schema", "body", "changes"),
    [
        (wire.LotChange, {}, {}),
        (wire.LotChange, {"expires_on": None, "blocked": True}, {"expires_on": None, "blocked": True}),
        (wire.LotChange, {"made_on": "2026-01-01"}, {"made_on": date(2026, 1, 1)}),
        (wire.LocationChange, {"parent_id": None}, {"parent_id": None}),
        (wire.LocationChange, {"name": ""}, {"name": ""}),
        (wire.StockRuleChange, {"minimum": "0"}, {"minimum": Decimal(0)}),
        (wire.WarehouseChange, {"archived": False}, {"archived": False}),
    ],
)
def test_a_change_is_of_what_was_sent_and_of_nothing_else(
    schema: Any, body: Mapping[str, Any], changes: Mapping[str, Any]
) -> None:
    """What was left out stays; what was sent as null is taken away."""
    made = schema.model_validate(body).to_domain(8, 3)
    assert (made.id, made.version, made.changes) == (8, 3, changes)


def test_who_counts_is_told_what_was_counted_and_not_what_was_booked() -> None:
    """ERP-07: a blind count would not be one."""
    line = SheetLine(position=2, product_id=ProductId(3), lot_id=LotId(5), expected=quantity(Decimal(40)))
    line.count(quantity(Decimal(38)), quantity(Decimal(41)), UserId(1), NOW)
    one = Inventory(id=InventoryId(6), ref="IN1", warehouse_id=WarehouseId(1), date=TODAY, blind=True)
    told = wire.CountsOut.of(CountTaken(inventory=one, lines=[line])).model_dump()
    assert told == {
        "inventory_id": 6,
        "lines": [{"position": 2, "product_id": 3, "lot_id": 5, "counted": "38"}],
    }
