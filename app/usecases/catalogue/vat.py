"""What is done with rates of VAT."""

from __future__ import annotations

from app.domain.catalogue import Record, VatRate
from app.domain.shared.rights import Right
from app.usecases.catalogue.records import ChangeRecord, CreateRecord, DeleteRecord, ReadRecord
from app.usecases.context import Context
from app.usecases.ports.listing import FieldKind, ListField, Listing, Sort
from app.usecases.ports.shared import Work
from app.usecases.shared import ListCase

VAT_RATES = Listing(
    name="vat-rates",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="country", kind=FieldKind.TEXT),
        ListField(name="category", kind=FieldKind.TEXT),
        ListField(name="rate", kind=FieldKind.RATE),
        ListField(name="valid_from", kind=FieldKind.DATE, sortable=True),
        ListField(name="valid_until", kind=FieldKind.DATE, nullable=True),
    ),
    default_sort=(Sort(field="id"),),
)


class Apart:
    """Sees to it that a rate shares no day with another of its country and category."""

    __slots__ = ()

    def fits(self, work: Work, context: Context, record: Record) -> None:
        """Pass only such a rate; who enters two at once waits for each other. Raises VatRatesOverlap."""
        if isinstance(record, VatRate):
            work.companies.lock(context.company)
            record.apart(work.pricing.vat_rates_of(record.country))


class CreateVatRate(Apart, CreateRecord):
    """Enter a rate of VAT. Raises Taken, VatRatesOverlap."""

    __slots__ = ()


class ReadVatRate(ReadRecord):
    """Show one VAT rate. Raises NotFound."""

    __slots__ = ()
    kind = VatRate


class ChangeVatRate(Apart, ChangeRecord):
    """Change the fields sent of a rate of VAT. Raises NotFound, Stale, Taken, VatRatesOverlap."""

    __slots__ = ()
    kind = VatRate


class DeleteVatRate(DeleteRecord):
    """Delete a rate of VAT that nothing refers to. Raises NotFound, Stale, InUse."""

    __slots__ = ()
    kind = VatRate


class ListVatRates(ListCase):
    """List rates of VAT."""

    __slots__ = ()
    right = Right.PRODUCTS_READ
    listing = VAT_RATES
