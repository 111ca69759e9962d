"""Attachments in SQL; their bytes are elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Table, bindparam, delete, func, insert, select

from app.domain.attachments import MOST_ATTACHMENTS, Attachment
from app.domain.shared.errors import NotFound
from app.domain.shared.ids import AttachmentId
from app.domain.shared.objects import ObjectKind
from app.infrastructure.database.compiled import Prepared, prepare, prepare_many
from app.infrastructure.database.locks import Lock
from app.infrastructure.database.repositories.documents import by_id, locking
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import keys
from app.infrastructure.database.tables.attachments import attachments as a
from app.infrastructure.database.tables.billing import invoices, payments
from app.infrastructure.database.tables.catalogue import products
from app.infrastructure.database.tables.parties import third_parties
from app.infrastructure.database.tables.sales import orders, proposals
from app.infrastructure.database.tables.shipping import shipments
from app.infrastructure.database.tables.stock import warehouses
from app.usecases.context import Context

_COLUMNS: Final = ("id", "kind", "object_id", "name", "media_type", "size", "digest", "added_by", "added_at")
_SHOWN: Final = tuple(a.c[name] for name in _COLUMNS)
_STORED: Final = ("company_id", *_COLUMNS[1:])
_OWNED: Final = (
    a.c.company_id == bindparam("company_id"),
    a.c.kind == bindparam("kind"),
    a.c.object_id == bindparam("document"),
)


@dataclass(frozen=True, slots=True)
class _Owner:
    """How an object is looked at; one without ``lock`` is never deleted, nor does its state matter."""

    look: Prepared
    lock: Prepared | None = None
    draft: bool = True


def _master(table: Table) -> _Owner:
    return _Owner(prepare(by_id(table, ("id",)), f"select {table.name}.id"))


def _document(table: Table) -> _Owner:
    return _Owner(prepare(by_id(table, ("status",)), f"select {table.name}.status"), locking(table, ("status",)))


_OWNERS: Final[Mapping[ObjectKind, _Owner]] = {
    ObjectKind.THIRD_PARTIES: _master(third_parties),
    ObjectKind.PRODUCTS: _master(products),
    ObjectKind.WAREHOUSES: _master(warehouses),
    ObjectKind.PROPOSALS: _document(proposals),
    ObjectKind.ORDERS: _document(orders),
    ObjectKind.SHIPMENTS: _document(shipments),
    ObjectKind.INVOICES: _document(invoices),
    ObjectKind.PAYMENTS: replace(_master(payments), draft=False),
}
_OF = prepare(select(*_SHOWN).where(*_OWNED).order_by(a.c.id).limit(MOST_ATTACHMENTS))
_GET = prepare(select(*_SHOWN).where(*_OWNED, a.c.id == bindparam("attachment")), "select attachments.one")
_COUNT = prepare(select(func.count()).select_from(a).where(*_OWNED), "count attachments")
_INSERT = prepare(insert(a).values({name: bindparam(name) for name in _STORED}))
_DELETE = prepare(delete(a).where(*_OWNED, a.c.id == bindparam("attachment")))
_FORGET = prepare(delete(a).where(*_OWNED), "delete attachments.all")
_KNOWN = prepare_many(
    lambda n: select(a.c.digest).where(a.c.company_id == bindparam("company_id"), keys(a.c.digest, "digest", n)),
    "select attachments.digest",
    pads=True,
)


class SqlAttachments:
    """Attachments of the context's company, in rows of ``attachments``."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company

    def is_draft(self, kind: ObjectKind, owner: int, *, lock: bool = False) -> bool:
        """Tell whether the object may still be changed freely: master data always, documents while they are drafts.

        ``lock`` keeps a document from being deleted or posted until the end of the transaction. Raises NotFound.
        """
        looked = _OWNERS[kind]
        if lock and looked.lock is not None:
            held = Lock.document(kind.aggregate, [owner])
            row = self._session.one(looked.lock, lock=held, company_id=self._company, document=owner)
        else:
            row = self._session.one(looked.look, company_id=self._company, document=owner)
        if row is None:
            raise NotFound(kind=kind.noun, id=owner)
        return looked.draft and (looked.lock is None or row[0] == "draft")

    def of(self, kind: ObjectKind, owner: int) -> Sequence[Attachment]:
        """Give the attachments of an object, oldest first."""
        return [_attachment(row) for row in self._session.all(_OF, **self._owned(kind, owner))]

    def get(self, kind: ObjectKind, owner: int, attachment: AttachmentId) -> Attachment:
        """Give one attachment of an object. Raises NotFound."""
        row = self._session.one(_GET, **self._owned(kind, owner), attachment=attachment)
        if row is None:
            raise NotFound(kind="attachment", id=attachment)
        return _attachment(row)

    def count(self, kind: ObjectKind, owner: int) -> int:
        """Give how many attachments an object has."""
        return int(self._session.scalar(_COUNT, **self._owned(kind, owner)))

    def add(self, attachment: Attachment) -> Attachment:
        """Store a new attachment and give it with its id."""
        values = {name: getattr(attachment, name) for name in _COLUMNS[1:] if name != "object_id"}
        key = self._session.insert(_INSERT, company_id=self._company, object_id=attachment.owner, **values)
        return replace(attachment, id=AttachmentId(key))

    def delete(self, attachment: Attachment) -> None:
        """Remove an attachment's row. Raises NotFound when somebody else did."""
        owned = self._owned(attachment.kind, attachment.owner)
        if not self._session.run(_DELETE, **owned, attachment=attachment.id):
            raise NotFound(kind="attachment", id=attachment.id)

    def forget(self, kind: ObjectKind, owner: int) -> None:
        """Remove the rows of all attachments of an object that is deleted."""
        self._session.run(_FORGET, **self._owned(kind, owner))

    def known(self, digests: Iterable[str]) -> frozenset[str]:
        """Give those of ``digests`` that an attachment of the company refers to."""
        wanted = [{"digest": digest} for digest in sorted(set(digests))]
        return frozenset(row[0] for row in self._session.all_of(_KNOWN, wanted, company_id=self._company))

    def _owned(self, kind: ObjectKind, owner: int) -> dict[str, Any]:
        return {"company_id": self._company, "kind": kind, "document": owner}


def _attachment(row: tuple[Any, ...]) -> Attachment:
    found = dict(zip(_COLUMNS, row, strict=True))
    return Attachment(owner=found.pop("object_id"), **found)
