"""Examples of request bodies for the OpenAPI document, put together from those of the fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Schema = Mapping[str, Any]
_BY_FORMAT: Final[Mapping[str, str]] = {"date": "2026-11-21", "date-time": "2026-11-21T13:00:00Z"}
_BY_TYPE: Final[Mapping[str, Any]] = {"string": "text", "integer": 1, "number": 1, "boolean": True, "null": None}
_REF: Final = "#/components/schemas/"


def example_of(schema: Schema, schemas: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    """Give a value that ``schema`` allows; ``schemas`` are those its references name.

    What a schema gives as its own example wins. An object has its required fields, and of the others those that have
    an example: a field whose value nobody can guess is left out.
    """
    for one in (schema, _plain(schema, schemas)):
        given = one.get("examples") or one.get("enum") or ([one["const"]] if "const" in one else None)
        if given:
            return given[0]
    return _by_type(_plain(schema, schemas), schemas)


def _plain(schema: Schema, schemas: Mapping[str, Any]) -> Schema:
    """Give what a reference names, or the first of alternatives, to the end."""
    inner = schemas[schema["$ref"].removeprefix(_REF)] if "$ref" in schema else None
    for word in ("anyOf", "oneOf", "allOf"):
        inner = inner or schema.get(word, [None])[0]
    return schema if inner is None else _plain(inner, schemas)


def _by_type(schema: Schema, schemas: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as above
    kind = schema.get("type", "object")
    match kind[0] if isinstance(kind, list) else kind:
        case "object":
            required = schema.get("required", ())
            fields = schema.get("properties", {}).items()
            return {
                name: example_of(field, schemas)
                for name, field in fields
                if name in required or _is_telling(field, schemas)
            }
        case "array":
            return [example_of(schema["items"], schemas)] if "items" in schema else []
        case "string" if schema.get("format") in _BY_FORMAT:
            return _BY_FORMAT[schema["format"]]
        case simple:
            return _BY_TYPE[simple]


def _is_telling(field: Schema, schemas: Mapping[str, Any]) -> bool:
    """Tell whether an optional field has an example of its own, is a day, or is made of such fields."""
    if "examples" in field or field.get("format") in _BY_FORMAT:
        return True
    plain = _plain(field, schemas)
    parts = [*plain.get("properties", {}).values(), *([plain["items"]] if "items" in plain else [])]
    return any(_is_telling(part, schemas) for part in parts)
