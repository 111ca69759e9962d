"""Papers that nobody waits for any more: over a real socket, drawing stops, and nothing of it is kept."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import uvicorn
from sqlalchemy import text

from app.api.printing import AT_ONCE, PRINT_SECONDS, Drawn
from app.api.route import API
from app.api.shell import Shell
from app.infrastructure.database.migrate import plain_engine
from app.settings import Settings
from tests.support.clock import FakeClock
from tests.support.office import Office, Served, free_line, serving
from tests.support.printers import RecordingPrinter
from tests.support.servers import free_port

pytestmark = pytest.mark.fast
LINES: Final = 2000
PIECES: Final = LINES // 50
HELD_AFTER: Final = 3


@dataclass
class Line:
    """A real server on a real port, with one connection to the database, and the office that sells there."""

    office: Office
    printer: RecordingPrinter
    clock: FakeClock
    port: int
    shell: Shell
    ended: threading.Event
    left: threading.Event

    def ask(self, path: str) -> socket.socket:
        """Ask for a path and leave the answer to come."""
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        token = self.office.headers["authorization"]
        sock.sendall(f"GET {API}{path} HTTP/1.1\r\nhost: a\r\nauthorization: {token}\r\n\r\n".encode())
        return sock

    def get(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Ask for a path and wait for the answer."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request("GET", API + path, headers=self.office.headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()

    def kept(self) -> tuple[int, list[Path]]:
        """Give how many papers the company has, and which files, those on their way too."""
        settings = self.office.served.container.settings
        with plain_engine(settings.database_url).connect() as connection:
            rows = connection.execute(
                text("SELECT COUNT(*) FROM papers WHERE company_id = :company"), {"company": self.office.company}
            ).scalar_one()
        folder = (settings.files_dir or settings.data_dir / "files") / str(self.office.company)
        return int(rows), [path for path in folder.rglob("*") if path.is_file()]


@contextmanager
def listening(served: Served, printer: RecordingPrinter, clock: FakeClock | None = None) -> Iterator[Line]:
    """Serve the application of ``served`` by uvicorn.

    ``left`` is set when the server has heard that the client of a paper left, ``ended`` when its request is over.
    """
    app: Any = served.http.app
    port, ended, left = free_port(), threading.Event(), threading.Event()

    class Server(uvicorn.Server):
        ready = threading.Event()

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            self.ready.set()

    async def watched(scope: Any, receive: Any, send: Any) -> None:
        async def heard() -> Any:
            message = await receive()
            if message["type"] == "http.disconnect":
                left.set()
            return message

        try:
            await app(scope, heard, send)
        finally:
            if scope["type"] == "http" and scope["path"].endswith("/pdf"):
                ended.set()

    server = Server(uvicorn.Config(watched, host="127.0.0.1", port=port, log_config=None))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        assert server.ready.wait(30)
        office = served.company()
        office.warehouse()
        yield Line(office, printer, clock or FakeClock(), port, app.state.shell, ended, left)
    finally:
        server.should_exit = True
        thread.join(15)


@pytest.fixture
def line(database_settings: Settings) -> Iterator[Line]:
    """Give the server."""
    printer, clock = RecordingPrinter(), FakeClock()
    one = database_settings.model_copy(update={"db_pool_size": 1, "db_pool_overflow": 0})
    with (
        serving(one, printer=printer, clock=clock, patience=5.0) as served,
        listening(served, printer, clock) as made,
    ):
        yield made
        printer.gate.set()


def long_invoice(office: Office) -> str:
    """Enter an invoice of 2,000 lines and give the path of its paper."""
    made = office.make("/invoices", {"party_id": office.customer(), "lines": [free_line("1")] * LINES})
    office.act(f"/invoices/{made['id']}/validate")
    return f"/invoices/{made['id']}/pdf"


def test_drawing_stops_when_the_client_leaves(line: Line) -> None:
    """CT-03, ERP-08: at most one more piece is drawn; meanwhile no connection is held, afterwards no slot is."""
    path = long_invoice(line.office)
    line.printer.hold_after = HELD_AFTER
    asked = line.ask(path)
    assert line.printer.held.wait(30)
    assert line.get("/company")[0] == 200  # the only connection is free while the paper is drawn
    assert line.shell.printers.borrowed_tokens == 1
    asked.close()
    assert line.left.wait(30)
    assert line.get("/company")[0] == 200  # and has been told of it, once it serves somebody else
    line.printer.gate.set()
    assert line.ended.wait(30)
    assert HELD_AFTER <= line.printer.drawn <= HELD_AFTER + 1
    assert line.shell.printers.borrowed_tokens == 0
    assert line.kept() == (0, [])
    line.printer.hold_after = None
    status, headers, body = line.get(path)
    assert (status, headers["content-type"], body[:5]) == (200, "application/pdf", b"%PDF-")
    assert line.printer.drawn >= HELD_AFTER + PIECES
    rows, files = line.kept()
    assert (rows, len(files)) == (1, 1)


def test_drawing_stops_after_thirty_seconds(line: Line) -> None:
    """ERP-10, ERP-08: whoever still waits is told; nothing is kept, and the slot is free."""
    path = long_invoice(line.office)
    line.printer.hold_after = HELD_AFTER
    with closing(line.ask(path)) as asked:
        assert line.printer.held.wait(30)
        line.clock.advance(PRINT_SECONDS)
        line.printer.gate.set()
        answer = http.client.HTTPResponse(asked)
        answer.begin()
        assert (answer.status, json.loads(answer.read())["code"]) == (503, "deadline_exceeded")
    assert line.printer.drawn <= HELD_AFTER + 1
    assert line.shell.printers.borrowed_tokens == 0
    assert line.kept() == (0, [])


def test_who_waits_too_long_for_a_slot_is_told_to_come_again(database_settings: Settings) -> None:
    """ERP-08: two papers are drawn at once; the third answers 503 with Retry-After, and other requests do not wait."""
    printer = RecordingPrinter(hold_after=1)
    with serving(database_settings, printer=printer, patience=0.5) as served, listening(served, printer) as made:
        paths = [f"/invoices/{made.office.invoice('1')['id']}/pdf" for _ in range(AT_ONCE + 1)]
        drawing = threading.Semaphore(0)
        printer.waits = drawing.release
        asked = [made.ask(path) for path in paths[:AT_ONCE]]
        assert all(drawing.acquire(timeout=30) for _ in asked)
        status, headers, _ = made.get(paths[-1])
        assert (status, "retry-after" in {name.lower() for name in headers}) == (503, True)
        assert made.get("/company")[0] == 200
        printer.gate.set()
        for one in asked:
            answer = http.client.HTTPResponse(one)
            answer.begin()
            assert (answer.status, answer.read()[:5]) == (200, b"%PDF-")
            one.close()


def test_a_client_that_left_before_drawing_began_has_nothing_drawn(line: Line) -> None:
    """CT-03: nor is anybody told, for there is nobody."""
    assert line.get(f"/invoices/{line.office.invoice('1')['id']}/pdf")[0] == 200
    portal = line.office.served.http.portal
    assert portal is not None
    context = line.office.served.container.context_of(line.office.company)
    sent: list[Any] = []

    async def gone() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    def ask() -> Any:
        context.check()
        raise AssertionError("asked for nobody")

    async def answer() -> None:
        await Drawn(line.shell, context, ask, None)({"type": "http"}, gone, send)

    portal.call(answer)
    assert (sent, context.token.cancelled) == ([], True)
