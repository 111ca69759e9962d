"""Invoices and payments of customers."""

from typing import Annotated

from fastapi import Query, Response

from app.api.batch import batch
from app.api.listing import ListRun, provide_list
from app.api.provide import IfMatch, Run, provide
from app.api.route import gives, problem_answers, router
from app.api.schemas.billing import (
    AbandonIn,
    CloseIn,
    CreditNoteIn,
    CreditsOut,
    DeductionIn,
    DepositIn,
    InvoiceChange,
    InvoiceCopyIn,
    InvoiceIn,
    InvoiceOut,
    InvoicePaymentIn,
    InvoiceTemplateChange,
    InvoiceTemplateIn,
    InvoiceTemplateOut,
    LateFeeIn,
    LateFeeOut,
    OrderInvoiceIn,
    PaymentIn,
    PaymentOut,
    ReversalIn,
    WriteOffIn,
)
from app.api.schemas.parties import InstalmentsOut
from app.api.schemas.shared import Day, PathId
from app.domain.shared.ids import InvoiceId, InvoiceTemplateId, PartyId, PaymentId
from app.usecases.billing import (
    AbandonInvoice,
    ChangeInvoice,
    ChangeInvoiceTemplate,
    ChargeDeposit,
    ChargeLateFee,
    CloseInvoice,
    CreateInvoice,
    CreateInvoiceTemplate,
    CreatePayment,
    CreditInvoice,
    DeductDeposit,
    DeleteInvoice,
    DeleteInvoiceTemplate,
    InvoiceOrder,
    InvoiceProForma,
    LateFeeRequest,
    ListInvoices,
    ListInvoiceTemplates,
    ListPayments,
    Pause,
    PauseInvoiceTemplate,
    PayInvoice,
    ReadCredits,
    ReadInstalments,
    ReadInvoice,
    ReadInvoiceTemplate,
    ReadLateFee,
    ReadPayment,
    ReopenInvoice,
    ReplaceInvoice,
    ResumeInvoiceTemplate,
    ReversePayment,
    RunInvoiceTemplate,
    ValidateInvoice,
    WriteOffInvoice,
)
from app.usecases.shared import Versioned

routes = router("invoices")
ONE = "/api/v1/invoices/{id}"
_COMPUTED = gives(LateFeeOut)
_COMPUTED["responses"] = {**_COMPUTED["responses"], **problem_answers(409)}  # of an invoice that was never sent
To = Annotated[Day | None, Query(description="To which day interest runs; left out: today")]


@routes.post("/invoices", **gives(InvoiceOut, 201))
def create_invoice(body: InvoiceIn, run: Annotated[Run, provide(CreateInvoice)]) -> Response:
    """Enter an invoice with all its lines, as a draft."""
    run.limit(body.lines)
    return run(build=body.to_domain, present=InvoiceOut.of)


batch(routes, create_invoice)


@routes.post("/orders/{order_id}/invoices", **gives(InvoiceOut, 201))
def invoice_order(order_id: PathId, body: OrderInvoiceIn, run: Annotated[Run, provide(InvoiceOrder)]) -> Response:
    """Enter an invoice of an order, or of part of it, as a draft."""
    run.limit(body.lines)
    return run(build=lambda: body.to_domain(order_id), present=InvoiceOut.of, location="/api/v1/invoices/{id}")


@routes.get("/invoices")
def list_invoices(run: Annotated[ListRun, provide_list(ListInvoices)]) -> Response:
    """List invoices, newest first."""
    return run()


@routes.get("/invoices/{invoice_id}", **gives(InvoiceOut))
def read_invoice(invoice_id: PathId, run: Annotated[Run, provide(ReadInvoice)]) -> Response:
    """Show one invoice."""
    return run(build=lambda: InvoiceId(invoice_id), present=InvoiceOut.of)


@routes.get("/invoices/{invoice_id}/instalments", **gives(InstalmentsOut))
def read_instalments(invoice_id: PathId, run: Annotated[Run, provide(ReadInstalments)]) -> Response:
    """Show when how much of an invoice is due, by the terms it was made under."""
    return run(build=lambda: InvoiceId(invoice_id), present=InstalmentsOut.of)


@routes.patch("/invoices/{invoice_id}", **gives(InvoiceOut))
def change_invoice(
    invoice_id: PathId, version: IfMatch, body: InvoiceChange, run: Annotated[Run, provide(ChangeInvoice)]
) -> Response:
    """Change the fields sent of a draft."""
    run.limit(body.lines)
    return run(build=lambda: body.to_domain(invoice_id, version), present=InvoiceOut.of)


@routes.delete("/invoices/{invoice_id}", **gives())
def delete_invoice(invoice_id: PathId, version: IfMatch, run: Annotated[Run, provide(DeleteInvoice)]) -> Response:
    """Delete a draft."""
    return run(build=lambda: Versioned(id=invoice_id, version=version), present=lambda _: None)


@routes.post("/invoices/{invoice_id}/validate", **gives(InvoiceOut))
def validate_invoice(invoice_id: PathId, run: Annotated[Run, provide(ValidateInvoice)]) -> Response:
    """Make a draft final: it gets the next number of its series and its link in the hash chain."""
    return run(build=lambda: InvoiceId(invoice_id), present=InvoiceOut.of)


@routes.post("/invoices/{invoice_id}/abandon", **gives(InvoiceOut))
def abandon_invoice(invoice_id: PathId, body: AbandonIn, run: Annotated[Run, provide(AbandonInvoice)]) -> Response:
    """Give up what is left due of an invoice."""
    return run(build=lambda: body.to_domain(invoice_id), present=InvoiceOut.of)


@routes.post("/invoices/{invoice_id}/close", **gives(InvoiceOut))
def close_invoice(invoice_id: PathId, body: CloseIn, run: Annotated[Run, provide(CloseInvoice)]) -> Response:
    """Count an invoice as paid and give up what is left due, with a reason."""
    return run(build=lambda: body.to_domain(invoice_id), present=InvoiceOut.of)


@routes.post("/invoices/{invoice_id}/reopen", **gives(InvoiceOut))
def reopen_invoice(invoice_id: PathId, run: Annotated[Run, provide(ReopenInvoice)]) -> Response:
    """Claim again what was given up of an invoice."""
    return run(build=lambda: InvoiceId(invoice_id), present=InvoiceOut.of)


@routes.post("/invoices/{invoice_id}/credit-notes", **gives(InvoiceOut, 201))
def credit_invoice(invoice_id: PathId, body: CreditNoteIn, run: Annotated[Run, provide(CreditInvoice)]) -> Response:
    """Enter a credit note of an invoice as a draft: of all that is left, of parts of lines, or of amounts."""
    run.limit(body.lines)
    run.limit(body.amounts, "amounts")
    return run(build=lambda: body.to_domain(invoice_id), present=InvoiceOut.of, location=ONE)


@routes.post("/orders/{order_id}/deposits", **gives(InvoiceOut, 201))
def charge_deposit(order_id: PathId, body: DepositIn, run: Annotated[Run, provide(ChargeDeposit)]) -> Response:
    """Enter a deposit on an order as a draft, split by the order's VAT rates."""
    return run(build=lambda: body.to_domain(order_id), present=InvoiceOut.of, location=ONE)


@routes.post("/invoices/{invoice_id}/deductions", **gives(InvoiceOut))
def deduct_deposit(invoice_id: PathId, body: DeductionIn, run: Annotated[Run, provide(DeductDeposit)]) -> Response:
    """Deduct a paid deposit on a draft of the same customer and currency."""
    return run(build=lambda: body.to_domain(invoice_id), present=InvoiceOut.of)


@routes.post("/invoices/{invoice_id}/replacement", **gives(InvoiceOut, 201))
def replace_invoice(invoice_id: PathId, body: InvoiceCopyIn, run: Annotated[Run, provide(ReplaceInvoice)]) -> Response:
    """Copy an unpaid invoice as the draft of its replacement; validating that abandons the invoice."""
    return run(build=lambda: body.to_domain(invoice_id), present=InvoiceOut.of, location=ONE)


@routes.post("/invoices/{invoice_id}/invoice", **gives(InvoiceOut, 201))
def invoice_pro_forma(
    invoice_id: PathId, body: InvoiceCopyIn, run: Annotated[Run, provide(InvoiceProForma)]
) -> Response:
    """Enter the invoice of a pro forma as a draft."""
    return run(build=lambda: body.to_domain(invoice_id), present=InvoiceOut.of, location=ONE)


@routes.get("/invoices/{invoice_id}/late-fee", **_COMPUTED)
def read_late_fee(invoice_id: PathId, run: Annotated[Run, provide(ReadLateFee)], on: To = None) -> Response:
    """Compute what being late costs: simple interest on what was due, and the company's fixed sum."""
    return run(build=lambda: LateFeeRequest(invoice_id=InvoiceId(invoice_id), on=on), present=LateFeeOut.of)


@routes.post("/invoices/{invoice_id}/late-fee-invoice", **gives(InvoiceOut, 201))
def charge_late_fee(invoice_id: PathId, body: LateFeeIn, run: Annotated[Run, provide(ChargeLateFee)]) -> Response:
    """Enter an invoice of the late fee that is not charged yet, as a draft without VAT."""
    return run(build=lambda: body.to_domain(invoice_id), present=InvoiceOut.of, location=ONE)


@routes.post("/invoice-templates", **gives(InvoiceTemplateOut, 201))
def create_invoice_template(body: InvoiceTemplateIn, run: Annotated[Run, provide(CreateInvoiceTemplate)]) -> Response:
    """Enter a template of invoices that come again."""
    run.limit(body.lines)
    return run(build=body.to_domain, present=InvoiceTemplateOut.of)


@routes.get("/invoice-templates")
def list_invoice_templates(run: Annotated[ListRun, provide_list(ListInvoiceTemplates)]) -> Response:
    """List templates, newest first."""
    return run()


@routes.get("/invoice-templates/{template_id}", **gives(InvoiceTemplateOut))
def read_invoice_template(template_id: PathId, run: Annotated[Run, provide(ReadInvoiceTemplate)]) -> Response:
    """Show one template."""
    return run(build=lambda: InvoiceTemplateId(template_id), present=InvoiceTemplateOut.of)


@routes.patch("/invoice-templates/{template_id}", **gives(InvoiceTemplateOut))
def change_invoice_template(
    template_id: PathId,
    version: IfMatch,
    body: InvoiceTemplateChange,
    run: Annotated[Run, provide(ChangeInvoiceTemplate)],
) -> Response:
    """Change the fields sent of a template."""
    run.limit(body.lines)
    return run(build=lambda: body.to_domain(template_id, version), present=InvoiceTemplateOut.of)


@routes.delete("/invoice-templates/{template_id}", **gives())
def delete_invoice_template(
    template_id: PathId, version: IfMatch, run: Annotated[Run, provide(DeleteInvoiceTemplate)]
) -> Response:
    """Delete a template that made nothing."""
    return run(build=lambda: Versioned(id=template_id, version=version), present=lambda _: None)


@routes.post("/invoice-templates/{template_id}/pause", **gives(InvoiceTemplateOut))
def pause_invoice_template(template_id: PathId, run: Annotated[Run, provide(PauseInvoiceTemplate)]) -> Response:
    """Let a template make no invoices for now."""
    return run(build=lambda: Pause(template_id=InvoiceTemplateId(template_id)), present=InvoiceTemplateOut.of)


@routes.post("/invoice-templates/{template_id}/resume", **gives(InvoiceTemplateOut))
def resume_invoice_template(template_id: PathId, run: Annotated[Run, provide(ResumeInvoiceTemplate)]) -> Response:
    """Let a paused template go on."""
    return run(build=lambda: InvoiceTemplateId(template_id), present=InvoiceTemplateOut.of)


@routes.post("/invoice-templates/{template_id}/run", **gives(InvoiceOut, 201))
def run_invoice_template(template_id: PathId, run: Annotated[Run, provide(RunInvoiceTemplate)]) -> Response:
    """Make the invoice of the template's next day, if that has come."""
    return run(build=lambda: InvoiceTemplateId(template_id), present=InvoiceOut.of, location=ONE)


@routes.post("/invoices/{invoice_id}/write-off", **gives(InvoiceOut))
def write_off_invoice(invoice_id: PathId, body: WriteOffIn, run: Annotated[Run, provide(WriteOffInvoice)]) -> Response:
    """Give up what is left due of an invoice as a bad debt."""
    return run(build=lambda: body.to_domain(invoice_id), present=InvoiceOut.of)


@routes.post("/invoices/{invoice_id}/payments", **gives(PaymentOut, 201))
def pay_invoice(invoice_id: PathId, body: InvoicePaymentIn, run: Annotated[Run, provide(PayInvoice)]) -> Response:
    """Enter a payment of one invoice, in part or in full."""
    return run(build=lambda: body.to_domain(invoice_id), present=PaymentOut.of, location="/api/v1/payments/{id}")


@routes.post("/payments", **gives(PaymentOut, 201))
def create_payment(body: PaymentIn, run: Annotated[Run, provide(CreatePayment)]) -> Response:
    """Enter a payment of several invoices of one customer and currency."""
    run.limit(body.allocations, "allocations")
    return run(build=body.to_domain, present=PaymentOut.of)


batch(routes, create_payment)


@routes.get("/payments")
def list_payments(run: Annotated[ListRun, provide_list(ListPayments)]) -> Response:
    """List payments, newest first."""
    return run()


@routes.get("/payments/{payment_id}", **gives(PaymentOut))
def read_payment(payment_id: PathId, run: Annotated[Run, provide(ReadPayment)]) -> Response:
    """Show one payment."""
    return run(build=lambda: PaymentId(payment_id), present=PaymentOut.of)


@routes.post("/payments/{payment_id}/reverse", **gives(PaymentOut, 201))
def reverse_payment(payment_id: PathId, body: ReversalIn, run: Annotated[Run, provide(ReversePayment)]) -> Response:
    """Undo a payment by another one."""
    return run(build=lambda: body.to_domain(payment_id), present=PaymentOut.of, location="/api/v1/payments/{id}")


@routes.get("/third-parties/{party_id}/credits", **gives(CreditsOut))
def read_credits(party_id: PathId, run: Annotated[Run, provide(ReadCredits)]) -> Response:
    """Show what a customer has to their credit."""
    return run(build=lambda: PartyId(party_id), present=CreditsOut.of)
