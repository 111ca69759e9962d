"""Two warehouses on a real database, filled through the repositories alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any, Final

from app.domain.catalogue import Product
from app.domain.shared.ids import ProductId
from app.domain.shared.money import Price, Quantity, price, quantity, rate
from app.domain.shared.tracking import Tracking
from app.domain.stock import Holding, Lot, Movement, MovementKind, Occasion, Warehouse
from app.infrastructure.database.work import SqlWork, SqlWorks
from app.usecases.context import Context

_refs: Final = count(1)
TODAY: Final = date(2026, 11, 21)
NOW: Final = datetime(2026, 11, 21, 9, 30, 15, 123456, tzinfo=UTC)
RECEIPT: Final = Occasion(kind=MovementKind.RECEIVE, on=TODAY, at=NOW, reason="4711")


def q(text: str) -> Quantity:
    """Give a quantity."""
    return quantity(Decimal(text))


def p(text: str) -> Price:
    """Give a price."""
    return price(Decimal(text))


@dataclass(frozen=True)
class Store:
    """Two warehouses of one company, and what is kept there."""

    works: SqlWorks
    context: Context
    here: Warehouse
    there: Warehouse

    @classmethod
    def of(cls, works: SqlWorks, context: Context) -> Store:
        places = [Warehouse(ref=f"W{next(_refs)}", name="W") for _ in range(2)]
        with works.writing(context) as work:
            for place in places:
                work.warehouses.add(place)
            work.commit()
        return cls(works, context, *places)

    @contextmanager
    def writing(self) -> Iterator[SqlWork]:
        """Open a transaction that is committed at its end."""
        with self.works.writing(self.context) as work:
            yield work
            work.commit()

    def read(self, ask: Callable[[SqlWork], Any]) -> Any:
        """Ask in a transaction of its own."""
        with self.works.reading(self.context) as work:
            return ask(work)

    def goods(self, tracking: Tracking = Tracking.NONE, **here: str) -> ProductId:
        """Enter a product, and the lots of which so much is here."""
        ref = f"P{next(_refs)}"
        zero = rate(Decimal(0))
        product = Product(
            ref=ref, name=f"Name of {ref}", unit_price=p("1"), cost_price=p("1"), vat_rate=zero, tracking=tracking
        )
        with self.writing() as work:
            work.products.add(product)
            if tracking is not Tracking.NONE:
                work.lots.track(product.id, tracking)
        if here:
            self.receive_lots(product.id, self.here, here)
        return product.id

    def receive(self, product: ProductId, moved: str, place: Warehouse | None = None, on: date = TODAY) -> Movement:
        """Put so much in at 2 a unit."""
        return self.move(product, moved, place, on=on)

    def move(self, product: ProductId, moved: str, place: Warehouse | None = None, **how: Any) -> Movement:
        """Put in, or take out below zero, on an occasion that is a receipt but for ``how``."""
        place = place or self.here
        occasion = replace(RECEIPT, **how)
        with self.writing() as work:
            held = work.stock.hold(place, [product])[product]
            if Decimal(moved) > 0:
                movement = held.receive(q(moved), p("2"), occasion)
            else:
                movement = held.debit(quantity(-Decimal(moved)), occasion)
            (posted,) = work.stock.post([held], [movement])
        return posted

    def receive_lots(self, product: ProductId, place: Warehouse, parts: dict[str, str], **how: Any) -> None:
        """Put lots in, those that nobody knew among them; below zero they leave."""
        total = sum(map(Decimal, parts.values()))
        with self.writing() as work:
            known = {lot.code: lot for lot in work.lots.by_codes({product: parts})}
            new = [Lot(product_id=product, code=code) for code in parts if code not in known]
            if new:
                work.lots.add_many(new)
            held = work.stock.hold(place, [product])[product]
            shelf = work.lots.shelves([held], {product: parts})[place.id, product]
            movement = held.adjust(q(str(total)), replace(RECEIPT, **how))
            (posted,) = work.stock.post([held], [movement])
            lots = shelf.by_code()
            moved = [one for code, part in parts.items() for one in shelf.adjust(lots[code], q(part))]
            work.lots.save_shelves([shelf], {posted.id: moved})

    def held(self, product: ProductId, place: Warehouse | None = None) -> Holding:
        """Give level and cost of a product, as a transaction of its own finds them."""
        with self.works.writing(self.context) as work:
            return work.stock.hold(place or self.here, [product])[product]

    def lots(self, product: ProductId, place: Warehouse | None = None) -> dict[str, str]:
        """Give what is of each lot somewhere, as the shelf reads it."""
        place = place or self.here
        with self.works.writing(self.context) as work:
            held = work.stock.hold(place, [product])[product]
            shelf = work.lots.shelves([held], {})[place.id, product]
        return {shelf.lots[lot].code: f"{here.normalize():f}" for lot, here in shelf.here.items()}
