"""What an invoice or credit note is tied to besides its source: the return it pays back, the proposal it came from."""

from __future__ import annotations

from app.domain.billing import Invoice, InvoiceKind, repayable
from app.domain.billing.credit_notes import RETURN_ID
from app.domain.sales import FollowerKind, LineQuantity
from app.domain.shared.errors import NotFound, Required, UnknownReference
from app.domain.shared.ids import ReturnId
from app.domain.shipping import Return
from app.usecases.ports.shared import Work
from app.usecases.sales import untie


def returned(work: Work, source: Invoice, return_id: ReturnId) -> Return:
    """Give the return that a credit note of ``source`` names, locked.

    Raises UnknownReference, ReturnElsewhere, ReturnNotBack, ReturnCreditedBefore.
    """
    try:
        back = work.returns.get(return_id, lock=True)
    except NotFound as error:
        raise UnknownReference(at=RETURN_ID, kind="return", value=return_id) from error
    repayable(source, back)
    return back


def came_back(work: Work, back: Return) -> list[LineQuantity]:
    """Give what came back of each line of the order. Raises Required when the return is of no shipment."""
    if back.shipment_id is None:
        raise Required(at=("lines",))
    shipment = work.shipments.get(back.shipment_id)  # sent, so that its lines stay as they are: no lock
    return [
        LineQuantity(position=shipment.line(part.position).order_position, quantity=part.quantity)
        for part in back.parts()
    ]


def release(work: Work, draft: Invoice) -> None:
    """Untie a draft that is deleted next from its proposal and from the return it would have paid back."""
    untie(work, draft.proposal_id, FollowerKind.INVOICE, draft.id)
    if draft.kind is not InvoiceKind.CREDIT_NOTE:
        return
    # Only who deletes the draft, which is locked, takes its name off the return.
    named = work.returns.credited_by(draft.id)
    if named is None:
        return
    back = work.returns.get(named, lock=True)
    uncredited = back.uncredit()
    work.returns.save(back)
    work.outbox.add(uncredited)
