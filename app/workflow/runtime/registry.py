"""The machines and handlers that this process knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..kernel.graph import Definition
from .live import Definitions
from .steps import Handler


class Registry:
    """Machines by name and edition, of every namespace; what is not here is asked for at ``others``."""

    def __init__(self, others: Definitions | None = None) -> None:
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

    def handle(self, resource: str, function: Callable[..., Any], *, inline: bool, transactional: bool) -> None:
        """Have a function do what a resource is for. Raises ValueError for a second one."""
        if resource in self.handlers or resource in self.activities:
            raise ValueError(f"{resource} has somebody who does it")
        self.handlers[resource] = Handler.of(function, inline=inline, transactional=transactional)

    def is_activity(self, resource: str) -> bool:
        """Tell whether outside workers do it."""
        return resource in self.activities
