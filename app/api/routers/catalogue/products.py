"""Products."""

from typing import Annotated

from fastapi import Response

from app.api.batch import batch
from app.api.listing import ListRun, provide_list
from app.api.provide import IfMatch, Run, provide
from app.api.route import gives, router
from app.api.schemas.catalogue.products import ProductChange, ProductIn, ProductOut
from app.api.schemas.shared import PathId
from app.domain.shared.ids import ProductId
from app.usecases.catalogue import ChangeProduct, CreateProduct, ListProducts, ReadProduct

routes = router("products")


@routes.post("/products", **gives(ProductOut, 201))
def create_product(body: ProductIn, run: Annotated[Run, provide(CreateProduct)]) -> Response:
    """Enter a product."""
    return run(build=body.to_domain, present=ProductOut.of)


batch(routes, create_product)


@routes.get("/products")
def list_products(run: Annotated[ListRun, provide_list(ListProducts)]) -> Response:
    """List products."""
    return run()


@routes.get("/products/{product_id}", **gives(ProductOut))
def read_product(product_id: PathId, run: Annotated[Run, provide(ReadProduct)]) -> Response:
    """Show one product."""
    return run(build=lambda: ProductId(product_id), present=ProductOut.of)


@routes.patch("/products/{product_id}", **gives(ProductOut))
def change_product(
    product_id: PathId, version: IfMatch, body: ProductChange, run: Annotated[Run, provide(ChangeProduct)]
) -> Response:
    """Change the fields sent of a product."""
    return run(build=lambda: body.to_domain(product_id, version), present=ProductOut.of)
