"""Third parties in SQL, and what belongs to them."""

from app.infrastructure.database.repositories.parties.belongings import (
    SqlContacts,
    SqlPartyAccounts,
    SqlPartyAddresses,
)
from app.infrastructure.database.repositories.parties.credits import SqlCredits
from app.infrastructure.database.repositories.parties.merging import SqlMerging
from app.infrastructure.database.repositories.parties.parties import SqlParties
from app.infrastructure.database.repositories.parties.terms import SqlTerms

__all__ = [
    "SqlContacts",
    "SqlCredits",
    "SqlMerging",
    "SqlParties",
    "SqlPartyAccounts",
    "SqlPartyAddresses",
    "SqlTerms",
]
