"""Payments, credits, slips and orders to banks under real processes at once (CT-02, ERP-07)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import pytest

from app.domain.banking import BankAccount, SepaKind, SepaLine, SepaOrder, SepaSequence, SepaState
from app.domain.billing import InvoiceState, Payment, PaymentMethod
from app.domain.shared.ids import BankAccountId, InvoiceId
from app.domain.shared.money import currency, price, quantity, rate
from app.usecases.banking import (
    CreateBankAccount,
    CreateSepaOrder,
    GenerateSepaOrder,
    ListChequeDeposits,
    ListSepaOrders,
    ReadSepaOrder,
)
from app.usecases.billing import CreateInvoice, CreatePayment, InvoiceDraft, Part, PaymentDraft, ValidateInvoice
from app.usecases.shared import LineDraft
from tests.support.books import Books
from tests.support.contender import Call, Job
from tests.support.paying import ON, money
from tests.support.processes import Team, told_by
from tests.support.shop import NO_VAT, Shop, check_chain, check_settled

EIGHT: Final = range(8)
SERVERS: Final = ("postgresql", "mariadb", "mariadb-no-returning")
IN_FULL: Final = [pytest.param(kind, marks=pytest.mark.full) for kind in SERVERS]
ONCE: Final = pytest.mark.parametrize(
    "database_kind", [pytest.param("sqlite", marks=pytest.mark.fast), *IN_FULL], indirect=True
)
ALL_IN_FULL: Final = pytest.mark.parametrize(
    "database_kind", [pytest.param("sqlite", marks=pytest.mark.full), *IN_FULL], indirect=True
)


@pytest.fixture
def shop(books: Books) -> Shop:
    return Shop.of(books)


def euros(shop: Shop, gross: str) -> InvoiceId:
    """Enter and validate an invoice in euros; the books are kept in dollars."""
    line = LineDraft(
        description="Work", quantity=quantity(Decimal(1)), unit_price=price(Decimal(gross)), vat_rate=NO_VAT
    )
    draft = InvoiceDraft(party_id=shop.customer, currency="EUR", rate=rate(Decimal("1.1")), lines=(line,))
    desk = shop.books.desk
    made = shop.books.do(CreateInvoice(desk.clock), draft)
    return shop.books.do(ValidateInvoice(desk.numbering), made.id).id


def account(shop: Shop, code: str = "EUR") -> BankAccountId:
    names: dict[str, Any] = {
        "label": "L",
        "holder": "H",
        "iban": "GB29NWBK60161331926819",
        "creditor_id": "DE98ZZZ09999999999",
    }
    return shop.books.do(CreateBankAccount(), BankAccount(**names, currency=currency(code))).id


def collecting(own: BankAccountId, *invoices: InvoiceId) -> SepaOrder:
    """Give an order that collects ten euros of each invoice."""
    mandate: dict[str, Any] = {"mandate": "M-1", "mandate_date": ON, "sequence": SepaSequence.RECURRENT}
    debtor: dict[str, Any] = {"holder": "Client", "iban": "DE89370400440532013000", "amount": money("10"), **mandate}
    lines = [SepaLine(position=at, invoice_id=one, **debtor) for at, one in enumerate(invoices, 1)]
    return SepaOrder(kind=SepaKind.DIRECT_DEBIT, date=ON, account_id=own, lines=lines)


def order(shop: Shop, *invoices: InvoiceId, generated: bool = True) -> SepaOrder:
    """Enter such an order, and make its file."""
    made = shop.books.do(CreateSepaOrder(), collecting(account(shop), *invoices))
    return shop.books.do(GenerateSepaOrder(shop.books.desk.clock), made.id) if generated else made


def paid(shop: Shop, gross: str, **fields: Any) -> Payment:
    """Pay an invoice of its own."""
    draft = PaymentDraft(parts=(Part(invoice_id=shop.due(gross)),), **fields)
    return shop.books.do(CreatePayment(shop.books.desk.clock, shop.books.desk.numbering), draft)


def each(shop: Shop, *calls: Call) -> Sequence[Job]:
    """Give every call to a member of its own."""
    return [Job(company=shop.company, calls=(call,)) for call in calls]


def codes(heard: Any) -> list[str]:
    return sorted(str(one.facts["code"]) for one in told_by(heard, "refused"))


@ALL_IN_FULL
def test_a_credit_given_back_is_not_used_and_one_used_is_not_given_back(shop: Shop, team: Team) -> None:
    """CT-02: of those who refund all of it and those who settle invoices with it one wins."""
    credit = paid(shop, "10", amount=money("110")).id
    uses: list[Call] = [("use credit", {"credit": credit, "invoice": shop.due("100"), "part": "100"}) for _ in range(4)]
    refunds: list[Call] = [("refund credit", {"credit": credit})] * 4
    heard = team.compete(each(shop, *uses, *refunds))
    assert len(told_by(heard, "done")) == 1
    assert set(codes(heard)) <= {"billing.credit_exceeded", "billing.refund_not_negative"}
    assert next(one for one in shop.payments() if one.id == credit).credit_left == 0
    check_settled(shop)
    check_chain(shop.payments())


@ALL_IN_FULL
def test_of_eight_who_make_one_file_one_does(shop: Shop, team: Team) -> None:
    """CT-02: a second message of the same order would be collected twice."""
    made = order(shop, euros(shop, "10"), generated=False)
    heard = team.compete(each(shop, *[("generate", {"order": made.id}) for _ in EIGHT]))
    (done,) = told_by(heard, "done")
    assert codes(heard) == ["state.invalid_transition"] * 7
    assert shop.books.do(ReadSepaOrder(), made.id).message_id == done.facts["message"]


@ALL_IN_FULL
def test_an_order_is_settled_or_canceled_once(shop: Shop, team: Team) -> None:
    """CT-02: what was settled is paid once, what was canceled is not paid at all."""
    invoices = [euros(shop, "10"), euros(shop, "10")]
    made = order(shop, *invoices)
    calls: list[Call] = [("settle" if member % 2 else "cancel order", {"order": made.id}) for member in EIGHT]
    heard = team.compete(each(shop, *calls))
    assert len(told_by(heard, "done")) == 1
    assert codes(heard) == ["state.invalid_transition"] * 7
    settled = shop.books.do(ReadSepaOrder(), made.id).state is SepaState.SETTLED
    assert [shop.invoice(one).paid for one in invoices] == [10 if settled else 0] * 2
    assert len(shop.payments()) == (2 if settled else 0)
    check_chain(shop.payments())


@ONCE
def test_what_is_paid_by_hand_while_the_bank_collects_it_is_paid_once(shop: Shop, team: Team) -> None:
    """CT-02: whichever comes first, by hand or by the bank; they lock in one order, so no database undoes either."""
    invoices = [euros(shop, "10") for _ in range(3)]
    made = order(shop, *invoices)
    hand: list[Call] = [("pay", {"parts": tuple((one, "10") for one in invoices[::-1])})] * 4
    heard = team.compete(each(shop, *hand, *[("settle", {"order": made.id})] * 4))
    assert told_by(heard, "again") == []
    assert len(told_by(heard, "done")) == 1
    assert set(codes(heard)) <= {"billing.invoice_not_open", "state.invalid_transition"}
    assert {shop.invoice(one).state for one in invoices} == {InvoiceState.PAID}
    check_settled(shop)


@ALL_IN_FULL
def test_of_eight_who_order_one_invoice_from_the_bank_one_does(shop: Shop, team: Team) -> None:
    """CT-02: an invoice is in one open order only; the lines beside it are free again."""
    wanted, own = euros(shop, "10"), account(shop)
    others = [euros(shop, "10") for _ in EIGHT]
    heard = team.compete(each(shop, *[("collect", {"order": collecting(own, other, wanted)}) for other in others]))
    assert len(told_by(heard, "done")) == 1
    assert codes(heard) == ["banking.invoice_in_order"] * 7
    assert len(shop.books.rows(ListSepaOrders())) == 1


@ALL_IN_FULL
def test_a_cheque_is_deposited_once_or_bounces(shop: Shop, team: Team) -> None:
    """CT-02: of those who deposit two cheques in opposite order and those who undo one, never two win the same."""
    own = account(shop, "USD")
    one, two = (paid(shop, "10", method=PaymentMethod.CHEQUE).id for _ in range(2))
    orders = ((one, two), (two, one))
    calls: list[Call] = [("deposit", {"account": own, "payments": orders[member % 2]}) for member in range(6)]
    heard = team.compete(each(shop, *calls, ("reverse", {"payment": one}), ("reverse", {"payment": one})))
    slips = [told for told in told_by(heard, "done") if told.facts["ref"].startswith("CHQ")]
    assert len(slips) == len(shop.books.rows(ListChequeDeposits())) <= 1
    assert set(codes(heard)) <= {"banking.cheque_deposited", "banking.no_cheque", "billing.payment_reversed_before"}
    assert len(codes(heard)) == 8 - 1 - len(slips)
    assert told_by(heard, "again") == []
    check_chain(shop.payments())
