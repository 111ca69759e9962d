"""Where the items of distributed Maps are read from, and their results written to: objects by bucket and key.

A store is opened for one namespace and shows nothing of another. Nothing here knows the engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol


class Object(NamedTuple):
    """What is known of an object; ``modified`` is in seconds since the epoch, ``etag`` another one for other bytes."""

    key: str
    size: int
    modified: int
    etag: str


class ObjectStore(Protocol):
    """The objects of one namespace. Any thread may call. Raises ObjectError."""

    def stat(self, bucket: str, key: str) -> Object:
        """Tell what is known of an object. Raises NoSuchObjectError."""

    def get(self, bucket: str, key: str, start: int = 0) -> Iterator[bytes]:
        """Give the bytes from ``start`` on, in pieces. Raises NoSuchObjectError."""

    def put(self, bucket: str, key: str, pieces: Iterable[bytes]) -> int:
        """Write an object, whole or not at all, over one that is there; give its size."""

    def list(self, bucket: str, prefix: str = "", after: str = "", limit: int = 1_000) -> Sequence[Object]:
        """Give objects whose keys begin with ``prefix`` and come after ``after``, in the order of their UTF-8.

        Raises NoSuchBucketError.
        """


class ObjectStores(Protocol):
    """Opens the store of a namespace."""

    def of(self, namespace: str) -> ObjectStore:
        """Give the objects of a namespace."""


class ObjectError(Exception):
    """Objects could not be read or written."""


class NoSuchObjectError(ObjectError):
    """There is no such object."""


class NoSuchBucketError(ObjectError):
    """There is no such bucket."""


class InvalidNameError(ObjectError):
    """A bucket or a key is none that this store could have."""
