"""Custom fields."""

from typing import Annotated

from fastapi import Response

from app.api.listing import ListRun, provide_list
from app.api.provide import IfMatch, Run, provide
from app.api.route import gives, router
from app.api.schemas.fields import FieldChange, FieldIn, FieldOut
from app.api.schemas.shared import PathId
from app.domain.shared.ids import FieldId
from app.usecases.fields import ChangeField, DefineField, DeleteField, ListFields, ReadField
from app.usecases.shared import Versioned

routes = router("custom-fields")


@routes.post("/custom-fields", **gives(FieldOut, 201))
def define_custom_field(body: FieldIn, run: Annotated[Run, provide(DefineField)]) -> Response:
    """Define a custom field for one kind of objects; a demand on new ones is noticed within 30 seconds."""
    return run(build=body.to_domain, present=FieldOut.of)


@routes.get("/custom-fields")
def list_custom_fields(run: Annotated[ListRun, provide_list(ListFields)]) -> Response:
    """List custom fields."""
    return run()


@routes.get("/custom-fields/{field_id}", **gives(FieldOut))
def read_custom_field(field_id: PathId, run: Annotated[Run, provide(ReadField)]) -> Response:
    """Show one custom field."""
    return run(build=lambda: FieldId(field_id), present=FieldOut.of)


@routes.patch("/custom-fields/{field_id}", **gives(FieldOut))
def change_custom_field(
    field_id: PathId, version: IfMatch, body: FieldChange, run: Annotated[Run, provide(ChangeField)]
) -> Response:
    """Change the properties sent of a custom field; values that objects have already stay as they are."""
    return run(build=lambda: body.to_domain(field_id, version), present=FieldOut.of)


@routes.delete("/custom-fields/{field_id}", **gives())
def delete_custom_field(field_id: PathId, version: IfMatch, run: Annotated[Run, provide(DeleteField)]) -> Response:
    """Delete a custom field that no object has a value of; others can be archived."""
    return run(build=lambda: Versioned(id=field_id, version=version), present=lambda _: None)
