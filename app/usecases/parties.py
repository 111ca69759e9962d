"""What is done with third parties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.parties import Party
from app.domain.shared.ids import PartyId
from app.domain.shared.objects import ObjectKind
from app.domain.shared.rights import Right
from app.domain.shared.search import Searched
from app.domain.shared.series import SeriesKind
from app.usecases.context import Context
from app.usecases.custom import fill, keep, refill
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
        ListField(name="archived", kind=FieldKind.FLAG),
        CUSTOM_VALUES,
    ),
    default_sort=(Sort(field="id"),),
    search=(Found(Searched.PARTY),),
)


def take_codes(work: Work, context: Context, numbering: Numbering, party: Party, clock: Clock) -> None:
    """Give the party the codes its roles need and it lacks."""
    today = clock.today(context.zone)
    if party.customer and party.customer_code is None:
        party.customer_code = numbering.fast(work, context, SeriesKind.CUSTOMER, today)
    if party.supplier and party.supplier_code is None:
        party.supplier_code = numbering.fast(work, context, SeriesKind.SUPPLIER, today)


@dataclass(frozen=True, slots=True)
class CreateParty:
    """Enter a third party; codes that are not given are taken from the series. Raises Taken for a code in use."""

    clock: Clock
    numbering: Numbering
    right: ClassVar[Right] = Right.THIRD_PARTIES_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Party) -> Party:
        """Store ``request`` and give it back with id and codes."""
        custom = fill(work, context, ObjectKind.THIRD_PARTIES, request.custom)
        request.custom = custom.values
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
            take_codes(work, context, self.numbering, party, self.clock)
            work.parties.save(party)
            keep(work, ObjectKind.THIRD_PARTIES, party.id, custom, before)
            work.outbox.add(changed)
        return party


class ListParties(ListCase):
    """List third parties."""

    __slots__ = ()
    right = Right.THIRD_PARTIES_READ
    listing = PARTIES
