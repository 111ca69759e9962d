"""Tasks that wait for workers outside, as rows: each is handed to one worker, in whichever process it asks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from ...runtime.store import Judge, Key, Letter, Offer, Row
from .commits import post
from .reading import ROW, pages, row_of
from .server import Line

_INSERT: Final = (
    "INSERT INTO workflow_offers (namespace, resource, execution, branch, entry, attempt) VALUES (?, ?, ?, ?, ?, ?)"
)


def offer(line: Line, offers: Sequence[Offer], unless: str) -> None:
    """Insert those that are not there."""
    rows = [(one.key.namespace, one.resource, one.key.id, one.branch, one.entry, one.attempt) for one in offers]
    line.many(_INSERT + unless, rows)


def take(line: Line, namespace: str, resource: str, judge: Judge, unless: str, share: str) -> Offer | None:
    """Remove the oldest one that still holds and put the letter into the inbox that says so."""
    oldest = (
        "SELECT place, execution, branch, entry, attempt FROM workflow_offers"
        f" WHERE namespace = ? AND resource = ? ORDER BY place LIMIT 1{share}"
    )
    while found := line.ask(oldest, namespace, resource):
        place, execution, branch, entry, attempt = found[0]
        one = Offer(Key(namespace, execution), int(branch), int(entry), int(attempt), resource)
        letter = _judged(line, one, judge, share)
        line.run("DELETE FROM workflow_offers WHERE place = ?", place)
        if letter is not None and not _is_there(line, letter):
            post(line, [letter], unless)
            return one
    return None


def _judged(line: Line, one: Offer, judge: Judge, share: str) -> Letter | None:
    # Its worker may be writing what it has just read of another one's taking: that is waited for, not passed by.
    lock = share.removesuffix(" SKIP LOCKED")
    statement = f"SELECT {ROW} FROM workflow_executions WHERE namespace = ? AND id = ?{lock}"
    rows: list[Row] = [row_of(row) for row in line.ask(statement, *one.key)]
    return judge(one, rows[0], partial(pages, line, one.key)) if rows else None


def _is_there(line: Line, letter: Letter) -> bool:
    statement = "SELECT 1 FROM workflow_inbox WHERE namespace = ? AND id = ?"
    return bool(line.ask(statement, letter.key.namespace, letter.id))
