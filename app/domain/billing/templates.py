"""Templates of invoices that come again: on which days, and what the invoice of each day says."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar, Final

from app.domain.shared.dates import Day
from app.domain.shared.errors import Conflict, Invalid, Required
from app.domain.shared.events import Event
from app.domain.shared.ids import InvoiceId, InvoiceTemplateId, PartyId, ProductId
from app.domain.shared.lines import LineKind, NoLines
from app.domain.shared.money import Price, Quantity, Rate
from app.domain.shared.states import advance
from app.workflow.kernel.lifecycle import Lifecycle, Transition

PERIOD: Final = "{period}"
LAST_YEAR: Final = 9999
MONTHS: Final = 12


class Every(StrEnum):
    """What the steps between two invoices are counted in."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class TemplateState(StrEnum):
    """Whether a template makes invoices; one that is ``ended`` made its last."""

    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"


class NothingDue(Conflict):
    """The template has no invoice to make today."""

    code = "billing.template_not_due"


class TemplateInUse(Conflict):
    """The template has made invoices: it is paused or ended, not deleted."""

    code = "billing.template_in_use"


class TemplateOver(Conflict):
    """The template made its last invoice; what comes again from now on is a new one."""

    code = "billing.template_over"


class BadRecurrence(Invalid):
    """The last day lies before the first, or no day is left."""

    code = "billing.bad_recurrence"


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateEvent(Event):
    """What all events of a template share."""

    aggregate: ClassVar[str] = "invoice_template"
    id: InvoiceTemplateId


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateCreated(TemplateEvent):
    """A template was entered."""

    name: ClassVar[str] = "billing.template_created"
    party: PartyId


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateChanged(TemplateEvent):
    """A template was changed."""

    name: ClassVar[str] = "billing.template_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateDeleted(TemplateEvent):
    """A template that had made nothing was deleted."""

    name: ClassVar[str] = "billing.template_deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplatePaused(TemplateEvent):
    """A template makes no invoices until it goes on; ``reason`` is the code of what was in its way, if anything was."""

    name: ClassVar[str] = "billing.template_paused"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateResumed(TemplateEvent):
    """A paused template makes invoices again."""

    name: ClassVar[str] = "billing.template_resumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateRun(TemplateEvent):
    """A template made the invoice of one of its days."""

    name: ClassVar[str] = "billing.template_run"
    invoice: InvoiceId
    occurrence: Day


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateEnded(TemplateEvent):
    """A template made its last invoice."""

    name: ClassVar[str] = "billing.template_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """On which days: from ``first`` on, each ``step`` of ``every``, to ``until`` and at most ``count`` times."""

    every: Every
    step: int
    first: Day
    until: Day | None = None
    count: int | None = None

    def day(self, number: int) -> Day | None:
        """Give the ``number``-th day, counted from 0; None beyond the last one.

        Months and years are counted from the first day, and a day that the month lacks is its last: 31 January, 28
        February, 31 March; 29 February comes back in leap years.
        """
        if self.count is not None and number >= self.count:
            return None
        found = self._reckoned(number * self.step)
        return None if found is None or (self.until is not None and found > self.until) else found

    def _reckoned(self, steps: int) -> Day | None:
        if self.every in {Every.DAY, Every.WEEK}:
            days = steps * (7 if self.every is Every.WEEK else 1)
            return self.first + timedelta(days=days) if days <= (Day.max - self.first).days else None
        months = self.first.month - 1 + steps * (MONTHS if self.every is Every.YEAR else 1)
        year, month = self.first.year + months // MONTHS, months % MONTHS + 1
        if year > LAST_YEAR:
            return None
        return Day(year, month, min(self.first.day, monthrange(year, month)[1]))

    def period(self, number: int) -> str:
        """Give the days from the ``number``-th to the one before the next, as ``2026-01-31 - 2026-02-27``."""
        start = self._reckoned(number * self.step)
        following = self._reckoned((number + 1) * self.step)
        end = Day.max if following is None else following - timedelta(days=1)
        return f"{start} - {end}" if start != end else f"{start}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateLine:
    """A line as an invoice's is asked for: what is None comes from the product on the day."""

    product_id: ProductId | None
    kind: LineKind | None
    description: str | None
    quantity: Quantity
    unit_price: Price | None
    discount: Rate
    vat_rate: Rate | None
    unit: str | None = None
    gross_unit_price: Price | None = None

    def described(self, period: str) -> str | None:
        """Give the description with ``{period}`` filled in."""
        return None if self.description is None else self.description.replace(PERIOD, period)


def days_left(template: InvoiceTemplate) -> bool:
    """Tell whether a day is left to make an invoice for."""
    return template.next_date is not None


@dataclass(slots=True, kw_only=True)
class InvoiceTemplate:
    """An invoice that comes again.

    ``made`` counts its days so far, ``next_date`` is the next one, None after the last.
    """

    id: InvoiceTemplateId = InvoiceTemplateId(0)
    label: str
    party_id: PartyId
    recurrence: Recurrence
    currency: str | None = None
    rate: Rate | None = None
    note: str = ""
    auto_validate: bool = False
    custom: Mapping[str, object] = field(default_factory=dict)
    lines: tuple[TemplateLine, ...] = ()
    state: TemplateState = TemplateState.ACTIVE
    made: int = 0
    next_date: Day | None = None
    version: int = 0

    def plan(self) -> None:
        """Check the template and find its next day. Raises Required, NoLines, BadRecurrence with ``at``."""
        if not self.label.strip():
            raise Required(at=("label",))
        if not self.lines:
            raise NoLines(at=("lines",))
        self.next_date = self.recurrence.day(self.made)
        if self.next_date is None:
            at = "until" if self.recurrence.count is None or self.made < self.recurrence.count else "count"
            raise BadRecurrence(at=(at,), first=self.recurrence.first, made=self.made)

    def created(self) -> TemplateCreated:
        """Give the event of its entry, once it has an id."""
        return TemplateCreated(id=self.id, party=self.party_id)

    def changeable(self) -> None:
        """Pass only a template that has not ended. Raises TemplateOver."""
        if self.state is TemplateState.ENDED:
            raise TemplateOver(template=self.id)

    def deletable(self) -> None:
        """Pass only a template that made nothing. Raises TemplateInUse."""
        if self.made:
            raise TemplateInUse(template=self.id, made=self.made)

    def due(self, today: Day) -> Day:
        """Give the day an invoice is to be made for. Raises NothingDue when there is none up to ``today``."""
        if self.state is not TemplateState.ACTIVE or self.next_date is None or self.next_date > today:
            raise NothingDue(template=self.id, state=self.state.value, next_date=self.next_date)
        return self.next_date

    def pause(self, reason: str = "") -> TemplatePaused:
        """Make no invoices for now. Raises InvalidTransition."""
        self.state = advance(TEMPLATE, self.state, "pause", self)
        return TemplatePaused(id=self.id, reason=reason)

    def resume(self) -> TemplateResumed:
        """Go on; days that passed meanwhile are made up for. Raises InvalidTransition."""
        self.state = advance(TEMPLATE, self.state, "resume", self)
        return TemplateResumed(id=self.id)

    def run(self, invoice: InvoiceId) -> TemplateRun:
        """Count the invoice made for the next day and go to the one after. Raises InvalidTransition."""
        self.state = advance(TEMPLATE, self.state, "run", self)
        occurrence = self.next_date
        assert occurrence is not None  # noqa: S101 - tells mypy; it is the transition's guard
        self.made += 1
        self.next_date = self.recurrence.day(self.made)
        return TemplateRun(id=self.id, invoice=invoice, occurrence=occurrence)

    def end(self) -> TemplateEnded:
        """Make no more invoices: the last was made. Raises InvalidTransition."""
        self.state = advance(TEMPLATE, self.state, "end", self)
        return TemplateEnded(id=self.id)


def no_days_left(template: InvoiceTemplate) -> bool:
    """Tell whether the last invoice was made."""
    return template.next_date is None


TEMPLATE: Final = Lifecycle[TemplateState](
    "invoice template",
    TemplateState,
    initial=TemplateState.ACTIVE,
    transitions=(
        Transition("pause", TemplateState.ACTIVE, TemplateState.PAUSED),
        Transition("resume", TemplateState.PAUSED, TemplateState.ACTIVE),
        Transition("run", TemplateState.ACTIVE, TemplateState.ACTIVE, guard=days_left),
        Transition("end", TemplateState.ACTIVE, TemplateState.ENDED, guard=no_days_left),
    ),
)
