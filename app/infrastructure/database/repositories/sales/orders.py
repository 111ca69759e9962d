"""Orders in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Integer, bindparam, delete, exists, insert, or_, select, update

from app.domain.sales import Order, OrderLine, Revision
from app.domain.shared.errors import NotFound, Stale
from app.domain.shared.ids import OrderId
from app.domain.shared.lines import LineKind
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
from app.infrastructure.database.repositories.parties.credits import limit_of
from app.infrastructure.database.repositories.search import SqlWords, texts_in
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import update_rows
from app.infrastructure.database.tables.billing import invoices
from app.infrastructure.database.tables.sales import order_lines, order_revisions, orders
from app.infrastructure.database.tables.shipping import shipments
from app.usecases.context import Context
from app.usecases.ports.shared import RolledBack

_LATEST: Final = 2**31 - 1
_HEADER: Final = (
    "ref",
    "external_ref",
    "party_id",
    "proposal_id",
    "date",
    "delivery_date",
    "representative_id",
    "billed",
    "note",
    "custom",
)
# What is uncharged follows from the rest; it is read for the audit alone, which tells what it was before.
_COLUMNS: Final = ("id", "version", "status", "uncharged", *_HEADER, *VALUED, *TOTALS)
_PROGRESSED: Final = ("shipped", "invoiced", "returned", "warehouse_id", "reserved", "back_ordered")
_LINE: Final = (*PRICED, *_PROGRESSED)
_STORED: Final = ("status", "uncharged", *_HEADER, *VALUED, *TOTALS)
_TEXTS: Final = texts_in(Searched.ORDER, _COLUMNS)
_MINE: Final = (orders.c.company_id == bindparam("company_id"), orders.c.id == bindparam("document"))

_GET = prepare(by_id(orders, _COLUMNS))
_LOCK = locking(orders, _COLUMNS, limit_of(orders))
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
    .values(
        version=bindparam("now"),
        status=bindparam("status"),
        ref=bindparam("ref"),
        uncharged=bindparam("uncharged"),
        billed=bindparam("billed"),
    ),
    "update orders.status",
)
_DELETE = prepare(delete(orders).where(*_MINE, orders.c.version == bindparam("seen")))
_DELETE_LINES = prepare(
    delete(order_lines).where(
        order_lines.c.company_id == bindparam("company_id"), order_lines.c.order_id == bindparam("document")
    )
)
_COUNTED: Final = ("shipped", "invoiced", "returned")
_PROGRESS = prepare_many(update_rows(order_lines, _COUNTED, match=("position",), common=("company_id", "order_id")))
# Stock that comes serves back-orders under the lock of its level alone: who read a line before that must read it again.
_RESERVED = prepare_many(
    update_rows(
        order_lines,
        ("shipped", "warehouse_id", "reserved", "back_ordered"),
        match=("position",),
        common=("company_id", "order_id"),
        seen={"reserved": "held"},
    ),
    "update order_lines of an order",
)
_FOLLOWED = prepare(
    select(
        or_(
            exists().where(shipments.c.company_id == orders.c.company_id, shipments.c.order_id == orders.c.id),
            exists().where(invoices.c.company_id == orders.c.company_id, invoices.c.order_id == orders.c.id),
        )
    ).where(*_MINE),
    "select what followed",
)
_REVISED: Final = ("number", "reason", "actor_id", "at", "content")
_KEEP = prepare(
    insert(order_revisions).values({name: bindparam(name) for name in ("company_id", "order_id", *_REVISED)})
)
_REVISION: Final = (
    order_revisions.c.company_id == bindparam("company_id"),
    order_revisions.c.order_id == bindparam("document"),
)
_REVISIONS = prepare(
    select(*(order_revisions.c[name] for name in _REVISED))
    .where(*_REVISION, order_revisions.c.number < bindparam("before"))
    .order_by(order_revisions.c.number.desc())
    .limit(bindparam("limit", type_=Integer()))
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
        order_found = self._whole(row[: len(_COLUMNS)])
        if lock:
            order_found.credit_limit = row[-1]
        return order_found

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
        rows = [{"position": line.position, **{name: getattr(line, name) for name in _COUNTED}} for line in order.lines]
        self._session.many(_PROGRESS, rows, company_id=self._company, order_id=order.id)

    def save_reserved(self, order: Order, *, header: bool = True) -> None:
        """Store state and version, and of each line what is shipped and reserved.

        Raises Stale, and RolledBack when stock that came in the meantime was reserved for the order.
        """
        if header:
            self._save_state(order)
        names = ("position", "shipped", "warehouse_id", "reserved", "back_ordered", "held")
        rows = [{name: getattr(line, name) for name in names} for line in order.lines if line.kind is LineKind.GOODS]
        if self._session.many(_RESERVED, rows, company_id=self._company, order_id=order.id) < len(rows):
            raise RolledBack

    def still_held(self, order: Order) -> None:
        """Pass only an order of which nothing was reserved since it was read. Raises RolledBack."""
        found = self._session.all(_LINES, company_id=self._company, document=order.id)
        if [_line(row).reserved for row in found] != [line.held for line in order.lines]:
            raise RolledBack

    def followed(self, order: OrderId) -> bool:
        """Tell whether there is a shipment or an invoice of the order, a draft or not."""
        return bool(self._session.scalar(_FOLLOWED, company_id=self._company, document=order))

    def keep(self, revision: Revision) -> None:
        """Keep what an order was before an amendment."""
        self._session.run(
            _KEEP,
            company_id=self._company,
            order_id=revision.order,
            number=revision.number,
            reason=revision.reason,
            actor_id=revision.actor,
            at=revision.at,
            content=revision.content,
        )

    def revisions(self, order: OrderId, *, before: int | None, limit: int) -> Sequence[Revision]:
        """Give at most ``limit`` revisions, newest first, those below ``before`` when it is given."""
        last = _LATEST if before is None else before
        rows = self._session.all(_REVISIONS, company_id=self._company, document=order, before=last, limit=limit)
        return [
            Revision(order=order, number=row[0], reason=row[1], actor=row[2], at=row[3], content=row[4]) for row in rows
        ]

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
            uncharged=order.uncharged,
            billed=order.billed,
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
        at = _COLUMNS.index(VALUED[0])
        valuation = valuation_of(row[at : at + len(VALUED)])
        found = self._session.all(_LINES, company_id=self._company, document=header["id"])
        lines = [_line(line) for line in found]
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
        "uncharged": order.uncharged,
        **{name: getattr(order, name) for name in _HEADER},
        **valuation_values(order.valuation),
        **totals_values(order.totals),
        "ref": ref,
    }


def _lines(order: Order) -> list[dict[str, Any]]:
    return [{**line_values(line), **{name: getattr(line, name) for name in _PROGRESSED}} for line in order.lines]


def _line(row: tuple[Any, ...]) -> OrderLine:
    progressed = dict(zip(_PROGRESSED, row[-len(_PROGRESSED) :], strict=True))
    return OrderLine(**line_fields(row), **progressed, held=progressed["reserved"])


def _refs(order: Order) -> dict[str, tuple[str, object]]:
    return {"uq_orders_company_id_external_ref": ("external_ref", order.external_ref)}
