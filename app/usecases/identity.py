"""Signing in, who a token stands for, and setting up companies and people from the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Final

from app.domain.identity import (
    BadCredentials,
    Company,
    CompanyChoice,
    CompanySettings,
    Membership,
    NoMembership,
    Principal,
    Role,
    User,
    check_password,
    email_address,
)
from app.domain.shared.errors import NotFound, Taken
from app.domain.shared.ids import CompanyId, RoleId, UserId
from app.domain.shared.rights import ALL_RIGHTS, Right
from app.usecases.context import DEFAULT_LOCALE, Context
from app.usecases.ports.identity import Claims, Passwords, Tokens
from app.usecases.ports.shared import Work
from app.usecases.run import Runner

ADMINISTRATOR: Final = "administrator"


def system_context(request_id: str, locale: str = DEFAULT_LOCALE) -> Context:
    """Give the context of somebody not signed in: no company, no rights."""
    return Context(
        actor=UserId(0),
        company=CompanyId(0),
        rights=frozenset(),
        request_id=request_id,
        locale=locale,
        settings=CompanySettings(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What somebody signs in with; ``company`` chooses among several memberships."""

    email: str
    password: str = field(repr=False)
    company: CompanyId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """An access token and its life in seconds."""

    token: str = field(repr=False)
    expires_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user with the memberships and, by company, the version of the rights behind them."""

    user: User
    memberships: Sequence[Membership]
    versions: dict[CompanyId, int]


@dataclass(frozen=True, slots=True)
class FindAccount:
    """Look up who signs in with an address; None when nobody does."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: str) -> Account | None:
        """Give the account of the e-mail address ``request``."""
        user = work.users.by_email(request)
        if user is None:
            return None
        memberships = work.users.memberships(user.id)
        versions = {membership.company: work.roles.version(membership.company) for membership in memberships}
        return Account(user=user, memberships=memberships, versions=versions)


@dataclass(frozen=True, slots=True)
class Rehash:
    """Store a password hash made with today's parameters."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: User) -> None:
        """Save the user."""
        work.users.save(request)


@dataclass(frozen=True, slots=True)
class SignIn:
    """Exchange e-mail address and password for an access token.

    Not a use case but two around a slow hash: no transaction is open, no connection held, while Argon2 works.
    """

    runner: Runner
    passwords: Passwords
    tokens: Tokens

    def __call__(self, context: Context, credentials: Credentials) -> SignedIn:
        """Give a token. Raises BadCredentials (an unknown account takes as long), NoMembership, CompanyChoice."""
        account = self.runner.call(context, FindAccount(), lambda: credentials.email.strip().lower())
        right = self.passwords.verify(account.user.password_hash if account else None, credentials.password)
        if account is None or not right or not account.user.active:
            raise BadCredentials
        if self.passwords.outdated(account.user.password_hash):
            fresh = replace(account.user, password_hash=self.passwords.hash(credentials.password))
            self.runner.call(context, Rehash(), lambda: replace(fresh))
        membership = _choose(account.memberships, credentials.company)
        token = self.tokens.issue(
            account.user.id,
            membership.company,
            sorted(membership.roles),
            account.versions[membership.company],
        )
        return SignedIn(token=token, expires_in=self.tokens.lifetime)


def _choose(memberships: Sequence[Membership], company: CompanyId | None) -> Membership:
    if company is None and len(memberships) > 1:
        raise CompanyChoice(at=("company",), companies=[membership.company for membership in memberships])
    for membership in memberships:
        if company in {None, membership.company}:
            return membership
    raise NoMembership


@dataclass(frozen=True, slots=True)
class FindPrincipal:
    """Tell whom a token's claims stand for today. Raises NoMembership when user, membership or company is gone."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: Claims) -> Principal:
        """Give the principal with the present rights of the roles in the token."""
        try:
            user = work.users.get(request.user)
            company = work.companies.get(request.company)
        except NotFound as error:
            raise NoMembership from error
        if not user.active:
            raise NoMembership
        return Principal(
            user=user.id,
            company=company.id,
            rights=work.roles.rights(company.id, request.roles),
            locale=user.locale,
            settings=company.settings,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCompany:
    """A company as set up, with the person who administers it; the password is checked and hashed by then."""

    name: str
    country: str
    settings: CompanySettings
    admin: User


@dataclass(frozen=True, slots=True)
class SetUpCompany:
    """Enter a company with an administrator who holds every right; an account that exists joins it.

    Not reachable over HTTP: who may run the command line owns the database anyway.
    """

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: NewCompany) -> Company:
        """Give the company with its id."""
        company = Company(name=request.name, country=request.country, settings=request.settings)
        work.companies.add(company)
        role = Role(name=ADMINISTRATOR, rights=ALL_RIGHTS)
        work.roles.add(company.id, role)
        user = work.users.by_email(request.admin.email)
        if user is None:
            user = request.admin
            work.users.add(user)
        work.users.join(user.id, company.id, [role.id])
        return company


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMember:
    """A person to add to a company with roles named."""

    company: CompanyId
    user: User
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AddMember:
    """Add a person to a company. Raises NotFound for company or role, Taken for an address in use."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: NewMember) -> User:
        """Give the user with the id."""
        company = work.companies.get(request.company)
        roles: list[RoleId] = []
        for name in request.roles:
            role = work.roles.by_name(company.id, name)
            if role is None:
                raise NotFound(kind="role", id=name)
            roles.append(role.id)
        if work.users.by_email(request.user.email) is not None:
            raise Taken(at=("email",), value=request.user.email)
        work.users.add(request.user)
        work.users.join(request.user.id, company.id, roles)
        return request.user


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRole:
    """A role to enter in a company."""

    company: CompanyId
    name: str
    rights: frozenset[Right]


@dataclass(frozen=True, slots=True)
class AddRole:
    """Enter a role. Raises NotFound for the company, Taken for the name."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: NewRole) -> Role:
        """Give the role with its id."""
        company = work.companies.get(request.company)
        role = Role(name=request.name, rights=request.rights)
        work.roles.add(company.id, role)
        return role


@dataclass(frozen=True, slots=True)
class ListCompanies:
    """Give every company of the installation, for the command line."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: None) -> Sequence[Company]:
        """Give the companies by id."""
        return work.companies.all()


def person(email: str, name: str, password: str, passwords: Passwords, *, locale: str = DEFAULT_LOCALE) -> User:
    """Make a user from what was typed. Raises BadEmail, WeakPassword."""
    return User(
        email=email_address(email),
        name=name,
        password_hash=passwords.hash(check_password(password)),
        locale=locale,
    )
