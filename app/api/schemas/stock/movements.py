"""Stock on the wire."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from app.api.schemas.shared import (
    Day,
    Id,
    In,
    Number,
    Out,
    PriceIn,
    QuantityIn,
    Text,
)
from app.api.schemas.stock.lots import ArrivingLotIn, LotMovedOut
from app.domain.shared.ids import ProductId, WarehouseId
from app.domain.shared.money import plain
from app.domain.stock import Movement, MovementKind
from app.usecases.stock import Moved, StockMove


class StockMoveIn(In):
    """Stock of one product that comes, goes, or was counted."""

    kind: Literal[MovementKind.RECEIVE, MovementKind.DEBIT, MovementKind.COUNT] = Field(
        description="receive puts in, debit takes out, count sets the level to what was counted", examples=["receive"]
    )
    product_id: Id = Field(description="Id of the product", examples=[3])
    warehouse_id: Id | None = Field(
        None, description="Id of the warehouse; left out: the company's default", examples=[1]
    )
    quantity: QuantityIn = Field(description="How much; for a count, what is there", examples=["40"])
    unit_cost: PriceIn | None = Field(
        None,
        description="Cost of one unit received, in the company's currency; left out: average cost",
        examples=["9.8"],
    )
    reason: Text = Field("", max_length=200, description="Why", examples=["delivery 4711"])
    lots: list[ArrivingLotIn] = Field(
        default_factory=list,
        description="Lots of a tracked product, which add up to the quantity; of a debit none: those that expire first",
    )

    def to_domain(self) -> StockMove:
        """Give the movement asked for."""
        return StockMove(
            kind=self.kind,
            product_id=ProductId(self.product_id),
            warehouse_id=None if self.warehouse_id is None else WarehouseId(self.warehouse_id),
            quantity=self.quantity,
            unit_cost=self.unit_cost,
            reason=self.reason,
            lots=tuple(lot.to_domain() for lot in self.lots),
        )


class MovementOut(Out):
    """One entry of the stock ledger."""

    id: int = Field(description="Id", examples=[11])
    kind: MovementKind = Field(description="Why stock moved", examples=["receive"])
    quantity: Number = Field(description="How much; below zero when it went", examples=["40"])
    unit_cost: Number = Field(description="Cost of one unit in the company's currency", examples=["9.8"])
    value: Number = Field(description="How much the stock's value grew, in the company's currency", examples=["392"])
    reason: str = Field(description="Why")
    date: Day = Field(description="Legal date", examples=["2026-11-21"])
    at: datetime = Field(description="Instant, UTC", examples=["2026-11-21T09:30:00Z"])

    @classmethod
    def of(cls, movement: Movement, digits: int) -> "MovementOut":
        """Show a movement; ``digits`` are those of the company's currency."""
        return cls.model_construct(
            id=movement.id,
            kind=movement.kind,
            quantity=plain(movement.quantity),
            unit_cost=plain(movement.unit_cost),
            value=plain(movement.value, digits),
            reason=movement.reason,
            date=movement.on,
            at=movement.at,
        )


class MovedOut(Out):
    """What a movement did. A count that found the level right moved nothing: ``movement`` is null then."""

    product_id: int = Field(description="Id of the product", examples=[3])
    warehouse_id: int = Field(description="Id of the warehouse", examples=[1])
    level: Number = Field(description="What is in stock there now", examples=["40"])
    movement: MovementOut | None = Field(description="The entry of the ledger")
    lots: list[LotMovedOut] = Field(description="Lots of a tracked product that moved")

    @classmethod
    def of(cls, moved: Moved, digits: int) -> "MovedOut":
        """Show what a movement did; ``digits`` are those of the company's currency."""
        return cls.model_construct(
            product_id=moved.product,
            warehouse_id=moved.warehouse,
            level=plain(moved.level),
            movement=None if moved.movement is None else MovementOut.of(moved.movement, digits),
            lots=[LotMovedOut.of(one) for one in moved.lots],
        )
