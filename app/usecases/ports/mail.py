"""What sends mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Protocol

from app.domain.mail import LetterKind, Mail
from app.domain.shared.ids import MailId


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
    it twice can tell. ``sender_name`` and ``reply_to`` may be empty; without ``sender`` it comes from the
    installation's own address. ``only`` are those of the recipients that still have to get it, when not all.
    """

    id: str
    sender: str = ""
    sender_name: str = ""
    reply_to: str = ""
    to: Sequence[str]
    cc: Sequence[str] = ()
    subject: str
    text: str
    html: str = ""
    files: Sequence[Attached] = ()
    only: Sequence[str] = ()

    @property
    def recipients(self) -> Sequence[str]:
        """Who is to get it now, each once, in order."""
        return tuple(dict.fromkeys(self.only or (*self.to, *self.cc)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message that a server took.

    ``refused`` are the recipients it will never take, ``later`` those it did not take this time, after the last
    attempt; both with what it said to each.
    """

    message_id: str
    refused: Sequence[tuple[str, str]] = ()
    later: Sequence[tuple[str, str]] = ()
    attempts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a message says, in typed values; how, is the templates' and the language files'.

    ``name`` is whom it greets, may be empty; ``customer`` whom it is about, when that is somebody else; ``note`` the
    sender's own words, in place of the opening sentence; ``attached`` whether a file comes with it.
    """

    kind: LetterKind
    locale: str
    company: str
    name: str = ""
    customer: str = ""
    ref: str = ""
    day: date | None = None
    due: date | None = None
    valid_until: date | None = None
    total: Decimal | None = None
    currency: str = ""
    carrier: str = ""
    tracking: str = ""
    note: str = ""
    attached: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A letter in its language; the subject is one line."""

    subject: str
    text: str
    html: str


class Writer(Protocol):
    """Writes letters."""

    def write(self, letter: Letter) -> Written:
        """Write it: the same for the same letter."""
        ...


class Mailer(Protocol):
    """Sends messages, one after the other (ERP-11, ERP-12)."""

    def send(self, message: Message, seconds: float) -> Sent:
        """Send it within so many seconds, or say why not; it may have been sent all the same when a line broke.

        Raises ``app.domain.mail``'s MailRefused for what no later attempt can change, MailUnavailable (an Unavailable)
        after the last attempt at what may pass, MailSuspended (likewise, with ``retry_after``) while the circuit is
        open.
        """
        ...


class Mails(Protocol):
    """Mails of the context's company."""

    def get(self, mail: MailId, *, lock: bool = False) -> Mail:
        """Give a mail, locked until the end of the transaction if asked. Raises NotFound."""
        ...

    def add(self, mail: Mail) -> None:
        """Store a new mail and set its id."""
        ...

    def save(self, mail: Mail) -> None:
        """Store what became of a mail and move its version. Raises Stale."""
        ...
