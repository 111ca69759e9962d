"""Jobs: what is done beside the requests, and what a person may do about it."""

from typing import Annotated

from fastapi import Response

from app.api.listing import ListRun, provide_list
from app.api.provide import Run, provide
from app.api.route import gives, router
from app.api.schemas.jobs import JobCountsOut, JobOut
from app.api.schemas.shared import PathId
from app.domain.shared.ids import JobId
from app.usecases.jobs import CancelJob, CountJobs, ListJobs, ReadJob, RetryJob

routes = router("jobs")


@routes.get("/jobs")
def list_jobs(run: Annotated[ListRun, provide_list(ListJobs)]) -> Response:
    """List jobs, newest first."""
    return run()


@routes.get("/jobs/counts", **gives(JobCountsOut))
def count_jobs(run: Annotated[Run, provide(CountJobs)]) -> Response:
    """Count the jobs that are not done, by kind and state."""
    return run(build=lambda: None, present=JobCountsOut.of)


@routes.get("/jobs/{job_id}", **gives(JobOut))
def read_job(job_id: PathId, run: Annotated[Run, provide(ReadJob)]) -> Response:
    """Show one job."""
    return run(build=lambda: JobId(job_id), present=JobOut.of)


@routes.post("/jobs/{job_id}/retry", **gives(JobOut))
def retry_job(job_id: PathId, run: Annotated[Run, provide(RetryJob)]) -> Response:
    """Have a job done after all that is dead or was called off."""
    return run(build=lambda: JobId(job_id), present=JobOut.of)


@routes.post("/jobs/{job_id}/cancel", **gives(JobOut))
def cancel_job(job_id: PathId, run: Annotated[Run, provide(CancelJob)]) -> Response:
    """Call off a job that nobody has begun."""
    return run(build=lambda: JobId(job_id), present=JobOut.of)
