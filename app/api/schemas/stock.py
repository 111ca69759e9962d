"""Warehouses and stock movements on the wire."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from app.api.schemas.shared import (
    CUSTOM_CHANGE,
    CUSTOM_IN,
    CUSTOM_OUT,
    Change,
    CustomValues,
    Day,
    Flag,
    Id,
    In,
    Number,
    Out,
    PriceIn,
    QuantityIn,
    Text,
)
from app.domain.shared.ids import ProductId, WarehouseId
from app.domain.shared.money import plain
from app.domain.stock import Movement, MovementKind, Warehouse
from app.usecases.shared import Change as Changes
from app.usecases.stock import Moved, StockMove


class WarehouseIn(In):
    """A new warehouse."""

    ref: Text = Field(min_length=1, max_length=60, description="Unique reference", examples=["MAIN"])
    name: Text = Field(min_length=1, max_length=200, description="Name", examples=["Main warehouse"])
    allow_negative: Flag = Field(default=False, description="Whether more may leave than is there")
    custom: CustomValues = Field(default_factory=dict, description=CUSTOM_IN)

    def to_domain(self) -> Warehouse:
        """Give the warehouse."""
        return Warehouse(ref=self.ref, name=self.name, allow_negative=self.allow_negative, custom=self.custom)


class WarehouseChange(Change):
    """New values for some fields of a warehouse."""

    ref: Text = Field("", min_length=1, max_length=60, description="Unique reference", examples=["NORTH"])
    name: Text = Field("", min_length=1, max_length=200, description="Name", examples=["Northern warehouse"])
    allow_negative: Flag = Field(default=False, description="Whether more may leave than is there")
    archived: Flag = Field(default=False, description="Whether it takes no movements")
    custom: CustomValues | None = Field(None, description=CUSTOM_CHANGE)

    def to_domain(self, warehouse_id: int, version: int) -> Changes:
        """Give the change to the warehouse seen at ``version``."""
        return Changes(id=warehouse_id, version=version, changes=self.sent())


class WarehouseOut(Out):
    """A warehouse."""

    id: int = Field(description="Id", examples=[1])
    ref: str = Field(description="Unique reference", examples=["MAIN"])
    name: str = Field(description="Name", examples=["Main warehouse"])
    allow_negative: bool = Field(description="Whether more may leave than is there")
    archived: bool = Field(description="Whether it takes no movements")
    custom: CustomValues = Field(description=CUSTOM_OUT)
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, warehouse: Warehouse) -> "WarehouseOut":
        """Show a warehouse."""
        return cls.model_construct(**{name: getattr(warehouse, name) for name in cls.model_fields})


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

    def to_domain(self) -> StockMove:
        """Give the movement asked for."""
        return StockMove(
            kind=self.kind,
            product_id=ProductId(self.product_id),
            warehouse_id=None if self.warehouse_id is None else WarehouseId(self.warehouse_id),
            quantity=self.quantity,
            unit_cost=self.unit_cost,
            reason=self.reason,
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

    @classmethod
    def of(cls, moved: Moved, digits: int) -> "MovedOut":
        """Show what a movement did; ``digits`` are those of the company's currency."""
        return cls.model_construct(
            product_id=moved.product,
            warehouse_id=moved.warehouse,
            level=plain(moved.level),
            movement=None if moved.movement is None else MovementOut.of(moved.movement, digits),
        )
