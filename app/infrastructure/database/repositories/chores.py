"""Turns of chores in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import bindparam, select, update

from app.infrastructure.database.compiled import prepare
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import insert_missing
from app.infrastructure.database.tables.chores import chores as t
from app.usecases.context import Context
from app.usecases.ports.chores import Turn

_NAMES: Final = ("name", "due_at", "started_at", "done_at", "failures", "claims")
_COLUMNS: Final = tuple(t.c[name] for name in _NAMES)
_SAVED: Final = ("due_at", "started_at", "done_at", "failures")
_NEW: Final = {name: bindparam(name, type_=t.c[name].type) for name in ("name", "due_at", "failures", "claims")}

_GET = prepare(select(*_COLUMNS).where(t.c.name == bindparam("chore")))
_ALL = prepare(select(*_COLUMNS).order_by(t.c.name), "select all chores")
_ADD = prepare(lambda dialect: insert_missing(dialect, t, _NEW), "make chore")
_SAVE = prepare(
    update(t)
    .where(t.c.name == bindparam("chore"), t.c.claims == bindparam("seen"))
    .values({"claims": bindparam("now"), **{name: bindparam(name) for name in _SAVED}})
)


class SqlChores:
    """Turns of all chores of the installation, in rows of ``chores``."""

    def __init__(self, session: Session, context: Context) -> None:  # noqa: ARG002 - repositories are made alike
        self._session = session

    def get(self, name: str) -> Turn | None:
        """Give the turn of a chore that was met before."""
        row = self._session.one(_GET, chore=name)
        return None if row is None else _turn(row)

    def all(self) -> Sequence[Turn]:
        """Give all turns, by name."""
        return list(map(_turn, self._session.all(_ALL)))

    def add(self, turn: Turn) -> None:
        """Enter a chore; nothing happens when it is there."""
        self._session.run(_ADD, name=turn.name, due_at=turn.due_at, failures=0, claims=0)

    def save(self, turn: Turn) -> bool:
        """Store a turn that nobody claimed since it was read, and count the claim; False when somebody did."""
        values = {name: getattr(turn, name) for name in _SAVED}
        return bool(self._session.run(_SAVE, chore=turn.name, seen=turn.claims, now=turn.claims + 1, **values))


def _turn(row: tuple[Any, ...]) -> Turn:
    return Turn(**dict(zip(_NAMES, row, strict=True)))
