"""Approvals of orders on the wire."""

from pydantic import Field

from app.api.schemas.shared import Flag, In, Text
from app.domain.shared.ids import OrderId
from app.usecases.sales import Awaited, RefusedOrder, Settled

EXECUTION = "Name of the execution that asks"


class ApprovalRefusalIn(In):
    """Why an order is not approved."""

    reason: Text = Field(min_length=1, max_length=200, description="Why", examples=["Over budget"])

    def to_domain(self, order_id: int) -> RefusedOrder:
        """Give what is refused."""
        return RefusedOrder(order_id=OrderId(order_id), reason=self.reason)


class AwaitedIn(In):
    """An execution that waits for the approval of an order."""

    execution: Text = Field(max_length=80, description=EXECUTION)
    token: Text = Field(max_length=255, description="Token of the task that waits")
    escalated: Flag = Field(default=False, description="Whether somebody was asked in vain before")

    def to_domain(self, order_id: int) -> Awaited:
        """Give what waits."""
        return Awaited(order_id=OrderId(order_id), execution=self.execution, token=self.token, escalated=self.escalated)


class SettledIn(In):
    """What an execution was answered."""

    execution: Text = Field(max_length=80, description=EXECUTION)
    approved: Flag = Field(description="Whether the order may be validated")
    reason: Text = Field("", max_length=2_000, description="Why not")

    def to_domain(self, order_id: int) -> Settled:
        """Give the answer."""
        return Settled(order_id=OrderId(order_id), execution=self.execution, approved=self.approved, reason=self.reason)
