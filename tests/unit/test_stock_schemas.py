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
    MovementId,
    ProductId,
    StockRuleId,
    TransferId,
    UserId,
    WarehouseId,
)
from app.domain.shared.money import amount, price, quantity
from app.domain.stock import (
    Inventory,
    InventoryState,
    Lot,
    LotMoved,
    LotPart,
    Movement,
    MovementKind,
    SheetLine,
    StockRule,
    Transfer,
    TransferLine,
)
from app.usecases.stock import CountTaken, Moved

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
        (wire.StockMoveIn, {**MOVE, "kind": "shipment"}, ("kind",)),
        (wire.StockMoveIn, {**MOVE, "quantity": "1.0000001"}, ("quantity",)),
        (wire.StockMoveIn, {**MOVE, "quantity": "NaN"}, ("quantity",)),
        (wire.StockMoveIn, {**MOVE, "quantity": "1e30"}, ("quantity",)),
        (wire.StockMoveIn, {**MOVE, "unit_cost": "0.000000001"}, ("unit_cost",)),
        (wire.StockMoveIn, {**MOVE, "product_id": 0}, ("product_id",)),
        (wire.StockMoveIn, {**MOVE, "warehouse_id": -1}, ("warehouse_id",)),
        (wire.StockMoveIn, {**MOVE, "reason": "x" * 201}, ("reason",)),
        (wire.StockMoveIn, {**MOVE, "level": "4"}, ("level",)),
        (wire.StockMoveIn, {**MOVE, "lots": [{"code": "", "quantity": "1"}]}, ("lots", 0, "code")),
        (wire.StockMoveIn, {**MOVE, "lots": [{"code": "x" * 61, "quantity": "1"}]}, ("lots", 0, "code")),
        (wire.TransferIn, {**TRANSFER, "lines": []}, ("lines",)),
        (wire.TransferIn, {**TRANSFER, "date": "2026-02-30"}, ("date",)),
        (wire.TransferIn, {**TRANSFER, "date": "21/11/2026"}, ("date",)),
        (wire.TransferIn, {**TRANSFER, "ref": "TR1"}, ("ref",)),
        (wire.TransferIn, {"to_warehouse_id": 2, "lines": [LINE]}, ("from_warehouse_id",)),
        (
            wire.TransferIn,
            {**TRANSFER, "lines": [{**LINE, "lots": [{"code": "a", "quantity": "1", "expires_on": "2027-01-01"}]}]},
            ("lines", 0, "lots", 0, "expires_on"),
        ),
        (wire.LotIn, {**LOT, "code": " "}, ("code",)),
        (wire.LotIn, {**LOT, "blocked": "perhaps"}, ("blocked",)),
        (wire.LotChange, {"code": ""}, ("code",)),
        (wire.LotChange, {"product_id": 4}, ("product_id",)),
        (wire.LocationIn, {"code": "A", "warehouse_id": 2}, ("warehouse_id",)),
        (wire.LocationChange, {"warehouse_id": 2}, ("warehouse_id",)),
        (wire.LocationChange, {"code": None}, ("code",)),
        (wire.PlacementIn, {"product_ids": []}, ("product_ids",)),
        (wire.PlacementIn, {"product_ids": [0]}, ("product_ids", 0)),
        (wire.StockRuleIn, {**RULE, "minimum": None}, ("minimum",)),
        (wire.StockRuleChange, {"minimum": None}, ("minimum",)),
        (wire.StockRuleChange, {"warehouse_id": 2}, ("warehouse_id",)),
        (wire.InventoryIn, {"status": "posted"}, ("status",)),
        (wire.InventoryIn, {"note": "x" * 201}, ("note",)),
        (wire.CountsIn, {"lines": []}, ("lines",)),
        (wire.CountsIn, {"lines": [{"product_id": 3}]}, ("lines", 0, "quantity")),
        (wire.CountsIn, {"lines": [{**LINE, "booked": "5"}]}, ("lines", 0, "booked")),
        (wire.CountsIn, {"lines": [{**LINE, "lot": ""}]}, ("lines", 0, "lot")),
        (wire.WarehouseIn, {"ref": "W"}, ("name",)),
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


def test_what_is_left_out_of_a_movement_is_for_the_company_to_know() -> None:
    move = wire.StockMoveIn.model_validate(MOVE).to_domain()
    assert (move.warehouse_id, move.unit_cost, move.reason, move.lots) == (None, None, "", ())
    assert (move.kind, move.product_id, move.quantity) == (MovementKind.RECEIVE, 3, 4)


def test_lots_that_arrive_bring_their_dates_and_those_that_leave_have_none() -> None:
    dated = {"code": " L1 ", "quantity": "4", "expires_on": "2027-01-01", "made_on": "2026-01-01"}
    (came,) = wire.StockMoveIn.model_validate({**MOVE, "lots": [dated]}).to_domain().lots
    assert came == LotPart(
        code="L1", quantity=quantity(Decimal(4)), expires_on=date(2027, 1, 1), made_on=date(2026, 1, 1)
    )
    named = {**TRANSFER, "lines": [{**LINE, "lots": [{"code": "L1", "quantity": "5"}]}]}
    (line,) = wire.TransferIn.model_validate(named).to_domain().lines
    assert line.lots == (LotPart(code="L1", quantity=quantity(Decimal(5))),)


def test_a_transfer_is_asked_for_as_it_was_written() -> None:
    body = {**TRANSFER, "date": "2026-11-20", "reason": "window"}
    draft = wire.TransferIn.model_validate(body).to_domain()
    assert (draft.from_warehouse_id, draft.to_warehouse_id) == (1, 2)
    assert (draft.date, draft.reason) == (date(2026, 11, 20), "window")
    assert [(line.product_id, line.quantity) for line in draft.lines] == [(3, 5)]
    assert wire.TransferIn.model_validate(TRANSFER).to_domain().date is None


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


def test_an_inventory_is_of_everything_unless_it_says_of_what() -> None:
    draft = wire.InventoryIn.model_validate({}).to_domain()
    assert (draft.warehouse_id, draft.location_id, draft.product_ids, draft.date) == (None, None, (), None)
    assert (draft.blind, draft.zero_uncounted, draft.note) == (False, False, "")
    told = {"warehouse_id": 1, "location_id": 2, "product_ids": [4, 3], "blind": True, "zero_uncounted": True}
    draft = wire.InventoryIn.model_validate({**told, "date": "2026-12-31"}).to_domain()
    assert (draft.warehouse_id, draft.location_id, draft.product_ids) == (1, 2, (4, 3))
    assert (draft.blind, draft.zero_uncounted, draft.date) == (True, True, date(2026, 12, 31))


def test_counts_keep_their_order_lots_and_places() -> None:
    body = {"lines": [{**LINE, "lot": " S1 ", "location_id": 9}, {"product_id": 1, "quantity": "0"}]}
    request = wire.CountsIn.model_validate(body).to_domain(6)
    assert request.inventory_id == 6
    assert [(one.product_id, one.lot, one.location_id, one.quantity) for one in request.lines] == [
        (3, "S1", 9, 5),
        (1, None, None, 0),
    ]


def moved(**fields: Any) -> Movement:
    given = {
        "id": MovementId(11),
        "warehouse": WarehouseId(1),
        "product": ProductId(3),
        "kind": MovementKind.DEBIT,
        "quantity": quantity(Decimal("-4.500000")),
        "level": quantity(Decimal("1E+1")),
        "unit_cost": price(Decimal("2.50000000")),
        "value": amount(Decimal("-11.25")),
        "on": TODAY,
        "at": NOW,
    }
    return Movement(**{**given, **fields})


@pytest.mark.parametrize(("digits", "value"), [(2, "-11.25"), (0, "-11"), (3, "-11.250")])
def test_a_movement_shows_its_value_as_the_companys_currency_is_written(digits: int, value: str) -> None:
    lot = LotMoved(lot=Lot(id=LotId(5), product_id=ProductId(3), code="L1"), quantity=quantity(Decimal("-4.5")))
    what = Moved(
        movement=moved(), warehouse=WarehouseId(1), product=ProductId(3), level=quantity(Decimal(10)), lots=[lot]
    )
    shown = wire.MovedOut.of(what, digits).model_dump()
    assert (shown["level"], shown["movement"]["quantity"], shown["movement"]["unit_cost"]) == ("10", "-4.5", "2.5")
    assert shown["movement"]["value"] == value
    assert shown["lots"] == [{"lot_id": 5, "code": "L1", "quantity": "-4.5"}]


def test_a_count_that_moved_nothing_shows_no_movement() -> None:
    what = Moved(movement=None, warehouse=WarehouseId(1), product=ProductId(3), level=quantity(Decimal(0)))
    shown = wire.MovedOut.of(what, 2).model_dump()
    assert (shown["movement"], shown["lots"], shown["level"]) == (None, [], "0")


def test_a_transfer_shows_what_each_line_took_along_and_the_whole() -> None:
    lines = [
        TransferLine(
            position=at, product_id=ProductId(at), quantity=quantity(Decimal(1)), value=amount(Decimal("0.005"))
        )
        for at in (1, 2)
    ]
    one = Transfer(
        id=TransferId(9),
        ref="TR1",
        from_warehouse_id=WarehouseId(1),
        to_warehouse_id=WarehouseId(2),
        date=TODAY,
        lines=lines,
        version=1,
    )
    shown = wire.TransferOut.of(one, 2).model_dump()
    assert [line["value"] for line in shown["lines"]] == ["0.01", "0.01"]
    assert (shown["value"], shown["date"], shown["version"]) == ("0.01", TODAY, 1)


@pytest.mark.parametrize(("value", "shown"), [(None, None), ("0", "0.00"), ("-0.004", "0.00"), ("-9.8", "-9.80")])
def test_an_inventory_has_no_value_before_it_is_posted(value: str | None, shown: str | None) -> None:
    known = None if value is None else amount(Decimal(value))
    one = Inventory(
        id=InventoryId(6), ref="IN1", warehouse_id=WarehouseId(1), date=TODAY, state=InventoryState.OPEN, value=known
    )
    told = wire.InventoryOut.of(one, 2).model_dump()
    assert (told["value"], told["status"], told["location_id"]) == (shown, "open", None)


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


def test_a_rule_shows_its_quantities_without_zeros_at_the_end() -> None:
    one = StockRule(
        id=StockRuleId(2),
        warehouse_id=WarehouseId(1),
        product_id=ProductId(3),
        minimum=quantity(Decimal("10.500000")),
        desired=quantity(Decimal("50.000000")),
        version=4,
    )
    shown = wire.StockRuleOut.of(one).model_dump()
    assert (shown["minimum"], shown["desired"], shown["version"]) == ("10.5", "50", 4)
