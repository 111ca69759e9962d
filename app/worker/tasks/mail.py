"""Mails leave by jobs: read in one transaction, sent outside of any, written down together with the job's end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from app.domain.jobs import Postponed
from app.domain.mail import Mail, MailReason, MailRefused, MailSuspended, MailUnavailable
from app.usecases.context import Context
from app.usecases.mail import (
    SEND_MAIL,
    Errand,
    GiveUpMail,
    NotTaken,
    Outgoing,
    PrepareMail,
    RecordNotTaken,
    RecordTaken,
    Taken,
)
from app.usecases.ports.mail import Attached, Mailer, Message, Sent, Writer
from app.usecases.ports.shared import Clock
from app.worker.kinds import LONGEST_S, Attempt, JobKind

ATTEMPTS: Final = 20
"""With the delays of jobs these are two hours, not counting the times in which the circuit was open."""
AT_ONCE: Final = 5
RESERVE_S: Final = 3.0
"""Kept of a job's time for writing down what became of it: a message that left unrecorded would leave twice."""
Paper = Callable[[Context, Mail], Attached | None]
"""Gives what a mail is about as a file, None when nothing comes with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMail:
    """Sends the mail that a job names.

    While the circuit is open the job waits until it closes, and no attempt is used up. Refused for good, the mail says
    so and the job is done: there is nothing a retry would change. What may pass is tried again with the job; when that
    dies the mail has failed, and waits for a person as the job does.
    """

    mailer: Mailer
    writer: Writer
    clock: Clock
    paper: Paper | None = None

    def __call__(self, attempt: Attempt) -> None:
        """Send it. Raises Postponed, MailUnavailable, JobLost."""
        errand = Errand.of(attempt.job.payload)
        outgoing = attempt.call(PrepareMail(), lambda: errand)
        if outgoing is None:
            return  # called off, or sent by an attempt whose end was not noticed
        if not outgoing.to:
            self._refused(attempt, outgoing, MailRefused(reason=MailReason.NO_ADDRESS))
            return
        message = self._message(attempt, outgoing)
        left = LONGEST_S if attempt.context.deadline is None else attempt.context.deadline.remaining()
        try:
            sent = self.mailer.send(message, left - RESERVE_S)
        except MailSuspended as error:
            raise Postponed(self.clock.now() + timedelta(seconds=error.retry_after), error.code) from error
        except MailRefused as error:
            self._refused(attempt, outgoing, error)
        except MailUnavailable as error:
            self._missed(attempt, outgoing, error)
            raise
        else:
            self._taken(attempt, outgoing, sent)

    def _message(self, attempt: Attempt, outgoing: Outgoing) -> Message:
        mail = outgoing.mail
        file = None if self.paper is None else self.paper(attempt.context, mail)
        written = self.writer.write(replace(outgoing.letter, attached=file is not None))
        # With the instant it was asked for: two installations that write from one domain count their mails alike.
        asked = mail.created_at.strftime("%Y%m%d%H%M%S%f")
        return Message(
            id=f"{asked}.{attempt.job.company}.{mail.id}.{mail.round}",
            sender=outgoing.sender,
            sender_name=" ".join(outgoing.sender_name.split())[:100],
            reply_to=outgoing.reply_to,
            to=outgoing.to,
            cc=mail.cc,
            subject=mail.subject or written.subject,
            text=written.text,
            html=written.html,
            files=() if file is None else (file,),
            only=mail.later,
        )

    def _taken(self, attempt: Attempt, outgoing: Outgoing, sent: Sent) -> None:
        """Write down who got it; who may get it later is tried again, alone, while attempts are left."""
        taken = Taken(
            mail=outgoing.mail.id,
            round=outgoing.mail.round,
            message_id=sent.message_id,
            refused=sent.refused,
            later=[address for address, _ in sent.later],
            attempts=sent.attempts,
        )
        if not sent.later:
            attempt.finish(RecordTaken(self.clock), lambda: taken)
        elif _last(attempt):
            attempt.finish(
                RecordTaken(self.clock), lambda: replace(taken, refused=(*sent.refused, *sent.later), later=())
            )
        else:
            attempt.call(RecordTaken(self.clock), lambda: taken)
            raise MailUnavailable(reason=MailReason.RECIPIENTS, attempts=sent.attempts)

    def _refused(self, attempt: Attempt, outgoing: Outgoing, error: MailRefused) -> None:
        made = NotTaken(
            mail=outgoing.mail.id,
            round=outgoing.mail.round,
            reason=error.reason,
            attempts=error.attempts,
            refused=error.refused,
            lasting=True,
        )
        attempt.finish(RecordNotTaken(self.clock), lambda: made)

    def _missed(self, attempt: Attempt, outgoing: Outgoing, error: MailUnavailable) -> None:
        missed = NotTaken(
            mail=outgoing.mail.id,
            round=outgoing.mail.round,
            reason=error.reason,
            attempts=error.attempts,
        )
        attempt.call(RecordNotTaken(self.clock), lambda: missed)


def _last(attempt: Attempt) -> bool:
    return attempt.job.attempts >= ATTEMPTS


def mail_kind(mailer: Mailer, writer: Writer, clock: Clock, paper: Paper | None = None) -> JobKind:
    """Give the kind of job that sends mail; ``paper`` gives what is attached."""
    send = SendMail(mailer=mailer, writer=writer, clock=clock, paper=paper)
    return JobKind(name=SEND_MAIL, run=send, at_once=AT_ONCE, attempts=ATTEMPTS, on_dead=GiveUpMail(clock))
