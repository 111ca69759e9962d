"""Instances as they are written: schemas of ours and versions of a machine's own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.workflow.builder import END, Branch, Machine, task
from app.workflow.codec import UnreadableError
from app.workflow.instances import Compiled, Keeper, KeptInstance, Upgrade, Written, written
from app.workflow.kernel.errors import StepError
from app.workflow.kernel.graph import Definition
from app.workflow.runtime.store import Key
from app.workflow.stores.memory_instances import MemoryInstances
from tests.support.workflow.orders import Shop, order_machine

pytestmark = pytest.mark.fast


def keeper(store: MemoryInstances, **options: Any) -> Keeper:
    return Keeper(Compiled(order_machine(), Shop().handlers), store, **options)


def test_a_snapshot_is_written_every_so_many_steps() -> None:
    """SM-07: periodic snapshots."""
    store = MemoryInstances()
    one = keeper(store, every=3).begin("1", {"total": 1})
    for _ in range(7):
        one.next("change")
    found = store.read(Key("", "1"))
    assert found is not None
    assert found.snapshot.version == 6
    assert [entry.version for entry in found.entries] == [7]


def test_entries_of_an_older_schema_are_upgraded_when_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """SM-06: every stored row says its schema; the next one reads it."""
    store = MemoryInstances()
    first = keeper(store).begin("1", {"total": 1})
    first.next("change", data={"total": 2})
    # As if the schema before had kept the state first, and the version after it.
    for row in ("snapshot", "entry"):
        kind = {"snapshot": written.SNAPSHOT_UPCASTERS, "entry": written.ENTRY_UPCASTERS}[row]
        monkeypatch.setitem(kind, 1, lambda raw: [raw[1], raw[0], *raw[2:]])
    monkeypatch.setattr(written, "SCHEMA", 2)
    old = MemoryInstances()
    found = store.read(Key("", "1"))
    assert found is not None

    def swapped(text: str) -> str:
        schema, model, raw = json.loads(text)
        return json.dumps([schema, model, [raw[1], raw[0], *raw[2:]]])

    old.create(Key("", "1"), "order", swapped(found.snapshot.text))
    entry = json.loads(found.entries[0].text)
    entry[2][0], entry[2][1] = entry[2][1], entry[2][0]
    old.append(Key("", "1"), Written(1, json.dumps(entry)))
    again = keeper(old).load("1")
    assert again.snapshot() == first.snapshot()
    again.next("change")
    assert keeper(old).load("1").snapshot() == again.snapshot(), "of two schemas in one log"


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '[2,1,[0,"draft",null]]', '[0,1,[0,"draft",null]]', '[1,2,[0,"draft",null]]', "[1,1,[0]]"]
)
def test_what_is_damaged_or_newer_is_refused(text: str) -> None:
    store = MemoryInstances()
    store.create(Key("", "1"), "order", text)
    with pytest.raises(UnreadableError):
        keeper(store).load("1")


def machine(mark: str = "") -> Definition:
    """Give a machine whose states all bear a mark."""
    a, b, x, y, both = (f"{name}{mark}" for name in ("a", "b", "x", "y", "both"))
    waits = (Branch().state(x).transition(x, END, on="left"), Branch().state(y, task("do")).transition(y, END))
    made = Machine("m").state(a).state(b, task("do", compensate="undo")).parallel(both, *waits)
    made.transition(a, b, on="go").transition(b, both).transition(both, a)
    return made.transition(a, a, on="stay").build()


UPGRADE = Upgrade({name: f"{name}2" for name in ("a", "b", "x", "y", "both")}, lambda model: {"new": model})


def both(store: MemoryInstances) -> tuple[Keeper, Keeper, list[Any]]:
    undone: list[Any] = []
    handlers = {"do": lambda _: None, "undo": undone.append}
    old = Keeper(Compiled(machine(), handlers), store, every=3)
    new = Keeper(Compiled(machine("2"), handlers), store, every=3, schema=2, upgrades={1: UPGRADE})
    return old, new, undone


@pytest.mark.parametrize("steps", range(1, 6))
def test_models_of_an_older_version_of_the_machine_are_upgraded_when_read(steps: int) -> None:
    """SM-06: states and models, in snapshots and in entries, at rest and in the middle of branches."""
    store = MemoryInstances()
    old, new, undone = both(store)
    one = old.begin("1", {"n": 1})
    for event in ["stay", "go", "left", "stay", "go"][:steps]:
        one.next(event)
    two = new.load("1")
    assert (two.state, two.version) == (f"{one.state}2", one.version)
    model = two.model
    assert model == {"new": one.model}
    if one.state == "both":
        two.next("left")
        assert two.model == [{"new": one.model}, one.model], "what a branch has given stays as it was"
    two.next("stay")
    if steps > 1:
        two.rollback()
        assert len(undone) == (2 if steps == 5 else 1)
    assert new.load("1").snapshot() == two.snapshot()


def test_a_machine_older_than_what_is_stored_does_not_touch_it() -> None:
    store = MemoryInstances()
    old, new, _ = both(store)
    new.begin("1", {})
    with pytest.raises(UnreadableError):
        old.load("1")


def test_every_older_version_needs_its_upgrade() -> None:
    with pytest.raises(ValueError, match="2"):
        keeper(MemoryInstances(), schema=3, upgrades={1: UPGRADE})


@pytest.mark.parametrize("name", ["a\n", "\x00", " a", "a ", "x" * 201, "\ud800"])
def test_names_that_a_store_could_mistake_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        keeper(MemoryInstances()).begin(name)
    with pytest.raises(ValueError, match="is no"):
        keeper(MemoryInstances(), namespace=name)


def test_a_snapshot_every_no_steps_is_refused() -> None:
    with pytest.raises(ValueError, match="every"):
        keeper(MemoryInstances(), every=0)


def test_a_model_that_json_cannot_say_is_refused_and_changes_nothing() -> None:
    store = MemoryInstances()
    with pytest.raises(StepError):
        keeper(store).begin("1", object())
    one = keeper(store).begin("2", {"total": 1})
    with pytest.raises(StepError):
        one.next("change", data=object())
    assert one.version == 0
    assert keeper(store).find() == ["2"]


def test_nothing_is_changed_or_told_when_the_store_fails() -> None:
    """SM-06: a step that is not on disk has not happened."""

    class Broken(MemoryInstances):
        def append(self, *_: Any, **__: Any) -> None:
            raise ConnectionError

    heard: list[Any] = []
    compiled = Compiled(order_machine(), Shop().handlers, listeners=[lambda _, fact: heard.append(fact)])
    one: KeptInstance = Keeper(compiled, Broken()).begin("1", {"total": 500})
    before, heard[:] = one.snapshot(), []
    for attempt, what in ((one.next, "change"), (one.next, "confirm"), (one.goto, "packed")):
        with pytest.raises(ConnectionError):
            attempt(what, "key")
        assert one.snapshot() == before
        assert one.allowed == ("change", "confirm", "rush")
    assert not heard


def test_a_rebuilt_instance_tells_nobody_what_was_told_before() -> None:
    store = MemoryInstances()
    heard: list[Any] = []
    listening = Keeper(
        Compiled(order_machine(), Shop().handlers, listeners=[lambda _, fact: heard.append(fact)]), store
    )
    listening.begin("1", {"total": 1}).next("change")
    told = len(heard)
    listening.load("1")
    assert (told, len(heard)) == (4, 4)
