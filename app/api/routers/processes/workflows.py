"""Workflows: definitions, versions, aliases."""

from typing import Annotated

from fastapi import Response

from app.api.drawing import DRAWN, SUFFIXES, DrawingRun, provide_drawing
from app.api.listing import ListRun, provide_list
from app.api.provide import IfMatch, Run, provide
from app.api.route import gives, router
from app.api.schemas.processes.executions import StatesOut
from app.api.schemas.processes.workflows import (
    AliasesOut,
    AliasIn,
    AliasName,
    AliasOut,
    DefinitionToJudge,
    FindingsOut,
    PublishedOut,
    VersionIn,
    VersionNumber,
    VersionsOut,
    WorkflowChange,
    WorkflowIn,
    WorkflowOut,
    part,
)
from app.api.schemas.shared import PathId
from app.domain.processes import MachineId
from app.usecases.processes import (
    ChangeWorkflow,
    CreateWorkflow,
    DeleteWorkflow,
    DeleteWorkflowAlias,
    DeleteWorkflowVersion,
    DrawWorkflow,
    JudgeWorkflow,
    ListWorkflowAliases,
    ListWorkflows,
    ListWorkflowVersions,
    MeasureStates,
    Part,
    PublishWorkflow,
    ReadWorkflow,
    RollBackAlias,
    SetAlias,
)
from app.usecases.shared import Versioned

routes = router("workflows")


@routes.get("/workflows")
def list_workflows(run: Annotated[ListRun, provide_list(ListWorkflows)]) -> Response:
    """List workflows."""
    return run()


@routes.post("/workflows", **gives(WorkflowOut, 201))
def create_workflow(body: WorkflowIn, run: Annotated[Run, provide(CreateWorkflow)]) -> Response:
    """Enter a workflow."""
    return run(build=body.to_domain, present=WorkflowOut.of)


@routes.post("/workflows/validate", **gives(FindingsOut))
def judge_workflow(body: DefinitionToJudge, run: Annotated[Run, provide(JudgeWorkflow, keyed=False)]) -> Response:
    """Judge a definition without storing it."""
    return run(build=body.to_domain, present=FindingsOut.of)


@routes.get("/workflows/{workflow_id}", **gives(WorkflowOut))
def read_workflow(workflow_id: PathId, run: Annotated[Run, provide(ReadWorkflow)]) -> Response:
    """Show a workflow with what it does now."""
    return run(build=lambda: MachineId(workflow_id), present=WorkflowOut.of)


@routes.patch("/workflows/{workflow_id}", **gives(WorkflowOut))
def change_workflow(
    workflow_id: PathId, body: WorkflowChange, version: IfMatch, run: Annotated[Run, provide(ChangeWorkflow)]
) -> Response:
    """Change what a workflow does; what runs goes on as it began."""
    return run(build=lambda: body.to_domain(workflow_id, version), present=WorkflowOut.of)


@routes.delete("/workflows/{workflow_id}", **gives())
def delete_workflow(workflow_id: PathId, version: IfMatch, run: Annotated[Run, provide(DeleteWorkflow)]) -> Response:
    """Remove a workflow with its versions and aliases; what of it runs is stopped."""
    return run(build=lambda: Versioned(id=workflow_id, version=version), present=lambda _: None)


@routes.get("/workflows/{workflow_id}/versions", **gives(VersionsOut))
def list_workflow_versions(workflow_id: PathId, run: Annotated[Run, provide(ListWorkflowVersions)]) -> Response:
    """List the versions of a workflow, newest first."""
    return run(build=lambda: MachineId(workflow_id), present=VersionsOut.of)


@routes.post("/workflows/{workflow_id}/versions", **gives(PublishedOut, 201))
def publish_workflow(workflow_id: PathId, body: VersionIn, run: Annotated[Run, provide(PublishWorkflow)]) -> Response:
    """Publish what a workflow does now; what is published already is given as it is."""
    return run(build=lambda: part(workflow_id, body.description), present=PublishedOut.of)


@routes.delete("/workflows/{workflow_id}/versions/{number}", **gives())
def delete_workflow_version(
    workflow_id: PathId, number: VersionNumber, version: IfMatch, run: Annotated[Run, provide(DeleteWorkflowVersion)]
) -> Response:
    """Withdraw a version that no alias leads to; what runs of it goes on."""
    return run(build=lambda: Part(id=workflow_id, version=version, name=str(number)), present=lambda _: None)


@routes.get("/workflows/{workflow_id}/aliases", **gives(AliasesOut))
def list_workflow_aliases(workflow_id: PathId, run: Annotated[Run, provide(ListWorkflowAliases)]) -> Response:
    """List the aliases of a workflow."""
    return run(build=lambda: MachineId(workflow_id), present=AliasesOut.of)


@routes.put("/workflows/{workflow_id}/aliases/{alias}", **gives(AliasOut))
def set_alias(
    workflow_id: PathId, alias: AliasName, body: AliasIn, version: IfMatch, run: Annotated[Run, provide(SetAlias)]
) -> Response:
    """Let an alias lead to one version, or to two by weight; one that is not there is made."""
    return run(build=lambda: body.to_domain(workflow_id, alias, version), present=AliasOut.of)


@routes.delete("/workflows/{workflow_id}/aliases/{alias}", **gives())
def delete_workflow_alias(
    workflow_id: PathId, alias: AliasName, version: IfMatch, run: Annotated[Run, provide(DeleteWorkflowAlias)]
) -> Response:
    """Remove an alias."""
    return run(build=lambda: Part(id=workflow_id, version=version, name=alias), present=lambda _: None)


@routes.post("/workflows/{workflow_id}/aliases/{alias}/rollback", **gives(AliasOut))
def roll_back_alias(workflow_id: PathId, alias: AliasName, run: Annotated[Run, provide(RollBackAlias)]) -> Response:
    """Send all starts at once where an alias led before its last change began."""
    return run(build=lambda: part(workflow_id, alias), present=AliasOut.of)


@routes.get("/workflows/{workflow_id}/states", **gives(StatesOut))
def measure_states(workflow_id: PathId, run: Annotated[Run, provide(MeasureStates)]) -> Response:
    """Tell how often the states of a workflow were visited of late, how that ended and how long it took."""
    return run(build=lambda: MachineId(workflow_id), present=StatesOut.of)


def draw_workflow(workflow_id: PathId, run: Annotated[DrawingRun, provide_drawing(DrawWorkflow)]) -> Response:
    """Draw what a workflow does."""
    return run.draw(lambda svg: (MachineId(workflow_id), svg))


for _suffix, _name in SUFFIXES.items():
    routes.get(f"/workflows/{{workflow_id}}/diagram{_suffix}", name=f"draw_workflow{_name}", **DRAWN)(draw_workflow)
