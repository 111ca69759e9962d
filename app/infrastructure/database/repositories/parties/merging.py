"""Merging of third parties in SQL, and the one list of the tables that name one."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Executable, Table, and_, bindparam, case, delete, exists, literal_column, select, update
from sqlalchemy.sql.functions import coalesce

from app.domain.shared.ids import PartyId
from app.domain.shared.objects import ObjectKind
from app.infrastructure.database.compiled import Prepared, prepare
from app.infrastructure.database.session import Session
from app.infrastructure.database.tables.attachments import attachments
from app.infrastructure.database.tables.billing import invoice_templates, invoices, payments
from app.infrastructure.database.tables.parties import contacts, party_accounts, party_addresses, third_parties
from app.infrastructure.database.tables.sales import orders, proposals
from app.infrastructure.database.tables.shipping import returns, shipments
from app.infrastructure.database.types import KEY
from app.usecases.context import Context
from app.usecases.ports.shared import RolledBack

DOCUMENTS: Final = (invoice_templates, invoices, orders, payments, proposals, shipments, returns)
"""Documents that follow, in the order in which documents are locked; those with a link keep whom it names."""

BELONGINGS: Final = (contacts, party_addresses, party_accounts)
"""What else follows."""

STAYING: Final = ("customer_credits", "party_categories", "prices")
"""What names a third party and does not follow: a row that is nothing but a lock, and what the other has of its own."""

_FROM: Final = bindparam("party", type_=KEY)
_INTO: Final = bindparam("into", type_=KEY)


def _theirs(table: Table) -> tuple[object, ...]:
    return (table.c.company_id == bindparam("company"), table.c.party_id == _FROM)


def _move(table: Table) -> Prepared:
    values: dict[str, object] = {"party_id": _INTO, "version": table.c.version + 1}
    if "sealed_party_id" in table.c:
        sealed = coalesce(table.c.sealed_party_id, _FROM)
        values["sealed_party_id"] = case((table.c.link.is_not(None), sealed), else_=table.c.sealed_party_id)
    if "preferred" in table.c:
        values["preferred"] = bindparam("unset", False, type_=table.c.preferred.type)  # noqa: FBT003 - a value
    return prepare(update(table).where(*_theirs(table)).values(values), f"merge {table.name}")  # type: ignore[arg-type]


def _left() -> Executable:
    found = [exists().where(*_theirs(table)) for table in DOCUMENTS]  # type: ignore[arg-type]
    there = case((and_(*(~one for one in found)), literal_column("0")), else_=literal_column("1"))
    return select(there)


_MOVE_DOCUMENTS: Final = tuple(_move(table) for table in DOCUMENTS)
_MOVE_BELONGINGS: Final = tuple(_move(table) for table in BELONGINGS)
_LEFT = prepare(_left(), "look for documents left")
_OWN_IBANS = prepare(
    select(party_accounts.c.iban).where(
        party_accounts.c.company_id == bindparam("company"), party_accounts.c.party_id == _INTO
    ),
    "select party_accounts.iban",
)
_TWINS = prepare(
    delete(party_accounts).where(*_theirs(party_accounts), party_accounts.c.iban == bindparam("iban")),  # type: ignore[arg-type]
    "delete party_accounts.twin",
)
_FILES = prepare(
    update(attachments)
    .where(
        attachments.c.company_id == bindparam("company"),
        attachments.c.kind == bindparam("kind"),
        attachments.c.object_id == _FROM,
    )
    .values(object_id=_INTO),
    "merge attachments",
)
_CHAIN = prepare(
    update(third_parties)
    .where(third_parties.c.company_id == bindparam("company"), third_parties.c.merged_into_id == _FROM)
    .values(merged_into_id=_INTO, version=third_parties.c.version + 1),
    "merge third_parties",
)


class SqlMerging:
    """Moves what names one third party of the context's company to another."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company

    def move_documents(self, party: PartyId, into: PartyId) -> None:
        """Let the documents name ``into``; sealed ones keep whom their link names."""
        for statement in _MOVE_DOCUMENTS:
            self._session.run(statement, company=self._company, party=party, into=into)

    def move_belongings(self, party: PartyId, into: PartyId) -> None:
        """Let what is no document name ``into``. Raises RolledBack when a document was entered meanwhile."""
        moved = {"company": self._company, "party": party, "into": into}
        if self._session.scalar(_LEFT, company=self._company, party=party):
            raise RolledBack
        for (iban,) in self._session.all(_OWN_IBANS, company=self._company, into=into):
            self._session.run(_TWINS, company=self._company, party=party, iban=iban)
        for statement in _MOVE_BELONGINGS:
            self._session.run(statement, **moved)
        self._session.run(_FILES, **moved, kind=ObjectKind.THIRD_PARTIES)
        self._session.run(_CHAIN, **moved)
