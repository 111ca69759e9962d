"""Series and sealed documents in SQL, read to be proved: every column the seal covers, as it is stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, ScalarSelect, Table, bindparam, func, null, select, type_coerce

from app.domain.billing import Allocation, CreditUse, Invoice, InvoiceKind, InvoiceLine, Payment, PaymentMethod
from app.domain.chains import Head, Linked
from app.domain.shared.errors import DomainError
from app.domain.shared.money import currency, plain
from app.domain.shared.series import SeriesKind
from app.domain.shared.totals import VatLine
from app.infrastructure.database.compiled import Prepared, Row, prepare
from app.infrastructure.database.reporting import run_report
from app.infrastructure.database.repositories.documents import (
    PRICED,
    TOTALS,
    VALUED,
    line_fields,
    totals_of,
    valuation_of,
)
from app.infrastructure.database.session import Session
from app.infrastructure.database.tables.billing import (
    invoice_lines,
    invoice_taxes,
    invoices,
    payment_allocations,
    payment_uses,
    payments,
)
from app.infrastructure.database.tables.parties import third_parties
from app.infrastructure.database.tables.shared import series
from app.infrastructure.database.types import LONG_TEXT
from app.usecases.context import Context
from app.usecases.ports.chains import Balance, Disagreement

BATCH: Final = 200
"""Documents read at a time: with their lines they are what memory holds."""

_HEAD: Final = tuple(series.c[name] for name in ("kind", "period", "next", "last_hash", "last_date"))
_MINE: Final = series.c.company_id == bindparam("company_id")
_HEADS = prepare(select(*_HEAD).where(_MINE).order_by(series.c.kind, series.c.period), "select series heads")

_INVOICE: Final = ("sealed_party_id", "party_id", "kind", "source_id", "ref", "date", "due_date")
_LINE: Final = (*PRICED, "vat", "company_vat", "source_position", "deposit_id")
Among = Sequence[ColumnElement[bool]]
"""What tells the documents of a chain from others in their table."""
_PAYMENT: Final = (
    *("sealed_party_id", "party_id", "ref", "date"),
    *("currency", "rate", "company_currency", "amount", "company_amount"),
    *("credit", "company_credit", "reverses_id", "reason", "reference", "account_id"),
)
_ALLOCATION: Final = ("invoice_id", "kind", "amount", "company_amount")
_USE: Final = ("credit_of", "kind", "amount", "company_amount")


def _ends(table: Table, among: Among, name: str, *, one: bool) -> Prepared:
    """Prepare the ends of a kind's chains: head and last row of each in one statement, so of one moment."""
    rows_to = (
        select(func.max(table.c.number))
        .where(table.c.company_id == series.c.company_id, table.c.period == series.c.period, *among)
        .scalar_subquery()
    )
    found = select(*_HEAD, rows_to).where(_MINE, series.c.kind == bindparam("kind"))
    if one:
        found = found.where(series.c.period == bindparam("period"))
    return prepare(found.order_by(series.c.period), f"select ends of {name}")


def _orphans(table: Table, among: Among, name: str, *, one: bool) -> Prepared:
    """Prepare the periods that have numbered rows but no series."""
    kept = select(null()).where(_MINE, series.c.kind == bindparam("kind"), series.c.period == table.c.period).exists()
    found = select(table.c.period, func.max(table.c.number)).where(
        table.c.company_id == bindparam("company_id"), table.c.number.is_not(None), ~kept, *among
    )
    if one:
        found = found.where(table.c.period == bindparam("period"))
    return prepare(found.group_by(table.c.period).order_by(table.c.period), f"select orphans of {name}")


def _part(
    table: Table, *columns: Any, owner: Table, among: Among = (), name: str, key: str = "", order: str = ""
) -> Prepared:
    """Prepare what a batch of documents has in ``table``: the document's number first, then ``columns``."""
    found = select(owner.c.number, *columns).where(
        owner.c.company_id == bindparam("company_id"),
        owner.c.period == bindparam("period"),
        owner.c.number > bindparam("after"),
        owner.c.number <= bindparam("to"),
        *among,
    )
    if table is not owner:
        found = found.where(table.c.company_id == owner.c.company_id, table.c[key] == owner.c.id)
    sorted_by = (owner.c.number, table.c[order]) if order else (owner.c.number,)
    return prepare(found.order_by(*sorted_by), f"select chain of {name}")


@dataclass(frozen=True, slots=True)
class _Chain:
    """How the documents of one kind are read: the document itself first, then its parts, and what was sealed."""

    ends: tuple[Prepared, Prepared]
    orphans: tuple[Prepared, Prepared]
    link_at: Prepared
    documents: Prepared
    parts: tuple[Prepared, ...]
    content: Callable[[Row, Sequence[Sequence[Row]]], Mapping[str, object]]


def _chain(
    table: Table,
    columns: Sequence[Any],
    parts: tuple[Prepared, ...],
    content: Callable[[Row, Sequence[Sequence[Row]]], Mapping[str, object]],
    *,
    among: Among = (),
    name: str,
) -> _Chain:
    at = select(table.c.link).where(
        table.c.company_id == bindparam("company_id"),
        table.c.period == bindparam("period"),
        table.c.number == bindparam("number"),
        *among,
    )
    return _Chain(
        ends=(_ends(table, among, name, one=False), _ends(table, among, name, one=True)),
        orphans=(_orphans(table, among, name, one=False), _orphans(table, among, name, one=True)),
        link_at=prepare(at, f"select link of {name}"),
        documents=_part(table, table.c.link, _merged(table), *columns, owner=table, among=among, name=name),
        parts=parts,
        content=content,
    )


def _merged(table: Table) -> ScalarSelect[Any]:
    """Give into whom the third party that the link names was merged: only so may the document name another."""
    return (
        select(third_parties.c.merged_into_id)
        .where(third_parties.c.company_id == table.c.company_id, third_parties.c.id == table.c.sealed_party_id)
        .correlate(table)
        .scalar_subquery()
    )


def _invoice(row: Row, parts: Sequence[Sequence[Row]]) -> Mapping[str, object]:
    """Give what the link of an invoice covers, from its rows as they are; the VAT is not computed but read."""
    head, lines, taxes = row[: len(_INVOICE)], *parts
    at = len(_INVOICE)
    found = Invoice(
        **dict(zip(_INVOICE, head, strict=True)),
        valuation=valuation_of(row[at : at + len(VALUED)]),
        totals=totals_of(row[-len(TOTALS) :]),
        lines=[
            InvoiceLine(**line_fields(line), **dict(zip(_LINE[len(PRICED) :], line[len(PRICED) :], strict=True)))
            for line in lines
        ],
        vat=tuple(VatLine(*tax) for tax in taxes),
    )
    return found.content()


def _payment(row: Row, parts: Sequence[Sequence[Row]]) -> Mapping[str, object]:
    """Give what the link of a payment covers, from its rows as they are."""
    fields: dict[str, Any] = dict(zip(_PAYMENT, row, strict=False))
    fields["currency"] = currency(fields["currency"])
    fields["company_currency"] = currency(fields["company_currency"])
    allocations = [Allocation(**dict(zip(_ALLOCATION, part, strict=True))) for part in parts[0]]
    uses = [CreditUse(**dict(zip(_USE, part, strict=True))) for part in parts[1]]
    return Payment(**fields, method=PaymentMethod(row[-1]), allocations=allocations, uses=uses).content()


def _invoices(kind: InvoiceKind) -> _Chain:
    """Give how the invoices of one kind are read: each has a series of its own."""
    among = (invoices.c.kind == kind,)
    of_invoice: dict[str, Any] = {"owner": invoices, "among": among, "key": "invoice_id"}
    lines, taxes = (
        (invoice_lines.c[name] for name in _LINE),
        (invoice_taxes.c[name] for name in ("rate", "base", "vat", "company_base", "company_vat")),
    )
    return _chain(
        invoices,
        [invoices.c[name] for name in (*_INVOICE, *VALUED, *TOTALS)],
        (
            _part(invoice_lines, *lines, **of_invoice, order="position", name=f"{kind.series} lines"),
            _part(invoice_taxes, *taxes, **of_invoice, order="rate", name=f"{kind.series} taxes"),
        ),
        _invoice,
        among=among,
        name=kind.series.value,
    )


_CHAINS: Final[Mapping[SeriesKind, _Chain]] = {
    **{kind.series: _invoices(kind) for kind in InvoiceKind if kind.sealed},
    SeriesKind.PAYMENT: _chain(
        payments,
        # As text: a method that is none is a changed row, not an error.
        [*(payments.c[name] for name in _PAYMENT), type_coerce(payments.c.method, LONG_TEXT)],
        (
            _part(
                payment_allocations,
                *(payment_allocations.c[name] for name in _ALLOCATION),
                owner=payments,
                key="payment_id",
                order="position",
                name="payment allocations",
            ),
            _part(
                payment_uses,
                *(payment_uses.c[name] for name in _USE),
                owner=payments,
                key="payment_id",
                order="position",
                name="payment uses",
            ),
        ),
        _payment,
        name="payment",
    ),
}
_SHOWN: Final = 4


def _follows(merged: int | None, sealed: int | None, party: int) -> None:
    """Pass only a document that names whom its link names, or into whom that one was merged. Raises LookupError."""
    if sealed is not None and merged != party:
        raise LookupError(sealed)


def _end(
    kind: SeriesKind, period: str, following: int, last_hash: str, last_date: date | None, rows_to: int | None
) -> Head:
    return Head(
        kind=kind, period=period, next=following, last_hash=last_hash, last_date=last_date, rows_to=rows_to or 0
    )


class SqlChains:
    """Series and sealed documents of the context's company."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company
        self._context = context

    def heads(self) -> Sequence[Head]:
        """Give the end of every series, by kind and period; ``rows_to`` is not looked for."""
        rows = self._session.all(_HEADS, company_id=self._company)
        return [
            Head(kind=kind, period=period, next=following, last_hash=last, last_date=on)
            for kind, period, following, last, on in rows
        ]

    def ends(self, kind: SeriesKind, period: str | None) -> Sequence[Head]:
        """Give the ends of a kind's chains by period, with ``rows_to``; what has rows and no series is told too."""
        chain, one = _CHAINS[kind], period is not None
        given: dict[str, Any] = {"company_id": self._company, "kind": kind.value}
        if period is not None:
            given["period"] = period
        # The rows without a series first: one that begins in between is then not taken for one of them.
        orphans = self._session.all(chain.orphans[one], **given)
        ends = [_end(kind, *row[1:]) for row in self._session.all(chain.ends[one], **given)]
        ends += [_end(kind, named or "", 1, "", None, to) for named, to in orphans]
        return sorted(ends, key=lambda head: head.period)

    def rows(self, kind: SeriesKind, period: str, to: int) -> Iterator[Linked]:
        """Give the documents numbered 1 to ``to``, in order, read in batches by number."""
        chain = _CHAINS[kind]
        for after in range(0, to, BATCH):
            self._context.check()
            yield from self._batch(chain, period, after, min(after + BATCH, to))

    def _batch(self, chain: _Chain, period: str, after: int, to: int) -> Iterator[Linked]:
        given: dict[str, Any] = {"company_id": self._company, "period": period, "after": after, "to": to}
        documents = self._session.all(chain.documents, **given)
        parts = [self._by_number(self._session.all(part, **given)) for part in chain.parts]
        for number, link, merged, *row in documents:
            try:
                _follows(merged, row[0], row[1])
                content = chain.content(tuple(row), [part[number] for part in parts])
            except (DomainError, ArithmeticError, LookupError, TypeError, ValueError):
                content = {"unreadable": number}  # a value no document can have: nothing was ever sealed like this
            yield Linked(number=number, content=content, link=link or "")

    @staticmethod
    def _by_number(rows: Sequence[Row]) -> Mapping[int, list[Row]]:
        found: defaultdict[int, list[Row]] = defaultdict(list)
        for number, *row in rows:
            found[number].append(tuple(row))
        return found

    def link_at(self, kind: SeriesKind, period: str, number: int) -> str | None:
        """Give the link of one document, None when it is not there."""
        link = self._session.scalar(_CHAINS[kind].link_at, company_id=self._company, period=period, number=number)
        return None if link is None else str(link)

    def disagreements(self, balance: Balance, most: int) -> Sequence[Disagreement]:
        """Give up to ``most`` places where the books contradict themselves, each as it was at one moment."""
        rows = run_report(self._session, f"balance_{balance.value}", company=self._company, most=most)
        return [
            Disagreement(balance=balance, what=what, id=key, told=_shown(told), counted=_shown(counted))
            for what, key, told, counted in rows
        ]


def _shown(value: Any) -> str:
    """Write what a report found: a Decimal plainly, no row at all as nothing."""
    if value is None:
        return ""
    return value if isinstance(value, str) else plain(value, _SHOWN) if value == round(value, _SHOWN) else plain(value)
