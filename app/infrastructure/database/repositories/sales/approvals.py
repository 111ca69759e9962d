"""Approvals of orders in SQL."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import bindparam, insert, select, update

from app.domain.sales import Approval
from app.domain.shared.ids import OrderId
from app.infrastructure.database.compiled import prepare
from app.infrastructure.database.session import Session
from app.infrastructure.database.tables.sales import order_approvals
from app.usecases.context import Context

_STORED: Final = (
    "order_version",
    "round",
    "state",
    "execution",
    "token",
    "escalated",
    "asked_by",
    "asked_at",
    "decided_by",
    "decided_at",
    "reason",
)
_MINE: Final = (
    order_approvals.c.company_id == bindparam("company_id"),
    order_approvals.c.order_id == bindparam("document"),
)
_GET: Final = prepare(select(*(order_approvals.c[name] for name in _STORED)).where(*_MINE))
_ADD: Final = prepare(
    insert(order_approvals).values({name: bindparam(name) for name in ("company_id", "order_id", *_STORED)})
)
_SAVE: Final = prepare(update(order_approvals).where(*_MINE).values({name: bindparam(name) for name in _STORED}))


class SqlApprovals:
    """Approvals of the context's company, in rows of ``order_approvals``."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company

    def find(self, order: OrderId) -> Approval | None:
        """Give the approval of an order, if one was ever asked for."""
        row = self._session.one(_GET, company_id=self._company, document=order)
        return None if row is None else Approval(order=order, **dict(zip(_STORED, row, strict=True)))

    def add(self, approval: Approval) -> None:
        """Store the first one of an order."""
        self._session.run(_ADD, company_id=self._company, order_id=approval.order, **_values(approval))

    def save(self, approval: Approval) -> None:
        """Store changes."""
        self._session.run(_SAVE, company_id=self._company, document=approval.order, **_values(approval))


def _values(approval: Approval) -> dict[str, Any]:
    return {name: getattr(approval, name) for name in _STORED}
