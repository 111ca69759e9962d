"""Payments in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import bindparam, insert, select

from app.domain.billing import ZERO, Allocation, CreditKind, CreditUse, InvoiceState, OpenCredit, Payment
from app.domain.shared.errors import NotFound, Stale
from app.domain.shared.ids import PartyId, PaymentId
from app.domain.shared.money import Amount, currency, total
from app.domain.shared.search import Searched
from app.infrastructure.database.compiled import prepare, prepare_many
from app.infrastructure.database.locks import Lock
from app.infrastructure.database.repositories.documents import (
    by_id,
    lines_of,
    locking_many,
)
from app.infrastructure.database.repositories.search import SqlWords
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import insert_rows, update_rows
from app.infrastructure.database.tables.billing import (
    CREDIT,
    invoices,
    payment_allocations,
    payment_uses,
    payments,
)
from app.infrastructure.database.types import AMOUNT
from app.usecases.context import Context

MOST_CREDITS: Final = 200
_PAID: Final = (
    "ref",
    "party_id",
    "date",
    "method",
    "reference",
    "account_id",
    *CREDIT,
    "reverses_id",
    "reversed_by_id",
    "reason",
    "rate",
    "amount",
    "company_amount",
    "number",
    "period",
    "link",
    "sealed_party_id",
    "custom",
)
_PAYMENT: Final = ("id", "version", "currency", "company_currency", *_PAID)
_ALLOCATION: Final = ("invoice_id", "kind", "amount", "company_amount")
_USE: Final = ("credit_of", "kind", "amount", "company_amount")
_LATER: Final = ("credit_left", "company_credit_left", "reversed_by_id")

_GET_PAYMENT = prepare(by_id(payments, _PAYMENT))
_ALLOCATIONS = lines_of(payment_allocations, "payment_id", _ALLOCATION)
_USES = lines_of(payment_uses, "payment_id", _USE)
_LOCK = locking_many(payments, _PAYMENT)
_SAVE = prepare_many(update_rows(payments, _LATER, match=("id", "version"), versioned=True))
_INSERT_USES = prepare_many(insert_rows(payment_uses, ("position", *_USE), common=("company_id", "payment_id")))
_LEFT = prepare(
    select(payments.c.id, payments.c.ref, payments.c.date, payments.c.currency, payments.c.credit_left)
    .where(
        payments.c.company_id == bindparam("company_id"),
        payments.c.party_id == bindparam("party_id"),
        payments.c.credit_left > bindparam("nothing", type_=AMOUNT),
    )
    .order_by(payments.c.id)
    .limit(MOST_CREDITS),
    "select open credits",
)
_OWED = prepare(
    select(*(invoices.c[name] for name in ("id", "ref", "date", "currency")), invoices.c.paid, invoices.c.total_gross)
    .where(
        invoices.c.company_id == bindparam("company_id"),
        invoices.c.party_id == bindparam("party_id"),
        invoices.c.status == InvoiceState.VALIDATED.value,
        invoices.c.total_gross < invoices.c.paid,
        invoices.c.total_gross < bindparam("nothing", type_=AMOUNT),
    )
    .order_by(invoices.c.id)
    .limit(MOST_CREDITS),
    "select open credit notes",
)
_INSERT_PAYMENT = prepare(
    insert(payments).values(
        {name: bindparam(name) for name in ("company_id", "version", "currency", "company_currency", *_PAID)}
    )
)
_INSERT_ALLOCATIONS = prepare_many(
    insert_rows(payment_allocations, ("position", *_ALLOCATION), common=("company_id", "payment_id"))
)


class SqlPayments:
    """Payments of the context's company, in rows of ``payments`` and ``payment_allocations``."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company
        self._words = SqlWords(session, context.company, Searched.PAYMENT)

    def get(self, payment: PaymentId) -> Payment:
        """Give a payment with its allocations. Raises NotFound."""
        row = self._session.one(_GET_PAYMENT, company_id=self._company, document=payment)
        if row is None:
            raise NotFound(kind="payment", id=payment)
        found = _header(row)
        allocated = self._session.all(_ALLOCATIONS, company_id=self._company, document=payment)
        found.allocations = [Allocation(**dict(zip(_ALLOCATION, part, strict=True))) for part in allocated]
        if found.reverses_id is not None or not _adds_up(found):
            used = self._session.all(_USES, company_id=self._company, document=payment)
            found.uses = [CreditUse(**dict(zip(_USE, part, strict=True))) for part in used]
        return found

    def lock(self, payments: Iterable[PaymentId]) -> Mapping[PaymentId, Payment]:
        """Give those that exist without their parts, locked in order of id by one statement; none asks nothing."""
        wanted = sorted(set(payments))
        if not wanted:
            return {}
        given = [{"id": payment} for payment in wanted]
        lock = Lock.document("payment", wanted)
        rows = self._session.all_of(_LOCK, given, lock=lock, company_id=self._company)
        return {PaymentId(row[0]): _header(row) for row in rows}

    def open_credits(self, party: PartyId) -> Sequence[OpenCredit]:
        """Give what a customer's payments and credit notes have left, at most 200 of each, oldest first."""
        given: dict[str, Any] = {"company_id": self._company, "party_id": party, "nothing": ZERO}
        found = [
            OpenCredit(kind=CreditKind.PAYMENT, id=key, ref=ref, date=on, currency=code, left=left)
            for key, ref, on, code, left in self._session.all(_LEFT, **given)
        ]
        found += [
            OpenCredit(kind=CreditKind.CREDIT_NOTE, id=key, ref=ref, date=on, currency=code, left=Amount(paid - gross))
            for key, ref, on, code, paid, gross in self._session.all(_OWED, **given)
        ]
        return found

    def save_credits(self, payments: Iterable[Payment]) -> None:
        """Store what is left of the credit of locked payments, and what reversed them, set-wise. Raises Stale."""
        changed = list(payments)
        rows = [{name: getattr(one, name) for name in ("id", "version", *_LATER)} for one in changed]
        if self._session.many(_SAVE, rows, company_id=self._company) != len(rows):
            raise Stale
        for one in changed:
            one.version += 1

    def add(self, payment: Payment) -> None:
        """Store a new payment with its allocations and set its id."""
        payment.id = PaymentId(
            self._session.insert(
                _INSERT_PAYMENT,
                company_id=self._company,
                version=1,
                currency=payment.currency.code,
                company_currency=payment.company_currency.code,
                **{name: getattr(payment, name) for name in _PAID},
            )
        )
        payment.version = 1
        self._words.add(payment.id, {"ref": payment.ref})
        rows = _parts(payment.allocations, _ALLOCATION)
        self._session.many(_INSERT_ALLOCATIONS, rows, company_id=self._company, payment_id=payment.id)
        rows = _parts(payment.uses, _USE)
        self._session.many(_INSERT_USES, rows, company_id=self._company, payment_id=payment.id)


def _parts(parts: Sequence[object], columns: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"position": position, **{name: getattr(part, name) for name in columns}}
        for position, part in enumerate(parts, 1)
    ]


def _adds_up(payment: Payment) -> bool:
    """Tell whether a payment uses no credit, as nearly all do: what it settles and leaves is then all of it."""
    return total(part.amount for part in payment.allocations) + payment.credit == payment.amount


def _header(row: tuple[Any, ...]) -> Payment:
    fields = dict(zip(_PAYMENT, row, strict=True))
    fields["currency"] = currency(fields["currency"])
    fields["company_currency"] = currency(fields["company_currency"])
    return Payment(**fields)
