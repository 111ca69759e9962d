"""How use cases treat the custom values of their objects, and lists the filters by them.

Definitions are read only when they matter: the request names a custom value, or the company's settings say that a new
object of the kind must have or gets one. Settings may be 30 s old: so long may a new demand go unnoticed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from app.domain.fields import CUSTOM, BadCustomFilter, BadCustomValue, CustomField, Filled, UnknownField, Values, filled
from app.domain.shared.objects import ObjectKind
from app.usecases.context import Context
from app.usecases.ports.listing import CustomFilter, Listing, Operator, Query
from app.usecases.ports.shared import Work

_SUFFIXED: Final = re.compile(r"(.+)_(ne|lt|lte|gt|gte)")


def fill(work: Work, context: Context, kind: ObjectKind, sent: Values) -> Filled:
    """Give the custom values of a new object. Raises UnknownField, BadCustomValue, Required."""
    if not sent and kind not in context.settings.demanding:
        return Filled()
    return filled(work.fields.of(kind), sent)


def offered(work: Work, kind: ObjectKind, values: Values) -> Values:
    """Give those of an object's values that a new one like it may have too: fields may have been archived since."""
    if not values:
        return {}
    return {one.name: values[one.name] for one in work.fields.of(kind) if one.name in values and not one.archived}


def refill(
    work: Work, kind: ObjectKind, changes: Mapping[str, object], before: Values
) -> tuple[Mapping[str, object], Filled | None]:
    """Give ``changes`` with the custom values in full, and these; None when the changes do not name any.

    What is sent is merged into what the object has ``before``; null in place of it all removes all. Raises as ``fill``.
    """
    if CUSTOM not in changes:
        return changes, None
    sent = changes[CUSTOM]
    wanted = sent if isinstance(sent, Mapping) else dict.fromkeys(before)
    whole = filled(work.fields.of(kind), wanted, before)
    return {**changes, CUSTOM: whole.values}, whole


def keep(work: Work, kind: ObjectKind, owner: int, whole: Filled | None, before: Values | None = None) -> None:
    """Make the object be found by its values, after it was stored; ``before`` is what a changed one had."""
    if whole is not None and (whole.entries or before):
        work.fields.index(kind, owner, whole.entries, fresh=not before)


def drop(work: Work, kind: ObjectKind, owner: int, before: Values) -> None:
    """Forget what an object had that was deleted: the index of its values, its attachments."""
    if before:
        work.fields.index(kind, owner, (), fresh=False)
    work.attachments.forget(kind, owner)


def sought(work: Work, listing: Listing, query: Query) -> Query:
    """Give the query with what it asks of custom fields resolved.

    Raises UnknownField, BadCustomFilter, BadCustomValue with the parameter as ``at``.
    """
    if not query.custom:
        return query
    definitions = {one.name: one for one in work.fields.of(ObjectKind(listing.name))}
    matching = tuple(_filter(definitions, name, text) for name, text in query.custom)
    return replace(query, custom=(), matching=matching)


def _filter(definitions: Mapping[str, CustomField], name: str, text: str) -> CustomFilter:
    parameter = f"{CUSTOM}.{name}"[:100]
    found, operator = _compared(definitions, name)
    if found is None:
        raise UnknownField(at=(parameter,), value=name[:100], allowed=", ".join(definitions) or "-")
    if not found.type.ordered and operator not in {Operator.EQ, Operator.NE}:
        raise BadCustomFilter(at=(parameter,), field=found.name, type=found.type.value)
    try:
        return CustomFilter(operator=operator, entry=found.sought(text))
    except BadCustomValue as error:
        raise error.within(parameter) from None


def _compared(definitions: Mapping[str, CustomField], name: str) -> tuple[CustomField | None, Operator]:
    """Read ``weight_gt``: the field, if there is one, and how it is compared; a field may itself be called so."""
    split = None if name in definitions else _SUFFIXED.fullmatch(name)
    if split is None:
        return definitions.get(name), Operator.EQ
    return definitions.get(split[1]), Operator(split[2])
