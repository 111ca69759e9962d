"""Orders on the wire."""

from dataclasses import replace
from datetime import date, datetime

from pydantic import Field

from app.api.schemas.documents import LineIn, LineOut, ValuedOut, priced, valued
from app.api.schemas.shared import (
    CUSTOM_CHANGE,
    CUSTOM_IN,
    CUSTOM_OUT,
    Change,
    CustomValues,
    Day,
    Id,
    In,
    Number,
    Out,
    RateIn,
    Text,
)
from app.domain.sales import ApprovalState, Order, OrderState
from app.domain.shared.ids import PartyId, UserId, WarehouseId
from app.domain.shared.money import plain
from app.usecases.sales import OrderDraft
from app.usecases.shared import Change as Changes
from app.usecases.shared import LineDraft

SOME_DAY = date.min
"""Never used: a change holds only the fields that were sent."""


class OrderLineIn(LineIn):
    """One line of an order."""

    warehouse_id: Id | None = Field(
        None, description="Where goods are to come from; left out: the company's default when the order is validated"
    )

    def to_domain(self) -> LineDraft:
        """Give the line asked for."""
        warehouse = None if self.warehouse_id is None else WarehouseId(self.warehouse_id)
        return replace(LineIn.to_domain(self), warehouse_id=warehouse)


class OrderIn(In):
    """A new order with all its lines; it is a draft until validated."""

    party_id: Id = Field(description="Id of the customer", examples=[7])
    date: Day | None = Field(None, description="Legal date; left out: today", examples=["2026-11-21"])
    delivery_date: Day | None = Field(None, description="Promised day of delivery", examples=["2026-12-01"])
    currency: str | None = Field(
        None, pattern="^[A-Z]{3}$", description="ISO 4217 code; left out: the company's", examples=["EUR"]
    )
    rate: RateIn | None = Field(
        None, description="Company's currency per unit of a foreign currency; needed for one", examples=["1.1"]
    )
    external_ref: Text | None = Field(
        None, min_length=1, max_length=60, description="The customer's or importer's own reference, unique"
    )
    representative_id: Id | None = Field(
        None, description="Id of the user who sold it; left out: the customer's first representative"
    )
    note: Text = Field("", max_length=10_000, description="Note")
    lines: list[OrderLineIn] = Field(min_length=1, description="Lines, in order")
    custom: CustomValues = Field(default_factory=dict, description=CUSTOM_IN)

    def to_domain(self) -> OrderDraft:
        """Give the order asked for."""
        return OrderDraft(
            party_id=PartyId(self.party_id),
            date=self.date,
            delivery_date=self.delivery_date,
            currency=self.currency,
            rate=self.rate,
            external_ref=self.external_ref,
            representative_id=None if self.representative_id is None else UserId(self.representative_id),
            note=self.note,
            lines=tuple(line.to_domain() for line in self.lines),
            custom=self.custom,
        )


class OrderChange(Change):
    """New values for some fields of a draft; ``lines`` replaces all lines."""

    party_id: Id = Field(0, description="Id of the customer")
    date: Day = Field(SOME_DAY, description="Legal date")
    delivery_date: Day | None = Field(None, description="Promised day of delivery")
    currency: str = Field("", pattern="^[A-Z]{3}$", description="ISO 4217 code")
    rate: RateIn | None = Field(None, description="Company's currency per unit of a foreign currency")
    external_ref: Text | None = Field(
        None, min_length=1, max_length=60, description="The other side's reference, unique"
    )
    note: Text = Field("", max_length=10_000, description="Note")
    lines: list[OrderLineIn] = Field([], min_length=1, description="Lines, in order")
    custom: CustomValues | None = Field(None, description=CUSTOM_CHANGE)

    def to_domain(self, order_id: int, version: int) -> Changes:
        """Give the change to the draft seen at ``version``."""
        changes = self.sent()
        if "lines" in changes:
            changes["lines"] = tuple(line.to_domain() for line in self.lines)
        return Changes(id=order_id, version=version, changes=changes)


class OrderLineOut(LineOut):
    """One line of an order with what has become of it."""

    shipped: Number = Field(description="Quantity shipped", examples=["0"])
    invoiced: Number = Field(description="Quantity invoiced", examples=["0"])
    returned: Number = Field(description="Quantity that came back of what was shipped", examples=["0"])
    warehouse_id: int | None = Field(description="Where goods are to come from; null for what is not goods")
    reserved: Number = Field(description="Quantity promised of what is left to ship", examples=["2"])
    back_ordered: Number = Field(description="Quantity that waits for stock", examples=["0"])


class ApprovalOut(Out):
    """Whether an order may be validated, in a company that wants large ones approved."""

    state: ApprovalState = Field(description="What has become of it", examples=["waiting"])
    execution: str = Field(
        description="The execution of the workflow `order-approval` that asks", examples=["order-7-1"]
    )
    escalated: bool = Field(description="Whether somebody else is asked, because nobody answered in time")
    outdated: bool = Field(description="Whether the order was changed since: to validate it is to ask anew")
    asked_by: int = Field(description="Id of the user who wanted to validate the order", examples=[7])
    asked_at: datetime = Field(description="When, RFC 3339 in UTC", examples=["2026-11-21T09:30:00Z"])
    decided_by: int | None = Field(
        description="Id of the user who decided; null before, 0 when the task was answered by its token"
    )
    decided_at: datetime | None = Field(description="When; null before")
    reason: str = Field(description="Why it was refused")

    @classmethod
    def of(cls, order: Order) -> "ApprovalOut | None":
        """Show the approval of an order, if it has one."""
        approval = order.approval
        if approval is None:
            return None
        shown = {name: getattr(approval, name) for name in cls.model_fields if name != "outdated"}
        outdated = order.state is OrderState.DRAFT and not approval.is_of(order.version)
        return cls(**shown, outdated=outdated)


class OrderOut(ValuedOut):
    """An order."""

    external_ref: str | None = Field(description="The other side's reference")
    delivery_date: Day | None = Field(description="Promised day of delivery")
    proposal_id: int | None = Field(description="Id of the proposal it was made from", examples=[11])
    status: OrderState = Field(description="Where the order stands", examples=["draft"])
    representative_id: int | None = Field(description="Id of the user who sold it")
    billed: bool = Field(description="Whether it is wholly invoiced, or counts as such")
    approval: ApprovalOut | None = Field(description="Its approval, where the company wants one and it was asked for")
    note: str = Field(description="Note")
    lines: list[OrderLineOut] = Field(description="Lines, in order")
    custom: CustomValues = Field(description=CUSTOM_OUT)
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, order: Order) -> "OrderOut":
        """Show an order."""
        lines = [
            OrderLineOut.model_construct(
                **priced(line, order.valuation),
                shipped=plain(line.shipped),
                invoiced=plain(line.invoiced),
                returned=plain(line.returned),
                warehouse_id=line.warehouse_id,
                reserved=plain(line.reserved),
                back_ordered=plain(line.back_ordered),
            )
            for line in order.lines
        ]
        return cls.model_construct(
            **valued(order.valuation, order.totals, order.vat),
            id=order.id,
            ref=order.ref,
            external_ref=order.external_ref,
            party_id=order.party_id,
            proposal_id=order.proposal_id,
            date=order.date,
            delivery_date=order.delivery_date,
            status=order.state,
            representative_id=order.representative_id,
            billed=order.billed,
            approval=ApprovalOut.of(order),
            note=order.note,
            lines=lines,
            custom=order.custom,
            version=order.version,
        )
