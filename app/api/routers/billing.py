"""Invoices and payments of customers."""

from typing import Annotated

from fastapi import Response

from app.api.batch import batch
from app.api.listing import ListRun, provide_list
from app.api.provide import IfMatch, Run, provide
from app.api.route import gives, router
from app.api.schemas.billing import (
    AbandonIn,
    InvoiceChange,
    InvoiceIn,
    InvoiceOut,
    InvoicePaymentIn,
    OrderInvoiceIn,
    PaymentIn,
    PaymentOut,
)
from app.api.schemas.shared import PathId
from app.domain.shared.ids import InvoiceId, PaymentId
from app.usecases.billing import (
    AbandonInvoice,
    ChangeInvoice,
    CreateInvoice,
    CreatePayment,
    DeleteInvoice,
    InvoiceOrder,
    ListInvoices,
    ListPayments,
    PayInvoice,
    ReadInvoice,
    ReadPayment,
    ValidateInvoice,
)
from app.usecases.shared import Versioned

routes = router("invoices")


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
