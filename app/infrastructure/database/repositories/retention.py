"""What is kept for a time only: the one list of such tables, and how their rows go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from sqlalchemy import Column, Table

from app.infrastructure.database.compiled import Prepared, prepare
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import delete_due
from app.infrastructure.database.tables.access import sessions, sign_in_attempts
from app.infrastructure.database.tables.jobs import jobs
from app.infrastructure.database.tables.papers import papers
from app.infrastructure.database.tables.shared import answers
from app.usecases.context import Context


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows of one table that go some time after the instant in ``column``, which has an index that begins with it.

    Rows without that instant stay. The table's name is the name under which ages are set.
    """

    column: Column[Any]

    @property
    def table(self) -> Table:
        """Whose rows go."""
        return self.column.table


KEPT: Final = (
    Kept(answers.c.expires_at),
    Kept(sessions.c.expires_at),
    Kept(sign_in_attempts.c.expires_at),
    Kept(jobs.c.expires_at),
    Kept(papers.c.expires_at),
)

_PURGE: Final[dict[str, Prepared]] = {
    kept.table.name: prepare(partial(delete_due, table=kept.table, column=kept.column), f"purge {kept.table.name}")
    for kept in KEPT
}


class SqlRetention:
    """Rows of all companies: the purge is nobody's in particular."""

    def __init__(self, session: Session, _context: Context) -> None:
        self._session = session

    def kept(self) -> Sequence[str]:
        """Give the names of the tables."""
        return tuple(_PURGE)

    def purge(self, name: str, due: datetime, batch: int) -> int:
        """Remove up to ``batch`` rows of the table ``name`` dated not after ``due``; give how many went."""
        return self._session.run(_PURGE[name], due=due, batch=batch)
