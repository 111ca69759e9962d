"""What the use cases of custom fields, and of the objects that have them, need from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from app.domain.fields import CustomField, Entry
from app.domain.shared.ids import FieldId
from app.domain.shared.objects import ObjectKind


class Fields(Protocol):
    """Custom fields of the context's company, and the index of their values."""

    def get(self, field: FieldId) -> CustomField:
        """Give a custom field. Raises NotFound."""
        ...

    def of(self, kind: ObjectKind) -> Sequence[CustomField]:
        """Give the custom fields of a kind by position and id, archived ones too; read once per transaction."""
        ...

    def add(self, field: CustomField) -> None:
        """Store a new custom field and set its id. Raises Taken for the name."""
        ...

    def save(self, field: CustomField) -> None:
        """Store changes and move the version. Raises Stale."""
        ...

    def delete(self, field: CustomField) -> None:
        """Remove a custom field of that version. Raises Stale, FieldInUse when an object has a value."""
        ...

    def index(self, kind: ObjectKind, owner: int, entries: Sequence[Entry], *, fresh: bool) -> None:
        """Make ``entries`` what an object is found by, in place of those it had unless it is ``fresh``."""
        ...
