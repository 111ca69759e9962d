"""What printing has in common for all documents that go to a third party."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final, Generic, Protocol, TypeVar

from app.domain.papers import Paper, PaperKind
from app.domain.parties import Address, Addressee, Party
from app.domain.shared.ids import PartyId
from app.domain.shared.objects import ObjectKind
from app.usecases.context import Context
from app.usecases.papers.frame import Frame
from app.usecases.papers.keeping import PaperRequest, PrintCase, Subject, Wanted
from app.usecases.ports.shared import Work

DRAFT: Final = "draft"
"""The state in which every kind of document begins, and the only one in which it is not final."""


class Printable(Protocol):
    """What is asked of a document to be printed, besides what its paper says."""

    @property
    def id(self) -> int:
        """Its id."""
        ...

    @property
    def ref(self) -> str:
        """Its number, or what stands for one while it is a draft."""
        ...

    @property
    def party_id(self) -> PartyId:
        """Whom it is for."""
        ...

    @property
    def state(self) -> StrEnum:
        """Where it stands."""
        ...

    @property
    def version(self) -> int:
        """What moves with each change."""
        ...


Document = TypeVar("Document", bound=Printable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending(Generic[Document]):
    """A document on its way to paper: ``party`` is its third party as it is, ``addressee`` to whom the paper goes.

    For a final document that is whom it went to when it became final, for a draft the third party of the day.
    """

    document: Document
    party: Party
    addressee: Addressee


class PrintDocument(PrintCase, ABC, Generic[Document]):
    """Describe a document as it is printed; each kind says how it is found and what its paper says."""

    __slots__ = ()
    object: ClassVar[ObjectKind]

    def execute(self, work: Work, context: Context, request: PaperRequest) -> Wanted:
        """Give the paper that was kept, or what it would say."""
        document = self._found(work, request.id)
        party = work.parties.get(document.party_id)
        subject = Subject(
            kind=self._kind(document),
            document=document.id,
            version=document.version,
            final=document.state != DRAFT,
            name=document.ref,
        )

        def describe(frame: Frame) -> Paper:
            frozen = work.papers.addressee(self.object, document.id) if subject.final else None
            addressee = frozen or Addressee(name=party.name, tax_id=party.tax_id, address=self._address(work, party))
            sending = Sending(document=document, party=party, addressee=addressee)
            return self._described(work, context, frame, sending)

        return self.wanted(work, context, subject, request.locale or party.locale, describe)

    @abstractmethod
    def _found(self, work: Work, document: int) -> Document:
        """Give the document of that id. Raises NotFound."""

    @abstractmethod
    def _kind(self, document: Document) -> PaperKind:
        """Give what its paper is."""

    @abstractmethod
    def _described(self, work: Work, context: Context, frame: Frame, sending: Sending[Document]) -> Paper:
        """Give its paper, with what else has to be read."""

    def _address(self, _work: Work, party: Party) -> Address:
        """Give where a paper of this kind goes today."""
        return party.address
