"""What all schemas share: bases, ids, decimal strings, texts, problems; and what probes are told."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from fastapi import Path
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.domain.shared.money import Amount, Price, Quantity, Rate

LARGEST_ID: Final = 2**63 - 1
LARGEST_COUNT: Final = 2**31 - 1
DIGITS: Final = 18
_DECIMAL: Final = re.compile(r"-?([0-9]{1,30})(?:\.([0-9]{1,30}))?")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class In(BaseModel):
    """What a client sends; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, hide_input_in_errors=True)


def _without_defaults(schema: dict[str, Any]) -> None:
    """Take the defaults out of a patch: a field left out stays as it is."""
    for field in schema.get("properties", {}).values():
        field.pop("default", None)


class Change(In):
    """A JSON merge patch (RFC 7396): a field left out stays as it is, null empties it.

    The defaults its fields are declared with are never used.
    """

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    def sent(self) -> dict[str, Any]:
        """Give the fields the client named, and only those."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Out(BaseModel):
    """What a client gets."""

    model_config = ConfigDict(extra="forbid")


def _storable(text: str) -> str:
    """Refuse what no database text can hold: NUL and halves of surrogate pairs."""
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise PydanticCustomError("text_characters", "not storable")
    return text


def _decimal(places: int) -> Callable[[object], Decimal]:
    """Give the reader of decimal strings and integers with up to ``places`` decimals; never a binary fraction."""

    def read(value: object) -> Decimal:
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        found = _DECIMAL.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            raise PydanticCustomError("decimal_type", "not a decimal string")
        whole, fraction = found[1].lstrip("0"), (found[2] or "").rstrip("0")
        if len(fraction) > places:
            raise PydanticCustomError("decimal_max_places", "too precise", {"decimal_places": places})
        if len(whole) > DIGITS - places:
            raise PydanticCustomError("decimal_whole_digits", "too big", {"whole_digits": DIGITS - places})
        return Decimal(found[0])

    return read


def _decimal_schema(places: int, example: str, about: str) -> WithJsonSchema:
    pattern = rf"^-?[0-9]{{1,{DIGITS - places}}}(\.[0-9]{{1,{places}}})?$"
    kinds = ["string", "integer"]
    return WithJsonSchema({"type": kinds, "pattern": pattern, "examples": [example], "description": about})


def _whole(value: object) -> object:
    """Refuse what Python would take for a whole number but JSON Schema does not: texts and truth values."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticCustomError("int_type", "not a whole number")
    return value


def _day(value: object) -> date:
    """Read YYYY-MM-DD and nothing else that Python would take for a date."""
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise PydanticCustomError("date_type", "not a date")
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise PydanticCustomError("date_type", "not a date") from error


Text = Annotated[str, AfterValidator(_storable)]
Country = Annotated[str, Field(pattern="^([A-Z]{2})?$", examples=["FR"])]
UnitCode = Annotated[str, Field(pattern="^[A-Z0-9]{2,8}$", examples=["KGM"])]
Language = Literal["en", "pt-BR", "fr", "es", "de"]
Flag = Annotated[bool, Field(strict=True)]
Whole = Annotated[int, BeforeValidator(_whole)]
Id = Annotated[Whole, Field(ge=1, le=LARGEST_ID, examples=[7])]
PathId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="Id of the object", examples=[7])]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]

AmountIn = Annotated[
    Amount, BeforeValidator(_decimal(4)), _decimal_schema(4, "120.50", "Amount in the document's currency")
]
QuantityIn = Annotated[Quantity, BeforeValidator(_decimal(6)), _decimal_schema(6, "2.5", "Quantity")]
PriceIn = Annotated[Price, BeforeValidator(_decimal(8)), _decimal_schema(8, "9.8", "Net price of one unit")]
RateIn = Annotated[Rate, BeforeValidator(_decimal(8)), _decimal_schema(8, "20", "Percentage or exchange rate")]
_CUSTOM_SCALAR: Final = {"type": ["string", "integer", "boolean", "null"]}
CustomScalar = Annotated[Any, WithJsonSchema(_CUSTOM_SCALAR)]
"""A value of a custom field: its definition says which of these; a decimal is a string, a date YYYY-MM-DD."""
CustomValues = Annotated[
    Mapping[str, Any],
    WithJsonSchema(
        {"type": "object", "additionalProperties": _CUSTOM_SCALAR, "examples": [{"shelf_life": 30, "origin": "PT"}]}
    ),
]
CUSTOM_IN: Final = "Values of custom fields by name; decimals are strings, dates YYYY-MM-DD"
CUSTOM_CHANGE: Final = "Values of custom fields by name; only those named change, null removes one"
CUSTOM_OUT: Final = "Values of custom fields by name; those without a value are left out"

Number = Annotated[str, WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$", "examples": ["120.50"]})]
"""A decimal on its way out: make it with ``app.domain.shared.money.plain``."""


class FieldProblemOut(Out):
    """What is wrong with one value."""

    code: str = Field(description="Stable code", examples=["validation.missing"])
    detail: str = Field(description="What is wrong, in the caller's language")
    pointer: str | None = Field(
        None, description="JSON pointer (RFC 6901) into the body", examples=["/lines/3/quantity"]
    )
    parameter: str | None = Field(None, description="Name of the path, query or header parameter")
    facts: dict[str, Any] | None = Field(None, description="Values the text speaks of")


class Problem(Out):
    """What went wrong (RFC 9457, application/problem+json)."""

    type: str = Field(description="URN of the kind of problem", examples=["urn:tramita:problem:not_found"])
    title: str = Field(description="The kind of problem, in the caller's language")
    status: int = Field(description="HTTP status", examples=[404])
    detail: str = Field(description="What happened here, in the caller's language")
    instance: str = Field(description="Path of the request", examples=["/api/v1/orders/7"])
    code: str = Field(description="Stable code to act on", examples=["not_found"])
    request_id: str = Field(description="Name of the request in our logs")
    facts: dict[str, Any] | None = Field(None, description="Values the text speaks of")
    errors: list[FieldProblemOut] | None = Field(None, description="The values that are wrong, each by its place")


class HealthOut(Out):
    """The process is alive."""

    status: Literal["alive"] = Field("alive", description="Always alive: a dead process does not answer")


class ReadyOut(Out):
    """Whether requests may be sent here, and what that depends on."""

    status: Literal["ready", "not ready"] = Field(description="Whether all checks passed", examples=["ready"])
    checks: dict[str, bool] = Field(
        description="Each check: serving (not draining), database, migrations", examples=[{"serving": True}]
    )
