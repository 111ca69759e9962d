"""Roles in SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import bindparam, delete, func, insert, select, update

from app.domain.identity import ReadyRole, Role
from app.domain.shared.errors import NotFound, Stale
from app.domain.shared.ids import CompanyId, RoleId
from app.domain.shared.rights import ALL_RIGHTS, Right
from app.infrastructure.database.compiled import prepare, prepare_many
from app.infrastructure.database.constraints import taken
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import keys
from app.infrastructure.database.tables.identity import companies, membership_roles, roles
from app.usecases.context import Context

_NAMES: Final = ("id", "name", "rights", "ready", "version")
_COLUMNS: Final = tuple(roles.c[name] for name in _NAMES)
_MINE: Final = roles.c.company_id == bindparam("company")
_KNOWN: Final[Mapping[str, Right]] = {right.value: right for right in Right}

_RIGHTS = prepare_many(
    lambda n: select(roles.c.rights, roles.c.ready).where(_MINE, keys(roles.c.id, "role", n)), pads=True
)
_VERSION = prepare(
    select(companies.c.rights_version).where(companies.c.id == bindparam("company")), "select roles.version"
)
_GROW = prepare(
    update(companies)
    .where(companies.c.id == bindparam("company"))
    .values(rights_version=companies.c.rights_version + bindparam("by", type_=companies.c.rights_version.type)),
    "update companies.rights",
)
_GET = prepare(select(*_COLUMNS).where(_MINE, roles.c.id == bindparam("role")))
_BY_NAME = prepare(select(*_COLUMNS).where(_MINE, roles.c.name == bindparam("name")))
_OF = prepare_many(lambda n: select(*_COLUMNS).where(_MINE, keys(roles.c.id, "role", n)), "select roles", pads=True)
_HOLDERS = prepare(
    select(func.count())
    .select_from(membership_roles)
    .where(membership_roles.c.company_id == bindparam("company"), membership_roles.c.role_id == bindparam("role")),
    "count membership_roles",
)
_STORED: Final = ("name", "rights", "ready", "version")
_INSERT = prepare(insert(roles).values({name: bindparam(name) for name in ("company_id", *_STORED)}))
_UPDATE = prepare(
    update(roles)
    .where(_MINE, roles.c.id == bindparam("role"), roles.c.version == bindparam("seen"))
    .values({name: bindparam(f"new_{name}", type_=roles.c[name].type) for name in ("name", "rights", "version")})
)
_DELETE = prepare(delete(roles).where(_MINE, roles.c.id == bindparam("role"), roles.c.version == bindparam("seen")))


class SqlRoles:
    """Roles by company, in rows of ``roles``."""

    def __init__(self, session: Session, context: Context) -> None:  # noqa: ARG002 - repositories are made alike
        self._session = session

    def rights(self, company: CompanyId, roles: Sequence[RoleId]) -> frozenset[Right]:
        """Give the union of the rights of ``roles`` that belong to ``company``."""
        rows = self._session.all_of(_RIGHTS, [{"role": value} for value in sorted(set(roles))], company=company)
        return frozenset[Right]().union(*(rights_of(names, ready) for names, ready in rows))

    def version(self, company: CompanyId) -> int:
        """Give a number that grows whenever a role of ``company`` is entered, changed or deleted."""
        return int(self._session.scalar(_VERSION, company=company) or 0)

    def get(self, company: CompanyId, role: RoleId) -> Role:
        """Give a role. Raises NotFound."""
        row = self._session.one(_GET, company=company, role=role)
        if row is None:
            raise NotFound(kind="role", id=role)
        return _role(row)

    def of(self, company: CompanyId, roles: Collection[RoleId]) -> dict[RoleId, Role]:
        """Give those of ``roles`` that there are, by one look-up."""
        rows = self._session.all_of(_OF, [{"role": value} for value in sorted(set(roles))], company=company)
        return {role.id: role for role in map(_role, rows)}

    def by_name(self, company: CompanyId, name: str) -> Role | None:
        """Give the role called ``name``."""
        row = self._session.one(_BY_NAME, company=company, name=name)
        return None if row is None else _role(row)

    def holders(self, company: CompanyId, role: RoleId) -> int:
        """Count the members, active or not, who have the role."""
        return int(self._session.scalar(_HOLDERS, company=company, role=role))

    def add(self, company: CompanyId, role: Role) -> None:
        """Store a new role and set its id. Raises Taken for the name."""
        self._grow(company)
        with taken(_names(role)):
            role.id = RoleId(
                self._session.insert(
                    _INSERT, company_id=company, name=role.name, rights=_listed(role), ready=role.ready, version=1
                )
            )
        role.version = 1

    def save(self, company: CompanyId, role: Role) -> None:
        """Store changes and move the version. Raises Stale, Taken for the name."""
        self._grow(company)
        seen, now = role.version, role.version + 1
        with taken(_names(role)):
            stored = self._session.run(
                _UPDATE,
                company=company,
                role=role.id,
                seen=seen,
                new_name=role.name,
                new_rights=_listed(role),
                new_version=now,
            )
        if not stored:
            raise Stale(seen=seen)
        role.version = now

    def delete(self, company: CompanyId, role: Role) -> None:
        """Delete a role. Raises Stale."""
        self._grow(company)
        if not self._session.run(_DELETE, company=company, role=role.id, seen=role.version):
            raise Stale(seen=role.version)

    def _grow(self, company: CompanyId) -> None:
        # Counted apart: the sum of the roles' own versions would shrink when one is deleted.
        self._session.run(_GROW, company=company, by=1)


def rights_of(names: Iterable[str], ready: str | None = None) -> frozenset[Right]:
    """Give the rights a row of ``roles`` stands for.

    The administrator holds every right of this version of the program; a right that it does not know is nobody's.
    """
    if ready == ReadyRole.ADMINISTRATOR:
        return ALL_RIGHTS
    return frozenset(_KNOWN[name] for name in names if name in _KNOWN)


def _listed(role: Role) -> list[str]:
    return [] if role.ready is ReadyRole.ADMINISTRATOR else sorted(role.rights)


def _names(role: Role) -> dict[str, tuple[str, object]]:
    return {"uq_roles_company_id_name": ("name", role.name)}


def _role(row: tuple[Any, ...]) -> Role:
    key, name, names, ready, version = row
    return Role(
        id=RoleId(key),
        name=name,
        rights=rights_of(names, ready),
        ready=None if ready is None else ReadyRole(ready),
        version=version,
    )
