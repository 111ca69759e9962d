"""Papers of invoices of every kind (EN 16931; French CGI, annexe II, art. 242 nonies A; German UStG, section 14)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, Final

from app.domain.banking import BankAccount
from app.domain.billing import Invoice, InvoiceKind, InvoiceState
from app.domain.catalogue import Product
from app.domain.papers import Account, Mark, Paper, PaperKind, Passage, Total
from app.domain.parties import Address, Addressee, AddressKind, DueAmount, Party
from app.domain.sales import Order
from app.domain.shared.dates import Day
from app.domain.shared.ids import InvoiceId, OrderId, ProductId
from app.domain.shared.money import Amount, Rate
from app.domain.shared.objects import ObjectKind
from app.domain.shared.rights import Right
from app.usecases.billing import ReadInstalments
from app.usecases.context import Context
from app.usecases.papers.documents import PrintDocument, Sending
from app.usecases.papers.frame import (
    Frame,
    day,
    facts,
    in_company_currency,
    own_words,
    priced_table,
    recipient,
    sums,
    text,
    vat_rows,
)
from app.usecases.papers.keeping import address_of, products_of
from app.usecases.ports.shared import Work

ZERO: Final = Decimal(0)
KINDS: Final[Mapping[InvoiceKind, PaperKind]] = {
    InvoiceKind.STANDARD: PaperKind.INVOICE,
    InvoiceKind.CREDIT_NOTE: PaperKind.CREDIT_NOTE,
    InvoiceKind.DEPOSIT: PaperKind.DEPOSIT,
    InvoiceKind.REPLACEMENT: PaperKind.REPLACEMENT,
    InvoiceKind.PRO_FORMA: PaperKind.PRO_FORMA,
}
_MARKS: Final = {InvoiceState.DRAFT: Mark.DRAFT, InvoiceState.ABANDONED: Mark.ABANDONED}
_ASKS: Final = frozenset({InvoiceKind.STANDARD, InvoiceKind.DEPOSIT, InvoiceKind.REPLACEMENT})
"""The kinds that ask for money."""
_DELIVERS: Final = frozenset({InvoiceKind.STANDARD, InvoiceKind.REPLACEMENT})
_OF_SOURCE: Final = {InvoiceKind.CREDIT_NOTE: "credits", InvoiceKind.REPLACEMENT: "replaces"}


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceFacts:
    """What the paper of an invoice is made of.

    ``addressee`` is to whom it goes, ``source`` the invoice it corrects or replaces, ``deposits`` those it deducts,
    ``delivered`` the day of delivery as far as it is known, ``plan`` what is due when. The late fee is what the company
    charges: per cent a year, and a fixed sum in its own currency.
    """

    invoice: Invoice
    party: Party
    addressee: Addressee
    products: Mapping[ProductId, Product]
    plan: Sequence[DueAmount] = ()
    order: Order | None = None
    source: Invoice | None = None
    deposits: Sequence[Invoice] = ()
    delivered: Day | None = None
    account: BankAccount | None = None
    late_fee: tuple[Rate, Amount] = (Rate(ZERO), Amount(ZERO))


def invoice_paper(frame: Frame, given: InvoiceFacts) -> Paper:
    """Describe an invoice of any kind; all its amounts are those the invoice has."""
    invoice, party, order = given.invoice, given.party, given.order
    draft = invoice.state is InvoiceState.DRAFT
    return Paper(
        kind=KINDS[invoice.kind],
        ref="" if draft else invoice.ref,
        locale=frame.locale,
        date=invoice.date,
        currency=invoice.valuation.currency,
        issuer=frame.issuer(),
        appearance=frame.appearance(),
        recipient=recipient(given.addressee.name, given.addressee.address),
        country=frame.abroad(given.addressee.address),
        facts=facts(
            day("date", invoice.date),
            day("delivery_date", given.delivered),
            day("due_date", invoice.due_date if invoice.kind in _ASKS else None),
            text("customer_code", party.customer_code),
            text("customer_vat_number", given.addressee.tax_id),
            text("order", None if order is None else order.ref),
            text("customer_reference", None if order is None else order.external_ref),
            text(_OF_SOURCE.get(invoice.kind, ""), None if given.source is None else given.source.ref),
        ),
        opening=own_words(invoice.note),
        tables=[priced_table(invoice.lines, given.products)],
        totals=_totals(invoice, draft=draft),
        vat=vat_rows(invoice.vat, frame.letterhead.no_vat_reason),
        closing=[*_passages(given), *own_words(*frame.letterhead.invoice_notes)],
        account=None if draft else _account(given),
        mark=_MARKS.get(invoice.state),
    )


def _totals(invoice: Invoice, *, draft: bool) -> list[Total]:
    """Give the sums down to what is open: to be paid, or with a credit note to be given back."""
    claims = not draft and invoice.kind.sealed
    found = sums(invoice.totals, invoice.vat, strong=not claims)
    if claims:
        if invoice.paid:
            found.append(Total(label="paid", amount=invoice.paid))
        if invoice.close_reason is not None:
            found.append(Total(label="given_up", amount=invoice.due))
        else:
            label = "to_give_back" if invoice.kind is InvoiceKind.CREDIT_NOTE else "due"
            found.append(Total(label=label, amount=invoice.due, strong=True))
    return [*found, *in_company_currency(invoice.totals, invoice.valuation)]


def _passages(given: InvoiceFacts) -> list[Passage]:
    """Give what is said below the sums: of other documents, of payment, and of being late."""
    invoice, found = given.invoice, []
    currency = invoice.valuation.currency.code
    if given.source is not None and invoice.kind in _OF_SOURCE:
        told = (("ref", given.source.ref), ("date", given.source.date))
        found.append(Passage(key=_OF_SOURCE[invoice.kind], facts=told))
    for one in given.deposits:
        gross = -sum((line.net + (line.vat or ZERO) for line in invoice.lines if line.deposit_id == one.id), ZERO)
        deducted = (("ref", one.ref), ("date", one.date), ("amount", gross), ("currency", currency))
        found.append(Passage(key="deposit_deducted", facts=deducted))
    if invoice.kind is InvoiceKind.PRO_FORMA:
        found.append(Passage(key="pro_forma"))
    if invoice.kind in _DELIVERS and given.delivered is None:
        found.append(Passage(key="delivered_on_date"))
    if invoice.kind in _ASKS:
        found += [*_payment(given.plan, currency), *_late_fee(given)]
    return found


def _payment(plan: Sequence[DueAmount], currency: str) -> list[Passage]:
    if len(plan) == 1:
        return [Passage(key="payment", facts=(("due_date", plan[0].due_date),))]
    return [
        Passage(key="instalment", facts=(("due_date", one.due_date), ("amount", one.amount), ("currency", currency)))
        for one in plan
    ]


def _late_fee(given: InvoiceFacts) -> list[Passage]:
    percent, fixed = given.late_fee
    currency = given.invoice.valuation.company_currency.code
    found = []
    if percent:
        found.append(Passage(key="late_interest", facts=(("percent", percent),)))
    if fixed:
        found.append(Passage(key="late_sum", facts=(("amount", fixed), ("currency", currency))))
    return found


def _account(given: InvoiceFacts) -> Account | None:
    """Give where to pay what is open; nothing where nothing is asked for any more."""
    invoice, account = given.invoice, given.account
    asks = invoice.state is InvoiceState.VALIDATED and invoice.kind in _ASKS and invoice.due > 0
    if account is None or not asks:
        return None
    return Account(holder=account.holder, iban=account.iban, bic=account.bic, amount=invoice.due, reference=invoice.ref)


class PrintInvoice(PrintDocument[Invoice]):
    """Describe an invoice of any kind as it is printed. Raises NotFound."""

    __slots__ = ()
    right: ClassVar[Right] = Right.INVOICES_READ
    object: ClassVar[ObjectKind] = ObjectKind.INVOICES

    def _found(self, work: Work, document: int) -> Invoice:
        return work.invoices.get(InvoiceId(document))

    def _kind(self, document: Invoice) -> PaperKind:
        return KINDS[document.kind]

    def _address(self, work: Work, party: Party) -> Address:
        return address_of(work, party, AddressKind.BILLING)

    def _described(self, work: Work, context: Context, frame: Frame, sending: Sending[Invoice]) -> Paper:
        return invoice_paper(frame, _facts(work, context, frame, sending))


def _facts(work: Work, context: Context, frame: Frame, sending: Sending[Invoice]) -> InvoiceFacts:
    """Read what the paper of an invoice is made of."""
    invoice = sending.document
    order = None if invoice.order_id is None else work.orders.get(OrderId(invoice.order_id))
    delivered = None
    if order is not None and invoice.kind in _DELIVERS:
        delivered = work.shipments.last_date(order.id) or order.delivery_date
    named = invoice.source_id if invoice.kind in _OF_SOURCE else None
    deducted = dict.fromkeys(line.deposit_id for line in invoice.lines if line.deposit_id is not None)
    account = frame.letterhead.bank_account
    return InvoiceFacts(
        invoice=invoice,
        party=sending.party,
        addressee=sending.addressee,
        products=products_of(work, invoice.lines),
        plan=ReadInstalments().execute(work, context, invoice.id)[1] if invoice.kind in _ASKS else (),
        order=order,
        source=None if named is None else work.invoices.get(named),
        deposits=[work.invoices.get(one) for one in deducted],
        delivered=delivered,
        account=None if account is None else work.bank_accounts.get(account),
        late_fee=(frame.settings.late_fee_percent, frame.settings.late_fee_fixed),
    )
