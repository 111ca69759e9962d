"""What customers owe, in SQL."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from sqlalchemy import ColumnElement, ScalarSelect, Table, bindparam, case, func, select

from app.domain.billing import InvoiceKind, InvoiceState
from app.domain.parties import Outstanding
from app.domain.shared.dates import Day
from app.domain.shared.ids import PartyId
from app.domain.shared.money import Amount
from app.infrastructure.database.compiled import prepare
from app.infrastructure.database.locks import Lock
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import insert_missing
from app.infrastructure.database.tables.billing import invoices, payments
from app.infrastructure.database.tables.parties import customer_credits, third_parties
from app.infrastructure.database.tables.sales import orders
from app.infrastructure.database.types import DAY, KEY
from app.usecases.context import Context
from app.usecases.ports.shared import RolledBack

_KEY: Final = {name: bindparam(name, type_=KEY) for name in ("company_id", "party_id")}
_LOCK = prepare(
    select(customer_credits.c.party_id)
    .where(*(customer_credits.c[name] == value for name, value in _KEY.items()))
    .with_for_update(key_share=True),
    "lock customer_credits",
)
_MAKE = prepare(lambda dialect: insert_missing(dialect, customer_credits, _KEY), "make customer_credits")


def limit_of(document: Table) -> ScalarSelect[Any]:
    """Give the credit limit of the third party a document names, to be read with it."""
    return (
        select(third_parties.c.credit_limit)
        .where(third_parties.c.company_id == document.c.company_id, third_parties.c.id == document.c.party_id)
        .correlate(document)
        .scalar_subquery()
    )


def _outstanding() -> Any:
    """Build the sums: only added up and compared here, subtracted by whoever reads them."""
    overdue = invoices.c.due_date < bindparam("today", type_=DAY)

    def late(column: ColumnElement[Any]) -> ColumnElement[Any]:
        return func.sum(case((overdue, column)))

    i, o = invoices.c, orders.c
    owed = (
        select(
            func.sum(i.company_gross).label("gross"),
            func.sum(i.company_paid).label("paid"),
            late(i.company_gross).label("late_gross"),
            late(i.company_paid).label("late_paid"),
        )
        .where(
            i.company_id == bindparam("company_id"),
            i.party_id == bindparam("party_id"),
            i.status == InvoiceState.VALIDATED,
            i.kind != InvoiceKind.PRO_FORMA,
        )
        .subquery("owed")
    )
    ordered = (
        select(func.sum(o.uncharged).label("ordered"))
        .where(o.company_id == bindparam("company_id"), o.party_id == bindparam("party_id"))
        .subquery("open_orders")
    )
    p = payments.c
    left = (
        select(func.sum(p.company_credit_left).label("credit"))
        .where(p.company_id == bindparam("company_id"), p.party_id == bindparam("party_id"))
        .subquery("open_credit")
    )
    return select(owed, ordered, left)


_OUTSTANDING = prepare(_outstanding(), "select outstanding")


class SqlCredits:
    """What customers of the context's company owe; rows of ``customer_credits`` are what is locked."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company

    def lock(self, party: PartyId) -> None:
        """Let nobody else sell to the customer on credit until the transaction ends."""
        if self._locked(party):
            return
        # Two may meet a new row at once: the second's insert waits for the first, then does nothing.
        self._session.run(_MAKE, company_id=self._company, party_id=party)
        if not self._locked(party):
            raise RolledBack

    def outstanding(self, party: PartyId, today: Day) -> Outstanding:
        """Give what a customer owes; ``overdue`` is what was due before ``today``."""
        row = self._session.one(_OUTSTANDING, company_id=self._company, party_id=party, today=today)
        sums = [Decimal(0) if value is None else value for value in row or (None,) * 6]
        gross, paid, late_gross, late_paid, ordered, credit = sums
        return Outstanding(
            unpaid=Amount(gross - paid - credit),
            overdue=Amount(late_gross - late_paid),
            ordered=Amount(ordered),
        )

    def _locked(self, party: PartyId) -> bool:
        row = self._session.one(_LOCK, lock=Lock.credit(party), company_id=self._company, party_id=party)
        return row is not None
