"""How a message finds the execution that waits for it, at a cost that does not grow with what waits.

What is new on either side is marked ``fresh``: a message, or a wait that could take one. Only the (name, key) of fresh
ones are looked at, and whatever found no counterpart there is parked until one comes.
"""

from __future__ import annotations

from typing import Final

from .commits import either
from .server import Line, Server

_PURGED: Final = 1_000
_PAIR: Final = "namespace = ? AND name = ? AND correlation = ?"
_Pair = tuple[str, str, str]


def deliver(server: Server, unless: str, now: int, limit: int) -> int:
    """Turn messages that executions wait for into letters, drop expired ones; give how many letters."""
    if not server.transact(lambda line: line.ask(_ANYTHING, now), begin=False):
        return 0
    return server.transact(lambda line: _deliver(line, server.share, unless, now, limit))


_ANYTHING: Final = (
    "SELECT 1 FROM workflow_schema WHERE EXISTS (SELECT 1 FROM workflow_messages WHERE fresh = 1)"
    " OR EXISTS (SELECT 1 FROM workflow_awaiting WHERE fresh = 1)"
    " OR EXISTS (SELECT 1 FROM workflow_messages WHERE expires <= ?)"
)


def _deliver(line: Line, share: str, unless: str, now: int, limit: int) -> int:
    # One at a time: two could each park what the other has in its hands.
    if not line.ask(f"SELECT version FROM workflow_schema{share}"):
        return 0
    over = line.ask("SELECT place FROM workflow_messages WHERE expires <= ? ORDER BY expires LIMIT ?", now, _PURGED)
    either(line, "DELETE FROM workflow_messages", "place = ?", over)
    count = 0
    for pair in _fresh(line, limit):
        if count < limit:
            count += _match(line, share, unless, pair, limit - count)
    return count


def _fresh(line: Line, limit: int) -> list[_Pair]:
    pairs: dict[_Pair, None] = {}
    for table in ("workflow_messages", "workflow_awaiting"):
        found = line.ask(
            f"SELECT namespace, name, correlation FROM {table} WHERE fresh = 1 ORDER BY place LIMIT ?", limit
        )
        pairs.update(dict.fromkeys((row[0], row[1], row[2]) for row in found))
    return list(pairs)


def _match(line: Line, share: str, unless: str, pair: _Pair, limit: int) -> int:
    messages = line.ask(
        f"SELECT place, id, body FROM workflow_messages WHERE {_PAIR} AND delivered = 0 ORDER BY place LIMIT ?",
        *pair,
        limit,
    )
    waits = f"SELECT place, execution FROM workflow_awaiting WHERE {_PAIR} AND taken IS NULL ORDER BY place LIMIT ?"
    seen = line.ask(waits, *pair, limit)
    locked = line.ask(waits + share, *pair, limit)
    for (place, message, body), (wait, execution) in zip(messages, locked, strict=False):
        line.run(
            f"INSERT INTO workflow_inbox (namespace, id, execution, body) VALUES (?, ?, ?, ?){unless}",
            pair[0],
            message,
            execution,
            body,
        )
        line.run("UPDATE workflow_awaiting SET taken = ?, fresh = 0 WHERE place = ?", message, wait)
        # The row stays until it expires: the same message sent again is known.
        line.run("UPDATE workflow_messages SET delivered = 1, fresh = 0, body = '' WHERE place = ?", place)
    count = min(len(messages), len(locked))
    if len(locked) == len(seen):
        # A wait that a commit is just changing may yet take one: then they are looked at again.
        either(line, "UPDATE workflow_messages SET fresh = 0", "place = ?", [row[:1] for row in messages[count:]])
    either(line, "UPDATE workflow_awaiting SET fresh = 0", "place = ?", [row[:1] for row in locked[count:]])
    return count
