"""Attributes and variants on the wire."""

from collections.abc import Sequence
from decimal import Decimal

from pydantic import Field

from app.api.schemas.catalogue.products import ProductOut
from app.api.schemas.shared import Change, Id, In, Number, Out, PriceIn, Text
from app.domain.catalogue import Attribute, AttributeValue, Chosen
from app.domain.shared.ids import ProductId
from app.domain.shared.money import Price, plain
from app.usecases.catalogue import Variant, VariantsDraft
from app.usecases.shared import Change as Changes

NOTHING = Price(Decimal(0))


class ValueIn(In):
    """A value of an attribute."""

    value: Text = Field(min_length=1, max_length=40, description="Value, unique within the attribute", examples=["red"])
    price_extra: PriceIn = Field(NOTHING, description="What it adds to a product's net price", examples=["5"])

    def to_domain(self) -> AttributeValue:
        """Give the value."""
        return AttributeValue(value=self.value, price_extra=self.price_extra)


class AttributeIn(In):
    """A new attribute."""

    name: Text = Field(min_length=1, max_length=100, description="Name", examples=["Colour"])
    values: list[ValueIn] = Field(min_length=1, max_length=200, description="Values, in order")

    def to_domain(self) -> Attribute:
        """Give the attribute."""
        return Attribute(name=self.name, values=tuple(one.to_domain() for one in self.values))


class AttributeChange(Change):
    """New values for some fields of an attribute; `values` replaces all, and keeps those that variants have."""

    name: Text = Field("", min_length=1, max_length=100, description="Name", examples=["Color"])
    values: list[ValueIn] = Field([], min_length=1, max_length=200, description="Values, in order")

    def to_domain(self, attribute_id: int, version: int) -> Changes:
        """Give the change to the attribute seen at ``version``."""
        changes = self.sent()
        if "values" in changes:
            changes["values"] = tuple(one.to_domain() for one in self.values)
        return Changes(id=attribute_id, version=version, changes=changes)


class ValueOut(Out):
    """A value of an attribute."""

    value: str = Field(description="Value", examples=["red"])
    price_extra: Number = Field(description="What it adds to a product's net price", examples=["5"])


class AttributeOut(Out):
    """An attribute."""

    id: int = Field(description="Id", examples=[2])
    name: str = Field(description="Name", examples=["Colour"])
    values: list[ValueOut] = Field(description="Values, in order")
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, attribute: Attribute) -> "AttributeOut":
        """Show an attribute."""
        values = [
            ValueOut.model_construct(value=one.value, price_extra=plain(one.price_extra)) for one in attribute.values
        ]
        return cls.model_construct(id=attribute.id, name=attribute.name, values=values, version=attribute.version)


class ChosenIn(In):
    """Values of an attribute to make variants of."""

    attribute_id: Id = Field(description="Id of the attribute", examples=[2])
    values: list[Text] | None = Field(None, min_length=1, description="Values; left out: all", examples=[["red"]])


class VariantsIn(In):
    """Variants to make: every combination of the values that is not there yet."""

    attributes: list[ChosenIn] = Field(min_length=1, max_length=10, description="What the variants differ in")

    def to_domain(self, parent_id: int) -> VariantsDraft:
        """Give what is asked for."""
        chosen = (
            Chosen(attribute_id=one.attribute_id, values=None if one.values is None else tuple(one.values))
            for one in self.attributes
        )
        return VariantsDraft(parent_id=ProductId(parent_id), chosen=tuple(chosen))


class TraitOut(Out):
    """The value a variant has of an attribute."""

    attribute_id: int = Field(description="Id of the attribute", examples=[2])
    value: str = Field(description="Value", examples=["red"])


class VariantOut(Out):
    """A variant."""

    product: ProductOut = Field(description="The product it is")
    traits: list[TraitOut] = Field(description="What tells it from the others")


class VariantsOut(Out):
    """Variants of a product."""

    items: list[VariantOut] = Field(description="Variants")

    @classmethod
    def of(cls, variants: Sequence[Variant]) -> "VariantsOut":
        """Show variants."""
        items = [
            VariantOut.model_construct(
                product=ProductOut.of(one.product),
                traits=[
                    TraitOut.model_construct(attribute_id=trait.attribute_id, value=trait.value) for trait in one.traits
                ],
            )
            for one in variants
        ]
        return cls.model_construct(items=items)
