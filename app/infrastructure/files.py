"""The bytes of attachments in a folder: ``<company>/<first two digits>/<SHA-256>``.

Names are digests, so that no name of anybody's reaches the file system. A file is written under a name of its own in
``<company>/.new``, made durable, and then renamed: it is there whole or not at all. What is kept again is renamed over
what was there, so that its age tells when it was last asked for.
"""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from app.domain.attachments import FileMissing, StorageFull
from app.domain.shared.ids import CompanyId
from app.infrastructure.disk import sync_folder

PIECE: Final = 65_536
NEW: Final = ".new"
ASIDE: Final = ".aside"
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_HEX: Final = frozenset("0123456789abcdef")


@contextmanager
def _space() -> Iterator[None]:
    """Tell a full disk from other faults."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFull from error
        raise


class StagedFile:
    """A file on its way into a ``FolderFiles``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._hash = hashlib.sha256()
        self._size = 0
        self._kept = False
        with _space():
            new = folder / NEW
            new.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=new)
        self._path = Path(name)
        # Unbuffered: a full disk is met by the write that meets it, and nothing is left to be written by close.
        self._file = os.fdopen(handle, "wb", buffering=0)

    def write(self, data: bytes) -> None:
        """Append ``data``. Raises StorageFull."""
        with _space():
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]
        self._hash.update(data)
        self._size += len(data)

    def seal(self) -> tuple[str, int]:
        """Make what was written durable, still out of sight; give its SHA-256 in hex and its size in bytes."""
        with _space():
            os.fsync(self._file.fileno())
            self._file.close()
        return self._hash.hexdigest(), self._size

    def keep(self) -> None:
        """Put the sealed file where its digest finds it; done before, nothing happens. Raises StorageFull."""
        if self._kept:
            return
        place = _place(self._folder, self._hash.hexdigest())
        with _space():
            place.parent.mkdir(exist_ok=True)
            self._path.replace(place)
            sync_folder(place.parent)
            sync_folder(self._folder)
        self._kept = True

    def drop(self) -> None:
        """Throw away what was not kept."""
        self._file.close()
        if not self._kept:
            self._path.unlink(missing_ok=True)


class FolderFiles:
    """Files in a folder that all processes of the service share."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def stage(self, company: CompanyId) -> StagedFile:
        """Begin a file. Raises StorageFull."""
        return StagedFile(self._of(company))

    def read(self, company: CompanyId, digest: str) -> Iterator[bytes]:
        """Give the content in pieces of at most 64 KiB; the file is found before the first. Raises FileMissing."""
        place = _place(self._of(company), digest)
        if not place.is_file():
            raise FileMissing

        def pieces() -> Iterator[bytes]:
            with place.open("rb") as file:
                while piece := file.read(PIECE):
                    yield piece

        return pieces()

    def companies(self) -> Sequence[CompanyId]:
        """Give the companies that have files, by id."""
        if not self._folder.is_dir():
            return ()
        return sorted(CompanyId(int(one.name)) for one in self._folder.iterdir() if one.name.isdecimal())

    def old(self, company: CompanyId, before: datetime) -> Iterator[str]:
        """Give the digests of the company's files that were last kept before an instant."""
        for path in self._of(company).glob("[0-9a-f][0-9a-f]/*"):
            with suppress(FileNotFoundError):
                if _is_digest(path.name) and _age(path) < before.timestamp():
                    yield path.name

    def remove(self, company: CompanyId, digest: str, before: datetime) -> bool:
        """Remove a file unless it was kept again since ``before``, and tell whether it was removed.

        It is moved aside before its age is looked at: whoever keeps the same content meanwhile makes a new file.
        """
        place = _place(self._of(company), digest)
        aside = self._of(company) / NEW / f"{digest}{ASIDE}"
        aside.parent.mkdir(exist_ok=True)
        try:
            place.replace(aside)
        except FileNotFoundError:
            return False
        with suppress(FileNotFoundError):  # another sweep may have put it back
            if _age(aside) < before.timestamp():
                aside.unlink()
                return True
            aside.replace(place)
        return False

    def clear(self, company: CompanyId, before: datetime) -> int:
        """Remove what was begun before an instant and never kept, and give how many files that were."""
        removed = 0
        for path in (self._of(company) / NEW).glob("*"):
            with suppress(FileNotFoundError):
                if path.suffix == ASIDE:  # a sweep that died here had not decided yet
                    path.replace(_place(self._of(company), path.stem))
                elif _age(path) < before.timestamp():
                    path.unlink()
                    removed += 1
        return removed

    def _of(self, company: CompanyId) -> Path:
        return self._folder / str(int(company))


def _place(folder: Path, digest: str) -> Path:
    """Give where a digest's file stands. Raises FileMissing for what is no digest, which no file can have."""
    if not _is_digest(digest):
        raise FileMissing
    return folder / digest[:2] / digest


def _is_digest(text: str) -> bool:
    return len(text) == 64 and _HEX.issuperset(text)


def _age(path: Path) -> float:
    """Give when the file was last written, in seconds since 1970."""
    return path.stat().st_mtime
