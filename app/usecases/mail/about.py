"""What a letter says of a document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from app.domain.billing import InvoiceKind, InvoiceState
from app.domain.mail import LetterKind, Mail
from app.domain.sales import OrderState, ProposalState
from app.domain.shared.ids import InvoiceId, OrderId, PartyId, ProposalId, ShipmentId
from app.domain.shared.objects import ObjectKind
from app.domain.shipping import ShipmentState
from app.usecases.ports.mail import Letter
from app.usecases.ports.shared import Work

_LETTERS: Final[Mapping[InvoiceKind, LetterKind]] = {
    InvoiceKind.DEPOSIT: LetterKind.DEPOSIT,
    InvoiceKind.CREDIT_NOTE: LetterKind.CREDIT_NOTE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a letter says of a document, and whether it is a draft still."""

    letter: LetterKind
    party_id: PartyId
    draft: bool
    facts: Mapping[str, object]

    def written(self, mail: Mail, company: str, name: str) -> Letter:
        """Give the letter of a mail."""
        return Letter(
            kind=mail.kind,
            locale=mail.locale,
            company=company,
            name=name,
            note=mail.note,
            **self.facts,  # type: ignore[arg-type] # made below, by the names of a letter's fields
        )


def _proposal(work: Work, document: int) -> About:
    found = work.proposals.get(ProposalId(document))
    facts = {
        "ref": found.ref,
        "day": found.date,
        "valid_until": found.valid_until,
        "total": found.totals.gross,
        "currency": found.valuation.currency.code,
    }
    draft = found.state is ProposalState.DRAFT
    return About(letter=LetterKind.PROPOSAL, party_id=found.party_id, draft=draft, facts=facts)


def _order(work: Work, document: int) -> About:
    found = work.orders.get(OrderId(document))
    facts = {
        "ref": found.ref,
        "day": found.date,
        "total": found.totals.gross,
        "currency": found.valuation.currency.code,
    }
    draft = found.state is OrderState.DRAFT
    return About(letter=LetterKind.ORDER, party_id=found.party_id, draft=draft, facts=facts)


def _shipment(work: Work, document: int) -> About:
    found = work.shipments.get(ShipmentId(document))
    numbers = [parcel.tracking_number for parcel in found.parcels if parcel.tracking_number]
    facts = {
        "ref": found.ref,
        "day": found.date,
        "carrier": "" if found.carrier_id is None else work.carriers.get(found.carrier_id).name,
        "tracking": ", ".join(numbers),
    }
    draft = found.state is ShipmentState.DRAFT
    return About(letter=LetterKind.SHIPMENT, party_id=found.party_id, draft=draft, facts=facts)


def _invoice(work: Work, document: int) -> About:
    found = work.invoices.get(InvoiceId(document))
    letter = _LETTERS.get(found.kind, LetterKind.INVOICE)
    facts: dict[str, object] = {
        "ref": found.ref,
        "day": found.date,
        "total": abs(found.totals.gross),
        "currency": found.valuation.currency.code,
    }
    if letter is not LetterKind.CREDIT_NOTE:
        facts["due"] = found.due_date
    return About(letter=letter, party_id=found.party_id, draft=found.state is InvoiceState.DRAFT, facts=facts)


def _statement(work: Work, document: int) -> About:
    party = work.parties.get(PartyId(document))
    return About(letter=LetterKind.STATEMENT, party_id=party.id, draft=False, facts={})


_ABOUT: Final[Mapping[ObjectKind, Callable[[Work, int], About]]] = {
    ObjectKind.PROPOSALS: _proposal,
    ObjectKind.ORDERS: _order,
    ObjectKind.SHIPMENTS: _shipment,
    ObjectKind.INVOICES: _invoice,
    ObjectKind.THIRD_PARTIES: _statement,
}


def about(work: Work, kind: ObjectKind, document: int) -> About:
    """Give what is to be said of a document. Raises NotFound."""
    return _ABOUT[kind](work, document)


def to_colleague(work: Work, mail: Mail, letter: Letter) -> Letter:
    """Give a letter about a customer's document as one to a colleague, who is greeted; the customer is a fact of it."""
    user = work.users.by_email(mail.to[0])
    return replace(letter, name=letter.company if user is None else user.name, customer=letter.name)
