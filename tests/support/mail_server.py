"""A mail server that misbehaves as it is told, on real sockets of 127.0.0.1."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Final

import trustme

CRLF: Final = b"\r\n"


class Does(Enum):
    """What a server does in place of an answer: closes the line, says nothing, or a byte now and then for ever."""

    DROPS = "drops"
    HANGS = "hangs"
    DRIPS = "drips"


Reply = str | Does


@dataclass(frozen=True, kw_only=True)
class Script:
    """The answers of one connection. ``rcpt`` is for recipients not named in ``each``; ``secret`` has TLS at once."""

    greeting: Reply = "220 mail.example here"
    ehlo: Reply = "250-mail.example\r\n250 SIZE 1000000"
    starttls: Reply = "220 go ahead"
    auth: Reply = "235 welcome"
    mail: Reply = "250 fine"
    rcpt: Reply = "250 fine"
    each: Mapping[str, Reply] = field(default_factory=dict)
    data: Reply = "354 go on"
    end: Reply = "250 taken"
    quit: Reply = "221 bye"
    secret: bool = False
    hello_in_tls: Reply = "250-mail.example\r\n250 AUTH PLAIN"

    def at(self, stage: str, reply: Reply) -> Script:
        """Give the same script with another answer at one stage, called by the name of its field."""
        changed: dict[str, Any] = {stage: reply}
        return replace(self, **changed)


@dataclass
class RawServer:
    """Serves connections one script after the other, the last one again and again; remembers what it was told."""

    scripts: Sequence[Script]
    trust: ssl.SSLContext | None
    listening: socket.socket
    commands: list[str] = field(default_factory=list)
    messages: list[tuple[tuple[str, ...], bytes]] = field(default_factory=list)
    connections: int = 0
    over: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self.listening.getsockname()[1]
        return port

    def serve(self) -> None:
        """Take connections until closed."""
        while True:
            try:
                line, _ = self.listening.accept()
            except OSError:
                return
            script = self.scripts[min(self.connections, len(self.scripts) - 1)]
            self.connections += 1
            thread = threading.Thread(target=self._talk, args=(line, script), daemon=True)
            self.threads.append(thread)
            thread.start()

    def _talk(self, line: socket.socket, script: Script) -> None:
        # A client that goes away in the middle is what many tests are about.
        with suppress(OSError, _Ended):
            try:
                _Talk(self, line, script).run()
            finally:
                line.close()


class _Ended(Exception):
    """The connection is over."""


class _Talk:
    """One connection."""

    def __init__(self, server: RawServer, line: socket.socket, script: Script) -> None:
        self.server, self.line, self.script = server, line, script
        self.rest = b""
        self.recipients: list[str] = []

    def run(self) -> None:
        if self.script.secret:
            self.wrap()
        self.say(self.script.greeting)
        while True:
            command = self.read_line().decode("utf-8", "replace")
            self.server.commands.append(command)
            self.answer(command.partition(" ")[0].upper(), command)

    def answer(self, verb: str, command: str) -> None:
        match verb:
            case "EHLO" | "HELO":
                self.say(self.script.ehlo)
            case "STARTTLS":
                self.say(self.script.starttls)
                if str(self.script.starttls).startswith("220"):
                    self.wrap()
                    self.script = replace(self.script, ehlo=self.script.hello_in_tls)
            case "MAIL":
                self.recipients = []
                self.say(self.script.mail)
            case "RCPT":
                self.rcpt(command.partition("<")[2].partition(">")[0])
            case "DATA":
                self.data()
            case "QUIT":
                self.say(self.script.quit)
                raise _Ended
            case _:
                self.say(self.script.auth)

    def rcpt(self, address: str) -> None:
        reply = self.script.each.get(address, self.script.rcpt)
        if str(reply).startswith("25"):
            self.recipients.append(address)
        self.say(reply)

    def data(self) -> None:
        self.say(self.script.data)
        if not str(self.script.data).startswith("354"):
            return
        lines = []
        while (one := self.read_line()) != b".":
            lines.append(one[1:] if one.startswith(b"..") else one)
        self.server.messages.append((tuple(self.recipients), CRLF.join(lines) + CRLF))
        self.say(self.script.end)

    def wrap(self) -> None:
        assert self.server.trust is not None
        self.line = self.server.trust.wrap_socket(self.line, server_side=True)

    def say(self, reply: Reply) -> None:
        match reply:
            case Does.DROPS:
                self._hang_up()
                raise _Ended
            case Does.HANGS:
                self.server.over.wait()
                raise _Ended
            case Does.DRIPS:
                while not self.server.over.wait(0.01):
                    self.line.sendall(b"2")
                raise _Ended
            case _:
                self.line.sendall(str(reply).encode() + CRLF)

    def _hang_up(self) -> None:
        """End the line in order: closed with something unread, it would be reset, which is another failure."""
        self.line.shutdown(socket.SHUT_WR)
        self.line.settimeout(1.0)
        while self.line.recv(65536):
            pass

    def read_line(self) -> bytes:
        while CRLF not in self.rest:
            got = self.line.recv(65536)
            if not got:
                raise _Ended
            self.rest += got
        one, _, self.rest = self.rest.partition(CRLF)
        return one


@contextmanager
def raw_server(*scripts: Script, trust: ssl.SSLContext | None = None) -> Iterator[RawServer]:
    """Run a server with these scripts on a free port of 127.0.0.1; ``trust`` is what it shows as its certificate."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = RawServer(scripts or (Script(),), trust, listening)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)
        for one in server.threads:
            one.join(5)


@cache
def authority() -> trustme.CA:
    """Give an authority of certificates that no machine knows."""
    return trustme.CA()


def certified(*names: str) -> ssl.SSLContext:
    """Give what a server called ``names`` shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert(*names).configure_cert(context)
    return context


def authority_file(folder: Path) -> str:
    """Write the authority's certificate to a file and give its place."""
    file = folder / "authority.pem"
    authority().cert_pem.write_to_path(str(file))
    return str(file)
