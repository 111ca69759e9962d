"""What is done with payment terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.parties import PaymentTerms
from app.domain.shared.errors import NotFound, UnknownReference
from app.domain.shared.ids import PaymentTermsId
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.listing import FieldKind, ListField, Listing, Sort
from app.usecases.ports.shared import Work
from app.usecases.shared import Change, ListCase

PAYMENT_TERMS = Listing(
    name="payment-terms",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="name", kind=FieldKind.TEXT, sortable=True),
        ListField(name="archived", kind=FieldKind.FLAG),
    ),
    default_sort=(Sort(field="id"),),
)


def usable_terms(work: Work, terms: PaymentTermsId | None) -> None:
    """Pass only payment terms that may be given to a third party. Raises UnknownReference, TermsArchived."""
    if terms is None:
        return
    try:
        work.terms.get(terms).usable()
    except NotFound as error:
        raise UnknownReference(at=("payment_terms_id",), kind="payment terms", value=terms) from error


@dataclass(frozen=True, slots=True)
class CreateTerms:
    """Enter payment terms; their instalments never change. Raises Taken for the name, BadInstalments, Required."""

    right: ClassVar[Right] = Right.SETTINGS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: PaymentTerms) -> PaymentTerms:
        """Store ``request`` and give it back with its id."""
        work.terms.add(request)
        work.outbox.add(request.created())
        return request


@dataclass(frozen=True, slots=True)
class ReadTerms:
    """Show payment terms. Raises NotFound."""

    right: ClassVar[Right] = Right.THIRD_PARTIES_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: PaymentTermsId) -> PaymentTerms:
        """Give the terms with their instalments."""
        return work.terms.get(request)


@dataclass(frozen=True, slots=True)
class ChangeTerms:
    """Rename payment terms, archive them or take them into use again. Raises NotFound, Stale, Taken, Required."""

    right: ClassVar[Right] = Right.SETTINGS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Change) -> PaymentTerms:
        """Give the terms as they are now."""
        terms = work.terms.get(PaymentTermsId(request.id))
        request.matches(terms.version)
        changed = terms.change(request.changes)
        if changed is not None:
            work.terms.save(terms)
            work.outbox.add(changed)
        return terms


class ListTerms(ListCase):
    """List payment terms."""

    __slots__ = ()
    right = Right.THIRD_PARTIES_READ
    listing = PAYMENT_TERMS
