"""What belongs to a third party: people to talk to, addresses, bank accounts.

Their events are the third party's and name them by id alone: all of it is personal data, which no journal keeps.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import ClassVar, Final

from schwifty import BIC, IBAN
from schwifty.exceptions import SchwiftyException
from schwifty.registry import get_iban_spec

from app.domain.parties.parties import Address
from app.domain.shared.dates import Day
from app.domain.shared.errors import Conflict, Invalid, Required
from app.domain.shared.events import Event
from app.domain.shared.ids import AddressId, ContactId, PartyAccountId, PartyId

MOST: Final = 200
"""So many of a kind may belong to one third party."""
_MANDATE: Final = re.compile(r"[A-Za-z0-9+?/\-:().,' ]{1,35}")


class TooManyBelongings(Conflict):
    """The third party has as many of them as it may."""

    code = "parties.too_many"


class BadIban(Invalid):
    """The number of the bank account is no IBAN."""

    code = "parties.bad_iban"


class BadBic(Invalid):
    """The code of the bank is no BIC."""

    code = "parties.bad_bic"


class BadMandate(Invalid):
    """A direct debit mandate has both a reference and the day it was signed."""

    code = "parties.bad_mandate"


class ContactRole(StrEnum):
    """What a contact is written to about."""

    SALES = "sales"
    PROPOSALS = "proposals"
    ORDERS = "orders"
    SHIPPING = "shipping"
    BILLING = "billing"
    PURCHASING = "purchasing"


class AddressKind(StrEnum):
    """What an address is for."""

    BILLING = "billing"
    SHIPPING = "shipping"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class BelongingEvent(Event):
    """What all events of belongings share; the aggregate is the third party."""

    aggregate: ClassVar[str] = "third_party"
    id: PartyId


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactAdded(BelongingEvent):
    """A contact was entered."""

    name: ClassVar[str] = "parties.contact_added"
    contact: ContactId


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactChanged(BelongingEvent):
    """A contact was changed."""

    name: ClassVar[str] = "parties.contact_changed"
    contact: ContactId


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRemoved(BelongingEvent):
    """A contact was removed."""

    name: ClassVar[str] = "parties.contact_removed"
    contact: ContactId


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressAdded(BelongingEvent):
    """An address was entered."""

    name: ClassVar[str] = "parties.address_added"
    address: AddressId


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressChanged(BelongingEvent):
    """An address was changed."""

    name: ClassVar[str] = "parties.address_changed"
    address: AddressId


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRemoved(BelongingEvent):
    """An address was removed."""

    name: ClassVar[str] = "parties.address_removed"
    address: AddressId


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccountAdded(BelongingEvent):
    """A bank account was entered."""

    name: ClassVar[str] = "parties.bank_account_added"
    account: PartyAccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccountChanged(BelongingEvent):
    """A bank account was changed."""

    name: ClassVar[str] = "parties.bank_account_changed"
    account: PartyAccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccountRemoved(BelongingEvent):
    """A bank account was removed."""

    name: ClassVar[str] = "parties.bank_account_removed"
    account: PartyAccountId


@dataclass(slots=True, kw_only=True)
class Belonging:
    """One thing that belongs to a third party."""

    party_id: PartyId = PartyId(0)
    version: int = 0

    def change(self, changes: Mapping[str, object]) -> bool:
        """Set the named fields; say whether anything differs once ``check`` has settled them. Raises as it does."""
        before = replace(self)
        for name, value in changes.items():
            setattr(self, name, value)
        self.check()
        return self != before

    def check(self) -> None:
        """Pass only what is sound, and bring it into the form that is stored."""
        raise NotImplementedError


@dataclass(slots=True, kw_only=True)
class Contact(Belonging):
    """Somebody to talk to; ``roles`` say about what."""

    id: ContactId = ContactId(0)
    name: str
    job: str = ""
    email: str | None = None
    phone: str | None = None
    active: bool = True
    roles: tuple[ContactRole, ...] = ()

    def check(self) -> None:
        """Pass only a contact with a name. Raises Required."""
        if not self.name.strip():
            raise Required(at=("name",))
        self.roles = tuple(sorted(set(self.roles), key=list(ContactRole).index))

    def added(self) -> ContactAdded:
        """Give the event of its entry."""
        return ContactAdded(id=self.party_id, contact=self.id)

    def changed(self) -> ContactChanged:
        """Give the event of a change."""
        return ContactChanged(id=self.party_id, contact=self.id)

    def removed(self) -> ContactRemoved:
        """Give the event of its end."""
        return ContactRemoved(id=self.party_id, contact=self.id)


@dataclass(slots=True, kw_only=True)
class PartyAddress(Belonging):
    """One more address of a third party; the ``preferred`` one of its kind comes first."""

    id: AddressId = AddressId(0)
    label: str
    kind: AddressKind
    preferred: bool = False
    address: Address = field(default_factory=Address)

    def check(self) -> None:
        """Pass only an address with a label. Raises Required."""
        if not self.label.strip():
            raise Required(at=("label",))

    def change(self, changes: Mapping[str, object]) -> bool:
        """Set the named fields; an address may be given whole, or as a mapping of those of its fields that change."""
        if isinstance(parts := changes.get("address"), Mapping):
            changes = {**changes, "address": replace(self.address, **parts)}
        return Belonging.change(self, changes)

    def added(self) -> AddressAdded:
        """Give the event of its entry."""
        return AddressAdded(id=self.party_id, address=self.id)

    def changed(self) -> AddressChanged:
        """Give the event of a change."""
        return AddressChanged(id=self.party_id, address=self.id)

    def removed(self) -> AddressRemoved:
        """Give the event of its end."""
        return AddressRemoved(id=self.party_id, address=self.id)


@dataclass(slots=True, kw_only=True)
class PartyAccount(Belonging):
    """A bank account of a third party, by IBAN; with a mandate we may collect from it by SEPA direct debit."""

    id: PartyAccountId = PartyAccountId(0)
    holder: str
    iban: str = field(repr=False)
    bic: str | None = None
    preferred: bool = False
    mandate_ref: str | None = field(default=None, repr=False)
    mandate_date: Day | None = None

    def check(self) -> None:
        """Pass only a sound account, and derive the BIC where the bank is known.

        Raises Required, BadIban, BadBic, BadMandate with ``at``; none of them repeats the number.
        """
        if not self.holder.strip():
            raise Required(at=("holder",))
        found = iban(self.iban)
        self.iban = str(found.compact)
        self.bic = _bic(self.bic, found)
        if (self.mandate_ref is None) != (self.mandate_date is None):
            raise BadMandate(at=("mandate_date" if self.mandate_date is None else "mandate_ref",))
        if self.mandate_ref is not None and not _MANDATE.fullmatch(self.mandate_ref):
            raise BadMandate(at=("mandate_ref",))

    def change(self, changes: Mapping[str, object]) -> bool:
        """Set the named fields; another IBAN without a BIC derives it anew. Raises as ``check`` does."""
        if "iban" in changes and iban(str(changes["iban"])).compact != self.iban:
            changes = {"bic": None, **changes}
        return Belonging.change(self, changes)

    def take_over(self, other: PartyAccount, *, chosen: bool) -> bool:
        """Go on for ``other``, the same account entered twice: with its mandate when there is none here.

        It is preferred like the other unless one is ``chosen`` already. Says whether anything differs.
        """
        before = replace(self)
        if self.mandate_ref is None:
            self.mandate_ref, self.mandate_date = other.mandate_ref, other.mandate_date
        self.preferred = self.preferred or (other.preferred and not chosen)
        return self != before

    def added(self) -> BankAccountAdded:
        """Give the event of its entry."""
        return BankAccountAdded(id=self.party_id, account=self.id)

    def changed(self) -> BankAccountChanged:
        """Give the event of a change."""
        return BankAccountChanged(id=self.party_id, account=self.id)

    def removed(self) -> BankAccountRemoved:
        """Give the event of its end."""
        return BankAccountRemoved(id=self.party_id, account=self.id)


def iban(value: str) -> IBAN:
    """Read an IBAN (ISO 13616) with or without blanks. Raises BadIban, which names the form of its country's."""
    try:
        return IBAN(value)
    except SchwiftyException as error:
        raise BadIban(at=("iban",), expected=_iban_form(value.strip()[:2].upper())) from error


def _iban_form(country: str) -> str:
    """Give the form of a country's IBANs as the registry of SWIFT writes it; that of any when it has none."""
    try:
        return str(get_iban_spec(country).iban_spec)
    except SchwiftyException:
        return "XX2!n30c"


def _bic(given: str | None, account: IBAN) -> str | None:
    if given is None:
        derived = account.bic
        return None if derived is None else str(derived.compact)
    try:
        found = BIC(given)
    except SchwiftyException as error:
        raise BadBic(at=("bic",), country=str(account.country_code)) from error
    return str(found.compact)
