"""Returns: goods that come back from customers, into stock or to be scrapped."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import ClassVar, Final

from app.domain.sales import LineQuantity
from app.domain.shared.dates import Day
from app.domain.shared.errors import Conflict, Invalid, Required
from app.domain.shared.events import Event
from app.domain.shared.ids import InvoiceId, OrderId, PartyId, ProductId, ReturnId, ShipmentId, WarehouseId
from app.domain.shared.lines import NoLines
from app.domain.shared.money import EXACT, Amount, Price, Quantity, amount
from app.domain.shared.states import advance
from app.workflow.kernel.lifecycle import Lifecycle, Transition

ZERO: Final = Decimal(0)
_VALUE: Final = Decimal("0.0001")


class ReturnState(StrEnum):
    """Where a return stands."""

    DRAFT = "draft"
    VALIDATED = "validated"
    CLOSED = "closed"
    CANCELED = "canceled"


class ReturnNotDraft(Conflict):
    """Only a draft can be deleted."""

    code = "shipping.return_not_draft"


class NothingToReturn(Conflict):
    """Nothing of the shipment is left to come back."""

    code = "shipping.nothing_to_return"


class ReturnedQuantityNotPositive(Invalid):
    """The quantity returned must be above zero."""

    code = "shipping.returned_not_positive"


class ReturnCostNegative(Invalid):
    """The unit cost of what comes back cannot be below zero."""

    code = "shipping.return_cost_negative"


class ScrapHasNoWarehouse(Invalid):
    """What is scrapped is put into no warehouse, and is worth nothing."""

    code = "shipping.scrap_has_no_warehouse"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnEvent(Event):
    """What all events of a return share."""

    aggregate: ClassVar[str] = "return"
    id: ReturnId


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnCreated(ReturnEvent):
    """A return was entered as a draft."""

    name: ClassVar[str] = "shipping.return_created"
    party: PartyId


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnDeleted(ReturnEvent):
    """A draft was deleted."""

    name: ClassVar[str] = "shipping.return_deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnValidated(ReturnEvent):
    """Goods came back, into stock unless they were scrapped."""

    name: ClassVar[str] = "shipping.return_validated"
    ref: str
    shipment: ShipmentId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnClosed(ReturnEvent):
    """Nothing is left to do about a return."""

    name: ClassVar[str] = "shipping.return_closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnCanceled(ReturnEvent):
    """A return was called off; what it had put into stock was taken out again."""

    name: ClassVar[str] = "shipping.return_canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnCredited(ReturnEvent):
    """A credit note was entered that gives the money back."""

    name: ClassVar[str] = "shipping.return_credited"
    note: InvoiceId


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnUncredited(ReturnEvent):
    """The draft of the credit note was deleted: the money is not given back yet."""

    name: ClassVar[str] = "shipping.return_uncredited"


@dataclass(slots=True, kw_only=True)
class ReturnLine:
    """So much of one product that comes back; ``warehouse_id`` None is scrap.

    ``shipment_position`` is the shipment's line, ``unit_cost`` what one is worth when there is none (None: the
    average). ``value`` is what stock gained by it, in the company's currency; zero until validated.
    """

    position: int
    shipment_position: int | None = None
    product_id: ProductId
    warehouse_id: WarehouseId | None
    quantity: Quantity
    unit_cost: Price | None = None
    value: Amount = Amount(ZERO)


def uncredited(back: Return) -> bool:
    """Tell whether no credit note was made of it."""
    return back.credit_note_id is None


@dataclass(slots=True, kw_only=True)
class Return:
    """Goods a customer sends back, of one shipment or free of any. ``ref`` is ``(PROV<id>)`` until validated.

    ``credit_note_id`` is the credit note that gives the money back.
    """

    id: ReturnId = ReturnId(0)
    ref: str = ""
    party_id: PartyId
    shipment_id: ShipmentId | None = None
    order_id: OrderId | None = None
    credit_note_id: InvoiceId | None = None
    date: Day
    reason: str
    state: ReturnState = ReturnState.DRAFT
    lines: list[ReturnLine] = field(default_factory=list)
    version: int = 0

    def check(self) -> None:
        """Pass only a sound return. Raises Required, NoLines, ReturnedQuantityNotPositive, ReturnCostNegative."""
        if not self.reason.strip():
            raise Required(at=("reason",))
        if not self.lines:
            raise NoLines(at=("lines",))
        for index, line in enumerate(self.lines):
            if line.quantity <= 0:
                raise ReturnedQuantityNotPositive(at=("lines", index, "quantity"), value=line.quantity)
            if line.unit_cost is not None and line.unit_cost < 0:
                raise ReturnCostNegative(at=("lines", index, "unit_cost"), value=line.unit_cost)

    def parts(self) -> list[LineQuantity]:
        """Give what it takes of each line of its shipment."""
        return [
            LineQuantity(position=line.shipment_position, quantity=line.quantity)
            for line in self.lines
            if line.shipment_position is not None
        ]

    def created(self) -> ReturnCreated:
        """Give the event of its entry, once it has an id."""
        return ReturnCreated(id=self.id, party=self.party_id)

    def editable(self) -> None:
        """Pass only a draft. Raises ReturnNotDraft."""
        if self.state is not ReturnState.DRAFT:
            raise ReturnNotDraft(return_id=self.id, state=self.state.value)

    def can_validate(self) -> None:
        """Pass only a return that may be validated. Raises InvalidTransition."""
        advance(RETURN, self.state, "validate", self)

    def validate(self, ref: str) -> ReturnValidated:
        """Take the goods back under the return's number. Raises InvalidTransition."""
        self.state = advance(RETURN, self.state, "validate", self)
        self.ref = ref
        return ReturnValidated(id=self.id, ref=ref, shipment=self.shipment_id)

    def close(self) -> ReturnClosed:
        """Call it done. Raises InvalidTransition."""
        self.state = advance(RETURN, self.state, "close", self)
        return ReturnClosed(id=self.id)

    def cancel(self) -> ReturnCanceled:
        """Call it off. Raises InvalidTransition once it is closed or credited."""
        self.state = advance(RETURN, self.state, "cancel", self)
        return ReturnCanceled(id=self.id)

    @property
    def back(self) -> bool:
        """Whether the goods came back and stay."""
        return self.state in {ReturnState.VALIDATED, ReturnState.CLOSED}

    def credit(self, note: InvoiceId) -> ReturnCredited:
        """Name the credit note that gives the money back."""
        self.credit_note_id = note
        return ReturnCredited(id=self.id, note=note)

    def uncredit(self) -> ReturnUncredited:
        """Name none any more: its draft is deleted."""
        self.credit_note_id = None
        return ReturnUncredited(id=self.id)


@dataclass(slots=True)
class Worth:
    """What one product of a shipment left with, and how much of it came back so far."""

    quantity: Decimal = ZERO
    value: Decimal = ZERO
    returned: Decimal = ZERO

    def take(self, back: Quantity) -> Amount:
        """Give the value of ``back`` more, so that all parts add up exactly to the whole."""
        before = self._share()
        self.returned += back
        return amount(self._share() - before)

    def _share(self) -> Decimal:
        exact = EXACT.divide(EXACT.multiply(self.value, self.returned), self.quantity)
        return exact.quantize(_VALUE, ROUND_HALF_UP, EXACT)


RETURN: Final = Lifecycle[ReturnState](
    "return",
    ReturnState,
    initial=ReturnState.DRAFT,
    transitions=(
        Transition("validate", ReturnState.DRAFT, ReturnState.VALIDATED),
        Transition("close", ReturnState.VALIDATED, ReturnState.CLOSED),
        Transition("cancel", ReturnState.DRAFT, ReturnState.CANCELED),
        Transition("cancel", ReturnState.VALIDATED, ReturnState.CANCELED, guard=uncredited),
    ),
)
