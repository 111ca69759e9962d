"""The mapping file: which columns of somebody's file fill which of our fields (TOML; docs/import.md describes it)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.domain.fields import CUSTOM
from app.importer.fields import CUSTOMIZED, FIELDS, LINE_FIELDS, PREFIX, Field, Kind, Notation
from app.importer.refusals import BadMapping
from app.importer.sources import Source, source
from app.importer.tables import Format

Sources = Mapping[str, Source]
TOP: Final = frozenset({"kind", "file", "notation", "fields", "lines", "extra"})
FILE: Final = frozenset({"encoding", "delimiter", "sheet", "overflow"})
NOTATION: Final = frozenset({"null", "dates", "decimal", "thousands"})
LINES: Final = frozenset({"file", "key", "document_key", "sheet", "overflow", "fields"})
NATURAL_KEYS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.THIRD_PARTIES: ("customer_code", "supplier_code"),
    Kind.PRODUCTS: ("ref",),
    Kind.STOCK: ("warehouse_ref", "product_ref"),
    Kind.ORDERS: ("external_ref",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LineMapping:
    """How the lines of orders are found: in rows of the same file, or in ``file`` beside it.

    There, column ``key`` holds what ``document_key`` holds in the orders' file.
    """

    fields: Sources
    form: Format
    file: str | None = None
    key: str = ""
    document_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMapping:
    """A checked mapping. ``extra`` are lines made for each order from its first row, ``content`` the file's bytes."""

    kind: Kind
    form: Format
    notation: Notation
    fields: Sources
    lines: LineMapping | None
    extra: tuple[Sources, ...]
    content: bytes

    def check_custom(self, known: Mapping[str, Field]) -> None:
        """Pass only custom fields that the company has. Raises BadMapping naming the first other one."""
        unknown = [name for name in self.fields if name.startswith(PREFIX) and name not in known]
        if unknown:
            there = ", ".join(sorted(known)) or "none"
            raise BadMapping(at=("fields", unknown[0]), reason=f"unknown field {unknown[0]}; there are {there}")

    @property
    def customized(self) -> bool:
        """Whether custom fields are filled."""
        return any(name.startswith(PREFIX) for name in self.fields)

    def check_columns(self, columns: Iterable[str], lines: Iterable[str] | None, file: str) -> None:
        """Pass only files that have every column named. Raises BadMapping naming field and column."""
        known = set(columns)
        _has("fields", self.fields, known, file)
        for index, extra in enumerate(self.extra, 1):
            _has(f"extra {index}", extra, known, file)
        if self.lines is None:
            return
        own = known if lines is None else set(lines)
        name = self.lines.file or file
        _has("lines.fields", self.lines.fields, own, name)
        if self.lines.file is not None:
            _column("lines.key", self.lines.key, own, name)
            _column("lines.document_key", self.lines.document_key, known, file)


def load_mapping(path: Path) -> FileMapping:
    """Read and check a mapping file. Raises BadMapping, which names what is wrong and where."""
    try:
        content = path.read_bytes()
        told = tomllib.loads(content.decode("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadMapping(mapping=path.name, reason=str(error)) from error
    try:
        return _mapping(told, content)
    except BadMapping as error:
        error.facts["mapping"] = path.name
        raise


def _mapping(told: Mapping[str, Any], content: bytes) -> FileMapping:
    _only(told, TOP, "the mapping")
    kind = _kind(told.get("kind"))
    form = _form(_table(told, "file"), FILE, "file")
    lines = _table(told, "lines")
    if bool(lines) != (kind is Kind.ORDERS):
        raise BadMapping(at=("lines",), reason="orders, and only orders, have lines")
    fields = _fields(kind, _table(told, "fields"))
    if not any(name in fields for name in NATURAL_KEYS[kind]):
        raise BadMapping(at=("fields",), reason=f"needs {' or '.join(NATURAL_KEYS[kind])}")
    extra = told.get("extra", [])
    if not isinstance(extra, list) or (extra and kind is not Kind.ORDERS):
        raise BadMapping(at=("extra",), reason="must be tables [[extra]] of an orders mapping")
    return FileMapping(
        kind=kind,
        form=form,
        notation=_notation(_table(told, "notation")),
        fields=fields,
        lines=_lines(lines, form) if lines else None,
        extra=tuple(_sources(f"extra {number}", line, LINE_FIELDS) for number, line in enumerate(extra, 1)),
        content=content,
    )


def _fields(kind: Kind, told: Mapping[str, Any]) -> Sources:
    """Read the fields; a table ``custom`` among them names custom fields, which the company's definitions must have."""
    if kind not in CUSTOMIZED or CUSTOM not in told:
        return _sources("fields", told, FIELDS[kind])
    own = {PREFIX + name: one for name, one in _table(told, CUSTOM).items()}
    rest = {name: one for name, one in told.items() if name != CUSTOM}
    custom = {name: source(f"fields.{name}", one) for name, one in own.items()}
    return {**_sources("fields", rest, FIELDS[kind]), **custom}


def _kind(told: object) -> Kind:
    try:
        return Kind(str(told))
    except ValueError:
        raise BadMapping(at=("kind",), reason=f"must be one of {', '.join(Kind)}") from None


def _lines(told: Mapping[str, Any], form: Format) -> LineMapping:
    _only(told, LINES, "lines")
    fields = _sources("lines.fields", _table(told, "fields"), LINE_FIELDS)
    if "file" not in told:
        return LineMapping(fields=fields, form=form)
    if "key" not in told:
        raise BadMapping(at=("lines.key",), reason="lines of another file need the column that says whose they are")
    own = _form({name: told[name] for name in ("sheet", "overflow") if name in told}, FILE, "lines")
    key = str(told["key"])
    return LineMapping(
        fields=fields,
        form=Format(encoding=form.encoding, delimiter=form.delimiter, sheet=own.sheet, overflow=own.overflow),
        file=str(told["file"]),
        key=key,
        document_key=str(told.get("document_key", key)),
    )


def _form(told: Mapping[str, Any], options: frozenset[str], where: str) -> Format:
    _only(told, options, where)
    overflow = told.get("overflow", ())
    delimiter = str(told.get("delimiter", ","))
    if len(delimiter) != 1:
        raise BadMapping(at=(f"{where}.delimiter",), reason="must be one character")
    return Format(
        encoding=str(told.get("encoding", "utf-8-sig")),
        delimiter=delimiter,
        sheet=told.get("sheet"),
        overflow=(overflow,) if isinstance(overflow, str) else tuple(overflow),
    )


def _notation(told: Mapping[str, Any]) -> Notation:
    _only(told, NOTATION, "notation")
    return Notation(
        null=frozenset(told.get("null", ())),
        dates=tuple(told.get("dates", ())),
        decimal=str(told.get("decimal", ".")),
        thousands=str(told.get("thousands", "")),
    )


def _sources(where: str, told: Mapping[str, Any], known: Mapping[str, Field]) -> Sources:
    unknown = sorted(set(told) - set(known))
    if unknown:
        raise BadMapping(
            at=(where, unknown[0]), reason=f"unknown field {unknown[0]}; there are {', '.join(sorted(known))}"
        )
    missing = [name for name, field in known.items() if field.required and name not in told]
    if missing:
        raise BadMapping(at=(where, missing[0]), reason=f"field {missing[0]} must be mapped")
    return {name: source(f"{where}.{name}", told[name]) for name in known if name in told}


def _table(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = told.get(name, {})
    if not isinstance(table, dict):
        raise BadMapping(at=(name,), reason=f"{name} must be a table")
    return table


def _only(told: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    unknown = sorted(set(told) - known)
    if unknown:
        raise BadMapping(
            at=(where, unknown[0]),
            reason=f"unknown option {unknown[0]} of {where}; there are {', '.join(sorted(known))}",
        )


def _has(where: str, fields: Sources, columns: set[str], file: str) -> None:
    for name, one in fields.items():
        for column in one.columns:
            _column(f"{where}.{name}", column, columns, file)


def _column(where: str, column: str, columns: set[str], file: str) -> None:
    if column not in columns:
        raise BadMapping(at=(where,), field=where, column=column, reason=f"{file} has no column {column}")
