"""Distributed Maps of two companies over S3, set up by the settings and asked for through AWS's own client."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from app.bootstrap import bootstrap
from app.domain.shared.errors import DomainError
from app.infrastructure.processes.objects import BadPlace, ObjectsMissing
from tests.support.aws import Cloud, clouded, machine
from tests.support.databases import settings_for
from tests.support.lines import logging_as_it_was
from tests.support.workflow.buckets import s3_service

pytestmark = pytest.mark.fast

READER: Final = {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSONL"}}
WRITER: Final = {"Resource": "arn:aws:states:::s3:putObject"}
LISTER: Final = {"Resource": "arn:aws:states:::s3:listObjectsV2"}


@pytest.fixture
def bucket() -> Iterator[Any]:
    """Give a client of the service, which has one bucket for all."""
    with s3_service("data") as made:
        yield made


@pytest.fixture
def clouds(sqlite_url: str, tmp_path: Path, bucket: Any) -> Iterator[list[Cloud]]:
    """Give two companies that have the bucket between them, and an object of each in it."""
    settings = settings_for(sqlite_url, tmp_path, objects_places="data/in/{company}")
    with clouded(settings) as served:
        made = [Cloud(served), Cloud(served)]
        for one in made:
            body = f'{{"of": {one.office.company}}}\n'.encode() * 2
            bucket.put_object(Bucket="data", Key=key_of(one), Body=body)
        yield made


def key_of(cloud: Cloud) -> str:
    return f"in/{cloud.office.company}/items.jsonl"


def mapped(cloud: Cloud, name: str, **fields: Any) -> dict[str, Any]:
    """Run a machine of one distributed Map through, and give how it ended."""
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    flow = {"ProcessorConfig": config, **json.loads(machine({"Type": "Pass"}).replace("S0", "T0"))}
    state = {"Type": "Map", "ItemProcessor": flow, **fields}
    ended: dict[str, Any] = cloud.ended(cloud.start(cloud.create(machine(state), name=name)))
    return ended


def test_items_are_read_from_the_company_s_place_and_results_written_there(clouds: list[Cloud], bucket: Any) -> None:
    """ASL-02: buckets and keys of the service in the definition, as on AWS."""
    for cloud in clouds:
        prefix = f"in/{cloud.office.company}/out"
        reader = {**READER, "Parameters": {"Bucket": "data", "Key": key_of(cloud)}}
        writer = {**WRITER, "Parameters": {"Bucket": "data", "Prefix": prefix}}
        ended = mapped(cloud, "copy", ItemReader=reader, ResultWriter=writer)
        details = json.loads(ended["output"])["ResultWriterDetails"]
        manifest = json.loads(bucket.get_object(Bucket="data", Key=details["Key"])["Body"].read())
        (file,) = manifest["ResultFiles"]["SUCCEEDED"]
        assert file["Key"].startswith(f"{prefix}/")
        results = json.loads(bucket.get_object(Bucket="data", Key=file["Key"])["Body"].read())
        assert [json.loads(one["Output"]) for one in results] == [{"of": cloud.office.company}] * 2
    assert not (clouds[0].served.container.settings.data_dir / "objects").exists()


def test_no_company_reads_lists_or_writes_in_the_place_of_another(clouds: list[Cloud], bucket: Any) -> None:
    """ERP-13: what is another's is as if it were not there."""
    mine, theirs = clouds
    before = [one["Key"] for one in bucket.list_objects_v2(Bucket="data")["Contents"]]
    way = f"in/{mine.office.company}/../{theirs.office.company}/items.jsonl"
    for name, key in (("theirs", key_of(theirs)), ("up", way)):
        ended = mapped(mine, name, ItemReader={**READER, "Parameters": {"Bucket": "data", "Key": key}})
        assert (ended["status"], ended["error"]) == ("FAILED", "States.ItemReaderFailed")
        assert "there is no object" in ended["cause"]
    listed = mapped(mine, "list", ItemReader={**LISTER, "Parameters": {"Bucket": "data"}})
    assert [one["Key"] for one in json.loads(listed["output"])] == [key_of(mine)]
    there = {**WRITER, "Parameters": {"Bucket": "data", "Prefix": f"in/{theirs.office.company}"}}
    ended = mapped(mine, "write", ItemReader={**LISTER, "Parameters": {"Bucket": "data"}}, ResultWriter=there)
    assert (ended["status"], ended["error"]) == ("FAILED", "States.ResultWriterFailed")
    assert [one["Key"] for one in bucket.list_objects_v2(Bucket="data")["Contents"]] == before


@pytest.mark.parametrize(
    ("places", "missing", "told"), [("data", (), BadPlace), ("7:data", ("boto3",), ObjectsMissing)]
)
def test_a_store_that_cannot_be_is_refused_at_the_start(
    sqlite_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    places: str,
    missing: tuple[str, ...],
    told: type[DomainError],
) -> None:
    """ASL-02, ERP-05: not at the first Map that needs it."""
    for name in missing:
        monkeypatch.setitem(sys.modules, name, None)
    with logging_as_it_was(), pytest.raises(told):
        bootstrap(settings_for(sqlite_url, tmp_path, objects_places=places))
