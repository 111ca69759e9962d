"""Orders in SQL."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import bindparam, delete, select, update

from app.domain.sales import Order, OrderLine
from app.domain.shared.errors import NotFound, Stale
from app.domain.shared.ids import OrderId
from app.domain.shared.search import Searched
from app.infrastructure.database.compiled import prepare, prepare_many
from app.infrastructure.database.constraints import taken
from app.infrastructure.database.locks import Lock
from app.infrastructure.database.repositories.documents import (
    PRICED,
    TOTALS,
    VALUED,
    NewDocuments,
    by_id,
    line_fields,
    line_values,
    lines_of,
    locking,
    provisional,
    totals_of,
    totals_values,
    valuation_of,
    valuation_values,
    vat_of,
)
from app.infrastructure.database.repositories.search import SqlWords, texts_in
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import update_rows
from app.infrastructure.database.tables.sales import order_lines, orders
from app.usecases.context import Context

_HEADER: Final = ("ref", "external_ref", "party_id", "date", "delivery_date", "note", "custom")
_COLUMNS: Final = ("id", "version", "status", *_HEADER, *VALUED, *TOTALS)
_LINE: Final = (*PRICED, "shipped", "invoiced")
_STORED: Final = ("status", *_HEADER, *VALUED, *TOTALS)
_TEXTS: Final = texts_in(Searched.ORDER, _COLUMNS)
_MINE: Final = (orders.c.company_id == bindparam("company_id"), orders.c.id == bindparam("document"))

_GET = prepare(by_id(orders, _COLUMNS))
_LOCK = locking(orders, _COLUMNS)
_BY_EXTERNAL_REF = prepare(
    select(*(orders.c[name] for name in _COLUMNS)).where(
        orders.c.company_id == bindparam("company_id"), orders.c.external_ref == bindparam("external_ref")
    )
)
_LINES = lines_of(order_lines, "order_id", _LINE)
_NEW = NewDocuments(
    orders,
    ("version", *(name for name in _STORED if name != "ref")),
    order_lines,
    _LINE,
    owner="order_id",
)
_UPDATE = prepare(
    update(orders)
    .where(*_MINE, orders.c.version == bindparam("seen"))
    .values({"version": bindparam("now"), **{name: bindparam(name) for name in _STORED}})
)
_UPDATE_STATE = prepare(
    update(orders)
    .where(*_MINE, orders.c.version == bindparam("seen"))
    .values(version=bindparam("now"), status=bindparam("status"), ref=bindparam("ref")),
    "update orders.status",
)
_DELETE = prepare(delete(orders).where(*_MINE, orders.c.version == bindparam("seen")))
_DELETE_LINES = prepare(
    delete(order_lines).where(
        order_lines.c.company_id == bindparam("company_id"), order_lines.c.order_id == bindparam("document")
    )
)
_PROGRESS = prepare_many(
    update_rows(order_lines, ("shipped", "invoiced"), match=("position",), common=("company_id", "order_id"))
)


class SqlOrders:
    """Orders of the context's company, in rows of ``orders`` and ``order_lines``."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company
        self._words = SqlWords(session, context.company, Searched.ORDER)

    def get(self, order: OrderId, *, lock: bool = False) -> Order:
        """Give an order, locked until the end of the transaction if asked. Raises NotFound."""
        if lock:
            row = self._session.one(
                _LOCK, lock=Lock.document("order", [order]), company_id=self._company, document=order
            )
        else:
            row = self._session.one(_GET, company_id=self._company, document=order)
        if row is None:
            raise NotFound(kind="order", id=order)
        return self._whole(row)

    def by_external_ref(self, external_ref: str) -> Order | None:
        """Give the order an importer or customer calls ``external_ref``."""
        row = self._session.one(_BY_EXTERNAL_REF, company_id=self._company, external_ref=external_ref)
        return None if row is None else self._whole(row)

    def add(self, order: Order) -> None:
        """Store a new order, set its id, and its ref to ``(PROV<id>)``. Raises Taken for the external ref."""
        header = {name: value for name, value in _values(order, ref=None).items() if name != "ref"}
        with taken(_refs(order)):
            order.id = OrderId(_NEW.store(self._session, self._company, {"version": 1, **header}, _lines(order)))
        order.ref, order.version = provisional(order.id), 1
        self._words.add(order.id, {"ref": order.ref, "external_ref": order.external_ref})

    def save(self, order: Order, *, lines: bool = True) -> None:
        """Store changes and move the version; ``lines=False`` when only state or ref changed. Raises Stale, Taken."""
        if not lines:
            self._save_state(order)
            return
        with taken(_refs(order)):
            stored = self._session.run(
                _UPDATE,
                company_id=self._company,
                document=order.id,
                seen=order.version,
                now=order.version + 1,
                **_values(order, ref=order.ref),
            )
        self._moved(order, stored)
        self._session.run(_DELETE_LINES, company_id=self._company, document=order.id)
        _NEW.add_lines(self._session, self._company, order.id, _lines(order))

    def save_progress(self, order: Order) -> None:
        """Store state, version and what was shipped and invoiced of each line. Raises Stale."""
        self._save_state(order)
        rows = [{"position": line.position, "shipped": line.shipped, "invoiced": line.invoiced} for line in order.lines]
        self._session.many(_PROGRESS, rows, company_id=self._company, order_id=order.id)

    def delete(self, order: Order) -> None:
        """Remove a draft of that version, with its lines. Raises Stale."""
        removed = self._session.run(_DELETE, company_id=self._company, document=order.id, seen=order.version)
        if not removed:
            raise Stale(seen=order.version)
        self._words.remove(order.id)

    def _save_state(self, order: Order) -> None:
        stored = self._session.run(
            _UPDATE_STATE,
            company_id=self._company,
            document=order.id,
            seen=order.version,
            now=order.version + 1,
            status=order.state,
            ref=order.ref,
        )
        self._moved(order, stored)

    def _moved(self, order: Order, stored: int) -> None:
        if not stored:
            raise Stale(seen=order.version)
        order.version += 1
        self._words.save(order.id, {"ref": order.ref, "external_ref": order.external_ref})

    def _whole(self, row: tuple[Any, ...]) -> Order:
        header = dict(zip(_COLUMNS, row, strict=True))
        self._words.saw(row[0], _TEXTS(row))
        at = 3 + len(_HEADER)
        valuation = valuation_of(row[at : at + len(VALUED)])
        found = self._session.all(_LINES, company_id=self._company, document=header["id"])
        lines = [OrderLine(**line_fields(line), shipped=line[-2], invoiced=line[-1]) for line in found]
        return Order(
            id=header["id"],
            version=header["version"],
            state=header["status"],
            valuation=valuation,
            totals=totals_of(row[-len(TOTALS) :]),
            lines=lines,
            vat=vat_of(lines, valuation),
            **{name: header[name] for name in _HEADER},
        )


def _values(order: Order, *, ref: str | None) -> dict[str, Any]:
    return {
        "status": order.state,
        **{name: getattr(order, name) for name in _HEADER},
        **valuation_values(order.valuation),
        **totals_values(order.totals),
        "ref": ref,
    }


def _lines(order: Order) -> list[dict[str, Any]]:
    return [{**line_values(line), "shipped": line.shipped, "invoiced": line.invoiced} for line in order.lines]


def _refs(order: Order) -> dict[str, tuple[str, object]]:
    return {"uq_orders_company_id_external_ref": ("external_ref", order.external_ref)}
