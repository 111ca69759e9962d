"""Papers and logos in SQL; their bytes are elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, and_, bindparam, delete, func, insert, literal_column, or_, select

from app.domain.papers import PaperKind
from app.domain.parties import Address, Addressee, AddressKind
from app.domain.shared.objects import ObjectKind
from app.infrastructure.database.compiled import Prepared, prepare, prepare_many
from app.infrastructure.database.failures import Constraint, ConstraintViolated
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import keys
from app.infrastructure.database.tables.billing import invoices
from app.infrastructure.database.tables.papers import addressees, logos
from app.infrastructure.database.tables.papers import papers as p
from app.infrastructure.database.tables.parties import party_addresses, third_parties
from app.infrastructure.database.tables.sales import orders, proposals
from app.infrastructure.database.tables.shipping import shipments
from app.usecases.context import Context
from app.usecases.ports.papers import KeptPaper, PaperKey
from app.usecases.ports.shared import RolledBack

_KEY: Final = ("kind", "document_id", "document_version", "locale", "edition")
_KEPT: Final = ("digest", "size", "settings_version", "made_at", "expires_at")
_DOCUMENT: Final = (
    p.c.company_id == bindparam("company_id"),
    p.c.kind == bindparam("kind"),
    p.c.document_id == bindparam("document_id"),
)
_FIND = prepare(
    select(*(p.c[name] for name in _KEPT)).where(*_DOCUMENT, *(p.c[name] == bindparam(name) for name in _KEY[2:])),
    "select papers.one",
)
_FIRST = prepare(
    select(p.c.settings_version)
    .where(*_DOCUMENT, p.c.edition == "")
    .order_by(p.c.document_version, p.c.settings_version)
    .limit(1),
    "select papers.first",
)
_INSERT = prepare(insert(p).values({name: bindparam(name) for name in ("company_id", *_KEY, *_KEPT)}))
_OUTDATE = prepare(
    delete(p).where(
        *_DOCUMENT,
        p.c.edition != "",
        or_(p.c.document_version != bindparam("document_version"), p.c.locale == bindparam("locale")),
    ),
    "delete papers.outdated",
)
_PASSING = prepare(delete(p).where(*_DOCUMENT, p.c.edition != ""), "delete papers.passing")
_FORGET = prepare(delete(p).where(*_DOCUMENT), "delete papers.all")
_KNOWN = prepare_many(
    lambda n: select(p.c.digest).where(p.c.company_id == bindparam("company_id"), keys(p.c.digest, "digest", n)),
    "select papers.digest",
    pads=True,
)
_LOGO = prepare(
    select(logos.c.size).where(logos.c.company_id == bindparam("company_id"), logos.c.digest == bindparam("digest"))
)
_INSERT_LOGO = prepare(
    insert(logos).values({name: bindparam(name) for name in ("company_id", "digest", "size", "added_at")})
)
_KNOWN_LOGOS = prepare_many(
    lambda n: select(logos.c.digest).where(
        logos.c.company_id == bindparam("company_id"), keys(logos.c.digest, "digest", n)
    ),
    "select logos.digest",
    pads=True,
)
_ADDRESS: Final = ("street", "postal_code", "city", "region", "country")
ADDRESSED: Final = {
    ObjectKind.PROPOSALS: proposals,
    ObjectKind.ORDERS: orders,
    ObjectKind.SHIPMENTS: shipments,
    ObjectKind.INVOICES: invoices,
}
"""The documents of which it is noted to whom they went, by kind: their tables."""


def _freeze(kind: ObjectKind, table: Table) -> Prepared:
    """Copy what is known of the third party, by one statement that reads nothing back."""
    t, a = third_parties, party_addresses
    found = table.join(t, and_(t.c.company_id == table.c.company_id, t.c.id == table.c.party_id))
    address: list[ColumnElement[Any]] = [t.c[name] for name in _ADDRESS]
    if kind is ObjectKind.INVOICES:
        other = a.alias("other")
        mine = (other.c.company_id == t.c.company_id, other.c.party_id == t.c.id)
        billing = (other.c.kind == AddressKind.BILLING, other.c.preferred)
        # Two are preferred where two people were quick: the older one counts, as everywhere.
        first = select(func.min(other.c.id)).where(*mine, *billing).correlate(t).scalar_subquery()
        found = found.outerjoin(a, and_(a.c.company_id == t.c.company_id, a.c.id == first))
        address = [func.coalesce(a.c[name], t.c[name]) for name in _ADDRESS]
    whose = (table.c.company_id, literal_column(f"'{kind}'", addressees.c.kind.type), table.c.id)
    rows = (
        select(*whose, t.c.name, t.c.tax_id, *address)
        .select_from(found)
        .where(table.c.company_id == bindparam("company_id"), table.c.id == bindparam("document_id"))
    )
    columns = ["company_id", "kind", "document_id", "name", "tax_id", *_ADDRESS]
    return prepare(
        insert(addressees).from_select(columns, rows, include_defaults=False), f"insert addressees.{kind.aggregate}"
    )


_FREEZE: Final = {kind: _freeze(kind, table) for kind, table in ADDRESSED.items()}
_WHOSE: Final = (
    addressees.c.company_id == bindparam("company_id"),
    addressees.c.kind == bindparam("kind"),
    addressees.c.document_id == bindparam("document_id"),
)
_THAW = prepare(delete(addressees).where(*_WHOSE))
_ADDRESSEE = prepare(
    select(addressees.c.name, addressees.c.tax_id, *(addressees.c[n] for n in _ADDRESS)).where(*_WHOSE)
)


class SqlPapers:
    """Papers, logos and addressees of the context's company, in rows of the tables of these names."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company

    def find(self, key: PaperKey) -> KeptPaper | None:
        """Give the paper that was kept under ``key``."""
        row = self._session.one(_FIND, company_id=self._company, **_key(key))
        return None if row is None else KeptPaper(key=key, **dict(zip(_KEPT, row, strict=True)))

    def first_settings(self, kind: PaperKind, document: int) -> int | None:
        """Give the version of the settings by which a final paper of a document was first printed."""
        row = self._session.one(_FIRST, company_id=self._company, kind=kind, document_id=document)
        return None if row is None else int(row[0])

    def add(self, paper: KeptPaper) -> None:
        """Keep a paper. Raises RolledBack when somebody else kept one under its key meanwhile."""
        kept = {name: value for name, value in asdict(paper).items() if name in _KEPT}
        try:
            self._session.run(_INSERT, company_id=self._company, **_key(paper.key), **kept)
        except ConstraintViolated as violated:
            if violated.kind is not Constraint.UNIQUE:
                raise
            raise RolledBack from violated

    def outdate(self, newer: PaperKey) -> None:
        """Remove the papers that might still change of a document a ``newer`` one was printed of.

        Those of the same version in other languages stay, unless the newer one is final.
        """
        given: dict[str, Any] = {"company_id": self._company, "kind": newer.kind, "document_id": newer.document}
        if newer.final:
            self._session.run(_PASSING, **given)
        else:
            self._session.run(_OUTDATE, **given, document_version=newer.version, locale=newer.locale)

    def forget(self, kind: PaperKind, document: int) -> None:
        """Remove all papers of a document."""
        self._session.run(_FORGET, company_id=self._company, kind=kind, document_id=document)

    def freeze(self, kind: ObjectKind, document: int) -> None:
        """Note to whom a document goes that becomes final: its third party as it is now.

        An invoice goes to the preferred billing address where there is one, all else to the third party's own.
        """
        self._session.run(_FREEZE[kind], company_id=self._company, document_id=document)

    def thaw(self, kind: ObjectKind, document: int) -> None:
        """Forget to whom a document went that is a draft again."""
        self._session.run(_THAW, company_id=self._company, kind=kind, document_id=document)

    def addressee(self, kind: ObjectKind, document: int) -> Addressee | None:
        """Give to whom a final document went; None once the third party was anonymised."""
        row = self._session.one(_ADDRESSEE, company_id=self._company, kind=kind, document_id=document)
        if row is None:
            return None
        name, tax_id, *address = row
        return Addressee(name=name, tax_id=tax_id, address=Address(**dict(zip(_ADDRESS, address, strict=True))))

    def add_logo(self, digest: str, size: int, at: datetime) -> None:
        """Keep a logo; one that is kept already stays as it is."""
        if self.logo_size(digest) is not None:
            return
        try:
            self._session.run(_INSERT_LOGO, company_id=self._company, digest=digest, size=size, added_at=at)
        except ConstraintViolated as violated:
            if violated.kind is not Constraint.UNIQUE:
                raise
            raise RolledBack from violated

    def logo_size(self, digest: str) -> int | None:
        """Give the bytes of a logo's file, None for one the company never had."""
        row = self._session.one(_LOGO, company_id=self._company, digest=digest)
        return None if row is None else int(row[0])

    def known(self, digests: Iterable[str]) -> frozenset[str]:
        """Give those of ``digests`` that a paper or a logo of the company refers to."""
        wanted = [{"digest": digest} for digest in sorted(set(digests))]
        rows = [
            row
            for statement in (_KNOWN, _KNOWN_LOGOS)
            for row in self._session.all_of(statement, wanted, company_id=self._company)
        ]
        return frozenset(row[0] for row in rows)


def _key(key: PaperKey) -> dict[str, Any]:
    given = (key.kind, key.document, key.version, key.locale, key.edition)
    return dict(zip(_KEY, given, strict=True))
