"""Cursors: the place in a list after which the next page starts, opaque to clients."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Final

import orjson

from app.api.values import read_value, write_value
from app.usecases.ports.listing import Listing, Sort

LONGEST: Final = 8000


def signature(sort: Sequence[Sort]) -> str:
    """Give the sort as it stands in a query string: ``-date,ref,id``."""
    return ",".join(f"{'-' if key.descending else ''}{key.field}" for key in sort)


def write_cursor(listing: Listing, sort: Sequence[Sort], row: Sequence[object]) -> str:
    """Give the cursor that follows ``row``, which has the listing's fields in their order."""
    names = [field.name for field in listing.fields]
    values = [write_value(row[names.index(key.field)]) for key in sort]
    return urlsafe_b64encode(orjson.dumps([signature(sort), *values])).rstrip(b"=").decode()


def read_cursor(listing: Listing, sort: Sequence[Sort], text: str) -> tuple[object, ...] | None:
    """Give the values a cursor holds for the keys of ``sort``; None when it is broken or was made for another sort."""
    if len(text) > LONGEST or not text.isascii():
        return None
    try:
        parts = orjson.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        return None
    if not isinstance(parts, list) or len(parts) != len(sort) + 1 or parts[0] != signature(sort):
        return None
    values = []
    for key, part in zip(sort, parts[1:], strict=True):
        field = listing.field(key.field)
        value = read_value(field, part) if field is not None and isinstance(part, str) else None
        if value is None:
            return None
        values.append(value)
    return tuple(values)
