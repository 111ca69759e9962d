"""Jobs: what persons do with them, how workers do them, and how they come again."""

from app.usecases.jobs.managing import JOBS, CancelJob, CountJobs, ListJobs, ReadJob, RetryJob
from app.usecases.jobs.running import (
    Claim,
    ClaimJobs,
    CountAllJobs,
    EndAttempt,
    EnterWorker,
    FailJob,
    Failure,
    FreeJobs,
    HandBackJobs,
    LeaveWorker,
    ListWorkers,
    LookForJobs,
    SeeWorker,
    StartJob,
    Wanted,
)
from app.usecases.jobs.scheduling import AskForScheduled, DueSchedules, PlanJobs, Planned

__all__ = [
    "JOBS",
    "AskForScheduled",
    "CancelJob",
    "Claim",
    "ClaimJobs",
    "CountAllJobs",
    "CountJobs",
    "DueSchedules",
    "EndAttempt",
    "EnterWorker",
    "FailJob",
    "Failure",
    "FreeJobs",
    "HandBackJobs",
    "LeaveWorker",
    "ListJobs",
    "ListWorkers",
    "LookForJobs",
    "PlanJobs",
    "Planned",
    "ReadJob",
    "RetryJob",
    "SeeWorker",
    "StartJob",
    "Wanted",
]
