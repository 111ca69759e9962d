"""Jobs on the wire."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field

from app.api.schemas.shared import Out
from app.domain.jobs import Job, JobState
from app.usecases.ports.jobs import Depth


class JobOut(Out):
    """Work that is done beside the requests."""

    id: int = Field(description="Id", examples=[12])
    kind: str = Field(description="What is done", examples=["mail.send"])
    status: JobState = Field(description="Where it stands; `dead` waits for a person", examples=["waiting"])
    payload: dict[str, object] = Field(description="What it is about", examples=[{"mail": 7}])
    priority: int = Field(description="0 comes before 1, 1 before 2", examples=[1])
    due_at: datetime = Field(description="Not before, UTC", examples=["2026-11-21T09:30:00Z"])
    attempts: int = Field(description="How often it was begun", examples=[0])
    error: str = Field(description="Code of what the last attempt failed of; empty for none", examples=["unavailable"])
    actor_id: int | None = Field(description="Who asked for it; null: the program itself", examples=[3])
    request_id: str = Field(description="The request in which it was asked for", examples=["0198c5a2"])
    created_at: datetime = Field(description="When it was asked for, UTC", examples=["2026-11-21T09:30:00Z"])
    started_at: datetime | None = Field(description="When the last attempt began, UTC")
    ended_at: datetime | None = Field(description="When it ended, UTC")
    version: int = Field(description="Moves with each change", examples=[1])

    @classmethod
    def of(cls, job: Job) -> "JobOut":
        """Show a job."""
        return cls.model_construct(
            id=job.id,
            kind=job.kind,
            status=job.state,
            payload=dict(job.payload),
            priority=int(job.priority),
            due_at=job.due_at,
            attempts=job.attempts,
            error=job.error,
            actor_id=job.actor or None,
            request_id=job.request_id,
            created_at=job.created_at,
            started_at=job.started_at,
            ended_at=job.ended_at,
            version=job.version,
        )


class JobCountOut(Out):
    """How many jobs of a kind are in a state."""

    kind: str = Field(description="What is done", examples=["mail.send"])
    status: JobState = Field(description="Where they stand", examples=["waiting"])
    count: int = Field(description="How many", examples=[4])
    oldest_due_at: datetime | None = Field(description="When the first of them was to be done, UTC")


class JobCountsOut(Out):
    """Jobs that are not done."""

    items: list[JobCountOut] = Field(description="By state and kind")

    @classmethod
    def of(cls, depths: Sequence[Depth]) -> "JobCountsOut":
        """Show the counts."""
        return cls.model_construct(
            items=[
                JobCountOut.model_construct(
                    kind=one.kind, status=JobState(one.state), count=one.count, oldest_due_at=one.oldest_due_at
                )
                for one in depths
            ]
        )
