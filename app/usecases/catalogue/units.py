"""What is done with units of measure."""

from __future__ import annotations

from app.domain.catalogue import Dimension, Unit
from app.domain.shared.rights import Right
from app.usecases.catalogue.records import ChangeRecord, CreateRecord, DeleteRecord, ReadRecord
from app.usecases.ports.listing import FieldKind, ListField, Listing, Sort
from app.usecases.shared import ListCase

UNITS = Listing(
    name="units",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="code", kind=FieldKind.TEXT, sortable=True),
        ListField(name="name", kind=FieldKind.TEXT),
        ListField(name="dimension", kind=FieldKind.CHOICE, choices=tuple(Dimension)),
        ListField(name="factor", kind=FieldKind.RATE),
    ),
    default_sort=(Sort(field="id"),),
)


class CreateUnit(CreateRecord):
    """Enter a unit. Raises Taken, and what makes one unsound."""

    __slots__ = ()


class ReadUnit(ReadRecord):
    """Show one unit. Raises NotFound."""

    __slots__ = ()
    kind = Unit


class ChangeUnit(ChangeRecord):
    """Change the fields sent of a unit. Raises NotFound, Stale, Taken, and what makes one unsound."""

    __slots__ = ()
    kind = Unit


class DeleteUnit(DeleteRecord):
    """Delete a unit that nothing refers to. Raises NotFound, Stale, InUse."""

    __slots__ = ()
    kind = Unit


class ListUnits(ListCase):
    """List units of measure."""

    __slots__ = ()
    right = Right.PRODUCTS_READ
    listing = UNITS
