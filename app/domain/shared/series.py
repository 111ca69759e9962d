"""Which series of numbers there are, and the masks a new company starts with."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.domain.shared.numbering import Mask, Reset


class SeriesKind(StrEnum):
    """What a series numbers.

    Invoices and payments are numbered without a hole and linked by the hash chain; the others may have gaps.
    """

    CUSTOMER = "customer"
    SUPPLIER = "supplier"
    ORDER = "order"
    SHIPMENT = "shipment"
    INVOICE = "invoice"
    PAYMENT = "payment"


DEFAULT_MASKS: Final[Mapping[SeriesKind, Mask]] = MappingProxyType(
    {
        SeriesKind.CUSTOMER: Mask("CU{yy}{mm}-{00000}", Reset.MONTH),
        SeriesKind.SUPPLIER: Mask("SU{yy}{mm}-{00000}", Reset.MONTH),
        SeriesKind.ORDER: Mask("CO{yy}{mm}-{0000}", Reset.MONTH),
        SeriesKind.SHIPMENT: Mask("SH{yy}{mm}-{0000}", Reset.MONTH),
        SeriesKind.INVOICE: Mask("FA{yy}{mm}-{0000}", Reset.MONTH),
        SeriesKind.PAYMENT: Mask("PAY{yy}{mm}-{0000}", Reset.MONTH),
    }
)
