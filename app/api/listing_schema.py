"""What OpenAPI says of lists: their parameters, rows and pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from app.api.listing import DEFAULT_LIMIT, MOST, SEARCH
from app.api.values import LARGEST_ID, LONGEST_TEXT
from app.domain.shared.search import LONGEST_WANTED
from app.usecases.ports.listing import FieldKind, ListField, Listing, Operator

_DECIMAL: Final = {"type": "string", "pattern": r"^-?[0-9]{1,18}(\.[0-9]{1,8})?$"}
_SCHEMAS: Final[Mapping[FieldKind, Mapping[str, Any]]] = {
    FieldKind.ID: {"type": "integer", "minimum": 1, "maximum": LARGEST_ID},
    FieldKind.TEXT: {"type": "string"},
    FieldKind.FLAG: {"type": "boolean"},
    FieldKind.DATE: {"type": "string", "format": "date"},
    FieldKind.INSTANT: {"type": "string", "format": "date-time"},
    FieldKind.AMOUNT: _DECIMAL,
    FieldKind.COMPANY_AMOUNT: _DECIMAL,
    FieldKind.COUNT: {"type": "integer", "minimum": 0},
    FieldKind.QUANTITY: _DECIMAL,
    FieldKind.PRICE: _DECIMAL,
    FieldKind.RATE: _DECIMAL,
    FieldKind.TEXTS: {"type": "array", "items": {"type": "string"}},
    FieldKind.CUSTOM: {
        "type": "object",
        "additionalProperties": {"type": ["string", "integer", "boolean", "null"]},
        "description": "Values of custom fields by name",
    },
    FieldKind.JSON: {"type": "object", "additionalProperties": True},
}
_WORDS: Final[Mapping[Operator, str]] = {
    Operator.EQ: "equal to",
    Operator.NE: "other than",
    Operator.LT: "below",
    Operator.LTE: "at most",
    Operator.GT: "above",
    Operator.GTE: "at least",
}


def field_schema(field: ListField) -> dict[str, Any]:
    """Give the JSON schema of a value of ``field`` that is there."""
    if field.kind is FieldKind.CHOICE:
        return {"type": "string", "enum": list(field.choices)}
    return dict(_SCHEMAS[field.kind])


def list_parameters(listing: Listing) -> list[dict[str, Any]]:
    """Give the query parameters of ``listing``: each filter with each operator, then sort, limit, after and total."""
    filters = [
        _query(
            field.name if operator is Operator.EQ else f"{field.name}_{operator.value}",
            f"Only rows whose {field.name} is {_WORDS[operator]} this",
            _filter_schema(field),
        )
        for field in (*listing.fields, *listing.links)
        if field.filterable
        for operator in Operator
        if operator in listing.operators(field)
    ]
    names = "|".join(listing.sortable)
    sort = {"type": "string", "pattern": f"^-?({names})(,-?({names}))*$"}
    limit = {"type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT_LIMIT}
    return [
        *filters,
        *_search(listing),
        _query("sort", f"Sort keys, comma separated, - for descending: {names.replace('|', ', ')}", sort),
        _query("limit", "Most rows of the page", limit),
        _query("after", "The `next` of the page before", {"type": "string"}),
        _query("total", "Count all rows as well", {"type": "boolean", "default": False}),
    ]


def _search(listing: Listing) -> list[dict[str, Any]]:
    if not listing.search:
        return []
    about = (
        "Only rows with all these words, each as the beginning of a word of the row; case, accents and punctuation do "
        f"not matter, the order neither. Looked at: {listing.searched}"
    )
    # At least one letter or digit, of any script: what else the words must be is checked by the service.
    return [_query(SEARCH, about, {"type": "string", "minLength": 1, "maxLength": LONGEST_WANTED})]


def _filter_schema(field: ListField) -> dict[str, Any]:
    schema = field_schema(field)
    return {**schema, "maxLength": LONGEST_TEXT} if field.kind is FieldKind.TEXT else schema


def _query(name: str, about: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": about, "schema": dict(schema)}


def noun(listing: Listing) -> str:
    """Give what the schemas of a list are named by."""
    return "".join(word.capitalize() for word in listing.name.replace("_", "-").split("-"))


def row_name(listing: Listing) -> str:
    """Give the name of the schema of one row."""
    return f"{noun(listing)}Row"


def page_name(listing: Listing) -> str:
    """Give the name of the schema of one page."""
    return f"{noun(listing)}Page"


def page_schemas(listing: Listing) -> dict[str, Any]:
    """Give the schemas of one row and one page, by name."""
    row_title = row_name(listing)
    page = {
        "type": "object",
        "title": page_name(listing),
        "description": f"One page of {listing.name}",
        "required": ["items", "next"],
        "properties": {
            "items": {
                "type": "array",
                "items": {"$ref": f"#/components/schemas/{row_title}"},
                "description": "The rows, in the order asked for",
            },
            "next": {"type": ["string", "null"], "description": "What to send as `after` for the next page"},
            "total": {"type": "integer", "description": "All rows that match; only when asked for"},
        },
    }
    return {row_title: row_schema(listing), page_name(listing): page}


def row_schema(listing: Listing) -> dict[str, Any]:
    """Give the schema of one row."""
    properties = {field.name: _nullable(field) for field in listing.fields}
    return {
        "type": "object",
        "title": row_name(listing),
        "properties": properties,
        "required": list(properties),
        "description": f"One row of {listing.name}",
    }


def _nullable(field: ListField) -> dict[str, Any]:
    schema = field_schema(field)
    if not field.nullable:
        return schema
    if "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
    return {**schema, "type": [schema["type"], "null"]}
