"""What several use cases do alike: numbers, references, lines, lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar, Final, TypeVar

from app.domain.banking import BankAccount
from app.domain.catalogue import (
    Contents,
    Found,
    NoVatRate,
    Offered,
    Packaging,
    PriceSource,
    Product,
    Unit,
    converted,
    exploded,
    in_stock_units,
    net_of,
    pick,
    rates_on,
)
from app.domain.parties import Party
from app.domain.shared.dates import Day
from app.domain.shared.errors import DomainError, Invalid, NotFound, Required, Stale, UnknownReference
from app.domain.shared.ids import BankAccountId, PartyId, ProductId, WarehouseId
from app.domain.shared.lines import LineKind, PricedLine, Valuation
from app.domain.shared.money import Currency, Price, Quantity, Rate, currency
from app.domain.shared.numbering import LateDate, Number, Series
from app.domain.shared.rights import Right
from app.domain.shared.series import SeriesKind
from app.domain.stock import NoWarehouse, Warehouse
from app.usecases.context import Context
from app.usecases.custom import sought
from app.usecases.ports.listing import Listing, Page, Query
from app.usecases.ports.shared import Clock, Seal, Work

ONE: Final = Rate(Decimal(1))
FREE: Final = Price(Decimal(0))
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
    """A line as asked for; what is None comes from the product (a free line must say it itself).

    A price is net, or gross, of one stock unit; ``quantity`` is in ``unit``, None being the product's own.
    ``warehouse_id`` is for lines of orders alone; None is the company's default when the order is validated.
    """

    product_id: ProductId | None = None
    kind: LineKind | None = None
    description: str | None = None
    quantity: Quantity
    unit: str | None = None
    unit_price: Price | None = None
    gross_unit_price: Price | None = None
    discount: Rate = Rate(Decimal(0))
    vat_rate: Rate | None = None
    warehouse_id: WarehouseId | None = None

    @property
    def price(self) -> Price | None:
        """The price it names, net or gross."""
        return self.unit_price if self.gross_unit_price is None else self.gross_unit_price


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


def buyer(work: Work, party_id: PartyId, drafts: Sequence[LineDraft]) -> Party | None:
    """Give the customer whose prices new lines of a draft may take; None when each line names its own."""
    needed = any(one.product_id is not None and one.price is None for one in drafts)
    return work.parties.get(party_id) if needed else None


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


def bank_account(work: Work, account: BankAccountId) -> BankAccount:
    """Give the account that a document names. Raises UnknownReference."""
    try:
        return work.bank_accounts.get(account)
    except NotFound as error:
        raise UnknownReference(at=("account_id",), kind="bank account", value=account) from error


def valuation(context: Context, code: str | None, rate: Rate | None) -> Valuation:
    """Give how a new document counts. Raises UnknownCurrency, BadExchangeRate, RateRequired with ``at``."""
    settings = context.settings
    try:
        chosen = settings.currency if code is None else currency(code)
    except Invalid as error:
        raise error.within("currency") from None
    exchange = _own_rate(rate) if chosen == settings.currency else _foreign_rate(chosen, settings.currency, rate)
    return Valuation(currency=chosen, rate=exchange, company_currency=settings.currency, vat_mode=settings.vat_mode)


def revalued(context: Context, before: Valuation, changes: Mapping[str, object]) -> Valuation:
    """Give how a changed draft counts; a new currency needs its rate anew. Raises as ``valuation``."""
    code = str(changes.get("currency", before.currency.code))
    rate = changes.get("rate", before.rate if code == before.currency.code else None)
    return valuation(context, code, Rate(rate) if isinstance(rate, Decimal) else None)


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


def priced(
    work: Work,
    drafts: Sequence[LineDraft],
    make: type[LineT],
    valued: Valuation,
    party: Party | None = None,
    on: Day | None = None,
) -> list[LineT]:
    """Make the lines of a document, completed from their products by one look-up for all.

    What else a line needs costs one statement more for the whole document, and none when no line needs it: prices of a
    ``party`` that has such or a list, VAT rates of the day ``on``, units, the components of kits. A product's price is
    in the company's currency; in a document of another it is converted at the document's rate. A kit is followed by its
    components at price 0.

    Raises UnknownReference, ProductArchived, Required, NoVatRate, UnknownUnit, UnitDoesNotFit, InexactQuantity with
    ``at`` within ``("lines", index)``.
    """
    known = Known.of(work, drafts, party, on, valued)
    lines: list[LineT] = []
    for index, draft in enumerate(drafts):
        try:
            made = _lines(draft, known, len(lines) + 1, make)
            if known.contents:  # what is wrong is told at its own place, which the components of kits would move
                made[0].check()
            lines += made
        except DomainError as error:
            raise error.within("lines", index) from None
    return lines


def _named(drafts: Sequence[LineDraft]) -> dict[ProductId, list[LineDraft]]:
    """Give the lines that name a product, by product."""
    found: dict[ProductId, list[LineDraft]] = {}
    for draft in drafts:
        if draft.product_id is not None:
            found.setdefault(draft.product_id, []).append(draft)
    return found


def _with_components(work: Work, drafts: Sequence[LineDraft]) -> tuple[Mapping[ProductId, Product], Contents]:
    """Give the products named and, of kits, what they hold."""
    products = work.products.of(_named(drafts))
    kits = {one.id for one in products.values() if one.kit}
    contents = work.pricing.contents(kits)
    inside = {one.component_id for kit in contents.values() for one in kit} - products.keys()
    return {**products, **work.products.of(inside)}, contents


def _offers(work: Work, drafts: Sequence[LineDraft], party: Party | None) -> Mapping[ProductId, Sequence[Offered]]:
    """Give what a customer may pay for products whose lines name no price; nothing for who has no prices of its own."""
    if party is None or not party.has_prices:
        return {}
    unpriced = {one for one, lines in _named(drafts).items() if any(line.price is None for line in lines)}
    return work.pricing.offers(unpriced, party.id, party.price_list_id)


def _measures(
    work: Work, drafts: Sequence[LineDraft], products: Mapping[ProductId, Product]
) -> tuple[Mapping[str, Unit], Mapping[ProductId, Sequence[Packaging]]]:
    """Give the units and packagings that lines in another unit than the product's need."""
    measured = {one for one, lines in _named(drafts).items() if any(line.unit is not None for line in lines)}
    if not measured:
        return {}, {}
    own = {products[one].unit for one in measured if one in products}
    codes = {code for code in (*own, *(draft.unit for draft in drafts)) if code is not None}
    return work.pricing.units(codes), work.pricing.packagings(measured)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known about the products of a document, for all of its lines."""

    valued: Valuation
    on: Day | None
    products: Mapping[ProductId, Product]
    contents: Contents
    offers: Mapping[ProductId, Sequence[Offered]]
    rates: Mapping[str, Rate]
    units: Mapping[str, Unit]
    packagings: Mapping[ProductId, Sequence[Packaging]]

    @classmethod
    def of(
        cls, work: Work, drafts: Sequence[LineDraft], party: Party | None, on: Day | None, valued: Valuation
    ) -> Known:
        """Look up what the lines asked for need."""
        products, contents = _with_components(work, drafts)
        dated = on is not None and any(one.vat_category is not None for one in products.values())
        units, packagings = _measures(work, drafts, products)
        return cls(
            valued=valued,
            on=on,
            products=products,
            contents=contents,
            offers=_offers(work, drafts, party),
            rates=rates_on(work.pricing.vat_rates(), on) if dated and on is not None else {},
            units=units,
            packagings=packagings,
        )

    def product(self, product: ProductId) -> Product:
        """Give a product that is sold. Raises UnknownReference, ProductArchived."""
        found = self.products.get(product)
        if found is None:
            raise UnknownReference(at=("product_id",), kind="product", value=product)
        found.sells()
        return found

    def vat_rate(self, product: Product) -> Rate:
        """Give a product's rate on the document's day. Raises NoVatRate."""
        found = product.rate(self.rates)
        if found is None:
            raise NoVatRate(at=("vat_rate",), category=product.vat_category, on=self.on)
        return found

    def counted(self, draft: LineDraft, product: Product) -> Quantity:
        """Give the quantity asked for in stock units. Raises UnknownUnit, UnitDoesNotFit, InexactQuantity."""
        if draft.unit is None:
            return draft.quantity
        packagings = self.packagings.get(product.id, ())
        return in_stock_units(draft.quantity, draft.unit, product.unit, packagings, self.units)

    def found(self, product: Product, vat_rate: Rate, quantity: Quantity) -> Found:
        """Give what so much of a product costs, and why."""
        own, offers = product.net(vat_rate), self.offers.get(product.id, ())
        if not offers or self.on is None:
            return Found(unit_price=converted(own, self.valued), source=PriceSource.PRODUCT)
        return pick(own, vat_rate, quantity, self.on, self.valued, offers)


def _lines(draft: LineDraft, known: Known, position: int, make: type[LineT]) -> list[LineT]:
    """Give the line asked for; and those of its components, if it is of a kit."""
    if draft.product_id is None:
        return [_free_line(draft, position, make)]
    product = known.product(draft.product_id)
    vat_rate = known.vat_rate(product) if draft.vat_rate is None else draft.vat_rate
    quantity = known.counted(draft, product)
    kit, asked = bool(known.contents.get(product.id)), _asked(draft, vat_rate)
    line = make(
        position=position,
        product_id=product.id,
        kind=LineKind.GOODS if product.stocked and not kit else LineKind.SERVICE,
        description=draft.description or product.name,
        quantity=quantity,
        unit=draft.unit,
        entered_quantity=None if draft.unit is None else draft.quantity,
        unit_price=known.found(product, vat_rate, quantity).unit_price if asked is None else asked,
        discount=draft.discount,
        vat_rate=vat_rate,
        unit_cost=Price(Decimal(0)) if kit else product.unit_cost,
    )
    if not kit:
        return [line]
    return [line, *_components(line, product, known, make)]


def _components(line: LineT, kit: Product, known: Known, make: type[LineT]) -> Iterable[LineT]:
    for place, (component, quantity) in enumerate(exploded(kit.id, line.quantity, known.contents), line.position + 1):
        inside = known.product(component)
        yield make(
            position=place,
            product_id=inside.id,
            kind=LineKind.GOODS if inside.stocked else LineKind.SERVICE,
            description=inside.name,
            quantity=quantity,
            kit_position=line.position,
            unit_price=FREE,
            vat_rate=line.vat_rate,
            unit_cost=inside.unit_cost,
        )


def _asked(draft: LineDraft, vat_rate: Rate) -> Price | None:
    """Give the net price a line names itself, None when it names none."""
    return draft.unit_price if draft.gross_unit_price is None else net_of(draft.gross_unit_price, vat_rate)


def _free_line(draft: LineDraft, position: int, make: type[LineT]) -> LineT:
    vat_rate = _said(draft.vat_rate, "vat_rate")
    return make(
        position=position,
        kind=draft.kind if draft.kind is LineKind.FREIGHT else LineKind.SERVICE,
        description=_said(draft.description, "description"),
        quantity=draft.quantity,
        unit=draft.unit,
        entered_quantity=None if draft.unit is None else draft.quantity,
        unit_price=_said(_asked(draft, vat_rate), "unit_price"),
        discount=draft.discount,
        vat_rate=vat_rate,
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
