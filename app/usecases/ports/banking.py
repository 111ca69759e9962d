"""What the use cases of bank accounts, cheques and orders to banks need from outside."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Protocol

from app.domain.banking import BankAccount, ChequeDeposit, SepaOrder
from app.domain.shared.ids import BankAccountId, ChequeDepositId, InvoiceId, PaymentId, SepaOrderId


class BankAccounts(Protocol):
    """Bank accounts of the context's company."""

    def get(self, account: BankAccountId) -> BankAccount:
        """Give an account. Raises NotFound."""
        ...

    def add(self, account: BankAccount) -> None:
        """Store a new account and set its id. Raises Taken for its IBAN."""
        ...

    def save(self, account: BankAccount) -> None:
        """Store a changed account and move its version. Raises Stale, Taken."""
        ...


class ChequeDeposits(Protocol):
    """Slips of cheques of the context's company; they are only ever added."""

    def get(self, deposit: ChequeDepositId) -> ChequeDeposit:
        """Give a slip with its cheques. Raises NotFound."""
        ...

    def deposited(self, payments: Iterable[PaymentId]) -> AbstractSet[PaymentId]:
        """Give those payments that are on a slip."""
        ...

    def add(self, deposit: ChequeDeposit) -> None:
        """Store a new slip and set its id."""
        ...


class SepaOrders(Protocol):
    """Orders to banks of the context's company."""

    def get(self, order: SepaOrderId, *, lock: bool = False) -> SepaOrder:
        """Give an order with its lines, locked until the end of the transaction if asked. Raises NotFound."""
        ...

    def held(self, invoices: Iterable[InvoiceId]) -> AbstractSet[InvoiceId]:
        """Give those invoices that are in an open order."""
        ...

    def add(self, order: SepaOrder) -> None:
        """Store a new order and set its id."""
        ...

    def save(self, order: SepaOrder) -> None:
        """Store the state of a locked order, and the payments of its lines. Raises Stale."""
        ...


class SepaFiles(Protocol):
    """Writes what banks read."""

    def write(self, order: SepaOrder) -> bytes:
        """Give the file of an order that was generated, always the same: ISO 20022 XML, checked against its schema."""
        ...
