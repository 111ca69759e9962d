"""Activities: entered, shown, listed, removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from app.domain.processes import Activity, Missing, Refused, check_name, tagged
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.shared import Clock, Work
from app.usecases.processes.shared import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class NewActivity:
    """An activity to be."""

    name: str
    encryption: Mapping[str, Any]
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CreateActivity:
    """Enter an activity; one of this name that is encrypted alike is given as it is. Raises Rejected, Refused."""

    right: ClassVar[Right] = Right.WORKFLOWS_WRITE
    writes: ClassVar[bool] = True
    clock: Clock

    def execute(self, work: Work, context: Context, request: NewActivity) -> Activity:
        """Give the activity."""
        check_name(request.name)
        there = work.activities.by_name(request.name)
        if there is not None:
            if there.encryption != request.encryption:
                raise Refused(what="ActivityAlreadyExists", reason=request.name)
            return there
        activity = Activity(
            name=request.name,
            encryption=request.encryption,
            tags=tagged({}, request.tags),
            created_at=self.clock.now(),
        )
        work.activities.add(activity)
        return activity


@dataclass(frozen=True, slots=True)
class ReadActivity:
    """Show an activity. Raises Missing."""

    right: ClassVar[Right] = Right.WORKFLOWS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: str) -> Activity:
        """Give the activity."""
        activity = work.activities.by_name(request)
        if activity is None:
            raise Missing(what="ActivityDoesNotExist")
        return activity


@dataclass(frozen=True, slots=True)
class ListActivities:
    """List activities by name."""

    right: ClassVar[Right] = Right.WORKFLOWS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: Page) -> Sequence[Activity]:
        """Give the activities of the page."""
        return work.activities.page(request.after, request.limit)


@dataclass(frozen=True, slots=True)
class DeleteActivity:
    """Remove an activity; one that is gone already is no error."""

    right: ClassVar[Right] = Right.WORKFLOWS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: str) -> None:
        """Remove it."""
        activity = work.activities.by_name(request)
        if activity is not None:
            work.activities.remove(activity)
