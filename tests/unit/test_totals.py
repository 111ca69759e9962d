"""Document arithmetic, by example; tests/property tries it on any document."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest

from app.domain.shared.money import Amount, Overflow, currency, price, quantity, rate
from app.domain.shared.totals import DocumentAmounts, LineInput, Totals, VatLine, VatMode, compute

pytestmark = pytest.mark.fast


def line(count: str, unit_price: str, *, discount: str = "0", vat: str = "20") -> LineInput:
    return LineInput(quantity(Decimal(count)), price(Decimal(unit_price)), rate(Decimal(discount)), rate(Decimal(vat)))


def document(
    *lines: LineInput, mode: VatMode = VatMode.PER_RATE, code: str = "EUR", exchange: str = "1", company: str = ""
) -> DocumentAmounts:
    return compute(lines, currency(code), mode, rate=Decimal(exchange), company_currency=currency(company or code))


def d(text: str) -> Amount:
    return Amount(Decimal(text))


def test_a_line_is_quantity_times_price_less_its_discount() -> None:
    assert document(line("3", "9.80", discount="10")).lines[0].net == d("26.46")


def test_a_line_is_rounded_once_at_its_end() -> None:
    """Rounding the price after discount first would give 0.00 for each of the thousand."""
    assert document(line("1000", "0.005", discount="50")).lines[0].net == d("2.50")


@pytest.mark.parametrize(("discount", "net"), [("0", "10.00"), ("100", "0.00"), ("33.33333333", "6.67")])
def test_a_discount_may_take_nothing_everything_or_a_fraction_of_a_percent(discount: str, net: str) -> None:
    assert document(line("1", "10", discount=discount)).lines[0].net == d(net)


def test_vat_per_rate_is_taken_of_the_sum_of_its_lines() -> None:
    """ERP-07, EN 16931 BG-23: three times 0.333 of VAT are 1.00, not 0.99."""
    amounts = document(*[line("1", "1.665")] * 3)
    assert [computed.net for computed in amounts.lines] == [d("1.67")] * 3
    assert amounts.vat == (VatLine(rate(Decimal(20)), d("5.01"), d("1.00"), d("5.01"), d("1.00")),)
    assert [computed.vat for computed in amounts.lines] == [None] * 3
    assert (amounts.totals.net, amounts.totals.vat, amounts.totals.gross) == (d("5.01"), d("1.00"), d("6.01"))


def test_vat_per_line_is_rounded_on_each_line() -> None:
    """ERP-07: the same three lines, where each shows its own VAT of 0.33."""
    amounts = document(*[line("1", "1.665")] * 3, mode=VatMode.PER_LINE)
    assert [computed.vat for computed in amounts.lines] == [d("0.33")] * 3
    assert amounts.vat == (VatLine(rate(Decimal(20)), d("5.01"), d("0.99"), d("5.01"), d("0.99")),)
    assert amounts.totals.gross == d("6.00")


@pytest.mark.parametrize("mode", VatMode)
def test_rates_come_in_ascending_order_each_once(mode: VatMode) -> None:
    lines = [line("1", "10", vat=vat) for vat in ("20", "5.5", "0", "20.00", "10")]
    amounts = document(*lines, mode=mode)
    assert [(str(vat.rate), vat.base, vat.vat) for vat in amounts.vat] == [
        ("0", d("10.00"), d("0.00")),
        ("5.5", d("10.00"), d("0.55")),
        ("10", d("10.00"), d("1.00")),
        ("20", d("20.00"), d("4.00")),
    ]
    assert all(low.rate < high.rate for low, high in pairwise(amounts.vat))


@pytest.mark.parametrize(
    ("code", "net", "vat"), [("JPY", "13", "1"), ("EUR", "12.50", "0.69"), ("KWD", "12.500", "0.688")]
)
def test_amounts_have_the_digits_of_their_currency(code: str, net: str, vat: str) -> None:
    """ERP-07: currencies with 0, 2 and 3 digits; 12.5 at 5.5 % is 0.6875 of VAT."""
    totals = document(line("1", "12.5", vat="5.5"), code=code).totals
    assert (str(totals.net), str(totals.vat)) == (net, vat)


@pytest.mark.parametrize("mode", VatMode)
def test_a_negative_quantity_mirrors_the_positive_one(mode: VatMode) -> None:
    """Halves go away from zero on both sides, so a correction undoes to the cent what it corrects."""
    there = document(line("3", "0.835"), line("1", "0.125", vat="5.5"), mode=mode, exchange="1.7", company="USD").totals
    back = document(
        line("-3", "0.835"), line("-1", "0.125", vat="5.5"), mode=mode, exchange="1.7", company="USD"
    ).totals
    assert there.net == d("2.64")
    assert [getattr(there, name) + getattr(back, name) for name in Totals.__dataclass_fields__] == [0] * 6


@pytest.mark.parametrize("mode", VatMode)
def test_a_document_in_the_company_s_currency_counts_the_same_for_it(mode: VatMode) -> None:
    amounts = document(line("3", "9.99"), line("7", "0.33", vat="5.5"), mode=mode)
    totals = amounts.totals
    assert (totals.company_net, totals.company_vat, totals.company_gross) == (totals.net, totals.vat, totals.gross)
    assert all(computed.company_net == computed.net for computed in amounts.lines)


def test_company_amounts_are_converted_per_line_and_per_rate() -> None:
    """So that sums over lines, as reports take them, are the document's: 3 x 0.93 and not 2.78."""
    amounts = document(*[line("1", "1")] * 3, exchange="0.925", company="USD")
    assert [computed.company_net for computed in amounts.lines] == [d("0.93")] * 3
    totals = amounts.totals
    assert (totals.net, totals.vat, totals.gross) == (d("3.00"), d("0.60"), d("3.60"))
    assert (totals.company_net, totals.company_vat, totals.company_gross) == (d("2.79"), d("0.56"), d("3.35"))


def test_company_vat_is_the_sum_of_what_each_rate_gives() -> None:
    """Twice 0.20 of VAT at 0.925 are 0.19 and 0.19, as the report by rate shows them, and not 0.37."""
    totals = document(line("1", "1"), line("2", "1", vat="10"), exchange="0.925", company="USD").totals
    assert (totals.vat, totals.company_vat) == (d("0.40"), d("0.38"))


def test_company_amounts_have_the_company_s_digits() -> None:
    totals = document(line("2", "10"), exchange="161.235", company="JPY").totals
    assert [str(totals.company_net), str(totals.company_vat), str(totals.company_gross)] == ["3225", "645", "3870"]


def test_a_rate_between_equal_currencies_is_applied_all_the_same() -> None:
    """What the rate may be is for the caller to say; the arithmetic does not guess."""
    assert document(line("1", "10"), exchange="2").totals.company_net == d("20.00")


def test_a_document_without_lines_is_worth_nothing() -> None:
    assert document() == DocumentAmounts((), (), Totals())


@pytest.mark.parametrize(
    ("blamed", "exchange", "company"),
    [(line("999999999999", "999"), "1", "EUR"), (line("999999999999", "99"), "2", "USD")],
)
def test_a_line_that_cannot_be_kept_is_named(blamed: LineInput, exchange: str, company: str) -> None:
    """ERP-07: overflow is an error, in either currency, and points to the line that is to blame."""
    with pytest.raises(Overflow) as caught:
        document(line("1", "1"), blamed, exchange=exchange, company=company)
    assert caught.value.at == ("lines", 1)
    assert caught.value.code == "money.overflow"


def test_totals_that_cannot_be_kept_are_refused_though_each_line_can() -> None:
    with pytest.raises(Overflow) as caught:
        document(*[line("900000000000", "99", vat="0")] * 2)
    assert caught.value.at == ()


@pytest.mark.parametrize(("exchange", "company"), [("1", "EUR"), ("0.5", "USD")])
def test_gross_that_cannot_be_kept_is_refused_though_net_can(exchange: str, company: str) -> None:
    with pytest.raises(Overflow):
        document(line("900000000000", "99", vat="20"), exchange=exchange, company=company)


@pytest.mark.parametrize(
    ("count", "unit_price", "discount", "net"),
    [
        ("104980517.578125", "1049805.17578125", "16.09294848", "92473198521520.01"),  # exactly half a cent
        ("674839731562.849751", "2072979912.47535746", "99.99999999", "139892920767.00"),  # 3e-19 below it
    ],
)
def test_the_widest_numbers_are_multiplied_exactly(count: str, unit_price: str, discount: str, net: str) -> None:
    """Python's default context keeps 28 digits and would be a cent off, once down and once up."""
    assert document(line(count, unit_price, discount=discount, vat="0")).lines[0].net == d(net)


def test_two_thousand_lines_are_one_document() -> None:
    amounts = document(*[line("1", "0.01")] * 2000)
    assert (amounts.totals.net, amounts.totals.vat) == (d("20.00"), d("4.00"))
