"""The engine in the product without use cases as resources, for tests of what lies beside them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from app.domain.shared.rights import Right
from app.infrastructure.database.work import SqlWorks
from app.infrastructure.processes import BusinessSteps, StatesLanguage, Workflows
from app.infrastructure.texts import Texts
from app.infrastructure.watching.quiet import NoWatch
from app.usecases.context import Context
from app.usecases.ports.resources import Doing, Resource
from app.usecases.ports.shared import Clock
from app.workflow.objects.files import FolderStores


class NoResources:
    """None at all."""

    def all(self) -> Sequence[Resource]:
        """Give none."""
        return ()

    def right(self, name: str) -> Right | None:
        """Know none."""
        del name
        return None

    def prepare(self, name: str, argument: Any, context: Context) -> Doing:
        """Fail: nothing leads here."""
        raise LookupError(name, argument, context)


def bare_language(clock: Clock, *, extended: bool = True) -> StatesLanguage:
    """Give the language without resources of ours."""
    return StatesLanguage(NoResources, clock, extended=extended)


def bare_workflows(works: SqlWorks, clock: Clock, objects: Path) -> Workflows:
    """Give the engine without resources of ours, on the database of ``works``."""
    steps = BusinessSteps(works, NoResources, Texts())
    return Workflows(works._database, clock, steps, partial(FolderStores, objects), NoWatch())
