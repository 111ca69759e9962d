"""How the API behaves whatever it is asked: admission, preconditions, idempotency, problems, headers, limits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import pytest
import structlog
from starlette.testclient import TestClient

from app.api.create import ROUTERS, create_app
from app.domain.shared.ids import CompanyId, RoleId, UserId
from app.domain.shared.rights import Right
from tests.support.api import ANN, CLERK, COMPANY, FakeContainer, WriteNote, client, container, notes

pytestmark = pytest.mark.fast

NOTES = "/api/v1/notes"


@pytest.fixture
def house() -> FakeContainer:
    return container()


@pytest.fixture
def http(house: FakeContainer) -> Iterator[TestClient]:
    with client(house) as made:
        yield made


@pytest.fixture
def stranger(house: FakeContainer) -> Iterator[TestClient]:
    with client(house, signed_in=False) as made:
        yield made


def written(house: FakeContainer) -> list[Any]:
    case = house.cases[WriteNote]
    assert isinstance(case, WriteNote)
    return case.written


# --- who may come in ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer x.y.z", "Bearer é"])
def test_without_a_good_token_nothing_is_told(stranger: TestClient, header: str | None) -> None:
    """ERP-13: 401 with a challenge."""
    headers = {} if header is None else {b"authorization": header.encode()}
    answer = stranger.get(f"{NOTES}/1", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["code"] == "identity.token_refused"


def test_the_token_is_asked_for_before_the_body_is_looked_at(stranger: TestClient) -> None:
    """401 comes before any word on the body, the query or a replay."""
    for body in (b"{", b'{"zz": 1}', b""):
        answer = stranger.post(f"{NOTES}?zz=1", content=body, headers={b"idempotency-key": "é".encode()})
        assert answer.status_code == 401


def test_the_right_is_asked_for_before_the_body_is_looked_at(house: FakeContainer, http: TestClient) -> None:
    """ERP-13: 403 names the right that is missing and nothing else."""
    house.works.roles.granted[CLERK] = frozenset({Right.ORDERS_READ})
    answer = http.post(NOTES, content=b"{")
    assert answer.status_code == 403
    assert answer.json()["facts"] == {"right": "orders.write"}
    assert "draft orders" in answer.json()["detail"], "in words"


def test_an_expired_token_is_refused_though_it_was_just_believed(house: FakeContainer, http: TestClient) -> None:
    """ERP-13: the cache of verified tokens never outlives the token."""
    house.clock.advance(290)
    assert http.get(f"{NOTES}/1").status_code == 200
    house.clock.advance(10)
    assert http.get(f"{NOTES}/1").status_code == 401


def test_a_verified_token_is_believed_for_half_a_minute(house: FakeContainer, http: TestClient) -> None:
    """A withdrawn right works on for 30 s at most; within them no request asks the database who calls."""
    http.get(f"{NOTES}/1")
    opened = house.works.opened
    house.works.roles.granted[CLERK] = frozenset()
    house.clock.advance(29)
    assert http.get(f"{NOTES}/1").status_code == 200
    assert house.works.opened == opened + 1
    house.clock.advance(1)
    assert http.get(f"{NOTES}/1").status_code == 403


@pytest.mark.parametrize("gone", ["user", "company", "inactive"])
def test_a_token_of_somebody_who_is_gone_is_refused(house: FakeContainer, http: TestClient, gone: str) -> None:
    match gone:
        case "user":
            house.works.users.people.clear()
        case "company":
            house.works.companies.known.clear()
        case _:
            house.works.users.people[ANN].active = False
    assert http.get(f"{NOTES}/1").status_code == 401


def test_a_token_of_another_installation_is_refused(house: FakeContainer, stranger: TestClient) -> None:
    token = container(jwt_issuer="other").tokens.issue(UserId(1), CompanyId(7), [RoleId(3)], 1)
    assert stranger.get(f"{NOTES}/1", headers={"authorization": f"Bearer {token}"}).status_code == 401


# --- what is asked --------------------------------------------------------------------------------------------------


def test_an_unknown_query_parameter_is_refused_everywhere(http: TestClient) -> None:
    for answer in (http.get(f"{NOTES}/1?zz=1"), http.get("/api/v1/me?zz=1"), http.get(f"{NOTES}?zz=1")):
        assert answer.status_code == 400
        (problem,) = answer.json()["errors"]
        assert (problem["parameter"], problem["code"]) == ("zz", "validation.unknown_parameter")


@pytest.mark.parametrize("note_id", ["0", "x", "1.5", "-1", "9223372036854775808", "9" * 50])
def test_an_id_that_cannot_be_one_never_reaches_the_database(
    house: FakeContainer, http: TestClient, note_id: str
) -> None:
    answer = http.get(f"{NOTES}/{note_id}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] == "note_id"
    assert house.works.opened == 1  # who calls


def test_every_wrong_value_is_named_by_its_json_pointer(http: TestClient) -> None:
    """Design 4: one bad line refuses all, with a pointer to it."""
    body = {
        "title": "",
        "rows": [{"worth": 1.5}, {"worth": "1.23456"}, {"worth": "123456789012345", "x": 1, "count": "NaN"}],
        "day": "2026-02-30",
        "pinned": 1,
        "parent": "7",
        "zz/~": 1,
    }
    answer = http.post(NOTES, json=body)
    assert answer.status_code == 422
    found = {problem["pointer"]: problem["code"] for problem in answer.json()["errors"]}
    assert found == {
        "/title": "validation.too_short",
        "/rows/0/worth": "validation.number",
        "/rows/1/worth": "validation.decimals",
        "/rows/2/worth": "validation.digits",
        "/rows/2/x": "validation.unknown_field",
        "/rows/2/count": "validation.number",
        "/day": "validation.date",
        "/pinned": "validation.type",
        "/parent": "validation.number",
        "/zz~1~0": "validation.unknown_field",
    }


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/title", "validation.missing"),
        ([], "", "validation.type"),
        ({"title": "x" * 21}, "/title", "validation.too_long"),
        ({"title": "a\0b"}, "/title", "validation.value"),
        ({"title": "x", "rows": [{"worth": "1"}] * 4}, "/rows", "validation.too_long"),
        ({"title": "x", "parent": 0}, "/parent", "validation.range"),
        ({"title": "x", "parent": True}, "/parent", "validation.number"),
        ({"title": "x", "parent": 1.5}, "/parent", "validation.number"),
        ({"title": "x", "parent": 1e30}, "/parent", "validation.number"),
        ({"title": "x", "day": 20260101}, "/day", "validation.date"),
    ],
)
def test_a_value_of_the_wrong_shape_has_a_stable_code(http: TestClient, body: Any, pointer: str, code: str) -> None:
    answer = http.post(NOTES, json=body)
    assert answer.status_code == 422
    assert [(p["pointer"], p["code"]) for p in answer.json()["errors"]] == [(pointer, code)]


def test_a_whole_number_may_be_written_with_a_point(http: TestClient) -> None:
    """JSON Schema calls 7.0 an integer."""
    assert http.post(NOTES, json={"title": "x", "parent": 7.0}).status_code == 201


@pytest.mark.parametrize("body", [b"", b"null"])
def test_no_body_where_one_is_needed_is_a_missing_value(http: TestClient, body: bytes) -> None:
    answer = http.post(NOTES, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert [problem["pointer"] for problem in answer.json()["errors"]] == [""]


def test_values_that_were_refused_are_never_repeated(http: TestClient) -> None:
    """They may be secrets."""
    answer = http.post("/auth/token", json={"email": 5, "password": {"hunter2": "hunter2"}})
    assert answer.status_code == 422
    assert "hunter2" not in answer.text


@pytest.mark.parametrize("body", [b"{", b"{'a': 1}", b'{"title": NaN}', b'{"title": "\xff"}', b"\xff\xfe", b"{}{}"])
def test_what_is_not_json_is_400(http: TestClient, body: bytes) -> None:
    answer = http.post(NOTES, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["code"] == "request.malformed_json"


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "text/json", ""])
def test_a_body_that_is_not_declared_as_json_is_415(http: TestClient, media_type: str) -> None:
    answer = http.post(NOTES, content=b'{"title":"x"}', headers={"content-type": media_type})
    assert answer.status_code == 415


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_parameters_and_case_of_the_media_type_do_not_matter(http: TestClient, media_type: str) -> None:
    answer = http.post(NOTES, content=b'{"title":"x"}', headers={"content-type": media_type})
    assert answer.status_code == 201


def test_a_patch_may_be_declared_as_a_merge_patch(http: TestClient) -> None:
    headers = {"content-type": "application/merge-patch+json", "if-match": '"4"'}
    assert http.patch(f"{NOTES}/1", content=b'{"title":"x"}', headers=headers).status_code == 200


def test_a_body_over_the_limit_is_413_whether_it_says_so_or_not() -> None:
    with client(container(body_limit_bytes=1024)) as http:
        assert http.post(NOTES, content=b"x" * 1025).status_code == 413
        pieces = (b" " * 512 for _ in range(3))
        headers = {"content-type": "application/json"}
        answer = http.post(NOTES, content=pieces, headers=headers)
        assert (answer.status_code, answer.json()["facts"]) == (413, {"limit": 1024})
        fits = http.post(NOTES, content=b'{"title":"x"}'.ljust(1024), headers=headers)
        assert fits.status_code == 201


def test_an_unknown_path_and_an_unknown_method_are_problems_too(http: TestClient) -> None:
    nowhere = http.get("/api/v1/nowhere")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "request.no_such_path")
    assert http.get(f"{NOTES}/").status_code == 404  # no redirects
    wrong = http.put(f"{NOTES}/1", json={})
    assert (wrong.status_code, wrong.json()["code"]) == (405, "request.method_not_allowed")
    assert wrong.headers["allow"] == "DELETE, GET, PATCH"


# --- versions -------------------------------------------------------------------------------------------------------


def test_an_object_has_its_version_as_entity_tag(http: TestClient) -> None:
    assert http.get(f"{NOTES}/1").headers["etag"] == '"4"'


@pytest.mark.parametrize("tag", ['"4"', 'W/"4"', '"1", "4"', "*"])
def test_an_object_that_has_not_changed_is_304(http: TestClient, tag: str) -> None:
    answer = http.get(f"{NOTES}/1", headers={"if-none-match": tag})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == '"4"'


def test_an_object_that_has_changed_is_sent(http: TestClient) -> None:
    assert http.get(f"{NOTES}/1", headers={"if-none-match": '"3"'}).status_code == 200


def test_a_change_without_the_version_seen_is_428(http: TestClient) -> None:
    """Design 4: If-Match is required on PATCH, PUT and DELETE."""
    assert http.patch(f"{NOTES}/1", json={}).status_code == 428
    assert http.delete(f"{NOTES}/1").status_code == 428


@pytest.mark.parametrize("tag", ["4", 'W/"4"', "*", '"4", "5"', '"x"', '""', '"04"', '"-4"', '"' + "9" * 19 + '"'])
def test_an_if_match_that_is_not_one_strong_tag_of_ours_is_412(http: TestClient, tag: str) -> None:
    answer = http.delete(f"{NOTES}/1", headers={"if-match": tag})
    assert (answer.status_code, answer.json()["code"]) == (412, "request.bad_precondition")


def test_a_stale_version_is_412_and_the_present_one_passes(http: TestClient) -> None:
    stale = http.patch(f"{NOTES}/1", json={}, headers={"if-match": '"3"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    assert stale.json()["facts"] == {"seen": 3, "now": 4}
    fresh = http.patch(f"{NOTES}/1", json={}, headers={"if-match": '"4"'})
    assert (fresh.status_code, fresh.headers["etag"]) == (200, '"5"')
    gone = http.delete(f"{NOTES}/1", headers={"if-match": '"4"'})
    assert (gone.status_code, gone.content) == (204, b"")


# --- once -----------------------------------------------------------------------------------------------------------


def test_a_created_object_has_a_location(http: TestClient) -> None:
    assert http.post(NOTES, json={"title": "x"}).headers["location"] == f"{NOTES}/1"
    assert http.post(f"{NOTES}/9/copy").headers["location"] == f"{NOTES}/2"


def test_the_same_request_under_one_key_is_done_once(house: FakeContainer, http: TestClient) -> None:
    """Design 4: a replay has the same status, headers and bytes."""
    headers = {"idempotency-key": "k-1"}
    first = http.post(NOTES, json={"title": "x"}, headers=headers)
    again = http.post(NOTES, json={"title": "x"}, headers=headers)
    assert len(written(house)) == 1
    assert (again.status_code, again.content) == (first.status_code, first.content) == (201, first.content)
    assert again.headers["idempotent-replay"] == "true"
    assert "idempotent-replay" not in first.headers
    for name in ("etag", "location", "content-type"):
        assert again.headers[name] == first.headers[name]


def test_another_body_under_the_same_key_is_422(house: FakeContainer, http: TestClient) -> None:
    headers = {"idempotency-key": "k-1"}
    http.post(NOTES, json={"title": "x"}, headers=headers)
    answer = http.post(NOTES, json={"title": "y"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency.key_reused")
    assert len(written(house)) == 1


def test_the_same_key_for_another_object_is_422(house: FakeContainer, http: TestClient) -> None:
    """The template names the route, but which object was meant must be the same."""
    headers = {"idempotency-key": "k-1"}
    assert http.post(f"{NOTES}/1/copy", headers=headers).status_code == 201
    assert http.post(f"{NOTES}/2/copy", headers=headers).status_code == 422
    assert len(written(house)) == 1


def test_the_same_key_on_another_route_is_another_request(house: FakeContainer, http: TestClient) -> None:
    headers = {"idempotency-key": "k-1"}
    assert http.post(NOTES, json={"title": "x"}, headers=headers).status_code == 201
    assert http.post(f"{NOTES}/1/copy", headers=headers).status_code == 201
    assert len(written(house)) == 2


def test_a_replay_needs_the_right_as_the_first_time(house: FakeContainer, http: TestClient) -> None:
    """Design 4: rights are checked before a replay."""
    headers = {"idempotency-key": "k-1"}
    http.post(NOTES, json={"title": "x"}, headers=headers)
    house.works.roles.granted[CLERK] = frozenset({Right.ORDERS_READ})
    house.clock.advance(30)
    assert http.post(NOTES, json={"title": "x"}, headers=headers).status_code == 403


def test_what_failed_is_not_kept(house: FakeContainer, http: TestClient) -> None:
    """Design 4: neither refusals nor 5xx are replayed."""
    for title, status in (("locked", 409), ("crash", 500)):
        answer = http.post(NOTES, json={"title": title}, headers={"idempotency-key": title})
        assert answer.status_code == status
    assert not house.works.kept


@pytest.mark.parametrize("key", [b"", b"a b", "é".encode(), b"a" * 256, b"\x7f"])
def test_a_key_that_is_not_visible_ascii_is_refused(http: TestClient, key: bytes) -> None:
    answer = http.post(NOTES, json={"title": "x"}, headers={b"idempotency-key": key})
    assert (answer.status_code, answer.json()["code"]) == (400, "request.bad_idempotency_key")


def test_a_key_may_have_255_characters(http: TestClient) -> None:
    headers = {"idempotency-key": "~" * 255}
    assert http.post(NOTES, json={"title": "x"}, headers=headers).status_code == 201


def test_a_key_on_anything_but_a_post_is_ignored(house: FakeContainer, http: TestClient) -> None:
    headers = {"idempotency-key": "k", "if-match": '"4"'}
    assert http.patch(f"{NOTES}/1", json={}, headers=headers).status_code == 200
    assert not house.works.kept


# --- problems -------------------------------------------------------------------------------------------------------


def test_a_problem_says_what_where_and_under_which_name(http: TestClient) -> None:
    """RFC 9457, and ERP-14: the request id of the logs."""
    answer = http.get(f"{NOTES}/101", headers={"x-request-id": "trace.1"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:tramita:problem:not_found",
        "title": "Not found",
        "status": 404,
        "detail": "There is no note 101.",
        "instance": f"{NOTES}/101",
        "code": "not_found",
        "request_id": "trace.1",
        "facts": {"kind": "note", "id": 101},
    }


def test_problems_are_in_the_language_asked_for(http: TestClient) -> None:
    """ERP-17: Accept-Language decides, and the answer says so to caches."""
    answer = http.get("/api/v1/nowhere", headers={"accept-language": "pt;q=0.9, it"})
    assert answer.headers["content-language"] == "pt-BR"
    assert answer.headers["vary"] == "Accept-Language"
    assert answer.json()["title"] == "Caminho inexistente"


@pytest.mark.parametrize(
    ("wanted", "language", "title"),
    [
        ("fr-CA", "fr", "Chemin inexistant"),
        ("es-MX", "es", "Ruta inexistente"),
        ("de-AT", "de", "Pfad unbekannt"),
        ("pt-PT", "pt-BR", "Caminho inexistente"),
        ("en-GB", "en", "No such path"),
    ],
)
def test_problems_are_told_in_five_languages(http: TestClient, wanted: str, language: str, title: str) -> None:
    """ERP-17: a region's language is served by the one there is."""
    answer = http.get("/api/v1/nowhere", headers={"accept-language": wanted})
    assert (answer.headers["content-language"], answer.json()["title"]) == (language, title)


def test_without_a_wish_problems_are_in_the_user_s_own_language(house: FakeContainer, http: TestClient) -> None:
    """ERP-17: the reader's language."""
    house.works.users.people[ANN].locale = "pt-BR"
    assert http.get(f"{NOTES}/101").headers["content-language"] == "pt-BR"
    assert http.get(f"{NOTES}/101", headers={"accept-language": "en"}).headers["content-language"] == "en"


def test_a_business_error_points_into_the_body(http: TestClient) -> None:
    answer = http.post(NOTES, json={"title": "bad"})
    assert answer.status_code == 422
    assert [problem["pointer"] for problem in answer.json()["errors"]] == ["/rows/2/a~1b~0c"]


def test_a_fault_of_ours_tells_nothing_but_its_name(http: TestClient) -> None:
    """Design 4: nothing internal leaks in a 500; the log has the trace."""
    with structlog.testing.capture_logs() as lines:
        answer = http.post(NOTES, json={"title": "crash"})
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert "ZeroDivision" not in answer.text
    assert answer.json()["code"] == "internal"
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["unhandled error"]
    assert lines[-1]["status"] == 500


# --- headers, logs, limits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", ["abc", "A.b_c-9", "x" * 64])
def test_a_sane_request_id_is_kept(http: TestClient, sent: str) -> None:
    """ERP-14: a trace may start at a proxy."""
    assert http.get("/health", headers={"x-request-id": sent}).headers["x-request-id"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 65, "a b", "a\tb", 'a"b', "é"])
def test_any_other_request_id_is_replaced(http: TestClient, sent: str) -> None:
    """ERP-14: it goes into logs and headers."""
    answer = http.get("/health", headers={b"x-request-id": sent.encode()})
    assert answer.headers["x-request-id"].startswith("request-")


def test_every_answer_has_a_request_id_and_safe_headers(http: TestClient) -> None:
    for answer in (http.get("/health"), http.get(f"{NOTES}/1"), http.get("/nowhere"), http.post(NOTES, content=b"{")):
        assert answer.headers["x-request-id"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


def test_each_request_is_one_line_without_secrets(http: TestClient) -> None:
    """ERP-14: method, path template, status, time, who; no query, no headers, no body."""
    http.get(f"{NOTES}/1")
    with structlog.testing.capture_logs() as lines:
        http.get(f"{NOTES}/1?token=hunter2", headers={"x-request-id": "r-7"})
    (line,) = lines
    assert "hunter2" not in str(line)
    assert (
        line.items()
        >= {
            "method": "GET",
            "path": f"{NOTES}/{{note_id}}",
            "status": 400,
            "ms": 0.0,
            "actor": ANN,
            "company": COMPANY,
        }.items()
    )


def test_no_origin_may_call_from_a_browser_unless_it_is_set(http: TestClient) -> None:
    answer = http.get(f"{NOTES}/1", headers={"origin": "https://shop.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_origins_that_are_set_may_call_and_read_errors_too() -> None:
    with client(container(cors_origins="https://shop.example, https://b.example")) as http:
        asked = {"origin": "https://shop.example", "access-control-request-method": "PATCH"}
        preflight = http.options(NOTES, headers=asked)
        assert preflight.status_code == 200
        assert preflight.headers["access-control-allow-origin"] == "https://shop.example"
        for body in ({"title": "crash"}, {"title": "x"}):
            answer = http.post(NOTES, json=body, headers={"origin": "https://shop.example"})
            assert answer.headers["access-control-allow-origin"] == "https://shop.example"
        other = http.get(f"{NOTES}/1", headers={"origin": "https://evil.example"})
        assert "access-control-allow-origin" not in other.headers


def test_a_request_that_waited_too_long_for_a_thread_is_503_without_touching_the_database() -> None:
    """Design 7: pool timeout 2 s, then 503 with Retry-After."""
    house = container(db_pool_size=1)
    case = house.cases[WriteNote]
    assert isinstance(case, WriteNote)
    entered, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        entered.set()
        assert go_on.wait(10)

    with client(house) as http, ThreadPoolExecutor(2) as pool:
        http.get(f"{NOTES}/1")
        case.hold = hold
        first = pool.submit(http.post, NOTES, json={"title": "x"})
        assert entered.wait(10)
        opened = house.works.opened
        second = pool.submit(http.get, f"{NOTES}/1")
        # The second is admitted on the loop, which answers probes meanwhile, and then waits for the only thread.
        while house.waiting(http) < 1:
            http.get("/health")
        house.clock.advance(house.settings.db_pool_timeout_s + 0.1)
        go_on.set()
        assert first.result(10).status_code == 201
        refused = second.result(10)
    assert (refused.status_code, refused.json()["code"]) == (503, "request.overloaded")
    assert refused.headers["retry-after"] == "1"
    assert house.works.opened == opened


def test_the_deadline_counts_from_the_arrival_of_the_request(house: FakeContainer, http: TestClient) -> None:
    """ERP-08: every use case carries the deadline of its request."""
    case = house.cases[WriteNote]
    assert isinstance(case, WriteNote)
    case.hold = lambda: house.clock.advance(31)
    http.post(NOTES, json={"title": "x"})
    context = house.works.last_context
    assert context is not None
    assert context.deadline is not None
    assert context.deadline.remaining() == 0
    assert context.request_id == "request-1"


# --- probes ---------------------------------------------------------------------------------------------------------


def test_health_touches_nothing(house: FakeContainer, stranger: TestClient) -> None:
    """ERP-15: liveness."""
    answer = stranger.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})
    assert (house.works.opened, house.looked) == (0, 0)


def test_ready_names_its_checks_and_looks_once_a_second(house: FakeContainer, stranger: TestClient) -> None:
    """ERP-15: readiness."""
    checks = {"serving": True, "database": True, "migrations": True}
    for _ in range(3):
        answer = stranger.get("/ready")
        assert (answer.status_code, answer.json()) == (200, {"status": "ready", "checks": checks})
    assert house.looked == 1
    house.checks["migrations"] = False
    assert stranger.get("/ready").status_code == 200
    house.clock.advance(1)
    late = stranger.get("/ready")
    assert (late.status_code, late.json()["status"]) == (503, "not ready")
    assert late.json()["checks"] == {**checks, "migrations": False}


def test_a_process_that_does_jobs_is_ready_when_it_takes_them() -> None:
    """ERP-15, CT-04: requests go to who can also do what they ask for beside them; who does no jobs is not asked."""
    house = container(jobs=True)
    with client(house, signed_in=False) as http:
        assert http.get("/ready").json()["checks"]["jobs"] is True
        house.pool.working = False
        house.clock.advance(1)
        late = http.get("/ready")
        assert (late.status_code, late.json()["checks"]["jobs"]) == (503, False)


def test_a_draining_process_is_not_ready(house: FakeContainer, stranger: TestClient) -> None:
    """ERP-15: 503 while draining, without looking any further; it is still alive."""
    house.draining.set()
    answer = stranger.get("/ready")
    assert (answer.status_code, answer.json()["checks"]) == (503, {"serving": False})
    assert stranger.get("/health").status_code == 200
    assert house.looked == 0


def test_checks_that_fail_to_answer_are_not_ready(house: FakeContainer, stranger: TestClient) -> None:
    """ERP-15: a database that cannot be asked is no 500, and its error is not told."""
    house.checks.clear()
    with structlog.testing.capture_logs() as lines:
        answer = stranger.get("/ready")
    assert (answer.status_code, answer.json()["checks"]) == (503, {"serving": True, "checked": False})
    assert lines[0]["event"] == "readiness cannot be told"


# --- clients that leave ---------------------------------------------------------------------------------------------


def test_a_client_that_leaves_while_sending_is_neither_a_fault_nor_a_bad_request(house: FakeContainer) -> None:
    """It is logged as 499; no use case runs on half a body."""
    token = house.tokens.issue(ANN, COMPANY, [CLERK], 1)
    scope = {
        "type": "http",
        "method": "POST",
        "path": NOTES,
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {token}".encode()), (b"content-type", b"application/json")],
    }
    pieces = iter([{"type": "http.request", "body": b'{"title"', "more_body": True}, {"type": "http.disconnect"}])
    sent: list[Any] = []

    async def receive() -> Any:
        return next(pieces)

    async def send(message: Any) -> None:
        sent.append(message)

    app = create_app(house, [*ROUTERS, notes()])
    with structlog.testing.capture_logs() as lines:
        anyio.run(app, scope, receive, send)
    assert [(line["event"], line["status"]) for line in lines] == [("request", 499)]
    assert not written(house)
