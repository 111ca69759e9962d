"""Objects as files: ``<root>/<namespace>/<bucket>/<key>``, where no name leads out of its namespace.

A name is refused unless each of its parts is a plain one, and every folder on the way is opened from the one before
without following links: what is swapped for a link meanwhile is not followed either. A file is written beside its place
under a name no object can have, made durable, and renamed: it is there whole or not at all.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import BinaryIO, Final

from . import InvalidNameError, NoSuchBucketError, NoSuchObjectError, Object, ObjectError

PIECE: Final = 65_536
LONGEST_KEY: Final = 1_024
"""Bytes of UTF-8, as on S3."""
LONGEST_PART: Final = 240
_BUCKET: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{1,61})[a-z0-9]")
_NAMESPACE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_UNNAMED: Final = "+default"
"""The folder of the namespace that has no name; none can be called so."""
_NEW: Final = "\x01new-"
"""What the names of files begin with that are being written: no part of a key holds control characters."""
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NUMBERS: Final = count()
_GONE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})


class FolderStores:
    """The stores of all namespaces under one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def of(self, namespace: str) -> FolderObjects:
        """Give the objects of a namespace. Raises InvalidNameError."""
        if namespace and not _NAMESPACE.fullmatch(namespace):
            raise InvalidNameError("the namespace is no name for a folder")
        return FolderObjects(self._root, namespace or _UNNAMED)


class FolderObjects:
    """The objects of one namespace."""

    def __init__(self, root: Path, folder: str) -> None:
        self._root = root
        self._name = folder

    def stat(self, bucket: str, key: str) -> Object:
        """Tell what is known of an object."""
        with self._opened(bucket, key) as file:
            return _known(key, os.fstat(file))

    def get(self, bucket: str, key: str, start: int = 0) -> Iterator[bytes]:
        """Give the bytes in pieces; the file is found before the first."""
        with self._opened(bucket, key) as found:
            file = os.fdopen(os.dup(found), "rb")

        def pieces() -> Iterator[bytes]:
            with file:
                with _telling():
                    file.seek(start)
                while piece := _piece(file):
                    yield piece

        return pieces()

    def put(self, bucket: str, key: str, pieces: Iterable[bytes]) -> int:
        """Write an object."""
        *folders, name = _parts(key)
        with _telling(), self._folder(bucket, folders, make=True) as folder:
            new, file = _create(folder)
            try:
                size = _write(file, pieces)
                os.rename(new, name, src_dir_fd=folder, dst_dir_fd=folder)
                os.fsync(folder)
            except BaseException:
                with suppress(OSError):
                    os.unlink(new, dir_fd=folder)
                raise
        return size

    def list(self, bucket: str, prefix: str = "", after: str = "", limit: int = 1_000) -> Sequence[Object]:
        """Give objects in the order of their keys."""
        try:
            with _telling(), self._folder(bucket, []) as folder:
                found = _below(folder, prefix)
        except NoSuchObjectError:
            raise NoSuchBucketError(f"there is no bucket {bucket!r}") from None
        fitting = [one for one in found if one.key.startswith(prefix) and one.key.encode() > after.encode()]
        return sorted(fitting, key=_order)[:limit]

    @contextmanager
    def _opened(self, bucket: str, key: str) -> Iterator[int]:
        *folders, name = _parts(key)
        with _telling(f"there is no object {key!r} in the bucket {bucket!r}"):
            with self._folder(bucket, folders) as folder:
                file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=folder)
            try:
                if not stat.S_ISREG(os.fstat(file).st_mode):
                    raise NoSuchObjectError(f"there is no object {key!r} in the bucket {bucket!r}")
                yield file
            finally:
                os.close(file)

    @contextmanager
    def _folder(self, bucket: str, names: Sequence[str], *, make: bool = False) -> Iterator[int]:
        """Open a folder in a bucket, and those on the way one from the other."""
        if not _BUCKET.fullmatch(bucket):
            raise InvalidNameError(f"{bucket!r} is no name of a bucket")
        if make:
            self._root.mkdir(parents=True, exist_ok=True)
        # The root itself may be a link: it is the owner's word.
        folder = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for name in (self._name, bucket, *names):
                inner = _enter(folder, name, make=make)
                os.close(folder)
                folder = inner
            yield folder
        finally:
            os.close(folder)


def _piece(file: BinaryIO) -> bytes:
    # Told here alone: an error that the reader throws into the generator is the reader's.
    with _telling():
        return file.read(PIECE)


def _enter(folder: int, name: str, *, make: bool) -> int:
    if make:
        with suppress(FileExistsError):
            os.mkdir(name, dir_fd=folder)
    return os.open(name, _FOLDER, dir_fd=folder)


def _create(folder: int) -> tuple[str, int]:
    """Begin a file under a name that nobody else has; one that was left behind keeps its own."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    while True:
        name = f"{_NEW}{os.getpid()}-{next(_NUMBERS)}"
        with suppress(FileExistsError):
            return name, os.open(name, flags, 0o644, dir_fd=folder)


def _write(number: int, pieces: Iterable[bytes]) -> int:
    size = 0
    with os.fdopen(number, "wb") as file:
        for piece in pieces:
            size += file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return size


def _below(folder: int, prefix: str) -> list[Object]:
    """Give the files that a prefix may mean: folders that it names whole are not looked beside."""
    within = prefix.rpartition("/")[0]
    if not within:
        return [*_walk(folder, "")]
    return [*_walk(folder, f"{within}/")] if _is_key(within) else []


def _walk(folder: int, within: str, at: str = "") -> Iterator[Object]:
    """Give the files below a folder that are within, or on the way to, the folder named."""
    with os.scandir(folder) as entries:
        found = [*entries]
    for entry in found:
        key = at + entry.name
        if entry.name.startswith(_NEW) or not _meets(key, within):
            continue
        if entry.is_file(follow_symlinks=False):
            yield _known(key, entry.stat(follow_symlinks=False))
        elif entry.is_dir(follow_symlinks=False):
            with suppress(FileNotFoundError):
                yield from _inside(folder, entry.name, within, f"{key}/")


def _inside(folder: int, name: str, within: str, at: str) -> Iterator[Object]:
    inner = os.open(name, _FOLDER, dir_fd=folder)
    try:
        yield from _walk(inner, within, at)
    finally:
        os.close(inner)


def _meets(key: str, within: str) -> bool:
    return key.startswith(within) or within.startswith(f"{key}/")


def _known(key: str, found: os.stat_result) -> Object:
    return Object(key, found.st_size, int(found.st_mtime), f"{found.st_mtime_ns:x}-{found.st_size:x}")


def _order(found: Object) -> bytes:
    return found.key.encode()


def _is_key(key: str) -> bool:
    try:
        _parts(key)
    except InvalidNameError:
        return False
    return True


def _parts(key: str) -> list[str]:
    """Give the parts of a key. Raises InvalidNameError for one that is no plain name."""
    parts = key.split("/")
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        raise InvalidNameError("a key is no text") from None
    if size > LONGEST_KEY or not all(map(_is_plain, parts)):
        raise InvalidNameError(f"{key[:80]!r} is no key")
    return parts


def _is_plain(part: str) -> bool:
    if part in {"", ".", ".."} or len(part.encode()) > LONGEST_PART:
        return False
    return all(letter >= " " and letter not in "\\\x7f" for letter in part)


@contextmanager
def _telling(gone: str = "there is no such object") -> Iterator[None]:
    """Tell faults of the file system in words of objects, without its paths."""
    try:
        yield
    except OSError as error:
        if error.errno in _GONE:
            raise NoSuchObjectError(gone) from error
        raise ObjectError(os.strerror(error.errno or 0)) from error
