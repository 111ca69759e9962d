"""Fresh names, unique everywhere and sortable by the time they were given (UUID version 7, RFC 9562)."""

from __future__ import annotations

from uuid import UUID

import uuid_utils


def new_name() -> str:
    """Give a UUIDv7 as text."""
    return str(uuid_utils.uuid7())


def new_uuid() -> UUID:
    """Give a UUIDv7."""
    return UUID(bytes=uuid_utils.uuid7().bytes)
