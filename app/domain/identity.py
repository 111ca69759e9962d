"""Companies and their settings, users, roles, and who belongs where."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.domain.shared.errors import Conflict, Invalid, Unauthenticated
from app.domain.shared.ids import CompanyId, RoleId, UserId, WarehouseId
from app.domain.shared.money import Currency, currency
from app.domain.shared.numbering import LateDate, Mask
from app.domain.shared.rights import Right
from app.domain.shared.series import DEFAULT_MASKS, SeriesKind
from app.domain.shared.totals import VatMode

SHORTEST_PASSWORD: Final = 12
LONGEST_PASSWORD: Final = 1024
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}")


class UnknownZone(Invalid):
    """The time zone is not in the IANA database."""

    code = "identity.unknown_zone"


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


class NotEmpty(Conflict):
    """The database already holds companies."""

    code = "identity.not_empty"


def zone(name: str) -> tzinfo:
    """Give the time zone of an IANA name. Raises UnknownZone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownZone(zone=name) from error


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


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanySettings:
    """How one company works. Typed and versioned; what matters is frozen into documents when they are made.

    ``payment_days`` is the default time to pay an invoice, in days after its date.
    """

    zone_name: str = "UTC"
    currency: Currency = field(default_factory=lambda: currency("EUR"))
    vat_mode: VatMode = VatMode.PER_RATE
    masks: Mapping[SeriesKind, Mask] = field(default_factory=lambda: DEFAULT_MASKS)
    late_date: LateDate = LateDate.REFUSE
    payment_days: int = 30
    default_warehouse: WarehouseId | None = None
    version: int = 0
    zone: tzinfo = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "zone", zone(self.zone_name))


@dataclass(slots=True, kw_only=True)
class Company:
    """A legal entity that keeps its books here."""

    id: CompanyId = CompanyId(0)
    name: str
    country: str
    settings: CompanySettings
    version: int = 0


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


@dataclass(slots=True, kw_only=True)
class Role:
    """A named set of rights within one company; ``version`` grows whenever the rights change."""

    id: RoleId = RoleId(0)
    name: str
    rights: frozenset[Right]
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A user's roles in one company."""

    user: UserId
    company: CompanyId
    roles: frozenset[RoleId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """What a token stands for: who acts, for which company, with which rights, under which settings."""

    user: UserId
    company: CompanyId
    rights: frozenset[Right]
    locale: str
    settings: CompanySettings
