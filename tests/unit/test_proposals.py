"""Proposals: what each state allows, what options cost, and what a proposal becomes."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import pytest

from app.domain.sales import (
    PROPOSAL,
    Follower,
    FollowerKind,
    NotAnOption,
    NothingChosen,
    OrderLine,
    Proposal,
    ProposalFollowed,
    ProposalLapsed,
    ProposalNotDraft,
    ProposalNotSigned,
    ProposalState,
    ProposalStillValid,
    ValidityBeforeDate,
)
from app.domain.shared.errors import Required, UnknownReference
from app.domain.shared.ids import ProposalId
from app.domain.shared.lines import NegativePrice, NoLines
from app.domain.shared.money import plain, rate
from app.domain.shared.states import InvalidTransition
from app.usecases.sales import signed_lines
from tests.support.lifecycles import declared, refused
from tests.support.sales import DAY, LAST, proposal
from tests.support.sales import proposal_line as line

pytestmark = pytest.mark.fast
AFTER: Final = LAST + timedelta(days=1)


def followed(kind: FollowerKind = FollowerKind.ORDER, state: str = "draft") -> dict[str, Any]:
    return {"followers": (Follower(kind=kind, id=8, state=state),)}


STEPS: Final[dict[str, Callable[[Proposal], object]]] = {
    "validate": lambda one: one.validate("PR1"),
    "sign": lambda one: one.sign(LAST),
    "refuse": lambda one: one.refuse("too late"),
    "expire": lambda one: one.expire(AFTER),
    "reopen": lambda one: one.reopen(LAST),
    "cancel": lambda one: one.cancel(),
    "supersede": lambda one: one.supersede(ProposalId(6)),
    "bill": lambda one: one.bill(),
}


def test_every_step_has_a_method() -> None:
    assert set(STEPS) == {transition.name for transition in PROPOSAL.transitions}


@pytest.mark.parametrize(("state", "step"), refused(PROPOSAL))
def test_every_step_is_refused_from_every_other_state(state: ProposalState, step: str) -> None:
    """ERP-07: and nothing is changed."""
    one = proposal(state)
    before = deepcopy(one)
    with pytest.raises(InvalidTransition) as caught:
        STEPS[step](one)
    assert one == before
    assert caught.value.facts == {
        "document": "proposal",
        "state": state.value,
        "transition": step,
        "allowed": list(PROPOSAL.allowed(state)),
    }


@pytest.mark.parametrize(("state", "step", "target"), declared(PROPOSAL))
def test_every_declared_step_leads_to_its_state(state: ProposalState, step: str, target: ProposalState) -> None:
    one = proposal(state)
    STEPS[step](one)
    assert one.state is target


def test_billed_canceled_and_superseded_are_the_end() -> None:
    assert PROPOSAL.finals == {ProposalState.BILLED, ProposalState.CANCELED, ProposalState.SUPERSEDED}


# --- amounts --------------------------------------------------------------------------------------------------------


def test_an_option_is_priced_and_not_counted() -> None:
    one = proposal(ProposalState.DRAFT, line(1), line(2, "3.333", optional=True, vat_rate=rate(Decimal(10))))
    assert [plain(each.net) for each in one.lines] == ["20", "6.67"]
    assert (plain(one.totals.net), plain(one.totals.gross)) == ("20", "24")
    assert [plain(each.rate) for each in one.vat] == ["20"]


def test_a_chosen_option_counts() -> None:
    one = proposal(ProposalState.VALIDATED, line(1), line(2, "3", optional=True), line(3, "4", optional=True))
    signed = one.sign(LAST, [3])
    assert (signed.options, plain(signed.gross), one.signed_on) == ((3,), "33.6", LAST)
    assert [each.chosen for each in one.lines] == [False, False, True]
    one.reopen(LAST)
    assert plain(one.totals.gross) == "24"
    assert one.signed_on is None
    assert not any(each.chosen for each in one.lines)


def test_what_is_signed_is_what_an_order_gets() -> None:
    one = proposal(ProposalState.VALIDATED, line(1), line(2, "3", optional=True), line(3, "4", optional=True))
    one.sign(LAST, [3])
    lines = signed_lines(one, OrderLine)
    assert [(each.position, plain(each.unit_price), each.product_id) for each in lines] == [(1, "10", 1), (2, "4", 3)]


def test_an_offer_of_options_alone_costs_nothing_until_one_is_chosen() -> None:
    one = proposal(ProposalState.VALIDATED, line(1, optional=True), line(2, "3", optional=True))
    assert one.totals.gross == 0
    before = deepcopy(one)
    with pytest.raises(NothingChosen):
        one.sign(LAST)
    assert one == before
    one.sign(LAST, [2])
    assert plain(one.totals.net) == "6"


def test_what_is_no_option_cannot_be_chosen() -> None:
    one = proposal(ProposalState.VALIDATED, line(1), line(2, optional=True))
    with pytest.raises(NotAnOption) as no_option:
        one.sign(LAST, [2, 1])
    assert no_option.value.at == ("options", 1)
    for stranger in (0, 3, -1):
        with pytest.raises(UnknownReference) as unknown:
            one.sign(LAST, [stranger])
        assert unknown.value.at == ("options", 0)
    assert one.state is ProposalState.VALIDATED


def test_a_wrong_line_is_named_by_its_place_options_counted() -> None:
    with pytest.raises(NegativePrice) as negative:
        proposal(ProposalState.DRAFT, line(1), line(2, optional=True), line(3, "-1"))
    assert negative.value.at == ("lines", 2, "unit_price")
    with pytest.raises(Required) as empty:
        proposal(ProposalState.DRAFT, line(1), line(2, optional=True, description=" "))
    assert empty.value.at == ("lines", 1, "description")
    one = proposal()
    one.lines = []
    with pytest.raises(NoLines):
        one.price()


# --- days -----------------------------------------------------------------------------------------------------------


def test_an_offer_ends_no_earlier_than_it_is_made() -> None:
    with pytest.raises(ValidityBeforeDate) as caught:
        proposal(valid_until=DAY - timedelta(days=1))
    assert caught.value.at == ("valid_until",)
    assert proposal(valid_until=DAY).valid_until == DAY


def test_the_last_day_still_counts() -> None:
    proposal().can_validate(LAST)
    proposal(ProposalState.VALIDATED).sign(LAST)
    with pytest.raises(ProposalStillValid):
        proposal(ProposalState.VALIDATED).expire(LAST)


def test_after_its_last_day_an_offer_is_neither_made_nor_signed_nor_reopened() -> None:
    with pytest.raises(ProposalLapsed):
        proposal().can_validate(AFTER)
    with pytest.raises(ProposalLapsed):
        proposal(ProposalState.VALIDATED).sign(AFTER)
    expired = proposal(ProposalState.EXPIRED)
    before = deepcopy(expired)
    with pytest.raises(ProposalLapsed):
        expired.reopen(AFTER)
    assert expired == before
    expired.reopen(AFTER, AFTER)
    assert (expired.state, expired.valid_until) == (ProposalState.VALIDATED, AFTER)


# --- what is made of it ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [state for state in ProposalState if state is not ProposalState.SIGNED])
@pytest.mark.parametrize("kind", FollowerKind)
def test_only_a_signed_proposal_becomes_something(state: ProposalState, kind: FollowerKind) -> None:
    with pytest.raises(ProposalNotSigned):
        proposal(state).follow(kind, 8)


def test_each_follower_is_made_once_unless_it_was_canceled_or_deleted() -> None:
    one = proposal(ProposalState.SIGNED)
    one.follow(FollowerKind.ORDER, 8)
    one.follow(FollowerKind.INVOICE, 8)
    with pytest.raises(ProposalFollowed) as caught:
        one.becomes(FollowerKind.ORDER)
    assert caught.value.facts == {"kind": "order", "id": 8}
    one.release(FollowerKind.ORDER, 8)
    assert [each.kind for each in one.followers] == [FollowerKind.INVOICE]
    one.becomes(FollowerKind.ORDER)
    proposal(ProposalState.SIGNED, **followed(state="canceled")).becomes(FollowerKind.ORDER)


@pytest.mark.parametrize("step", ["reopen", "cancel"])
def test_what_became_something_is_neither_reopened_nor_withdrawn(step: str) -> None:
    with pytest.raises(InvalidTransition):
        STEPS[step](proposal(ProposalState.SIGNED, **followed(FollowerKind.INVOICE)))
    STEPS[step](proposal(ProposalState.SIGNED, **followed(state="canceled")))


def test_versions_share_their_number() -> None:
    assert proposal(ProposalState.SIGNED).number == "PR2611-0001"
    assert proposal(ProposalState.SIGNED, ref="PR2611-0001-12", revision=12).number == "PR2611-0001"
    assert proposal(ProposalState.SIGNED, ref="PR2611-0002", revision=1).number == "PR2611-0002"


@pytest.mark.parametrize("state", [state for state in ProposalState if state is not ProposalState.DRAFT])
def test_only_a_draft_is_changed(state: ProposalState) -> None:
    proposal().editable()
    with pytest.raises(ProposalNotDraft):
        proposal(state).editable()
