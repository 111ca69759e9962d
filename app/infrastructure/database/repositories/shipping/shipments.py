"""Shipments in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import bindparam, delete, func, or_, select, update

from app.domain.parties import Address
from app.domain.shared.dates import Day
from app.domain.shared.errors import NotFound, Stale
from app.domain.shared.ids import OrderId, ShipmentId
from app.domain.shared.money import Quantity
from app.domain.shared.search import Searched
from app.domain.shipping import Packed, Parcel, Shipment, ShipmentLine, ShipmentState
from app.infrastructure.database.compiled import prepare, prepare_many
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
from app.infrastructure.database.statements import insert_rows, update_rows
from app.infrastructure.database.tables.parties import third_parties
from app.infrastructure.database.tables.shipping import shipment_lines, shipment_parcels, shipments
from app.usecases.context import Context
from app.usecases.ports.shipping import Origin

_CHANGING: Final = (
    "ref",
    "warehouse_id",
    "date",
    "custom",
    "delivery_address",
    "delivered_on",
    "carrier_id",
    "method",
    "parcels",
)
_HEADER: Final = ("order_id", "party_id", *_CHANGING)
_COLUMNS: Final = ("id", "version", "status", *_HEADER)
_LINE: Final = ("position", "order_position", "product_id", "warehouse_id", "quantity", "returned")
_PARCEL: Final = (
    "position",
    "weight",
    "length",
    "width",
    "height",
    "tracking_number",
    "tracking_url",
    "contents",
)
_ADDRESS: Final = ("street", "postal_code", "city", "region", "country")
_TEXTS: Final = texts_in(Searched.SHIPMENT, _COLUMNS)
_MINE: Final = (shipments.c.company_id == bindparam("company_id"), shipments.c.id == bindparam("document"))

_GET = prepare(by_id(shipments, _COLUMNS))
_LOCK = locking(shipments, _COLUMNS)
_ORDER_OF = prepare(by_id(shipments, ("order_id",)), "select shipments.order_id")
_ORIGIN = prepare(
    select(shipments.c.order_id, *(third_parties.c[name] for name in _ADDRESS))
    .join_from(
        shipments,
        third_parties,
        (third_parties.c.company_id == shipments.c.company_id) & (third_parties.c.id == shipments.c.party_id),
    )
    .where(*_MINE),
    "select shipments.origin",
)
_LINES = lines_of(shipment_lines, "shipment_id", _LINE)
_PARCELS = lines_of(shipment_parcels, "shipment_id", _PARCEL)
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
_LAST = prepare(
    select(func.max(shipments.c.date)).where(
        shipments.c.company_id == bindparam("company_id"),
        shipments.c.order_id == bindparam("order"),
        or_(*(shipments.c.status == state for state in (ShipmentState.VALIDATED, ShipmentState.CLOSED))),
    ),
    "select shipments.last",
)
_STORED: Final = tuple(name for name in _HEADER if name != "ref")
_NEW = NewDocuments(shipments, ("version", "status", *_STORED), shipment_lines, _LINE, owner="shipment_id")
_UPDATE = prepare(
    update(shipments)
    .where(*_MINE, shipments.c.version == bindparam("seen"))
    .values(
        {"version": bindparam("now"), "status": bindparam("status"), **{name: bindparam(name) for name in _CHANGING}}
    )
)
_RETURNED = prepare_many(
    update_rows(shipment_lines, ("returned",), match=("position",), common=("company_id", "shipment_id"))
)
_NEW_PARCELS = prepare_many(insert_rows(shipment_parcels, _PARCEL, common=("company_id", "shipment_id")))
_DELETE_LINES, _DELETE_PARCELS = (
    prepare(
        delete(part).where(part.c.company_id == bindparam("company_id"), part.c.shipment_id == bindparam("document"))
    )
    for part in (shipment_lines, shipment_parcels)
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

    def last_date(self, order: OrderId) -> Day | None:
        """Give the day on which goods of ``order`` left last, None when none did."""
        found: Day | None = self._session.scalar(_LAST, company_id=self._company, order=order)
        return found

    def origin(self, shipment: ShipmentId) -> Origin:
        """Give the order a shipment belongs to, and where its customer lives now. Raises NotFound."""
        row = self._session.one(_ORIGIN, company_id=self._company, document=shipment)
        if row is None:
            raise NotFound(kind="shipment", id=shipment)
        return Origin(order=OrderId(row[0]), address=Address(**dict(zip(_ADDRESS, row[1:], strict=True))))

    def add(self, shipment: Shipment) -> None:
        """Store a new shipment, set its id, and its ref to ``(PROV<id>)``."""
        header = {"version": 1, "status": shipment.state, "order_id": shipment.order_id, "party_id": shipment.party_id}
        changing = {name: value for name, value in _changing(shipment).items() if name != "ref"}
        rows = _rows(shipment)
        shipment.id = ShipmentId(_NEW.store(self._session, self._company, {**header, **changing}, rows))
        shipment.ref, shipment.version = provisional(shipment.id), 1
        self._add_parcels(shipment)
        self._words.add(shipment.id, {"ref": shipment.ref})

    def save(self, shipment: Shipment, *, lines: bool = False, parcels: bool = False) -> None:
        """Store all but the lines and parcels, and these too if asked, and move the version. Raises Stale."""
        stored = self._session.run(
            _UPDATE,
            company_id=self._company,
            document=shipment.id,
            seen=shipment.version,
            now=shipment.version + 1,
            status=shipment.state,
            **_changing(shipment),
        )
        if not stored:
            raise Stale(seen=shipment.version)
        shipment.version += 1
        if lines:
            self._session.run(_DELETE_LINES, company_id=self._company, document=shipment.id)
            _NEW.add_lines(self._session, self._company, shipment.id, _rows(shipment))
        if parcels:
            self._session.run(_DELETE_PARCELS, company_id=self._company, document=shipment.id)
            self._add_parcels(shipment)
        self._words.save(shipment.id, {"ref": shipment.ref})

    def save_returned(self, shipment: Shipment) -> None:
        """Store what came back of each line, and move the version. Raises Stale."""
        self.save(shipment)
        rows = [{"position": line.position, "returned": line.returned} for line in shipment.lines]
        self._session.many(_RETURNED, rows, company_id=self._company, shipment_id=shipment.id)

    def delete(self, shipment: Shipment) -> None:
        """Remove a draft of that version, with its lines. Raises Stale."""
        removed = self._session.run(_DELETE, company_id=self._company, document=shipment.id, seen=shipment.version)
        if not removed:
            raise Stale(seen=shipment.version)
        self._words.remove(shipment.id)

    def _add_parcels(self, shipment: Shipment) -> None:
        rows = [_parcel_row(parcel) for parcel in shipment.parcels]
        self._session.many(_NEW_PARCELS, rows, company_id=self._company, shipment_id=shipment.id)

    def _whole(self, row: tuple[Any, ...]) -> Shipment:
        header = dict(zip(_COLUMNS, row, strict=True))
        self._words.saw(row[0], _TEXTS(row))
        found = self._session.all(_LINES, company_id=self._company, document=header["id"])
        address = header.pop("delivery_address")
        parcels: Sequence[tuple[Any, ...]] = ()
        if header.pop("parcels"):
            parcels = self._session.all(_PARCELS, company_id=self._company, document=header["id"])
        return Shipment(
            state=header.pop("status"),
            lines=[ShipmentLine(**dict(zip(_LINE, line, strict=True))) for line in found],
            delivery_address=None if address is None else Address(**address),
            parcels=tuple(map(_parcel, parcels)),
            **header,
        )


def _changing(shipment: Shipment) -> dict[str, Any]:
    values = {name: getattr(shipment, name) for name in _CHANGING}
    address = shipment.delivery_address
    return {
        **values,
        "delivery_address": None if address is None else asdict(address),
        "parcels": len(shipment.parcels),
    }


def _rows(shipment: Shipment) -> list[dict[str, Any]]:
    return [{name: getattr(line, name) for name in _LINE} for line in shipment.lines]


def _parcel_row(parcel: Parcel) -> dict[str, Any]:
    contents = [{"position": part.position, "quantity": part.quantity} for part in parcel.contents]
    return {**{name: getattr(parcel, name) for name in _PARCEL}, "contents": contents}


def _parcel(row: Sequence[Any]) -> Parcel:
    *fields, contents = row
    packed = (Packed(position=part["position"], quantity=Quantity(Decimal(part["quantity"]))) for part in contents)
    return Parcel(**dict(zip(_PARCEL, fields, strict=False)), contents=tuple(packed))
