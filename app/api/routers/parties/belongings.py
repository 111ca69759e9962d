"""Contacts, addresses and bank accounts of third parties."""

from typing import Annotated

from fastapi import Response

from app.api.listing import ListRun, provide_list
from app.api.provide import IfMatch, Run, provide
from app.api.route import gives, router
from app.api.schemas.parties import (
    BankAccountChange,
    BankAccountIn,
    BankAccountOut,
    BankAccountsOut,
    ContactChange,
    ContactIn,
    ContactOut,
    ContactsOut,
    PartyAddressChange,
    PartyAddressesOut,
    PartyAddressIn,
    PartyAddressOut,
)
from app.api.schemas.shared import PathId
from app.domain.shared.ids import PartyId
from app.usecases.parties import (
    AddAddress,
    AddBankAccount,
    AddContact,
    ChangeAddress,
    ChangeBankAccount,
    ChangeContact,
    ListAddresses,
    ListBankAccounts,
    ListContacts,
    ListPartyContacts,
    OfParty,
    ReadAddress,
    ReadBankAccount,
    ReadContact,
    RemoveAddress,
    RemoveBankAccount,
    RemoveContact,
    VersionedOfParty,
)

contacts = router("contacts")
routes = router("third-parties")


@contacts.post("/third-parties/{party_id}/contacts", **gives(ContactOut, 201))
def add_contact(party_id: PathId, body: ContactIn, run: Annotated[Run, provide(AddContact)]) -> Response:
    """Enter a contact of a third party."""
    return run(build=lambda: body.to_domain(party_id), present=ContactOut.of, location="/api/v1/contacts/{id}")


@contacts.get("/third-parties/{party_id}/contacts", **gives(ContactsOut))
def list_party_contacts(party_id: PathId, run: Annotated[Run, provide(ListPartyContacts)]) -> Response:
    """List the contacts of a third party, oldest first."""
    return run(build=lambda: PartyId(party_id), present=ContactsOut.of)


@contacts.get("/contacts")
def list_contacts(run: Annotated[ListRun, provide_list(ListContacts)]) -> Response:
    """List contacts of all third parties."""
    return run()


@contacts.get("/contacts/{contact_id}", **gives(ContactOut))
def read_contact(contact_id: PathId, run: Annotated[Run, provide(ReadContact)]) -> Response:
    """Show a contact."""
    return run(build=lambda: OfParty(id=contact_id), present=ContactOut.of)


@contacts.patch("/contacts/{contact_id}", **gives(ContactOut))
def change_contact(
    contact_id: PathId, version: IfMatch, body: ContactChange, run: Annotated[Run, provide(ChangeContact)]
) -> Response:
    """Change the fields sent of a contact."""
    return run(build=lambda: body.to_domain(contact_id, version), present=ContactOut.of)


@contacts.delete("/contacts/{contact_id}", **gives())
def remove_contact(contact_id: PathId, version: IfMatch, run: Annotated[Run, provide(RemoveContact)]) -> Response:
    """Remove a contact."""
    return run(build=lambda: VersionedOfParty(id=contact_id, version=version), present=lambda _: None)


@routes.post("/third-parties/{party_id}/addresses", **gives(PartyAddressOut, 201))
def add_third_party_address(
    party_id: PathId, body: PartyAddressIn, run: Annotated[Run, provide(AddAddress)]
) -> Response:
    """Enter an address of a third party besides its own."""
    return run(
        build=lambda: body.to_domain(party_id),
        present=PartyAddressOut.of,
        location=f"/api/v1/third-parties/{party_id}/addresses/{{id}}",
    )


@routes.get("/third-parties/{party_id}/addresses", **gives(PartyAddressesOut))
def list_third_party_addresses(party_id: PathId, run: Annotated[Run, provide(ListAddresses)]) -> Response:
    """List the addresses of a third party besides its own, oldest first."""
    return run(build=lambda: PartyId(party_id), present=PartyAddressesOut.of)


@routes.get("/third-parties/{party_id}/addresses/{address_id}", **gives(PartyAddressOut))
def read_third_party_address(
    party_id: PathId, address_id: PathId, run: Annotated[Run, provide(ReadAddress)]
) -> Response:
    """Show an address of a third party."""
    return run(build=lambda: OfParty(party=PartyId(party_id), id=address_id), present=PartyAddressOut.of)


@routes.patch("/third-parties/{party_id}/addresses/{address_id}", **gives(PartyAddressOut))
def change_third_party_address(
    party_id: PathId,
    address_id: PathId,
    version: IfMatch,
    body: PartyAddressChange,
    run: Annotated[Run, provide(ChangeAddress)],
) -> Response:
    """Change the fields sent of an address."""
    return run(build=lambda: body.to_domain(party_id, address_id, version), present=PartyAddressOut.of)


@routes.delete("/third-parties/{party_id}/addresses/{address_id}", **gives())
def remove_third_party_address(
    party_id: PathId, address_id: PathId, version: IfMatch, run: Annotated[Run, provide(RemoveAddress)]
) -> Response:
    """Remove an address."""
    seen = VersionedOfParty(party=PartyId(party_id), id=address_id, version=version)
    return run(build=lambda: seen, present=lambda _: None)


@routes.post("/third-parties/{party_id}/bank-accounts", **gives(BankAccountOut, 201))
def add_third_party_bank_account(
    party_id: PathId, body: BankAccountIn, run: Annotated[Run, provide(AddBankAccount)]
) -> Response:
    """Enter a bank account of a third party."""
    return run(
        build=lambda: body.to_domain(party_id),
        present=BankAccountOut.of,
        location=f"/api/v1/third-parties/{party_id}/bank-accounts/{{id}}",
    )


@routes.get("/third-parties/{party_id}/bank-accounts", **gives(BankAccountsOut))
def list_third_party_bank_accounts(party_id: PathId, run: Annotated[Run, provide(ListBankAccounts)]) -> Response:
    """List the bank accounts of a third party, oldest first."""
    return run(build=lambda: PartyId(party_id), present=BankAccountsOut.of)


@routes.get("/third-parties/{party_id}/bank-accounts/{account_id}", **gives(BankAccountOut))
def read_third_party_bank_account(
    party_id: PathId, account_id: PathId, run: Annotated[Run, provide(ReadBankAccount)]
) -> Response:
    """Show a bank account of a third party."""
    return run(build=lambda: OfParty(party=PartyId(party_id), id=account_id), present=BankAccountOut.of)


@routes.patch("/third-parties/{party_id}/bank-accounts/{account_id}", **gives(BankAccountOut))
def change_third_party_bank_account(
    party_id: PathId,
    account_id: PathId,
    version: IfMatch,
    body: BankAccountChange,
    run: Annotated[Run, provide(ChangeBankAccount)],
) -> Response:
    """Change the fields sent of a bank account."""
    return run(build=lambda: body.to_domain(party_id, account_id, version), present=BankAccountOut.of)


@routes.delete("/third-parties/{party_id}/bank-accounts/{account_id}", **gives())
def remove_third_party_bank_account(
    party_id: PathId, account_id: PathId, version: IfMatch, run: Annotated[Run, provide(RemoveBankAccount)]
) -> Response:
    """Remove a bank account."""
    seen = VersionedOfParty(party=PartyId(party_id), id=account_id, version=version)
    return run(build=lambda: seen, present=lambda _: None)
