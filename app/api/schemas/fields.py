"""Custom fields on the wire."""

from typing import Any

from pydantic import Field

from app.api.schemas.shared import Change, CustomScalar, Flag, In, Out, Text, Whole
from app.domain.fields import DEFAULT_LENGTH, LONGEST_CHOICE, LONGEST_TEXT, MOST_CHOICES, CustomField, FieldType
from app.domain.shared.objects import ObjectKind
from app.usecases.shared import Change as Changes

_CHOICES = f"What a choice can be: 1 to {MOST_CHOICES} different texts of up to {LONGEST_CHOICE} characters"
_DEFAULT = "What a new object gets that does not say; null: nothing"


class FieldIn(In):
    """A new custom field; name, kind, type and longest text never change."""

    kind: ObjectKind = Field(description="Objects that have it, by the noun of their path", examples=["products"])
    name: Text = Field(
        min_length=1,
        max_length=40,
        pattern="^[a-z][a-z0-9_]{0,39}$",
        description="Name within `custom`, unique for the kind",
        examples=["shelf_life"],
    )
    label: Text = Field(min_length=1, max_length=200, description="What people read", examples=["Shelf life in days"])
    type: FieldType = Field(description="What values it takes", examples=["integer"])
    max_length: Whole | None = Field(
        None, ge=1, le=LONGEST_TEXT, description=f"Longest text in characters; left out: {DEFAULT_LENGTH}"
    )
    choices: list[Text] = Field([], max_length=MOST_CHOICES, description=_CHOICES)
    required: Flag = Field(default=False, description="Whether every new object must have a value")
    default: CustomScalar = Field(None, description=_DEFAULT)
    position: Whole = Field(0, ge=0, le=1_000_000, description="Place among the fields of the kind, lowest first")

    def to_domain(self) -> CustomField:
        """Give the custom field."""
        max_length = self.max_length
        if max_length is None and self.type is FieldType.TEXT:
            max_length = DEFAULT_LENGTH
        return CustomField(
            kind=self.kind,
            name=self.name,
            label=self.label,
            type=self.type,
            max_length=max_length,
            choices=tuple(self.choices),
            required=self.required,
            default=self.default,
            position=self.position,
        )


class FieldChange(Change):
    """New properties of a custom field."""

    label: Text = Field("", min_length=1, max_length=200, description="What people read", examples=["Size"])
    choices: list[Text] = Field([], max_length=MOST_CHOICES, description=_CHOICES)
    required: Flag = Field(default=False, description="Whether every new object must have a value")
    default: CustomScalar = Field(None, description=_DEFAULT)
    position: Whole = Field(0, ge=0, le=1_000_000, description="Place among the fields of the kind, lowest first")
    archived: Flag = Field(default=False, description="Whether it keeps its values and takes no others")

    def to_domain(self, field_id: int, version: int) -> Changes:
        """Give the change to the custom field seen at ``version``."""
        changes = self.sent()
        if "choices" in changes:
            changes["choices"] = tuple(self.choices)
        return Changes(id=field_id, version=version, changes=changes)


class FieldOut(Out):
    """A custom field."""

    id: int = Field(description="Id", examples=[2])
    kind: ObjectKind = Field(description="Objects that have it, by the noun of their path", examples=["products"])
    name: str = Field(description="Name within `custom`", examples=["shelf_life"])
    label: str = Field(description="What people read", examples=["Shelf life in days"])
    type: FieldType = Field(description="What values it takes", examples=["integer"])
    max_length: int | None = Field(description="Longest text in characters; null for other types")
    choices: list[str] = Field(description="What a choice can be; empty for other types")
    required: bool = Field(description="Whether every new object must have a value")
    default: CustomScalar = Field(description=_DEFAULT)
    position: int = Field(description="Place among the fields of the kind, lowest first; then by id")
    archived: bool = Field(description="Whether it keeps its values and takes no others")
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, field: CustomField) -> "FieldOut":
        """Show a custom field."""
        shown: dict[str, Any] = {name: getattr(field, name) for name in cls.model_fields if name != "choices"}
        return cls.model_construct(choices=list(field.choices), **shown)
