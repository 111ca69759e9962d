"""What lines are completed from, in SQL: prices, VAT rates, units, packagings, kits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import BindParameter, and_, bindparam, or_, select

from app.domain.catalogue import (
    Attribute,
    AttributeValue,
    Category,
    Component,
    Contents,
    Offered,
    Packaging,
    PriceSource,
    Trait,
    Unit,
    VatRate,
)
from app.domain.shared.ids import PartyId, ProductId
from app.infrastructure.database.compiled import prepare, prepare_many
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import keys
from app.infrastructure.database.tables.catalogue import (
    attribute_values,
    attributes,
    categories,
    price_lists,
    prices,
    product_barcodes,
    product_components,
    product_packagings,
    product_values,
    products,
    units,
    vat_rates,
)
from app.infrastructure.database.tables.identity import companies
from app.infrastructure.database.tables.parties import third_parties
from app.usecases.context import Context

_COMPANY: Final[BindParameter[int]] = bindparam("company")
_OFFER: Final = ("currency", "includes_vat", "valid_from", "valid_until")
_OFFERS = prepare_many(
    lambda n: (
        select(
            *(prices.c[name] for name in ("id", "party_id", "product_id", "min_quantity", "price", "discount")),
            *(prices.c[name] for name in _OFFER),
            *(price_lists.c[name].label(f"list_{name}") for name in _OFFER),
        )
        .select_from(
            prices.outerjoin(
                price_lists,
                and_(price_lists.c.company_id == prices.c.company_id, price_lists.c.id == prices.c.price_list_id),
            )
        )
        .where(
            prices.c.company_id == _COMPANY,
            keys(prices.c.product_id, "product", n),
            or_(
                prices.c.party_id == bindparam("party", type_=prices.c.party_id.type),
                prices.c.price_list_id == bindparam("price_list", type_=prices.c.price_list_id.type),
            ),
        )
    ),
    "select prices.offers",
    pads=True,
)
_VAT: Final = ("id", "version", "country", "category", "rate", "valid_from", "valid_until")
_RATES: Final = select(*(vat_rates.c[name] for name in _VAT)).where(vat_rates.c.company_id == _COMPANY)
_OWN_RATES = prepare(
    _RATES.where(
        vat_rates.c.country == select(companies.c.country).where(companies.c.id == _COMPANY).scalar_subquery()
    ),
    "select vat_rates.own",
)
_COUNTRY_RATES = prepare(_RATES.where(vat_rates.c.country == bindparam("country")), "select vat_rates.country")
_UNIT: Final = ("id", "version", "code", "name", "dimension", "factor", "decimals")
_UNITS = prepare_many(
    lambda n: select(*(units.c[name] for name in _UNIT)).where(
        units.c.company_id == _COMPANY, keys(units.c.code, "code", n)
    ),
    "select units.codes",
    pads=True,
)
_PACKAGINGS = prepare_many(
    lambda n: select(product_packagings.c.product_id, product_packagings.c.unit, product_packagings.c.quantity).where(
        product_packagings.c.company_id == _COMPANY, keys(product_packagings.c.product_id, "product", n)
    ),
    "select product_packagings.products",
    pads=True,
)
_CONTENTS = prepare_many(
    lambda n: (
        select(product_components.c.product_id, product_components.c.component_id, product_components.c.quantity)
        .where(product_components.c.company_id == _COMPANY, keys(product_components.c.product_id, "product", n))
        .order_by(product_components.c.product_id, product_components.c.position)
    ),
    "select product_components.kits",
    pads=True,
)
_CATEGORY: Final = ("id", "version", "kind", "name", "parent_id")
_CATEGORIES = prepare(
    select(*(categories.c[name] for name in _CATEGORY)).where(categories.c.company_id == _COMPANY),
    "select categories.all",
)
_ATTRIBUTES = prepare_many(
    lambda n: (
        select(
            attributes.c.id,
            attributes.c.version,
            attributes.c.name,
            attribute_values.c.value,
            attribute_values.c.price_extra,
        )
        .select_from(
            attributes.join(
                attribute_values,
                and_(
                    attribute_values.c.company_id == attributes.c.company_id,
                    attribute_values.c.attribute_id == attributes.c.id,
                ),
            )
        )
        .where(attributes.c.company_id == _COMPANY, keys(attributes.c.id, "attribute", n))
        .order_by(attributes.c.id, attribute_values.c.position)
    ),
    "select attributes.values",
    pads=True,
)
_USED = prepare(
    select(product_values.c.value)
    .where(product_values.c.company_id == _COMPANY, product_values.c.attribute_id == bindparam("attribute"))
    .distinct(),
    "select product_values.used",
)
_VARIANTS = prepare(
    select(product_values.c.product_id, product_values.c.attribute_id, product_values.c.value)
    .select_from(
        products.join(
            product_values,
            and_(product_values.c.company_id == products.c.company_id, product_values.c.product_id == products.c.id),
        )
    )
    .where(products.c.company_id == _COMPANY, products.c.parent_id == bindparam("parent"))
    .order_by(product_values.c.product_id, product_values.c.position),
    "select product_values.variants",
)
_SUPPLIERS = prepare_many(
    lambda n: select(third_parties.c.id, third_parties.c.supplier).where(
        third_parties.c.company_id == _COMPANY,
        keys(third_parties.c.id, "party", n),
        third_parties.c.merged_into_id.is_(None),
    ),
    "select third_parties.suppliers",
    pads=True,
)
_OWNERS = prepare_many(
    lambda n: select(product_barcodes.c.gtin, product_barcodes.c.product_id).where(
        product_barcodes.c.company_id == _COMPANY, keys(product_barcodes.c.gtin, "gtin", n)
    ),
    "select product_barcodes.owners",
    pads=True,
)


class SqlPricing:
    """What lines are completed from, within the context's company."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company

    def offers(
        self, products: Iterable[ProductId], party: PartyId | None, price_list: int | None
    ) -> Mapping[ProductId, Sequence[Offered]]:
        """Give the prices of products agreed with a customer or on a list."""
        found: defaultdict[ProductId, list[Offered]] = defaultdict(list)
        for row in self._of(_OFFERS, "product", products, party=party, price_list=price_list):
            own = row[1] is not None
            terms = row[6:10] if own else row[10:14]
            found[row[2]].append(
                Offered(
                    id=row[0],
                    source=PriceSource.PARTY if own else PriceSource.PRICE_LIST,
                    product_id=row[2],
                    min_quantity=row[3],
                    price=row[4],
                    discount=row[5],
                    **dict(zip(_OFFER, terms, strict=True)),
                )
            )
        return found

    def vat_rates(self) -> Sequence[VatRate]:
        """Give all rates of the company's country."""
        return [_vat(row) for row in self._session.all(_OWN_RATES, company=self._company)]

    def vat_rates_of(self, country: str) -> Sequence[VatRate]:
        """Give all rates of a country."""
        return [_vat(row) for row in self._session.all(_COUNTRY_RATES, company=self._company, country=country)]

    def units(self, codes: Iterable[str]) -> Mapping[str, Unit]:
        """Give those of the units that exist."""
        found = [Unit(**dict(zip(_UNIT, row, strict=True))) for row in self._of(_UNITS, "code", codes)]
        return {one.code: one for one in found}

    def packagings(self, products: Iterable[ProductId]) -> Mapping[ProductId, Sequence[Packaging]]:
        """Give the packagings of products."""
        found: defaultdict[ProductId, list[Packaging]] = defaultdict(list)
        for product, unit, quantity in self._of(_PACKAGINGS, "product", products):
            found[product].append(Packaging(unit=unit, quantity=quantity))
        return found

    def contents(self, kits: Iterable[ProductId]) -> Contents:
        """Give the components of kits, and of the kits in them, by one statement for each level."""
        found: dict[ProductId, list[Component]] = {}
        wanted = set(kits)
        while wanted:
            found |= {kit: [] for kit in wanted}
            for kit, component, quantity in self._of(_CONTENTS, "product", wanted):
                found[kit].append(Component(component_id=component, quantity=quantity))
            wanted = {one.component_id for kit in wanted for one in found[kit]} - found.keys()
        return found

    def categories(self) -> Mapping[int, Category]:
        """Give every category."""
        rows = self._session.all(_CATEGORIES, company=self._company)
        return {row[0]: Category(**dict(zip(_CATEGORY, row, strict=True))) for row in rows}

    def attributes(self, attributes: Iterable[int]) -> Mapping[int, Attribute]:
        """Give those of the attributes that exist, with their values."""
        values: defaultdict[tuple[Any, ...], list[AttributeValue]] = defaultdict(list)
        for *key, value, extra in self._of(_ATTRIBUTES, "attribute", attributes):
            values[tuple(key)].append(AttributeValue(value=value, price_extra=extra))
        return {
            key[0]: Attribute(id=key[0], version=key[1], name=key[2], values=tuple(found))
            for key, found in values.items()
        }

    def used_values(self, attribute: int) -> frozenset[str]:
        """Give the values of an attribute that variants have."""
        return frozenset(row[0] for row in self._session.all(_USED, company=self._company, attribute=attribute))

    def variants(self, parent: ProductId) -> Mapping[ProductId, Sequence[Trait]]:
        """Give the variants of a product with what tells them apart."""
        found: defaultdict[ProductId, list[Trait]] = defaultdict(list)
        for product, attribute, value in self._session.all(_VARIANTS, company=self._company, parent=parent):
            found[product].append(Trait(attribute_id=attribute, value=value))
        return found

    def suppliers(self, parties: Iterable[PartyId]) -> Mapping[int, bool]:
        """Tell of those third parties that exist, and were not merged, whether they are suppliers."""
        return {row[0]: row[1] for row in self._of(_SUPPLIERS, "party", parties)}

    def owners(self, gtins: Iterable[str]) -> Mapping[str, ProductId]:
        """Give the products that have these barcodes."""
        return {row[0]: row[1] for row in self._of(_OWNERS, "gtin", gtins)}

    def _of(self, statement: Any, name: str, wanted: Iterable[Any], **common: Any) -> list[tuple[Any, ...]]:
        rows = [{name: value} for value in sorted(set(wanted))]
        return self._session.all_of(statement, rows, company=self._company, **common)


def _vat(row: tuple[Any, ...]) -> VatRate:
    return VatRate(**dict(zip(_VAT, row, strict=True)))
