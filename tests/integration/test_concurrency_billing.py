"""Invoice numbers and payments under real processes at once, some of them killed (CT-02)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

import pytest

from app.domain.billing import InvoiceState, Payment
from app.domain.shared.ids import InvoiceId
from app.domain.shared.money import amount
from app.usecases.billing import CreatePayment, Part, PaymentDraft, ReadPayment
from tests.support.books import Books
from tests.support.contender import Call, Job
from tests.support.processes import ON_EACH, Heard, Team, told_by
from tests.support.shop import Shop, check_chain, check_settled

pytestmark = ON_EACH
EIGHT: Final = range(8)


@pytest.fixture
def shop(books: Books) -> Shop:
    return Shop.of(books)


def validations(shop: Shop, invoices: list[InvoiceId], **how: object) -> Job:
    calls: tuple[Call, ...] = tuple(("validate", {"invoice": invoice}) for invoice in invoices)
    return Job(company=shop.company, calls=calls, **how)  # type: ignore[arg-type]


def payments(shop: Shop, *calls: tuple[tuple[InvoiceId, str], ...]) -> Job:
    return Job(company=shop.company, calls=tuple(("pay", {"parts": parts}) for parts in calls))


def test_200_invoices_validated_by_8_processes_get_200_consecutive_numbers(shop: Shop, team: Team) -> None:
    """CT-02: and the hash chain over them is sound."""
    drafts = [shop.draft() for _ in range(200)]
    heard = team.compete([validations(shop, drafts[member::8]) for member in EIGHT])
    assert len(told_by(heard, "done")) == 200
    assert told_by(heard, "again") == []
    assert {one.member for one in heard if one.what == "done"} == set(EIGHT)
    invoices = shop.invoices()
    assert {one.facts["id"]: one.facts["number"] for one in told_by(heard, "done")} == {
        invoice.id: invoice.number for invoice in invoices
    }
    assert len(invoices) == 200
    check_chain(invoices)


def test_eight_who_begin_a_series_at_once_wait_in_turn(shop: Shop, team: Team) -> None:
    """ERP-07: nobody deadlocks over a row that all of them find missing."""
    for month in range(1, 7):
        drafts = [shop.draft(on=date(2026, month, 1)) for _ in EIGHT]
        heard = team.compete([validations(shop, [draft]) for draft in drafts])
        assert len(told_by(heard, "done")) == 8
        assert told_by(heard, "again") == []
    invoices = shop.invoices()
    assert {invoice.period for invoice in invoices} == {f"2026-0{month}" for month in range(1, 7)}
    check_chain(invoices)


def test_of_eight_who_validate_one_draft_one_wins_and_seven_are_told(shop: Shop, team: Team) -> None:
    """CT-02: no number is skipped for the seven."""
    drafts = [shop.draft() for _ in range(6)]
    heard = team.compete([validations(shop, drafts) for _ in EIGHT])
    for index in range(len(drafts)):
        told = [one.told for one in heard if one.told is not None and one.told.index == index]
        assert sorted(one.what for one in told if one.what != "over") == ["done"] + ["refused"] * 7
        refused = [one.facts for one in told if one.what == "refused"]
        assert {(facts["code"], facts["state"]) for facts in refused} == {("state.invalid_transition", "validated")}
    assert told_by(heard, "again") == []
    check_chain(shop.invoices())
    assert {invoice.state for invoice in shop.invoices()} == {InvoiceState.VALIDATED}


@pytest.mark.parametrize(
    "deaths",
    [
        [("lock series", 2), ("update series", 3), ("commit", 2)],
        [("update invoices.final", 2), ("insert invoice_taxes", 1), ("insert outbox", 4)],
    ],
    ids=lambda deaths: ", ".join(f"{point} {nth}" for point, nth in deaths),
)
def test_killed_validations_leave_neither_gap_nor_double(shop: Shop, team: Team, deaths: list[tuple[str, int]]) -> None:
    """CT-02: SIGKILL in the middle of validations, then the audit; what was left as a draft goes on as usual.

    The last one is killed from outside while all others wait for its lock on the series.
    """
    drafts = [shop.draft() for _ in range(64)]
    jobs = [validations(shop, drafts[member::8], dies_at=death) for member, death in enumerate(deaths)]
    jobs += [validations(shop, drafts[member::8]) for member in EIGHT[len(deaths) : 7]]
    jobs += [validations(shop, drafts[7::8], holds_at="update series")]

    def kill_who_holds(heard: Heard) -> None:
        if heard.what == "holding":
            team.kill(heard.member)

    heard = team.compete(jobs, kill_who_holds)
    assert {one.member for one in heard if one.what == "dead"} == {*range(len(deaths)), 7}
    for member in EIGHT[len(deaths) : 7]:
        assert len([one for one in heard if one.member == member and one.what == "done"]) == 8

    invoices = shop.invoices()
    check_chain(invoices)
    numbers = {invoice.id: invoice.number for invoice in invoices}
    done = {one.facts["id"]: one.facts["number"] for one in told_by(heard, "done")}
    assert done.items() <= numbers.items()
    left = [invoice.id for invoice in invoices if invoice.state is InvoiceState.DRAFT]
    assert [numbers[invoice] for invoice in left] == [None] * len(left)
    assert 0 < len(left) < 32

    team.compete([validations(shop, left[member::8]) for member in EIGHT])
    check_chain(shop.invoices())
    assert {invoice.state for invoice in shop.invoices()} == {InvoiceState.VALIDATED}


def test_eight_payments_of_one_invoice_never_pay_above_its_due(shop: Shop, team: Team) -> None:
    """CT-02: of eight who pay 30 of 100 at once three are accepted; the others are told what is due."""
    invoice = shop.due("100")
    heard = team.compete([payments(shop, ((invoice, "30"),)) for _ in EIGHT])
    refused = told_by(heard, "refused")
    assert len(told_by(heard, "done")) == 3
    assert [(one.facts["code"], Decimal(one.facts["due"])) for one in refused] == [
        ("billing.overpaid", Decimal(10))
    ] * 5
    assert shop.invoice(invoice).due == 10
    check_settled(shop)
    check_chain(shop.payments())


def test_an_invoice_is_paid_in_full_once_when_eight_pay_it_at_once(shop: Shop, team: Team) -> None:
    """CT-02: the seven others are told that it takes no payment any more."""
    invoice = shop.due("100")
    heard = team.compete([payments(shop, ((invoice, "100"),)) for _ in EIGHT])
    refused = told_by(heard, "refused")
    assert len(told_by(heard, "done")) == 1
    assert [(one.facts["code"], one.facts["state"]) for one in refused] == [("billing.invoice_not_open", "paid")] * 7
    assert shop.invoice(invoice).state is InvoiceState.PAID
    check_settled(shop)
    check_chain(shop.payments())


def kept(shop: Shop, gross: str, moved: str) -> Payment:
    """Pay an invoice and keep the rest as credit."""
    desk = shop.books.desk
    draft = PaymentDraft(parts=(Part(invoice_id=shop.due(gross)),), amount=amount(Decimal(moved)))
    return shop.books.do(CreatePayment(desk.clock, desk.numbering), draft)


def test_eight_who_use_one_credit_never_use_more_than_is_left(shop: Shop, team: Team) -> None:
    """CT-02: of eight who use 30 of 100 at once, each for an invoice of its own, three may."""
    credit = kept(shop, "10", "110").id
    invoices = [shop.due("50") for _ in EIGHT]
    calls = [("use credit", {"credit": credit, "invoice": invoice, "part": "30"}) for invoice in invoices]
    heard = team.compete([Job(company=shop.company, calls=(call,)) for call in calls])
    refused = told_by(heard, "refused")
    assert len(told_by(heard, "done")) == 3
    assert [(one.facts["code"], Decimal(one.facts["left"])) for one in refused] == [
        ("billing.credit_exceeded", Decimal(10))
    ] * 5
    assert shop.books.do(ReadPayment(), credit).credit_left == 10
    check_settled(shop)
    check_chain(shop.payments())


def test_of_eight_who_reverse_or_use_a_payment_one_kind_wins(shop: Shop, team: Team) -> None:
    """CT-02: a payment is reversed once, and not when its credit was used."""
    paid, invoice = kept(shop, "10", "20").id, shop.due("50")
    use: Call = ("use credit", {"credit": paid, "invoice": invoice, "part": "5"})
    calls: list[Call] = [use if member % 2 else ("reverse", {"payment": paid}) for member in EIGHT]
    heard = team.compete([Job(company=shop.company, calls=(call,)) for call in calls])
    assert len(told_by(heard, "done")) in {1, 2}
    assert {one.facts["code"] for one in told_by(heard, "refused")} <= {
        *("billing.payment_reversed_before", "billing.credit_already_used", "billing.credit_exceeded"),
    }
    check_settled(shop)
    check_chain(shop.payments())


def test_payments_of_two_invoices_in_opposite_order_never_deadlock(shop: Shop, team: Team) -> None:
    """ERP-07: invoices are locked by id, whatever order a payment names them in."""
    one, other = shop.due("60"), shop.due("60")
    parts = ((one, "1"), (other, "2"))
    heard = team.compete([payments(shop, *([parts if member % 2 else parts[::-1]] * 5)) for member in EIGHT])
    refused = told_by(heard, "refused")
    assert len(told_by(heard, "done")) == 30
    assert {one.facts["code"] for one in refused} == {"billing.invoice_not_open"}
    assert told_by(heard, "again") == []
    assert [shop.invoice(paid).paid for paid in (one, other)] == [Decimal(30), Decimal(60)]
    check_settled(shop)
    check_chain(shop.payments())
