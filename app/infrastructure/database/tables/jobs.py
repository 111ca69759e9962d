"""Jobs, the workers that do them, and the schedules that ask for them again."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, Table, UniqueConstraint

from app.domain.jobs import JobState
from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import COUNTER, INSTANT, JSON_TEXT, KEY, choice, identity, text

# Without foreign keys, like the outbox: a job is written beside a business change whose rows are locked already, and
# those of the company 0 are the installation's own. ``pending_key`` is empty as soon as the job has ended; a dead job
# never expires.
jobs: Final = Table(
    "jobs",
    metadata,
    identity(),
    Column("company_id", KEY, nullable=False),
    Column("kind", text(60), nullable=False),
    Column("payload", JSON_TEXT, nullable=False),
    Column("unique_key", text(120), nullable=False),
    Column("pending_key", text(120)),
    Column("priority", COUNTER, nullable=False),
    Column("status", choice(JobState), nullable=False),
    Column("due_at", INSTANT, nullable=False),
    Column("attempts", COUNTER, nullable=False),
    Column("worker_id", KEY),
    Column("error", text(500), nullable=False),
    Column("actor_id", KEY, nullable=False),
    Column("request_id", text(64), nullable=False),
    Column("trace", text(64), nullable=False),
    Column("locale", text(16), nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Column("started_at", INSTANT),
    Column("ended_at", INSTANT),
    Column("expires_at", INSTANT),
    Column("version", COUNTER, nullable=False),
    UniqueConstraint("company_id", "kind", "pending_key"),
    Index(None, "status", "kind", "priority", "due_at", "id"),
    Index(None, "worker_id"),
    Index(None, "company_id", "id"),
    Index(None, "expires_at"),
    info={"told": False},  # what a job does is told, and what persons do to it
)

job_workers: Final = Table(
    "job_workers",
    metadata,
    identity(),
    Column("name", text(120), nullable=False),
    Column("started_at", INSTANT, nullable=False),
    Column("seen_at", INSTANT, nullable=False),
)

schedules: Final = Table(
    "schedules",
    metadata,
    Column("name", text(60), primary_key=True),
    Column("cron", text(120), nullable=False),
    Column("zone", text(60), nullable=False),
    Column("kind", text(60), nullable=False),
    Column("next_at", INSTANT, nullable=False),
)
