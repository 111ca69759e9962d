"""The company's logo: a picture made anew, kept with the files, and named by the settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from app.domain.identity import Company, NoLogo
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.identity import adopt
from app.usecases.ports.attachments import Files, Staged
from app.usecases.ports.shared import Clock, Work
from app.usecases.shared import Versioned


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLogo(Versioned):
    """A logo that has arrived and is durable, though not yet kept; the version is that of the settings seen."""

    digest: str
    size: int
    staged: Staged


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoFile:
    """The logo's digest, its size in bytes, and its bytes in pieces."""

    digest: str
    size: int
    pieces: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class SetLogo:
    """Put a logo on the company's papers from now on; what was printed stays as it is. Raises Stale, StorageFull."""

    clock: Clock
    right: ClassVar[Right] = Right.SETTINGS_WRITE
    writes: ClassVar[bool] = True
    fresh: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: NewLogo) -> Company:
        """Give the company with its settings as they are now; the bytes are in their place before the row is."""
        company = _seen(work, context, request)
        request.staged.keep()
        work.papers.add_logo(request.digest, request.size, self.clock.now())
        return _adopted(work, company, request.digest)


@dataclass(frozen=True, slots=True)
class DropLogo:
    """Take the logo off the company's papers; settings of before still name it. Raises Stale, NoLogo."""

    right: ClassVar[Right] = Right.SETTINGS_WRITE
    writes: ClassVar[bool] = True
    fresh: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Versioned) -> Company:
        """Give the company with its settings as they are now."""
        company = _seen(work, context, request)
        if not company.settings.letterhead.logo:
            raise NoLogo
        return _adopted(work, company, "")


@dataclass(frozen=True, slots=True)
class ReadLogo:
    """Give the logo that stands on the company's papers. Raises NoLogo, FileMissing."""

    files: Files
    right: ClassVar[Right] = Right.SETTINGS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: None) -> LogoFile:
        """Give the file, whose bytes are read after the transaction."""
        digest = work.companies.get(context.company).settings.letterhead.logo
        size = work.papers.logo_size(digest) if digest else None
        if size is None:
            raise NoLogo
        return LogoFile(digest=digest, size=size, pieces=self.files.read(context.company, digest))


def _seen(work: Work, context: Context, request: Versioned) -> Company:
    """Give the company, locked, as the caller saw its settings. Raises Stale."""
    work.companies.lock(context.company)
    company = work.companies.get(context.company)
    request.matches(company.settings.version)
    return company


def _adopted(work: Work, company: Company, digest: str) -> Company:
    settings = company.settings
    adopt(work, company, replace(settings, letterhead=settings.letterhead.changed({"logo": digest})))
    return company
