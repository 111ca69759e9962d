"""Proposals and orders in SQL."""

from __future__ import annotations

from app.infrastructure.database.repositories.sales.approvals import SqlApprovals
from app.infrastructure.database.repositories.sales.orders import SqlOrders
from app.infrastructure.database.repositories.sales.proposals import SqlProposals

__all__ = ["SqlApprovals", "SqlOrders", "SqlProposals"]
