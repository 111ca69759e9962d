"""A trading day told through HTTP, from a quotation to the money, as the people of a company would tell it.

Acme keeps its books in euros and sells desks, lamps and hours of work to a customer who pays in dollars. Each chapter
goes on where the one before ended; what is said of amounts is worked out by hand beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.e2e.test_reports import contradictions
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


def a_deposit_is_paid(day: Day) -> None:
    """Ask for a fifth, 292 dollars or 262.80 euros at the order's rate; at 0.95 they bring 14.60 euros more."""
    draft = day.acme.make(f"{day.path('order')}/deposits", {"percent": "20", "date": MORNING})
    day.papers["deposit"] = day.acme.act(f"/invoices/{draft['id']}/validate")
    assert told(day.papers["deposit"], "ref", "total_gross", "company_gross") == ["AC2611-0001", "292.00", "262.80"]
    path = f"/invoices/{draft['id']}/payments"
    paid = day.acme.make(path, {"rate": "0.95", "method": "transfer", "date": MORNING})
    assert [(part["kind"], part["company_amount"]) for part in paid["allocations"]] == [
        ("settlement", "277.40"),
        ("exchange_difference", "-14.60"),
    ]


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
    """Three desks are 930.00, with the lamps and the freight 1150.00 dollars; less the deposit 858.00, 772.20 euros."""
    parts = [{"position": at, "quantity": wanted} for at, wanted in ((1, "3"), (2, "2"), (3, "1"))]
    draft = day.acme.make(f"{day.path('order')}/invoices", {"date": EVENING, "lines": parts})
    assert told(draft, "total_gross", "company_gross") == ["1150.00", "1035.00"]
    day.acme.act(f"/invoices/{draft['id']}/deductions", {"deposit_id": day.papers["deposit"]["id"]})
    day.papers["invoice"] = day.acme.act(f"/invoices/{draft['id']}/validate")
    assert told(day.papers["invoice"], "ref", "total_gross", "company_gross") == ["FA2611-0001", "858.00", "772.20"]
    assert told(day.papers["invoice"], "due", "due_date") == ["858.00", "2026-12-21"]


def the_customer_pays_in_two_parts(day: Day) -> None:
    """500 dollars at 0.92 are 460 euros, 358 at 0.87 are 311.46: 0.74 euros are lost."""
    pay = f"{day.path('invoice')}/payments"
    first = day.acme.make(pay, {"amount": "500", "rate": "0.92", "method": "transfer", "date": EVENING})
    assert told(day.now("invoice"), "status", "due") == ["validated", "358.00"]
    second = day.acme.make(pay, {"rate": "0.87", "method": "transfer", "date": EVENING})
    assert [one["company_amount"] for one in (first, second)] == ["460.00", "311.46"]
    assert [(part["kind"], part["company_amount"]) for part in second["allocations"]] == [
        ("settlement", "311.46"),
        ("exchange_difference", "0.74"),
    ]
    assert told(day.now("invoice"), "status", "due", "paid") == ["paid", "0.00", "858.00"]


def a_desk_comes_back(day: Day) -> None:
    """One of the three is too long for the lift: it is on the shelf again, and 310 dollars stand to their credit."""
    acme = day.acme
    body = {"reason": "does not fit the lift", "lines": [{"position": 1, "quantity": "1"}]}
    back = acme.make(f"{day.path('shipment')}/returns", body)
    acme.act(f"/returns/{back['id']}/validate")
    assert acme.level(day.desk) == "8"
    assert [line["returned"] for line in day.now("order")["lines"]] == ["1", "0", "0"]
    draft = acme.make(f"{day.path('invoice')}/credit-notes", {"date": EVENING, "return_id": back["id"]})
    assert acme.get(f"/returns/{back['id']}")["credit_note_id"] == draft["id"]
    day.papers["note"] = acme.act(f"/invoices/{draft['id']}/validate")
    assert told(day.papers["note"], "ref", "total_gross", "company_gross") == ["AV2611-0001", "-310.00", "-279.00"]
    (credit,) = acme.get(f"/third-parties/{day.customer}/credits")["items"]
    assert told(credit, "kind", "id", "left") == ["credit_note", draft["id"], "310.00"]


def the_rest_follows(day: Day) -> None:
    """Send the last desk and invoice it, 310.00 dollars, settled by the credit note; order and proposal are done."""
    acme = day.acme
    draft = acme.make(f"{day.path('order')}/shipments", {"date": EVENING})
    assert [(line["order_position"], line["quantity"]) for line in draft["lines"]] == [(1, "1")]
    acme.act(f"/shipments/{draft['id']}/validate")
    assert acme.act(f"{day.path('order')}/close")["status"] == "delivered"
    rest = acme.make(f"{day.path('order')}/invoices", {"date": EVENING})
    last = acme.act(f"/invoices/{rest['id']}/validate")
    assert told(last, "total_gross", "company_gross") == ["310.00", "279.00"]
    parts = [{"invoice_id": last["id"]}, {"invoice_id": day.papers["note"]["id"]}]
    offset = acme.make("/payments", {"method": "offset", "date": EVENING, "allocations": parts})
    assert told(offset, "amount", "company_amount") == ["0.00", "0.00"]
    assert acme.get(f"/third-parties/{day.customer}/credits")["items"] == []
    assert acme.act(f"{day.path('proposal')}/bill")["status"] == "billed"


def the_books_agree_in_the_evening(day: Day) -> None:
    """Seven desks and two lamps are left; 1314 euros were signed, 279 came back: 1035 were sold, and all is paid.

    Four desks less one for 180 and two lamps for 21 cost 582 euros.
    """
    acme = day.acme
    assert (acme.level(day.desk), acme.level(day.lamp)) == ("7", "2")
    assert {one["status"] for one in acme.items("/invoices")} == {"paid"}
    (customer,) = acme.get("/reports/sales?by=customer&date_from=2026-11-01&date_to=2026-11-30")["rows"]
    assert told(customer, "net", "cost", "margin") == ["1035.00", "582.00", "453.00"]
    (vat,) = acme.get("/reports/vat?date_from=2026-11-01&date_to=2026-11-30")["rows"]
    assert told(vat, "rate", "base", "vat") == ["0", "1035.00", "0.00"]
    assert acme.get("/reports/receivables")["rows"] == acme.get("/reports/unpaid")["rows"] == []
    assert contradictions(acme) == []
    assert acme.get("/chains/verification")["sound"]


def the_customer_asks_for_a_statement(day: Day) -> None:
    """In euros, as the books have it, whatever the dollar was worth on the way: nothing is owed."""
    statement = day.acme.get(f"/third-parties/{day.customer}/statement").body
    assert sorted(tuple(told(row, "date", "kind", "amount")) for row in statement["rows"]) == sorted(
        [
            (MORNING, "invoice", "262.80"),
            (MORNING, "payment", "-277.40"),
            (MORNING, "exchange_difference", "14.60"),
            (EVENING, "invoice", "772.20"),
            (EVENING, "payment", "-460.00"),
            (EVENING, "payment", "-311.46"),
            (EVENING, "exchange_difference", "-0.74"),
            (EVENING, "credit_note", "-279.00"),
            (EVENING, "invoice", "279.00"),
        ]
    )
    assert statement["rows"][-1]["balance"] == "0.00"


CHAPTERS = (
    the_shop_opens,
    a_quotation_is_made,
    the_customer_bargains_and_signs,
    it_becomes_an_order,
    a_deposit_is_paid,
    half_of_it_leaves,
    what_left_is_invoiced,
    the_customer_pays_in_two_parts,
    a_desk_comes_back,
    the_rest_follows,
    the_books_agree_in_the_evening,
    the_customer_asks_for_a_statement,
)


def test_a_trading_day(office: Office) -> None:
    """ERP-07: quote to statement with a version, an option, a deposit, a partial delivery, a return and a currency."""
    day = Day(office)
    for chapter in CHAPTERS:
        chapter(day)
