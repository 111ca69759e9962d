"""Approval of orders that are too large for whoever validates them: asked for, given, refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final

from app.domain.sales.order_events import OrderEvent
from app.domain.shared.errors import Conflict, Required
from app.domain.shared.ids import OrderId, UserId

LONGEST_REASON: Final = 200


class ApprovalState(StrEnum):
    """What has become of the question whether an order may be validated."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"


class NotAwaitingApproval(Conflict):
    """Nobody waits for the approval of this order."""

    code = "sales.not_awaiting_approval"


class ApprovalOutdated(Conflict):
    """The order was changed after its approval was asked for: it has to be validated anew."""

    code = "sales.approval_outdated"


class ApprovalSuperseded(Conflict):
    """The approval of the order is asked for by another execution meanwhile."""

    code = "sales.approval_superseded"


class ApprovalNotInstalled(Conflict):
    """Orders of this amount need approval, and the company has no workflow that asks for it."""

    code = "sales.approval_not_installed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalAsked(OrderEvent):
    """An order was to be validated and waits for approval."""

    name: ClassVar[str] = "sales.order_approval_asked"
    execution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalEscalated(OrderEvent):
    """Nobody answered in time: somebody else is asked."""

    name: ClassVar[str] = "sales.order_approval_escalated"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderApproved(OrderEvent):
    """An order may be validated as it is."""

    name: ClassVar[str] = "sales.order_approved"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRefused(OrderEvent):
    """An order stays a draft, for a reason."""

    name: ClassVar[str] = "sales.order_refused"
    reason: str


@dataclass(slots=True, kw_only=True)
class Approval:
    """Whether an order may be validated as it was at ``order_version``, and who said so.

    ``execution`` is what asks for it, ``token`` what answers it; ``round`` counts how often it was asked for.
    """

    order: OrderId
    order_version: int
    round: int = 1
    state: ApprovalState = ApprovalState.WAITING
    execution: str
    token: str = ""
    escalated: bool = False
    asked_by: UserId
    asked_at: datetime
    decided_by: UserId | None = None
    decided_at: datetime | None = None
    reason: str = ""

    def is_of(self, order_version: int) -> bool:
        """Tell whether it is about the order as it is now."""
        return self.order_version == order_version

    def allows(self, order_version: int) -> bool:
        """Tell whether the order may be validated as it is now."""
        return self.state is ApprovalState.APPROVED and self.is_of(order_version)

    def asked(self) -> ApprovalAsked:
        """Give the event of its being asked for."""
        return ApprovalAsked(id=self.order, execution=self.execution)

    def wait_for(self, token: str, *, escalated: bool) -> ApprovalEscalated | None:
        """Note what answers it, and whether it was passed on; give the event of that."""
        self.token = token
        if not escalated or self.escalated:
            return None
        self.escalated = True
        return ApprovalEscalated(id=self.order)

    def approve(self, by: UserId, at: datetime, order_version: int) -> OrderApproved:
        """Let the order be validated. Raises NotAwaitingApproval, ApprovalOutdated."""
        self._waits()
        if not self.is_of(order_version):
            raise ApprovalOutdated(order=self.order)
        self._decide(ApprovalState.APPROVED, by, at)
        return OrderApproved(id=self.order)

    def refuse(self, by: UserId, at: datetime, reason: str) -> OrderRefused:
        """Keep the order a draft; one that was approved and could not be validated is refused after all.

        Raises Required, NotAwaitingApproval.
        """
        if not reason.strip():
            raise Required(at=("reason",))
        if self.state is ApprovalState.REFUSED:
            raise NotAwaitingApproval(order=self.order, state=self.state.value)
        self._decide(ApprovalState.REFUSED, by, at)
        self.reason = reason[:LONGEST_REASON]
        return OrderRefused(id=self.order, reason=self.reason)

    def _waits(self) -> None:
        if self.state is not ApprovalState.WAITING:
            raise NotAwaitingApproval(order=self.order, state=self.state.value)

    def _decide(self, state: ApprovalState, by: UserId, at: datetime) -> None:
        self.state, self.decided_by, self.decided_at = state, by, at
