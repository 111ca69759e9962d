"""HTTP/1.1 over one kept connection with as little CPU as it takes, so that clients do not measure themselves."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from typing import Any, Final, Self

import orjson

API: Final = "/api/v1"
RENEW_S: Final = 200
PATIENCE_S: Final = 60
_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length: "
_LAST: Final = b"\r\n0\r\n\r\n"


class Refused(Exception):
    """The service answered with a status of 400 or more."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"{status} {body.decode(errors='replace')}")
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where the service is and how to sign in."""

    port: int
    email: str
    password: str


class Wire:
    """One signed-in client. ``ask`` gives the answer's bytes, ``tell`` sends JSON under a key and reads the answer."""

    def __init__(self, account: Account, name: str) -> None:
        self._account = account
        self._name = name
        self._asked = 0
        self._head = b""
        self._renew_at = 0.0
        self._socket = socket.create_connection(("127.0.0.1", account.port), PATIENCE_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, path: str) -> bytes:
        """GET ``path``. Raises Refused."""
        return self._send("GET", API + path, b"", b"")

    def tell(self, path: str, body: object = None, seen: int | None = None) -> Any:  # noqa: ANN401 - any JSON value
        """POST ``body`` to ``path`` under an Idempotency-Key of its own and give the answer's value. Raises Refused.

        ``seen`` is the version that the change is meant for, where one has to be named.
        """
        self._asked += 1
        more = f"idempotency-key: {self._name}-{self._asked}\r\n"
        if seen is not None:
            more += f'if-match: "{seen}"\r\n'
        return orjson.loads(self._send("POST", API + path, b"" if body is None else orjson.dumps(body), more.encode()))

    def _send(self, method: str, path: str, body: bytes, more: bytes) -> bytes:
        if time.monotonic() > self._renew_at:
            self._sign_in()
        return self._exchange(f"{method} {path} HTTP/1.1\r\n".encode() + self._head + more, body)

    def _sign_in(self) -> None:
        """Get a token; it lives five minutes. Many at once are told to come again: hashing passwords is dear."""
        body = orjson.dumps({"email": self._account.email, "password": self._account.password})
        answer = None
        while answer is None:
            try:
                answer = self._exchange(b"POST /auth/token HTTP/1.1\r\nhost: 127.0.0.1\r\n", body)
            except Refused as refused:
                if refused.status != 503:
                    raise
                time.sleep(1)
        token = orjson.loads(answer)["access_token"]
        self._head = f"host: 127.0.0.1\r\nauthorization: Bearer {token}\r\n".encode()
        self._renew_at = time.monotonic() + RENEW_S

    def _exchange(self, head: bytes, body: bytes) -> bytes:
        if body:
            head += b"content-type: application/json\r\ncontent-length: %d\r\n" % len(body)
        self._socket.sendall(head + b"\r\n" + body)
        received = self._socket.recv(65536)
        while (end := received.find(_END)) < 0:
            received += self._more()
        status = int(received[9:12])
        lengths = received[:end].lower().partition(_LENGTH)[2]
        length = int(lengths.partition(b"\r\n")[0]) if lengths else 0
        if b"transfer-encoding: chunked" in received[:end].lower():
            return self._chunks(received[end + len(_END) :])
        answer = received[end + len(_END) :]
        while len(answer) < length:
            answer += self._more()
        if status >= 400:
            raise Refused(status, answer)
        return answer

    def _chunks(self, first: bytes) -> bytes:
        """Read to the last chunk; the answer keeps the lines that tell the chunks' sizes, which nobody here reads."""
        parts, tail = [first], first
        while not tail.endswith(_LAST):
            parts.append(self._more())
            tail = (tail + parts[-1])[-len(_LAST) :]
        return b"".join(parts)

    def _more(self) -> bytes:
        more = self._socket.recv(65536)
        if not more:
            raise ConnectionError("the service closed the connection in the middle of an answer")
        return more
