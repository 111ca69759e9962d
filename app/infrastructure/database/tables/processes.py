"""State machines, their revisions, versions and aliases; activities. Executions are in the engine's own tables."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, MetaData, Table, UniqueConstraint

from app.domain.processes import MachineKind
from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import (
    COUNTER,
    EPOCH,
    INSTANT,
    JSON_TEXT,
    KEY,
    LONG_TEXT,
    Namespace,
    choice,
    identity,
    text,
)

# A revision outlives its machine, because executions run it; it names the machine without referring to it. Its id is
# what the engine calls an edition.
machine_revisions: Final = Table(
    "machine_revisions",
    metadata,
    identity(),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("machine", text(80), nullable=False),
    Column("token", text(64), nullable=False),
    Column("definition", LONG_TEXT, nullable=False),
    Column("role", text(256), nullable=False),
    Column("region", text(32), nullable=False),
    Column("kind", choice(MachineKind), nullable=False),
    Column("logging", JSON_TEXT, nullable=False),
    Column("tracing", JSON_TEXT, nullable=False),
    Column("encryption", JSON_TEXT, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    UniqueConstraint("company_id", "id"),
)

state_machines: Final = Table(
    "state_machines",
    metadata,
    identity(),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("name", text(80), nullable=False),
    Column("kind", choice(MachineKind), nullable=False),
    Column("machine_revision_id", KEY, nullable=False),
    Column("tags", JSON_TEXT, nullable=False),
    Column("last_version", COUNTER, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    Column("version", COUNTER, nullable=False),
    UniqueConstraint("company_id", "id"),
    UniqueConstraint("company_id", "name"),
    ForeignKeyConstraint(
        ["company_id", "machine_revision_id"], ["machine_revisions.company_id", "machine_revisions.id"]
    ),
    info={"told": False},  # what is done to them has events; a definition is too long to be told
)

machine_versions: Final = Table(
    "machine_versions",
    metadata,
    Column("company_id", KEY, primary_key=True, autoincrement=False),
    Column("state_machine_id", KEY, primary_key=True, autoincrement=False),
    Column("number", COUNTER, primary_key=True, autoincrement=False),
    Column("machine_revision_id", KEY, nullable=False),
    Column("description", text(256), nullable=False),
    Column("created_at", INSTANT, nullable=False),
    ForeignKeyConstraint(["company_id", "state_machine_id"], ["state_machines.company_id", "state_machines.id"]),
    ForeignKeyConstraint(
        ["company_id", "machine_revision_id"], ["machine_revisions.company_id", "machine_revisions.id"]
    ),
)

machine_aliases: Final = Table(
    "machine_aliases",
    metadata,
    Column("company_id", KEY, primary_key=True, autoincrement=False),
    Column("state_machine_id", KEY, primary_key=True, autoincrement=False),
    Column("name", text(80), primary_key=True),
    Column("description", text(256), nullable=False),
    Column("routes", JSON_TEXT, nullable=False),
    Column("former", JSON_TEXT),
    Column("created_at", INSTANT, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    ForeignKeyConstraint(["company_id", "state_machine_id"], ["state_machines.company_id", "state_machines.id"]),
)

activities: Final = Table(
    "activities",
    metadata,
    identity(),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("name", text(80), nullable=False),
    Column("encryption", JSON_TEXT, nullable=False),
    Column("tags", JSON_TEXT, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    UniqueConstraint("company_id", "name"),
)

# The engine's table as lists read it, under names of ours. It is the engine's to make and to write.
executions: Final = Table(
    "workflow_executions",
    MetaData(),
    Column("namespace", Namespace(64), key="company_id", primary_key=True),
    Column("id", text(64), primary_key=True),
    Column("machine", text(128), key="workflow", nullable=False),
    Column("edition", COUNTER, key="revision", nullable=False),
    Column("name", text(128)),
    Column("status", text(64), nullable=False),
    Column("state", text(128)),
    Column("reference", text(255)),
    Column("error", text(128), nullable=False),
    Column("created", EPOCH, key="started_at", nullable=False),
    Column("ended", EPOCH, key="ended_at"),
)

ends: Final = Table("workflow_ends", MetaData(), Column("namespace", Namespace(64), key="company_id", nullable=False))
"""The engine's too: ends of executions that nobody was told of."""
