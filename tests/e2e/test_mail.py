"""Documents sent by mail, over HTTP and SMTP: nobody waits for the mail server, and what became of it can be seen."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import text as sql

from app.domain.shared.ids import CompanyId
from app.domain.shared.rights import Right
from app.infrastructure.database.migrate import plain_engine
from app.usecases.jobs import CancelJob
from app.worker.tasks.mail import ATTEMPTS
from tests.support.mail_server import Does, Script
from tests.support.office import ON_SQLITE, free_line
from tests.support.posting import AGAIN, ANA, DONE, Post

pytestmark = pytest.mark.fast


def test_an_invoice_is_sent_a_moment_later_in_the_customers_language(post: Post) -> None:
    """ERP-11, ERP-17: asked for and answered at once; the job sends it, and the mail says so."""
    invoice = post.document(name="Müller GmbH")
    asked = post.office.post(
        f"/invoices/{invoice['id']}/send", {"cc": ["Boss@Client.example"]}, accept_language="de"
    ).body
    assert (asked["status"], asked["to"], asked["cc"], asked["locale"]) == (
        "waiting",
        [ANA],
        ["Boss@client.example"],
        "de",
    )
    assert post.server.messages == []
    assert post.work() == DONE
    (message,) = post.messages
    assert message["Subject"] == f"Rechnung {invoice['ref']} von Acme"
    assert message["From"].addresses[0].addr_spec == "erp@install.example"
    assert message["From"].addresses[0].display_name == "Acme"
    body = message.get_body(("plain",))
    assert body is not None
    assert "Guten Tag Müller GmbH," in body.get_content()
    assert "100,00" in body.get_content()
    shown = post.mail(asked)
    assert (shown["status"], shown["message_id"], shown["attempts"]) == ("sent", message["Message-ID"], 1)
    assert shown["sent_at"] is not None
    assert post.office.items(f"/mails?object_kind=invoices&object_id={invoice['id']}")[0]["id"] == asked["id"]


@ON_SQLITE
@pytest.mark.parametrize("kind", ["proposals", "orders"])
def test_other_documents_are_sent_alike(post: Post, kind: str) -> None:
    document = post.document(kind)
    post.sent(document, kind, subject="Hello", text="My own words.\n\nAnd more.")
    assert post.work() == DONE
    (message,) = post.messages
    body = message.get_body(("plain",))
    assert body is not None
    assert message["Subject"] == "Hello"
    assert "My own words." in body.get_content()
    assert document["ref"] in body.get_content()


@ON_SQLITE
def test_each_company_writes_under_its_own_name(post: Post) -> None:
    """ERP-11: sender, name and Reply-To are the company's; a bad address is refused where it is set."""
    settings = post.office.get("/company/settings").body
    own = {"mail_from": "Billing@Acme.example", "mail_name": "Acme, Billing", "mail_reply_to": "office@acme.example"}
    refused = post.office.patch("/company/settings", {"mail_from": "a@b\n.example"}, settings["version"])
    assert refused.status == 422
    assert refused["code"] == "mail.bad_address"
    post.office.patch("/company/settings", own, settings["version"])
    post.sent(post.document())
    post.work()
    (message,) = post.messages
    assert str(message["From"]) == '"Acme, Billing" <Billing@acme.example>'
    assert message["Reply-To"] == "office@acme.example"
    assert message["Message-ID"].endswith("@acme.example>")


@ON_SQLITE
@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"to": ["nobody"]}, ("mail.bad_address", ["/to/0"])),
        ({"to": [ANA], "cc": [ANA, "a@b.example\r\nRCPT TO:<c@d.example>"]}, ("mail.bad_address", ["/cc/1"])),
        ({"subject": "a\nBcc: b@c.example"}, ("request.invalid", ["/subject"])),
        ({"to": ["a@b.example"] * 51}, ("request.invalid", ["/to"])),
        ({"bcc": ["a@b.example"]}, ("request.invalid", ["/bcc"])),
    ],
)
def test_what_cannot_be_sent_is_refused_to_who_asks(post: Post, body: dict[str, Any], refusal: Any) -> None:
    """ERP-11: above all whatever would become a header or a command of its own."""
    invoice = post.document()
    answer = post.office.post(f"/invoices/{invoice['id']}/send", body)
    assert (answer.status, answer.pointers) == (422, refusal[1])
    assert post.office.items("/mails") == []


@ON_SQLITE
def test_a_customer_without_an_address_and_a_draft_are_told_apart(post: Post) -> None:
    invoice = post.document(email=None)
    assert post.office.post(f"/invoices/{invoice['id']}/send", {}).refusal == (422, "mail.no_recipient")
    draft = post.office.make("/invoices", {"party_id": post.office.customer(email=ANA), "lines": [free_line("1")]})
    assert post.office.post(f"/invoices/{draft['id']}/send", {}).refusal == (409, "mail.draft_not_sent")
    assert post.office.post("/invoices/999999/send", {}).refusal == (404, "not_found")


@ON_SQLITE
def test_who_may_not_see_invoices_may_not_send_one(post: Post) -> None:
    """ERP-13: sending a document needs the right to see it as well."""
    invoice = post.document()
    mail = post.sent(invoice)
    company = CompanyId(post.office.company)
    clerk = post.office.served.clerk(company, frozenset({Right.MAILS_SEND, Right.ORDERS_READ}))
    assert clerk.post(f"/invoices/{invoice['id']}/send", {}).refusal == (403, "rights.missing")
    assert clerk.post(f"/mails/{mail['id']}/cancel").refusal == (403, "rights.missing")
    assert clerk.post(f"/mails/{mail['id']}/resend").refusal == (403, "rights.missing")
    assert clerk.get(f"/mails/{mail['id']}").refusal == (403, "rights.missing")


@pytest.mark.parametrize("script", [Script(greeting=Does.HANGS), Script(greeting=Does.DROPS), Script(mail="451 later")])
def test_a_sale_goes_on_while_mail_does_not(post: Post, script: Script) -> None:
    """ERP-12: the order is validated at once, told or not; the mail waits, and leaves when the server is back."""
    settings = post.office.get("/company/settings").body
    post.office.patch("/company/settings", {"notify": ["order.validated"]}, settings["version"])
    post.server.scripts = (script,)
    before = post.server.connections
    order = post.document("orders")
    assert order["status"] == "validated"
    post.office.served.container.dispatch()
    assert post.server.connections == before, "nothing of SMTP is on the way of a request, nor of its events"
    (mail,) = post.office.items("/mails")
    assert (mail["status"], mail["object_id"], mail["kind"]) == ("waiting", order["id"], "order")
    assert post.work() == AGAIN
    assert post.mail(mail)["status"] == "waiting"
    assert post.mail(mail)["attempts"] == 3
    assert post.mail(mail)["error"] in {"mail_timeout", "connection_lost", "sender_refused"}
    post.server.scripts = (Script(),)
    post.later(10)
    assert post.work() == DONE
    assert post.mail(mail)["status"] == "sent"
    assert order["ref"] in str(post.messages[0]["Subject"])


@ON_SQLITE
def test_nobody_is_told_of_what_the_company_does_not_want_told(post: Post) -> None:
    settings = post.office.get("/company/settings").body
    post.office.patch("/company/settings", {"notify": ["invoice.validated"]}, settings["version"])
    post.document("orders")
    post.document("invoices", email=None)
    post.office.served.container.dispatch()
    (mail,) = post.office.items("/mails")
    assert mail["kind"] == "invoice"
    assert post.work() == DONE
    assert (post.mail(mail)["status"], post.mail(mail)["error"]) == ("refused", "no_mail_address")


@ON_SQLITE
def test_while_the_circuit_is_open_jobs_wait_and_use_up_no_attempt(post: Post) -> None:
    """ERP-12: three sends failed, so that the fourth is not tried; all leave once the circuit is closed."""
    post.sent(post.document())
    assert post.work() == DONE, "whatever failed before, the row has ended"
    post.server.scripts = (Script(greeting="421 no"),)
    mails = [post.sent(post.document()) for _ in range(3)]
    assert post.work(3) == AGAIN * 3
    before = post.server.connections
    mails.append(post.sent(post.document()))
    assert post.work() == AGAIN
    post.later(30)
    assert post.work(3) == AGAIN * 3
    assert post.server.connections == before, "no attempt while it is open"
    assert jobs(post, "attempts, error")[1:] == [(1, "mail.suspended")] * 3 + [(0, "mail.suspended")]
    post.server.scripts = (Script(),)
    post.later(31)
    assert post.work(4) == DONE * 4
    assert {post.mail(mail)["status"] for mail in mails} == {"sent"}


def jobs(post: Post, columns: str) -> list[tuple[Any, ...]]:
    """Read the company's jobs past the application."""
    with plain_engine(post.office.served.container.settings.database_url).connect() as connection:
        found = connection.execute(
            sql(f"SELECT {columns} FROM jobs WHERE company_id = :company ORDER BY id"), {"company": post.office.company}
        )
        return [tuple(row) for row in found]


@ON_SQLITE
def test_a_mail_refused_for_good_ends_its_job_and_can_be_sent_again(post: Post) -> None:
    """ERP-11: what no retry would change is not retried; a person sees why, and sends it once it can be sent."""
    post.server.scripts = (Script(rcpt="550 5.1.1 no such user"),)
    mail = post.sent(post.document())
    assert post.work() == DONE
    shown = post.mail(mail)
    assert (shown["status"], shown["error"], shown["attempts"]) == ("refused", "recipients_refused", 1)
    assert shown["refused"] == [{"address": ANA, "said": "550 5.1.1 no such user"}]
    post.server.scripts = (Script(),)
    again = post.office.act(f"/mails/{mail['id']}/resend")
    assert (again["status"], again["refused"], again["error"]) == ("waiting", [], "")
    assert post.work() == DONE
    assert post.mail(mail)["status"] == "sent"


@ON_SQLITE
def test_a_mail_sent_again_has_an_id_of_its_own(post: Post) -> None:
    mail = post.sent(post.document())
    post.work()
    post.office.act(f"/mails/{mail['id']}/resend")
    post.work()
    ids = [str(message["Message-ID"]) for message in post.messages]
    assert len(set(ids)) == 2
    assert all(re.fullmatch(r"<\d{20}\.\d+\.\d+\.[12]@install\.example>", one) for one in ids)


@ON_SQLITE
def test_who_was_put_off_gets_it_later_and_the_others_once(post: Post) -> None:
    """ERP-11: over several jobs too, as those who put off do so for minutes."""
    grey, bad = "grey@client.example", "bad@client.example"
    post.server.scripts = (Script(each={grey: "450 come again", bad: "550 never"}),)
    mail = post.sent(post.document(), to=[ANA, grey, bad])
    assert post.work() == AGAIN
    shown = post.mail(mail)
    assert (shown["status"], shown["later"], [one["address"] for one in shown["refused"]]) == ("waiting", [grey], [bad])
    post.server.scripts = (Script(),)
    post.later(10)
    assert post.work() == DONE
    assert [recipients for recipients, _ in post.server.messages] == [(ANA,), (grey,)]
    assert len({str(message["Message-ID"]) for message in post.messages}) == 1
    shown = post.mail(mail)
    assert (shown["status"], shown["later"], len(shown["refused"])) == ("sent", [], 1)


@ON_SQLITE
def test_after_the_last_attempt_the_mail_has_failed_and_a_retried_job_sends_it(post: Post) -> None:
    post.server.scripts = (Script(mail="451 later"),)
    mail = post.sent(post.document())
    with plain_engine(post.office.served.container.settings.database_url).begin() as connection:
        connection.execute(sql(f"UPDATE jobs SET attempts = {ATTEMPTS - 1} WHERE company_id = {post.office.company}"))
    assert post.work() == [("mail.send", "dead")]
    assert (post.mail(mail)["status"], post.mail(mail)["error"]) == ("failed", "sender_refused")
    post.server.scripts = (Script(),)
    ((job,),) = jobs(post, "id")
    post.office.act(f"/jobs/{job}/retry")
    assert post.work() == DONE
    assert post.mail(mail)["status"] == "sent"


@ON_SQLITE
def test_a_mail_called_off_does_not_leave(post: Post) -> None:
    mail = post.sent(post.document())
    assert post.office.act(f"/mails/{mail['id']}/cancel")["status"] == "canceled"
    assert post.work() == DONE
    assert post.server.messages == []
    assert post.office.post(f"/mails/{mail['id']}/cancel").refusal == (409, "state.invalid_transition")


@ON_SQLITE
def test_called_off_and_sent_again_while_its_job_is_under_way_it_leaves_once(post: Post) -> None:
    """ERP-11: the job that was there sends nothing any more, and does not end the new one's mail."""
    mail = post.sent(post.document())
    post.office.act(f"/mails/{mail['id']}/cancel")
    assert post.office.act(f"/mails/{mail['id']}/resend")["status"] == "waiting"
    assert post.work(2) == DONE * 2
    assert [recipients for recipients, _ in post.server.messages] == [(ANA,)]
    assert post.mail(mail)["status"] == "sent"


@ON_SQLITE
def test_a_mail_whose_job_is_called_off_has_failed_and_leaves_when_the_job_is_retried(post: Post) -> None:
    """ERP-11: whoever sees to jobs need not know of mail; each kind that takes note of a death is known there."""
    container = post.office.served.container
    noting = {name for name, kind in container.pool.tools.kinds.items() if kind.on_dead is not None}
    assert noting == container.cases[CancelJob].on_dead.keys() == {"mail.send"}
    mail = post.sent(post.document())
    ((job,),) = jobs(post, "id")
    assert post.office.act(f"/jobs/{job}/cancel")["status"] == "canceled"
    assert (post.mail(mail)["status"], post.mail(mail)["error"]) == ("failed", "job_canceled")
    post.office.act(f"/jobs/{job}/retry")
    assert post.work() == DONE
    assert (post.mail(mail)["status"], post.mail(mail)["error"]) == ("sent", "")


@ON_SQLITE
def test_the_journal_tells_what_became_of_a_mail_but_not_whom_it_went_to(post: Post) -> None:
    mail = post.sent(post.document())
    post.work()
    post.office.served.container.dispatch()
    told = post.office.items(f"/mails/{mail['id']}/audit?sort=sequence")
    assert [one["event"] for one in told] == ["mail.requested", "mail.sent"]
    assert ANA not in str(told)


@ON_SQLITE
def test_a_third_party_that_is_forgotten_is_forgotten_in_mails_too(post: Post) -> None:
    """ERP-11: whom it went to and what was written to them; that something was sent stays."""
    order = post.document("orders")
    mail = post.sent(order, "orders", subject="For Ana", text="Dear Ana", cc=["friend@client.example"])
    post.work()
    post.office.act(f"/orders/{order['id']}/cancel")
    party = order["party_id"]
    post.office.act(f"/third-parties/{party}/anonymise")
    shown = post.mail(mail)
    assert (shown["to"], shown["cc"], shown["subject"], shown["text"]) == ([], [], "", "")
    assert shown["status"] == "sent"


def test_a_request_repeated_under_its_key_sends_one_mail(post: Post) -> None:
    """ERP-07: the mail, its job and the answer are one transaction."""
    invoice = post.document()
    path = f"/invoices/{invoice['id']}/send"
    first = post.office.post(path, {}, idempotency_key="once")
    again = post.office.post(path, {}, idempotency_key="once")
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    assert post.work() == DONE
    assert len(post.server.messages) == 1
