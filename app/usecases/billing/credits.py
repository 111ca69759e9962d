"""What is done with credits of customers, and with what is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.domain.billing import Invoice, OpenCredit, write_off
from app.domain.shared.dates import Day
from app.domain.shared.ids import InvoiceId, PartyId
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.shared import Clock, Work


@dataclass(frozen=True, slots=True)
class ReadCredits:
    """Show what a customer has to their credit: what payments left, and what credit notes owe. Raises NotFound."""

    right: ClassVar[Right] = Right.PAYMENTS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: PartyId) -> Sequence[OpenCredit]:
        """Give the open credits, at most 200 of each kind, oldest first."""
        return work.payments.open_credits(work.parties.get(request).id)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOff:
    """An invoice whose rest is lost; ``date`` None is today."""

    invoice_id: InvoiceId
    date: Day | None = None


@dataclass(frozen=True, slots=True)
class WriteOffInvoice:
    """Give up what is due of an invoice as a bad debt; the event tells the books net and VAT of the loss.

    Raises NotFound, WrongKind, InvalidTransition.
    """

    clock: Clock
    right: ClassVar[Right] = Right.INVOICES_ABANDON
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: WriteOff) -> Invoice:
        """Give the abandoned invoice."""
        invoice = work.invoices.get(request.invoice_id, lock=True)
        abandoned, written_off = write_off(invoice, request.date or self.clock.today(context.zone))
        work.invoices.save_settlements([invoice])
        work.outbox.add(abandoned)
        work.outbox.add(written_off)
        return invoice
