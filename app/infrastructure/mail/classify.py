"""What may pass and what will not (ERP-11). The code below follows this table, and a test walks each row of it.

| what happened | kind | reason |
|---|---|---|
| reply 4yz to connecting or EHLO (421) | transient | greeting_refused |
| reply 5yz likewise (554) | permanent | greeting_refused |
| reply 4yz to STARTTLS (454) | transient | tls_failed |
| reply 5yz to STARTTLS (501, 554) | permanent | tls_failed |
| reply 4yz to AUTH (454) | transient | authentication_refused |
| reply 5yz to AUTH (530, 534, 535, 538) | permanent | authentication_refused |
| reply 4yz to MAIL (421, 450, 451, 452) | transient | sender_refused |
| reply 5yz to MAIL (550, 552, 553, 555) | permanent | sender_refused |
| reply 4yz to RCPT (421, 450, 451, 452) | transient, of this recipient | recipients_refused |
| reply 552 to RCPT: too many recipients (RFC 5321, 4.5.3.1.10) | transient, of this recipient | recipients_refused |
| reply 5yz to RCPT (550, 551, 553, 554) | permanent, of this recipient | recipients_refused |
| reply 4yz to DATA or to the message (421, 450, 451, 452) | transient | message_refused |
| reply 5yz to DATA or to the message (552, 554) | permanent | message_refused |
| any other reply, one that cannot be read, a line without end | transient | unknown_reply |
| SMTPServerDisconnected: the line was closed, also behind the message | transient | connection_lost |
| SMTPNotSupportedError: no STARTTLS, AUTH or SMTPUTF8 | permanent | not_supported |
| SMTPException of no special kind: no way to sign in that both know | permanent | authentication_refused |
| SSLCertVerificationError: the certificate is not trusted, expired or another server's | permanent | tls_failed |
| SSLEOFError, SSLZeroReturnError, SSLSyscallError: the line was closed | transient | connection_lost |
| SSLError of another kind: no common version or cipher, or no TLS at all | permanent | tls_failed |
| TimeoutError: nothing came in time | transient | mail_timeout |
| ConnectionError: refused, reset, aborted, broken | transient | no_connection |
| gaierror: the server's name is not known, or nobody could tell | transient | no_connection |
| OSError of another kind: no route, network down | transient | no_connection |
| ValueError (UnicodeError is one), MessageError: what cannot be written as a message | permanent | message_refused |
| BadMailAddress of the Reply-To | permanent | message_refused |
| BadMailAddress of the sender | permanent | sender_refused |
| BadMailAddress of a recipient | permanent, of this recipient | recipients_refused |

A name that is not known is transient, as it is the name of our own server: it comes back with the network. What is not
in the table is a bug, and raised as it is.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.errors import MessageError
from typing import Final

from app.domain.mail import BadMailAddress, MailReason
from app.infrastructure.mail.line import TlsRefused

TOO_MANY_RECIPIENTS: Final = 552
_CLOSED: Final = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
# Which command a reply was to, by the exception smtplib raises for it.
_STAGES: Final[Mapping[type[smtplib.SMTPResponseException], MailReason]] = {
    smtplib.SMTPConnectError: MailReason.GREETING,
    smtplib.SMTPHeloError: MailReason.GREETING,
    TlsRefused: MailReason.TLS,
    smtplib.SMTPAuthenticationError: MailReason.AUTHENTICATION,
    smtplib.SMTPSenderRefused: MailReason.SENDER,
    smtplib.SMTPDataError: MailReason.MESSAGE,
}


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed; ``reply`` is the server's code, 0 without one."""

    transient: bool
    reason: MailReason
    reply: int = 0


_UNREADABLE: Final = Failure(transient=True, reason=MailReason.PROTOCOL)


def of_reply(code: int, reason: MailReason) -> Failure:
    """Class one reply, ``reason`` being what it refused."""
    if 400 <= code < 500:
        return Failure(transient=True, reason=reason, reply=code)
    if 500 <= code < 600:
        passing = code == TOO_MANY_RECIPIENTS and reason is MailReason.RECIPIENTS
        return Failure(transient=passing, reason=reason, reply=code)
    return Failure(transient=True, reason=MailReason.PROTOCOL, reply=max(code, 0))


def classify(error: Exception) -> Failure:
    """Class whatever an attempt raised; what is in no row of the table is raised again."""
    # Order matters: SSLError and SMTPException are OSErrors, SSLCertVerificationError is a ValueError as well.
    match error:
        case smtplib.SMTPResponseException():
            stage = _STAGES.get(type(error))
            # smtplib itself makes one up, with the code 500, for a line that is too long.
            return _UNREADABLE if stage is None else of_reply(error.smtp_code, stage)
        case smtplib.SMTPServerDisconnected():
            return Failure(transient=True, reason=MailReason.DISCONNECTED)
        case smtplib.SMTPNotSupportedError():
            return Failure(transient=False, reason=MailReason.UNSUPPORTED)
        case smtplib.SMTPException():
            return Failure(transient=False, reason=MailReason.AUTHENTICATION)
        case ssl.SSLError():
            closed = isinstance(error, _CLOSED)
            return Failure(transient=closed, reason=MailReason.DISCONNECTED if closed else MailReason.TLS)
        case TimeoutError():
            return Failure(transient=True, reason=MailReason.TIMEOUT)
        case OSError():
            return Failure(transient=True, reason=MailReason.CONNECTION)
        case ValueError() | MessageError() | BadMailAddress():
            return Failure(transient=False, reason=MailReason.MESSAGE)
        case _:
            raise error
