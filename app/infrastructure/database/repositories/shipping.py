"""Shipments in SQL."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import bindparam, delete, select, update

from app.domain.shared.errors import NotFound, Stale
from app.domain.shared.ids import OrderId, ShipmentId
from app.domain.shared.search import Searched
from app.domain.shipping import Shipment, ShipmentLine, ShipmentState
from app.infrastructure.database.compiled import prepare
from app.infrastructure.database.locks import Lock
from app.infrastructure.database.repositories.documents import (
    NewDocuments,
    by_id,
    lines_of,
    locking,
    provisional,
)
from app.infrastructure.database.repositories.search import SqlWords, texts_in
from app.infrastructure.database.session import Session
from app.infrastructure.database.tables.shipping import shipment_lines, shipments
from app.usecases.context import Context

_HEADER: Final = ("ref", "order_id", "party_id", "warehouse_id", "date", "custom")
_COLUMNS: Final = ("id", "version", "status", *_HEADER)
_LINE: Final = ("position", "product_id", "quantity")
_TEXTS: Final = texts_in(Searched.SHIPMENT, _COLUMNS)
_MINE: Final = (shipments.c.company_id == bindparam("company_id"), shipments.c.id == bindparam("document"))

_GET = prepare(by_id(shipments, _COLUMNS))
_LOCK = locking(shipments, _COLUMNS)
_ORDER_OF = prepare(by_id(shipments, ("order_id",)), "select shipments.order_id")
_LINES = lines_of(shipment_lines, "shipment_id", _LINE)
_OPEN = prepare(
    select(shipments.c.id)
    .where(
        shipments.c.company_id == bindparam("company_id"),
        shipments.c.order_id == bindparam("order"),
        shipments.c.status == bindparam("status"),
        shipments.c.id != bindparam("but"),
    )
    .limit(1),
    "select shipments.open",
)
_STORED: Final = tuple(name for name in _HEADER if name != "ref")
_NEW = NewDocuments(shipments, ("version", "status", *_STORED), shipment_lines, _LINE, owner="shipment_id")
_UPDATE = prepare(
    update(shipments)
    .where(*_MINE, shipments.c.version == bindparam("seen"))
    .values(version=bindparam("now"), status=bindparam("status"), ref=bindparam("ref"), date=bindparam("date"))
)
_DELETE = prepare(delete(shipments).where(*_MINE, shipments.c.version == bindparam("seen")))


class SqlShipments:
    """Shipments of the context's company, in rows of ``shipments`` and ``shipment_lines``."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company
        self._words = SqlWords(session, context.company, Searched.SHIPMENT)

    def get(self, shipment: ShipmentId, *, lock: bool = False) -> Shipment:
        """Give a shipment, locked until the end of the transaction if asked. Raises NotFound."""
        if lock:
            row = self._session.one(
                _LOCK, lock=Lock.document("shipment", [shipment]), company_id=self._company, document=shipment
            )
        else:
            row = self._session.one(_GET, company_id=self._company, document=shipment)
        if row is None:
            raise NotFound(kind="shipment", id=shipment)
        return self._whole(row)

    def order_of(self, shipment: ShipmentId) -> OrderId:
        """Give the order a shipment belongs to, which never changes. Raises NotFound."""
        row = self._session.one(_ORDER_OF, company_id=self._company, document=shipment)
        if row is None:
            raise NotFound(kind="shipment", id=shipment)
        return OrderId(row[0])

    def all_closed(self, order: OrderId, *, but: ShipmentId) -> bool:
        """Tell whether every validated shipment of ``order``, leaving ``but`` out, is closed."""
        row = self._session.one(_OPEN, company_id=self._company, order=order, status=ShipmentState.VALIDATED, but=but)
        return row is None

    def add(self, shipment: Shipment) -> None:
        """Store a new shipment, set its id, and its ref to ``(PROV<id>)``."""
        header = {"version": 1, "status": shipment.state, **{name: getattr(shipment, name) for name in _STORED}}
        rows = [{name: getattr(line, name) for name in _LINE} for line in shipment.lines]
        shipment.id = ShipmentId(_NEW.store(self._session, self._company, header, rows))
        shipment.ref, shipment.version = provisional(shipment.id), 1
        self._words.add(shipment.id, {"ref": shipment.ref})

    def save(self, shipment: Shipment) -> None:
        """Store state, ref and date and move the version; lines never change. Raises Stale."""
        stored = self._session.run(
            _UPDATE,
            company_id=self._company,
            document=shipment.id,
            seen=shipment.version,
            now=shipment.version + 1,
            status=shipment.state,
            ref=shipment.ref,
            date=shipment.date,
        )
        if not stored:
            raise Stale(seen=shipment.version)
        shipment.version += 1
        self._words.save(shipment.id, {"ref": shipment.ref})

    def delete(self, shipment: Shipment) -> None:
        """Remove a draft of that version, with its lines. Raises Stale."""
        removed = self._session.run(_DELETE, company_id=self._company, document=shipment.id, seen=shipment.version)
        if not removed:
            raise Stale(seen=shipment.version)
        self._words.remove(shipment.id)

    def _whole(self, row: tuple[Any, ...]) -> Shipment:
        header = dict(zip(_COLUMNS, row, strict=True))
        self._words.saw(row[0], _TEXTS(row))
        found = self._session.all(_LINES, company_id=self._company, document=header["id"])
        state = header.pop("status")
        return Shipment(
            state=state, lines=[ShipmentLine(**dict(zip(_LINE, line, strict=True))) for line in found], **header
        )
