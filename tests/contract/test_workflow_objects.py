"""What every store of objects promises, and what that of files promises besides."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.workflow.objects import InvalidNameError, NoSuchBucketError, NoSuchObjectError, ObjectError, ObjectStores
from app.workflow.objects.files import FolderStores
from app.workflow.objects.memory import MemoryStores
from app.workflow.objects.s3 import BucketStores
from tests.support.workflow.buckets import s3_service

pytestmark = pytest.mark.fast


@pytest.fixture(params=["memory", "files", "s3"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStores]:
    """Give the stores of one kind."""
    if request.param == "s3":
        with s3_service("bucket") as client:
            yield BucketStores(client, ["bucket"])
        return
    kinds: dict[str, Any] = {"memory": MemoryStores, "files": lambda: FolderStores(tmp_path / "root")}
    yield kinds[request.param]()


def test_what_is_put_is_got_in_pieces_and_from_any_place(stores: ObjectStores) -> None:
    store = stores.of("a")
    content = bytes(range(256)) * 1_000
    assert store.put("bucket", "in/a.bin", [content[:10], content[10:]]) == len(content)
    assert b"".join(store.get("bucket", "in/a.bin")) == content
    assert b"".join(store.get("bucket", "in/a.bin", 200_000)) == content[200_000:]
    assert b"".join(store.get("bucket", "in/a.bin", len(content) + 5)) == b""
    assert store.stat("bucket", "in/a.bin").size == len(content)


def test_an_object_is_replaced_whole_and_its_etag_tells_so(stores: ObjectStores) -> None:
    store = stores.of("a")
    store.put("bucket", "k", [b"longer than"])
    before = store.stat("bucket", "k")
    reader = store.get("bucket", "k")
    store.put("bucket", "k", [b"this"])
    assert b"".join(store.get("bucket", "k")) == b"this"
    assert b"".join(reader) == b"longer than"
    assert store.stat("bucket", "k").etag != before.etag


def test_what_fails_half_way_leaves_what_was_there(stores: ObjectStores) -> None:
    store = stores.of("a")
    store.put("bucket", "k", [b"old"])

    def broken() -> Iterator[bytes]:
        yield b"ne"
        raise RuntimeError("the pen broke")

    with pytest.raises(RuntimeError, match="pen"):
        store.put("bucket", "k", broken())
    assert b"".join(store.get("bucket", "k")) == b"old"
    assert [one.key for one in store.list("bucket")] == ["k"]


def test_objects_are_listed_in_order_by_prefix_and_in_pages(stores: ObjectStores) -> None:
    store = stores.of("a")
    for key in ("b/2", "b/10", "b/é", "b/sub/x", "a", "bb", "c/1", "b.txt"):
        store.put("bucket", key, [key.encode()])
    keys = [one.key for one in store.list("bucket")]
    assert keys == sorted(keys, key=str.encode)
    assert len(keys) == 8
    assert [one.key for one in store.list("bucket", "b/")] == ["b/10", "b/2", "b/sub/x", "b/é"]
    assert [one.key for one in store.list("bucket", "b/1")] == ["b/10"]
    assert [one.key for one in store.list("bucket", "b")] == ["b.txt", "b/10", "b/2", "b/sub/x", "b/é", "bb"]
    assert [one.key for one in store.list("bucket", "b/", after="b/10", limit=2)] == ["b/2", "b/sub/x"]
    assert [one.size for one in store.list("bucket", "bb")] == [2]
    assert store.list("bucket", "none/") == []


# Keys of S3 are the service's own: what a namespace sees there is said by its places.
@pytest.mark.parametrize("stores", ["memory", "files"], indirect=True)
def test_namespaces_see_nothing_of_each_other(stores: ObjectStores) -> None:
    stores.of("a").put("bucket", "k", [b"mine"])
    stores.of("").put("bucket", "k", [b"nobody's"])
    stores.of("b").put("bucket", "other", [b"theirs"])
    with pytest.raises(NoSuchObjectError):
        stores.of("b").get("bucket", "k")
    assert [one.key for one in stores.of("b").list("bucket")] == ["other"]
    assert b"".join(stores.of("").get("bucket", "k")) == b"nobody's"


def test_what_is_not_there_is_told_by_name(stores: ObjectStores) -> None:
    store = stores.of("a")
    store.put("bucket", "k/deep", [b""])
    for key in ("none", "k", "k/deep/er"):
        with pytest.raises(NoSuchObjectError, match="bucket"):
            store.get("bucket", key)
        with pytest.raises(NoSuchObjectError):
            store.stat("bucket", key)
    with pytest.raises(NoSuchBucketError):
        store.list("other")


BAD_KEYS = (
    "",
    "/etc/passwd",
    "..",
    "../b/bucket/k",
    "in/../../b/bucket/k",
    "in/./k",
    "in//k",
    "in/",
    "nul\0byte",
    "line\nbreak",
    "back\\slash",
    "\x01new-1",
    "lone\ud800",
    "x" * 241,
    "/".join(["x" * 100] * 11),
)


@pytest.mark.parametrize("key", BAD_KEYS)
def test_no_key_leads_out_of_the_folder_of_its_namespace(tmp_path: Path, key: str) -> None:
    stores = FolderStores(tmp_path)
    stores.of("b").put("bucket", "k", [b"theirs"])
    store = stores.of("a")
    store.put("bucket", "in/k", [b""])
    with pytest.raises(InvalidNameError):
        store.get("bucket", key)
    with pytest.raises(InvalidNameError):
        store.put("bucket", key, [b"x"])
    assert {path.name for path in tmp_path.rglob("*")} == {"a", "b", "bucket", "in", "k"}


@pytest.mark.parametrize("bucket", ["", "..", ".", "a", "Bucket", "a/b", "../b", "x" * 64, "nul\0", "-ab", "bucket\n"])
def test_no_bucket_leads_out_either(tmp_path: Path, bucket: str) -> None:
    store = FolderStores(tmp_path).of("a")
    for call in (lambda: store.list(bucket), lambda: store.put(bucket, "k", [b""]), lambda: store.stat(bucket, "k")):
        with pytest.raises(InvalidNameError):
            call()


@pytest.mark.parametrize("namespace", ["..", ".hidden", "a/b", "/", "nul\0", "+default", "x" * 65])
def test_a_namespace_is_one_folder(tmp_path: Path, namespace: str) -> None:
    with pytest.raises(InvalidNameError):
        FolderStores(tmp_path).of(namespace)


@pytest.mark.parametrize("prefix", ["../", "../b/", "/", "in/../", "..", "nul\0/"])
def test_no_prefix_leads_out_either(tmp_path: Path, prefix: str) -> None:
    stores = FolderStores(tmp_path)
    stores.of("b").put("bucket", "k", [b"theirs"])
    stores.of("a").put("bucket", "in/k", [b"mine"])
    assert stores.of("a").list("bucket", prefix) == []


def test_links_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "k").write_bytes(b"secret")
    stores = FolderStores(tmp_path / "root")
    store = stores.of("a")
    store.put("bucket", "in/k", [b"mine"])
    bucket = tmp_path / "root" / "a" / "bucket"
    (bucket / "file").symlink_to(secret / "k")
    (bucket / "folder").symlink_to(secret)
    (tmp_path / "root" / "a" / "linked").symlink_to(secret)
    (tmp_path / "root" / "theirs").symlink_to(secret)
    for name, key in (("bucket", "file"), ("bucket", "folder/k"), ("linked", "k")):
        with pytest.raises(NoSuchObjectError):
            store.get(name, key)
    with pytest.raises(ObjectError):
        store.put("bucket", "folder/new", [b"x"])
    with pytest.raises(NoSuchBucketError):
        store.list("linked")
    with pytest.raises(NoSuchBucketError):
        stores.of("theirs").list("bucket")
    assert [one.key for one in store.list("bucket")] == ["in/k"]
    # What is written in the place of a link takes its place, and leaves alone what it led to.
    store.put("bucket", "file", [b"mine too"])
    assert (secret / "k").read_bytes() == b"secret"
    assert b"".join(store.get("bucket", "file")) == b"mine too"
    assert [path.name for path in secret.iterdir()] == ["k"]


def test_what_is_no_file_is_no_object(tmp_path: Path) -> None:
    store = FolderStores(tmp_path).of("a")
    store.put("bucket", "k", [b""])
    os.mkfifo(tmp_path / "a" / "bucket" / "pipe")
    with pytest.raises(NoSuchObjectError):
        store.get("bucket", "pipe")
    assert [one.key for one in store.list("bucket")] == ["k"]


def test_what_the_disk_refuses_while_it_is_read_is_told_in_words_of_objects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderStores(tmp_path).of("a")
    store.put("bucket", "k", [b"x" * 100_000])

    class Worn(io.BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise OSError(errno.EIO, "a path of ours")

    def opened(number: int, _mode: str) -> Worn:
        os.close(number)
        return Worn()

    monkeypatch.setattr(os, "fdopen", opened)
    pieces = store.get("bucket", "k")
    with pytest.raises(ObjectError, match=r"\AInput/output error\Z"):
        next(pieces)
    monkeypatch.undo()
    with pytest.raises(ObjectError, match=r"\AInvalid argument\Z"):
        next(store.get("bucket", "k", -1))


def test_what_a_reader_throws_into_the_pieces_stays_its_own(tmp_path: Path) -> None:
    store = FolderStores(tmp_path).of("a")
    store.put("bucket", "k", [b"x" * 100_000])
    pieces: Any = store.get("bucket", "k")
    next(pieces)
    with pytest.raises(ConnectionResetError):
        pieces.throw(ConnectionResetError(errno.ECONNRESET, "the reader's line"))
