"""Third parties: customers, suppliers, or both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar

from app.domain.privacy import Anonymised
from app.domain.shared.errors import Conflict, Invalid, Required
from app.domain.shared.events import Event
from app.domain.shared.ids import PartyId


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A postal address; ``country`` is an ISO 3166-1 alpha-2 code or empty."""

    street: str = ""
    postal_code: str = ""
    city: str = ""
    region: str = ""
    country: str = ""


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


@dataclass(slots=True, kw_only=True)
class Party:
    """Somebody we sell to or buy from. ``payment_days`` of None means the company's default.

    Once ``anonymised_at`` is set nothing of it changes any more.
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
    address: Address = field(default_factory=Address)
    payment_days: int | None = None
    archived: bool = False
    anonymised_at: datetime | None = None
    custom: Mapping[str, object] = field(default_factory=dict)
    version: int = 0

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Pass only a sound third party. Raises Required, NoPartyRole, CodeWithoutRole."""
        if not self.name.strip():
            raise Required(at=("name",))
        if not (self.customer or self.supplier):
            raise NoPartyRole(at=("customer",))
        _check_code("customer", self.customer_code, held=self.customer)
        _check_code("supplier", self.supplier_code, held=self.supplier)

    def created(self) -> PartyCreated:
        """Give the event of its entry, once it has an id."""
        return PartyCreated(id=self.id, customer_code=self.customer_code, supplier_code=self.supplier_code)

    def change(self, changes: Mapping[str, object]) -> PartyChanged | None:
        """Set the named fields; None when nothing differs. Raises as ``check`` does; the party is then of no use.

        Raises Anonymised for one that was emptied.

        An address may be given whole, or as a mapping of those of its fields that change.
        """
        self.known()
        if isinstance(address := changes.get("address"), Mapping):
            changes = {**changes, "address": replace(self.address, **address)}
        changed = tuple(name for name, value in changes.items() if getattr(self, name) != value)
        for name in changed:
            setattr(self, name, changes[name])
        self.check()
        return PartyChanged(id=self.id, fields=changed) if changed else None

    def anonymise(self, at: datetime) -> PartyAnonymised:
        """Empty it of all that tells who it is, for ever, and archive it; the country stays, for sums by country.

        Raises Anonymised.
        """
        self.known()
        self.name = f"Anonymised {self.id}"
        self.customer_code = f"ANON-{self.id}" if self.customer else None
        self.supplier_code = f"ANON-{self.id}" if self.supplier else None
        self.email = self.phone = self.tax_id = None
        self.custom = {}
        self.address = Address(country=self.address.country)
        self.archived, self.anonymised_at = True, at
        return PartyAnonymised(id=self.id)

    def known(self) -> None:
        """Pass only one that was not anonymised. Raises Anonymised."""
        if self.anonymised_at is not None:
            raise Anonymised(party=self.id)

    def buys(self) -> None:
        """Pass only a customer who takes new documents. Raises NotACustomer, PartyArchived."""
        if not self.customer:
            raise NotACustomer(at=("party_id",), party=self.id)
        if self.archived:
            raise PartyArchived(at=("party_id",), party=self.id)


def _check_code(role: str, code: str | None, *, held: bool) -> None:
    if code is not None and not held:
        raise CodeWithoutRole(at=(f"{role}_code",), role=role)
