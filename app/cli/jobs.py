"""See to jobs from the command line: those of a company, and with company 0 the installation's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final

import typer

from app.bootstrap import Container
from app.cli.shared import chosen_company, opened, out
from app.domain.jobs import Job, JobState
from app.domain.shared.ids import CompanyId, JobId
from app.domain.shared.rights import ALL_RIGHTS
from app.usecases import jobs as cases
from app.usecases.context import Context, system_context
from app.usecases.ports.listing import Filter, Operator, Query, Sort

INSTALLATION: Final = CompanyId(0)
PAGE: Final = 200
jobs = typer.Typer(no_args_is_help=True, help="Work that is done beside the requests.")
Company = Annotated[int | None, typer.Option(help="Company id; default the only one; 0: the installation's own jobs")]
Id = Annotated[int, typer.Argument(help="Id of the job, as `jobs list` prints it")]


@jobs.command("list")
def list_(
    company: Company = None,
    status: Annotated[JobState | None, typer.Option(help="Only jobs in this state")] = None,
    kind: Annotated[str | None, typer.Option(help="Only jobs of this kind")] = None,
    most: Annotated[int, typer.Option(min=1, max=PAGE, help="How many")] = 50,
) -> None:
    """Print jobs, newest first, one a line."""
    asked = {"status": status, "kind": kind}
    filters = tuple(Filter(field=name, operator=Operator.EQ, value=value) for name, value in asked.items() if value)
    query = Query(filters=filters, sort=(Sort(field="id", descending=True),), limit=most)
    with opened() as container:
        acting = _context(container, company)
        page = container.runner.call(acting, cases.ListJobs(), lambda: query)
    names = [field.name for field in cases.JOBS.fields]
    for row in page.rows:
        out.print(_line(dict(zip(names, row, strict=True))), markup=False)
    if page.more:
        out.print(f"and more: only the newest {most} are shown")


@jobs.command()
def show(job: Id, company: Company = None) -> None:
    """Print one job, a value on each line."""
    with opened() as container:
        acting = _context(container, company)
        found = container.runner.call(acting, cases.ReadJob(), lambda: JobId(job))
    _show(found)


@jobs.command()
def retry(job: Id, company: Company = None) -> None:
    """Have a job done after all that is dead or was called off."""
    with opened() as container:
        acting = _context(container, company)
        waiting = container.runner.call(acting, cases.RetryJob(container.clock), lambda: JobId(job))
    out.print(f"{waiting.id} {waiting.state}")


@jobs.command()
def cancel(job: Id, company: Company = None) -> None:
    """Call off a job that nobody has begun."""
    with opened() as container:
        acting = _context(container, company)
        canceled = container.runner.call(acting, container.cases[cases.CancelJob], lambda: JobId(job))
    out.print(f"{canceled.id} {canceled.state}")


@jobs.command()
def counts(
    company: Annotated[int | None, typer.Option(help="Company id; 0: the installation's own; default all")] = None,
) -> None:
    """Print how many jobs of each kind are not done, by state, and when the first of them was due."""
    with opened() as container:
        container.check_schema()
        if company is None:
            depths = container.call(cases.CountAllJobs(), lambda: None)
        else:
            depths = container.runner.call(_context(container, company), cases.CountJobs(), lambda: None)
    for depth in depths:
        oldest = "" if depth.oldest_due_at is None else f", oldest due {_at(depth.oldest_due_at)}"
        out.print(f"{depth.kind} {depth.state}: {depth.count}{oldest}", markup=False)


@jobs.command()
def workers() -> None:
    """Print the processes that do jobs, and when each was last seen."""
    with opened() as container:
        container.check_schema()
        found = container.call(cases.ListWorkers(), lambda: None)
    for worker in found:
        seen = f"since {_at(worker.started_at)}, seen {_at(worker.seen_at)}"
        out.print(f"{worker.id} {worker.name}: {seen}", markup=False)


def _context(container: Container, company: int | None) -> Context:
    container.check_schema()
    if company == INSTALLATION:
        return replace(system_context("cli"), rights=ALL_RIGHTS)
    return container.context_of(chosen_company(container, company))


def _line(row: Mapping[str, Any]) -> str:
    error = f", {row['error']}" if row["error"] else ""
    return f"{row['id']} {row['status']} {row['kind']}, due {_at(row['due_at'])}, {row['attempts']} attempts{error}"


def _show(job: Job) -> None:
    values: dict[str, object] = {
        "id": job.id,
        "kind": job.kind,
        "status": job.state,
        "payload": json.dumps(dict(job.payload), ensure_ascii=False, sort_keys=True),
        "unique": job.unique,
        "priority": int(job.priority),
        "due": _at(job.due_at),
        "attempts": job.attempts,
        "error": job.error,
        "worker": job.worker,
        "actor": job.actor or None,
        "request": job.request_id,
        "created": _at(job.created_at),
        "started": job.started_at and _at(job.started_at),
        "ended": job.ended_at and _at(job.ended_at),
    }
    for name, value in values.items():
        out.print(f"{name}: {'' if value is None else value}", markup=False)


def _at(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")
