"""Warehouses in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import bindparam, insert, select, update

from app.domain.shared.errors import NotFound, Stale
from app.domain.shared.ids import WarehouseId
from app.domain.shared.search import Searched
from app.domain.stock import Warehouse
from app.infrastructure.database.compiled import prepare, prepare_many
from app.infrastructure.database.constraints import taken
from app.infrastructure.database.repositories.search import SqlWords, texts_in
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import keys
from app.infrastructure.database.tables.stock import warehouses as w
from app.usecases.context import Context

_FIELDS: Final = ("ref", "name", "allow_negative", "archived", "custom")
_NAMES: Final = ("id", "version", *_FIELDS)
_COLUMNS: Final = tuple(w.c[name] for name in _NAMES)
_TEXTS: Final = texts_in(Searched.WAREHOUSE, _NAMES)
_MINE: Final = w.c.company_id == bindparam("company")

_GET = prepare(select(*_COLUMNS).where(_MINE, w.c.id == bindparam("warehouse")))
_BY_IDS = prepare_many(lambda n: select(*_COLUMNS).where(_MINE, keys(w.c.id, "warehouse", n)), pads=True)
_BY_REF = prepare(select(*_COLUMNS).where(_MINE, w.c.ref == bindparam("ref")))
_INSERT = prepare(insert(w).values({name: bindparam(name) for name in ("company_id", "version", *_FIELDS)}))
_UPDATE = prepare(
    update(w)
    .where(_MINE, w.c.id == bindparam("warehouse"), w.c.version == bindparam("seen"))
    .values({"version": bindparam("now"), **{name: bindparam(name) for name in _FIELDS}})
)


class SqlWarehouses:
    """Warehouses of the context's company, in rows of ``warehouses``."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company
        self._words = SqlWords(session, context.company, Searched.WAREHOUSE)

    def get(self, warehouse: WarehouseId) -> Warehouse:
        """Give a warehouse. Raises NotFound."""
        row = self._session.one(_GET, company=self._company, warehouse=warehouse)
        if row is None:
            raise NotFound(kind="warehouse", id=warehouse)
        return self._warehouse(row)

    def of(self, warehouses: Iterable[WarehouseId]) -> Mapping[WarehouseId, Warehouse]:
        """Give those of ``warehouses`` that exist, by one statement."""
        wanted = [{"warehouse": value} for value in sorted(set(warehouses))]
        rows = self._session.all_of(_BY_IDS, wanted, company=self._company)
        return {WarehouseId(row[0]): self._warehouse(row) for row in rows}

    def by_ref(self, ref: str) -> Warehouse | None:
        """Give the warehouse called ``ref``."""
        row = self._session.one(_BY_REF, company=self._company, ref=ref)
        return None if row is None else self._warehouse(row)

    def add(self, warehouse: Warehouse) -> None:
        """Store a new warehouse and set its id. Raises Taken for the ref."""
        with taken(_refs(warehouse)):
            warehouse.id = WarehouseId(
                self._session.insert(_INSERT, company_id=self._company, version=1, **_values(warehouse))
            )
        warehouse.version = 1
        self._words.add(warehouse.id, _values(warehouse))

    def save(self, warehouse: Warehouse) -> None:
        """Store changes and move the version. Raises Stale, Taken."""
        seen, now = warehouse.version, warehouse.version + 1
        with taken(_refs(warehouse)):
            stored = self._session.run(
                _UPDATE, company=self._company, warehouse=warehouse.id, seen=seen, now=now, **_values(warehouse)
            )
        if not stored:
            raise Stale(seen=seen)
        warehouse.version = now
        self._words.save(warehouse.id, _values(warehouse))

    def _warehouse(self, row: tuple[Any, ...]) -> Warehouse:
        self._words.saw(row[0], _TEXTS(row))
        return _warehouse(row)


def _values(warehouse: Warehouse) -> dict[str, Any]:
    return {name: getattr(warehouse, name) for name in _FIELDS}


def _refs(warehouse: Warehouse) -> dict[str, tuple[str, object]]:
    return {"uq_warehouses_company_id_ref": ("ref", warehouse.ref)}


def _warehouse(row: tuple[Any, ...]) -> Warehouse:
    return Warehouse(**dict(zip(_NAMES, row, strict=True)))
