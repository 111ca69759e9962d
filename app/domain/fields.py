"""Custom fields: what a company adds to its objects, typed and checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, Final

from app.domain.shared.errors import Conflict, Invalid, Required
from app.domain.shared.events import Event
from app.domain.shared.ids import FieldId
from app.domain.shared.money import plain
from app.domain.shared.objects import ObjectKind

CUSTOM: Final = "custom"
LONGEST_TEXT: Final = 500
DEFAULT_LENGTH: Final = 255
LONGEST_CHOICE: Final = 100
MOST_CHOICES: Final = 100
MOST_FIELDS: Final = 100
LARGEST_INTEGER: Final = 10**12 - 1
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_DECIMAL: Final = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")
_INTEGER: Final = re.compile(r"-?[0-9]{1,12}")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Values = Mapping[str, object]
"""Custom values by name, as they stand in JSON: text, whole number, decimal string, truth value, YYYY-MM-DD."""


class BadFieldName(Invalid):
    """A custom field's name starts with a small letter, then has up to 39 small letters, digits and underscores."""

    code = "fields.bad_name"


class OptionOfOtherType(Invalid):
    """The option belongs to custom fields of another type."""

    code = "fields.option_of_other_type"


class BadChoices(Invalid):
    """Choices are 1 to 100 different texts of 1 to 100 characters."""

    code = "fields.bad_choices"


class TooManyFields(Conflict):
    """Objects of this kind have as many custom fields as they may."""

    code = "fields.too_many"


class FieldInUse(Conflict):
    """The custom field has values; archive it instead."""

    code = "fields.in_use"


class UnknownField(Invalid):
    """There is no such custom field for objects of this kind."""

    code = "fields.unknown"


class BadCustomValue(Invalid):
    """The value of a custom field is not of its type."""

    code = "fields.bad_value"


class BadCustomFilter(Invalid):
    """The filter does not fit the type of the custom field."""

    code = "fields.bad_filter"


class FieldType(StrEnum):
    """What values a custom field takes."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    FLAG = "flag"
    DATE = "date"
    CHOICE = "choice"

    @property
    def ordered(self) -> bool:
        """Whether less and more mean something."""
        return self not in {FieldType.FLAG, FieldType.CHOICE}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldEvent(Event):
    """What all events of a custom field share."""

    aggregate: ClassVar[str] = "custom_field"
    id: FieldId


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDefined(FieldEvent):
    """A custom field was defined."""

    name: ClassVar[str] = "fields.field_defined"
    kind: ObjectKind
    field: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChanged(FieldEvent):
    """Some properties of a custom field were changed."""

    name: ClassVar[str] = "fields.field_changed"
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDeleted(FieldEvent):
    """A custom field without values was deleted."""

    name: ClassVar[str] = "fields.field_deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A value as it is searched by: one of the three is not None."""

    field: FieldId
    text: str | None = None
    number: Decimal | None = None
    day: date | None = None


@dataclass(slots=True, kw_only=True)
class CustomField:
    """One custom field of one kind of objects. Name, kind and type never change.

    ``max_length`` is of texts, ``choices`` of choices; ``position`` orders the fields of a kind, then the id. A new
    object that says nothing gets ``default``. An archived field keeps its values and takes no others.
    """

    id: FieldId = FieldId(0)
    kind: ObjectKind
    name: str
    label: str
    type: FieldType
    max_length: int | None = None
    choices: tuple[str, ...] = ()
    required: bool = False
    default: object = None
    position: int = 0
    archived: bool = False
    version: int = 0

    @property
    def demands(self) -> bool:
        """Whether a new object must be looked at even if it names no custom value."""
        return not self.archived and (self.required or self.default is not None)

    def check(self) -> None:
        """Pass only a sound definition.

        Raises BadFieldName, Required, OptionOfOtherType, BadChoices, BadCustomValue.
        """
        if not _NAME.fullmatch(self.name):
            raise BadFieldName(at=("name",), value=self.name)
        if not self.label.strip():
            raise Required(at=("label",))
        if self.max_length is not None and self.type is not FieldType.TEXT:
            raise OptionOfOtherType(at=("max_length",), type=self.type.value)
        if self.choices and self.type is not FieldType.CHOICE:
            raise OptionOfOtherType(at=("choices",), type=self.type.value)
        if self.type is FieldType.CHOICE:
            _check_choices(self.choices)
        if self.default is not None:
            try:
                self.default = self.value(self.default)
            except BadCustomValue as error:
                raise error.within("default") from None

    def defined(self) -> FieldDefined:
        """Give the event of its definition, once it has an id."""
        return FieldDefined(id=self.id, kind=self.kind, field=self.name)

    def change(self, changes: Mapping[str, object]) -> FieldChanged | None:
        """Set the named properties; None when nothing differs. Raises as ``check``; the field is then of no use."""
        changed = tuple(name for name, value in changes.items() if getattr(self, name) != value)
        for name in changed:
            setattr(self, name, changes[name])
        self.check()
        return FieldChanged(id=self.id, fields=changed) if changed else None

    @property
    def expected(self) -> str:
        """What a value looks like, for people."""
        match self.type:
            case FieldType.TEXT:
                return f"1..{self.max_length or DEFAULT_LENGTH} characters"
            case FieldType.CHOICE:
                return ", ".join(self.choices)
            case simple:
                return _LOOKS[simple]

    def value(self, sent: object) -> object:
        """Give ``sent`` as it is stored and shown: a decimal without needless zeros. Raises BadCustomValue."""
        value = _READERS[self.type](self, sent)
        if value is None:
            raise BadCustomValue(field=self.name, expected=self.expected)
        return value

    def entry(self, value: object) -> Entry:
        """Give a stored value as it is searched by."""
        match self.type:
            case FieldType.TEXT | FieldType.CHOICE:
                return Entry(field=self.id, text=str(value))
            case FieldType.DATE:
                return Entry(field=self.id, day=date.fromisoformat(str(value)))
            case FieldType.INTEGER | FieldType.DECIMAL | FieldType.FLAG:
                return Entry(field=self.id, number=Decimal(int(value) if isinstance(value, bool) else str(value)))

    def sought(self, text: str) -> Entry:
        """Give what a filter's text asks for; a choice or text need not be one that is allowed today.

        Raises BadCustomValue.
        """
        sent: object = text
        if self.type is FieldType.FLAG:
            sent = {"true": True, "false": False}.get(text)
        elif self.type is FieldType.INTEGER:
            sent = int(text) if _INTEGER.fullmatch(text) else None
        free = self.type in {FieldType.TEXT, FieldType.CHOICE}
        value = _text(text, LONGEST_TEXT) if free else _READERS[self.type](self, sent)
        if value is None:
            raise BadCustomValue(field=self.name, expected=self.expected)
        return self.entry(value)


def _whole(_field: CustomField, sent: object) -> int | None:
    if not isinstance(sent, int) or isinstance(sent, bool):
        return None
    return sent if abs(sent) <= LARGEST_INTEGER else None


def _decimal(_field: CustomField, sent: object) -> str | None:
    text = str(sent) if isinstance(sent, int) and not isinstance(sent, bool) else sent
    return plain(Decimal(text)) if isinstance(text, str) and _DECIMAL.fullmatch(text) else None


def _date(_field: CustomField, sent: object) -> str | None:
    return sent if isinstance(sent, str) and _day(sent) is not None else None


_READERS: Final[Mapping[FieldType, Callable[[CustomField, object], object | None]]] = {
    FieldType.TEXT: lambda field, sent: _text(sent, field.max_length or DEFAULT_LENGTH),
    FieldType.INTEGER: _whole,
    FieldType.DECIMAL: _decimal,
    FieldType.FLAG: lambda _field, sent: sent if isinstance(sent, bool) else None,
    FieldType.DATE: _date,
    FieldType.CHOICE: lambda field, sent: sent if isinstance(sent, str) and sent in field.choices else None,
}
_LOOKS: Final[Mapping[FieldType, str]] = {
    FieldType.INTEGER: f"-{LARGEST_INTEGER}..{LARGEST_INTEGER}",
    FieldType.DECIMAL: '"0.000000"',
    FieldType.FLAG: "true, false",
    FieldType.DATE: "YYYY-MM-DD",
}
"""What values look like whose look no option of the field changes."""


def _check_choices(choices: Sequence[str]) -> None:
    sound = all(_text(choice, LONGEST_CHOICE) is not None for choice in choices)
    if not sound or not 1 <= len(choices) <= MOST_CHOICES or len(set(choices)) != len(choices):
        raise BadChoices(at=("choices",), most=MOST_CHOICES, longest=LONGEST_CHOICE)


def _day(text: str) -> date | None:
    if not _DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _text(sent: object, longest: int) -> str | None:
    """Give a text without blanks around it; None when it is empty, too long or holds what no database can."""
    if not isinstance(sent, str):
        return None
    text = sent.strip()
    storable = "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)
    return text if storable and 1 <= len(text) <= longest else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """The custom values of one object: as they are stored and shown, and as they are searched by."""

    values: Values = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()


def filled(definitions: Sequence[CustomField], sent: Values, before: Values | None = None) -> Filled:
    """Check what was sent against the fields there are, in their order; None removes a value.

    ``before`` are the values of an object that is changed; None means a new one, which gets defaults. Raises
    UnknownField, BadCustomValue, Required with ``at`` within ``("custom", name)``.
    """
    known = {one.name: one for one in definitions}
    values = dict(_defaults(definitions) if before is None else before)
    for name, value in sent.items():
        values.pop(name, None)
        field = _taking(known.get(name), name, value, definitions)
        if value is not None:
            values[name] = _checked(field, value)
    _complete(definitions, values)
    kept = {name: values[name] for name in known if name in values}
    return Filled(values=kept, entries=tuple(known[name].entry(value) for name, value in kept.items()))


def _defaults(definitions: Sequence[CustomField]) -> Values:
    return {one.name: one.default for one in definitions if one.demands and one.default is not None}


def _taking(field: CustomField | None, name: str, value: object, definitions: Sequence[CustomField]) -> CustomField:
    """Give the field when there is one that takes a value; an archived one may still lose its own."""
    if field is None or (field.archived and value is not None):
        raise UnknownField(at=(CUSTOM, name), value=name[:100], allowed=_names(definitions))
    return field


def _complete(definitions: Sequence[CustomField], values: Values) -> None:
    for one in definitions:
        if one.required and not one.archived and one.name not in values:
            raise Required(at=(CUSTOM, one.name))


def _checked(field: CustomField, value: object) -> object:
    try:
        return field.value(value)
    except BadCustomValue as error:
        raise error.within(CUSTOM, field.name) from None


def _names(definitions: Iterable[CustomField]) -> str:
    return ", ".join(one.name for one in definitions if not one.archived) or "-"
