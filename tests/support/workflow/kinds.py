"""A kind of state that the engine does not know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from app.workflow.kernel.events import Event
from app.workflow.kernel.graph import State, Visit


class Audit(State):
    """Adds its level to the data, a list."""

    kind: ClassVar[str] = "audit"

    def __init__(self, name: str, transitions: Mapping[str, str | None], *, level: int) -> None:
        super().__init__(name, transitions)
        self.level = level

    def execute(self, visit: Visit, cause: Event | None) -> tuple[Event, ...]:
        """Leave at once."""
        del cause
        return visit.leave([*visit.branch.data, self.level])
