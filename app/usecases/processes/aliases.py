"""Aliases: entered, changed, shown, listed, removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.domain.processes import (
    MOST_ALIASES,
    Alias,
    AliasDeleted,
    AliasSet,
    Machine,
    Missing,
    Refused,
    Route,
    check_name,
    check_routes,
)
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.shared import Clock, Work
from app.usecases.processes.shared import MachineRef, machine_of, tell


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAlias:
    """An alias of a machine to be, or new values for one; None leaves what is there."""

    machine: str
    name: str
    description: str | None
    routes: tuple[Route, ...] | None
    new: bool


@dataclass(frozen=True, slots=True)
class PutAlias:
    """Enter an alias or change one. One that is entered twice alike is given as it is. Raises Rejected, Missing."""

    right: ClassVar[Right] = Right.WORKFLOWS_WRITE
    writes: ClassVar[bool] = True
    clock: Clock

    def execute(self, work: Work, context: Context, request: NewAlias) -> Alias:
        """Give the alias as it is now."""
        check_name(request.name)
        machine = _machine(work, request.machine, request.routes)
        aliases = work.machines.aliases(machine)
        there = next((one for one in aliases if one.name == request.name), None)
        alias = self._entered(request, there, aliases) if request.new else self._changed(request, there)
        if alias is not there or not request.new:
            keep_alias(work, machine, alias)
        return alias

    def _entered(self, request: NewAlias, there: Alias | None, aliases: Sequence[Alias]) -> Alias:
        now = self.clock.now()
        alias = Alias(
            name=request.name,
            description=request.description or "",
            routes=request.routes or (),
            created_at=now,
            updated_at=now,
        )
        if there is None:
            if len(aliases) >= MOST_ALIASES:
                reason = f"The number of aliases of a state machine must not exceed {MOST_ALIASES}"
                raise Refused(what="ServiceQuotaExceededException", reason=reason)
            return alias
        if (there.routes, there.description) != (alias.routes, alias.description):
            reason = (
                "Failed to create alias because an alias with the same name and a different routing "
                "configuration already exists."
            )
            raise Refused(what="ConflictException", reason=reason)
        return there

    def _changed(self, request: NewAlias, there: Alias | None) -> Alias:
        if there is None:
            raise Missing(what="ResourceNotFound")
        if request.description is not None:
            there.description = request.description
        if request.routes is not None:
            there.lead(request.routes)
        there.updated_at = self.clock.now()
        return there


@dataclass(frozen=True, slots=True)
class ReadAlias:
    """Show an alias. Raises Missing."""

    right: ClassVar[Right] = Right.WORKFLOWS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: MachineRef) -> Alias:
        """Give the alias."""
        for alias in work.machines.aliases(_machine(work, request.name)):
            if alias.name == request.qualifier:
                return alias
        raise Missing(what="ResourceNotFound")


@dataclass(frozen=True, slots=True)
class ListAliases:
    """List the aliases of a state machine by name, or those that refer to a version of it. Raises Missing."""

    right: ClassVar[Right] = Right.WORKFLOWS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: MachineRef) -> Sequence[Alias]:
        """Give the aliases."""
        aliases = work.machines.aliases(machine_of(work, request.name))
        if request.number is None:
            return aliases
        return [one for one in aliases if one.leads_to(request.number)]


@dataclass(frozen=True, slots=True)
class DeleteAlias:
    """Remove an alias. Raises Missing."""

    right: ClassVar[Right] = Right.WORKFLOWS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: MachineRef) -> None:
        """Remove it."""
        machine = _machine(work, request.name)
        if request.qualifier not in {alias.name for alias in work.machines.aliases(machine)}:
            raise Missing(what="ResourceNotFound")
        work.machines.remove_alias(machine, request.qualifier)
        work.machines.save(machine)
        tell(work, machine, AliasDeleted, alias=request.qualifier)


def keep_alias(work: Work, machine: Machine, alias: Alias) -> None:
    """Store an alias and tell where it leads."""
    work.machines.put_alias(machine, alias)
    work.machines.save(machine)
    routes = tuple(f"{route.version}:{route.weight}" for route in alias.routes)
    tell(work, machine, AliasSet, alias=alias.name, routes=routes)


def _machine(work: Work, name: str, routes: Sequence[Route] | None = None) -> Machine:
    """Give a machine, which has the versions that ``routes`` name. Raises Missing, Rejected."""
    if routes is not None:
        check_routes(routes)
    machine = work.machines.by_name(name)
    if machine is None:
        raise Missing(what="ResourceNotFound")
    if routes is not None:
        _check_versions(work, machine, routes)
    return machine


def _check_versions(work: Work, machine: Machine, routes: Sequence[Route]) -> None:
    known = {version.number for version in work.machines.versions(machine)}
    if not {route.version for route in routes} <= known:
        raise Missing(what="ResourceNotFound")
