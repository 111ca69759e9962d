"""Invoices and their templates in each database: whole as they were stored, summed over, and nobody else's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest

from app.domain.billing import (
    AbandonReason,
    Allocation,
    CloseReason,
    CreditNoteLines,
    Every,
    Invoice,
    InvoiceKind,
    InvoiceState,
    InvoiceTemplate,
    Part,
    Payment,
    PaymentMethod,
    RatePart,
    Recurrence,
    Settled,
    TemplateLine,
    TemplateState,
    deduct,
)
from app.domain.parties import Party
from app.domain.shared.errors import NotFound, Stale
from app.domain.shared.ids import InvoiceId, InvoiceTemplateId, PartyId
from app.domain.shared.lines import LineKind
from app.domain.shared.money import currency, price, quantity, rate
from app.domain.shared.numbering import Number
from app.infrastructure.database.failures import ConstraintViolated
from app.infrastructure.database.migrate import plain_engine
from app.infrastructure.database.tables.billing import invoice_lines, invoice_taxes, invoice_template_lines
from app.infrastructure.database.work import SqlWork, SqlWorks
from app.usecases.context import Context
from tests.support.databases import company_context
from tests.support.invoices import ON, deposit, invoice, money, note_of, taken_by, valued

pytestmark = pytest.mark.fast
MIXED: Final = [("3", "0.335", "0", "20"), ("2", "10", "10", "5.5")]


@dataclass(frozen=True)
class Shelf:
    """The invoices of one company with one customer; each step is a transaction of its own."""

    works: SqlWorks
    context: Context
    party: PartyId
    url: str

    def add(self, *invoices: Invoice) -> None:
        """Store drafts of the customer."""
        with self.works.writing(self.context) as work:
            for one in invoices:
                one.party_id = self.party
                work.invoices.add(one)
            work.commit()

    def do(self, name: str, *given: Any, **how: Any) -> Any:
        """Ask the invoices for something, and commit it."""
        with self.works.writing(self.context) as work:
            found = getattr(work.invoices, name)(*given, **how)
            work.commit()
        return found

    def finish(self, one: Invoice, number: int = 1) -> None:
        """Make a draft final."""
        one.validate(Number(ref=f"{one.kind}-{number}", number=number, period="2026-11", date=ON))
        self.do("save_validated", one)

    def get(self, one: Invoice) -> Invoice:
        found: Invoice = self.do("get", one.id)
        return found


def shelf_of(works: SqlWorks, context: Context, url: str = "") -> Shelf:
    with works.writing(context) as work:
        party = Party(name="Client", customer=True)
        work.parties.add(party)
        work.commit()
    return Shelf(works, context, party.id, url)


@pytest.fixture
def shelf(works: SqlWorks, context: Context, database_url: str) -> Shelf:
    return shelf_of(works, context, database_url)


def draft(lines: list[tuple[str, ...]] | None = None, code: str = "EUR", exchange: str = "1", **others: Any) -> Invoice:
    return invoice(valued(code, exchange), lines or MIXED, **{"id": InvoiceId(0), "ref": "", **others})


def note(shelf: Shelf, source: Invoice, *parts: tuple[int, str]) -> Invoice:
    """Store a credit note of all of an invoice, or of these parts, as a draft."""
    making = CreditNoteLines(source, shelf.do("credited", source.id))
    wanted = [Part(at, quantity(Decimal(many))) for at, many in parts]
    made = note_of(source, making.parts(wanted) if wanted else making.whole())
    shelf.add(made)
    return made


def rows(shelf: Shelf, table: Any, **where: Any) -> int:
    """Count the rows of the company, past the repositories."""
    found = table.select().where(table.c.company_id == shelf.context.company)
    for name, value in where.items():
        found = found.where(table.c[name] == value)
    with plain_engine(shelf.url).connect() as connection:
        return len(connection.execute(found).all())


def test_an_invoice_comes_back_as_it_was_stored(shelf: Shelf) -> None:
    """ERP-06: every field of it and of its lines, amounts to the last decimal."""
    one = draft(code="KWD", exchange="3.01750001", note="né", due_date=ON + timedelta(days=7))
    one.lines[0].unit, one.lines[0].entered_quantity = "DZ", quantity(Decimal("0.25"))
    one.lines[1].unit_cost, one.lines[1].kind = price(Decimal("4.00000001")), LineKind.GOODS
    one.price()
    shelf.add(one)
    assert (one.ref, one.version) == (f"(PROV{one.id})", 1)
    assert shelf.get(one) == one


def test_the_lines_of_a_deduction_come_back_with_their_own_tax(shelf: Shelf) -> None:
    """ERP-07: priced again from the rows they add up to what they did."""
    one = draft(code="USD", exchange="0.913742")
    given = deposit("5", one, valuation=valued("USD", "0.87"))
    shelf.add(given)
    deduct(one, replace(given, state=InvoiceState.PAID, party_id=one.party_id), deducted=False)
    shelf.add(one)
    found = shelf.get(one)
    found.price()
    assert (found.totals, found.vat, found.lines) == (one.totals, one.vat, one.lines)


def test_a_changed_draft_is_stored_whole_and_once(shelf: Shelf) -> None:
    one = draft()
    shelf.add(one)
    seen = shelf.get(one)
    one.note, one.lines = "new", one.lines[:1]
    one.price()
    shelf.do("save", one)
    assert (shelf.get(one), one.version) == (one, 2)
    with pytest.raises(Stale):
        shelf.do("save", seen)
    assert shelf.get(one).note == "new"
    assert rows(shelf, invoice_lines) == 1


def test_a_final_invoice_has_its_number_and_its_tax_by_rate(shelf: Shelf) -> None:
    one = draft()
    shelf.add(one)
    shelf.finish(one, 7)
    found = shelf.get(one)
    assert (found.number, found.period, found.ref, found.state) == (7, "2026-11", "standard-7", InvoiceState.VALIDATED)
    assert rows(shelf, invoice_taxes, invoice_id=one.id) == 2
    with pytest.raises(Stale):
        shelf.do("save_validated", replace(one, version=1))


def test_a_pro_forma_owes_no_tax(shelf: Shelf) -> None:
    one = draft(kind=InvoiceKind.PRO_FORMA)
    shelf.add(one)
    shelf.finish(one)
    assert (shelf.get(one).number, rows(shelf, invoice_taxes)) == (None, 0)


def test_a_number_is_taken_once_within_its_kind(shelf: Shelf) -> None:
    """ERP-07: a credit note may have the number of an invoice, another invoice may not."""
    one, other, back = draft(), draft(), draft(kind=InvoiceKind.CREDIT_NOTE)
    shelf.add(one, other, back)
    shelf.finish(one)
    shelf.finish(back)
    with pytest.raises(ConstraintViolated):
        shelf.finish(other)
    assert shelf.get(other).state is InvoiceState.DRAFT


def test_settlements_are_stored_together_or_not_at_all(shelf: Shelf) -> None:
    one, other = draft(), draft()
    shelf.add(one, other)
    for given in (one, other):
        given.state, given.close_reason, given.paid = InvoiceState.PAID, CloseReason.BANK_CHARGE, money("1.5")
    stale = replace(other, version=9)
    with pytest.raises(Stale):
        shelf.do("save_settlements", [one, stale])
    assert shelf.get(one).state is InvoiceState.DRAFT
    shelf.do("save_settlements", [one, other])
    assert [(found.paid, found.close_reason, found.version) for found in (shelf.get(one), shelf.get(other))] == [
        (Decimal("1.5"), CloseReason.BANK_CHARGE, 2)
    ] * 2


def test_what_is_deleted_is_gone_with_its_lines_at_the_version_seen(shelf: Shelf) -> None:
    one = draft()
    shelf.add(one)
    with pytest.raises(Stale):
        shelf.do("delete", replace(one, version=2))
    assert rows(shelf, invoice_lines) == 2
    shelf.do("delete", one)
    assert rows(shelf, invoice_lines) == 0
    with pytest.raises(NotFound):
        shelf.get(one)


def test_headers_are_locked_in_one_go_whatever_is_missing(shelf: Shelf) -> None:
    """ERP-07: in order of id, without lines; an id that is not there is left out."""
    one, other = draft(), draft(note="b")
    shelf.add(one, other)
    found = shelf.do("lock_headers", [other.id, one.id, InvoiceId(10**9), one.id])
    assert list(found) == [one.id, other.id]
    assert [(header.note, header.lines) for header in found.values()] == [("", []), ("b", [])]
    assert found[one.id].totals == one.totals


def test_credit_notes_are_summed_by_line_rate_and_deposit(shelf: Shelf) -> None:
    """ERP-07: drafts among them; what they give is what memory gives."""
    source = draft()
    shelf.add(source)
    notes = [note(shelf, source, (1, "1")), note(shelf, source, (1, "0.5"), (2, "2"))]
    shelf.finish(notes[0])
    amounts = CreditNoteLines(source, shelf.do("credited", source.id))
    notes.append(note_of(source, amounts.amounts([RatePart(rate(Decimal(20)), money("0.25"))], "x")))
    shelf.add(notes[2])
    by_line = {(one.position or 0): one for one in shelf.do("credited", source.id)}
    assert by_line == {(one.position or 0): one for one in taken_by(notes)}
    assert len(by_line) == 3


def test_only_credit_notes_of_the_invoice_count_as_credited(shelf: Shelf) -> None:
    """Not its late fee, its replacement, or a credit note of another."""
    source, other = draft(), draft()
    shelf.add(source, other)
    note(shelf, other)
    shelf.add(draft(source_id=source.id), draft(source_id=source.id, kind=InvoiceKind.REPLACEMENT))
    assert shelf.do("credited", source.id) == []


def with_deduction(shelf: Shelf) -> tuple[Invoice, Invoice]:
    """Store a draft that deducts a paid deposit, and give both."""
    one = draft()
    given = deposit("5", one)
    shelf.add(given)
    given.party_id = one.party_id
    deduct(one, given, deducted=False)
    shelf.add(one)
    return one, given


def test_a_deposit_is_deducted_from_the_draft_on_until_that_is_deleted(shelf: Shelf) -> None:
    one, given = with_deduction(shelf)
    assert shelf.do("deducted", given.id)
    shelf.do("delete", one)
    assert not shelf.do("deducted", given.id)


def test_a_deposit_is_given_back_by_a_credit_note_once_that_is_final(shelf: Shelf) -> None:
    """ERP-07: as long as it is a draft it may be deleted, so the deposit is not free yet."""
    one, given = with_deduction(shelf)
    shelf.finish(one)
    back = note(shelf, one)
    assert shelf.do("deducted", given.id)
    shelf.finish(back)
    assert not shelf.do("deducted", given.id)


def test_a_deposit_of_which_part_was_given_back_is_still_deducted(shelf: Shelf) -> None:
    one, given = with_deduction(shelf)
    shelf.finish(one)
    shelf.finish(note(shelf, one, (3, "1")))
    assert shelf.do("deducted", given.id)


@pytest.mark.parametrize("reason", AbandonReason)
def test_only_what_was_replaced_frees_its_deposit(shelf: Shelf, reason: AbandonReason) -> None:
    """ERP-07: its replacement deducts it; an invoice given up otherwise has taken it for good."""
    one, given = with_deduction(shelf)
    shelf.finish(one)
    one.abandon(reason)
    shelf.do("save_settlements", [one])
    assert shelf.do("deducted", given.id) is (reason is not AbandonReason.REPLACED)


def test_what_late_fees_ask_for_is_summed_of_invoices_alone(shelf: Shelf) -> None:
    """Drafts and final ones; a credit note of the invoice, or its replacement, is no fee."""
    source = draft()
    shelf.add(source)
    assert shelf.do("charged", source.id) == 0
    fees = [draft([("1", each, "0", "0")], source_id=source.id) for each in ("40", "6.79")]
    shelf.add(*fees, draft(source_id=source.id, kind=InvoiceKind.REPLACEMENT))
    shelf.finish(fees[0])
    note(shelf, source)
    assert shelf.do("charged", source.id) == Decimal("46.79")


def test_settlements_are_told_by_day(shelf: Shelf) -> None:
    """Two payments of one day in one sum; what is paid back below zero; another invoice's not at all."""
    one, other = draft(), draft()
    shelf.add(one, other)
    parts = [(0, one, "3"), (0, one, "4.5"), (1, one, "-2"), (1, other, "9")]
    with shelf.works.writing(shelf.context) as work:
        for number, (days, paid, part) in enumerate(parts, 1):
            work.payments.add(_payment(shelf, number, ON + timedelta(days=days), paid, part))
        work.commit()
    told = sorted(shelf.do("settled", one.id), key=lambda day: day.date)
    assert told == [
        Settled(date=ON, amount=money("7.5")), Settled(date=ON + timedelta(days=1), amount=money("-2")),
    ]  # fmt: skip


def _payment(shelf: Shelf, number: int, on: date, one: Invoice, part: str) -> Payment:
    return Payment(
        ref=f"PAY{number}",
        number=number,
        period="2026-11",
        party_id=shelf.party,
        date=on,
        method=PaymentMethod.CASH,
        currency=currency("EUR"),
        rate=rate(Decimal(1)),
        company_currency=currency("EUR"),
        amount=money(part),
        company_amount=money(part),
        allocations=[Allocation(invoice_id=one.id, amount=money(part), company_amount=money(part))],
    )


def test_nothing_of_another_company_is_seen_locked_or_summed(shelf: Shelf, works: SqlWorks) -> None:
    """ERP-13: not by its id, nor as a deposit."""
    one, given = with_deduction(shelf)
    note(shelf, one)
    stranger = shelf_of(works, company_context(works))
    with pytest.raises(NotFound):
        stranger.get(one)
    with pytest.raises(NotFound):
        stranger.do("replaced", one.id)
    assert stranger.do("lock_headers", [one.id, given.id]) == {}
    assert (stranger.do("credited", one.id), stranger.do("deducted", given.id)) == ([], False)
    with pytest.raises(Stale):
        stranger.do("delete", one)


# -- templates


def template(shelf: Shelf, **others: Any) -> InvoiceTemplate:
    """Give a template with a value in each of its fields, planned."""
    line = TemplateLine(
        product_id=None,
        kind=LineKind.FREIGHT,
        description="Rent {period}",
        quantity=quantity(Decimal("1.5")),
        unit="HUR",
        unit_price=price(Decimal("0.00000001")),
        discount=rate(Decimal("2.5")),
        vat_rate=rate(Decimal("5.5")),
    )
    bare = replace(line, description=None, unit=None, unit_price=None, gross_unit_price=price(Decimal(3)))
    days = Recurrence(every=Every.MONTH, step=2, first=date(2026, 1, 31), until=date(2028, 2, 29), count=9)
    fields: dict[str, Any] = {"label": "Rent", "currency": "USD", "rate": rate(Decimal("0.9")), "note": "n"}
    made = InvoiceTemplate(**fields | {"party_id": shelf.party, "recurrence": days, "lines": (line, bare)} | others)
    made.plan()
    return made


def stored(work: SqlWork, *made: InvoiceTemplate) -> None:
    for one in made:
        work.invoice_templates.add(one)


def test_a_template_comes_back_as_it_was_stored(shelf: Shelf) -> None:
    one = template(shelf, auto_validate=True)
    with shelf.works.writing(shelf.context) as work:
        stored(work, one)
        assert (work.invoice_templates.get(one.id), one.version) == (one, 1)
        assert work.invoice_templates.get(one.id, lock=True) == one


def test_a_template_that_ran_keeps_its_lines_and_one_that_changed_gets_new_ones(shelf: Shelf) -> None:
    one = template(shelf)
    with shelf.works.writing(shelf.context) as work:
        stored(work, one)
        one.run(InvoiceId(1))
        work.invoice_templates.save(one, lines=False)
        assert work.invoice_templates.get(one.id) == one
        one.lines = one.lines[1:]
        work.invoice_templates.save(one)
        assert (work.invoice_templates.get(one.id), one.version) == (one, 3)
        with pytest.raises(Stale):
            work.invoice_templates.save(replace(one, version=2))


def test_a_template_is_deleted_with_its_lines_at_the_version_seen(shelf: Shelf) -> None:
    one = template(shelf)
    with shelf.works.writing(shelf.context) as work:
        stored(work, one)
        with pytest.raises(Stale):
            work.invoice_templates.delete(replace(one, version=2))
        work.invoice_templates.delete(one)
        with pytest.raises(NotFound):
            work.invoice_templates.get(one.id)
        work.commit()
    assert rows(shelf, invoice_template_lines) == 0


def test_those_due_are_told_the_longest_waiting_first(shelf: Shelf, works: SqlWorks) -> None:
    """ERP-07: of this company, active, up to today and no more than asked for."""
    stranger = shelf_of(works, company_context(works))
    today = date(2026, 5, 31)
    days = (date(2026, 5, 31), date(2026, 3, 1), date(2026, 6, 1), date(2026, 5, 31))
    made = [template(shelf, recurrence=Recurrence(every=Every.DAY, step=1, first=day)) for day in days]
    resting = template(shelf, state=TemplateState.PAUSED)
    with works.writing(shelf.context) as work:
        stored(work, *made, resting)
        work.commit()
    with works.reading(shelf.context) as work:
        wanted: list[InvoiceTemplateId] = [made[1].id, made[0].id, made[3].id]
        assert work.invoice_templates.due(today, 9) == wanted
        assert work.invoice_templates.due(today, 2) == wanted[:2]
    with works.reading(stranger.context) as work:
        assert work.invoice_templates.due(today, 9) == []
        with pytest.raises(NotFound):
            work.invoice_templates.get(made[0].id)


def test_a_day_of_a_template_is_invoiced_once(shelf: Shelf) -> None:
    """ERP-07: behind the template's lock stands a unique key."""
    one = template(shelf)
    with shelf.works.writing(shelf.context) as work:
        stored(work, one)
        work.commit()
    shelf.add(draft(template_id=one.id, occurrence=ON), draft(template_id=one.id, occurrence=ON + timedelta(days=1)))
    with pytest.raises(ConstraintViolated):
        shelf.add(draft(template_id=one.id, occurrence=ON))
