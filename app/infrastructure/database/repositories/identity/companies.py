"""Companies and their settings in SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Column,
    Integer,
    bindparam,
    case,
    distinct,
    exists,
    false,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from app.domain.billing import InvoiceKind
from app.domain.identity import Company, CompanySettings, SettingsVersion
from app.domain.shared.errors import NotFound, Stale
from app.domain.shared.ids import CompanyId, UserId
from app.domain.shared.objects import ObjectKind
from app.domain.shared.series import SeriesKind
from app.infrastructure.database.compiled import Prepared, prepare
from app.infrastructure.database.locks import Lock
from app.infrastructure.database.session import Session
from app.infrastructure.database.tables.banking import cheque_deposits
from app.infrastructure.database.tables.billing import invoices, payments
from app.infrastructure.database.tables.fields import custom_fields
from app.infrastructure.database.tables.identity import companies, settings_versions
from app.infrastructure.database.tables.parties import third_parties
from app.infrastructure.database.tables.sales import orders, proposals
from app.infrastructure.database.tables.shared import series
from app.infrastructure.database.tables.shipping import returns, shipments
from app.infrastructure.database.tables.stock import stock_movements
from app.usecases.context import Context

REFS_AT_ONCE: Final = 1000
_COMPANY: Final = ("id", "name", "country", "settings", "settings_version", "version")
_KINDS: Final = tuple(ObjectKind)
# Which kinds of objects have a custom field that a new one must or does fill in, as bits: each counts once in the sum.
_DEMANDING: Final = (
    select(func.sum(distinct(case(*((custom_fields.c.kind == kind, 1 << at) for at, kind in enumerate(_KINDS))))))
    .where(
        custom_fields.c.company_id == companies.c.id,
        custom_fields.c.archived == false(),
        or_(custom_fields.c.required == true(), custom_fields.c.default_value.is_not(None)),
    )
    .scalar_subquery()
)
_THIS: Final = companies.c.id == bindparam("company")

_ALL = prepare(select(*(companies.c[name] for name in _COMPANY), _DEMANDING).order_by(companies.c.id))
_GET = prepare(select(*(companies.c[name] for name in _COMPANY), _DEMANDING).where(_THIS))
_INSERT = prepare(
    insert(companies).values({name: bindparam(name) for name in (*_COMPANY[1:], "rights_version")}),
)
_SAVE = prepare(
    update(companies)
    .where(_THIS, companies.c.version == bindparam("seen"))
    .values(name=bindparam("name"), country=bindparam("country"), version=bindparam("now"))
)
_SAVE_SETTINGS = prepare(
    update(companies)
    .where(_THIS, companies.c.settings_version == bindparam("seen"))
    .values(settings=bindparam("settings"), settings_version=bindparam("now")),
    "update companies.settings",
)
_KEPT: Final = ("company_id", "version", "settings", "actor_id", "at")
_KEEP = prepare(insert(settings_versions).values({name: bindparam(name) for name in _KEPT}))
_VERSIONS = prepare(
    select(*(settings_versions.c[name] for name in _KEPT[1:]))
    .where(settings_versions.c.company_id == bindparam("company"), settings_versions.c.version < bindparam("before"))
    .order_by(settings_versions.c.version.desc())
    .limit(bindparam("limit", type_=Integer()))
)
# The oldest version stands for the company: nothing refers to it, so that no document waits while it is locked, as on
# InnoDB each that is entered would for the company's own row.
_LOCK = prepare(
    select(settings_versions.c.version)
    .where(settings_versions.c.company_id == bindparam("company"))
    .order_by(settings_versions.c.version)
    .limit(1)
    .with_for_update(),
    "lock settings_versions",
)
_VALUED: Final = (proposals, orders, invoices, payments, stock_movements)
_COUNTS_MONEY = prepare(
    select(companies.c.id).where(_THIS, or_(*(exists().where(t.c.company_id == companies.c.id) for t in _VALUED))),
    "select documents",
)
_NEXT_NUMBERS = prepare(
    select(series.c.period, series.c.next).where(
        series.c.company_id == bindparam("company"), series.c.kind == bindparam("kind")
    )
)
_WRITTEN: Final[Mapping[SeriesKind, Column[Any]]] = {
    SeriesKind.CUSTOMER: third_parties.c.customer_code,
    SeriesKind.SUPPLIER: third_parties.c.supplier_code,
    SeriesKind.PROPOSAL: proposals.c.ref,
    SeriesKind.ORDER: orders.c.ref,
    SeriesKind.SHIPMENT: shipments.c.ref,
    SeriesKind.RETURN: returns.c.ref,
    **{kind.series: invoices.c.ref for kind in InvoiceKind},
    SeriesKind.PAYMENT: payments.c.ref,
    SeriesKind.CHEQUE_DEPOSIT: cheque_deposits.c.ref,
}
_LATEST: Final = 2**31 - 1


def _refs(column: Column[Any]) -> Prepared:
    """Prepare the next references after one, in the order of the column's unique index."""
    return prepare(
        select(column)
        .where(column.table.c.company_id == bindparam("company"), column > bindparam("after"))
        .order_by(column)
        .limit(bindparam("limit", type_=Integer())),
        f"refs {column.table.name}",
    )


_REFS: Final = {kind: _refs(column) for kind, column in _WRITTEN.items()}


class SqlCompanies:
    """All companies, in rows of ``companies``, and their settings by version."""

    def __init__(self, session: Session, context: Context, now: Callable[[], datetime]) -> None:
        self._session = session
        self._context = context
        self._now = now

    def get(self, company: CompanyId) -> Company:
        """Give a company. Raises NotFound."""
        row = self._session.one(_GET, company=company)
        if row is None:
            raise NotFound(kind="company", id=company)
        return _company(row)

    def add(self, company: Company) -> None:
        """Store a new company and set its id."""
        company.id = CompanyId(
            self._session.insert(
                _INSERT,
                name=company.name,
                country=company.country,
                settings=company.settings.facts(),
                settings_version=1,
                version=1,
                rights_version=1,
            )
        )
        company.version, company.settings = 1, replace(company.settings, version=1)
        self._keep(company.id, company.settings)

    def lock(self, company: CompanyId) -> None:
        """Let nobody else change the company's members, roles or settings until the transaction ends."""
        self._session.one(_LOCK, lock=Lock.company(company), company=company)

    def save(self, company: Company) -> None:
        """Store name and country, and move the version. Raises Stale."""
        seen, now = company.version, company.version + 1
        stored = self._session.run(
            _SAVE, company=company.id, seen=seen, now=now, name=company.name, country=company.country
        )
        if not stored:
            raise Stale(seen=seen)
        company.version = now

    def save_settings(self, company: CompanyId, settings: CompanySettings) -> None:
        """Store settings that follow on the version before theirs, and keep what they were. Raises Stale."""
        now, seen = settings.version, settings.version - 1
        if not self._session.run(_SAVE_SETTINGS, company=company, seen=seen, now=now, settings=settings.facts()):
            raise Stale(seen=seen)
        self._keep(company, settings)

    def settings_versions(self, company: CompanyId, *, before: int | None, limit: int) -> Sequence[SettingsVersion]:
        """Give at most ``limit`` versions of the settings, newest first, those below ``before`` when it is given."""
        last = _LATEST if before is None else before
        rows = self._session.all(_VERSIONS, company=company, before=last, limit=limit)
        return [
            SettingsVersion(settings=CompanySettings.of_facts(facts, version), at=at, actor=UserId(actor))
            for version, facts, actor, at in rows
        ]

    def counts_money(self, company: CompanyId) -> bool:
        """Tell whether there is a proposal, an order, an invoice, a payment or a movement."""
        return self._session.one(_COUNTS_MONEY, company=company) is not None

    def next_numbers(self, company: CompanyId, kind: SeriesKind) -> Mapping[str, int]:
        """Give the next number of each period of a series that has begun."""
        return dict(self._session.all(_NEXT_NUMBERS, company=company, kind=kind.value))

    def refs(self, company: CompanyId, kind: SeriesKind, prefix: str) -> Iterator[str]:
        """Give the references in use that begin with ``prefix``, in their order, a thousand at a time."""
        statement = _REFS[kind]
        after = prefix  # the prefix alone is no reference: a mask has a counter
        while True:
            rows = self._session.all(statement, company=company, after=after, limit=REFS_AT_ONCE)
            for (ref,) in rows:
                if not ref.startswith(prefix):
                    return
                yield ref
            if len(rows) < REFS_AT_ONCE:
                return
            after = rows[-1][0]

    def all(self) -> Sequence[Company]:
        """Give every company, by id."""
        return [_company(row) for row in self._session.all(_ALL)]

    def _keep(self, company: CompanyId, settings: CompanySettings) -> None:
        self._session.run(
            _KEEP,
            company_id=company,
            version=settings.version,
            settings=settings.facts(),
            actor_id=self._context.actor,
            at=self._now(),
        )


def _company(row: tuple[Any, ...]) -> Company:
    key, name, country, stored, settings_version, version, bits = row
    demanding = frozenset(kind for at, kind in enumerate(_KINDS) if int(bits or 0) >> at & 1)
    settings = replace(CompanySettings.of_facts(stored, settings_version), demanding=demanding)
    return Company(id=key, name=name, country=country, settings=settings, version=version)
