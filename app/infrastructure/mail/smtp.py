"""Sending by SMTP: at most three attempts with fixed delays between them (ERP-11), none while the circuit is open."""

from __future__ import annotations

import base64
import smtplib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

import structlog

from app.domain.mail import (
    BadMailAddress,
    MailAddress,
    MailReason,
    MailRefused,
    MailUnavailable,
    mail_address,
)
from app.infrastructure.mail.breaker import Breaker
from app.infrastructure.mail.classify import Failure, classify, of_reply
from app.infrastructure.mail.compose import compose, is_wide, message_id
from app.infrastructure.mail.line import Line, Server
from app.usecases.context import Deadline
from app.usecases.ports.mail import Message, Sent
from app.usecases.ports.shared import Clock

MOST_ATTEMPTS: Final = 3
LONGEST_SAID: Final = 200
NO_UTF8: Final = "the server takes no addresses with letters beyond ASCII (SMTPUTF8)"
_log = structlog.get_logger(source="app.mail")


class Backoff(StrEnum):
    """How delays grow: linear is 1, 2 times the first one, exponential 1, 4 times."""

    LINEAR = "linear"
    EXPONENTIAL = "exponential"


@dataclass(frozen=True, slots=True)
class Attempts:
    """How often a message is tried within one send, at most three times, and how long is waited between."""

    most: int = MOST_ATTEMPTS
    delay_s: float = 1.0
    backoff: Backoff = Backoff.LINEAR

    def __post_init__(self) -> None:
        if not 1 <= self.most <= MOST_ATTEMPTS or self.delay_s < 0:
            raise ValueError("one to three attempts, and no delay below zero")

    def delay(self, failed: int) -> float:
        """Give the seconds to wait after so many failed attempts, 1 or 2: always the same, without chance."""
        return self.delay_s * (failed if self.backoff is Backoff.LINEAR else 4.0 ** (failed - 1))


@dataclass(slots=True)
class _Course:
    """How a send goes: who still waits, what was said to whom, how the last attempt ended; by address in ASCII."""

    waiting: list[str]
    refused: dict[str, str] = field(default_factory=dict)
    later: dict[str, str] = field(default_factory=dict)
    taken: bool = False
    failure: Failure | None = None
    attempts: int = 0

    def refuse(self, addresses: Sequence[str], said: str) -> None:
        """Give up on some."""
        self.refused.update(dict.fromkeys(addresses, said))
        self.waiting = [one for one in self.waiting if one not in self.refused]

    def tell(self, replies: Mapping[str, tuple[int, str]], *, taken: bool) -> None:
        """Note what was replied to recipients; when the message was ``taken``, the others have got it."""
        for one, (code, said) in replies.items():
            failure = of_reply(code, MailReason.RECIPIENTS)
            (self.later if failure.transient else self.refused)[one] = said
            if failure.transient or self.failure is None:
                self.failure = failure
        # Those nothing was said about, when the line ended among the recipients, wait on.
        self.waiting = [one for one in self.waiting if (one in replies or not taken) and one not in self.refused]
        self.taken = self.taken or taken

    @property
    def over(self) -> bool:
        """Whether another attempt would change nothing."""
        return not self.waiting or (self.failure is not None and not self._passing)

    @property
    def _passing(self) -> bool:
        # A recipient refused for good says nothing of the others.
        return self.failure is not None and (self.failure.transient or self.failure.reason is MailReason.RECIPIENTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpMailer:
    """Sends by one server; ``sender`` is who writes when the message does not say. ``wait`` waits some seconds.

    Some of several recipients refused for good: the others get it. Some refused for now: those alone are tried again.
    Each attempt at a message sends the same bytes, with the same Message-ID.
    """

    server: Server
    sender: MailAddress
    attempts: Attempts
    breaker: Breaker
    clock: Clock
    wait: Callable[[float], None]

    def send(self, message: Message, seconds: float) -> Sent:
        """Send it. Raises MailRefused, MailUnavailable, MailSuspended; never with what the server said in them."""
        self.breaker.check()
        deadline, at = Deadline(seconds, self.clock.monotonic), self.clock.now()
        try:
            sender = mail_address(message.sender) if message.sender else self.sender
            identity = message_id(message, sender)
        except BadMailAddress as error:
            raise MailRefused(reason=MailReason.SENDER) from error
        except ValueError as error:
            raise MailRefused(reason=MailReason.MESSAGE) from error
        given, _ = _read(message.recipients)
        course = _Course(list(given))
        _, bad = _read((*message.recipients, *message.to, *message.cc))
        course.refused.update({one: fault for one, fault in bad.items() if one in message.recipients})
        message = replace(message, to=_without(message.to, bad), cc=_without(message.cc, bad))
        for failed in range(self.attempts.most):
            delay = self.attempts.delay(failed) if failed else 0.0
            if course.over or (failed and delay >= deadline.remaining()):
                break
            if failed:
                self.wait(delay)
            course.failure = None
            course.attempts += 1
            self._attempt(message, sender, at, course, deadline)
        return self._concluded(identity, course, given)

    def _attempt(
        self, message: Message, sender: MailAddress, at: datetime, course: _Course, deadline: Deadline
    ) -> None:
        line = None
        try:
            # Written before the line is opened: what cannot be written needs no server.
            mail = compose(message, sender, at)
            line = Line(self.server, deadline.remaining)
            line.ehlo_or_helo_if_needed()
            options: Sequence[str] = ()
            if is_wide(message, sender):
                if sender.international or line.has_extn("smtputf8"):
                    options = ("SMTPUTF8", "BODY=8BITMIME")  # smtplib says so itself when the server takes neither
                else:
                    # They alone cannot be written to; the others can, in a message that does not name them.
                    course.refuse([one for one in course.waiting if not one.isascii()], NO_UTF8)
                    mail = compose(replace(message, to=_narrow(message.to), cc=_narrow(message.cc)), sender, at)
            if course.waiting:
                replies = line.sendmail(str(sender), course.waiting, mail.as_bytes(), options)
                course.tell(self._replies(replies), taken=True)
            line.end()
        except smtplib.SMTPRecipientsRefused as error:
            course.tell(self._replies(error.recipients), taken=False)
        except Exception as error:  # noqa: BLE001 - what the table of classify does not know is raised again there
            course.failure = classify(error)
        finally:
            if line is not None:
                line.close()
        if course.failure is not None and not course.taken:
            _log.warning(
                "mail attempt failed",
                message=message.id,
                attempt=course.attempts,
                reason=course.failure.reason.value,
                reply=course.failure.reply,
                transient=course.failure.transient,
            )

    def _replies(self, replies: Mapping[str, tuple[int, bytes]]) -> dict[str, tuple[int, str]]:
        """Give the replies as they may be shown: one line each, and without our password should it be repeated."""
        return {one: (code, f"{code} {self._clean(said)}".strip()) for one, (code, said) in replies.items()}

    def _clean(self, said: bytes) -> str:
        text = "".join(one if one.isprintable() else " " for one in said.decode("utf-8", "replace"))
        for secret in _spellings(self.server.user, self.server.password):
            text = text.replace(secret, "***")
        return " ".join(text.split())[:LONGEST_SAID]

    def _concluded(self, identity: str, course: _Course, given: Mapping[str, str]) -> Sent:
        """Say how it ended, and tell the breaker."""
        refused = tuple((given.get(one, one), said) for one, said in course.refused.items())
        failure = course.failure or Failure(transient=False, reason=MailReason.RECIPIENTS)
        if course.taken:
            self.breaker.succeeded()
            later = tuple((given[one], course.later.get(one, "")) for one in course.waiting)
            _log.info("mail sent", message=identity, attempts=course.attempts, refused=len(refused), later=len(later))
            return Sent(message_id=identity, refused=refused, later=later, attempts=course.attempts)
        if course.over:
            raise MailRefused(reason=failure.reason, reply=failure.reply, attempts=course.attempts, refused=refused)
        self.breaker.failed()
        raise MailUnavailable(reason=failure.reason, reply=failure.reply, attempts=course.attempts)


@dataclass(frozen=True, slots=True)
class NoServer:
    """Stands where no mail server is set up (SMTP_HOST is empty): refuses, so that nothing waits for ever."""

    def send(self, message: Message, seconds: float) -> Sent:  # noqa: ARG002 - the port's signature
        """Raise MailRefused: the message can be sent again once there is a server."""
        raise MailRefused(reason=MailReason.NOT_CONFIGURED)


def _read(addresses: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Give the addresses as given, by the form a server gets them in; and what is wrong with those that are none."""
    good, bad = {}, {}
    for one in addresses:
        try:
            good[str(mail_address(one))] = one
        except BadMailAddress as error:
            bad[one] = str(error.facts["reason"])
    return good, bad


def _without(addresses: Sequence[str], bad: Mapping[str, str]) -> Sequence[str]:
    return [one for one in addresses if one not in bad]


def _narrow(addresses: Sequence[str]) -> Sequence[str]:
    return [one for one in addresses if not mail_address(one).international]


def _spellings(user: str, password: str) -> Sequence[str]:
    """Give the forms in which a password travels."""
    if not password:
        return ()
    plain = f"\0{user}\0{password}"
    return (*(base64.b64encode(one.encode()).decode() for one in (plain, password)), password)
