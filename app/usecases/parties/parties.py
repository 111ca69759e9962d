"""What is done with third parties."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.domain.catalogue import PriceList
from app.domain.identity import Member
from app.domain.parties import Party
from app.domain.shared.errors import NotFound, UnknownReference
from app.domain.shared.ids import PartyId, UserId
from app.domain.shared.objects import ObjectKind
from app.domain.shared.rights import Right
from app.domain.shared.search import Searched
from app.domain.shared.series import SeriesKind
from app.usecases.context import Context
from app.usecases.custom import fill, keep, refill
from app.usecases.parties.terms import usable_terms
from app.usecases.ports.listing import CUSTOM_VALUES, FieldKind, Found, ListField, Listing, Sort
from app.usecases.ports.shared import Clock, Work
from app.usecases.shared import Change, ListCase, Numbering

PARTIES = Listing(
    name="third-parties",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="name", kind=FieldKind.TEXT, sortable=True),
        ListField(name="customer", kind=FieldKind.FLAG),
        ListField(name="supplier", kind=FieldKind.FLAG),
        ListField(name="customer_code", kind=FieldKind.TEXT, nullable=True),
        ListField(name="supplier_code", kind=FieldKind.TEXT, nullable=True),
        ListField(name="email", kind=FieldKind.TEXT, nullable=True),
        ListField(name="city", kind=FieldKind.TEXT),
        ListField(name="country", kind=FieldKind.TEXT),
        ListField(name="price_list_id", kind=FieldKind.ID, nullable=True),
        ListField(name="representative_id", kind=FieldKind.ID, nullable=True),
        ListField(name="archived", kind=FieldKind.FLAG),
        ListField(name="merged_into_id", kind=FieldKind.ID, nullable=True),
        CUSTOM_VALUES,
    ),
    default_sort=(Sort(field="id"),),
    search=(Found(Searched.PARTY),),
    links=(ListField(name="category_id", kind=FieldKind.ID),),
)


def take_codes(work: Work, context: Context, numbering: Numbering, party: Party, clock: Clock) -> None:
    """Give the party the codes its roles need and it lacks."""
    today = clock.today(context.zone)
    if party.customer and party.customer_code is None:
        party.customer_code = numbering.fast(work, context, SeriesKind.CUSTOMER, today)
    if party.supplier and party.supplier_code is None:
        party.supplier_code = numbering.fast(work, context, SeriesKind.SUPPLIER, today)


def check_price_list(work: Work, party: Party) -> None:
    """Pass only a third party whose price list is there. Raises UnknownReference."""
    if party.price_list_id is None:
        return
    try:
        work.catalogue.get(PriceList, party.price_list_id)
    except NotFound as error:
        raise UnknownReference(at=("price_list_id",), kind="price list", value=party.price_list_id) from error


def representative(work: Work, context: Context, user: UserId | None, *at: str | int) -> None:
    """Pass only a user of the company, or nobody. Raises UnknownReference with ``at``."""
    if user is not None and work.users.find(context.company, user) is None:
        raise UnknownReference(at=at, kind="user", value=user)


def _check_references(work: Work, context: Context, party: Party, names: Iterable[str]) -> None:
    """Pass only payment terms in use and users of the company, of the fields named."""
    if "payment_terms_id" in names:
        usable_terms(work, party.payment_terms_id)
    if "representatives" in names:
        for index, user in enumerate(party.representatives):
            representative(work, context, user, "representative_ids", index)


@dataclass(frozen=True, slots=True)
class CreateParty:
    """Enter a third party; codes that are not given are taken from the series.

    Raises Taken for a code in use, BadTaxId, UnknownReference, TermsArchived.
    """

    clock: Clock
    numbering: Numbering
    right: ClassVar[Right] = Right.THIRD_PARTIES_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Party) -> Party:
        """Store ``request`` and give it back with id and codes."""
        request.settle_tax_id()
        _check_references(work, context, request, ("payment_terms_id", "representatives"))
        custom = fill(work, context, ObjectKind.THIRD_PARTIES, request.custom)
        request.custom = custom.values
        check_price_list(work, request)
        take_codes(work, context, self.numbering, request, self.clock)
        work.parties.add(request)
        keep(work, ObjectKind.THIRD_PARTIES, request.id, custom)
        work.outbox.add(request.created())
        return request


@dataclass(frozen=True, slots=True)
class ReadParty:
    """Show one third party. Raises NotFound."""

    right: ClassVar[Right] = Right.THIRD_PARTIES_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: PartyId) -> Party:
        """Give the third party."""
        return work.parties.get(request)


@dataclass(frozen=True, slots=True)
class ChangeParty:
    """Change the fields sent of a third party. Raises NotFound, Stale, Taken, and what makes a party unsound."""

    clock: Clock
    numbering: Numbering
    right: ClassVar[Right] = Right.THIRD_PARTIES_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Change) -> Party:
        """Give the third party as it is now."""
        party = work.parties.get(PartyId(request.id))
        request.matches(party.version)
        before = party.custom
        changes, custom = refill(work, ObjectKind.THIRD_PARTIES, request.changes, before)
        changed = party.change(changes)
        if changed is not None:
            if "price_list_id" in changed.fields:
                check_price_list(work, party)
            _check_references(work, context, party, changed.fields)
            take_codes(work, context, self.numbering, party, self.clock)
            work.parties.save(party)
            keep(work, ObjectKind.THIRD_PARTIES, party.id, custom, before)
            work.outbox.add(changed)
        return party


@dataclass(frozen=True, slots=True)
class ListRepresentatives:
    """List the representatives of a third party, the first is who new documents name; only users of the company.

    Raises NotFound.
    """

    right: ClassVar[Right] = Right.THIRD_PARTIES_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: PartyId) -> Sequence[Member]:
        """Give them in their order."""
        found = (work.users.find(context.company, user) for user in work.parties.get(request).representatives)
        return [member for member in found if member is not None]


class ListParties(ListCase):
    """List third parties."""

    __slots__ = ()
    right = Right.THIRD_PARTIES_READ
    listing = PARTIES
