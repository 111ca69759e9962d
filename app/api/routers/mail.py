"""Sending documents by mail, and what became of it."""

from typing import Annotated

from fastapi import Response

from app.api.listing import ListRun, provide_list
from app.api.provide import Run, provide
from app.api.route import gives, router
from app.api.schemas.mail import MailOut, SendIn, SendStatementIn
from app.api.schemas.shared import PathId
from app.domain.shared.ids import MailId
from app.domain.shared.objects import ObjectKind
from app.usecases.mail import CancelMail, ListMails, ReadMail, ResendMail, SendDocument

routes = router("mails")
MAIL = "/api/v1/mails/{id}"


@routes.post("/proposals/{proposal_id}/send", **gives(MailOut, 201))
def send_proposal(proposal_id: PathId, body: SendIn, run: Annotated[Run, provide(SendDocument)]) -> Response:
    """Send a proposal by mail; it leaves a moment later."""
    return run(lambda: body.to_domain(ObjectKind.PROPOSALS, proposal_id), MailOut.of, location=MAIL)


@routes.post("/orders/{order_id}/send", **gives(MailOut, 201))
def send_order(order_id: PathId, body: SendIn, run: Annotated[Run, provide(SendDocument)]) -> Response:
    """Send the confirmation of an order by mail; it leaves a moment later."""
    return run(lambda: body.to_domain(ObjectKind.ORDERS, order_id), MailOut.of, location=MAIL)


@routes.post("/shipments/{shipment_id}/send", **gives(MailOut, 201))
def send_shipment(shipment_id: PathId, body: SendIn, run: Annotated[Run, provide(SendDocument)]) -> Response:
    """Announce a shipment by mail; it leaves a moment later."""
    return run(lambda: body.to_domain(ObjectKind.SHIPMENTS, shipment_id), MailOut.of, location=MAIL)


@routes.post("/invoices/{invoice_id}/send", **gives(MailOut, 201))
def send_invoice(invoice_id: PathId, body: SendIn, run: Annotated[Run, provide(SendDocument)]) -> Response:
    """Send an invoice or credit note by mail; it leaves a moment later."""
    return run(lambda: body.to_domain(ObjectKind.INVOICES, invoice_id), MailOut.of, location=MAIL)


@routes.post("/third-parties/{party_id}/statement/send", **gives(MailOut, 201))
def send_statement(party_id: PathId, body: SendStatementIn, run: Annotated[Run, provide(SendDocument)]) -> Response:
    """Send a customer's statement of account by mail; it tells the account as it is when it leaves."""
    return run(lambda: body.to_domain(ObjectKind.THIRD_PARTIES, party_id), MailOut.of, location=MAIL)


@routes.get("/mails")
def list_mails(run: Annotated[ListRun, provide_list(ListMails)]) -> Response:
    """List mails, newest first."""
    return run()


@routes.get("/mails/{mail_id}", **gives(MailOut))
def read_mail(mail_id: PathId, run: Annotated[Run, provide(ReadMail)]) -> Response:
    """Show one mail."""
    return run(build=lambda: MailId(mail_id), present=MailOut.of)


@routes.post("/mails/{mail_id}/resend", **gives(MailOut))
def resend_mail(mail_id: PathId, run: Annotated[Run, provide(ResendMail)]) -> Response:
    """Send a mail once more, to all of its recipients."""
    return run(build=lambda: MailId(mail_id), present=MailOut.of)


@routes.post("/mails/{mail_id}/cancel", **gives(MailOut))
def cancel_mail(mail_id: PathId, run: Annotated[Run, provide(CancelMail)]) -> Response:
    """Call off a mail that has not left."""
    return run(build=lambda: MailId(mail_id), present=MailOut.of)
