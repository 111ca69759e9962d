"""What identity needs from outside: companies, users, roles and password hashes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol

from app.domain.identity import Belonging, Company, CompanySettings, Member, Membership, Role, SettingsVersion, User
from app.domain.shared.ids import CompanyId, RoleId, UserId
from app.domain.shared.rights import Right
from app.domain.shared.series import SeriesKind


class Companies(Protocol):
    """All companies of the installation; the only repository that is not bound to one of them, besides Users."""

    def get(self, company: CompanyId) -> Company:
        """Give a company. Raises NotFound."""
        ...

    def add(self, company: Company) -> None:
        """Store a new company and set its id."""
        ...

    def lock(self, company: CompanyId) -> None:
        """Let nobody else change the company's members, roles or settings until the transaction ends.

        It is the first lock a transaction takes; what documents refer to stays free.
        """
        ...

    def save(self, company: Company) -> None:
        """Store name and country. Raises Stale."""
        ...

    def save_settings(self, company: CompanyId, settings: CompanySettings) -> None:
        """Store settings that follow on the version before theirs, and keep what they were. Raises Stale."""
        ...

    def settings_versions(self, company: CompanyId, *, before: int | None, limit: int) -> Sequence[SettingsVersion]:
        """Give at most ``limit`` versions of the settings, newest first, those below ``before`` when it is given."""
        ...

    def counts_money(self, company: CompanyId) -> bool:
        """Tell whether there is an order, an invoice, a payment or a movement, all valued in the company's currency."""
        ...

    def next_numbers(self, company: CompanyId, kind: SeriesKind) -> Mapping[str, int]:
        """Give the next number of each period of a series that has begun."""
        ...

    def refs(self, company: CompanyId, kind: SeriesKind, prefix: str) -> Iterator[str]:
        """Give the references in use that begin with ``prefix``, in their order, read bit by bit."""
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
        """Give the companies a user may act for with the roles there, by company; not those that switched them off."""
        ...

    def companies(self, user: UserId) -> Sequence[Belonging]:
        """Give the companies a user may act for by name, with the names of the roles there, by company."""
        ...

    def join(self, user: UserId, company: CompanyId, roles: Collection[RoleId], *, known_as: str | None = None) -> None:
        """Make the user a member of ``company`` with exactly ``roles``."""
        ...

    def find(self, company: CompanyId, user: UserId) -> Member | None:
        """Give the user as ``company`` knows them, None when they do not belong to it."""
        ...

    def member(self, company: CompanyId, user: UserId) -> Member:
        """Give the user as ``company`` knows them. Raises NotFound."""
        ...

    def save_member(self, company: CompanyId, member: Member) -> None:
        """Store what differs from the member last read, and move the versions. Raises Stale."""
        ...

    def leave(self, company: CompanyId, member: Member) -> None:
        """End the membership; the account's version grows, so that no version of the member comes again."""
        ...

    def colleagues(self, company: CompanyId) -> Sequence[tuple[User, frozenset[RoleId]]]:
        """Give the active members of ``company``, with active accounts, and the roles they have there; by id."""
        ...

    def administrators(self, company: CompanyId) -> int:
        """Count the active members, with active accounts, who have the administrator's role."""
        ...


class Roles(Protocol):
    """Roles of the context's company, except where a company is named."""

    def rights(self, company: CompanyId, roles: Sequence[RoleId]) -> frozenset[Right]:
        """Give the union of the rights of ``roles`` that belong to ``company``."""
        ...

    def version(self, company: CompanyId) -> int:
        """Give a number that grows whenever a role of ``company`` is entered, changed or deleted."""
        ...

    def get(self, company: CompanyId, role: RoleId) -> Role:
        """Give a role. Raises NotFound."""
        ...

    def of(self, company: CompanyId, roles: Collection[RoleId]) -> dict[RoleId, Role]:
        """Give those of ``roles`` that there are, by one look-up."""
        ...

    def by_name(self, company: CompanyId, name: str) -> Role | None:
        """Give the role called ``name``."""
        ...

    def holders(self, company: CompanyId, role: RoleId) -> int:
        """Count the members, active or not, who have the role."""
        ...

    def add(self, company: CompanyId, role: Role) -> None:
        """Store a new role and set its id. Raises Taken for the name."""
        ...

    def save(self, company: CompanyId, role: Role) -> None:
        """Store changes. Raises Stale, Taken for the name."""
        ...

    def delete(self, company: CompanyId, role: Role) -> None:
        """Delete a role. Raises Stale."""
        ...


class Passwords(Protocol):
    """Slow hashes, at most two at once."""

    def hash(self, password: str) -> str:
        """Give the Argon2id hash in PHC form."""
        ...

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Tell whether the password is right; None (no such account) takes the same time and is never right."""
        ...

    def random(self) -> str:
        """Give a password nobody could guess, for somebody to change at the first sign-in."""
        ...

    def outdated(self, password_hash: str) -> bool:
        """Tell whether the hash was made with weaker parameters than today's."""
        ...

    def guessable(self, password: str, hints: Sequence[str]) -> bool:
        """Tell whether the password is a common one, or follows from ``hints``: name, address, company."""
        ...
