"""What is done with rules of minimum stock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.catalogue import NotStocked
from app.domain.shared.errors import NotFound, UnknownReference
from app.domain.shared.ids import ProductId, StockRuleId, WarehouseId
from app.domain.shared.money import Quantity
from app.domain.shared.rights import Right
from app.domain.stock import StockRule
from app.usecases.context import Context
from app.usecases.ports.listing import FieldKind, ListField, Listing, Sort
from app.usecases.ports.shared import Work
from app.usecases.shared import Change, ListCase, Versioned, warehouse

RULES = Listing(
    name="stock-rules",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="warehouse_id", kind=FieldKind.ID),
        ListField(name="product_id", kind=FieldKind.ID),
        ListField(name="minimum", kind=FieldKind.QUANTITY),
        ListField(name="desired", kind=FieldKind.QUANTITY),
    ),
    default_sort=(Sort(field="id"),),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDraft:
    """A rule as asked for; ``warehouse_id`` None is the default one."""

    warehouse_id: WarehouseId | None = None
    product_id: ProductId
    minimum: Quantity
    desired: Quantity


@dataclass(frozen=True, slots=True)
class CreateStockRule:
    """Say how much of a product is always to be in a warehouse.

    Raises UnknownReference, NotStocked, Taken for a product that has a rule there, NegativeMinimum,
    DesiredBelowMinimum, NoWarehouse, WarehouseArchived.
    """

    right: ClassVar[Right] = Right.STOCK_MOVE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: RuleDraft) -> StockRule:
        """Give the rule with its id."""
        place = warehouse(work, context, request.warehouse_id)
        try:
            product = work.products.get(request.product_id)
        except NotFound as error:
            raise UnknownReference(at=("product_id",), kind="product", value=request.product_id) from error
        if not product.stocked:
            raise NotStocked(at=("product_id",), product=product.id)
        rule = StockRule(warehouse_id=place.id, product_id=product.id, minimum=request.minimum, desired=request.desired)
        rule.check()
        work.stock.hold(place, [product.id])
        work.stock_rules.add(rule)
        return rule


@dataclass(frozen=True, slots=True)
class ReadStockRule:
    """Show one rule. Raises NotFound."""

    right: ClassVar[Right] = Right.STOCK_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: StockRuleId) -> StockRule:
        """Give the rule."""
        return work.stock_rules.get(request)


@dataclass(frozen=True, slots=True)
class ChangeStockRule:
    """Change minimum or desired stock. Raises NotFound, Stale, NegativeMinimum, DesiredBelowMinimum."""

    right: ClassVar[Right] = Right.STOCK_MOVE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Change) -> StockRule:
        """Give the rule as it is now."""
        rule = work.stock_rules.get(StockRuleId(request.id))
        request.matches(rule.version)
        if rule.change(request.changes):
            work.stock.lock({rule.warehouse_id: [rule.product_id]})
            work.stock_rules.save(rule)
        return rule


@dataclass(frozen=True, slots=True)
class DeleteStockRule:
    """Remove a rule. Raises NotFound, Stale."""

    right: ClassVar[Right] = Right.STOCK_MOVE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Versioned) -> None:
        """Remove the rule."""
        rule = work.stock_rules.get(StockRuleId(request.id))
        request.matches(rule.version)
        work.stock.lock({rule.warehouse_id: [rule.product_id]})
        work.stock_rules.remove(rule)


class ListStockRules(ListCase):
    """List rules of minimum stock."""

    __slots__ = ()
    right = Right.STOCK_READ
    listing = RULES
