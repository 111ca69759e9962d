"""A printer that writes down what it was to print, piece by piece, and may be held at a gate."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from io import BytesIO
from typing import Any

from PIL import Image

from app.domain.banking import BankAccount
from app.domain.identity import Company, CompanySettings, Letterhead
from app.domain.papers import Paper
from app.domain.parties import Address, Addressee, Party
from app.domain.shared.ids import BankAccountId, CompanyId, PartyId
from app.domain.shared.money import currency
from app.usecases.papers import Frame

PIECE = 50


@dataclass
class RecordingPrinter:
    """Gives what a paper says as bytes, the same ones for the same paper; ``hold_after`` pieces it waits at ``gate``.

    ``waits`` is told of each piece before it is drawn.
    """

    version: str = "recorded"
    papers: list[Paper] = field(default_factory=list)
    drawn: int = 0
    hold_after: int | None = None
    held: threading.Event = field(default_factory=threading.Event)
    gate: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)
    waits: Callable[[], object] = lambda: None

    def print(self, paper: Paper, check: Callable[[], None]) -> bytes:
        """Write a paper down."""
        try:
            self.papers.append(paper)
            rows = sum(len(table.rows) for table in paper.tables)
            for piece in range(max(1, -(-rows // PIECE))):
                check()
                self.waits()
                self.drawn += 1
                if piece + 1 == self.hold_after:
                    self.held.set()
                    assert self.gate.wait(60)
            logo = sha256(paper.appearance.logo or b"").hexdigest()
            return f"%PDF-1.7 {self.version} {logo}\n{paper!r}".encode("utf-8", "surrogatepass")
        finally:
            self.done.set()

    @property
    def last(self) -> Paper:
        """What was printed last."""
        return self.papers[-1]


def column(paper: Paper, name: str, table: int = 0) -> list[Any]:
    """Give the values of one column of a paper's table, top down."""
    at = [one.name for one in paper.tables[table].columns].index(name)
    return [row.cells[at] for row in paper.tables[table].rows]


def facts(paper: Paper) -> dict[str, Any]:
    """Give the facts of a paper by label."""
    return {fact.label: fact.value for fact in paper.facts}


def totals(paper: Paper) -> dict[str, Decimal]:
    """Give the sums of a paper by label, those of VAT by label and rate."""
    return {
        f"{one.label} {dict(one.facts)['rate'].normalize():f}" if one.label == "vat" else one.label: one.amount  # type: ignore[union-attr]
        for one in paper.totals
    }


def passages(paper: Paper) -> dict[str, dict[str, Any]]:
    """Give what is said below the sums, by key."""
    return {one.key: dict(one.facts) for one in paper.closing if one.key}


def picture(form: str = "PNG", size: tuple[int, int] = (40, 20), mode: str = "RGB", **how: Any) -> bytes:
    """Give a file with a picture in it."""
    out = BytesIO()
    Image.new(mode, size, "red" if mode == "RGB" else None).save(out, form, **how)
    return out.getvalue()


def frame(locale: str = "en", **head: Any) -> Frame:
    """Give a French company, with so much on its letterhead."""
    settings = CompanySettings(letterhead=Letterhead(**head))
    company = Company(id=CompanyId(1), name="Acme", country="FR", settings=settings)
    return Frame(company=company, settings=settings, locale=locale)


def party(**fields: Any) -> Party:
    """Give a customer in Germany."""
    address = Address(street="Hauptstr. 1", postal_code="10115", city="Berlin", country="DE")
    return Party(**{"id": PartyId(1), "name": "Kunde", "customer": True, "address": address, **fields})


def addressee(**fields: Any) -> Addressee:
    """Give to whom papers for that customer go."""
    one = party()
    return Addressee(**{"name": one.name, "tax_id": one.tax_id, "address": one.address, **fields})


def account() -> BankAccount:
    """Give an account of the company."""
    return BankAccount(
        label="Main", holder="Acme", iban="FR7630006000011234567890189", currency=currency("EUR"), id=BankAccountId(1)
    )
