"""What printed papers say, read back from the file as a reader's program reads it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Final

import pytest

from app.domain.papers import (
    Account,
    CellKind,
    Column,
    Fact,
    Mark,
    Paper,
    PaperKind,
    Passage,
    Row,
    RowKind,
    Table,
    Total,
    Value,
    VatRow,
)
from app.domain.shared.money import currency
from app.infrastructure.papers.letters import letters
from app.infrastructure.papers.words import Words
from app.infrastructure.texts import Texts
from tests.support.papers import (
    DAY,
    EURO,
    LOCALES,
    PRICED,
    abroad,
    inventory,
    invoice,
    printed,
    proposal,
    rows,
    samples,
    words_of,
)

pytestmark = pytest.mark.fast

BARE: Final = Paper(
    kind=PaperKind.INVOICE,
    ref="",
    locale="en",
    date=DAY,
    currency=EURO,
    issuer=invoice().issuer,
    appearance=invoice().appearance,
    recipient=(),
    facts=(),
    tables=(),
)


def told(paper: Paper) -> str:
    """Give all that the pages say, on one line."""
    return " ".join(" ".join(words_of(printed(paper))).split())


def in_order(text: str, *parts: str) -> None:
    """Fail unless the text has the parts one after the other."""
    at = 0
    for part in parts:
        found = text.find(part, at)
        assert found >= 0, f"{part!r} is not in {text[at:]!r}"
        at = found + len(part)


def words(locale: str = "en", money: str = "EUR") -> Words:
    return Words(Texts(), letters(), locale, currency(money))


def test_an_invoice_says_what_it_is_told_in_the_order_it_is_told() -> None:
    """ERP-16: sender, address, facts, title, opening, lines, sums, closing, account."""
    in_order(
        told(invoice()),
        "Lumière & Söhne SARL",
        "12 rue des Lilas",
        "VAT number FR40303265045",
        "Müller Büromöbel GmbH Einkauf Straße der Pariser Kommune 8 10243 Berlin GERMANY",
        "Date Nov 21, 2026",
        "Due date Dec 21, 2026",
        "Your reference PO 4500012345",
        "Invoice FA2611-0042",
        "Thank you for your order. We delivered as agreed:",
        "Description Reference Quantity Unit Unit price Discount VAT Net amount",
        "Desk lamp, brushed steel LMP-0042 1 pc 19.90 20% 19.90",
        "Dimmable, 2,700 K, with a cable of 2 m and a foot of cast iron.",
        "Office chair “Helsinki” CHR-1180 2 pc 20.90 10% 20% 41.80",
        "VAT rate Taxable amount VAT 20% 338.50 67.70",
        "Net total €338.50",
        "VAT 20% €67.70",
        "Paid €100.00",
        "To be paid €306.20",
        "Deposit invoice AC2611-3 of November 21, 2026 is deducted: €100.00.",
        "Interest of 12.15% a year is charged on late payments.",
        "Reserva de dominio: the goods remain ours until they are paid in full.",
        "Payment by bank transfer",
        "IBAN FR76 3000 6000 0112 3456 7890 189",
        "BIC AGRIFRPP",
        "Reference FA2611-0042",
        "Amount €306.20",
        "RCS Lyon 303 265 045 · TVA FR40303265045",
    )


@pytest.mark.parametrize(
    ("locale", "parts"),
    [
        ("en", ("Invoice FA", "Unit price", "To be paid €306.20", "Page 1 of")),
        ("pt-BR", ("Fatura FA", "Preço", "A pagar € 306,20", "Página 1 de")),
        ("fr", ("Facture FA", "Prix unit. HT", "Net à payer 306,20 €", "Page 1 sur")),
        ("es", ("Factura FA", "Precio", "A pagar 306,20 €", "Página 1 de")),
        ("de", ("Rechnung FA", "Einzelpreis", "Zu zahlen 306,20 €", "Seite 1 von")),
    ],
)
def test_a_paper_is_in_its_own_language(locale: str, parts: tuple[str, ...]) -> None:
    """ERP-17: words, figures and amounts."""
    said = told(invoice(5, locale)).replace("\u00a0", " ")
    for part in parts:
        assert part in said


@pytest.mark.parametrize("name", sorted(samples()))
def test_every_sample_is_printed_and_says_its_number_and_no_key(name: str) -> None:
    """ERP-16: every kind of paper. A key where words belong means that a text is missing."""
    paper = samples()[name]
    said = told(paper)
    assert paper.ref in said
    assert "papers." not in said


@pytest.mark.parametrize("kind", PaperKind)
@pytest.mark.parametrize("locale", LOCALES)
def test_every_kind_has_a_title_in_every_language(kind: PaperKind, locale: str) -> None:
    title = Texts().text(locale, f"papers.titles.{kind}", {})
    assert f"{title} X-1" in told(replace(BARE, kind=kind, locale=locale, ref="X-1"))


@pytest.mark.parametrize("mark", Mark)
def test_a_mark_stands_on_every_page_and_in_the_title(mark: Mark) -> None:
    """ERP-16: a draft is never taken for the document."""
    content = printed(replace(invoice(60), mark=mark))
    pages = words_of(content)
    assert len(pages) > 2
    assert all(mark.value.upper() in page for page in pages)


def test_a_paper_without_a_number_has_a_title_all_the_same() -> None:
    assert "Pro forma invoice Description" in told(
        replace(BARE, kind=PaperKind.PRO_FORMA, tables=(Table(columns=PRICED, rows=rows(1)),))
    )


def test_a_paper_that_says_nothing_is_a_page() -> None:
    assert len(words_of(printed(BARE))) == 1
    assert len(words_of(printed(replace(BARE, tables=(Table(columns=(), rows=()),))))) == 1
    assert len(words_of(printed(replace(BARE, tables=(Table(columns=PRICED, rows=()),))))) == 1


def test_a_sheet_without_recipient_has_no_window() -> None:
    """ERP-16: what is never posted needs no address, nor the room for it."""
    assert "12 rue des Lilas · 69003 Lyon · France" not in told(inventory())
    assert "12 rue des Lilas · 69003 Lyon · France" in told(invoice())


def test_kits_options_headings_and_sums_so_far_are_printed_where_they_stand() -> None:
    in_order(
        told(proposal("en")),
        "First floor",
        "Desk lamp",
        "Chair frame CHR-F 2 pc",
        "Screw M6 SCR-6 8.5 pc",
        "First floor 219.00",
        "Prices include packing.",
        "Options, not included in the total",
        "This proposal is valid until December 21, 2026.",
        "Accepted on (date, name, signature):",
    )


def test_a_row_of_any_kind_keeps_its_words_and_its_cells() -> None:
    columns = (Column(name="description", kind=CellKind.TEXT), Column(name="net", kind=CellKind.AMOUNT))
    listed = [
        Row(kind=kind, cells=cells, text=f"words of {kind} {len(cells)}")
        for kind in RowKind
        for cells in ((), (f"cell of {kind}", Decimal(7)), (None, Decimal(9)), ("short",))
    ]
    said = told(replace(BARE, tables=(Table(columns=columns, rows=listed),)))
    for row in listed:
        assert row.text in said
        assert all(str(cell) in said for cell in row.cells if isinstance(cell, str))


def test_reasons_for_no_vat_stand_below_their_line() -> None:
    """ERP-16: EN 16931 wants the reason on the invoice."""
    vat = (
        VatRow(rate=Decimal(0), base=Decimal(59), tax=Decimal(0), reason="Article 262 ter, I du CGI"),
        VatRow(rate=Decimal("5.5"), base=Decimal(100), tax=Decimal("5.5")),
    )
    said = told(replace(BARE, vat=vat))
    in_order(said, "VAT rate", "0%", "59.00", "0.00", "Article 262 ter, I du CGI", "5.5%", "100.00", "5.50")


def test_a_total_in_another_currency_says_so() -> None:
    facts = (("rate", Decimal("1.25")), ("currency", "EUR"))
    total = Total(label="company_vat", amount=Decimal("11.2"), currency=EURO, facts=facts)
    said = told(replace(BARE, currency=currency("USD"), totals=(Total(label="net", amount=Decimal(5)), total)))
    in_order(said, "Net total $5.00", "VAT in EUR at a rate of 1.25 €11.20")


def test_names_in_other_scripts_are_printed_in_them() -> None:
    """ERP-16: Latin, Greek, Cyrillic, and a fallback for Chinese, Japanese and Korean."""
    said = told(abroad())
    for name in ("株式会社東京オフィス", "Αθηνά Παπαδοπούλου", "119049 Москва", "办公椅", "사무용 의자", "KUWAIT"):
        assert name in said


def test_own_words_are_no_template_and_keys_are_not_read_of_them() -> None:
    """ERP-16: a company's own texts are plain."""
    passage = Passage(text="{due_date} {0} ${x} %(y)s papers.titles.invoice <b>bold</b>")
    assert "{due_date} {0} ${x} %(y)s papers.titles.invoice <b>bold</b>" in told(replace(BARE, closing=(passage,)))


@pytest.mark.parametrize(
    ("value", "kind", "money", "written"),
    [
        (Decimal("1234.5"), CellKind.AMOUNT, "EUR", "1,234.50"),
        (Decimal("1234.5"), CellKind.AMOUNT, "JPY", "1,235"),
        (Decimal("1234.5"), CellKind.AMOUNT, "KWD", "1,234.500"),
        (Decimal("-0.001"), CellKind.AMOUNT, "EUR", "0.00"),
        (Decimal("99999999999999.9999"), CellKind.AMOUNT, "EUR", "100,000,000,000,000.00"),
        (Decimal("1.5"), CellKind.PRICE, "EUR", "1.50"),
        (Decimal("0.00012345"), CellKind.PRICE, "EUR", "0.00012345"),
        (Decimal("1.5"), CellKind.PRICE, "JPY", "1.5"),
        (Decimal("1.5"), CellKind.PRICE, "KWD", "1.500"),
        (Decimal("1234.500000"), CellKind.NUMBER, "EUR", "1,234.5"),
        (Decimal("0.000001"), CellKind.NUMBER, "EUR", "0.000001"),
        (1234, CellKind.NUMBER, "EUR", "1,234"),
        (1234, CellKind.TEXT, "EUR", "1234"),
        (Decimal("19.50"), CellKind.PERCENT, "EUR", "19.5%"),
        (Decimal("2.50"), CellKind.TEXT, "EUR", "2.5"),
        (date(2026, 11, 1), CellKind.DAY, "EUR", "Nov 1, 2026"),
        (date(2026, 11, 1), CellKind.TEXT, "EUR", "Nov 1, 2026"),
        ("papers.entries.payment", CellKind.LABEL, "EUR", "Payment"),
        ("papers.entries.payment", CellKind.TEXT, "EUR", "papers.entries.payment"),
        ("n/a", CellKind.AMOUNT, "EUR", "n/a"),
        (None, CellKind.AMOUNT, "EUR", ""),
        (Decimal("NaN"), CellKind.AMOUNT, "EUR", "NaN"),
        (Decimal("Infinity"), CellKind.NUMBER, "EUR", "Infinity"),
        (Decimal("1E+999999"), CellKind.NUMBER, "EUR", "1E+999999"),
        (Decimal("1E-999999"), CellKind.AMOUNT, "EUR", "1E-999999"),
    ],
)
def test_a_value_is_written_as_its_kind_is(value: Value, kind: CellKind, money: str, written: str) -> None:
    """ERP-17: amounts with the currency's decimals, prices with at least these, numbers with as many as they need."""
    assert words("en", money).value(value, kind) == written
    assert words("en", money).value(value, kind) == written, "also the second time"


@pytest.mark.parametrize(
    ("money", "locale", "written"),
    [
        ("EUR", "de", "1.234,50\u00a0€"),
        ("KWD", "de", "1.234,500\u00a0KWD"),
        ("JPY", "fr", "1\u202f235\u00a0JPY"),
        ("KWD", "en", "KWD\u00a01,234.500"),
        ("BRL", "pt-BR", "R$\u00a01.234,50"),
    ],
)
def test_an_amount_has_its_currency(money: str, locale: str, written: str) -> None:
    assert words(locale, money).money(Decimal("1234.5")) == written


def test_an_amount_nobody_can_read_is_written_as_it_came() -> None:
    assert words().money(Decimal("NaN")) == "NaN EUR"
    assert words().money(Decimal("-0.004")) == "€0.00"


def test_facts_that_find_no_room_beside_the_address_stand_below_the_title() -> None:
    """ERP-16: nothing is lost where there is much to say."""
    facts = tuple(Fact(label="order", value=f"CO-{number:03}") for number in range(60))
    said = told(replace(invoice(), facts=facts))
    in_order(said, "CO-000", "Invoice FA2611-0042", "CO-059", "Thank you for your order.")
    assert len(set(re.findall(r"CO-\d{3}", said))) == 60


def test_a_paper_in_a_language_we_lack_is_printed_in_english() -> None:
    assert "Invoice FA2611-0042" in told(replace(invoice(), locale="xx"))


def test_an_account_without_bic_and_bank_has_no_empty_lines() -> None:
    account = Account(holder="A", iban="FR7630006000011234567890189", amount=Decimal(1), reference="R")
    said = told(replace(BARE, account=account))
    assert "BIC" not in said
    assert "Bank " not in said
    in_order(said, "Account holder A", "IBAN FR76 3000 6000 0112 3456 7890 189", "Reference R", "Amount €1.00")
