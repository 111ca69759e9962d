"""Kits: products that are sold as one and leave the shelf as several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.domain.shared.errors import Conflict, Invalid
from app.domain.shared.ids import ProductId
from app.domain.shared.money import EXACT, Quantity, quantity

DEEPEST: Final = 8


class BadComponent(Invalid):
    """A component is another product, named once, with a quantity above zero."""

    code = "catalogue.bad_component"


class KitCycle(Conflict):
    """A kit cannot contain itself."""

    code = "catalogue.kit_cycle"


class KitTooDeep(Conflict):
    """Kits stand in kits at most 8 deep."""

    code = "catalogue.kit_too_deep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """So much of a product in one of a kit, in stock units."""

    component_id: ProductId
    quantity: Quantity


Contents = Mapping[ProductId, Sequence[Component]]
"""The components of each kit that is known."""


def check_components(kit: ProductId, components: Iterable[Component]) -> None:
    """Pass only other products, each once, with a quantity. Raises BadComponent, KitCycle at their index."""
    seen = set()
    for index, one in enumerate(components):
        if one.component_id == kit:
            raise KitCycle(at=(index, "component_id"), product=kit)
        if one.component_id in seen:
            raise BadComponent(at=(index, "component_id"), value=one.component_id)
        if one.quantity <= 0:
            raise BadComponent(at=(index, "quantity"), value=one.quantity)
        seen.add(one.component_id)


def exploded(kit: ProductId, wanted: Quantity, contents: Contents) -> list[tuple[ProductId, Quantity]]:
    """Give what ``wanted`` of a kit consists of in the end, in order; the same product of several kits is added up.

    Raises KitCycle, KitTooDeep, and Overflow or TooManyDecimals when a quantity cannot be kept.
    """
    found: dict[ProductId, Quantity] = {}
    _explode(kit, wanted, contents, found, (kit,))
    return list(found.items())


def _explode(
    kit: ProductId, wanted: Quantity, contents: Contents, found: dict[ProductId, Quantity], way: tuple[ProductId, ...]
) -> None:
    if len(way) > DEEPEST:
        raise KitTooDeep(product=way[0])
    for one in contents[kit]:
        if one.component_id in way:
            raise KitCycle(product=one.component_id)
        much = quantity(EXACT.multiply(wanted, one.quantity))
        if contents.get(one.component_id):
            _explode(one.component_id, much, contents, found, (*way, one.component_id))
        else:
            found[one.component_id] = quantity(found.get(one.component_id, 0) + much)
