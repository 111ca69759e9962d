"""Payments, bank accounts, slips of cheques and orders to banks are stored and found alike on every database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, TypeVar

import pytest

from app.domain.banking import (
    BankAccount,
    ChequeDeposit,
    DepositedCheque,
    InvoiceInOrder,
    SepaKind,
    SepaLine,
    SepaOrder,
    SepaSequence,
    SepaState,
)
from app.domain.billing import CreditUse, Invoice, Payment, PaymentMethod
from app.domain.parties import Party
from app.domain.shared.errors import NotFound, Stale, Taken
from app.domain.shared.ids import InvoiceId, PartyId
from app.domain.shared.money import currency
from app.infrastructure.database.failures import ConstraintViolated
from app.infrastructure.database.work import SqlWorks
from app.usecases.banking import CHEQUE_DEPOSITS, SEPA_ORDERS
from app.usecases.billing import PAYMENTS
from app.usecases.context import Context
from app.usecases.ports.listing import Filter, Listing, Operator, Query
from tests.support.databases import company_context
from tests.support.paying import ON, credited, money, owed, payment

pytestmark = pytest.mark.fast
Result = TypeVar("Result")
GERMAN: Final = "DE89370400440532013000"
BRITISH: Final = "GB29NWBK60161331926819"
AT: Final = datetime(2026, 11, 21, 9, 30, 15, tzinfo=UTC)
NOBODY: Final = 999_999_999


@dataclass(frozen=True)
class Till:
    """One company with a customer; each call is a transaction of its own."""

    works: SqlWorks
    context: Context
    party: PartyId

    @classmethod
    def of(cls, works: SqlWorks) -> Till:
        context, party = company_context(works), Party(name="Client", customer=True)
        till = cls(works, context, party.id)
        till.do(lambda work: work.parties.add(party))
        return cls(works, context, party.id)

    def do(self, step: Callable[[Any], Result]) -> Result:
        """Do something, and keep it."""
        with self.works.writing(self.context) as work:
            done = step(work)
            work.commit()
        return done

    def see(self, step: Callable[[Any], Result]) -> Result:
        """Read something."""
        with self.works.reading(self.context) as work:
            return step(work)

    def invoice(self, gross: str = "100", **others: Any) -> Invoice:
        """Enter an invoice that takes money."""
        made = owed((gross, "0"), party_id=self.party, **others)
        self.do(lambda work: work.invoices.add(made))
        return made

    def note(self, gross: str = "100", **others: Any) -> Invoice:
        """Enter a credit note that money is given back of."""
        made = credited((gross, "0"), party_id=self.party, **others)
        self.do(lambda work: work.invoices.add(made))
        return made

    def payment(self, moved: str | None = None, **others: Any) -> Payment:
        """Enter a payment; with ``moved`` all of it is credit."""
        made = payment(party_id=self.party, **others)
        made.ref = f"PAY{len(self.rows(PAYMENTS)) + 1}"
        if moved is not None:
            made.close(money(moved))
        self.do(lambda work: work.payments.add(made))
        return made

    def account(self, **fields: Any) -> BankAccount:
        """Enter a bank account."""
        given: dict[str, Any] = {"label": "Current", "holder": "Acme", "iban": GERMAN, "currency": currency("EUR")}
        made = BankAccount(**given | fields)
        self.do(lambda work: work.bank_accounts.add(made))
        return made

    def order(self, *invoices: Invoice, **fields: Any) -> SepaOrder:
        """Give an order of one euro of each invoice; it is not entered."""
        given: dict[str, Any] = {"kind": SepaKind.DIRECT_DEBIT, "date": ON, "iban": GERMAN, "holder": "Acme"}
        account = fields.pop("account_id", None) or self.account().id
        lines = [line(position, one.id) for position, one in enumerate(invoices, 1)]
        return SepaOrder(**given | {"account_id": account, "lines": lines} | fields)

    def rows(self, listing: Listing, *filters: tuple[str, Operator, object]) -> list[tuple[Any, ...]]:
        """Give the rows of a list."""
        wanted = tuple(Filter(field=name, operator=how, value=value) for name, how, value in filters)
        query = Query(filters=wanted, sort=listing.default_sort, limit=50)
        return list(self.see(lambda work: work.lists.page(listing, query)).rows)


def line(position: int, invoice: InvoiceId, **fields: Any) -> SepaLine:
    given: dict[str, Any] = {"amount": money("1"), "holder": "Client", "iban": BRITISH}
    return SepaLine(position=position, invoice_id=invoice, **given | fields)


@pytest.fixture
def till(works: SqlWorks) -> Till:
    return Till.of(works)


# --- payments -------------------------------------------------------------------------------------------------------


def test_a_payment_comes_back_with_every_part_in_its_place(till: Till) -> None:
    source, account = till.payment("30", code="USD", exchange="0.6"), till.account()
    one, two = (till.invoice(code="USD", exchange="0.5") for _ in range(2))
    made = payment(
        party_id=till.party, code="USD", exchange="0.7", ref="PAY9", reference="77, Bänk", account_id=account.id
    )
    made.use(source, None)
    made.pay(two, None)
    made.pay(one, money("33.33"))
    made.close(money("110.5"))
    made.number, made.period, made.link, made.reason = 7, "2026-11", "f" * 64, "Nö"
    till.do(lambda work: work.payments.add(made))
    found = till.see(lambda work: work.payments.get(made.id))
    assert found == made
    assert [part.invoice_id for part in found.allocations] == [two.id, two.id, one.id]
    assert [use.kind.value for use in found.uses] == ["settlement", "exchange_difference"]


def test_uses_are_found_though_they_add_up_to_nothing(till: Till) -> None:
    """A reversal of what used as much credit as it left: its allocations alone are its amount."""
    source, original = till.payment("30"), till.payment("30")
    made = payment(party_id=till.party, ref="PAY9", reverses_id=original.id)
    for credit, part in ((source, "30"), (original, "-30")):
        made.uses.append(CreditUse(credit_of=credit.id, amount=money(part), company_amount=money(part)))
    till.do(lambda work: work.payments.add(made))
    assert [use.amount for use in till.see(lambda work: work.payments.get(made.id)).uses] == [30, -30]


def test_what_is_left_of_credits_is_stored_with_what_reversed_them(till: Till) -> None:
    one, two, undone = till.payment("10"), till.payment("20"), till.payment("5")
    one.credit_left = one.company_credit_left = money("0.01")
    two.reversed_by_id = undone.id
    till.do(lambda work: work.payments.save_credits([two, one]))
    keys = (one.id, two.id, undone.id)
    stored = till.see(lambda work: {key: work.payments.get(key) for key in keys})
    assert (stored[one.id].credit_left, stored[one.id].company_credit_left) == (money("0.01"), money("0.01"))
    assert (stored[one.id].credit, stored[one.id].reversed_by_id) == (10, None)
    assert (stored[two.id].credit_left, stored[two.id].reversed_by_id) == (20, undone.id)
    assert [stored[one.id].version, stored[two.id].version, stored[undone.id].version] == [2, 2, 1]


def test_of_credits_of_which_one_was_changed_meanwhile_none_is_stored(till: Till) -> None:
    one, two = till.payment("10"), till.payment("20")
    one.credit_left = two.credit_left = money("1")
    two.version = 7
    with pytest.raises(Stale):
        till.do(lambda work: work.payments.save_credits([one, two]))
    assert till.see(lambda work: work.payments.get(one.id)).credit_left == 10


def test_what_stands_to_a_customers_credit_is_listed_oldest_first(till: Till) -> None:
    """What is used up, owed by the customer, a draft or somebody else's is not in it."""
    used = till.payment("10")
    used.credit_left = used.company_credit_left = money("0")
    till.do(lambda work: work.payments.save_credits([used]))
    left, dollars = till.payment("20"), till.payment("3", code="USD", exchange="0.9")
    till.invoice()
    part = till.note("50")
    payment(party_id=till.party).pay(part, money("-20"))
    till.do(lambda work: work.invoices.save_settlements([part]))
    till.note(state="draft")
    till.note(state="paid")
    found = till.see(lambda work: work.payments.open_credits(till.party))
    told = [(one.kind.value, one.id, one.currency, one.left) for one in found]
    assert told == [
        ("payment", left.id, "EUR", 20),
        ("payment", dollars.id, "USD", 3),
        ("credit_note", part.id, "EUR", 30),
    ]
    assert found[0].ref == left.ref
    assert till.see(lambda work: work.payments.open_credits(PartyId(NOBODY))) == []


def test_another_company_sees_and_locks_none_of_it(till: Till, works: SqlWorks) -> None:
    """ERP-08: repositories cannot leave the context's company."""
    paid, account, invoice = till.payment("10"), till.account(), till.invoice()
    order = till.order(invoice, account_id=account.id)
    till.do(lambda work: work.sepa_orders.add(order))
    other = Till.of(works)
    assert other.do(lambda work: work.payments.lock([paid.id])) == {}
    assert other.see(lambda work: work.payments.open_credits(till.party)) == []
    assert other.see(lambda work: work.sepa_orders.held([invoice.id])) == set()
    for read in (
        lambda work: work.payments.get(paid.id),
        lambda work: work.bank_accounts.get(account.id),
        lambda work: work.sepa_orders.get(order.id, lock=True),
    ):
        with pytest.raises(NotFound):
            other.do(read)
    with pytest.raises(Stale):
        other.do(lambda work: work.bank_accounts.save(account))


# --- bank accounts --------------------------------------------------------------------------------------------------


def test_an_iban_is_a_companys_own_once(till: Till, works: SqlWorks) -> None:
    """Another company may keep an account with the same number: banks merge, tests are run."""
    first = till.account()
    with pytest.raises(Taken) as taken:
        till.account(label="Other")
    assert taken.value.at == ("iban",)
    second = till.account(iban=BRITISH)
    second.iban = GERMAN
    with pytest.raises(Taken):
        till.do(lambda work: work.bank_accounts.save(second))
    assert till.see(lambda work: work.bank_accounts.get(second.id)).iban == BRITISH
    assert Till.of(works).account().id != first.id


def test_a_changed_account_is_stored_once_per_version(till: Till) -> None:
    made = till.account()
    seen = till.see(lambda work: work.bank_accounts.get(made.id))
    made.change({"label": "Other", "iban": BRITISH, "archived": True})
    till.do(lambda work: work.bank_accounts.save(made))
    assert till.see(lambda work: work.bank_accounts.get(made.id)) == made
    assert made.version == 2
    seen.change({"label": "Third"})
    with pytest.raises(Stale):
        till.do(lambda work: work.bank_accounts.save(seen))
    assert till.see(lambda work: work.bank_accounts.get(made.id)).label == "Other"


# --- slips of cheques -----------------------------------------------------------------------------------------------


def slip_of(till: Till, *cheques: Payment, ref: str = "CHQ1") -> ChequeDeposit:
    lines = [DepositedCheque(payment_id=one.id, amount=one.amount) for one in cheques]
    account = till.account(iban=GERMAN if ref == "CHQ1" else BRITISH).id
    return ChequeDeposit(ref=ref, date=ON, account_id=account, currency=currency("EUR"), lines=lines)


def test_a_slip_comes_back_with_its_cheques_in_order(till: Till) -> None:
    one, two = (till.payment(moved, method=PaymentMethod.CHEQUE) for moved in ("10.10", "0.90"))
    slip = slip_of(till, two, one)
    till.do(lambda work: work.cheque_deposits.add(slip))
    found = till.see(lambda work: work.cheque_deposits.get(slip.id))
    assert found == slip
    assert [cheque.payment_id for cheque in found.lines] == [two.id, one.id]
    assert till.rows(CHEQUE_DEPOSITS, ("amount", Operator.EQ, money("11")))[0][0] == slip.id


def test_a_cheque_is_never_on_two_slips(till: Till) -> None:
    """The database itself sees to it; the second slip is not stored either."""
    one = till.payment("1", method=PaymentMethod.CHEQUE)
    first, again = slip_of(till, one), slip_of(till, one, ref="CHQ2")
    till.do(lambda work: work.cheque_deposits.add(first))
    with pytest.raises(ConstraintViolated, match="payment_id"):
        till.do(lambda work: work.cheque_deposits.add(again))
    assert len(till.rows(CHEQUE_DEPOSITS)) == 1


# --- orders to banks ------------------------------------------------------------------------------------------------


def test_an_order_comes_back_as_it_was_entered(till: Till) -> None:
    made = till.order(till.invoice(), till.invoice(), bic="COBADEFF", creditor_id="DE98ZZZ09999999999")
    made.lines[0].mandate, made.lines[0].mandate_date = "M-1", date(2026, 1, 15)
    made.lines[0].sequence, made.lines[0].invoice_ref = SepaSequence.LAST, "FA1"
    made.lines[1].amount = money("99999999999998.99")
    till.do(lambda work: work.sepa_orders.add(made))
    assert till.see(lambda work: work.sepa_orders.get(made.id)) == made
    assert till.rows(SEPA_ORDERS, ("amount", Operator.GT, money("99999999999999")))[0][0] == made.id


def test_an_order_that_was_generated_keeps_message_and_instant(till: Till) -> None:
    """ERP-06: the instant is UTC to the second, so that the file is always the same."""
    made = till.order(till.invoice())
    till.do(lambda work: work.sepa_orders.add(made))
    made.generate(AT + timedelta(microseconds=7))
    till.do(lambda work: work.sepa_orders.save(made))
    found = till.see(lambda work: work.sepa_orders.get(made.id))
    assert (found.state, found.generated_at, found.version) == (SepaState.GENERATED, AT, 2)
    assert found.message_id == f"TRAMITA-{made.id}-20261121093015"


@pytest.mark.parametrize("ends", ["cancel", "settle"])
def test_an_order_that_ended_lets_its_invoices_go(till: Till, ends: str) -> None:
    invoice, paid = till.invoice(), till.payment("1")
    made = till.order(invoice)
    till.do(lambda work: work.sepa_orders.add(made))
    made.generate(AT)
    if ends == "cancel":
        made.cancel()
    else:
        made.lines[0].payment_id = paid.id
        made.settle([paid.id])
    till.do(lambda work: work.sepa_orders.save(made))
    assert till.see(lambda work: work.sepa_orders.held([invoice.id])) == set()
    assert till.see(lambda work: work.sepa_orders.get(made.id)) == made
    again = till.order(invoice, account_id=made.account_id)
    till.do(lambda work: work.sepa_orders.add(again))


def test_an_invoice_that_another_order_took_meanwhile_is_refused_whole(till: Till) -> None:
    """The database itself sees to it, when nobody looked before."""
    taken, free = till.invoice(), till.invoice()
    first = till.order(taken)
    till.do(lambda work: work.sepa_orders.add(first))
    second = till.order(free, taken, account_id=first.account_id)
    with pytest.raises(InvoiceInOrder) as refused:
        till.do(lambda work: work.sepa_orders.add(second))
    assert refused.value.at == ("lines",)
    assert [row[0] for row in till.rows(SEPA_ORDERS)] == [first.id]
    assert till.see(lambda work: work.sepa_orders.held([free.id])) == set()


def test_an_order_saved_by_somebody_else_meanwhile_is_stale(till: Till) -> None:
    made = till.order(till.invoice())
    till.do(lambda work: work.sepa_orders.add(made))
    seen = till.see(lambda work: work.sepa_orders.get(made.id))
    made.generate(AT)
    till.do(lambda work: work.sepa_orders.save(made))
    seen.cancel()
    with pytest.raises(Stale):
        till.do(lambda work: work.sepa_orders.save(seen))
    assert till.see(lambda work: work.sepa_orders.get(made.id)).state is SepaState.GENERATED
