"""Invoices and payments: what each state allows, what is due, and what the chain covers."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest

from app.domain.billing import (
    INVOICE,
    AbandonReason,
    AllocationKind,
    CloseReason,
    DueBeforeDate,
    FractionOfMinorUnit,
    Invoice,
    InvoiceKind,
    InvoiceLine,
    InvoiceNotDraft,
    InvoiceNotOpen,
    InvoicePaid,
    InvoiceState,
    MixedPayment,
    Overpaid,
    PaidTwice,
    Payment,
    PaymentMethod,
    PaymentNotPositive,
    WrongKind,
)
from app.domain.shared.errors import DomainError
from app.domain.shared.ids import InvoiceId, PartyId, PaymentId
from app.domain.shared.lines import LineKind, NoLines, Valuation
from app.domain.shared.money import Amount, amount, currency, price, quantity, rate
from app.domain.shared.numbering import Number, canonical
from app.domain.shared.states import InvalidTransition
from app.domain.shared.totals import VatMode
from tests.support.lifecycles import declared, refused

pytestmark = pytest.mark.fast
ON: Final = date(2026, 11, 21)
NUMBER: Final = Number(ref="FA2611-0001", number=1, period="2026-11", date=ON)


def money(text: str) -> Amount:
    return amount(Decimal(text))


def invoice(state: InvoiceState = InvoiceState.DRAFT, gross: str = "120", code: str = "EUR", **others: Any) -> Invoice:
    """Give a priced invoice of one line without VAT; a foreign one counts 0.5 of the company's euros per unit."""
    foreign = code != "EUR"
    valuation = Valuation(
        currency=currency(code),
        rate=rate(Decimal("0.5") if foreign else Decimal(1)),
        company_currency=currency("EUR"),
        vat_mode=VatMode.PER_RATE,
    )
    line = InvoiceLine(
        position=1,
        kind=LineKind.SERVICE,
        description="Work",
        quantity=quantity(Decimal(1)),
        unit_price=price(Decimal(gross)),
        vat_rate=rate(Decimal(0)),
    )
    fields: dict[str, Any] = {
        "id": InvoiceId(6),
        "ref": "(PROV6)",
        "party_id": PartyId(1),
        "date": ON,
        "due_date": ON + timedelta(days=30),
        "valuation": valuation,
        "lines": [line],
    }
    made = Invoice(**fields | others)
    made.price()
    made.state = state
    return made


def payment(code: str = "EUR", exchange: str = "1", **others: Any) -> Payment:
    fields: dict[str, Any] = {
        "party_id": PartyId(1),
        "date": ON,
        "method": PaymentMethod.TRANSFER,
        "currency": currency(code),
        "rate": rate(Decimal(exchange)),
        "company_currency": currency("EUR"),
    }
    return Payment(**fields | others)


def pay_off(one: Invoice) -> None:
    """Pay all that is due, or call it paid when nothing is."""
    if one.state is InvoiceState.VALIDATED:
        payment().pay(one, one.due)
    else:
        one.paid = one.totals.gross
        one.pay_if_nothing_due()


STEPS: Final[dict[str, Callable[[Invoice], object]]] = {
    "validate": lambda one: one.validate(NUMBER),
    "pay": pay_off,
    "unpay": lambda one: one.unpay(),
    "abandon": lambda one: one.abandon(AbandonReason.BAD_CUSTOMER),
    "close": lambda one: one.close(CloseReason.BANK_CHARGE),
    "reopen": lambda one: one.reopen(),
}
GIVEN_UP: Final[dict[InvoiceState, dict[str, Any]]] = {
    InvoiceState.PAID: {"close_reason": CloseReason.BANK_CHARGE},
    InvoiceState.ABANDONED: {"abandon_reason": AbandonReason.BAD_CUSTOMER},
}


@pytest.mark.parametrize(("state", "step"), refused(INVOICE))
def test_every_step_is_refused_from_every_other_state(state: InvoiceState, step: str) -> None:
    one = invoice(state)
    with pytest.raises(InvalidTransition):
        STEPS[step](one)
    assert (one.state, one.ref, one.abandon_reason) == (state, "(PROV6)", None)


@pytest.mark.parametrize(("state", "step", "target"), declared(INVOICE))
def test_every_declared_step_leads_to_its_state(state: InvoiceState, step: str, target: InvoiceState) -> None:
    one = invoice(state, **(GIVEN_UP[state] if step == "reopen" else {}))
    STEPS[step](one)
    assert one.state is target


def test_every_step_has_a_method_and_what_was_given_up_may_be_claimed_again() -> None:
    assert set(STEPS) == {transition.name for transition in INVOICE.transitions}
    assert INVOICE.finals == frozenset()


@pytest.mark.parametrize(
    ("state", "others"),
    [
        (InvoiceState.PAID, {}),
        (InvoiceState.ABANDONED, {"abandon_reason": AbandonReason.REPLACED}),
    ],
)
def test_an_invoice_paid_in_full_or_replaced_is_not_reopened(state: InvoiceState, others: dict[str, Any]) -> None:
    one = invoice(state, **others)
    with pytest.raises(InvalidTransition):
        one.reopen()
    assert one.state is state


def test_a_closed_invoice_tells_its_rest_by_rate() -> None:
    """The VAT share of a discount for early payment may be claimed back: it is told to the cent."""
    line = invoice().lines[0]
    taxed = [replace(line, unit_price=price(Decimal(100)), vat_rate=rate(Decimal(20))), replace(line, position=2)]
    one = invoice(InvoiceState.VALIDATED, lines=taxed)
    payment().pay(one, money("237.60"))
    closed = one.close(CloseReason.DISCOUNT_VAT)
    assert (closed.rest, closed.reason) == (money("2.40"), CloseReason.DISCOUNT_VAT)
    assert closed.rates == [[0, money("1.20"), 0], [20, money("1.00"), money("0.20")]]
    assert one.reopen().reason == "discount_vat"
    assert (one.state, one.close_reason, one.due) == (InvoiceState.VALIDATED, None, money("2.40"))


def test_what_was_sealed_before_there_were_kinds_is_sealed_alike() -> None:
    """ERP-09: a standard invoice's content is what it was, so that chains written before stay valid."""
    one = invoice(source_id=InvoiceId(3))
    one.validate(NUMBER)
    assert canonical(one.content()) == (
        b'{"company":["EUR","120","0","120"],"currency":"EUR","date":"2026-11-21","due_date":"2026-12-21",'
        b'"gross":"120","kind":"invoice","lines":[[1,"Work","1","120","0","0","120"]],"net":"120","party":1,'
        b'"rate":"1","rates":[["0","120","0"]],"ref":"FA2611-0001","vat":"0"}'
    )
    other = invoice(kind=InvoiceKind.REPLACEMENT, source_id=InvoiceId(3))
    assert {"kind": "replacement", "source": 3}.items() <= other.content().items()


@pytest.mark.parametrize("kind", [InvoiceKind.STANDARD, InvoiceKind.CREDIT_NOTE])
def test_only_what_can_be_is_done_with_a_kind(kind: InvoiceKind) -> None:
    one = invoice(kind=kind, source_id=InvoiceId(3))
    one.must_be(kind)
    with pytest.raises(WrongKind):
        one.must_be(InvoiceKind.DEPOSIT)


def test_a_pro_forma_has_a_number_but_no_place_in_a_chain_and_takes_no_money() -> None:
    one = invoice(kind=InvoiceKind.PRO_FORMA)
    one.validate(NUMBER)
    assert (one.ref, one.number, one.period) == ("FA2611-0001", None, None)
    with pytest.raises(InvoiceNotOpen):
        payment().pay(one, money("1"))
    with pytest.raises(InvalidTransition):
        one.close(CloseReason.BANK_CHARGE)


@pytest.mark.parametrize("state", [state for state in InvoiceState if state is not InvoiceState.DRAFT])
def test_only_a_draft_is_edited(state: InvoiceState) -> None:
    invoice().editable()
    with pytest.raises(InvoiceNotDraft):
        invoice(state).editable()


def test_validation_gives_number_period_and_date() -> None:
    one = invoice()
    event = one.validate(NUMBER)
    assert (one.ref, one.number, one.period, one.date) == ("FA2611-0001", 1, "2026-11", ON)
    assert event.facts() == {"id": 6, "ref": "FA2611-0001", "party": 1, "gross": Decimal(120)}
    assert one.created().facts() == {"id": 6, "party": 1, "order": None, "kind": "standard", "source": None}


def test_a_date_that_was_moved_moves_the_due_date_with_it() -> None:
    one = invoice()
    one.validate(Number(ref="FA2611-0002", number=2, period="2026-11", date=ON + timedelta(days=4)))
    assert (one.date, one.due_date) == (ON + timedelta(days=4), ON + timedelta(days=34))


def test_an_invoice_is_not_due_before_its_date_and_has_lines() -> None:
    with pytest.raises(DueBeforeDate) as caught:
        invoice(due_date=ON - timedelta(days=1))
    assert caught.value.at == ("due_date",)
    invoice(due_date=ON)
    with pytest.raises(NoLines):
        invoice(lines=[])


def test_a_free_invoice_is_paid_when_it_is_validated() -> None:
    one = invoice(gross="0")
    one.validate(NUMBER)
    assert one.pay_if_nothing_due() == InvoicePaid(id=InvoiceId(6))
    assert one.state is InvoiceState.PAID


def test_nothing_left_due_is_not_abandoned() -> None:
    one = invoice(InvoiceState.VALIDATED, paid=money("120"))
    with pytest.raises(InvalidTransition):
        one.abandon(AbandonReason.ABANDON)


def test_an_abandoned_invoice_keeps_its_reason_and_what_was_paid() -> None:
    one = invoice(InvoiceState.VALIDATED)
    payment().pay(one, money("20"))
    assert one.abandon(AbandonReason.REPLACED).facts() == {"id": 6, "reason": "replaced"}
    assert (one.abandon_reason, one.paid, one.due) == (AbandonReason.REPLACED, money("20"), money("100"))


def test_the_chain_covers_what_the_law_asks_and_no_contact_data() -> None:
    one = invoice()
    one.validate(NUMBER)
    content = one.content()
    assert set(content) == {
        "kind", "ref", "party", "date", "due_date", "currency", "rate", "net", "vat", "gross", "company", "rates",
        "lines",
    }  # fmt: skip
    before = canonical(content)
    one.note, one.paid = "other", money("1")
    assert canonical(one.content()) == before
    one.lines[0].description = "Other"
    assert canonical(one.content()) != before


def test_parts_are_paid_until_nothing_is_due() -> None:
    one = invoice(InvoiceState.VALIDATED)
    first, second = payment(), payment()
    assert first.pay(one, money("100")) is None
    assert (one.state, one.paid, one.due) == (InvoiceState.VALIDATED, money("100"), money("20"))
    assert second.pay(one, money("20")) == InvoicePaid(id=InvoiceId(6))
    assert (one.state, one.paid, one.due) == (InvoiceState.PAID, money("120"), money("0"))
    assert (first.amount, second.amount) == (money("100"), money("20"))


def test_one_payment_settles_several_invoices() -> None:
    one, other = invoice(InvoiceState.VALIDATED), invoice(InvoiceState.VALIDATED, id=InvoiceId(7))
    paid = payment()
    paid.pay(one, money("120"))
    paid.pay(other, money("30.01"))
    assert [(part.invoice_id, part.amount) for part in paid.allocations] == [(6, 120), (7, Decimal("30.01"))]
    assert paid.amount == paid.company_amount == Decimal("150.01")


def _twice(paid: Payment, one: Invoice) -> None:
    paid.pay(one, money("1"))
    paid.pay(one, money("1"))


REFUSALS: Final[list[tuple[type[DomainError], dict[str, Any], Callable[[Payment, Invoice], object]]]] = [
    (Overpaid, {}, lambda paid, one: paid.pay(one, money("120.01"))),
    (PaymentNotPositive, {}, lambda paid, one: paid.pay(one, money("0"))),
    (PaymentNotPositive, {}, lambda paid, one: paid.pay(one, money("-1"))),
    (FractionOfMinorUnit, {}, lambda paid, one: paid.pay(one, money("1.001"))),
    (PaidTwice, {}, _twice),
    (MixedPayment, {"party_id": PartyId(2)}, lambda paid, one: paid.pay(one, money("1"))),
    (MixedPayment, {"code": "USD"}, lambda paid, one: paid.pay(one, money("1"))),
    (InvoiceNotOpen, {"state": InvoiceState.DRAFT}, lambda paid, one: paid.pay(one, money("1"))),
    (InvoiceNotOpen, {"state": InvoiceState.PAID}, lambda paid, one: paid.pay(one, money("1"))),
    (InvoiceNotOpen, {"state": InvoiceState.ABANDONED}, lambda paid, one: paid.pay(one, money("1"))),
]


@pytest.mark.parametrize(("error", "other", "act"), REFUSALS)
def test_a_wrong_payment_changes_nothing(
    error: type[DomainError], other: dict[str, Any], act: Callable[[Payment, Invoice], object]
) -> None:
    one, paid = invoice(**{"state": InvoiceState.VALIDATED, **other}), payment()
    before = deepcopy(one)
    with pytest.raises(error):
        act(paid, one)
    if error is not PaidTwice:
        assert one == before
        assert (paid.allocations, paid.amount) == ([], money("0"))


@pytest.mark.parametrize(
    ("exchange", "difference"), [("0.6", "-10"), ("0.4", "10"), ("0.5", None)], ids=["gain", "loss", "even"]
)
def test_a_settled_foreign_invoice_leaves_its_exchange_difference(exchange: str, difference: str | None) -> None:
    """Paid at another rate than its own: the rest in the company's currency is an allocation of its own."""
    one, paid = invoice(InvoiceState.VALIDATED, gross="100", code="USD"), payment("USD", exchange)
    paid.pay(one, money("100"))
    differences = [part for part in paid.allocations if part.kind is AllocationKind.EXCHANGE_DIFFERENCE]
    expected = [] if difference is None else [(money("0"), money(difference))]
    assert [(part.amount, part.company_amount) for part in differences] == expected
    assert one.company_paid == one.totals.company_gross == 50
    assert sum(part.company_amount for part in paid.allocations) == 50
    assert paid.amount == 100


def test_a_part_paid_foreign_invoice_has_no_difference_yet() -> None:
    one, paid = invoice(InvoiceState.VALIDATED, gross="100", code="USD"), payment("USD", "0.6")
    paid.pay(one, money("50"))
    assert [part.kind for part in paid.allocations] == [AllocationKind.SETTLEMENT]
    assert one.company_paid == paid.company_amount == 30


@pytest.mark.parametrize(("code", "least"), [("JPY", "1"), ("EUR", "0.01"), ("KWD", "0.001")])
def test_the_least_payment_is_the_minor_unit(code: str, least: str) -> None:
    one = invoice(InvoiceState.VALIDATED, gross="10", code=code)
    payment(code, "0.5").pay(one, money(least))
    with pytest.raises(FractionOfMinorUnit):
        payment(code, "0.5").pay(one, Amount(money(least) / 2 if code != "KWD" else Decimal("0.0005")))


def test_a_payment_takes_its_number_and_tells_of_it() -> None:
    paid = payment(id=PaymentId(3))
    paid.pay(invoice(InvoiceState.VALIDATED), money("120"))
    later = ON + timedelta(days=1)
    paid.take(Number(ref="PAY2611-0001", number=1, period="2026-11", date=later))
    assert (paid.ref, paid.number, paid.period, paid.date) == ("PAY2611-0001", 1, "2026-11", later)
    assert paid.received().facts() == {
        "id": 3,
        "ref": "PAY2611-0001",
        "party": 1,
        "amount": Decimal(120),
        "currency": "EUR",
    }
    assert paid.content()["allocations"] == [[6, "settlement", Decimal(120), Decimal(120)]]
