"""Custom fields and the index of their values, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import bindparam, delete, insert, select, update

from app.domain.fields import CustomField, Entry, FieldInUse
from app.domain.shared.errors import NotFound, Stale
from app.domain.shared.ids import FieldId
from app.domain.shared.objects import ObjectKind
from app.infrastructure.database.compiled import prepare, prepare_many
from app.infrastructure.database.constraints import taken
from app.infrastructure.database.failures import Constraint, ConstraintViolated
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import insert_rows
from app.infrastructure.database.tables.fields import custom_fields as f
from app.infrastructure.database.tables.fields import custom_values as v
from app.usecases.context import Context
from app.usecases.ports.shared import RolledBack

_FIXED: Final = ("kind", "name", "type", "max_length")
_CHANGING: Final = ("label", "choices", "required", "default_value", "position", "archived")
_COLUMNS: Final = tuple(f.c[name] for name in ("id", "version", *_FIXED, *_CHANGING))
_MINE: Final = (f.c.company_id == bindparam("company"), f.c.id == bindparam("field"))
_OBJECT: Final = (
    v.c.company_id == bindparam("company"),
    v.c.kind == bindparam("kind"),
    v.c.object_id == bindparam("object"),
)

_GET = prepare(select(*_COLUMNS).where(*_MINE))
_OF = prepare(
    select(*_COLUMNS)
    .where(f.c.company_id == bindparam("company"), f.c.kind == bindparam("kind"))
    .order_by(f.c.position, f.c.id),
    "select custom_fields.kind",
)
_INSERT = prepare(insert(f).values({name: bindparam(name) for name in ("company_id", "version", *_FIXED, *_CHANGING)}))
_UPDATE = prepare(
    update(f)
    .where(*_MINE, f.c.version == bindparam("seen"))
    .values({"version": bindparam("now"), **{name: bindparam(name) for name in _CHANGING}})
)
_USED = prepare(
    select(v.c.object_id).where(v.c.company_id == bindparam("company"), v.c.field_id == bindparam("field")).limit(1),
    "select custom_values.used",
)
_DELETE = prepare(delete(f).where(*_MINE, f.c.version == bindparam("seen")))
_FORGET = prepare(delete(v).where(*_OBJECT))
_KEEP = prepare_many(insert_rows(v, ("field_id", "text", "number", "day"), common=("company_id", "kind", "object_id")))


class SqlFields:
    """Custom fields of the context's company, and the index of their values."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company
        self._known: dict[ObjectKind, Sequence[CustomField]] = {}

    def get(self, field: FieldId) -> CustomField:
        """Give a custom field. Raises NotFound."""
        row = self._session.one(_GET, company=self._company, field=field)
        if row is None:
            raise NotFound(kind="custom field", id=field)
        return _field(row)

    def of(self, kind: ObjectKind) -> Sequence[CustomField]:
        """Give the custom fields of a kind by position and id, archived ones too; read once per transaction."""
        if kind not in self._known:
            self._known[kind] = [_field(row) for row in self._session.all(_OF, company=self._company, kind=kind)]
        return self._known[kind]

    def add(self, field: CustomField) -> None:
        """Store a new custom field and set its id. Raises Taken for the name."""
        with taken({"uq_custom_fields_company_id_kind_name": ("name", field.name)}):
            fixed = {name: getattr(field, name) for name in _FIXED}
            field.id = FieldId(
                self._session.insert(_INSERT, company_id=self._company, version=1, **fixed, **_changing(field))
            )
        field.version = 1
        self._known.clear()

    def save(self, field: CustomField) -> None:
        """Store changes and move the version. Raises Stale."""
        seen, now = field.version, field.version + 1
        stored = self._session.run(
            _UPDATE, company=self._company, field=field.id, seen=seen, now=now, **_changing(field)
        )
        if not stored:
            raise Stale(seen=seen)
        field.version = now
        self._known.clear()

    def delete(self, field: CustomField) -> None:
        """Remove a custom field of that version. Raises Stale, FieldInUse when an object has a value."""
        if self._session.one(_USED, company=self._company, field=field.id) is not None:
            raise FieldInUse(field=field.name)
        try:
            removed = self._session.run(_DELETE, company=self._company, field=field.id, seen=field.version)
        except ConstraintViolated as violated:
            raise _raced(violated) from violated
        if not removed:
            raise Stale(seen=field.version)
        self._known.clear()

    def index(self, kind: ObjectKind, owner: int, entries: Sequence[Entry], *, fresh: bool) -> None:
        """Make ``entries`` what an object is found by, in place of those it had unless it is ``fresh``."""
        if not fresh:
            self._session.run(_FORGET, company=self._company, kind=kind, object=owner)
        rows = [
            {"field_id": entry.field, "text": entry.text, "number": entry.number, "day": entry.day} for entry in entries
        ]
        try:
            self._session.many(_KEEP, rows, company_id=self._company, kind=kind, object_id=owner)
        except ConstraintViolated as violated:
            raise _raced(violated) from violated


def _raced(violated: ConstraintViolated) -> Exception:
    """Give what to raise when a field and its first value met: once more, then each sees what the other did."""
    return RolledBack() if violated.kind is Constraint.FOREIGN_KEY else violated


def _changing(field: CustomField) -> dict[str, Any]:
    values = {name: getattr(field, name) for name in _CHANGING if name != "default_value"}
    return {**values, "default_value": field.default}


def _field(row: tuple[Any, ...]) -> CustomField:
    stored = dict(zip(("id", "version", *_FIXED, *_CHANGING), row, strict=True))
    return CustomField(choices=tuple(stored.pop("choices")), default=stored.pop("default_value"), **stored)
