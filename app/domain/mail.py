"""Mail: what an address is, what becomes of a message about a document, and why one was not sent."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar, Final

from app.domain.shared.errors import Conflict, Invalid, Unavailable
from app.domain.shared.events import Event
from app.domain.shared.ids import MailId, PartyId, UserId
from app.domain.shared.objects import ObjectKind
from app.domain.shared.states import advance
from app.workflow.kernel.lifecycle import Lifecycle, Transition

LONGEST_ADDRESS: Final = 254
LONGEST_LOCAL: Final = 64
LONGEST_LABEL: Final = 63
MOST_RECIPIENTS: Final = 50
LONGEST_ERROR: Final = 60
_ATOM: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+")
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_ACE: Final = "xn--"
# Letters that casefolding would turn into others, but that IDNA 2008 (RFC 5892, 2.6) keeps as they are.
_KEPT: Final = frozenset("ßς\N{TIBETAN MARK INTERSYLLABIC TSHEG}\N{IDEOGRAPHIC NUMBER ZERO}")
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_IN_NAMES: Final = frozenset({"Ll", "Lo", "Lm", "Mn", "Mc", "Nd"})


class Notice(StrEnum):
    """What the customer may be told of by a mail that nobody asks for."""

    ORDER_VALIDATED = "order.validated"
    SHIPMENT_VALIDATED = "shipment.validated"
    INVOICE_VALIDATED = "invoice.validated"


class MailState(StrEnum):
    """Where a mail stands. ``refused``: nobody will ever take it as it is; ``failed``: its job is dead or canceled."""

    WAITING = "waiting"
    SENT = "sent"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELED = "canceled"


MAIL: Final = Lifecycle(
    "mail",
    MailState,
    initial=MailState.WAITING,
    transitions=(
        Transition("deliver", MailState.WAITING, MailState.SENT),
        # A job that was given up and is done after all by a person's wish; and a message that was under way already
        # when it was called off: what has left cannot be called back, and is not hidden.
        Transition("deliver", MailState.FAILED, MailState.SENT),
        Transition("deliver", MailState.CANCELED, MailState.SENT),
        Transition("refuse", MailState.WAITING, MailState.REFUSED),
        Transition("refuse", MailState.FAILED, MailState.REFUSED),
        Transition("fail", MailState.WAITING, MailState.FAILED),
        Transition("fail", MailState.FAILED, MailState.FAILED),
        Transition("cancel", MailState.WAITING, MailState.CANCELED),
        Transition("cancel", MailState.FAILED, MailState.CANCELED),
        Transition("resend", MailState.SENT, MailState.WAITING),
        Transition("resend", MailState.REFUSED, MailState.WAITING),
        Transition("resend", MailState.FAILED, MailState.WAITING),
        Transition("resend", MailState.CANCELED, MailState.WAITING),
    ),
)
UNDER_WAY: Final = frozenset({MailState.WAITING, MailState.FAILED})
"""States in which a mail may still be sent by the job that is there for it."""


class AddressFault(StrEnum):
    """What is wrong with a mail address."""

    EMPTY = "empty_address"
    TOO_LONG = "address_too_long"
    CONTROL = "control_character"
    NO_AT = "no_at_sign"
    LOCAL = "bad_local_part"
    DOMAIN = "bad_domain"


class LetterKind(StrEnum):
    """What a letter accompanies; its sentences are the texts ``mail.letters.<value>``.

    ``approval`` goes to a colleague, not to the customer, and nothing comes with it.
    """

    PROPOSAL = "proposal"
    ORDER = "order"
    SHIPMENT = "shipment"
    INVOICE = "invoice"
    DEPOSIT = "deposit"
    CREDIT_NOTE = "credit_note"
    STATEMENT = "statement"
    APPROVAL = "approval"


class MailReason(StrEnum):
    """Why a message was not taken; the server's own words are not repeated to clients."""

    NOT_CONFIGURED = "mail_not_configured"
    NO_ADDRESS = "no_mail_address"
    MESSAGE = "message_refused"
    SENDER = "sender_refused"
    RECIPIENTS = "recipients_refused"
    AUTHENTICATION = "authentication_refused"
    TLS = "tls_failed"
    UNSUPPORTED = "not_supported"
    GREETING = "greeting_refused"
    TIMEOUT = "mail_timeout"
    CONNECTION = "no_connection"
    DISCONNECTED = "connection_lost"
    PROTOCOL = "unknown_reply"


class BadMailAddress(Invalid):
    """This is no mail address."""

    code = "mail.bad_address"


class NoRecipient(Invalid):
    """Nobody is named to send it to, and the third party has no mail address."""

    code = "mail.no_recipient"


class DraftNotSent(Conflict):
    """What is still a draft is not sent to anybody."""

    code = "mail.draft_not_sent"


class MailRefused(Conflict):
    """The message was refused for good: trying again as it is changes nothing.

    ``refused`` are the recipients that a server refused by themselves, each with what it said.
    """

    code = "mail.refused"

    def __init__(
        self, *, reason: MailReason, reply: int = 0, attempts: int = 0, refused: Sequence[tuple[str, str]] = ()
    ) -> None:
        super().__init__(reason=reason.value, reply=reply)
        self.reason = reason
        self.reply = reply
        self.attempts = attempts
        self.refused = tuple(refused)


class MailUnavailable(Unavailable):
    """The message could not be sent just now; later it may."""

    code = "mail.unavailable"

    def __init__(self, *, reason: MailReason, reply: int = 0, attempts: int) -> None:
        super().__init__(reason=reason.value, reply=reply, attempts=attempts)
        self.reason = reason
        self.reply = reply
        self.attempts = attempts


class MailSuspended(Unavailable):
    """No mail is sent for a while, since several messages in a row failed; ``retry_after`` is in seconds."""

    code = "mail.suspended"

    def __init__(self, *, retry_after: int) -> None:
        super().__init__(retry_after=retry_after)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class MailAddress:
    """An address that mail can be sent to, made by ``mail_address``: the domain is in ASCII and lower case."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def international(self) -> bool:
        """Whether only servers with SMTPUTF8 (RFC 6531) take it."""
        return not self.local.isascii()


def mail_address(text: str) -> MailAddress:
    """Read one address without a name (RFC 5321, 4.1.2; RFC 6531). Raises BadMailAddress with the reason.

    Taken are dot-atoms of letters of any script before the @, and a domain name of at least two labels behind it,
    which comes back in its ASCII form (IDNA 2008). Quoted local parts and address literals are refused: RFC 5321
    advises against the first, and the second are no addresses of customers. Spaces around it are dropped.
    """
    address = text.strip(" ")
    local, at, domain = address.rpartition("@")
    ascii_domain = _ascii_domain(domain)
    fault = None
    if not address:
        fault = AddressFault.EMPTY
    elif any(unicodedata.category(one) in _UNSEEN for one in address):
        fault = AddressFault.CONTROL
    elif not at:
        fault = AddressFault.NO_AT
    elif not _is_local(local):
        fault = AddressFault.LOCAL
    elif ascii_domain is None:
        fault = AddressFault.DOMAIN
    elif len(local.encode()) + 1 + len(ascii_domain) > LONGEST_ADDRESS:
        fault = AddressFault.TOO_LONG
    if fault is not None or ascii_domain is None:
        raise BadMailAddress(address=_shown(text), reason=(fault or AddressFault.DOMAIN).value)
    return MailAddress(local, ascii_domain)


def _shown(text: str) -> str:
    """Give the beginning of ``text``, with a mark for each character that would not be seen where it is shown."""
    marked = (one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text[:LONGEST_ADDRESS])
    return "".join(marked)


def _is_local(local: str) -> bool:
    """Tell whether ``local`` is a dot-atom of at most 64 octets; letters beyond ASCII must be in composed form."""
    if not local or len(local.encode()) > LONGEST_LOCAL:
        return False
    for atom in local.split("."):
        plain = "".join("a" if not one.isascii() and not one.isspace() else one for one in atom)
        if not _ATOM.fullmatch(plain):
            return False
    return unicodedata.is_normalized("NFC", local)


def _ascii_domain(domain: str) -> str | None:
    """Give a domain name in ASCII and lower case, None when it is none."""
    labels = [_ascii_label(label) for label in unicodedata.normalize("NFC", domain.lower()).split(".")]
    known = [label for label in labels if label is not None]
    if len(known) < max(2, len(labels)) or known[-1].isdecimal():
        return None
    return ".".join(known)


def _ascii_label(label: str) -> str | None:
    """Give the A-label of one label (RFC 5890): as it is when ASCII, else Punycode behind xn--; None for no label."""
    if not label.isascii():
        # The codec called idna is IDNA 2003, which writes ß as ss: mail would go to somebody else's domain.
        if not all(one == "-" or _is_in_names(one) for one in label) or unicodedata.category(label[0])[0] == "M":
            return None
        label = _ACE + label.encode("punycode").decode("ascii")
    return label if len(label) <= LONGEST_LABEL and _LABEL.fullmatch(label) else None


def _is_in_names(one: str) -> bool:
    """Tell whether a character may stand in a U-label: a letter or digit that normal forms leave alone (RFC 5892)."""
    if one in _KEPT:
        return True
    stable = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", one).casefold())
    return unicodedata.category(one) in _IN_NAMES and stable == one


@dataclass(frozen=True, slots=True, kw_only=True)
class MailEvent(Event):
    """What all events of a mail share; whom it goes to is told by the mail alone, and goes with it."""

    aggregate: ClassVar[str] = "mail"
    id: MailId
    object_kind: ObjectKind
    object_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRequested(MailEvent):
    """A document is to be sent."""

    name: ClassVar[str] = "mail.requested"
    kind: LetterKind


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSent(MailEvent):
    """A mail server took the message, for all but so many recipients."""

    name: ClassVar[str] = "mail.sent"
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MailNotTaken(MailEvent):
    """The message was refused for good."""

    name: ClassVar[str] = "mail.refused"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFailed(MailEvent):
    """The message was not sent, and is not tried again by itself."""

    name: ClassVar[str] = "mail.failed"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailCanceled(MailEvent):
    """The message was called off before it left."""

    name: ClassVar[str] = "mail.canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailResent(MailEvent):
    """The message is to be sent once more."""

    name: ClassVar[str] = "mail.resent"


@dataclass(slots=True, kw_only=True)
class Mail:
    """A message about one document, to the third party of it or whom else it names.

    For a statement the document is the third party itself, and ``date_from`` and ``date_to`` are its first and last
    day; None is without bound.

    Without ``to`` it goes to the address that the third party has when it leaves. ``subject`` empty is that of its
    kind, ``note`` are the sender's own words in place of ours. ``round`` counts from 1 how often it was to be sent:
    each has a Message-ID of its own. ``later`` are those who alone still wait, once others have got it. ``refused`` are
    the recipients who did not get it, each with what their server said. ``error`` is the reason of the last failure.
    """

    id: MailId = MailId(0)
    kind: LetterKind
    object_kind: ObjectKind
    object_id: int
    party_id: PartyId
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    subject: str = ""
    note: str = ""
    locale: str
    date_from: date | None = None
    date_to: date | None = None
    state: MailState = MailState.WAITING
    round: int = 1
    message_id: str = ""
    later: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    attempts: int = 0
    error: str = ""
    actor_id: UserId
    created_at: datetime
    sent_at: datetime | None = None
    version: int = 0

    def requested(self) -> MailRequested:
        """Tell that it is to be sent."""
        return MailRequested(id=self.id, object_kind=self.object_kind, object_id=self.object_id, kind=self.kind)

    def deliver(
        self, now: datetime, message_id: str, refused: Collection[tuple[str, str]] = (), attempts: int = 1
    ) -> MailSent:
        """Note that a server took it. Raises InvalidTransition, as all steps do."""
        self._advance("deliver")
        self.sent_at, self.message_id, self.error = now, message_id, ""
        self.refused = (*self.refused, *refused)
        self.later = ()
        self.attempts += attempts
        return MailSent(id=self.id, object_kind=self.object_kind, object_id=self.object_id, refused=len(self.refused))

    def deliver_partly(
        self, message_id: str, refused: Collection[tuple[str, str]], later: Collection[str], attempts: int
    ) -> None:
        """Note that a server took it for some, and that ``later`` alone still have to get it."""
        self.message_id, self.later = message_id, tuple(later)
        self.refused = (*self.refused, *refused)
        self.attempts += attempts

    def refuse(self, reason: str, refused: Collection[tuple[str, str]] = (), attempts: int = 0) -> MailNotTaken:
        """Note that it was refused for good."""
        self._advance("refuse")
        self._failed(reason, refused, attempts)
        return MailNotTaken(id=self.id, object_kind=self.object_kind, object_id=self.object_id, reason=reason)

    def miss(self, reason: str, attempts: int) -> None:
        """Note that it could not be sent this time."""
        self._failed(reason, (), attempts)

    def leave_out(self, now: datetime, reason: str, said: Mapping[str, str], attempts: int = 0) -> MailSent:
        """Note that those who still wait will not get it, for what their server ``said`` or else ``reason``."""
        lost = [(address, said.get(address, reason)) for address in self.later]
        return self.deliver(now, self.message_id, lost, attempts)

    def fail(self, reason: str) -> MailFailed:
        """Note that it will not be tried again by itself."""
        self._advance("fail")
        self.error = reason
        return MailFailed(id=self.id, object_kind=self.object_kind, object_id=self.object_id, reason=reason)

    def cancel(self) -> MailCanceled:
        """Call it off before it leaves."""
        self._advance("cancel")
        return MailCanceled(id=self.id, object_kind=self.object_kind, object_id=self.object_id)

    def resend(self) -> MailResent:
        """Have it sent once more, to all of its recipients and under a new Message-ID."""
        self._advance("resend")
        self.round += 1
        self.later, self.refused, self.error, self.attempts = (), (), "", 0
        self.message_id, self.sent_at = "", None
        return MailResent(id=self.id, object_kind=self.object_kind, object_id=self.object_id)

    def _failed(self, reason: str, refused: Collection[tuple[str, str]], attempts: int) -> None:
        self.error = reason
        self.refused = (*self.refused, *refused)
        self.attempts += attempts

    def _advance(self, step: str) -> None:
        self.state = advance(MAIL, self.state, step)
