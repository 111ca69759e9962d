"""Amendments of orders, and what orders were before, on the wire."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from app.api.schemas.sales.orders import OrderLineIn
from app.api.schemas.shared import Change, Day, In, Number, Out, QuantityIn, Text, Whole
from app.domain.sales import Revision
from app.domain.shared.ids import OrderId
from app.domain.shared.lines import LineKind
from app.domain.shared.money import Quantity
from app.usecases.sales import Amendment, LineChange, ShortClosing

MOST_REVISIONS: Final = 100
REASON: Final = "Why, for whoever reads the history"


class CloseShortIn(In):
    """Why an order is closed though goods are left to ship."""

    reason: Text = Field(min_length=1, max_length=200, description=REASON, examples=["discontinued"])

    def to_domain(self, order_id: int) -> ShortClosing:
        """Give what is asked for."""
        return ShortClosing(order_id=OrderId(order_id), reason=self.reason)


class AmendLineIn(OrderLineIn):
    """A line as it is to be: one of the order's by its position, with what changes about it, or a new one."""

    position: Whole | None = Field(
        None, ge=1, le=1_000_000, description="Position of the order's line; left out: a new line", examples=[1]
    )
    quantity: QuantityIn = Field(
        Quantity(Decimal(0)), description="Quantity, not below what was shipped or invoiced; a new line needs it"
    )

    @field_validator("position")
    @classmethod
    def _same_product(cls, position: int | None, info: ValidationInfo) -> int | None:
        """Refuse a product beside a position, which has its own: another product is another line."""
        if position is not None and not {info.data.get("product_id"), info.data.get("kind")} <= {None}:
            raise PydanticCustomError("kind_of_product", "the line has its product")
        return position

    def to_change(self) -> LineChange:
        """Give the line asked for."""
        sent: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set - {"position"}}
        return LineChange(
            position=self.position, changes={name: value for name, value in sent.items() if value is not None}
        )


class AmendIn(Change):
    """New values for some fields of a binding order; ``lines`` is all its lines, those left out are removed."""

    reason: Text = Field("", max_length=200, description=REASON, examples=["customer called"])
    delivery_date: Day | None = Field(None, description="Promised day of delivery")
    external_ref: Text | None = Field(
        None, min_length=1, max_length=60, description="The other side's reference, unique"
    )
    note: Text = Field("", max_length=10_000, description="Note")
    lines: list[AmendLineIn] = Field([], min_length=1, description="All lines, in any order")

    def to_domain(self, order_id: int, version: int) -> Amendment:
        """Give the amendment of the order seen at ``version``."""
        changes = self.sent()
        changes.pop("reason", None)
        if "lines" in changes:
            changes["lines"] = tuple(line.to_change() for line in self.lines)
        return Amendment(id=order_id, version=version, changes=changes, reason=self.reason)


class RevisionLineOut(Out):
    """A line as it was."""

    position: int = Field(description="Position, from 1", examples=[1])
    product_id: int | None = Field(description="Id of the product", examples=[3])
    kind: LineKind = Field(description="What the line charges for")
    description: str = Field(description="Text", examples=["Oak desk 140 cm"])
    quantity: Number = Field(description="Quantity", examples=["2"])
    unit_price: Number = Field(description="Net price of one unit in the document's currency", examples=["389"])
    discount: Number = Field(description="Discount in per cent", examples=["5"])
    vat_rate: Number = Field(description="VAT in per cent", examples=["20"])
    net: Number = Field(description="Net amount in the document's currency", examples=["739.10"])
    warehouse_id: int | None = Field(description="Where goods were to come from")


class RevisionOut(Out):
    """An order as it was before one of its amendments, and why it was amended."""

    number: int = Field(description="Number of the amendment, from 1", examples=[1])
    reason: str = Field(description=REASON)
    actor_id: int = Field(description="User who amended it", examples=[7])
    at: datetime = Field(description="When it was amended, RFC 3339 in UTC", examples=["2026-11-21T09:30:00Z"])
    delivery_date: Day | None = Field(description="Promised day of delivery")
    external_ref: str | None = Field(description="The other side's reference")
    note: str = Field(description="Note")
    total_net: Number = Field(description="Net in the document's currency", examples=["739.10"])
    total_vat: Number = Field(description="VAT in the document's currency", examples=["147.82"])
    total_gross: Number = Field(description="Gross in the document's currency", examples=["886.92"])
    lines: list[RevisionLineOut] = Field(description="Lines, in order")

    @classmethod
    def of(cls, revision: Revision) -> "RevisionOut":
        """Show a revision."""
        content: dict[str, Any] = {name: value for name, value in revision.content.items() if name != "last_position"}
        return cls(number=revision.number, reason=revision.reason, actor_id=revision.actor, at=revision.at, **content)


class RevisionsOut(Out):
    """What an order was before its amendments."""

    items: list[RevisionOut] = Field(description="The revisions, newest first")
    next: int | None = Field(description="What to send as `after` for older ones; null when there are none")

    @classmethod
    def of_page(cls, found: Sequence[Revision], limit: int) -> "RevisionsOut":
        """Show at most ``limit`` of the revisions found."""
        items = [RevisionOut.of(one) for one in found[:limit]]
        return cls(items=items, next=items[-1].number if len(found) > limit else None)
