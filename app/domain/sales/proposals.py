"""Proposals to customers, from draft to signed, refused or past their day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Final

from app.domain.shared.dates import Day
from app.domain.shared.errors import Conflict, Invalid, UnknownReference
from app.domain.shared.events import Event
from app.domain.shared.ids import PartyId, ProposalId
from app.domain.shared.lines import NoLines, PricedLine, Valuation, price_lines
from app.domain.shared.money import Amount
from app.domain.shared.states import advance
from app.domain.shared.totals import Totals, VatLine
from app.workflow.kernel.lifecycle import Lifecycle, Transition


class ProposalState(StrEnum):
    """Where a proposal stands; ``validated`` means open to the customer's decision."""

    DRAFT = "draft"
    VALIDATED = "validated"
    SIGNED = "signed"
    REFUSED = "refused"
    EXPIRED = "expired"
    BILLED = "billed"
    CANCELED = "canceled"
    SUPERSEDED = "superseded"


class FollowerKind(StrEnum):
    """What a signed proposal becomes."""

    ORDER = "order"
    INVOICE = "invoice"


class ProposalNotDraft(Conflict):
    """Only a draft can be changed or deleted; a validated proposal is revised."""

    code = "sales.proposal_not_draft"


class ProposalNotSigned(Conflict):
    """Only a signed proposal becomes an order or an invoice."""

    code = "sales.proposal_not_signed"


class ProposalFollowed(Conflict):
    """The proposal has its order or invoice already."""

    code = "sales.proposal_followed"


class ProposalLapsed(Conflict):
    """The last day of the offer is past."""

    code = "sales.proposal_lapsed"


class ProposalStillValid(Conflict):
    """The last day of the offer is not past yet."""

    code = "sales.proposal_still_valid"


class BeingRevised(Conflict):
    """There is a later version of the proposal already."""

    code = "sales.being_revised"


class NothingChosen(Conflict):
    """All lines are options and none was chosen."""

    code = "sales.nothing_chosen"


class NotAnOption(Invalid):
    """The line belongs to the offer anyway, it is no option."""

    code = "sales.not_an_option"


class ValidityBeforeDate(Invalid):
    """The last day of the offer lies before its date."""

    code = "sales.validity_before_date"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalEvent(Event):
    """What all events of a proposal share."""

    aggregate: ClassVar[str] = "proposal"
    id: ProposalId


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalCreated(ProposalEvent):
    """A proposal was entered as a draft; ``revises`` is the version it may replace."""

    name: ClassVar[str] = "sales.proposal_created"
    party: PartyId
    revises: ProposalId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalChanged(ProposalEvent):
    """A draft was changed."""

    name: ClassVar[str] = "sales.proposal_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalDeleted(ProposalEvent):
    """A draft was deleted."""

    name: ClassVar[str] = "sales.proposal_deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalValidated(ProposalEvent):
    """A proposal was made to the customer and got its number."""

    name: ClassVar[str] = "sales.proposal_validated"
    ref: str
    party: PartyId
    gross: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalSigned(ProposalEvent):
    """The customer accepted, with the options at these positions."""

    name: ClassVar[str] = "sales.proposal_signed"
    party: PartyId
    gross: Amount
    options: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalRefused(ProposalEvent):
    """The customer declined."""

    name: ClassVar[str] = "sales.proposal_refused"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalExpired(ProposalEvent):
    """The last day of the offer went by without an answer."""

    name: ClassVar[str] = "sales.proposal_expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalReopened(ProposalEvent):
    """The offer stands again."""

    name: ClassVar[str] = "sales.proposal_reopened"
    valid_until: Day


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalSuperseded(ProposalEvent):
    """A later version took the proposal's place."""

    name: ClassVar[str] = "sales.proposal_superseded"
    by: ProposalId


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalCanceled(ProposalEvent):
    """The offer was withdrawn."""

    name: ClassVar[str] = "sales.proposal_canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalBilled(ProposalEvent):
    """All of a proposal is invoiced."""

    name: ClassVar[str] = "sales.proposal_billed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalFollowedBy(ProposalEvent):
    """An order or invoice was made from a proposal: ``follower`` of that kind."""

    name: ClassVar[str] = "sales.proposal_followed_by"
    kind: FollowerKind
    follower: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalReleased(ProposalEvent):
    """The order or invoice made from a proposal was deleted while it was a draft."""

    name: ClassVar[str] = "sales.proposal_released"
    kind: FollowerKind
    follower: int


@dataclass(slots=True, kw_only=True)
class ProposalLine(PricedLine):
    """A line of a proposal; an ``optional`` one counts only once it was ``chosen``."""

    optional: bool = False
    chosen: bool = False

    @property
    def counted(self) -> bool:
        """Whether the line is in the totals."""
        return self.chosen or not self.optional


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """A document made from a proposal; ``state`` is in the words of its own life cycle."""

    kind: FollowerKind
    id: int
    state: str

    @property
    def live(self) -> bool:
        """Whether it stands: only a canceled one leaves room for another."""
        return self.state != "canceled"


def unfollowed(proposal: Proposal) -> bool:
    """Tell whether nothing that stands was made from the proposal."""
    return not any(one.live for one in proposal.followers)


@dataclass(slots=True, kw_only=True)
class Proposal:
    """An offer to one customer, open until its last day ``valid_until``.

    ``ref`` is ``(PROV<id>)`` until validated. ``revision`` counts the versions of one offer from 1, ``revises_id`` is
    the version before. ``refusal`` is the reason of one that was refused, ``signed_on`` the day of one that was signed.
    """

    id: ProposalId = ProposalId(0)
    ref: str = ""
    external_ref: str | None = None
    party_id: PartyId
    date: Day
    valid_until: Day
    valuation: Valuation
    state: ProposalState = ProposalState.DRAFT
    revision: int = 1
    revises_id: ProposalId | None = None
    refusal: str = ""
    signed_on: Day | None = None
    note: str = ""
    lines: list[ProposalLine] = field(default_factory=list)
    totals: Totals = field(default_factory=Totals)
    vat: tuple[VatLine, ...] = ()
    followers: tuple[Follower, ...] = ()
    custom: Mapping[str, object] = field(default_factory=dict)
    version: int = 0

    def price(self) -> None:
        """Check dates and lines, and compute every amount; options are priced each by itself.

        Raises Invalid leaves with ``at``.
        """
        if self.valid_until < self.date:
            raise ValidityBeforeDate(at=("valid_until",), date=self.date, valid_until=self.valid_until)
        if not self.lines:
            raise NoLines(at=("lines",))
        for index, line in enumerate(self.lines):
            try:
                line.check()
            except Invalid as error:
                raise error.within("lines", index) from None
        counted = [line for line in self.lines if line.counted]
        for line in self.lines:
            if not line.counted:
                price_lines([line], self.valuation)
        self.totals, self.vat = Totals(), ()
        if counted:
            amounts = price_lines(counted, self.valuation)
            self.totals, self.vat = amounts.totals, amounts.vat

    @property
    def number(self) -> str:
        """The number that all versions of the offer share."""
        return self.ref.removesuffix(f"-{self.revision}") if self.revision > 1 else self.ref

    def created(self) -> ProposalCreated:
        """Give the event of its entry, once it has an id."""
        return ProposalCreated(id=self.id, party=self.party_id, revises=self.revises_id)

    def editable(self) -> None:
        """Pass only a draft. Raises ProposalNotDraft."""
        if self.state is not ProposalState.DRAFT:
            raise ProposalNotDraft(proposal=self.id, state=self.state.value)

    def can_validate(self, on: Day) -> None:
        """Pass only a draft whose last day is not past. Raises InvalidTransition, ProposalLapsed."""
        advance(PROPOSAL, self.state, "validate", self)
        self._stands(on)

    def validate(self, ref: str) -> ProposalValidated:
        """Make the offer under its number. Raises InvalidTransition."""
        self.state = advance(PROPOSAL, self.state, "validate", self)
        self.ref = ref
        return ProposalValidated(id=self.id, ref=ref, party=self.party_id, gross=self.totals.gross)

    def sign(self, on: Day, options: Sequence[int] = ()) -> ProposalSigned:
        """Note that the customer accepted, with the options at these positions, which count from now on.

        Raises InvalidTransition, ProposalLapsed, NothingChosen; UnknownReference, NotAnOption with ``at``.
        """
        state = advance(PROPOSAL, self.state, "sign", self)
        self._stands(on)
        for index, position in enumerate(options):
            at = ("options", index)
            if not 1 <= position <= len(self.lines):
                raise UnknownReference(at=at, kind="proposal line", value=position)
            option = self.lines[position - 1]
            if not option.optional or option.kit_position is not None:
                raise NotAnOption(at=at, position=position)
        if not any(line.position in options or not line.optional for line in self.lines):
            raise NothingChosen(proposal=self.id)
        self._choose(options)
        self.state, self.signed_on = state, on
        chosen = tuple(line.position for line in self.lines if line.chosen and line.kit_position is None)
        return ProposalSigned(id=self.id, party=self.party_id, gross=self.totals.gross, options=chosen)

    def refuse(self, reason: str) -> ProposalRefused:
        """Note that the customer declined. Raises InvalidTransition."""
        self.state = advance(PROPOSAL, self.state, "refuse", self)
        self.refusal = reason
        return ProposalRefused(id=self.id, reason=reason)

    def expire(self, on: Day) -> ProposalExpired:
        """Close the offer as unanswered. Raises InvalidTransition, ProposalStillValid."""
        state = advance(PROPOSAL, self.state, "expire", self)
        if on <= self.valid_until:
            raise ProposalStillValid(proposal=self.id, valid_until=self.valid_until)
        self.state = state
        return ProposalExpired(id=self.id)

    def reopen(self, on: Day, valid_until: Day | None = None) -> ProposalReopened:
        """Let the offer stand again, with another last day if given; what was decided is forgotten.

        Raises InvalidTransition, also once something was made of it, and ProposalLapsed.
        """
        state = advance(PROPOSAL, self.state, "reopen", self)
        until = valid_until or self.valid_until
        if on > until:
            raise ProposalLapsed(at=("valid_until",), proposal=self.id, valid_until=until)
        self.valid_until = until
        self.state, self.refusal, self.signed_on = state, "", None
        self._choose(())
        return ProposalReopened(id=self.id, valid_until=self.valid_until)

    def cancel(self) -> ProposalCanceled:
        """Withdraw the offer. Raises InvalidTransition, also once something was made of it."""
        self.state = advance(PROPOSAL, self.state, "cancel", self)
        return ProposalCanceled(id=self.id)

    def bill(self) -> ProposalBilled:
        """Call the signed proposal invoiced. Raises InvalidTransition."""
        self.state = advance(PROPOSAL, self.state, "bill", self)
        return ProposalBilled(id=self.id)

    def can_revise(self) -> None:
        """Pass only an offer that a later version may replace. Raises InvalidTransition."""
        advance(PROPOSAL, self.state, "supersede", self)

    def supersede(self, by: ProposalId) -> ProposalSuperseded:
        """Give way to a later version. Raises InvalidTransition."""
        self.state = advance(PROPOSAL, self.state, "supersede", self)
        return ProposalSuperseded(id=self.id, by=by)

    def becomes(self, kind: FollowerKind) -> None:
        """Pass only a signed proposal that has no such follower yet. Raises ProposalNotSigned, ProposalFollowed."""
        if self.state is not ProposalState.SIGNED:
            raise ProposalNotSigned(proposal=self.id, state=self.state.value)
        there = next((one for one in self.followers if one.kind is kind and one.live), None)
        if there is not None:
            raise ProposalFollowed(kind=kind.value, id=there.id)

    def follow(self, kind: FollowerKind, follower: int) -> ProposalFollowedBy:
        """Note what was made from the proposal. Raises as ``becomes``."""
        self.becomes(kind)
        self.followers += (Follower(kind=kind, id=follower, state="draft"),)
        return ProposalFollowedBy(id=self.id, kind=kind, follower=follower)

    def release(self, kind: FollowerKind, follower: int) -> ProposalReleased:
        """Forget a follower that is gone."""
        self.followers = tuple(one for one in self.followers if (one.kind, one.id) != (kind, follower))
        return ProposalReleased(id=self.id, kind=kind, follower=follower)

    def _stands(self, on: Day) -> None:
        if on > self.valid_until:
            raise ProposalLapsed(proposal=self.id, valid_until=self.valid_until)

    def _choose(self, options: Sequence[int]) -> None:
        for line in self.lines:
            line.chosen = line.position in options or line.kit_position in options
        self.price()


PROPOSAL: Final = Lifecycle[ProposalState](
    "proposal",
    ProposalState,
    initial=ProposalState.DRAFT,
    transitions=(
        Transition("validate", ProposalState.DRAFT, ProposalState.VALIDATED),
        Transition("sign", ProposalState.VALIDATED, ProposalState.SIGNED),
        Transition("refuse", ProposalState.VALIDATED, ProposalState.REFUSED),
        Transition("expire", ProposalState.VALIDATED, ProposalState.EXPIRED),
        Transition("cancel", ProposalState.VALIDATED, ProposalState.CANCELED),
        Transition("cancel", ProposalState.SIGNED, ProposalState.CANCELED, guard=unfollowed),
        Transition("reopen", ProposalState.REFUSED, ProposalState.VALIDATED),
        Transition("reopen", ProposalState.EXPIRED, ProposalState.VALIDATED),
        Transition("reopen", ProposalState.SIGNED, ProposalState.VALIDATED, guard=unfollowed),
        Transition("supersede", ProposalState.VALIDATED, ProposalState.SUPERSEDED),
        Transition("supersede", ProposalState.REFUSED, ProposalState.SUPERSEDED),
        Transition("supersede", ProposalState.EXPIRED, ProposalState.SUPERSEDED),
        Transition("bill", ProposalState.SIGNED, ProposalState.BILLED),
    ),
)
