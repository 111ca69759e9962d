"""Executions that go on from another one: from its output, or from that of one of its states.

    links = Links(engine)
    links.transformer("to-invoice")(lambda order: {"total": order["sum"]})
    links.start("invoice", source, state="Price", transformer="to-invoice")

A link is known by source, state, transformer and machine. It is made once, however often and by whomever it is asked
for, and found again as long as the execution that it has started is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, NamedTuple, TypeVar

import msgspec

from .kernel.events import StateExited
from .kernel.status import Status
from .runtime.engine import Engine
from .runtime.rows import events_of
from .runtime.store import Key, Query, Row

_F = TypeVar("_F", bound=Callable[[Any], Any])


class NoOutputError(LookupError):
    """The execution has not succeeded, or has not left the state, so that there is nothing to go on from."""


class UnknownTransformerError(LookupError):
    """No transformer of this name is known here."""


class Unlinked(NamedTuple):
    """Sources without a link, the newest first, and the ``after`` of the next page; None behind the last one."""

    sources: list[Row]
    after: tuple[int, str] | None


class Links:
    """Starts executions from what others have come to. Any thread may call."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._transformers: dict[str, Callable[[Any], Any]] = {}

    def transformer(self, name: str) -> Callable[[_F], _F]:
        """Have the function below make inputs of outputs, by a name that stays. Raises ValueError for a second one."""

        def register(function: _F) -> _F:
            if not name or self._transformers.setdefault(name, function) is not function:
                raise ValueError(f"{name!r} is no name for another transformer")
            return function

        return register

    def start(self, machine: str, source: Key, *, state: str = "", transformer: str = "", **how: Any) -> Key:
        """Start an execution from the output of another one, or that of its last visit of a ``state``.

        Give the key of the one that is there when it was linked before; nothing is read then. ``how`` is what
        ``Engine.start`` takes besides. Raises NoOutputError, UnknownTransformerError, UnknownExecutionError, what
        ``Engine.start`` raises, and what the transformer does.
        """
        link = link_of(source, machine, state, transformer)
        if self._engine.store.load([link]):
            return link
        transform = self._found(transformer)
        data = transform(self.output(source, state))
        return self._engine.start(machine, data, id=link.id, namespace=source.namespace, **how)

    def output(self, source: Key, state: str = "") -> Any:
        """Give what an execution, or the last visit of one of its states, has come to. Raises NoOutputError."""
        described = self._engine.describe(source)
        if state:
            return self._of_state(source, state)
        if described.status is not Status.SUCCEEDED:
            raise NoOutputError(f"{source.id} is {described.status.value}")
        return described.output

    def unlinked(self, query: Query, machine: str, *, state: str = "", transformer: str = "") -> Unlinked:
        """Give those of a page of executions that no link of this kind leads from.

        A page has ``query.limit`` executions, so that fewer may be left of it, or none, before the last one. Without a
        ``state`` and statuses asked for they are those that have succeeded.
        """
        if not (state or query.statuses):
            query = msgspec.structs.replace(query, statuses=(Status.SUCCEEDED,))
        rows = self._engine.executions(query)
        last = (rows[-1].created, rows[-1].key.id) if len(rows) == query.limit else None
        links = [link_of(row.key, machine, state, transformer) for row in rows]
        return Unlinked(self._without(rows, links), last)

    def _without(self, rows: list[Row], links: list[Key]) -> list[Row]:
        """Give the rows whose links are not there."""
        known = {row.key for row in self._engine.store.load(links)}
        return [row for row, link in zip(rows, links, strict=True) if link not in known]

    def _found(self, name: str) -> Callable[[Any], Any]:
        if not name:
            return _as_it_is
        if name not in self._transformers:
            raise UnknownTransformerError(name)
        return self._transformers[name]

    def _of_state(self, source: Key, state: str) -> Any:
        """Read the history from its beginning: what a state gave last stands nowhere else."""
        last: StateExited | None = None
        for event in events_of(self._engine.store, source):
            if isinstance(event, StateExited) and event.state == state:
                last = event
        if last is None:
            raise NoOutputError(f"{source.id} has not left the state {state!r}")
        return last.output


def link_of(source: Key, machine: str, state: str = "", transformer: str = "") -> Key:
    """Give the key of the execution that a link starts."""
    made = "\x1f".join((*source, machine, state, transformer)).encode()
    text = blake2b(made, digest_size=16, person=b"link").hexdigest()
    return Key(source.namespace, f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}")


def _as_it_is(output: Any) -> Any:
    return output
