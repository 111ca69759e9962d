"""Locations inside warehouses in SQL, and the places of products."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import bindparam, delete, insert, select, update

from app.domain.shared.errors import NotFound, Stale
from app.domain.shared.ids import LocationId, ProductId, WarehouseId
from app.domain.stock import Location
from app.infrastructure.database.compiled import prepare, prepare_many
from app.infrastructure.database.constraints import taken
from app.infrastructure.database.failures import ConstraintViolated
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import insert_rows, keys
from app.infrastructure.database.tables.stock import locations as t
from app.infrastructure.database.tables.stock import stock_places as p
from app.usecases.context import Context
from app.usecases.ports.shared import RolledBack

_FIELDS: Final = ("warehouse_id", "parent_id", "code", "name", "archived")
_NAMES: Final = ("id", "version", *_FIELDS)
_COLUMNS: Final = tuple(t.c[name] for name in _NAMES)
_MINE: Final = t.c.company_id == bindparam("company_id")

_GET = prepare(select(*_COLUMNS).where(_MINE, t.c.id == bindparam("location")))
_TREE = prepare(select(t.c.id, t.c.parent_id).where(_MINE, t.c.warehouse_id == bindparam("warehouse")))
_INSERT = prepare(insert(t).values({name: bindparam(name) for name in ("company_id", "version", *_FIELDS)}))
_UPDATE = prepare(
    update(t)
    .where(_MINE, t.c.id == bindparam("location"), t.c.version == bindparam("seen"))
    .values({"version": bindparam("now"), **{name: bindparam(name) for name in _FIELDS}})
)
_UNPLACE = prepare_many(
    lambda n: delete(p).where(
        p.c.company_id == bindparam("company_id"),
        p.c.warehouse_id == bindparam("warehouse_id"),
        keys(p.c.product_id, "product_id", n),
    ),
    pads=True,
)
_PLACE = prepare_many(insert_rows(p, ("product_id",), common=("company_id", "warehouse_id", "location_id")))


class SqlLocations:
    """Locations in the warehouses of the context's company, in rows of ``locations`` and ``stock_places``."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company

    def get(self, location: LocationId) -> Location:
        """Give a location. Raises NotFound."""
        row = self._session.one(_GET, company_id=self._company, location=location)
        if row is None:
            raise NotFound(kind="location", id=location)
        return Location(**dict(zip(_NAMES, row, strict=True)))

    def tree(self, warehouse: WarehouseId) -> Mapping[LocationId, LocationId | None]:
        """Give the parent of each location of a warehouse."""
        return {row[0]: row[1] for row in self._session.all(_TREE, company_id=self._company, warehouse=warehouse)}

    def add(self, location: Location) -> None:
        """Store a new location and set its id. Raises Taken for the code."""
        with taken(_codes(location)):
            made = self._session.insert(_INSERT, company_id=self._company, version=1, **_values(location))
        location.id, location.version = LocationId(made), 1

    def save(self, location: Location) -> None:
        """Store changes and move the version. Raises Stale, Taken."""
        seen, now = location.version, location.version + 1
        with taken(_codes(location)):
            stored = self._session.run(
                _UPDATE, company_id=self._company, location=location.id, seen=seen, now=now, **_values(location)
            )
        if not stored:
            raise Stale(seen=seen)
        location.version = now

    def place(self, location: Location, products: Iterable[ProductId]) -> None:
        """Give products their place in the location, instead of where they had it in its warehouse."""
        rows = [{"product_id": product} for product in sorted(set(products))]
        there = {"company_id": self._company, "warehouse_id": location.warehouse_id}
        self._session.many(_UNPLACE, rows, **there)
        try:
            self._session.many(_PLACE, rows, **there, location_id=location.id)
        except ConstraintViolated as violated:  # somebody else placed one of them just now
            raise RolledBack from violated


def _values(location: Location) -> dict[str, Any]:
    return {name: getattr(location, name) for name in _FIELDS}


def _codes(location: Location) -> dict[str, tuple[str, object]]:
    return {"uq_locations_company_id_warehouse_id_code": ("code", location.code)}
