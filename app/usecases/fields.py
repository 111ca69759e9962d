"""What is done with custom fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.domain.fields import MOST_FIELDS, CustomField, FieldDeleted, FieldType, TooManyFields
from app.domain.shared.ids import FieldId
from app.domain.shared.objects import ObjectKind
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.listing import FieldKind, ListField, Listing, Sort
from app.usecases.ports.shared import Work
from app.usecases.shared import Change, ListCase, Versioned

CUSTOM_FIELDS = Listing(
    name="custom-fields",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="kind", kind=FieldKind.CHOICE, choices=tuple(ObjectKind), sortable=True),
        ListField(name="name", kind=FieldKind.TEXT, sortable=True),
        ListField(name="label", kind=FieldKind.TEXT),
        ListField(name="type", kind=FieldKind.CHOICE, choices=tuple(FieldType)),
        ListField(name="choices", kind=FieldKind.TEXTS, filterable=False),
        ListField(name="required", kind=FieldKind.FLAG),
        ListField(name="archived", kind=FieldKind.FLAG),
    ),
    default_sort=(Sort(field="kind"), Sort(field="id")),
)


@dataclass(frozen=True, slots=True)
class DefineField:
    """Define a custom field for one kind of objects.

    Raises Taken for a name in use, TooManyFields, and what makes a definition unsound.
    """

    right: ClassVar[Right] = Right.CUSTOM_FIELDS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: CustomField) -> CustomField:
        """Store ``request`` and give it back with its id."""
        request.check()
        if len(work.fields.of(request.kind)) >= MOST_FIELDS:
            raise TooManyFields(most=MOST_FIELDS)
        work.fields.add(request)
        work.outbox.add(request.defined())
        return request


@dataclass(frozen=True, slots=True)
class ReadField:
    """Show one custom field. Raises NotFound."""

    right: ClassVar[Right] = Right.CUSTOM_FIELDS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: FieldId) -> CustomField:
        """Give the custom field."""
        return work.fields.get(request)


@dataclass(frozen=True, slots=True)
class ChangeField:
    """Change label, choices, required, default, position or archived of a custom field.

    Values that objects have already stay as they are. Raises NotFound, Stale, and what makes a definition unsound.
    """

    right: ClassVar[Right] = Right.CUSTOM_FIELDS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Change) -> CustomField:
        """Give the custom field as it is now."""
        field = work.fields.get(FieldId(request.id))
        request.matches(field.version)
        changed = field.change(request.changes)
        if changed is not None:
            work.fields.save(field)
            work.outbox.add(changed)
        return field


@dataclass(frozen=True, slots=True)
class DeleteField:
    """Delete a custom field that no object has a value of. Raises NotFound, Stale, FieldInUse."""

    right: ClassVar[Right] = Right.CUSTOM_FIELDS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Versioned) -> None:
        """Remove the custom field."""
        field = work.fields.get(FieldId(request.id))
        request.matches(field.version)
        work.fields.delete(field)
        work.outbox.add(FieldDeleted(id=field.id))


@dataclass(frozen=True, slots=True)
class FieldsOf:
    """Give the custom fields of a kind in order, for import and export: who reads the objects may read their fields."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: ObjectKind) -> Sequence[CustomField]:
        """Give the fields by position and id, archived ones too."""
        return work.fields.of(request)


class ListFields(ListCase):
    """List custom fields."""

    __slots__ = ()
    right = Right.CUSTOM_FIELDS_READ
    listing = CUSTOM_FIELDS
