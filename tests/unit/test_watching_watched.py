"""Mails and papers are counted by how they end."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO

import pytest
from pypdf import PdfReader

from app.domain.mail import MailReason, MailRefused, MailSuspended, MailUnavailable
from app.infrastructure.papers.printer import PdfPrinter
from app.infrastructure.texts import Texts
from app.infrastructure.watching.quiet import NoWatch
from app.infrastructure.watching.watched import WatchedMailer, WatchedPrinter
from app.usecases.ports.mail import Message, Sent
from tests.support.clock import FakeClock
from tests.support.papers import invoice

pytestmark = pytest.mark.fast
LETTER = Message(id="1", sender="a@b.example", to=["c@d.example"], subject="s", text="t")


@dataclass
class Heard(NoWatch):
    mails: list[str] = field(default_factory=list)
    papers: list[tuple[str, float, int]] = field(default_factory=list)

    def mail_ended(self, outcome: str) -> None:
        self.mails.append(outcome)

    def paper_printed(self, kind: str, seconds: float, pages: int) -> None:
        self.papers.append((kind, seconds, pages))


@dataclass
class Answering:
    error: Exception | None

    def send(self, message: Message, seconds: float) -> Sent:
        assert seconds == 3.0
        if self.error is not None:
            raise self.error
        return Sent(message_id=message.id)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, "sent"),
        (MailRefused(reason=MailReason.NO_ADDRESS), "refused"),
        (MailUnavailable(reason=MailReason.NO_ADDRESS, attempts=3), "unavailable"),
        (MailSuspended(retry_after=5), "suspended"),
        (ValueError(), "failed"),
    ],
)
def test_a_send_is_counted_by_its_end_and_ends_as_it_does(error: Exception | None, outcome: str) -> None:
    """ERP-12: what the mailer raises goes on."""
    heard = Heard()
    mailer = WatchedMailer(Answering(error), heard)
    if error is None:
        assert mailer.send(LETTER, 3.0).message_id == "1"
    else:
        with pytest.raises(type(error)):
            mailer.send(LETTER, 3.0)
    assert heard.mails == [outcome]


@pytest.mark.parametrize("lines", [1, 120])
def test_a_paper_is_counted_with_its_pages(lines: int) -> None:
    """ERP-16: as many as a reader counts."""
    heard, clock = Heard(), FakeClock()
    printer = WatchedPrinter(PdfPrinter(Texts()), heard, clock)
    data = printer.print(invoice(lines), lambda: clock.advance(0.5))
    ((kind, seconds, pages),) = heard.papers
    assert (kind, pages) == ("invoice", len(PdfReader(BytesIO(data)).pages))
    assert seconds >= 0.5
    assert printer.version == PdfPrinter(Texts()).version


def test_a_paper_that_was_given_up_is_not_counted() -> None:
    heard = Heard()

    def check() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        WatchedPrinter(PdfPrinter(Texts()), heard, FakeClock()).print(invoice(3), check)
    assert heard.papers == []
