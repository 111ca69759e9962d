"""Columns that documents and their lines share."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey
from sqlalchemy.schema import SchemaItem

from app.domain.shared.lines import LineKind
from app.domain.shared.totals import VatMode
from app.infrastructure.database.types import (
    AMOUNT,
    COUNTER,
    CUSTOM,
    DAY,
    KEY,
    LONG_TEXT,
    PRICE,
    QUANTITY,
    RATE,
    choice,
    identity,
    text,
)


def document() -> list[SchemaItem]:
    """Give the columns every numbered document has."""
    return [
        identity(),
        Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
        Column("ref", text(60)),
        Column("party_id", KEY, nullable=False),
        Column("date", DAY, nullable=False),
        Column("version", COUNTER, nullable=False),
        Column("custom", CUSTOM),
    ]


def valued() -> list[SchemaItem]:
    """Give the columns of a document with amounts: how it counts, and its totals in both currencies."""
    return [
        Column("currency", text(3), nullable=False),
        Column("rate", RATE, nullable=False),
        Column("company_currency", text(3), nullable=False),
        Column("vat_mode", choice(VatMode), nullable=False),
        Column("note", LONG_TEXT, nullable=False),
        *(
            Column(name, AMOUNT, nullable=False)
            for name in ("total_net", "total_vat", "total_gross", "company_net", "company_vat", "company_gross")
        ),
    ]


def priced_line() -> list[SchemaItem]:
    """Give the columns of a priced line, besides its key."""
    return [
        Column("product_id", KEY),
        Column("kind", choice(LineKind), nullable=False),
        Column("description", LONG_TEXT, nullable=False),
        Column("quantity", QUANTITY, nullable=False),
        Column("unit", text(8)),
        Column("entered_quantity", QUANTITY),
        Column("kit_position", COUNTER),
        Column("unit_price", PRICE, nullable=False),
        Column("discount", RATE, nullable=False),
        Column("vat_rate", RATE, nullable=False),
        Column("unit_cost", PRICE, nullable=False),
        Column("net", AMOUNT, nullable=False),
        Column("company_net", AMOUNT, nullable=False),
        Column("company_cost", AMOUNT, nullable=False),
    ]


def line_key(owner: str) -> list[SchemaItem]:
    """Give the key of a line: its document (column ``owner``) and its position there, counted from 1.

    Lines have no id of their own: the key keeps a document's lines side by side and needs no id read back.
    """
    return [
        Column("company_id", KEY, primary_key=True, autoincrement=False),
        Column(owner, KEY, primary_key=True, autoincrement=False),
        Column("position", COUNTER, primary_key=True, autoincrement=False),
    ]
