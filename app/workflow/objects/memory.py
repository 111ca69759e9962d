"""Objects in memory, for tests and tiny installations: all is gone with the process."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from . import NoSuchBucketError, NoSuchObjectError, Object

PIECE: Final = 65_536


class MemoryObjects:
    """The objects of one namespace; a bucket is there as soon as something is put into it."""

    def __init__(self, now: Callable[[], int] = lambda: 0) -> None:
        """``now`` gives the seconds since the epoch that objects are written at."""
        self._now = now
        self._buckets: dict[str, dict[str, tuple[Object, bytes]]] = {}

    def stat(self, bucket: str, key: str) -> Object:
        """Tell what is known of an object."""
        return self._found(bucket, key)[0]

    def get(self, bucket: str, key: str, start: int = 0) -> Iterator[bytes]:
        """Give the bytes in pieces."""
        content = self._found(bucket, key)[1]
        return (content[at : at + PIECE] for at in range(start, len(content), PIECE))

    def put(self, bucket: str, key: str, pieces: Iterable[bytes]) -> int:
        """Write an object."""
        content = b"".join(pieces)
        etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
        made = Object(key, len(content), self._now(), etag)
        self._buckets.setdefault(bucket, {})[key] = (made, content)
        return len(content)

    def list(self, bucket: str, prefix: str = "", after: str = "", limit: int = 1_000) -> Sequence[Object]:
        """Give objects in the order of their keys."""
        if bucket not in self._buckets:
            raise NoSuchBucketError(f"there is no bucket {bucket!r}")
        keys = sorted((key for key in self._buckets[bucket] if key.startswith(prefix)), key=str.encode)
        first = bisect_right(keys, after.encode(), key=str.encode) if after else 0
        return [self._buckets[bucket][key][0] for key in keys[first : first + limit]]

    def _found(self, bucket: str, key: str) -> tuple[Object, bytes]:
        try:
            return self._buckets[bucket][key]
        except KeyError:
            raise NoSuchObjectError(f"there is no object {key!r} in the bucket {bucket!r}") from None


class MemoryStores:
    """The stores of all namespaces."""

    def __init__(self, now: Callable[[], int] = lambda: 0) -> None:
        self._now = now
        self._stores: dict[str, MemoryObjects] = {}

    def of(self, namespace: str) -> MemoryObjects:
        """Give the objects of a namespace."""
        return self._stores.setdefault(namespace, MemoryObjects(self._now))
