"""The store in memory: what the others promise, without a disk. For tests, simulations and tiny machines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from heapq import heappop, heappush
from itertools import chain
from threading import RLock
from typing import Any

import msgspec

from ..kernel.status import Status
from ..runtime.store import (
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
)
from . import sound

_Pair = tuple[str, str, str]
"""A namespace, a name and a correlation key."""


class MemoryTransaction:
    """What a caller has given and not yet committed: nobody sees it. From the first ``commit`` the store is locked."""

    def __init__(self) -> None:
        self.names: dict[tuple[str, str, str], NewExecution] = {}
        self.work: list[Callable[[], object]] = []
        self.locked = False

    def take(self, new: NewExecution) -> None:
        """Let nobody else in this transaction have the name."""
        if new.name is not None:
            self.names[new.key.namespace, new.machine, new.name] = new


class MemoryStore:
    """Everything in dictionaries, in the order of arrival: the same calls give the same answers each time."""

    one_writer = False

    def __init__(self) -> None:
        self._turn = RLock()
        self._rows: dict[Key, Row] = {}
        self._names: dict[tuple[str, str, str], Key] = {}
        self._history: dict[Key, list[Page]] = {}
        self._counted: dict[Key, int] = {}
        self._inbox: dict[tuple[str, str], Letter] = {}
        self._messages: dict[tuple[str, str], Message | int] = {}  # delivered ones are their expiry
        self._awaiting: dict[_Pair, dict[str, str | None]] = {}  # by execution: the message it was given
        self._pairs: dict[Key, dict[_Pair, None]] = {}
        self._offers: dict[tuple[str, str], dict[Offer, None]] = {}
        self._ends: dict[str, list[End]] = {}
        self._workers: dict[int, int] = {}
        self._locks: set[int] = set()
        self._entered = 0
        self._free: list[tuple[int, Key]] = []  # a heap of what was due; entries that no longer hold are passed over
        self._held: dict[int | None, dict[Key, None]] = {}

    @contextmanager
    def transaction(self) -> Iterator[MemoryTransaction]:
        """Give what can be passed as ``connection``; what was given to it happens at the end of the block, or never."""
        transaction = MemoryTransaction()
        try:
            yield transaction
            with self._turn:
                for work in transaction.work:
                    work()
        finally:
            if transaction.locked:
                self._turn.release()

    def lose(self, worker: int) -> None:
        """Let the lock of a worker go, as when its process has died."""
        self._locks.discard(worker)

    def commit(self, appends: Sequence[Append], connection: MemoryTransaction | None = None) -> set[Key]:
        """Write those whose version fits; give their keys."""
        written: set[Key] = set()
        refused: dict[Key, str] = {}
        self._lock(connection)
        with self._turn:
            for append in appends:
                if why := sound.of_append(append):
                    refused[append.key] = why
                elif self._fits(append):
                    written.add(append.key)
                    self._do(connection, self._append, append)
        if refused:
            raise RefusedError(refused, written)
        return written

    def start(self, new: NewExecution, connection: MemoryTransaction | None = None) -> None:
        """Insert an execution of version 0, due at once."""
        if why := sound.of_new(new):
            raise RefusedError({new.key: why})
        with self._turn:
            holder = self._holder(new, connection)
            if holder is not None:
                if holder.key == new.key:
                    return
                raise NameTakenError(new.name or "", holder.key.id, holder.input)
            if connection is not None:
                connection.take(new)
            self._do(connection, self._insert, new)

    def post(self, letters: Iterable[Letter], connection: MemoryTransaction | None = None) -> None:
        """Put letters into the inbox."""
        letters = list(letters)
        refused = {letter.key: why for letter in letters if (why := sound.of_letter(letter))}
        if refused:
            raise RefusedError(refused)
        with self._turn:
            for letter in letters:
                self._do(connection, self._post, letter)

    def offer(self, offers: Sequence[Offer]) -> None:
        """Have tasks wait for workers outside."""
        with self._turn:
            for offer in offers:
                self._offers.setdefault((offer.key.namespace, offer.resource), {}).setdefault(offer)

    def take(self, namespace: str, resource: str, judge: Judge) -> Offer | None:
        """Remove the oldest task that still holds, and post the letter that says so."""
        with self._turn:
            waiting = self._offers.get((namespace, resource), {})
            for offer in list(waiting):
                del waiting[offer]
                row = self._rows.get(offer.key)
                letter = None if row is None else judge(offer, row, partial(self.pages, offer.key))
                if letter is not None and (namespace, letter.id) not in self._inbox:
                    self._post(letter)
                    return offer
        return None

    def announcing(self) -> list[str]:
        """Give the namespaces with ends that were announced."""
        with self._turn:
            return sorted(namespace for namespace, ends in self._ends.items() if ends)[:1_000]

    def take_ends(self, namespace: str, limit: int, connection: MemoryTransaction | None = None) -> list[End]:
        """Take ends that were announced, the oldest first."""
        self._lock(connection)
        with self._turn:
            taken = self._ends.get(namespace, [])[:limit]
            self._do(connection, lambda ends: self._forget_ends(namespace, len(ends)), taken)
            return taken

    def _forget_ends(self, namespace: str, count: int) -> None:
        del self._ends.get(namespace, [])[:count]

    def publish(self, message: Message, connection: MemoryTransaction | None = None) -> None:
        """Keep a message until somebody waits for it."""
        if why := sound.of_message(message):
            raise RefusedError({Key(message.namespace, message.id): why})
        with self._turn:
            self._do(connection, self._publish, message)

    def deliver(self, now: int, limit: int) -> int:
        """Turn messages that executions wait for into letters."""
        count = 0
        with self._turn:
            for place, message in list(self._messages.items()):
                if (message if isinstance(message, int) else message.expires) <= now:
                    del self._messages[place]
                elif isinstance(message, Message) and count < limit:
                    count += self._hand_over(message)
        return count

    def enter(self, now: int, until: int, name: str) -> int:  # noqa: ARG002 - nobody looks for them here
        """Make a worker known and take its lock."""
        with self._turn:
            self._entered += 1
            self._workers[self._entered] = until
            self._locks.add(self._entered)
            return self._entered

    def renew(self, worker: int, until: int) -> bool:
        """Extend the lease of a worker."""
        with self._turn:
            known = worker in self._workers
            if known:
                self._workers[worker] = until
                self._locks.add(worker)
            return known

    def leave(self, worker: int, now: int) -> None:
        """Let go of all that a worker holds, due at once, and forget it."""
        with self._turn:
            self._workers.pop(worker, None)
            self._locks.discard(worker)
            self._let_go(worker, now, blamed=False)

    def bury(self, now: int) -> list[int]:
        """Let go of what dead workers hold, due at once."""
        with self._turn:
            dead = [worker for worker, until in self._workers.items() if until <= now or worker not in self._locks]
            for worker in dead:
                del self._workers[worker]
                self._locks.discard(worker)
            for holder in self._unknown():
                self._let_go(holder, now, blamed=True)
            return dead

    def claim(self, worker: int, now: int, limit: int, *, suspects: bool = True) -> list[Row]:
        """Take executions that nobody holds and that are due or have letters."""
        with self._turn:
            if worker not in self._workers:
                return []
            found = self._claimable(now, limit, suspects=suspects)
            return [self._put(msgspec.structs.replace(row, owner=worker)) for row in found]

    def _claimable(self, now: int, limit: int, *, suspects: bool) -> list[Row]:
        found: dict[Key, Row] = {}
        passed: list[tuple[int, Key]] = []
        for place, row in chain(self._overdue(now), self._written_to()):
            if len(found) == limit:
                passed += place
                break
            if suspects or row.claims < SUSPECT:
                suspects &= row.claims < SUSPECT
                found[row.key] = row
            else:
                passed += place
        for entry in passed:
            heappush(self._free, entry)
        return list(found.values())

    def _overdue(self, now: int) -> Iterator[tuple[list[tuple[int, Key]], Row]]:
        """Give what is due, taken off the heap: with its place there, for whoever puts it back."""
        while self._free and self._free[0][0] <= now:
            due, key = heappop(self._free)
            row = self._rows.get(key)
            if row is not None and row.owner is None and row.due == due:
                yield [(due, key)], row

    def _written_to(self) -> Iterator[tuple[list[tuple[int, Key]], Row]]:
        for letter in self._inbox.values():
            row = self._rows.get(letter.key)
            if row is not None and row.owner is None:
                yield [], row

    def letters(self, worker: int, limit: int) -> list[Letter]:
        """Give letters for executions the worker holds, oldest first."""
        with self._turn:
            held = self._held.get(worker, {})
            return [letter for letter in self._inbox.values() if letter.key in held][:limit]

    def load(self, keys: Iterable[Key]) -> list[Row]:
        """Give the rows that are there."""
        with self._turn:
            return [self._rows[key] for key in dict.fromkeys(keys) if key in self._rows]

    def pages(self, key: Key, versions: Sequence[int]) -> Mapping[int, str]:
        """Give rows of history by version."""
        wanted = set(versions)
        with self._turn:
            return {page.version: page.events for page in self._history.get(key, ()) if page.version in wanted}

    def history(self, key: Key, after: int, limit: int) -> list[Page]:
        """Give the rows of history with events beyond number ``after``."""
        with self._turn:
            pages = self._history.get(key, [])
            ends = [page.first - 1 for page in pages[1:]] + [self._counted.get(key, 0)]
            return [page for page, end in zip(pages, ends, strict=False) if end > after][:limit]

    def find(self, query: Query) -> list[Row]:
        """Give executions of one namespace, the newest first."""
        with self._turn:
            found = [row for row in self._rows.values() if row.key.namespace == query.namespace and _fits(row, query)]
        found.sort(key=_place, reverse=True)
        return [_lean(row) for row in found[: query.limit]]

    def statistics(self, namespace: str, machine: str | None = None) -> Mapping[Status, Statistic]:
        """Count executions by status."""
        took: dict[Status, list[int | None]] = {}
        with self._turn:
            for row in self._rows.values():
                if row.key.namespace == namespace and machine in {None, row.machine}:
                    took.setdefault(row.status, []).append(_took(row))
        return {status: _statistic(times) for status, times in took.items()}

    def stuck(self, now: int, older_than: int) -> list[Row]:
        """Give executions not ended that are overdue, or were claimed in vain."""
        with self._turn:
            found = [row for row in self._rows.values() if row.ended is None and _late(row, now, older_than)]
        return [_lean(row) for row in sorted(found, key=lambda row: (row.due, row.key))]

    def purge(self, before: int, limit: int, machine: str | None = None) -> int:
        """Remove executions that ended before the instant."""
        with self._turn:
            ended = sorted(
                (row.ended, key)
                for key, row in self._rows.items()
                if _ended(row, before) and machine in {None, row.machine}
            )[:limit]
            for _, key in ended:
                self._remove(key)
        return len(ended)

    def close(self) -> None:
        """Let go of nothing: there are no connections."""

    def _lock(self, connection: MemoryTransaction | None) -> None:
        if connection is not None and not connection.locked:
            self._turn.acquire()
            connection.locked = True

    def _do(self, connection: MemoryTransaction | None, work: Callable[[Any], None], given: Any) -> None:
        if connection is None:
            work(given)
        else:
            connection.work.append(lambda: work(given))

    def _fits(self, append: Append) -> bool:
        if append.new is not None:
            return append.version == 1 and self._holder(append.new, None) is None
        row = self._rows.get(append.key)
        return row is not None and row.version == append.version - 1

    def _holder(self, new: NewExecution, connection: MemoryTransaction | None) -> Row | NewExecution | None:
        """Give what is there of this key or else of this name."""
        found: Row | NewExecution | None = self._rows.get(new.key)
        if found is None and new.name is not None:
            place = (new.key.namespace, new.machine, new.name)
            found = self._rows[self._names[place]] if place in self._names else None
            if found is None and connection is not None:
                found = connection.names.get(place)
        return found

    def _insert(self, new: NewExecution) -> None:
        if self._holder(new, None) is not None:
            return
        if new.name is not None:
            self._names[new.key.namespace, new.machine, new.name] = new.key
        self._put(
            Row(
                key=new.key,
                machine=new.machine,
                edition=new.edition,
                name=new.name,
                principal=new.principal,
                seed=new.seed,
                version=0,
                status=Status.PENDING,
                owner=None,
                due=new.created,
                claims=0,
                created=new.created,
                started=None,
                ended=None,
                error="",
                input=new.input,
                checkpoint="",
                parent=new.parent,
                reference=new.reference,
            )
        )

    def _append(self, append: Append) -> None:
        key = append.key
        if append.new is not None:
            self._insert(append.new)
        self._put(
            msgspec.structs.replace(
                self._rows[key],
                version=append.version,
                status=append.status,
                owner=append.owner,
                due=append.due,
                claims=0,
                started=append.started,
                ended=append.ended,
                error=append.error,
                checkpoint=append.checkpoint,
                state=append.state,
            )
        )
        counted = self._counted.get(key, 0)
        self._history.setdefault(key, []).append(Page(append.version, counted + 1, append.history))
        self._counted[key] = counted + append.events
        for letter in append.consumed:
            place = (key.namespace, letter)
            if place in self._inbox and self._inbox[place].key == key:
                del self._inbox[place]
        self._correlate(append)
        for new in append.starts:
            self._insert(new)
        for posted in append.posts:
            self._post(posted)
        if append.end is not None:
            self._ends.setdefault(key.namespace, []).append(append.end)

    def _correlate(self, append: Append) -> None:
        key = append.key
        held = self._pairs.get(key, {})
        for pair in held:
            if self._awaiting[pair][key.id] in append.consumed:
                self._awaiting[pair][key.id] = None
        forgotten = set(append.forgets) - set(append.awaits)
        for pair in list(held):
            if pair[1:] in forgotten:
                self._forget(key, pair)
        for name, correlation in append.awaits:
            pair = (key.namespace, name, correlation)
            self._awaiting.setdefault(pair, {}).setdefault(key.id, None)
            self._pairs.setdefault(key, {})[pair] = None

    def _forget(self, key: Key, pair: _Pair) -> None:
        del self._awaiting[pair][key.id]
        if not self._awaiting[pair]:
            del self._awaiting[pair]
        del self._pairs[key][pair]

    def _post(self, letter: Letter) -> None:
        if letter.key in self._rows:
            self._inbox.setdefault((letter.key.namespace, letter.id), letter)

    def _publish(self, message: Message) -> None:
        self._messages.setdefault((message.namespace, message.id), message)

    def _hand_over(self, message: Message) -> bool:
        """Make a message a letter to who has waited longest; tell whether anybody waits."""
        waiting = self._awaiting.get((message.namespace, message.name, message.key), {})
        receiver = next((execution for execution, given in waiting.items() if given is None), None)
        if receiver is None:
            return False
        waiting[receiver] = message.id
        self._messages[message.namespace, message.id] = message.expires
        self._post(Letter(Key(message.namespace, receiver), message.id, message.body))
        return True

    def _put(self, row: Row) -> Row:
        before = self._rows.get(row.key)
        if before is None or before.owner != row.owner:
            if before is not None:
                self._release(before)
            self._held.setdefault(row.owner, {})[row.key] = None
        self._rows[row.key] = row
        if row.owner is None and row.due is not None:
            heappush(self._free, (row.due, row.key))
        return row

    def _release(self, row: Row) -> None:
        held = self._held[row.owner]
        del held[row.key]
        if not held:
            del self._held[row.owner]

    def _unknown(self) -> list[int]:
        """Give who holds something and is no worker any more."""
        return [holder for holder in self._held if holder is not None and holder not in self._workers]

    def _let_go(self, worker: int, now: int, *, blamed: bool) -> None:
        held = [self._rows[key] for key in self._held.get(worker, ())]
        suspects = sum(row.claims >= SUSPECT for row in held)
        for row in held:
            due = now if row.ended is None else row.due
            more = blamed and _is_counted(row, suspects)
            self._put(msgspec.structs.replace(row, owner=None, due=due, claims=row.claims + more))

    def _remove(self, key: Key) -> None:
        row = self._rows.pop(key)
        self._release(row)
        if row.name is not None:
            del self._names[key.namespace, row.machine, row.name]
        self._history.pop(key, None)
        self._counted.pop(key, None)
        for pair in list(self._pairs.get(key, ())):
            self._forget(key, pair)
        self._pairs.pop(key, None)
        for place in [place for place, letter in self._inbox.items() if letter.key == key]:
            del self._inbox[place]


def _is_counted(row: Row, suspects: int) -> bool:
    """Tell whether a death counts against one that was held with so many suspects, itself included."""
    return row.claims < SUSPECT or suspects == 1


def _place(row: Row) -> tuple[int, str]:
    return row.created, row.key.id


def _fits(row: Row, query: Query) -> bool:
    return (
        (query.machine is None or row.machine == query.machine)
        and (not query.statuses or row.status in query.statuses)
        and (query.name is None or row.name == query.name)
        and (query.reference is None or row.reference == query.reference)
        and (query.started_from is None or row.created >= query.started_from)
        and (query.started_before is None or row.created < query.started_before)
        and (query.after is None or _place(row) < query.after)
    )


def _late(row: Row, now: int, older_than: int) -> bool:
    return row.due is not None and (row.due < now - older_than or (row.claims > 0 and row.due <= now))


def _ended(row: Row, before: int) -> bool:
    return row.ended is not None and row.ended < before and row.owner is None


def _took(row: Row) -> int | None:
    began = row.created if row.started is None else row.started
    return None if row.ended is None else row.ended - began


def _lean(row: Row) -> Row:
    return msgspec.structs.replace(row, input="", checkpoint="")


def _statistic(times: list[int | None]) -> Statistic:
    took = sorted(time for time in times if time is not None)
    if not took:
        return Statistic(len(times))
    # The nearest rank: whole numbers, so that no rounding makes two stores differ.
    rank = -(-len(took) * 95 // 100)
    return Statistic(len(times), sum(took) / len(took), float(took[rank - 1]))
