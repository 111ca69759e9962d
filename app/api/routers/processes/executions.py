"""Executions of workflows, and messages to them."""

from typing import Annotated

from fastapi import Response

from app.api.drawing import DRAWN, SUFFIXES, DrawingRun, provide_drawing
from app.api.listing import ListRun, provide_list
from app.api.provide import Run, provide
from app.api.route import gives, router
from app.api.schemas.processes.executions import (
    AfterEvent,
    Before,
    Events,
    ExecutionId,
    ExecutionIn,
    ExecutionOut,
    From,
    HistoryOut,
    MessageIn,
    MessageOut,
    MigrationIn,
    OfWorkflow,
    Overdue,
    RetryIn,
    StatisticsOut,
    StopIn,
    StuckOut,
    TimelineOut,
    tally_query,
)
from app.api.starting import StartingRun, provide_start
from app.usecases.processes import (
    DrawRun,
    FindStuck,
    ListRuns,
    MeasureRuns,
    MigrateRun,
    ReadRun,
    ReadRunHistory,
    ReadTimeline,
    RedriveRun,
    RetryRun,
    SendMessage,
    StopRun,
    Stretch,
    TellRun,
)

routes = router("executions")


@routes.get("/executions")
def list_executions(run: Annotated[ListRun, provide_list(ListRuns)]) -> Response:
    """List executions, newest first; `state` is where the main line is, `total=true` counts them."""
    return run()


@routes.post("/executions", **gives(ExecutionOut, 201))
def start_execution(body: ExecutionIn, run: Annotated[StartingRun, provide_start()]) -> Response:
    """Start an execution; with `wait`, the answer shows it as it has ended, or as it stands when that time is over."""
    return run.start(build=body.to_domain, present=ExecutionOut.of, wait=body.wait)


@routes.get("/executions/statistics", **gives(StatisticsOut))
def measure_executions(
    run: Annotated[Run, provide(MeasureRuns)],
    workflow: OfWorkflow = None,
    started_from: From = None,
    started_before: Before = None,
) -> Response:
    """Count executions by status and tell how long they took."""
    return run(build=lambda: tally_query(workflow, started_from, started_before), present=StatisticsOut.of)


@routes.get("/executions/stuck", **gives(StuckOut))
def list_stuck_executions(run: Annotated[Run, provide(FindStuck)], seconds: Overdue = 300) -> Response:
    """List executions that should have gone on and have not, or that cost workers their lives."""
    return run(build=lambda: seconds, present=StuckOut.of)


@routes.get("/executions/{execution_id}", **gives(ExecutionOut))
def read_execution(execution_id: ExecutionId, run: Annotated[Run, provide(ReadRun)]) -> Response:
    """Show an execution with its data."""
    return run(build=lambda: execution_id, present=ExecutionOut.of)


@routes.get("/executions/{execution_id}/history", **gives(HistoryOut))
def read_execution_history(
    execution_id: ExecutionId,
    run: Annotated[Run, provide(ReadRunHistory)],
    after: AfterEvent = 0,
    limit: Events = 200,
) -> Response:
    """Show what happened in an execution, oldest first."""
    return run(build=lambda: Stretch(execution=execution_id, after=after, limit=limit), present=HistoryOut.of)


@routes.get("/executions/{execution_id}/timeline", **gives(TimelineOut))
def read_timeline(execution_id: ExecutionId, run: Annotated[Run, provide(ReadTimeline)]) -> Response:
    """Show the stays of an execution in its states."""
    return run(build=lambda: execution_id, present=TimelineOut.of)


@routes.post("/executions/{execution_id}/stop", **gives(ExecutionOut))
def stop_execution(execution_id: ExecutionId, body: StopIn, run: Annotated[Run, provide(StopRun)]) -> Response:
    """Stop an execution; shown as it stands, it ends within about a second."""
    return run(build=lambda: body.to_domain(execution_id), present=ExecutionOut.of)


@routes.post("/executions/{execution_id}/redrive", **gives(ExecutionOut))
def redrive_execution(execution_id: ExecutionId, run: Annotated[Run, provide(RedriveRun)]) -> Response:
    """Let an execution go on from where it ended; shown as it stands, it goes on within about a second."""
    return run(build=lambda: execution_id, present=ExecutionOut.of)


@routes.post("/executions/{execution_id}/retry", **gives(ExecutionOut))
def retry_execution(execution_id: ExecutionId, body: RetryIn, run: Annotated[Run, provide(RetryRun)]) -> Response:
    """Let an execution that has ended go on from a state; shown as it stands, it does so within about a second."""
    return run(build=lambda: body.to_domain(execution_id), present=ExecutionOut.of)


@routes.post("/executions/{execution_id}/migrate", **gives(ExecutionOut))
def migrate_execution(
    execution_id: ExecutionId, body: MigrationIn, run: Annotated[Run, provide(MigrateRun)]
) -> Response:
    """Let an execution that waits go on by another version; shown as it stands, it does so within about a second."""
    return run(build=lambda: body.to_domain(execution_id), present=ExecutionOut.of)


@routes.post("/executions/{execution_id}/messages", **gives(MessageOut))
def tell_execution(execution_id: ExecutionId, body: MessageIn, run: Annotated[Run, provide(TellRun)]) -> Response:
    """Send a message to one execution."""
    return run(build=lambda: body.to(execution_id), present=MessageOut.of)


@routes.post("/messages", **gives(MessageOut))
def send_message(body: MessageIn, run: Annotated[Run, provide(SendMessage)]) -> Response:
    """Send a message to whichever execution waits for its key and value first."""
    return run(build=body.to_domain, present=MessageOut.of)


def draw_execution(execution_id: ExecutionId, run: Annotated[DrawingRun, provide_drawing(DrawRun)]) -> Response:
    """Draw what an execution does: green where it has been, orange where it is, red where it has failed."""
    return run.draw(lambda svg: (execution_id, svg))


for _suffix, _name in SUFFIXES.items():
    routes.get(f"/executions/{{execution_id}}/diagram{_suffix}", name=f"draw_execution{_name}", **DRAWN)(draw_execution)
