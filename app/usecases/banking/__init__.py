"""What is done with bank accounts, slips of cheques and orders to banks."""

from __future__ import annotations

from app.usecases.banking.accounts import (
    BANK_ACCOUNTS,
    ChangeBankAccount,
    CreateBankAccount,
    ListBankAccounts,
    ReadBankAccount,
)
from app.usecases.banking.cheques import (
    CHEQUE_DEPOSITS,
    CreateChequeDeposit,
    DepositDraft,
    ListChequeDeposits,
    ReadChequeDeposit,
)
from app.usecases.banking.sepa import (
    SEPA_ORDERS,
    CancelSepaOrder,
    CreateSepaOrder,
    GenerateSepaOrder,
    ListSepaOrders,
    ReadSepaFile,
    ReadSepaOrder,
    SepaFile,
    SepaSettlement,
    SettleSepaOrder,
)

__all__ = [
    "BANK_ACCOUNTS",
    "CHEQUE_DEPOSITS",
    "SEPA_ORDERS",
    "CancelSepaOrder",
    "ChangeBankAccount",
    "CreateBankAccount",
    "CreateChequeDeposit",
    "CreateSepaOrder",
    "DepositDraft",
    "GenerateSepaOrder",
    "ListBankAccounts",
    "ListChequeDeposits",
    "ListSepaOrders",
    "ReadBankAccount",
    "ReadChequeDeposit",
    "ReadSepaFile",
    "ReadSepaOrder",
    "SepaFile",
    "SepaSettlement",
    "SettleSepaOrder",
]
