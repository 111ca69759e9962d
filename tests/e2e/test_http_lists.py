"""Lists over HTTP: pages, links, refusals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from starlette.testclient import TestClient

from app.usecases.ports.listing import Filter, Operator, Page, Query
from tests.support.api import FakeContainer, client, container

pytestmark = pytest.mark.fast

NOTES = "/api/v1/notes"
SEEN = datetime(2026, 11, 21, tzinfo=UTC)
ROWS = [
    (number, f"t{number}", "open", date(2026, 11, 21), Decimal(number), None, False, SEEN, "") for number in range(1, 8)
]


def page_of(query: Query) -> Page:
    """Page through ROWS by id, as a database would."""
    after = query.after[-1] if query.after else 0
    assert isinstance(after, int)
    rest = [row for row in ROWS if row[0] > after]
    return Page(rows=rest[: query.limit], more=len(rest) > query.limit, total=len(ROWS) if query.total else None)


@pytest.fixture
def house() -> FakeContainer:
    made = container()
    made.works.lists.page_of = page_of
    return made


@pytest.fixture
def http(house: FakeContainer) -> Iterator[TestClient]:
    with client(house) as made:
        yield made


def test_following_the_links_gives_every_row_once(http: TestClient) -> None:
    seen: list[int] = []
    url: str | None = f"{NOTES}?sort=id&limit=3&title_ne=a%20%26b&total=true"
    pages = 0
    while url is not None:
        answer = http.get(url)
        assert answer.status_code == 200
        seen += [item["id"] for item in answer.json()["items"]]
        assert answer.json()["total"] == 7
        url = answer.links.get("next", {}).get("url")
        assert (url is None) == (answer.json()["next"] is None)
        pages += 1
    assert (seen, pages) == ([1, 2, 3, 4, 5, 6, 7], 3)


def test_the_link_keeps_what_was_asked(house: FakeContainer, http: TestClient) -> None:
    first = http.get(f"{NOTES}?limit=3&title_ne=a%20%26b&sort=id")
    http.get(first.links["next"]["url"])
    assert house.works.lists.asked[1].filters == (Filter(field="title", operator=Operator.NE, value="a &b"),)
    assert house.works.lists.asked[1].after == (3,)


def test_an_empty_list_is_an_answer(house: FakeContainer, http: TestClient) -> None:
    """Design 4: an empty answer is 200."""
    house.works.lists.page_of = lambda _query: Page(rows=(), more=False)
    answer = http.get(NOTES)
    assert (answer.status_code, answer.json()) == (200, {"items": [], "next": None})
    assert "link" not in answer.headers


def test_a_bad_filter_is_400_in_the_caller_s_language(house: FakeContainer, http: TestClient) -> None:
    """Design 4: an unknown filter is 400, and says which there are."""
    answer = http.get(f"{NOTES}?state=new", headers={"accept-language": "pt-BR"})
    assert answer.status_code == 400
    (problem,) = answer.json()["errors"]
    assert problem["parameter"] == "state"
    assert problem["detail"] == "O valor não é aceitável. Esperado: open, done."
    assert not house.works.lists.asked


def test_a_list_needs_its_right(house: FakeContainer, http: TestClient) -> None:
    house.works.roles.granted.clear()
    assert http.get(f"{NOTES}?zz=1").status_code == 403
