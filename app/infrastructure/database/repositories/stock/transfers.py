"""Transfers in SQL."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, insert

from app.domain.shared.errors import NotFound
from app.domain.shared.ids import TransferId
from app.domain.stock import Transfer, TransferLine
from app.infrastructure.database.compiled import prepare, prepare_many
from app.infrastructure.database.repositories.documents import by_id, lines_of
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import insert_rows
from app.infrastructure.database.tables.stock import stock_transfer_lines, stock_transfers
from app.usecases.context import Context

_HEADER: Final = ("ref", "from_warehouse_id", "to_warehouse_id", "date", "reason")
_COLUMNS: Final = ("id", "version", *_HEADER)
_LINE: Final = ("position", "product_id", "quantity", "value")

_GET = prepare(by_id(stock_transfers, _COLUMNS))
_LINES = lines_of(stock_transfer_lines, "stock_transfer_id", _LINE)
_INSERT = prepare(
    insert(stock_transfers).values({name: bindparam(name) for name in ("company_id", "version", "value", *_HEADER)})
)
_NEW_LINES = prepare_many(insert_rows(stock_transfer_lines, _LINE, common=("company_id", "stock_transfer_id")))


class SqlTransfers:
    """Transfers of the context's company, in rows of ``stock_transfers`` and ``stock_transfer_lines``."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company

    def get(self, transfer: TransferId) -> Transfer:
        """Give a transfer with its lines. Raises NotFound."""
        row = self._session.one(_GET, company_id=self._company, document=transfer)
        if row is None:
            raise NotFound(kind="stock transfer", id=transfer)
        found = self._session.all(_LINES, company_id=self._company, document=transfer)
        lines = [TransferLine(**dict(zip(_LINE, line, strict=True))) for line in found]
        return Transfer(**dict(zip(_COLUMNS, row, strict=True)), lines=lines)

    def add(self, transfer: Transfer) -> None:
        """Store a new transfer with its lines and set its id."""
        header = {name: getattr(transfer, name) for name in _HEADER}
        made = self._session.insert(_INSERT, company_id=self._company, version=1, value=transfer.value, **header)
        transfer.id, transfer.version = TransferId(made), 1
        rows = [{name: getattr(line, name) for name in _LINE} for line in transfer.lines]
        self._session.many(_NEW_LINES, rows, company_id=self._company, stock_transfer_id=transfer.id)
