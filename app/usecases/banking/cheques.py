"""What is done with slips of cheques."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.domain.banking import ChequeDeposit, ChequeDeposited
from app.domain.billing import Payment
from app.domain.shared.dates import Day
from app.domain.shared.errors import UnknownReference
from app.domain.shared.ids import BankAccountId, ChequeDepositId, PaymentId
from app.domain.shared.rights import Right
from app.domain.shared.series import SeriesKind
from app.usecases.context import Context
from app.usecases.ports.listing import FieldKind, ListField, Listing, Sort
from app.usecases.ports.shared import Clock, Work
from app.usecases.shared import ListCase, Numbering, bank_account

CHEQUE_DEPOSITS = Listing(
    name="cheque-deposits",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="ref", kind=FieldKind.TEXT, sortable=True),
        ListField(name="date", kind=FieldKind.DATE, sortable=True),
        ListField(name="account_id", kind=FieldKind.ID),
        ListField(name="currency", kind=FieldKind.TEXT),
        ListField(name="amount", kind=FieldKind.AMOUNT),
    ),
    default_sort=(Sort(field="id", descending=True),),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositDraft:
    """A slip as asked for: ``date`` None is today."""

    account_id: BankAccountId
    date: Day | None = None
    payments: tuple[PaymentId, ...]


@dataclass(frozen=True, slots=True)
class CreateChequeDeposit:
    """Take received cheques to the bank on a slip; each cheque is on one slip only.

    Raises UnknownReference, NoCheque, ChequeTwice, ChequeDeposited, AccountArchived.
    """

    clock: Clock
    numbering: Numbering
    right: ClassVar[Right] = Right.PAYMENTS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: DepositDraft) -> ChequeDeposit:
        """Give the slip with its number."""
        account = bank_account(work, request.account_id)
        cheques = _locked(work, request.payments)
        on = request.date or self.clock.today(context.zone)
        slip = ChequeDeposit.of(account, cheques, on)
        before = work.cheque_deposits.deposited(request.payments)
        for index, cheque in enumerate(cheques):
            if cheque.id in before:
                raise ChequeDeposited(at=("payments", index), payment=cheque.ref)
        slip.ref = self.numbering.fast(work, context, SeriesKind.CHEQUE_DEPOSIT, on)
        work.cheque_deposits.add(slip)
        work.outbox.add(slip.deposited())
        return slip


def _locked(work: Work, wanted: Sequence[PaymentId]) -> list[Payment]:
    """Give the payments named, locked, in the order of ``wanted``. Raises UnknownReference."""
    locked = work.payments.lock(wanted)
    for index, payment in enumerate(wanted):
        if payment not in locked:
            raise UnknownReference(at=("payments", index), kind="payment", value=payment)
    return [locked[payment] for payment in wanted]


@dataclass(frozen=True, slots=True)
class ReadChequeDeposit:
    """Show one slip of cheques. Raises NotFound."""

    right: ClassVar[Right] = Right.PAYMENTS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: ChequeDepositId) -> ChequeDeposit:
        """Give the slip with its cheques."""
        return work.cheque_deposits.get(request)


class ListChequeDeposits(ListCase):
    """List slips of cheques, newest first."""

    __slots__ = ()
    right = Right.PAYMENTS_READ
    listing = CHEQUE_DEPOSITS
