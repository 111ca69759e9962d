"""What sends mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A file that goes with a message; ``type`` is its media type."""

    name: str
    type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as it is sent, complete: addresses are checked, texts are in the reader's language.

    ``id`` becomes the Message-ID's left part: the same for every attempt at the same message, so that whoever receives
    it twice can tell. ``sender_name`` and ``reply_to`` may be empty.
    """

    id: str
    sender: str
    sender_name: str = ""
    reply_to: str = ""
    to: Sequence[str]
    cc: Sequence[str] = ()
    subject: str
    text: str
    html: str = ""
    files: Sequence[Attached] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message that a server took; ``refused`` are the recipients it did not take, with what it said to each."""

    message_id: str
    refused: Sequence[tuple[str, str]] = ()


class Mailer(Protocol):
    """Sends messages, one after the other (ERP-11, ERP-12)."""

    def send(self, message: Message, seconds: float) -> Sent:
        """Send it within so many seconds, or say why not; it may have been sent all the same when a line broke.

        Raises ``app.domain.mail``'s MailRefused for what no later attempt can change, MailUnavailable (an Unavailable)
        after the last attempt at what may pass, MailSuspended (likewise, with ``retry_after``) while the circuit is
        open.
        """
        ...
