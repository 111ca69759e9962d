"""What is on its way out says so, to those who use it and in the document; nothing else does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import pytest
from fastapi import APIRouter, Query, Response
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import Field
from starlette.testclient import TestClient

from app.api.create import ROUTERS, create_app
from app.api.deprecation import Deprecation, deprecated
from app.api.listing import ListRun, provide_list
from app.api.provide import Run, provide
from app.api.route import gives, router
from app.api.schemas.shared import In, PathId, Text
from app.api.switchboard import endpoints
from tests.support.api import ANN, CLERK, COMPANY, ListNotes, Note, NoteOut, ReadNote, WriteNote, container, described

pytestmark = pytest.mark.fast

OLD: Final = "/api/v1/old-notes"
ROUTE: Final = Deprecation(
    since=datetime(2026, 11, 21, tzinfo=UTC),
    sunset=datetime(2027, 11, 21, 23, 59, 59, tzinfo=UTC),
    link="https://erp.example/docs/api#notes",
)
FIELD: Final = Deprecation(since=datetime(2026, 1, 1, tzinfo=UTC), link="https://erp.example/docs/api#label")
INNER: Final = Deprecation(since=datetime(2026, 2, 1, tzinfo=UTC), link="https://erp.example/docs/api#inner")
PARAMETER: Final = Deprecation(since=datetime(2026, 3, 1, tzinfo=UTC), link="https://erp.example/docs/api#state")


class PieceIn(In):
    """A part."""

    text: Text = Field("", description="Text")
    size: Annotated[int | None, INNER] = Field(None, description="Size")


class OldNoteIn(In):
    """A note with a field on its way out, and one within a list."""

    title: Text = Field(min_length=1, description="Title")
    label: Annotated[Text | None, FIELD] = Field(None, description="Label")
    parts: list[PieceIn] | None = Field(None, description="Parts")


def old_notes() -> APIRouter:
    """Give a router with a route, a field and two parameters on their way out."""
    routes = router("notes")

    @routes.post("/old-notes", **gives(NoteOut, 201))
    def write_old(body: OldNoteIn, run: Annotated[Run, provide(WriteNote)]) -> Response:
        return run(build=lambda: Note(title=body.title), present=NoteOut.of)

    @routes.get("/old-notes/{note_id}", **gives(NoteOut))
    @deprecated(ROUTE)
    def read_old(note_id: PathId, run: Annotated[Run, provide(ReadNote)]) -> Response:
        return run(build=lambda: note_id, present=NoteOut.of)

    @routes.get("/old-notes")
    @deprecated(PARAMETER, parameter="state")
    def list_old(run: Annotated[ListRun, provide_list(ListNotes)]) -> Response:
        return run()

    @routes.get("/old-notes/{note_id}/parts", **gives(NoteOut))
    @deprecated(PARAMETER, parameter="deep")
    @deprecated(ROUTE)
    def read_parts(
        note_id: PathId,
        run: Annotated[Run, provide(ReadNote)],
        deep: Annotated[int, Query(description="How deep")] = 0,
    ) -> Response:
        return run(build=lambda: note_id + deep, present=NoteOut.of)

    return routes


@pytest.fixture
def http() -> Iterator[TestClient]:
    house = container()
    with TestClient(create_app(house, [*ROUTERS, old_notes()]), base_url="http://tramita.test") as made:
        made.headers["authorization"] = f"Bearer {house.tokens.issue(ANN, COMPANY, [CLERK], 1)}"
        yield made


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(container(), [old_notes()]).openapi()


def told(answer: Any) -> tuple[list[str], list[str], list[str]]:
    """Give the values of the three headers."""
    named = ("deprecation", "sunset", "link")
    first, second, third = ([value for key, value in answer.headers.multi_items() if key == name] for name in named)
    return first, second, third


def test_a_route_on_its_way_out_says_since_when_until_when_and_what_instead(http: TestClient) -> None:
    """RFC 9745 (a structured date), RFC 8594 (an HTTP date), and a link; problems say it too."""
    link = '<https://erp.example/docs/api#notes>; rel="deprecation"; type="text/html"'
    for note, status in ((1, 200), (101, 404), (0, 400)):
        answer = http.get(f"{OLD}/{note}")
        assert answer.status_code == status
        assert told(answer) == (["@1795219200"], ["Sun, 21 Nov 2027 23:59:59 GMT"], [link])
    stranger = http.get(f"{OLD}/1", headers={"authorization": ""})
    assert (stranger.status_code, told(stranger)[0]) == (401, ["@1795219200"])


def test_a_field_on_its_way_out_is_told_to_those_who_send_it(http: TestClient) -> None:
    """RFC 9745, 2: wherever in the body it stands, null or not; others are not bothered."""
    assert told(http.post(OLD, json={"title": "x"})) == ([], [], [])
    assert told(http.post(OLD, json={"title": "x", "parts": [{"text": "a"}]})) == ([], [], [])
    for label in ("y", None):
        answer = http.post(OLD, json={"title": "x", "label": label})
        assert (answer.status_code, told(answer)[0]) == (201, ["@1767225600"])
    both = http.post(OLD, json={"title": "x", "label": "y", "parts": [{"size": 1}, {"size": 2}]})
    assert sorted(told(both)[0]) == ["@1767225600", "@1769904000"]
    assert both.headers["location"]


def test_a_parameter_on_its_way_out_is_told_to_those_who_use_it(http: TestClient) -> None:
    assert told(http.get(OLD))[0] == []
    assert told(http.get(f"{OLD}?state=open"))[0] == ["@1772323200"]
    assert told(http.get(f"{OLD}/1/parts"))[0] == ["@1795219200"]
    assert told(http.get(f"{OLD}/1/parts?deep=1"))[0] == ["@1795219200", "@1772323200"]


def test_the_document_marks_all_three(document: dict[str, Any]) -> None:
    """OpenAPI 3.1: ``deprecated`` on operations, parameters and schemas; the document stays valid."""
    paths, schemas = document["paths"], document["components"]["schemas"]
    assert not list(OpenAPIV31SpecValidator(document).iter_errors())
    route = paths[f"{OLD}/{{note_id}}"]["get"]
    assert (route["deprecated"], route["x-sunset"]) == (True, "2027-11-21")
    marked = {one["name"]: one.get("deprecated", False) for one in paths[OLD]["get"]["parameters"] if "name" in one}
    assert [name for name, old in marked.items() if old] == ["state"]
    fields = schemas["OldNoteIn"]["properties"]
    assert [name for name, field in fields.items() if field.get("deprecated")] == ["label"]
    assert schemas["PieceIn"]["properties"]["size"]["deprecated"] is True


def test_nothing_of_the_product_is_on_its_way_out() -> None:
    """The day something is, it must be marked here and told in docs/api.md."""
    app = described()
    assert not [one.name for one in endpoints(app) if one.marked]
    assert "deprecated" not in str(app.openapi())


def test_every_answer_names_the_version_of_the_api(http: TestClient) -> None:
    """The version is the path's; it changes only with the path."""
    for path in ("/health", f"{OLD}/1", "/nowhere"):
        assert http.get(path).headers["api-version"] == "1"


@pytest.mark.parametrize(
    ("since", "sunset"),
    [
        (datetime(2026, 1, 1), None),  # noqa: DTZ001 - that is what is wrong with it
        (datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_notice_that_makes_no_sense_cannot_be_made(since: datetime, sunset: datetime | None) -> None:
    with pytest.raises(ValueError, match="since must be aware"):
        Deprecation(since=since, sunset=sunset, link="x")
