"""Payments in SQL."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, insert

from app.domain.billing import Allocation, Payment
from app.domain.shared.errors import NotFound
from app.domain.shared.ids import PaymentId
from app.domain.shared.money import currency
from app.domain.shared.search import Searched
from app.infrastructure.database.compiled import prepare, prepare_many
from app.infrastructure.database.repositories.documents import (
    by_id,
    lines_of,
)
from app.infrastructure.database.repositories.search import SqlWords
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import insert_rows
from app.infrastructure.database.tables.billing import (
    payment_allocations,
    payments,
)
from app.usecases.context import Context

_PAID: Final = (
    "ref",
    "party_id",
    "date",
    "method",
    "rate",
    "amount",
    "company_amount",
    "number",
    "period",
    "link",
    "custom",
)
_PAYMENT: Final = ("id", "version", "currency", "company_currency", *_PAID)
_ALLOCATION: Final = ("invoice_id", "kind", "amount", "company_amount")

_GET_PAYMENT = prepare(by_id(payments, _PAYMENT))
_ALLOCATIONS = lines_of(payment_allocations, "payment_id", _ALLOCATION)
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
        fields = dict(zip(_PAYMENT, row, strict=True))
        found = self._session.all(_ALLOCATIONS, company_id=self._company, document=payment)
        fields["currency"] = currency(fields["currency"])
        fields["company_currency"] = currency(fields["company_currency"])
        return Payment(allocations=[Allocation(**dict(zip(_ALLOCATION, a, strict=True))) for a in found], **fields)

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
        rows = [
            {"position": position, **{name: getattr(allocation, name) for name in _ALLOCATION}}
            for position, allocation in enumerate(payment.allocations, 1)
        ]
        self._session.many(_INSERT_ALLOCATIONS, rows, company_id=self._company, payment_id=payment.id)
