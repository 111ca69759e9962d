"""What signed proposals become, and the tie between the two."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, TypeVar

from app.domain.fields import Values
from app.domain.sales import FollowerKind, Order, OrderLine, Proposal
from app.domain.shared.dates import Day
from app.domain.shared.ids import ProposalId
from app.domain.shared.lines import PricedLine
from app.domain.shared.objects import ObjectKind
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.custom import fill, keep
from app.usecases.ports.shared import Clock, Work
from app.usecases.shared import customer

LineT = TypeVar("LineT", bound=PricedLine)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalOrderDraft:
    """An order of a proposal as asked for: ``date`` None is today."""

    proposal_id: ProposalId
    date: Day | None = None
    delivery_date: Day | None = None
    external_ref: str | None = None
    note: str = ""
    custom: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderProposal:
    """Enter an order of all that a customer signed, as a draft; once only, unless that order is canceled or deleted.

    Raises NotFound, ProposalNotSigned, ProposalFollowed, NotACustomer, PartyArchived, Taken, DeliveryBeforeOrder.
    """

    clock: Clock
    right: ClassVar[Right] = Right.ORDERS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: ProposalOrderDraft) -> Order:
        """Give the draft with its id and totals."""
        proposal = work.proposals.get(request.proposal_id, lock=True)
        proposal.becomes(FollowerKind.ORDER)
        custom = fill(work, context, ObjectKind.ORDERS, request.custom)
        party = customer(work, proposal.party_id)
        order = Order(
            party_id=party.id,
            proposal_id=proposal.id,
            external_ref=request.external_ref,
            date=request.date or self.clock.today(context.zone),
            delivery_date=request.delivery_date,
            representative_id=party.representative_id,
            valuation=proposal.valuation,
            note=request.note,
            lines=signed_lines(proposal, OrderLine),
            custom=custom.values,
        )
        order.price()
        work.orders.add(order)
        keep(work, ObjectKind.ORDERS, order.id, custom)
        work.outbox.add(order.created())
        tie(work, proposal, FollowerKind.ORDER, order.id)
        return order


def signed_lines(proposal: Proposal, make: type[LineT]) -> list[LineT]:
    """Give the lines that were signed, chosen options among them, as those of another document."""
    counted = [line for line in proposal.lines if line.counted]
    places = {line.position: position for position, line in enumerate(counted, 1)}
    return [
        make(
            position=position,
            product_id=line.product_id,
            kind=line.kind,
            description=line.description,
            quantity=line.quantity,
            unit=line.unit,
            entered_quantity=line.entered_quantity,
            kit_position=None if line.kit_position is None else places[line.kit_position],
            unit_price=line.unit_price,
            discount=line.discount,
            vat_rate=line.vat_rate,
            unit_cost=line.unit_cost,
        )
        for position, line in enumerate(counted, 1)
    ]


def tie(work: Work, proposal: Proposal, kind: FollowerKind, follower: int) -> None:
    """Note that ``follower`` was made from a locked proposal: whoever knows the proposal sees another version."""
    followed = proposal.follow(kind, follower)
    work.proposals.save(proposal, lines=False)
    work.outbox.add(followed)


def untie(work: Work, proposal_id: ProposalId | None, kind: FollowerKind, follower: int) -> None:
    """Note that the draft ``follower`` is deleted, which may have been made from a proposal."""
    if proposal_id is None:
        return
    proposal = work.proposals.get(proposal_id, lock=True)
    released = proposal.release(kind, follower)
    work.proposals.save(proposal, lines=False)
    work.outbox.add(released)
