"""Mails about documents on the wire."""

from dataclasses import replace
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from app.api.schemas.shared import Day, In, Out, Text
from app.domain.mail import LONGEST_ADDRESS, MOST_RECIPIENTS, LetterKind, Mail, MailState
from app.domain.shared.objects import ObjectKind
from app.usecases.mail import SendRequest
from app.usecases.reports import Period

AddressIn = Annotated[str, Field(max_length=LONGEST_ADDRESS, examples=["ana@client.example"])]
ABOUT = "What kind of document it is about"


class SendIn(In):
    """How a document is to be sent; an empty object sends it to the third party in our own words."""

    to: list[AddressIn] = Field(
        default_factory=list, max_length=MOST_RECIPIENTS, description="Who is to get it; none: the third party"
    )
    cc: list[AddressIn] = Field(default_factory=list, max_length=MOST_RECIPIENTS, description="Who gets a copy")
    subject: Text = Field(
        "",
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$",
        description="Subject, one line; empty: that of its kind",
        examples=["Your invoice"],
    )
    text: Text = Field(
        "",
        max_length=5000,
        description="What to say in place of our own words; empty: these",
        examples=["Dear Ana ..."],
    )

    def to_domain(self, kind: ObjectKind, document: int) -> SendRequest:
        """Give the request."""
        return SendRequest(kind=kind, id=document, to=self.to, cc=self.cc, subject=self.subject, note=self.text)


class SendStatementIn(SendIn):
    """How a statement of account is to be sent, and of which period; an empty object is the whole account."""

    date_from: Day | None = Field(None, description="First day, included; left out: from the beginning")
    date_to: Day | None = Field(None, description="Last day, included; left out: to the end")

    def to_domain(self, kind: ObjectKind, document: int) -> SendRequest:
        """Give the request."""
        period = Period(date_from=self.date_from, date_to=self.date_to)
        return replace(super().to_domain(kind, document), period=period)


class RefusedOut(Out):
    """A recipient who did not get it."""

    address: str = Field(description="The address", examples=["bob@client.example"])
    said: str = Field(description="What the mail server said", examples=["550 no such user"])


class MailOut(Out):
    """A mail about a document."""

    id: int = Field(description="Id", examples=[12])
    kind: LetterKind = Field(description="What it accompanies")
    object_kind: ObjectKind = Field(description=ABOUT)
    object_id: int = Field(description="Id of the document", examples=[7])
    party_id: int = Field(description="Id of the third party of the document", examples=[3])
    to: list[str] = Field(description="Who is to get it; none: the third party's address when it leaves")
    cc: list[str] = Field(description="Who gets a copy")
    subject: str = Field(description="Subject; empty: that of its kind", examples=["Your invoice"])
    text: str = Field(description="What it says in place of our own words")
    locale: str = Field(description="Language it is written in", examples=["fr"])
    date_from: date | None = Field(description="First day of the statement; null: from the beginning, or none is sent")
    date_to: date | None = Field(description="Last day of the statement; null: to the end, or none is sent")
    status: MailState = Field(description="Where it stands")
    message_id: str = Field(
        description="Message-ID it was taken under; empty before", examples=["<1.12.1@acme.example>"]
    )
    later: list[str] = Field(description="Who alone still waits for it, once the others have got it")
    refused: list[RefusedOut] = Field(description="Who did not get it")
    attempts: int = Field(description="How often it was tried", examples=[1])
    error: str = Field(description="Reason of the last failure; empty: none", examples=["mail_timeout"])
    actor_id: int = Field(description="User who had it sent; 0: the program", examples=[1])
    created_at: datetime = Field(description="When it was asked for", examples=["2026-11-21T12:00:00Z"])
    sent_at: datetime | None = Field(description="When a mail server took it", examples=["2026-11-21T12:00:02Z"])
    version: int = Field(description="Version, as in the ETag", examples=[2])

    @classmethod
    def of(cls, mail: Mail) -> "MailOut":
        """Show a mail."""
        return cls.model_construct(
            **{name: getattr(mail, name) for name in _ALIKE},
            to=list(mail.to),
            cc=list(mail.cc),
            text=mail.note,
            status=mail.state,
            later=list(mail.later),
            refused=[RefusedOut.model_construct(address=address, said=said) for address, said in mail.refused],
        )


_ALIKE = tuple(name for name in MailOut.model_fields if name not in {"to", "cc", "text", "status", "later", "refused"})
