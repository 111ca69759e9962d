"""Rules of minimum stock on the wire."""

from decimal import Decimal

from pydantic import Field

from app.api.schemas.shared import Change, Id, In, Number, Out, QuantityIn
from app.domain.shared.ids import ProductId, WarehouseId
from app.domain.shared.money import Quantity, plain
from app.domain.stock import StockRule
from app.usecases.shared import Change as Changes
from app.usecases.stock import RuleDraft

MINIMUM = "Below this it is to be ordered"
DESIRED = "Up to this it is ordered"
NONE = Quantity(Decimal(0))


class StockRuleIn(In):
    """How much of a product is always to be in a warehouse."""

    warehouse_id: Id | None = Field(
        None, description="Id of the warehouse; left out: the company's default", examples=[1]
    )
    product_id: Id = Field(description="Id of the product", examples=[3])
    minimum: QuantityIn = Field(description=MINIMUM, examples=["10"])
    desired: QuantityIn = Field(description=DESIRED, examples=["50"])

    def to_domain(self) -> RuleDraft:
        """Give the rule asked for."""
        return RuleDraft(
            warehouse_id=None if self.warehouse_id is None else WarehouseId(self.warehouse_id),
            product_id=ProductId(self.product_id),
            minimum=self.minimum,
            desired=self.desired,
        )


class StockRuleChange(Change):
    """New values for some fields of a rule."""

    minimum: QuantityIn = Field(NONE, description=MINIMUM)
    desired: QuantityIn = Field(NONE, description=DESIRED)

    def to_domain(self, rule_id: int, version: int) -> Changes:
        """Give the change to the rule seen at ``version``."""
        return Changes(id=rule_id, version=version, changes=self.sent())


class StockRuleOut(Out):
    """A rule of minimum stock."""

    id: int = Field(description="Id", examples=[2])
    warehouse_id: int = Field(description="Id of the warehouse", examples=[1])
    product_id: int = Field(description="Id of the product", examples=[3])
    minimum: Number = Field(description=MINIMUM, examples=["10"])
    desired: Number = Field(description=DESIRED, examples=["50"])
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, rule: StockRule) -> "StockRuleOut":
        """Show a rule."""
        return cls.model_construct(
            id=rule.id,
            warehouse_id=rule.warehouse_id,
            product_id=rule.product_id,
            minimum=plain(rule.minimum),
            desired=plain(rule.desired),
            version=rule.version,
        )
