"""Attachments on the wire."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field

from app.api.schemas.shared import Out
from app.domain.attachments import Attachment


class AttachmentOut(Out):
    """A file kept with an object."""

    id: int = Field(description="Id", examples=[3])
    name: str = Field(description="Name of the file", examples=["offer.pdf"])
    media_type: str = Field(
        description="What its content is, as far as that is known and harmless", examples=["application/pdf"]
    )
    size: int = Field(description="Size in bytes", examples=[48213])
    sha256: str = Field(description="SHA-256 of its content, 64 hex digits; the ETag of the content")
    added_by: int = Field(description="Id of the user who added it", examples=[1])
    added_at: datetime = Field(description="When it was added", examples=["2026-11-21T12:00:00Z"])
    version: int = Field(description="Version, as in the ETag; an attachment never changes", examples=[1])

    @classmethod
    def of(cls, attachment: Attachment) -> "AttachmentOut":
        """Show an attachment."""
        return cls.model_construct(
            id=attachment.id,
            name=attachment.name,
            media_type=attachment.media_type,
            size=attachment.size,
            sha256=attachment.digest,
            added_by=attachment.added_by,
            added_at=attachment.added_at,
            version=attachment.version,
        )


class AttachmentsOut(Out):
    """All attachments of an object, oldest first."""

    items: list[AttachmentOut] = Field(description="The attachments; there are at most 200")

    @classmethod
    def of(cls, attachments: Sequence[Attachment]) -> "AttachmentsOut":
        """Show attachments."""
        return cls.model_construct(items=[AttachmentOut.of(one) for one in attachments])
