"""Where objects of distributed Maps are by the settings, and that no two companies meet there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from pydantic import SecretStr, ValidationError

from app.infrastructure.processes.objects import (
    BadPlace,
    CompanyStores,
    ObjectsMissing,
    Place,
    PlacesMeet,
    client_of,
    objects_of,
    read_places,
)
from app.infrastructure.texts import Texts
from app.settings import Settings
from app.workflow.objects import InvalidNameError, NoSuchBucketError, NoSuchObjectError
from app.workflow.objects.files import FolderStores
from tests.support.lines import lines_of
from tests.support.workflow.buckets import s3_service

pytestmark = pytest.mark.fast


@pytest.fixture
def client() -> Iterator[Any]:
    """Give a client of a service with two buckets."""
    with s3_service("data", "acme") as made:
        yield made


def settings(**given: Any) -> Settings:
    return Settings(_env_file=None, **given)


def test_without_places_each_company_has_a_folder(tmp_path: Path) -> None:
    objects_of(settings(data_dir=tmp_path))().of("7").put("data", "in/k", [b"x"])
    assert (tmp_path / "objects" / "7" / "data" / "in" / "k").read_bytes() == b"x"


def test_each_company_has_what_is_named_for_it_and_nothing_of_another(client: Any) -> None:
    """ASL-02, ERP-13: by prefix, and by a bucket of its own, under the service's own names."""
    stores = CompanyStores(client, read_places(["data/in/{company}", "7:acme"]))
    seventh, other = stores.of("7"), stores.of("70")
    seventh.put("data", "in/7/k", [b"mine"])
    seventh.put("acme", "k", [b"mine alone"])
    other.put("data", "in/70/k", [b"theirs"])
    assert b"".join(seventh.get("acme", "k")) == b"mine alone"
    assert [one.key for one in seventh.list("data")] == ["in/7/k"]
    assert [one.key for one in other.list("data")] == ["in/70/k"]
    for store, bucket, key in ((other, "acme", "k"), (other, "data", "in/7/k"), (seventh, "data", "in/70/k")):
        with pytest.raises(NoSuchObjectError):
            store.get(bucket, key)
        with pytest.raises(NoSuchBucketError):
            store.put(bucket, key, [b"x"])
    with pytest.raises(NoSuchBucketError):
        other.list("acme")
    with pytest.raises(InvalidNameError):
        stores.of("7/../70")


@pytest.mark.parametrize(
    "text",
    [
        *("data", "data/in", "/{company}", "{company}/in", "in-{company}/x", "data/in-{company}", "data/{namespace}"),
        *("data/../{company}", "data/./{company}", "data//{company}", "7:", "7:Data", "0:data", "07:data", "x:data"),
        *("7:data/{other}", "7:data/a b", "7:data/..", "s3://data/{company}", "arn:aws:s3:::data/{company}"),
    ],
)
def test_a_place_is_a_company_s_own_or_nobody_s(text: str) -> None:
    """ERP-13: what all companies would see is no place; the error tells the setting and what stands there."""
    with pytest.raises(BadPlace) as raised:
        objects_of(settings(objects_places=text))
    told = Texts().told("en", raised.value)
    assert told.startswith(f"`{text}` in OBJECTS_PLACES")
    assert "bucket/prefix/{company}" in told


@pytest.mark.parametrize(
    ("given", "meet"),
    [
        (("data/{company}", "data/{company}/in"), False),
        (("data/a/{company}", "data/b/{company}"), False),
        (("data/a", "7:data/ab"), False),
        (("data/{company}", "7:data/7/in"), False),
        (("7:data/7", "8:data/8"), False),
        (("7:data", "7:data/in"), False),
        (("7:data", "8:acme"), False),
        (("7:data", "data/{company}"), True),
        (("7:data/8", "data/{company}"), True),
        (("7:data/a/8", "8:data/a"), True),
        (("7:data/8", "8:data/8"), True),
        (("data/{company}", "data/7/{company}"), True),
    ],
)
def test_places_in_which_two_companies_would_meet_are_refused(given: tuple[str, str], *, meet: bool) -> None:
    """ERP-13: found when the program starts, in whatever order they are named."""
    first, second = (Place.read(text if "{" in text or ":" in text else f"9:{text}") for text in given)
    assert (first.meets(second), second.meets(first)) == (meet, meet)


def test_places_that_meet_are_told_by_both_their_names() -> None:
    with pytest.raises(PlacesMeet) as raised:
        objects_of(settings(objects_places="acme/{company}, data/{company}, 7:data/"))
    assert Texts().told("en", raised.value).startswith("`data/{company}` and `7:data/` in OBJECTS_PLACES")


def test_places_without_the_extra_are_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """ASL-02: not at the first Map."""
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(ObjectsMissing) as raised:
        objects_of(settings(objects_places="data/{company}"))
    assert "install `tramita[s3]`" in Texts().told("en", raised.value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"objects_access_key": "me"}, "OBJECTS_ACCESS_KEY and OBJECTS_SECRET_KEY"),
        ({"objects_secret_key": SecretStr("hush")}, "OBJECTS_ACCESS_KEY and OBJECTS_SECRET_KEY"),
        ({"objects_endpoint": "https://s3.example"}, "need OBJECTS_PLACES"),
        ({"objects_access_key": "me", "objects_secret_key": SecretStr("hush")}, "need OBJECTS_PLACES"),
        ({"objects_endpoint": "https://me:hush@s3.example"}, "objects_endpoint\n.*must be http"),
        ({"objects_endpoint": "https://s3.example/?key=hush"}, "objects_endpoint\n.*must be http"),
        ({"objects_endpoint": "s3.example:9000"}, "objects_endpoint\n.*must be http"),
        ({"objects_region": "Ireland hush"}, "objects_region\n"),
    ],
)
def test_a_wrong_setting_is_told_by_its_name_and_without_what_it_holds(given: dict[str, Any], told: str) -> None:
    """ERP-05: secrets in an endpoint are refused, and not shown."""
    with pytest.raises(ValidationError, match=told) as raised:
        settings(**given)
    assert "hush" not in str(raised.value)


def test_blank_settings_are_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("PLACES", "ENDPOINT", "REGION", "ACCESS_KEY", "SECRET_KEY"):
        monkeypatch.setenv(f"OBJECTS_{name}", "")
    assert isinstance(objects_of(settings(data_dir=tmp_path))(), FolderStores)


STORE: dict[str, Any] = {
    "objects_places": "data/{company}",
    "objects_endpoint": "http://[::1]:9000/",
    "objects_region": "garage",
    "objects_access_key": "me",
    "objects_secret_key": SecretStr("hush-hush"),
}


def test_what_the_settings_say_of_the_service_is_what_is_asked() -> None:
    """ASL-02: the endpoint, its region, paths for buckets, and no checksums that only AWS knows."""
    asked: list[AWSPreparedRequest] = []

    def answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        asked.append(request)
        answered = AWSResponse(request.url, 200, {"ETag": '"e"'}, None)
        answered._content = b""
        return answered

    client = client_of(settings(**STORE))
    client.meta.events.register("before-send.s3", answer)
    with lines_of("DEBUG") as lines:
        CompanyStores(client, read_places(["data/{company}"])).of("7").put("data", "7/k", [b"their words"])
    (request,) = asked
    assert request.url == "http://[::1]:9000/data/7/k"
    signed = request.headers["Authorization"].decode()
    assert "Credential=me/" in signed
    assert "/garage/s3/aws4_request" in signed
    assert not [name for name in request.headers if name.lower().startswith(("x-amz-checksum", "x-amz-sdk-checksum"))]
    assert [
        line for line in lines if "hush" in str(line) or "their words" in str(line) or "Signature" in str(line)
    ] == []


def test_the_secret_of_the_service_is_not_shown() -> None:
    made = settings(**STORE)
    stores = objects_of(made)()
    assert "hush" not in f"{made!r} {made} {stores!r} {stores.of('7')!r} {made.model_dump()}"
