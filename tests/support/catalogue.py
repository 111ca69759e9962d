"""Good bodies for the small things of the catalogue, for tests generated from the routes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.support.office import Office


@dataclass(frozen=True)
class Kind:
    """One kind of record: where it is posted with which body, what else would be as good, and what may be changed."""

    path: Callable[[Office], str]
    body: Callable[[Office], dict[str, Any]]
    other: Callable[[Office], dict[str, Any]]
    values: Callable[[Office], dict[str, Any]]
    nullable: frozenset[str] = frozenset()
    one: str = ""

    def made(self, office: Office) -> str:
        """Enter one and give its path."""
        path = self.path(office)
        return f"{self.one or path}/{office.make(path, self.body(office))['id']}"


def fresh(office: Office) -> str:
    """Give a text not used before in this company."""
    return f"N{next(office._refs)}"


def unit(office: Office, **fields: Any) -> str:
    """Enter a unit of mass and give its code."""
    code = f"K{next(office._refs)}X"
    body = {"code": code, "name": code, "dimension": "mass", "decimals": 3, **fields}
    return str(office.make("/units", body)["code"])


def category(office: Office, kind: str = "product", **fields: Any) -> int:
    """Enter a category and give its id."""
    return int(office.make("/categories", {"kind": kind, "name": fresh(office), **fields})["id"])


def price_list(office: Office, **fields: Any) -> int:
    """Enter a price list in EUR and give its id."""
    return int(office.make("/price-lists", {"name": fresh(office), "currency": "EUR", **fields})["id"])


def attribute(office: Office, *values: str, **extra: str) -> int:
    """Enter an attribute with these values, some at an extra price, and give its id."""
    listed = [{"value": one, "price_extra": extra.get(one, "0")} for one in values or ("red", "blue")]
    return int(office.make("/attributes", {"name": fresh(office), "values": listed})["id"])


def vat_rate(office: Office, category: str, rate: str, **fields: Any) -> dict[str, Any]:
    """Enter a French rate of VAT from 2000 on."""
    body = {"country": "FR", "category": category, "rate": rate, "valid_from": "2000-01-01", **fields}
    return office.make("/vat-rates", body)


def _price(_: Office) -> dict[str, Any]:
    return {"min_quantity": "3", "price": "7.5", "discount": "10"}


_DAYS: Final = {"valid_from": "2026-01-02", "valid_until": "2026-12-30"}
_NULLS: Final = frozenset(_DAYS)
_VALUES: Final = [{"value": "red", "price_extra": "0"}, {"value": "green", "price_extra": "1.5"}]

KINDS: Final[Mapping[str, Kind]] = {
    "price_list": Kind(
        lambda _: "/price-lists",
        lambda office: {"name": fresh(office), "currency": "EUR"},
        lambda office: {"name": fresh(office)},
        lambda office: {"name": fresh(office), "includes_vat": True, **_DAYS},
        _NULLS,
    ),
    "list_price": Kind(
        lambda office: f"/price-lists/{price_list(office)}/prices",
        lambda office: {"product_id": office.product(), "price": "9"},
        lambda _: {"price": "8"},
        _price,
        one="/prices",
    ),
    "party_price": Kind(
        lambda office: f"/third-parties/{office.customer()}/prices",
        lambda office: {"product_id": office.product(), "price": "9"},
        lambda _: {"price": "8"},
        _price,
        one="/prices",
    ),
    "vat_rate": Kind(
        lambda _: "/vat-rates",
        lambda office: {
            "country": "DE",
            "category": fresh(office).lower(),
            "rate": "19",
            "valid_from": "2026-01-01",
        },
        lambda _: {"rate": "7"},
        lambda _: {"rate": "7", **_DAYS},
        frozenset({"valid_until"}),
    ),
    "unit": Kind(
        lambda _: "/units",
        lambda office: {"code": f"U{next(office._refs)}", "name": "Piece", "dimension": "count"},
        lambda _: {"name": "Bit"},
        lambda _: {"name": "Gram", "decimals": 2},
    ),
    "category": Kind(
        lambda _: "/categories",
        lambda office: {"kind": "product", "name": fresh(office)},
        lambda _: {"name": "Other"},
        lambda office: {"name": fresh(office), "parent_id": category(office)},
        frozenset({"parent_id"}),
    ),
    "attribute": Kind(
        lambda _: "/attributes",
        lambda office: {"name": fresh(office), "values": [{"value": "red"}]},
        lambda _: {"name": "Other"},
        lambda office: {"name": fresh(office), "values": _VALUES},
    ),
}
"""By the noun of its endpoints; a price is entered in two ways, and changed as ``price``."""


def variants(office: Office) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Give where variants are made, and two bodies that make some."""
    colour = attribute(office)
    chosen = {"attributes": [{"attribute_id": colour}]}
    return (
        f"/products/{office.product()}/variants",
        chosen,
        {"attributes": [{"attribute_id": colour, "values": ["red"]}]},
    )


def ids(office: Office, product: int, party: int) -> dict[str, int]:
    """Enter one of each and give their ids by the names that paths give them; some hang on the two objects."""
    lists = price_list(office)
    made = office.make(f"/price-lists/{lists}/prices", {"product_id": product, "price": "9"})
    office.make(f"/third-parties/{party}/prices", {"product_id": product, "price": "9"})
    colour = attribute(office)
    office.act(f"/products/{product}/variants", {"attributes": [{"attribute_id": colour, "values": ["red"]}]})
    return {
        "price_list_id": lists,
        "price_id": int(made["id"]),
        "vat_rate_id": int(vat_rate(office, fresh(office).lower(), "20")["id"]),
        "unit_id": int(office.make("/units", KINDS["unit"].body(office))["id"]),
        "category_id": category(office),
        "attribute_id": colour,
        "component_id": product,
        "supplier_id": party,
    }
