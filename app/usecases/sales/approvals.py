"""Orders above an amount wait for somebody's approval before they are validated."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from app.domain.processes import ExecutionState, Missing
from app.domain.sales import (
    Approval,
    ApprovalNotInstalled,
    ApprovalState,
    ApprovalSuperseded,
    NotAwaitingApproval,
    Order,
    OrderEvent,
)
from app.domain.shared.ids import OrderId, UserId
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.shared import Clock, Work
from app.usecases.ports.workflows import Executions, Tasks
from app.usecases.processes import MachineRef, Start, StartExecution

MACHINE: Final = "order-approval"
"""The workflow that asks, by the alias that chooses its version."""
LIVE: Final = "live"
BY_TOKEN: Final = UserId(0)
"""Who decided when the task was answered by its token: the one who did so may be anybody who may answer tasks."""


@dataclass(frozen=True, slots=True)
class Approving:
    """Says whether an order has to wait, and has the workflow ask for its approval in the same transaction."""

    executions: Executions
    clock: Clock

    def withholds(self, work: Work, context: Context, order: Order) -> bool:
        """Tell whether a locked draft must not be validated yet. Raises ApprovalNotInstalled."""
        above = context.settings.approval_above
        if above is None or order.totals.company_gross <= above:
            return False
        order.approval = work.approvals.find(order.id)
        if order.approval is not None and order.approval.allows(order.version):
            return False
        if not self._is_asked(context, order):
            order.approval = self._ask(work, context, order)
        return True

    def _is_asked(self, context: Context, order: Order) -> bool:
        """Tell whether somebody is being asked about the order as it is."""
        known = order.approval
        if known is None or known.state is not ApprovalState.WAITING or not known.is_of(order.version):
            return False
        # It may have been stopped by hand: then it is asked anew.
        found = self.executions.find(context.company, MACHINE, known.execution)
        return found is not None and found.state is ExecutionState.RUNNING

    def _ask(self, work: Work, context: Context, order: Order) -> Approval:
        known = order.approval
        number = 1 if known is None else known.round + 1
        approval = Approval(
            order=order.id,
            order_version=order.version,
            round=number,
            execution=f"order-{order.id}-{number}",
            asked_by=context.actor,
            asked_at=self.clock.now(),
        )
        if known is None:
            work.approvals.add(approval)
        else:
            work.approvals.save(approval)
        self._start(work, context, approval)
        work.outbox.add(approval.asked())
        return approval

    def _start(self, work: Work, context: Context, approval: Approval) -> None:
        reference = f"orders/{approval.order}"
        start = Start(
            of=MachineRef(name=MACHINE, qualifier=LIVE),
            name=approval.execution,
            input=json.dumps({"order_id": approval.order, "reference": reference}),
            reference=reference,
        )
        try:
            StartExecution(self.executions).execute(work, context, start)
        except Missing as error:
            raise ApprovalNotInstalled(workflow=MACHINE) from error


def shown(work: Work, context: Context, order: Order) -> Order:
    """Give the order with its approval, in a company that has such."""
    if context.settings.approval_above is not None:
        order.approval = work.approvals.find(order.id)
    return order


@dataclass(frozen=True, slots=True)
class ApproveOrder:
    """Let an order that waits for approval be validated as it is; the workflow does that a moment later.

    Raises NotFound, NotAwaitingApproval, ApprovalOutdated.
    """

    right: ClassVar[Right] = Right.ORDERS_APPROVE
    writes: ClassVar[bool] = True
    fresh: ClassVar[bool] = True
    clock: Clock
    tasks: Tasks

    def execute(self, work: Work, context: Context, request: OrderId) -> Order:
        """Give the order, a draft still."""
        order, approval = _asked(work, request)
        approved = approval.approve(context.actor, self.clock.now(), order.version)
        _decided(work, approval, approved)
        self.tasks.answer(work, context.company, approval.token, _answer(approval))
        return order


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedOrder:
    """Which order is not approved, and why."""

    order_id: OrderId
    reason: str


@dataclass(frozen=True, slots=True)
class RefuseOrder:
    """Keep an order that waits for approval a draft, saying why. Raises NotFound, NotAwaitingApproval, Required."""

    right: ClassVar[Right] = Right.ORDERS_APPROVE
    writes: ClassVar[bool] = True
    fresh: ClassVar[bool] = True
    clock: Clock
    tasks: Tasks

    def execute(self, work: Work, context: Context, request: RefusedOrder) -> Order:
        """Give the draft."""
        order, approval = _asked(work, request.order_id)
        refused = approval.refuse(context.actor, self.clock.now(), request.reason)
        _decided(work, approval, refused)
        self.tasks.answer(work, context.company, approval.token, _answer(approval))
        return order


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """An execution that waits for the approval of an order, by what token; ``escalated`` after nobody answered."""

    order_id: OrderId
    execution: str
    token: str
    escalated: bool = False


@dataclass(frozen=True, slots=True)
class AwaitApproval:
    """Note how an execution that waits for the approval of an order is answered; answer one that is too late.

    Raises NotFound, ApprovalSuperseded.
    """

    right: ClassVar[Right] = Right.ORDERS_APPROVE
    writes: ClassVar[bool] = True
    tasks: Tasks

    def execute(self, work: Work, context: Context, request: Awaited) -> Order:
        """Give the order."""
        order, approval = _asked_by(work, request.order_id, request.execution)
        escalated = approval.wait_for(request.token, escalated=request.escalated)
        work.approvals.save(approval)
        if escalated is not None:
            work.outbox.add(escalated)
        if approval.state is not ApprovalState.WAITING:
            self.tasks.answer(work, context.company, request.token, _answer(approval))
        return order


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What an execution was answered about an order."""

    order_id: OrderId
    execution: str
    approved: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SettleApproval:
    """Write down what an execution was answered; what a person has decided already stays.

    Raises NotFound, Required, ApprovalSuperseded, ApprovalOutdated, NotAwaitingApproval for one that was refused.
    """

    right: ClassVar[Right] = Right.ORDERS_APPROVE
    writes: ClassVar[bool] = True
    clock: Clock

    def execute(self, work: Work, context: Context, request: Settled) -> Order:
        """Give the order."""
        order, approval = _asked_by(work, request.order_id, request.execution)
        wanted = ApprovalState.APPROVED if request.approved else ApprovalState.REFUSED
        if approval.state is wanted:
            return order
        now = self.clock.now()
        decided: OrderEvent
        if request.approved:
            decided = approval.approve(BY_TOKEN, now, order.version)
        else:
            decided = approval.refuse(BY_TOKEN, now, request.reason)
        _decided(work, approval, decided)
        return order


def _asked(work: Work, order_id: OrderId) -> tuple[Order, Approval]:
    """Give an order, locked, with its approval. Raises NotFound, NotAwaitingApproval."""
    order = work.orders.get(order_id, lock=True)
    order.approval = approval = work.approvals.find(order.id)
    if approval is None:
        raise NotAwaitingApproval(order=order.id, state="")
    return order, approval


def _asked_by(work: Work, order_id: OrderId, execution: str) -> tuple[Order, Approval]:
    """Give an order, locked, whose approval an execution asks for. Raises NotFound, ApprovalSuperseded."""
    order, approval = _asked(work, order_id)
    if approval.execution != execution:
        raise ApprovalSuperseded(order=order.id)
    return order, approval


def _decided(work: Work, approval: Approval, event: OrderEvent) -> None:
    work.approvals.save(approval)
    work.outbox.add(event)


def _answer(approval: Approval) -> Mapping[str, object]:
    return {"approved": approval.state is ApprovalState.APPROVED, "reason": approval.reason}
