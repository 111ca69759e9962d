"""Merging of third parties in SQL, and the one list of the tables that name one."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Executable,
    Table,
    and_,
    bindparam,
    case,
    delete,
    exists,
    false,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.sql.functions import coalesce

from app.domain.shared.ids import PartyId
from app.domain.shared.objects import ObjectKind
from app.infrastructure.database.compiled import Prepared, prepare
from app.infrastructure.database.session import Session
from app.infrastructure.database.tables.attachments import attachments
from app.infrastructure.database.tables.billing import invoice_templates, invoices, payments
from app.infrastructure.database.tables.catalogue import party_categories, prices, product_suppliers, products
from app.infrastructure.database.tables.mail import mails
from app.infrastructure.database.tables.parties import contacts, party_accounts, party_addresses, third_parties
from app.infrastructure.database.tables.sales import orders, proposals
from app.infrastructure.database.tables.shipping import returns, shipments
from app.infrastructure.database.types import KEY
from app.usecases.context import Context
from app.usecases.ports.shared import RolledBack

DOCUMENTS: Final = (invoice_templates, invoices, orders, payments, proposals, shipments, returns)
"""Documents that follow, in the order in which documents are locked; those with a link keep whom it names."""

BELONGINGS: Final = (contacts, party_addresses, party_accounts, mails)
"""What else follows."""

AGREED: Final = (prices.c.party_id, product_suppliers.c.supplier_id)
"""What is agreed on products, which follows; where the other has something agreed on one itself, that alone stays."""

_FROM: Final = bindparam("party", type_=KEY)
_INTO: Final = bindparam("into", type_=KEY)
_MINE: Final = bindparam("company", type_=KEY)


def _theirs(table: Table) -> tuple[ColumnElement[bool], ...]:
    return _named(table.c.party_id)


def _named(owner: Column[int], party: ColumnElement[int] = _FROM) -> tuple[ColumnElement[bool], ...]:
    return (owner.table.c.company_id == _MINE, owner == party)


def _has_preferred(table: Table) -> ColumnElement[bool]:
    """Build the question whether the other prefers one of the row's kind itself."""
    alike = ["kind"] if "kind" in table.c else []
    chosen = select(table.c.id, *(table.c[name] for name in alike)).where(*_named(table.c.party_id, _INTO))
    own = chosen.where(table.c.preferred).subquery("own")
    return select(own.c.id).where(*(own.c[name] == table.c[name] for name in alike)).correlate(table).exists()


def _move(table: Table) -> Prepared:
    values: dict[str, object] = {"party_id": _INTO, "version": table.c.version + 1}
    if "sealed_party_id" in table.c:
        sealed = coalesce(table.c.sealed_party_id, _FROM)
        values["sealed_party_id"] = case((table.c.link.is_not(None), sealed), else_=table.c.sealed_party_id)
    if "preferred" in table.c:
        values["preferred"] = case((_has_preferred(table), false()), else_=table.c.preferred)
    if table is mails:  # those with a statement are about the third party itself
        own = table.c.object_kind == ObjectKind.THIRD_PARTIES
        values["object_id"] = case((own, _INTO), else_=table.c.object_id)
    return prepare(update(table).where(*_theirs(table)).values(values), f"merge {table.name}")


def _flag(found: ColumnElement[bool]) -> ColumnElement[int]:
    return case((found, literal_column("1")), else_=literal_column("0"))


def _left() -> Executable:
    """Build the look for documents, for what is agreed, and for categories that name the third party."""
    documents = [exists().where(*_theirs(table)) for table in DOCUMENTS]
    others = (*AGREED, party_categories.c.party_id)
    flags = (_flag(exists().where(*_named(owner))) for owner in others)
    return select(_flag(~and_(*(~one for one in documents))), *flags)


def _drop_twins(owner: Column[int], what: str) -> Prepared:
    """Prepare the end of rows of which the other has one of the same ``what``."""
    table = owner.table
    # In a table of its own: MySQL reads none that it deletes from.
    own = select(table.c[what]).where(*_named(owner, _INTO)).subquery("own")
    return prepare(delete(table).where(*_named(owner), table.c[what].in_(select(own))), f"delete {table.name}.twins")


def _hand_on(owner: Column[int], **values: ColumnElement[int]) -> Prepared:
    changed = {owner.name: _INTO, **values}
    return prepare(update(owner.table).where(*_named(owner)).values(changed), f"merge {owner.table.name}")


def _sort_behind() -> Prepared:
    """Prepare the move of categories behind those that the other has."""
    owner, position = party_categories.c.party_id, party_categories.c.position
    last = select(coalesce(func.max(position), 0).label("position")).where(*_named(owner, _INTO)).subquery("own")
    return _hand_on(owner, position=position + select(last.c.position).scalar_subquery())


_FOLLOWING: Final = (
    (_drop_twins(prices.c.party_id, "product_id"), _hand_on(prices.c.party_id, version=prices.c.version + 1)),
    (_drop_twins(product_suppliers.c.supplier_id, "product_id"), _hand_on(product_suppliers.c.supplier_id)),
    (_drop_twins(party_categories.c.party_id, "category_id"), _sort_behind()),
)
"""How what ``_left`` looks for besides documents follows, in the same order."""

_OFFERED = prepare(
    update(products)
    .where(
        products.c.company_id == _MINE,
        products.c.id.in_(select(product_suppliers.c.product_id).where(*_named(product_suppliers.c.supplier_id))),
    )
    .values(version=products.c.version + 1),
    "update products of a supplier",
)
_MOVE_DOCUMENTS: Final = tuple(_move(table) for table in DOCUMENTS)
_MOVE_BELONGINGS: Final = tuple(_move(table) for table in BELONGINGS)
_LEFT = prepare(_left(), "look for documents left")
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
        documents, *others = self._session.one(_LEFT, company=self._company, party=party) or (1,)
        if documents:
            raise RolledBack
        if others[AGREED.index(product_suppliers.c.supplier_id)]:
            self._session.run(_OFFERED, company=self._company, party=party)
        for found, statements in zip(others, _FOLLOWING, strict=True):
            for statement in statements if found else ():
                self._session.run(statement, **moved)
        for statement in _MOVE_BELONGINGS:
            self._session.run(statement, **moved)
        self._session.run(_FILES, **moved, kind=ObjectKind.THIRD_PARTIES)
        self._session.run(_CHAIN, **moved)
