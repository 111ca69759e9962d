"""Carriers: who brings parcels, and where a parcel is followed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final
from urllib.parse import quote, urlsplit

from app.domain.shared.errors import Conflict, Invalid, Required
from app.domain.shared.events import Event
from app.domain.shared.ids import CarrierId

PLACE: Final = "{tracking}"
_PRINTABLE: Final = re.compile(r"[!-~]+")


class BadTrackingUrl(Invalid):
    """The address where parcels are followed must be https, with ``{tracking}`` once after the host."""

    code = "shipping.bad_tracking_url"


class CarrierArchived(Conflict):
    """The carrier is archived and takes no new shipments."""

    code = "shipping.carrier_archived"


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierCreated(Event):
    """A carrier was entered."""

    name: ClassVar[str] = "shipping.carrier_created"
    aggregate: ClassVar[str] = "carrier"
    id: CarrierId


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierChanged(Event):
    """Some fields of a carrier were changed."""

    name: ClassVar[str] = "shipping.carrier_changed"
    aggregate: ClassVar[str] = "carrier"
    id: CarrierId
    fields: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Carrier:
    """Who brings parcels. ``tracking_url`` has ``{tracking}`` where the tracking number stands; it may be empty."""

    id: CarrierId = CarrierId(0)
    name: str
    tracking_url: str = ""
    archived: bool = False
    version: int = 0

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Pass only a sound carrier. Raises Required, BadTrackingUrl."""
        if not self.name.strip():
            raise Required(at=("name",))
        if self.tracking_url and not _sound(self.tracking_url):
            raise BadTrackingUrl(at=("tracking_url",), place=PLACE)

    def created(self) -> CarrierCreated:
        """Give the event of its entry, once it has an id."""
        return CarrierCreated(id=self.id)

    def change(self, changes: Mapping[str, object]) -> CarrierChanged | None:
        """Set the named fields; None when nothing differs. Raises as ``check`` does; the carrier is then of no use."""
        changed = tuple(name for name, value in changes.items() if getattr(self, name) != value)
        for name in changed:
            setattr(self, name, changes[name])
        self.check()
        return CarrierChanged(id=self.id, fields=changed) if changed else None

    def serves(self) -> None:
        """Pass only a carrier in use. Raises CarrierArchived."""
        if self.archived:
            raise CarrierArchived(at=("carrier_id",), carrier=self.id)

    def follow(self, tracking_number: str | None) -> str | None:
        """Give where the parcel of that number is followed; the number can become no other part of the address.

        None of a number that a path would take for a step: dots cannot be escaped.
        """
        if not self.tracking_url or tracking_number in {None, ".", ".."}:
            return None
        return self.tracking_url.replace(PLACE, quote(tracking_number, safe=""))


def _sound(template: str) -> bool:
    """Tell whether a template is an https address whose host cannot depend on the number."""
    if template.count(PLACE) != 1 or not _PRINTABLE.fullmatch(template):
        return False
    bare = template.replace(PLACE, "0")
    if any(sign in bare for sign in "{}<>\"'\\^`|"):
        return False
    try:
        parts = urlsplit(template)
        host, _ = parts.hostname, parts.port  # a port that is no number raises
    except ValueError:
        return False
    return parts.scheme == "https" and bool(host) and not {"@", "{"} & set(parts.netloc)
