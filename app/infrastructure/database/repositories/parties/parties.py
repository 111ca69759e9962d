"""Third parties in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import bindparam, exists, insert, select, update

from app.domain.parties import Address, Party
from app.domain.shared.errors import NotFound, Stale
from app.domain.shared.ids import PartyId
from app.domain.shared.search import Searched
from app.infrastructure.database.compiled import prepare
from app.infrastructure.database.constraints import referring, taken
from app.infrastructure.database.locks import Lock
from app.infrastructure.database.repositories.search import SqlWords, texts_in
from app.infrastructure.database.session import Session
from app.infrastructure.database.tables.catalogue import prices
from app.infrastructure.database.tables.parties import third_parties as t
from app.usecases.context import Context

_FIELDS: Final = (
    "name",
    "customer",
    "supplier",
    "customer_code",
    "supplier_code",
    "email",
    "phone",
    "tax_id",
    "locale",
    "payment_days",
    "price_list_id",
    "payment_terms_id",
    "credit_limit",
    "representatives",
    "representative_id",
    "archived",
    "merged_into_id",
    "anonymised_at",
    "custom",
)
_ADDRESS: Final = ("street", "postal_code", "city", "region", "country")
_PRICED: Final = exists().where(prices.c.company_id == t.c.company_id, prices.c.party_id == t.c.id).correlate(t)
_COLUMNS: Final = (
    t.c.id,
    t.c.version,
    *(t.c[name] for name in (*_FIELDS, *_ADDRESS)),
    _PRICED.label("own_prices"),
)
_TEXTS: Final = texts_in(Searched.PARTY, [column.name for column in _COLUMNS])
_MINE: Final = t.c.company_id == bindparam("company")

_GET = prepare(select(*_COLUMNS).where(_MINE, t.c.id == bindparam("party")))
_HOLD = prepare(
    select(*_COLUMNS).where(_MINE, t.c.id == bindparam("party")).with_for_update(read=True, key_share=True),
    "hold third_parties",
)
_LOCK = prepare(select(*_COLUMNS).where(_MINE, t.c.id == bindparam("party")).with_for_update(), "lock third_parties")
_BY_CUSTOMER_CODE = prepare(select(*_COLUMNS).where(_MINE, t.c.customer_code == bindparam("code")))
_BY_SUPPLIER_CODE = prepare(select(*_COLUMNS).where(_MINE, t.c.supplier_code == bindparam("code")))
_MERGED = prepare(select(*_COLUMNS).where(_MINE, t.c.merged_into_id == bindparam("into")).order_by(t.c.id))
_INSERT = prepare(insert(t).values({name: bindparam(name) for name in ("company_id", "version", *_FIELDS, *_ADDRESS)}))
_UPDATE = prepare(
    update(t)
    .where(_MINE, t.c.id == bindparam("party"), t.c.version == bindparam("seen"))
    .values({"version": bindparam("now"), **{name: bindparam(name) for name in (*_FIELDS, *_ADDRESS)}})
)


class SqlParties:
    """Third parties of the context's company, in rows of ``third_parties``."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company
        self._words = SqlWords(session, context.company, Searched.PARTY)

    def get(self, party: PartyId, *, hold: bool = False, lock: bool = False) -> Party:
        """Give a third party, held against being anonymised or locked if asked. Raises NotFound.

        A hold is the lock that a document's foreign key takes anyway; here it is taken before the party is looked at.
        """
        statement = _LOCK if lock else _HOLD if hold else _GET
        locked = Lock.party([party]) if lock or hold else None
        row = self._session.one(statement, lock=locked, company=self._company, party=party)
        if row is None:
            raise NotFound(kind="third party", id=party)
        return self._party(row)

    def find(self, *, customer_code: str | None = None, supplier_code: str | None = None) -> Party | None:
        """Give the third party with the one code named."""
        statement = _BY_CUSTOMER_CODE if customer_code is not None else _BY_SUPPLIER_CODE
        code = customer_code if customer_code is not None else supplier_code
        row = self._session.one(statement, company=self._company, code=code)
        return None if row is None else self._party(row)

    def merged(self, into: PartyId) -> Sequence[Party]:
        """Give those that were merged into a third party, by id."""
        return [self._party(row) for row in self._session.all(_MERGED, company=self._company, into=into)]

    def add(self, party: Party) -> None:
        """Store a new third party and set its id. Raises Taken for a code."""
        with referring(), taken(_codes(party)):
            party.id = PartyId(self._session.insert(_INSERT, company_id=self._company, version=1, **_values(party)))
        party.version = 1
        self._words.add(party.id, _values(party))

    def save(self, party: Party) -> None:
        """Store changes and move the version. Raises Stale, Taken."""
        seen, now = party.version, party.version + 1
        with referring(), taken(_codes(party)):
            stored = self._session.run(
                _UPDATE, company=self._company, party=party.id, seen=seen, now=now, **_values(party)
            )
        if not stored:
            raise Stale(seen=seen)
        party.version = now
        self._words.save(party.id, _values(party))

    def _party(self, row: tuple[Any, ...]) -> Party:
        self._words.saw(row[0], _TEXTS(row))
        return _party(row)


def _values(party: Party) -> dict[str, Any]:
    values = {name: getattr(party, name) for name in _FIELDS}
    values.update((name, getattr(party.address, name)) for name in _ADDRESS)
    values["representatives"] = list(party.representatives) or None
    return values


def _codes(party: Party) -> dict[str, tuple[str, object]]:
    return {
        "uq_third_parties_company_id_customer_code": ("customer_code", party.customer_code),
        "uq_third_parties_company_id_supplier_code": ("supplier_code", party.supplier_code),
    }


def _party(row: tuple[Any, ...]) -> Party:
    fields = dict(zip(_FIELDS, row[2 : 2 + len(_FIELDS)], strict=True))
    del fields["representative_id"]  # the first of them, there to be looked up by
    fields["representatives"] = tuple(fields["representatives"] or ())
    address = Address(**dict(zip(_ADDRESS, row[-6:-1], strict=True)))
    return Party(id=row[0], version=row[1], address=address, own_prices=bool(row[-1]), **fields)
