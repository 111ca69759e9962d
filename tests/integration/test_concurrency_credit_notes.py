"""Credit notes, deductions, endings and templates under real processes at once: each thing once (CT-02, ERP-07)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Final

import pytest

from app.domain.billing import (
    CloseReason,
    Every,
    InvoiceKind,
    InvoiceState,
    InvoiceTemplate,
    Recurrence,
    TemplateLine,
    TemplateState,
)
from app.domain.sales import LineQuantity
from app.domain.shared.ids import InvoiceId, InvoiceTemplateId, OrderId, ReturnId
from app.domain.shared.lines import LineKind
from app.domain.shared.money import price, quantity, rate
from app.domain.shipping import ReturnState
from app.usecases.billing import (
    CopyDraft,
    CreateInvoice,
    CreateInvoiceTemplate,
    InvoiceDraft,
    InvoiceOrder,
    OrderInvoiceDraft,
    ReadInvoiceTemplate,
    ReplaceInvoice,
    ValidateInvoice,
)
from app.usecases.shared import LineDraft
from app.usecases.shipping import (
    ReadReturn,
    ReturnPart,
    ReturnShipment,
    ShipmentReturnDraft,
    ValidateReturn,
    ValidateShipment,
)
from tests.support.books import Books
from tests.support.contender import Call, Job
from tests.support.processes import ON_EACH, Heard, Team, told_by
from tests.support.shop import NO_VAT, Shop, check_chain, check_settled

EIGHT: Final = range(8)
ROUNDS: Final = 4
FULL: Final = pytest.mark.parametrize(
    "database_kind",
    [pytest.param(kind, marks=pytest.mark.full) for kind in ("sqlite", "postgresql", "mariadb")],
    indirect=True,
)


SERVERS_IN_FULL: Final = pytest.mark.parametrize(
    "database_kind",
    [
        pytest.param("sqlite", marks=pytest.mark.fast),
        pytest.param("postgresql", marks=pytest.mark.full),
        pytest.param("mariadb", marks=pytest.mark.full),
    ],
    indirect=True,
)


@pytest.fixture
def shop(books: Books) -> Shop:
    return Shop.of(books)


def compete(shop: Shop, team: Team, *calls: Sequence[Call]) -> list[Heard]:
    """Let each member make its calls, and check that no database had to undo any of it."""
    heard = team.compete([Job(company=shop.company, calls=tuple(one)) for one in calls])
    assert told_by(heard, "again") == []
    return heard


def codes(heard: list[Heard]) -> set[str]:
    return {one.facts["code"] for one in told_by(heard, "refused")}


def done_once_each(heard: list[Heard]) -> bool:
    """Tell whether of each call one member did it."""
    return sorted(one.index for one in told_by(heard, "done")) == list(range(ROUNDS))


def of_ten(shop: Shop, kind: InvoiceKind = InvoiceKind.STANDARD) -> InvoiceId:
    """Enter and validate an invoice of ten pieces at 10."""
    line = LineDraft(description="Work", quantity=quantity(Decimal(10)), unit_price=price(Decimal(10)), vat_rate=NO_VAT)
    draft = InvoiceDraft(kind=kind, party_id=shop.customer, lines=(line,))
    made = shop.books.do(CreateInvoice(shop.books.desk.clock), draft)
    return shop.books.do(ValidateInvoice(shop.books.desk.numbering), made.id).id


def paid_deposits(shop: Shop, team: Team) -> list[InvoiceId]:
    made = [of_ten(shop, InvoiceKind.DEPOSIT) for _ in range(ROUNDS)]
    compete(shop, team, [("pay", {"parts": ((one, "100"),)}) for one in made])
    return made


def replacement(shop: Shop, source: InvoiceId) -> InvoiceId:
    """Enter the draft of a replacement."""
    return shop.books.do(ReplaceInvoice(shop.books.desk.clock), CopyDraft(invoice_id=source)).id


def notes_of(shop: Shop, source: InvoiceId) -> list[Decimal]:
    """Give the gross of each credit note of an invoice."""
    notes = (one for one in shop.invoices() if one.kind is InvoiceKind.CREDIT_NOTE)
    return [one.totals.gross for one in notes if one.source_id == source]


@ON_EACH
def test_eight_credit_notes_of_one_invoice_never_take_back_more_than_it_charged(shop: Shop, team: Team) -> None:
    """CT-02: of eight who take back 3 of 10 pieces three may, drafts as they are; the others are told what is left."""
    source = of_ten(shop)
    heard = compete(shop, team, *([("credit", {"invoice": source, "part": "3"})] for _ in EIGHT))
    refused = told_by(heard, "refused")
    assert [(one.facts["code"], Decimal(one.facts["left"])) for one in refused] == [
        ("billing.over_credited", Decimal(1))
    ] * 5
    assert notes_of(shop, source) == [-30, -30, -30]


def came_back(shop: Shop) -> tuple[ReturnId, list[InvoiceId]]:
    """Give the return of one of four pieces, and two invoices of two pieces each that charge for them."""
    desk = shop.books.desk
    shipment = shop.books.do(ValidateShipment(desk.clock, desk.numbering), shop.shipment([(shop.goods("4"), 4)]))
    parts = (ReturnPart(position=1, quantity=quantity(Decimal(1))),)
    asked = ShipmentReturnDraft(shipment_id=shipment.id, reason="x", lines=parts)
    back = shop.books.do(ReturnShipment(desk.clock), asked)
    shop.books.do(ValidateReturn(desk.clock, desk.numbering), back.id)
    return back.id, [half(shop, shipment.order_id) for _ in range(2)]


def half(shop: Shop, order: OrderId) -> InvoiceId:
    """Enter and validate an invoice of two pieces of an order."""
    desk = shop.books.desk
    parts = (LineQuantity(position=1, quantity=quantity(Decimal(2))),)
    made = shop.books.do(InvoiceOrder(desk.clock), OrderInvoiceDraft(order_id=order, lines=parts))
    return shop.books.do(ValidateInvoice(desk.numbering), made.id).id


@SERVERS_IN_FULL
def test_a_return_is_credited_once_however_many_notes_name_it(shop: Shop, team: Team) -> None:
    """CT-02: half of the eight credit one invoice of the order and half the other: only the return is shared."""
    made = [came_back(shop) for _ in range(ROUNDS)]
    heard = compete(
        shop, team, *([("credit", {"invoice": of[at % 2], "back": back}) for back, of in made] for at in EIGHT)
    )
    assert done_once_each(heard)
    assert codes(heard) == {"billing.return_credited"}
    named = [shop.books.do(ReadReturn(), back).credit_note_id for back, _ in made]
    assert sorted(one for one in named if one) == sorted(one.facts["id"] for one in told_by(heard, "done"))


@FULL
def test_a_return_is_credited_or_called_off(shop: Shop, team: Team) -> None:
    """CT-02: of four who credit it and four who cancel it one is first, and nobody second."""
    made = [came_back(shop) for _ in range(ROUNDS)]
    crediting: list[Call] = [("credit", {"invoice": of[0], "back": back}) for back, of in made]
    canceling: list[Call] = [("cancel return", {"back": back}) for back, _ in made]
    heard = compete(shop, team, *[crediting, canceling] * 4)
    assert done_once_each(heard)
    assert codes(heard) <= {"billing.return_credited", "billing.return_not_back", "state.invalid_transition"}
    for back, _ in made:
        found = shop.books.do(ReadReturn(), back)
        assert (found.credit_note_id is None) is (found.state is ReturnState.CANCELED)


@FULL
def test_a_deposit_is_deducted_once_however_many_drafts_ask(shop: Shop, team: Team) -> None:
    """CT-02: each of eight has drafts of its own, and all want the same deposits."""
    deposits = paid_deposits(shop, team)
    drafts = [[shop.draft("150") for _ in deposits] for _ in EIGHT]
    heard = compete(
        shop,
        team,
        *(
            [("deduct", {"invoice": one, "deposit": given}) for one, given in zip(mine, deposits, strict=True)]
            for mine in drafts
        ),
    )
    assert done_once_each(heard)
    assert codes(heard) == {"billing.deposit_deducted"}
    lines = [line.deposit_id for mine in drafts for one in mine for line in shop.invoice(one).lines[1:]]
    assert sorted(one for one in lines if one is not None) == deposits


@FULL
def test_a_deposit_is_deducted_or_paid_back(shop: Shop, team: Team) -> None:
    """ERP-07: of four who deduct it and four who credit it one is first, and nobody second."""
    deposits = paid_deposits(shop, team)
    taking: list[list[Call]] = [
        [("deduct", {"invoice": shop.draft("150"), "deposit": one}) for one in deposits] for _ in range(4)
    ]
    giving: list[list[Call]] = [[("credit", {"invoice": one}) for one in deposits] for _ in range(4)]
    heard = compete(shop, team, *taking, *giving)
    assert done_once_each(heard)
    assert codes(heard) <= {"billing.deposit_deducted", "billing.nothing_to_credit"}


@FULL
def test_an_invoice_is_paid_or_given_up(shop: Shop, team: Team) -> None:
    """CT-02: abandoned, closed with a reason, or paid in full: one of them, and the others are told."""
    invoices = [of_ten(shop) for _ in range(ROUNDS)]
    paying: list[Call] = [("pay", {"parts": ((one, "100"),)}) for one in invoices]
    leaving: list[Call] = [("abandon", {"invoice": one}) for one in invoices]
    closing: list[Call] = [("close invoice", {"invoice": one}) for one in invoices]
    heard = compete(shop, team, *[paying, leaving, closing] * 2)
    assert done_once_each(heard)
    assert codes(heard) <= {"billing.invoice_not_open", "state.invalid_transition"}
    for one in map(shop.invoice, invoices):
        ended = (one.state, one.close_reason, one.paid)
        assert ended in {
            (InvoiceState.PAID, None, Decimal(100)),
            (InvoiceState.PAID, CloseReason.BANK_CHARGE, Decimal(0)),
            (InvoiceState.ABANDONED, None, Decimal(0)),
        }


@FULL
def test_an_invoice_is_paid_credited_or_replaced(shop: Shop, team: Team) -> None:
    """ERP-07: a replacement is final only while nothing was paid or credited, whoever is at work."""
    sources = [of_ten(shop) for _ in range(ROUNDS)]
    replacing: list[list[Call]] = [
        [("validate", {"invoice": replacement(shop, one)}) for one in sources] for _ in range(3)
    ]
    crediting: list[Call] = [("credit", {"invoice": one, "part": "4"}) for one in sources]
    paying: list[Call] = [("pay", {"parts": ((one, "1"),)}) for one in sources]
    compete(shop, team, *replacing, crediting, paying)
    by_source = {one.source_id: one for one in shop.invoices() if one.kind is InvoiceKind.REPLACEMENT and one.number}
    for one in map(shop.invoice, sources):
        touched = bool(one.paid or notes_of(shop, one.id))
        assert touched is (one.id not in by_source) is (one.state is not InvoiceState.ABANDONED)


def daily(shop: Shop, days: int) -> InvoiceTemplateId:
    """Enter a template that owes the invoices of so many days, to be validated by itself."""
    line = TemplateLine(
        product_id=None,
        kind=LineKind.SERVICE,
        description="{period}",
        quantity=quantity(Decimal(1)),
        unit_price=price(Decimal(9)),
        discount=rate(Decimal(0)),
        vat_rate=NO_VAT,
    )
    desk = shop.books.desk
    first = desk.clock.today(desk.context().zone) - timedelta(days=days - 1)
    every = Recurrence(every=Every.DAY, step=1, first=first, count=days)
    made = InvoiceTemplate(label="Rent", party_id=shop.customer, recurrence=every, auto_validate=True, lines=(line,))
    return shop.books.do(CreateInvoiceTemplate(), made).id


@FULL
def test_eight_who_run_a_template_make_each_day_once(shop: Shop, team: Team) -> None:
    """CT-02: the invoices of five days, numbered without a gap; the others are told that nothing is due."""
    template = daily(shop, 5)
    heard = compete(shop, team, *([("run template", {"template": template})] * 3 for _ in EIGHT))
    days = [one.facts["occurrence"] for one in told_by(heard, "done")]
    assert len(days) == len(set(days)) == 5
    assert codes(heard) == {"billing.template_not_due"}
    found = shop.books.do(ReadInvoiceTemplate(), template)
    assert (found.made, found.state) == (5, TemplateState.ENDED)
    assert sorted(one.number or 0 for one in shop.invoices()) == [1, 2, 3, 4, 5]
    check_chain(shop.invoices())
    check_settled(shop)
