"""Papers of customers' accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Final

from app.domain.papers import CellKind, Column, Paper, PaperKind, Row, RowKind, Table, Total
from app.domain.parties import Address, AddressKind, Party
from app.domain.shared.ids import PartyId
from app.domain.shared.money import Amount
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.papers.frame import Frame, day, facts, recipient, text
from app.usecases.papers.keeping import PaperRequest, PrintCase, Subject, Wanted, address_of
from app.usecases.ports.reports import AgingRow
from app.usecases.ports.shared import Clock, Work
from app.usecases.reports import Period, Statement, StatementRequest, classes

AGES: Final = AgingRow._fields[3:-1]
_COLUMNS: Final = (
    Column(name="date", kind=CellKind.DAY, share=14),
    Column(name="entry", kind=CellKind.LABEL, share=24),
    Column(name="ref", kind=CellKind.TEXT, share=20),
    Column(name="currency", kind=CellKind.TEXT, share=10),
    Column(name="own_amount", kind=CellKind.NUMBER, share=16),
    Column(name="amount", kind=CellKind.AMOUNT, share=16),
    Column(name="balance", kind=CellKind.AMOUNT, share=16),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementPaperRequest(PaperRequest):
    """Whose account is wanted, of which period, in which language."""

    period: Period


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementFacts:
    """What the paper of an account is made of: its entries as the report gives them, and how old what is owed is."""

    party: Party
    address: Address
    period: Period
    on: date
    entries: Sequence[tuple[Any, ...]]
    balance: Amount
    aging: AgingRow | None


def statement_paper(frame: Frame, given: StatementFacts) -> Paper:
    """Describe an account; amounts in the entry's own currency are shown where one is in another than the company's."""
    currency = frame.company.settings.currency
    own = any(row[3] != currency.code for row in given.entries)
    kept = [at for at, column in enumerate(_COLUMNS) if own or column.name not in {"currency", "own_amount"}]
    rows = [
        Row(kind=RowKind.ITEM, cells=[cells[at] for at in kept])
        for on, kind, ref, code, own_amount, amount, balance in given.entries
        for cells in [(on, f"papers.entries.{kind}", ref, code, own_amount, amount, balance)]
    ]
    ages = given.aging
    return Paper(
        kind=PaperKind.STATEMENT,
        ref=given.party.customer_code or "",
        locale=frame.locale,
        date=given.on,
        currency=currency,
        issuer=frame.issuer(),
        appearance=frame.appearance(),
        recipient=recipient(given.party.name, given.address),
        country=frame.abroad(given.address),
        facts=facts(
            day("date", given.on),
            day("from", given.period.date_from),
            day("to", given.period.date_to),
            text("customer_code", given.party.customer_code),
            text("customer_vat_number", given.party.tax_id),
        ),
        tables=[Table(columns=[_COLUMNS[at] for at in kept], rows=rows)],
        totals=[
            Total(label="balance", amount=given.balance, strong=True),
            *(Total(label=name, amount=getattr(ages, name)) for name in AGES if ages and getattr(ages, name)),
        ],
    )


@dataclass(frozen=True, slots=True)
class PrintStatement(PrintCase):
    """Describe a customer's account as it is printed, and how old what is owed is at its end.

    Raises NotFound, PeriodBackwards.
    """

    clock: Clock
    right: ClassVar[Right] = Right.REPORTS_READ

    def execute(self, work: Work, context: Context, request: StatementPaperRequest) -> Wanted:
        """Give the paper that was kept, or what it says."""
        party, period = work.parties.get(PartyId(request.id)), request.period
        today = self.clock.today(context.zone)
        asked = StatementRequest(party=party.id, date_from=period.date_from, date_to=period.date_to)
        found = Statement().execute(work, context, asked)
        until = today if period.date_to is None else min(today, period.date_to)
        subject = Subject(
            kind=PaperKind.STATEMENT,
            document=party.id,
            version=0,
            final=False,
            name=f"{party.customer_code or party.id}-{until.isoformat()}",
        )

        def describe(frame: Frame) -> Paper:
            given = StatementFacts(
                party=party,
                address=address_of(work, party, AddressKind.BILLING),
                period=period,
                on=today,
                entries=found.rows,
                balance=found.totals["amount"],
                aging=work.reports.aging_of(party.id, until, classes(until)),
            )
            return statement_paper(frame, given)

        return self.wanted(work, context, subject, request.locale or party.locale, describe)
