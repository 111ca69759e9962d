"""Which series of numbers there are, and the masks a new company starts with."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.domain.shared.numbering import Mask, Reset


class SeriesKind(StrEnum):
    """What a series numbers.

    Invoices of all kinds but pro formas, and payments, are numbered without a hole and linked by the hash chain; the
    others may have gaps.
    """

    CUSTOMER = "customer"
    SUPPLIER = "supplier"
    PROPOSAL = "proposal"
    ORDER = "order"
    SHIPMENT = "shipment"
    STOCK_TRANSFER = "stock_transfer"
    INVENTORY = "inventory"
    RETURN = "return"
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    DEPOSIT = "deposit"
    REPLACEMENT = "replacement"
    PRO_FORMA = "pro_forma"
    PAYMENT = "payment"
    CHEQUE_DEPOSIT = "cheque_deposit"


OF_INVOICES: Final = (
    SeriesKind.INVOICE,
    SeriesKind.CREDIT_NOTE,
    SeriesKind.DEPOSIT,
    SeriesKind.REPLACEMENT,
    SeriesKind.PRO_FORMA,
)
"""The series whose references must all differ: invoices of every kind stand in one list."""
DEFAULT_MASKS: Final[Mapping[SeriesKind, Mask]] = MappingProxyType(
    {
        SeriesKind.CUSTOMER: Mask("CU{yy}{mm}-{00000}", Reset.MONTH),
        SeriesKind.SUPPLIER: Mask("SU{yy}{mm}-{00000}", Reset.MONTH),
        SeriesKind.PROPOSAL: Mask("PR{yy}{mm}-{0000}", Reset.MONTH),
        SeriesKind.ORDER: Mask("CO{yy}{mm}-{0000}", Reset.MONTH),
        SeriesKind.SHIPMENT: Mask("SH{yy}{mm}-{0000}", Reset.MONTH),
        SeriesKind.STOCK_TRANSFER: Mask("TR{yy}{mm}-{0000}", Reset.MONTH),
        SeriesKind.INVENTORY: Mask("IN{yy}{mm}-{0000}", Reset.MONTH),
        SeriesKind.RETURN: Mask("RE{yy}{mm}-{0000}", Reset.MONTH),
        SeriesKind.INVOICE: Mask("FA{yy}{mm}-{0000}", Reset.MONTH),
        SeriesKind.CREDIT_NOTE: Mask("AV{yy}{mm}-{0000}", Reset.MONTH),
        SeriesKind.DEPOSIT: Mask("AC{yy}{mm}-{0000}", Reset.MONTH),
        SeriesKind.REPLACEMENT: Mask("FR{yy}{mm}-{0000}", Reset.MONTH),
        SeriesKind.PRO_FORMA: Mask("PF{yy}{mm}-{0000}", Reset.MONTH),
        SeriesKind.PAYMENT: Mask("PAY{yy}{mm}-{0000}", Reset.MONTH),
        SeriesKind.CHEQUE_DEPOSIT: Mask("CHQ{yy}{mm}-{0000}", Reset.MONTH),
    }
)
