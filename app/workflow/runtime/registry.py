"""The machines and handlers that this process knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import msgspec

from ..kernel.errors import StepError
from ..kernel.graph import Definition
from .live import Command, Definitions
from .steps import Handler, failure, refusal, step_id


class Way(NamedTuple):
    """How a task is done: by whose handler, with what, and what is made of what that gives or raises."""

    resource: str
    argument: Any
    give: Callable[[Any], Any] | None = None
    blame: Callable[[BaseException], tuple[str, str]] = failure
    submits: bool = False


class Routes(Protocol):
    """What resources mean that are not simply the name of a handler."""

    def way(self, resource: str, argument: Any, step: str) -> Way:
        """Say how a task is done; ``step`` is its id. Raises StepError for one that cannot be."""

    def is_activity(self, resource: str) -> bool:
        """Tell whether outside workers do it."""


class Registry:
    """Machines by name and edition, of every namespace; what is not here is asked for at ``others``."""

    def __init__(self, others: Definitions | None = None, routes: Routes | None = None) -> None:
        self._routes = routes
        self._editions: dict[tuple[str, int], Definition] = {}
        self._newest: dict[str, Definition] = {}
        self._others = others
        self.handlers: dict[str, Handler] = {}
        self.activities: set[str] = set()

    def add(self, definition: Definition) -> None:
        """Know a machine. Raises ValueError for another one of the same name and edition."""
        place = (definition.name, definition.edition)
        if self._editions.setdefault(place, definition) is not definition:
            raise ValueError(f"{definition.name} has another edition {definition.edition}: raise the number")
        newest = self._newest.get(definition.name)
        if newest is None or newest.edition < definition.edition:
            self._newest[definition.name] = definition
        for part in definition.parts:
            self.add(part)

    def find(self, namespace: str, machine: str, edition: int) -> Definition | None:
        """Give a machine, None when nobody knows it."""
        found = self._editions.get((machine, edition))
        if found is None and self._others is not None:
            found = self._others.find(namespace, machine, edition) or self._part(namespace, machine, edition)
        return found

    def _part(self, namespace: str, machine: str, edition: int) -> Definition | None:
        """Give a machine that belongs to another one, ``<machine>/<part>``."""
        whole = machine.partition("/")[0]
        found = None if whole == machine else self.find(namespace, whole, edition)
        return next((part for part in (found.parts if found else ()) if part.name == machine), None)

    def newest(self, namespace: str, machine: str) -> Definition | None:
        """Give the edition that new executions start with."""
        found = self._newest.get(machine)
        if found is None and self._others is not None:
            found = self._others.newest(namespace, machine)
        return found

    def handle(self, resource: str, function: Callable[..., Any], **how: bool) -> None:
        """Have a function do what a resource is for, as ``Handler.of`` takes it. Raises ValueError for a second one."""
        if resource in self.handlers or resource in self.activities:
            raise ValueError(f"{resource} has somebody who does it")
        self.handlers[resource] = Handler.of(function, **how)

    def is_activity(self, resource: str) -> bool:
        """Tell whether outside workers do it."""
        return resource in self.activities or (self._routes is not None and self._routes.is_activity(resource))

    def way(self, command: Command) -> tuple[Handler | None, Command]:
        """Give who does a task, None when nobody here does, and the task as it is done."""
        handler = self.handlers.get(command.resource)
        if self._routes is None:
            return handler, command
        try:
            way = self._routes.way(command.resource, command.argument, step_id(command))
        except StepError as error:
            return refusal(error), command
        task = msgspec.structs.replace(command, argument=way.argument, submits=way.submits)
        handler = self.handlers.get(way.resource, handler)
        if handler is None or way.give is None:
            return handler, task
        return handler.shaped(way.give, way.blame), task
