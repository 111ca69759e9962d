"""Executions that go on from another one, the same on each store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from app.workflow.asl.compile import compile_machine
from app.workflow.links import Links, NoOutputError, UnknownTransformerError, link_of
from app.workflow.runtime.engine import Engine, UnknownExecutionError, UnknownMachineError
from app.workflow.runtime.store import Key, Query
from tests.support.workflow.hand import HandClock
from tests.support.workflow.stores import KINDS, Bench, benches

pytestmark = pytest.mark.fast
shared_bench, bench = benches(*KINDS, scope="module")

ORDER = {
    "StartAt": "Price",
    "States": {
        "Price": {"Type": "Pass", "Parameters": {"sum.$": "States.MathAdd($.n, 1)"}, "Next": "Loop"},
        "Loop": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.sum", "NumericLessThan": 4, "Next": "Again"}],
            "Default": "Check",
        },
        "Again": {"Type": "Pass", "Parameters": {"n.$": "$.sum"}, "Next": "Price"},
        "Check": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.sum", "NumericGreaterThan": 90, "Next": "Refuse"}],
            "Default": "Done",
        },
        "Refuse": {"Type": "Fail", "Error": "TooMuch"},
        "Done": {"Type": "Pass", "Parameters": {"total.$": "$.sum"}, "End": True},
    },
}
INVOICE = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}


class World:
    """An engine that runs, and its links."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.links = Links(engine)
        self.calls: list[Any] = []
        self.links.transformer("note")(self._note)

    def _note(self, output: Any) -> Any:
        self.calls.append(output)
        return {"from": output}

    def order(self, n: int, namespace: str = "a") -> Key:
        """Give an order that has ended."""
        return self.engine.run("order", {"n": n}, namespace=namespace).key

    def ended(self, key: Key) -> Any:
        """Give the output of an execution that was started."""
        return self.engine.wait_for(key, 30).output


@pytest.fixture
def world(bench: Bench) -> Iterator[World]:
    """Give one over an empty store."""
    engine = Engine(bench.open(), clock=HandClock())
    engine.register(compile_machine(ORDER, "order"))
    engine.register(compile_machine(INVOICE, "invoice"))
    with engine:
        yield World(engine)


def test_an_execution_goes_on_from_the_output_of_another_one(world: World) -> None:
    """ASL-08."""
    order = world.order(10)
    invoice = world.links.start("invoice", order, transformer="note", principal="ann")
    assert world.ended(invoice) == {"from": {"total": 11}}
    assert invoice.namespace == "a"
    assert world.engine.store.load([invoice])[0].principal == "ann"
    plain = world.links.start("invoice", order)
    assert world.ended(plain) == {"total": 11}


def test_an_execution_goes_on_from_what_a_state_gave_last(world: World) -> None:
    """ASL-08: one of its states' output, of the last visit, whatever became of the execution."""
    order, refused = world.order(0), world.order(95)
    assert world.ended(world.links.start("invoice", order, state="Price", transformer="note")) == {"from": {"sum": 4}}
    assert world.ended(world.links.start("invoice", refused, state="Price")) == {"sum": 96}


def test_a_link_is_made_once_whoever_asks_for_it(world: World) -> None:
    """ASL-08: the same source, state, transformer and machine mean the same execution."""
    order = world.order(10)
    first = world.links.start("invoice", order, transformer="note")
    world.ended(first)
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(world.links.start, "invoice", order, transformer="note") for _ in range(4)]
    assert {done.result() for done in asked} == {first} == {link_of(order, "invoice", "", "note")}
    assert len(world.calls) == 1
    others = {world.links.start("invoice", order), world.links.start("invoice", order, state="Price")}
    assert first not in others
    assert len(others) == 2
    # A second one that was not yet seen is left as it is by the store.
    again = world.engine.start("invoice", {"other": 1}, id=first.id, namespace="a")
    assert world.ended(again) == {"from": {"total": 11}}


def test_what_is_not_yet_linked_is_found_page_by_page_without_duplicates(world: World) -> None:
    """ASL-08: scoped by machine, state and transformer."""
    orders = [world.order(n) for n in (10, 11, 12, 13, 95)]
    world.order(14, "b")
    world.links.start("invoice", orders[1], transformer="note")
    world.links.start("invoice", orders[2])
    world.links.start("invoice", orders[3], state="Price", transformer="note")

    def pages(**kind: str) -> list[list[Key]]:
        found, after, more = [], None, True
        while more:
            page = world.links.unlinked(Query("a", "order", after=after, limit=2), "invoice", **kind)
            found.append([row.key for row in page.sources])
            after, more = page.after, page.after is not None
        return found

    def flat(**kind: str) -> set[Key]:
        found = [key for page in pages(**kind) for key in page]
        assert len(found) == len(set(found))
        return set(found)

    assert flat(transformer="note") == {orders[0], orders[2], orders[3]}
    assert flat() == {orders[0], orders[1], orders[3]}
    assert flat(state="Price", transformer="note") == {orders[0], orders[1], orders[2], orders[4]}
    assert all(len(page) <= 2 for page in pages())
    for source in flat(transformer="note"):
        world.links.start("invoice", source, transformer="note")
    assert flat(transformer="note") == set()


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (lambda world: world.links.start("invoice", world.order(95)), NoOutputError),
        (lambda world: world.links.start("invoice", world.order(10), state="Refuse"), NoOutputError),
        (lambda world: world.links.start("invoice", world.order(10), transformer="none"), UnknownTransformerError),
        (lambda world: world.links.start("none", world.order(10)), UnknownMachineError),
        (lambda world: world.links.start("invoice", Key("a", "none")), UnknownExecutionError),
        (lambda world: world.links.start("invoice", Key("b", world.order(10).id)), UnknownExecutionError),
        (lambda world: world.links.transformer("note")(lambda output: output), ValueError),
        (lambda world: world.links.transformer("")(lambda output: output), ValueError),
    ],
    ids=["failed", "state", "transformer", "machine", "source", "namespace", "second", "nameless"],
)
def test_what_cannot_be_linked_is_told_and_starts_nothing(
    world: World, asked: Callable[[World], object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        asked(world)
    assert world.engine.executions(Query("a", "invoice")) == []


def test_a_transformer_that_fails_leaves_the_link_to_be_made(world: World) -> None:
    order = world.order(10)

    @world.links.transformer("broken")
    def broken(output: Any) -> Any:
        return {"n": 1 / (len(world.calls)), "of": output}

    with pytest.raises(ZeroDivisionError):
        world.links.start("invoice", order, transformer="broken")
    world.calls.append(1)
    assert world.ended(world.links.start("invoice", order, transformer="broken")) == {"n": 1, "of": {"total": 11}}
