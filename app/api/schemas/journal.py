"""The change feed on the wire."""

from datetime import datetime

from pydantic import Field

from app.api.schemas.shared import Out
from app.domain.journal import Entry
from app.usecases.journal import Changes


class ChangeOut(Out):
    """One thing that happened to one object."""

    sequence: int = Field(description="Number in the company's journal, without gaps", examples=[17])
    kind: str = Field(description="What the object is, as the API's paths say it", examples=["orders"])
    id: int = Field(description="The object's id", examples=[7])
    version: int | None = Field(description="Version the object had then; null where it has none", examples=[2])
    event: str = Field(description="What happened", examples=["sales.order_validated"])
    deleted: bool = Field(description="Whether the object is gone")
    occurred_at: datetime = Field(description="When, UTC", examples=["2026-11-21T09:30:00Z"])

    @classmethod
    def of(cls, entry: Entry) -> "ChangeOut":
        """Show an entry."""
        return cls.model_construct(
            sequence=entry.sequence,
            kind=entry.kind,
            id=entry.object_id,
            version=entry.version,
            event=entry.event,
            deleted=entry.deleted,
            occurred_at=entry.at,
        )


class ChangesOut(Out):
    """A stretch of the change feed, oldest first."""

    items: list[ChangeOut] = Field(description="What happened behind `after`, in order")
    next: int = Field(description="What to send as `after` the next time", examples=[17])

    @classmethod
    def of(cls, changes: Changes) -> "ChangesOut":
        """Show a stretch of the feed."""
        return cls.model_construct(items=[ChangeOut.of(entry) for entry in changes.entries], next=changes.next)
