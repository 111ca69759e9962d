"""The QR code on invoices in euros: EPC069-12, drawn as it is encoded."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

import pytest
from segno import make_qr
from segno.helpers import make_epc_qr

from app.domain.papers import Account, Paper
from app.domain.shared.money import currency
from app.infrastructure.papers.body import spaced
from app.infrastructure.papers.codes import epc, payload
from tests.support.papers import drawn, invoice, printed, words_of

pytestmark = pytest.mark.fast

ACCOUNT: Final = Account(
    holder="Lumière & Söhne SARL",
    iban="FR76 3000 6000 0112 3456 7890 189",
    bic="AGRIFRPP",
    amount=Decimal("306.20"),
    reference="FA2611-0042",
)


def lines(account: Account, money: str = "EUR") -> list[str]:
    found = payload(account, money)
    assert found is not None
    return found.decode().split("\n")


def test_the_code_says_whom_to_pay_how_much_and_for_what() -> None:
    """ERP-16: EPC069-12, version 002, a text for the transfer."""
    assert lines(ACCOUNT) == [
        "BCD",
        "002",
        "1",
        "SCT",
        "AGRIFRPP",
        "Lumière & Söhne SARL",
        "FR7630006000011234567890189",
        "EUR306.20",
        "",
        "",
        "FA2611-0042",
    ]


def test_it_is_the_code_that_segno_makes_of_the_same_transfer() -> None:
    """ERP-16: error correction M; the amount with two decimals, of which segno leaves out a zero at the end."""
    account = replace(ACCOUNT, amount=Decimal("306.21"))
    mine = epc(account, "EUR")
    assert mine is not None
    known = make_epc_qr(
        name=account.holder,
        iban=account.iban.replace(" ", ""),
        amount=account.amount,
        text=account.reference,
        bic=account.bic,
        encoding="utf-8",
    )
    assert (mine.version, mine.error, mine.mode) == (known.version, "M", "byte")
    found = payload(account, "EUR")
    assert found is not None
    assert make_qr(found, error="m", boost_error=False).matrix == known.matrix, "the same content"
    assert mine.matrix == make_qr(found, error="m", boost_error=False, mask=3).matrix, "in a mask of our choice"


@pytest.mark.parametrize("amount", ["0.01", "999999999.99", "1", "1.10"])
def test_amounts_between_a_cent_and_a_billion_have_a_code(amount: str) -> None:
    assert lines(replace(ACCOUNT, amount=Decimal(amount)))[7] == f"EUR{Decimal(amount):.2f}"


@pytest.mark.parametrize("amount", ["0", "-1", "0.009", "1000000000", "NaN", "Infinity", "-Infinity"])
def test_other_amounts_have_none(amount: str) -> None:
    """ERP-16: only for what a transfer in euros can pay."""
    assert payload(replace(ACCOUNT, amount=Decimal(amount)), "EUR") is None


@pytest.mark.parametrize(
    "changes",
    [
        {"iban": ""},
        {"iban": "FR76"},
        {"iban": "FR76*BCD000600001123456789018"},
        {"iban": "fr7630006000011234567890189é"},
        {"holder": " \n"},
        {"reference": "\x00"},
        {"holder": "字" * 70, "reference": "字" * 140},
    ],
)
def test_what_cannot_be_encoded_has_no_code(changes: dict[str, str]) -> None:
    given: dict[str, Any] = dict(changes)
    assert epc(replace(ACCOUNT, **given), "EUR") is None


def test_another_currency_has_no_code() -> None:
    assert epc(ACCOUNT, "USD") is None


def test_a_line_break_in_a_field_cannot_begin_another() -> None:
    """ERP-16: a name must not change the account that is paid."""
    found = lines(replace(ACCOUNT, holder="A\nDE00\rEUR1\x00\u2028B\ud800", reference="x\ny" + "z" * 200, bic="A\nB"))
    assert len(found) == 11
    assert found[4:7] == ["", "A DE00 EUR1 B?", "FR7630006000011234567890189"]
    assert len(found[10]) == 140


def test_the_iban_stands_in_groups_of_four() -> None:
    """ERP-16: ISO 13616."""
    assert spaced("FR7630006000011234567890189") == "FR76 3000 6000 0112 3456 7890 189"
    assert spaced(" DE02 1203 0000\t00002020 51 ") == "DE02 1203 0000 0000 2020 51"
    assert spaced("") == ""


def rectangles(paper: Paper) -> list[tuple[float, float, float, float]]:
    """Give what is drawn in black as rectangles: left, bottom, width, height in points."""
    code = drawn(printed(paper))[-1].decode("latin-1")
    black = code.partition("0.000 0.000 0.000 rg\nq ")[2].partition("\nf Q\n")[0]
    if not black:
        return []
    grid, *squares = black.splitlines()
    side, _, _, down, left, top = map(float, grid.split()[:6])
    assert down == -side
    numbers = [tuple(map(int, line.removesuffix(" re").split())) for line in squares]
    return [
        (left + column * side, top - (row + height) * side, width * side, height * side)
        for column, row, width, height in numbers
    ]


def test_each_module_is_drawn_where_it_belongs() -> None:
    """ERP-16: drawn as vectors, with four modules of white around them, 30 mm wide in all."""
    paper = replace(invoice(1), closing=(), account=ACCOUNT)
    found = epc(paper.account, "EUR") if paper.account else None
    assert found is not None
    places = rectangles(paper)
    side = 30 * 72 / 25.4 / (len(found.matrix) + 8)
    left = min(place[0] for place in places)
    top = max(bottom + height for _, bottom, _, height in places)
    shown = [[0] * len(found.matrix) for _ in found.matrix]
    for start, bottom, width, height in places:
        row = round((top - bottom - height) / side)
        for column in range(round((start - left) / side), round((start + width - left) / side)):
            shown[row][column] = 1
    assert shown == [list(row) for row in found.matrix]


def test_only_an_invoice_in_euros_shows_a_code() -> None:
    paper = replace(invoice(1), account=ACCOUNT)
    assert rectangles(paper)
    assert not rectangles(replace(paper, account=replace(ACCOUNT, amount=Decimal(0))))
    dollars = replace(paper, currency=currency("USD"))
    assert not rectangles(dollars)
    (said,) = words_of(printed(dollars))
    assert "scan the code" not in said
    assert "IBAN" in said
