"""Payment terms: when an invoice is due, in one instalment or several."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import ClassVar, Final, NamedTuple

from app.domain.shared.dates import Day
from app.domain.shared.errors import Conflict, Invalid, Required
from app.domain.shared.events import Event
from app.domain.shared.ids import PaymentTermsId
from app.domain.shared.money import EXACT, Amount, Currency, Rate

HUNDRED: Final = Decimal(100)
MOST_DAYS: Final = 3650


class BadInstalments(Invalid):
    """The percentages of the instalments do not add up to 100, or one of them is not above zero."""

    code = "parties.bad_instalments"


class DueTooLate(Invalid):
    """The due date lies beyond the calendar."""

    code = "parties.due_too_late"


class TermsArchived(Conflict):
    """The payment terms are archived and are given to nobody any more."""

    code = "parties.terms_archived"


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsEvent(Event):
    """What all events of payment terms share."""

    aggregate: ClassVar[str] = "payment_term"
    id: PaymentTermsId


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsCreated(TermsEvent):
    """Payment terms were entered."""

    name: ClassVar[str] = "parties.payment_terms_created"


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsChanged(TermsEvent):
    """Payment terms were renamed, archived or taken into use again."""

    name: ClassVar[str] = "parties.payment_terms_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instalment:
    """``percent`` of the total, due ``days`` after the date of the invoice.

    With ``end_of_month`` it is due on the last day of the month reached; with ``day_of_month`` on the next such day
    from there on, the last day of a month that is too short.
    """

    percent: Rate
    days: int
    end_of_month: bool = False
    day_of_month: int | None = None

    def due(self, on: Day) -> Day:
        """Give the day it is due for an invoice of ``on``. Raises DueTooLate."""
        try:
            day = on + timedelta(days=self.days)
            if self.end_of_month:
                day = _on_day(day.year, day.month, 31)
            if self.day_of_month is None:
                return day
            wanted = _on_day(day.year, day.month, self.day_of_month)
            if wanted < day:
                wanted = _on_day(day.year + day.month // 12, day.month % 12 + 1, self.day_of_month)
        except (OverflowError, ValueError) as error:
            raise DueTooLate(at=("date",), date=on, days=self.days) from error
        return wanted


def _on_day(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, monthrange(year, month)[1]))


class DueAmount(NamedTuple):
    """So much is due on a day, in the document's currency."""

    due_date: Day
    amount: Amount


@dataclass(slots=True, kw_only=True)
class PaymentTerms:
    """A plan by which invoices are paid. Its instalments never change: who wants others enters other terms."""

    id: PaymentTermsId = PaymentTermsId(0)
    name: str
    instalments: tuple[Instalment, ...]
    archived: bool = False
    version: int = 0

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Pass only sound terms. Raises Required, BadInstalments with ``at``."""
        if not self.name.strip():
            raise Required(at=("name",))
        for index, one in enumerate(self.instalments):
            if one.percent <= 0:
                raise BadInstalments(at=("instalments", index, "percent"), total=one.percent)
        told = sum((one.percent for one in self.instalments), Decimal(0))
        if told != HUNDRED:
            raise BadInstalments(at=("instalments",), total=told)

    def created(self) -> TermsCreated:
        """Give the event of their entry, once they have an id."""
        return TermsCreated(id=self.id)

    def change(self, changes: Mapping[str, object]) -> TermsChanged | None:
        """Set ``name`` or ``archived``; None when nothing differs. Raises Required."""
        changed = [name for name, value in changes.items() if getattr(self, name) != value]
        for name in changed:
            setattr(self, name, changes[name])
        self.check()
        return TermsChanged(id=self.id) if changed else None

    def usable(self) -> None:
        """Pass only terms that may be given to a third party. Raises TermsArchived."""
        if self.archived:
            raise TermsArchived(at=("payment_terms_id",), terms=self.id)

    def due_date(self, on: Day) -> Day:
        """Give the day an invoice of ``on`` is due: that of the last instalment. Raises DueTooLate."""
        return max(one.due(on) for one in self.instalments)


def instalments(plan: Sequence[Instalment], gross: Amount, on: Day, currency: Currency) -> list[DueAmount]:
    """Split ``gross`` of an invoice of ``on`` into what is due when, in the order of the plan.

    Each sum of the first n amounts is rounded half up to the minor unit, so the amounts sum exactly to ``gross``, none
    has the other sign, and the last takes the rest. Raises DueTooLate.
    """
    found: list[DueAmount] = []
    percent, before = Decimal(0), Decimal(0)
    for index, one in enumerate(plan):
        percent += one.percent
        last = index == len(plan) - 1
        until = gross if last else currency.round(EXACT.divide(EXACT.multiply(gross, percent), HUNDRED))
        found.append(DueAmount(one.due(on), Amount(until - before)))
        before = until
    return found
