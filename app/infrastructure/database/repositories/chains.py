"""Series and sealed documents in SQL, read to be proved: every column the seal covers, as it is stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Table, bindparam, func, null, select, type_coerce

from app.domain.billing import Allocation, Invoice, InvoiceLine, Payment, PaymentMethod
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
    payments,
)
from app.infrastructure.database.tables.shared import series
from app.infrastructure.database.types import LONG_TEXT
from app.usecases.context import Context
from app.usecases.ports.chains import Balance, Disagreement

BATCH: Final = 200
"""Documents read at a time: with their lines they are what memory holds."""

_HEAD: Final = tuple(series.c[name] for name in ("kind", "period", "next", "last_hash", "last_date"))
_MINE: Final = series.c.company_id == bindparam("company_id")
_HEADS = prepare(select(*_HEAD).where(_MINE).order_by(series.c.kind, series.c.period), "select series heads")

_INVOICE: Final = ("party_id", "ref", "date", "due_date")
_PAYMENT: Final = ("party_id", "ref", "date", "currency", "rate", "company_currency", "amount", "company_amount")
_ALLOCATION: Final = ("invoice_id", "kind", "amount", "company_amount")


def _ends(table: Table, *, one: bool) -> Prepared:
    """Prepare the ends of a kind's chains: head and last row of each in one statement, so of one moment."""
    rows_to = (
        select(func.max(table.c.number))
        .where(table.c.company_id == series.c.company_id, table.c.period == series.c.period)
        .scalar_subquery()
    )
    found = select(*_HEAD, rows_to).where(_MINE, series.c.kind == bindparam("kind"))
    if one:
        found = found.where(series.c.period == bindparam("period"))
    return prepare(found.order_by(series.c.period), f"select ends of {table.name}")


def _orphans(table: Table, *, one: bool) -> Prepared:
    """Prepare the periods that have numbered rows but no series."""
    kept = select(null()).where(_MINE, series.c.kind == bindparam("kind"), series.c.period == table.c.period).exists()
    found = select(table.c.period, func.max(table.c.number)).where(
        table.c.company_id == bindparam("company_id"), table.c.number.is_not(None), ~kept
    )
    if one:
        found = found.where(table.c.period == bindparam("period"))
    return prepare(found.group_by(table.c.period).order_by(table.c.period), f"select orphans of {table.name}")


def _part(table: Table, *columns: Any, owner: Table, key: str = "", order: str = "") -> Prepared:
    """Prepare what a batch of documents has in ``table``: the document's number first, then ``columns``."""
    found = select(owner.c.number, *columns).where(
        owner.c.company_id == bindparam("company_id"),
        owner.c.period == bindparam("period"),
        owner.c.number > bindparam("after"),
        owner.c.number <= bindparam("to"),
    )
    if table is not owner:
        found = found.where(table.c.company_id == owner.c.company_id, table.c[key] == owner.c.id)
    sorted_by = (owner.c.number, table.c[order]) if order else (owner.c.number,)
    return prepare(found.order_by(*sorted_by), f"select chain of {table.name}")


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
) -> _Chain:
    at = select(table.c.link).where(
        table.c.company_id == bindparam("company_id"),
        table.c.period == bindparam("period"),
        table.c.number == bindparam("number"),
    )
    return _Chain(
        ends=(_ends(table, one=False), _ends(table, one=True)),
        orphans=(_orphans(table, one=False), _orphans(table, one=True)),
        link_at=prepare(at, f"select link of {table.name}"),
        documents=_part(table, table.c.link, *columns, owner=table),
        parts=parts,
        content=content,
    )


def _invoice(row: Row, parts: Sequence[Sequence[Row]]) -> Mapping[str, object]:
    """Give what the link of an invoice covers, from its rows as they are; the VAT is not computed but read."""
    head, lines, taxes = row[: len(_INVOICE)], *parts
    at = len(_INVOICE)
    found = Invoice(
        **dict(zip(_INVOICE, head, strict=True)),
        valuation=valuation_of(row[at : at + len(VALUED)]),
        totals=totals_of(row[-len(TOTALS) :]),
        lines=[InvoiceLine(**line_fields(line)) for line in lines],
        vat=tuple(VatLine(*tax) for tax in taxes),
    )
    return found.content()


def _payment(row: Row, parts: Sequence[Sequence[Row]]) -> Mapping[str, object]:
    """Give what the link of a payment covers, from its rows as they are."""
    fields: dict[str, Any] = dict(zip(_PAYMENT, row, strict=False))
    fields["currency"] = currency(fields["currency"])
    fields["company_currency"] = currency(fields["company_currency"])
    allocations = [Allocation(**dict(zip(_ALLOCATION, part, strict=True))) for part in parts[0]]
    return Payment(**fields, method=PaymentMethod(row[-1]), allocations=allocations).content()


_CHAINS: Final[Mapping[SeriesKind, _Chain]] = {
    SeriesKind.INVOICE: _chain(
        invoices,
        [invoices.c[name] for name in (*_INVOICE, *VALUED, *TOTALS)],
        (
            _part(
                invoice_lines,
                *(invoice_lines.c[name] for name in PRICED),
                owner=invoices,
                key="invoice_id",
                order="position",
            ),
            _part(
                invoice_taxes,
                *(invoice_taxes.c[name] for name in ("rate", "base", "vat", "company_base", "company_vat")),
                owner=invoices,
                key="invoice_id",
                order="rate",
            ),
        ),
        _invoice,
    ),
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
            ),
        ),
        _payment,
    ),
}
_SHOWN: Final = 4


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
        for number, link, *row in documents:
            try:
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
