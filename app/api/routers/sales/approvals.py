"""Approvals of orders: given and refused by people, and what the workflow that asks does."""

from typing import Annotated

from fastapi import Response

from app.api.provide import Run, provide
from app.api.route import gives, router
from app.api.schemas.sales import OrderOut
from app.api.schemas.sales.approvals import ApprovalRefusalIn, AwaitedIn, SettledIn
from app.api.schemas.shared import PathId
from app.domain.shared.ids import OrderId
from app.usecases.sales import ApproveOrder, AwaitApproval, RefuseOrder, SettleApproval

routes = router("orders")
inner = router("orders")
"""What only an execution can mean; it is served to nobody."""


@routes.post("/orders/{order_id}/approve", **gives(OrderOut))
def approve_order(order_id: PathId, run: Annotated[Run, provide(ApproveOrder)]) -> Response:
    """Approve an order that waits for it; it is validated a moment later."""
    return run(build=lambda: OrderId(order_id), present=OrderOut.of)


@routes.post("/orders/{order_id}/refuse", **gives(OrderOut))
def refuse_order(order_id: PathId, body: ApprovalRefusalIn, run: Annotated[Run, provide(RefuseOrder)]) -> Response:
    """Refuse an order that waits for approval; it stays a draft."""
    return run(build=lambda: body.to_domain(order_id), present=OrderOut.of)


@inner.post("/orders/{order_id}/await-approval", **gives(OrderOut))
def await_approval(order_id: PathId, body: AwaitedIn, run: Annotated[Run, provide(AwaitApproval)]) -> Response:
    """Wait until the approval of an order is given or refused; the answer has `approved` and `reason`."""
    return run(build=lambda: body.to_domain(order_id), present=OrderOut.of)


@inner.post("/orders/{order_id}/settle-approval", **gives(OrderOut))
def settle_approval(order_id: PathId, body: SettledIn, run: Annotated[Run, provide(SettleApproval)]) -> Response:
    """Write down what was answered about an order; what a person has decided already stays."""
    return run(build=lambda: body.to_domain(order_id), present=OrderOut.of)
