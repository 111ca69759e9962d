"""A company, the mail server its letters go to, and a clock that tests move."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Final

import pytest
from sqlalchemy import text as sql

from app.infrastructure.database.migrate import plain_engine
from app.settings import MailTls, Settings
from tests.support.clock import FakeClock
from tests.support.jobs import work_off
from tests.support.mail_server import RawServer, Script, raw_server
from tests.support.office import Office, Served, free_line, serving

ANA: Final = "ana@client.example"
DONE: Final = [("mail.send", "done")]
AGAIN: Final = [("mail.send", "waiting")]


@dataclass
class Post:
    """A company and the server its mail goes to."""

    office: Office
    server: RawServer
    clock: FakeClock

    def work(self, attempts: int = 1) -> list[tuple[str, str]]:
        """Do jobs."""
        return work_off(self.office.served.container, attempts)

    def document(self, kind: str = "invoices", email: str | None = ANA, **party: Any) -> dict[str, Any]:
        """Make and validate a document for a customer with that address."""
        customer = self.office.customer(**({"email": email} if email else {}), **party)
        body = {"party_id": customer, "lines": [free_line("100")]}
        made = self.office.make(f"/{kind}", body)
        return self.office.act(f"/{kind}/{made['id']}/validate")

    def sent(self, document: dict[str, Any], kind: str = "invoices", **body: Any) -> dict[str, Any]:
        """Ask for a document to be sent."""
        return self.office.make(f"/{kind}/{document['id']}/send", body)

    def mail(self, mail: dict[str, Any]) -> dict[str, Any]:
        """Read a mail."""
        found: dict[str, Any] = self.office.get(f"/mails/{mail['id']}").body
        return found

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds)

    @property
    def messages(self) -> list[EmailMessage]:
        """What the server has got, in order."""
        return [message_from_bytes(content, policy=policy.default) for _, content in self.server.messages]


@pytest.fixture(scope="module")
def wire() -> Iterator[RawServer]:
    """Give the mail server that all tests here share."""
    with raw_server() as server:
        yield server


@pytest.fixture(scope="module")
def moved() -> FakeClock:
    """Give the clock of the application."""
    return FakeClock()


@pytest.fixture(scope="module")
def posting(database_settings: Settings, wire: RawServer, moved: FakeClock) -> Iterator[Served]:
    """Give the application with that server and clock."""
    given = {
        "smtp_host": "127.0.0.1",
        "smtp_port": wire.port,
        "smtp_tls": MailTls.OFF,
        "smtp_timeout_s": 0.2,
        "mail_from": "erp@install.example",
        "mail_delay_s": 0.0,
        "mail_breaker_failures": 3,
    }
    with serving(database_settings.model_copy(update=given), clock=moved) as made:
        yield made


@pytest.fixture
def post(posting: Served, wire: RawServer, moved: FakeClock) -> Post:
    """Give a company of the test's own; the server behaves, and has got nothing."""
    moved.advance(3600)
    wire.scripts = (Script(),)
    wire.messages.clear()
    with plain_engine(posting.container.settings.database_url).begin() as connection:
        connection.execute(sql("DELETE FROM jobs"))  # those that tests before left waiting
    return Post(posting.company(), wire, moved)
