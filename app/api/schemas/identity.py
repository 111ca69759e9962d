"""Users, roles, and the company on the wire."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import Field, SecretStr

from app.api.schemas.papers import LetterheadChange, LetterheadOut
from app.api.schemas.shared import AmountIn, Change, Flag, Id, In, Language, Number, Out, RateIn, Text, Whole
from app.domain.identity import (
    LONGEST_PASSWORD,
    Belonging,
    Company,
    CompanySettings,
    Member,
    ReadyRole,
    Role,
    SettingsVersion,
)
from app.domain.mail import Notice
from app.domain.shared.ids import CompanyId, RoleId, WarehouseId
from app.domain.shared.money import Amount, Rate, plain
from app.domain.shared.numbering import LateDate, Reset
from app.domain.shared.rights import Right
from app.domain.shared.series import SeriesKind
from app.domain.shared.totals import VatMode
from app.usecases.context import Context
from app.usecases.identity import Entered, NewUser
from app.usecases.shared import Change as Changes

ZERO: Final = Rate(Decimal(0))
NOTHING: Final = Amount(Decimal(0))
OwnCountry = Annotated[str, Field(pattern="^[A-Z]{2}$", examples=["FR"])]


class MeOut(Out):
    """Who is signed in, for which company, with which rights."""

    user: int = Field(description="Id of the user", examples=[1])
    company: int = Field(description="Id of the company", examples=[1])
    locale: str = Field(description="Language of texts for this caller", examples=["en"])
    zone: str = Field(description="Time zone of the company's legal dates", examples=["Europe/Paris"])
    currency: str = Field(description="ISO 4217 code of the company's currency", examples=["EUR"])
    rights: list[Right] = Field(description="What the caller may do")

    @classmethod
    def of(cls, context: Context) -> "MeOut":
        """Show the caller."""
        return cls(
            user=context.actor,
            company=context.company,
            locale=context.locale,
            zone=context.settings.zone_name,
            currency=context.settings.currency.code,
            rights=sorted(context.rights),
        )


class BelongingOut(Out):
    """One company that the caller may act for."""

    company: int = Field(description="Id of the company, to sign in with", examples=[1])
    name: str = Field(description="Name of the company", examples=["Acme"])
    roles: list[str] = Field(description="Names of the caller's roles there", examples=[["sales"]])


class BelongingsOut(Out):
    """The companies that the caller may act for."""

    items: list[BelongingOut] = Field(description="The companies, by id")

    @classmethod
    def of(cls, belongings: Sequence[Belonging]) -> "BelongingsOut":
        """Show companies."""
        return cls(
            items=[BelongingOut(company=one.company, name=one.name, roles=list(one.roles)) for one in belongings]
        )


# --- users ------------------------------------------------------------------------------------------------------------


class UserIn(In):
    """Somebody to add to the company: a new account, or one that exists and joins."""

    email: Text = Field(max_length=254, description="E-mail address to sign in with", examples=["bob@example.com"])
    name: Text = Field(min_length=1, max_length=200, description="What the company calls them", examples=["Bob Roy"])
    locale: Language = Field("en", description="Language of texts for them, when an account is made")
    role_ids: list[Id] = Field(default_factory=list, max_length=100, description="Ids of their roles")
    password: SecretStr | None = Field(
        None,
        max_length=LONGEST_PASSWORD,
        description="Initial password, when an account is made; left out, one is made and shown once",
    )

    def to_domain(self, password_hash: str) -> NewUser:
        """Give the user, with the hash of the initial password."""
        return NewUser(
            email=self.email,
            name=self.name,
            locale=self.locale,
            password_hash=password_hash,
            roles=tuple(map(RoleId, self.role_ids)),
        )


class UserChange(Change):
    """New values for some fields of a user."""

    name: Text = Field("", min_length=1, max_length=200, description="What the company calls them")
    locale: Language = Field("en", description="Language of texts for them; theirs alone once they are shared")
    active: Flag = Field(default=True, description="Whether they may act for this company")
    role_ids: list[Id] = Field(default_factory=list, max_length=100, description="Ids of all their roles")

    def to_domain(self, user_id: int, version: int) -> Changes:
        """Give the change to the user seen at ``version``."""
        changes = self.sent()
        if "role_ids" in changes:
            changes["roles"] = tuple(map(RoleId, changes.pop("role_ids")))
        return Changes(id=user_id, version=version, changes=changes)


class UserOut(Out):
    """A user, as the company knows them."""

    id: int = Field(description="Id", examples=[7])
    email: str = Field(description="E-mail address they sign in with", examples=["bob@example.com"])
    name: str = Field(description="What the company calls them", examples=["Bob Roy"])
    locale: str | None = Field(description="Language of texts for them; null when shared", examples=["fr"])
    active: bool = Field(description="Whether they may act for this company")
    role_ids: list[int] = Field(description="Ids of their roles here", examples=[[3]])
    shared: bool = Field(description="Whether the account belongs to other companies too")
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, member: Member) -> "UserOut":
        """Show a member."""
        return cls(**_user(member))


class NewUserOut(UserOut):
    """A user who was added, with the initial password if one was made here."""

    account_made: bool = Field(description="Whether an account was made; otherwise they sign in as before")
    password: str | None = Field(description="Initial password, shown only now; null when it was given, or not needed")

    @classmethod
    def of_entered(cls, entered: Entered, password: str | None) -> "NewUserOut":
        """Show who was added; ``password`` is the one made here."""
        shown = password if entered.made else None
        return cls(**_user(entered.member), account_made=entered.made, password=shown)


def _user(member: Member) -> dict[str, Any]:
    return {
        "id": member.id,
        "email": member.user.email,
        "name": member.name,
        "locale": None if member.shared else member.user.locale,
        "active": member.active,
        "role_ids": sorted(member.roles),
        "shared": member.shared,
        "version": member.version,
    }


# --- roles ------------------------------------------------------------------------------------------------------------


class RoleIn(In):
    """A new role."""

    name: Text = Field(min_length=1, max_length=100, description="Unique name", examples=["counter"])
    rights: list[Right] = Field(max_length=len(Right), description="What it allows", examples=[["orders.read"]])

    def to_domain(self) -> Role:
        """Give the role."""
        return Role(name=self.name, rights=frozenset(self.rights))


class RoleChange(Change):
    """New values for some fields of a role."""

    name: Text = Field("", min_length=1, max_length=100, description="Unique name", examples=["packer"])
    rights: list[Right] = Field(default_factory=list, max_length=len(Right), description="All that it allows")

    def to_domain(self, role_id: int, version: int) -> Changes:
        """Give the change to the role seen at ``version``."""
        changes = self.sent()
        if "rights" in changes:
            changes["rights"] = frozenset(self.rights)
        return Changes(id=role_id, version=version, changes=changes)


class RoleOut(Out):
    """A role."""

    id: int = Field(description="Id", examples=[3])
    name: str = Field(description="Unique name", examples=["sales"])
    rights: list[Right] = Field(description="What it allows", examples=[["orders.read"]])
    ready: ReadyRole | None = Field(description="Which of the roles every company begins with; null for others")
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, role: Role) -> "RoleOut":
        """Show a role."""
        return cls(id=role.id, name=role.name, rights=sorted(role.rights), ready=role.ready, version=role.version)


class RightOut(Out):
    """One thing that a role may allow."""

    right: Right = Field(description="The right", examples=["orders.validate"])
    description: str = Field(description="What it allows, in the caller's language", examples=["Validate orders"])


class RightsOut(Out):
    """All that roles may allow."""

    items: list[RightOut] = Field(description="The rights, by name")


# --- the company ------------------------------------------------------------------------------------------------------


class CompanyChange(Change):
    """New values for some fields of the company."""

    name: Text = Field("", min_length=1, max_length=200, description="Name")
    country: OwnCountry = Field("", description="ISO 3166-1 alpha-2 code")

    def to_domain(self, company: CompanyId, version: int) -> Changes:
        """Give the change to the company seen at ``version``."""
        return Changes(id=company, version=version, changes=self.sent())


class CompanyOut(Out):
    """The company that the caller acts for."""

    id: int = Field(description="Id", examples=[1])
    name: str = Field(description="Name", examples=["Acme"])
    country: str = Field(description="ISO 3166-1 alpha-2 code", examples=["FR"])
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, company: Company) -> "CompanyOut":
        """Show a company."""
        return cls(id=company.id, name=company.name, country=company.country, version=company.version)


class MaskChange(Change):
    """New values for how a series writes references."""

    pattern: Text = Field(
        "",
        min_length=1,
        max_length=30,
        description="Text with {yy} {yyyy} {mm} {dd} and one counter of zeros, {0000} or {0000+100}",
        examples=["FA{yy}{mm}-{0000}"],
    )
    reset: Reset = Field(Reset.NEVER, description="When the counter begins again; the pattern must name that period")


class SettingsChange(Change):
    """New values for some settings."""

    zone: Text = Field("", max_length=64, description="IANA time zone of legal dates", examples=["Europe/Paris"])
    currency: Text = Field(
        "", max_length=3, description="ISO 4217 code; fixed once there are documents or stock", examples=["EUR"]
    )
    vat_mode: VatMode = Field(VatMode.PER_RATE, description="Whether VAT is rounded per rate (EN 16931) or per line")
    masks: dict[SeriesKind, MaskChange | None] = Field(
        default_factory=dict, description="How references are written, by series; null: as in a new company"
    )
    late_date: LateDate = Field(
        LateDate.REFUSE, description="What becomes of a document dated before the last one of its series"
    )
    payment_days: Whole = Field(0, ge=0, le=3650, description="Days to pay an invoice, unless the customer has others")
    proposal_days: Whole = Field(0, ge=0, le=3650, description="Days an offer stands, unless it says otherwise")
    default_warehouse_id: Id | None = Field(None, description="Warehouse of documents that name none; null: none")
    allow_backorder: Flag = Field(default=True, description="Whether an order may be validated beyond what is in stock")
    late_fee_percent: RateIn = Field(ZERO, description="Interest on what is paid late, in per cent a year; 0: none")
    late_fee_fixed: AmountIn = Field(
        NOTHING, description="Fixed sum for an invoice paid late, in the company's currency; 0: none"
    )
    approval_above: AmountIn | None = Field(
        None, description="Gross amount in the company's currency above which orders wait for approval; null: none do"
    )
    mail_from: Text = Field(
        "",
        max_length=254,
        description="Address mail comes from; empty: the installation's",
        examples=["a@acme.example"],
    )
    mail_name: Text = Field("", max_length=100, description="Name mail comes from; empty: the company's")
    mail_reply_to: Text = Field("", max_length=254, description="Address that answers go to; empty: the sender's")
    notify: list[Notice] = Field(
        default_factory=list, max_length=len(Notice), description="Events of which the customer is told by mail unasked"
    )

    letterhead: LetterheadChange = Field(
        default_factory=LetterheadChange, description="What papers say of the company, and how they look"
    )

    def to_domain(self, company: CompanyId, version: int) -> Changes:
        """Give the change to the settings seen at ``version``."""
        changes = self.sent()
        if "letterhead" in changes:
            changes["letterhead"] = self.letterhead.to_domain()
        if "masks" in changes:
            changes["masks"] = {kind: None if mask is None else mask.sent() for kind, mask in self.masks.items()}
        if "default_warehouse_id" in changes:
            warehouse = changes.pop("default_warehouse_id")
            changes["default_warehouse"] = None if warehouse is None else WarehouseId(warehouse)
        return Changes(id=company, version=version, changes=changes)


class MaskOut(Out):
    """How a series writes references."""

    pattern: str = Field(description="Text with a counter and parts of the date", examples=["FA{yy}{mm}-{0000}"])
    reset: Reset = Field(description="When the counter begins again")


class SettingsOut(Out):
    """How the company works."""

    zone: str = Field(description="IANA time zone of legal dates", examples=["Europe/Paris"])
    currency: str = Field(description="ISO 4217 code", examples=["EUR"])
    vat_mode: VatMode = Field(description="Whether VAT is rounded per rate (EN 16931) or per line")
    masks: dict[SeriesKind, MaskOut] = Field(description="How references are written, by series")
    late_date: LateDate = Field(description="What becomes of a document dated before the last one of its series")
    payment_days: int = Field(description="Days to pay an invoice, unless the customer has others", examples=[30])
    proposal_days: int = Field(description="Days an offer stands, unless it says otherwise", examples=[30])
    default_warehouse_id: int | None = Field(description="Warehouse of documents that name none")
    allow_backorder: bool = Field(description="Whether an order may be validated beyond what is in stock")
    late_fee_percent: Number = Field(description="Interest on what is paid late, in per cent a year", examples=["8"])
    late_fee_fixed: Number = Field(
        description="Fixed sum for an invoice paid late, in the company's currency", examples=["40"]
    )
    approval_above: Number | None = Field(
        description="Gross amount, in the company's currency, above which orders wait for approval; null: none do",
        examples=["10000"],
    )
    mail_from: str = Field(
        description="Address mail comes from; empty: the installation's", examples=["a@acme.example"]
    )
    mail_name: str = Field(description="Name mail comes from; empty: the company's")
    mail_reply_to: str = Field(description="Address that answers go to; empty: the sender's")
    notify: list[Notice] = Field(description="Events of which the customer is told by mail unasked")
    letterhead: LetterheadOut = Field(description="What papers say of the company, and how they look")
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, company: Company) -> "SettingsOut":
        """Show the settings of a company."""
        return cls(**_settings(company.settings))


class SettingsVersionOut(SettingsOut):
    """How the company worked from some instant on."""

    at: datetime = Field(description="Since when, RFC 3339 in UTC", examples=["2026-11-21T09:30:00Z"])
    actor_id: int = Field(description="User who made it so; 0: the command line", examples=[7])

    @classmethod
    def of_version(cls, kept: SettingsVersion) -> "SettingsVersionOut":
        """Show one version."""
        return cls(**_settings(kept.settings), at=kept.at, actor_id=kept.actor)


class SettingsVersionsOut(Out):
    """The settings as they are and as they were."""

    items: list[SettingsVersionOut] = Field(description="The versions, newest first")
    next: int | None = Field(description="What to send as `after` for older ones; null when there are none")

    @classmethod
    def of_page(cls, found: Sequence[SettingsVersion], limit: int) -> "SettingsVersionsOut":
        """Show at most ``limit`` of the versions found."""
        items = [SettingsVersionOut.of_version(one) for one in found[:limit]]
        return cls(items=items, next=items[-1].version if len(found) > limit else None)


def _settings(settings: CompanySettings) -> dict[str, Any]:
    return {
        "zone": settings.zone_name,
        "currency": settings.currency.code,
        "vat_mode": settings.vat_mode,
        "masks": {kind: MaskOut(pattern=mask.pattern, reset=mask.reset) for kind, mask in settings.masks.items()},
        "late_date": settings.late_date,
        "payment_days": settings.payment_days,
        "proposal_days": settings.proposal_days,
        "default_warehouse_id": settings.default_warehouse,
        "allow_backorder": settings.allow_backorder,
        "late_fee_percent": plain(settings.late_fee_percent),
        "late_fee_fixed": plain(settings.late_fee_fixed),
        "approval_above": None if settings.approval_above is None else plain(settings.approval_above),
        "mail_from": settings.mail_from,
        "mail_name": settings.mail_name,
        "mail_reply_to": settings.mail_reply_to,
        "notify": sorted(settings.notify),
        "letterhead": LetterheadOut.of(settings.letterhead),
        "version": settings.version,
    }
