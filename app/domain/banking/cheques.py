"""Slips of received cheques that are taken to the bank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from app.domain.banking.accounts import BankAccount
from app.domain.billing import Payment, PaymentMethod
from app.domain.shared.dates import Day
from app.domain.shared.errors import Conflict, Invalid
from app.domain.shared.events import Event
from app.domain.shared.ids import BankAccountId, ChequeDepositId, PaymentId
from app.domain.shared.money import Amount, Currency, total


class NoCheque(Invalid):
    """The payment is not a cheque that was received, in the account's currency and not reversed."""

    code = "banking.no_cheque"


class ChequeTwice(Invalid):
    """A cheque stands twice on the slip."""

    code = "banking.cheque_twice"


class ChequeDeposited(Conflict):
    """The cheque is on another slip."""

    code = "banking.cheque_deposited"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChequesDeposited(Event):
    """Cheques were taken to the bank."""

    name: ClassVar[str] = "banking.cheques_deposited"
    aggregate: ClassVar[str] = "cheque_deposit"
    id: ChequeDepositId
    ref: str
    amount: Amount
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositedCheque:
    """A cheque on a slip."""

    payment_id: PaymentId
    amount: Amount


def _in_hand(payment: Payment) -> bool:
    """Tell whether it is a cheque that was received, and that has not bounced since."""
    return payment.method is PaymentMethod.CHEQUE and payment.amount > 0 and payment.reversed_by_id is None


@dataclass(slots=True, kw_only=True)
class ChequeDeposit:
    """A slip of cheques, final as soon as it is entered; a cheque that bounces has its payment reversed."""

    id: ChequeDepositId = ChequeDepositId(0)
    ref: str = ""
    date: Day
    account_id: BankAccountId
    currency: Currency
    lines: list[DepositedCheque] = field(default_factory=list)
    version: int = 0

    @property
    def amount(self) -> Amount:
        """What the cheques come to."""
        return total(line.amount for line in self.lines)

    @classmethod
    def of(cls, account: BankAccount, cheques: Sequence[Payment], on: Day) -> ChequeDeposit:
        """Put ``cheques`` on a slip. Raises NoCheque, ChequeTwice, and as the account's ``serves``."""
        account.serves(account.currency)
        slip = cls(date=on, account_id=account.id, currency=account.currency)
        for index, cheque in enumerate(cheques):
            if not _in_hand(cheque) or cheque.currency != account.currency:
                raise NoCheque(at=("payments", index), payment=cheque.ref, currency=account.currency.code)
            if any(line.payment_id == cheque.id for line in slip.lines):
                raise ChequeTwice(at=("payments", index), payment=cheque.ref)
            slip.lines.append(DepositedCheque(payment_id=cheque.id, amount=cheque.amount))
        return slip

    def deposited(self) -> ChequesDeposited:
        """Give the event of its entry, once it has an id."""
        return ChequesDeposited(id=self.id, ref=self.ref, amount=self.amount, currency=self.currency.code)
