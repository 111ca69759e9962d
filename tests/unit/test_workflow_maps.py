"""What does the tasks of map runs, and where their machines are found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import pytest

from app.workflow.asl.context import Surroundings
from app.workflow.codec import pack_stimulus
from app.workflow.kernel import stimuli as s
from app.workflow.kernel.graph import Definition
from app.workflow.maps import READINGS, Clerk, describe_map_run, map_runs
from app.workflow.objects.memory import MemoryObjects, MemoryStores
from app.workflow.runtime.live import Command
from app.workflow.runtime.registry import Registry
from app.workflow.runtime.steps import Step, step_of
from app.workflow.runtime.store import Key, Letter, NewExecution, Query
from app.workflow.stores.memory import MemoryStore
from tests.support.workflow.asl import Asl
from tests.support.workflow.hand import Hand, done
from tests.support.workflow.maps import READER, distributed, machine

pytestmark = pytest.mark.fast


class Published:
    """Machines that a database knows, by the name of the whole one alone."""

    def __init__(self, definition: Definition) -> None:
        self._definition = definition

    def find(self, namespace: str, machine: str, edition: int) -> Definition | None:
        """Give the one machine of the namespace ``a``."""
        fits = (namespace, machine, edition) == ("a", self._definition.name, self._definition.edition)
        return self._definition if fits else None

    def newest(self, namespace: str, machine: str) -> Definition | None:
        """Give it likewise."""
        return self.find(namespace, machine, 1)


def test_machines_that_belong_to_a_published_one_are_found_with_it() -> None:
    made = machine()
    registry = Registry(Published(made))
    assert registry.find("a", "m/each", 1) is made.parts[0]
    assert registry.find("a", "m/each/run", 1) is made.parts[1]
    assert registry.find("b", "m/each", 1) is None
    assert registry.find("a", "m/each", 2) is None
    assert registry.find("a", "m/other", 1) is None


class Counted(MemoryObjects):
    """Objects that count how often they are opened, for all namespaces."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = 0

    def of(self, _namespace: str) -> Counted:
        """Give itself."""
        return self

    def get(self, bucket: str, key: str, start: int = 0) -> Iterator[bytes]:
        """Count."""
        self.opened += 1
        return super().get(bucket, key, start)


def step(number: int = 1) -> Step:
    """Give the step of a map run."""
    key = Key("", f"run{number}")
    return Step("s", "v", key, "m/each/run", 1, "MapRun", 1, "mapRun:read", "", None, lambda: None)


def clerk_of(objects: Counted) -> Clerk:
    """Give a clerk, and map runs that go over a file."""
    config = {"InputType": "JSON"}
    asked = Asl({"StartAt": "M", "States": {"M": distributed(ItemReader={**READER, "ReaderConfig": config})}})
    asked.start({})
    wait = asked.at("M").wait
    assert wait is not None
    store, registry = MemoryStore(), Registry()
    registry.add(asked.definition)
    for number in range(1, READINGS + 3):
        text = msgspec.json.encode(wait.argument).decode()
        store.start(NewExecution(step(number).key, "m/each/run", 1, text, 0, "seed"))
    return Clerk(store, lambda name, edition, space: registry.find(space, name, edition), objects, Surroundings())


def read(clerk: Clerk, number: int = 1, page: Any = None) -> Any:
    """Read the first page, or that behind another one."""
    if page is None:
        return clerk.read({"Cursor": None, "Total": 0}, step(number))
    return clerk.read({"Cursor": page["Cursor"], "Total": page["Total"] + sum(page["Items"])}, step(number))


def test_a_file_is_opened_once_for_all_its_pages_and_again_after_a_crash() -> None:
    objects = Counted()
    objects.put("data", "items.jsonl", [msgspec.json.encode(list(range(1_700)))])
    clerk = clerk_of(objects)
    pages = [read(clerk)]
    while pages[-1]["Cursor"] is not None:
        pages.append(read(clerk, page=pages[-1]))
    assert objects.opened == 1
    assert [number for page in pages for number in page["Inputs"]] == list(range(1_700))
    assert [page["Total"] for page in pages] == [0, 500, 1_000, 1_500]
    # Another process, or the same page asked for twice, reads from the cursor.
    assert read(clerk_of(objects), page=pages[1]) == pages[2]
    assert read(clerk, page=pages[1]) == pages[2]
    assert objects.opened == 3


def test_no_more_files_are_kept_open_than_may_be() -> None:
    objects = Counted()
    objects.put("data", "items.jsonl", [msgspec.json.encode(list(range(600)))])
    clerk = clerk_of(objects)
    firsts = [read(clerk, number) for number in range(1, READINGS + 3)]
    assert len(clerk._readings) == READINGS
    opened = objects.opened
    assert read(clerk, 1, firsts[0])["Inputs"] == list(range(500, 600))
    assert objects.opened == opened + 1
    assert read(clerk, READINGS + 2, firsts[-1])["Inputs"] == list(range(500, 600))
    assert objects.opened == opened + 1


WAITING: Final = {"Type": "Wait", "Seconds": 100_000, "End": True}


class _Run:
    """A map run moved by hand, with its members; pages come from memory."""

    def __init__(self, **more: Any) -> None:
        self.hand = Hand(machine(state=WAITING), **more)
        self.clerk = Clerk(self.hand.store, self._found, MemoryStores(), Surroundings())

    def _found(self, name: str, edition: int, namespace: str) -> Definition | None:
        return self.hand.registry.find(namespace, name, edition)

    def go(self) -> None:
        """Go on until nothing is left to do at this instant."""
        commands = self.hand.round()
        for _ in range(10):
            answers = [done(command, self._result(command)) for command in commands]
            commands = self.hand.round(*answers)
        assert not commands

    def _result(self, command: Command) -> Any:
        do = {"mapRun:read": self.clerk.read, "mapRun:again": self.clerk.again, "mapRun:write": self.clerk.write}
        return do[command.resource](command.argument, step_of(command, lambda: None))

    def post(self, key: Key, *stimuli: s.Stimulus) -> None:
        """Send stimuli from outside."""
        letters = [Letter(key, f"{key.id} {number}", pack_stimulus(one)) for number, one in enumerate(stimuli)]
        self.hand.store.post(letters)

    def statuses(self, machine: str) -> list[str]:
        """Give the statuses of the executions of a machine."""
        return [row.status.value for row in self.hand.store.find(Query("", machine))]

    def counts(self) -> dict[str, int]:
        """Give the counts of the one map run there is."""
        (row,) = self.hand.store.find(Query("", "m/each/run"))
        described = describe_map_run(self.hand.store, row.key, Surroundings())
        assert described is not None
        counts: dict[str, int] = described["itemCounts"]
        return {name: count for name, count in counts.items() if count}


def test_a_map_run_that_nobody_waits_for_starts_its_members() -> None:
    """Where nothing else starts executions either: a run that was begun by hand has a crowd all the same."""
    asked = _Run(nested=map_runs(Surroundings()))
    asked.hand.start("m", [1, 2])
    asked.go()
    (row,) = asked.hand.store.find(Query("", "m/each/run"))
    alone = _Run()
    alone.hand.start("m/each/run", msgspec.json.decode(asked.hand.row(row.key).input))
    alone.go()
    assert alone.statuses("m/each") == ["waiting", "waiting"]
    assert alone.counts() == {"running": 2, "total": 2}


def test_a_map_run_that_is_stopped_by_hand_fails_the_state_that_waits_for_it() -> None:
    run = _Run(nested=map_runs(Surroundings()))
    key = run.hand.start("m", [1, 2])
    run.go()
    (row,) = run.hand.store.find(Query("", "m/each/run"))
    run.post(row.key, s.Stop())
    run.go()
    ended = run.hand.row(key)
    assert (ended.status.value, ended.error) == ("failed", "States.TaskFailed")
    assert run.statuses("m/each") == ["aborted", "aborted"]
    # A redrive goes on with the run that was stopped.
    run.post(key, s.Redrive())
    run.go()
    assert (run.statuses("m"), run.statuses("m/each/run")) == (["running"], ["waiting"])
    assert run.counts() == {"running": 2, "total": 2}
    run.hand.clock.pass_(100_000_000)
    run.go()
    assert run.statuses("m") == ["succeeded"]


def test_a_state_that_waits_again_is_not_told_that_it_had_given_up() -> None:
    """A stop and a redrive of the execution, of which its map run hears in one turn or in two."""
    for together in (True, False):
        run = _Run(nested=map_runs(Surroundings()))
        key = run.hand.start("m", [1, 2])
        run.go()
        run.post(key, s.Stop(), *([s.Redrive()] if together else []))
        run.go()
        if not together:
            run.hand.store.post([Letter(key, "again", pack_stimulus(s.Redrive()))])
            run.go()
        assert run.statuses("m") == ["running"]
        assert run.counts() == {"running": 2, "total": 2}
        run.hand.clock.pass_(100_000_000)
        run.go()
        assert run.statuses("m") == run.statuses("m/each/run") == ["succeeded"]
