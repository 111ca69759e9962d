"""Payment terms in SQL."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import bindparam, insert, select, update

from app.domain.parties import Instalment, PaymentTerms
from app.domain.shared.errors import NotFound, Stale
from app.domain.shared.ids import PaymentTermsId
from app.infrastructure.database.compiled import prepare, prepare_many
from app.infrastructure.database.constraints import taken
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import insert_rows
from app.infrastructure.database.tables.parties import payment_terms as t
from app.infrastructure.database.tables.parties import payment_terms_instalments as i
from app.usecases.context import Context

_INSTALMENT: Final = ("percent", "days", "end_of_month", "day_of_month")
_MINE: Final = t.c.company_id == bindparam("company")
_GET = prepare(
    select(t.c.id, t.c.version, t.c.name, t.c.archived).where(_MINE, t.c.id == bindparam("terms")),
)
_INSTALMENTS = prepare(
    select(i.c.position, *(i.c[name] for name in _INSTALMENT))
    .where(i.c.company_id == bindparam("company"), i.c.payment_terms_id == bindparam("terms"))
    .order_by(i.c.position)
)
_INSERT = prepare(insert(t).values({name: bindparam(name) for name in ("company_id", "name", "archived", "version")}))
_INSERT_INSTALMENTS = prepare_many(
    insert_rows(i, ("position", *_INSTALMENT), common=("company_id", "payment_terms_id"))
)
_UPDATE = prepare(
    update(t)
    .where(_MINE, t.c.id == bindparam("terms"), t.c.version == bindparam("seen"))
    .values(name=bindparam("name"), archived=bindparam("archived"), version=bindparam("now"))
)


class SqlTerms:
    """Payment terms of the context's company, in rows of ``payment_terms`` and ``payment_terms_instalments``."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company

    def get(self, terms: PaymentTermsId) -> PaymentTerms:
        """Give payment terms. Raises NotFound."""
        given: dict[str, Any] = {"company": self._company, "terms": terms}
        row = self._session.one(_GET, **given)
        if row is None:
            raise NotFound(kind="payment terms", id=terms)
        plan = [Instalment(**dict(zip(_INSTALMENT, part[1:], strict=True))) for part in self._rows(given)]
        return PaymentTerms(id=row[0], version=row[1], name=row[2], archived=row[3], instalments=tuple(plan))

    def add(self, terms: PaymentTerms) -> None:
        """Store new terms and set their id. Raises Taken for the name."""
        with taken(_names(terms)):
            key = self._session.insert(
                _INSERT, company_id=self._company, name=terms.name, archived=terms.archived, version=1
            )
        terms.id, terms.version = PaymentTermsId(key), 1
        rows = [
            {"position": position, **{name: getattr(one, name) for name in _INSTALMENT}}
            for position, one in enumerate(terms.instalments, 1)
        ]
        self._session.many(_INSERT_INSTALMENTS, rows, company_id=self._company, payment_terms_id=key)

    def save(self, terms: PaymentTerms) -> None:
        """Store name and whether they are archived, and move the version. Raises Stale, Taken."""
        seen, now = terms.version, terms.version + 1
        with taken(_names(terms)):
            stored = self._session.run(
                _UPDATE,
                company=self._company,
                terms=terms.id,
                seen=seen,
                now=now,
                name=terms.name,
                archived=terms.archived,
            )
        if not stored:
            raise Stale(seen=seen)
        terms.version = now

    def _rows(self, given: dict[str, Any]) -> list[tuple[Any, ...]]:
        return self._session.all(_INSTALMENTS, **given)


def _names(terms: PaymentTerms) -> dict[str, tuple[str, object]]:
    return {"uq_payment_terms_company_id_name": ("name", terms.name)}
