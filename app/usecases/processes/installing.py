"""Workflows that come with the program: a company gets a copy of its own, and a role that the copy acts in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from app.domain.identity import Role
from app.domain.processes import Published, Route, role_arn
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.shared import Clock, Work
from app.usecases.ports.workflows import Language
from app.usecases.processes.aliases import NewAlias, PutAlias
from app.usecases.processes.machines import CreateMachine, NewMachine

LIVE: Final = "live"
"""The alias by which the business starts what is installed: to lead it elsewhere is to roll out, or back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """A workflow that comes with the program, and the rights of the role that it acts in, which is called as it is."""

    name: str
    definition: str
    rights: frozenset[Right]
    description: str = ""


@dataclass(frozen=True, slots=True)
class InstallProcess:
    """Enter and publish a workflow that comes with the program, with a role of its name to act in.

    Once more changes nothing; a company's own changes stay. Needs every right that its steps need, and to enter roles.
    Raises MissingRight, Refused when there is another workflow of the name.
    """

    right: ClassVar[Right] = Right.WORKFLOWS_WRITE
    writes: ClassVar[bool] = True
    fresh: ClassVar[bool] = True
    clock: Clock
    language: Language

    def execute(self, work: Work, context: Context, request: Shipped) -> Published:
        """Give the version that the alias ``live`` leads to."""
        role = self._role(work, context, request)
        new = NewMachine(
            name=request.name,
            definition=request.definition,
            role=role_arn(context.company, f"tramita/{role.id}"),
            publish=True,
            description=request.description,
        )
        seen = CreateMachine(self.clock, self.language).execute(work, context, new)
        version = seen.version
        assert version is not None  # noqa: S101 - it was asked for
        if all(alias.name != LIVE for alias in work.machines.aliases(seen.machine)):
            routes = (Route(version=version.number, weight=100),)
            alias = NewAlias(machine=request.name, name=LIVE, description="", routes=routes, new=True)
            PutAlias(self.clock).execute(work, context, alias)
        return version

    @staticmethod
    def _role(work: Work, context: Context, request: Shipped) -> Role:
        found = work.roles.by_name(context.company, request.name)
        if found is not None:
            return found
        for right in (Right.ROLES_WRITE, *sorted(request.rights)):
            context.require(right)
        work.companies.lock(context.company)
        role = Role(name=request.name, rights=request.rights)
        work.roles.add(context.company, role)
        work.outbox.add(role.created())
        return role
