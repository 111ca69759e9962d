"""What hangs on products and customers, on the wire."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from app.api.schemas.catalogue.records import given, shown
from app.api.schemas.shared import Id, In, Number, Out, PriceIn, QuantityIn, Text, UnitCode, Whole
from app.domain.catalogue import Component, Packaging, SupplierPrice
from app.domain.shared.ids import PartyId, ProductId
from app.domain.shared.money import Quantity
from app.usecases.catalogue import Hung
from app.usecases.catalogue import Whole as Parts

NONE = Quantity(Decimal(0))
VERSION = "Version of the object, as in the ETag"
Digits = Annotated[str, Field(pattern="^[0-9]{8,14}$", examples=["4006381333931"])]


class BarcodesIn(In):
    """All barcodes of a product."""

    barcodes: list[Digits] = Field(max_length=50, description="EAN-8, UPC-A, EAN-13 or GTIN-14, with check digit")

    def to_domain(self, product_id: int, version: int) -> Parts:
        """Give them for the product seen at ``version``."""
        return Parts(id=product_id, version=version, parts=self.barcodes)


class BarcodesOut(Out):
    """The barcodes of a product."""

    barcodes: list[str] = Field(description="Barcodes", examples=[["4006381333931"]])
    version: int = Field(description=VERSION, examples=[1])

    @classmethod
    def of(cls, hung: Hung) -> "BarcodesOut":
        """Show them."""
        return cls.model_construct(barcodes=[one.code for one in hung.parts], version=hung.version)


class PackagingIn(In):
    """A unit as a product is packed."""

    unit: UnitCode = Field(description="Code of the unit", examples=["CS"])
    quantity: QuantityIn = Field(description="Stock units it holds", examples=["12"])


class PackagingsIn(In):
    """All packagings of a product."""

    packagings: list[PackagingIn] = Field(max_length=50, description="Packagings")

    def to_domain(self, product_id: int, version: int) -> Parts:
        """Give them for the product seen at ``version``."""
        return Parts(id=product_id, version=version, parts=[Packaging(**given(one)) for one in self.packagings])


class PackagingOut(Out):
    """A unit as a product is packed."""

    unit: str = Field(description="Code of the unit", examples=["CS"])
    quantity: Number = Field(description="Stock units it holds", examples=["12"])


class PackagingsOut(Out):
    """The packagings of a product."""

    packagings: list[PackagingOut] = Field(description="Packagings")
    version: int = Field(description=VERSION, examples=[1])

    @classmethod
    def of(cls, hung: Hung) -> "PackagingsOut":
        """Show them."""
        packagings = [PackagingOut.model_construct(**shown(one, PackagingOut.model_fields)) for one in hung.parts]
        return cls.model_construct(packagings=packagings, version=hung.version)


class ComponentIn(In):
    """So much of a product in one of a kit."""

    component_id: Id = Field(description="Id of the product", examples=[4])
    quantity: QuantityIn = Field(description="Quantity in stock units", examples=["2"])


class ComponentsIn(In):
    """All components of a kit; none make it a kit no more."""

    components: list[ComponentIn] = Field(max_length=200, description="Components")

    def to_domain(self, product_id: int, version: int) -> Parts:
        """Give them for the product seen at ``version``."""
        parts = [Component(component_id=ProductId(one.component_id), quantity=one.quantity) for one in self.components]
        return Parts(id=product_id, version=version, parts=parts)


class ComponentOut(Out):
    """So much of a product in one of a kit."""

    component_id: int = Field(description="Id of the product", examples=[4])
    quantity: Number = Field(description="Quantity in stock units", examples=["2"])


class ComponentsOut(Out):
    """The components of a kit."""

    components: list[ComponentOut] = Field(description="Components")
    version: int = Field(description=VERSION, examples=[1])

    @classmethod
    def of(cls, hung: Hung) -> "ComponentsOut":
        """Show them."""
        components = [ComponentOut.model_construct(**shown(one, ComponentOut.model_fields)) for one in hung.parts]
        return cls.model_construct(components=components, version=hung.version)


class SupplierPriceIn(In):
    """What a supplier asks for a product."""

    supplier_id: Id = Field(description="Id of the supplier", examples=[8])
    ref: Text = Field("", max_length=60, description="The supplier's own reference", examples=["OAK-140-X"])
    price: PriceIn = Field(description="Net price of one stock unit", examples=["198"])
    currency: str = Field(pattern="^[A-Z]{3}$", description="ISO 4217 code", examples=["EUR"])
    min_quantity: QuantityIn = Field(NONE, description="Quantity it begins at", examples=["10"])
    lead_days: Whole = Field(0, ge=0, le=3650, description="Days until it is there", examples=[14])

    def to_part(self) -> SupplierPrice:
        """Give the price."""
        return SupplierPrice(**{**given(self), "supplier_id": PartyId(self.supplier_id)})


class SupplierPricesIn(In):
    """All that suppliers ask for a product."""

    supplier_prices: list[SupplierPriceIn] = Field(max_length=200, description="Prices")

    def to_domain(self, product_id: int, version: int) -> Parts:
        """Give them for the product seen at ``version``."""
        return Parts(id=product_id, version=version, parts=[one.to_part() for one in self.supplier_prices])


class SupplierPriceOut(Out):
    """What a supplier asks for a product."""

    supplier_id: int = Field(description="Id of the supplier", examples=[8])
    ref: str = Field(description="The supplier's own reference", examples=["OAK-140-X"])
    price: Number = Field(description="Net price of one stock unit", examples=["198"])
    currency: str = Field(description="ISO 4217 code", examples=["EUR"])
    min_quantity: Number = Field(description="Quantity it begins at", examples=["10"])
    lead_days: int = Field(description="Days until it is there", examples=[14])


class SupplierPricesOut(Out):
    """What suppliers ask for a product."""

    supplier_prices: list[SupplierPriceOut] = Field(description="Prices")
    version: int = Field(description=VERSION, examples=[1])

    @classmethod
    def of(cls, hung: Hung) -> "SupplierPricesOut":
        """Show them."""
        prices = [SupplierPriceOut.model_construct(**shown(one, SupplierPriceOut.model_fields)) for one in hung.parts]
        return cls.model_construct(supplier_prices=prices, version=hung.version)


class SortedIn(In):
    """All categories of an object."""

    category_ids: list[Id] = Field(max_length=100, description="Ids of categories", examples=[[4]])

    def to_domain(self, owner_id: int, version: int) -> Parts:
        """Give them for the object seen at ``version``."""
        return Parts(id=owner_id, version=version, parts=self.category_ids)


class SortedOut(Out):
    """The categories of an object."""

    category_ids: list[int] = Field(description="Ids of categories", examples=[[4]])
    version: int = Field(description=VERSION, examples=[1])

    @classmethod
    def of(cls, hung: Hung) -> "SortedOut":
        """Show them."""
        return cls.model_construct(category_ids=[one.category_id for one in hung.parts], version=hung.version)
