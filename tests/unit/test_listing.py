"""Lists: query string to query, cursors, rows to JSON."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.cursor import read_cursor, signature, write_cursor
from app.api.listing import page_bytes, parse_query
from app.api.listing_schema import list_parameters, page_schemas
from app.api.refusals import BadParameters
from app.api.values import read_value, shows, write_value
from app.usecases.ports.listing import (
    FieldKind,
    Filter,
    ListField,
    Listing,
    Operator,
    Page,
    Query,
    Sort,
)
from tests.support.api import NOTES

pytestmark = pytest.mark.fast

SEEN = datetime(2026, 11, 21, 9, 30, 0, 250000, tzinfo=UTC)
ROW = (3, "a", "open", date(2026, 11, 21), Decimal("12.5000"), Decimal("0.50000000"), True, SEEN, "h")


def query(text: str, listing: Listing = NOTES) -> Query:
    return parse_query(listing, parse_qsl(text, keep_blank_values=True))


def refused(text: str) -> tuple[str | None, str, dict[str, Any]]:
    with pytest.raises(BadParameters) as caught:
        query(text)
    (problem,) = caught.value.problems
    return problem.parameter, problem.code, dict(problem.facts)


def test_nothing_asked_is_the_default_sort_and_fifty_rows() -> None:
    asked = query("")
    assert asked == Query(
        filters=(), sort=(Sort(field="day", descending=True), Sort(field="id", descending=True)), limit=50
    )


def test_filters_are_typed_by_their_field() -> None:
    asked = query("id=7&title=a b&state=open&day_gte=2026-01-31&worth_lt=-1.5&pinned=true&share_ne=0.5")
    assert asked.filters == (
        Filter(field="id", operator=Operator.EQ, value=7),
        Filter(field="title", operator=Operator.EQ, value="a b"),
        Filter(field="state", operator=Operator.EQ, value="open"),
        Filter(field="day", operator=Operator.GTE, value=date(2026, 1, 31)),
        Filter(field="worth", operator=Operator.LT, value=Decimal("-1.5")),
        Filter(field="pinned", operator=Operator.EQ, value=True),
        Filter(field="share", operator=Operator.NE, value=Decimal("0.5")),
    )


def test_an_instant_is_read_with_its_offset() -> None:
    assert query("seen_at_gt=2026-11-21T10:30:00%2B01:00").filters[0].value == datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def test_false_is_a_value_like_any_other() -> None:
    assert query("pinned=false").filters[0].value is False


def test_sort_keys_end_with_the_id_once() -> None:
    assert signature(query("sort=-worth,title").sort) == "-worth,title,id"
    assert signature(query("sort=-worth").sort) == "-worth,-id"
    assert signature(query("sort=id").sort) == "id"
    assert signature(query("sort=title,-id,worth").sort) == "title,-id"


def test_limit_and_total_are_read() -> None:
    asked = query("limit=200&total=true")
    assert (asked.limit, asked.total) == (200, True)


@pytest.mark.parametrize("name", ["zz", "hidden", "zz_gte", "status[]", "id__gte", "Title", "_gte", ""])
def test_an_unknown_filter_is_refused_by_name_with_those_there_are(name: str) -> None:
    parameter, code, facts = refused(f"{name}=1")
    assert (parameter, code) == (name, "validation.unknown_parameter")
    assert "title" in facts["allowed"]
    assert "hidden" not in facts["allowed"]


@pytest.mark.parametrize("name", ["state_gte", "pinned_lt", "id_gt"])
def test_an_operator_that_makes_no_sense_for_the_field_is_refused(name: str) -> None:
    parameter, code, facts = refused(f"{name}=1")
    field = name.rpartition("_")[0]
    assert (parameter, code) == (name, "validation.unknown_parameter")
    assert facts["allowed"] == f"{field}, {field}_ne"


@pytest.mark.parametrize(
    "text",
    [
        "id=0",
        "id=-1",
        "id=1.0",
        "id=9223372036854775808",
        "id=%D9%A3",
        "state=OPEN",
        "state=",
        "day=2026-02-30",
        "day=20260131",
        "day=2026-1-31",
        "day=2026-W01-1",
        "worth=1e3",
        "worth=NaN",
        "worth=1.23456",
        "worth=999999999999999",
        "worth=",
        "worth=1_000",
        "share=1.123456789",
        "pinned=1",
        "pinned=True",
        "seen_at=2026-11-21",
        "seen_at=2026-11-21T10:30:00",
        "seen_at=2026-11-21T25:30:00Z",
        "title=%00",
        "limit=0",
        "limit=201",
        "limit=x",
        "limit=-1",
        "limit=%D9%A3",
        "total=yes",
        "sort=hidden",
        "sort=state",
        "sort=",
        "sort=title,title",
        "sort=title,-title",
        "sort=--title",
    ],
)
def test_a_bad_value_is_refused_with_what_would_be_right(text: str) -> None:
    parameter, code, facts = refused(text)
    assert (parameter, code) == (text.partition("=")[0], "validation.expected")
    assert facts["expected"]


def test_a_parameter_given_twice_is_refused() -> None:
    assert refused("state=open&state=done")[:2] == ("state", "validation.repeated")
    assert refused("limit=1&limit=1")[:2] == ("limit", "validation.repeated")


def cursor_of(*parts: object) -> str:
    return urlsafe_b64encode(orjson.dumps(parts)).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "é",
        "!!!!",
        "a" * 10_000,
        cursor_of(),
        cursor_of("title,id"),
        cursor_of("-day,-id", "2026-11-21", "3", "4"),
        cursor_of("-day,-id", "2026-11-21", 3),
        cursor_of("-day,-id", "soon", "3"),
        cursor_of("-day,-id", None, "3"),
        urlsafe_b64encode(b'{"a":1}').decode(),
        urlsafe_b64encode(b"\xff\xfe").decode(),
    ],
)
def test_a_broken_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(BadParameters) as caught:
        parse_query(NOTES, [("after", cursor)])
    assert caught.value.problems[0].parameter == "after"
    assert caught.value.problems[0].code == "validation.cursor"


def test_a_cursor_of_another_sort_is_refused() -> None:
    cursor = write_cursor(NOTES, query("sort=title").sort, ROW)
    assert query(f"sort=title&after={cursor}").after == ("a", 3)
    assert refused(f"sort=-title&after={cursor}")[:2] == ("after", "validation.cursor")
    assert refused(f"after={cursor}")[:2] == ("after", "validation.cursor")


SINGLE = [kind for kind in FieldKind if kind not in {FieldKind.TEXTS, FieldKind.CUSTOM, FieldKind.JSON}]
NUMBERS = {
    FieldKind.AMOUNT: 4,
    FieldKind.COMPANY_AMOUNT: 4,
    FieldKind.QUANTITY: 6,
    FieldKind.PRICE: 8,
    FieldKind.RATE: 8,
}


@st.composite
def values(draw: st.DrawFn) -> tuple[ListField, object]:
    """Give a field of any kind with a value of it."""
    kind = draw(st.sampled_from(SINGLE))
    field = ListField(name="x", kind=kind, choices=("a", "b"), sortable=True)
    if kind in NUMBERS:
        places = NUMBERS[kind]
        return field, draw(st.integers(-(10**18) + 1, 10**18 - 1).map(lambda n: Decimal(n).scaleb(-places)))
    zones = st.sampled_from([UTC, timezone(timedelta(hours=-3))])
    strategies: dict[FieldKind, st.SearchStrategy[object]] = {
        FieldKind.ID: st.integers(1, 2**63 - 1),
        FieldKind.COUNT: st.integers(0, 2**63 - 1),
        FieldKind.TEXT: st.text(max_size=50).filter(lambda text: "\0" not in text),
        FieldKind.CHOICE: st.sampled_from(["a", "b"]),
        FieldKind.FLAG: st.booleans(),
        FieldKind.DATE: st.dates(),
        FieldKind.INSTANT: st.datetimes(
            min_value=datetime.fromisoformat("1900-01-02"),
            max_value=datetime.fromisoformat("9000-01-01"),
            timezones=zones,
        ),
    }
    return field, draw(strategies[kind])


@given(values())
def test_every_value_written_into_a_cursor_is_read_back_the_same(drawn: tuple[ListField, object]) -> None:
    """A page that starts a hair off loses or doubles rows."""
    field, value = drawn
    assert read_value(field, write_value(value)) == value
    sort = (Sort(field="x"),)
    listing = Listing(name="x", fields=(field,), default_sort=sort)
    assert read_cursor(listing, sort, write_cursor(listing, sort, (value,))) == (value,)


def test_rows_are_shown_by_the_kind_of_their_fields() -> None:
    body, cursor = page_bytes(NOTES, query(""), Page(rows=[ROW], more=False, total=1), shows(NOTES, 2))
    assert cursor is None
    assert orjson.loads(body) == {
        "items": [
            {
                "id": 3,
                "title": "a",
                "state": "open",
                "day": "2026-11-21",
                "worth": "12.50",
                "share": "0.5",
                "pinned": True,
                "seen_at": "2026-11-21T09:30:00.250000Z",
                "hidden": "h",
            }
        ],
        "next": None,
        "total": 1,
    }


def test_amounts_have_the_digits_of_the_company_s_currency() -> None:
    assert shows(NOTES, 0)(ROW)["worth"] == "13"
    assert shows(NOTES, 3)(ROW)["worth"] == "12.500"


def test_amounts_have_the_digits_of_the_row_s_own_currency_where_it_has_one() -> None:
    listing = Listing(
        name="x",
        fields=(ListField(name="currency", kind=FieldKind.TEXT), ListField(name="due", kind=FieldKind.AMOUNT)),
        default_sort=(),
    )
    show = shows(listing, 2)
    assert show(("JPY", Decimal("1200.0000")))["due"] == "1200"
    assert show(("KWD", Decimal("1.5000")))["due"] == "1.500"


def test_what_is_not_there_is_null() -> None:
    row = (*ROW[:5], None, *ROW[6:])
    assert shows(NOTES, 2)(row)["share"] is None


def test_a_page_that_goes_on_names_its_last_row() -> None:
    asked = query("sort=-worth")
    body, cursor = page_bytes(NOTES, asked, Page(rows=[ROW], more=True), shows(NOTES, 2))
    assert cursor is not None
    assert orjson.loads(body)["next"] == cursor
    assert "total" not in orjson.loads(body)
    assert query(f"sort=-worth&after={cursor}").after == (Decimal("12.5000"), 3)


def test_every_parameter_that_is_documented_is_understood() -> None:
    examples = {
        FieldKind.ID: "1",
        FieldKind.TEXT: "x",
        FieldKind.CHOICE: "open",
        FieldKind.FLAG: "true",
        FieldKind.DATE: "2026-01-01",
        FieldKind.INSTANT: "2026-01-01T00:00:00Z",
    }
    documented = {parameter["name"] for parameter in list_parameters(NOTES)} - {"sort", "limit", "after", "total"}
    assert len(documented) == 36
    for name in documented:
        field = NOTES.field(name) or NOTES.field(name.rpartition("_")[0])
        assert field is not None
        assert query(f"{name}={examples.get(field.kind, '1')}").filters


def test_the_schema_of_a_row_has_every_field_and_says_which_may_be_null() -> None:
    row = page_schemas(NOTES)["NotesRow"]
    assert row["required"] == [field.name for field in NOTES.fields]
    assert row["properties"]["share"]["type"] == ["string", "null"]
    assert row["properties"]["state"]["enum"] == ["open", "done"]
