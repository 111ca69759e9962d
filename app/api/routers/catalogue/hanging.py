"""What hangs on products and customers: each kind shown and replaced as a whole."""

from typing import Annotated

from fastapi import Response

from app.api.provide import IfMatch, Run, provide
from app.api.route import gives, router
from app.api.schemas.catalogue.hanging import (
    BarcodesIn,
    BarcodesOut,
    ComponentsIn,
    ComponentsOut,
    PackagingsIn,
    PackagingsOut,
    SortedIn,
    SortedOut,
    SupplierPricesIn,
    SupplierPricesOut,
)
from app.api.schemas.catalogue.variants import VariantsIn, VariantsOut
from app.api.schemas.shared import PathId
from app.domain.shared.ids import PartyId, ProductId
from app.usecases.catalogue import (
    MakeVariants,
    ReadBarcodes,
    ReadComponents,
    ReadPackagings,
    ReadPartyCategories,
    ReadProductCategories,
    ReadSupplierPrices,
    ReadVariants,
    SetBarcodes,
    SetComponents,
    SetPackagings,
    SetPartyCategories,
    SetProductCategories,
    SetSupplierPrices,
)

routes = router("catalogue")


@routes.get("/products/{product_id}/barcodes", **gives(BarcodesOut))
def read_barcodes(product_id: PathId, run: Annotated[Run, provide(ReadBarcodes)]) -> Response:
    """Show the barcodes of a product."""
    return run(build=lambda: ProductId(product_id), present=BarcodesOut.of)


@routes.put("/products/{product_id}/barcodes", **gives(BarcodesOut))
def set_barcodes(
    product_id: PathId, version: IfMatch, body: BarcodesIn, run: Annotated[Run, provide(SetBarcodes)]
) -> Response:
    """Replace the barcodes of a product."""
    return run(build=lambda: body.to_domain(product_id, version), present=BarcodesOut.of)


@routes.get("/products/{product_id}/packagings", **gives(PackagingsOut))
def read_packagings(product_id: PathId, run: Annotated[Run, provide(ReadPackagings)]) -> Response:
    """Show what a product is packed in."""
    return run(build=lambda: ProductId(product_id), present=PackagingsOut.of)


@routes.put("/products/{product_id}/packagings", **gives(PackagingsOut))
def set_packagings(
    product_id: PathId, version: IfMatch, body: PackagingsIn, run: Annotated[Run, provide(SetPackagings)]
) -> Response:
    """Replace what a product is packed in."""
    return run(build=lambda: body.to_domain(product_id, version), present=PackagingsOut.of)


@routes.get("/products/{product_id}/components", **gives(ComponentsOut))
def read_components(product_id: PathId, run: Annotated[Run, provide(ReadComponents)]) -> Response:
    """Show what a kit consists of."""
    return run(build=lambda: ProductId(product_id), present=ComponentsOut.of)


@routes.put("/products/{product_id}/components", **gives(ComponentsOut))
def set_components(
    product_id: PathId, version: IfMatch, body: ComponentsIn, run: Annotated[Run, provide(SetComponents)]
) -> Response:
    """Replace what a kit consists of."""
    return run(build=lambda: body.to_domain(product_id, version), present=ComponentsOut.of)


@routes.get("/products/{product_id}/supplier-prices", **gives(SupplierPricesOut))
def read_supplier_prices(product_id: PathId, run: Annotated[Run, provide(ReadSupplierPrices)]) -> Response:
    """Show what suppliers ask for a product."""
    return run(build=lambda: ProductId(product_id), present=SupplierPricesOut.of)


@routes.put("/products/{product_id}/supplier-prices", **gives(SupplierPricesOut))
def set_supplier_prices(
    product_id: PathId, version: IfMatch, body: SupplierPricesIn, run: Annotated[Run, provide(SetSupplierPrices)]
) -> Response:
    """Replace what suppliers ask for a product."""
    return run(build=lambda: body.to_domain(product_id, version), present=SupplierPricesOut.of)


@routes.get("/products/{product_id}/categories", **gives(SortedOut))
def read_product_categories(product_id: PathId, run: Annotated[Run, provide(ReadProductCategories)]) -> Response:
    """Show the categories of a product."""
    return run(build=lambda: ProductId(product_id), present=SortedOut.of)


@routes.put("/products/{product_id}/categories", **gives(SortedOut))
def set_product_categories(
    product_id: PathId, version: IfMatch, body: SortedIn, run: Annotated[Run, provide(SetProductCategories)]
) -> Response:
    """Replace the categories of a product."""
    return run(build=lambda: body.to_domain(product_id, version), present=SortedOut.of)


@routes.get("/third-parties/{party_id}/categories", **gives(SortedOut))
def read_party_categories(party_id: PathId, run: Annotated[Run, provide(ReadPartyCategories)]) -> Response:
    """Show the categories of a customer."""
    return run(build=lambda: PartyId(party_id), present=SortedOut.of)


@routes.put("/third-parties/{party_id}/categories", **gives(SortedOut))
def set_party_categories(
    party_id: PathId, version: IfMatch, body: SortedIn, run: Annotated[Run, provide(SetPartyCategories)]
) -> Response:
    """Replace the categories of a customer."""
    return run(build=lambda: body.to_domain(party_id, version), present=SortedOut.of)


@routes.post("/products/{product_id}/variants", **gives(VariantsOut, 200))
def make_variants(product_id: PathId, body: VariantsIn, run: Annotated[Run, provide(MakeVariants)]) -> Response:
    """Make variants of a product; the answer shows the new ones."""
    return run(build=lambda: body.to_domain(product_id), present=VariantsOut.of)


@routes.get("/products/{product_id}/variants", **gives(VariantsOut))
def read_variants(product_id: PathId, run: Annotated[Run, provide(ReadVariants)]) -> Response:
    """Show the variants of a product."""
    return run(build=lambda: ProductId(product_id), present=VariantsOut.of)
