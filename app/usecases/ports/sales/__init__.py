"""What the use cases of proposals and orders need from outside."""

from __future__ import annotations

from app.usecases.ports.sales.approvals import Approvals
from app.usecases.ports.sales.orders import Orders
from app.usecases.ports.sales.proposals import Proposals

__all__ = ["Approvals", "Orders", "Proposals"]
