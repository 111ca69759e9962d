"""Objects of S3: places that are named and nothing else, ranges, parts, and a distributed Map over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from app.workflow.objects import InvalidNameError, NoSuchBucketError, NoSuchObjectError, ObjectError, s3
from app.workflow.objects.s3 import BucketStores
from app.workflow.stores.memory import MemoryStore
from tests.support.servers import free_port
from tests.support.workflow.buckets import client_of, s3_service
from tests.support.workflow.maps import READER, WRITER, engine_of, machine

pytestmark = pytest.mark.fast


@pytest.fixture
def client() -> Iterator[Any]:
    """Give a client of a service with two buckets."""
    with s3_service("data", "out") as made:
        yield made


@pytest.fixture
def calls(client: Any) -> list[str]:
    """Give the operations that are asked of the service from now on."""
    made: list[str] = []
    client.meta.events.register("before-call.s3.*", lambda model, **_: made.append(model.name))
    return made


def keys(client: Any, bucket: str = "data") -> list[str]:
    return [one["Key"] for one in client.list_objects_v2(Bucket=bucket).get("Contents", ())]


def test_a_namespace_has_the_places_that_are_named_for_it(client: Any) -> None:
    """ASL-02: buckets and keys are the service's own, so that definitions stay as they are."""
    stores = BucketStores(client, ["data/{namespace}", "out/shared/all/"])
    first, second, nobody = stores.of("7"), stores.of("70"), stores.of("")
    first.put("data", "7/k", [b"mine"])
    second.put("data", "70/k", [b"theirs"])
    nobody.put("data", "+default/k", [b"nobody's"])
    second.put("out", "shared/all/k", [b"ours"])
    assert keys(client) == ["+default/k", "7/k", "70/k"]
    assert [one.key for one in first.list("data")] == ["7/k"]
    assert [one.key for one in first.list("data", "7")] == ["7/k"]
    assert [one.key for one in first.list("data", "70/")] == []
    assert b"".join(first.get("out", "shared/all/k")) == b"ours"
    for bucket, key in (("data", "70/k"), ("data", "k"), ("out", "shared/k"), ("other", "7/k"), ("data", "")):
        with pytest.raises(NoSuchObjectError, match="there is no object"):
            first.get(bucket, key)
        with pytest.raises(NoSuchObjectError, match="there is no object"):
            first.stat(bucket, key)
        with pytest.raises(NoSuchBucketError, match="there is no bucket"):
            first.put(bucket, key, [b"x"])
    with pytest.raises(NoSuchBucketError):
        first.list("other")
    assert keys(client) == ["+default/k", "7/k", "70/k"]


@pytest.mark.parametrize("namespace", ["..", "a/b", "/", "{namespace}", "7\n", "x" * 65, "+default"])
def test_no_namespace_leads_into_the_place_of_another(client: Any, namespace: str) -> None:
    with pytest.raises(InvalidNameError):
        BucketStores(client, ["data/{namespace}"]).of(namespace)


@pytest.mark.parametrize("place", ["", "/prefix", "{namespace}/x", "in-{namespace}"])
def test_a_place_names_a_bucket(client: Any, place: str) -> None:
    with pytest.raises(InvalidNameError, match="names no bucket"):
        BucketStores(client, ["data", place])


def test_places_of_one_bucket_are_listed_as_one_in_order(client: Any) -> None:
    whole = BucketStores(client, ["data"]).of("a")
    for key in ("a/1", "a/b/2", "a-b/3", "c/4", "d/5"):
        whole.put("data", key, [b"x"])
    some = BucketStores(client, ["data/c", "data/a/", "data/a/b", "data/a-b"]).of("a")
    assert [one.key for one in some.list("data")] == ["a-b/3", "a/1", "a/b/2", "c/4"]
    assert [one.key for one in some.list("data", "a/")] == ["a/1", "a/b/2"]
    assert [one.key for one in some.list("data", after="a-b/3", limit=2)] == ["a/1", "a/b/2"]


def test_a_listing_goes_on_over_the_pages_of_the_service(
    client: Any, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = BucketStores(client, ["data"]).of("a")
    for number in range(7):
        store.put("data", f"k{number}", [b"x"])
    calls.clear()
    monkeypatch.setattr(s3, "PAGE", 3)
    assert [one.key for one in store.list("data", limit=5)] == [f"k{number}" for number in range(5)]
    assert calls == ["ListObjectsV2"] * 2
    assert [one.key for one in store.list("data", after="k4")] == ["k5", "k6"]


def test_an_object_is_read_in_ranges(client: Any, calls: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "RANGE", 100)
    store = BucketStores(client, ["data"]).of("a")
    content = bytes(range(250))
    store.put("data", "k", [content])
    calls.clear()
    assert list(map(len, store.get("data", "k"))) == [100, 100, 50]
    assert calls == ["GetObject"] * 3
    assert b"".join(store.get("data", "k", 120)) == content[120:]
    store.put("data", "empty", [])
    assert list(store.get("data", "empty")) == []
    assert list(store.get("data", "k", 250)) == []


def test_an_object_that_changes_while_it_is_read_is_not_read_on(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "RANGE", 100)
    store = BucketStores(client, ["data"]).of("a")
    store.put("data", "k", [b"a" * 250])
    pieces = store.get("data", "k")
    assert next(pieces) == b"a" * 100
    store.put("data", "k", [b"b" * 250])
    with pytest.raises(ObjectError, match="has changed"):
        next(pieces)


def test_a_large_object_is_written_in_parts_and_whole_or_not_at_all(
    client: Any, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The service takes no parts of less than 5 MiB but the last.
    monkeypatch.setattr(s3, "PART", 5 * 1024 * 1024)
    store = BucketStores(client, ["data"]).of("a")
    piece = b"x" * (1024 * 1024)

    def broken() -> Iterator[bytes]:
        yield from [piece] * 11
        raise RuntimeError("the pen broke")

    with pytest.raises(RuntimeError, match="pen"):
        store.put("data", "k", broken())
    assert keys(client) == []
    assert "Uploads" not in client.list_multipart_uploads(Bucket="data")
    calls.clear()
    assert store.put("data", "k", [piece] * 11) == 11 * 1024 * 1024
    assert calls == ["CreateMultipartUpload", *["UploadPart"] * 3, "CompleteMultipartUpload"]
    assert store.stat("data", "k").size == 11 * 1024 * 1024


def _in(store: Any) -> list[Callable[[], Any]]:
    return [
        lambda: store.stat("data", "k"),
        lambda: store.get("data", "k"),
        lambda: store.put("data", "k", [b"x"]),
        lambda: store.list("data"),
    ]


def test_a_service_that_is_away_is_told_in_words_of_objects() -> None:
    client = client_of(f"http://127.0.0.1:{free_port()}")
    for call in _in(BucketStores(client, ["data"]).of("a")):
        with pytest.raises(ObjectError, match=r"\Athe service cannot be reached: EndpointConnectionError\Z"):
            call()


def test_a_bucket_that_is_named_but_not_there_is_told_by_name(client: Any) -> None:
    store = BucketStores(client, ["gone"]).of("a")
    with pytest.raises(NoSuchObjectError):
        store.get("gone", "k")
    with pytest.raises(NoSuchBucketError):
        store.list("gone")
    with pytest.raises(NoSuchBucketError):
        store.put("gone", "k", [b"x"])


def test_a_refusal_of_the_service_is_no_missing_object(client: Any) -> None:
    store = BucketStores(client, ["data"]).of("a")

    def refuse(**_: Any) -> None:
        raise client.exceptions.ClientError({"Error": {"Code": "AccessDenied"}}, "any")

    client.meta.events.register("before-call.s3.*", refuse)
    for call in _in(store):
        with pytest.raises(ObjectError, match=r"\Athe service says AccessDenied\Z"):
            call()


def test_a_distributed_map_reads_and_writes_objects_of_the_service(client: Any) -> None:
    """ASL-02: ItemReader and ResultWriter with AWS's ARNs, over S3."""
    stores = BucketStores(client, ["data", "out/jobs"])
    client.put_object(Bucket="data", Key="items.jsonl", Body=b'{"n":1}\n{"n":2}\n{"n":3}\n')
    engine = engine_of(MemoryStore(), machine(ItemReader=READER, ResultWriter=WRITER), objects=stores)
    engine.task("work")(lambda given: given["n"] * 10)
    with engine:
        ended = engine.run("m", {}, namespace="a")
    assert ended.status == "succeeded", (ended.error, ended.cause)
    manifest = ended.output["ResultWriterDetails"]
    told = msgspec.json.decode(client.get_object(Bucket="out", Key=manifest["Key"])["Body"].read())
    (file,) = told["ResultFiles"]["SUCCEEDED"]
    written = msgspec.json.decode(client.get_object(Bucket="out", Key=file["Key"])["Body"].read())
    assert [one["Output"] for one in written] == ["10", "20", "30"]


def test_a_map_over_the_keys_of_a_bucket_sees_those_of_its_places(client: Any) -> None:
    """ASL-02: s3:listObjectsV2."""
    for key in ("in/a", "in/b", "secret/c"):
        client.put_object(Bucket="data", Key=key, Body=b"x")
    reader = {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "data"}}
    engine = engine_of(MemoryStore(), machine(ItemReader=reader), objects=BucketStores(client, ["data/in"]))
    engine.task("work")(lambda given: given["Key"])
    with engine:
        ended = engine.run("m", {})
    assert ended.output == ["in/a", "in/b"]


@pytest.mark.parametrize("key", ["7/../8/k", "7/..", "7/./../8/k", "7/in/..\\..\\8/k"])
def test_no_key_leads_up_from_its_place(client: Any, calls: list[str], key: str) -> None:
    """ASL-02: on S3 dots are letters, but a service on files might follow them."""
    store = BucketStores(client, ["data/{namespace}"]).of("7")
    with pytest.raises(NoSuchObjectError):
        store.get("data", key)
    with pytest.raises(NoSuchObjectError):
        store.stat("data", key)
    with pytest.raises(NoSuchBucketError):
        store.put("data", key, [b"x"])
    assert calls == []
    store.put("data", "7/..k/.hidden...", [b"x"])
    assert keys(client) == ["7/..k/.hidden..."]
