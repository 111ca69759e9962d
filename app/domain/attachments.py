"""Files attached to objects: their names, their types, and how long they stay."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

from app.domain.shared.errors import Conflict, DomainError, Invalid, Unavailable
from app.domain.shared.events import Event
from app.domain.shared.ids import AttachmentId, UserId
from app.domain.shared.objects import ObjectKind

MOST_ATTACHMENTS: Final = 200
LONGEST_NAME: Final = 200
UNKNOWN: Final = "application/octet-stream"
HEAD_BYTES: Final = 512
"""So many bytes from the beginning of a file tell its type."""

_SIGNATURES: Final = (
    ("application/pdf", 0, b"%PDF-"),
    ("image/png", 0, b"\x89PNG\r\n\x1a\n"),
    ("image/jpeg", 0, b"\xff\xd8\xff"),
    ("image/gif", 0, b"GIF87a"),
    ("image/gif", 0, b"GIF89a"),
    ("image/tiff", 0, b"II*\0"),
    ("image/tiff", 0, b"MM\0*"),
    ("image/webp", 8, b"WEBP"),
    ("application/zip", 0, b"PK\x03\x04"),
)
_ZIPPED: Final = frozenset(
    {
        "application/zip",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.oasis.opendocument.text",
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.oasis.opendocument.presentation",
    }
)
_TEXTS: Final = frozenset({"text/plain", "text/csv", "application/json", "application/xml", "message/rfc822"})
SAFE: Final = frozenset({name for name, _, _ in _SIGNATURES}) | _ZIPPED | _TEXTS
"""Types a file may be served as: none that a browser would run."""


class BadFileName(Invalid):
    """The file has no name, or one that is too long."""

    code = "attachments.bad_name"


class EmptyFile(Invalid):
    """The file has nothing in it."""

    code = "attachments.empty"


class TypeRefused(Invalid):
    """Files of this type are not taken."""

    code = "attachments.type_refused"


class TooManyAttachments(Conflict):
    """The object has as many attachments as it may."""

    code = "attachments.too_many"


class AttachmentKept(Conflict):
    """What is attached to a document that is no draft any more stays: it is evidence."""

    code = "attachments.kept"


class StorageFull(DomainError):
    """There is no space left for files."""

    code = "attachments.storage_full"


class FileMissing(Unavailable):
    """The bytes of an attachment are not to be found."""

    code = "attachments.missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentEvent(Event):
    """What all events of attachments share; the aggregate is the object they belong to."""

    id: int
    attachment: AttachmentId


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentAdded(AttachmentEvent):
    """A file was attached to an object."""

    name: ClassVar[str] = "attachments.added"
    file: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentRemoved(AttachmentEvent):
    """An attachment was taken off an object."""

    name: ClassVar[str] = "attachments.removed"


def _of(kind: ObjectKind, base: type[Any]) -> type[Any]:
    """Give the event as it is about objects of ``kind``: an event's aggregate belongs to its class."""
    body = {"aggregate": kind.aggregate, "__slots__": (), "__doc__": base.__doc__, "__module__": base.__module__}
    return type(base.__name__, (base,), body)


_ADDED: Final[Mapping[ObjectKind, type[AttachmentAdded]]] = {kind: _of(kind, AttachmentAdded) for kind in ObjectKind}
_REMOVED: Final[Mapping[ObjectKind, type[AttachmentRemoved]]] = {
    kind: _of(kind, AttachmentRemoved) for kind in ObjectKind
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file kept with an object; it never changes. ``size`` is in bytes, ``digest`` the content's SHA-256 in hex."""

    id: AttachmentId = AttachmentId(0)
    kind: ObjectKind
    owner: int
    name: str
    media_type: str
    size: int
    digest: str
    added_by: UserId
    added_at: datetime
    version: ClassVar[int] = 1

    def added(self) -> AttachmentAdded:
        """Give the event of its arrival, once it has an id."""
        return _ADDED[self.kind](id=self.owner, attachment=self.id, file=self.name, digest=self.digest)

    def removed(self) -> AttachmentRemoved:
        """Give the event of its removal."""
        return _REMOVED[self.kind](id=self.owner, attachment=self.id)


def file_name(sent: str) -> str:
    """Give the name a file is kept under: no folders, no control or invisible characters, at most 200 characters.

    A long one keeps its extension. Raises BadFileName when nothing is left.
    """
    visible = _visible(sent.replace("\\", "/").rpartition("/")[2])
    name = visible.strip().strip(".").strip() if not visible.strip(". ") else visible.strip()
    if not name:
        raise BadFileName(at=("file",), longest=LONGEST_NAME)
    if len(name) <= LONGEST_NAME:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 20:
        return name[:LONGEST_NAME]
    return stem[: LONGEST_NAME - len(extension) - 1] + dot + extension


def _visible(text: str) -> str:
    """Give a text without control and invisible characters."""
    return "".join(char for char in unicodedata.normalize("NFC", text) if unicodedata.category(char)[0] != "C")


def media_type(declared: str, head: bytes) -> str:
    """Give the type a file may be served as: what its first bytes say, and what was declared where they agree with it.

    Everything else, HTML and SVG among it, is ``application/octet-stream``.
    """
    declared = declared.partition(";")[0].strip().lower()
    found = _signed(head)
    if found == "application/zip":
        return declared if declared in _ZIPPED else found
    if found is not None:
        return found
    return declared if declared in _TEXTS and _readable(head) else UNKNOWN


def _signed(head: bytes) -> str | None:
    """Give the type that the first bytes are the mark of, if any."""
    return next((name for name, at, mark in _SIGNATURES if head[at : at + len(mark)] == mark), None)


def _readable(head: bytes) -> bool:
    """Tell whether the bytes are UTF-8 text; a character may be cut off at the end."""
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 3 and b"\0" not in head
    return b"\0" not in head
