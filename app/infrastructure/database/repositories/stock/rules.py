"""Rules of minimum stock in SQL. The minimum also stands in the level, which is locked by whoever changes a rule."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from sqlalchemy import bindparam, delete, insert, select, update

from app.domain.shared.errors import NotFound, Stale
from app.domain.shared.ids import StockRuleId
from app.domain.stock import StockRule
from app.infrastructure.database.compiled import prepare
from app.infrastructure.database.constraints import taken
from app.infrastructure.database.session import Session
from app.infrastructure.database.tables.stock import stock_levels
from app.infrastructure.database.tables.stock import stock_rules as t
from app.usecases.context import Context

_FIELDS: Final = ("warehouse_id", "product_id", "minimum", "desired")
_NAMES: Final = ("id", "version", *_FIELDS)
_MINE: Final = (t.c.company_id == bindparam("company_id"), t.c.id == bindparam("rule"))
_SEEN: Final = t.c.version == bindparam("seen")

_GET = prepare(select(*(t.c[name] for name in _NAMES)).where(*_MINE))
_INSERT = prepare(insert(t).values({name: bindparam(name) for name in ("company_id", "version", *_FIELDS)}))
_UPDATE = prepare(
    update(t)
    .where(*_MINE, _SEEN)
    .values(version=bindparam("now"), minimum=bindparam("minimum"), desired=bindparam("desired"))
)
_DELETE = prepare(delete(t).where(*_MINE, _SEEN))
_TELL = prepare(
    update(stock_levels)
    .where(
        stock_levels.c.company_id == bindparam("company_id"),
        stock_levels.c.warehouse_id == bindparam("warehouse"),
        stock_levels.c.product_id == bindparam("product"),
    )
    .values(minimum=bindparam("least", type_=stock_levels.c.minimum.type))
)


class SqlStockRules:
    """Rules of the context's company, in rows of ``stock_rules``."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company

    def get(self, rule: StockRuleId) -> StockRule:
        """Give a rule. Raises NotFound."""
        row = self._session.one(_GET, company_id=self._company, rule=rule)
        if row is None:
            raise NotFound(kind="stock rule", id=rule)
        return StockRule(**dict(zip(_NAMES, row, strict=True)))

    def add(self, rule: StockRule) -> None:
        """Store a new rule, set its id, and tell the held level. Raises Taken for the product there."""
        values: dict[str, Any] = {name: getattr(rule, name) for name in _FIELDS}
        with taken({"uq_stock_rules_company_id_warehouse_id_product_id": ("product_id", rule.product_id)}):
            rule.id = StockRuleId(self._session.insert(_INSERT, company_id=self._company, version=1, **values))
        rule.version = 1
        self._tell(rule, rule.minimum)

    def save(self, rule: StockRule) -> None:
        """Store changes, move the version, and tell the held level. Raises Stale."""
        seen, now = rule.version, rule.version + 1
        values = {"now": now, "minimum": rule.minimum, "desired": rule.desired}
        if not self._session.run(_UPDATE, company_id=self._company, rule=rule.id, seen=seen, **values):
            raise Stale(seen=seen)
        rule.version = now
        self._tell(rule, rule.minimum)

    def remove(self, rule: StockRule) -> None:
        """Remove a rule of that version, from the held level too. Raises Stale."""
        if not self._session.run(_DELETE, company_id=self._company, rule=rule.id, seen=rule.version):
            raise Stale(seen=rule.version)
        self._tell(rule, None)

    def _tell(self, rule: StockRule, least: Decimal | None) -> None:
        place = {"warehouse": rule.warehouse_id, "product": rule.product_id}
        self._session.run(_TELL, company_id=self._company, **place, least=least)
