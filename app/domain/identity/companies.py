"""Companies, and the settings that say how one works."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.domain.identity.letterheads import PLAIN, Letterhead
from app.domain.mail import Notice, mail_address
from app.domain.shared.errors import Conflict, Invalid, Required
from app.domain.shared.events import Event
from app.domain.shared.ids import CompanyId, UserId, WarehouseId
from app.domain.shared.money import Amount, Currency, Rate, currency, plain
from app.domain.shared.numbering import LateDate, Mask, Reset
from app.domain.shared.objects import ObjectKind
from app.domain.shared.series import DEFAULT_MASKS, SeriesKind
from app.domain.shared.totals import VatMode


class UnknownZone(Invalid):
    """The time zone is not in the IANA database."""

    code = "identity.unknown_zone"


class NotEmpty(Conflict):
    """The database already holds companies."""

    code = "identity.not_empty"


class CurrencyInUse(Conflict):
    """The company has documents or stock counted in its currency, which therefore stays."""

    code = "identity.currency_in_use"


class BadLateFee(Invalid):
    """A late fee is at least zero, its interest at most 100 per cent a year."""

    code = "identity.bad_late_fee"


class RefsCollide(Conflict):
    """Numbers to come would get references that documents have already."""

    code = "identity.refs_collide"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsChanged(Event):
    """Settings of a company were changed: ``old`` and ``new`` hold the values of ``fields``."""

    name: ClassVar[str] = "identity.settings_changed"
    aggregate: ClassVar[str] = "company"
    id: CompanyId
    version: int
    fields: tuple[str, ...]
    old: dict[str, object]
    new: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyChanged(Event):
    """Name or country of a company were changed: ``old`` and ``new`` hold the values of ``fields``."""

    name: ClassVar[str] = "identity.company_changed"
    aggregate: ClassVar[str] = "company"
    id: CompanyId
    fields: tuple[str, ...]
    old: dict[str, object]
    new: dict[str, object]


def zone(name: str) -> tzinfo:
    """Give the time zone of an IANA name. Raises UnknownZone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownZone(zone=name) from error


@contextmanager
def _within(*path: str) -> Iterator[None]:
    try:
        yield
    except Invalid as error:
        raise error.within(*path) from None


def _addresses(values: Mapping[str, Any]) -> dict[str, str]:
    """Give the addresses among ``values`` as they are written; an empty one stays out. Raises BadMailAddress."""
    written = {}
    for name in ("mail_from", "mail_reply_to"):
        if values.get(name):
            with _within(name):
                written[name] = str(mail_address(values[name]))
    return written


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanySettings:
    """How one company works. Typed and versioned; what matters is frozen into documents when they are made.

    ``payment_days`` is the default time to pay an invoice, ``proposal_days`` how long an offer stands, each in days
    after its date. ``allow_backorder`` lets orders be validated of which not all is in stock. A late payer owes
    interest of ``late_fee_percent`` a year and ``late_fee_fixed`` in the company's currency; zero for none.
    Mail comes from ``mail_from`` under ``mail_name``, answers go to ``mail_reply_to``; empty, the installation's own
    address, the company's name, the sender. ``notify`` are the events of which the customer is told by mail unasked.
    Orders of more than ``approval_above`` gross, in the company's currency, wait for approval; None: no order does.
    ``demanding`` is not stored, it follows from the custom fields: kinds of objects with a field that a new one must
    fill in or gets filled in.
    """

    zone_name: str = "UTC"
    currency: Currency = field(default_factory=lambda: currency("EUR"))
    vat_mode: VatMode = VatMode.PER_RATE
    masks: Mapping[SeriesKind, Mask] = field(default_factory=lambda: DEFAULT_MASKS)
    late_date: LateDate = LateDate.REFUSE
    payment_days: int = 30
    proposal_days: int = 30
    default_warehouse: WarehouseId | None = None
    allow_backorder: bool = True
    late_fee_percent: Rate = Rate(Decimal(0))
    late_fee_fixed: Amount = Amount(Decimal(0))
    mail_from: str = ""
    mail_name: str = ""
    mail_reply_to: str = ""
    notify: frozenset[Notice] = frozenset()
    approval_above: Amount | None = None
    letterhead: Letterhead = PLAIN
    version: int = 0
    demanding: frozenset[ObjectKind] = field(default=frozenset(), compare=False)
    zone: tzinfo = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "zone", zone(self.zone_name))

    def changed(self, changes: Mapping[str, Any]) -> CompanySettings:
        """Give these settings with the named fields changed, the version as it was.

        ``zone`` and ``currency`` are given by name and code, ``masks`` as a mapping of series to the parts that change,
        None for the mask a new company has, ``letterhead`` as a mapping of its fields. Raises UnknownZone,
        UnknownCurrency, BadMask, BadColour, BadMailAddress with ``at``.
        """
        values = {name: changes[name] for name in _PLAIN if name in changes}
        for name, most in (("late_fee_percent", 100), ("late_fee_fixed", None)):
            if name in values and (values[name] < 0 or (most is not None and values[name] > most)):
                raise BadLateFee(at=(name,), value=values[name])
        values |= _addresses(values)
        if "notify" in values:
            values["notify"] = frozenset(values["notify"])
        if "zone" in changes:
            with _within("zone"):
                zone(changes["zone"])
            values["zone_name"] = changes["zone"]
        if "currency" in changes:
            with _within("currency"):
                values["currency"] = currency(changes["currency"])
        if "masks" in changes:
            values["masks"] = {
                **self.masks,
                **{kind: self._mask(kind, part) for kind, part in changes["masks"].items()},
            }
        if "letterhead" in changes:
            with _within("letterhead"):
                values["letterhead"] = self.letterhead.changed(changes["letterhead"])
        return replace(self, **values)

    def _mask(self, kind: SeriesKind, part: Mapping[str, Any] | None) -> Mask:
        if part is None:
            return DEFAULT_MASKS[kind]
        now = self.masks[kind]
        with _within("masks", kind.value, "pattern"):
            return Mask(part.get("pattern", now.pattern), part.get("reset", now.reset))

    def facts(self) -> dict[str, object]:
        """Give the settings as plain values by field, the form in which they are stored and told."""
        return {
            "zone": self.zone_name,
            "currency": self.currency.code,
            "vat_mode": self.vat_mode.value,
            "masks": {kind.value: [mask.pattern, mask.reset.value] for kind, mask in self.masks.items()},
            "late_date": self.late_date.value,
            "payment_days": self.payment_days,
            "proposal_days": self.proposal_days,
            "default_warehouse": self.default_warehouse,
            "allow_backorder": self.allow_backorder,
            "late_fee_percent": plain(self.late_fee_percent),
            "late_fee_fixed": plain(self.late_fee_fixed),
            "mail_from": self.mail_from,
            "mail_name": self.mail_name,
            "mail_reply_to": self.mail_reply_to,
            "notify": sorted(notice.value for notice in self.notify),
            "approval_above": None if self.approval_above is None else plain(self.approval_above),
            "letterhead": self.letterhead.facts(),
        }

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any], version: int) -> CompanySettings:
        """Give the settings that ``facts`` tell; a series they do not know has the mask of a new company."""
        warehouse = facts["default_warehouse"]
        told = {SeriesKind(kind): _mask(pattern, Reset(reset)) for kind, (pattern, reset) in facts["masks"].items()}
        return cls(
            zone_name=facts["zone"],
            currency=currency(facts["currency"]),
            vat_mode=VatMode(facts["vat_mode"]),
            masks={**DEFAULT_MASKS, **told},
            late_date=LateDate(facts["late_date"]),
            payment_days=facts["payment_days"],
            proposal_days=facts.get("proposal_days", 30),  # kept before there were proposals
            default_warehouse=None if warehouse is None else WarehouseId(warehouse),
            allow_backorder=facts.get("allow_backorder", True),  # settings stored before there was a choice
            late_fee_percent=Rate(Decimal(facts.get("late_fee_percent", "0"))),
            late_fee_fixed=Amount(Decimal(facts.get("late_fee_fixed", "0"))),
            mail_from=facts.get("mail_from", ""),  # kept before there was mail, as are the next three
            mail_name=facts.get("mail_name", ""),
            mail_reply_to=facts.get("mail_reply_to", ""),
            notify=frozenset(map(Notice, facts.get("notify", ()))),
            approval_above=_amount(facts.get("approval_above")),
            letterhead=Letterhead.of_facts(facts.get("letterhead", {})),
            version=version,
        )


# What is taken as it comes.
_PLAIN: Final = (
    "vat_mode",
    "late_date",
    "payment_days",
    "proposal_days",
    "default_warehouse",
    "allow_backorder",
    "late_fee_percent",
    "late_fee_fixed",
    "mail_from",
    "mail_name",
    "mail_reply_to",
    "notify",
    "approval_above",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsVersion:
    """Settings as they were from ``at`` on, and who made them so; the actor 0 is the command line."""

    settings: CompanySettings
    at: datetime
    actor: UserId


@dataclass(slots=True, kw_only=True)
class Company:
    """A legal entity that keeps its books here."""

    id: CompanyId = CompanyId(0)
    name: str
    country: str
    settings: CompanySettings
    version: int = 0

    def change(self, changes: Mapping[str, object]) -> CompanyChanged | None:
        """Set the named fields, ``name`` or ``country``; None when nothing differs. Raises Required."""
        old = {name: getattr(self, name) for name, value in changes.items() if getattr(self, name) != value}
        for name in old:
            setattr(self, name, changes[name])
        if not self.name.strip():
            raise Required(at=("name",))
        new = {name: changes[name] for name in old}
        return CompanyChanged(id=self.id, fields=tuple(old), old=old, new=new) if old else None

    def adopt(self, settings: CompanySettings) -> SettingsChanged | None:
        """Work by ``settings`` from now on, under the next version; None when nothing differs."""
        before, after = self.settings.facts(), settings.facts()
        fields = tuple(name for name, value in after.items() if before[name] != value)
        if not fields:
            return None
        self.settings = replace(settings, version=self.settings.version + 1)
        return SettingsChanged(
            id=self.id,
            version=self.settings.version,
            fields=fields,
            old={name: before[name] for name in fields},
            new={name: after[name] for name in fields},
        )


def _amount(told: str | None) -> Amount | None:
    return None if told is None else Amount(Decimal(told))


@lru_cache(1024)
def _mask(pattern: str, reset: Reset) -> Mask:
    """Give the mask, the same one for all companies that number alike: settings are read with every request."""
    return Mask(pattern, reset)
