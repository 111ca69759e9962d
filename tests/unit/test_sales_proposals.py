"""Proposals: options and kits, days, versions, and what follows, at their edges (ERP-07)."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.billing import InvoiceLine
from app.domain.sales import (
    Follower,
    FollowerKind,
    NotAnOption,
    NothingChosen,
    OrderLine,
    Proposal,
    ProposalFollowed,
    ProposalLapsed,
    ProposalLine,
    ProposalState,
    ProposalStillValid,
    unfollowed,
)
from app.domain.shared.errors import DomainError
from app.domain.shared.ids import ProposalId
from app.domain.shared.lines import LineKind
from app.domain.shared.money import price, rate
from app.domain.shared.states import InvalidTransition
from app.usecases.sales import signed_lines
from tests.support.sales import DAY, LAST, much, proposal, proposal_line

pytestmark = pytest.mark.fast
OPEN: Final = ProposalState.VALIDATED
ONE_DAY: Final = timedelta(days=1)


def option(position: int, cost: str = "10", **others: Any) -> ProposalLine:
    return proposal_line(position, cost, optional=True, **others)


def kit(*, optional: bool) -> Proposal:
    """Give an open offer of a line and a kit of two components, which may be an option."""
    lines = [proposal_line(1), proposal_line(2, "30", kind=LineKind.SERVICE, optional=optional)]
    lines += [proposal_line(at, "0", kit_position=2, optional=optional) for at in (3, 4)]
    return proposal(OPEN, *lines)


# --- options --------------------------------------------------------------------------------------------------------


def test_an_option_that_is_a_kit_is_chosen_with_its_components() -> None:
    one = kit(optional=True)
    assert one.totals.net == 20
    signed = one.sign(LAST, [2])
    assert signed.options == (2,)
    assert [line.chosen for line in one.lines] == [False, True, True, True]
    assert one.totals.net == 80


def test_a_component_is_not_chosen_without_its_kit() -> None:
    one = kit(optional=True)
    before = deepcopy(one)
    with pytest.raises(NotAnOption) as caught:
        one.sign(LAST, [3])
    assert (caught.value.at, caught.value.facts, one) == (("options", 0), {"position": 3}, before)


def test_a_kit_that_is_no_option_is_signed_anyway() -> None:
    one = kit(optional=False)
    one.sign(LAST)
    assert [line.kit_position for line in signed_lines(one, OrderLine)] == [None, None, 2, 2]


def test_an_option_left_out_moves_a_later_kit_and_its_components_together() -> None:
    lines = [option(1), proposal_line(2, kind=LineKind.SERVICE), proposal_line(3, "0", kit_position=2)]
    one = proposal(OPEN, *lines)
    one.sign(LAST)
    assert [(line.position, line.kit_position) for line in signed_lines(one, InvoiceLine)] == [(1, None), (2, 1)]


def test_what_is_chosen_is_rounded_with_the_rest_and_not_by_itself() -> None:
    """Per VAT rate: 0.13 and 0.13 at 10 % have 0.03 of tax together, 0.02 apart."""
    low = rate(Decimal(10))
    one = proposal(
        OPEN, *(make(at, "0.13", quantity="1", vat_rate=low) for at, make in ((1, proposal_line), (2, option)))
    )
    assert [one.totals.vat, one.totals.gross] == [Decimal("0.01"), Decimal("0.14")]
    one.sign(LAST, [2])
    assert [one.totals.vat, one.totals.gross] == [Decimal("0.03"), Decimal("0.29")]


def test_a_reopened_offer_forgets_its_options_and_may_be_signed_with_others() -> None:
    one = proposal(OPEN, option(1, "1"), option(2, "2"))
    one.sign(LAST, [1])
    one.reopen(LAST)
    assert [one.totals.gross, len(one.vat)] == [0, 0]
    with pytest.raises(NothingChosen):
        one.sign(LAST)
    one.sign(LAST, [2])
    assert one.totals.net == 4


@given(st.lists(st.tuples(st.integers(1, 9999), st.booleans()), min_size=1, max_size=6), st.data())
def test_the_total_is_that_of_the_lines_that_count_and_signing_changes_no_line(
    given_lines: list[tuple[int, bool]], data: st.DataObject
) -> None:
    """ERP-07: for any choice among the options; what an order gets has the same total."""
    lines = [
        proposal_line(at, "1", unit_price=price(Decimal(cents).scaleb(-2)), optional=optional)
        for at, (cents, optional) in enumerate(given_lines, 1)
    ]
    one = proposal(OPEN, *lines)
    nets = [line.net for line in one.lines]
    options = [line.position for line in one.lines if line.optional]
    chosen = data.draw(st.lists(st.sampled_from(options), unique=True)) if options else []
    counted = [line for line in one.lines if not line.optional or line.position in chosen]
    if not counted:
        with pytest.raises(NothingChosen):
            one.sign(LAST, chosen)
        return
    one.sign(LAST, chosen)
    assert [line.net for line in one.lines] == nets
    assert one.totals.net == sum(line.net for line in counted)
    assert [line.unit_price for line in signed_lines(one, OrderLine)] == [line.unit_price for line in counted]


def test_what_follows_keeps_everything_a_line_says() -> None:
    said: dict[str, Any] = {
        "kind": LineKind.SERVICE,
        "product_id": None,
        "description": "As agreed",
        "unit": "HUR",
        "entered_quantity": much("3"),
        "quantity": "3",
        "discount": rate(Decimal(5)),
        "vat_rate": rate(Decimal("5.5")),
        "unit_cost": price(Decimal(4)),
    }
    one = proposal(OPEN, proposal_line(1, "7", **said))
    one.sign(LAST)
    (line,) = signed_lines(one, OrderLine)
    assert {name: getattr(line, name) for name in said} == {**said, "quantity": 3}
    assert [line.unit_price, line.position] == [7, 1]


# --- days -----------------------------------------------------------------------------------------------------------

EDGES: Final[list[tuple[Callable[[Proposal, int], object], ProposalState, type[DomainError]]]] = [
    (lambda one, days: one.can_validate(LAST + days * ONE_DAY), ProposalState.DRAFT, ProposalLapsed),
    (lambda one, days: one.sign(LAST + days * ONE_DAY), OPEN, ProposalLapsed),
    (lambda one, days: one.reopen(LAST + days * ONE_DAY), ProposalState.REFUSED, ProposalLapsed),
    (lambda one, days: one.reopen(LAST + days * ONE_DAY), ProposalState.SIGNED, ProposalLapsed),
    (lambda one, days: one.expire(LAST + (1 - days) * ONE_DAY), OPEN, ProposalStillValid),
]


@pytest.mark.parametrize(("act", "state", "error"), EDGES)
def test_one_day_makes_the_difference(
    act: Callable[[Proposal, int], object], state: ProposalState, error: type[DomainError]
) -> None:
    act(proposal(state), 0)
    one = proposal(state)
    before = deepcopy(one)
    with pytest.raises(error) as caught:
        act(one, 1)
    assert caught.value.facts == {"proposal": 5, "valid_until": LAST}
    assert one == before


def test_an_offer_may_be_reopened_until_the_day_it_is_reopened_on_and_no_earlier() -> None:
    one = proposal(ProposalState.REFUSED, refusal="too dear")
    with pytest.raises(ProposalLapsed) as caught:
        one.reopen(DAY, DAY - ONE_DAY)
    assert caught.value.at == ("valid_until",)
    assert one.refusal == "too dear"
    assert one.reopen(DAY, DAY).facts() == {"id": 5, "valid_until": DAY}
    assert (one.refusal, one.valid_until) == ("", DAY)


# --- versions and followers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ProposalState)
def test_only_an_offer_that_was_made_and_not_accepted_is_revised(state: ProposalState) -> None:
    one = proposal(state)
    if state in {OPEN, ProposalState.REFUSED, ProposalState.EXPIRED}:
        one.can_revise()
        assert one.state is state
        assert one.supersede(ProposalId(6)).facts() == {"id": 5, "by": 6}
        return
    with pytest.raises(InvalidTransition):
        one.can_revise()


@pytest.mark.parametrize(
    ("ref", "revision", "number"),
    [
        ("PR2611-0001", 1, "PR2611-0001"),
        ("PR2611-0001-2", 2, "PR2611-0001"),
        ("PR2611-0002-2", 2, "PR2611-0002"),
        ("PR2611-0012", 12, "PR2611-0012"),
        ("PR-2-2", 2, "PR-2"),
        ("PR-2", 1, "PR-2"),
    ],
)
def test_the_number_of_an_offer_is_that_of_its_first_version(ref: str, revision: int, number: str) -> None:
    assert proposal(OPEN, ref=ref, revision=revision).number == number


@pytest.mark.parametrize("kind", FollowerKind)
def test_what_follows_is_told_and_released_by_kind_and_id(kind: FollowerKind) -> None:
    one = proposal(ProposalState.SIGNED)
    assert one.follow(kind, 8).facts() == {"id": 5, "kind": kind, "follower": 8}
    assert not unfollowed(one)
    one.release(next(other for other in FollowerKind if other is not kind), 8)
    one.release(kind, 9)
    assert not unfollowed(one), "another document of that id, or of that kind, is not this one"
    assert one.release(kind, 8).facts() == {"id": 5, "kind": kind, "follower": 8}
    assert unfollowed(one)


@pytest.mark.parametrize("state", ["draft", "validated", "in_shipment", "delivered", "paid", "abandoned"])
def test_whatever_stands_of_a_follower_holds_its_place(state: str) -> None:
    one = proposal(ProposalState.SIGNED, followers=(Follower(kind=FollowerKind.ORDER, id=8, state=state),))
    with pytest.raises(ProposalFollowed) as caught:
        one.follow(FollowerKind.ORDER, 9)
    assert caught.value.facts == {"kind": "order", "id": 8}
    assert len(one.followers) == 1
    with pytest.raises(InvalidTransition):
        one.cancel()
