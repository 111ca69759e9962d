"""Units of measure."""

from typing import Annotated

from fastapi import Response

from app.api.listing import ListRun, provide_list
from app.api.provide import IfMatch, Run, provide
from app.api.route import gives, router
from app.api.schemas.catalogue.units import UnitChange, UnitIn, UnitOut
from app.api.schemas.shared import PathId
from app.usecases.catalogue import ChangeUnit, CreateUnit, DeleteUnit, ListUnits, ReadUnit
from app.usecases.shared import Versioned

routes = router("catalogue")


@routes.post("/units", **gives(UnitOut, 201))
def create_unit(body: UnitIn, run: Annotated[Run, provide(CreateUnit)]) -> Response:
    """Enter a unit of measure."""
    return run(build=body.to_domain, present=UnitOut.of)


@routes.get("/units")
def list_units(run: Annotated[ListRun, provide_list(ListUnits)]) -> Response:
    """List units of measure."""
    return run()


@routes.get("/units/{unit_id}", **gives(UnitOut))
def read_unit(unit_id: PathId, run: Annotated[Run, provide(ReadUnit)]) -> Response:
    """Show one unit of measure."""
    return run(build=lambda: unit_id, present=UnitOut.of)


@routes.patch("/units/{unit_id}", **gives(UnitOut))
def change_unit(
    unit_id: PathId, version: IfMatch, body: UnitChange, run: Annotated[Run, provide(ChangeUnit)]
) -> Response:
    """Change the fields sent of a unit of measure."""
    return run(build=lambda: body.to_domain(unit_id, version), present=UnitOut.of)


@routes.delete("/units/{unit_id}", **gives())
def delete_unit(unit_id: PathId, version: IfMatch, run: Annotated[Run, provide(DeleteUnit)]) -> Response:
    """Delete a unit of measure that nothing refers to."""
    return run(build=lambda: Versioned(id=unit_id, version=version), present=lambda _: None)
