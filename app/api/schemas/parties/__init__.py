"""Third parties and what belongs to them on the wire."""

from app.api.schemas.parties.belongings import (
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
from app.api.schemas.parties.credit import MergeIn, OutstandingOut, RepresentativeOut, RepresentativesOut
from app.api.schemas.parties.parties import AddressChange, AddressIn, AddressOut, PartyChange, PartyIn, PartyOut
from app.api.schemas.parties.terms import (
    DueOut,
    InstalmentIn,
    InstalmentOut,
    InstalmentsOut,
    TermsChange,
    TermsIn,
    TermsOut,
)

__all__ = [
    "AddressChange",
    "AddressIn",
    "AddressOut",
    "BankAccountChange",
    "BankAccountIn",
    "BankAccountOut",
    "BankAccountsOut",
    "ContactChange",
    "ContactIn",
    "ContactOut",
    "ContactsOut",
    "DueOut",
    "InstalmentIn",
    "InstalmentOut",
    "InstalmentsOut",
    "MergeIn",
    "OutstandingOut",
    "PartyAddressChange",
    "PartyAddressIn",
    "PartyAddressOut",
    "PartyAddressesOut",
    "PartyChange",
    "PartyIn",
    "PartyOut",
    "RepresentativeOut",
    "RepresentativesOut",
    "TermsChange",
    "TermsIn",
    "TermsOut",
]
