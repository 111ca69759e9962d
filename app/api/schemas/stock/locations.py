"""Places inside warehouses on the wire."""

from pydantic import Field

from app.api.schemas.shared import Change, Flag, Id, In, Out, Text
from app.domain.shared.ids import LocationId, ProductId, WarehouseId
from app.domain.stock import Location
from app.usecases.shared import Change as Changes
from app.usecases.stock import Placement

CODE = "Code, unique in the warehouse"
PARENT = "Id of the location it stands in"


class LocationIn(In):
    """A new place inside a warehouse."""

    code: Text = Field(min_length=1, max_length=60, description=CODE, examples=["A-03-2"])
    name: Text = Field("", max_length=200, description="Name", examples=["Aisle A, rack 3, shelf 2"])
    parent_id: Id | None = Field(None, description=PARENT, examples=[4])

    def to_domain(self, warehouse_id: int) -> Location:
        """Give the location."""
        return Location(
            warehouse_id=WarehouseId(warehouse_id),
            parent_id=None if self.parent_id is None else LocationId(self.parent_id),
            code=self.code,
            name=self.name,
        )


class LocationChange(Change):
    """New values for some fields of a location."""

    code: Text = Field("", min_length=1, max_length=60, description=CODE, examples=["A-03-3"])
    name: Text = Field("", max_length=200, description="Name")
    parent_id: Id | None = Field(None, description=PARENT)
    archived: Flag = Field(default=False, description="Whether it takes no products")

    def to_domain(self, location_id: int, version: int) -> Changes:
        """Give the change to the location seen at ``version``."""
        return Changes(id=location_id, version=version, changes=self.sent())


class LocationOut(Out):
    """A place inside a warehouse."""

    id: int = Field(description="Id", examples=[5])
    warehouse_id: int = Field(description="Id of the warehouse", examples=[1])
    parent_id: int | None = Field(description=PARENT, examples=[4])
    code: str = Field(description=CODE, examples=["A-03-2"])
    name: str = Field(description="Name")
    archived: bool = Field(description="Whether it takes no products")
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, location: Location) -> "LocationOut":
        """Show a location."""
        return cls.model_construct(**{name: getattr(location, name) for name in cls.model_fields})


class PlacementIn(In):
    """Products that get their place in a location."""

    product_ids: list[Id] = Field(min_length=1, description="Ids of the products", examples=[[3]])

    def to_domain(self, location_id: int) -> Placement:
        """Give the placement asked for."""
        products = tuple(ProductId(one) for one in self.product_ids)
        return Placement(location_id=LocationId(location_id), product_ids=products)
