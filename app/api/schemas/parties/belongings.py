"""Contacts, addresses and bank accounts of third parties on the wire."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from pydantic import Field

from app.api.schemas.parties.parties import AddressChange, AddressIn, AddressOut, address_out
from app.api.schemas.shared import Change, Day, Flag, In, Out, Text
from app.domain.parties import Address, AddressKind, Contact, ContactRole, PartyAccount, PartyAddress
from app.domain.shared.ids import PartyId
from app.usecases.parties import ChangeOfParty

SOME_DAY = date.min
"""Never used: a change holds only the fields that were sent."""


def _change(party: int | None, key: int, version: int, changes: dict[str, Any]) -> ChangeOfParty:
    return ChangeOfParty(id=key, version=version, changes=changes, party=None if party is None else PartyId(party))


class ContactIn(In):
    """A new contact."""

    name: Text = Field(min_length=1, max_length=200, description="Name", examples=["Ana Souza"])
    job: Text = Field("", max_length=100, description="What the person does there", examples=["Accounts payable"])
    email: Text | None = Field(None, max_length=254, description="E-mail address", examples=["ana@example.com"])
    phone: Text | None = Field(None, max_length=40, description="Phone number")
    active: Flag = Field(default=True, description="Whether the person is still to be talked to")
    roles: list[ContactRole] = Field(
        default_factory=list, max_length=20, description="What about", examples=[["billing"]]
    )

    def to_domain(self, party_id: int) -> Contact:
        """Give the contact."""
        return Contact(
            party_id=PartyId(party_id),
            name=self.name,
            job=self.job,
            email=self.email,
            phone=self.phone,
            active=self.active,
            roles=tuple(self.roles),
        )


class ContactChange(Change):
    """New values for some fields of a contact."""

    name: Text = Field("", min_length=1, max_length=200, description="Name", examples=["Ana Lima"])
    job: Text = Field("", max_length=100, description="What the person does there")
    email: Text | None = Field(None, max_length=254, description="E-mail address")
    phone: Text | None = Field(None, max_length=40, description="Phone number")
    active: Flag = Field(default=True, description="Whether the person is still to be talked to")
    roles: list[ContactRole] = Field([], max_length=20, description="What about")

    def to_domain(self, contact_id: int, version: int) -> ChangeOfParty:
        """Give the change to the contact seen at ``version``."""
        changes = self.sent()
        if "roles" in changes:
            changes["roles"] = tuple(self.roles)
        return _change(None, contact_id, version, changes)


class ContactOut(Out):
    """Somebody to talk to at a third party."""

    id: int = Field(description="Id", examples=[5])
    party_id: int = Field(description="Id of the third party", examples=[7])
    name: str = Field(description="Name", examples=["Ana Souza"])
    job: str = Field(description="What the person does there", examples=["Accounts payable"])
    email: str | None = Field(description="E-mail address")
    phone: str | None = Field(description="Phone number")
    active: bool = Field(description="Whether the person is still to be talked to")
    roles: list[ContactRole] = Field(description="What about", examples=[["billing"]])
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, contact: Contact) -> "ContactOut":
        """Show a contact."""
        fields: dict[str, Any] = {name: getattr(contact, name) for name in cls.model_fields}
        return cls.model_construct(**{**fields, "roles": list(contact.roles)})


class ContactsOut(Out):
    """All contacts of a third party, oldest first."""

    items: list[ContactOut] = Field(description="The contacts; there are at most 200")

    @classmethod
    def of(cls, contacts: Sequence[Contact]) -> "ContactsOut":
        """Show contacts."""
        return cls.model_construct(items=[ContactOut.of(one) for one in contacts])


class PartyAddressIn(In):
    """One more address of a third party."""

    label: Text = Field(min_length=1, max_length=100, description="What it is called", examples=["Warehouse Lyon"])
    kind: AddressKind = Field(description="What it is for", examples=["shipping"])
    preferred: Flag = Field(default=False, description="Whether it is the one of its kind that comes first")
    address: AddressIn = Field(default_factory=AddressIn, description="The address itself")

    def to_domain(self, party_id: int) -> PartyAddress:
        """Give the address."""
        return PartyAddress(
            party_id=PartyId(party_id),
            label=self.label,
            kind=self.kind,
            preferred=self.preferred,
            address=self.address.to_domain(),
        )


class PartyAddressChange(Change):
    """New values for some fields of an address."""

    label: Text = Field("", min_length=1, max_length=100, description="What it is called", examples=["Depot"])
    kind: AddressKind = Field(AddressKind.OTHER, description="What it is for")
    preferred: Flag = Field(default=False, description="Whether it is the one of its kind that comes first")
    address: AddressChange | None = Field(None, description="The address itself; only what is named changes")

    def to_domain(self, party_id: int, address_id: int, version: int) -> ChangeOfParty:
        """Give the change to the address seen at ``version``."""
        changes = self.sent()
        if "address" in changes:
            changes["address"] = Address() if self.address is None else self.address.to_domain()
        return _change(party_id, address_id, version, changes)


class PartyAddressOut(Out):
    """An address of a third party besides its own."""

    id: int = Field(description="Id", examples=[4])
    party_id: int = Field(description="Id of the third party", examples=[7])
    label: str = Field(description="What it is called", examples=["Warehouse Lyon"])
    kind: AddressKind = Field(description="What it is for", examples=["shipping"])
    preferred: bool = Field(description="Whether it is the one of its kind that comes first")
    address: AddressOut = Field(description="The address itself")
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, one: PartyAddress) -> "PartyAddressOut":
        """Show an address."""
        fields: dict[str, Any] = {name: getattr(one, name) for name in cls.model_fields if name != "address"}
        return cls.model_construct(address=address_out(one.address), **fields)


class PartyAddressesOut(Out):
    """All addresses of a third party besides its own, oldest first."""

    items: list[PartyAddressOut] = Field(description="The addresses; there are at most 200")

    @classmethod
    def of(cls, addresses: Sequence[PartyAddress]) -> "PartyAddressesOut":
        """Show addresses."""
        return cls.model_construct(items=[PartyAddressOut.of(one) for one in addresses])


class BankAccountIn(In):
    """A new bank account of a third party."""

    holder: Text = Field(min_length=1, max_length=200, description="Holder", examples=["Atelier Lumière SARL"])
    iban: Text = Field(
        min_length=1, max_length=50, description="IBAN, with or without blanks", examples=["DE89370400440532013000"]
    )
    bic: Text | None = Field(None, max_length=11, description="BIC; left out: derived where the bank is known")
    preferred: Flag = Field(default=False, description="Whether it is the one that comes first")
    mandate_ref: Text | None = Field(
        None, min_length=1, max_length=35, description="Reference of the SEPA direct debit mandate"
    )
    mandate_date: Day | None = Field(None, description="Day the mandate was signed")

    def to_domain(self, party_id: int) -> PartyAccount:
        """Give the bank account."""
        return PartyAccount(
            party_id=PartyId(party_id), **{name: getattr(self, name) for name in type(self).model_fields}
        )


class BankAccountChange(Change):
    """New values for some fields of a bank account; null takes the mandate or the BIC away."""

    holder: Text = Field("", min_length=1, max_length=200, description="Holder", examples=["Atelier Lumière SAS"])
    iban: Text = Field("", min_length=1, max_length=50, description="IBAN, with or without blanks")
    bic: Text | None = Field(None, max_length=11, description="BIC; null: derived where the bank is known")
    preferred: Flag = Field(default=False, description="Whether it is the one that comes first")
    mandate_ref: Text | None = Field(
        None, min_length=1, max_length=35, description="Reference of the SEPA direct debit mandate"
    )
    mandate_date: Day | None = Field(None, description="Day the mandate was signed")

    def to_domain(self, party_id: int, account_id: int, version: int) -> ChangeOfParty:
        """Give the change to the bank account seen at ``version``."""
        return _change(party_id, account_id, version, self.sent())


class BankAccountOut(Out):
    """A bank account of a third party."""

    id: int = Field(description="Id", examples=[2])
    party_id: int = Field(description="Id of the third party", examples=[7])
    holder: str = Field(description="Holder", examples=["Atelier Lumière SARL"])
    iban: str = Field(description="IBAN without blanks", examples=["DE89370400440532013000"])
    bic: str | None = Field(description="BIC", examples=["COBADEFFXXX"])
    preferred: bool = Field(description="Whether it is the one that comes first")
    mandate_ref: str | None = Field(description="Reference of the SEPA direct debit mandate")
    mandate_date: Day | None = Field(description="Day the mandate was signed")
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, account: PartyAccount) -> "BankAccountOut":
        """Show a bank account."""
        return cls.model_construct(**{name: getattr(account, name) for name in cls.model_fields})


class BankAccountsOut(Out):
    """All bank accounts of a third party, oldest first."""

    items: list[BankAccountOut] = Field(description="The bank accounts; there are at most 200")

    @classmethod
    def of(cls, accounts: Sequence[PartyAccount]) -> "BankAccountsOut":
        """Show bank accounts."""
        return cls.model_construct(items=[BankAccountOut.of(one) for one in accounts])
