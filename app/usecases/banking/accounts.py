"""What is done with bank accounts of the company."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.banking import BankAccount
from app.domain.shared.ids import BankAccountId
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.listing import FieldKind, ListField, Listing, Sort
from app.usecases.ports.shared import Work
from app.usecases.shared import Change, ListCase

BANK_ACCOUNTS = Listing(
    name="bank-accounts",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="label", kind=FieldKind.TEXT, sortable=True),
        ListField(name="holder", kind=FieldKind.TEXT),
        ListField(name="iban", kind=FieldKind.TEXT),
        ListField(name="bic", kind=FieldKind.TEXT),
        ListField(name="currency", kind=FieldKind.TEXT),
        ListField(name="archived", kind=FieldKind.FLAG),
    ),
    default_sort=(Sort(field="id"),),
)


@dataclass(frozen=True, slots=True)
class CreateBankAccount:
    """Enter a bank account of the company. Raises Taken for an IBAN it has already."""

    right: ClassVar[Right] = Right.BANK_ACCOUNTS_WRITE
    writes: ClassVar[bool] = True
    fresh: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: BankAccount) -> BankAccount:
        """Store ``request`` and give it back with its id."""
        work.bank_accounts.add(request)
        work.outbox.add(request.created())
        return request


@dataclass(frozen=True, slots=True)
class ReadBankAccount:
    """Show one bank account. Raises NotFound."""

    right: ClassVar[Right] = Right.BANK_ACCOUNTS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: BankAccountId) -> BankAccount:
        """Give the account."""
        return work.bank_accounts.get(request)


@dataclass(frozen=True, slots=True)
class ChangeBankAccount:
    """Change the fields sent of a bank account. Raises NotFound, Stale, Taken, Required, BadIban, BadBic."""

    right: ClassVar[Right] = Right.BANK_ACCOUNTS_WRITE
    writes: ClassVar[bool] = True
    fresh: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Change) -> BankAccount:
        """Give the account as it is now."""
        account = work.bank_accounts.get(BankAccountId(request.id))
        request.matches(account.version)
        changed = account.change(request.changes)
        if changed is not None:
            work.bank_accounts.save(account)
            work.outbox.add(changed)
        return account


class ListBankAccounts(ListCase):
    """List bank accounts."""

    __slots__ = ()
    right = Right.BANK_ACCOUNTS_READ
    listing = BANK_ACCOUNTS
