"""Objects in buckets of S3, or of what speaks its protocol; of these, those places alone that are named.

    BucketStores(boto3.client("s3"), ["imports/{namespace}", "shared-catalogue"])

Buckets and keys are those of the service, so that a definition names them here as on AWS. A place is a bucket, or one
with the beginning of keys; what stands in no place is told of like what is not there, and so is a key with a part that
is ``.`` or ``..``: a service on files, or a proxy before one, might follow it out of its place. Needs the extra ``s3``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from . import InvalidNameError, NoSuchBucketError, NoSuchObjectError, Object, ObjectError

RANGE: Final = 1024 * 1024
"""Bytes asked for at once: no line stays open between them, however slowly they are read."""
PART: Final = 8 * 1024 * 1024
"""Bytes up to which an object is written by one request; the parts of a larger one have so many."""
PAGE: Final = 1_000
_NAMESPACE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SLASH: Final = re.compile(r"[/\\]")
_HELD: Final = "{namespace}"
_UNNAMED: Final = "+default"
"""What the namespace without a name is called; no other can be called so."""
_MISSING: Final = frozenset({"404", "NoSuchKey", "NoSuchBucket", "NotFound"})
_BEYOND: Final = frozenset({"416", "InvalidRange"})
_CHANGED: Final = frozenset({"412", "PreconditionFailed"})


class BucketStores:
    """The stores of all namespaces."""

    def __init__(self, client: Any, places: Iterable[str]) -> None:
        """Take a client of boto3, and places: ``bucket``, ``bucket/prefix``, with ``{namespace}`` where it stands.

        A prefix ends at a slash. Raises InvalidNameError for a place without a bucket.
        """
        self._client = client
        self._places = [place.strip() for place in places]
        for place in self._places:
            if not place.partition("/")[0] or _HELD in place.partition("/")[0]:
                raise InvalidNameError(f"{place!r} names no bucket")

    def of(self, namespace: str) -> BucketObjects:
        """Give the objects of a namespace. Raises InvalidNameError for one that could lead out of its place."""
        if namespace and not _NAMESPACE.fullmatch(namespace):
            raise InvalidNameError("the namespace is no name for a place")
        prefixes: dict[str, list[str]] = {}
        for place in self._places:
            bucket, _, prefix = place.replace(_HELD, namespace or _UNNAMED).partition("/")
            prefixes.setdefault(bucket, []).append(_ended(prefix))
        return BucketObjects(self._client, {bucket: _apart(found) for bucket, found in prefixes.items()})


def _ended(prefix: str) -> str:
    """Give a prefix with a slash at its end: without one, ``7`` would be the beginning of ``70/k`` too."""
    return f"{prefix.rstrip('/')}/" if prefix else ""


def _apart(prefixes: list[str]) -> list[str]:
    """Give the prefixes in order, without those that another one covers."""
    kept: list[str] = []
    for prefix in sorted(prefixes, key=str.encode):
        if not kept or not prefix.startswith(kept[-1]):
            kept.append(prefix)
    return kept


class BucketObjects:
    """The objects of one namespace; ``prefixes`` tells by bucket what their keys begin with."""

    def __init__(self, client: Any, prefixes: Mapping[str, Sequence[str]]) -> None:
        self._client = client
        self._prefixes = prefixes

    def stat(self, bucket: str, key: str) -> Object:
        """Tell what is known of an object."""
        self._check(bucket, key)
        with _telling(NoSuchObjectError(_no_object(bucket, key))):
            found = self._client.head_object(Bucket=bucket, Key=key)
        return _known(key, found["ContentLength"], found)

    def get(self, bucket: str, key: str, start: int = 0) -> Iterator[bytes]:
        """Give the bytes, asked for in ranges. Raises ObjectError when the object changes in between."""
        self._check(bucket, key)
        first, etag, size = self._range(bucket, key, start)

        def pieces() -> Iterator[bytes]:
            piece, at = first, start
            while piece:
                yield piece
                at += len(piece)
                piece = self._range(bucket, key, at, etag)[0] if at < size else b""

        return pieces()

    def put(self, bucket: str, key: str, pieces: Iterable[bytes]) -> int:
        """Write an object: what is begun in parts is not there until the last one is."""
        if not self._has(bucket, key):
            raise NoSuchBucketError(_no_bucket(bucket))
        parts = _parts(pieces)
        first = next(parts, b"")
        second = next(parts, None)
        with _telling(NoSuchBucketError(_no_bucket(bucket))):
            if second is None:
                self._client.put_object(Bucket=bucket, Key=key, Body=first)
                return len(first)
            return self._put_parts(bucket, key, (first, second), parts)

    def list(self, bucket: str, prefix: str = "", after: str = "", limit: int = PAGE) -> Sequence[Object]:
        """Give objects in the order of their keys."""
        if bucket not in self._prefixes:
            raise NoSuchBucketError(_no_bucket(bucket))
        found: list[Object] = []
        for held in self._prefixes[bucket]:
            if held.startswith(prefix) or prefix.startswith(held):
                found += self._listed(bucket, max(held, prefix, key=len), after, limit - len(found))
        return found

    def _put_parts(self, bucket: str, key: str, begun: Iterable[bytes], rest: Iterator[bytes]) -> int:
        place = {"Bucket": bucket, "Key": key}
        place["UploadId"] = self._client.create_multipart_upload(**place)["UploadId"]
        done: list[dict[str, Any]] = []
        size = 0
        try:
            for some in (begun, rest):
                for part in some:
                    number = len(done) + 1
                    etag = self._client.upload_part(**place, PartNumber=number, Body=part)["ETag"]
                    done.append({"PartNumber": number, "ETag": etag})
                    size += len(part)
            self._client.complete_multipart_upload(**place, MultipartUpload={"Parts": done})
        except BaseException:
            with suppress(ClientError, BotoCoreError):
                self._client.abort_multipart_upload(**place)
            raise
        return size

    def _listed(self, bucket: str, prefix: str, after: str, limit: int) -> Iterator[Object]:
        """Give up to ``limit`` objects, page by page."""
        more = {"StartAfter": after} if after else {}
        while limit > 0:
            with _telling(NoSuchBucketError(_no_bucket(bucket))):
                page = self._client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=min(limit, PAGE), **more)
            found = page.get("Contents", ())
            yield from (_known(one["Key"], one["Size"], one) for one in found)
            limit -= len(found)
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def _range(self, bucket: str, key: str, start: int, etag: str = "") -> tuple[bytes, str, int]:
        """Give the bytes of a range, the etag and the size of the whole; none beyond the end."""
        same = {"IfMatch": etag} if etag else {}
        asked = f"bytes={start}-{start + RANGE - 1}"
        with _telling(NoSuchObjectError(_no_object(bucket, key))):
            try:
                found = self._client.get_object(Bucket=bucket, Key=key, Range=asked, **same)
            except ClientError as error:
                if _code(error) in _BEYOND:
                    return b"", "", start
                raise
            with found["Body"] as body:
                content: bytes = body.read()
        return content, found["ETag"], int(found["ContentRange"].rpartition("/")[2])

    def _check(self, bucket: str, key: str) -> None:
        if not self._has(bucket, key):
            raise NoSuchObjectError(_no_object(bucket, key))

    def _has(self, bucket: str, key: str) -> bool:
        if not key or not {".", ".."}.isdisjoint(_SLASH.split(key)):
            return False
        return any(key.startswith(prefix) for prefix in self._prefixes.get(bucket, ()))


def _parts(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Put pieces together to parts, all but the last of one size."""
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) > PART:
            yield bytes(held[:PART])
            del held[:PART]
    yield bytes(held)


def _known(key: str, size: int, found: Mapping[str, Any]) -> Object:
    return Object(key, size, int(found["LastModified"].timestamp()), found["ETag"].strip('"'))


def _no_object(bucket: str, key: str) -> str:
    return f"there is no object {key!r} in the bucket {bucket!r}"


def _no_bucket(bucket: str) -> str:
    return f"there is no bucket {bucket!r}"


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def _telling(missing: ObjectError) -> Iterator[None]:
    """Tell faults of the service in words of objects."""
    try:
        yield
    except ClientError as error:
        code = _code(error)
        if code in _MISSING:
            raise missing from error
        raise ObjectError("the object has changed" if code in _CHANGED else f"the service says {code}") from error
    except (BotoCoreError, OSError) as error:
        raise ObjectError(f"the service cannot be reached: {type(error).__name__}") from error
