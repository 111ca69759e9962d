"""What is done with templates of invoices, and how they make invoices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

from app.domain.billing import (
    Every,
    Invoice,
    InvoiceLine,
    InvoiceTemplate,
    NothingDue,
    TemplateChanged,
    TemplateDeleted,
    TemplateState,
)
from app.domain.parties import Party
from app.domain.shared.dates import Day
from app.domain.shared.errors import Conflict, Invalid, NotFound, Stale
from app.domain.shared.ids import InvoiceTemplateId
from app.domain.shared.lines import Valuation, price_lines
from app.domain.shared.objects import ObjectKind
from app.domain.shared.rights import Right
from app.usecases.billing.invoices import due_date, enter, finish
from app.usecases.context import Context
from app.usecases.custom import fill, offered
from app.usecases.parties import within_credit
from app.usecases.ports.listing import FieldKind, ListField, Listing, Sort
from app.usecases.ports.shared import Clock, Work
from app.usecases.run import Runner
from app.usecases.shared import Change, LineDraft, ListCase, Numbering, Versioned, customer, priced, valuation

MOST_TEMPLATES: Final = 500
MOST_DAYS: Final = 31
"""What one round makes at most: so many templates of a company, and so many days of each; the next goes on."""
INVOICE_TEMPLATES: Final = Listing(
    name="invoice-templates",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="label", kind=FieldKind.TEXT),
        ListField(name="party_id", kind=FieldKind.ID),
        ListField(name="every", kind=FieldKind.CHOICE, choices=tuple(Every)),
        ListField(name="auto_validate", kind=FieldKind.FLAG),
        ListField(name="status", kind=FieldKind.CHOICE, choices=tuple(TemplateState)),
        ListField(name="next_date", kind=FieldKind.DATE, nullable=True),
    ),
    default_sort=(Sort(field="id", descending=True),),
)
_HEADER: Final = ("label", "note", "auto_validate", "lines")
_RECURRENCE: Final = ("until", "count")


def _sound(work: Work, context: Context, template: InvoiceTemplate, party: Party) -> None:
    """Pass only a template whose first invoice could be made; one that validates by itself needs that right too."""
    if template.auto_validate:
        context.require(Right.INVOICES_VALIDATE)
    template.plan()
    period = template.recurrence.period(template.made)
    price_lines(*_priced(work, context, template, party, template.recurrence.first, period))


def _priced(
    work: Work, context: Context, template: InvoiceTemplate, party: Party, on: Day, period: str
) -> tuple[list[InvoiceLine], Valuation]:
    valued = valuation(context, template.currency, template.rate)
    drafts = [
        LineDraft(
            product_id=line.product_id,
            kind=line.kind,
            description=line.described(period),
            quantity=line.quantity,
            unit=line.unit,
            unit_price=line.unit_price,
            gross_unit_price=line.gross_unit_price,
            discount=line.discount,
            vat_rate=line.vat_rate,
        )
        for line in template.lines
    ]
    return priced(work, drafts, InvoiceLine, valued, party, on), valued


@dataclass(frozen=True, slots=True)
class CreateInvoiceTemplate:
    """Enter a template of invoices that come again.

    One that validates its invoices needs the right to validate. Raises UnknownReference, NotACustomer, PartyArchived,
    ProductArchived, Forbidden, BadRecurrence, UnknownField, BadCustomValue, and what makes lines unsound, with ``at``.
    """

    right: ClassVar[Right] = Right.INVOICES_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: InvoiceTemplate) -> InvoiceTemplate:
        """Give the template with its id and its next day."""
        template = replace(request)
        party = customer(work, template.party_id)
        _sound(work, context, template, party)
        fill(work, context, ObjectKind.INVOICES, template.custom)
        work.invoice_templates.add(template)
        work.outbox.add(template.created())
        return template


@dataclass(frozen=True, slots=True)
class ReadInvoiceTemplate:
    """Show one template. Raises NotFound."""

    right: ClassVar[Right] = Right.INVOICES_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: InvoiceTemplateId) -> InvoiceTemplate:
        """Give the template with its lines."""
        return work.invoice_templates.get(request)


@dataclass(frozen=True, slots=True)
class ChangeInvoiceTemplate:
    """Change the fields sent of a template; ``lines`` replaces all lines.

    Raises NotFound, Stale, TemplateOver, and as CreateInvoiceTemplate.
    """

    right: ClassVar[Right] = Right.INVOICES_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Change) -> InvoiceTemplate:
        """Give the template as it is now."""
        template = work.invoice_templates.get(InvoiceTemplateId(request.id), lock=True)
        request.matches(template.version)
        template.changeable()
        self._apply(template, request.changes)
        _sound(work, context, template, work.parties.get(template.party_id))
        work.invoice_templates.save(template)
        work.outbox.add(TemplateChanged(id=template.id))
        return template

    def _apply(self, template: InvoiceTemplate, changes: Mapping[str, object]) -> None:
        for name in _HEADER:
            if name in changes:
                setattr(template, name, changes[name])
        wanted: dict[str, Any] = {name: changes[name] for name in _RECURRENCE if name in changes}
        template.recurrence = replace(template.recurrence, **wanted)


@dataclass(frozen=True, slots=True)
class DeleteInvoiceTemplate:
    """Delete a template that made nothing. Raises NotFound, Stale, TemplateInUse."""

    right: ClassVar[Right] = Right.INVOICES_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Versioned) -> None:
        """Remove the template."""
        template = work.invoice_templates.get(InvoiceTemplateId(request.id), lock=True)
        request.matches(template.version)
        template.deletable()
        work.invoice_templates.delete(template)
        work.outbox.add(TemplateDeleted(id=template.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Which template rests; ``reason`` is the code of what kept it from making its invoice, if anything did."""

    template_id: InvoiceTemplateId
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PauseInvoiceTemplate:
    """Let a template make no invoices for now. Raises NotFound, InvalidTransition."""

    right: ClassVar[Right] = Right.INVOICES_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Pause) -> InvoiceTemplate:
        """Give the paused template."""
        template = work.invoice_templates.get(request.template_id, lock=True)
        paused = template.pause(request.reason)
        work.invoice_templates.save(template, lines=False)
        work.outbox.add(paused)
        return template


@dataclass(frozen=True, slots=True)
class ResumeInvoiceTemplate:
    """Let a paused template go on; days that passed meanwhile are made up for. Raises NotFound, InvalidTransition."""

    right: ClassVar[Right] = Right.INVOICES_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: InvoiceTemplateId) -> InvoiceTemplate:
        """Give the active template."""
        template = work.invoice_templates.get(request, lock=True)
        resumed = template.resume()
        work.invoice_templates.save(template, lines=False)
        work.outbox.add(resumed)
        return template


@dataclass(frozen=True, slots=True)
class RunInvoiceTemplate:
    """Make the invoice of the template's next day, if that has come; it is validated if the template says so.

    It is dated today. Each day is made once: the template is locked, and moves to its next day with the invoice.
    Raises NotFound, NothingDue, NotACustomer, PartyArchived, ProductArchived, Required,
    CreditLimitExceeded.
    """

    clock: Clock
    numbering: Numbering
    right: ClassVar[Right] = Right.INVOICES_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: InvoiceTemplateId) -> Invoice:
        """Give the invoice made."""
        template = work.invoice_templates.get(request, lock=True)
        today = self.clock.today(context.zone)
        occurrence = template.due(today)
        party = customer(work, template.party_id)
        lines, valued = _priced(work, context, template, party, today, template.recurrence.period(template.made))
        invoice = Invoice(
            template_id=template.id,
            occurrence=occurrence,
            party_id=party.id,
            date=today,
            due_date=due_date(work, context, party, today),
            payment_terms_id=party.payment_terms_id,
            representative_id=party.representative_id,
            valuation=valued,
            note=template.note,
            lines=lines,
        )
        enter(work, context, invoice, offered(work, ObjectKind.INVOICES, template.custom))
        work.outbox.add(template.run(invoice.id))
        if template.next_date is None:
            work.outbox.add(template.end())
        work.invoice_templates.save(template, lines=False)
        if template.auto_validate:
            owing = invoice.totals.company_gross
            within_credit(work, context, self.clock, party.id, party.credit_limit, owing, valued)
            finish(self.numbering, work, context, invoice)
        return invoice


@dataclass(frozen=True, slots=True)
class DueTemplates:
    """Find the templates that have an invoice to make."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: Day) -> Sequence[InvoiceTemplateId]:
        """Give up to MOST_TEMPLATES of them, the longest waiting first."""
        return work.invoice_templates.due(request, MOST_TEMPLATES)


@dataclass(frozen=True, slots=True)
class RunTemplates:
    """Makes the invoices that are due, company by company, each in a transaction of its own.

    A template that cannot make its invoice (its customer is archived, say) is paused, and the event tells why.
    """

    runner: Runner
    clock: Clock
    case: RunInvoiceTemplate

    def __call__(self, contexts: Sequence[Context]) -> int:
        """Give how many invoices were made."""
        made = 0
        for context in contexts:
            today = self.clock.today(context.zone)
            for template in self.runner.call(context, DueTemplates(), lambda day=today: day):  # type: ignore[misc]
                made += self._run(context, template)
        return made

    def _run(self, context: Context, template: InvoiceTemplateId) -> int:
        for made in range(MOST_DAYS):
            try:
                self.runner.call(context, self.case, lambda: template)
            except (NothingDue, Stale):
                return made
            except (Conflict, Invalid, NotFound) as error:
                self._pause(context, Pause(template_id=template, reason=error.code))
                return made
        return MOST_DAYS

    def _pause(self, context: Context, pause: Pause) -> None:
        """Let a template rest, unless somebody was faster to pause or delete it."""
        with suppress(Conflict, NotFound):
            self.runner.call(context, PauseInvoiceTemplate(), lambda: pause)


class ListInvoiceTemplates(ListCase):
    """List templates, newest first."""

    __slots__ = ()
    right = Right.INVOICES_READ
    listing = INVOICE_TEMPLATES
