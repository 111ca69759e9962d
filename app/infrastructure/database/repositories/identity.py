"""Companies, users and roles in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import bindparam, delete, func, insert, select, update

from app.domain.identity import Company, CompanySettings, Membership, Role, User
from app.domain.shared.errors import NotFound, Stale
from app.domain.shared.ids import CompanyId, RoleId, UserId, WarehouseId
from app.domain.shared.money import currency
from app.domain.shared.numbering import LateDate, Mask, Reset
from app.domain.shared.rights import Right
from app.domain.shared.series import SeriesKind
from app.domain.shared.totals import VatMode
from app.infrastructure.database.compiled import prepare, prepare_many
from app.infrastructure.database.constraints import taken
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import insert_rows, keys
from app.infrastructure.database.tables.identity import companies, membership_roles, memberships, roles, users
from app.usecases.context import Context

_COMPANY: Final = ("id", "name", "country", "settings", "settings_version", "version")
_USER: Final = ("id", "email", "name", "password_hash", "locale", "active", "must_change_password", "version")
_USER_STORED: Final = ("email", "name", "password_hash", "locale", "active", "must_change_password")

_COMPANIES = prepare(select(*(companies.c[name] for name in _COMPANY)).order_by(companies.c.id))
_GET_COMPANY = prepare(select(*(companies.c[name] for name in _COMPANY)).where(companies.c.id == bindparam("company")))
_INSERT_COMPANY = prepare(insert(companies).values({name: bindparam(name) for name in _COMPANY[1:]}))
_SAVE_SETTINGS = prepare(
    update(companies)
    .where(companies.c.id == bindparam("company"), companies.c.settings_version == bindparam("seen"))
    .values(settings=bindparam("settings"), settings_version=bindparam("now"))
)

_GET_USER = prepare(select(*(users.c[name] for name in _USER)).where(users.c.id == bindparam("user")))
_USER_BY_EMAIL = prepare(select(*(users.c[name] for name in _USER)).where(users.c.email == bindparam("email")))
_INSERT_USER = prepare(insert(users).values({name: bindparam(name) for name in (*_USER_STORED, "version")}))
_UPDATE_USER = prepare(
    update(users)
    .where(users.c.id == bindparam("user"), users.c.version == bindparam("seen"))
    .values({"version": bindparam("now"), **{name: bindparam(name) for name in _USER_STORED}})
)
_MEMBERSHIPS = prepare(
    select(memberships.c.company_id, membership_roles.c.role_id)
    .join_from(
        memberships,
        membership_roles,
        (memberships.c.user_id == membership_roles.c.user_id)
        & (memberships.c.company_id == membership_roles.c.company_id),
        isouter=True,
    )
    .where(memberships.c.user_id == bindparam("user"))
    .order_by(memberships.c.company_id, membership_roles.c.role_id),
    "select memberships",
)
_MEMBERSHIP = prepare(
    select(memberships.c.user_id).where(
        memberships.c.user_id == bindparam("user"), memberships.c.company_id == bindparam("company")
    )
)
_JOIN = prepare(insert(memberships).values(user_id=bindparam("user"), company_id=bindparam("company")))
_DROP_ROLES = prepare(
    delete(membership_roles).where(
        membership_roles.c.user_id == bindparam("user"), membership_roles.c.company_id == bindparam("company")
    )
)
_GRANT = prepare_many(insert_rows(membership_roles, ("role_id",), common=("user_id", "company_id")))

_RIGHTS = prepare_many(
    lambda n: select(roles.c.rights).where(roles.c.company_id == bindparam("company"), keys(roles.c.id, "role", n)),
    pads=True,
)
_RIGHTS_VERSION = prepare(
    select(func.sum(roles.c.version)).where(roles.c.company_id == bindparam("company")), "select roles.version"
)
_ROLE_BY_NAME = prepare(
    select(roles.c.id, roles.c.name, roles.c.rights, roles.c.version).where(
        roles.c.company_id == bindparam("company"), roles.c.name == bindparam("name")
    )
)
_INSERT_ROLE = prepare(
    insert(roles).values({name: bindparam(name) for name in ("company_id", "name", "rights", "version")})
)


class SqlCompanies:
    """All companies, in rows of ``companies``."""

    def __init__(self, session: Session, context: Context) -> None:  # noqa: ARG002 - repositories are made alike
        self._session = session

    def get(self, company: CompanyId) -> Company:
        """Give a company. Raises NotFound."""
        row = self._session.one(_GET_COMPANY, company=company)
        if row is None:
            raise NotFound(kind="company", id=company)
        return _company(row)

    def add(self, company: Company) -> None:
        """Store a new company and set its id."""
        company.id = CompanyId(
            self._session.insert(
                _INSERT_COMPANY,
                name=company.name,
                country=company.country,
                settings=_written(company.settings),
                settings_version=1,
                version=1,
            )
        )
        company.version, company.settings = 1, replace(company.settings, version=1)

    def save_settings(self, company: CompanyId, settings: CompanySettings) -> None:
        """Store other settings. Raises Stale."""
        seen = settings.version
        if not self._session.run(_SAVE_SETTINGS, company=company, seen=seen, now=seen + 1, settings=_written(settings)):
            raise Stale(seen=seen)

    def all(self) -> Sequence[Company]:
        """Give every company, by id."""
        return [_company(row) for row in self._session.all(_COMPANIES)]


class SqlUsers:
    """All users, in rows of ``users``, ``memberships`` and ``membership_roles``."""

    def __init__(self, session: Session, context: Context) -> None:  # noqa: ARG002 - repositories are made alike
        self._session = session

    def get(self, user: UserId) -> User:
        """Give a user. Raises NotFound."""
        row = self._session.one(_GET_USER, user=user)
        if row is None:
            raise NotFound(kind="user", id=user)
        return _user(row)

    def by_email(self, email: str) -> User | None:
        """Give the user who signs in with ``email``."""
        row = self._session.one(_USER_BY_EMAIL, email=email)
        return None if row is None else _user(row)

    def add(self, user: User) -> None:
        """Store a new user and set the id. Raises Taken for the e-mail address."""
        with taken(_emails(user)):
            user.id = UserId(self._session.insert(_INSERT_USER, version=1, **_user_values(user)))
        user.version = 1

    def save(self, user: User) -> None:
        """Store changes and move the version. Raises Stale, Taken."""
        seen, now = user.version, user.version + 1
        with taken(_emails(user)):
            stored = self._session.run(_UPDATE_USER, user=user.id, seen=seen, now=now, **_user_values(user))
        if not stored:
            raise Stale(seen=seen)
        user.version = now

    def memberships(self, user: UserId) -> Sequence[Membership]:
        """Give the companies a user belongs to with the roles there, by company."""
        held: dict[CompanyId, set[RoleId]] = {}
        for company, role in self._session.all(_MEMBERSHIPS, user=user):
            held.setdefault(company, set()).update(() if role is None else (role,))
        return [Membership(user=user, company=company, roles=frozenset(ids)) for company, ids in held.items()]

    def join(self, user: UserId, company: CompanyId, roles: Sequence[RoleId]) -> None:
        """Make the user a member of ``company`` with exactly ``roles``."""
        if self._session.one(_MEMBERSHIP, user=user, company=company) is None:
            self._session.run(_JOIN, user=user, company=company)
        self._session.run(_DROP_ROLES, user=user, company=company)
        rows = [{"role_id": role} for role in sorted(set(roles))]
        self._session.many(_GRANT, rows, user_id=user, company_id=company)


class SqlRoles:
    """Roles by company, in rows of ``roles``."""

    def __init__(self, session: Session, context: Context) -> None:  # noqa: ARG002 - repositories are made alike
        self._session = session

    def rights(self, company: CompanyId, roles: Sequence[RoleId]) -> frozenset[Right]:
        """Give the union of the rights of ``roles`` that belong to ``company``."""
        rows = self._session.all_of(_RIGHTS, [{"role": value} for value in sorted(set(roles))], company=company)
        return frozenset(Right(name) for (names,) in rows for name in names)

    def version(self, company: CompanyId) -> int:
        """Give a number that grows whenever a role of ``company`` changes: the sum of their versions."""
        return int(self._session.scalar(_RIGHTS_VERSION, company=company) or 0)

    def by_name(self, company: CompanyId, name: str) -> Role | None:
        """Give the role called ``name``."""
        row = self._session.one(_ROLE_BY_NAME, company=company, name=name)
        if row is None:
            return None
        return Role(id=RoleId(row[0]), name=row[1], rights=frozenset(map(Right, row[2])), version=row[3])

    def add(self, company: CompanyId, role: Role) -> None:
        """Store a new role and set its id. Raises Taken for the name."""
        with taken({"uq_roles_company_id_name": ("name", role.name)}):
            role.id = RoleId(
                self._session.insert(
                    _INSERT_ROLE, company_id=company, name=role.name, rights=sorted(role.rights), version=1
                )
            )
        role.version = 1


def _user_values(user: User) -> dict[str, Any]:
    return {name: getattr(user, name) for name in _USER_STORED}


def _emails(user: User) -> dict[str, tuple[str, object]]:
    return {"uq_users_email": ("email", user.email)}


def _user(row: tuple[Any, ...]) -> User:
    return User(**dict(zip(_USER, row, strict=True)))


def _company(row: tuple[Any, ...]) -> Company:
    key, name, country, settings, settings_version, version = row
    return Company(id=key, name=name, country=country, settings=_read(settings, settings_version), version=version)


def _written(settings: CompanySettings) -> dict[str, object]:
    return {
        "zone": settings.zone_name,
        "currency": settings.currency.code,
        "vat_mode": settings.vat_mode.value,
        "masks": {kind.value: [mask.pattern, mask.reset.value] for kind, mask in settings.masks.items()},
        "late_date": settings.late_date.value,
        "payment_days": settings.payment_days,
        "default_warehouse": settings.default_warehouse,
    }


def _read(stored: dict[str, Any], version: int) -> CompanySettings:
    warehouse = stored["default_warehouse"]
    return CompanySettings(
        zone_name=stored["zone"],
        currency=currency(stored["currency"]),
        vat_mode=VatMode(stored["vat_mode"]),
        masks={SeriesKind(kind): Mask(pattern, Reset(reset)) for kind, (pattern, reset) in stored["masks"].items()},
        late_date=LateDate(stored["late_date"]),
        payment_days=stored["payment_days"],
        default_warehouse=None if warehouse is None else WarehouseId(warehouse),
        version=version,
    )
