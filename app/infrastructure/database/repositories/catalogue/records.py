"""Records of the catalogue, and what hangs on products and third parties, in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, TypeVar, cast

from sqlalchemy import Table, bindparam, delete, insert, select, update

from app.domain.catalogue import (
    Attribute,
    AttributeValue,
    Barcode,
    Category,
    Component,
    InUse,
    Packaging,
    PriceList,
    PriceRow,
    Record,
    SortedCustomer,
    SortedProduct,
    SupplierPrice,
    Trait,
    Unit,
    VatRate,
)
from app.domain.shared.errors import NotFound, Stale
from app.infrastructure.database.compiled import Prepared, PreparedMany, prepare, prepare_many
from app.infrastructure.database.constraints import referring, taken
from app.infrastructure.database.failures import Constraint, ConstraintViolated
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import insert_rows
from app.infrastructure.database.tables import catalogue as tables
from app.usecases.context import Context

RecordT = TypeVar("RecordT", bound=Record)
PartT = TypeVar("PartT")


@dataclass(frozen=True, slots=True)
class Kept:
    """How records of one class are kept; ``uniques`` tells by constraint which field it is about."""

    names: tuple[str, ...]
    uniques: Mapping[str, str]
    get: Prepared
    add: Prepared
    save: Prepared
    delete: Prepared


def _kept(kind: type[Record], table: Table, uniques: Mapping[str, str]) -> Kept:
    names = tuple(one.name for one in fields(kind) if one.name not in {"id", "version"} and one.name in table.c)
    mine = (table.c.company_id == bindparam("company"), table.c.id == bindparam("record"))
    seen = table.c.version == bindparam("seen")
    return Kept(
        names=names,
        uniques=uniques,
        get=prepare(select(*(table.c[name] for name in ("id", "version", *names))).where(*mine)),
        add=prepare(insert(table).values({name: bindparam(name) for name in ("company_id", "version", *names)})),
        save=prepare(
            update(table)
            .where(*mine, seen)
            .values({"version": bindparam("now"), **{name: bindparam(name) for name in names}})
        ),
        delete=prepare(delete(table).where(*mine, seen)),
    )


RECORDS: Final[Mapping[type[Record], Kept]] = {
    PriceList: _kept(PriceList, tables.price_lists, {"uq_price_lists_company_id_name": "name"}),
    PriceRow: _kept(
        PriceRow,
        tables.prices,
        {
            "uq_prices_company_id_price_list_id_product_id_min_quantity": "min_quantity",
            "uq_prices_company_id_party_id_product_id_min_quantity": "min_quantity",
        },
    ),
    VatRate: _kept(VatRate, tables.vat_rates, {"uq_vat_rates_company_id_country_category_valid_from": "valid_from"}),
    Unit: _kept(Unit, tables.units, {"uq_units_company_id_code": "code"}),
    Category: _kept(Category, tables.categories, {"uq_categories_company_id_kind_parent_id_name": "name"}),
    Attribute: _kept(Attribute, tables.attributes, {"uq_attributes_company_id_name": "name"}),
}


@dataclass(frozen=True, slots=True)
class Hanging:
    """How parts of one class are kept; ``unique`` is the constraint that may be violated, and what it is about."""

    names: tuple[str, ...]
    owner: str
    read: Prepared
    forget: Prepared
    keep: PreparedMany
    unique: Mapping[str, tuple[str, object]]


def _hanging(kind: type[Any], table: Table, owner: str, unique: Mapping[str, str] | None = None) -> Hanging:
    names = tuple(one.name for one in fields(kind))
    mine = (table.c.company_id == bindparam("company_id"), table.c[owner] == bindparam(owner))
    columns = (table.c.position, *(table.c[name] for name in names))
    return Hanging(
        names=names,
        owner=owner,
        read=prepare(select(*columns).where(*mine).order_by(table.c.position)),
        forget=prepare(delete(table).where(*mine)),
        keep=prepare_many(insert_rows(table, ("position", *names), common=("company_id", owner))),
        unique={name: (field, None) for name, field in (unique or {}).items()},
    )


PARTS: Final[Mapping[type[Any], Hanging]] = {
    Barcode: _hanging(
        Barcode, tables.product_barcodes, "product_id", {"uq_product_barcodes_company_id_gtin": "barcodes"}
    ),
    Packaging: _hanging(Packaging, tables.product_packagings, "product_id"),
    Component: _hanging(Component, tables.product_components, "product_id"),
    SupplierPrice: _hanging(SupplierPrice, tables.product_suppliers, "product_id"),
    SortedProduct: _hanging(SortedProduct, tables.product_categories, "product_id"),
    SortedCustomer: _hanging(SortedCustomer, tables.party_categories, "party_id"),
    Trait: _hanging(Trait, tables.product_values, "product_id"),
    AttributeValue: _hanging(AttributeValue, tables.attribute_values, "attribute_id"),
}


class SqlCatalogue:
    """Records of the context's company by their class, and what hangs on its objects, in rows of a table each."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company

    def get(self, kind: type[RecordT], record: int) -> RecordT:
        """Give a record. Raises NotFound."""
        kept = RECORDS[kind]
        row = self._session.one(kept.get, company=self._company, record=record)
        if row is None:
            raise NotFound(kind=kind.noun, id=record)
        values = dict(zip(("id", "version", *kept.names), row, strict=True))
        if kind is Attribute:
            values["values"] = tuple(self.parts(AttributeValue, record))
        return kind(**values)

    def add(self, record: Record) -> None:
        """Store a new record and set its id. Raises Taken."""
        kept = RECORDS[type(record)]
        with referring(), taken(_uniques(kept, record)):
            record.id = self._session.insert(kept.add, company_id=self._company, version=1, **_values(kept, record))
        record.version = 1
        if isinstance(record, Attribute):
            self.replace(AttributeValue, record.id, record.values)

    def save(self, record: Record) -> None:
        """Store changes and move the version. Raises Stale, Taken."""
        kept, seen = RECORDS[type(record)], record.version
        with referring(), taken(_uniques(kept, record)):
            stored = self._session.run(
                kept.save,
                company=self._company,
                record=record.id,
                seen=seen,
                now=seen + 1,
                **_values(kept, record),
            )
        if not stored:
            raise Stale(seen=seen)
        record.version = seen + 1
        if isinstance(record, Attribute):
            self.replace(AttributeValue, record.id, record.values)

    def delete(self, record: Record) -> None:
        """Remove a record of that version. Raises Stale, InUse."""
        kept = RECORDS[type(record)]
        try:
            if isinstance(record, Attribute):
                self.replace(AttributeValue, record.id, ())
            removed = self._session.run(kept.delete, company=self._company, record=record.id, seen=record.version)
        except ConstraintViolated as violated:
            if violated.kind is not Constraint.FOREIGN_KEY:
                raise
            raise InUse(kind=record.noun, id=record.id) from violated
        if not removed:
            raise Stale(seen=record.version)

    def parts(self, kind: type[PartT], owner: int) -> Sequence[PartT]:
        """Give what of ``kind`` hangs on an object, in order."""
        kept = PARTS[kind]
        named: dict[str, Any] = {kept.owner: owner}
        rows = self._session.all(kept.read, company_id=self._company, **named)
        return [kind(**dict(zip(kept.names, row[1:], strict=True))) for row in rows]

    def replace(self, kind: type[PartT], owner: int, parts: Sequence[PartT]) -> None:
        """Hang ``parts`` on an object in place of what of ``kind`` there was. Raises Taken."""
        kept = PARTS[kind]
        common: dict[str, Any] = {"company_id": self._company, kept.owner: owner}
        self._session.run(kept.forget, **common)
        rows = [
            {"position": place, **{name: getattr(part, name) for name in kept.names}}
            for place, part in enumerate(parts, 1)
        ]
        with referring(), taken(kept.unique):
            self._session.many(kept.keep, rows, **common)


def _values(kept: Kept, record: Record) -> dict[str, Any]:
    return {name: getattr(record, name) for name in kept.names}


def _uniques(kept: Kept, record: Record) -> dict[str, tuple[str, object]]:
    return {name: (field, cast("object", getattr(record, field))) for name, field in kept.uniques.items()}
