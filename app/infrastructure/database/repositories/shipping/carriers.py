"""Carriers in SQL."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import bindparam, insert, select, update

from app.domain.shared.errors import NotFound, Stale
from app.domain.shared.ids import CarrierId
from app.domain.shipping import Carrier
from app.infrastructure.database.compiled import prepare
from app.infrastructure.database.constraints import taken
from app.infrastructure.database.session import Session
from app.infrastructure.database.tables.shipping import carriers as t
from app.usecases.context import Context

_FIELDS: Final = ("name", "tracking_url", "archived")
_NAMES: Final = ("id", "version", *_FIELDS)
_MINE: Final = (t.c.company_id == bindparam("company"), t.c.id == bindparam("carrier"))

_GET = prepare(select(*(t.c[name] for name in _NAMES)).where(*_MINE))
_INSERT = prepare(insert(t).values({name: bindparam(name) for name in ("company_id", "version", *_FIELDS)}))
_UPDATE = prepare(
    update(t)
    .where(*_MINE, t.c.version == bindparam("seen"))
    .values({"version": bindparam("now"), **{name: bindparam(name) for name in _FIELDS}})
)


class SqlCarriers:
    """Carriers of the context's company, in rows of ``carriers``."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company

    def get(self, carrier: CarrierId) -> Carrier:
        """Give a carrier. Raises NotFound."""
        row = self._session.one(_GET, company=self._company, carrier=carrier)
        if row is None:
            raise NotFound(kind="carrier", id=carrier)
        return Carrier(**dict(zip(_NAMES, row, strict=True)))

    def add(self, carrier: Carrier) -> None:
        """Store a new carrier and set its id. Raises Taken for the name."""
        with taken(_names(carrier)):
            key = self._session.insert(_INSERT, company_id=self._company, version=1, **_values(carrier))
        carrier.id, carrier.version = CarrierId(key), 1

    def save(self, carrier: Carrier) -> None:
        """Store changes and move the version. Raises Stale, Taken."""
        seen, now = carrier.version, carrier.version + 1
        with taken(_names(carrier)):
            stored = self._session.run(
                _UPDATE, company=self._company, carrier=carrier.id, seen=seen, now=now, **_values(carrier)
            )
        if not stored:
            raise Stale(seen=seen)
        carrier.version = now


def _values(carrier: Carrier) -> dict[str, Any]:
    return {name: getattr(carrier, name) for name in _FIELDS}


def _names(carrier: Carrier) -> dict[str, tuple[str, object]]:
    return {"uq_carriers_company_id_name": ("name", carrier.name)}
