"""Warehouses on the wire."""

from pydantic import Field

from app.api.schemas.shared import (
    CUSTOM_CHANGE,
    CUSTOM_IN,
    CUSTOM_OUT,
    Change,
    CustomValues,
    Flag,
    In,
    Out,
    Text,
)
from app.domain.stock import Warehouse
from app.usecases.shared import Change as Changes


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
