"""What several use cases do alike: numbers, references, lines, lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import ClassVar, Final, TypeVar

from app.domain.catalogue import Product
from app.domain.parties import Party
from app.domain.shared.errors import DomainError, Invalid, NotFound, Required, Stale, UnknownReference
from app.domain.shared.ids import PartyId, ProductId, WarehouseId
from app.domain.shared.lines import LineKind, PricedLine, Valuation
from app.domain.shared.money import EXACT, PRICE_DECIMALS, Currency, Price, Quantity, Rate, currency, price
from app.domain.shared.numbering import LateDate, Number, Series
from app.domain.shared.rights import Right
from app.domain.shared.series import SeriesKind
from app.domain.stock import NoWarehouse, Warehouse
from app.usecases.context import Context
from app.usecases.custom import sought
from app.usecases.ports.listing import Listing, Page, Query
from app.usecases.ports.shared import Clock, Seal, Work

ONE: Final = Rate(Decimal(1))
PRICE_UNIT: Final = Decimal(1).scaleb(-PRICE_DECIMALS)
LineT = TypeVar("LineT", bound=PricedLine)
Value = TypeVar("Value")


class BadExchangeRate(Invalid):
    """The exchange rate must be above zero, and 1 for the company's own currency."""

    code = "currency.bad_rate"


class RateRequired(Invalid):
    """A document in a foreign currency needs its exchange rate to the company's."""

    code = "currency.rate_required"


@dataclass(frozen=True, slots=True)
class Numbering:
    """Takes numbers from the company's series and links what is numbered without gaps."""

    clock: Clock
    seal: Seal

    def fast(self, work: Work, context: Context, kind: SeriesKind, on: date) -> str:
        """Give the next reference of a series that may have gaps."""
        mask = context.settings.masks[kind]
        return mask.format(on, work.series.fast(kind, mask.period(on)))

    def take(self, work: Work, context: Context, kind: SeriesKind, on: date) -> tuple[Series, Number]:
        """Lock the series of ``on`` and take its next number; nothing may be locked after this.

        Raises DateBeforeLast, unless the company moves late dates to today: then the series of today is taken.
        """
        settings = context.settings
        mask = settings.masks[kind]
        series = work.series.lock(kind, mask.period(on))
        if settings.late_date is LateDate.TODAY and series.last_date is not None and on < series.last_date:
            on = self.clock.today(context.zone)
            if mask.period(on) != series.period:
                series = work.series.lock(kind, mask.period(on))
        return series, series.take(on, mask)

    def lock_all(self, work: Work, context: Context, kind: SeriesKind, days: Iterable[date | None]) -> None:
        """Lock the series of ``days`` by period; None is today, which counts too when late dates move there."""
        settings, today = context.settings, self.clock.today(context.zone)
        moved = {today} if settings.late_date is LateDate.TODAY else set()
        for period in sorted({settings.masks[kind].period(on or today) for on in moved.union(days)}):
            work.series.lock(kind, period)

    def link(self, work: Work, series: Series, content: Mapping[str, object]) -> str:
        """Link ``content`` to the head of the chain, store the series and give the link."""
        link = self.seal.link(series.last_hash, content)
        series.seal(link)
        work.series.save(series)
        return link


@dataclass(frozen=True, slots=True, kw_only=True)
class Versioned:
    """An object as the caller last saw it."""

    id: int
    version: int

    def matches(self, version: int) -> None:
        """Pass only the version the caller saw. Raises Stale."""
        if version != self.version:
            raise Stale(seen=self.version, now=version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Versioned):
    """New values for some fields of an object."""

    changes: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDraft:
    """A line as asked for; what is None comes from the product (a free line must say it itself)."""

    product_id: ProductId | None = None
    kind: LineKind | None = None
    description: str | None = None
    quantity: Quantity
    unit_price: Price | None = None
    discount: Rate = Rate(Decimal(0))
    vat_rate: Rate | None = None


def customer(work: Work, party_id: PartyId, *, hold: bool = True) -> Party:
    """Give the customer a document is for, held until it is stored unless it is only looked at.

    Raises UnknownReference, NotACustomer, PartyArchived.
    """
    try:
        party = work.parties.get(party_id, hold=hold)
    except NotFound as error:
        raise UnknownReference(at=("party_id",), kind="third party", value=party_id) from error
    party.buys()
    return party


def warehouse(work: Work, context: Context, warehouse_id: WarehouseId | None) -> Warehouse:
    """Give the warehouse named, or the company's default. Raises NoWarehouse, UnknownReference, WarehouseArchived."""
    chosen = warehouse_id if warehouse_id is not None else context.settings.default_warehouse
    if chosen is None:  # the settings of the caller may be half a minute old: the first warehouse makes itself default
        chosen = work.companies.get(context.company).settings.default_warehouse
    if chosen is None:
        raise NoWarehouse(at=("warehouse_id",))
    try:
        found = work.warehouses.get(chosen)
    except NotFound as error:
        raise UnknownReference(at=("warehouse_id",), kind="warehouse", value=chosen) from error
    found.serves()
    return found


def valuation(context: Context, code: str | None, rate: Rate | None) -> Valuation:
    """Give how a new document counts. Raises UnknownCurrency, BadExchangeRate, RateRequired with ``at``."""
    settings = context.settings
    try:
        chosen = settings.currency if code is None else currency(code)
    except Invalid as error:
        raise error.within("currency") from None
    exchange = _own_rate(rate) if chosen == settings.currency else _foreign_rate(chosen, settings.currency, rate)
    return Valuation(currency=chosen, rate=exchange, company_currency=settings.currency, vat_mode=settings.vat_mode)


def _own_rate(rate: Rate | None) -> Rate:
    if rate is not None and rate != 1:
        raise BadExchangeRate(at=("rate",), rate=rate)
    return ONE


def _foreign_rate(chosen: Currency, own: Currency, rate: Rate | None) -> Rate:
    if rate is None:
        raise RateRequired(at=("rate",), currency=chosen.code, company_currency=own.code)
    if rate <= 0:
        raise BadExchangeRate(at=("rate",), rate=rate)
    return rate


def priced(work: Work, drafts: Sequence[LineDraft], make: type[LineT], valued: Valuation) -> list[LineT]:
    """Make the lines of a document, completed from their products by one look-up for all.

    A product's price is in the company's currency; in a document of another it is converted at the document's rate.

    Raises UnknownReference, ProductArchived, Required with ``at`` within ``("lines", index)``.
    """
    products = work.products.of({draft.product_id for draft in drafts if draft.product_id is not None})
    lines = []
    for index, draft in enumerate(drafts):
        try:
            lines.append(_line(draft, products, index + 1, make, valued))
        except DomainError as error:
            raise error.within("lines", index) from None
    return lines


def _line(
    draft: LineDraft, products: Mapping[ProductId, Product], position: int, make: type[LineT], valued: Valuation
) -> LineT:
    if draft.product_id is None:
        return _free_line(draft, position, make)
    product = products.get(draft.product_id)
    if product is None:
        raise UnknownReference(at=("product_id",), kind="product", value=draft.product_id)
    product.sells()
    return make(
        position=position,
        product_id=product.id,
        kind=LineKind.GOODS if product.stocked else LineKind.SERVICE,
        description=draft.description or product.name,
        quantity=draft.quantity,
        unit_price=_list_price(product, valued) if draft.unit_price is None else draft.unit_price,
        discount=draft.discount,
        vat_rate=product.vat_rate if draft.vat_rate is None else draft.vat_rate,
        unit_cost=product.unit_cost,
    )


def _list_price(product: Product, valued: Valuation) -> Price:
    if valued.rate == 1:
        return product.unit_price
    return price(EXACT.divide(product.unit_price, valued.rate).quantize(PRICE_UNIT, ROUND_HALF_UP, EXACT))


def _free_line(draft: LineDraft, position: int, make: type[LineT]) -> LineT:
    return make(
        position=position,
        kind=draft.kind if draft.kind is LineKind.FREIGHT else LineKind.SERVICE,
        description=_said(draft.description, "description"),
        quantity=draft.quantity,
        unit_price=_said(draft.unit_price, "unit_price"),
        discount=draft.discount,
        vat_rate=_said(draft.vat_rate, "vat_rate"),
    )


def _said(value: Value | None, name: str) -> Value:
    if value is None:
        raise Required(at=(name,))
    return value


class ListCase:
    """One page of a list; each subclass names its list and the right to read it."""

    __slots__ = ()
    right: ClassVar[Right]
    writes: ClassVar[bool] = False
    listing: ClassVar[Listing]

    def execute(self, work: Work, context: Context, query: Query) -> Page:
        """Give the page asked for. Raises UnknownField, BadCustomFilter, BadCustomValue."""
        return work.lists.page(self.listing, sought(work, self.listing, query))
