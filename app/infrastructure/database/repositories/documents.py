"""What the repositories of documents share: drafts' references, valuations, totals, priced lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Executable, ScalarSelect, Table, bindparam, insert, select, update

from app.domain.shared.lines import LineKind, PricedLine, Valuation
from app.domain.shared.money import currency
from app.domain.shared.totals import Totals, VatLine, VatMode, compute
from app.infrastructure.database.compiled import Prepared, PreparedMany, prepare, prepare_many
from app.infrastructure.database.history import History, tracked
from app.infrastructure.database.session import Rows, Session
from app.infrastructure.database.statements import by_clustered_key, insert_document, insert_rows, keys

VALUED: Final = ("currency", "rate", "company_currency", "vat_mode")
TOTALS: Final = ("total_net", "total_vat", "total_gross", "company_net", "company_vat", "company_gross")
PRICED: Final = (
    "position",
    "product_id",
    "kind",
    "description",
    "quantity",
    "unit",
    "entered_quantity",
    "kit_position",
    "unit_price",
    "discount",
    "vat_rate",
    "unit_cost",
    "net",
    "company_net",
    "company_cost",
)


class NewDocuments:
    """Stores new drafts of one kind: header, provisional reference ``(PROV<id>)`` and lines.

    That is one statement where the database can do it in one, and three elsewhere or for a long document. ``columns``
    are those of the header but id, company_id and ref; ``line_columns`` those of a line but its key's first two.
    """

    def __init__(
        self, header: Table, columns: Sequence[str], lines: Table, line_columns: Sequence[str], *, owner: str
    ) -> None:
        self._owner = owner
        names = ("company_id", "ref", *columns)
        self._header = prepare(insert(header).values({name: bindparam(name) for name in names}))
        self._ref = prepare(
            update(header)
            .where(header.c.company_id == bindparam("company_id"), header.c.id == bindparam("document"))
            .values(ref=bindparam("provisional")),
            f"update {header.name}.ref",
        )
        self._lines = prepare_many(insert_rows(lines, line_columns, common=("company_id", owner)))
        self._whole = prepare_many(
            insert_document(header, columns, lines, line_columns, owner=owner),
            f"insert {header.name}, {lines.name}",
            needs="writable_cte",
        )
        self._made = tracked(insert(header).values({name: bindparam(name) for name in names}))
        self._made_lines = tracked(insert_rows(lines, line_columns, common=("company_id", owner))(1))

    def store(self, session: Session, company: int, header: Mapping[str, Any], lines: Rows) -> int:
        """Insert a draft and give its id; ``header`` has the columns, each of ``lines`` the line columns."""
        if session.dialect.writable_cte and 0 < len(lines) <= self._whole.max_rows:
            document = int(session.all_of(self._whole, lines, company_id=company, **header)[0][0])
            self._note(session.history, document, header, lines)
            return document
        key = session.insert(self._header, company_id=company, ref=None, **header)
        session.run(self._ref, company_id=company, document=key, provisional=provisional(key))
        self.add_lines(session, company, key, lines)
        return key

    def _note(self, history: History | None, document: int, header: Mapping[str, Any], lines: Rows) -> None:
        """Tell the history what one statement did to several tables."""
        if history is not None and self._made is not None and self._made_lines is not None:
            history.note(self._made, {**header, "ref": provisional(document)}, document)
            history.note_rows(self._made_lines, lines, {self._owner: document})

    def add_lines(self, session: Session, company: int, document: int, lines: Rows) -> None:
        """Insert the lines of a document that is there."""
        session.many(self._lines, lines, company_id=company, **{self._owner: document})


def provisional(document: int) -> str:
    """Give the reference a draft shows until it takes its number."""
    return f"(PROV{document})"


def by_id(table: Table, columns: Sequence[str]) -> Executable:
    """Give the statement that reads one document's ``columns`` by ``company_id`` and ``document``."""
    return select(*(table.c[name] for name in columns)).where(
        table.c.company_id == bindparam("company_id"), table.c.id == bindparam("document")
    )


def locking(table: Table, columns: Sequence[str], *beside: ScalarSelect[Any]) -> Prepared:
    """Prepare the statement that reads one document and locks its row; what it reads ``beside`` is not locked."""
    reading: Any = by_id(table, columns)
    if beside:
        reading = reading.add_columns(*beside)
    return prepare(by_clustered_key(reading.with_for_update(), table), f"lock {table.name}")


def locking_many(table: Table, columns: Sequence[str]) -> PreparedMany:
    """Prepare the statement that reads ``columns`` of documents by their ids and locks their rows in that order."""
    names = [table.c[name] for name in columns]

    def build(count: int) -> Executable:
        wanted = (table.c.company_id == bindparam("company_id"), keys(table.c.id, "id", count))
        return by_clustered_key(select(*names).where(*wanted).order_by(table.c.id).with_for_update(), table)

    return prepare_many(build, f"lock {table.name}", pads=True)


def lines_of(table: Table, owner: str, columns: Sequence[str]) -> Prepared:
    """Prepare the statement that reads a document's lines in order."""
    return prepare(
        select(*(table.c[name] for name in columns))
        .where(table.c.company_id == bindparam("company_id"), table.c[owner] == bindparam("document"))
        .order_by(table.c.position)
    )


def valuation_of(row: Sequence[Any]) -> Valuation:
    """Make the valuation of the columns ``VALUED``."""
    return Valuation(
        currency=currency(row[0]), rate=row[1], company_currency=currency(row[2]), vat_mode=VatMode(row[3])
    )


def valuation_values(valuation: Valuation) -> dict[str, Any]:
    """Give the columns ``VALUED``."""
    return {
        "currency": valuation.currency.code,
        "rate": valuation.rate,
        "company_currency": valuation.company_currency.code,
        "vat_mode": valuation.vat_mode,
    }


def totals_of(row: Sequence[Any]) -> Totals:
    """Make the totals of the columns ``TOTALS``."""
    return Totals(net=row[0], vat=row[1], gross=row[2], company_net=row[3], company_vat=row[4], company_gross=row[5])


def totals_values(totals: Totals) -> dict[str, Any]:
    """Give the columns ``TOTALS``."""
    return {
        "total_net": totals.net,
        "total_vat": totals.vat,
        "total_gross": totals.gross,
        "company_net": totals.company_net,
        "company_vat": totals.company_vat,
        "company_gross": totals.company_gross,
    }


def line_values(line: PricedLine) -> dict[str, Any]:
    """Give the columns ``PRICED``."""
    return {name: getattr(line, name) for name in PRICED}


def line_fields(row: Sequence[Any]) -> dict[str, Any]:
    """Give the fields of a priced line of the columns ``PRICED``, which come first in ``row``."""
    fields = dict(zip(PRICED, row, strict=False))
    fields["kind"] = LineKind(fields["kind"])
    return fields


def vat_of(lines: Sequence[PricedLine], valuation: Valuation) -> tuple[VatLine, ...]:
    """Compute the VAT per rate of stored lines; what it follows from is frozen on the document."""
    return compute(
        [line.input() for line in lines],
        valuation.currency,
        valuation.vat_mode,
        rate=valuation.rate,
        company_currency=valuation.company_currency,
    ).vat
