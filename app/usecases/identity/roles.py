"""What is done with roles, and who may give which."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, cast

from app.domain.identity import ReadyRole, RightsBeyondOwn, Role
from app.domain.shared.errors import UnknownReference
from app.domain.shared.ids import CompanyId, RoleId
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.listing import FieldKind, ListField, Listing, Sort
from app.usecases.ports.shared import Work
from app.usecases.shared import Change, ListCase, Versioned

ROLES = Listing(
    name="roles",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="name", kind=FieldKind.TEXT, sortable=True),
        ListField(name="ready", kind=FieldKind.CHOICE, choices=tuple(ReadyRole), nullable=True),
    ),
    default_sort=(Sort(field="id"),),
)


def may_give(context: Context, rights: Iterable[Right], at: str) -> None:
    """Pass only a caller who holds all of ``rights``. Raises RightsBeyondOwn naming those that lack."""
    beyond = sorted(set(rights) - context.rights)
    if beyond:
        raise RightsBeyondOwn(at=(at,), rights=[right.value for right in beyond])


def roles_named(work: Work, context: Context, ids: Sequence[RoleId]) -> dict[RoleId, Role]:
    """Give the company's roles with these ids by one look-up. Raises UnknownReference at ``("role_ids", index)``."""
    found = work.roles.of(context.company, set(ids))
    for index, role in enumerate(ids):
        if role not in found:
            raise UnknownReference(at=("role_ids", index), kind="role", value=role)
    return found


@dataclass(frozen=True, slots=True)
class CreateRole:
    """Enter a role, with rights that the caller holds. Raises Taken for the name, RightsBeyondOwn."""

    right: ClassVar[Right] = Right.ROLES_WRITE
    writes: ClassVar[bool] = True
    fresh: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Role) -> Role:
        """Store ``request`` and give it back with its id."""
        may_give(context, request.rights, "rights")
        work.companies.lock(context.company)
        work.roles.add(context.company, request)
        work.outbox.add(request.created())
        return request


@dataclass(frozen=True, slots=True)
class ReadRole:
    """Show one role with its rights. Raises NotFound."""

    right: ClassVar[Right] = Right.ROLES_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: RoleId) -> Role:
        """Give the role."""
        return work.roles.get(context.company, request)


@dataclass(frozen=True, slots=True)
class ChangeRole:
    """Change the fields sent of a role; rights that it did not have must be the caller's own.

    Raises NotFound, Stale, Taken for the name, RoleFixed for the administrator's, RightsBeyondOwn.
    """

    right: ClassVar[Right] = Right.ROLES_WRITE
    writes: ClassVar[bool] = True
    fresh: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Change) -> Role:
        """Give the role as it is now."""
        work.companies.lock(context.company)
        role = work.roles.get(context.company, RoleId(request.id))
        request.matches(role.version)
        role.free()
        wanted = cast("frozenset[Right]", request.changes.get("rights", role.rights))
        may_give(context, wanted - role.rights, "rights")
        changed = role.change(request.changes)
        if changed is not None:
            work.roles.save(context.company, role)
            work.outbox.add(changed)
        return role


@dataclass(frozen=True, slots=True)
class DeleteRole:
    """Delete a role that nobody holds. Raises NotFound, Stale, RoleFixed for the administrator's, RoleInUse."""

    right: ClassVar[Right] = Right.ROLES_WRITE
    writes: ClassVar[bool] = True
    fresh: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Versioned) -> None:
        """Delete it."""
        work.companies.lock(context.company)
        role = work.roles.get(context.company, RoleId(request.id))
        request.matches(role.version)
        deleted = role.delete(holders=work.roles.holders(context.company, role.id))
        work.roles.delete(context.company, role)
        work.outbox.add(deleted)


class ListRoles(ListCase):
    """List roles."""

    __slots__ = ()
    right = Right.ROLES_READ
    listing = ROLES


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRole:
    """A role to enter in a company."""

    company: CompanyId
    name: str
    rights: frozenset[Right]


@dataclass(frozen=True, slots=True)
class AddRole:
    """Enter a role from the command line. Raises NotFound for the company, Taken for the name."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: NewRole) -> Role:
        """Give the role with its id."""
        company = work.companies.get(request.company)
        work.companies.lock(company.id)
        role = Role(name=request.name, rights=request.rights)
        work.roles.add(company.id, role)
        work.outbox.add(role.created())
        return role
