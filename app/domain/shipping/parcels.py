"""Parcels: what a shipment is packed in, and the numbers it is followed by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from app.domain.shared.errors import Invalid, UnknownReference
from app.domain.shared.money import Quantity

MEASURES: Final = ("weight", "length", "width", "height")


class MeasureNotPositive(Invalid):
    """The weight or size of a parcel must be above zero."""

    code = "shipping.measure_not_positive"


class PackedQuantityNotPositive(Invalid):
    """The quantity packed must be above zero."""

    code = "shipping.packed_not_positive"


class OverPacked(Invalid):
    """More would be packed than is shipped."""

    code = "shipping.over_packed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """So much of the shipment's line at ``position``."""

    position: int
    quantity: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One box: weight in kg, sizes in cm. ``tracking_url`` follows from the carrier when it is stored."""

    position: int
    weight: Quantity | None = None
    length: Quantity | None = None
    width: Quantity | None = None
    height: Quantity | None = None
    tracking_number: str | None = None
    tracking_url: str | None = None
    contents: tuple[Packed, ...] = ()


def check_parcels(parcels: Sequence[Parcel], shipped: Mapping[int, Quantity]) -> None:
    """Pass only parcels that hold no more than is ``shipped`` of each line.

    Raises MeasureNotPositive, PackedQuantityNotPositive, OverPacked, UnknownReference with ``at``.
    """
    packed: defaultdict[int, Decimal] = defaultdict(Decimal)
    for index, parcel in enumerate(parcels):
        _check_measures(index, parcel)
        for place, part in enumerate(parcel.contents):
            at = ("parcels", index, "contents", place)
            if part.position not in shipped:
                raise UnknownReference(at=(*at, "position"), kind="shipment line", value=part.position)
            if part.quantity <= 0:
                raise PackedQuantityNotPositive(at=(*at, "quantity"), value=part.quantity)
            packed[part.position] += part.quantity
            if packed[part.position] > shipped[part.position]:
                raise OverPacked(at=(*at, "quantity"), position=part.position, shipped=shipped[part.position])


def _check_measures(index: int, parcel: Parcel) -> None:
    for name in MEASURES:
        value = getattr(parcel, name)
        if value is not None and value <= 0:
            raise MeasureNotPositive(at=("parcels", index, name), value=value)
