"""Approvals of orders: what each state allows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain.sales import Approval, ApprovalOutdated, ApprovalState, NotAwaitingApproval
from app.domain.shared.errors import Required
from app.domain.shared.ids import OrderId, UserId

pytestmark = pytest.mark.fast

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ANN, BOB = UserId(1), UserId(2)


def asked(**fields: Any) -> Approval:
    """Give the approval of an order that was asked about as it was at version 3."""
    return Approval(order=OrderId(7), order_version=3, execution="order-7-1", asked_by=ANN, asked_at=NOW, **fields)


def test_only_what_was_asked_about_is_allowed() -> None:
    """An approved order that is changed after all has to be asked about anew."""
    approval = asked()
    assert not approval.allows(3)
    approval.approve(BOB, NOW, 3)
    assert approval.allows(3)
    assert not approval.allows(4)
    assert (approval.decided_by, approval.decided_at) == (BOB, NOW)


def test_an_order_that_was_changed_is_not_approved() -> None:
    """Who approves sees what was asked about."""
    approval = asked()
    with pytest.raises(ApprovalOutdated):
        approval.approve(BOB, NOW, 4)
    assert approval.state is ApprovalState.WAITING


@pytest.mark.parametrize("state", [ApprovalState.APPROVED, ApprovalState.REFUSED])
def test_what_is_decided_is_not_approved_again(state: ApprovalState) -> None:
    """The first answer counts."""
    with pytest.raises(NotAwaitingApproval):
        asked(state=state).approve(BOB, NOW, 3)


def test_a_refusal_has_a_reason_and_is_final() -> None:
    """One that was approved and could not be validated is refused after all."""
    approval = asked()
    with pytest.raises(Required):
        approval.refuse(BOB, NOW, " ")
    approval.approve(BOB, NOW, 3)
    refused = approval.refuse(BOB, NOW, "x" * 300)
    assert refused.reason == approval.reason == "x" * 200
    with pytest.raises(NotAwaitingApproval):
        approval.refuse(BOB, NOW, "again")


def test_it_is_passed_on_once() -> None:
    """The token is always that of the task that waits."""
    approval = asked()
    assert approval.wait_for("a", escalated=False) is None
    assert approval.wait_for("b", escalated=True) is not None
    assert approval.wait_for("c", escalated=True) is None
    assert (approval.token, approval.escalated) == ("c", True)
