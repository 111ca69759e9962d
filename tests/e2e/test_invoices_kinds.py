"""Invoices of all kinds through HTTP: their numbers side by side, and what a careless client is refused."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pytest

from app.usecases.billing import DueTemplates
from app.usecases.chains import VerifyChains, Which
from app.usecases.context import Context
from app.usecases.run import Runner
from tests.support.jobs import do_chore
from tests.support.office import ON_SQLITE, Office, free_line

pytestmark = [pytest.mark.fast, ON_SQLITE]


def issued(office: Office, path: str, body: dict[str, Any]) -> dict[str, Any]:
    made = office.make(path, body)
    return office.act(f"/invoices/{made['id']}/validate")


def test_kinds_are_numbered_side_by_side_without_a_gap(office: Office) -> None:
    """ERP-07: drafts deleted and validations refused in between cost no number, and all chains are sound."""
    party = office.customer()
    body = {"party_id": party, "lines": [free_line("9")]}
    refs = []
    for _ in range(2):
        source = issued(office, "/invoices", body)
        note = issued(office, f"/invoices/{source['id']}/credit-notes", {})
        deposit = issued(office, "/invoices", {**body, "kind": "deposit"})
        offer = issued(office, "/invoices", {**body, "kind": "pro_forma"})
        gone = office.make("/invoices", body)
        office.delete(f"/invoices/{gone['id']}", 1)
        replaced = issued(office, "/invoices", body)
        twin = office.make(f"/invoices/{replaced['id']}/replacement", {})
        new = issued(office, f"/invoices/{replaced['id']}/replacement", {})
        assert office.post(f"/invoices/{twin['id']}/validate").status == 409
        refs += [source["ref"], note["ref"], deposit["ref"], offer["ref"], replaced["ref"], new["ref"]]
    assert [(ref[:2], ref[-4:]) for ref in refs] == [
        ("FA", "0001"), ("AV", "0001"), ("AC", "0001"), ("PF", "0001"), ("FA", "0002"), ("FR", "0001"),
        ("FA", "0003"), ("AV", "0002"), ("AC", "0002"), ("PF", "0002"), ("FA", "0004"), ("FR", "0002"),
    ]  # fmt: skip
    container = office.served.container
    verified = container.runner.call(container.context_of(office.company), VerifyChains(container.seal), Which)
    assert verified.sound


def test_a_replacement_asks_for_no_more_credit_than_what_it_replaces(office: Office) -> None:
    """ERP-07: 80 of 100 are owed, and 80 again are once the first is abandoned."""
    party = office.customer(credit_limit="100")
    source = office.invoice("80", party_id=party)
    other = office.invoice("80", party_id=party, validated=False)
    assert office.post(f"/invoices/{other['id']}/validate").refusal == (409, "parties.credit_limit_exceeded")
    assert issued(office, f"/invoices/{source['id']}/replacement", {})["due"] == "80.00"


def test_an_order_is_charged_once_by_however_many_invoices_of_its_pro_forma(office: Office) -> None:
    order = office.order([free_line("70")])
    offer = issued(office, f"/orders/{order['id']}/invoices", {"kind": "pro_forma"})
    issued(office, f"/invoices/{offer['id']}/invoice", {})
    second = office.make(f"/invoices/{offer['id']}/invoice", {})
    assert office.post(f"/invoices/{second['id']}/validate").refusal == (409, "sales.over_invoiced")
    assert office.get(f"/invoices/{second['id']}")["status"] == "draft"


@pytest.mark.parametrize("ending", ["abandon", "write-off"])
def test_what_was_given_up_is_neither_credited_nor_replaced(office: Office, ending: str) -> None:
    """It is reopened first; nothing is stored."""
    path = f"/invoices/{office.invoice('9')['id']}"
    office.act(f"{path}/{ending}", {"reason": "abandon"} if ending == "abandon" else {})
    assert office.post(f"{path}/credit-notes", {}).refusal == (409, "billing.invoice_not_issued")
    assert office.get(f"{path}/late-fee").refusal == (409, "billing.invoice_not_issued")
    assert office.post(f"{path}/replacement", {}).refusal == (409, "billing.not_replaceable")
    assert len(office.items("/invoices")) == 1
    office.act(f"{path}/reopen")
    assert office.make(f"{path}/credit-notes", {})["total_gross"] == "-9.00"


def test_an_invoice_with_a_credit_note_is_not_replaced_as_well(office: Office) -> None:
    """ERP-07: the draft of the credit note is enough, also when the replacement was entered before it."""
    path = f"/invoices/{office.invoice('9')['id']}"
    new = office.make(f"{path}/replacement", {})
    note = office.make(f"{path}/credit-notes", {})
    assert office.post(f"/invoices/{new['id']}/validate").refusal == (409, "billing.not_replaceable")
    office.delete(f"/invoices/{note['id']}", 1)
    assert office.act(f"/invoices/{new['id']}/validate")["status"] == "validated"


@pytest.mark.parametrize("kind", ["credit_note", "replacement", "other"])
def test_what_is_made_of_an_invoice_is_not_entered_by_itself(office: Office, kind: str) -> None:
    refused = office.post("/invoices", {"kind": kind, "party_id": office.customer(), "lines": [free_line("1")]})
    assert (refused.status, refused.pointers) == (422, ["/kind"])


def test_a_credit_note_is_of_lines_or_of_amounts(office: Office) -> None:
    path = f"/invoices/{office.invoice('9')['id']}/credit-notes"
    both = {"lines": [{"position": 1, "quantity": "1"}], "amounts": [{"vat_rate": "0", "net": "1"}]}
    assert office.post(path, both).status == 422
    assert len(office.items("/invoices")) == 1


def test_a_fee_whose_draft_is_deleted_is_charged_again_and_one_credited_is_not(office: Office) -> None:
    """A fee the company took back is not asked for anew the day after."""
    version = office.get("/company/settings")["version"]
    office.patch("/company/settings", {"late_fee_fixed": "40"}, version)
    late = office.invoice("100", date="2026-01-01", due_date="2026-01-31")
    path = f"/invoices/{late['id']}/late-fee-invoice"
    first = office.make(path, {})
    office.delete(f"/invoices/{first['id']}", 1)
    again = issued(office, path, {})
    assert (again["total_gross"], again["source_id"]) == ("40.00", late["id"])
    issued(office, f"/invoices/{again['id']}/credit-notes", {})
    assert office.post(path, {}).refusal == (409, "billing.nothing_late")


def test_a_closed_rest_is_not_late(office: Office) -> None:
    """ERP-07: who paid in time less a discount owes no fee for it."""
    version = office.get("/company/settings")["version"]
    office.patch("/company/settings", {"late_fee_fixed": "40", "late_fee_percent": "8"}, version)
    path = f"/invoices/{office.invoice('100', date='2026-01-01', due_date='2026-01-31')['id']}"
    office.make(f"{path}/payments", {"amount": "98", "date": "2026-01-20"})
    assert office.get(f"{path}/late-fee?on=2026-03-02")["total"] == "40.01"
    office.act(f"{path}/close", {"reason": "discount_vat"})
    assert office.get(f"{path}/late-fee?on=2026-03-02")["total"] == "0.00"
    assert office.post(f"{path}/late-fee-invoice", {"on": "2026-03-02"}).refusal == (409, "billing.nothing_late")


# -- templates


def today(office: Office) -> date:
    return office.served.container.clock.now().date()


def template(office: Office, party: int | None = None, **fields: Any) -> dict[str, Any]:
    body = {"label": "Rent", "every": "month", "first": today(office).isoformat(), "lines": [free_line("29")]}
    return office.make("/invoice-templates", {**body, "party_id": party or office.customer(), **fields})


def test_a_line_may_say_nothing_but_the_period(office: Office) -> None:
    made = template(office, every="day", lines=[{**free_line("29"), "description": "{period}"}])
    (line,) = office.make(f"/invoice-templates/{made['id']}/run", {})["lines"]
    assert line["description"] == today(office).isoformat()


def test_the_end_that_is_wrong_is_named(office: Office) -> None:
    body = {"label": "Rent", "party_id": office.customer(), "every": "day", "lines": [free_line("1")]}
    refused = office.post("/invoice-templates", {**body, "first": "2026-01-31", "until": "2026-01-30", "count": 5})
    assert (refused.refusal, refused.pointers) == ((422, "billing.bad_recurrence"), ["/until"])


def test_a_template_names_only_fields_that_invoices_have(office: Office) -> None:
    """An unknown one is refused when it is entered; one archived since does not keep it from its invoices."""
    field = {"kind": "invoices", "name": "site", "label": "Site", "type": "text"}
    made = office.make("/custom-fields", field)
    body = {"label": "Rent", "party_id": office.customer(), "every": "day", "first": "2026-01-31"}
    refused = office.post("/invoice-templates", {**body, "lines": [free_line("1")], "custom": {"place": "x"}})
    assert (refused.status, refused.pointers) == (422, ["/custom/place"])
    one = template(office, custom={"site": "Lyon"}, every="day", first="2026-01-31")
    path = f"/invoice-templates/{one['id']}"
    assert office.make(f"{path}/run", {})["custom"] == {"site": "Lyon"}
    assert office.patch(f"/custom-fields/{made['id']}", {"archived": True}, made["version"]).status == 200
    assert office.make(f"{path}/run", {})["custom"] == {}


def test_an_invoice_the_customer_has_no_credit_for_leaves_no_draft_and_pauses_its_template(office: Office) -> None:
    """ERP-07: whole or not at all, and no number is skipped; resumed with credit it makes the day it owes."""
    party = office.customer(credit_limit="10")
    one = template(office, party, auto_validate=True)
    do_chore(office.served.container, "run-templates")
    path = f"/invoice-templates/{one['id']}"
    found = office.get(path)
    assert (found["status"], found["made"], office.items("/invoices")) == ("paused", 0, [])
    version = office.get(f"/third-parties/{party}")["version"]
    assert office.patch(f"/third-parties/{party}", {"credit_limit": "100"}, version).status == 200
    office.act(f"{path}/resume")
    made = office.make(f"{path}/run", {})
    assert (made["ref"][-4:], made["status"], made["occurrence"]) == ("0001", "validated", one["first"])


def test_a_long_rest_is_made_up_for_in_rounds_of_a_month(office: Office) -> None:
    """ERP-09: one template does not keep a round from the others for ever."""
    first = today(office) - timedelta(days=39)
    one = template(office, every="day", first=first.isoformat())
    container = office.served.container
    do_chore(container, "run-templates")
    assert office.get(f"/invoice-templates/{one['id']}")["made"] == 31
    do_chore(container, "run-templates")
    assert office.get(f"/invoice-templates/{one['id']}")["made"] == 40


@dataclass(frozen=True)
class Meddling:
    """Runs cases as told; once it was asked which templates are due, somebody deletes one of them."""

    runner: Runner
    office: Office
    doomed: int

    def call(self, context: Context, case: Any, build: Any) -> Any:
        found = self.runner.call(context, case, build)
        if isinstance(case, DueTemplates) and context.company == self.office.company:
            assert self.office.delete(f"/invoice-templates/{self.doomed}", 1).status == 204
        return found


def test_a_template_deleted_during_the_round_keeps_no_other_from_its_invoice(office: Office) -> None:
    doomed, other = template(office), template(office)
    container = office.served.container
    meddling: Any = Meddling(container.runner, office, doomed["id"])
    replace(container.chores.templates, runner=meddling)(container.contexts())
    assert [row["template_id"] for row in office.items("/invoices")] == [other["id"]]
