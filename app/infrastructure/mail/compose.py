"""Messages as they travel (RFC 5322, MIME): from checked values, so that none of them becomes a header of its own."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

from app.domain.mail import MailAddress, mail_address
from app.usecases.ports.mail import Attached, Message

LONGEST_SUBJECT: Final = 200
LONGEST_NAME: Final = 100
_ID: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")
_TYPE: Final = re.compile(r"([a-z]+)/([a-z0-9][a-z0-9.+-]{0,80})")
# What a part of several parts, or another message, would be, a file is not: these may not be in base64 (RFC 2045, 6.4).
_COMPOSITE: Final = ("message", "multipart")
_UNKNOWN: Final = ("application", "octet-stream")


def message_id(message: Message, sender: MailAddress) -> str:
    """Give the Message-ID with its brackets. Raises ValueError for an id that cannot stand in one."""
    if not _ID.fullmatch(message.id):
        raise ValueError("the id of the message has characters that a Message-ID cannot have")
    return f"<{message.id}@{sender.domain}>"


def is_wide(message: Message, sender: MailAddress) -> bool:
    """Tell whether only a server with SMTPUTF8 (RFC 6531) takes the message. Raises BadMailAddress."""
    return any(one.international for one in (sender, *map(mail_address, _addresses(message))))


def _addresses(message: Message) -> list[str]:
    """Give the addresses that stand in the message, the sender's aside."""
    return [*message.to, *message.cc, *filter(None, [message.reply_to])]


def compose(message: Message, sender: MailAddress, at: datetime) -> EmailMessage:
    """Give the message: text, HTML if there is any, files. The same for the same input, whenever it is built.

    Raises BadMailAddress, and ValueError for values with line breaks or other control characters.
    """
    people = [mail_address(one) for one in (*message.to, *message.cc)]
    mail = EmailMessage(policy=policy.SMTPUTF8 if is_wide(message, sender) else policy.SMTP)
    mail["From"] = _named(sender, message.sender_name)
    if message.to:
        mail["To"] = [_named(one) for one in people[: len(message.to)]]
    if message.cc:
        mail["Cc"] = [_named(one) for one in people[len(message.to) :]]
    if message.reply_to:
        mail["Reply-To"] = _named(mail_address(message.reply_to))
    mail["Subject"] = _line(message.subject, LONGEST_SUBJECT)
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = message_id(message, sender)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notice answers it
    # Quoted-printable, as it has no line with "=_" in it: what parts are divided by can be told beforehand.
    mail.set_content(message.text, cte="quoted-printable")
    if message.html:
        mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
    for file in message.files:
        _attach(mail, file)
    for number, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"=_{message.id}_{number}")
    return mail


def _named(address: MailAddress, name: str = "") -> Address:
    return Address(display_name=_line(name, LONGEST_NAME), username=address.local, domain=address.domain)


def _line(text: str, longest: int) -> str:
    """Give ``text`` without spaces at its ends. Raises ValueError when it is more than one line, or too long."""
    if any(unicodedata.category(one) in {"Cc", "Cs", "Zl", "Zp"} for one in text):
        raise ValueError("a header has no line breaks and no control characters")
    if len(text) > longest:
        raise ValueError("a header is too long")
    # What looks like an encoded word (RFC 2047) would be read as one, and could spell anything.
    return text.strip().replace("=?", "= ?")


def _attach(mail: EmailMessage, file: Attached) -> None:
    known = _TYPE.fullmatch(file.type)
    maintype, subtype = known.groups() if known else _UNKNOWN
    if maintype in _COMPOSITE:
        maintype, subtype = _UNKNOWN
    name = re.sub(r'[/\\:"]', "_", _line(file.name, LONGEST_SUBJECT))
    mail.add_attachment(file.content, maintype=maintype, subtype=subtype, filename=name)
