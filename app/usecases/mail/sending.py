"""What the job that sends a mail reads, and what it writes down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.domain.mail import UNDER_WAY, Mail, MailReason, MailState
from app.domain.parties import Party
from app.domain.shared.ids import MailId
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.mail.about import about
from app.usecases.ports.mail import Letter
from app.usecases.ports.shared import Clock, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """What a job sends: the mail, what it says, and who it comes from."""

    mail: Mail
    letter: Letter
    to: Sequence[str]
    sender: str
    sender_name: str
    reply_to: str


@dataclass(frozen=True, slots=True)
class PrepareMail:
    """Read what a job is to send."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: MailId) -> Outgoing | None:
        """Give the mail with all it needs; None when there is nothing to send any more."""
        mail = work.mails.get(request)
        if mail.state not in UNDER_WAY:
            return None
        company = work.companies.get(context.company)
        found = about(work, mail.object_kind, mail.object_id)
        party = work.parties.get(mail.party_id)
        settings = company.settings
        return Outgoing(
            mail=mail,
            letter=found.written(mail, company.name, party.name),
            to=mail.to or _known(party),
            sender=settings.mail_from,
            sender_name=settings.mail_name or company.name,
            reply_to=settings.mail_reply_to,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A server took a mail of this round; ``later`` are those who still wait."""

    mail: MailId
    round: int
    message_id: str
    refused: Sequence[tuple[str, str]] = ()
    later: Sequence[str] = ()
    attempts: int = 1


@dataclass(frozen=True, slots=True)
class RecordTaken:
    """Write down that a server took a mail: whole, or that some recipients alone still wait."""

    clock: Clock
    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Taken) -> None:
        """Store it. One that was called off while it was on its way has been sent all the same."""
        mail = work.mails.get(request.mail, lock=True)
        if mail.round != request.round or mail.state in {MailState.SENT, MailState.REFUSED}:
            return
        if request.later and mail.state in UNDER_WAY:
            mail.deliver_partly(request.message_id, request.refused, request.later, request.attempts)
        else:
            work.outbox.add(mail.deliver(self.clock.now(), request.message_id, request.refused, request.attempts))
        work.mails.save(mail)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotTaken:
    """No server took a mail of this round; ``lasting`` when none ever will, ``last`` when no attempt is left."""

    mail: MailId
    round: int
    reason: MailReason
    attempts: int
    refused: Sequence[tuple[str, str]] = ()
    lasting: bool = False
    last: bool = False


@dataclass(frozen=True, slots=True)
class RecordNotTaken:
    """Write down that a mail was refused for good, or could not be sent this time or any more."""

    clock: Clock
    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: NotTaken) -> None:
        """Store it; one that some have got, and that the others will not get, has been sent."""
        mail = work.mails.get(request.mail, lock=True)
        if mail.round != request.round or mail.state not in UNDER_WAY:
            return
        if mail.later and (request.lasting or request.last):
            known = dict(request.refused)
            lost = [(one, known.get(one, request.reason.value)) for one in mail.later]
            work.outbox.add(mail.deliver(self.clock.now(), mail.message_id, lost, request.attempts))
        elif request.lasting:
            work.outbox.add(mail.refuse(request.reason.value, request.refused, request.attempts))
        elif request.last:
            work.outbox.add(mail.fail(request.reason.value, request.attempts))
        else:
            mail.miss(request.reason.value, request.attempts)
        work.mails.save(mail)


def _known(party: Party) -> Sequence[str]:
    return () if not party.email else (party.email,)
