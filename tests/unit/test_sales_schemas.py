"""Proposals and orders on the wire: what is read, what is refused where, and what is shown (ERP-07)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import pytest
from pydantic import BaseModel, ValidationError

from app.api.schemas.sales import (
    AmendIn,
    AmendLineIn,
    CloseShortIn,
    OrderChange,
    OrderOut,
    ProposalChange,
    ProposalLineIn,
    RefusalIn,
    RevisionOut,
    RevisionsOut,
    SignatureIn,
)
from app.domain.sales import OrderState, Revision, content_of
from app.domain.shared.ids import OrderId, UserId
from app.domain.shared.lines import LineKind
from app.domain.shared.money import currency, rate
from app.usecases.sales import LineChange
from tests.support.sales import HERE, order_line, priced_order, valuation

pytestmark = pytest.mark.fast
LINE: Final = {"description": "Work", "quantity": "1", "unit_price": "5", "vat_rate": "0"}


def problems(schema: type[BaseModel], body: Mapping[str, Any]) -> list[tuple[tuple[int | str, ...], str]]:
    """Give where a body is refused, and why."""
    with pytest.raises(ValidationError) as caught:
        schema.model_validate(body)
    return [(error["loc"], error["type"]) for error in caught.value.errors()]


# --- amendments -----------------------------------------------------------------------------------------------------


def test_an_amendment_holds_only_what_was_sent() -> None:
    assert AmendIn.model_validate({}).to_domain(5, 3).changes == {}
    asked = AmendIn.model_validate({"note": "", "delivery_date": None, "reason": "why"}).to_domain(5, 3)
    assert (asked.id, asked.version, asked.reason) == (5, 3, "why")
    assert asked.changes == {"note": "", "delivery_date": None}


def test_a_line_of_an_amendment_holds_only_what_was_sent_of_it() -> None:
    body = {
        "lines": [
            {"position": 3},
            {"position": 1, "quantity": "2.5", "discount": "0"},
            {"product_id": 4, "quantity": 1},
        ]
    }
    assert AmendIn.model_validate(body).to_domain(5, 3).changes["lines"] == (
        LineChange(position=3, changes={}),
        LineChange(position=1, changes={"quantity": Decimal("2.5"), "discount": Decimal(0)}),
        LineChange(position=None, changes={"product_id": 4, "quantity": Decimal(1)}),
    )


def test_null_on_a_line_of_an_amendment_leaves_what_there_is() -> None:
    """Nothing of a line can be emptied: its product, price, VAT and warehouse are what it is."""
    sent = dict.fromkeys(("description", "unit_price", "vat_rate", "warehouse_id", "discount", "unit"))
    assert AmendLineIn.model_validate({"position": 1, **sent}).to_change() == LineChange(position=1, changes={})


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ({"position": 0}, (("position",), "greater_than_equal")),
        ({"position": -1}, (("position",), "greater_than_equal")),
        ({"position": 1_000_001}, (("position",), "less_than_equal")),
        ({"position": "1"}, (("position",), "int_type")),
        ({"position": True}, (("position",), "int_type")),
        ({"position": 1, "product_id": 3}, (("position",), "kind_of_product")),
        ({"position": 1, "kind": "freight"}, (("position",), "kind_of_product")),
        ({"position": 1, "quantity": 0.5}, (("quantity",), "decimal_type")),
        ({"position": 1, "quantity": "0.0000001"}, (("quantity",), "decimal_max_places")),
        ({"position": 1, "unit_price": "1", "gross_unit_price": "2"}, (("gross_unit_price",), "net_or_gross")),
        ({"position": 1, "shipped": "1"}, (("shipped",), "extra_forbidden")),
        ({"position": 1, "description": " "}, (("description",), "too_short")),
        ({"position": 1, "warehouse_id": 0}, (("warehouse_id",), "greater_than_equal")),
    ],
    ids=repr,
)
def test_a_line_of_an_amendment_is_refused_at_its_field(line: dict[str, Any], problem: tuple[Any, ...]) -> None:
    assert problems(AmendLineIn, line) == [problem]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"lines": []}, (("lines",), "too_short")),
        ({"lines": None}, (("lines",), "list_type")),
        ({"party_id": 3}, (("party_id",), "extra_forbidden")),
        ({"currency": "EUR"}, (("currency",), "extra_forbidden")),
        ({"date": "2026-11-21"}, (("date",), "extra_forbidden")),
        ({"note": None}, (("note",), "string_type")),
        ({"reason": "x" * 201}, (("reason",), "string_too_long")),
        ({"external_ref": ""}, (("external_ref",), "too_short")),
        ({"delivery_date": "2026-02-30"}, (("delivery_date",), "date_type")),
    ],
    ids=repr,
)
def test_an_amendment_changes_neither_customer_nor_date_nor_currency(
    body: dict[str, Any], problem: tuple[Any, ...]
) -> None:
    assert problems(AmendIn, body) == [problem]


# --- what is decided ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [["1"], [True], [1.5], None, [None], 1, [1] * 1001], ids=lambda one: repr(one)[:9])
def test_options_are_whole_numbers(options: object) -> None:
    assert problems(SignatureIn, {"options": options})


@pytest.mark.parametrize(("schema", "longest"), [(RefusalIn, 1000), (CloseShortIn, 200)])
def test_a_reason_is_needed_and_has_a_length(schema: type[BaseModel], longest: int) -> None:
    schema.model_validate({"reason": "x" * longest})
    assert problems(schema, {}) == [(("reason",), "missing")]
    assert problems(schema, {"reason": "  "}) == [(("reason",), "string_too_short")]
    assert problems(schema, {"reason": "x" * (longest + 1)}) == [(("reason",), "string_too_long")]
    assert problems(schema, {"reason": "a\0b"}) == [(("reason",), "text_characters")]


# --- drafts ---------------------------------------------------------------------------------------------------------


def test_every_field_of_a_proposals_line_reaches_the_line_asked_for() -> None:
    sent = {
        "product_id": 3,
        "description": "d",
        "quantity": "2",
        "unit": "CS",
        "discount": "5",
        "vat_rate": "7",
        "optional": True,
    }
    asked = ProposalLineIn.model_validate({**sent, "gross_unit_price": "9"}).to_domain()
    numbers = {"quantity": Decimal(2), "discount": Decimal(5), "vat_rate": Decimal(7)}
    assert {name: getattr(asked, name) for name in sent} == {**sent, **numbers}
    assert asked.unit_price is None
    assert asked.gross_unit_price == 9


@pytest.mark.parametrize("schema", [ProposalChange, OrderChange])
def test_a_change_holds_only_what_was_sent(schema: type[ProposalChange | OrderChange]) -> None:
    change = schema.model_validate({"external_ref": None, "note": "n", "lines": [LINE]}).to_domain(5, 2)
    assert (change.id, change.version, set(change.changes)) == (5, 2, {"external_ref", "note", "lines"})
    assert isinstance(change.changes["lines"], tuple)
    assert schema.model_validate({}).to_domain(5, 2).changes == {}


# --- what is shown --------------------------------------------------------------------------------------------------


def test_amounts_are_shown_in_the_digits_of_their_currency_and_quantities_without_trailing_zeros() -> None:
    yen = valuation(currency=currency("JPY"), rate=rate(Decimal("0.006")))
    line = order_line(1, quantity="1.500000", shipped="0.5", reserved="1", invoiced="0.25", warehouse_id=HERE)
    shown = OrderOut.of(priced_order(OrderState.IN_SHIPMENT, line, valuation=yen))
    assert (shown.total_net, shown.company_net, shown.rate) == ("15", "0.09", "0.006")
    (row,) = shown.lines
    assert (row.quantity, row.shipped, row.invoiced, row.reserved) == ("1.5", "0.5", "0.25", "1")
    assert (row.returned, row.back_ordered, row.warehouse_id) == ("0", "0", 1)


def kept(number: int) -> Revision:
    content = content_of(priced_order(OrderState.VALIDATED, order_line(1, LineKind.SERVICE)), 7)
    at = datetime(2026, 11, 21, tzinfo=UTC)
    return Revision(order=OrderId(5), number=number, reason="why", actor=UserId(3), at=at, content=content)


def test_a_revision_shows_what_the_order_was_and_nothing_of_our_own() -> None:
    shown = RevisionOut.of(kept(4)).model_dump()
    assert {name: shown[name] for name in ("number", "reason", "actor_id", "total_gross")} == {
        "number": 4,
        "reason": "why",
        "actor_id": 3,
        "total_gross": "24.00",
    }
    assert "last_position" not in shown
    assert shown["lines"][0]["kind"] is LineKind.SERVICE


@pytest.mark.parametrize(("found", "shown", "following"), [(0, 0, None), (1, 1, None), (2, 2, None), (3, 2, 8)])
def test_a_page_of_revisions_says_whether_there_are_older_ones(found: int, shown: int, following: int | None) -> None:
    """The reader gives one more than asked for; ``next`` is the last shown, as what is older is asked below it."""
    page = RevisionsOut.of_page([kept(9 - at) for at in range(found)], 2)
    assert ([one.number for one in page.items], page.next) == ([9, 8][:shown], following)
