"""What the business offers to definitions: shown, and kept from who may not do it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.resources import Offered, Resource
from app.usecases.ports.shared import Work


@dataclass(frozen=True, slots=True)
class ListResources:
    """List the use cases that the steps of a definition may do, with the schemas of what they take and give."""

    right: ClassVar[Right] = Right.WORKFLOWS_READ
    writes: ClassVar[bool] = False
    offered: Offered

    def execute(self, work: Work, context: Context, request: None) -> Sequence[Resource]:
        """Give them by name."""
        return self.offered().all()
