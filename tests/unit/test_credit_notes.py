"""Credit notes by hand: what each takes back, what the last of a line or rate is left, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.billing import (
    CreditNoteLines,
    CreditNotPositive,
    Invoice,
    InvoiceLine,
    NothingToCredit,
    OverCredited,
    Part,
    PositionTwice,
    RatePart,
    RateTwice,
    Share,
    charged_by,
    deduct,
)
from app.domain.billing.credit_notes import Group, left_of
from app.domain.sales import LineQuantity
from app.domain.shared.errors import DomainError, UnknownReference
from app.domain.shared.ids import ProductId
from app.domain.shared.lines import LineKind
from app.domain.shared.money import Amount, Quantity, price, quantity, rate
from app.domain.shared.totals import Totals, VatMode
from tests.support.invoices import deposit, invoice, note_of, taken_by, valued

pytestmark = pytest.mark.fast
MIXED: Final = [("3", "0.335", "0", "20"), ("2", "10", "10", "5.5"), ("1", "5", "0", "20")]
"""Nets 1.01, 18.00 and 5.00; tax 0.99 at 5.5 and 1.20 at 20 per cent."""


def part(position: int, many: str) -> Part:
    return Part(position, quantity(Decimal(many)))


def at_rate(percent: str, net: str) -> RatePart:
    return RatePart(rate(Decimal(percent)), Amount(Decimal(net)))


def credit(source: Invoice, before: Sequence[Invoice], *parts: Part) -> Invoice:
    """Give one more credit note: of these parts, or of all that is left."""
    making = CreditNoteLines(source, taken_by(before))
    return note_of(source, making.parts(parts) if parts else making.whole())


def discount(source: Invoice, before: Sequence[Invoice], *amounts: RatePart, text: str = "") -> Invoice:
    return note_of(source, CreditNoteLines(source, taken_by(before)).amounts(amounts, text))


def sums(note: Invoice) -> tuple[str, str]:
    return str(note.totals.net), str(note.totals.vat)


def test_piece_by_piece_the_last_takes_what_rounding_left() -> None:
    """ERP-07: 3 at 0.335 are 1.01: 0.34 twice, then 0.33; the last of the rate takes the last of its tax."""
    source, notes = invoice(valued(), MIXED), list[Invoice]()
    for one in (part(1, "1"), part(1, "1"), part(1, "1"), part(3, "1")):
        notes.append(credit(source, notes, one))
    assert [sums(note) for note in notes] == [
        ("-0.34", "-0.07"), ("-0.34", "-0.07"), ("-0.33", "-0.07"), ("-5.00", "-0.99"),
    ]  # fmt: skip


def test_a_part_keeps_the_discount_of_its_line() -> None:
    source = invoice(valued(), MIXED)
    first = credit(source, [], part(2, "1"))
    assert sums(first) == ("-9.00", "-0.50")
    assert sums(credit(source, [first], part(2, "1"))) == ("-9.00", "-0.49")


@pytest.mark.parametrize(("mode", "tax"), [(VatMode.PER_RATE, "-0.03"), (VatMode.PER_LINE, "-0.02")])
def test_the_whole_takes_back_the_tax_as_it_was_rounded(mode: VatMode, tax: str) -> None:
    """ERP-07: two lines of 0.07 at 20 per cent: 0.014 each, 0.028 together."""
    source = invoice(valued(mode=mode), [("1", "0.07", "0", "20")] * 2)
    assert sums(credit(source, [])) == ("-0.14", tax)


def test_parts_of_many_lines_round_their_tax_as_the_company_does() -> None:
    """Half of two lines of 0.14: per line 0.014 twice, per rate 0.028."""
    found = []
    for mode in (VatMode.PER_LINE, VatMode.PER_RATE):
        source = invoice(valued(mode=mode), [("2", "0.07", "0", "20")] * 2)
        found.append(sums(credit(source, [], part(1, "1"), part(2, "1"))))
    assert found == [("-0.14", "-0.02"), ("-0.14", "-0.03")]


def test_a_part_says_what_it_takes_back_and_what_it_cost() -> None:
    """The books need the product, its cost and the order's line again, with the sign turned."""
    source = invoice(valued(), MIXED)
    source.lines[1].product_id, source.lines[1].kind = ProductId(8), LineKind.GOODS
    source.lines[1].order_position, source.lines[1].unit_cost = 4, price(Decimal("2.5"))
    (line,) = credit(source, [], part(2, "2")).lines
    assert (line.product_id, line.kind, line.order_position, line.source_position) == (8, LineKind.GOODS, 4, 2)
    assert [line.quantity, line.unit_price, line.discount, line.company_cost] == [-2, 10, 10, -5]


def charging(*positions: int | None) -> Invoice:
    """Give an invoice whose lines, of 2 pieces each, charge for these lines of its order."""
    source = invoice(valued(), [("2", str(each), "0", "20") for each in range(1, len(positions) + 1)])
    for line, position in zip(source.lines, positions, strict=True):
        line.order_position = position
    return source


def returned(source: Invoice, before: Sequence[Invoice], *came: tuple[int, str]) -> list[tuple[int | None, str]]:
    """Give what is taken back of each line when so much of the order's lines came back."""
    wanted = [LineQuantity(position=position, quantity=quantity(Decimal(many))) for position, many in came]
    lines = CreditNoteLines(source, taken_by(before)).returned(wanted)
    return [(line.source_position, str(-line.quantity.normalize())) for line in lines]


def test_what_came_back_is_credited_on_the_lines_that_charge_for_it_in_order() -> None:
    """Two lines of one order line, and twice the same order line from two warehouses."""
    source = charging(3, None, 7, 3)
    assert returned(source, [], (3, "1")) == [(1, "1")]
    assert returned(source, [], (3, "3")) == [(1, "2"), (4, "1")]
    assert returned(source, [], (3, "1.5"), (7, "2"), (3, "2.5")) == [(1, "2"), (4, "2"), (3, "2")]


def test_what_is_credited_already_is_passed_over() -> None:
    source = charging(3, 3)
    before = [credit(source, [], part(1, "1.5"))]
    assert returned(source, before, (3, "2")) == [(1, "0.5"), (2, "1.5")]
    before.append(credit(source, before, part(1, "0.5")))
    assert returned(source, before, (3, "2")) == [(2, "2")]


@pytest.mark.parametrize(
    ("came", "left"), [((3, "4.1"), "4"), ((9, "1"), "0"), ((7, "3"), "2")], ids=["more", "not charged", "of one line"]
)
def test_more_than_is_charged_for_cannot_be_credited_for_a_return(came: tuple[int, str], left: str) -> None:
    with pytest.raises(OverCredited) as caught:
        returned(charging(3, None, 7, 3), [], came)
    assert (caught.value.at, caught.value.facts) == (("return_id",), {"left": Decimal(left)})


def test_what_was_credited_by_amount_is_not_there_for_a_return_either() -> None:
    """2.00 and 4.00 were charged; 5.50 of it is given back: of the second line 0.50 is left."""
    source = charging(3, 7)
    with pytest.raises(OverCredited) as caught:
        returned(source, [discount(source, [], at_rate("20", "5.50"))], (7, "1"))
    assert (caught.value.at, caught.value.facts) == (("return_id",), {"left": Decimal("0.50")})
    with pytest.raises(NothingToCredit) as nothing:
        returned(source, [credit(source, [])], (7, "1"))
    assert nothing.value.at == ("return_id",)


def test_an_amount_is_one_piece_without_a_line_of_its_own() -> None:
    source = invoice(valued(), MIXED)
    (line,) = discount(source, [], at_rate("20", "1.50"), text="Discount").lines
    assert (line.description, line.quantity, line.unit_price, line.net, line.vat) == (
        "Discount", Decimal(-1), Decimal("1.50"), Decimal("-1.50"), Decimal("-0.30"),
    )  # fmt: skip
    assert (line.product_id, line.source_position, line.kind) == (None, None, LineKind.SERVICE)


def test_an_amount_without_a_text_names_the_invoice() -> None:
    assert discount(invoice(valued(), MIXED), [], at_rate("20", "1")).lines[0].description == "FA1"


def test_an_amount_of_all_of_a_rate_takes_all_of_its_tax() -> None:
    """Two per cent of 0.12 are nothing on each line, and 0.0072 of all three: all of it takes back what was charged."""
    source = invoice(valued(mode=VatMode.PER_LINE), [("1", "0.12", "0", "2")] * 3)
    assert source.totals.vat == 0
    assert sums(discount(source, [], at_rate("2", "0.36"))) == ("-0.36", "0")


REFUSED_PARTS: Final[list[tuple[type[DomainError], tuple[str | int, ...], list[Part]]]] = [
    (UnknownReference, ("lines", 0, "position"), [part(0, "1")]),
    (UnknownReference, ("lines", 1, "position"), [part(1, "1"), part(4, "1")]),
    (PositionTwice, ("lines", 1, "position"), [part(1, "1"), part(1, "1")]),
    (CreditNotPositive, ("lines", 0, "quantity"), [part(2, "0")]),
    (CreditNotPositive, ("lines", 0, "quantity"), [part(2, "-1")]),
    (OverCredited, ("lines", 1, "quantity"), [part(1, "3"), part(2, "2.000001")]),
]


@pytest.mark.parametrize(("error", "at", "parts"), REFUSED_PARTS)
def test_a_wrong_part_is_refused_at_its_place(
    error: type[DomainError], at: tuple[str | int, ...], parts: list[Part]
) -> None:
    with pytest.raises(error) as caught:
        CreditNoteLines(invoice(valued(), MIXED), ()).parts(parts)
    assert caught.value.at == at


REFUSED_AMOUNTS: Final[list[tuple[type[DomainError], tuple[str | int, ...], list[RatePart]]]] = [
    (UnknownReference, ("amounts", 0, "vat_rate"), [at_rate("7", "1")]),
    (RateTwice, ("amounts", 1, "vat_rate"), [at_rate("20", "1"), at_rate("20.0", "1")]),
    (CreditNotPositive, ("amounts", 0, "net"), [at_rate("20", "0")]),
    (CreditNotPositive, ("amounts", 0, "net"), [at_rate("20", "-1")]),
    (CreditNotPositive, ("amounts", 1, "net"), [at_rate("20", "1"), at_rate("5.5", "0.001")]),
    (OverCredited, ("amounts", 0, "net"), [at_rate("20", "6.02")]),
]


@pytest.mark.parametrize(("error", "at", "amounts"), REFUSED_AMOUNTS)
def test_a_wrong_amount_is_refused_at_its_place(
    error: type[DomainError], at: tuple[str | int, ...], amounts: list[RatePart]
) -> None:
    with pytest.raises(error) as caught:
        CreditNoteLines(invoice(valued(), MIXED), ()).amounts(amounts, "")
    assert caught.value.at == at


def test_a_refusal_tells_what_is_left_of_the_rate() -> None:
    """What was taken back by line counts against what is asked by amount."""
    source = invoice(valued(), MIXED)
    first = credit(source, [], part(3, "1"))
    with pytest.raises(OverCredited) as caught:
        discount(source, [first], at_rate("20", "1.02"))
    assert caught.value.facts["left"] == Decimal("1.01")
    assert sums(discount(source, [first], at_rate("20", "1.01"))) == ("-1.01", "-0.20")


def test_a_line_is_not_taken_back_beyond_what_amounts_left_of_its_rate() -> None:
    source = invoice(valued(), MIXED)
    first = discount(source, [], at_rate("20", "2"))
    with pytest.raises(OverCredited) as caught:
        credit(source, [first], part(3, "1"))
    assert (caught.value.at, caught.value.facts["left"]) == (("lines", 0, "quantity"), Decimal("4.01"))


def test_the_rest_after_an_amount_takes_every_line_and_gives_the_amount_back() -> None:
    """So that each line is taken back in full, and the sum is not."""
    source = invoice(valued(), MIXED)
    first = discount(source, [], at_rate("20", "2"))
    last = credit(source, [first])
    assert [(line.source_position, line.net) for line in last.lines] == [
        (1, Decimal("-1.01")), (2, -18), (3, -5), (None, 2),
    ]  # fmt: skip
    assert [last.lines[3].quantity, last.lines[3].unit_price] == [1, 2]
    assert last.totals.gross == -source.totals.gross - first.totals.gross


def test_what_amounts_took_back_in_full_cannot_be_taken_again() -> None:
    source = invoice(valued(), MIXED)
    first = discount(source, [], at_rate("20", "6.01"), at_rate("5.5", "18"))
    assert first.totals.gross == -source.totals.gross
    with pytest.raises(NothingToCredit):
        credit(source, [first])
    with pytest.raises(OverCredited):
        credit(source, [first], part(3, "1"))


def test_a_free_invoice_is_taken_back_once() -> None:
    """Its quantities are, which an order may need; there is nothing to take back of its amounts."""
    source = invoice(valued(), [("2", "0", "0", "20"), ("1", "9", "100", "0")])
    first = credit(source, [])
    assert [line.quantity for line in first.lines] == [-2, -1]
    assert first.totals == Totals()
    with pytest.raises(NothingToCredit):
        credit(source, [first])


def test_all_of_a_rate_in_foreign_money_takes_back_what_its_lines_were_worth() -> None:
    """ERP-07: 0.06 twice are 0.05 each in euros, though 0.12 at once would be 0.11."""
    source = invoice(valued("USD", "0.913742"), [("1", "0.06", "0", "0")] * 2)
    assert (source.totals.net, source.totals.company_net) == (Decimal("0.12"), Decimal("0.10"))
    note = discount(source, [], at_rate("0", "0.12"))
    assert note.totals.company_net == Decimal("-0.10")
    with pytest.raises(NothingToCredit):
        credit(source, [note])


def test_a_part_in_foreign_money_takes_back_no_more_than_is_left() -> None:
    """ERP-07: 0.12 of 0.13 took back all of the 0.11 euros, so that the last piece takes back none."""
    source = invoice(valued("USD", "0.913742"), [("1", "0.06", "0", "0")] * 2 + [("1", "0.01", "0", "0")])
    taken = [discount(source, [], at_rate("0", "0.12"))]
    last = credit(source, taken, part(3, "1"))
    assert [note.totals.company_net for note in (source, *taken, last)] == [Decimal("0.11"), Decimal("-0.11"), 0]


def test_a_note_of_an_invoice_with_a_deposit_gives_the_deposit_back() -> None:
    """ERP-07: the line that deducts is turned too, with its own tax."""
    source = invoice(valued(), [("1", "100", "0", "20")])
    given = deposit("30", source)
    deduct(source, given, deducted=False)
    note = credit(source, [])
    assert [(line.net, line.vat, line.deposit_id) for line in note.lines] == [
        (Decimal(-100), Decimal(-20), None), (Decimal(25), Decimal(5), given.id),
    ]  # fmt: skip
    assert note.totals.gross == -90


def test_an_amount_never_touches_what_a_deposit_was_taxed_with() -> None:
    """The tax of the deposit is another invoice's: of 100 less 25 all of 100 may be taken back by amount."""
    source = invoice(valued(), [("1", "100", "0", "20")])
    given = deposit("30", source)
    deduct(source, given, deducted=False)
    assert sums(discount(source, [], at_rate("20", "100"))) == ("-100.00", "-20.00")
    with pytest.raises(OverCredited):
        discount(source, [], at_rate("20", "100.01"))


LINES: Final = st.lists(
    st.tuples(
        st.sampled_from(["1", "2", "3", "0.75", "12"]),
        st.decimals("0", "99", places=4).map(str),
        st.sampled_from(["0", "0", "7.5", "100"]),
        st.sampled_from(["0", "5.5", "20"]),
    ),
    min_size=1,
    max_size=4,
)
MONEY: Final = st.sampled_from([("EUR", "1"), ("USD", "0.913742"), ("JPY", "0.0061"), ("KWD", "3.0175")])


def with_deposit(source: Invoice, data: st.DataObject) -> None:
    """Deduct a deposit of some of it, if it is drawn so."""
    gross = source.valuation.currency.round(
        source.totals.gross * data.draw(st.sampled_from([Decimal("0.3"), Decimal(0), Decimal(1)]))
    )
    if gross:
        deduct(source, deposit(str(gross), source), deducted=False)


def asked_for(source: Invoice, making: CreditNoteLines, data: st.DataObject) -> list[InvoiceLine]:
    """Make a credit note of some lines in part, or of an amount."""
    if data.draw(st.booleans()):
        wanted = data.draw(st.sets(st.integers(1, len(source.lines))))
        shares = st.sampled_from([Decimal("0.25"), Decimal("0.5"), Decimal(1)])
        return making.parts(
            [Part(at, Quantity(abs(source.lines[at - 1].quantity) * data.draw(shares))) for at in sorted(wanted)]
        )
    percent = data.draw(st.sampled_from([line.vat_rate for line in source.lines if line.deposit_id is None]))
    share = charged_by(source)[percent, None].net * data.draw(st.sampled_from([Decimal("0.4"), Decimal(1)]))
    return making.amounts([RatePart(percent, source.valuation.currency.round(share))], "")


def held(charged: Share, left: Share) -> bool:
    """Tell whether what is left lies between nothing and what was charged, in each of its sums."""
    names = Share.__dataclass_fields__
    pairs = [(getattr(charged, name), getattr(left, name)) for name in names]
    return all(0 <= rest <= whole or whole <= rest <= 0 for whole, rest in pairs)


@given(LINES, MONEY, st.sampled_from(VatMode), st.data())
def test_credit_notes_never_take_back_more_than_was_charged(
    lines: list[tuple[str, ...]], coin: tuple[str, str], mode: VatMode, data: st.DataObject
) -> None:
    """ERP-07: per VAT rate and deposit, net and tax, in both currencies; and all of it in the end."""
    source, notes = invoice(valued(*coin, mode), lines), list[Invoice]()
    with_deposit(source, data)
    charged: dict[Group, Share] = dict(charged_by(source))
    for _ in range(data.draw(st.integers(1, 4))):
        try:
            made = asked_for(source, CreditNoteLines(source, taken_by(notes)), data)
        except (OverCredited, CreditNotPositive):
            continue
        if made:
            notes.append(note_of(source, made))
        left = left_of(source, taken_by(notes))
        assert all(held(charged[group], left[group]) for group in charged), (charged, left)
    try:
        notes.append(credit(source, notes))
    except NothingToCredit:
        assert notes
    assert set(left_of(source, taken_by(notes)).values()) == {Share()}
    for name in Totals.__dataclass_fields__:
        assert getattr(source.totals, name) == -sum(getattr(note.totals, name) for note in notes), name


@given(LINES, MONEY, st.sampled_from(VatMode), st.data())
def test_what_is_charged_by_rate_and_deposit_adds_up_to_the_totals(
    lines: list[tuple[str, ...]], coin: tuple[str, str], mode: VatMode, data: st.DataObject
) -> None:
    """ERP-07: in both currencies, also where the tax of a deduction was rounded by another invoice."""
    source = invoice(valued(*coin, mode), lines)
    with_deposit(source, data)
    whole = sum(charged_by(source).values(), Share())
    totals = source.totals
    assert whole == Share(
        net=totals.net, vat=totals.vat, company_net=totals.company_net, company_vat=totals.company_vat
    )
