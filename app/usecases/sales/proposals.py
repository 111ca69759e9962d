"""What is done with proposals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import ClassVar, Final

from app.domain.fields import Values
from app.domain.parties import Party
from app.domain.sales import (
    BeingRevised,
    Proposal,
    ProposalChanged,
    ProposalDeleted,
    ProposalEvent,
    ProposalLine,
    ProposalState,
)
from app.domain.shared.dates import Day
from app.domain.shared.ids import PartyId, ProposalId
from app.domain.shared.lines import Valuation
from app.domain.shared.money import Rate
from app.domain.shared.objects import ObjectKind
from app.domain.shared.rights import Right
from app.domain.shared.search import Searched
from app.domain.shared.series import SeriesKind
from app.usecases.context import Context
from app.usecases.custom import drop, fill, keep, offered, refill
from app.usecases.ports.listing import CUSTOM_VALUES, FieldKind, Found, ListField, Listing, Sort
from app.usecases.ports.shared import Clock, Work
from app.usecases.shared import (
    Change,
    LineDraft,
    ListCase,
    Numbering,
    Versioned,
    buyer,
    customer,
    priced,
    revalued,
    valuation,
)

PROPOSALS = Listing(
    name="proposals",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="ref", kind=FieldKind.TEXT, sortable=True),
        ListField(name="external_ref", kind=FieldKind.TEXT, nullable=True),
        ListField(name="party_id", kind=FieldKind.ID),
        ListField(name="date", kind=FieldKind.DATE, sortable=True),
        ListField(name="valid_until", kind=FieldKind.DATE),
        ListField(name="status", kind=FieldKind.CHOICE, choices=tuple(ProposalState)),
        ListField(name="revises_id", kind=FieldKind.ID, nullable=True),
        ListField(name="currency", kind=FieldKind.TEXT),
        ListField(name="total_net", kind=FieldKind.AMOUNT),
        ListField(name="total_vat", kind=FieldKind.AMOUNT),
        ListField(name="total_gross", kind=FieldKind.AMOUNT, sortable=True),
        CUSTOM_VALUES,
    ),
    default_sort=(Sort(field="id", descending=True),),
    search=(Found(Searched.PROPOSAL), Found(Searched.PARTY, "party_id")),
)

HEADER: Final = ("date", "valid_until", "external_ref", "note", "custom")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalLineDraft(LineDraft):
    """A line as asked for; an ``optional`` one is shown with its price and counts when it is chosen."""

    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalDraft:
    """A proposal as asked for: ``date`` None is today, ``valid_until`` None so many days later as the company says."""

    party_id: PartyId
    date: Day | None = None
    valid_until: Day | None = None
    currency: str | None = None
    rate: Rate | None = None
    external_ref: str | None = None
    note: str = ""
    lines: tuple[ProposalLineDraft, ...]
    custom: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Which proposal the customer accepts, with the options at which positions."""

    proposal_id: ProposalId
    options: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Which proposal the customer declines, and why."""

    proposal_id: ProposalId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopening:
    """Which proposal stands again; ``valid_until`` None leaves its last day."""

    proposal_id: ProposalId
    valid_until: Day | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Copying:
    """Which proposal is copied; ``fresh_prices`` takes prices and VAT of products as they are now."""

    proposal_id: ProposalId
    fresh_prices: bool = False


def priced_lines(
    work: Work, drafts: tuple[ProposalLineDraft, ...], valued: Valuation, party: Party | None, on: Day
) -> list[ProposalLine]:
    """Make the lines of a proposal as ``priced`` does, the optional ones marked; what is in a kit goes with it."""
    lines = priced(work, drafts, ProposalLine, valued, party, on)
    for line, draft in zip((line for line in lines if line.kit_position is None), drafts, strict=True):
        line.optional = draft.optional
    for line in lines:
        if line.kit_position is not None:
            line.optional = lines[line.kit_position - 1].optional
    return lines


def _enter(work: Work, context: Context, proposal: Proposal, sent: Values) -> Proposal:
    """Price and store a draft with the custom values sent for it."""
    custom = fill(work, context, ObjectKind.PROPOSALS, sent)
    proposal.custom = custom.values
    proposal.price()
    work.proposals.add(proposal)
    keep(work, ObjectKind.PROPOSALS, proposal.id, custom)
    work.outbox.add(proposal.created())
    return proposal


def _decide(work: Work, proposal_id: ProposalId, do: Callable[[Proposal], ProposalEvent]) -> Proposal:
    """Lock a proposal, do something to it, store and tell it; where there are options amounts may have changed."""
    proposal = work.proposals.get(proposal_id, lock=True)
    event = do(proposal)
    work.proposals.save(proposal, lines=any(line.optional for line in proposal.lines))
    work.outbox.add(event)
    return proposal


@dataclass(frozen=True, slots=True)
class CreateProposal:
    """Enter a proposal as a draft, whole or not at all.

    Raises UnknownReference, NotACustomer, PartyArchived, ProductArchived, and what makes lines unsound.
    """

    clock: Clock
    right: ClassVar[Right] = Right.PROPOSALS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: ProposalDraft) -> Proposal:
        """Give the draft with its id and totals."""
        party = customer(work, request.party_id)
        valued = valuation(context, request.currency, request.rate)
        on = request.date or self.clock.today(context.zone)
        proposal = Proposal(
            party_id=party.id,
            external_ref=request.external_ref,
            date=on,
            valid_until=request.valid_until or last_day(context, on),
            valuation=valued,
            note=request.note,
            lines=priced_lines(work, request.lines, valued, party, on),
        )
        return _enter(work, context, proposal, request.custom)


def last_day(context: Context, on: Day) -> Day:
    """Give the last day of an offer made ``on`` that does not say it itself."""
    return on + timedelta(days=context.settings.proposal_days)


@dataclass(frozen=True, slots=True)
class ReadProposal:
    """Show one proposal. Raises NotFound."""

    right: ClassVar[Right] = Right.PROPOSALS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: ProposalId) -> Proposal:
        """Give the proposal with its lines and what was made from it."""
        return work.proposals.get(request)


@dataclass(frozen=True, slots=True)
class ChangeProposal:
    """Change the fields sent of a draft; ``lines`` replaces all lines.

    Raises NotFound, Stale, ProposalNotDraft, and as CreateProposal.
    """

    right: ClassVar[Right] = Right.PROPOSALS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Change) -> Proposal:
        """Give the draft as it is now."""
        proposal = work.proposals.get(ProposalId(request.id), lock=True)
        request.matches(proposal.version)
        proposal.editable()
        before = proposal.custom
        changes, custom = refill(work, ObjectKind.PROPOSALS, request.changes, before)
        self._apply(work, context, proposal, changes)
        proposal.price()
        work.proposals.save(proposal)
        keep(work, ObjectKind.PROPOSALS, proposal.id, custom, before)
        work.outbox.add(ProposalChanged(id=proposal.id))
        return proposal

    def _apply(self, work: Work, context: Context, proposal: Proposal, changes: Mapping[str, object]) -> None:
        for name in HEADER:
            if name in changes:
                setattr(proposal, name, changes[name])
        if isinstance(party_id := changes.get("party_id"), int):
            proposal.party_id = customer(work, PartyId(party_id)).id
        if not {"currency", "rate"}.isdisjoint(changes):
            proposal.valuation = revalued(context, proposal.valuation, changes)
        if isinstance(lines := changes.get("lines"), tuple):
            party = buyer(work, proposal.party_id, lines)
            proposal.lines = priced_lines(work, lines, proposal.valuation, party, proposal.date)


@dataclass(frozen=True, slots=True)
class DeleteProposal:
    """Delete a draft. Raises NotFound, Stale, ProposalNotDraft."""

    right: ClassVar[Right] = Right.PROPOSALS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Versioned) -> None:
        """Remove the proposal."""
        proposal = work.proposals.get(ProposalId(request.id), lock=True)
        request.matches(proposal.version)
        proposal.editable()
        work.proposals.delete(proposal)
        drop(work, ObjectKind.PROPOSALS, proposal.id, proposal.custom)
        work.outbox.add(ProposalDeleted(id=proposal.id))


@dataclass(frozen=True, slots=True)
class ValidateProposal:
    """Make the offer: the draft gets its number. A later version keeps the former's with a suffix and replaces it.

    Raises NotFound, InvalidTransition, also when the former version was signed or withdrawn meanwhile, ProposalLapsed.
    """

    numbering: Numbering
    clock: Clock
    right: ClassVar[Right] = Right.PROPOSALS_VALIDATE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: ProposalId) -> Proposal:
        """Give the validated proposal."""
        # Which version it revises never changes; the older one is locked first, as its id is the lower.
        former_id = work.proposals.former(request)
        former = None if former_id is None else work.proposals.get(former_id, lock=True)
        proposal = work.proposals.get(request, lock=True)
        proposal.can_validate(self.clock.today(context.zone))
        if former is None:
            ref = self.numbering.fast(work, context, SeriesKind.PROPOSAL, proposal.date)
        else:
            ref = f"{former.number}-{proposal.revision}"
            superseded = former.supersede(proposal.id)
            work.proposals.save(former, lines=False)
            work.outbox.add(superseded)
        validated = proposal.validate(ref)
        work.papers.freeze(ObjectKind.PROPOSALS, proposal.id)
        work.proposals.save(proposal, lines=False)
        work.outbox.add(validated)
        return proposal


@dataclass(frozen=True, slots=True)
class SignProposal:
    """Note that the customer accepted, and which options were chosen; they count from now on.

    Raises NotFound, InvalidTransition, ProposalLapsed, NothingChosen, NotAnOption, UnknownReference.
    """

    clock: Clock
    right: ClassVar[Right] = Right.PROPOSALS_SIGN
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Signature) -> Proposal:
        """Give the signed proposal."""
        today = self.clock.today(context.zone)
        return _decide(work, request.proposal_id, lambda proposal: proposal.sign(today, request.options))


@dataclass(frozen=True, slots=True)
class RefuseProposal:
    """Note that the customer declined, and why. Raises NotFound, InvalidTransition."""

    right: ClassVar[Right] = Right.PROPOSALS_SIGN
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Refusal) -> Proposal:
        """Give the refused proposal."""
        return _decide(work, request.proposal_id, lambda proposal: proposal.refuse(request.reason))


@dataclass(frozen=True, slots=True)
class ExpireProposal:
    """Close an offer whose last day is past. Raises NotFound, InvalidTransition, ProposalStillValid."""

    clock: Clock
    right: ClassVar[Right] = Right.PROPOSALS_VALIDATE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: ProposalId) -> Proposal:
        """Give the expired proposal."""
        today = self.clock.today(context.zone)
        return _decide(work, request, lambda proposal: proposal.expire(today))


@dataclass(frozen=True, slots=True)
class ReopenProposal:
    """Let a refused, expired or signed offer stand again, unless something was made from it.

    Raises NotFound, InvalidTransition, ProposalLapsed.
    """

    clock: Clock
    right: ClassVar[Right] = Right.PROPOSALS_VALIDATE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Reopening) -> Proposal:
        """Give the open proposal."""
        today = self.clock.today(context.zone)
        return _decide(work, request.proposal_id, lambda proposal: proposal.reopen(today, request.valid_until))


@dataclass(frozen=True, slots=True)
class CancelProposal:
    """Withdraw an offer from which nothing was made. Raises NotFound, InvalidTransition."""

    right: ClassVar[Right] = Right.PROPOSALS_VALIDATE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: ProposalId) -> Proposal:
        """Give the canceled proposal."""
        return _decide(work, request, Proposal.cancel)


@dataclass(frozen=True, slots=True)
class BillProposal:
    """Call a signed proposal invoiced. Raises NotFound, InvalidTransition."""

    right: ClassVar[Right] = Right.PROPOSALS_SIGN
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: ProposalId) -> Proposal:
        """Give the billed proposal."""
        return _decide(work, request, Proposal.bill)


@dataclass(frozen=True, slots=True)
class ReviseProposal:
    """Enter a later version of an offer as a draft; once validated it replaces the former.

    Raises NotFound, InvalidTransition, BeingRevised, and as CreateProposal of customer and custom values.
    """

    clock: Clock
    right: ClassVar[Right] = Right.PROPOSALS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: ProposalId) -> Proposal:
        """Give the draft of the later version, dated today, with the same lines at the same prices."""
        former = work.proposals.get(request, lock=True)
        former.can_revise()
        if (later := work.proposals.later(former.id)) is not None:
            raise BeingRevised(proposal=former.id, revision=later)
        today = self.clock.today(context.zone)
        revision = Proposal(
            party_id=customer(work, former.party_id).id,
            external_ref=former.external_ref,
            date=today,
            valid_until=last_day(context, today),
            valuation=former.valuation,
            revision=former.revision + 1,
            revises_id=former.id,
            note=former.note,
            lines=[replace(line, chosen=False) for line in former.lines],
        )
        return _enter(work, context, revision, offered(work, ObjectKind.PROPOSALS, former.custom))


@dataclass(frozen=True, slots=True)
class CopyProposal:
    """Enter a new proposal with the lines of another, as a draft dated today; a foreign rate stays as it was.

    Raises NotFound, and as CreateProposal.
    """

    clock: Clock
    right: ClassVar[Right] = Right.PROPOSALS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Copying) -> Proposal:
        """Give the new draft."""
        model = work.proposals.get(request.proposal_id)
        drafts = tuple(_draft_of(line, fresh=request.fresh_prices) for line in model.lines if line.kit_position is None)
        new = ProposalDraft(
            party_id=model.party_id,
            currency=model.valuation.currency.code,
            rate=model.valuation.rate,
            note=model.note,
            lines=drafts,
            custom=offered(work, ObjectKind.PROPOSALS, model.custom),
        )
        return CreateProposal(self.clock).execute(work, context, new)


def _draft_of(line: ProposalLine, *, fresh: bool) -> ProposalLineDraft:
    """Ask for a line like ``line``; ``fresh`` leaves what a product says to the product, but for the description."""
    from_product = fresh and line.product_id is not None
    return ProposalLineDraft(
        product_id=line.product_id,
        kind=line.kind,
        description=line.description,
        quantity=line.quantity if line.entered_quantity is None else line.entered_quantity,
        unit=line.unit,
        unit_price=None if from_product else line.unit_price,
        discount=line.discount,
        vat_rate=None if from_product else line.vat_rate,
        optional=line.optional,
    )


class ListProposals(ListCase):
    """List proposals, newest first."""

    __slots__ = ()
    right = Right.PROPOSALS_READ
    listing = PROPOSALS
