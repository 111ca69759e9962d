"""Import one file: every document in a transaction of its own, through the one runner.

An import that was stopped goes on where it stopped: each document is an idempotent request, named by what the files
and the mapping contain and by its row, so what was committed is not done again and what was not is.
"""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TextIO

from app.domain.shared.errors import Conflict, DomainError, Invalid, NotFound, Stale
from app.domain.shared.objects import ObjectKind
from app.importer.documents import Document, Problem, Reader
from app.importer.fields import Field, Kind, custom_fields
from app.importer.mapping import FileMapping, load_mapping
from app.importer.refusals import BadFile, BadMapping, UnknownKind
from app.importer.tables import read_table
from app.usecases.context import Context
from app.usecases.fields import FieldsOf
from app.usecases.importing import CountStock, Outcome, Rehearse, Rehearsed, SaveOrder, SaveParty, SaveProduct
from app.usecases.ports.shared import Answer, Clock, IdempotencyKey, Seal
from app.usecases.run import Runner, UseCase
from app.usecases.shared import Numbering

Advance = Callable[[str, int, int], None]
"""Told the name of a stage, how many documents are done and how many there are."""

REFUSALS: Final = (Invalid, Conflict, NotFound, Stale)
"""What is wrong with one document; everything else (rights, database) stops the import."""
ERROR_COLUMNS: Final = ("row", "column", "code", "message", "file")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What an import works with; ``context`` is asked anew by whoever has changed the company's settings.

    ``grown`` is called when much was stored: the database may plan otherwise from then on. ``tell`` puts an error in
    words for whoever reads the errors file.
    """

    runner: Runner
    clock: Clock
    seal: Seal
    context: Callable[[], Context]
    grown: Callable[[], None] = lambda: None
    tell: Callable[[DomainError], str] = str

    @property
    def numbering(self) -> Numbering:
        """The company's series."""
        return Numbering(self.clock, self.seal)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """``dry_run`` stores nothing, ``again`` repeats what an earlier run did, ``errors`` is the file for refusals."""

    dry_run: bool = False
    again: bool = False
    errors: Path | None = None


@dataclass(slots=True, kw_only=True)
class ImportReport:
    """What became of the documents; ``replayed`` were done by an earlier run, ``extra_lines`` made by the mapping."""

    kind: Kind
    dry_run: bool
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    replayed: int = 0
    refused: int = 0
    lines: int = 0
    extra_lines: int = 0
    first_problem: Problem | None = None

    @property
    def documents(self) -> int:
        """How many documents the file has."""
        return self.outcomes.total() + self.replayed + self.refused

    def summary(self) -> str:
        """Say it in one line."""
        lines = f" with {self.lines:,} lines and {self.extra_lines:,} added" if self.kind is Kind.ORDERS else ""
        counts = [f"{self.outcomes[outcome]:,} {outcome.value}" for outcome in Outcome]
        told = ", ".join([*counts, f"{self.replayed:,} done before", f"{self.refused:,} refused"])
        return f"{self.documents:,} {self.kind.value}{lines}: {told}{' (dry run)' if self.dry_run else ''}"


def import_file(
    desk: Desk, kind: str, source: Path, mapping: Path, options: ImportOptions, advance: Advance
) -> ImportReport:
    """Import ``source``; each document is stored whole or not at all, and what is refused goes to ``options.errors``.

    Raises UnknownKind, BadMapping, BadFile before anything is stored; MissingRight and Unavailable stop the import.
    """
    plan = load_mapping(mapping)
    if kind not in set(Kind):
        raise UnknownKind(value=kind, kinds=[one.value for one in Kind])
    if plan.kind != kind:
        raise BadMapping(mapping=mapping.name, reason=f"is for {plan.kind.value}, not {kind}")
    reader, digest = open_import(plan, source)
    if plan.customized:
        reader = replace(reader, custom=_custom(desk, plan))
    documents = list(reader.documents())
    report = ImportReport(kind=plan.kind, dry_run=options.dry_run)
    with _Errors(options.errors, desk.tell) as errors:
        desk_context = desk.context()
        for done, document in enumerate(documents, 1):
            key = None if options.dry_run or options.again else f"{digest}:{document.row}"
            problems = document.problems or _store(desk, desk_context, plan.kind, document, key, report)
            _count(report, document, problems)
            errors.write(problems)
            advance(source.name, done, len(documents))
    if report.outcomes.total() and not report.dry_run:
        desk.grown()
    return report


def _custom(desk: Desk, plan: FileMapping) -> Mapping[str, Field]:
    """Give the company's custom fields of the kind imported. Raises BadMapping for one mapped that is not there."""
    definitions = desk.runner.call(desk.context(), FieldsOf(), lambda: ObjectKind(plan.kind.value))
    known = custom_fields(definitions)
    plan.check_custom(known)
    return known


def open_import(plan: FileMapping, source: Path) -> tuple[Reader, str]:
    """Read the files of an import and give their documents' reader, and a digest of them and the mapping.

    Raises BadFile, and BadMapping for a column that is not there.
    """
    content = _bytes(source)
    digest = hashlib.sha256(hashlib.sha256(plan.content).digest() + content)
    table = read_table(source, content, plan.form)
    if plan.lines is None or plan.lines.file is None:
        plan.check_columns(table.columns, None, source.name)
        return Reader(mapping=plan, file=source.name, table=table), digest.hexdigest()
    beside = source.with_name(plan.lines.file)
    lines_content = _bytes(beside)
    digest.update(lines_content)
    lines = read_table(beside, lines_content, plan.lines.form)
    plan.check_columns(table.columns, lines.columns, source.name)
    reader = Reader(mapping=plan, file=source.name, table=table, lines_file=beside.name, lines_table=lines)
    return reader, digest.hexdigest()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadFile(file=path.name, reason=error.strerror or str(error)) from error


def _case(desk: Desk, kind: Kind) -> UseCase[Any, Outcome]:
    cases: Mapping[Kind, UseCase[Any, Outcome]] = {
        Kind.THIRD_PARTIES: SaveParty(desk.clock, desk.numbering),
        Kind.PRODUCTS: SaveProduct(),
        Kind.STOCK: CountStock(desk.clock),
        Kind.ORDERS: SaveOrder(desk.clock),
    }
    return cases[kind]


def _store(
    desk: Desk, context: Context, kind: Kind, document: Document, key: str | None, report: ImportReport
) -> list[Problem]:
    """Carry out one document, count what became of it, and give what was refused."""
    case = _case(desk, kind)
    try:
        if report.dry_run:
            desk.runner.run(context, Rehearse(case), lambda: document.record, _answer)
        else:
            answer = desk.runner.run(context, case, lambda: document.record, _answer, _key(kind, document, key))
            _outcome(report, Outcome(answer.body.decode()), replayed=answer.replayed)
    except Rehearsed as rehearsed:
        _outcome(report, rehearsed.outcome, replayed=False)
    except REFUSALS as error:
        return [document.problem(error)]
    return []


def _key(kind: Kind, document: Document, key: str | None) -> IdempotencyKey | None:
    if key is None:
        return None
    body = hashlib.sha256(repr(document.record).encode()).hexdigest()
    return IdempotencyKey(key=key, route=f"IMPORT {kind.value}", body_hash=body)


def _answer(outcome: Outcome) -> Answer:
    return Answer(body=outcome.value.encode())


def _outcome(report: ImportReport, outcome: Outcome, *, replayed: bool) -> None:
    if replayed:
        report.replayed += 1
    else:
        report.outcomes[outcome] += 1


def _count(report: ImportReport, document: Document, problems: list[Problem]) -> None:
    report.lines += document.own_lines
    report.extra_lines += len(document.lines) - document.own_lines
    if problems:
        report.refused += 1
        report.first_problem = report.first_problem or problems[0]


class _Errors(ExitStack):
    """The errors file; made when there is something to write, and one of an earlier run is removed."""

    def __init__(self, path: Path | None, tell: Callable[[DomainError], str]) -> None:
        super().__init__()
        self._path = path
        self._tell = tell
        self._file: TextIO | None = None
        if path is not None:
            path.unlink(missing_ok=True)

    def write(self, problems: list[Problem]) -> None:
        """Add what was refused of one document."""
        if self._path is None or not problems:
            return
        if self._file is None:
            self._file = self.enter_context(self._path.open("w", encoding="utf-8", newline=""))
            csv.writer(self._file).writerow(ERROR_COLUMNS)
        writer = csv.writer(self._file)
        writer.writerows((p.row, p.column, p.error.code, self._tell(p.error), p.file) for p in problems)
        # Whoever waits for a long import reads along.
        self._file.flush()
