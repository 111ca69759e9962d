"""Locations: the places inside a warehouse, in a tree, and where its products have theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from app.domain.shared.errors import Conflict, Invalid, Required
from app.domain.shared.events import Event
from app.domain.shared.ids import LocationId, WarehouseId


class LocationInCircle(Invalid):
    """A location cannot stand inside itself."""

    code = "stock.location_in_circle"


class LocationElsewhere(Invalid):
    """The location is in another warehouse."""

    code = "stock.location_elsewhere"


class LocationArchived(Conflict):
    """The location is archived and takes no products."""

    code = "stock.location_archived"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationCreated(Event):
    """A location was entered."""

    name: ClassVar[str] = "stock.location_created"
    aggregate: ClassVar[str] = "location"
    id: LocationId
    warehouse: WarehouseId
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationChanged(Event):
    """Some fields of a location were changed."""

    name: ClassVar[str] = "stock.location_changed"
    aggregate: ClassVar[str] = "location"
    id: LocationId
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductsPlaced(Event):
    """Products got their place in a location."""

    name: ClassVar[str] = "stock.products_placed"
    aggregate: ClassVar[str] = "location"
    id: LocationId
    products: tuple[int, ...]


@dataclass(slots=True, kw_only=True)
class Location:
    """A place inside a warehouse, ``code`` being unique there; its ``parent_id`` is the location it stands in."""

    id: LocationId = LocationId(0)
    warehouse_id: WarehouseId
    parent_id: LocationId | None = None
    code: str
    name: str = ""
    archived: bool = False
    version: int = 0

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Pass only a sound location. Raises Required."""
        if not self.code.strip():
            raise Required(at=("code",))

    def created(self) -> LocationCreated:
        """Give the event of its entry, once it has an id."""
        return LocationCreated(id=self.id, warehouse=self.warehouse_id, code=self.code)

    def stands_in(self, parents: Mapping[LocationId, LocationId | None]) -> None:
        """Pass only a location whose parent is in its warehouse and not inside it.

        ``parents`` has the parent of each location of the warehouse. Raises LocationElsewhere, LocationInCircle.
        """
        above = self.parent_id
        if above is not None and above not in parents:
            raise LocationElsewhere(at=("parent_id",), location=above, warehouse=self.warehouse_id)
        passed = {self.id} if self.id else set()
        while above is not None:
            if above in passed:
                raise LocationInCircle(at=("parent_id",), location=self.parent_id)
            passed.add(above)
            above = parents[above]

    def change(self, changes: Mapping[str, object]) -> LocationChanged | None:
        """Set the named fields; None when nothing differs. Raises Required."""
        changed = tuple(name for name, value in changes.items() if getattr(self, name) != value)
        for name in changed:
            setattr(self, name, changes[name])
        self.check()
        return LocationChanged(id=self.id, fields=changed) if changed else None

    def serves(self) -> None:
        """Pass only a location in use. Raises LocationArchived."""
        if self.archived:
            raise LocationArchived(at=("location_id",), location=self.id)


def within(location: LocationId, parents: Mapping[LocationId, LocationId | None]) -> set[LocationId]:
    """Give a location and all that stand in it, however deep."""
    found = {location}
    while grown := {one for one, parent in parents.items() if parent in found} - found:
        found |= grown
    return found
