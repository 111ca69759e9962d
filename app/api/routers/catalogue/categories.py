"""Categories."""

from typing import Annotated

from fastapi import Response

from app.api.listing import ListRun, provide_list
from app.api.provide import IfMatch, Run, provide
from app.api.route import gives, router
from app.api.schemas.catalogue.categories import CategoryChange, CategoryIn, CategoryOut
from app.api.schemas.shared import PathId
from app.usecases.catalogue import ChangeCategory, CreateCategory, DeleteCategory, ListCategories, ReadCategory
from app.usecases.shared import Versioned

routes = router("catalogue")


@routes.post("/categories", **gives(CategoryOut, 201))
def create_category(body: CategoryIn, run: Annotated[Run, provide(CreateCategory)]) -> Response:
    """Enter a category."""
    return run(build=body.to_domain, present=CategoryOut.of)


@routes.get("/categories")
def list_categories(run: Annotated[ListRun, provide_list(ListCategories)]) -> Response:
    """List categories."""
    return run()


@routes.get("/categories/{category_id}", **gives(CategoryOut))
def read_category(category_id: PathId, run: Annotated[Run, provide(ReadCategory)]) -> Response:
    """Show one category."""
    return run(build=lambda: category_id, present=CategoryOut.of)


@routes.patch("/categories/{category_id}", **gives(CategoryOut))
def change_category(
    category_id: PathId, version: IfMatch, body: CategoryChange, run: Annotated[Run, provide(ChangeCategory)]
) -> Response:
    """Change the fields sent of a category."""
    return run(build=lambda: body.to_domain(category_id, version), present=CategoryOut.of)


@routes.delete("/categories/{category_id}", **gives())
def delete_category(category_id: PathId, version: IfMatch, run: Annotated[Run, provide(DeleteCategory)]) -> Response:
    """Delete a category that nothing refers to."""
    return run(build=lambda: Versioned(id=category_id, version=version), present=lambda _: None)
