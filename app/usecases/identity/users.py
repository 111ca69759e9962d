"""What is done with the users of a company."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import ClassVar, cast

from app.domain.identity import (
    BadEmail,
    Belonging,
    LastAdministrator,
    Member,
    Role,
    User,
    UserAdded,
    UserJoined,
    email_address,
)
from app.domain.shared.errors import Invalid, NotFound, Required, Taken
from app.domain.shared.ids import CompanyId, RoleId, UserId
from app.domain.shared.rights import Right
from app.usecases.access import check_new_password
from app.usecases.context import DEFAULT_LOCALE, Context
from app.usecases.identity.roles import may_give, roles_named
from app.usecases.ports.identity import Passwords
from app.usecases.ports.listing import FieldKind, ListField, Listing, Sort
from app.usecases.ports.shared import Clock, RolledBack, Work
from app.usecases.shared import Change, ListCase, Versioned

USERS = Listing(
    name="users",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="email", kind=FieldKind.TEXT, sortable=True),
        ListField(name="name", kind=FieldKind.TEXT, sortable=True),
        ListField(name="active", kind=FieldKind.FLAG),
    ),
    default_sort=(Sort(field="id"),),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """Somebody to add to the caller's company. The hash is made before: it takes longer than a transaction may last."""

    email: str
    name: str
    locale: str
    password_hash: str = field(repr=False)
    roles: tuple[RoleId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InitialPassword:
    """What a new account is signed in with first: its hash, and the password itself when it was made here."""

    hash: str = field(repr=False)
    shown: str | None = field(repr=False)

    @classmethod
    def of(cls, given: str | None, passwords: Passwords, hints: Sequence[str]) -> InitialPassword:
        """Hash the password given, or a random one; slow.

        Raises WeakPassword, GuessablePassword (it follows from ``hints``) at ``password``.
        """
        try:
            password = passwords.random() if given is None else check_new_password(passwords, given, hints)
        except Invalid as error:
            raise error.within("password") from None
        return cls(hash=passwords.hash(password), shown=password if given is None else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """Who was added, and whether an account was made: otherwise they sign in as before."""

    member: Member
    made: bool


@dataclass(frozen=True, slots=True)
class CreateUser:
    """Add somebody to the company, with roles whose rights the caller holds.

    Whoever has an account joins with it: nothing of it is shown or changed, and the initial password is of no use. For
    others an account is made, whose password must be changed at the first sign-in. Raises Taken for somebody who
    belongs to the company already, UnknownReference, RightsBeyondOwn, BadEmail.
    """

    right: ClassVar[Right] = Right.USERS_WRITE
    writes: ClassVar[bool] = True
    fresh: ClassVar[bool] = True
    secret: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: NewUser) -> Entered:
        """Give the member."""
        if not request.name.strip():
            raise Required(at=("name",))
        email = _address(request.email)
        work.companies.lock(context.company)
        roles = roles_named(work, context, request.roles)
        may_give(context, _union(roles.values()), "role_ids")
        user = work.users.by_email(email)
        if user is None:
            return self._make(work, context, replace(request, email=email))
        if work.users.find(context.company, user.id) is not None:
            raise Taken(at=("email",), value=email)
        work.users.join(user.id, context.company, request.roles, known_as=request.name)
        work.outbox.add(UserJoined(id=user.id, roles=tuple(sorted(roles))))
        return Entered(member=work.users.member(context.company, user.id), made=False)

    def _make(self, work: Work, context: Context, request: NewUser) -> Entered:
        user = User(
            email=request.email,
            name=request.name,
            password_hash=request.password_hash,
            locale=request.locale,
            must_change_password=True,
        )
        try:
            work.users.add(user)
        except Taken as error:
            # Another company was adding the same person: once more, and there is an account to join with.
            raise RolledBack from error
        work.users.join(user.id, context.company, request.roles)
        work.outbox.add(UserAdded(id=user.id, roles=tuple(sorted(set(request.roles)))))
        return Entered(member=work.users.member(context.company, user.id), made=True)


@dataclass(frozen=True, slots=True)
class ReadUser:
    """Show one user of the company. Raises NotFound."""

    right: ClassVar[Right] = Right.USERS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: UserId) -> Member:
        """Give the member."""
        return work.users.member(context.company, request)


@dataclass(frozen=True, slots=True)
class ChangeUser:
    """Change the fields sent of a user of the company.

    Roles that are added, and all roles of somebody who becomes active again, must hold no right that the caller lacks.
    The language of somebody who belongs to other companies too is their own. Raises NotFound, Stale, UnknownReference,
    RightsBeyondOwn, SharedAccount, LastAdministrator, Required. Who is no longer active is signed out of this company.
    """

    clock: Clock
    right: ClassVar[Right] = Right.USERS_WRITE
    writes: ClassVar[bool] = True
    fresh: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Change) -> Member:
        """Give the member as it is now."""
        work.companies.lock(context.company)
        member = work.users.member(context.company, UserId(request.id))
        request.matches(member.version)
        changes = dict(request.changes)
        held, was_active = member.roles_in_force, member.active
        if "roles" in changes:
            roles = roles_named(work, context, cast("Sequence[RoleId]", changes["roles"]))
            changes["roles"] = frozenset(roles)
        changed = member.change(changes)
        if changed is None:
            return member
        given = member.roles_in_force - held
        if given:
            may_give(context, _union(work.roles.of(context.company, given).values()), "role_ids")
        with _administered(work, context):
            work.users.save_member(context.company, member)
        if was_active and not member.active:
            work.sessions.end_all(member.id, self.clock.now(), context.company)
        work.outbox.add(changed)
        return member


@dataclass(frozen=True, slots=True)
class RemoveUser:
    """Take somebody out of the company; the account remains. Raises NotFound, Stale, LastAdministrator."""

    clock: Clock
    right: ClassVar[Right] = Right.USERS_WRITE
    writes: ClassVar[bool] = True
    fresh: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Versioned) -> None:
        """Remove the member."""
        work.companies.lock(context.company)
        member = work.users.member(context.company, UserId(request.id))
        request.matches(member.version)
        with _administered(work, context):
            work.users.leave(context.company, member)
        work.sessions.end_all(member.id, self.clock.now(), context.company)
        work.outbox.add(member.removed())


class ListUsers(ListCase):
    """List the users of the company."""

    __slots__ = ()
    right = Right.USERS_READ
    listing = USERS


@dataclass(frozen=True, slots=True)
class MyCompanies:
    """List the companies that the caller may act for."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: None) -> Sequence[Belonging]:
        """Give the companies by id."""
        return work.users.companies(context.actor)


@contextmanager
def _administered(work: Work, context: Context) -> Iterator[None]:
    """Pass only what leaves a company its last administrator; the company is locked. Raises LastAdministrator."""
    before = work.users.administrators(context.company)
    yield
    if before and not work.users.administrators(context.company):
        raise LastAdministrator


def _union(roles: Iterable[Role]) -> frozenset[Right]:
    return frozenset(right for role in roles for right in role.rights)


def _address(email: str) -> str:
    try:
        return email_address(email)
    except BadEmail as error:
        raise error.within("email") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMember:
    """A person to add to a company with roles named."""

    company: CompanyId
    user: User
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AddMember:
    """Add a person to a company from the command line; an account that exists joins as it is.

    Raises NotFound for company or role, Taken for somebody who belongs to the company already.
    """

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: NewMember) -> User:
        """Give the user with the id."""
        company = work.companies.get(request.company)
        work.companies.lock(company.id)
        roles: list[RoleId] = []
        for name in request.roles:
            role = work.roles.by_name(company.id, name)
            if role is None:
                raise NotFound(kind="role", id=name)
            roles.append(role.id)
        user = work.users.by_email(request.user.email)
        if user is None:
            work.users.add(request.user)
            work.users.join(request.user.id, company.id, roles)
            work.outbox.add(UserAdded(id=request.user.id, roles=tuple(roles)))
            return request.user
        if work.users.find(company.id, user.id) is not None:
            raise Taken(at=("email",), value=request.user.email)
        work.users.join(user.id, company.id, roles)
        work.outbox.add(UserJoined(id=user.id, roles=tuple(roles)))
        return user


@dataclass(frozen=True, slots=True)
class HasAccount:
    """Tell whether an e-mail address has an account, for the command line."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: str) -> bool:
        """Look for the address ``request``."""
        return work.users.by_email(email_address(request)) is not None


@dataclass(frozen=True, slots=True)
class FindMember:
    """Find an active member of the company by e-mail address, for the command line. Raises NotFound."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: str) -> UserId:
        """Give the user's id."""
        found = work.users.by_email(email_address(request))
        if found is None or work.principals.standing(found.id, context.company) is None:
            raise NotFound(kind="user", id=request)
        return found.id


def person(email: str, name: str, password: str, passwords: Passwords, *, locale: str = DEFAULT_LOCALE) -> User:
    """Make a user from what was typed. Raises BadEmail, WeakPassword, GuessablePassword."""
    return User(
        email=email_address(email),
        name=name,
        password_hash=passwords.hash(check_new_password(passwords, password, [email, name])),
        locale=locale,
    )
