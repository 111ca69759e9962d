"""A mail server that keeps what it is sent."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support.servers import free_port


@dataclass
class SmtpSink:
    """Mail that was accepted, in order of arrival: there as soon as its sender has got the answer."""

    url: str
    messages: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    open: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def __post_init__(self) -> None:
        self.open.set()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rpartition(":")[2])

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep one message; the name is aiosmtpd's."""
        content = envelope.content
        if not isinstance(content, bytes):
            return "451 content is not bytes"
        self.arrived.release()
        # Clear ``open`` to hold every message back that has arrived, before it is said to have been taken.
        await asyncio.to_thread(self.open.wait)
        self.envelopes.append(envelope)
        self.messages.append(message_from_bytes(content, policy=policy.default))
        return "250 OK"


@contextmanager
def smtp_sink(**options: Any) -> Iterator[SmtpSink]:
    """Run a sink on a free port of 127.0.0.1; ``options`` are those of aiosmtpd's controller: TLS, sign-in, UTF-8."""
    port = free_port()
    sink = SmtpSink(f"smtp://127.0.0.1:{port}")
    controller = Controller(sink, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()
