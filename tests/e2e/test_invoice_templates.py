"""Templates of invoices through HTTP, and the daily round that runs them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from app.domain.shared.rights import Right
from tests.support.jobs import do_chore
from tests.support.office import ON_SQLITE, Office, free_line, together

pytestmark = [pytest.mark.fast, ON_SQLITE]


def today(office: Office) -> date:
    return office.served.container.clock.now().date()


def hosting(office: Office, first: date, **fields: Any) -> dict[str, Any]:
    """Enter a template of one line."""
    line = {**free_line("29"), "description": "Hosting {period}"}
    body = {"label": "Hosting", "every": "month", "first": first.isoformat(), "lines": [line]}
    return office.make("/invoice-templates", {"party_id": office.customer(), **body, **fields})


def made_by(office: Office, template: dict[str, Any]) -> list[dict[str, Any]]:
    return office.items(f"/invoices?template_id={template['id']}&sort=id")


def test_a_template_makes_one_invoice_for_each_of_its_days(office: Office) -> None:
    """ERP-07: {period} is filled in, the invoice is dated today, and a day is made once."""
    first = today(office) - timedelta(days=3)
    template = hosting(office, first, every="day", step=2, count=2)
    path = f"/invoice-templates/{template['id']}"
    assert (template["status"], template["made"], template["next_date"]) == ("active", 0, first.isoformat())
    one = office.make(f"{path}/run", {})
    period = f"{first} - {first + timedelta(days=1)}"
    assert (one["lines"][0]["description"], one["date"], one["status"]) == (
        f"Hosting {period}", today(office).isoformat(), "draft",
    )  # fmt: skip
    assert (one["template_id"], one["occurrence"]) == (template["id"], first.isoformat())
    office.make(f"{path}/run", {})
    after = office.get(path)
    assert (after["status"], after["made"], after["next_date"]) == ("ended", 2, None)
    assert office.post(f"{path}/run").refusal == (409, "billing.template_not_due")
    assert office.patch(path, {"label": "x"}, after["version"]).refusal == (409, "billing.template_over")
    assert office.delete(path, after["version"]).refusal == (409, "billing.template_in_use")
    assert len(made_by(office, template)) == 2


def test_eight_at_once_make_a_day_once(office: Office) -> None:
    """ERP-07: the template's lock, and a unique key behind it."""
    template = hosting(office, today(office))
    replies = together(8, lambda _: office.post(f"/invoice-templates/{template['id']}/run"))
    assert sorted(one.status for one in replies) == [201, *[409] * 7]
    assert len(made_by(office, template)) == 1


def test_the_daily_round_makes_what_is_due_and_pauses_what_cannot_be(office: Office) -> None:
    """One template that fails does not keep the others from their invoices."""
    start = today(office)
    broken = hosting(office, start)
    office.patch(f"/third-parties/{broken['party_id']}", {"archived": True}, 1)
    good = hosting(office, start - timedelta(days=2), every="day", auto_validate=True)
    later = hosting(office, start + timedelta(days=1))
    container = office.served.container
    assert container.chores.templates(container.contexts()) >= 3
    assert [row["status"] for row in made_by(office, good)] == ["validated"] * 3
    assert made_by(office, later) == made_by(office, broken) == []
    assert office.get(f"/invoice-templates/{broken['id']}")["status"] == "paused"
    do_chore(container, "run-templates")
    assert len(made_by(office, good)) == 3


def test_a_paused_template_rests_until_it_goes_on(office: Office) -> None:
    template = hosting(office, today(office))
    path = f"/invoice-templates/{template['id']}"
    assert office.act(f"{path}/pause")["status"] == "paused"
    assert office.post(f"{path}/pause").refusal == (409, "state.invalid_transition")
    assert office.post(f"{path}/run").refusal == (409, "billing.template_not_due")
    assert office.act(f"{path}/resume")["status"] == "active"
    assert office.make(f"{path}/run", {})["total_gross"] == "29.00"


def test_what_a_template_says_is_checked_when_it_is_entered(office: Office) -> None:
    """Each refusal names its field, and nothing is stored."""
    body = {
        "label": "x",
        "party_id": office.customer(),
        "every": "month",
        "first": "2026-01-31",
        "lines": [free_line("1")],
    }
    for change, pointer in (
        ({"party_id": 999_999}, "/party_id"),
        ({"until": "2026-01-30"}, "/until"),
        ({"currency": "USD"}, "/rate"),
        ({"lines": [{"quantity": "1", "unit_price": "1", "vat_rate": "20"}]}, "/lines/0/description"),
        ({"lines": [{**free_line("1"), "quantity": "0"}]}, "/lines/0/quantity"),
        ({"step": 0}, "/step"),
        ({"every": "hour"}, "/every"),
    ):
        refused = office.post("/invoice-templates", {**body, **change})
        assert (refused.status, refused.pointers) == (422, [pointer])
    assert office.items("/invoice-templates") == []


def test_who_may_not_validate_cannot_have_it_done(office: Office) -> None:
    """ERP-13: a template that validates by itself needs the right to validate."""
    clerk = office.served.clerk(
        office.company, frozenset({Right.INVOICES_WRITE, Right.THIRD_PARTIES_WRITE, Right.THIRD_PARTIES_READ})
    )
    template = hosting(clerk, today(office))
    body = {"auto_validate": True}
    refused = clerk.patch(f"/invoice-templates/{template['id']}", body, template["version"])
    assert refused.refusal == (403, "rights.missing")
    changed = office.patch(f"/invoice-templates/{template['id']}", {**body, "count": 1, "note": "n"}, 1)
    assert (changed["auto_validate"], changed["count"], changed["note"]) == (True, 1, "n")
    assert office.delete(f"/invoice-templates/{template['id']}", 2).status == 204
    assert office.get(f"/invoice-templates/{template['id']}").status == 404
