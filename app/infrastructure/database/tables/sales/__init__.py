"""Proposals, orders and their lines."""

from __future__ import annotations

from app.infrastructure.database.tables.sales.orders import order_approvals, order_lines, order_revisions, orders
from app.infrastructure.database.tables.sales.proposals import proposal_lines, proposals

__all__ = ["order_approvals", "order_lines", "order_revisions", "orders", "proposal_lines", "proposals"]
