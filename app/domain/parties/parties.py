"""Third parties: customers, suppliers, or both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar

from app.domain.parties.tax_ids import tax_id
from app.domain.privacy import Anonymised
from app.domain.shared.errors import Conflict, Invalid, Required
from app.domain.shared.events import Event
from app.domain.shared.ids import PartyId, PaymentTermsId, UserId
from app.domain.shared.money import Amount


class NoPartyRole(Invalid):
    """A third party is a customer, a supplier, or both."""

    code = "parties.no_role"


class CodeWithoutRole(Invalid):
    """A code was given for a role the third party does not have."""

    code = "parties.code_without_role"


class NotACustomer(Invalid):
    """The third party is not a customer."""

    code = "parties.not_a_customer"


class PartyArchived(Conflict):
    """The third party is archived and takes no new documents."""

    code = "parties.archived"


class PartyGone(Conflict):
    """The third party was merged into another, which stands in its place."""

    code = "parties.gone"


class MergedWithItself(Invalid):
    """A third party is not merged into itself."""

    code = "parties.merged_with_itself"


class NegativeLimit(Invalid):
    """A credit limit is not below zero."""

    code = "parties.negative_limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A postal address; ``country`` is an ISO 3166-1 alpha-2 code or empty."""

    street: str = ""
    postal_code: str = ""
    city: str = ""
    region: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """To whom a document is addressed: by which name, under which VAT number, and where."""

    name: str
    tax_id: str | None
    address: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyCreated(Event):
    """A third party was entered."""

    name: ClassVar[str] = "parties.party_created"
    aggregate: ClassVar[str] = "third_party"
    id: PartyId
    customer_code: str | None
    supplier_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyChanged(Event):
    """Some fields of a third party were changed."""

    name: ClassVar[str] = "parties.party_changed"
    aggregate: ClassVar[str] = "third_party"
    id: PartyId
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyAnonymised(Event):
    """A third party was emptied of personal data; what it held is told to nobody."""

    name: ClassVar[str] = "parties.party_anonymised"
    silent: ClassVar[bool] = True
    aggregate: ClassVar[str] = "third_party"
    id: PartyId


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyMerged(Event):
    """A third party was merged into another: whatever named it, names that one from now on."""

    name: ClassVar[str] = "parties.party_merged"
    aggregate: ClassVar[str] = "third_party"
    id: PartyId
    into: PartyId


@dataclass(slots=True, kw_only=True)
class Party:
    """Somebody we sell to or buy from. ``payment_days`` of None means the company's default.

    ``locale`` is the language its papers and messages are written in, None when it is not known.

    ``own_prices`` tells whether prices were agreed with it; it is never stored.

    ``payment_terms_id`` goes before ``payment_days``. ``credit_limit`` is in the company's currency, None for no limit.
    ``representatives`` are users of the company, the first one is who new documents name. ``merged_into_id`` is the
    third party that stands in its place. Once that or ``anonymised_at`` is set nothing of it changes any more.
    """

    id: PartyId = PartyId(0)
    name: str
    customer: bool = False
    supplier: bool = False
    customer_code: str | None = None
    supplier_code: str | None = None
    email: str | None = None
    phone: str | None = None
    tax_id: str | None = None
    locale: str | None = None
    address: Address = field(default_factory=Address)
    payment_days: int | None = None
    price_list_id: int | None = None
    payment_terms_id: PaymentTermsId | None = None
    credit_limit: Amount | None = None
    representatives: tuple[UserId, ...] = ()
    archived: bool = False
    merged_into_id: PartyId | None = None
    anonymised_at: datetime | None = None
    custom: Mapping[str, object] = field(default_factory=dict)
    own_prices: bool = False
    version: int = 0

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Pass only a sound third party. Raises Required, NoPartyRole, CodeWithoutRole, NegativeLimit."""
        if not self.name.strip():
            raise Required(at=("name",))
        if not (self.customer or self.supplier):
            raise NoPartyRole(at=("customer",))
        _check_code("customer", self.customer_code, held=self.customer)
        _check_code("supplier", self.supplier_code, held=self.supplier)
        if self.credit_limit is not None and self.credit_limit < 0:
            raise NegativeLimit(at=("credit_limit",))

    @property
    def representative_id(self) -> UserId | None:
        """Who new documents name, if anybody."""
        return self.representatives[0] if self.representatives else None

    @property
    def has_prices(self) -> bool:
        """Whether it may pay other prices than everybody: those agreed with it, or those of a price list."""
        return self.own_prices or self.price_list_id is not None

    def settle_tax_id(self) -> None:
        """Bring a tax number that was entered into its compact form. Raises BadTaxId; stored ones are left alone."""
        if self.tax_id is not None:
            self.tax_id = tax_id(self.address.country, self.tax_id)

    def created(self) -> PartyCreated:
        """Give the event of its entry, once it has an id."""
        return PartyCreated(id=self.id, customer_code=self.customer_code, supplier_code=self.supplier_code)

    def change(self, changes: Mapping[str, object]) -> PartyChanged | None:
        """Set the named fields; None when nothing differs. Raises as ``check`` does; the party is then of no use.

        Raises Anonymised for one that was emptied, PartyGone for one that was merged, BadTaxId for a tax number that
        is new, or is to be of another country.

        An address may be given whole, or as a mapping of those of its fields that change.
        """
        self.known()
        self.stands()
        before = (self.tax_id, self.address.country)
        if isinstance(address := changes.get("address"), Mapping):
            changes = {**changes, "address": replace(self.address, **address)}
        old = {name: getattr(self, name) for name in changes}
        for name, value in changes.items():
            setattr(self, name, value)
        self.check()
        if before != (self.tax_id, self.address.country):
            self.settle_tax_id()
        changed = tuple(name for name, value in old.items() if getattr(self, name) != value)
        return PartyChanged(id=self.id, fields=changed) if changed else None

    def anonymise(self, at: datetime) -> PartyAnonymised:
        """Empty it of all that tells who it is, for ever, and archive it; the country stays, for sums by country.

        Raises Anonymised.
        """
        self.known()
        self.name = f"Anonymised {self.id}"
        self.customer_code = f"ANON-{self.id}" if self.customer else None
        self.supplier_code = f"ANON-{self.id}" if self.supplier else None
        self.email = self.phone = self.tax_id = self.locale = None
        self.custom, self.representatives = {}, ()
        self.address = Address(country=self.address.country)
        self.archived, self.anonymised_at = True, at
        return PartyAnonymised(id=self.id)

    def known(self) -> None:
        """Pass only one that was not anonymised. Raises Anonymised."""
        if self.anonymised_at is not None:
            raise Anonymised(party=self.id)

    def stands(self) -> None:
        """Pass only one that was not merged into another. Raises PartyGone."""
        if self.merged_into_id is not None:
            raise PartyGone(party=self.id, into=self.merged_into_id)

    def merge(self, other: Party) -> PartyMerged:
        """Take the place of ``other``: its roles, representatives, and what is empty here; archive it.

        Raises MergedWithItself, Anonymised, PartyGone, PartyArchived.
        """
        if other.id == self.id:
            raise MergedWithItself(at=("into",), party=self.id)
        for one in (other, self):
            one.known()
            one.stands()
        if self.archived:
            raise PartyArchived(at=("into",), party=self.id)
        for role in ("customer", "supplier"):
            if getattr(other, role) and not getattr(self, role):
                setattr(self, role, True)
        taken = ["email", "phone", "tax_id", "locale", "price_list_id", "credit_limit"]
        if self.payment_terms_id is None and self.payment_days is None:  # terms would go before its own days
            taken += ["payment_terms_id", "payment_days"]
        for name in taken:
            if getattr(self, name) is None:
                setattr(self, name, getattr(other, name))
        if self.address == Address():
            self.address = other.address
        known = set(self.representatives)
        self.representatives += tuple(one for one in other.representatives if one not in known)
        other.archived, other.merged_into_id = True, self.id
        return PartyMerged(id=other.id, into=self.id)

    def buys(self) -> None:
        """Pass only a customer who takes new documents. Raises NotACustomer, PartyArchived."""
        if not self.customer:
            raise NotACustomer(at=("party_id",), party=self.id)
        if self.archived:
            raise PartyArchived(at=("party_id",), party=self.id)


def _check_code(role: str, code: str | None, *, held: bool) -> None:
    if code is not None and not held:
        raise CodeWithoutRole(at=(f"{role}_code",), role=role)
