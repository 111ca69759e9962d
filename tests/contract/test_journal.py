"""The journal keeps what it promises on every database: once, in order, nothing missed, nothing changed unseen."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Event as Flag
from typing import Any, ClassVar

import pytest
from sqlalchemy import text

from app.domain.journal import Entry, Fault, Head, TooOld, faults
from app.domain.parties import Party
from app.domain.shared.events import Event
from app.domain.shared.ids import CompanyId
from app.domain.shared.rights import ALL_RIGHTS
from app.infrastructure.clock import pause
from app.infrastructure.database.engine import Database
from app.infrastructure.database.locks import Trace
from app.infrastructure.database.migrate import plain_engine
from app.infrastructure.database.work import SqlWorks
from app.infrastructure.seal import HmacSeal
from app.usecases.context import Context
from app.usecases.journal import ChangesAfter, Dispatch, DropEntries, NumberEvents, ReadChanges, VerifyJournal
from app.usecases.ports.shared import RolledBack, Work
from app.usecases.run import Runner
from tests.support.clock import FakeClock
from tests.support.databases import KEY

pytestmark = pytest.mark.fast
SEAL = HmacSeal(KEY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted(Event):
    name: ClassVar[str] = "test.noted"
    aggregate: ClassVar[str] = "note"
    id: int
    turn: int


@pytest.fixture
def runner(works: SqlWorks) -> Runner:
    return Runner(works, pause)


@pytest.fixture
def dispatch(runner: Runner) -> Dispatch:
    return Dispatch(runner, NumberEvents(SEAL))


def note(works: SqlWorks, context: Context, *turns: tuple[int, int]) -> None:
    with works.writing(context) as work:
        for key, turn in turns:
            work.outbox.add(Noted(id=key, turn=turn))
        work.commit()


def journal(works: SqlWorks, context: Context) -> list[Entry]:
    with works.reading(context) as work:
        return list(work.journal.walk(work.journal.head()))


def noted(works: SqlWorks, context: Context) -> list[int]:
    return [one.object_id for one in journal(works, context) if one.event == "test.noted"]


def verified(works: SqlWorks, context: Context) -> list[Fault]:
    with works.reading(context) as work:
        return list(VerifyJournal(SEAL).execute(work, context, None)[1])


def test_each_event_gets_one_number_without_gaps(works: SqlWorks, context: Context, dispatch: Dispatch) -> None:
    note(works, context, (1, 1), (2, 1))
    note(works, context, (1, 2))
    assert dispatch() >= 3
    assert dispatch() == 0
    found = journal(works, context)
    assert [one.sequence for one in found] == list(range(1, len(found) + 1))
    assert noted(works, context) == [1, 2, 1]
    assert {(one.kind, one.company, one.request_id) for one in found if one.event == "test.noted"} == {
        ("notes", context.company, "test")
    }
    note(works, context, (3, 1))
    dispatch()
    assert noted(works, context) == [1, 2, 1, 3]


def test_an_event_that_commits_late_is_neither_missed_nor_put_before_what_was_read(
    works: SqlWorks, context: Context, dispatch: Dispatch, database: Database
) -> None:
    """Demand 6: a transaction held open across a dispatch wrote its row under a lower id, and gets a later number."""
    written, go_on = Flag(), Flag()

    def late() -> None:
        with works.writing(context) as work:
            work.outbox.add(Noted(id=1, turn=1))
            work.answers.flush(work.outbox)
            written.set()
            go_on.wait(20)
            work.session.commit()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(late)
        assert written.wait(20)
        if database.dialect.row_locks:
            note(works, context, (2, 1))
            dispatch()
            assert noted(works, context) == [2]
        go_on.set()
        running.result()
    dispatch()
    assert noted(works, context) == ([2, 1] if database.dialect.row_locks else [1])


def test_what_is_erased_while_it_is_numbered_does_not_come_back(
    works: SqlWorks, context: Context, database: Database, dispatch: Dispatch
) -> None:
    """Erasure: a dispatcher that has read an event as it was is waited for, and what it writes is emptied too."""
    note(works, context, (6, 1))
    dispatch()
    note(works, context, (7, 1))
    read, go_on, asked = Flag(), Flag(), Flag()

    def number() -> None:
        with works.writing(context) as work:
            head = work.journal.claim()
            assert head is not None
            waiting = work.journal.waiting(10)
            read.set()
            go_on.wait(20)
            entries = []
            for one in waiting:
                entry = head.number(one)
                head.last_link = SEAL.link(head.last_link, entry.content())
                entries.append(replace(entry, link=head.last_link))
            work.journal.move(head, waiting, entries)
            work.commit()

    def erase() -> None:
        with works.writing(context) as work:
            work.journal.erase("notes", 7)
            work.commit()

    def listen(trace: Trace) -> None:
        if trace.name == "hold journal_heads":
            asked.set()

    database.trace = listen
    try:
        with ThreadPoolExecutor(2) as pool:
            numbering = pool.submit(number)
            assert read.wait(20)
            erasing = pool.submit(erase)
            if database.dialect.row_locks:  # on SQLite it waits for the one writer before it asks for anything
                assert asked.wait(20), "it must not go past a dispatcher at work"
                assert not erasing.done()
            go_on.set()
            numbering.result(20)
            erasing.result(20)
    finally:
        database.trace = None
    with works.reading(context) as work:
        told = {entry.object_id: entry.erased for entry in work.journal.after(0, 10) if entry.kind == "notes"}
    assert told == {6: False, 7: True}


def test_many_dispatchers_and_writers_number_each_event_once_in_the_order_of_its_aggregate(
    works: SqlWorks, context: Context, runner: Runner, dispatch: Dispatch
) -> None:
    """Demand 6: four processes dispatch while eight change the same third parties, each change under its lock."""
    parties = []
    with works.writing(context) as work:
        for name in ("a", "b"):
            parties.append(Party(name=name, customer=True))
            work.parties.add(parties[-1])
        work.commit()
    done = Flag()

    def change(work: Work, index: int) -> None:
        party = work.parties.get(parties[index % 2].id)
        party.name = f"n{party.version}"
        try:
            work.parties.save(party)
        except Exception as error:
            raise RolledBack from error

    def write(index: int) -> None:
        for _ in range(5):
            while True:
                try:
                    with works.writing(context) as work:
                        change(work, index)
                        work.commit()
                        break
                except RolledBack:
                    pause(1)

    def number() -> None:
        while not done.is_set():
            dispatch()

    with ThreadPoolExecutor(12) as pool:
        numbering = [pool.submit(number) for _ in range(3)]
        try:
            for writer in [pool.submit(write, index) for index in range(8)]:
                writer.result()
        finally:
            done.set()
        for one in numbering:
            one.result()
    dispatch()
    found = journal(works, context)
    assert [one.sequence for one in found] == list(range(1, len(found) + 1))
    for party in parties:
        versions = [one.version for one in found if (one.kind, one.object_id) == ("third-parties", party.id)]
        assert versions == list(range(1, 22))
    assert verified(works, context) == []


def test_a_source_that_fails_keeps_no_event_from_its_number(works: SqlWorks, context: Context, runner: Runner) -> None:
    """ERP-09: what cannot be told of executions must not silence everything else."""
    note(works, context, (1, 1))

    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        Dispatch(runner, NumberEvents(SEAL), (fail,))()
    assert noted(works, context) == [1]


def test_a_failing_subscriber_undoes_the_batch_and_it_is_numbered_again(
    works: SqlWorks, context: Context, runner: Runner
) -> None:
    note(works, context, (1, 1))
    told: list[Entry] = []

    def fail(_work: Work, _context: Context, entries: Any) -> None:
        told.extend(entries)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        Dispatch(runner, NumberEvents(SEAL, (fail,)))()
    assert told
    assert journal(works, context) == []
    Dispatch(runner, NumberEvents(SEAL, (lambda _w, _c, entries: told.extend(entries),)))()
    assert noted(works, context) == [1]


def _tampered(database: Database, statement: str) -> None:
    with plain_engine(database.settings.database_url).begin() as connection:
        assert connection.execute(text(statement)).rowcount == 1


TAMPERED = {
    "content": ("UPDATE journal SET changes = '{}x' WHERE {at}", "content changed"),
    "address": ("UPDATE journal SET address = '6.6.6.6' WHERE {at}", "content changed"),
    "actor": ("UPDATE journal SET actor_id = 99 WHERE {at}", "changed"),
    "event": ("UPDATE journal SET event = 'x' WHERE {at}", "changed"),
    "object": ("UPDATE journal SET object_id = 99 WHERE {at}", "changed"),
    "removed": ("DELETE FROM journal WHERE {at}", "missing"),
}


@pytest.mark.parametrize("how", TAMPERED)
@pytest.mark.parametrize("at", ["middle", "last"])
def test_a_changed_or_removed_entry_is_found(
    works: SqlWorks, context: Context, dispatch: Dispatch, database: Database, how: str, at: str
) -> None:
    """Demand 15: also the last one, and by its sequence."""
    note(works, context, *((key, 1) for key in range(1, 5)))
    dispatch()
    assert verified(works, context) == []
    last = journal(works, context)[-1].sequence
    sequence = last if at == "last" else last - 1
    statement, what = TAMPERED[how]
    _tampered(database, statement.replace("{at}", f"company_id = {context.company} AND sequence = {sequence}"))
    first = verified(works, context)[0]
    assert (first.sequence, first.what) == (sequence, what)


def test_an_inserted_entry_is_found(works: SqlWorks, context: Context, dispatch: Dispatch) -> None:
    note(works, context, (1, 1), (2, 1))
    dispatch()
    entries = journal(works, context)
    with works.reading(context) as work:
        head = work.journal.head()
    twice = [*entries[:1], entries[0], *entries[1:]]
    assert [fault.what for fault in faults(head, twice, SEAL.link)] == ["inserted"]
    beyond = [*entries, replace(entries[-1], sequence=head.next)]
    assert [fault.what for fault in faults(head, beyond, SEAL.link)] == ["inserted"]


def test_an_erased_entry_keeps_its_place_in_the_chain(works: SqlWorks, context: Context, dispatch: Dispatch) -> None:
    """ERP-08: personal data goes, the proof of order and authorship stays."""
    with works.writing(context) as work:
        party = Party(name="Jane Doe", customer=True)
        work.parties.add(party)
        work.commit()
    dispatch()
    with works.writing(context) as work:
        party.name = "Jane Roe"
        work.parties.save(party)
        work.commit()
    with works.writing(context) as work:
        assert work.journal.erase("third-parties", party.id) == 1
        work.commit()
    dispatch()
    mine = [one for one in journal(works, context) if one.object_id == party.id and one.kind == "third-parties"]
    assert [(one.facts, one.changes, one.address) for one in mine] == [(None, None, ""), ("{}", "{}", "")]
    assert "Jane" not in str(mine)
    assert verified(works, context) == []


def test_what_is_dropped_is_told_and_the_rest_still_verifies(
    works: SqlWorks, context: Context, dispatch: Dispatch, clock: FakeClock, runner: Runner
) -> None:
    """Demand 6: a consumer that slept too long is told where the feed begins now."""
    note(works, context, (1, 1), (2, 1))
    dispatch()
    clock.advance(3600)
    before = clock.now()
    note(works, context, (3, 1))
    dispatch()
    reader = replace(context, rights=ALL_RIGHTS)
    everything = journal(works, context)
    kept = len(everything)
    assert runner.call(context, DropEntries(), lambda: before) == kept - 1
    assert runner.call(context, DropEntries(), lambda: before) == 0
    assert noted(works, context) == [3]
    assert verified(works, context) == []
    with pytest.raises(TooOld) as refused:
        runner.call(reader, ReadChanges(), lambda: ChangesAfter(after=kept - 2, limit=10))
    assert refused.value.facts == {"first": kept}
    found = runner.call(reader, ReadChanges(), lambda: ChangesAfter(after=kept - 1, limit=10))
    assert ([one.object_id for one in found.entries], found.next) == ([3], kept)


def test_a_chain_of_nothing_is_sound() -> None:
    def none() -> Iterator[Entry]:
        yield from ()

    head = Head(company=CompanyId(1))
    assert list(faults(head, none(), SEAL.link)) == []
