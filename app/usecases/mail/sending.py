"""What the job that sends a mail reads, and what it writes down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from app.domain.mail import LONGEST_ERROR, UNDER_WAY, LetterKind, Mail, MailReason, MailState, MailUnavailable
from app.domain.parties import Party
from app.domain.shared.errors import NotFound
from app.domain.shared.ids import MailId
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.mail.about import about, to_colleague
from app.usecases.ports.mail import Letter
from app.usecases.ports.shared import Clock, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What a job is to send: a mail, for the so-many-eth time that somebody wants it sent.

    Sent once more it is another errand, so that neither job ends the other's.
    """

    mail: MailId
    round: int

    @property
    def payload(self) -> Mapping[str, object]:
        """Give what a job keeps of it."""
        return {"mail": self.mail, "round": self.round}

    @classmethod
    def of(cls, payload: Mapping[str, object]) -> Self:
        """Read what a job kept."""
        return cls(mail=MailId(int(str(payload["mail"]))), round=int(str(payload["round"])))


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

    def execute(self, work: Work, context: Context, request: Errand) -> Outgoing | None:
        """Give the mail with all it needs; None when there is nothing to send any more."""
        mail = work.mails.get(request.mail)
        if mail.round != request.round or mail.state not in UNDER_WAY:
            return None
        company = work.companies.get(context.company)
        found = about(work, mail.object_kind, mail.object_id)
        party = work.parties.get(mail.party_id)
        letter, settings = found.written(mail, company.name, party.name), company.settings
        return Outgoing(
            mail=mail,
            letter=to_colleague(work, mail, letter) if mail.kind is LetterKind.APPROVAL else letter,
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
    """No server took a mail of this round; ``lasting`` when none ever will."""

    mail: MailId
    round: int
    reason: MailReason
    attempts: int
    refused: Sequence[tuple[str, str]] = ()
    lasting: bool = False


@dataclass(frozen=True, slots=True)
class RecordNotTaken:
    """Write down that a mail was refused for good, or could not be sent this time."""

    clock: Clock
    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: NotTaken) -> None:
        """Store it; one that some have got, and that the others will not get, has been sent."""
        mail = work.mails.get(request.mail, lock=True)
        if mail.round != request.round or mail.state not in UNDER_WAY:
            return
        reason = request.reason.value
        if not request.lasting:
            mail.miss(reason, request.attempts)
        elif mail.later:
            work.outbox.add(mail.leave_out(self.clock.now(), reason, dict(request.refused), request.attempts))
        else:
            work.outbox.add(mail.refuse(reason, request.refused, request.attempts))
        work.mails.save(mail)


@dataclass(frozen=True, slots=True)
class GiveUpMail:
    """What becomes of a mail whose job is given up or called off: it has failed, and says why.

    One that some have got has been sent, and the others are those refused. What is not under way any more, was sent
    once more since, or is gone, is left alone.
    """

    clock: Clock

    def __call__(self, work: Work, payload: Mapping[str, object], reason: str) -> None:
        """Store it; where mail itself was the matter the last attempt has said more."""
        errand = Errand.of(payload)
        try:
            mail = work.mails.get(errand.mail, lock=True)
        except NotFound:
            return
        if mail.round != errand.round or mail.state not in UNDER_WAY:
            return
        told = _told(mail, reason)
        if mail.later:
            work.outbox.add(mail.leave_out(self.clock.now(), told, {}))
        else:
            work.outbox.add(mail.fail(told))
        work.mails.save(mail)


def _told(mail: Mail, reason: str) -> str:
    return mail.error if mail.error and reason == MailUnavailable.code else reason[:LONGEST_ERROR]


def _known(party: Party) -> Sequence[str]:
    return () if not party.email else (party.email,)
