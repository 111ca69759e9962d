"""What is done with carriers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.shared.ids import CarrierId
from app.domain.shared.rights import Right
from app.domain.shipping import Carrier
from app.usecases.context import Context
from app.usecases.ports.listing import FieldKind, ListField, Listing, Sort
from app.usecases.ports.shared import Work
from app.usecases.shared import Change, ListCase

CARRIERS = Listing(
    name="carriers",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="name", kind=FieldKind.TEXT, sortable=True),
        ListField(name="tracking_url", kind=FieldKind.TEXT),
        ListField(name="archived", kind=FieldKind.FLAG),
    ),
    default_sort=(Sort(field="id"),),
)


@dataclass(frozen=True, slots=True)
class CreateCarrier:
    """Enter a carrier. Raises Taken for a name in use."""

    right: ClassVar[Right] = Right.SETTINGS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Carrier) -> Carrier:
        """Store ``request`` and give it back with its id."""
        work.carriers.add(request)
        work.outbox.add(request.created())
        return request


@dataclass(frozen=True, slots=True)
class ReadCarrier:
    """Show one carrier. Raises NotFound."""

    right: ClassVar[Right] = Right.SHIPMENTS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: CarrierId) -> Carrier:
        """Give the carrier."""
        return work.carriers.get(request)


@dataclass(frozen=True, slots=True)
class ChangeCarrier:
    """Change the fields sent of a carrier; parcels keep the address they were given. Raises NotFound, Stale, Taken."""

    right: ClassVar[Right] = Right.SETTINGS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Change) -> Carrier:
        """Give the carrier as it is now."""
        carrier = work.carriers.get(CarrierId(request.id))
        request.matches(carrier.version)
        changed = carrier.change(request.changes)
        if changed is not None:
            work.carriers.save(carrier)
            work.outbox.add(changed)
        return carrier


class ListCarriers(ListCase):
    """List carriers."""

    __slots__ = ()
    right = Right.SHIPMENTS_READ
    listing = CARRIERS
