"""How records of the catalogue are entered, shown, changed and deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from app.domain.catalogue import Record
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.shared import Work
from app.usecases.shared import Change, Versioned


@dataclass(frozen=True, slots=True)
class CreateRecord:
    """Enter a record. Raises Taken, and what makes one unsound."""

    right: ClassVar[Right] = Right.PRODUCTS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Record) -> Record:
        """Store ``request`` and give it back with its id."""
        self.fits(work, context, request)
        work.catalogue.add(request)
        return request

    def fits(self, work: Work, context: Context, record: Record) -> None:
        """Pass only what fits in with the others; most do."""


@dataclass(frozen=True, slots=True)
class ReadRecord:
    """Show one record. Raises NotFound."""

    kind: ClassVar[type[Any]]
    right: ClassVar[Right] = Right.PRODUCTS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: int) -> Record:
        """Give the record."""
        record: Record = work.catalogue.get(self.kind, request)
        return record


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """Change the fields sent of a record. Raises NotFound, Stale, Taken, and what makes one unsound."""

    kind: ClassVar[type[Any]]
    right: ClassVar[Right] = Right.PRODUCTS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Change) -> Record:
        """Give the record as it is now."""
        record: Record = work.catalogue.get(self.kind, request.id)
        request.matches(record.version)
        if record.change(request.changes):
            self.fits(work, context, record)
            work.catalogue.save(record)
        return record

    def fits(self, work: Work, context: Context, record: Record) -> None:
        """Pass only what fits in with the others; most do."""


@dataclass(frozen=True, slots=True)
class DeleteRecord:
    """Delete a record that nothing refers to. Raises NotFound, Stale, InUse."""

    kind: ClassVar[type[Any]]
    right: ClassVar[Right] = Right.PRODUCTS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Versioned) -> None:
        """Remove the record."""
        record = work.catalogue.get(self.kind, request.id)
        request.matches(record.version)
        work.catalogue.delete(record)
