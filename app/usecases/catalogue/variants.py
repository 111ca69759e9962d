"""What is done with attributes, and the variants made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.domain.catalogue import (
    Attribute,
    Chosen,
    Combination,
    OtherAttributes,
    Product,
    Record,
    Trait,
    VariantOfVariant,
    combinations,
)
from app.domain.shared.ids import ProductId
from app.domain.shared.rights import Right
from app.domain.shared.tracking import Tracking
from app.usecases.catalogue.records import ChangeRecord, CreateRecord, DeleteRecord, ReadRecord
from app.usecases.context import Context
from app.usecases.ports.listing import FieldKind, ListField, Listing, Sort
from app.usecases.ports.shared import Work
from app.usecases.shared import ListCase

ATTRIBUTES = Listing(
    name="attributes",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="name", kind=FieldKind.TEXT, sortable=True),
    ),
    default_sort=(Sort(field="id"),),
)


class Keeping:
    """Sees to it that an attribute keeps the values that variants have."""

    __slots__ = ()

    def fits(self, work: Work, context: Context, record: Record) -> None:
        """Pass only such an attribute; who makes variants meanwhile waits. Raises ValueInUse."""
        if isinstance(record, Attribute) and record.id:
            work.companies.lock(context.company)
            record.keeps(work.pricing.used_values(record.id))


class CreateAttribute(Keeping, CreateRecord):
    """Enter an attribute. Raises Taken, ValueInUse."""

    __slots__ = ()


class ReadAttribute(ReadRecord):
    """Show one attribute. Raises NotFound."""

    __slots__ = ()
    kind = Attribute


class ChangeAttribute(Keeping, ChangeRecord):
    """Change the fields sent of an attribute. Raises NotFound, Stale, Taken, ValueInUse."""

    __slots__ = ()
    kind = Attribute


class DeleteAttribute(DeleteRecord):
    """Delete an attribute that nothing refers to. Raises NotFound, Stale, InUse."""

    __slots__ = ()
    kind = Attribute


class ListAttributes(ListCase):
    """List attributes."""

    __slots__ = ()
    right = Right.PRODUCTS_READ
    listing = ATTRIBUTES


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantsDraft:
    """Variants as asked for: every combination of the chosen values that is not there yet."""

    parent_id: ProductId
    chosen: tuple[Chosen, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A variant and what tells it from the others."""

    product: Product
    traits: tuple[Trait, ...]


@dataclass(frozen=True, slots=True)
class MakeVariants:
    """Make variants of a product, each a product of its own; those that are there already are left alone.

    Raises NotFound, ProductArchived, VariantOfVariant, OtherAttributes, UnknownReference, UnknownValue,
    DoubleAttribute, TooManyVariants, VariantTooLong, Taken for a ref in use.
    """

    right: ClassVar[Right] = Right.PRODUCTS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: VariantsDraft) -> Sequence[Variant]:
        """Give the new ones; who makes some of the same product or changes its attributes meanwhile waits."""
        work.companies.lock(context.company)
        parent = work.products.get(request.parent_id)
        parent.sells()
        if parent.parent_id is not None:
            raise VariantOfVariant(product=parent.id)
        attributes = work.pricing.attributes({one.attribute_id for one in request.chosen})
        wanted = combinations(request.chosen, attributes)
        there = work.pricing.variants(parent.id)
        chosen = {one.attribute_id for one in request.chosen}
        if any({one.attribute_id for one in traits} != chosen for traits in there.values()):
            raise OtherAttributes(at=("attributes",), product=parent.id)
        known = {frozenset(traits) for traits in there.values()}
        return [self._made(work, parent, one) for one in wanted if frozenset(one.traits) not in known]

    def _made(self, work: Work, parent: Product, one: Combination) -> Variant:
        variant = parent.variant(one)
        work.products.add(variant)
        if variant.tracking is not Tracking.NONE:
            work.lots.track(variant.id, variant.tracking)
        work.catalogue.replace(Trait, variant.id, one.traits)
        work.outbox.add(variant.created())
        return Variant(product=variant, traits=one.traits)


@dataclass(frozen=True, slots=True)
class ReadVariants:
    """Show the variants of a product. Raises NotFound."""

    right: ClassVar[Right] = Right.PRODUCTS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: ProductId) -> Sequence[Variant]:
        """Give them by id."""
        work.products.get(request)
        traits = work.pricing.variants(request)
        products = work.products.of(traits)
        return [Variant(product=products[one], traits=tuple(traits[one])) for one in sorted(traits)]
