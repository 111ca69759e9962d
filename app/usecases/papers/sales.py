"""Papers of proposals and orders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from app.domain.catalogue import Product
from app.domain.papers import Mark, Paper, PaperKind, Passage
from app.domain.parties import Addressee, Party
from app.domain.sales import Order, OrderState, Proposal, ProposalState, numbered
from app.domain.shared.ids import OrderId, ProductId, ProposalId
from app.domain.shared.objects import ObjectKind
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.papers.documents import PrintDocument, Sending
from app.usecases.papers.frame import (
    Frame,
    day,
    facts,
    own_words,
    priced_table,
    recipient,
    sums,
    text,
    vat_rows,
)
from app.usecases.papers.keeping import products_of
from app.usecases.ports.shared import Work

_PROPOSAL_MARKS: Final = {ProposalState.DRAFT: Mark.DRAFT, ProposalState.CANCELED: Mark.CANCELED}
_ORDER_MARKS: Final = {OrderState.DRAFT: Mark.DRAFT, OrderState.CANCELED: Mark.CANCELED}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalFacts:
    """What the paper of a proposal is made of."""

    proposal: Proposal
    party: Party
    addressee: Addressee
    products: Mapping[ProductId, Product]


def proposal_paper(frame: Frame, given: ProposalFacts) -> Paper:
    """Describe a proposal; options that nobody chose are listed apart and are in no sum."""
    proposal, party = given.proposal, given.party
    counted = [line for line in proposal.lines if line.counted]
    options = [line for line in proposal.lines if not line.counted]
    tables = [priced_table(counted, given.products)] if counted else []
    if options:
        tables.append(priced_table(options, given.products, counted=False, title="options"))
    return Paper(
        kind=PaperKind.PROPOSAL,
        ref="" if proposal.state is ProposalState.DRAFT else proposal.ref,
        locale=frame.locale,
        date=proposal.date,
        currency=proposal.valuation.currency,
        issuer=frame.issuer(),
        appearance=frame.appearance(),
        recipient=recipient(given.addressee.name, given.addressee.address),
        country=frame.abroad(given.addressee.address),
        facts=facts(
            day("date", proposal.date),
            day("valid_until", proposal.valid_until),
            text("customer_code", party.customer_code),
            text("customer_vat_number", given.addressee.tax_id),
            text("customer_reference", proposal.external_ref),
        ),
        opening=own_words(proposal.note),
        tables=tables,
        totals=sums(proposal.totals, proposal.vat) if counted else (),
        vat=vat_rows(proposal.vat, frame.letterhead.no_vat_reason),
        closing=[Passage(key="valid_until", facts=(("valid_until", proposal.valid_until),)), Passage(key="signature")],
        mark=_PROPOSAL_MARKS.get(proposal.state),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFacts:
    """What the paper of an order is made of."""

    order: Order
    party: Party
    addressee: Addressee
    products: Mapping[ProductId, Product]


def order_paper(frame: Frame, given: OrderFacts) -> Paper:
    """Describe the confirmation of an order."""
    order, party = given.order, given.party
    return Paper(
        kind=PaperKind.ORDER,
        ref=order.ref if numbered(order) else "",
        locale=frame.locale,
        date=order.date,
        currency=order.valuation.currency,
        issuer=frame.issuer(),
        appearance=frame.appearance(),
        recipient=recipient(given.addressee.name, given.addressee.address),
        country=frame.abroad(given.addressee.address),
        facts=facts(
            day("date", order.date),
            day("delivery_date", order.delivery_date),
            text("customer_code", party.customer_code),
            text("customer_vat_number", given.addressee.tax_id),
            text("customer_reference", order.external_ref),
        ),
        opening=own_words(order.note),
        tables=[priced_table(order.lines, given.products)],
        totals=sums(order.totals, order.vat),
        vat=vat_rows(order.vat, frame.letterhead.no_vat_reason),
        mark=_ORDER_MARKS.get(order.state),
    )


class PrintProposal(PrintDocument[Proposal]):
    """Describe a proposal as it is printed. Raises NotFound."""

    __slots__ = ()
    right: ClassVar[Right] = Right.PROPOSALS_READ
    object: ClassVar[ObjectKind] = ObjectKind.PROPOSALS

    def _found(self, work: Work, document: int) -> Proposal:
        return work.proposals.get(ProposalId(document))

    def _kind(self, document: Proposal) -> PaperKind:
        return PaperKind.PROPOSAL

    def _described(self, work: Work, context: Context, frame: Frame, sending: Sending[Proposal]) -> Paper:
        given = ProposalFacts(
            proposal=sending.document,
            party=sending.party,
            addressee=sending.addressee,
            products=products_of(work, sending.document.lines),
        )
        return proposal_paper(frame, given)


class PrintOrder(PrintDocument[Order]):
    """Describe an order as it is printed. Raises NotFound."""

    __slots__ = ()
    right: ClassVar[Right] = Right.ORDERS_READ
    object: ClassVar[ObjectKind] = ObjectKind.ORDERS

    def _found(self, work: Work, document: int) -> Order:
        return work.orders.get(OrderId(document))

    def _kind(self, document: Order) -> PaperKind:
        return PaperKind.ORDER

    def _described(self, work: Work, context: Context, frame: Frame, sending: Sending[Order]) -> Paper:
        given = OrderFacts(
            order=sending.document,
            party=sending.party,
            addressee=sending.addressee,
            products=products_of(work, sending.document.lines),
        )
        return order_paper(frame, given)
