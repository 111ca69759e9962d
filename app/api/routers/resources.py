"""What definitions of workflows may use."""

from typing import Annotated

from fastapi import Response

from app.api.provide import Run, provide
from app.api.route import gives, router
from app.api.schemas.resources import ResourcesOut
from app.usecases.processes import ListResources

routes = router("workflows")


@routes.get("/workflows/resources", **gives(ResourcesOut))
def list_workflow_resources(run: Annotated[Run, provide(ListResources)]) -> Response:
    """List the use cases that the tasks of a workflow may do, with the JSON schemas of what they take and give."""
    return run(build=lambda: None, present=ResourcesOut.of)
