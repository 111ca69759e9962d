"""The catalogue is kept alike on every database: records, what hangs on products, and what lines are priced from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, Final

import pytest

from app.domain.catalogue import (
    Attribute,
    AttributeValue,
    Barcode,
    Category,
    CategoryKind,
    Chosen,
    Component,
    Dimension,
    InUse,
    OtherAttributes,
    Packaging,
    PriceList,
    PriceRow,
    PriceSource,
    Product,
    Record,
    SortedCustomer,
    SortedProduct,
    SupplierPrice,
    Trait,
    Unit,
    UnknownUnit,
    ValueInUse,
    VatRate,
    barcodes,
)
from app.domain.parties import Party
from app.domain.shared.errors import NotFound, Stale, Taken, UnknownReference
from app.domain.shared.ids import ProductId
from app.domain.shared.money import Price, Quantity, Rate
from app.infrastructure.clock import pause
from app.infrastructure.database.engine import Database
from app.infrastructure.database.work import SqlWork, SqlWorks
from app.usecases.catalogue import (
    ChangeAttribute,
    ChangeCategory,
    CreateCategory,
    CreateProduct,
    MakeVariants,
    SetComponents,
    VariantsDraft,
    Whole,
)
from app.usecases.context import Context
from app.usecases.ports.shared import RolledBack
from app.usecases.run import Runner
from app.usecases.shared import Change
from tests.support.clock import FakeClock
from tests.support.databases import company_context, statements, tracing

pytestmark = pytest.mark.fast
FIRST, LAST = date(1, 1, 1), date(9999, 12, 31)
TINY, HUGE = Decimal("0.00000001"), Decimal("9999999999.99999999")
EXTRAS = (AttributeValue(value="z", price_extra=Price(-TINY)), AttributeValue(value="a", price_extra=Price(HUGE)))


@pytest.fixture
def work(works: SqlWorks, context: Context) -> Any:
    """Give one transaction for the whole test, undone at its end."""
    with works.writing(context) as opened:
        yield opened


def product(work: SqlWork, ref: str, **fields: Any) -> Product:
    given = {"name": ref, "unit_price": Price(Decimal(10)), "vat_rate": Rate(Decimal(20)), **fields}
    one = Product(ref=ref, **given)
    work.products.add(one)
    return one


def party(work: SqlWork, **fields: Any) -> Party:
    one = Party(name="P", **({"customer": True} | fields))
    work.parties.add(one)
    return one


def unit(code: str = "KGM", **fields: Any) -> Unit:
    return Unit(code=code, name="Unit", dimension=Dimension.MASS, **fields)


def price_list(**fields: Any) -> PriceList:
    return PriceList(**{"name": "Wholesale", "currency": "USD", **fields})


def vat(**fields: Any) -> VatRate:
    given = {"country": "FR", "category": "standard", "rate": Rate(Decimal(20)), "valid_from": FIRST, **fields}
    return VatRate(**given)


def category(name: str = "C", parent: int | None = None) -> Category:
    return Category(kind=CategoryKind.PRODUCT, name=name, parent_id=parent)


# --- records ----------------------------------------------------------------------------------------------------------

Made = Callable[[SqlWork], Record]


def _price(work: SqlWork) -> PriceRow:
    return PriceRow(
        party_id=party(work).id,
        product_id=product(work, "P").id,
        min_quantity=Quantity(Decimal("999999999999.999999")),
        price=Price(HUGE),
        currency="JPY",
        includes_vat=True,
        valid_from=FIRST,
        valid_until=LAST,
    )


def _child(work: SqlWork) -> Category:
    top = category()
    work.catalogue.add(top)
    return category(parent=top.id)


RECORDS: Final[dict[str, tuple[Made, dict[str, object]]]] = {
    "unit": (lambda _: unit(factor=Rate(TINY), decimals=6), {"factor": HUGE, "dimension": Dimension.ENERGY}),
    "vat rate": (lambda _: vat(rate=Rate(TINY), valid_until=LAST), {"rate": Decimal(100), "valid_until": None}),
    "price list": (lambda _: price_list(valid_from=FIRST), {"includes_vat": True, "valid_until": LAST}),
    "price": (_price, {"price": None, "discount": TINY, "valid_from": None}),
    "category": (_child, {"parent_id": None, "name": "Other"}),
    "attribute": (lambda _: Attribute(name="A", values=EXTRAS), {"values": EXTRAS[::-1], "name": "B"}),
}


@pytest.fixture(params=RECORDS)
def record(request: pytest.FixtureRequest, work: SqlWork) -> Record:
    made = RECORDS[request.param][0](work)
    work.catalogue.add(made)
    return made


def test_a_record_is_read_as_it_was_stored_and_as_it_was_changed(work: SqlWork, record: Record) -> None:
    """ERP-03: to the last decimal and day."""
    assert (work.catalogue.get(type(record), record.id), record.version) == (record, 1)
    assert record.change(RECORDS[record.noun.lower()][1])
    work.catalogue.save(record)
    assert (work.catalogue.get(type(record), record.id), record.version) == (record, 2)


def test_a_record_seen_before_a_change_is_neither_stored_nor_removed(work: SqlWork, record: Record) -> None:
    seen = work.catalogue.get(type(record), record.id)
    work.catalogue.save(record)
    for act in (work.catalogue.save, work.catalogue.delete):
        with pytest.raises(Stale):
            act(seen)


def test_a_record_that_nothing_refers_to_is_removed(work: SqlWork, record: Record) -> None:
    work.catalogue.delete(record)
    with pytest.raises(NotFound) as gone:
        work.catalogue.get(type(record), record.id)
    assert gone.value.facts == {"kind": record.noun, "id": record.id}


@pytest.mark.parametrize("name", RECORDS)
def test_another_companys_record_is_not_there(works: SqlWorks, context: Context, name: str) -> None:
    """ERP-13: neither read nor stored nor removed."""
    with works.writing(context) as work:
        record = RECORDS[name][0](work)
        work.catalogue.add(record)
        work.commit()
    with works.writing(company_context(works)) as work:
        with pytest.raises(NotFound):
            work.catalogue.get(type(record), record.id)
        for act in (work.catalogue.save, work.catalogue.delete):
            with pytest.raises(Stale):
                act(record)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (unit, "code"),
        (lambda: vat(valid_until=FIRST), "valid_from"),
        (price_list, "name"),
        (lambda: Attribute(name="A", values=EXTRAS), "name"),
    ],
    ids=["unit", "vat rate", "price list", "attribute"],
)
def test_a_second_of_the_same_name_is_taken_at_its_field(work: SqlWork, make: Callable[[], Record], field: str) -> None:
    first = make()
    work.catalogue.add(first)
    with pytest.raises(Taken) as refused:
        work.catalogue.add(make())
    assert (refused.value.at, refused.value.facts) == ((field,), {"value": getattr(first, field)})


@pytest.mark.parametrize("owner", ["price_list_id", "party_id"])
def test_each_break_of_a_list_or_customer_stands_once(work: SqlWork, owner: str) -> None:
    """ERP-07: also when a break is moved onto another; 2 and 2.000 are one."""
    lists, goods = price_list(), product(work, "P")
    work.catalogue.add(lists)
    mine: dict[str, Any] = {owner: lists.id if owner == "price_list_id" else party(work).id, "product_id": goods.id}
    rows = [PriceRow(**mine, min_quantity=Quantity(Decimal(least)), discount=Rate(Decimal(5))) for least in (1, 2)]
    for one in rows:
        work.catalogue.add(one)
    rows[0].change({"min_quantity": Decimal("2.000")})
    with pytest.raises(Taken) as refused:
        work.catalogue.save(rows[0])
    assert refused.value.at == ("min_quantity",)


# --- what hangs on things ---------------------------------------------------------------------------------------------

PARTS: Final[dict[type[Any], Callable[[SqlWork], list[Any]]]] = {
    Barcode: lambda _: list(barcodes(["96385074", "036000291452"])),
    Packaging: lambda work: [
        Packaging(unit=stored(work, code), quantity=Quantity(TINY * 100)) for code in ("ZZ", "AA")
    ],
    Component: lambda work: [
        Component(component_id=product(work, ref).id, quantity=Quantity(Decimal("0.000001"))) for ref in ("A", "B")
    ],
    SupplierPrice: lambda work: [
        SupplierPrice(
            supplier_id=party(work, supplier=True).id, ref="é", price=Price(HUGE), currency="KWD", lead_days=9
        )
        for _ in range(2)
    ],
    SortedProduct: lambda work: [SortedProduct(category_id=one) for one in stored_categories(work)],
    SortedCustomer: lambda work: [SortedCustomer(category_id=one) for one in stored_categories(work)],
}


def stored(work: SqlWork, code: str) -> str:
    work.catalogue.add(unit(code))
    return code


def stored_categories(work: SqlWork) -> list[int]:
    """Give two categories, the later one first."""
    found = [category(name) for name in ("first", "second")]
    for one in found:
        work.catalogue.add(one)
    return [one.id for one in found[::-1]]


@pytest.mark.parametrize("kind", PARTS, ids=lambda kind: kind.__name__)
def test_what_hangs_on_one_thing_is_replaced_as_a_whole_and_kept_in_order(work: SqlWork, kind: type[Any]) -> None:
    """ERP-07: and what hangs on its neighbour stays."""
    owners = [party(work).id if kind is SortedCustomer else product(work, ref).id for ref in ("one", "two")]
    parts = PARTS[kind](work)
    for owner, some in ((owners[0], parts), (owners[1], []), (owners[0], parts[::-1])):
        work.catalogue.replace(kind, owner, some)
        assert work.catalogue.parts(kind, owner) == some
    work.catalogue.replace(kind, owners[1], [])
    assert work.catalogue.parts(kind, owners[0]) == parts[::-1]
    work.catalogue.replace(kind, owners[0], parts[1:])
    assert work.catalogue.parts(kind, owners[0]) == parts[1:]


def test_a_barcode_of_another_product_is_taken_and_tells_where(work: SqlWork) -> None:
    """The last word is the database's, whoever looked first."""
    one, other = (product(work, ref).id for ref in ("one", "two"))
    found = barcodes(["036000291452"])
    work.catalogue.replace(Barcode, one, found)
    with pytest.raises(Taken) as refused:
        work.catalogue.replace(Barcode, other, barcodes(["0036000291452"]))
    assert refused.value.at == ("barcodes",)


def _unit_of_product(work: SqlWork, used: Record) -> None:
    product(work, "P", unit=getattr(used, "code", None))


def _packaging(work: SqlWork, used: Record) -> None:
    work.catalogue.replace(Packaging, product(work, "P").id, [Packaging(unit="KGM", quantity=Quantity(Decimal(1)))])


def _list_price(work: SqlWork, used: Record) -> None:
    work.catalogue.add(PriceRow(price_list_id=used.id, product_id=product(work, "P").id, price=Price(Decimal(1))))


def _trait(work: SqlWork, used: Record) -> None:
    work.catalogue.replace(Trait, product(work, "P").id, [Trait(attribute_id=used.id, value="a")])


USES: Final[dict[str, tuple[Callable[[], Record], Callable[[SqlWork, Record], object]]]] = {
    "unit of a product": (unit, _unit_of_product),
    "unit of a packaging": (unit, _packaging),
    "list with a price": (price_list, _list_price),
    "list of a customer": (price_list, lambda work, used: party(work, price_list_id=used.id)),
    "category above another": (category, lambda work, used: work.catalogue.add(category("below", used.id))),
    "category of a product": (
        category,
        lambda work, used: work.catalogue.replace(
            SortedProduct, product(work, "P").id, [SortedProduct(category_id=used.id)]
        ),
    ),
    "attribute of a variant": (lambda: Attribute(name="A", values=EXTRAS), _trait),
}


@pytest.mark.parametrize("name", USES)
def test_what_something_refers_to_stays(work: SqlWork, name: str) -> None:
    """ERP-07: told as in use, and by its own noun."""
    make, use = USES[name]
    used = make()
    work.catalogue.add(used)
    use(work, used)
    with pytest.raises(InUse) as refused:
        work.catalogue.delete(used)
    assert refused.value.facts == {"kind": used.noun, "id": used.id}


@pytest.mark.parametrize("name", USES)
def test_a_reference_to_what_went_meanwhile_is_tried_again(work: SqlWork, name: str) -> None:
    """CT-02: found at its look-up, gone when it is stored: the next look-up tells the caller, not an error of ours."""
    make, use = USES[name]
    gone = make()
    work.catalogue.add(gone)
    work.catalogue.delete(gone)
    with pytest.raises(RolledBack):
        use(work, gone)


# --- what lines are priced from ---------------------------------------------------------------------------------------


def test_offers_are_those_of_the_customer_and_the_list_with_the_lists_terms(work: SqlWork) -> None:
    """ERP-07: a list's row has none of its own; another customer's and another list's are not told."""
    lists = [price_list(name=name, includes_vat=True, valid_from=FIRST, valid_until=LAST) for name in ("A", "B")]
    for one in lists:
        work.catalogue.add(one)
    goods, other = product(work, "P").id, product(work, "Q").id
    mine, theirs = party(work).id, party(work).id
    three = Price(Decimal(3))
    work.catalogue.add(PriceRow(party_id=mine, currency="EUR", product_id=goods, price=three))
    work.catalogue.add(PriceRow(party_id=theirs, product_id=goods, price=three))
    for one in lists:
        work.catalogue.add(PriceRow(price_list_id=one.id, product_id=goods, price=three))
    work.catalogue.add(PriceRow(party_id=mine, product_id=other, discount=Rate(Decimal(1))))
    told = {x.source: x for x in work.pricing.offers([goods], mine, lists[0].id)[goods]}
    terms = {source: (x.currency, x.includes_vat, x.valid_from, x.valid_until) for source, x in told.items()}
    assert terms == {PriceSource.PARTY: ("EUR", False, None, None), PriceSource.PRICE_LIST: ("USD", True, FIRST, LAST)}
    assert [x.source for x in work.pricing.offers([goods, other], None, lists[1].id)[goods]] == ["price_list"]
    assert {one: len(rows) for one, rows in work.pricing.offers([other, goods], mine, None).items()} == {
        goods: 1,
        other: 1,
    }
    assert not work.pricing.offers([goods], None, None)


def test_the_rates_of_a_document_are_those_of_the_companys_country(work: SqlWork) -> None:
    """ERP-07: the company of these tests is French; another's rates are not seen."""
    for country in ("FR", "DE"):
        work.catalogue.add(vat(country=country))
    assert [one.country for one in work.pricing.vat_rates()] == ["FR"]
    assert [(one.country, one.version) for one in work.pricing.vat_rates_of("DE")] == [("DE", 1)]


def test_kits_in_kits_are_read_by_one_statement_for_each_level(
    works: SqlWorks, context: Context, database: Database
) -> None:
    """ERP-07: in the order of their components, whichever were made first; goods have no contents."""
    one = Quantity(Decimal(1))
    with works.writing(context) as work:
        a, b, c, d = (product(work, ref, kit=ref in "AB").id for ref in "ABCD")
        work.catalogue.replace(Component, a, [Component(component_id=x, quantity=one) for x in (d, b)])
        work.catalogue.replace(Component, b, [Component(component_id=x, quantity=one) for x in (d, c)])
        work.commit()
    with tracing(database) as traces, works.reading(context) as work:
        found = work.pricing.contents([a])
    assert {kit: [x.component_id for x in parts] for kit, parts in found.items()} == {
        a: [d, b],
        b: [d, c],
        c: [],
        d: [],
    }
    assert [name.partition("[")[0] for name in statements(traces)] == ["select product_components.kits"] * 3


def test_what_is_looked_up_by_key_is_the_companys_own(works: SqlWorks, context: Context) -> None:
    """ERP-13: units, attributes, categories, owners of barcodes and suppliers of another company are not there."""
    with works.writing(context) as work:
        goods, seller, buyer = product(work, "P").id, party(work, supplier=True).id, party(work).id
        colour, top = Attribute(name="A", values=EXTRAS), category()
        for one in (unit(), colour, top):
            work.catalogue.add(one)
        work.catalogue.replace(Barcode, goods, barcodes(["96385074"]))
        gtin = barcodes(["96385074"])[0].gtin

        def seen(work: SqlWork) -> list[object]:
            units = {code: one.id for code, one in work.pricing.units(["KGM", "NO", "kgm"]).items()}
            others = [work.pricing.suppliers([seller, buyer]), work.pricing.owners([gtin, "0"])]
            return [units, dict(work.pricing.attributes([colour.id, 0])), dict(work.pricing.categories()), *others]

        ours = seen(work)
        work.commit()
    assert ours[1:] == [{colour.id: colour}, {top.id: top}, {seller: True, buyer: False}, {gtin: goods}]
    with works.reading(company_context(works)) as work:
        assert not any(seen(work))


# --- use cases --------------------------------------------------------------------------------------------------------

Do = Callable[..., Any]


@pytest.fixture
def do(works: SqlWorks, context: Context) -> Do:
    runner = Runner(works, pause)
    return lambda case, request: runner.call(context, case, lambda: request)


def test_two_of_one_name_at_the_top_are_refused_when_made_and_when_moved_there(do: Do) -> None:
    """ERP-07: null parents differ for every database's constraint."""
    top = do(CreateCategory(), category())
    with pytest.raises(Taken):
        do(CreateCategory(), category())
    below = do(CreateCategory(), category(parent=top.id))
    with pytest.raises(Taken):
        do(ChangeCategory(), Change(id=below.id, version=1, changes={"parent_id": None}))
    do(ChangeCategory(), Change(id=below.id, version=1, changes={"parent_id": None, "name": "D"}))


def test_variants_that_are_there_are_left_alone_and_hold_their_values(
    do: Do, works: SqlWorks, context: Context
) -> None:
    """ERP-07: a value goes when no variant has it, and others come; other attributes make no variants."""
    with works.writing(context) as work:
        shirt, colour, size = (
            product(work, "S").id,
            Attribute(name="C", values=EXTRAS),
            Attribute(name="S", values=EXTRAS),
        )
        work.products.save(work.products.get(shirt))
        work.catalogue.add(colour)
        work.catalogue.add(size)
        work.commit()
    only = Chosen(attribute_id=colour.id, values=("z",))
    (made,) = do(MakeVariants(), VariantsDraft(parent_id=shirt, chosen=(only,)))
    assert (made.product.unit_price, do(MakeVariants(), VariantsDraft(parent_id=shirt, chosen=(only,)))) == (
        10 - TINY,
        [],
    )
    with pytest.raises(OtherAttributes):
        do(MakeVariants(), VariantsDraft(parent_id=shirt, chosen=(Chosen(attribute_id=size.id),)))
    with pytest.raises(ValueInUse):
        do(ChangeAttribute(), Change(id=colour.id, version=1, changes={"values": EXTRAS[1:]}))
    kept = do(ChangeAttribute(), Change(id=colour.id, version=1, changes={"values": EXTRAS[:1]}))
    assert [one.value for one in kept.values] == ["z"]


def test_refused_components_leave_the_kit_as_it_was(do: Do, works: SqlWorks, context: Context) -> None:
    with works.writing(context) as work:
        kit, part = product(work, "K").id, product(work, "P").id
        work.commit()
    good = Component(component_id=part, quantity=Quantity(Decimal(2)))
    assert do(SetComponents(), Whole(id=kit, version=1, parts=[good])).version == 2
    unknown = Component(component_id=ProductId(2**40), quantity=Quantity(Decimal(1)))
    with pytest.raises(UnknownReference) as refused:
        do(SetComponents(), Whole(id=kit, version=2, parts=[good, unknown]))
    assert refused.value.at == ("components", 1, "component_id")
    with pytest.raises(Stale):
        do(SetComponents(), Whole(id=kit, version=1, parts=[]))
    with works.reading(context) as work:
        assert (work.products.get(kit).kit, work.catalogue.parts(Component, kit)) == (True, [good])
    do(SetComponents(), Whole(id=kit, version=2, parts=[]))
    with works.reading(context) as work:
        assert not work.products.get(kit).kit


def test_a_product_in_a_unit_that_is_not_there_is_not_stored(do: Do, works: SqlWorks, context: Context) -> None:
    wrong = Product(ref="P", name="P", unit_price=Price(Decimal(1)), vat_rate=Rate(Decimal(0)), unit="NO")
    with pytest.raises(UnknownUnit):
        do(CreateProduct(FakeClock()), wrong)
    with works.reading(context) as work:
        assert work.products.by_ref(["P"]) == {}
