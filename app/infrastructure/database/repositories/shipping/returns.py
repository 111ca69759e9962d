"""Returns in SQL."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, delete, select, update

from app.domain.shared.errors import NotFound, Stale
from app.domain.shared.ids import InvoiceId, ReturnId
from app.domain.shared.search import Searched
from app.domain.shipping import Return, ReturnLine
from app.infrastructure.database.compiled import prepare, prepare_many
from app.infrastructure.database.locks import Lock
from app.infrastructure.database.repositories.documents import NewDocuments, by_id, lines_of, locking, provisional
from app.infrastructure.database.repositories.search import SqlWords, texts_in
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import update_rows
from app.infrastructure.database.tables.shipping import return_lines, returns
from app.usecases.context import Context
from app.usecases.ports.shipping import Source

_HEADER: Final = ("ref", "party_id", "shipment_id", "order_id", "credit_note_id", "date", "reason")
_COLUMNS: Final = ("id", "version", "status", *_HEADER)
_LINE: Final = ("position", "shipment_position", "product_id", "warehouse_id", "quantity", "unit_cost", "value")
_STORED: Final = tuple(name for name in _HEADER if name != "ref")
_TEXTS: Final = texts_in(Searched.RETURN, _COLUMNS)
_MINE: Final = (returns.c.company_id == bindparam("company_id"), returns.c.id == bindparam("document"))

_GET = prepare(by_id(returns, _COLUMNS))
_LOCK = locking(returns, _COLUMNS)
_SOURCE = prepare(by_id(returns, ("order_id", "shipment_id")), "select returns.source")
_CREDITED_BY = prepare(
    select(returns.c.id).where(
        returns.c.company_id == bindparam("company_id"), returns.c.credit_note_id == bindparam("note")
    ),
    "select returns.credited_by",
)
_LINES = lines_of(return_lines, "return_id", _LINE)
_NEW = NewDocuments(returns, ("version", "status", *_STORED), return_lines, _LINE, owner="return_id")
_UPDATE = prepare(
    update(returns)
    .where(*_MINE, returns.c.version == bindparam("seen"))
    .values(
        version=bindparam("now"),
        status=bindparam("status"),
        ref=bindparam("ref"),
        credit_note_id=bindparam("credit_note_id"),
    )
)
_VALUES = prepare_many(update_rows(return_lines, ("value",), match=("position",), common=("company_id", "return_id")))
_DELETE = prepare(delete(returns).where(*_MINE, returns.c.version == bindparam("seen")))


class SqlReturns:
    """Returns of the context's company, in rows of ``returns`` and ``return_lines``."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company
        self._words = SqlWords(session, context.company, Searched.RETURN)

    def get(self, back: ReturnId, *, lock: bool = False) -> Return:
        """Give a return, locked until the end of the transaction if asked. Raises NotFound."""
        if lock:
            row = self._session.one(
                _LOCK, lock=Lock.document("return", [back]), company_id=self._company, document=back
            )
        else:
            row = self._session.one(_GET, company_id=self._company, document=back)
        if row is None:
            raise NotFound(kind="return", id=back)
        header = dict(zip(_COLUMNS, row, strict=True))
        self._words.saw(row[0], _TEXTS(row))
        found = self._session.all(_LINES, company_id=self._company, document=back)
        state = header.pop("status")
        return Return(
            state=state, lines=[ReturnLine(**dict(zip(_LINE, line, strict=True))) for line in found], **header
        )

    def source(self, back: ReturnId) -> Source:
        """Give the order and shipment that goods come back of, which never change. Raises NotFound."""
        row = self._session.one(_SOURCE, company_id=self._company, document=back)
        if row is None:
            raise NotFound(kind="return", id=back)
        return Source(order=row[0], shipment=row[1])

    def credited_by(self, note: InvoiceId) -> ReturnId | None:
        """Give the return that names a credit note, if one does."""
        row = self._session.one(_CREDITED_BY, company_id=self._company, note=note)
        return None if row is None else ReturnId(row[0])

    def add(self, back: Return) -> None:
        """Store a new return, set its id, and its ref to ``(PROV<id>)``."""
        header = {"version": 1, "status": back.state, **{name: getattr(back, name) for name in _STORED}}
        rows = [{name: getattr(line, name) for name in _LINE} for line in back.lines]
        back.id = ReturnId(_NEW.store(self._session, self._company, header, rows))
        back.ref, back.version = provisional(back.id), 1
        self._words.add(back.id, {"ref": back.ref})

    def save(self, back: Return, *, values: bool = False) -> None:
        """Store state, ref and credit note, the lines' values if asked, and move the version. Raises Stale."""
        stored = self._session.run(
            _UPDATE,
            company_id=self._company,
            document=back.id,
            seen=back.version,
            now=back.version + 1,
            status=back.state,
            ref=back.ref,
            credit_note_id=back.credit_note_id,
        )
        if not stored:
            raise Stale(seen=back.version)
        back.version += 1
        if values:
            rows = [{"position": line.position, "value": line.value} for line in back.lines]
            self._session.many(_VALUES, rows, company_id=self._company, return_id=back.id)
        self._words.save(back.id, {"ref": back.ref})

    def delete(self, back: Return) -> None:
        """Remove a draft of that version, with its lines. Raises Stale."""
        removed = self._session.run(_DELETE, company_id=self._company, document=back.id, seen=back.version)
        if not removed:
            raise Stale(seen=back.version)
        self._words.remove(back.id)
