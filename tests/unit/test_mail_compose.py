"""Messages as they travel: nothing that comes from outside becomes a header (ERP-11)."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.mail import mail_address
from app.infrastructure.mail.compose import compose
from app.usecases.ports.mail import Attached, Message
from tests.support.clock import START

pytestmark = pytest.mark.fast

SENDER = mail_address("billing@acme.example")
PLAIN = Message(id="0192f0c1-7b7e", to=["ana@client.example"], subject="Invoice FA-1", text="Dear Ana\n")


def read(message: Message) -> EmailMessage:
    """Write a message, and read what a recipient gets."""
    return message_from_bytes(compose(message, SENDER, START).as_bytes(), policy=policy.default)


HOSTILE = [
    "x\r\nBcc: all@client.example",
    "x\nBcc: all@client.example",
    "x\r\n\r\n<script>",
    "x\rBcc: a@b.example",
    "x\x0bBcc: a@b.example",
    "x\x1cBcc: a@b.example",
    "x\x85Bcc: a@b.example",
    "x\u2028Bcc: a@b.example",
    "x\x00y",
    "x\ud800y",
    "x" * 5000,
]


@pytest.mark.parametrize("field", ["subject", "sender_name", "id"])
@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_with_a_line_break_is_no_header(field: str, value: str) -> None:
    """ERP-11: bad payload is refused, not repaired: whoever made it has to know."""
    changed: dict[str, Any] = {field: value}
    with pytest.raises(ValueError, match=r"header|Message-ID"):
        compose(replace(PLAIN, **changed), SENDER, START)


@pytest.mark.parametrize("value", HOSTILE)
def test_the_name_of_a_file_with_a_line_break_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="header"):
        compose(replace(PLAIN, files=[Attached(name=value, type="a/b", content=b"")]), SENDER, START)


@given(st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), min_size=1, max_size=60))
def test_a_subject_and_a_name_arrive_as_they_are_and_make_no_other_header(text: str) -> None:
    """ERP-11: letters of any script, commas, quotes, brackets and @ in a company's name."""
    got = read(replace(PLAIN, subject=text, sender_name=text))
    (sender,) = got["From"].addresses
    assert sender.addr_spec == "billing@acme.example"
    assert sorted(got.keys()) == sorted(compose(PLAIN, SENDER, START).keys())
    wanted = text.strip().replace("=?", "= ?")
    assert str(got["Subject"]).split() == wanted.split()
    # Python's own parser puts a space between two encoded words of a long name.
    assert sender.display_name.replace(" ", "") == wanted.replace(" ", "")


def test_what_looks_like_an_encoded_word_is_not_decoded() -> None:
    got = read(replace(PLAIN, subject="=?utf-8?q?Bcc=3A?=", sender_name="=?utf-8?q?boss?="))
    assert str(got["Subject"]) == "= ?utf-8?q?Bcc=3A?="
    assert got["From"].addresses[0].display_name == "= ?utf-8?q?boss?="


def test_the_same_message_is_the_same_bytes() -> None:
    """ERP-11: a second attempt is no second message."""
    message = replace(PLAIN, html="<p>x</p>", files=[Attached(name="a.pdf", type="application/pdf", content=b"x")])
    assert compose(message, SENDER, START).as_bytes() == compose(message, SENDER, START).as_bytes()


def test_no_text_ends_a_part_before_its_end() -> None:
    """What parts are divided by is known beforehand, so a text may hold it."""
    evil = "--=_0192f0c1-7b7e_0\r\nContent-Type: text/html\r\n\r\n<script>\r\n--=_0192f0c1-7b7e_0--\r\n"
    file = Attached(name="a.txt", type="text/plain", content=evil.encode())
    got = read(replace(PLAIN, text=evil, html=evil, files=[file]))
    kinds = [part.get_content_type() for part in got.walk()]
    assert kinds == ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/plain"]


@pytest.mark.parametrize(
    ("given_type", "sent_type"),
    [
        ("application/pdf", "application/pdf"),
        ("image/svg+xml", "image/svg+xml"),
        ("message/rfc822", "application/octet-stream"),
        ("multipart/mixed", "application/octet-stream"),
        ("no type", "application/octet-stream"),
        ("a/b; name=x\r\nBcc: y", "application/octet-stream"),
    ],
)
def test_a_file_has_its_type_or_none_in_particular(given_type: str, sent_type: str) -> None:
    (file,) = read(replace(PLAIN, files=[Attached(name="../a:b.x", type=given_type, content=b"\0")])).iter_attachments()
    assert (file.get_content_type(), file.get_filename(), file.get_content()) == (sent_type, ".._a_b.x", b"\0")


def test_a_file_is_not_shown_when_a_message_is() -> None:
    assert "secret" not in repr(Attached(name="a", type="a/b", content=b"secret"))
