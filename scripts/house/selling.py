"""A client of a running service: signs in, sells from the quote to the cash, and receives its mail."""

from __future__ import annotations

import json
import queue
import re
import socketserver
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

PATIENCE_S: Final = 30.0
BUYER: Final = "buyer@example.com"


class Wrong(Exception):
    """The service does not do what it should; the text says what it did."""


class NotRun(Exception):
    """This could not be tried; the text says what is missing."""


@dataclass(frozen=True)
class Answer:
    """What came back: the status, and the body as it is."""

    status: int
    body: bytes

    def json(self) -> dict[str, Any]:
        """Read the body. Raises Wrong when it is no JSON object."""
        try:
            found = json.loads(self.body)
        except ValueError:
            raise Wrong(f"no JSON: {self.body[:200]!r}") from None
        if not isinstance(found, dict):
            raise Wrong(f"no object: {self.body[:200]!r}")
        return found


@dataclass
class Client:
    """One person at one service; ``sign_in`` comes first."""

    url: str
    token: str = ""

    def ask(self, method: str, path: str, body: object = None) -> Answer:
        """Send one request and give the answer, whatever its status. Raises OSError when nobody answers."""
        headers = {"content-type": "application/json"} | (
            {"authorization": f"Bearer {self.token}"} if self.token else {}
        )
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data, headers, method=method)  # noqa: S310 - an http URL of ours
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310 - likewise
                return Answer(answer.status, answer.read())
        except urllib.error.HTTPError as refused:
            return Answer(refused.code, refused.read())

    def done(self, method: str, path: str, body: object = None) -> Answer:
        """Send one request that has to succeed. Raises Wrong."""
        answer = self.ask(method, path, body)
        if answer.status >= 300:
            raise Wrong(f"{method} {path}: {answer.status} {answer.body[:300]!r}")
        return answer

    def get(self, path: str) -> dict[str, Any]:
        """Read something of the API."""
        return self.done("GET", f"/api/v1{path}").json()

    def post(self, path: str, body: object = None) -> dict[str, Any]:
        """Make or do something of the API."""
        return self.done("POST", f"/api/v1{path}", {} if body is None else body).json()

    def sign_in(self, email: str, password: str) -> None:
        """Get a token; it is good for five minutes."""
        self.token = self.done("POST", "/auth/token", {"email": email, "password": password}).json()["access_token"]

    def route(self, pattern: str) -> str:
        """Give the path of the API's description that ``pattern`` fits. Raises NotRun when there is none."""
        paths = self.done("GET", "/openapi.json").json()["paths"]
        found = next((path for path in paths if re.search(pattern, path)), "")
        if not found:
            raise NotRun(f"no route like {pattern}")
        return str(found)


def quote_to_cash(client: Client) -> dict[str, Any]:
    """Sell two desks and some assembly to a new customer; give the invoice, paid. Raises Wrong.

    A desk of the demo company is 389.00, an hour 65.00: 2 x 389.00 less 5 % is 739.10, 1.5 x 65.00 is 97.50, with 20 %
    VAT together 1003.92.
    """
    customer = client.post(
        "/third-parties",
        {"name": "Bureau Vert SAS", "customer": True, "email": BUYER, "address": {"city": "Nantes", "country": "FR"}},
    )
    before = client.get("/stock-levels?product_id=1")["items"][0]["quantity"]
    lines = [{"product_id": 1, "quantity": "2", "discount": "5"}, {"product_id": 5, "quantity": "1.5"}]
    proposal = client.post("/proposals", {"party_id": customer["id"], "lines": lines})
    client.post(f"/proposals/{proposal['id']}/validate")
    client.post(f"/proposals/{proposal['id']}/sign")
    order = client.post(f"/proposals/{proposal['id']}/orders")
    client.post(f"/orders/{order['id']}/validate")
    shipment = client.post(f"/orders/{order['id']}/shipments")
    client.post(f"/shipments/{shipment['id']}/validate")
    client.post(f"/shipments/{shipment['id']}/close")
    after = client.get("/stock-levels?product_id=1")["items"][0]["quantity"]
    draft = client.post(f"/orders/{order['id']}/invoices")
    client.post(f"/invoices/{draft['id']}/validate")
    client.post(f"/invoices/{draft['id']}/payments", {"method": "transfer"})
    invoice = client.get(f"/invoices/{draft['id']}")
    told = (invoice["status"], invoice["total_gross"], int(before) - int(after))
    if told != ("paid", "1003.92", 2):
        raise Wrong(f"status, total and pieces that left are {told}")
    return invoice


@contextmanager
def mailbox() -> Iterator[tuple[int, queue.Queue[bytes]]]:
    """Take mail by SMTP on a port of this machine; give the port and where the messages arrive."""
    received: queue.Queue[bytes] = queue.Queue()

    class Session(socketserver.StreamRequestHandler):
        """One client: everything is accepted (RFC 5321, the least a server needs)."""

        def handle(self) -> None:
            self._say("220 sink")
            while line := self.rfile.readline():
                word = line[:4].upper()
                if word == b"DATA":
                    self._say("354 go on")
                    received.put(b"".join(iter(self.rfile.readline, b".\r\n")))
                    self._say("250 kept")
                elif word == b"QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say("250 well")

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1], received
        finally:
            server.shutdown()
