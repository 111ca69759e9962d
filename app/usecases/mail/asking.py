"""What people do with mails, and what is sent unasked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from app.domain.identity import CompanySettings
from app.domain.jobs import NewJob
from app.domain.journal import Entry
from app.domain.mail import (
    BadMailAddress,
    DraftNotSent,
    LetterKind,
    Mail,
    MailState,
    NoRecipient,
    Notice,
    mail_address,
)
from app.domain.shared.errors import NotFound
from app.domain.shared.ids import MailId, UserId
from app.domain.shared.objects import ObjectKind
from app.domain.shared.rights import Right
from app.usecases.context import DEFAULT_LOCALE, Context
from app.usecases.mail.about import about
from app.usecases.mail.sending import Errand
from app.usecases.ports.listing import FieldKind, ListField, Listing, Sort
from app.usecases.ports.shared import Clock, Work
from app.usecases.reports import Period
from app.usecases.shared import ListCase

SEND_MAIL: Final = "mail.send"
READ: Final[Mapping[ObjectKind, Right]] = {
    ObjectKind.PROPOSALS: Right.PROPOSALS_READ,
    ObjectKind.ORDERS: Right.ORDERS_READ,
    ObjectKind.SHIPMENTS: Right.SHIPMENTS_READ,
    ObjectKind.INVOICES: Right.INVOICES_READ,
    ObjectKind.THIRD_PARTIES: Right.REPORTS_READ,
}
"""What can be sent, of third parties their statements, and what whoever sends one must be allowed to see."""

NOTICES: Final[Mapping[str, tuple[Notice, ObjectKind]]] = {
    "sales.order_validated": (Notice.ORDER_VALIDATED, ObjectKind.ORDERS),
    "shipping.shipment_validated": (Notice.SHIPMENT_VALIDATED, ObjectKind.SHIPMENTS),
    "billing.invoice_validated": (Notice.INVOICE_VALIDATED, ObjectKind.INVOICES),
}

MAILS: Final = Listing(
    name="mails",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="kind", kind=FieldKind.CHOICE, choices=tuple(LetterKind)),
        ListField(name="object_kind", kind=FieldKind.CHOICE, choices=tuple(READ)),
        ListField(name="object_id", kind=FieldKind.ID),
        ListField(name="party_id", kind=FieldKind.ID),
        ListField(name="status", kind=FieldKind.CHOICE, choices=tuple(MailState)),
        ListField(name="attempts", kind=FieldKind.COUNT),
        ListField(name="error", kind=FieldKind.TEXT),
        ListField(name="created_at", kind=FieldKind.INSTANT),
        ListField(name="sent_at", kind=FieldKind.INSTANT, nullable=True),
    ),
    default_sort=(Sort(field="id", descending=True),),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRequest:
    """Asks to send a document; without ``to`` to the third party, without ``note`` with our own words.

    ``period`` is that of a statement.
    """

    kind: ObjectKind
    id: int
    to: Sequence[str] = ()
    cc: Sequence[str] = ()
    subject: str = ""
    note: str = ""
    period: Period = Period()


@dataclass(frozen=True, slots=True)
class SendDocument:
    """Send a document that is no draft to its third party, or to whom the request names; it leaves a moment later.

    Needs the right to see such documents as well. Raises MissingRight, NotFound, DraftNotSent, PeriodBackwards,
    BadMailAddress, NoRecipient.
    """

    clock: Clock
    right: ClassVar[Right] = Right.MAILS_SEND
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: SendRequest) -> Mail:
        """Give the waiting mail."""
        context.require(READ[request.kind])
        found = about(work, request.kind, request.id)
        if found.draft:
            raise DraftNotSent(kind=request.kind.noun, id=request.id)
        request.period.days()
        party = work.parties.get(found.party_id)
        to = _addresses("to", request.to)
        if not to:
            if not party.email:
                raise NoRecipient(at=("to",), party=party.name)
            to = _addresses("to", (party.email,))
        mail = Mail(
            kind=found.letter,
            object_kind=request.kind,
            object_id=request.id,
            party_id=party.id,
            to=to,
            cc=_addresses("cc", request.cc),
            subject=request.subject,
            note=request.note,
            locale=party.locale or context.settings.letterhead.locale or context.locale,
            date_from=request.period.date_from,
            date_to=request.period.date_to,
            actor_id=context.actor,
            created_at=self.clock.now(),
        )
        return ask(work, mail)


class ListMails(ListCase):
    """List mails, newest first."""

    __slots__ = ()
    right = Right.MAILS_READ
    listing = MAILS


@dataclass(frozen=True, slots=True)
class ReadMail:
    """Show one mail. Raises NotFound."""

    right: ClassVar[Right] = Right.MAILS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: MailId) -> Mail:
        """Give the mail."""
        return work.mails.get(request)


@dataclass(frozen=True, slots=True)
class ResendMail:
    """Send a mail that was sent, refused, given up or called off once more, to all of its recipients.

    Raises MissingRight, NotFound, InvalidTransition.
    """

    right: ClassVar[Right] = Right.MAILS_SEND
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: MailId) -> Mail:
        """Give the waiting mail."""
        mail = _own(work, context, request)
        resent = mail.resend()
        work.mails.save(mail)
        work.outbox.add(resent)
        work.jobs.add(_job(mail))
        return mail


@dataclass(frozen=True, slots=True)
class CancelMail:
    """Call off a mail that has not left; one that is on its way just now is sent all the same, and shown as sent.

    Raises MissingRight, NotFound, InvalidTransition.
    """

    right: ClassVar[Right] = Right.MAILS_SEND
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: MailId) -> Mail:
        """Give the canceled mail; its job finds nothing to do."""
        mail = _own(work, context, request)
        canceled = mail.cancel()
        work.mails.save(mail)
        work.outbox.add(canceled)
        return mail


@dataclass(frozen=True, slots=True)
class TellCustomers:
    """Hears of validated documents, and has the customer told by mail where the company wants that.

    It only writes rows. What hinders it - no address, a document gone meanwhile - never hinders those who hear with it:
    such a mail is refused later, where it can be seen and sent again.
    """

    clock: Clock

    def __call__(self, work: Work, context: Context, entries: Sequence[Entry]) -> None:
        """Ask for the mails of one batch of events."""
        heard = [(NOTICES[entry.event], entry) for entry in entries if entry.event in NOTICES]
        if not heard:
            return
        settings = work.companies.get(context.company).settings
        for (notice, kind), entry in heard:
            if notice in settings.notify:
                self._tell(work, settings, kind, entry)

    def _tell(self, work: Work, settings: CompanySettings, kind: ObjectKind, entry: Entry) -> None:
        try:
            found = about(work, kind, entry.object_id)
            party = work.parties.get(found.party_id)
        except NotFound:
            return
        mail = Mail(
            kind=found.letter,
            object_kind=kind,
            object_id=entry.object_id,
            party_id=party.id,
            locale=party.locale or settings.letterhead.locale or DEFAULT_LOCALE,
            actor_id=UserId(entry.actor),
            created_at=self.clock.now(),
        )
        ask(work, mail)


def ask(work: Work, mail: Mail) -> Mail:
    """Store a new mail, and the job that sends it."""
    work.mails.add(mail)
    work.outbox.add(mail.requested())
    work.jobs.add(_job(mail))
    return mail


def _job(mail: Mail) -> NewJob:
    errand = Errand(mail=mail.id, round=mail.round)
    return NewJob(kind=SEND_MAIL, payload=errand.payload, unique=f"mail:{mail.id}:{mail.round}")


def _own(work: Work, context: Context, mail_id: MailId) -> Mail:
    """Give a mail, locked, about a document that the caller may see. Raises NotFound, MissingRight."""
    mail = work.mails.get(mail_id, lock=True)
    context.require(READ[mail.object_kind])
    return mail


def _addresses(field: str, given: Sequence[str]) -> tuple[str, ...]:
    """Give addresses as they are sent to, each once. Raises BadMailAddress at the first that is none."""
    read = []
    for at, one in enumerate(given):
        try:
            read.append(str(mail_address(one)))
        except BadMailAddress as error:
            raise error.within(field, at) from None
    return tuple(dict.fromkeys(read))
