"""Exports over HTTP: every list as a file, whole or visibly not."""

from __future__ import annotations

import csv
import http.client
import io
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
import uvicorn
from anyio import CapacityLimiter, Event, create_task_group, run
from python_calamine import CalamineWorkbook

from app.api.create import ROUTERS, create_app
from app.api.export import ExportProvided, stream
from app.api.export.formats import NdjsonLines
from app.api.export.stream import Streamed, Walk, lines
from app.api.listing import ListProvided
from app.api.route import API
from app.api.switchboard import endpoints
from app.domain.shared.errors import Cancelled, Unavailable
from app.usecases.ports.listing import Page, Query, Sort
from tests.support.api import ANN, CLERK, COMPANY, FakeContainer, ListNotes, client, container, described, notes
from tests.support.databases import context_of
from tests.support.office import ON_SQLITE, Office, Served, free_line
from tests.support.rows import rows_in_every_list
from tests.support.served import served_demo
from tests.support.servers import free_port

pytestmark = pytest.mark.fast

ENDPOINTS: Final = endpoints(described())
LISTS: Final = {one.path for one in ENDPOINTS if isinstance(one.entry, ListProvided) and "{" not in one.path}
EXPORTS: Final = [one for one in ENDPOINTS if isinstance(one.entry, ExportProvided)]


@pytest.fixture(scope="module")
def full(served: Served) -> Office:
    """Give a company with rows in every list."""
    office = served.company()
    office.warehouse()
    for n in range(3):
        product = office.product("9", name=f"=Stuhl {n}")
        lines = [{"product_id": product, "quantity": "1", "unit_price": "10.5"}, free_line("2")]
        office.proposal(lines)
        order = office.order(lines, party_id=office.customer(name=f'Kunde {n}, "GmbH"'))
        shipment = office.make(f"/orders/{order['id']}/shipments", {})
        office.act(f"/shipments/{shipment['id']}/validate")
        invoice = office.make(f"/orders/{order['id']}/invoices", {})
        office.act(f"/invoices/{invoice['id']}/validate")
        office.make(f"/invoices/{invoice['id']}/payments", {"method": "card", "amount": "5"})
    office.make("/custom-fields", {"kind": "orders", "name": "size", "label": "Size", "type": "integer"})
    office.make("/api-keys", {"name": "Key", "scopes": ["orders.read"]})
    office.make("/aws-credentials", {"name": "Key", "scopes": ["workflows.read"]})
    order = office.order([free_line("1")])["id"]
    office.make(f"/orders/{order}/send", {"to": ["ana@client.example"]})
    rows_in_every_list(office, 1)
    office.served.container.dispatch()
    return office


def all_rows(office: Office, path: str, query: str = "") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = office.items(f"{path}?limit=200{query}")
    return rows


def test_every_list_has_its_export_with_the_same_right() -> None:
    """A list that is added has an export without a line of code."""
    assert {one.path.removesuffix(":export") for one in EXPORTS} == LISTS
    rights = {one.path: one.entry.right for one in ENDPOINTS if isinstance(one.entry, ListProvided)}
    assert all(one.entry is not None and one.entry.right == rights[one.path[:-7]] for one in EXPORTS)


@pytest.mark.parametrize("path", sorted(LISTS))
def test_an_export_has_the_rows_of_its_list_in_each_form(
    full: Office, path: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The same rows and values as the list's pages, read two at a time, on each database."""
    monkeypatch.setattr(stream, "PAGE_ROWS", 2)
    path = path.removeprefix(API)
    listed = all_rows(full, path)
    assert len(listed) >= 1
    names = list(listed[0])
    shown = full.get(f"{path}:export?format=ndjson")
    assert [orjson.loads(line) for line in shown.body.splitlines()] == listed
    assert shown.headers["content-type"] == "application/x-ndjson"
    assert shown.headers["content-disposition"].startswith(f'attachment; filename="{path[1:]}-20')
    read = list(csv.DictReader(io.StringIO(full.get(f"{path}:export?format=csv").body, newline="")))
    assert [list(row) for row in read] == [names] * len(listed)
    for row, right in zip(read, listed, strict=True):
        for name in names:
            text = str(right[name])
            if isinstance(right[name], (dict, list)):
                text = orjson.dumps(right[name]).decode()
            if right[name] is None or isinstance(right[name], bool):
                text = {None: "", True: "true", False: "false"}[right[name]]
            assert row[name].removeprefix("'") == text, name
    (tmp_path / "x.xlsx").write_bytes(full.get(f"{path}:export?format=xlsx").body)
    head, *cells = CalamineWorkbook.from_path(str(tmp_path / "x.xlsx")).get_sheet_by_index(0).to_python()
    assert head == names
    assert len(cells) == len(listed)


def test_an_export_takes_the_filters_the_search_and_the_sort_of_the_list(full: Office) -> None:
    for query in ("&q=kunde+1", "&status=validated", "&sort=-total_gross,id", "&q=gmbh&sort=ref", "&total_gross_gte=1"):
        exported = full.get(f"/orders:export?format=ndjson{query}").body.splitlines()
        by_key = "" if "sort" in query else "&sort=-id"
        assert [orjson.loads(line) for line in exported] == all_rows(full, "/orders", query + by_key), query
    assert full.get("/orders:export?format=csv&q=nobody").body.count("\r\n") == 1
    assert full.get("/orders:export?format=ndjson&q=nobody").body == ""


def test_names_that_begin_a_formula_are_neutral_in_files_and_as_they_are_in_json(full: Office) -> None:
    """OWASP CSV injection."""
    assert "'=Stuhl 0" in full.get("/products:export?format=csv").body
    assert '"name":"=Stuhl 0"' in full.get("/products:export?format=ndjson").body


def test_the_byte_order_mark_comes_when_it_is_asked_for(full: Office) -> None:
    assert full.get("/products:export?format=csv&bom=true").body.startswith("\ufeffid,")
    assert full.get("/products:export?format=csv&bom=false").body.startswith("id,")


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("", "format"),
        ("format=pdf", "format"),
        ("format=csv&format=csv", "format"),
        ("format=csv&limit=3", "limit"),
        ("format=csv&after=x", "after"),
        ("format=csv&total=true", "total"),
        ("format=ndjson&bom=true", "bom"),
        ("format=csv&bom=yes", "bom"),
        ("format=csv&colour=red", "colour"),
        ("format=csv&q=--", "q"),
        ("format=csv&sort=colour", "sort"),
    ],
)
@ON_SQLITE
def test_what_an_export_does_not_know_is_refused_by_name(full: Office, query: str, parameter: str) -> None:
    """Demand 12: fails loudly, before the first byte."""
    reply = full.get(f"/products:export?{query}")
    assert reply.status == 400
    assert reply["errors"][0]["parameter"] == parameter


# --- streaming, on a memory Work ------------------------------------------------------------------------------------

NOTE: Final = (1, "t", "open", None, None, None, False, None, "")


class Pages:
    """A list of so many rows, read page by page; notes what is read, and fails at a page when told to."""

    def __init__(self, rows: int, fails_at: int = 0) -> None:
        self.rows = rows
        self.fails_at = fails_at
        self.read = 0
        self.before: Callable[[], None] = lambda: None

    def __call__(self, query: Query) -> Page:
        self.read += 1
        self.before()
        if self.read == self.fails_at:
            raise Unavailable
        first = 1 + int(str(query.after[-1])) if query.after else 1
        last = min(first + query.limit, self.rows + 1)
        return Page(rows=[(n, f"title {n}", *NOTE[2:]) for n in range(first, last)], more=last <= self.rows)


def test_a_refusal_before_the_first_byte_is_a_problem() -> None:
    house = container()
    house.works.lists.page_of = Pages(5000, fails_at=1)
    with client(house) as http_client:
        for form in ("csv", "ndjson", "xlsx"):
            answer = http_client.get(f"{API}/notes:export?format={form}")
            house.works.lists.page_of = Pages(5000, fails_at=1)
            assert answer.status_code == 503
            assert answer.headers["content-type"] == "application/problem+json"


def test_a_failure_in_the_middle_breaks_the_answer_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short file is never taken for a whole one."""
    house = container()
    house.works.lists.page_of = Pages(5000, fails_at=3)
    with client(house) as http_client, pytest.raises(RuntimeError):
        http_client.get(f"{API}/notes:export?format=csv")
    house.works.lists.page_of = Pages(5000, fails_at=3)
    with client(house) as http_client:
        assert http_client.get(f"{API}/notes:export?format=xlsx").status_code == 503, "nothing was sent before"


def test_an_export_walks_in_the_order_of_the_key_unless_told_otherwise() -> None:
    house = container()
    with client(house) as http_client:
        http_client.get(f"{API}/notes:export?format=csv")
        http_client.get(f"{API}/notes:export?format=csv&sort=-day")
    first, second = house.works.lists.asked
    assert first.sort == (Sort(field="id"),)
    assert second.sort == (Sort(field="day", descending=True), Sort(field="id", descending=True))
    assert first.limit == stream.PAGE_ROWS


def walk(house: FakeContainer) -> tuple[Walk, Any]:
    """Give a walk of the list of notes, and its context."""
    app = create_app(house)
    context = context_of(7)  # type: ignore[arg-type]
    shell = replace(app.state.shell, exports=CapacityLimiter(1))
    query = Query(sort=(Sort(field="id"),))
    return Walk(shell, context, house.cases[ListNotes], ListNotes.listing, query), context


def test_rows_in_flight_do_not_grow_with_the_list() -> None:
    """200,000 rows pass through the memory of a few pages, and a page is read only when the one before was taken."""
    house = container()
    pages = Pages(200_000)
    house.works.lists.page_of = pages
    made, _ = walk(house)

    async def consume() -> tuple[int, int]:
        taken = lead = 0
        tracemalloc.start()
        async for piece in lines(made, NdjsonLines(lambda row: {"id": row[0], "title": row[1]})):
            taken += piece.count(b"\n")
            lead = max(lead, pages.read * stream.PAGE_ROWS - taken)
        return taken, lead

    try:
        taken, lead = run(consume)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken == 200_000
    assert lead <= stream.PAGE_ROWS
    assert peak < 12_000_000
    assert not house.works.lists.asked[200:]


def test_no_transaction_is_open_while_the_client_takes_its_time() -> None:
    """A slow client holds memory for one page, and no connection."""
    house = container()
    house.works.lists.page_of = Pages(3000)
    made, context = walk(house)
    open_at_send: list[int] = []
    works = house.works
    reading = works.reading

    def counted(given: Any) -> Any:
        return _Counting(reading(given), open_now)

    open_now: list[int] = [0]
    object.__setattr__(house.runner, "works", _Works(counted))

    async def send(message: Any) -> None:
        open_at_send.append(open_now[0])

    async def receive() -> Any:
        await Event().wait()

    response = Streamed(lambda: lines(made, NdjsonLines(lambda row: {"id": row[0]})), context, {}, "text/plain")
    run(response, {"type": "http"}, receive, send)
    assert open_at_send == [0] * 5, "the start, three pages and the end"


class _Works:
    def __init__(self, reading: Callable[[Any], Any]) -> None:
        self.reading = reading
        self.writing = reading


class _Counting:
    def __init__(self, work: Any, open_now: list[int]) -> None:
        self._work = work
        self._open = open_now

    def __enter__(self) -> Any:
        self._open[0] += 1
        return self._work.__enter__()

    def __exit__(self, *error: object) -> Any:
        self._open[0] -= 1
        return self._work.__exit__(*error)


def test_a_client_that_leaves_stops_the_reading() -> None:
    """ERP-08: the token is set while a page is read, no page follows, and nobody is told of an error."""
    house = container()
    pages = Pages(1_000_000)
    house.works.lists.page_of = pages
    made, context = walk(house)
    sent: list[Any] = []

    async def leave() -> None:
        left = Event()

        async def receive() -> Any:
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)
            if len(sent) == 3:
                left.set()
                await Event().wait()  # what a full socket does

        response = Streamed(lambda: lines(made, NdjsonLines(lambda row: {"id": row[0]})), context, {}, "text/plain")
        async with create_task_group() as group:
            group.start_soon(response, {"type": "http"}, receive, send)

    run(leave)
    assert context.token.cancelled
    assert pages.read == 2
    with pytest.raises(Cancelled):
        context.check()


def test_the_files_of_a_workbook_are_gone_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    house = container()
    for pages in (Pages(2500), Pages(2500, fails_at=2)):
        house.works.lists.page_of = pages
        with client(house) as http_client:
            http_client.get(f"{API}/notes:export?format=xlsx")
        assert list(tmp_path.iterdir()) == []


# --- over a real socket ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int, dict[str, str]]]:
    """Give host, port and headers of a served demo company."""
    with served_demo(tmp_path_factory.mktemp("data")) as server:
        host, port = server.url.removeprefix("http://").split(":")
        body = orjson.dumps({"email": server.email, "password": server.password})
        with closing(http.client.HTTPConnection(host, int(port), timeout=30)) as connection:
            connection.request("POST", "/auth/token", body, {"content-type": "application/json"})
            token = orjson.loads(connection.getresponse().read())["access_token"]
        yield host, int(port), {"authorization": f"Bearer {token}"}


def test_an_export_is_chunked_and_ends_with_the_last_chunk(demo: tuple[str, int, dict[str, str]]) -> None:
    host, port, headers = demo
    with closing(http.client.HTTPConnection(host, port, timeout=30)) as connection:
        connection.request("GET", f"{API}/products:export?format=csv", headers=headers)
        answer = connection.getresponse()
        assert answer.headers["transfer-encoding"] == "chunked"
        assert answer.read().count(b"\r\n") > 1
        connection.request("GET", f"{API}/products:export?format=xlsx", headers=headers)
        assert connection.getresponse().read()[:2] == b"PK"


def test_a_client_sees_that_a_broken_off_file_is_not_whole() -> None:
    """Over HTTP/1.1 the last chunk is missing, which no client takes for an end."""
    house = container()
    house.works.lists.page_of = Pages(5000, fails_at=3)
    port = free_port()
    config = uvicorn.Config(create_app(house, [*ROUTERS, notes()]), host="127.0.0.1", port=port, log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    headers = {"authorization": f"Bearer {house.tokens.issue(ANN, COMPANY, [CLERK], 1)}"}
    try:
        with closing(_connected(port)) as connection:
            connection.request("GET", f"{API}/notes:export?format=csv", headers=headers)
            answer = connection.getresponse()
            assert answer.status == 200
            with pytest.raises(http.client.IncompleteRead) as caught:
                answer.read()
        assert caught.value.partial.count(b"\r\n") >= stream.PAGE_ROWS
    finally:
        server.should_exit = True
        thread.join(10)


def _connected(port: int) -> http.client.HTTPConnection:
    """Give a connection once the server listens."""
    listening = threading.Event()
    for _ in range(200):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.connect()
        except OSError:
            listening.wait(0.05)
        else:
            return connection
    raise AssertionError("the server does not listen")
