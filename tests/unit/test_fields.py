"""Custom fields: what a definition takes, and what an object's values come to."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from app.domain.fields import (
    BadChoices,
    BadCustomValue,
    BadFieldName,
    CustomField,
    Entry,
    FieldType,
    OptionOfOtherType,
    UnknownField,
    filled,
)
from app.domain.shared.errors import DomainError, Required
from app.domain.shared.ids import FieldId
from app.domain.shared.objects import ObjectKind

pytestmark = pytest.mark.fast


def field(kind: FieldType = FieldType.TEXT, **given: Any) -> CustomField:
    if kind is FieldType.CHOICE:
        given.setdefault("choices", ("red", "blue"))
    fields: dict[str, Any] = {"id": FieldId(7), "name": "size", "label": "Size", **given}
    made = CustomField(kind=ObjectKind.PRODUCTS, type=kind, **fields)
    made.check()
    return made


@pytest.mark.parametrize(
    ("kind", "sent", "stored"),
    [
        (FieldType.TEXT, "  a b ", "a b"),
        (FieldType.TEXT, "x" * 255, "x" * 255),
        (FieldType.INTEGER, -3, -3),
        (FieldType.INTEGER, 999_999_999_999, 999_999_999_999),
        (FieldType.DECIMAL, "1.500000", "1.5"),
        (FieldType.DECIMAL, "-0", "0"),
        (FieldType.DECIMAL, 12, "12"),
        (FieldType.FLAG, False, False),
        (FieldType.DATE, "2028-02-29", "2028-02-29"),
        (FieldType.CHOICE, "red", "red"),
    ],
)
def test_a_value_of_the_type_is_kept_in_one_form(kind: FieldType, sent: object, stored: object) -> None:
    assert field(kind).value(sent) == stored


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        *((FieldType.TEXT, wrong) for wrong in ("", "  ", "x" * 256, "a\0b", "\ud800", 3, None, ["a"], {"a": 1})),
        *((FieldType.INTEGER, wrong) for wrong in (True, 1.0, "1", 10**12, -(10**12), None)),
        *(
            (FieldType.DECIMAL, wrong)
            for wrong in (1.5, True, "1,5", "1e3", "NaN", "1.1234567", "1" * 13, "", "\u0661")
        ),
        *((FieldType.FLAG, wrong) for wrong in (0, 1, "true", None)),
        *(
            (FieldType.DATE, wrong)
            for wrong in ("2026-02-30", "20260201", "2026-2-1", 20260201.0, "2026-02-01T00:00:00")
        ),
        *((FieldType.CHOICE, wrong) for wrong in ("green", "Red", "", 0, None)),
    ],
)
def test_a_value_of_another_type_is_refused_with_what_would_be_right(kind: FieldType, sent: object) -> None:
    with pytest.raises(BadCustomValue) as refused:
        field(kind).value(sent)
    assert refused.value.facts == {"field": "size", "expected": field(kind).expected}


@pytest.mark.parametrize(
    ("kind", "value", "entry"),
    [
        (FieldType.TEXT, "a", {"text": "a"}),
        (FieldType.CHOICE, "red", {"text": "red"}),
        (FieldType.INTEGER, -3, {"number": Decimal(-3)}),
        (FieldType.DECIMAL, "1.5", {"number": Decimal("1.5")}),
        (FieldType.FLAG, True, {"number": Decimal(1)}),
        (FieldType.FLAG, False, {"number": Decimal(0)}),
        (FieldType.DATE, "2026-11-21", {"day": date(2026, 11, 21)}),
    ],
)
def test_a_value_is_searched_by_its_type(kind: FieldType, value: object, entry: dict[str, Any]) -> None:
    assert field(kind).entry(value) == Entry(field=FieldId(7), **entry)
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
    assert field(kind).sought(text) == Entry(field=FieldId(7), **entry)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (FieldType.FLAG, "1"),
        (FieldType.INTEGER, "1.5"),
        (FieldType.INTEGER, "1_0"),
        (FieldType.DECIMAL, "x"),
        (FieldType.DATE, "21/11/2026"),
        (FieldType.TEXT, ""),
    ],
)
def test_a_filter_of_another_type_is_refused(kind: FieldType, text: str) -> None:
    with pytest.raises(BadCustomValue):
        field(kind).sought(text)


def test_a_choice_that_is_no_longer_offered_can_still_be_looked_for() -> None:
    assert field(FieldType.CHOICE).sought("green") == Entry(field=FieldId(7), text="green")


@pytest.mark.parametrize("name", ["", "Size", "1a", "a-b", "a b", "é", "a" * 41, "custom.a", "size\n"])
def test_a_name_that_does_not_fit_a_query_string_is_refused(name: str) -> None:
    with pytest.raises(BadFieldName):
        field(name=name)


@pytest.mark.parametrize(
    ("kind", "given", "error", "at"),
    [
        (FieldType.TEXT, {"label": " "}, Required, ("label",)),
        (FieldType.TEXT, {"choices": ("a",)}, OptionOfOtherType, ("choices",)),
        (FieldType.CHOICE, {"max_length": 3}, OptionOfOtherType, ("max_length",)),
        (FieldType.CHOICE, {"choices": ()}, BadChoices, ("choices",)),
        (FieldType.CHOICE, {"choices": ("a", "a")}, BadChoices, ("choices",)),
        (FieldType.CHOICE, {"choices": ("a", "")}, BadChoices, ("choices",)),
        (FieldType.CHOICE, {"choices": tuple(map(str, range(101)))}, BadChoices, ("choices",)),
        (FieldType.CHOICE, {"default": "green"}, BadCustomValue, ("default",)),
        (FieldType.TEXT, {"max_length": 2, "default": "abc"}, BadCustomValue, ("default",)),
    ],
)
def test_an_unsound_definition_is_refused_where_it_is_wrong(
    kind: FieldType, given: dict[str, Any], error: type[DomainError], at: tuple[str, ...]
) -> None:
    with pytest.raises(error) as refused:
        field(kind, **given)
    assert refused.value.at == at


def test_a_change_names_what_differs_and_is_checked() -> None:
    made = field(FieldType.CHOICE, default="red")
    changed = made.change({"label": "Size", "required": True})
    assert changed is not None
    assert changed.fields == ("required",)
    assert made.change({"label": "Size"}) is None
    with pytest.raises(BadCustomValue):
        made.change({"choices": ("blue",)})


SIZE = field(FieldType.INTEGER)
COLOUR = field(FieldType.CHOICE, id=FieldId(8), name="colour", default="red")
NOTE = field(id=FieldId(9), name="note", required=True)
OLD = field(id=FieldId(10), name="old", archived=True, required=True, default="x")
ALL = (SIZE, COLOUR, NOTE, OLD)


def test_a_new_object_gets_defaults_in_the_order_of_the_fields() -> None:
    assert list(filled(ALL, {"note": "n", "size": 3}).values.items()) == [("size", 3), ("colour", "red"), ("note", "n")]
    assert [entry.field for entry in filled(ALL, {"note": "n"}).entries] == [8, 9]
    assert filled(ALL, {"note": "n", "colour": None}).values == {"note": "n"}


def test_what_is_sent_is_merged_into_what_there_was_and_null_removes() -> None:
    """RFC 7396; a changed object gets no defaults."""
    before = {"size": 3, "note": "n", "old": "kept"}
    assert filled(ALL, {"size": 4}, before).values == {"size": 4, "note": "n", "old": "kept"}
    assert filled(ALL, {"size": None, "old": None}, before).values == {"note": "n"}
    assert before == {"size": 3, "note": "n", "old": "kept"}


@pytest.mark.parametrize(
    ("sent", "before", "error", "name"),
    [
        ({}, None, Required, "note"),
        ({"note": None}, {"note": "n"}, Required, "note"),
        ({"note": "n", "siz": 3}, None, UnknownField, "siz"),
        ({"siz": None}, {"note": "n"}, UnknownField, "siz"),
        ({"old": "y"}, {"note": "n", "old": "x"}, UnknownField, "old"),
        ({"note": "n", "size": "3"}, None, BadCustomValue, "size"),
    ],
)
def test_values_are_refused_where_they_stand(
    sent: dict[str, Any], before: dict[str, Any] | None, error: type[DomainError], name: str
) -> None:
    with pytest.raises(error) as refused:
        filled(ALL, sent, before)
    assert refused.value.at == ("custom", name)
    if error is UnknownField:
        assert refused.value.facts["allowed"] == "size, colour, note"


def test_only_what_is_required_or_has_a_default_makes_new_objects_be_looked_at() -> None:
    assert [one.demands for one in ALL] == [False, True, True, False]
