"""What is done with attachments: the same for every kind of object, under the rights of that kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from typing import Any, ClassVar, Final

from app.domain.attachments import (
    MOST_ATTACHMENTS,
    Attachment,
    AttachmentKept,
    EmptyFile,
    TooManyAttachments,
    TypeRefused,
    file_name,
    media_type,
)
from app.domain.shared.ids import AttachmentId
from app.domain.shared.objects import ObjectKind
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.attachments import Files, Staged
from app.usecases.ports.shared import Clock, Work
from app.usecases.run import Runner
from app.usecases.shared import Versioned

READ: Final = {kind: Right(f"{kind.value.replace('-', '_')}.read") for kind in ObjectKind}
WRITE: Final = {kind: Right(f"{kind.value.replace('-', '_')}.write") for kind in ObjectKind}
GRACE: Final = timedelta(days=1)
"""A file this young may belong to a transaction that has not committed yet."""
SWEPT_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that has arrived for an object and is durable, though not yet kept; ``head`` are its first bytes."""

    owner: int
    name: str
    declared: str
    head: bytes
    digest: str
    size: int
    staged: Staged


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """A file about to arrive for an object; ``again`` when it may be one that was attached before."""

    owner: int
    again: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached(Versioned):
    """One attachment (``id``) of one object, as the caller last saw it where that matters."""

    owner: int
    version: int = Attachment.version


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """An attachment and its bytes in pieces."""

    attachment: Attachment
    pieces: Iterator[bytes]


class OfKind:
    """A use case of attachments for one kind of objects; ``case_of`` makes these."""

    kind: ClassVar[ObjectKind]
    right: ClassVar[Right]
    writes: ClassVar[bool] = False


@dataclass(frozen=True)
class MeetOwner(OfKind):
    """See that there is something to attach a file to, before it is received. Raises NotFound, TooManyAttachments."""

    def execute(self, work: Work, context: Context, request: Announced) -> None:
        """Pass only an object that is there and takes one more, unless the file may be the last of those it has."""
        work.attachments.is_draft(self.kind, request.owner)
        if not request.again:
            _room(work, self.kind, request.owner)


@dataclass(frozen=True)
class AddAttachment(OfKind):
    """Attach a file to an object, also to a document that is no draft any more.

    ``types`` are the media types taken, none of them named: all. Raises NotFound, TooManyAttachments, BadFileName,
    EmptyFile, TypeRefused, StorageFull.
    """

    clock: Clock
    types: frozenset[str] = frozenset()
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Upload) -> Attachment:
        """Give the attachment with its id; the bytes are in their place before the row is committed."""
        work.attachments.is_draft(self.kind, request.owner, lock=True)
        _room(work, self.kind, request.owner)
        if not request.size:
            raise EmptyFile(at=("file",))
        kept_as = media_type(request.declared, request.head)
        if self.types and kept_as not in self.types:
            raise TypeRefused(at=("file",), type=kept_as, allowed=sorted(self.types))
        attachment = Attachment(
            kind=self.kind,
            owner=request.owner,
            name=file_name(request.name),
            media_type=kept_as,
            size=request.size,
            digest=request.digest,
            added_by=context.actor,
            added_at=self.clock.now(),
        )
        request.staged.keep()
        stored = work.attachments.add(attachment)
        work.outbox.add(stored.added())
        return stored


@dataclass(frozen=True)
class ListAttachments(OfKind):
    """List the attachments of an object, oldest first. Raises NotFound."""

    def execute(self, work: Work, context: Context, request: int) -> Sequence[Attachment]:
        """Give them all: there are at most 200."""
        work.attachments.is_draft(self.kind, request)
        return work.attachments.of(self.kind, request)


@dataclass(frozen=True)
class ReadAttachment(OfKind):
    """Show one attachment of an object. Raises NotFound."""

    def execute(self, work: Work, context: Context, request: Attached) -> Attachment:
        """Give the attachment."""
        return work.attachments.get(self.kind, request.owner, AttachmentId(request.id))


@dataclass(frozen=True)
class ReadContent(OfKind):
    """Give the file itself. Raises NotFound, FileMissing."""

    files: Files

    def execute(self, work: Work, context: Context, request: Attached) -> Content:
        """Give the attachment and its bytes, which are read after the transaction."""
        found = work.attachments.get(self.kind, request.owner, AttachmentId(request.id))
        return Content(attachment=found, pieces=self.files.read(context.company, found.digest))


@dataclass(frozen=True)
class DeleteAttachment(OfKind):
    """Take a file off an object; of documents only while they are drafts. Raises NotFound, Stale, AttachmentKept."""

    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Attached) -> None:
        """Remove the row; bytes nobody refers to any more are swept a day later."""
        draft = work.attachments.is_draft(self.kind, request.owner, lock=True)
        found = work.attachments.get(self.kind, request.owner, AttachmentId(request.id))
        request.matches(found.version)
        if not draft:
            raise AttachmentKept(kind=self.kind.noun, id=request.owner)
        work.attachments.delete(found)
        work.outbox.add(found.removed())


def _room(work: Work, kind: ObjectKind, owner: int) -> None:
    if work.attachments.count(kind, owner) >= MOST_ATTACHMENTS:
        raise TooManyAttachments(most=MOST_ATTACHMENTS)


_CASES: Final[dict[tuple[type[OfKind], ObjectKind], type[Any]]] = {}


def case_of(base: type[OfKind], kind: ObjectKind) -> type[Any]:
    """Give the use case ``base`` for objects of ``kind``, always the same class: cases are found by their class."""
    if (base, kind) not in _CASES:
        rights = WRITE if base in {MeetOwner, AddAttachment, DeleteAttachment} else READ
        body = {"kind": kind, "right": rights[kind], "__doc__": base.__doc__, "__module__": base.__module__}
        _CASES[base, kind] = type(f"{base.__name__}Of{kind.name.title().replace('_', '')}", (base,), body)
    return _CASES[base, kind]


def attachment_cases(clock: Clock, files: Files, types: frozenset[str]) -> tuple[Any, ...]:
    """Give every use case of attachments for every kind of objects."""
    given: Mapping[type[OfKind], tuple[Any, ...]] = {
        MeetOwner: (),
        AddAttachment: (clock, types),
        ListAttachments: (),
        ReadAttachment: (),
        ReadContent: (files,),
        DeleteAttachment: (),
    }
    return tuple(case_of(base, kind)(*arguments) for base, arguments in given.items() for kind in ObjectKind)


@dataclass(frozen=True, slots=True)
class KnownFiles:
    """Tell which files of a company its attachments, papers or logos refer to."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: Sequence[str]) -> frozenset[str]:
        """Give those of the digests that are referred to."""
        return work.attachments.known(request) | work.papers.known(request)


@dataclass(frozen=True, slots=True)
class SweepFiles:
    """Remove files that nothing refers to and that are older than a day, and what was never finished.

    Not a use case but many short transactions around the file system; safe beside uploads, and run twice at once.
    """

    runner: Runner
    files: Files
    clock: Clock

    def __call__(self, context: Context) -> int:
        """Give how many files were removed, of all companies that have any. Raises DeadlineExceeded, Cancelled."""
        return sum(self._company(replace(context, company=company)) for company in self.files.companies())

    def _company(self, context: Context) -> int:
        company, before = context.company, self.clock.now() - GRACE
        removed = self.files.clear(company, before)
        old = self.files.old(company, before)
        while part := list(islice(old, SWEPT_AT_ONCE)):
            known = self.runner.call(context, KnownFiles(), lambda part=part: part)  # type: ignore[misc]
            removed += sum(self.files.remove(company, digest, before) for digest in part if digest not in known)
        return removed
