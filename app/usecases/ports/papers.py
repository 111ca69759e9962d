"""What prints papers, and what keeps them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.domain.papers import Paper, PaperKind
from app.domain.parties import Addressee
from app.domain.shared.objects import ObjectKind


class Printer(Protocol):
    """Makes files of papers."""

    @property
    def version(self) -> str:
        """What changes whenever the same paper would look different: part of what kept files are found by."""
        ...

    def print(self, paper: Paper, check: Callable[[], None]) -> bytes:
        """Give the paper as a PDF file: the same bytes for the same paper.

        ``check`` is called between pieces of at most 50 rows, and before each page; what it raises ends the work.
        """
        ...


class Images(Protocol):
    """Makes logos of pictures."""

    def logo(self, data: bytes) -> bytes:
        """Give a PNG or JPEG file as a PNG of at most 1200 pixels a side, without anything but the picture.

        Raises BadLogo, LogoTooLarge before so much as a row of too many pixels is decoded.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperKey:
    """What a kept paper is found by; ``edition`` is the SHA-256 of what a paper says that may change, else empty."""

    kind: PaperKind
    document: int
    version: int
    locale: str
    edition: str = ""

    @property
    def final(self) -> bool:
        """Whether what was printed first stays for good."""
        return not self.edition


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPaper:
    """A paper that was printed: the SHA-256 of its file in hex, its bytes, and by which settings it was printed."""

    key: PaperKey
    digest: str
    size: int
    settings_version: int
    made_at: datetime
    expires_at: datetime | None = None


class Papers(Protocol):
    """Papers and logos of the context's company, without their bytes, and to whom its documents are addressed."""

    def find(self, key: PaperKey) -> KeptPaper | None:
        """Give the paper that was kept under ``key``."""
        ...

    def first_settings(self, kind: PaperKind, document: int) -> int | None:
        """Give the version of the settings by which a final paper of a document was first printed."""
        ...

    def add(self, paper: KeptPaper) -> None:
        """Keep a paper. Raises RolledBack when somebody else kept one under its key meanwhile."""
        ...

    def outdate(self, newer: PaperKey) -> None:
        """Remove the papers that might still change of a document a ``newer`` one was printed of.

        Those of the same version in other languages stay, unless the newer one is final.
        """
        ...

    def forget(self, kind: PaperKind, document: int) -> None:
        """Remove all papers of a document."""
        ...

    def freeze(self, kind: ObjectKind, document: int) -> None:
        """Note to whom a document goes that becomes final: its third party as it is now.

        An invoice goes to the preferred billing address where there is one, all else to the third party's own.
        """
        ...

    def thaw(self, kind: ObjectKind, document: int) -> None:
        """Forget to whom a document went that is a draft again."""
        ...

    def addressee(self, kind: ObjectKind, document: int) -> Addressee | None:
        """Give to whom a final document went; None once the third party was anonymised."""
        ...

    def add_logo(self, digest: str, size: int, at: datetime) -> None:
        """Keep a logo; one that is kept already stays as it is."""
        ...

    def logo_size(self, digest: str) -> int | None:
        """Give the bytes of a logo's file, None for one the company never had."""
        ...

    def known(self, digests: Iterable[str]) -> frozenset[str]:
        """Give those of ``digests`` that a paper or a logo of the company refers to."""
        ...
