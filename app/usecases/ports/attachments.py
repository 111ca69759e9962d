"""What the use cases of attachments need from outside: rows for what they are, files for what is in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Protocol

from app.domain.attachments import Attachment
from app.domain.shared.ids import AttachmentId, CompanyId
from app.domain.shared.objects import ObjectKind


class Attachments(Protocol):
    """Attachments of the context's company, without their bytes."""

    def is_draft(self, kind: ObjectKind, owner: int, *, lock: bool = False) -> bool:
        """Tell whether the object may still be changed freely: master data always, documents while they are drafts.

        ``lock`` keeps a document from being deleted or posted until the end of the transaction. Raises NotFound.
        """
        ...

    def of(self, kind: ObjectKind, owner: int) -> Sequence[Attachment]:
        """Give the attachments of an object, oldest first."""
        ...

    def get(self, kind: ObjectKind, owner: int, attachment: AttachmentId) -> Attachment:
        """Give one attachment of an object. Raises NotFound."""
        ...

    def count(self, kind: ObjectKind, owner: int) -> int:
        """Give how many attachments an object has."""
        ...

    def add(self, attachment: Attachment) -> Attachment:
        """Store a new attachment and give it with its id."""
        ...

    def delete(self, attachment: Attachment) -> None:
        """Remove an attachment's row. Raises NotFound when somebody else did."""
        ...

    def forget(self, kind: ObjectKind, owner: int) -> None:
        """Remove the rows of all attachments of an object that is deleted."""
        ...

    def known(self, digests: Iterable[str]) -> frozenset[str]:
        """Give those of ``digests`` that an attachment of the company refers to."""
        ...


class Staged(Protocol):
    """A file on its way in: written piece by piece, then sealed, then kept; or dropped."""

    def write(self, data: bytes) -> None:
        """Append ``data``. Raises StorageFull."""
        ...

    def seal(self) -> tuple[str, int]:
        """Make what was written durable, still out of sight; give its SHA-256 in hex and its size in bytes.

        Raises StorageFull.
        """
        ...

    def keep(self) -> None:
        """Put the sealed file where its digest finds it; done before, nothing happens. Raises StorageFull."""
        ...

    def drop(self) -> None:
        """Throw away what was not kept."""
        ...


class Files(Protocol):
    """The bytes of attachments, found by company and SHA-256.

    A file may be there without a row that refers to it (its transaction failed); ``sweep`` removes such.
    """

    def stage(self, company: CompanyId) -> Staged:
        """Begin a file. Raises StorageFull."""
        ...

    def read(self, company: CompanyId, digest: str) -> Iterator[bytes]:
        """Give the content in pieces of at most 64 KiB; the file is found before the first. Raises FileMissing."""
        ...

    def companies(self) -> Sequence[CompanyId]:
        """Give the companies that have files, by id."""
        ...

    def old(self, company: CompanyId, before: datetime) -> Iterator[str]:
        """Give the digests of the company's files that were last kept before an instant."""
        ...

    def remove(self, company: CompanyId, digest: str, before: datetime) -> bool:
        """Remove a file unless it was kept again since ``before``, and tell whether it was removed."""
        ...

    def clear(self, company: CompanyId, before: datetime) -> int:
        """Remove what was begun before an instant and never kept, and give how many files that were."""
        ...
