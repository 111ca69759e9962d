"""How credit limits are held, and what a customer owes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.parties import Outstanding, Party
from app.domain.shared.ids import PartyId
from app.domain.shared.lines import Valuation
from app.domain.shared.money import Amount
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.shared import Clock, Work


def within_credit(
    work: Work, context: Context, clock: Clock, party: PartyId, limit: Amount | None, more: Amount, valued: Valuation
) -> None:
    """Pass only a customer who may owe ``more``, in the company's currency; nobody else sells to it meanwhile.

    ``limit`` is the customer's, read with the document; without one nothing is asked and nothing locked. It is called
    after documents are locked and before a series is. Raises CreditLimitExceeded.
    """
    if limit is None or more <= 0:
        return
    work.credits.lock(party)
    owed = work.credits.outstanding(party, clock.today(context.zone))
    owed.admit(party, more, limit, valued.company_currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owing:
    """A customer and what it owes."""

    party: Party
    outstanding: Outstanding
    currency: str
    digits: int


@dataclass(frozen=True, slots=True)
class ReadOutstanding:
    """Show what a customer owes and how much more it may, in the company's currency. Raises NotFound."""

    clock: Clock
    right: ClassVar[Right] = Right.INVOICES_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: PartyId) -> Owing:
        """Give the sums as they are now."""
        party = work.parties.get(request)
        own = context.settings.currency
        owed = work.credits.outstanding(party.id, self.clock.today(context.zone))
        return Owing(party=party, outstanding=owed, currency=own.code, digits=own.digits)
