"""Tags of machines and activities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from app.domain.processes import Activity, Machine, Missing, tagged
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.shared import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Tagged:
    """What has tags: the machine of a name, or the activity."""

    name: str
    activity: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TagChange:
    """Tags to put and to take."""

    of: Tagged
    put: Mapping[str, str] = field(default_factory=dict)
    take: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ListTags:
    """Show the tags of a machine or activity. Raises Missing."""

    right: ClassVar[Right] = Right.WORKFLOWS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: Tagged) -> Mapping[str, str]:
        """Give the tags."""
        return _found(work, request).tags


@dataclass(frozen=True, slots=True)
class ChangeTags:
    """Put and take tags. Raises Missing, Rejected for too many."""

    right: ClassVar[Right] = Right.WORKFLOWS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: TagChange) -> None:
        """Change them."""
        found = _found(work, request.of)
        left = {key: value for key, value in found.tags.items() if key not in request.take}
        found.tags = tagged(left, request.put)
        if isinstance(found, Machine):
            work.machines.save(found)
        else:
            work.activities.tag(found)


def _found(work: Work, what: Tagged) -> Machine | Activity:
    found: Machine | Activity | None = (
        work.activities.by_name(what.name) if what.activity else work.machines.by_name(what.name)
    )
    if found is None:
        raise Missing(what="ResourceNotFound")
    return found
