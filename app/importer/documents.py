"""Rows of a file as the documents they describe, each ready to be stored or with all that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.domain.fields import CUSTOM
from app.domain.shared.errors import DomainError, Required
from app.importer.fields import FIELDS, LINE_FIELDS, PREFIX, Field, Kind
from app.importer.mapping import NATURAL_KEYS, FileMapping, LineMapping, Sources
from app.importer.refusals import BadFile, Orphan, TwiceInFile
from app.importer.tables import Row, Table
from app.usecases.importing import CountRecord, LineRecord, OrderRecord, PartyRecord, ProductRecord

LINES: Final = "lines"
OURS: Final = {"product_id": "product_ref", "party_id": "customer_code", "warehouse_id": "warehouse_ref"}
"""What a file calls by its code and the domain by its id."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that was refused, where a person finds it: row as in the file, column by its heading."""

    file: str
    row: int
    column: str
    error: DomainError


@dataclass(frozen=True, slots=True)
class Place:
    """The row that fills a part of a document, and from which columns."""

    file: str
    row: int
    sources: Sources

    def problem(self, error: DomainError, name: str = "") -> Problem:
        """Say what ``error`` found, at the column of the field called ``name``."""
        one = self.sources.get(OURS.get(name, name))
        column = one.columns[0] if one is not None and one.columns else ""
        return Problem(self.file, self.row, column, error)


@dataclass(slots=True, kw_only=True)
class Document:
    """A document of the file: its record, unless something is wrong with it; ``row`` is its first."""

    row: int
    place: Place
    lines: list[Place] = field(default_factory=list)
    own_lines: int = 0
    record: object = None
    problems: list[Problem] = field(default_factory=list)

    def problem(self, error: DomainError) -> Problem:
        """Say what ``error`` found and where in the file that came from."""
        match error.at:
            case ("lines", int(index), *rest) if index < len(self.lines):
                return self.lines[index].problem(error, str(rest[0]) if rest else "")
            case ("custom", str(name)):
                return self.place.problem(error, PREFIX + name)
            case (str(name), *_):
                return self.place.problem(error, name)
            case _:
                return self.place.problem(error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Makes documents of the tables of one import; ``file`` and ``lines_file`` are names for messages.

    ``custom`` are the company's own fields by the names mappings give them: ``custom.<name>``.
    """

    mapping: FileMapping
    file: str
    table: Table
    lines_file: str = ""
    lines_table: Table | None = None
    custom: Mapping[str, Field] = field(default_factory=dict)

    def documents(self) -> Iterator[Document]:
        """Give the documents in the order of the file, then what belongs to none. Raises BadFile."""
        seen: set[tuple[object, ...]] = set()
        for document in self._all():
            key = self._key(document)
            if key in seen:
                document.problems.append(document.place.problem(TwiceInFile(), NATURAL_KEYS[self.mapping.kind][0]))
            elif key is not None:
                seen.add(key)
            yield document

    def _all(self) -> Iterator[Document]:
        lines = self.mapping.lines
        if lines is None:
            return (self._flat(row) for row in self.table.rows)
        return self._grouped(lines) if lines.file is None else self._joined(lines)

    def _key(self, document: Document) -> tuple[object, ...] | None:
        if document.record is None:
            return None
        return tuple(getattr(document.record, name) for name in NATURAL_KEYS[self.mapping.kind])

    def _flat(self, row: Row) -> Document:
        document = Document(row=row.number, place=Place(self.file, row.number, self.mapping.fields))
        values = self._header(document, row)
        if not document.problems:
            document.record = RECORDS[self.mapping.kind](values)
        return document

    def _grouped(self, lines: LineMapping) -> Iterator[Document]:
        """Rows with the same external ref are the lines of one order; the first also fills its header."""
        groups: dict[object, list[Row]] = {}
        for row in self.table.rows:
            self._sound(row, self.file)
            key = self.mapping.fields["external_ref"].text(row.cells, self.mapping.notation.null)
            groups.setdefault(row.number if key is None else key, []).append(row)
        for rows in groups.values():
            yield self._order(rows[0], lines, self.file, rows)

    def _joined(self, lines: LineMapping) -> Iterator[Document]:
        """Lines stand in a file of their own."""
        groups: dict[str, list[Row]] = {}
        for row in self.lines_table.rows if self.lines_table is not None else ():
            self._sound(row, self.lines_file)
            groups.setdefault(row.cells[lines.key], []).append(row)
        for row in self.table.rows:
            own = groups.pop(row.cells[lines.document_key], []) if row.error is None else []
            yield self._order(row, lines, self.lines_file, own)
        for key, rows in groups.items():
            place = Place(self.lines_file, rows[0].number, lines.fields)
            problem = Problem(self.lines_file, rows[0].number, lines.key, Orphan(key=key))
            yield Document(row=rows[0].number, place=place, problems=[problem])

    @staticmethod
    def _sound(row: Row, file: str) -> None:
        # Whose line it is cannot be told, so no document is sure to be whole: nothing of the file is stored.
        if row.error is not None:
            raise BadFile(file=file, row=row.number, reason=row.error)

    def _order(self, first: Row, mapping: LineMapping, file: str, rows: Sequence[Row]) -> Document:
        document = Document(row=first.number, place=Place(self.file, first.number, self.mapping.fields))
        values = self._header(document, first)
        lines: list[LineRecord] = []
        for row in rows:
            self._line(document, lines, Place(file, row.number, mapping.fields), row)
        document.own_lines = len(lines)
        for extra in self.mapping.extra if first.error is None else ():
            self._line(document, lines, Place(self.file, first.number, extra), first, optional=True)
        if not document.problems:
            document.record = OrderRecord(**values, lines=tuple(lines))
        return document

    def _line(
        self, document: Document, lines: list[LineRecord], place: Place, row: Row, *, optional: bool = False
    ) -> None:
        values = self._values(document, place, row, LINE_FIELDS)
        # An extra line charges for something now and then: freight of nothing is no line.
        if optional and "unit_price" in place.sources and not values.get("unit_price"):
            return
        if not document.problems:
            lines.append(LineRecord(**values))
            document.lines.append(place)

    def _header(self, document: Document, row: Row) -> dict[str, Any]:
        if row.error is not None:
            document.problems.append(document.place.problem(row.error))
            return {}
        values = self._values(document, document.place, row, {**FIELDS[self.mapping.kind], **self.custom})
        own = {name: values.pop(name) for name in self.custom if name in values}
        return {**values, CUSTOM: {name.removeprefix(PREFIX): value for name, value in own.items()}} if own else values

    def _values(self, document: Document, place: Place, row: Row, fields: Mapping[str, Field]) -> dict[str, Any]:
        """Give the values of the mapped fields; whatever is wrong is noted, all of it."""
        values: dict[str, Any] = {}
        for name, one in place.sources.items():
            try:
                values[name] = one.value(fields[name], row.cells, self.mapping.notation)
                if fields[name].required and values[name] is None:
                    raise Required
            except DomainError as error:
                document.problems.append(place.problem(error, name))
        return values


def _party(values: dict[str, Any]) -> PartyRecord:
    """Whoever has a customer code is a customer, and likewise a supplier, unless the file says otherwise."""
    roles = {role: True for role in ("customer", "supplier") if values.get(f"{role}_code") is not None}
    return PartyRecord(
        customer_code=values.get("customer_code"),
        supplier_code=values.get("supplier_code"),
        values={**roles, **values},
    )


RECORDS: Final[Mapping[Kind, Callable[[dict[str, Any]], object]]] = {
    Kind.THIRD_PARTIES: _party,
    Kind.PRODUCTS: lambda values: ProductRecord(ref=values["ref"], values=values),
    Kind.STOCK: lambda values: CountRecord(**values),
}
