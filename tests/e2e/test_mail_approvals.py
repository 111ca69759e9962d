"""Orders whose approval nobody has answered for: those who may approve them are told by mail."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import pytest
from sqlalchemy import text as sql

from app.cli.workflows import Known, installed
from app.domain.identity import CompanySettings
from app.domain.shared.ids import OrderId
from app.domain.shared.money import amount
from app.domain.shared.rights import Right
from app.infrastructure.database.migrate import plain_engine
from app.usecases.sales import AwaitApproval, Awaited
from tests.support.office import ON_SQLITE, Office, free_line
from tests.support.posting import ANA, DONE, Post

pytestmark = pytest.mark.fast
WANTED: Final = CompanySettings(approval_above=amount(Decimal(1000)))


@pytest.fixture
def asking(post: Post) -> Post:
    """Give a company that wants orders above 1000 approved."""
    post.office = post.office.served.company(WANTED)
    container = post.office.served.container
    installed(container, container.context_of(post.office.company), Known.ORDER_APPROVAL)
    return post


def waiting(post: Post) -> dict[str, Any]:
    """Give an order that waits for approval, of a customer with an address."""
    lines, party = [free_line("2000")], post.office.customer(name="Müller GmbH", email=ANA)
    made = post.office.order(lines, validated=False, party_id=party)
    return post.office.act(f"/orders/{made['id']}/validate")


def passed_on(post: Post, order: dict[str, Any]) -> None:
    """Let the execution pass the question on, as after two days, and the event get its number."""
    container = post.office.served.container
    awaited = Awaited(
        order_id=OrderId(order["id"]), execution=order["approval"]["execution"], token="t", escalated=True
    )
    container.runner.call(container.context_of(post.office.company), container.cases[AwaitApproval], lambda: awaited)
    container.dispatch()


def changed(post: Post, user: int, **columns: Any) -> str:
    """Change the account of somebody, which no request of a colleague could, and give the address."""
    values = {**columns, "user": user}
    setting = ", ".join(f"{name} = :{name}" for name in columns)
    with plain_engine(post.office.served.container.settings.database_url).begin() as connection:
        connection.execute(sql(f"UPDATE users SET {setting} WHERE id = :user"), values)
        return str(connection.execute(sql("SELECT email FROM users WHERE id = :user"), {"user": user}).scalar_one())


def colleague(post: Post, right: Right = Right.ORDERS_APPROVE) -> int:
    """Enter somebody with a right, and give the id."""
    clerk = post.office.served.clerk(post.office.company, frozenset({right}))
    return int(clerk.get("/me")["user"])


def mails(office: Office) -> list[dict[str, Any]]:
    """Give the mails to those who may approve, in order."""
    return [office.get(f"/mails/{one['id']}").body for one in office.items("/mails?kind=approval&sort=id")]


def test_those_who_may_approve_are_told_each_in_their_own_language(asking: Post) -> None:
    """ERP-11, ERP-17: by name, with customer and amount; who may only read orders, or has left, is not."""
    told = changed(asking, colleague(asking), locale="de", name="Frau Roth")
    colleague(asking, Right.ORDERS_READ)
    changed(asking, colleague(asking), active=False)
    order = waiting(asking)
    passed_on(asking, order)
    first, second = mails(asking.office)
    assert (first["object_id"], first["status"]) == (order["id"], "waiting")
    assert (second["to"], second["locale"]) == ([told], "de")
    assert asking.work(2) == DONE * 2
    found = {str(message["To"]): message for message in asking.messages}
    assert found.keys() == {first["to"][0], told}
    message = found[told]
    assert message["Subject"] == f"Freigabe erbeten: {order['ref']} (Acme)"
    body = message.get_body(("plain",))
    assert body is not None
    for fact in ("Guten Tag Frau Roth,", "Kunde: Müller GmbH", "2.000,00"):
        assert fact in body.get_content()
    assert list(message.iter_attachments()) == []
    assert [one["status"] for one in mails(asking.office)] == ["sent", "sent"]


@ON_SQLITE
def test_they_are_told_once_and_the_customer_never_is(asking: Post) -> None:
    """An execution that asks anew passes nothing on a second time; the mail can be sent again by hand."""
    order = waiting(asking)
    asking.office.served.container.dispatch()
    assert mails(asking.office) == []
    passed_on(asking, order)
    passed_on(asking, order)
    (mail,) = mails(asking.office)
    assert asking.work() == DONE
    assert asking.office.act(f"/mails/{mail['id']}/resend")["status"] == "waiting"
    assert asking.work() == DONE
    assert [str(message["To"]) for message in asking.messages] == mail["to"] * 2
    assert ANA not in str(asking.server.messages)


@ON_SQLITE
def test_an_address_that_is_none_keeps_nobody_else_from_being_told(asking: Post) -> None:
    changed(asking, colleague(asking), email=f"nobody{asking.office.company}")
    passed_on(asking, waiting(asking))
    assert len(mails(asking.office)) == 1
