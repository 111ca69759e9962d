"""Users and their memberships in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import bindparam, delete, exists, func, insert, select, true, update

from app.domain.identity import Belonging, Member, Membership, ReadyRole, User
from app.domain.shared.errors import NotFound, Stale
from app.domain.shared.ids import CompanyId, RoleId, UserId
from app.infrastructure.database.compiled import prepare, prepare_many
from app.infrastructure.database.constraints import taken
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import insert_rows
from app.infrastructure.database.tables.identity import companies, membership_roles, memberships, roles, users
from app.usecases.context import Context

_USER: Final = ("id", "email", "name", "password_hash", "locale", "active", "must_change_password", "version")
_USER_STORED: Final = ("email", "name", "password_hash", "locale", "active", "must_change_password")

_GET_USER = prepare(select(*(users.c[name] for name in _USER)).where(users.c.id == bindparam("user")))
_USER_BY_EMAIL = prepare(select(*(users.c[name] for name in _USER)).where(users.c.email == bindparam("email")))
_INSERT_USER = prepare(insert(users).values({name: bindparam(name) for name in (*_USER_STORED, "version")}))
_UPDATE_USER = prepare(
    update(users)
    .where(users.c.id == bindparam("user"), users.c.version == bindparam("seen"))
    .values({"version": bindparam("now"), **{name: bindparam(name) for name in _USER_STORED}})
)
_GRANTED: Final = (memberships.c.user_id == membership_roles.c.user_id) & (
    memberships.c.company_id == membership_roles.c.company_id
)
_MEMBERSHIPS = prepare(
    select(memberships.c.company_id, membership_roles.c.role_id)
    .join_from(
        memberships,
        membership_roles,
        _GRANTED,
        isouter=True,
    )
    .where(memberships.c.user_id == bindparam("user"), memberships.c.active == true())
    .order_by(memberships.c.company_id, membership_roles.c.role_id),
    "select memberships",
)
_COMPANIES_OF = prepare(
    select(companies.c.id, companies.c.name, roles.c.name.label("role"))
    .select_from(
        memberships.join(companies, companies.c.id == memberships.c.company_id)
        .outerjoin(membership_roles, _GRANTED)
        .outerjoin(
            roles,
            (roles.c.company_id == membership_roles.c.company_id) & (roles.c.id == membership_roles.c.role_id),
        )
    )
    .where(memberships.c.user_id == bindparam("user"), memberships.c.active == true())
    .order_by(companies.c.id, roles.c.name),
    "select memberships.companies",
)
_elsewhere = memberships.alias("elsewhere")
_MEMBER = prepare(
    select(
        *(users.c[name] for name in _USER),
        memberships.c.active.label("here"),
        memberships.c.version.label("membership"),
        memberships.c.known_as,
        exists()
        .where(_elsewhere.c.user_id == memberships.c.user_id, _elsewhere.c.company_id != memberships.c.company_id)
        .label("shared"),
        membership_roles.c.role_id,
    )
    .select_from(memberships.join(users, users.c.id == memberships.c.user_id).outerjoin(membership_roles, _GRANTED))
    .where(memberships.c.user_id == bindparam("user"), memberships.c.company_id == bindparam("company")),
    "select member",
)
_COLLEAGUES = prepare(
    select(*(users.c[name] for name in _USER), membership_roles.c.role_id)
    .select_from(memberships.join(users, users.c.id == memberships.c.user_id).join(membership_roles, _GRANTED))
    .where(
        memberships.c.company_id == bindparam("company"),
        memberships.c.active == true(),
        users.c.active == true(),
    )
    .order_by(users.c.id),
    "select colleagues",
)
_ADMINISTRATORS = prepare(
    select(func.count())
    .select_from(
        roles.join(
            membership_roles,
            (membership_roles.c.company_id == roles.c.company_id) & (membership_roles.c.role_id == roles.c.id),
        )
        .join(memberships, _GRANTED)
        .join(users, users.c.id == memberships.c.user_id)
    )
    .where(
        roles.c.company_id == bindparam("company"),
        roles.c.ready == bindparam("ready"),
        memberships.c.active == true(),
        users.c.active == true(),
    ),
    "count administrators",
)
_MEMBERSHIP = prepare(
    select(memberships.c.user_id).where(
        memberships.c.user_id == bindparam("user"), memberships.c.company_id == bindparam("company")
    )
)
_JOINED: Final = ("user_id", "company_id", "active", "version", "known_as")
_JOIN = prepare(insert(memberships).values({name: bindparam(name) for name in _JOINED}))
_HERE: Final = (memberships.c.user_id == bindparam("user"), memberships.c.company_id == bindparam("company"))
_SAVE_MEMBERSHIP = prepare(
    update(memberships)
    .where(*_HERE, memberships.c.version == bindparam("seen"))
    .values(active=bindparam("active"), known_as=bindparam("known_as"), version=bindparam("now"))
)
_LEAVE = prepare(delete(memberships).where(*_HERE, memberships.c.version == bindparam("seen")))
_GROW = prepare(
    update(users)
    .where(users.c.id == bindparam("user"), users.c.version == bindparam("seen"))
    .values(version=bindparam("now")),
    "update users.version",
)
_DROP_ROLES = prepare(
    delete(membership_roles).where(
        membership_roles.c.user_id == bindparam("user"), membership_roles.c.company_id == bindparam("company")
    )
)
_GRANT = prepare_many(insert_rows(membership_roles, ("role_id",), common=("user_id", "company_id")))


class SqlUsers:
    """All users, in rows of ``users``, ``memberships`` and ``membership_roles``.

    Members are remembered as they were read, so that saving one writes only the rows that differ.
    """

    def __init__(self, session: Session, context: Context) -> None:  # noqa: ARG002 - repositories are made alike
        self._session = session
        self._read: dict[tuple[CompanyId, UserId], tuple[dict[str, Any], dict[str, Any], frozenset[RoleId]]] = {}

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

    def companies(self, user: UserId) -> Sequence[Belonging]:
        """Give the companies a user may act for by name, with the names of the roles there, by company."""
        named: dict[tuple[CompanyId, str], list[str]] = {}
        for company, name, role in self._session.all(_COMPANIES_OF, user=user):
            named.setdefault((CompanyId(company), name), []).extend(() if role is None else (role,))
        return [Belonging(company=key, name=name, roles=tuple(names)) for (key, name), names in named.items()]

    def join(self, user: UserId, company: CompanyId, roles: Collection[RoleId], *, known_as: str | None = None) -> None:
        """Make the user a member of ``company`` with exactly ``roles``."""
        if self._session.one(_MEMBERSHIP, user=user, company=company) is None:
            self._session.run(_JOIN, user_id=user, company_id=company, active=True, version=1, known_as=known_as)
        self._give(user, company, roles)

    def find(self, company: CompanyId, user: UserId) -> Member | None:
        """Give the user as ``company`` knows them, None when they do not belong to it."""
        rows = self._session.all(_MEMBER, user=user, company=company)
        if not rows:
            return None
        *account, active, version, known_as, shared, _ = rows[0]
        found = _user(tuple(account))
        member = Member(
            user=found,
            roles=frozenset(RoleId(row[-1]) for row in rows if row[-1] is not None),
            active=active,
            known_as=known_as,
            shared=bool(shared),
            versions=(found.version, version),
        )
        self._read[company, user] = (_user_values(found), _membership_values(member), member.roles)
        return member

    def member(self, company: CompanyId, user: UserId) -> Member:
        """Give the user as ``company`` knows them. Raises NotFound."""
        member = self.find(company, user)
        if member is None:
            raise NotFound(kind="user", id=user)
        return member

    def save_member(self, company: CompanyId, member: Member) -> None:
        """Store what differs from the member last read, and move the versions. Raises Stale."""
        account, membership, held = self._read[company, member.id]
        version = member.versions[1]
        if _user_values(member.user) != account:
            self.get(member.id)  # the journal tells what an account was by its own row, and members are read joined
            self.save(member.user)
        if _membership_values(member) != membership or member.roles != held:
            seen, version = version, version + 1
            key = {"user": member.id, "company": company}
            if not self._session.run(_SAVE_MEMBERSHIP, **key, seen=seen, now=version, **_membership_values(member)):
                raise Stale(seen=seen)
        if member.roles != held:
            self._give(member.id, company, member.roles)
        member.versions = (member.user.version, version)

    def leave(self, company: CompanyId, member: Member) -> None:
        """End the membership; the account's version grows, so that no version of the member comes again."""
        account, membership = member.versions
        self._session.run(_DROP_ROLES, user=member.id, company=company)
        gone = self._session.run(_LEAVE, user=member.id, company=company, seen=membership)
        if not gone or not self._session.run(_GROW, user=member.id, seen=account, now=member.version):
            raise Stale(seen=member.version)

    def colleagues(self, company: CompanyId) -> Sequence[tuple[User, frozenset[RoleId]]]:
        """Give the active members of ``company``, with active accounts, and the roles they have there; by id."""
        people: dict[UserId, tuple[User, set[RoleId]]] = {}
        for *values, role in self._session.all(_COLLEAGUES, company=company):
            user = User(**dict(zip(_USER, values, strict=True)))
            people.setdefault(user.id, (user, set()))[1].add(role)
        return [(user, frozenset(held)) for user, held in people.values()]

    def administrators(self, company: CompanyId) -> int:
        """Count the active members, with active accounts, who have the administrator's role."""
        return int(self._session.scalar(_ADMINISTRATORS, company=company, ready=ReadyRole.ADMINISTRATOR.value))

    def _give(self, user: UserId, company: CompanyId, roles: Collection[RoleId]) -> None:
        self._session.run(_DROP_ROLES, user=user, company=company)
        rows = [{"role_id": role} for role in sorted(set(roles))]
        self._session.many(_GRANT, rows, user_id=user, company_id=company)


def _user_values(user: User) -> dict[str, Any]:
    return {name: getattr(user, name) for name in _USER_STORED}


def _emails(user: User) -> dict[str, tuple[str, object]]:
    return {"uq_users_email": ("email", user.email)}


def _user(row: tuple[Any, ...]) -> User:
    return User(**dict(zip(_USER, row, strict=True)))


def _membership_values(member: Member) -> dict[str, Any]:
    return {"active": member.active, "known_as": member.known_as}
