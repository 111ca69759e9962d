"""Two who write to one catalogue at once: the second waits, then sees what the first did (CT-02, ERP-07)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any, Final

import pytest

from app.domain import catalogue as domain
from app.domain.catalogue import AttributeValue, Chosen, Component, PriceRow, Product, Record
from app.domain.shared.errors import DomainError, NotFound, Stale, Taken, UnknownReference
from app.domain.shared.money import Price, Quantity, Rate
from app.infrastructure.clock import pause
from app.infrastructure.database.work import SqlWorks
from app.usecases import catalogue as cases
from app.usecases.catalogue import VariantsDraft, Whole
from app.usecases.context import Context
from app.usecases.run import Runner
from app.usecases.shared import Change, Versioned
from tests.support.clock import FakeClock

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql", "mariadb"], indirect=True)
ONE: Final = Price(Decimal(1))
TEN: Final = Rate(Decimal(10))
Step = tuple[Any, Any]
"""A use case and its request."""


def category(name: str) -> domain.Category:
    return domain.Category(kind=domain.CategoryKind.PRODUCT, name=name)


def vat(first: int, last: int | None = None) -> domain.VatRate:
    until = None if last is None else date(last, 1, 1)
    return domain.VatRate(country="FR", category="a", rate=TEN, valid_from=date(first, 1, 1), valid_until=until)


def product(ref: str, unit: str | None = None) -> Product:
    return Product(ref=ref, name=ref, unit_price=ONE, vat_rate=TEN, unit=unit)


def change(record: Any, **changes: object) -> Change:
    return Change(id=record.id, version=1, changes=changes)


def gone(record: Any) -> Versioned:
    return Versioned(id=record.id, version=1)


class Stock:
    """What a company's catalogue holds at first."""

    def __init__(self, works: SqlWorks, context: Context) -> None:
        with works.writing(context) as work:
            self.shirt, self.desk = product("S"), product("D")
            for one in (self.shirt, self.desk):
                work.products.add(one)
            values = (AttributeValue(value="red"), AttributeValue(value="blue"))
            self.colour, self.size = (domain.Attribute(name=name, values=values) for name in "CS")
            self.top, self.aside = category("top"), category("aside")
            self.list = domain.PriceList(name="L", currency="EUR")
            self.unit = domain.Unit(code="KGM", name="K", dimension=domain.Dimension.MASS)
            records: tuple[Record, ...] = (self.colour, self.size, self.top, self.aside, self.list, self.unit)
            for record in records:
                work.catalogue.add(record)
            work.commit()

    def variants(self, attribute: domain.Attribute) -> Step:
        chosen = (Chosen(attribute_id=attribute.id, values=("red",)),)
        return cases.MakeVariants(), VariantsDraft(parent_id=self.shirt.id, chosen=chosen)

    def holds(self, kit: Product, part: Product) -> Step:
        component = Component(component_id=part.id, quantity=Quantity(Decimal(1)))
        return cases.SetComponents(), Whole(id=kit.id, version=1, parts=[component])

    def coded(self, owner: Product) -> Step:
        return cases.SetBarcodes(), Whole(id=owner.id, version=1, parts=["96385074"])

    def price(self, **fields: Any) -> Step:
        row = PriceRow(price_list_id=self.list.id, product_id=self.shirt.id, price=ONE, **fields)
        return cases.CreatePrice(), row

    def pairs(self) -> dict[str, tuple[Step, Step, type[DomainError]]]:
        """Give what two do at once, by name, and what the second is told."""
        blue = change(self.colour, values=(AttributeValue(value="blue"),))
        sorted_ = Whole(id=self.shirt.id, version=1, parts=[self.top.id])
        moves = change(self.top, parent_id=self.aside.id), change(self.aside, parent_id=self.top.id)
        there, back = ((cases.ChangeCategory(), one) for one in moves)
        lists = [(cases.ChangePriceList(), change(self.list, name=name)) for name in "MN"]
        top = (cases.DeleteCategory(), gone(self.top)), (cases.SetProductCategories(), sorted_)
        unit = (cases.DeleteUnit(), gone(self.unit)), (cases.CreateProduct(FakeClock()), product("P", "KGM"))
        rates = (cases.CreateVatRate(), vat(2020)), (cases.CreateVatRate(), vat(2010, 2030))
        twins = (cases.CreateCategory(), category("C")), (cases.CreateCategory(), category("C"))
        return {
            "a value goes": (self.variants(self.colour), (cases.ChangeAttribute(), blue), domain.ValueInUse),
            "variants differ": (self.variants(self.colour), self.variants(self.size), domain.OtherAttributes),
            "twin categories": (*twins, Taken),
            "a ring of categories": (there, back, domain.CategoryCycle),
            "a category goes": (*top, UnknownReference),
            "a ring of kits": (self.holds(self.shirt, self.desk), self.holds(self.desk, self.shirt), domain.KitCycle),
            "rates overlap": (*rates, domain.VatRatesOverlap),
            "a break": (self.price(), self.price(), Taken),
            "a list changes": (lists[0], lists[1], Stale),
            "a list goes": ((cases.DeletePriceList(), gone(self.list)), self.price(), NotFound),
            "a barcode": (self.coded(self.shirt), self.coded(self.desk), Taken),
            "a unit goes": (*unit, domain.UnknownUnit),
        }


def second(works: SqlWorks, context: Context, first: Step, then: Step) -> Any:
    """Do ``then`` while ``first`` is done but not committed yet: it waits; give what comes of it."""
    runner = Runner(works, pause)
    with ThreadPoolExecutor(1) as pool:
        with works.writing(context) as work:
            first[0].execute(work, context, first[1])
            waiting = pool.submit(runner.call, context, then[0], lambda: then[1])
            with pytest.raises(TimeoutError):
                waiting.result(0.2)
            work.commit()
        return waiting.result(60)


@pytest.mark.fast
def test_who_makes_the_same_variants_meanwhile_finds_them_there(works: SqlWorks, context: Context) -> None:
    """ERP-07: those that are there are left alone, and nobody is told that a ref is taken."""
    stock = Stock(works, context)
    assert second(works, context, stock.variants(stock.colour), stock.variants(stock.colour)) == []


NAMES: Final = (
    "a value goes,variants differ,twin categories,a ring of categories,a category goes,a ring of kits,rates overlap,"
    "a break,a list changes,a list goes,a barcode,a unit goes"
)


@pytest.mark.full
@pytest.mark.parametrize("name", NAMES.split(","))
def test_the_second_of_two_is_told_what_the_first_did(works: SqlWorks, context: Context, name: str) -> None:
    """CT-02: never both, never an error of ours."""
    pairs = Stock(works, context).pairs()
    assert pairs.keys() == set(NAMES.split(","))
    first, then, error = pairs[name]
    with pytest.raises(error):
        second(works, context, first, then)
