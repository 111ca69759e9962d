"""Mail addresses (ERP-11)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.mail import AddressFault, BadMailAddress, MailAddress, mail_address

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ana@client.example", "ana@client.example"),
        (" ana@client.example ", "ana@client.example"),
        ("Ana.Müller+x@Client.EXAMPLE", "Ana.Müller+x@client.example"),
        ("!#$%&'*+/=?^_`{|}~-@a.bc", "!#$%&'*+/=?^_`{|}~-@a.bc"),
        ("josé@münchen.example", "josé@xn--mnchen-3ya.example"),
        ("a@MÜNCHEN.example", "a@xn--mnchen-3ya.example"),
        ("a@mu\u0308nchen.example", "a@xn--mnchen-3ya.example"),
        ("a@straße.example", "a@xn--strae-oqa.example"),
        ("a@παράδειγμα.gr", "a@xn--hxajbheg2az3al.gr"),
        ("a@例え.jp", "a@xn--r8jz45g.jp"),
        ("a@xn--mnchen-3ya.example", "a@xn--mnchen-3ya.example"),
        ("a@1.2.3.example", "a@1.2.3.example"),
        ("x" * 64 + "@client.example", "x" * 64 + "@client.example"),
    ],
)
def test_an_address_comes_back_with_its_domain_in_ascii(text: str, address: str) -> None:
    """ERP-11: IDNA 2008, under which straße is not strasse, and mail goes to the domain that was meant."""
    assert str(mail_address(text)) == address


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", AddressFault.EMPTY),
        ("   ", AddressFault.EMPTY),
        ("ana", AddressFault.NO_AT),
        ("@client.example", AddressFault.LOCAL),
        ("a b@client.example", AddressFault.LOCAL),
        ("a,b@client.example", AddressFault.LOCAL),
        ("Ana <ana@client.example>", AddressFault.LOCAL),
        ('"a b"@client.example', AddressFault.LOCAL),
        ("a@b@client.example", AddressFault.LOCAL),
        (".a@client.example", AddressFault.LOCAL),
        ("a.@client.example", AddressFault.LOCAL),
        ("a..b@client.example", AddressFault.LOCAL),
        ("a\u00a0b@client.example", AddressFault.LOCAL),
        ("e\u0301@client.example", AddressFault.LOCAL),
        ("x" * 65 + "@client.example", AddressFault.LOCAL),
        ("é" * 33 + "@client.example", AddressFault.LOCAL),
        ("a@", AddressFault.DOMAIN),
        ("a@localhost", AddressFault.DOMAIN),
        ("a@client..example", AddressFault.DOMAIN),
        ("a@client.example.", AddressFault.DOMAIN),
        ("a@-client.example", AddressFault.DOMAIN),
        ("a@client-.example", AddressFault.DOMAIN),
        ("a@cli_ent.example", AddressFault.DOMAIN),
        ("a@127.0.0.1", AddressFault.DOMAIN),
        ("a@[127.0.0.1]", AddressFault.DOMAIN),
        ("a@client\u3002example", AddressFault.DOMAIN),
        ("a@\u0308a.example", AddressFault.DOMAIN),
        ("a@\u24b6b.example", AddressFault.DOMAIN),
        ("a@\U0001f389.example", AddressFault.DOMAIN),
        ("a@" + "x" * 64 + ".example", AddressFault.DOMAIN),
        ("a@" + "ü" * 62 + ".example", AddressFault.DOMAIN),
        ("a@" + ".".join(["x" * 60] * 5), AddressFault.TOO_LONG),
        ("a@client.example\r\nRCPT TO:<b@client.example>", AddressFault.CONTROL),
        ("a\n@client.example", AddressFault.CONTROL),
        ("a\x00@client.example", AddressFault.CONTROL),
        ("a\x85@client.example", AddressFault.CONTROL),
        ("a\u2028@client.example", AddressFault.CONTROL),
        ("a\u202e@client.example", AddressFault.CONTROL),
        ("a\u200b@client.example", AddressFault.CONTROL),
        ("a\ud800@client.example", AddressFault.CONTROL),
    ],
)
def test_what_is_no_address_is_refused_with_the_reason(text: str, fault: AddressFault) -> None:
    """ERP-11: above all line breaks, which would be commands to the server."""
    with pytest.raises(BadMailAddress) as raised:
        mail_address(text)
    assert raised.value.facts["reason"] == fault.value
    assert str(raised.value.facts["address"]).isprintable()


def test_only_a_local_part_beyond_ascii_needs_a_server_of_its_kind() -> None:
    """RFC 6531: a domain has an ASCII form, a local part has none."""
    assert mail_address("josé@client.example").international
    assert not mail_address("jose@münchen.example").international


@given(st.text(max_size=40) | st.from_regex(r"[a-zA-Zé.]{1,8}@[a-zA-Zß.\-]{1,20}", fullmatch=True))
def test_what_is_taken_stays_the_same_when_read_again_and_can_be_sent(text: str) -> None:
    """ERP-11: whatever comes in, what comes out has one @, one line, and a domain of letters, digits and hyphens."""
    try:
        address = mail_address(text)
    except BadMailAddress:
        return
    assert isinstance(address, MailAddress)
    assert mail_address(str(address)) == address
    assert str(address).count("@") == 1
    assert address.domain.isascii()
    assert not set(str(address)) & set('<>()[],;:\\" \r\n\t')
    assert len(str(address).encode()) <= 254
