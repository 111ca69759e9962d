"""Orders and proposals as entities, for tests that need no database."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Final

from app.domain.sales import LineQuantity, Order, OrderLine, OrderState, Proposal, ProposalLine, ProposalState
from app.domain.shared.ids import OrderId, PartyId, ProductId, ProposalId, WarehouseId
from app.domain.shared.lines import LineKind, Valuation
from app.domain.shared.money import Quantity, currency, price, quantity, rate
from app.domain.shared.totals import VatMode
from app.domain.stock import Level, Levels

EUR: Final = currency("EUR")
DAY: Final = date(2026, 11, 21)
LAST: Final = date(2026, 12, 21)
HERE: Final = WarehouseId(1)
THERE: Final = WarehouseId(2)
COUNTED: Final = ("quantity", "shipped", "invoiced", "reserved", "back_ordered", "returned", "entered_quantity")


def much(number: str) -> Quantity:
    """Give a quantity."""
    return quantity(Decimal(number))


def valuation(**others: Any) -> Valuation:
    """Give how a document in euros counts, of a company that keeps its books in euros."""
    fields: dict[str, Any] = {
        "currency": EUR,
        "rate": rate(Decimal(1)),
        "company_currency": EUR,
        "vat_mode": VatMode.PER_RATE,
    }
    return Valuation(**fields | others)


def _line(position: int, cost: str, others: dict[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "position": position,
        "product_id": ProductId(position) if position > 0 else None,
        "kind": LineKind.GOODS,
        "description": "Thing",
        "quantity": quantity(Decimal(2)),
        "unit_price": price(Decimal(cost)),
        "vat_rate": rate(Decimal(20)),
    }
    for name, value in others.items():
        fields[name] = much(value) if name in COUNTED and isinstance(value, str) else value
    return fields


def order_line(position: int = 1, kind: LineKind = LineKind.GOODS, cost: str = "10", **others: Any) -> OrderLine:
    """Give a line of 2 at 10.00 with 20 % VAT."""
    return OrderLine(**_line(position, cost, {"kind": kind, **others}))


def level(product: int, stock: str, warehouse: WarehouseId = HERE, reserved: str = "0") -> Level:
    """Give how much of a product is in a warehouse."""
    return Level(warehouse=warehouse, product=ProductId(product), quantity=much(stock), reserved=much(reserved))


def levels(*found: Level) -> Levels:
    """Give levels by place."""
    return {(one.warehouse, one.product): one for one in found}


def order(state: OrderState = OrderState.DRAFT, *lines: OrderLine, **others: Any) -> Order:
    """Give an order of that state, of one line unless told; it is not priced."""
    fields: dict[str, Any] = {
        "id": OrderId(5),
        "ref": "(PROV5)",
        "party_id": PartyId(1),
        "date": DAY,
        "valuation": valuation(),
        "state": state,
        "lines": list(lines) or [order_line()],
    }
    return Order(**fields | others)


def priced_order(state: OrderState = OrderState.DRAFT, *lines: OrderLine, **others: Any) -> Order:
    """Give an order with its amounts."""
    made = order(state, *lines, **others)
    made.price()
    return made


def proposal_line(position: int = 1, cost: str = "10", **others: Any) -> ProposalLine:
    """Give a line of 2 at 10.00 with 20 % VAT."""
    return ProposalLine(**_line(position, cost, others))


def proposal(state: ProposalState = ProposalState.DRAFT, *lines: ProposalLine, **others: Any) -> Proposal:
    """Give a proposal of that state, of one line unless told, priced."""
    fields: dict[str, Any] = {
        "id": ProposalId(5),
        "ref": "(PROV5)" if state is ProposalState.DRAFT else "PR2611-0001",
        "party_id": PartyId(1),
        "date": DAY,
        "valid_until": LAST,
        "valuation": valuation(),
        "state": state,
        "lines": list(lines) or [proposal_line()],
    }
    made = Proposal(**fields | others)
    made.price()
    return made


def part(position: int, wanted: str, warehouse: WarehouseId | None = None) -> LineQuantity:
    """Give so much of a line, from a warehouse where that matters."""
    return LineQuantity(position=position, quantity=much(wanted), warehouse=warehouse)
