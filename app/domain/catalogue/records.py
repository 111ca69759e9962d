"""What the small things of the catalogue share: an id, a version, and a way to change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from app.domain.shared.dates import Day
from app.domain.shared.errors import Conflict, Invalid, Required
from app.domain.shared.money import Rate


class BadRate(Invalid):
    """A percentage lies outside 0 to 100."""

    code = "catalogue.bad_rate"


class NegativePrice(Invalid):
    """A price or cost is below zero."""

    code = "catalogue.negative_price"


class BadPeriod(Invalid):
    """The last day lies before the first."""

    code = "catalogue.bad_period"


class InUse(Conflict):
    """Something else refers to it, so it stays."""

    code = "catalogue.in_use"


@dataclass(slots=True, kw_only=True)
class Record:
    """A row of the catalogue; ``noun`` is what errors call it."""

    noun: ClassVar[str] = ""
    id: int = 0
    version: int = 0

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Pass only a sound one. Raises Invalid leaves with ``at``."""

    def change(self, changes: Mapping[str, object]) -> bool:
        """Set the named fields; say whether anything differs. Raises as ``check`` does; it is then of no use."""
        changed = [name for name, value in changes.items() if getattr(self, name) != value]
        for name in changed:
            setattr(self, name, changes[name])
        self.check()
        return bool(changed)


def named(value: str) -> None:
    """Pass only a name with something in it. Raises Required."""
    if not value.strip():
        raise Required(at=("name",))


def percentage(field: str, value: Rate) -> None:
    """Pass only 0 to 100. Raises BadRate at ``field``."""
    if not 0 <= value <= 100:
        raise BadRate(at=(field,), value=value)


def period(first: Day | None, last: Day | None) -> None:
    """Pass only a time that does not end before it begins. Raises BadPeriod."""
    if first is not None and last is not None and last < first:
        raise BadPeriod(at=("valid_until",), valid_from=first, valid_until=last)


def within(on: Day, first: Day | None, last: Day | None) -> bool:
    """Tell whether ``on`` lies between the two days, both of them in; None is without end."""
    return (first is None or first <= on) and (last is None or on <= last)
