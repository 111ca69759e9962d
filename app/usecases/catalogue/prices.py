"""What is done with price lists and prices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import ClassVar

from app.domain.catalogue import Found as Offer
from app.domain.catalogue import PriceList, PriceRow, Record, gross_of
from app.domain.shared.dates import Day
from app.domain.shared.errors import UnknownReference
from app.domain.shared.ids import PartyId, ProductId
from app.domain.shared.lines import LineKind, PricedLine, Valuation, price_lines
from app.domain.shared.money import Overflow, Price, Quantity, Rate
from app.domain.shared.rights import Right
from app.domain.shared.totals import Totals
from app.usecases.catalogue.records import ChangeRecord, CreateRecord, DeleteRecord, ReadRecord
from app.usecases.context import Context
from app.usecases.ports.listing import FieldKind, ListField, Listing, Page, Query, Sort
from app.usecases.ports.shared import Clock, Work
from app.usecases.shared import Change, Known, LineDraft, ListCase, customer, valuation

PRICE_LISTS = Listing(
    name="price-lists",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="name", kind=FieldKind.TEXT, sortable=True),
        ListField(name="currency", kind=FieldKind.TEXT),
        ListField(name="includes_vat", kind=FieldKind.FLAG),
        ListField(name="valid_from", kind=FieldKind.DATE, nullable=True),
        ListField(name="valid_until", kind=FieldKind.DATE, nullable=True),
    ),
    default_sort=(Sort(field="id"),),
)
PRICES = Listing(
    name="prices",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="price_list_id", kind=FieldKind.ID, nullable=True),
        ListField(name="party_id", kind=FieldKind.ID, nullable=True),
        ListField(name="product_id", kind=FieldKind.ID),
        ListField(name="min_quantity", kind=FieldKind.QUANTITY),
        ListField(name="price", kind=FieldKind.PRICE, nullable=True),
        ListField(name="discount", kind=FieldKind.RATE, nullable=True),
        ListField(name="currency", kind=FieldKind.TEXT, nullable=True),
        ListField(name="includes_vat", kind=FieldKind.FLAG),
        ListField(name="valid_from", kind=FieldKind.DATE, nullable=True),
        ListField(name="valid_until", kind=FieldKind.DATE, nullable=True),
    ),
    default_sort=(Sort(field="id"),),
)


class CreatePriceList(CreateRecord):
    """Enter a price list. Raises Taken."""

    __slots__ = ()


class ReadPriceList(ReadRecord):
    """Show one price list. Raises NotFound."""

    __slots__ = ()
    kind = PriceList


class ChangePriceList(ChangeRecord):
    """Change the fields sent of a price list. Raises NotFound, Stale, Taken."""

    __slots__ = ()
    kind = PriceList


class DeletePriceList(DeleteRecord):
    """Delete a price list that nothing refers to. Raises NotFound, Stale, InUse."""

    __slots__ = ()
    kind = PriceList


class ListPriceLists(ListCase):
    """List price lists."""

    __slots__ = ()
    right = Right.PRODUCTS_READ
    listing = PRICE_LISTS


class CreatePrice(CreateRecord):
    """Enter a price on a list or for a customer.

    Raises NotFound for the list or customer, UnknownReference for the product, Taken for a break that is there, and
    what makes a price unsound.
    """

    __slots__ = ()

    def fits(self, work: Work, context: Context, record: Record) -> None:
        """Pass only a price of what is there; a customer is held, so that none is anonymised meanwhile."""
        if not isinstance(record, PriceRow):
            return
        if record.price_list_id is not None:
            work.catalogue.get(PriceList, record.price_list_id)
        if record.party_id is not None:
            party = work.parties.get(record.party_id, hold=True)
            party.known()
            party.stands()
        if record.product_id not in work.products.of([record.product_id]):
            raise UnknownReference(at=("product_id",), kind="product", value=record.product_id)


class ReadPrice(ReadRecord):
    """Show one price. Raises NotFound."""

    __slots__ = ()
    kind = PriceRow


class ChangePrice(ChangeRecord):
    """Change the fields sent of a price; a price takes the place of a discount, and the other way round.

    Raises NotFound, Stale, Taken, and what makes a price unsound.
    """

    __slots__ = ()
    kind = PriceRow

    def execute(self, work: Work, context: Context, request: Change) -> Record:
        """Give the price as it is now."""
        changes = dict(request.changes)
        for one, other in (("price", "discount"), ("discount", "price")):
            if changes.get(one) is not None:
                changes.setdefault(other, None)
        return ChangeRecord.execute(self, work, context, replace(request, changes=changes))


class DeletePrice(DeleteRecord):
    """Delete a price; documents keep what they were made with. Raises NotFound, Stale."""

    __slots__ = ()
    kind = PriceRow


class ListListPrices(ListCase):
    """List the prices of a price list. Raises NotFound."""

    __slots__ = ()
    right = Right.PRODUCTS_READ
    listing = PRICES

    def execute(self, work: Work, context: Context, query: Query) -> Page:
        """Give the page asked for."""
        work.catalogue.get(PriceList, narrowed(query, "price_list_id"))
        return ListCase.execute(self, work, context, query)


class ListPartyPrices(ListCase):
    """List the prices agreed with a customer. Raises NotFound."""

    __slots__ = ()
    right = Right.PRODUCTS_READ
    listing = PRICES

    def execute(self, work: Work, context: Context, query: Query) -> Page:
        """Give the page asked for."""
        work.parties.get(PartyId(narrowed(query, "party_id")))
        return ListCase.execute(self, work, context, query)


def narrowed(query: Query, field: str) -> int:
    """Give the value that the path narrowed a list by, which stands last."""
    return int(str(next(one.value for one in reversed(query.filters) if one.field == field)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Enquiry:
    """What is asked about a price; ``on`` None is today, ``currency`` None the company's."""

    product_id: ProductId
    party_id: PartyId | None = None
    quantity: Quantity = Quantity(Decimal(1))
    on: Day | None = None
    currency: str | None = None
    rate: Rate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """What a line would say: net unit price, VAT rate, why, and what a line of that quantity comes to."""

    enquiry: Enquiry
    on: Day
    valued: Valuation
    found: Offer
    vat_rate: Rate
    own: Price
    totals: Totals

    @property
    def gross(self) -> Price:
        """The unit price with VAT."""
        return gross_of(self.found.unit_price, self.vat_rate)


@dataclass(frozen=True, slots=True)
class FindPrice:
    """Show what a customer would pay for so much of a product on a day, and why.

    Raises NotFound, UnknownReference, ProductArchived, NotACustomer, NoVatRate, and what makes a quantity unsound.
    """

    clock: Clock
    right: ClassVar[Right] = Right.PRODUCTS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: Enquiry) -> Quoted:
        """Give the price as ``priced`` would put it on a line."""
        product = work.products.get(request.product_id)
        party = None if request.party_id is None else customer(work, request.party_id, hold=False)
        on = request.on or self.clock.today(context.zone)
        valued = valuation(context, request.currency, request.rate)
        draft = LineDraft(product_id=product.id, quantity=request.quantity)
        known = Known.of(work, [draft], party, on, valued)
        vat_rate = known.vat_rate(known.product(product.id))
        found = known.found(product, vat_rate, request.quantity)
        line = PricedLine(
            position=1,
            kind=LineKind.SERVICE,
            description=product.name,
            quantity=request.quantity,
            unit_price=found.unit_price,
            vat_rate=vat_rate,
        )
        line.check()
        try:
            totals = price_lines([line], valued).totals
        except Overflow as error:
            raise Overflow(at=("quantity",), **error.facts) from error
        return Quoted(
            enquiry=request,
            on=on,
            valued=valued,
            found=found,
            vat_rate=vat_rate,
            own=product.net(vat_rate),
            totals=totals,
        )
