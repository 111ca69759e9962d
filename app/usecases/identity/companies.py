"""What is done with companies and their settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import ClassVar, Final

from app.domain.banking import AccountArchived
from app.domain.identity import (
    BadEmail,
    Company,
    CompanySettings,
    CurrencyInUse,
    Letterhead,
    ReadyRole,
    RefsCollide,
    SettingsVersion,
    User,
    email_address,
    ready_roles,
)
from app.domain.parties import BadTaxId, tax_id
from app.domain.shared.errors import DomainError, NotFound, UnknownReference
from app.domain.shared.ids import WarehouseId
from app.domain.shared.numbering import Mask
from app.domain.shared.rights import Right
from app.domain.shared.series import OF_INVOICES, SeriesKind
from app.usecases.context import Context
from app.usecases.ports.shared import Clock, Work
from app.usecases.shared import Change

ADMINISTRATOR: Final = ReadyRole.ADMINISTRATOR.value


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCompany:
    """A company as set up, with the person who administers it; the password is checked and hashed by then."""

    name: str
    country: str
    settings: CompanySettings
    admin: User


@dataclass(frozen=True, slots=True)
class SetUpCompany:
    """Enter a company with the ready roles and an administrator; an account that exists joins it.

    Not reachable over HTTP: who may run the command line owns the database anyway.
    """

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: NewCompany) -> Company:
        """Give the company with its id."""
        company = Company(name=request.name, country=request.country, settings=request.settings)
        work.companies.add(company)
        roles = ready_roles()
        for role in roles:
            work.roles.add(company.id, role)
        user = work.users.by_email(request.admin.email)
        if user is None:
            user = request.admin
            work.users.add(user)
        work.users.join(user.id, company.id, [roles[0].id])
        return company


@dataclass(frozen=True, slots=True)
class ListCompanies:
    """Give every company of the installation, for the command line."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: None) -> Sequence[Company]:
        """Give the companies by id."""
        return work.companies.all()


@dataclass(frozen=True, slots=True)
class ReadCompany:
    """Show the company the caller acts for, or its settings."""

    right: ClassVar[Right] = Right.SETTINGS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: None) -> Company:
        """Give the company."""
        return work.companies.get(context.company)


@dataclass(frozen=True, slots=True)
class ChangeCompany:
    """Change name or country of the company the caller acts for. Raises Stale, Required."""

    right: ClassVar[Right] = Right.SETTINGS_WRITE
    writes: ClassVar[bool] = True
    fresh: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Change) -> Company:
        """Give the company as it is now."""
        company = work.companies.get(context.company)
        request.matches(company.version)
        changed = company.change(request.changes)
        if changed is not None:
            work.companies.save(company)
            work.outbox.add(changed)
        return company


@dataclass(frozen=True, slots=True)
class ChangeSettings:
    """Change the settings sent of the company the caller acts for.

    They are in force everywhere within half a minute; documents made before keep what they froze. Raises Stale,
    UnknownZone, UnknownCurrency, CurrencyInUse once there are documents or stock, BadMask, RefsCollide for a mask that
    would write references anew, UnknownReference and WarehouseArchived for the default warehouse; for the letterhead
    BadColour, BadTaxId, BadEmail, UnknownReference and AccountArchived.
    """

    clock: Clock
    right: ClassVar[Right] = Right.SETTINGS_WRITE
    writes: ClassVar[bool] = True
    fresh: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Change) -> Company:
        """Give the company with its settings as they are now."""
        work.companies.lock(context.company)
        company = work.companies.get(context.company)
        request.matches(company.settings.version)
        before, after = company.settings, company.settings.changed(request.changes)
        after = replace(after, letterhead=_sound(work, company, after.letterhead))
        if after.default_warehouse is not None and after.default_warehouse != before.default_warehouse:
            self._serves(work, after.default_warehouse)
        if after.currency != before.currency and work.companies.counts_money(company.id):
            raise CurrencyInUse(at=("currency",), currency=before.currency.code)
        self._check_masks(work, company, after)
        adopt(work, company, after)
        return company

    def _check_masks(self, work: Work, company: Company, after: CompanySettings) -> None:
        """Pass only new masks that write no reference twice. Raises RefsCollide."""
        for kind, mask in after.masks.items():
            if mask != company.settings.masks[kind]:
                self._differs(company, after, kind)
                self._writes_anew(work, company, kind, mask)

    def _serves(self, work: Work, warehouse_id: WarehouseId) -> None:
        at = "default_warehouse_id"
        try:
            work.warehouses.get(warehouse_id).serves()
        except NotFound as error:
            raise UnknownReference(at=(at,), kind="warehouse", value=warehouse_id) from error
        except DomainError as error:
            error.at = (at,)
            raise

    def _differs(self, company: Company, after: CompanySettings, kind: SeriesKind) -> None:
        """Pass only a mask of invoices that writes no reference of another one's. Raises RefsCollide."""
        today = self.clock.today(company.settings.zone)
        for other in OF_INVOICES if kind in OF_INVOICES else ():
            ref = after.masks[other].format(today, 1)
            if other is not kind and after.masks[kind].read(ref) is not None:
                raise RefsCollide(at=("masks", kind.value, "pattern"), ref=ref)

    def _writes_anew(self, work: Work, company: Company, kind: SeriesKind, mask: Mask) -> None:
        """Pass only a mask whose references to come are all new. Raises RefsCollide naming one that is not.

        Besides the references there are, it minds the next one under the old mask: until all processes know of the new
        mask, somebody may take it.
        """
        following = work.companies.next_numbers(company.id, kind)
        old, today = company.settings.masks[kind], self.clock.today(company.settings.zone)
        soon = [old.format(today, following[old.period(today)])] if old.period(today) in following else []
        for ref in chain(soon, work.companies.refs(company.id, kind, mask.prefix)):
            found = mask.read(ref)
            if found is not None and found[1] >= following.get(found[0], 1):
                raise RefsCollide(at=("masks", kind.value, "pattern"), ref=ref)


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionsQuery:
    """Which versions of the settings: at most ``limit`` of them, those before ``before``, the newest when None."""

    before: int | None
    limit: int


@dataclass(frozen=True, slots=True)
class ListSettingsVersions:
    """List the settings as they are and as they were, newest first."""

    right: ClassVar[Right] = Right.SETTINGS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: VersionsQuery) -> Sequence[SettingsVersion]:
        """Give one version more than asked for, when there is one."""
        return work.companies.settings_versions(context.company, before=request.before, limit=request.limit + 1)


def _sound(work: Work, company: Company, after: Letterhead) -> Letterhead:
    """Give a letterhead with its changed parts checked and in their one form. Raises as ``ChangeSettings`` says."""
    before, at = company.settings.letterhead, "letterhead"
    try:
        if after.vat_number and after.vat_number != before.vat_number:
            after = replace(after, vat_number=tax_id(company.country, after.vat_number))
        if after.email and after.email != before.email:
            after = replace(after, email=email_address(after.email))
        if after.bank_account is not None and after.bank_account != before.bank_account:
            work.bank_accounts.get(after.bank_account).usable()
    except NotFound as error:
        raise UnknownReference(at=(at, "bank_account_id"), kind="bank account", value=after.bank_account) from error
    except BadTaxId as error:
        error.at = (at, "vat_number")
        raise
    except BadEmail as error:
        error.at = (at, "email")
        raise
    except AccountArchived as error:
        error.at = (at, "bank_account_id")
        raise
    return after


def adopt(work: Work, company: Company, settings: CompanySettings) -> None:
    """Let ``company`` work by ``settings`` from now on, keep what was, and tell. Raises Stale."""
    changed = company.adopt(settings)
    if changed is not None:
        work.companies.save_settings(company.id, company.settings)
        work.outbox.add(changed)
