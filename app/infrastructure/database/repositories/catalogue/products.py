"""Products in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import bindparam, insert, select, update

from app.domain.catalogue import Product
from app.domain.shared.errors import NotFound, Stale
from app.domain.shared.ids import ProductId
from app.domain.shared.search import Searched
from app.infrastructure.database.compiled import prepare, prepare_many
from app.infrastructure.database.constraints import referring, taken
from app.infrastructure.database.repositories.search import SqlWords, texts_in
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import keys
from app.infrastructure.database.tables.catalogue import products as t
from app.infrastructure.database.tables.stock import stock_costs as costs
from app.usecases.context import Context

_FIELDS: Final = (
    "ref",
    "name",
    "kind",
    "description",
    "unit_price",
    "gross_unit_price",
    "cost_price",
    "vat_rate",
    "vat_category",
    "unit",
    "kit",
    "parent_id",
    "combination",
    "archived",
    "tracking",
    "custom",
)
_COLUMNS: Final = (t.c.id, t.c.version, *(t.c[name] for name in _FIELDS))
_NAMES: Final = ("id", "version", *_FIELDS)
_TEXTS: Final = texts_in(Searched.PRODUCT, _NAMES)
_MINE: Final = t.c.company_id == bindparam("company")

_GET = prepare(select(*_COLUMNS).where(_MINE, t.c.id == bindparam("product")))
_BY_IDS = prepare_many(
    lambda n: (
        select(*_COLUMNS, costs.c.average)
        .outerjoin_from(t, costs, (costs.c.company_id == t.c.company_id) & (costs.c.product_id == t.c.id))
        .where(_MINE, keys(t.c.id, "product", n))
    ),
    pads=True,
)
_BY_REFS = prepare_many(lambda n: select(*_COLUMNS).where(_MINE, keys(t.c.ref, "ref", n)), pads=True)
_INSERT = prepare(insert(t).values({name: bindparam(name) for name in ("company_id", "version", *_FIELDS)}))
_UPDATE = prepare(
    update(t)
    .where(_MINE, t.c.id == bindparam("product"), t.c.version == bindparam("seen"))
    .values({"version": bindparam("now"), **{name: bindparam(name) for name in _FIELDS}})
)


class SqlProducts:
    """Products of the context's company, in rows of ``products``."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company
        self._words = SqlWords(session, context.company, Searched.PRODUCT)

    def get(self, product: ProductId) -> Product:
        """Give a product. Raises NotFound."""
        row = self._session.one(_GET, company=self._company, product=product)
        if row is None:
            raise NotFound(kind="product", id=product)
        return self._product(row)

    def of(self, products: Iterable[ProductId]) -> Mapping[ProductId, Product]:
        """Give those of ``products`` that exist with what they cost on average, by one statement."""
        rows = self._session.all_of(
            _BY_IDS, [{"product": value} for value in sorted(set(products))], company=self._company
        )
        return {ProductId(row[0]): self._product(row) for row in rows}

    def by_ref(self, refs: Iterable[str]) -> Mapping[str, Product]:
        """Give those of ``refs`` that exist, by one statement."""
        found = map(
            self._product,
            self._session.all_of(_BY_REFS, [{"ref": value} for value in sorted(set(refs))], company=self._company),
        )
        return {product.ref: product for product in found}

    def add(self, product: Product) -> None:
        """Store a new product and set its id. Raises Taken for the ref."""
        with referring(), taken(_refs(product)):
            product.id = ProductId(
                self._session.insert(_INSERT, company_id=self._company, version=1, **_values(product))
            )
        product.version = 1
        self._words.add(product.id, _values(product))

    def save(self, product: Product) -> None:
        """Store changes and move the version. Raises Stale, Taken."""
        seen, now = product.version, product.version + 1
        with referring(), taken(_refs(product)):
            stored = self._session.run(
                _UPDATE, company=self._company, product=product.id, seen=seen, now=now, **_values(product)
            )
        if not stored:
            raise Stale(seen=seen)
        product.version = now
        self._words.save(product.id, _values(product))

    def _product(self, row: tuple[Any, ...]) -> Product:
        self._words.saw(row[0], _TEXTS(row))
        return _product(row)


def _values(product: Product) -> dict[str, Any]:
    return {name: getattr(product, name) for name in _FIELDS}


def _refs(product: Product) -> dict[str, tuple[str, object]]:
    return {
        "uq_products_company_id_ref": ("ref", product.ref),
        "uq_products_company_id_parent_id_combination": ("combination", product.combination),
    }


def _product(row: tuple[Any, ...]) -> Product:
    average = row[len(_NAMES)] if len(row) > len(_NAMES) else None
    return Product(**dict(zip(_NAMES, row, strict=False)), average_cost=average)
