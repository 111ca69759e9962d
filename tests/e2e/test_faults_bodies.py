"""Bodies, texts and numbers that nobody should send: refused by name, never a fault of ours, on each database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from app.api.route import API
from app.api.switchboard import endpoints
from tests.support.api import described
from tests.support.office import ON_SQLITE, Office, free_line

pytestmark = pytest.mark.fast

DEEP: Final = 10_000
WITH_BODY: Final = [one for one in endpoints(described()) if one.body_field is not None]
JSON: Final = {"content-type": "application/json"}


def raw(office: Office, body: bytes, path: str = "/orders", verb: str = "POST", **headers: str) -> tuple[int, Any]:
    """Send bytes as they are; give status and problem."""
    sent = {**office.headers, **JSON, "if-match": '"1"', **headers}
    answer = office.served.http.request(
        verb, path if path.startswith("/auth") else API + path, content=body, headers=sent
    )
    return answer.status_code, answer.json()


MALFORMED: Final = {
    "empty object cut": b"{",
    "text cut": b'{"note": "x',
    "escape cut": b'{"note": "\\u12',
    "single quotes": b"{'note': 1}",
    "trailing comma": b'{"note": "x",}',
    "comment": b'{"note": "x"} // y',
    "two values": b"{}{}",
    "NaN": b'{"party_id": NaN}',
    "Infinity": b'{"party_id": -Infinity}',
    "hexadecimal": b'{"party_id": 0x10}',
    "leading zero": b'{"party_id": 007}',
    "byte order mark": b'\xef\xbb\xbf{"note": "x"}',
    "UTF-16": '{"note": "x"}'.encode("utf-16"),
    "Latin-1": '{"note": "é"}'.encode("latin-1"),
    "overlong UTF-8": b'{"note": "\xc0\x80"}',
    "surrogate in UTF-8": b'{"note": "\xed\xa0\x80"}',
    "half a surrogate pair": b'{"note": "\\ud800"}',
    "raw NUL": b'{"note": "\0"}',
    "raw line end": b'{"note": "a\nb"}',
    "deep arrays": b"[" * DEEP + b"]" * DEEP,
    "deep objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "deep and cut": b"[" * DEEP,
}


@pytest.mark.parametrize("one", WITH_BODY, ids=lambda one: one.name)
@ON_SQLITE
def test_what_is_no_json_is_400_everywhere(office: Office, one: Any) -> None:
    """Design 4: never a 500, never a RecursionError, whatever the route."""
    path = one.path.removeprefix(API)
    for part in one.dependant.path_params:
        path = path.replace(f"{{{part.alias}}}", "1")
    for name, body in MALFORMED.items():
        status, problem = raw(office, body, path, one.verb)
        assert (status, problem["code"]) == (400, "request.malformed_json"), name


NUMBERS: Final = [
    "1e400",
    "-1e400",
    "9" * 100_000,
    "1" + "0" * 400,
    "1." + "0" * 100_000 + "1",
    "1e-400",
    "-0",
    "1E400",
]


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: f"{number[:6]}-{len(number)}")
@pytest.mark.parametrize("field", ["party_id", "rate", "quantity", "note", "position"])
@ON_SQLITE
def test_a_number_beyond_all_bounds_is_refused(office: Office, number: str, field: str) -> None:
    """Design 3: overflow is an error; the answer comes at once and says where."""
    quantity = number if field == "quantity" else "1"
    line = f'{{"description": "x", "unit_price": "1", "vat_rate": "0", "quantity": {quantity}}}'
    own = "" if field in {"quantity", "party_id"} else f', "{field}": {number}'
    party = number if field == "party_id" else str(office.customer())
    status, problem = raw(office, f'{{"party_id": {party}, "lines": [{line}]{own}}}'.encode())
    assert status in {400, 422}, problem
    if status == 422:
        assert problem["errors"][0]["pointer"].endswith(field)


def texts(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the place of every text within ``value``."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from texts(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from texts(inner, (*path, index))


def changed(value: Any, path: tuple[Any, ...], text: str) -> Any:
    """Give ``value`` with another text at one place."""
    if not path:
        return text
    if isinstance(value, dict):
        return {key: changed(inner, path[1:], text) if key == path[0] else inner for key, inner in value.items()}
    return [changed(inner, path[1:], text) if index == path[0] else inner for index, inner in enumerate(value)]


@pytest.mark.parametrize("bad", ["a\0b", "\0"])
def test_a_text_with_nul_is_refused_in_every_field_on_every_database(office: Office, bad: str) -> None:
    """PostgreSQL stores no NUL, the others would: 422 on all, with a pointer."""
    party = office.customer()
    product = {"ref": "R", "name": "x", "unit_price": "1", "vat_rate": "20", "cost_price": "1"}
    third = {"name": "x", "customer": True, "email": "a@example.com", "address": {"city": "x"}}
    order = {
        "party_id": party,
        "date": "2026-11-21",
        "currency": "EUR",
        "external_ref": "x",
        "note": "x",
        "lines": [free_line("1")],
    }
    move = {"kind": "receive", "product_id": office.product(), "quantity": "1", "reason": "x"}
    bodies: dict[str, dict[str, Any]] = {
        "/products": product,
        "/third-parties": third,
        "/orders": order,
        "/warehouses": {"ref": "x", "name": "x"},
        "/stock-movements": move,
    }
    for path, body in bodies.items():
        assert office.post(path, body).status < 300
        for place in texts(body):
            reply = office.post(path, changed(body, place, bad))
            assert reply.status == 422, (path, place, reply.body)
            assert reply.pointers == ["".join(f"/{part}" for part in place)]


@pytest.mark.parametrize(
    "text", ["%00", "a%00b", "%ED%A0%80", "%FF", "%F0%9F%98%80", "'", '"', "\\", "%25", "_", "%5C_"]
)
def test_no_text_in_a_query_reaches_the_database_as_anything_but_a_text(office: Office, text: str) -> None:
    """Demand 12: NUL and broken UTF-8 are 400 or find nothing, on each database."""
    office.product()
    for path in (
        "/products?ref=",
        "/products?name=",
        "/third-parties?name=",
        "/orders?external_ref=",
        "/orders?after=",
    ):
        reply = office.get(path + text)
        assert reply.status in {200, 400}, reply.body
        assert reply.status == 400 or reply["items"] == []


@ON_SQLITE
def test_of_two_fields_of_one_name_the_last_one_counts(office: Office) -> None:
    """As in JSON.parse and every common reader (RFC 8259, 4): told in the documents, and the same on every route."""
    status, made = raw(
        office, b'{"ref": "A", "ref": "B", "name": "x", "unit_price": "1", "vat_rate": "0"}', "/products"
    )
    assert (status, made["ref"]) == (201, "B")


@ON_SQLITE
@pytest.mark.parametrize("charset", ["utf-8", "latin-1", "utf-16", "x" * 1000])
def test_json_is_utf_8_whatever_the_charset_says(office: Office, charset: str) -> None:
    """RFC 8259, 11: the parameter means nothing."""
    body = '{"ref": "É", "name": "x", "unit_price": "1", "vat_rate": "0"}'.encode()
    status, made = raw(office, body, "/products", **{"content-type": f"application/json; charset={charset}"})
    assert (status, made["ref"]) == (201, "É")


@ON_SQLITE
def test_a_deep_value_where_any_json_fits_is_no_fault(office: Office) -> None:
    """The reader's limit is 1,024 levels; below it, a wrong value is 422."""
    for depth in (10, 200, 300, 1000):
        deep = b"[" * depth + b"]" * depth
        for path, body in {
            "/orders": b'{"party_id": ' + deep + b"}",
            "/orders:batch": b'{"mode": "each", "items": [' + deep + b"]}",
            "/products": b'{"zz": ' + deep + b"}",
        }.items():
            status, _ = raw(office, body, path, **{"idempotency-key": f"deep{depth}"})
            assert status == (207 if "batch" in path else 422)
