"""What the use cases of approvals need from outside."""

from __future__ import annotations

from typing import Protocol

from app.domain.sales import Approval
from app.domain.shared.ids import OrderId


class Approvals(Protocol):
    """Approvals of orders of the context's company, one for each order, guarded by the lock of the order."""

    def find(self, order: OrderId) -> Approval | None:
        """Give the approval of an order, if one was ever asked for."""
        ...

    def add(self, approval: Approval) -> None:
        """Store the first one of an order."""
        ...

    def save(self, approval: Approval) -> None:
        """Store changes."""
        ...
