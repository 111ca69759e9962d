"""The items of a Map, read one after the other from anywhere in the middle.

What is to be read is a ``Source``, all of JSON values, so that it can be kept. Every item comes with a cursor from
which the reading goes on behind it; a file that has changed since the cursor was given is not read on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import msgspec

from ...objects import Object, ObjectError, ObjectStore
from .delimited import DELIMITERS, records
from .pieces import DatasetError, Pieces, unzipped

LARGEST_JSON: Final = 64 * 1024 * 1024
"""Bytes of a JSON file, which is read as a whole; files of lines may be of any size."""
LARGEST_HEADER: Final = 10 * 1024
LARGEST_MANIFEST: Final = 16 * 1024 * 1024
LONGEST_LINE: Final = 8 * 1024 * 1024
NOT_ITERABLE: Final = "Attempting to map over non-iterable node."
STATE_DATA: Final = "STATE_DATA"
_PLACE: Final = re.compile(r"0|[1-9][0-9]{0,9}")
_BUCKET: Final = re.compile(r"(?:arn:[^:]*:s3:::)?(.+)", re.DOTALL)
_ADDRESS: Final = re.compile(r"s3://([^/]+)/(.+)", re.DOTALL | re.IGNORECASE)

_decode: Final = msgspec.json.Decoder().decode


class Source(msgspec.Struct, frozen=True, array_like=True):
    """What to read. ``items`` are the values themselves, ``keys`` the names by which an object held them.

    ``listed`` tells that the keys of a bucket are the items, or with ``flattened`` what their objects hold.
    """

    items: list[Any] | None = None
    keys: list[str] | None = None
    listed: bool = False
    flattened: bool = False
    bucket: str = ""
    key: str = ""
    prefix: str = ""
    kind: str = "JSON"
    header: list[str] | None = None
    delimiter: str = "COMMA"
    pointer: str = ""
    manifest: str = ""


class Read(NamedTuple):
    """An item, where it is from, and the cursor behind it."""

    value: Any
    key: str | None
    source: str
    cursor: list[Any]


def read(store: ObjectStore, source: Source, cursor: list[Any] | None = None) -> Iterator[Read]:
    """Give the items behind the cursor, or all. Raises DatasetError."""
    try:
        if source.items is not None:
            yield from _given(source, cursor)
        elif source.listed:
            yield from _listed(store, source, cursor)
        elif source.manifest:
            yield from _manifest(store, source, cursor)
        else:
            yield from _object(store, source, cursor)
    except ObjectError as error:
        raise DatasetError(f"{error}") from error


def _given(source: Source, cursor: list[Any] | None) -> Iterator[Read]:
    values = source.items or []
    first = cursor[0] if cursor else 0
    for place in range(first, len(values)):
        key = None if source.keys is None else source.keys[place]
        yield Read(values[place], key, STATE_DATA, [place + 1])


# Keys of a bucket


def _listed(store: ObjectStore, source: Source, cursor: list[Any] | None) -> Iterator[Read]:
    after, inner = cursor or ["", None]
    if inner is not None:
        yield from _flat(store, source, after, inner)
    for found in _keys(store, source, after):
        if source.flattened:
            yield from _flat(store, source, found.key, None)
        else:
            yield Read(_shown(found), None, f"S3://{source.bucket}", [found.key, None])


def _keys(store: ObjectStore, source: Source, after: str) -> Iterator[Object]:
    while page := store.list(source.bucket, source.prefix, after):
        yield from page
        after = page[-1].key


def _flat(store: ObjectStore, source: Source, key: str, cursor: list[Any] | None) -> Iterator[Read]:
    if key.endswith("/"):
        return
    one = msgspec.structs.replace(source, listed=False, key=key)
    for item in _object(store, one, cursor):
        yield item._replace(cursor=[key, item.cursor])


def _shown(found: Object) -> dict[str, Any]:
    """Give an object as ListObjectsV2 shows it to a Map."""
    return {
        "Etag": f'"{found.etag}"',
        "Key": found.key,
        "LastModified": found.modified,
        "Size": found.size,
        "StorageClass": "STANDARD",
    }


# Manifests


def _manifest(store: ObjectStore, source: Source, cursor: list[Any] | None) -> Iterator[Read]:
    files = _files(store, source)
    first, inner = cursor or [0, None]
    for place in range(first, len(files)):
        for item in _object(store, files[place], inner):
            yield item._replace(cursor=[place, item.cursor])
        inner = None


def _files(store: ObjectStore, source: Source) -> list[Source]:
    text = Pieces(store.get(source.bucket, source.key)).rest(LARGEST_MANIFEST)
    return _inventory(text) if source.manifest == "S3_INVENTORY" else _athena(text, source)


def _inventory(text: bytes) -> list[Source]:
    """Read the manifest.json of an S3 inventory, whose files have no header."""
    manifest = _json(text, "The manifest is not valid JSON.")
    try:
        if manifest["fileFormat"] != "CSV":
            raise DatasetError("The files of an S3 inventory must be of the format CSV.")
        header = [name.strip() for name in manifest["fileSchema"].split(",")]
        found = _BUCKET.fullmatch(manifest["destinationBucket"])
        bucket = found[1] if found is not None else ""
        return [Source(bucket=bucket, key=file["key"], kind="CSV", header=header) for file in manifest["files"]]
    except (KeyError, TypeError, AttributeError):
        raise DatasetError("The manifest is not one of an S3 inventory.") from None


def _athena(text: bytes, source: Source) -> list[Source]:
    """Read the manifest of an Athena query: a line for the address of each file."""
    files = []
    for line in text.decode("utf-8", "replace").split():
        found = _ADDRESS.fullmatch(line.strip('"'))
        if found is None:
            raise DatasetError("The manifest does not hold S3 addresses.")
        files.append(msgspec.structs.replace(source, bucket=found[1], key=found[2], manifest=""))
    return files


# Objects


def _object(store: ObjectStore, source: Source, cursor: list[Any] | None) -> Iterator[Read]:
    """Give the items of one object. The cursor is [place, etag], with the header of a file of fields."""
    etag = store.stat(source.bucket, source.key).etag
    if cursor is not None and cursor[1] != etag:
        raise DatasetError(f"The object {source.key} has changed while it was read.")
    name = f"S3://{source.bucket}/{source.key}"
    kind = _KINDS.get(source.kind)
    if kind is None:
        raise DatasetError(f"Files of the type {source.kind} cannot be read.")
    for value, place, more in kind(store, source, cursor):
        yield Read(value, None, name, [place, etag, *more])


_Found = Iterator[tuple[Any, int, Sequence[Any]]]


def _opened(store: ObjectStore, source: Source, start: int) -> Pieces:
    if not source.key.endswith(".gz"):
        return Pieces(store.get(source.bucket, source.key, start), start)
    pieces = Pieces(unzipped(store.get(source.bucket, source.key)))
    while pieces.at < start and (held := pieces.more(65_536)):
        pieces.skip(min(len(held), start - pieces.at))
    return pieces


def _delimited(store: ObjectStore, source: Source, cursor: list[Any] | None) -> _Found:
    start = cursor[0] if cursor else 0
    pieces = _opened(store, source, start)
    rows = records(pieces, DELIMITERS[source.delimiter])
    header = cursor[2] if cursor else source.header
    if header is None:
        header = _header(next(rows, []))
    for row in rows:
        yield _record(header, row), pieces.at, [header]


def _header(names: list[str]) -> list[str]:
    if len("".join(names).encode()) > LARGEST_HEADER:
        raise DatasetError(f"The header of the file has more than {LARGEST_HEADER} bytes.")
    return names


def _record(header: list[str], row: list[str]) -> dict[str, str]:
    """Name the fields: what is missing is empty, what is too much is left out."""
    return {name: row[place] if place < len(row) else "" for place, name in enumerate(header)}


def _lines(store: ObjectStore, source: Source, cursor: list[Any] | None) -> _Found:
    pieces = _opened(store, source, cursor[0] if cursor else 0)
    while line := pieces.line(LONGEST_LINE):
        pieces.skip(len(line))
        if line.strip():
            yield _json(line, "A line of the file is not valid JSON."), pieces.at, ()


def _whole(store: ObjectStore, source: Source, cursor: list[Any] | None) -> _Found:
    text = _opened(store, source, 0).rest(LARGEST_JSON)
    found = pointed(_json(text, "The file is not valid JSON."), source.pointer)
    if not isinstance(found, list):
        raise DatasetError(NOT_ITERABLE)
    for place in range(cursor[0] if cursor else 0, len(found)):
        yield found[place], place + 1, ()


def pointed(value: Any, pointer: str) -> Any:
    """Follow a JSON pointer. Raises DatasetError when it leads nowhere."""
    try:
        for part in pointer.split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            value = value[_place(name)] if isinstance(value, list) else value[name]
    except (LookupError, TypeError):
        raise DatasetError(f"The pointer {pointer} leads nowhere.") from None
    return value


def _place(name: str) -> int:
    """Read a place in an array, which is never counted from its end. Raises LookupError."""
    if not _PLACE.fullmatch(name):
        raise LookupError(name)
    return int(name)


def _json(text: bytes, wrong: str) -> Any:
    try:
        return _decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise DatasetError(wrong) from None


_KINDS: Final[Mapping[str, Callable[[ObjectStore, Source, list[Any] | None], Iterable[Any]]]] = MappingProxyType(
    {"CSV": _delimited, "JSON": _whole, "JSONL": _lines}
)
