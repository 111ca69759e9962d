"""A trading day told through HTTP, from a quotation to the money, as the people of a company would tell it.

Acme keeps its books in euros and sells desks, lamps and hours of work to a customer who pays in dollars. Each chapter
goes on where the one before ended; what is said of amounts is worked out by hand beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.office import Office

pytestmark = pytest.mark.fast
MORNING = "2026-11-20"
EVENING = "2026-11-21"


@dataclass
class Day:
    """What the people of Acme have in their hands by now."""

    acme: Office
    customer: int = 0
    desk: int = 0
    lamp: int = 0
    papers: dict[str, dict[str, Any]] = field(default_factory=dict)

    def path(self, paper: str) -> str:
        """Give the path of a paper: ``order`` is under ``/orders``."""
        return f"/{paper}s/{self.papers[paper]['id']}"

    def now(self, paper: str) -> dict[str, Any]:
        """Read a paper as it is now."""
        self.papers[paper] = dict(self.acme.get(self.path(paper)).body)
        return self.papers[paper]


def told(paper: dict[str, Any], *names: str) -> list[Any]:
    """Give what a paper says under these names."""
    return [paper[name] for name in names]


def the_shop_opens(day: Day) -> None:
    """Ten desks at 310 euros and four lamps at 45 are on the shelf; the customer is in New York."""
    acme = day.acme
    day.desk = acme.product("10", name="Oak desk", unit_price="310", cost_price="180", vat_rate="20")
    day.lamp = acme.product("4", name="Lamp", unit_price="45", cost_price="21", vat_rate="20")
    day.customer = acme.customer(name="Hudson Interiors", payment_days=30)


def a_quotation_is_made(day: Day) -> None:
    """Four desks at five per cent off, two lamps, and delivery if wanted; a dollar is worth 0.90 euros.

    A desk is 310 / 0.9 = 344.44444444 dollars, four less five per cent are 1308.89; two lamps at 50 are 100. The export
    bears no VAT. The delivery for 120 is an option.
    """
    lines = [
        {"product_id": day.desk, "quantity": "4", "discount": "5", "vat_rate": "0"},
        {"product_id": day.lamp, "quantity": "2", "vat_rate": "0"},
        {"kind": "freight", "description": "By sea", "quantity": "1", "unit_price": "120", "vat_rate": "0"}
        | {"optional": True},
    ]
    sent = {"party_id": day.customer, "date": MORNING, "valid_until": "2099-01-01", "currency": "USD", "rate": "0.9"}
    draft = day.acme.make("/proposals", {**sent, "lines": lines})
    day.papers["proposal"] = day.acme.act(f"/proposals/{draft['id']}/validate")
    assert told(day.papers["proposal"], "ref", "total_gross") == ["PR2611-0001", "1408.89"]


def the_customer_bargains_and_signs(day: Day) -> None:
    """Give ten per cent on the desks in a second version.

    That is 1240.00 for them and 100 for the lamps; with the delivery 1460.00 dollars, which are 1314 euros.
    """
    acme, first = day.acme, day.papers["proposal"]
    second = acme.post(f"{day.path('proposal')}/revise").body
    lines = [
        {"product_id": day.desk, "quantity": "4", "discount": "10", "vat_rate": "0"},
        {"product_id": day.lamp, "quantity": "2", "vat_rate": "0"},
        {"kind": "freight", "description": "By sea", "quantity": "1", "unit_price": "120", "vat_rate": "0"}
        | {"optional": True},
    ]
    changes = {"date": MORNING, "lines": lines, "valid_until": "2099-01-01"}
    acme.patch(f"/proposals/{second['id']}", changes, second["version"])
    offered = acme.act(f"/proposals/{second['id']}/validate")
    assert (offered["ref"], acme.get(f"/proposals/{first['id']}")["status"]) == ("PR2611-0001-2", "superseded")
    day.papers["proposal"] = acme.act(f"/proposals/{second['id']}/sign", {"options": [3]})
    assert told(day.papers["proposal"], "status", "total_gross", "company_gross") == ["signed", "1460.00", "1314.00"]


def it_becomes_an_order(day: Day) -> None:
    """Order what was signed, line by line."""
    draft = day.acme.make(f"{day.path('proposal')}/orders", {"date": MORNING, "external_ref": "HUD-4711"})
    day.papers["order"] = day.acme.act(f"/orders/{draft['id']}/validate")
    assert told(day.papers["order"], "total_gross", "company_gross") == ["1460.00", "1314.00"]
    assert [line["net"] for line in day.papers["order"]["lines"]] == ["1240.00", "100.00", "120.00"]
    assert day.now("proposal")["order_ids"] == [day.papers["order"]["id"]]


def half_of_it_leaves(day: Day) -> None:
    """Three desks and the lamps fit on the lorry."""
    parts = [{"position": 1, "quantity": "3"}, {"position": 2, "quantity": "2"}]
    draft = day.acme.make(f"{day.path('order')}/shipments", {"date": MORNING, "lines": parts})
    day.papers["shipment"] = day.acme.act(f"/shipments/{draft['id']}/validate")
    assert (day.acme.level(day.desk), day.acme.level(day.lamp)) == ("7", "2")
    assert told(day.now("order"), "status") == ["in_shipment"]
    assert [line["shipped"] for line in day.papers["order"]["lines"]] == ["3", "2", "0"]
    assert day.acme.post(f"{day.path('order')}/close").refusal == (409, "state.invalid_transition")


def what_left_is_invoiced(day: Day) -> None:
    """Three desks are 930.00, with the lamps and the freight 1150.00 dollars: 1035 euros at the rate of the order."""
    parts = [{"position": at, "quantity": wanted} for at, wanted in ((1, "3"), (2, "2"), (3, "1"))]
    draft = day.acme.make(f"{day.path('order')}/invoices", {"date": EVENING, "lines": parts})
    day.papers["invoice"] = day.acme.act(f"/invoices/{draft['id']}/validate")
    assert told(day.papers["invoice"], "ref", "total_gross", "company_gross") == ["FA2611-0001", "1150.00", "1035.00"]
    assert told(day.papers["invoice"], "due", "due_date") == ["1150.00", "2026-12-21"]


def the_customer_pays_in_two_parts(day: Day) -> None:
    """500 dollars at 0.92 are 460 euros, 650 at 0.88 are 572: three euros less than invoiced, the loss of exchange."""
    pay = f"{day.path('invoice')}/payments"
    first = day.acme.make(pay, {"amount": "500", "rate": "0.92", "method": "transfer", "date": EVENING})
    assert told(day.now("invoice"), "status", "due") == ["validated", "650.00"]
    second = day.acme.make(pay, {"rate": "0.88", "method": "transfer", "date": EVENING})
    assert [one["company_amount"] for one in (first, second)] == ["460.00", "572.00"]
    assert [(part["kind"], part["company_amount"]) for part in second["allocations"]] == [
        ("settlement", "572.00"),
        ("exchange_difference", "3.00"),
    ]
    assert told(day.now("invoice"), "status", "due", "paid") == ["paid", "0.00", "1150.00"]


def the_rest_follows(day: Day) -> None:
    """Send the last desk and invoice it, 310.00 dollars; order and proposal are done."""
    acme = day.acme
    draft = acme.make(f"{day.path('order')}/shipments", {"date": EVENING})
    acme.act(f"/shipments/{draft['id']}/validate")
    assert acme.act(f"{day.path('order')}/close")["status"] == "delivered"
    rest = acme.make(f"{day.path('order')}/invoices", {"date": EVENING})
    last = acme.act(f"/invoices/{rest['id']}/validate")
    assert told(last, "total_gross", "company_gross") == ["310.00", "279.00"]
    assert acme.act(f"{day.path('proposal')}/bill")["status"] == "billed"


def the_books_agree_in_the_evening(day: Day) -> None:
    """Six desks and two lamps are left; 1035 + 279 euros were sold, which is what was signed; the chains hold."""
    acme = day.acme
    assert (acme.level(day.desk), acme.level(day.lamp)) == ("6", "2")
    invoices = acme.items("/invoices?sort=id")
    assert sum(float(one["total_gross"]) for one in invoices) == 1460
    assert [one["status"] for one in invoices] == ["paid", "validated"]
    (customer,) = acme.get("/reports/sales?by=customer&date_from=2026-11-01&date_to=2026-11-30")["rows"]
    assert customer["net"] == "1314.00"
    assert acme.get("/chains/verification")["sound"]


CHAPTERS = (
    the_shop_opens,
    a_quotation_is_made,
    the_customer_bargains_and_signs,
    it_becomes_an_order,
    half_of_it_leaves,
    what_left_is_invoiced,
    the_customer_pays_in_two_parts,
    the_rest_follows,
    the_books_agree_in_the_evening,
)


def test_a_trading_day(office: Office) -> None:
    """ERP-07: quote to money with a version, an option, a partial delivery and a foreign currency, on each database."""
    day = Day(office)
    for chapter in CHAPTERS:
        chapter(day)
