"""What distributed Maps go over: every kind of dataset, whole and from any cursor on, in pieces of any size."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import pytest

from app.workflow.asl.maps.datasets import NOT_ITERABLE, Source, read
from app.workflow.asl.maps.delimited import records
from app.workflow.asl.maps.pieces import DatasetError, Pieces, unzipped
from app.workflow.objects.memory import MemoryObjects

pytestmark = pytest.mark.fast


class Crumbs(MemoryObjects):
    """Objects that come a few bytes at a time."""

    def get(self, bucket: str, key: str, start: int = 0) -> Iterator[bytes]:
        """Give crumbs."""
        content = b"".join(super().get(bucket, key, start))
        return (content[at : at + 3] for at in range(0, len(content), 3))


def holding(**files: str | bytes) -> Crumbs:
    """Give a store with files in the bucket ``data``; two underscores in a name are a dot."""
    store = Crumbs()
    for name, content in files.items():
        store.put("data", name.replace("__", "."), [content.encode() if isinstance(content, str) else content])
    return store


def values(store: MemoryObjects, source: Source) -> list[Any]:
    """Give the values, and see that reading on from every cursor gives what follows it."""
    found = list(read(store, source))
    for place, item in enumerate(found):
        cursor = msgspec.json.decode(msgspec.json.encode(item.cursor))
        assert list(read(store, source, cursor)) == found[place + 1 :]
    return [item.value for item in found]


def rows(text: str | bytes, delimiter: bytes = b",", size: int = 2) -> list[list[str]]:
    """Give the records of a text that comes in pieces."""
    content = text.encode() if isinstance(text, str) else text
    pieces: Iterable[bytes] = (content[at : at + size] for at in range(0, len(content), size))
    return list(records(Pieces(pieces), delimiter))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a,b\nc,d\n", [["a", "b"], ["c", "d"]]),
        ("a,b\r\nc,d", [["a", "b"], ["c", "d"]]),
        ('"a",b\r\n"c",d\r\n', [["a", "b"], ["c", "d"]]),
        ("a,,c\n,\n", [["a", "", "c"], ["", ""]]),
        ("a\n\n\r\nb\n", [["a"], ["b"]]),
        ('"a,b","c\nd"\n', [["a,b", "c\nd"]]),
        ('"say ""yes""",x', [['say "yes"', "x"]]),
        ('"",b\n', [["", "b"]]),
        ('""\nb\n', [["b"]]),
        ('{""MyKey"":""MyValue""},2\n', [['{"MyKey":"MyValue"}', "2"]]),
        ('5" nail,1\n', [['5" nail', "1"]]),
        ("C:\\\\Program Files\\\\MyApp.exe,6534512\n", [["C:\\Program Files\\MyApp.exe", "6534512"]]),
        ("a\\,b,c\\d\n", [["a,b", "cd"]]),
        ('"a\\"b",c\n', [['a"b', "c"]]),
        ('"a\\\\",c\n', [["a\\", "c"]]),
        ("a\\\nb\n", [["a"], ["b"]]),
        ("ends\\", [["ends"]]),
        ('"never closed,a\nb', [["never closed,a\nb"]]),
        ('"closed"more,b\n', [["closedmore", "b"]]),
        ("\ufeffa,é\n", [["a", "é"]]),
        ("", []),
        ("\n\n", []),
    ],
)
def test_fields_are_read_as_step_functions_reads_them(text: str, wanted: list[list[str]]) -> None:
    for size in (1, 2, 7, 1_000):
        assert rows(text, size=size) == wanted


@pytest.mark.parametrize("delimiter", [b"|", b";", b" ", b"\t"])
def test_every_delimiter_separates_fields(delimiter: bytes) -> None:
    sign = delimiter.decode()
    assert rows(f'a{sign}"b{sign}c"{sign}d,e\\{sign}f\n', delimiter) == [["a", f"b{sign}c", f"d,e{sign}f"]]


def test_what_is_no_text_is_told() -> None:
    with pytest.raises(DatasetError, match="UTF-8"):
        rows(b"a,\xff\n")


def test_a_record_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.workflow.asl.maps.delimited.LONGEST", 100)
    with pytest.raises(DatasetError, match="too large"):
        rows("x" * 1_000)
    with pytest.raises(DatasetError, match="too large"):
        rows('"' + "x\n" * 1_000, size=50)


def test_the_first_row_names_the_fields() -> None:
    store = holding(f__csv="id,name\n1,a\n2\n3,c,more\n")
    source = Source(bucket="data", key="f.csv", kind="CSV")
    assert values(store, source) == [{"id": "1", "name": "a"}, {"id": "2", "name": ""}, {"id": "3", "name": "c"}]


def test_a_header_that_is_given_names_them_and_the_first_row_is_an_item() -> None:
    store = holding(f__csv="1|a\n2|b")
    source = Source(bucket="data", key="f.csv", kind="CSV", header=["x", "y"], delimiter="PIPE")
    assert values(store, source) == [{"x": "1", "y": "a"}, {"x": "2", "y": "b"}]
    assert [item.source for item in read(store, source)] == ["S3://data/f.csv"] * 2


def test_a_file_without_rows_has_no_items() -> None:
    store = holding(header__csv="id,name\n", empty__csv="", empty__jsonl="", empty__json="[]")
    for name, kind in (("header.csv", "CSV"), ("empty.csv", "CSV"), ("empty.jsonl", "JSONL"), ("empty.json", "JSON")):
        assert values(store, Source(bucket="data", key=name, kind=kind)) == []


def test_a_header_may_not_be_endless() -> None:
    store = holding(f__csv="x" * 10_241 + "\n1\n")
    with pytest.raises(DatasetError, match="header"):
        values(store, Source(bucket="data", key="f.csv", kind="CSV"))


def test_each_line_of_json_is_an_item() -> None:
    store = holding(f__jsonl='{"a":1}\n\n[2]\r\n"three"\nnull')
    assert values(store, Source(bucket="data", key="f.jsonl", kind="JSONL")) == [{"a": 1}, [2], "three", None]


def test_a_json_file_is_an_array_or_holds_one() -> None:
    store = holding(a__json="[1,{},null]", b__json='{"x/y":{"~":[[],["p","q"]]}}')
    assert values(store, Source(bucket="data", key="a.json")) == [1, {}, None]
    assert values(store, Source(bucket="data", key="b.json", pointer="/x~1y/~0/1")) == ["p", "q"]


@pytest.mark.parametrize(
    ("source", "content", "cause"),
    [
        (Source(bucket="data", key="f"), '{"a":1}', NOT_ITERABLE),
        (Source(bucket="data", key="f"), "7", NOT_ITERABLE),
        (Source(bucket="data", key="f", pointer="/a"), '{"a":"x"}', NOT_ITERABLE),
        (Source(bucket="data", key="f", pointer="/a/b"), '{"a":"x"}', "leads nowhere"),
        (Source(bucket="data", key="f", pointer="/1/x"), "[1]", "leads nowhere"),
        (Source(bucket="data", key="f", pointer="/-1"), "[[1]]", "leads nowhere"),
        (Source(bucket="data", key="f", pointer="/00"), "[[1]]", "leads nowhere"),
        (Source(bucket="data", key="f"), "[1", "not valid JSON"),
        (Source(bucket="data", key="f"), "[" * 100_000, "not valid JSON"),
        (Source(bucket="data", key="f", kind="JSONL"), "1\n{", "not valid JSON"),
        (Source(bucket="data", key="f", kind="PARQUET"), "PAR1", "PARQUET cannot be read"),
        (Source(bucket="data", key="none"), "", "no object"),
        (Source(bucket="none", listed=True), "", "no bucket"),
        (Source(bucket="data", key="f", manifest="S3_INVENTORY"), "[1]", "not one of an S3 inventory"),
        (Source(bucket="data", key="f", manifest="S3_INVENTORY"), '{"fileFormat":"ORC"}', "format CSV"),
        (Source(bucket="data", key="f", manifest="S3_INVENTORY"), "{", "not valid JSON"),
        (Source(bucket="data", key="f", manifest="ATHENA_DATA"), "data/f.csv", "S3 addresses"),
    ],
)
def test_what_cannot_be_read_is_told(source: Source, content: str, cause: str) -> None:
    with pytest.raises(DatasetError, match=cause):
        list(read(holding(f=content), source))


def test_a_file_that_is_read_whole_may_not_be_endless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.workflow.asl.maps.datasets.LARGEST_JSON", 10)
    assert values(holding(f="[1,2,3,4]"), Source(bucket="data", key="f")) == [1, 2, 3, 4]
    with pytest.raises(DatasetError, match="more than 10 bytes"):
        values(holding(f="[1,2,3,4,5]"), Source(bucket="data", key="f"))


def test_a_file_that_changed_is_not_read_on() -> None:
    store = holding(f__jsonl="1\n2\n")
    source = Source(bucket="data", key="f.jsonl", kind="JSONL")
    first = next(read(store, source))
    store.put("data", "f.jsonl", [b"1\n3\n"])
    with pytest.raises(DatasetError, match="changed"):
        list(read(store, source, first.cursor))


def test_the_keys_of_a_bucket_are_items(monkeypatch: pytest.MonkeyPatch) -> None:
    store = holding(**{f"in/{place}": "x" * place for place in range(5)}, out="y")
    listed = MemoryObjects.list
    monkeypatch.setattr(
        MemoryObjects, "list", lambda self, bucket, prefix, after: listed(self, bucket, prefix, after, 2)
    )
    source = Source(listed=True, bucket="data", prefix="in/")
    found = values(store, source)
    assert [item["Key"] for item in found] == [f"in/{place}" for place in range(5)]
    assert found[3] == {
        "Etag": f'"{store.stat("data", "in/3").etag}"',
        "Key": "in/3",
        "LastModified": 0,
        "Size": 3,
        "StorageClass": "STANDARD",
    }
    assert {item.source for item in read(store, source)} == {"S3://data"}


def test_the_objects_of_a_bucket_are_read_one_after_the_other() -> None:
    store = holding(**{"in/a.csv": "n\n1\n2\n", "in/b.csv": "m\n3\n", "in/none.csv": "", "in/": "", "out": "n\n9\n"})
    source = Source(listed=True, flattened=True, bucket="data", prefix="in/", kind="CSV")
    assert values(store, source) == [{"n": "1"}, {"n": "2"}, {"m": "3"}]
    assert [item.source for item in read(store, source)] == ["S3://data/in/a.csv"] * 2 + ["S3://data/in/b.csv"]


def test_an_inventory_names_files_whose_rows_are_items() -> None:
    manifest = {
        "destinationBucket": "arn:aws:s3:::data",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, Size",
        "files": [{"key": "one.csv.gz", "size": 1}, {"key": "two.csv.gz", "size": 1}],
    }
    store = holding(
        manifest__json=msgspec.json.encode(manifest),
        one__csv__gz=gzip.compress(b'"b","k1","7"\n"b","k2","8"\n'),
        two__csv__gz=gzip.compress(b'"b","k3","9"\n'),
    )
    source = Source(bucket="data", key="manifest.json", manifest="S3_INVENTORY", kind="CSV")
    found = values(store, source)
    assert [item["Key"] for item in found] == ["k1", "k2", "k3"]
    assert found[2] == {"Bucket": "b", "Key": "k3", "Size": "9"}


def test_a_manifest_of_athena_names_files_of_any_kind() -> None:
    store = holding(
        manifest__csv="s3://data/one.jsonl.gz\ns3://data/two.jsonl\n",
        one__jsonl__gz=gzip.compress(b'{"a":1}\n{"a":2}\n'),
        two__jsonl='{"a":3}\n',
    )
    source = Source(bucket="data", key="manifest.csv", manifest="ATHENA_DATA", kind="JSONL")
    assert values(store, source) == [{"a": 1}, {"a": 2}, {"a": 3}]
    assert [item.source for item in read(store, source)][-1] == "S3://data/two.jsonl"


@pytest.mark.parametrize(
    ("content", "cause"),
    # Without ids the instant of compressing would be part of the test's name.
    [
        pytest.param(b"no gzip", "not a gzip", id="other"),
        pytest.param(gzip.compress(b"x" * 99)[:-9], "cut off", id="cut"),
    ],
)
def test_what_is_no_gzip_file_is_told(content: bytes, cause: str) -> None:
    with pytest.raises(DatasetError, match=cause):
        values(holding(f__jsonl__gz=content), Source(bucket="data", key="f.jsonl.gz", kind="JSONL"))


def test_a_gzip_file_is_unpacked_a_little_at_a_time() -> None:
    pieces = list(unzipped([gzip.compress(b"\0" * 10_000_000)]))
    assert sum(map(len, pieces)) == 10_000_000
    assert max(map(len, pieces)) <= 65_536


def test_the_items_of_a_state_are_read_like_others() -> None:
    assert values(MemoryObjects(), Source(items=[1, None, {"a": 2}])) == [1, None, {"a": 2}]
    items = list(read(MemoryObjects(), Source(items=[1, 2], keys=["a", "b"])))
    assert [(item.key, item.source) for item in items] == [("a", "STATE_DATA"), ("b", "STATE_DATA")]
