"""What does the tasks of map runs, and where their machines are found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from app.workflow.asl.context import Surroundings
from app.workflow.kernel.graph import Definition
from app.workflow.maps import READINGS, Clerk
from app.workflow.objects.memory import MemoryObjects
from app.workflow.runtime.registry import Registry
from app.workflow.runtime.steps import Step
from app.workflow.runtime.store import Key, NewExecution
from app.workflow.stores.memory import MemoryStore
from tests.support.workflow.asl import Asl
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
