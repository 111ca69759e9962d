"""What hangs on products and third parties, each kind shown and replaced as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from app.domain.catalogue import (
    Barcode,
    CategoryKind,
    Component,
    Packaging,
    Product,
    ProductChanged,
    SortedCustomer,
    SortedProduct,
    SupplierPrice,
    barcodes,
    check_components,
    check_packagings,
    check_sorted,
    check_suppliers,
    exploded,
)
from app.domain.parties import Party, PartyChanged
from app.domain.shared.errors import DomainError, Taken, UnknownReference
from app.domain.shared.ids import PartyId, ProductId
from app.domain.shared.money import Quantity
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.shared import Work
from app.usecases.shared import Versioned


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole(Versioned):
    """All that is to hang on an object, as it was last seen, in order."""

    parts: Sequence[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hung:
    """What hangs on an object, and the object's version."""

    version: int
    parts: Sequence[Any]


@dataclass(frozen=True, slots=True)
class ReadParts:
    """Show what hangs on a product. Raises NotFound."""

    kind: ClassVar[type[Any]]
    right: ClassVar[Right] = Right.PRODUCTS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: int) -> Hung:
        """Give it in order."""
        owner = work.products.get(ProductId(request))
        return Hung(version=owner.version, parts=work.catalogue.parts(self.kind, request))


@dataclass(frozen=True, slots=True)
class SetParts:
    """Hang other things on a product, in place of what there was. Raises NotFound, Stale."""

    kind: ClassVar[type[Any]]
    name: ClassVar[str]
    right: ClassVar[Right] = Right.PRODUCTS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Whole) -> Hung:
        """Give it as it is now."""
        product = work.products.get(ProductId(request.id))
        request.matches(product.version)
        try:
            parts = self.checked(work, context, product, request.parts)
        except DomainError as error:
            raise error.within(self.name) from None
        work.products.save(product)  # the version first: it is what two who do this at once meet at
        work.catalogue.replace(self.kind, product.id, parts)
        work.outbox.add(ProductChanged(id=product.id, fields=(self.name,)))
        return Hung(version=product.version, parts=parts)

    def checked(self, work: Work, context: Context, product: Product, parts: Sequence[Any]) -> Sequence[Any]:
        """Give the parts to store. Raises what makes them unsound, with ``at`` of the index."""
        raise NotImplementedError


class ReadBarcodes(ReadParts):
    """Show the barcodes of a product. Raises NotFound."""

    __slots__ = ()
    kind = Barcode


class SetBarcodes(SetParts):
    """Give a product its barcodes. Raises NotFound, Stale, BadBarcode, DoubleBarcode, Taken."""

    __slots__ = ()
    kind = Barcode
    name = "barcodes"

    def checked(self, work: Work, context: Context, product: Product, parts: Sequence[Any]) -> Sequence[Any]:
        """Pass only barcodes that no other product has."""
        found = barcodes(parts)
        owners = work.pricing.owners(one.gtin for one in found)
        for index, one in enumerate(found):
            if owners.get(one.gtin, product.id) != product.id:
                raise Taken(at=(index,), value=one.code)
        return found


class ReadPackagings(ReadParts):
    """Show what a product is packed in. Raises NotFound."""

    __slots__ = ()
    kind = Packaging


class SetPackagings(SetParts):
    """Say what a product is packed in. Raises NotFound, Stale, UnknownUnit, DoubleUnit, BadFactor."""

    __slots__ = ()
    kind = Packaging
    name = "packagings"

    def checked(self, work: Work, context: Context, product: Product, parts: Sequence[Any]) -> Sequence[Any]:
        """Pass only packagings in known units."""
        check_packagings(product.unit, parts, work.pricing.units({one.unit for one in parts}))
        return parts


class ReadComponents(ReadParts):
    """Show what a kit consists of. Raises NotFound."""

    __slots__ = ()
    kind = Component


class SetComponents(SetParts):
    """Say what a product consists of, which makes it a kit, or nothing, which makes it none.

    Raises NotFound, Stale, UnknownReference, BadComponent, KitCycle, KitTooDeep.
    """

    __slots__ = ()
    kind = Component
    name = "components"

    def checked(self, work: Work, context: Context, product: Product, parts: Sequence[Any]) -> Sequence[Any]:
        """Pass only components that do not contain the kit; who changes two kits at once waits for each other."""
        work.companies.lock(context.company)
        check_components(product.id, parts)
        found = work.products.of(one.component_id for one in parts)
        for index, one in enumerate(parts):
            if one.component_id not in found:
                raise UnknownReference(at=(index, "component_id"), kind="product", value=one.component_id)
        contents = dict(work.pricing.contents(one.id for one in found.values() if one.kit))
        contents[product.id] = parts
        exploded(product.id, Quantity(Decimal(1)), contents)
        product.kit = bool(parts)
        return parts


class ReadSupplierPrices(ReadParts):
    """Show what suppliers ask for a product. Raises NotFound."""

    __slots__ = ()
    kind = SupplierPrice


class SetSupplierPrices(SetParts):
    """Note what suppliers ask for a product.

    Raises NotFound, Stale, UnknownReference, NotASupplier, and what is wrong with a price.
    """

    __slots__ = ()
    kind = SupplierPrice
    name = "supplier_prices"

    def checked(self, work: Work, context: Context, product: Product, parts: Sequence[Any]) -> Sequence[Any]:
        """Pass only prices of suppliers."""
        check_suppliers(parts, work.pricing.suppliers({one.supplier_id for one in parts}))
        return parts


class ReadProductCategories(ReadParts):
    """Show the categories of a product. Raises NotFound."""

    __slots__ = ()
    kind = SortedProduct


class SetProductCategories(SetParts):
    """Sort a product into categories. Raises NotFound, Stale, UnknownReference, CategoryOfOtherKind."""

    __slots__ = ()
    kind = SortedProduct
    name = "category_ids"

    def checked(self, work: Work, context: Context, product: Product, parts: Sequence[Any]) -> Sequence[Any]:
        """Pass only categories of products."""
        ids = tuple(dict.fromkeys(parts))
        check_sorted(CategoryKind.PRODUCT, ids, work.pricing.categories())
        return [SortedProduct(category_id=one) for one in ids]


@dataclass(frozen=True, slots=True)
class ReadPartyCategories:
    """Show the categories of a customer. Raises NotFound."""

    right: ClassVar[Right] = Right.THIRD_PARTIES_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: PartyId) -> Hung:
        """Give them in order."""
        party = work.parties.get(request)
        return Hung(version=party.version, parts=work.catalogue.parts(SortedCustomer, request))


@dataclass(frozen=True, slots=True)
class SetPartyCategories:
    """Sort a customer into categories.

    Raises NotFound, Stale, Anonymised, PartyGone, UnknownReference, CategoryOfOtherKind.
    """

    right: ClassVar[Right] = Right.THIRD_PARTIES_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Whole) -> Hung:
        """Give them as they are now."""
        party: Party = work.parties.get(PartyId(request.id))
        request.matches(party.version)
        party.known()
        party.stands()
        ids = tuple(dict.fromkeys(request.parts))
        try:
            check_sorted(CategoryKind.CUSTOMER, ids, work.pricing.categories())
        except DomainError as error:
            raise error.within("category_ids") from None
        parts = [SortedCustomer(category_id=one) for one in ids]
        work.parties.save(party)
        work.catalogue.replace(SortedCustomer, party.id, parts)
        work.outbox.add(PartyChanged(id=party.id, fields=("category_ids",)))
        return Hung(version=party.version, parts=parts)
