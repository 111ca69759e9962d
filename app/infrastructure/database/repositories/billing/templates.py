"""Templates of invoices in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Integer, bindparam, delete, insert, select, update

from app.domain.billing import InvoiceTemplate, Recurrence, TemplateLine, TemplateState
from app.domain.shared.dates import Day
from app.domain.shared.errors import NotFound, Stale
from app.domain.shared.ids import InvoiceTemplateId
from app.infrastructure.database.compiled import prepare, prepare_many
from app.infrastructure.database.locks import Lock
from app.infrastructure.database.repositories.documents import by_id, lines_of, locking
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import insert_rows
from app.infrastructure.database.tables.billing import invoice_template_lines, invoice_templates
from app.usecases.context import Context

_RECURRENCE: Final = ("every", "step", "first", "until", "count")
_HEADER: Final = (
    "label",
    "party_id",
    "currency",
    "rate",
    "note",
    "auto_validate",
    "custom",
    "made",
    "next_date",
)
_COLUMNS: Final = ("id", "version", "status", *_HEADER, *_RECURRENCE)
_LINE: Final = (
    "product_id",
    "kind",
    "description",
    "quantity",
    "unit",
    "unit_price",
    "gross_unit_price",
    "discount",
    "vat_rate",
)
_STORED: Final = ("status", *_HEADER, *_RECURRENCE)
_MINE: Final = (
    invoice_templates.c.company_id == bindparam("company_id"),
    invoice_templates.c.id == bindparam("document"),
    invoice_templates.c.version == bindparam("seen"),
)

_GET = prepare(by_id(invoice_templates, _COLUMNS))
_LOCK = locking(invoice_templates, _COLUMNS)
_LINES = lines_of(invoice_template_lines, "template_id", ("position", *_LINE))
_INSERT = prepare(
    insert(invoice_templates).values({name: bindparam(name) for name in ("company_id", "version", *_STORED)})
)
_INSERT_LINES = prepare_many(
    insert_rows(invoice_template_lines, ("position", *_LINE), common=("company_id", "template_id"))
)
_UPDATE = prepare(
    update(invoice_templates)
    .where(*_MINE)
    .values({"version": bindparam("now"), **{name: bindparam(name) for name in _STORED}})
)
_DELETE = prepare(delete(invoice_templates).where(*_MINE))
_DELETE_LINES = prepare(
    delete(invoice_template_lines).where(
        invoice_template_lines.c.company_id == bindparam("company_id"),
        invoice_template_lines.c.template_id == bindparam("document"),
    )
)
_DUE = prepare(
    select(invoice_templates.c.id)
    .where(
        invoice_templates.c.company_id == bindparam("company_id"),
        invoice_templates.c.status == TemplateState.ACTIVE,
        invoice_templates.c.next_date <= bindparam("today"),
    )
    .order_by(invoice_templates.c.next_date, invoice_templates.c.id)
    .limit(bindparam("most", type_=Integer())),
    "select due templates",
)


class SqlInvoiceTemplates:
    """Templates of the context's company, in rows of ``invoice_templates`` and ``invoice_template_lines``."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company

    def get(self, template: InvoiceTemplateId, *, lock: bool = False) -> InvoiceTemplate:
        """Give a template, locked until the end of the transaction if asked. Raises NotFound."""
        mine: dict[str, Any] = {"company_id": self._company, "document": template}
        if lock:
            row = self._session.one(_LOCK, lock=Lock.document("invoice template", [template]), **mine)
        else:
            row = self._session.one(_GET, **mine)
        if row is None:
            raise NotFound(kind="invoice template", id=template)
        found: dict[str, Any] = dict(zip(_COLUMNS, row, strict=True))
        recurrence = Recurrence(**{name: found.pop(name) for name in _RECURRENCE})
        lines = tuple(
            TemplateLine(**dict(zip(_LINE, line, strict=True))) for _, *line in self._session.all(_LINES, **mine)
        )
        return InvoiceTemplate(state=found.pop("status"), recurrence=recurrence, lines=lines, **found)

    def due(self, today: Day, most: int) -> Sequence[InvoiceTemplateId]:
        """Give up to ``most`` active templates with an invoice to make up to ``today``, the longest waiting first."""
        rows = self._session.all(_DUE, company_id=self._company, today=today, most=most)
        return [InvoiceTemplateId(row[0]) for row in rows]

    def add(self, template: InvoiceTemplate) -> None:
        """Store a new template and set its id."""
        values = {"company_id": self._company, "version": 1, **_values(template)}
        template.id = InvoiceTemplateId(self._session.insert(_INSERT, **values))
        template.version = 1
        self._add_lines(template)

    def save(self, template: InvoiceTemplate, *, lines: bool = True) -> None:
        """Store a changed template, its lines too unless they stay, and move the version. Raises Stale."""
        step = {"document": template.id, "seen": template.version, "now": template.version + 1}
        if not self._session.run(_UPDATE, company_id=self._company, **step, **_values(template)):
            raise Stale(seen=template.version)
        template.version += 1
        if lines:
            self._session.run(_DELETE_LINES, company_id=self._company, document=template.id)
            self._add_lines(template)

    def delete(self, template: InvoiceTemplate) -> None:
        """Remove a template of that version. Raises Stale."""
        mine = {"company_id": self._company, "document": template.id, "seen": template.version}
        if not self._session.run(_DELETE, **mine):
            raise Stale(seen=template.version)

    def _add_lines(self, template: InvoiceTemplate) -> None:
        rows = [
            {"position": position, **{name: getattr(line, name) for name in _LINE}}
            for position, line in enumerate(template.lines, 1)
        ]
        self._session.many(_INSERT_LINES, rows, company_id=self._company, template_id=template.id)


def _values(template: InvoiceTemplate) -> dict[str, Any]:
    return {
        "status": template.state,
        **{name: getattr(template, name) for name in _HEADER},
        **{name: getattr(template.recurrence, name) for name in _RECURRENCE},
    }
