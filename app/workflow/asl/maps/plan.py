"""What a map run has to do, all of it a JSON value; and how its pages of inputs are made of that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

import msgspec

from ...kernel.errors import DATA_LIMIT, StepError
from ...kernel.frames import Branch, Frame
from ...kernel.graph import Definition, State, Visit
from ...objects import ObjectStore
from ..context import variables
from ..query import Item
from ..states import LARGEST
from .batches import Input, Limits, Page, Selected, alone, batched, page
from .datasets import Source, read
from .pieces import DatasetError
from .results import Writer

if TYPE_CHECKING:
    from collections.abc import Mapping

ITEM_READER_FAILED: Final = "States.ItemReaderFailed"


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """A visit of the Map state, as far as its selector can see it."""

    execution: str
    seed: str
    input: Any
    started: int
    redrives: int
    redriven: int | None
    state: str
    data: Any
    variables: dict[str, Any]
    since: int
    line: int
    entry: int
    attempt: int
    tries: int
    now: int

    @classmethod
    def of(cls, visit: Visit) -> Seen:
        """Note a visit."""
        frame, branch = visit.frame, visit.branch
        return cls(
            frame.id,
            frame.seed,
            frame.input,
            frame.started,
            frame.redrives,
            frame.redriven,
            branch.state,
            branch.data,
            dict(variables(visit)),
            branch.since,
            branch.line,
            branch.entry,
            branch.attempt,
            sum((branch.tries or {}).values()),
            visit.now,
        )


class Order(msgspec.Struct, frozen=True):
    """The input of a map run.

    ``machine`` is what its executions run, ``most`` how many of the items are taken, ``at_once`` how many executions
    may be open (0: as many as there may be), ``tolerated`` the number and the percentage of items that may fail.
    """

    machine: str
    edition: int
    seen: Seen
    source: Source
    writer: Writer
    most: int | None = None
    batch: Limits | None = None
    at_once: int = 0
    tolerated: tuple[int | None, float | None] = (None, None)
    length: int = 0


_read_order: Final = msgspec.json.Decoder(Order).decode


def read_order(text: str) -> Order:
    """Read the input of a map run."""
    return _read_order(text)


class _Machine(NamedTuple):
    """What a visit asks of the machine around it."""

    name: str
    states: Mapping[str, State]


@dataclass(slots=True)
class Plan:
    """How a Map state makes inputs: its selector, and what the batches share. ``name`` is that of its machine."""

    name: str
    item: Callable[[Visit, Item], Any]
    shared: Callable[[Visit], Any] | None
    state: State | None = None

    def begin(self, store: ObjectStore, order: Order, cursor: list[Any] | None, total: int) -> Iterator[Input]:
        """Give the inputs behind the cursor, when ``total`` items came before it. They raise StepError."""
        try:
            for one in self.inputs(store, order, cursor, total):
                if one.size > LARGEST:
                    raise _too_large(order)
                yield one
        except DatasetError as error:
            raise _unreadable(order, error) from error

    def page(self, store: ObjectStore, order: Order, cursor: list[Any] | None, total: int) -> Page:
        """Give the first of them. Raises StepError."""
        return page(self.begin(store, order, cursor, total))

    def rest(self, store: ObjectStore, order: Order, cursor: list[Any] | None, total: int, skip: int) -> Iterator[Any]:
        """Give all inputs behind the cursor but the first few, as far as they can be read."""
        try:
            for one in islice(self.inputs(store, order, cursor, total), skip, None):
                yield one.value
        except (DatasetError, StepError):
            # What cannot be read was never about to be started.
            return

    def inputs(self, store: ObjectStore, order: Order, cursor: list[Any] | None, total: int) -> Iterator[Input]:
        """Give the inputs one after the other."""
        visit = self._visit(order.seen)
        items = self._selected(visit, store, order, cursor, total)
        shared = self.shared
        if order.batch is None:
            return alone(items)
        return batched(items, order.batch, None if shared is None else lambda: shared(visit))

    def _selected(
        self, visit: Visit, store: ObjectStore, order: Order, cursor: list[Any] | None, total: int
    ) -> Iterator[Selected]:
        left = None if order.most is None else max(order.most - total, 0)
        for index, one in enumerate(islice(read(store, order.source, cursor), left), total):
            yield self.item(visit, Item(index, one.value, one.key, one.source)), one.cursor

    def _visit(self, seen: Seen) -> Visit:
        frame = Frame(seen.execution, seen.seed, started=seen.started, input=seen.input)
        frame.redrives, frame.redriven = seen.redrives, seen.redriven
        branch = Branch(0, -1, 0, seen.state, seen.data, entry=seen.entry, attempt=seen.attempt)
        branch.variables, branch.since, branch.line, branch.tries = (
            seen.variables,
            seen.since,
            seen.line,
            {0: seen.tries},
        )
        assert self.state is not None  # noqa: S101 - set when the state was made
        machine = cast("Definition", _Machine(self.name, {seen.state: self.state}))
        return Visit(machine, frame, seen.now).at(branch)


def _too_large(order: Order) -> StepError:
    what = "is larger than the maximum number of bytes service limit."
    return StepError(DATA_LIMIT, f"The input of a child workflow execution of '{order.seen.state}' {what}")


def _unreadable(order: Order, error: DatasetError) -> StepError:
    seen = order.seen
    where = f"An error occurred while executing the state '{seen.state}' (entered at the event id #{seen.line}). "
    return StepError(ITEM_READER_FAILED, f"{where}{error}")
