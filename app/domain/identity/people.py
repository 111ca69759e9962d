"""People: who signs in, to which companies they belong, and what they are there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final, cast

from app.domain.identity.companies import CompanySettings
from app.domain.shared.errors import Conflict, Forbidden, Invalid, Required, Unauthenticated
from app.domain.shared.events import Event
from app.domain.shared.ids import ApiKeyId, AwsCredentialId, CompanyId, RoleId, SessionId, UserId
from app.domain.shared.rights import Right

SHORTEST_PASSWORD: Final = 12
LONGEST_PASSWORD: Final = 1024
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}")


class BadEmail(Invalid):
    """The e-mail address is not well formed."""

    code = "identity.bad_email"


class WeakPassword(Invalid):
    """The password is too short or too long."""

    code = "identity.weak_password"


class BadCredentials(Unauthenticated):
    """The e-mail address or the password is wrong."""

    code = "identity.bad_credentials"


class NoMembership(Unauthenticated):
    """The account belongs to no such company."""

    code = "identity.no_membership"


class CompanyChoice(Invalid):
    """The account belongs to several companies and none was named."""

    code = "identity.company_choice"


class TokenRefused(Unauthenticated):
    """The access token is missing, expired or not ours."""

    code = "identity.token_refused"


class LastAdministrator(Conflict):
    """A company keeps at least one active administrator."""

    code = "identity.last_administrator"


class SharedAccount(Forbidden):
    """The account belongs to other companies too, so that one of them does not change what is the person's own."""

    code = "identity.shared_account"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserAdded(Event):
    """An account was made for somebody, who belongs to the company with these roles."""

    name: ClassVar[str] = "identity.user_added"
    aggregate: ClassVar[str] = "user"
    id: UserId
    roles: tuple[RoleId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserJoined(Event):
    """Somebody who had an account joined the company with these roles."""

    name: ClassVar[str] = "identity.user_joined"
    aggregate: ClassVar[str] = "user"
    id: UserId
    roles: tuple[RoleId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipChanged(Event):
    """What somebody is in the company was changed: ``old`` and ``new`` hold the values of ``fields``.

    Names are told as changed, not repeated: personal data stays in one place.
    """

    name: ClassVar[str] = "identity.membership_changed"
    aggregate: ClassVar[str] = "user"
    id: UserId
    fields: tuple[str, ...]
    old: dict[str, object]
    new: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRemoved(Event):
    """Somebody no longer belongs to the company; the account itself remains."""

    name: ClassVar[str] = "identity.user_removed"
    aggregate: ClassVar[str] = "user"
    id: UserId
    roles: tuple[RoleId, ...]


def email_address(text: str) -> str:
    """Give the address in the form it is looked up by: trimmed and in lower case. Raises BadEmail."""
    address = text.strip().lower()
    if not _EMAIL.fullmatch(address):
        raise BadEmail(email=text)
    return address


def check_password(password: str) -> str:
    """Give the password back when its length will do. Raises WeakPassword."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise WeakPassword(shortest=SHORTEST_PASSWORD, longest=LONGEST_PASSWORD)
    return password


@dataclass(slots=True, kw_only=True)
class User:
    """A person who signs in; belongs to companies through memberships. ``password_hash`` is Argon2id in PHC form.

    Who ``must_change_password`` may do nothing else before.
    """

    id: UserId = UserId(0)
    email: str
    name: str
    password_hash: str = field(repr=False)
    locale: str = "en"
    active: bool = True
    must_change_password: bool = False
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A user's roles in one company that the user may act for."""

    user: UserId
    company: CompanyId
    roles: frozenset[RoleId]


@dataclass(slots=True, kw_only=True)
class Member:
    """A user as one company knows them.

    An account belongs to a person, a membership to a company. The company says which roles its members have and whether
    they are ``active`` there. Name and language are the account's: a company changes them only while the person belongs
    to it alone; once the account is ``shared``, it may still call the person by a name of its own, ``known_as``.
    ``versions`` are those of account and membership.
    """

    user: User
    roles: frozenset[RoleId]
    active: bool = True
    known_as: str | None = None
    shared: bool = False
    versions: tuple[int, int] = (0, 0)

    @property
    def id(self) -> UserId:
        """The account's id."""
        return self.user.id

    @property
    def name(self) -> str:
        """What the company calls the person."""
        return self.user.name if self.known_as is None else self.known_as

    @property
    def version(self) -> int:
        """A number that grows whenever account or membership change."""
        return sum(self.versions)

    @property
    def roles_in_force(self) -> frozenset[RoleId]:
        """The roles while active; none else."""
        return self.roles if self.active else frozenset()

    def change(self, changes: Mapping[str, object]) -> MembershipChanged | None:
        """Set the named fields, of ``name``, ``locale``, ``active``, ``roles``; None when nothing differs.

        Raises Required, SharedAccount.
        """
        before = self._facts()
        if (name := cast("str", changes.get("name", self.name))) != self.name:
            self._rename(name)
        if (locale := cast("str", changes.get("locale", self.user.locale))) != self.user.locale:
            if self.shared:
                raise SharedAccount(at=("locale",))
            self.user.locale = locale
        self.active = cast("bool", changes.get("active", self.active))
        self.roles = cast("frozenset[RoleId]", changes.get("roles", self.roles))
        after = self._facts()
        fields = tuple(name for name, value in after.items() if before[name] != value)
        if not fields:
            return None
        told = [name for name in fields if name != "name"]
        old, new = {name: before[name] for name in told}, {name: after[name] for name in told}
        return MembershipChanged(id=self.user.id, fields=fields, old=old, new=new)

    def removed(self) -> UserRemoved:
        """Give the event of leaving the company."""
        return UserRemoved(id=self.user.id, roles=tuple(sorted(self.roles)))

    def _rename(self, name: str) -> None:
        if not name.strip():
            raise Required(at=("name",))
        if self.shared or self.known_as is not None:
            self.known_as = name
        else:
            self.user.name = name

    def _facts(self) -> dict[str, object]:
        return {"name": self.name, "locale": self.user.locale, "active": self.active, "roles": sorted(self.roles)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Belonging:
    """One company of a user's, for the user: its name and the names of the roles there."""

    company: CompanyId
    name: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """What a token or a key stands for: who acts, for which company, with which rights, under which settings.

    ``session`` is what the token belongs to, ``api_key`` or ``aws_credential`` what was shown instead. Who
    ``must_change_password`` may do nothing else before.
    """

    user: UserId
    company: CompanyId
    rights: frozenset[Right]
    locale: str
    settings: CompanySettings
    session: SessionId | None = None
    api_key: ApiKeyId | None = None
    aws_credential: AwsCredentialId | None = None
    must_change_password: bool = False
