"""Attributes."""

from typing import Annotated

from fastapi import Response

from app.api.listing import ListRun, provide_list
from app.api.provide import IfMatch, Run, provide
from app.api.route import gives, router
from app.api.schemas.catalogue.variants import AttributeChange, AttributeIn, AttributeOut
from app.api.schemas.shared import PathId
from app.usecases.catalogue import ChangeAttribute, CreateAttribute, DeleteAttribute, ListAttributes, ReadAttribute
from app.usecases.shared import Versioned

routes = router("catalogue")


@routes.post("/attributes", **gives(AttributeOut, 201))
def create_attribute(body: AttributeIn, run: Annotated[Run, provide(CreateAttribute)]) -> Response:
    """Enter an attribute."""
    return run(build=body.to_domain, present=AttributeOut.of)


@routes.get("/attributes")
def list_attributes(run: Annotated[ListRun, provide_list(ListAttributes)]) -> Response:
    """List attributes."""
    return run()


@routes.get("/attributes/{attribute_id}", **gives(AttributeOut))
def read_attribute(attribute_id: PathId, run: Annotated[Run, provide(ReadAttribute)]) -> Response:
    """Show one attribute."""
    return run(build=lambda: attribute_id, present=AttributeOut.of)


@routes.patch("/attributes/{attribute_id}", **gives(AttributeOut))
def change_attribute(
    attribute_id: PathId, version: IfMatch, body: AttributeChange, run: Annotated[Run, provide(ChangeAttribute)]
) -> Response:
    """Change the fields sent of an attribute."""
    return run(build=lambda: body.to_domain(attribute_id, version), present=AttributeOut.of)


@routes.delete("/attributes/{attribute_id}", **gives())
def delete_attribute(attribute_id: PathId, version: IfMatch, run: Annotated[Run, provide(DeleteAttribute)]) -> Response:
    """Delete an attribute that nothing refers to."""
    return run(build=lambda: Versioned(id=attribute_id, version=version), present=lambda _: None)
