"""What every store of executions promises, the same in memory and on each database."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from app.workflow.kernel.status import Status
from app.workflow.runtime.store import Key, NameTakenError, Query, RefusedError, Statistic
from tests.support.workflow.stores import (
    KINDS,
    LATER,
    NEVER,
    NOW,
    Bench,
    append,
    benches,
    ended,
    ids,
    key,
    letter,
    message,
    new,
    row,
    undone,
)

pytestmark = pytest.mark.fast
shared_bench, bench = benches(*KINDS)
SHAPES = pytest.mark.parametrize("shape", ["connection", "raw", "cursor"])


@pytest.fixture
def store(bench: Bench) -> Any:
    return bench.open()


@pytest.fixture
def worker(store: Any) -> int:
    return int(store.enter(NOW, LATER, "w"))


# Starting


def test_what_was_started_is_there_as_it_was_given(store: Any) -> None:
    store.start(new(name="n", principal="p", input='"é"'))
    found = row(store)
    assert (found.machine, found.edition, found.name, found.principal) == ("orders", 1, "n", "p")
    assert (found.version, found.status, found.owner, found.due) == (0, Status.PENDING, None, NOW)
    assert (found.seed, found.created, found.input, found.checkpoint) == ("s", NOW, '"é"', "")
    assert (found.started, found.ended, found.error, found.claims) == (None, None, "", 0)


def test_starting_again_does_nothing(store: Any) -> None:
    """ORC-06: after a lost answer the caller starts it again."""
    store.start(new(name="n"))
    store.commit([append(1, 1)])
    store.start(new(name="n"))
    store.start(new())
    assert row(store).version == 1


def test_a_name_is_given_once_in_a_machine(store: Any) -> None:
    store.start(new(1, name="n", input='"first"'))
    with pytest.raises(NameTakenError) as taken:
        store.start(new(2, name="n"))
    assert (taken.value.name, taken.value.holder, taken.value.given) == ("n", "e1", '"first"')
    assert store.load([key(2)]) == []
    store.start(new(3, name="n", machine="others"))
    store.start(new(4, name="N"))
    store.start(new(5, name="n "))
    store.start(new(6))
    store.start(new(7))
    store.start(new(8, "b", name="n"))
    assert len(store.find(Query("a"))) == 6


def test_a_name_is_free_again_once_its_execution_is_purged(store: Any) -> None:
    store.start(new(1, name="n"))
    store.commit([ended(1, 1)])
    with pytest.raises(NameTakenError):
        store.start(new(2, name="n"))
    assert store.purge(NEVER, 10) == 1
    store.start(new(2, name="n"))


# Committing


def test_a_commit_moves_the_execution_and_writes_its_history(store: Any) -> None:
    """ORC-02, ORC-04, SM-06."""
    store.start(new())
    given = append(1, 1, status=Status.WAITING, owner=None, due=LATER, checkpoint='"é"', history='["é"]', error="E")
    assert store.commit([given]) == {key()}
    found = row(store)
    assert (found.version, found.status, found.due, found.checkpoint) == (1, Status.WAITING, LATER, '"é"')
    assert (found.started, found.error, found.input) == (NOW, "E", '{"n":1}')
    assert [(page.version, page.first, page.events) for page in store.history(key(), 0, 10)] == [(1, 1, '["é"]')]


@pytest.mark.parametrize("version", [0, 1, 3, 4])
def test_a_commit_of_another_version_changes_nothing(store: Any, version: int) -> None:
    """ORC-05: of two who decided from the same version one wins."""
    store.start(new())
    store.commit([append(1, 1)])
    assert store.commit([append(1, version, checkpoint="mine", consumed=("l",))]) == set()
    assert (row(store).version, row(store).checkpoint) == (1, "c1")
    assert len(store.history(key(), 0, 10)) == 1


def test_an_execution_that_is_not_there_is_not_committed(store: Any) -> None:
    assert store.commit([append(9, 1), append(8, 4)]) == set()
    assert store.history(key(9), 0, 10) == []


def test_in_a_group_each_stands_for_itself(store: Any) -> None:
    """ORC-05."""
    for number in range(5):
        store.start(new(number))
    store.commit([append(1, 1), append(3, 1)])
    written = store.commit([append(number, 1, checkpoint="second") for number in range(5)])
    assert written == {key(0), key(2), key(4)}
    assert [row(store, number).checkpoint for number in range(5)] == ["second", "c1", "second", "c1", "second"]
    assert all(len(store.history(key(number), 0, 10)) == 1 for number in range(5))


def test_a_new_execution_is_inserted_by_its_first_commit(store: Any) -> None:
    store.start(new(2))
    given = [
        append(1, 1, new=new(1, name="n"), owner=7, awaits=(("paid", "42"),)),
        append(2, 1),
        append(3, 1, new=new(3)),
    ]
    assert store.commit(given) == {key(1), key(2), key(3)}
    found = row(store, 1)
    assert (found.version, found.name, found.owner, found.checkpoint, found.machine) == (1, "n", 7, "c1", "orders")
    assert store.commit([append(1, 2), append(3, 2)]) == {key(1), key(3)}
    assert [page.first for page in store.history(key(1), 0, 10)] == [1, 3]


def test_a_new_execution_whose_key_or_name_is_taken_is_not_written(store: Any) -> None:
    store.start(new(1, name="n"))
    taken = [append(1, 1, new=new(1)), append(2, 1, new=new(2, name="n")), append(3, 1, new=new(3))]
    assert store.commit(taken) == {key(3)}
    assert row(store, 1).version == 0
    assert store.load([key(2)]) == []
    assert store.history(key(2), 0, 10) == []
    assert store.commit([append(4, 2, new=new(4))]) == set()
    assert store.load([key(4)]) == []


def test_executions_begin_with_the_commit_that_starts_them(store: Any) -> None:
    store.start(new(1))
    store.start(new(2, name="taken"))
    children = (new(3, name="n", input='"3"'), new(4, name="taken"), new(2))
    assert store.commit([append(1, 1, starts=children), append(9, 1, starts=(new(5),))]) == {key(1)}
    assert (row(store, 3).version, row(store, 3).due, row(store, 3).input) == (0, NOW, '"3"')
    assert store.load([key(4), key(5)]) == []


def test_an_execution_keeps_whom_its_end_is_told(store: Any, worker: int) -> None:
    store.commit([append(1, 1, new=new(1, parent="p1"), starts=(new(2, parent="p2"), new(3)))])
    store.start(new(4, parent="p4"))
    store.commit([append(2, 1)])
    assert [row(store, number).parent for number in (1, 2, 3, 4)] == ["p1", "p2", "", "p4"]
    assert {found.key: found.parent for found in store.claim(worker, LATER, 10)} == {key(3): "", key(4): "p4"}
    assert {found.parent for found in store.find(Query("a"))} == {"p1", "p2", "", "p4"}


def test_letters_go_with_the_commit_that_sends_them(store: Any, worker: int) -> None:
    """ORC-06: dropped when they are there already, when nobody is there to get them, and with their commit."""
    store.commit([append(number, 1, new=new(number), owner=worker) for number in (1, 2)])
    store.post([letter("known", 1, body='"first"')])
    sent = (letter("l1", 1), letter("l2", 2), letter("known", 1, body='"second"'), letter("l9", 9))
    assert store.commit([append(1, 2, owner=worker, posts=sent), append(2, 7, posts=(letter("l7", 2),))]) == {key(1)}
    given = {(found.key, found.id, found.body) for found in store.letters(worker, 10)}
    assert given == {(key(1), "known", '"first"'), (key(1), "l1", '"x"'), (key(2), "l2", '"x"')}


def test_a_commit_whose_letter_cannot_be_stored_is_refused(store: Any) -> None:
    store.start(new(1))
    with pytest.raises(RefusedError, match="id has"):
        store.commit([append(1, 1, posts=(letter("l" * 256, 1),))])
    assert row(store, 1).version == 0


def test_what_cannot_be_stored_is_named_and_the_rest_is_written(store: Any) -> None:
    """ORC-05: one execution's data harms no other."""
    for number in range(8):
        store.start(new(number))
    given = [append(number, 1) for number in range(8)]
    given[1] = append(1, 1, checkpoint="\ud800")
    given[2] = append(2, 5)
    given[4] = append(4, 1, error="a\0b")
    given[6] = append(6, 1, due=2**63)
    with pytest.raises(RefusedError) as refused:
        store.commit(given)
    assert set(refused.value.refused) == {key(1), key(4), key(6)}
    assert refused.value.written == {key(0), key(3), key(5), key(7)}
    assert [row(store, number).version for number in range(8)] == [1, 0, 0, 1, 0, 1, 0, 1]


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.start(new("x" * 64)),
        lambda store: store.start(new(name="n" * 129)),
        lambda store: store.start(new(2, "n" * 65)),
        lambda store: store.start(new(2, input="\ud800")),
        lambda store: store.post([letter("ok"), letter("l" * 256)]),
        lambda store: store.post([letter(body="a\0b")]),
        lambda store: store.publish(message(correlation="k" * 256)),
        lambda store: store.publish(message("m\0")),
    ],
    ids=["id", "name", "namespace", "input", "one of two letters", "body", "correlation", "message"],
)
def test_what_is_too_long_or_no_text_is_refused(store: Any, ask: Callable[[Any], None]) -> None:
    store.start(new(1))
    with pytest.raises(RefusedError):
        ask(store)
    assert ids(store.find(Query("a"))) == ["e1"]
    worker = store.enter(NOW, LATER, "w")
    store.claim(worker, NOW, 10)
    assert store.letters(worker, 10) == []


def test_the_longest_names_are_stored(store: Any, worker: int) -> None:
    longest = Key("é" * 64, "é" * 64)
    given = new(1, machine="m" * 128, name="é" * 128, principal="é" * 255, seed="s" * 64)
    store.start(type(given)(**{**{f: getattr(given, f) for f in given.__struct_fields__}, "key": longest}))
    assert store.load([longest])[0].name == "é" * 128
    store.claim(worker, NOW, 1)
    (held,) = store.load([longest])
    wait = ("n" * 128, "é" * 255)
    change = append(1, 1, owner=worker, error="e" * 128, awaits=(wait,))
    store.commit([type(change)(**{**{f: getattr(change, f) for f in change.__struct_fields__}, "key": held.key})])
    store.publish(message("é" * 255, *wait, namespace="é" * 64))
    assert store.deliver(NOW, 10) == 1
    assert [found.id for found in store.letters(worker, 10)] == ["é" * 255]


# Letters


def test_a_letter_waits_until_its_execution_has_taken_it(store: Any, worker: int) -> None:
    """SM-09."""
    store.start(new())
    store.post([letter("l1", body='"one"'), letter("l2")])
    assert store.letters(worker, 10) == []
    store.claim(worker, NOW, 10)
    assert [(found.id, found.body) for found in store.letters(worker, 10)] == [("l1", '"one"'), ("l2", '"x"')]
    assert [found.id for found in store.letters(worker, 1)] == ["l1"]
    store.commit([append(1, 1, owner=worker, consumed=("l1",))])
    assert [found.id for found in store.letters(worker, 10)] == ["l2"]


def test_a_letter_sent_twice_is_there_once(store: Any, worker: int) -> None:
    """SM-09."""
    store.start(new())
    store.post([letter(body='"first"'), letter(body='"second"')])
    store.post([letter(body='"third"')])
    store.claim(worker, NOW, 10)
    assert [found.body for found in store.letters(worker, 10)] == ['"first"']


def test_a_commit_that_does_not_fit_takes_no_letter(store: Any, worker: int) -> None:
    store.start(new(1))
    store.start(new(2))
    store.post([letter("l1", 1), letter("l2", 2)])
    store.claim(worker, NOW, 10)
    assert store.commit([append(1, 5, owner=worker, consumed=("l1",))]) == set()
    assert store.commit([append(2, 1, owner=worker, consumed=("l1",))]) == {key(2)}
    assert [found.id for found in store.letters(worker, 10)] == ["l1", "l2"]


def test_a_letter_for_nobody_is_dropped(store: Any, worker: int) -> None:
    store.post([letter("l1", 1)])
    store.start(new(1))
    store.claim(worker, NOW, 10)
    assert store.letters(worker, 10) == []


# Messages


def awaiting(store: Any, worker: int, number: int, *pairs: tuple[str, str], version: int = 1, **others: Any) -> None:
    if version == 1:
        store.start(new(number))
    given = append(number, version, owner=worker, awaits=pairs, **others)
    assert store.commit([given]) == {key(number)}


def test_a_message_goes_to_who_waits_for_it(store: Any, worker: int) -> None:
    """SM-09: once, whoever sends or delivers it again."""
    awaiting(store, worker, 1, ("paid", "42"))
    awaiting(store, worker, 2, ("paid", "43"))
    store.publish(message(body='"b"'))
    store.publish(message(body='"again"'))
    assert store.deliver(NOW, 10) == 1
    assert store.deliver(NOW, 10) == 0
    store.publish(message())
    assert store.deliver(NOW, 10) == 0
    assert store.letters(worker, 10) == [letter("m1", 1, body='"b"')]


def test_a_message_that_comes_early_waits(store: Any, worker: int) -> None:
    store.publish(message())
    assert store.deliver(NOW, 10) == 0
    awaiting(store, worker, 1, ("paid", "42"))
    assert store.deliver(NOW, 10) == 1
    assert [found.key for found in store.letters(worker, 10)] == [key(1)]


def test_a_message_is_forgotten_when_it_expires(store: Any, worker: int) -> None:
    store.publish(message(expires=NOW + 5))
    assert store.deliver(NOW + 5, 10) == 0
    awaiting(store, worker, 1, ("paid", "42"))
    assert store.deliver(NOW + 4, 10) == 0
    store.publish(message())
    assert store.deliver(NOW + 4, 10) == 1


def test_a_message_for_a_wait_that_is_over_stays(store: Any, worker: int) -> None:
    awaiting(store, worker, 1, ("paid", "42"))
    store.commit([append(1, 2, owner=worker, forgets=(("paid", "42"),))])
    store.publish(message())
    assert store.deliver(NOW, 10) == 0
    awaiting(store, worker, 1, ("paid", "42"), version=3)
    assert store.deliver(NOW, 10) == 1


def test_who_has_waited_longest_is_first_and_gets_one_at_a_time(store: Any, worker: int) -> None:
    for number in (2, 1, 3):
        awaiting(store, worker, number, ("paid", "42"))
    store.publish(message("m1"))
    store.publish(message("m2"))
    assert store.deliver(NOW, 10) == 2
    store.publish(message("m3"))
    store.publish(message("m4"))
    assert store.deliver(NOW, 10) == 1
    assert {found.id: found.key for found in store.letters(worker, 10)} == {"m1": key(2), "m2": key(1), "m3": key(3)}
    # Of this one a second line of work waits on; it is free again once it has consumed its message.
    store.commit([append(1, 2, owner=worker, consumed=("m2",))])
    assert store.deliver(NOW, 10) == 1
    assert [found.id for found in store.letters(worker, 10) if found.key == key(1)] == ["m4"]


def test_a_wait_forgotten_and_asked_for_at_once_stays(store: Any, worker: int) -> None:
    awaiting(store, worker, 1, ("paid", "42"), ("paid", "43"), ("stop", ""))
    awaiting(store, worker, 2, ("paid", "42"))
    pairs = (("paid", "42"), ("paid", "43"))
    store.commit([append(1, 2, owner=worker, awaits=pairs[:1], forgets=pairs)])
    store.publish(message("m1"))
    store.publish(message("m2", correlation="43"))
    store.publish(message("m3", "stop", ""))
    assert store.deliver(NOW, 10) == 2
    assert {found.id: found.key for found in store.letters(worker, 10)} == {"m1": key(1), "m3": key(1)}


def test_a_message_taken_and_forgotten_in_one_commit_is_over(store: Any, worker: int) -> None:
    awaiting(store, worker, 1, ("paid", "42"), ("paid", "43"))
    store.publish(message("m1"))
    store.publish(message("m2", correlation="43"))
    assert store.deliver(NOW, 10) == 2
    store.commit([append(1, 2, owner=worker, consumed=("m1", "m2"), forgets=(("paid", "42"),))])
    store.publish(message("m3"))
    store.publish(message("m4", correlation="43"))
    assert store.deliver(NOW, 10) == 1
    assert [found.id for found in store.letters(worker, 10)] == ["m4"]


def test_who_has_ended_gets_late_what_it_has_not_forgotten(store: Any, worker: int) -> None:
    """SAGA-06: money that arrives after the end is not nobody's."""
    awaiting(store, worker, 1, ("paid", "42"), ("paid", "43"))
    store.commit([ended(1, 2, awaits=(("paid", "44"),), forgets=(("paid", "42"),))])
    for number in ("42", "43", "44"):
        store.publish(message(f"m{number}", correlation=number))
    assert store.deliver(NOW, 10) == 2
    claimed = store.claim(worker, NOW, 10)
    assert ids(claimed) == ["e1"]
    assert [found.id for found in store.letters(worker, 10)] == ["m43", "m44"]


def test_who_is_purged_gets_no_message(store: Any, worker: int) -> None:
    awaiting(store, worker, 1, ("paid", "42"))
    store.commit([ended(1, 2)])
    assert store.purge(LATER + 1, 10) == 1
    store.publish(message("m1"))
    assert store.deliver(NOW, 10) == 0


def test_no_more_are_delivered_than_asked_for(store: Any, worker: int) -> None:
    for number in range(5):
        awaiting(store, worker, number, ("paid", str(number % 2)))
        store.publish(message(f"m{number}", correlation=str(number % 2)))
    assert [store.deliver(NOW, 2) for _ in range(4)] == [2, 2, 1, 0]


# Who works on what


def test_what_is_due_is_claimed_once(store: Any, worker: int) -> None:
    store.start(new(1, created=NOW - 5))
    store.start(new(2, created=NOW - 9))
    store.start(new(3, created=NOW + 1))
    other = store.enter(NOW, LATER, "o")
    assert ids(store.claim(worker, NOW, 1)) == ["e2"]
    (claimed,) = store.claim(other, NOW, 10)
    assert (claimed.key, claimed.owner, claimed.input) == (key(1), other, '{"n":1}')
    assert store.claim(worker, NOW, 10) == []
    assert [row(store, number).owner for number in (1, 2, 3)] == [other, worker, None]
    assert ids(store.claim(worker, NOW + 1, 10)) == ["e3"]


def test_what_sleeps_is_not_claimed_before_it_is_due(store: Any, worker: int) -> None:
    store.start(new())
    store.commit([append(1, 1, due=NOW + 50, status=Status.WAITING)])
    assert store.claim(worker, NOW + 49, 10) == []
    assert ids(store.claim(worker, NOW + 50, 10)) == ["e1"]


def test_a_letter_wakes_what_sleeps_or_has_ended(store: Any, worker: int) -> None:
    for number in (1, 2, 3, 4):
        store.start(new(number))
    store.commit([append(1, 1), ended(2, 1), append(3, 1, due=NEVER), append(4, 1)])
    store.post([letter("l3", 3), letter("l2", 2), letter("l1", 1), letter("l4", 1)])
    assert ids(store.claim(worker, NOW, 2)) == ["e3", "e2"]
    assert ids(store.claim(worker, NOW, 2)) == ["e1"]
    assert store.claim(worker, NOW, 2) == []
    assert len(store.letters(worker, 10)) == 4


def test_what_is_due_comes_before_letters_within_the_limit(store: Any, worker: int) -> None:
    for number in (1, 2, 3):
        store.start(new(number))
    store.commit([append(1, 1)])
    store.post([letter("l", 1)])
    assert ids(store.claim(worker, NOW, 3)) == ["e2", "e3", "e1"]


def test_a_worker_that_left_leaves_everything_due_at_once(store: Any, worker: int) -> None:
    store.start(new(1))
    store.start(new(2))
    store.claim(worker, NOW, 10)
    store.commit([append(1, 1, owner=worker, due=NEVER), ended(2, 1, owner=worker)])
    store.leave(worker, NOW + 7)
    assert [(found.owner, found.due, found.claims) for found in store.load([key(1)])] == [(None, NOW + 7, 0)]
    assert (row(store, 2).owner, row(store, 2).due) == (None, None)
    assert store.claim(worker, NOW + 7, 10) == []
    assert not store.renew(worker, NEVER)
    other = store.enter(NOW, NEVER, "o")
    assert other != worker
    assert ids(store.claim(other, NOW + 7, 10)) == ["e1"]


def test_a_worker_whose_lease_has_run_out_is_buried(bench: Bench, store: Any, worker: int) -> None:
    """ORC-02: whoever looks takes over what it held."""
    store.start(new())
    store.claim(worker, NOW, 10)
    other = bench.open()
    assert other.bury(LATER - 1) == []
    assert other.bury(LATER) == [worker]
    assert other.bury(LATER) == []
    found = row(store)
    assert (found.owner, found.due, found.claims) == (None, LATER, 1)
    assert not store.renew(worker, NEVER)
    assert store.claim(worker, LATER, 10) == []


def test_a_worker_that_renews_its_lease_lives(bench: Bench, store: Any, worker: int) -> None:
    assert store.renew(worker, NEVER)
    assert bench.open().bury(LATER + 1) == []
    assert store.renew(worker, NEVER + 1)


def test_a_worker_that_lost_its_lock_is_buried_at_once(bench: Bench, store: Any, worker: int) -> None:
    """ORC-02: death is seen without waiting for a lease."""
    other = bench.open()
    alive = other.enter(NOW, LATER, "o")
    store.start(new())
    store.claim(worker, NOW, 10)
    bench.kill(store, worker)
    assert other.bury(NOW) == [worker]
    assert (row(other).owner, row(other).claims) == (None, 1)
    assert ids(other.claim(alive, NOW, 10)) == ["e1"]
    assert other.commit([append(1, 1, owner=alive)]) == {key(1)}
    assert row(other).claims == 0


def test_a_lock_lost_for_a_moment_is_taken_again(bench: Bench, store: Any, worker: int) -> None:
    bench.kill(store, worker)
    assert store.renew(worker, LATER)
    assert bench.open().bury(NOW) == []


def test_what_a_buried_worker_still_commits_is_let_go_of(bench: Bench, store: Any, worker: int) -> None:
    """ORC-05: a zombie's commit fits while nobody has taken over, and then is nobody's."""
    store.start(new())
    store.claim(worker, NOW, 10)
    bench.kill(store, worker)
    other = bench.open()
    assert other.bury(NOW) == [worker]
    assert store.commit([append(1, 1, owner=worker)]) == {key(1)}
    assert other.bury(NOW + 1) == []
    assert (row(other).owner, row(other).due, row(other).version) == (None, NOW + 1, 1)


def test_a_zombie_does_not_write_over_who_took_over(bench: Bench, store: Any, worker: int) -> None:
    """ORC-05, ORC-06."""
    store.start(new())
    store.claim(worker, NOW, 10)
    bench.kill(store, worker)
    other = bench.open()
    other.bury(NOW)
    alive = other.enter(NOW, LATER, "o")
    other.claim(alive, NOW, 10)
    assert other.commit([append(1, 1, owner=alive, checkpoint="theirs")]) == {key(1)}
    assert store.commit([append(1, 1, owner=worker, checkpoint="mine")]) == set()
    assert (row(store).checkpoint, row(store).owner) == ("theirs", alive)


def test_claims_are_counted_until_a_commit(bench: Bench, store: Any) -> None:
    """ORC-07: a step that kills its worker is found."""
    store.start(new())
    for deaths in (1, 2, 3):
        doomed = bench.open()
        number = doomed.enter(NOW, LATER, "d")
        assert row(store).claims == deaths - 1
        doomed.claim(number, NOW, 10)
        bench.kill(doomed, number)
        assert store.bury(NOW) == [number]
    assert [found.claims for found in store.stuck(NOW, 1000)] == [3]


def _died(bench: Bench, *claimed: tuple[int, bool]) -> list[list[str]]:
    """Let a worker claim so many, with or without suspects, and die; give what it got each time."""
    doomed = bench.open()
    number = doomed.enter(NOW, LATER, "d")
    got = [ids(doomed.claim(number, NOW, limit, suspects=suspects)) for limit, suspects in claimed]
    bench.kill(doomed, number)
    assert doomed.bury(NOW) == [number]
    return got


def test_of_several_suspects_a_death_tells_none_guilty(bench: Bench, store: Any) -> None:
    """Held together they stay suspected; alone, or with what is not suspected, the next death is theirs."""
    for number in range(3):
        store.start(new(number))
    _died(bench, (2, True))
    assert _died(bench, (2, True)) == [["e0", "e1"]]
    assert [row(store, number).claims for number in range(3)] == [2, 2, 0]
    assert _died(bench, (1, True), (1, True), (1, True)) == [["e0"], ["e1"], ["e2"]]
    assert [row(store, number).claims for number in range(3)] == [2, 2, 1]
    assert _died(bench, (1, False), (1, True)) == [["e2"], ["e0"]]
    assert [row(store, number).claims for number in range(3)] == [3, 2, 2]


def test_of_suspects_one_is_claimed_at_a_time_or_none(bench: Bench, store: Any) -> None:
    for number in range(2):
        store.start(new(number))
    _died(bench, (9, True))
    _died(bench, (9, True))
    for number in range(2, 5):
        store.start(new(number))
    store.post([letter("l1", 1), letter("l4", 4)])
    worker = store.enter(NOW, LATER, "w")
    assert ids(store.claim(worker, NOW, 2, suspects=False)) == ["e2", "e3"]
    assert ids(store.claim(worker, NOW - 1, 9, suspects=False)) == ["e4"], "those that letters have come for as well"
    assert ids(store.claim(worker, NOW - 1, 9)) == ["e1"]
    assert ids(store.claim(worker, NOW, 9)) == ["e0"]
    assert store.claim(worker, NOW, 9) == []


def test_numbers_of_workers_are_never_given_again(store: Any) -> None:
    seen = set()
    for _ in range(3):
        number = store.enter(NOW, LATER, "w")
        assert number not in seen
        seen.add(number)
        store.leave(number, NOW)


# Namespaces


def test_nothing_of_one_namespace_is_found_from_another(store: Any, worker: int) -> None:
    """ORC-05: every id, name and key of a sent to b."""
    store.start(new(1, name="n"))
    store.commit([append(1, 1, owner=worker, awaits=(("paid", "42"),))])
    stranger = key(1, "b")
    assert store.load([stranger]) == []
    assert store.pages(stranger, [1]) == {}
    assert store.history(stranger, 0, 10) == []
    assert store.find(Query("b")) == []
    assert store.find(Query("b", machine="orders", name="n")) == []
    assert store.statistics("b") == {}
    assert store.commit([append(1, 2, "b"), append(1, 1, "b")]) == set()
    store.post([letter("l1", 1, "b")])
    store.publish(message("m1", namespace="b"))
    assert store.deliver(NOW, 10) == 0
    assert store.letters(worker, 10) == []
    store.start(new(1, "b", name="n"))
    store.post([letter("l1", 1, "b"), letter("l1", 1)])
    store.commit([append(1, 1, "b", owner=worker, consumed=("l1",), forgets=(("paid", "42"),))])
    assert [found.key for found in store.letters(worker, 10)] == [key(1)]
    store.publish(message("m1"))
    assert store.deliver(NOW, 10) == 1
    store.commit([ended(1, 2, namespace="b")])
    assert store.purge(NEVER, 10) == 1
    assert (row(store).version, len(store.history(key(1), 0, 10))) == (1, 1)


def test_keys_are_told_apart_by_case_accent_and_blanks(store: Any) -> None:
    for number in ("a", "A", "á", "a ", "\N{FULLWIDTH LATIN SMALL LETTER A}"):
        store.start(new(number, name=number))
    assert len(store.find(Query("a"))) == 5
    assert store.commit([append("A", 1)]) == {key("A")}
    assert store.load([key("a")])[0].version == 0
    assert ids(store.find(Query("a", name="á"))) == ["eá"]


# Reading


def test_history_is_paged_without_misses(store: Any) -> None:
    """ORC-04."""
    store.start(new())
    sizes = [1, 3, 0, 2, 5, 1]
    for version, size in enumerate(sizes, 1):
        store.commit([append(1, version, events=size)])
    total = sum(sizes)
    for after in range(total):
        pages = store.history(key(), after, 100)
        assert pages[0].first <= after + 1
        assert [page.version for page in pages] == [
            version for version, size in enumerate(sizes, 1) if sum(sizes[:version]) > after
        ]
    assert store.history(key(), total, 100) == []
    assert [page.version for page in store.history(key(), 0, 2)] == [1, 2]
    assert store.pages(key(), [2, 5, 99]) == {2: "h2", 5: "h5"}


def test_a_list_is_paged_without_misses(store: Any) -> None:
    for number in range(25):
        store.start(new(f"{number:02}", created=NOW + number // 4))
    seen: list[str] = []
    after = None
    while page := store.find(Query("a", after=after, limit=7)):
        seen += ids(page)
        after = (page[-1].created, page[-1].key.id)
        store.start(new(f"late{len(seen)}", created=NOW + 100))
    assert seen == [f"e{number:02}" for number in reversed(range(25))]


def test_a_list_is_filtered(store: Any) -> None:
    for number in range(6):
        store.start(new(number, machine=f"m{number % 2}", name=f"n{number}", created=NOW + number))
    store.commit([append(1, 1), ended(2, 1), ended(3, 1, status=Status.FAILED)])
    assert ids(store.find(Query("a", machine="m1"))) == ["e5", "e3", "e1"]
    assert ids(store.find(Query("a", statuses=(Status.FAILED, Status.SUCCEEDED)))) == ["e3", "e2"]
    assert ids(store.find(Query("a", name="n4"))) == ["e4"]
    assert ids(store.find(Query("a", started_from=NOW + 2, started_before=NOW + 4))) == ["e3", "e2"]
    assert ids(store.find(Query("a", machine="m0", statuses=(Status.PENDING,), limit=1))) == ["e4"]
    (lean,) = store.find(Query("a", name="n3"))
    assert (lean.input, lean.checkpoint, lean.version, lean.status) == ("", "", 1, Status.FAILED)


def test_executions_are_found_by_what_they_are_about_however_they_began(store: Any) -> None:
    """ASL-06: started, begun by their first commit, or by another's; those about nothing are about nothing."""
    store.start(new(1, reference="orders/7"))
    store.start(new(2))
    born, child = new(3, reference="orders/7"), new(4, reference="orders/7")
    assert store.commit([append(3, 1, new=born, starts=(child,)), append(2, 1)]) == {key(3), key(2)}
    assert ids(store.find(Query("a", reference="orders/7"))) == ["e4", "e3", "e1"]
    assert ids(store.find(Query("b", reference="orders/7"))) == []
    assert [row(store, number).reference for number in (1, 2, 3)] == ["orders/7", None, "orders/7"]
    store.commit([append(1, 1, state="Pay")])
    assert (row(store, 1).reference, row(store, 1).state) == ("orders/7", "Pay")
    store.commit([append(1, 2), append(3, 2, state="Ship")])
    assert [row(store, number).state for number in (1, 2, 3)] == [None, None, "Ship"]
    with pytest.raises(RefusedError):
        store.start(new(5, reference="x" * 256))


def test_statistics_count_and_time_what_has_ended(store: Any) -> None:
    """ORC-07."""
    for number in range(23):
        store.start(new(number, machine="m"))
    store.start(new(99, machine="other"))
    store.commit([ended(n, 1, NOW + 10 * (n + 1)) for n in range(21)])
    store.commit([ended(21, 1, NOW + 1, status=Status.FAILED, started=None)])
    found = store.statistics("a", "m")
    assert found == {
        Status.SUCCEEDED: Statistic(21, 110.0, 200.0),
        Status.FAILED: Statistic(1, 1.0, 1.0),
        Status.PENDING: Statistic(1),
    }
    assert store.statistics("a")[Status.PENDING] == Statistic(2)


def test_the_mean_is_not_rounded(store: Any) -> None:
    for number in range(3):
        store.start(new(number))
    store.commit([ended(0, 1, NOW + 1), ended(1, 1, NOW + 1), ended(2, 1, NOW + 2)])
    assert store.statistics("a") == {Status.SUCCEEDED: Statistic(3, 4 / 3, 2.0)}


def test_what_is_stuck_is_found(store: Any, worker: int) -> None:
    """ORC-07, SAGA-04."""
    for number in range(5):
        store.start(new(number))
    store.commit(
        [
            append(0, 1, due=NOW - 101),
            append(1, 1, due=NOW - 100),
            append(2, 1, due=NOW - 500, owner=worker),
            append(3, 1, due=None),
            ended(4, 1, due=NOW - 500),
        ]
    )
    found = store.stuck(NOW, 100)
    assert ids(found) == ["e2", "e0"]
    assert found[0].checkpoint == ""


def test_what_has_ended_is_purged_with_its_history(store: Any, worker: int) -> None:
    for number in range(6):
        store.start(new(number, machine=f"m{number % 2}", name=f"n{number}"))
    store.commit([ended(n, 1, NOW + n) for n in range(4)])
    store.commit([append(4, 1), ended(5, 1, NOW, owner=worker)])
    store.post([letter("l0", 0), letter("l4", 4)])
    assert store.purge(NOW, 10) == 0
    assert store.purge(NOW + 3, 10, "m1") == 1
    assert store.purge(NOW + 3, 1) == 1
    assert sorted(ids(store.find(Query("a")))) == ["e2", "e3", "e4", "e5"]
    assert store.history(key(0), 0, 10) == []
    assert store.history(key(1), 0, 10) == []
    assert len(store.history(key(2), 0, 10)) == 1
    store.start(new(0))
    store.claim(worker, NOW, 10)
    assert [found.id for found in store.letters(worker, 10)] == ["l4"]


# With a transaction of the caller's


@SHAPES
def test_what_a_caller_commits_is_there(bench: Bench, store: Any, worker: int, shape: str) -> None:
    """SAGA-02: with the business, or not at all."""
    awaiting(store, worker, 1, ("paid", "42"))
    with bench.transaction(shape) as connection:
        store.start(new(2, name="n"), connection)
        store.post([letter("l2", 2), letter("l1", 1)], connection)
        store.publish(message(), connection)
        assert store.commit([append(1, 2, owner=worker, events=3)], connection) == {key(1)}
    assert row(store, 1).version == 2
    assert store.deliver(NOW, 10) == 1
    assert ids(store.claim(worker, NOW, 10)) == ["e2"]
    assert [found.id for found in store.letters(worker, 10)] == ["l2", "l1", "m1"]


@SHAPES
def test_what_a_caller_rolls_back_leaves_nothing(bench: Bench, store: Any, worker: int, shape: str) -> None:
    """SAGA-02."""
    awaiting(store, worker, 1, ("paid", "42"))
    store.post([letter("l1", 1)])
    with undone(bench.transaction(shape)) as connection:
        store.start(new(2, name="n"), connection)
        store.post([letter("l2", 2)], connection)
        store.publish(message(), connection)
        posts = (letter("l3", 1),)
        given = append(1, 2, consumed=("l1",), forgets=(("paid", "42"),), starts=(new(3),), posts=posts)
        assert store.commit([given], connection) == {key(1)}
    assert store.load([key(2), key(3)]) == []
    assert (row(store, 1).version, row(store, 1).owner) == (1, worker)
    assert len(store.history(key(1), 0, 10)) == 1
    assert store.deliver(NOW, 10) == 0
    assert [found.id for found in store.letters(worker, 10)] == ["l1"]
    store.start(new(4, name="n"))


def test_a_callers_commit_that_does_not_fit_says_so(bench: Bench, store: Any) -> None:
    store.start(new())
    store.commit([append(1, 1)])
    with bench.transaction() as connection:
        assert store.commit([append(1, 1, checkpoint="mine")], connection) == set()
        store.start(new(2), connection)
    assert row(store).checkpoint == "c1"
    assert row(store, 2).version == 0


def test_a_callers_transaction_goes_on_after_a_taken_name(bench: Bench, store: Any) -> None:
    store.start(new(1, name="n"))
    with bench.transaction() as connection:
        with pytest.raises(NameTakenError):
            store.start(new(2, name="n"), connection)
        with pytest.raises(RefusedError):
            store.start(new(3, name="n" * 200), connection)
        store.start(new(4, name="m"), connection)
        with pytest.raises(NameTakenError):
            store.start(new(5, name="m"), connection)
    assert sorted(ids(store.find(Query("a")))) == ["e1", "e4"]


# Many at once


def test_two_who_write_the_same_groups_write_each_version_once(bench: Bench, store: Any) -> None:
    """ORC-05, SM-08: whatever the interleaving, each version is one writer's, with its history."""
    numbers = range(12)
    for number in numbers:
        store.start(new(number))
    openings = [bench.open() for _ in range(3)]

    def write(writer: int) -> int:
        mine = openings[writer]
        won = 0
        for version in range(1, 8):
            order = numbers if writer % 2 else reversed(numbers)
            group = [append(number, version, checkpoint=f"{version} by {writer}") for number in order]
            won += len(mine.commit(group))
            while pending := [found for found in mine.load(map(key, numbers)) if found.version < version]:
                won += len(mine.commit([append(found.key.id[1:], found.version + 1) for found in pending]))
        return won

    with ThreadPoolExecutor(3) as threads:
        won = sum(threads.map(write, range(3)))
    assert won == 12 * 7
    for number in numbers:
        assert row(store, number).version == 7
        pages = store.history(key(number), 0, 100)
        assert [(page.version, page.first) for page in pages] == [(v, 2 * v - 1) for v in range(1, 8)]


def test_many_who_claim_at_once_share_what_is_due(bench: Bench, store: Any) -> None:
    for number in range(40):
        store.start(new(number))
    openings = [bench.open() for _ in range(3)]

    def take(mine: Any) -> list[str]:
        worker = mine.enter(NOW, LATER, "w")
        taken: list[str] = []
        while got := mine.claim(worker, NOW, 7):
            taken += ids(got)
        return taken

    with ThreadPoolExecutor(3) as threads:
        taken = [name for part in threads.map(take, openings) for name in part]
    left = store.enter(NOW, LATER, "last")
    taken += ids(store.claim(left, NOW, 100))
    assert sorted(taken) == sorted(f"e{number}" for number in range(40))


def test_messages_and_waits_that_come_at_once_all_meet(bench: Bench, store: Any, worker: int) -> None:
    for number in range(30):
        store.start(new(number))
    openings = [bench.open() for _ in range(4)]

    def publish() -> int:
        for number in range(30):
            openings[0].publish(message(f"m{number}", correlation=str(number % 5)))
        return 0

    def wait() -> int:
        for start in range(0, 30, 3):
            numbers = range(start, start + 3)
            openings[1].commit([append(n, 1, owner=worker, awaits=(("paid", str(n % 5)),)) for n in numbers])
        return 0

    def deliver(mine: Any) -> int:
        return sum(mine.deliver(NOW, 4) for _ in range(15))

    with ThreadPoolExecutor(4) as threads:
        parts = [threads.submit(publish), threads.submit(wait)]
        parts += [threads.submit(deliver, mine) for mine in openings[2:]]
        delivered = sum(part.result() for part in parts)
    while more := store.deliver(NOW, 10):
        delivered += more
    assert delivered == 30
    assert len({found.key for found in store.letters(worker, 100)}) == 30
