"""The simulated installation with distributed Maps: every item's effect and result once, whatever dies when."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar, Final

import msgspec

from app.workflow import codec
from app.workflow.asl.compile import compile_machine
from app.workflow.kernel import stimuli as s
from app.workflow.kernel.errors import StepError
from app.workflow.kernel.graph import Definition
from app.workflow.maps import Clerk, map_runs
from app.workflow.objects import NoSuchBucketError
from app.workflow.objects.memory import MemoryStores
from app.workflow.runtime.children import Nested
from app.workflow.runtime.live import Command, Definitions
from app.workflow.runtime.registry import Registry
from app.workflow.runtime.steps import step_of
from app.workflow.runtime.store import Key, Letter, NewExecution, StoreUnavailableError
from app.workflow.stores.memory import MemoryStore
from tests.support.workflow.maps import AROUND, READER, WRITER, distributed
from tests.support.workflow.simulator import Seen, World

_DATE: Final = re.compile(r"19\d\d-\d\d-\d\dT[\d:.]+Z")
AGAIN: Final = [{"ErrorEquals": ["Trouble"], "MaxAttempts": 3}]


def _work(resource: str, **more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, "End": True, **more}


def _map(**fields: Any) -> Mapping[str, Any]:
    """Give a document of a Map and a step behind it that tells what came of it."""
    after = {"Type": "Task", "Resource": "tx.after", "End": True}
    caught = [{"ErrorEquals": ["States.ALL"], "Next": "A", "ResultPath": "$.error"}]
    state = {**distributed(**fields), "Next": "A", "Catch": caught, "ItemsPath": "$.items"}
    del state["End"]
    if "ItemReader" in fields:
        del state["ItemsPath"]
    return {"StartAt": "M", "States": {"M": state, "A": after}}


DOCUMENTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "all": _map(state=_work("tx.i"), MaxConcurrency=2),
    "outside": _map(state=_work("out.i"), MaxConcurrency=3, ItemBatcher={"MaxItemsPerBatch": 2}),
    "tried": _map(state=_work("tx.fail1", Retry=AGAIN)),
    "some": _map(state=_work("tx.odd"), ToleratedFailureCount=1),
    "many": _map(state=_work("tx.odd"), MaxConcurrency=1),
    "files": _map(state=_work("tx.i"), MaxConcurrency=2, ItemReader=READER, ResultWriter=WRITER),
    "missing": _map(state=_work("tx.i"), ItemReader={**READER, "Parameters": {"Bucket": "data", "Key": "none"}}),
    "stopped": _map(state={"Type": "Wait", "Seconds": 10_000_000, "End": True}, MaxConcurrency=2),
    "redriven": {"StartAt": "M", "States": {"M": distributed(_work("tx.late"), ItemsPath="$.items")}},
}


def _compiled() -> Registry:
    registry = Registry()
    for name, document in DOCUMENTS.items():
        registry.add(compile_machine(document, name))
    return registry


class CrowdWorld(World):
    """An installation in which executions have distributed Maps."""

    registry: ClassVar[Registry] = _compiled()
    machines: ClassVar[Definitions] = registry
    nested: ClassVar[Mapping[str, Nested]] = map_runs(AROUND)

    def __init__(self, seed: int, flow: str, *, chaos: bool = True) -> None:
        self.objects = MemoryStores()
        for namespace in "ab":
            lines = b"".join(b'{"n":%d}\n' % number for number in range(5))
            self.objects.of(namespace).put("data", "items.jsonl", [lines])
        super().__init__(seed, [flow], chaos=chaos)

    def result(self, store: MemoryStore, command: Command) -> Any:
        """Do a task of a map run, or give what a step gives."""
        if command.resource.startswith("mapRun:"):
            clerk = Clerk(store, self._find, self.objects, AROUND)
            do = {"read": clerk.read, "again": clerk.again, "write": clerk.write}[command.resource.partition(":")[2]]
            try:
                return msgspec.json.decode(msgspec.json.encode(do(command.argument, step_of(command, lambda: None))))
            except StoreUnavailableError as error:
                raise StepError(type(error).__name__) from error
        kind = command.resource.partition(".")[2]
        if kind == "odd" and command.argument in {2, 4}:
            raise StepError("Odd", "as always")
        if kind == "late" and command.argument in {2, 4} and self.now < 1_300_000:
            raise StepError("Early", "it is not yet time")
        return super().result(store, command)

    def _find(self, name: str, edition: int, namespace: str) -> Definition | None:
        return self.registry.find(namespace, name, edition)

    def _plan(self, flow: str, number: int) -> Key:
        key = Key("ab"[number % 2], f"{flow}{number // 2}")
        given = msgspec.json.encode({"items": [1, 2, 3, 4, 5] if flow != "some" else [1, 2, 3]}).decode()
        self.store.start(NewExecution(key, flow, 1, given, self.now, "seed"))
        if flow == "stopped":
            at = self.now + 1_000 + (self.dice.below(20_000) if self.chaos else 0)
            self.script.append((at, lambda: self.store.post([Letter(key, "stop", codec.pack_stimulus(s.Stop()))])))
        if flow == "redriven":
            letter = Letter(key, "again", codec.pack_stimulus(s.Redrive()))
            self.script.append((1_400_000, lambda: self.store.post([letter])))
        return key


def simulate(seed: int, flow: str) -> None:
    """Play one seed of one flow and compare what has come of it with an undisturbed run. Raises AssertionError."""
    world = CrowdWorld(seed, flow)
    world.run()
    for (key, resource, *_), count in world.truth.ledger.items():
        assert count == 1, f"{key}: {resource} was done {count} times"
    for (key, resource, *_), steps in world.truth.outside.items():
        assert len(steps) == 1, f"{key}: {resource} had the step ids {steps}"
    seen = _told(world)
    if flow == "stopped":
        _check_stopped(world)
    elif flow == "redriven":
        _check_redriven(world, seen)
    else:
        wanted = undisturbed(flow)
        for name, value in wanted.items():
            assert seen[name] == value, f"{flow}: {name} is {seen[name]} instead of {value}"


def _check_stopped(world: CrowdWorld) -> None:
    """Look at what a stop has come to: everything is over, and every member that began was counted."""
    frames = world.truth.frames
    assert {frame.status.value for frame in frames.values()} <= {"aborted"}
    for key, frame in frames.items():
        members = [other for other in frames if other.id.startswith(f"{key.id}.")]
        if frame.crowd is not None:
            assert frame.crowd.open == {}
            assert frame.crowd.members.aborted == len(members) == frame.crowd.begun


def _check_redriven(world: CrowdWorld, seen: Mapping[str, Any]) -> None:
    """Look at what a redrive has come to: all items are done, each once, and counted once."""
    wanted = undisturbed("redriven")
    assert seen["counts"] == wanted["counts"]
    assert {name: told[:3] for name, told in seen["executions"].items()} == {
        name: told[:3] for name, told in wanted["executions"].items()
    }
    done = Counter((key, argument) for key, resource, argument, _ in world.truth.ledger if resource == "tx.late")
    assert sorted(done.values()) == [1] * 5


@cache
def undisturbed(flow: str) -> dict[str, Any]:
    """Give what a flow comes to when nothing goes wrong."""
    world = CrowdWorld(0, flow, chaos=False)
    world.run()
    return _told(world)


def _told(world: CrowdWorld) -> dict[str, Any]:
    """Give all executions with what they came to and did, the counts of map runs, and the files."""
    executions: dict[str, Any] = {}
    counts: list[Any] = []
    for key, frame in world.truth.frames.items():
        found = Seen.of(world, key)
        # The tasks of map runs are done again when the store was away: how often says nothing.
        outside = {
            (resource, given, 0 if resource.startswith("mapRun:") else n) for resource, given, n in found.outside
        }
        done = (found.status, found.output, found.error, sorted(found.ledger), sorted(outside))
        executions[key.id] = tuple(_DATE.sub("", str(part)) for part in done)
        if frame.crowd is not None:
            counts.append((frame.crowd.members, frame.crowd.items, frame.crowd.open, frame.crowd.total))
    return {"executions": executions, "counts": counts, "files": _files(world)}


def _files(world: CrowdWorld) -> dict[str, int]:
    store = world.objects.of("a")
    try:
        return {one.key: one.size for one in store.list("out")}
    except NoSuchBucketError:
        return {}
