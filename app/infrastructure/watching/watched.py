"""What sends and prints, told about as it ends."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from app.domain.mail import MailRefused, MailSuspended, MailUnavailable
from app.domain.papers import Paper
from app.infrastructure.watching.quiet import NoWatch
from app.usecases.ports.mail import Mailer, Message, Sent
from app.usecases.ports.papers import Printer
from app.usecases.ports.shared import Clock

_PAGE: Final = re.compile(rb"/Type\s*/Page\b(?!s)")
_OUTCOMES: Final = {MailRefused: "refused", MailUnavailable: "unavailable", MailSuspended: "suspended"}


@dataclass(frozen=True, slots=True)
class WatchedMailer:
    """A mailer whose sends are counted by how they end."""

    mailer: Mailer
    watch: NoWatch

    def send(self, message: Message, seconds: float) -> Sent:
        """Send it, and raise, as the mailer does."""
        outcome = "failed"
        try:
            sent = self.mailer.send(message, seconds)
            outcome = "sent"
        except (MailRefused, MailUnavailable, MailSuspended) as error:
            outcome = _OUTCOMES[type(error)]
            raise
        finally:
            self.watch.mail_ended(outcome)
        return sent


@dataclass(frozen=True, slots=True)
class WatchedPrinter:
    """A printer whose papers are counted, with their pages and the time they took."""

    printer: Printer
    watch: NoWatch
    clock: Clock

    @property
    def version(self) -> str:
        """The printer's own."""
        return self.printer.version

    def print(self, paper: Paper, check: Callable[[], None]) -> bytes:
        """Print it, and raise, as the printer does."""
        began = self.clock.monotonic()
        data = self.printer.print(paper, check)
        pages = sum(1 for _ in _PAGE.finditer(data))
        self.watch.paper_printed(paper.kind.value, self.clock.monotonic() - began, pages)
        return data
