"""What a customer owes, and how much it may."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from app.domain.shared.errors import Conflict
from app.domain.shared.ids import PartyId
from app.domain.shared.money import Amount, Currency


class CreditLimitExceeded(Conflict):
    """The customer would owe more than its credit limit."""

    code = "parties.credit_limit_exceeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outstanding:
    """What a customer owes, in the company's currency.

    ``unpaid`` is what is left due of validated invoices, less what credit notes and payments left to its credit;
    ``overdue`` what was due before today, ``ordered`` what was ordered and is not invoiced yet.
    """

    unpaid: Amount = Amount(Decimal(0))
    overdue: Amount = Amount(Decimal(0))
    ordered: Amount = Amount(Decimal(0))

    @property
    def total(self) -> Amount:
        """All of it, gross."""
        return Amount(self.unpaid + self.ordered)

    def left(self, limit: Amount | None) -> Amount | None:
        """Give what may still be sold on credit, below zero when the limit is exceeded; None without a limit."""
        return None if limit is None else Amount(limit - self.total)

    def admit(self, party: PartyId, more: Amount, limit: Amount, currency: Currency) -> None:
        """Pass only ``more`` that stays within the limit. Raises CreditLimitExceeded."""
        if self.total + more > limit:
            raise CreditLimitExceeded(
                party=party, amount=more, outstanding=self.total, limit=limit, currency=currency.code
            )
