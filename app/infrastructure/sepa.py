"""Files for banks in ISO 20022 XML, written by sepaxml and checked against the schemas it brings along."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final
from xml.etree import ElementTree as ET

from sepaxml import SepaDD, SepaTransfer
from sepaxml.validation import try_valid_xml

from app.domain.banking import SepaKind, SepaOrder
from app.domain.shared.money import Amount

DEBIT: Final = "pain.008.001.08"
TRANSFER: Final = "pain.001.001.09"
_NOT_TAKEN: Final = re.compile(r"[^A-Za-z0-9/?:().,'+ -]")
"""What is outside the letters that every bank takes (EPC217-08)."""
ABSENT: Final = "NOTPROVIDED"
SCHEMES: Final = {SepaKind.DIRECT_DEBIT: DEBIT, SepaKind.CREDIT_TRANSFER: TRANSFER}


class SepaXml:
    """Writes orders as the rulebooks of 2019 and later want them: pain.008.001.08 and pain.001.001.09."""

    def write(self, order: SepaOrder) -> bytes:
        """Give the file of an order that was generated, always the same. Raises sepaxml's ValidationError.

        Names are written in the letters every bank takes; one without any is NOTPROVIDED, as is a bank without a BIC.
        sepaxml makes up ids and takes the time of day; both are replaced by what the order says, or the same order
        would be collected twice by a bank that looks at ids.
        """
        if order.message_id is None or order.generated_at is None:
            raise ValueError("an order has no file before it is generated")
        schema = SCHEMES[order.kind]
        config: dict[str, Any] = {"name": order.holder, "IBAN": order.iban, "batch": True, "currency": "EUR"}
        if order.bic:
            config["BIC"] = order.bic
        if order.kind is SepaKind.DIRECT_DEBIT:
            file = SepaDD({**config, "creditor_id": order.creditor_id}, schema=schema, clean=True)
        else:
            file = SepaTransfer(config, schema=schema, clean=True)
        for line in order.lines:
            file.add_payment(_payment(order, line.position - 1))
        content = _settled(file.export(validate=False), schema, order.message_id, order.generated_at)
        try_valid_xml(content, schema)
        return content


def _payment(order: SepaOrder, index: int) -> dict[str, Any]:
    line = order.lines[index]
    told: dict[str, Any] = {
        "name": line.holder,
        "IBAN": line.iban,
        "amount": _cents(line.amount),
        "description": line.invoice_ref,
        "endtoend_id": f"{order.message_id}-{line.position}"[:35],
    }
    if line.bic:
        told["BIC"] = line.bic
    if order.kind is SepaKind.CREDIT_TRANSFER:
        return {**told, "execution_date": order.date}
    return {
        **told,
        "type": line.sequence,
        "collection_date": order.date,
        "mandate_id": line.mandate,
        "mandate_date": line.mandate_date,
    }


def _cents(amount: Amount) -> int:
    return int(amount.scaleb(2))


def _settled(content: bytes, schema: str, message: str, at: datetime) -> bytes:
    """Give the file under the order's own ids and time."""
    space = f"urn:iso:std:iso:20022:tech:xsd:{schema}"
    root = ET.fromstring(content)  # noqa: S314 - written by ourselves a moment ago
    for name, values in (("MsgId", [message]), ("CreDtTm", [f"{at:%Y-%m-%dT%H:%M:%S}Z"])):
        for node, value in zip(root.iter(f"{{{space}}}{name}"), values, strict=True):
            node.text = value
    for name in ("Nm", "Ustrd"):
        for node in root.iter(f"{{{space}}}{name}"):
            node.text = _taken(node.text or "")
    for node in root.iter(f"{{{space}}}FinInstnId"):
        if not len(node):  # sepaxml leaves the payer's bank empty, where the rulebook wants to be told
            ET.SubElement(ET.SubElement(node, f"{{{space}}}Othr"), f"{{{space}}}Id").text = ABSENT
    for number, node in enumerate(root.iter(f"{{{space}}}PmtInfId"), 1):
        node.text = f"{message}-B{number}"[:35]
    ET.register_namespace("", space)
    written: bytes = ET.tostring(root, "utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>' + written


def _taken(text: str) -> str:
    """Give what sepaxml left of accents and other alphabets in the letters every bank takes."""
    return " ".join(_NOT_TAKEN.sub(" ", text.replace("&", "+")).split()) or ABSENT
