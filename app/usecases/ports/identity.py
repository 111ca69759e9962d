"""What identity needs from outside: companies, users, roles, password hashes and tokens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from app.domain.identity import Company, CompanySettings, Membership, Role, User
from app.domain.shared.ids import CompanyId, RoleId, UserId
from app.domain.shared.rights import Right


class Companies(Protocol):
    """All companies of the installation; the only repository that is not bound to one of them, besides Users."""

    def get(self, company: CompanyId) -> Company:
        """Give a company. Raises NotFound."""
        ...

    def add(self, company: Company) -> None:
        """Store a new company and set its id."""
        ...

    def save_settings(self, company: CompanyId, settings: CompanySettings) -> None:
        """Store other settings. Raises Stale."""
        ...

    def all(self) -> Sequence[Company]:
        """Give every company, by id."""
        ...


class Users(Protocol):
    """People; they may belong to several companies."""

    def get(self, user: UserId) -> User:
        """Give a user. Raises NotFound."""
        ...

    def by_email(self, email: str) -> User | None:
        """Give the user who signs in with ``email``, in the form ``email_address`` gives."""
        ...

    def add(self, user: User) -> None:
        """Store a new user and set the id. Raises Taken for the e-mail address."""
        ...

    def save(self, user: User) -> None:
        """Store changes. Raises Stale."""
        ...

    def memberships(self, user: UserId) -> Sequence[Membership]:
        """Give the companies a user belongs to with the roles there, by company."""
        ...

    def join(self, user: UserId, company: CompanyId, roles: Sequence[RoleId]) -> None:
        """Make the user a member of ``company`` with exactly ``roles``."""
        ...


class Roles(Protocol):
    """Roles of the context's company, except where a company is named."""

    def rights(self, company: CompanyId, roles: Sequence[RoleId]) -> frozenset[Right]:
        """Give the union of the rights of ``roles`` that belong to ``company``."""
        ...

    def version(self, company: CompanyId) -> int:
        """Give a number that grows whenever a role of ``company`` changes."""
        ...

    def by_name(self, company: CompanyId, name: str) -> Role | None:
        """Give the role called ``name``."""
        ...

    def add(self, company: CompanyId, role: Role) -> None:
        """Store a new role and set its id. Raises Taken for the name."""
        ...


class Passwords(Protocol):
    """Slow hashes, at most two at once."""

    def hash(self, password: str) -> str:
        """Give the Argon2id hash in PHC form."""
        ...

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Tell whether the password is right; None (no such account) takes the same time and is never right."""
        ...

    def outdated(self, password_hash: str) -> bool:
        """Tell whether the hash was made with weaker parameters than today's."""
        ...


class Claims(Protocol):
    """What an access token says of its bearer."""

    @property
    def user(self) -> UserId:
        """Who bears the token."""
        ...

    @property
    def company(self) -> CompanyId:
        """The one company it is for."""
        ...

    @property
    def roles(self) -> tuple[RoleId, ...]:
        """Roles held when it was issued."""
        ...

    @property
    def expires(self) -> datetime:
        """When it stops being valid."""
        ...


class Tokens(Protocol):
    """Signed access tokens (RFC 7519, EdDSA)."""

    @property
    def lifetime(self) -> int:
        """The life of a new token in seconds."""
        ...

    def issue(self, user: UserId, company: CompanyId, roles: Sequence[RoleId], rights_version: int) -> str:
        """Give a token valid from now."""
        ...

    def read(self, token: str) -> Claims:
        """Give what a valid token says. Raises TokenRefused."""
        ...
