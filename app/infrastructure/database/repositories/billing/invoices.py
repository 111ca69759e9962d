"""Invoices in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import bindparam, delete, func, or_, select, update

from app.domain.billing import (
    AbandonReason,
    Credited,
    Invoice,
    InvoiceKind,
    InvoiceLine,
    InvoiceState,
    Settled,
    Share,
)
from app.domain.shared.errors import NotFound, Stale
from app.domain.shared.ids import InvoiceId
from app.domain.shared.money import Amount
from app.domain.shared.search import Searched
from app.infrastructure.database.compiled import prepare, prepare_many
from app.infrastructure.database.locks import Lock
from app.infrastructure.database.repositories.documents import (
    PRICED,
    TOTALS,
    VALUED,
    NewDocuments,
    by_id,
    line_fields,
    line_values,
    lines_of,
    locking,
    locking_many,
    provisional,
    totals_of,
    totals_values,
    valuation_of,
    valuation_values,
    vat_of,
)
from app.infrastructure.database.repositories.parties.credits import limit_of
from app.infrastructure.database.repositories.search import SqlWords, texts_in
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import insert_rows, update_rows
from app.infrastructure.database.tables.billing import (
    invoice_lines,
    invoice_taxes,
    invoices,
    payment_allocations,
    payments,
)
from app.usecases.context import Context

_HEADER: Final = (
    "kind",
    "source_id",
    "template_id",
    "occurrence",
    "ref",
    "party_id",
    "order_id",
    "proposal_id",
    "date",
    "due_date",
    "payment_terms_id",
    "representative_id",
    "note",
    "custom",
    "abandon_reason",
    "close_reason",
    "paid",
    "company_paid",
    "number",
    "period",
    "link",
    "sealed_party_id",
)
_COLUMNS: Final = ("id", "version", "status", *_HEADER, *VALUED, *TOTALS)
_OWN: Final = ("order_position", "vat", "company_vat", "source_position", "deposit_id")
_LINE: Final = (*PRICED, *_OWN)
_STORED: Final = ("status", *_HEADER, *VALUED, *TOTALS)
_FINAL: Final = ("status", "ref", "date", "due_date", "number", "period", "link")
_TEXTS: Final = texts_in(Searched.INVOICE, _COLUMNS)
_MINE: Final = (invoices.c.company_id == bindparam("company_id"), invoices.c.id == bindparam("document"))

_GET = prepare(by_id(invoices, _COLUMNS))
_LOCK = locking(invoices, _COLUMNS, limit_of(invoices))
_LOCK_HEADERS = locking_many(invoices, _COLUMNS)
_LINES = lines_of(invoice_lines, "invoice_id", _LINE)
_NEW = NewDocuments(
    invoices,
    ("version", *(name for name in _STORED if name != "ref")),
    invoice_lines,
    _LINE,
    owner="invoice_id",
)
_UPDATE = prepare(
    update(invoices)
    .where(*_MINE, invoices.c.version == bindparam("seen"))
    .values({"version": bindparam("now"), **{name: bindparam(name) for name in _STORED}})
)
_FINISH = prepare(
    update(invoices)
    .where(*_MINE, invoices.c.version == bindparam("seen"))
    .values({"version": bindparam("now"), **{name: bindparam(name) for name in _FINAL}}),
    "update invoices.final",
)
_SETTLE = prepare_many(
    update_rows(
        invoices,
        ("status", "abandon_reason", "close_reason", "paid", "company_paid"),
        match=("id", "version"),
        versioned=True,
    )
)
_DELETE = prepare(delete(invoices).where(*_MINE, invoices.c.version == bindparam("seen")))
_DELETE_LINES = prepare(
    delete(invoice_lines).where(
        invoice_lines.c.company_id == bindparam("company_id"), invoice_lines.c.invoice_id == bindparam("document")
    )
)
_SHARE: Final = ("net", "vat", "company_net", "company_vat")
_OF_SOURCE: Final = (
    invoices.c.company_id == bindparam("company_id"),
    invoices.c.source_id == bindparam("document"),
)
_CREDITED = prepare(
    select(
        invoice_lines.c.source_position,
        invoice_lines.c.vat_rate,
        invoice_lines.c.deposit_id,
        func.sum(invoice_lines.c.quantity),
        *(func.sum(invoice_lines.c[name]) for name in _SHARE),
    )
    .join(
        invoices,
        (invoices.c.company_id == invoice_lines.c.company_id) & (invoices.c.id == invoice_lines.c.invoice_id),
    )
    .where(*_OF_SOURCE, invoices.c.kind == InvoiceKind.CREDIT_NOTE)
    .group_by(invoice_lines.c.source_position, invoice_lines.c.vat_rate, invoice_lines.c.deposit_id),
    "select credited lines",
)
# What a credit note gives back counts once it is final; what an invoice deducts counts from its draft on.
_DEDUCTED = prepare(
    select(func.sum(invoice_lines.c.net))
    .join(
        invoices,
        (invoices.c.company_id == invoice_lines.c.company_id) & (invoices.c.id == invoice_lines.c.invoice_id),
    )
    .where(
        invoice_lines.c.company_id == bindparam("company_id"),
        invoice_lines.c.deposit_id == bindparam("document"),
        or_(invoice_lines.c.net < 0, invoices.c.status != InvoiceState.DRAFT),
        or_(invoices.c.abandon_reason.is_(None), invoices.c.abandon_reason != AbandonReason.REPLACED),
    ),
    "select deductions",
)
_SETTLED = prepare(
    select(payments.c.date, func.sum(payment_allocations.c.amount))
    .join(
        payment_allocations,
        (payments.c.company_id == payment_allocations.c.company_id)
        & (payments.c.id == payment_allocations.c.payment_id),
    )
    .where(
        payment_allocations.c.company_id == bindparam("company_id"),
        payment_allocations.c.invoice_id == bindparam("document"),
    )
    .group_by(payments.c.date),
    "select settlements by day",
)
_CHARGED = prepare(
    select(func.sum(invoices.c.total_net)).where(*_OF_SOURCE, invoices.c.kind == InvoiceKind.STANDARD),
    "select charged late fees",
)
_TAX: Final = ("rate", "base", "vat", "company_base", "company_vat")
_INSERT_TAXES = prepare_many(insert_rows(invoice_taxes, _TAX, common=("company_id", "invoice_id")))


class SqlInvoices:
    """Invoices of the context's company, in rows of ``invoices``, ``invoice_lines`` and ``invoice_taxes``."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company
        self._words = SqlWords(session, context.company, Searched.INVOICE)

    def get(self, invoice: InvoiceId, *, lock: bool = False) -> Invoice:
        """Give an invoice, locked until the end of the transaction if asked. Raises NotFound."""
        return self._get(invoice, Lock.document("invoice", [invoice]) if lock else None)

    def replaced(self, invoice: InvoiceId) -> Invoice:
        """Give the invoice that one already locked replaces, locked as well. Raises NotFound."""
        return self._get(invoice, Lock.replaced(invoice))

    def _get(self, invoice: InvoiceId, lock: Lock | None) -> Invoice:
        if lock is not None:
            row = self._session.one(_LOCK, lock=lock, company_id=self._company, document=invoice)
        else:
            row = self._session.one(_GET, company_id=self._company, document=invoice)
        if row is None:
            raise NotFound(kind="invoice", id=invoice)
        self._words.saw(row[0], _TEXTS(row))
        found = self._session.all(_LINES, company_id=self._company, document=invoice)
        whole = _header(row[: len(_COLUMNS)])
        if lock is not None:
            whole.credit_limit = row[-1]
        whole.lines = [
            InvoiceLine(**line_fields(line), **dict(zip(_OWN, line[len(PRICED) :], strict=True))) for line in found
        ]
        whole.vat = vat_of(whole.lines, whole.valuation)
        return whole

    def lock_headers(self, invoices: Iterable[InvoiceId]) -> Mapping[InvoiceId, Invoice]:
        """Give those that exist without their lines, locked in order of id by one statement."""
        wanted = sorted(set(invoices))
        keys_wanted = [{"id": invoice} for invoice in wanted]
        lock = Lock.document("invoice", wanted)
        rows = self._session.all_of(_LOCK_HEADERS, keys_wanted, lock=lock, company_id=self._company)
        return {InvoiceId(row[0]): _header(row) for row in rows}

    def add(self, invoice: Invoice) -> None:
        """Store a new invoice, set its id, and its ref to ``(PROV<id>)``."""
        header = {name: value for name, value in _values(invoice).items() if name != "ref"}
        invoice.id = InvoiceId(_NEW.store(self._session, self._company, {"version": 1, **header}, _line_rows(invoice)))
        invoice.ref, invoice.version = provisional(invoice.id), 1
        self._words.add(invoice.id, {"ref": invoice.ref})

    def save(self, invoice: Invoice) -> None:
        """Store a changed draft whole and move the version. Raises Stale."""
        stored = self._session.run(_UPDATE, **self._step(invoice), **_values(invoice))
        _moved(invoice, stored)
        self._session.run(_DELETE_LINES, company_id=self._company, document=invoice.id)
        _NEW.add_lines(self._session, self._company, invoice.id, _line_rows(invoice))

    def save_validated(self, invoice: Invoice) -> None:
        """Store state, dates, number and link of a draft that became final, and its VAT per rate. Raises Stale."""
        stored = self._session.run(_FINISH, **self._step(invoice), **_pick(_values(invoice), _FINAL))
        _moved(invoice, stored)
        self._words.save(invoice.id, {"ref": invoice.ref})
        if not invoice.kind.sealed:
            return  # nothing is owed, so no tax is
        rows = [{name: getattr(line, name) for name in _TAX} for line in invoice.vat]
        self._session.many(_INSERT_TAXES, rows, company_id=self._company, invoice_id=invoice.id)

    def save_settlements(self, invoices: Iterable[Invoice]) -> None:
        """Store state, reason and what was paid of locked invoices, set-wise. Raises Stale."""
        settled = list(invoices)
        rows = [
            {
                "id": invoice.id,
                "version": invoice.version,
                "status": invoice.state,
                "abandon_reason": invoice.abandon_reason,
                "close_reason": invoice.close_reason,
                "paid": invoice.paid,
                "company_paid": invoice.company_paid,
            }
            for invoice in settled
        ]
        if self._session.many(_SETTLE, rows, company_id=self._company) != len(rows):
            raise Stale
        for invoice in settled:
            invoice.version += 1

    def credited(self, invoice: InvoiceId) -> Sequence[Credited]:
        """Give what credit notes, drafts among them, take back of an invoice, summed by its lines."""
        rows = self._session.all(_CREDITED, company_id=self._company, document=invoice)
        return [
            Credited(position=at, group=(rate, deposit), quantity=quantity, share=Share(**_pick_row(_SHARE, sums)))
            for at, rate, deposit, quantity, *sums in rows
        ]

    def deducted(self, deposit: InvoiceId) -> bool:
        """Tell whether an invoice, or its draft, deducts the deposit and no credit note gave it back."""
        return bool(self._session.scalar(_DEDUCTED, company_id=self._company, document=deposit))

    def settled(self, invoice: InvoiceId) -> Sequence[Settled]:
        """Give what payments allocated to an invoice, by day."""
        rows = self._session.all(_SETTLED, company_id=self._company, document=invoice)
        return [Settled(date=on, amount=Amount(amount)) for on, amount in rows]

    def charged(self, invoice: InvoiceId) -> Amount:
        """Give what invoices of late fees ask for on account of an invoice, their drafts too."""
        found = self._session.scalar(_CHARGED, company_id=self._company, document=invoice)
        return Amount(found or Decimal(0))

    def delete(self, invoice: Invoice) -> None:
        """Remove a draft of that version, with its lines. Raises Stale."""
        removed = self._session.run(_DELETE, company_id=self._company, document=invoice.id, seen=invoice.version)
        if not removed:
            raise Stale(seen=invoice.version)
        self._words.remove(invoice.id)

    def _step(self, invoice: Invoice) -> dict[str, Any]:
        return {
            "company_id": self._company,
            "document": invoice.id,
            "seen": invoice.version,
            "now": invoice.version + 1,
        }


def _line_rows(invoice: Invoice) -> list[dict[str, Any]]:
    return [{**line_values(line), **{name: getattr(line, name) for name in _OWN}} for line in invoice.lines]


def _pick_row(names: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(names, row, strict=True))


def _moved(invoice: Invoice, stored: int) -> None:
    if not stored:
        raise Stale(seen=invoice.version)
    invoice.version += 1


def _values(invoice: Invoice) -> dict[str, Any]:
    return {
        "status": invoice.state,
        **{name: getattr(invoice, name) for name in _HEADER},
        **valuation_values(invoice.valuation),
        **totals_values(invoice.totals),
    }


def _pick(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: values[name] for name in names}


def _header(row: tuple[Any, ...]) -> Invoice:
    header = dict(zip(_COLUMNS, row, strict=True))
    at = 3 + len(_HEADER)
    return Invoice(
        id=header["id"],
        version=header["version"],
        state=header["status"],
        valuation=valuation_of(row[at : at + len(VALUED)]),
        totals=totals_of(row[-len(TOTALS) :]),
        **{name: header[name] for name in _HEADER},
    )
