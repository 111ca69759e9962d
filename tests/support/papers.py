"""Sample papers that together say all there is to say on paper, and eyes to read what was printed.

``python -c "from tests.support.papers import gallery; gallery('/tmp/papers')"`` draws all of them as pictures, to be
looked at after a change of looks.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

import pypdfium2
from PIL import Image, ImageDraw
from pypdf import PdfReader

from app.domain.papers import (
    Account,
    Appearance,
    CellKind,
    Column,
    Fact,
    Format,
    Issuer,
    Mark,
    Paper,
    PaperKind,
    Passage,
    Row,
    RowKind,
    Table,
    Total,
    VatRow,
    Window,
)
from app.domain.shared.money import Currency, currency
from app.infrastructure.papers.printer import PdfPrinter
from app.infrastructure.texts import Texts

DAY: Final = date(2026, 11, 21)
DUE: Final = date(2026, 12, 21)
LOCALES: Final = ("en", "pt-BR", "fr", "es", "de")
EURO: Final = currency("EUR")
NUMBERS: Final = ("quantity", "expected", "counted", "variance", "parcel", "weight", "own_amount")
PRICED: Final = (
    Column(name="description", kind=CellKind.TEXT, share=36),
    Column(name="ref", kind=CellKind.TEXT, share=14),
    Column(name="quantity", kind=CellKind.NUMBER, share=10),
    Column(name="unit", kind=CellKind.TEXT, share=7),
    Column(name="unit_price", kind=CellKind.PRICE, share=13),
    Column(name="discount", kind=CellKind.PERCENT, share=9),
    Column(name="vat_rate", kind=CellKind.PERCENT, share=8),
    Column(name="net", kind=CellKind.AMOUNT, share=15, carried=True),
)
GOODS: Final = (
    ("Desk lamp, brushed steel", "LMP-0042", "Dimmable, 2,700 K, with a cable of 2 m and a foot of cast iron."),
    ("Office chair “Helsinki”", "CHR-1180", ""),
    ("Writing desk 160 × 80 cm, oak, with cable tray and two drawers that can be locked", "DSK-7", ""),  # noqa: RUF001
    ("Delivery and assembly", "SRV-01", "On the fourth floor; a lift is there."),
    ("Cable tie", "CT-9", ""),
)


def nothing() -> None:
    """Never mind: nobody asks to stop."""


def printer() -> PdfPrinter:
    """Give a printer with the texts of the product."""
    return PdfPrinter(Texts())


def printed(paper: Paper, check: Callable[[], None] = nothing) -> bytes:
    """Give the file of a paper."""
    return printer().print(paper, check)


def logo(size: tuple[int, int] = (480, 160)) -> bytes:
    """Give a PNG with a transparent edge."""
    image = Image.new("RGBA", size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    width, height = size
    draw.rounded_rectangle((4, 4, height - 4, height - 4), height // 6, fill="#0b6e4f")
    draw.ellipse((height // 4, height // 4, height * 3 // 4, height * 3 // 4), fill="#ffffff")
    draw.rectangle((height + 16, height // 3, width - 4, height // 3 + height // 8), fill="#0b6e4f")
    draw.rectangle((height + 16, height * 6 // 11, width * 3 // 4, height * 6 // 11 + height // 12), fill="#7fb8a4")
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def issuer() -> Issuer:
    """Give a company with all that one has to say of itself."""
    return Issuer(
        name="Lumière & Söhne SARL",
        address=("12 rue des Lilas", "69003 Lyon", "France"),
        facts=(
            Fact(label="vat_number", value="FR40303265045"),
            Fact(label="registration", value="RCS Lyon 303 265 045"),
            Fact(label="capital", value="50 000 €"),
            Fact(label="phone", value="+33 4 78 00 00 00"),
            Fact(label="email", value="compta@lumiere.example"),
            Fact(label="website", value="www.lumiere.example"),
        ),
    )


def rows(count: int) -> list[Row]:
    """Give so many lines of an invoice, each with what it adds to the sum."""
    found = []
    for number in range(count):
        name, ref, text = GOODS[number % len(GOODS)]
        quantity, price = Decimal(number % 7 + 1), Decimal("19.90") + number
        net = quantity * price
        cells = (name, ref, quantity, "pc", price, Decimal(10) if number % 5 == 1 else None, Decimal(20), net)
        found.append(Row(cells=cells, text=text, carry=net))
    return found


def invoice(count: int = 5, locale: str = "en", money: Currency = EURO) -> Paper:
    """Give an invoice of so many lines."""
    listed = rows(count)
    net = sum((row.carry or Decimal(0) for row in listed), Decimal(0))
    vat = money.round(net / 5)
    gross = net + vat
    return Paper(
        kind=PaperKind.INVOICE,
        ref="FA2611-0042",
        locale=locale,
        date=DAY,
        currency=money,
        issuer=issuer(),
        appearance=Appearance(
            footer=(
                "Lumière & Söhne SARL · 12 rue des Lilas · 69003 Lyon · SARL au capital de 50 000 €",
                "RCS Lyon 303 265 045 · TVA FR40303265045 · APE 4759A",
            )
        ),
        recipient=("Müller Büromöbel GmbH", "Einkauf", "Straße der Pariser Kommune 8", "10243 Berlin"),
        country="DE",
        facts=(
            Fact(label="date", value=DAY, kind=CellKind.DAY),
            Fact(label="delivery_date", value=date(2026, 11, 18), kind=CellKind.DAY),
            Fact(label="due_date", value=DUE, kind=CellKind.DAY),
            Fact(label="customer_code", value="CU2611-00017"),
            Fact(label="customer_vat_number", value="DE129273398"),
            Fact(label="order", value="CO2611-0031"),
            Fact(label="customer_reference", value="PO 4500012345"),
        ),
        opening=(Passage(text="Thank you for your order.\nWe delivered as agreed:"),),
        tables=(Table(columns=PRICED, rows=listed),),
        totals=(
            Total(label="net", amount=net),
            Total(label="vat", amount=vat, facts=(("rate", Decimal(20)),)),
            Total(label="gross", amount=gross),
            Total(label="paid", amount=Decimal(100)),
            Total(label="due", amount=gross - 100, strong=True),
        ),
        vat=(VatRow(rate=Decimal(20), base=net, tax=vat),),
        closing=(
            Passage(key="deposit_deducted", facts=(("ref", "AC2611-3"), ("date", DAY), ("amount", Decimal(100)))),
            Passage(key="delivered_on_date"),
            Passage(key="payment", facts=(("due_date", DUE),)),
            Passage(key="late_interest", facts=(("percent", Decimal("12.15")),)),
            Passage(key="late_sum", facts=(("amount", Decimal(40)), ("currency", "EUR"))),
            Passage(text="Reserva de dominio: the goods remain ours until they are paid in full."),
        ),
        account=Account(
            holder="Lumière & Söhne SARL",
            iban="FR7630006000011234567890189",
            bic="AGRIFRPP",
            bank="Crédit Agricole",
            amount=gross - 100,
            reference="FA2611-0042",
        ),
    )


def proposal(locale: str = "fr") -> Paper:
    """Give a proposal with headings, a kit, a sum so far, an option, and the company's logo; the window right."""
    kit = Row(cells=("Chair frame", "CHR-F", Decimal(2), "pc", None, None, None, None), depth=1)
    deeper = Row(cells=("Screw M6", "SCR-6", Decimal("8.5"), "pc", None, None, None, None), depth=2)
    listed = rows(4)
    so_far = sum((row.carry or Decimal(0) for row in listed), Decimal(0))
    table = (
        Row(kind=RowKind.TITLE, text="First floor"),
        *listed[:2],
        kit,
        deeper,
        *listed[2:],
        Row(kind=RowKind.SUBTOTAL, text="First floor", cells=("", "", None, "", None, None, None, so_far)),
        Row(kind=RowKind.TEXT, text="Prices include packing. Assembly is done by our own people."),
    )
    base = invoice(5, locale)
    return replace(
        base,
        kind=PaperKind.PROPOSAL,
        ref="PR2611-0007",
        country="",
        appearance=replace(base.appearance, accent="0b6e4f", window=Window.RIGHT, logo=logo()),
        facts=(base.facts[0], Fact(label="valid_until", value=DUE, kind=CellKind.DAY), base.facts[3]),
        tables=(Table(columns=PRICED, rows=table), Table(columns=PRICED[:-1], rows=rows(1), title="options")),
        totals=base.totals[:3],
        vat=(VatRow(rate=Decimal("5.5"), base=Decimal(100), tax=Decimal("5.50")), *base.vat),
        closing=(Passage(key="valid_until", facts=(("valid_until", DUE),)), Passage(key="signature")),
        account=None,
    )


def _columns(*named: tuple[str, int]) -> list[Column]:
    return [
        Column(name=name, share=share, kind=CellKind.NUMBER if name in NUMBERS else CellKind.TEXT)
        for name, share in named
    ]


def shipment(locale: str = "de") -> Paper:
    """Give a delivery note with lots and parcels, without prices."""
    goods = [Row(cells=(name, ref, Decimal(3), "pc", "L-7 × 2, L-9"), text=text) for name, ref, text in GOODS]  # noqa: RUF001
    parcel = (Decimal(1), Decimal("12.4"), "60 × 40 × 30", "JD014600006281230704", "1: 3, 2: 1")  # noqa: RUF001
    base = invoice(1, locale)
    return replace(
        base,
        kind=PaperKind.SHIPMENT,
        ref="SH2611-0009",
        facts=(
            Fact(label="shipping_date", value=DAY, kind=CellKind.DAY),
            Fact(label="delivered_on", value=DAY, kind=CellKind.DAY),
            Fact(label="order", value="CO2611-0031"),
            Fact(label="carrier", value="DHL"),
            Fact(label="shipping_method", value="Express"),
        ),
        tables=(
            Table(
                columns=_columns(("description", 42), ("ref", 16), ("quantity", 12), ("unit", 8), ("lots", 22)),
                rows=goods,
            ),
            Table(
                columns=_columns(
                    ("parcel", 10), ("weight", 14), ("size", 26), ("tracking_number", 30), ("contents", 20)
                ),
                rows=[Row(cells=parcel)],
                title="parcels",
            ),
        ),
        totals=(),
        vat=(),
        closing=(Passage(key="received"),),
        account=None,
    )


def statement(locale: str = "es") -> Paper:
    """Give an account with every kind of entry, in two currencies."""
    columns = (
        Column(name="date", kind=CellKind.DAY, share=14),
        Column(name="entry", kind=CellKind.LABEL, share=24),
        Column(name="ref", kind=CellKind.TEXT, share=20),
        Column(name="currency", kind=CellKind.TEXT, share=10),
        Column(name="own_amount", kind=CellKind.NUMBER, share=16),
        Column(name="amount", kind=CellKind.AMOUNT, share=16),
        Column(name="balance", kind=CellKind.AMOUNT, share=16),
    )
    entries = ("invoice", "credit_note", "payment", "exchange_difference", "given_up")
    listed = [
        Row(cells=(DAY, f"papers.entries.{kind}", f"X-{at}", "USD", Decimal("1234.5"), Decimal(-at), Decimal(100 - at)))
        for at, kind in enumerate(entries)
    ]
    base = invoice(1, locale)
    ages = ("not_due", "days_1_30", "days_31_60", "days_61_90", "over_90")
    return replace(
        base,
        kind=PaperKind.STATEMENT,
        ref="CU2611-00017",
        facts=(Fact(label="from", value=date(2026, 1, 1)), Fact(label="to", value=DAY), *base.facts[3:5]),
        tables=(Table(columns=columns, rows=listed),),
        totals=(
            Total(label="balance", amount=Decimal("96.00"), strong=True),
            *(Total(label=name, amount=Decimal("19.20")) for name in ages),
        ),
        vat=(),
        closing=(),
        account=None,
    )


def inventory(locale: str = "pt-BR", count: int = 12) -> Paper:
    """Give a sheet to count by, with columns to write in."""
    base = invoice(1, locale)
    columns = _columns(
        ("ref", 16),
        ("description", 34),
        ("lot", 14),
        ("unit", 8),
        ("expected", 12),
        ("counted", 14),
        ("variance", 12),
        ("remark", 18),
    )
    listed = [
        Row(cells=(GOODS[at % 5][1], GOODS[at % 5][0], f"L-{at}", "pc", Decimal(at), None, None, None))
        for at in range(count)
    ]
    return replace(
        base,
        kind=PaperKind.INVENTORY,
        ref="IN2611-1",
        recipient=(),
        country="",
        facts=(
            base.facts[0],
            Fact(label="warehouse", value="MAIN Hauptlager"),
            Fact(label="location", value="A-01-03"),
        ),
        opening=(),
        tables=(Table(columns=columns, rows=listed),),
        totals=(),
        vat=(),
        closing=(Passage(key="counted_by"),),
        account=None,
    )


def others(locale: str) -> list[Paper]:
    """Give the remaining kinds of invoice, and an order."""
    base = invoice(2, locale)
    named = (("ref", "FA2610-0001"), ("date", DAY))
    instalments = [
        Passage(key="instalment", facts=(("due_date", day), ("amount", Decimal("12.5")))) for day in (DAY, DUE)
    ]
    without = (
        VatRow(rate=Decimal(0), base=Decimal(59), tax=Decimal(0), reason="Exonération, article 262 ter, I du CGI"),
    )
    own = Total(
        label="company_vat",
        amount=Decimal("11.20"),
        currency=EURO,
        facts=(("rate", Decimal("1.0731")), ("currency", "EUR")),
    )
    return [
        replace(base, kind=PaperKind.ORDER, ref="CO2611-1", mark=Mark.CANCELED, account=None, closing=()),
        replace(base, kind=PaperKind.PRO_FORMA, ref="", mark=Mark.DRAFT, closing=(Passage(key="pro_forma"),)),
        replace(base, kind=PaperKind.DEPOSIT, vat=without, closing=instalments),
        replace(
            base,
            kind=PaperKind.CREDIT_NOTE,
            facts=(*base.facts, Fact(label="credits", value="FA2610-0001")),
            totals=(*base.totals[:3], Total(label="to_give_back", amount=Decimal(5), strong=True), own),
            closing=(Passage(key="credits", facts=named),),
            account=None,
        ),
        replace(
            base,
            kind=PaperKind.REPLACEMENT,
            mark=Mark.ABANDONED,
            facts=(*base.facts, Fact(label="replaces", value="FA2610-0001")),
            totals=(*base.totals[:3], Total(label="given_up", amount=Decimal(5))),
            closing=(Passage(key="replaces", facts=named),),
            account=None,
        ),
    ]


def abroad(locale: str = "en") -> Paper:
    """Give an invoice in other scripts, in dinars, on Letter paper, with names as long as names get."""
    base = invoice(8, locale, currency("KWD"))
    listed = [
        Row(
            cells=(
                name,
                "Ж-01",
                Decimal("1234.5"),
                "kg",
                Decimal("0.00012345"),
                None,
                Decimal("7.25"),
                Decimal("1.5"),
            )
        )
        for name in (
            "办公椅 黑色 带扶手",
            "Γραφείο από ξύλο δρυός",
            "Офисное кресло «Хельсинки»",
            "デスクランプ",
            "사무용 의자",
            "مصباح",
        )
    ]
    return replace(
        base,
        ref="FA2611-0043",
        appearance=replace(base.appearance, format=Format.LETTER, accent="b8860b", logo=logo((900, 150))),
        recipient=(
            "Société anonyme pour la fabrication et la commercialisation de mobilier de bureau à haute performance",
            "株式会社東京オフィス",
            "Αθηνά Παπαδοπούλου",
            "Ленинский проспект, д. 12",
            "119049 Москва",
        ),
        country="KW",
        tables=(Table(columns=PRICED, rows=[*listed, *rows(3)]),),
    )


def samples() -> dict[str, Paper]:
    """Give papers by name, which together use every text, every kind and every language."""
    found = {f"invoice-{locale}": invoice(5, locale) for locale in LOCALES}
    found |= {"proposal": proposal(), "shipment": shipment(), "statement": statement(), "inventory": inventory()}
    found |= {f"{paper.kind}": paper for paper in others("de")}
    found |= {"abroad": abroad(), "yen": invoice(3, "pt-BR", currency("JPY")), "two-pages": invoice(26, "es")}
    return found


def words_of(content: bytes) -> list[str]:
    """Give the text of each page, as pypdf finds it in the order of drawing."""
    return [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]


def drawn(content: bytes) -> list[bytes]:
    """Give the operators of each page."""
    pages = (page.get_contents() for page in PdfReader(io.BytesIO(content)).pages)
    return [page.get_data() for page in pages if page is not None]


def pictures(content: bytes, pages: Sequence[int] | None = None, scale: float = 1.5) -> list[Image.Image]:
    """Give pages as pictures, as pdfium shows them."""
    document = pypdfium2.PdfDocument(content)
    try:
        wanted = range(len(document)) if pages is None else pages
        return [document[number].render(scale=scale).to_pil() for number in wanted]
    finally:
        document.close()


def gallery(folder: str) -> None:
    """Draw the samples as pictures into a folder, the first, second and last page of each."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    for name, paper in {**samples(), "forty": invoice(900)}.items():
        content = printed(paper)
        (place / f"{name}.pdf").write_bytes(content)
        count = len(PdfReader(io.BytesIO(content)).pages)
        for number in sorted({0, min(1, count - 1), count - 1}):
            pictures(content, [number])[0].save(place / f"{name}-{number + 1}.png")
