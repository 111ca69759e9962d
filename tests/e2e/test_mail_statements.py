"""Statements of account sent by mail, with the paper of the period that was asked for."""

from __future__ import annotations

from io import BytesIO

import pytest
from pypdf import PdfReader

from app.domain.shared.ids import CompanyId
from app.domain.shared.rights import Right
from tests.support.office import ON_SQLITE
from tests.support.posting import ANA, DONE, Post

pytestmark = pytest.mark.fast


def enclosed(post: Post) -> tuple[str, str]:
    """Give name and text of the PDF that came with the only message."""
    (message,) = post.messages
    (file,) = message.iter_attachments()
    content = file.get_content()
    assert isinstance(content, bytes)
    return str(file.get_filename()), " ".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)


def test_a_statement_is_sent_as_the_account_is_when_it_leaves(post: Post) -> None:
    """ERP-11, ERP-16: asked for and answered at once; the PDF tells what was owed a moment later."""
    first = post.document(locale="fr", customer_code="ANA")
    party = first["party_id"]
    mail = post.office.make(f"/third-parties/{party}/statement/send", {})
    assert (mail["kind"], mail["object_kind"], mail["object_id"]) == ("statement", "third-parties", party)
    assert (mail["status"], mail["date_from"], mail["date_to"], mail["locale"]) == ("waiting", None, None, "fr")
    other = post.office.invoice("7", party_id=party)
    assert post.work() == DONE
    (message,) = post.messages
    name, text = enclosed(post)
    assert (message["To"], name[:4], name[-4:]) == (ANA, "ANA-", ".pdf")
    assert "Relevé de compte" in str(message["Subject"])
    assert first["ref"] in text
    assert other["ref"] in text
    assert post.mail(mail)["status"] == "sent"


@ON_SQLITE
def test_a_statement_tells_its_period_alone(post: Post) -> None:
    invoice = post.document()
    body = {"date_to": "2020-01-31", "date_from": "2020-01-01", "subject": "January"}
    mail = post.office.make(f"/third-parties/{invoice['party_id']}/statement/send", body)
    assert (mail["date_from"], mail["date_to"]) == ("2020-01-01", "2020-01-31")
    assert post.work() == DONE
    name, text = enclosed(post)
    assert name.endswith("2020-01-31.pdf")
    assert invoice["ref"] not in text
    assert post.messages[0]["Subject"] == "January"


@ON_SQLITE
def test_a_statement_that_cannot_be_sent_is_refused_to_who_asks(post: Post) -> None:
    party = post.office.customer()
    path = f"/third-parties/{party}/statement/send"
    backwards = {"to": [ANA], "date_from": "2026-02-01", "date_to": "2026-01-01"}
    refused = post.office.post(path, backwards)
    assert (refused.refusal, refused.pointers) == ((422, "reports.period_backwards"), ["/date_to"])
    assert post.office.post(path, {}).refusal == (422, "mail.no_recipient")
    missing = post.office.post(f"/third-parties/{party + 1000}/statement/send", {"to": [ANA]})
    assert missing.refusal == (404, "not_found")
    assert post.office.items("/mails") == []


@ON_SQLITE
def test_who_may_not_see_accounts_may_not_send_one(post: Post) -> None:
    party = post.office.customer(email=ANA)
    path = f"/third-parties/{party}/statement/send"
    rights = frozenset({Right.MAILS_SEND, Right.THIRD_PARTIES_READ})
    clerk = post.office.served.clerk(CompanyId(post.office.company), rights)
    assert clerk.post(path, {}).refusal == (403, "rights.missing")


def test_a_statement_follows_a_third_party_that_is_merged(post: Post) -> None:
    """On every database: what is about the third party itself is about the one that stays, and is sent of that one."""
    gone, stays = post.office.customer(email=ANA), post.office.customer(email="bob@client.example")
    mail = post.office.make(f"/third-parties/{gone}/statement/send", {})
    order = post.document("orders")
    other = post.sent(order, "orders")
    post.office.act(f"/third-parties/{gone}/merge", {"into": stays})
    assert (post.mail(mail)["party_id"], post.mail(mail)["object_id"]) == (stays, stays)
    assert post.mail(other)["object_id"] == order["id"]
    assert post.work(2) == DONE * 2
    assert post.mail(mail)["status"] == "sent"
