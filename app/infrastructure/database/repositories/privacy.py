"""Traces of third parties in SQL, and the one list of the places where they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Executable, bindparam, delete, literal_column, null, or_, select, union_all, update

from app.domain.billing import InvoiceState
from app.domain.sales import OrderState, ProposalState
from app.domain.shared.ids import PartyId
from app.domain.shipping import ReturnState, ShipmentState
from app.infrastructure.database.compiled import prepare, prepare_many
from app.infrastructure.database.repositories.papers import ADDRESSED
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import bytes_at
from app.infrastructure.database.tables.banking import sepa_order_lines
from app.infrastructure.database.tables.billing import invoices
from app.infrastructure.database.tables.mail import mails
from app.infrastructure.database.tables.papers import addressees
from app.infrastructure.database.tables.sales import orders, proposals
from app.infrastructure.database.tables.shared import answers
from app.infrastructure.database.tables.shipping import returns, shipments
from app.infrastructure.database.types import BYTES, JSON_TEXT, LONG_TEXT
from app.usecases.context import Context
from app.usecases.ports.privacy import Erasure, OpenDocument

OPEN: Final = (
    ("proposal", proposals, (ProposalState.DRAFT, ProposalState.VALIDATED, ProposalState.SIGNED)),
    ("order", orders, (OrderState.DRAFT, OrderState.VALIDATED, OrderState.IN_SHIPMENT)),
    ("shipment", shipments, (ShipmentState.DRAFT,)),
    ("return", returns, (ReturnState.DRAFT,)),
    ("invoice", invoices, (InvoiceState.DRAFT, InvoiceState.VALIDATED)),
)
"""Documents that are not done, by kind: their table and the states in which something is still to happen."""


def _open() -> Executable:
    found = [
        select(literal_column(f"'{kind}'", LONG_TEXT).label("document"), table.c.id, table.c.ref).where(
            table.c.company_id == bindparam("company_id"),
            table.c.party_id == bindparam("party_id"),
            or_(*(table.c.status == state for state in states)),
        )
        for kind, table, states in OPEN
    ]
    return union_all(*found).limit(bindparam("most", type_=invoices.c.version.type))


_OPEN = prepare(_open(), "select open documents")

_KEY: Final = ("company_id", "actor_id", "route", "key")
_MINE: Final = tuple(answers.c[name] == bindparam(f"the_{name}", type_=answers.c[name].type) for name in _KEY)
_KEPT = prepare_many(
    lambda count: select(*(answers.c[name] for name in _KEY), answers.c.body).where(
        answers.c.company_id == bindparam("company_id"),
        or_(*(bytes_at(answers.c.body, bindparam(f"word__{n}", type_=BYTES)) > 0 for n in range(count))),
    ),
    "select answers that name",
    pads=True,
)
_REWRITE = prepare(
    update(answers).where(*_MINE).values(body=bindparam("rewritten", type_=BYTES)), "update answers that name"
)


def forget_answers(session: Session, company: int, erasure: Erasure) -> None:
    """Rewrite kept answers that show the party, so that a repeated request is told what is left of it.

    They are not removed: whoever repeats the request would then do it a second time.
    """
    rows = session.all_of(_KEPT, [{"word": word.encode()} for word in _showing(erasure)], company_id=company)
    for *key, body in rows:
        before = orjson.loads(bytes(body))
        after = _without(before, erasure)
        if after != before:
            place = {f"the_{name}": value for name, value in zip(_KEY, key, strict=True)}
            session.run(_REWRITE, rewritten=orjson.dumps(after), **place)


def _showing(erasure: Erasure) -> list[str]:
    """Give what stands in the body of an answer that shows the party: its id, or one of its words."""
    ids = [f'"{name}":{erasure.party}{end}' for name in ("id", "party_id") for end in ",}"]
    return ids + [_inside(word) for word in erasure.words]


_FORGET_ADDRESSES = prepare(
    update(shipments)
    .where(
        shipments.c.company_id == bindparam("company_id"),
        shipments.c.party_id == bindparam("party_id"),
        shipments.c.delivery_address.is_not(None),
    )
    .values(delivery_address=null()),
    "update shipments that were delivered to",
)


def forget_addresses(session: Session, company: int, erasure: Erasure) -> None:
    """Empty the addresses that shipments of the party went to."""
    session.run(_FORGET_ADDRESSES, company_id=company, party_id=erasure.party)


_FORGET_ADDRESSEES: Final = [
    prepare(
        delete(addressees).where(
            addressees.c.company_id == bindparam("company_id"),
            addressees.c.kind == kind,
            addressees.c.document_id.in_(
                select(table.c.id).where(
                    table.c.company_id == bindparam("company_id"), table.c.party_id == bindparam("party_id")
                )
            ),
        ),
        f"delete addressees.{kind.aggregate}",
    )
    for kind, table in ADDRESSED.items()
]


def forget_addressees(session: Session, company: int, erasure: Erasure) -> None:
    """Forget as whom and where the party's documents were sent to it; what was printed is printed."""
    for statement in _FORGET_ADDRESSEES:
        session.run(statement, company_id=company, party_id=erasure.party)


_FORGET_ACCOUNTS = prepare(
    update(sepa_order_lines)
    .where(
        sepa_order_lines.c.company_id == bindparam("company_id"),
        sepa_order_lines.c.invoice_id.in_(
            select(invoices.c.id).where(
                invoices.c.company_id == bindparam("company_id"), invoices.c.party_id == bindparam("party_id")
            )
        ),
    )
    .values(holder="", iban="", bic="", mandate="", mandate_date=null()),
    "update sepa_order_lines that name accounts",
)


def forget_accounts(session: Session, company: int, erasure: Erasure) -> None:
    """Empty the accounts and mandates that orders to banks moved money with; their files are gone with them."""
    session.run(_FORGET_ACCOUNTS, company_id=company, party_id=erasure.party)


_FORGET_MAILS = prepare(
    update(mails)
    .where(mails.c.company_id == bindparam("company_id"), mails.c.party_id == bindparam("party_id"))
    .values(
        to_addresses=bindparam("none", type_=JSON_TEXT),
        cc_addresses=bindparam("none", type_=JSON_TEXT),
        later=bindparam("none", type_=JSON_TEXT),
        refused=bindparam("none", type_=JSON_TEXT),
        subject="",
        note="",
    ),
    "update mails that were sent to",
)


def forget_mails(session: Session, company: int, erasure: Erasure) -> None:
    """Empty whom mails about documents of the party went to, and what somebody wrote in them."""
    session.run(_FORGET_MAILS, company_id=company, party_id=erasure.party, none=[])


TRACES: Final[list[Callable[[Session, int, Erasure], None]]] = [
    forget_answers,
    forget_addresses,
    forget_addressees,
    forget_accounts,
    forget_mails,
]
"""What forgets a party in one place each; a table that copies data of third parties adds its own."""

TELLING: Final = ("email", "phone", "tax_id", "street", "customer_code", "supplier_code")
"""How the names of fields end that hold words which tell who somebody is."""


BELONGING: Final = frozenset({"iban", "job", "label"})
"""Fields by one of which a contact, an address or a bank account of a third party is known."""

MAIL: Final = frozenset({"to", "cc", "later", "refused", "subject", "text"})
"""What of a mail tells whom it went to and what was written to them."""


def _without(value: Any, erasure: Erasure) -> Any:
    """Give an answer without the party: its own object emptied, its telling words gone from fields of their kind.

    Not from any field: a telephone number may be somebody's amount; nor from another third party, who may share them.
    """
    if isinstance(value, list):
        return [_without(part, erasure) for part in value]
    if not isinstance(value, dict):
        return value
    if {"customer_code", "supplier_code"} <= value.keys():
        if value.get("id") != erasure.party:
            return value
        return {name: _emptied(part) for name, part in value.items()} | {"name": erasure.name, "archived": True}
    if value.get("party_id") == erasure.party and (gone := _theirs(value)):
        return {name: _emptied(part) if name in gone else part for name, part in value.items()}
    return {
        name: "" if part in erasure.words and name.endswith(TELLING) else _without(part, erasure)
        for name, part in value.items()
    }


def _theirs(value: dict[str, Any]) -> Collection[str]:
    """Give the fields that are the third party's: all of what belongs to it, and of a mail whom it went to."""
    if BELONGING & value.keys():
        return value.keys()
    return MAIL if value.keys() >= MAIL else ()


def _emptied(value: Any) -> Any:
    """Give a value with every text in it gone."""
    match value:
        case str():
            return ""
        case Mapping():
            return {name: _emptied(part) for name, part in value.items()}
        case list():
            return [_emptied(part) for part in value]
        case _:
            return value


def _inside(word: str) -> str:
    """Give a word as it stands between the quotes of JSON."""
    return json.dumps(word, ensure_ascii=False)[1:-1]


class SqlPrivacy:
    """Where third parties of the context's company are, and where they have left traces."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company

    def open_documents(self, party: PartyId, most: int) -> Sequence[OpenDocument]:
        """Give up to ``most`` documents of the party that are not done."""
        rows = self._session.all(_OPEN, company_id=self._company, party_id=party, most=most)
        return [OpenDocument(document=kind, id=key, ref=ref or "") for kind, key, ref in rows]

    def forget(self, erasure: Erasure) -> None:
        """Remove what the party has left outside its own row."""
        for forget in TRACES:
            forget(self._session, self._company, erasure)
