"""The store in a SQL database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import URL

from ...kernel.status import Status
from ...runtime.store import (
    SUSPECT,
    Append,
    End,
    Judge,
    Key,
    Letter,
    Message,
    NameTakenError,
    NewExecution,
    Offer,
    Page,
    Query,
    RefusedError,
    Row,
    Statistic,
    StoreUnavailableError,
)
from .. import sound
from . import offers as offering
from . import reading
from .commits import COMMITS, INSERT, either, post, values_of
from .correlation import deliver
from .reading import ROW, conditions, row_of, with_one_suspect
from .server import Line, Meaning, Mysql, Sqlite, line_of, server_of

_T = TypeVar("_T")
_LET_GO: Final = (
    "UPDATE workflow_executions SET owner = NULL, claims = CASE WHEN claims < ? THEN claims + 1 ELSE claims END,"
    " due = CASE WHEN ended IS NULL THEN ? ELSE due END WHERE owner = ?"
)


class SqlStore:
    """Executions in the tables that ``migrate`` makes, on connections of its own.

    ``connection`` of a method is a connection of SQLAlchemy's or of the driver's, or a cursor on one, in a transaction
    at READ COMMITTED. What its driver raises then comes out as it is, for the caller knows whether to run it all again.
    On SQLite who writes takes ``write_lock`` of the file first, and so does the caller with a transaction of his own.
    """

    def __init__(self, url: str | URL) -> None:
        self._server = server_of(url)
        self.one_writer = isinstance(self._server, Sqlite)
        self._commits = COMMITS[type(self._server)]()
        self._locks = self._server.locks()

    def commit(self, appends: Sequence[Append], connection: Any = None) -> set[Key]:
        """Write those whose version fits; give their keys."""
        refused = self._faults(appends)
        sound_ones = [append for append in appends if append.key not in refused] if refused else appends
        if connection is None:
            written = self._commits.sift(self._server, sound_ones, refused)
        else:
            written = self._commit_on(line_of(connection, self._server.write), sound_ones, refused)
        if refused:
            raise RefusedError(refused, written)
        return written

    def start(self, new: NewExecution, connection: Any = None) -> None:
        """Insert an execution of version 0, due at once."""
        if why := sound.of_new(new) or self._server.too_large(new.input):
            raise RefusedError({new.key: why})
        self._write(lambda line: self._start(line, new), connection)

    def post(self, letters: Iterable[Letter], connection: Any = None) -> None:
        """Put letters into the inbox."""
        letters = list(letters)
        refused = {
            letter.key: why
            for letter in letters
            if (why := sound.of_letter(letter) or self._server.too_large(letter.body))
        }
        if refused:
            raise RefusedError(refused)
        if letters:
            self._write(lambda line: post(line, letters, self._commits.unless), connection)

    def offer(self, offers: Sequence[Offer]) -> None:
        """Have tasks wait for workers outside."""
        self._server.transact(lambda line: offering.offer(line, offers, self._commits.unless))

    def take(self, namespace: str, resource: str, judge: Judge) -> Offer | None:
        """Remove the oldest task that still holds, and post the letter that says so."""
        # Whoever asks in vain does not write.
        if not self._ask(
            "SELECT 1 FROM workflow_offers WHERE namespace = ? AND resource = ? LIMIT 1", namespace, resource
        ):
            return None
        given = (namespace, resource, judge, self._commits.unless, self._server.share)
        return self._server.transact(lambda line: offering.take(line, *given))

    def announcing(self) -> list[str]:
        """Give the namespaces with ends that were announced."""
        rows = self._ask("SELECT DISTINCT namespace FROM workflow_ends ORDER BY namespace LIMIT 1000")
        return [namespace for (namespace,) in rows]

    def take_ends(self, namespace: str, limit: int, connection: Any = None) -> list[End]:
        """Take ends that were announced, the oldest first."""

        def work(line: Line) -> list[End]:
            rows = line.ask(
                "SELECT place, execution, status, at, error FROM workflow_ends"
                f" WHERE namespace = ? ORDER BY place LIMIT ?{self._server.share}",
                namespace,
                limit,
            )
            either(line, "DELETE FROM workflow_ends", "place = ?", [row[:1] for row in rows])
            return [End(Key(namespace, row[1]), Status(row[2]), *row[3:]) for row in rows]

        if connection is None:
            return self._server.transact(work)
        return work(line_of(connection, self._server.write))

    def publish(self, message: Message, connection: Any = None) -> None:
        """Keep a message until somebody waits for it."""
        if why := sound.of_message(message) or self._server.too_large(message.body):
            raise RefusedError({Key(message.namespace, message.id): why})
        statement = (
            "INSERT INTO workflow_messages (namespace, id, name, correlation, body, expires, fresh, delivered)"
            f" VALUES (?, ?, ?, ?, ?, ?, 1, 0){self._commits.unless}"
        )
        given = (message.namespace, message.id, message.name, message.key, message.body, message.expires)
        self._write(lambda line: line.run(statement, *given), connection)

    def deliver(self, now: int, limit: int) -> int:
        """Turn messages that executions wait for into letters, drop expired ones; give how many letters."""
        return deliver(self._server, self._commits.unless, now, limit)

    def enter(self, now: int, until: int, name: str) -> int:
        """Make a worker known and take its lock; give its number."""

        def work(line: Line) -> int:
            insert = "INSERT INTO workflow_workers (name, entered, lease) VALUES (?, ?, ?)"
            values = (name[: sound.NAME], now, until)
            if isinstance(self._server, Mysql):
                line.run(insert, *values)
                number = int(line.ask("SELECT LAST_INSERT_ID()")[0][0])
            else:
                number = int(line.ask(f"{insert} RETURNING id", *values)[0][0])
            # Before anybody can see the worker: without its lock it would be buried.
            self._take(number)
            return number

        return self._server.transact(work)

    def renew(self, worker: int, until: int) -> bool:
        """Extend the lease of a worker."""
        if not self._lively(lambda: self._locks.holds(worker)):
            self._take(worker)
        known = self._server.transact(
            lambda line: line.run("UPDATE workflow_workers SET lease = ? WHERE id = ?", until, worker)
        )
        if not known:
            self._lively(lambda: self._locks.give(worker))
        return bool(known)

    def leave(self, worker: int, now: int) -> None:
        """Let go of all that a worker holds, due at once, and forget it."""

        def work(line: Line) -> None:
            line.run("DELETE FROM workflow_workers WHERE id = ?", worker)
            # Nobody is to blame: no number of claims is below this one.
            line.run(_LET_GO, 0, now, worker)

        self._server.transact(work)
        self._lively(lambda: self._locks.give(worker))

    def bury(self, now: int) -> list[int]:
        """Let go of what dead workers hold, due at once."""
        # Who holds something is asked before who is known: a worker that comes in between is in both answers.
        holders = self._ask("SELECT DISTINCT owner FROM workflow_executions WHERE owner IS NOT NULL")
        workers = dict(self._ask("SELECT id, lease FROM workflow_workers"))
        gone = self._lively(lambda: [number for number in workers if self._locks.dead(number)])
        late = [number for number, lease in workers.items() if lease <= now and number not in gone]
        unknown = [number for (number,) in holders if number not in workers]
        if not (gone or late or unknown):
            return []

        def work(line: Line) -> list[int]:
            dead = []
            for number in sorted(gone + late):
                # It may have renewed its lease meanwhile; then it lives.
                last = now if number in late else sound.LARGEST
                if line.run("DELETE FROM workflow_workers WHERE id = ? AND lease <= ?", number, last):
                    dead.append(number)
            for number in sorted({*dead, *unknown}):
                suspects = line.ask(
                    "SELECT COUNT(*) FROM workflow_executions WHERE owner = ? AND claims >= ?", number, SUSPECT
                )
                line.run(_LET_GO, sound.LARGEST if suspects[0][0] == 1 else SUSPECT, now, number)
            return dead

        return self._server.transact(work)

    def claim(self, worker: int, now: int, limit: int, *, suspects: bool = True) -> list[Row]:
        """Take executions that nobody holds and that are due or have letters."""
        if not self._ask(_ANYTHING_TO_CLAIM, worker, now):
            return []
        most = sound.LARGEST if suspects else SUSPECT
        return self._server.transact(lambda line: self._claim(line, worker, now, limit, most))

    def letters(self, worker: int, limit: int) -> list[Letter]:
        """Give letters for executions the worker holds, oldest first."""
        rows = self._ask(
            "SELECT i.namespace, i.execution, i.id, i.body FROM workflow_inbox i JOIN workflow_executions e"
            " ON e.namespace = i.namespace AND e.id = i.execution WHERE e.owner = ? ORDER BY i.place LIMIT ?",
            worker,
            limit,
        )
        return [Letter(Key(namespace, execution), name, body) for namespace, execution, name, body in rows]

    def load(self, keys: Iterable[Key]) -> list[Row]:
        """Give the rows that are there."""
        wanted = list(dict.fromkeys(keys))
        return self._reading(lambda line: reading.load(line, wanted))

    def pages(self, key: Key, versions: Sequence[int]) -> Mapping[int, str]:
        """Give rows of history by version."""
        return self._reading(lambda line: reading.pages(line, key, versions))

    def history(self, key: Key, after: int, limit: int) -> list[Page]:
        """Give the rows of history with events beyond number ``after``."""
        return self._reading(lambda line: reading.history(line, key, after, limit))

    def find(self, query: Query) -> list[Row]:
        """Give executions of one namespace, the newest first."""
        return self._reading(lambda line: reading.find(line, query))

    def statistics(self, namespace: str, machine: str | None = None) -> Mapping[Status, Statistic]:
        """Count executions by status."""
        return self._reading(lambda line: reading.statistics(line, namespace, machine))

    def stuck(self, now: int, older_than: int) -> list[Row]:
        """Give executions not ended that are overdue, or were claimed in vain."""
        return self._reading(lambda line: reading.stuck(line, now, older_than))

    def purge(self, before: int, limit: int, machine: str | None = None) -> int:
        """Remove executions that ended before the instant."""
        of_machine, values = (" AND machine = ?", (machine,)) if machine is not None else ("", ())

        def work(line: Line) -> int:
            keys = line.ask(
                f"SELECT namespace, id FROM workflow_executions WHERE ended < ? AND owner IS NULL{of_machine}"
                f" ORDER BY ended, namespace, id LIMIT ?{self._server.share}",
                before,
                *values,
                limit,
            )
            either(line, "DELETE FROM workflow_history", "namespace = ? AND id = ?", keys)
            either(line, "DELETE FROM workflow_inbox", "namespace = ? AND execution = ?", keys)
            either(line, "DELETE FROM workflow_offers", "namespace = ? AND execution = ?", keys)
            either(line, "DELETE FROM workflow_awaiting", "namespace = ? AND execution = ?", keys)
            either(line, "DELETE FROM workflow_executions", "namespace = ? AND id = ?", keys)
            return len(keys)

        return self._server.transact(work)

    def close(self) -> None:
        """Let go of connections, and of the locks of workers."""
        self._lively(self._locks.close)
        self._server.close()

    def _faults(self, appends: Sequence[Append]) -> dict[Key, str]:
        return {append.key: why for append in appends if (why := self._fault(append))}

    def _fault(self, append: Append) -> str:
        found = sound.of_append(append) or self._server.too_large(append.checkpoint, append.history)
        return found or (self._fault_beside(append) if append.new is not None or append.starts or append.posts else "")

    def _fault_beside(self, append: Append) -> str:
        """Look at the texts that go with a commit for other rows."""
        texts = [new.input for new in append.starts] + [posted.body for posted in append.posts]
        if append.new is not None:
            texts.append(append.new.input)
        return self._server.too_large(*texts)

    def _commit_on(self, line: Line, appends: Sequence[Append], refused: dict[Key, str]) -> set[Key]:
        try:
            return self._commits.group(line, appends) if appends else set()
        except self._server.errors as error:
            if self._server.meaning(error) is not Meaning.DATA:
                raise
            refused.update((append.key, str(error)) for append in appends)
            return set()

    def _start(self, line: Line, new: NewExecution) -> None:
        inserted = line.run(INSERT + self._commits.unless, *values_of(new))
        # MariaDB counts a row that it left as it was.
        if new.name is None or (inserted and not self._server.latest):
            return
        holders = line.ask(
            "SELECT id, input FROM workflow_executions WHERE namespace = ? AND machine = ? AND name = ?"
            + self._server.latest,
            new.key.namespace,
            new.machine,
            new.name,
        )
        if holders and holders[0][0] != new.key.id:
            raise NameTakenError(new.name, *holders[0])

    def _claim(self, line: Line, worker: int, now: int, limit: int, most: int) -> list[Row]:
        rows = line.ask(
            f"SELECT {ROW} FROM workflow_executions{self._server.by_due} WHERE owner IS NULL AND due <= ?"
            f" AND claims < ? ORDER BY due, namespace, id LIMIT ?{self._server.share}",
            now,
            most,
            limit,
        )
        if len(rows) < limit:
            rows += self._written_to(line, {Key(*row[:2]) for row in rows}, limit - len(rows), most)
        claimed = with_one_suspect([row_of(row, owner=worker) for row in rows])
        self._own(line, worker, claimed)
        return claimed

    def _written_to(self, line: Line, taken: set[Key], limit: int, most: int) -> list[tuple[Any, ...]]:
        found = line.ask(
            "SELECT i.namespace, i.execution FROM workflow_inbox i JOIN workflow_executions e"
            " ON e.namespace = i.namespace AND e.id = i.execution WHERE e.owner IS NULL AND e.claims < ?"
            " ORDER BY i.place LIMIT ?",
            most,
            limit + len(taken),
        )
        written_to = [key for key in dict.fromkeys(Key(*row) for row in found) if key not in taken]
        free = self._free(line, written_to[:limit])
        return [free[key] for key in written_to if key in free]

    def _free(self, line: Line, keys: Sequence[Key]) -> dict[Key, tuple[Any, ...]]:
        free: dict[Key, tuple[Any, ...]] = {}
        for condition, values in conditions(keys):
            statement = (
                f"SELECT {ROW} FROM workflow_executions WHERE ({condition}) AND owner IS NULL{self._server.share}"
            )
            free.update((Key(row[0], row[1]), row) for row in line.ask(statement, *values))
        return free

    def _own(self, line: Line, worker: int, rows: Sequence[Row]) -> None:
        for condition, values in conditions([row.key for row in rows]):
            line.run(f"UPDATE workflow_executions SET owner = ? WHERE {condition}", worker, *values)

    def _write(self, work: Callable[[Line], object], connection: Any) -> None:
        if connection is None:
            self._server.transact(work)
        else:
            work(line_of(connection, self._server.write))

    def _reading(self, work: Callable[[Line], _T]) -> _T:
        return self._server.transact(work, begin=False)

    def _ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._reading(lambda line: line.ask(sql, *values))

    def _take(self, worker: int) -> None:
        if not self._lively(lambda: self._locks.take(worker)):
            # Somebody looks whether we live, at this very moment.
            raise StoreUnavailableError(f"the lock of worker {worker} is not free")

    def _lively(self, work: Callable[[], _T]) -> _T:
        try:
            return work()
        except self._server.failures as error:
            raise StoreUnavailableError(str(error)) from error


_ANYTHING_TO_CLAIM: Final = (
    "SELECT 1 FROM workflow_workers w WHERE w.id = ? AND ("
    "EXISTS (SELECT 1 FROM workflow_executions WHERE owner IS NULL AND due <= ?)"
    " OR EXISTS (SELECT 1 FROM workflow_inbox i JOIN workflow_executions e"
    " ON e.namespace = i.namespace AND e.id = i.execution WHERE e.owner IS NULL))"
)
