"""What a printed document says, in the order its reader meets it; how that looks is the printer's.

A paper is made of typed values, never of finished texts: a label is a key of the language files, a date a date, an
amount a Decimal. So the same paper is written in any language, and what it says can be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from app.domain.shared.money import Currency

ACCENT: Final = "1f3a5f"
"""The colour of papers of a company that chose none: a dark blue."""


class PaperKind(StrEnum):
    """What is printed; its title is the text ``papers.titles.<value>``."""

    PROPOSAL = "proposal"
    ORDER = "order"
    SHIPMENT = "shipment"
    INVOICE = "invoice"
    PRO_FORMA = "pro_forma"
    DEPOSIT = "deposit"
    CREDIT_NOTE = "credit_note"
    REPLACEMENT = "replacement"
    STATEMENT = "statement"
    INVENTORY = "inventory"


class Mark(StrEnum):
    """What is written across every page; the text is ``papers.marks.<value>``."""

    DRAFT = "draft"
    CANCELED = "canceled"
    ABANDONED = "abandoned"


class CellKind(StrEnum):
    """How the values of a column are written, and on which side they stand: texts and days left, numbers right.

    An amount has the decimals of the paper's currency, a price at least these, a number as many as it needs. A label
    is a key of the language files.
    """

    TEXT = "text"
    LABEL = "label"
    DAY = "day"
    NUMBER = "number"
    PRICE = "price"
    AMOUNT = "amount"
    PERCENT = "percent"


class RowKind(StrEnum):
    """What a row of a table is: something listed, a heading, a sum so far, or words between."""

    ITEM = "item"
    TITLE = "title"
    SUBTOTAL = "subtotal"
    TEXT = "text"


class Window(StrEnum):
    """On which side of the page the window of an envelope shows the address (DIN 5008: left; France: right)."""

    LEFT = "left"
    RIGHT = "right"


class Format(StrEnum):
    """The size of the page."""

    A4 = "a4"
    LETTER = "letter"


Value = str | int | Decimal | date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A value with its label, the text ``papers.facts.<label>``: date, due date, VAT number ..."""

    label: str
    value: Value
    kind: CellKind = CellKind.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """How a company's papers look: ``accent`` is a colour in hex without #, ``footer`` lines at the foot of each page.

    ``logo`` is a PNG image, as re-encoded when it was uploaded.
    """

    accent: str = ACCENT
    footer: Sequence[str] = ()
    window: Window = Window.LEFT
    format: Format = Format.A4
    logo: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Who sends the paper: name and address lines as on an envelope, and facts: VAT number, register, telephone ..."""

    name: str
    address: Sequence[str] = ()
    facts: Sequence[Fact] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table, headed by the text ``papers.columns.<name>``; ``share`` is its part of the width.

    ``carried``: the sum of the rows so far is written at the foot of a page and at the head of the next.
    """

    name: str
    kind: CellKind
    share: int = 10
    carried: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of a table, one value for each column; a row of words has just ``text``.

    ``text`` of an item is its long description, printed below the first column in small letters. ``carry`` is what
    the row adds to the carried column, in its unit; None for what adds nothing (a sum so far, an option).
    ``depth`` indents parts of a kit.
    """

    kind: RowKind = RowKind.ITEM
    cells: Sequence[Value] = ()
    text: str = ""
    carry: Decimal | None = None
    depth: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What is listed, over as many pages as it takes, headed by the text ``papers.tables.<title>`` if there is one."""

    columns: Sequence[Column]
    rows: Sequence[Row]
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """A line of the sums, labelled by the text ``papers.totals.<label>``; ``strong`` for what is to be paid.

    ``facts`` are filled into the label: the rate of a VAT line, the reference of a deposit.
    """

    label: str
    amount: Decimal
    strong: bool = False
    facts: Sequence[tuple[str, Value]] = ()
    currency: Currency | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VatRow:
    """One line of the VAT summary: rate in per cent, base and tax in the paper's currency, why no tax is due."""

    rate: Decimal
    base: Decimal
    tax: Decimal
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where to pay: what the transfer form needs, and the EPC QR code (EPC069-12) for euros between SEPA accounts.

    ``amount`` is what is open, ``reference`` what the payer writes into the transfer.
    """

    holder: str
    iban: str
    bic: str = ""
    bank: str = ""
    amount: Decimal
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A paragraph: the text ``papers.passages.<key>`` with ``facts`` filled in, or the company's own words ``text``."""

    key: str = ""
    text: str = ""
    facts: Sequence[tuple[str, Value]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One document as it is printed, in the language ``locale``; ``ref`` is empty while it has no number.

    ``recipient`` are the lines of the address in the window, below them ``country`` (ISO 3166-1 alpha-2) by its name,
    where it goes abroad. Amounts are in ``currency``. The file says it was made on ``date``, so that the same paper has
    the same bytes.
    """

    kind: PaperKind
    ref: str
    locale: str
    date: date
    currency: Currency
    issuer: Issuer
    appearance: Appearance
    recipient: Sequence[str]
    facts: Sequence[Fact]
    tables: Sequence[Table]
    opening: Sequence[Passage] = ()
    totals: Sequence[Total] = ()
    vat: Sequence[VatRow] = ()
    closing: Sequence[Passage] = ()
    account: Account | None = None
    mark: Mark | None = None
    country: str = ""
