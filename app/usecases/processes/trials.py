"""States tried out before they are part of anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.processes import MachineKind
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.shared import Work
from app.usecases.ports.workflows import Language, StateTest, TestedState
from app.usecases.processes.shared import check_definition


@dataclass(frozen=True, slots=True)
class TryState:
    """Try a state; nothing is stored, and nothing is done but what the definition says of data. Raises Rejected."""

    right: ClassVar[Right] = Right.WORKFLOWS_READ
    writes: ClassVar[bool] = False
    language: Language
    region: str

    def execute(self, work: Work, context: Context, request: StateTest) -> TestedState:
        """Give what came of it."""
        check_definition(self.language, self.language.whole(request), MachineKind.STANDARD)
        return self.language.try_state(request, context.company, self.region)
