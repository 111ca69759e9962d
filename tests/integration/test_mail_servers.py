"""Mail against servers that misbehave: each row of the table in ``classify``, and what a send makes of it."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from email.errors import MessageError
from pathlib import Path
from typing import Any, Final

import pytest
import structlog
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from app.domain.mail import MailReason, MailRefused, MailSuspended, MailUnavailable, mail_address
from app.infrastructure.clock import OffsetClock, wait
from app.infrastructure.mail import classify as table
from app.infrastructure.mail.breaker import Breaker
from app.infrastructure.mail.classify import classify
from app.infrastructure.mail.line import Server, Tls
from app.infrastructure.mail.smtp import Attempts, Backoff, SmtpMailer
from app.usecases.ports.mail import Attached, Message, Sent
from tests.support.clock import FakeClock
from tests.support.mail_server import Does, RawServer, Script, authority_file, certified, raw_server
from tests.support.servers import free_port
from tests.support.smtp import smtp_sink

pytestmark = pytest.mark.fast

PASSWORD: Final = "correct horse battery"
HELLO: Final = Message(
    id="0192f0c1-7b7e", to=["ana@client.example"], subject="Invoice FA-1", text="Dear Ana,\n.\nit is attached.\n"
)
ROW: Final = re.compile(
    r"^\| (?P<what>[^|]+) \| (?P<kind>transient|permanent)[^|]* \| (?P<reason>\w+) \|$", re.MULTILINE
)
ROWS: Final = {found["what"]: (found["kind"], found["reason"]) for found in ROW.finditer(str(table.__doc__))}


@dataclass(frozen=True, kw_only=True)
class Case:
    """How a row is brought about: what the server does, how we are set up, what is sent."""

    script: Script = field(default_factory=Script)
    setup: Mapping[str, Any] = field(default_factory=dict)
    message: Message = HELLO
    trust: Callable[[], ssl.SSLContext] | None = None
    replies: Sequence[int] = ()
    stage: str = ""


SIGNED_IN: Final = {"user": "erp", "password": PASSWORD}
AUTH: Final = "250-mail.example\r\n250 AUTH PLAIN LOGIN"
STARTTLS: Final = {"tls": Tls.STARTTLS}
IMPLICIT: Final = {"tls": Tls.IMPLICIT}
OFFERED: Final = "250-mail.example\r\n250 STARTTLS"


def ours() -> ssl.SSLContext:
    return certified("127.0.0.1")


def old() -> ssl.SSLContext:
    """Give a server that knows nothing newer than TLS 1.2, and there only one cipher that no client has by default."""
    context = certified("127.0.0.1")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-RSA-NULL-SHA:ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0")
    return context


CASES: Final[Mapping[str, Sequence[Case]]] = {
    "reply 4yz to connecting or EHLO (421)": [
        Case(stage="greeting", replies=[421, 450]),
        Case(stage="ehlo", replies=[421]),
    ],
    "reply 5yz likewise (554)": [Case(stage="greeting", replies=[554]), Case(stage="ehlo", replies=[502, 554])],
    "reply 4yz to STARTTLS (454)": [Case(stage="starttls", replies=[454], script=Script(ehlo=OFFERED), setup=STARTTLS)],
    "reply 5yz to STARTTLS (501, 554)": [
        Case(stage="starttls", replies=[501, 554], script=Script(ehlo=OFFERED), setup=STARTTLS)
    ],
    "reply 4yz to AUTH (454)": [Case(stage="auth", replies=[454], script=Script(ehlo=AUTH), setup=SIGNED_IN)],
    "reply 5yz to AUTH (530, 534, 535, 538)": [
        Case(stage="auth", replies=[530, 534, 535, 538], script=Script(ehlo=AUTH), setup=SIGNED_IN)
    ],
    "reply 4yz to MAIL (421, 450, 451, 452)": [Case(stage="mail", replies=[421, 450, 451, 452])],
    "reply 5yz to MAIL (550, 552, 553, 555)": [Case(stage="mail", replies=[550, 552, 553, 555])],
    "reply 4yz to RCPT (421, 450, 451, 452)": [Case(stage="rcpt", replies=[421, 450, 451, 452])],
    "reply 552 to RCPT: too many recipients (RFC 5321, 4.5.3.1.10)": [Case(stage="rcpt", replies=[552])],
    "reply 5yz to RCPT (550, 551, 553, 554)": [Case(stage="rcpt", replies=[550, 551, 553, 554])],
    "reply 4yz to DATA or to the message (421, 450, 451, 452)": [
        Case(stage="data", replies=[421, 450, 451, 452]),
        Case(stage="end", replies=[421, 450, 451, 452]),
    ],
    "reply 5yz to DATA or to the message (552, 554)": [
        Case(stage="data", replies=[552, 554]),
        Case(stage="end", replies=[552, 554]),
    ],
    "any other reply, one that cannot be read, a line without end": [
        Case(stage="greeting", replies=[250]),
        Case(script=Script(greeting="hello")),
        Case(script=Script(mail="354 go on")),
        Case(script=Script(data="250 what?")),
        Case(script=Script(end="354 more")),
        Case(script=Script(mail="250-" + "x" * 10_000)),
    ],
    "SMTPServerDisconnected: the line was closed, also behind the message": [
        Case(script=Script().at(stage, Does.DROPS)) for stage in ("greeting", "ehlo", "mail", "rcpt", "data", "end")
    ],
    "SMTPNotSupportedError: no STARTTLS, AUTH or SMTPUTF8": [
        Case(setup=STARTTLS),
        Case(setup=SIGNED_IN),
        Case(message=replace(HELLO, sender="josé@acme.example")),
    ],
    "SMTPException of no special kind: no way to sign in that both know": [
        Case(script=Script(ehlo="250-mail.example\r\n250 AUTH GSSAPI"), setup=SIGNED_IN),
        Case(script=Script(ehlo=AUTH), setup={"user": "erp", "password": "pässword"}),
    ],
    "SSLCertVerificationError: the certificate is not trusted, expired or another server's": [
        Case(script=Script(ehlo=OFFERED), setup=STARTTLS, trust=ours),
        Case(script=Script(secret=True), setup=IMPLICIT, trust=ours),
        Case(script=Script(secret=True), setup=IMPLICIT | {"trusted": True}, trust=lambda: certified("other.example")),
    ],
    "SSLEOFError, SSLZeroReturnError, SSLSyscallError: the line was closed": [
        Case(script=Script(greeting=Does.DROPS), setup=IMPLICIT)
    ],
    "SSLError of another kind: no common version or cipher, or no TLS at all": [
        Case(setup=IMPLICIT),
        Case(script=Script(secret=True), setup=IMPLICIT | {"trusted": True}, trust=old),
    ],
    "TimeoutError: nothing came in time": [
        *(Case(script=Script().at(stage, Does.HANGS)) for stage in ("greeting", "ehlo", "mail", "rcpt", "data", "end")),
        Case(script=Script(greeting=Does.HANGS), setup=IMPLICIT),
        Case(script=Script(ehlo=OFFERED, starttls=Does.HANGS), setup=STARTTLS),
    ],
    "ConnectionError: refused, reset, aborted, broken": [Case(setup={"port": 0})],
    "gaierror: the server's name is not known, or nobody could tell": [Case(setup={"host": "mail.invalid"})],
    "OSError of another kind: no route, network down": [Case(setup={"host": "255.255.255.255"})],
    "ValueError (UnicodeError is one), MessageError: what cannot be written as a message": [
        Case(message=replace(HELLO, subject="Hello\r\nBcc: everybody@client.example")),
        Case(message=replace(HELLO, text="\ud800")),
    ],
    "BadMailAddress of the Reply-To": [Case(message=replace(HELLO, reply_to="us@acme.example\nBcc: x@y.example"))],
    "BadMailAddress of the sender": [Case(message=replace(HELLO, sender="nobody"))],
    "BadMailAddress of a recipient": [
        Case(message=replace(HELLO, to=["nobody", "x@y.example>\nRCPT TO:<z@y.example"]))
    ],
}


def cases() -> Iterator[tuple[str, Case]]:
    """Give each row with each way it comes about, one for each reply."""
    for what, ways in CASES.items():
        for way in ways:
            for reply in way.replies:
                yield what, replace(way, script=way.script.at(way.stage, f"{reply} for a reason"))
            if not way.replies:
                yield what, way


def mailer(port: int, clock: Any = None, **setup: Any) -> SmtpMailer:
    """Give a mailer for a server on 127.0.0.1: waits are short, delays move the clock and take no time."""
    clock = clock or FakeClock()
    breaker = setup.pop("breaker", None) or Breaker(1000, 60.0, clock)
    attempts = setup.pop("attempts", Attempts())
    given: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "name": "acme.example",
        "tls": Tls.OFF,
        "wait_s": 0.2,
    } | setup
    return SmtpMailer(
        server=Server(**given),
        sender=mail_address("billing@acme.example"),
        attempts=attempts,
        breaker=breaker,
        clock=clock,
        wait=getattr(clock, "advance", wait),
    )


@contextmanager
def served(case: Case, folder: Path) -> Iterator[tuple[RawServer, SmtpMailer]]:
    """Run the server of a case, and give the mailer set up for it."""
    setup = dict(case.setup)
    if setup.pop("trusted", False):
        setup["ca_file"] = authority_file(folder)
    if setup.get("port") == 0:
        setup["port"] = free_port()
    with raw_server(case.script, trust=case.trust() if case.trust else None) as server:
        yield server, mailer(**({"port": server.port} | setup))


def test_every_row_of_the_table_is_tried() -> None:
    assert ROWS.keys() == CASES.keys()
    without_a_server = {MailReason.NOT_CONFIGURED, MailReason.NO_ADDRESS}
    assert {reason for _, reason in ROWS.values()} == {*MailReason} - without_a_server


@pytest.mark.parametrize(("what", "case"), list(cases()))
def test_a_failure_is_what_the_table_says(what: str, case: Case, tmp_path: Path) -> None:
    """ERP-11: transient ones are tried three times, permanent ones once; the error has the reason of its row."""
    kind, reason = ROWS[what]
    with served(case, tmp_path) as (server, sender):
        error = MailUnavailable if kind == "transient" else MailRefused
        with pytest.raises(error) as raised:
            sender.send(case.message, 30.0)
    assert raised.value.facts["reason"] == reason
    if kind == "transient":
        assert raised.value.facts["attempts"] == 3
        assert server.connections in {0, 3}
    else:
        assert server.connections <= 1
    assert PASSWORD not in f"{raised.value!r} {raised.value}"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (smtplib.SMTPServerDisconnected(), MailReason.DISCONNECTED),
        (ssl.SSLZeroReturnError(), MailReason.DISCONNECTED),
        (ssl.SSLSyscallError(), MailReason.DISCONNECTED),
        (ConnectionResetError(), MailReason.CONNECTION),
        (ConnectionAbortedError(), MailReason.CONNECTION),
        (BrokenPipeError(), MailReason.CONNECTION),
        (MessageError(), MailReason.MESSAGE),
    ],
)
def test_exceptions_that_no_server_can_be_made_to_cause_at_will_are_classed_too(
    error: Exception, reason: MailReason
) -> None:
    assert classify(error).reason is reason
    assert classify(error).transient is (reason is not MailReason.MESSAGE)


def test_what_is_not_in_the_table_is_raised_as_it_is() -> None:
    with pytest.raises(KeyError):
        classify(KeyError("a bug"))


def test_a_message_that_nothing_hinders_arrives_as_it_was_written() -> None:
    """ERP-11: text and HTML, a file, copies, reply-to; who answers by machine is told that a machine wrote."""
    message = replace(
        HELLO,
        sender_name="Müller & Söhne, GmbH",
        reply_to="office@acme.example",
        cc=["bob@client.example"],
        html="<p>Dear Ana</p>",
        files=[Attached(name="FA-1 é.pdf", type="application/pdf", content=b"%PDF-1.7 \x00\xff")],
    )
    clock = FakeClock()
    with smtp_sink() as sink:
        sent = mailer(sink.port, clock).send(message, 30.0)
    (got,), (envelope,) = sink.messages, sink.envelopes
    assert sent == Sent(message_id="<0192f0c1-7b7e@acme.example>")
    assert (envelope.mail_from, envelope.rcpt_tos) == (
        "billing@acme.example",
        ["ana@client.example", "bob@client.example"],
    )
    assert got["From"].addresses[0].display_name == "Müller & Söhne, GmbH"
    assert {name: str(got[name]) for name in ("To", "Cc", "Reply-To", "Subject", "Message-ID", "Auto-Submitted")} == {
        "To": "ana@client.example",
        "Cc": "bob@client.example",
        "Reply-To": "office@acme.example",
        "Subject": "Invoice FA-1",
        "Message-ID": sent.message_id,
        "Auto-Submitted": "auto-generated",
    }
    assert got["Date"].datetime == clock.now()
    text, html = got.get_body(("plain",)), got.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n") == message.text
    assert html.get_content().strip() == message.html
    (file,) = got.iter_attachments()
    assert (file.get_filename(), file.get_content_type(), file.get_content()) == (
        "FA-1 é.pdf",
        "application/pdf",
        b"%PDF-1.7 \x00\xff",
    )


# aiosmtpd warns of its own attribute, and of TLS that it does not see because the line has it already.
@pytest.mark.filterwarnings("ignore:Session.login_data", "ignore:Requiring AUTH")
@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
def test_a_server_with_tls_and_a_password_takes_mail(tls: Tls, tmp_path: Path) -> None:
    """ERP-11: the certificate is checked against the authority that was set, the name against the server's."""
    seen = []

    def known(_server: SMTP, _session: Session, _envelope: Envelope, _way: str, given: Any) -> AuthResult:
        assert isinstance(given, LoginPassword)
        seen.append((given.login, given.password))
        return AuthResult(success=given.password == PASSWORD.encode(), handled=False)

    ways = {
        Tls.STARTTLS: {"tls_context": ours(), "require_starttls": True},
        Tls.IMPLICIT: {"ssl_context": ours(), "auth_require_tls": False},
    }
    with smtp_sink(authenticator=known, auth_required=True, **ways[tls]) as sink:
        setup = SIGNED_IN | {"tls": tls, "ca_file": authority_file(tmp_path), "wait_s": 5.0}
        mailer(sink.port, **setup).send(HELLO, 30.0)
        with pytest.raises(MailRefused) as raised:
            mailer(sink.port, **setup | {"password": "wrong"}).send(HELLO, 30.0)
    assert raised.value.reason is MailReason.AUTHENTICATION
    assert len(sink.messages) == 1
    assert seen[0] == (b"erp", PASSWORD.encode())


def test_letters_beyond_ascii_are_sent_to_servers_that_take_them() -> None:
    """RFC 6531."""
    message = replace(HELLO, to=["josé@münchen.example"])
    with smtp_sink(enable_SMTPUTF8=True) as sink:
        mailer(sink.port).send(message, 30.0)
    assert sink.envelopes[0].rcpt_tos == ["josé@xn--mnchen-3ya.example"]
    assert sink.messages[0]["To"] == "josé@xn--mnchen-3ya.example"


def test_a_server_without_smtputf8_gets_the_message_for_the_others() -> None:
    message = replace(HELLO, to=["josé@client.example", "ana@client.example"])
    with raw_server() as server:
        sent = mailer(server.port).send(message, 30.0)
    ((recipients, content),) = server.messages
    assert recipients == ("ana@client.example",)
    assert b"jos" not in content
    assert [one for one, _ in sent.refused] == ["josé@client.example"]


GOOD, BAD, GREY = "good@client.example", "bad@client.example", "grey@client.example"


def test_one_bad_recipient_does_not_keep_the_message_from_the_others() -> None:
    """ERP-11: the good get it once, the bad is told with what the server said, nothing is tried again."""
    with raw_server(Script(each={BAD: "550 5.1.1 no such user"})) as server:
        sent = mailer(server.port).send(replace(HELLO, to=[GOOD, BAD], cc=["no address"]), 30.0)
    assert [recipients for recipients, _ in server.messages] == [(GOOD,)]
    assert sent.refused == (("no address", "no_at_sign"), (BAD, "550 5.1.1 no such user"))
    assert (sent.later, sent.attempts) == ((), 1)


def test_only_those_who_were_put_off_are_tried_again() -> None:
    """ERP-11: whoever has got it does not get it twice."""
    first, then = Script(each={GREY: "450 come again", BAD: "550 never"}), Script()
    with raw_server(first, then) as server:
        sent = mailer(server.port).send(replace(HELLO, to=[GOOD, GREY, BAD]), 30.0)
    assert [recipients for recipients, _ in server.messages] == [(GOOD,), (GREY,)]
    assert server.messages[0][1] == server.messages[1][1], "the same bytes"
    assert [one for one, _ in sent.refused] == [BAD]
    assert (sent.later, sent.attempts) == ((), 2)


def test_who_is_put_off_to_the_end_is_told_and_can_be_written_to_later() -> None:
    clock = FakeClock()
    breaker = Breaker(1, 60.0, clock)
    with raw_server(Script(each={GREY: "450 come again"})) as server:
        sender = mailer(server.port, clock, breaker=breaker)
        message = replace(HELLO, to=[GOOD, GREY])
        sent = sender.send(message, 30.0)
        assert (sent.later, sent.refused) == (((GREY, "450 come again"),), ())
        assert not breaker.open, "the server took it"
        with pytest.raises(MailUnavailable):
            sender.send(replace(message, only=[GREY]), 30.0)
    assert [recipients for recipients, _ in server.messages] == [(GOOD,)]
    assert breaker.open


def test_a_line_that_ends_among_the_recipients_leaves_all_of_them_waiting() -> None:
    first = Script(each={GREY: "421 too busy"})
    with raw_server(first, Script()) as server:
        mailer(server.port).send(replace(HELLO, to=[GOOD, GREY]), 30.0)
    assert [recipients for recipients, _ in server.messages] == [(GOOD, GREY)]


def test_all_recipients_refused_for_good_is_a_refusal_that_names_them() -> None:
    with raw_server(Script(rcpt="550 never")) as server, pytest.raises(MailRefused) as raised:
        mailer(server.port).send(replace(HELLO, to=[GOOD, BAD]), 30.0)
    assert raised.value.refused == ((GOOD, "550 never"), (BAD, "550 never"))
    assert server.messages == []


def test_a_message_without_recipients_is_refused_without_a_server() -> None:
    with raw_server() as server, pytest.raises(MailRefused):
        mailer(server.port).send(replace(HELLO, to=[]), 30.0)
    assert server.connections == 0


def test_a_message_sent_behind_a_lost_answer_comes_twice_with_one_id() -> None:
    """ERP-11: it was perhaps sent; whoever gets it twice can tell by the Message-ID."""
    with raw_server(Script(end=Does.DROPS), Script()) as server:
        mailer(server.port).send(HELLO, 30.0)
    ids = [message_from_bytes(content, policy=policy.default)["Message-ID"] for _, content in server.messages]
    assert ids == ["<0192f0c1-7b7e@acme.example>"] * 2


@pytest.mark.parametrize("farewell", ["250 what?", "421 no", Does.DROPS])
def test_how_the_server_says_goodbye_changes_nothing(farewell: str | Does) -> None:
    with raw_server(Script(quit=farewell)) as server:
        assert mailer(server.port).send(HELLO, 30.0).attempts == 1
    assert len(server.messages) == 1


@pytest.mark.parametrize(("backoff", "delays"), [(Backoff.LINEAR, [2.0, 4.0]), (Backoff.EXPONENTIAL, [2.0, 8.0])])
def test_delays_are_fixed(backoff: Backoff, delays: Sequence[float]) -> None:
    """ERP-11: linear or exponential, no jitter: the same each time."""
    for _ in range(2):
        clock = FakeClock()
        waited: list[float] = []
        with raw_server(Script(greeting="421 no")) as server:
            sender = replace(
                mailer(server.port, clock, attempts=Attempts(3, 2.0, backoff)),
                wait=waited.append,
            )
            with pytest.raises(MailUnavailable):
                sender.send(HELLO, 60.0)
        assert waited == delays


def test_there_are_as_many_attempts_as_the_seconds_allow() -> None:
    """ERP-10: a delay that would outlast the time is not begun."""
    with raw_server(Script(greeting="421 no")) as server:
        with pytest.raises(MailUnavailable) as raised:
            mailer(server.port, attempts=Attempts(3, 2.0)).send(HELLO, 5.0)
        assert raised.value.attempts == 2
        with pytest.raises(MailUnavailable) as raised:
            mailer(server.port, attempts=Attempts(3, 2.0)).send(HELLO, 2.0)
        assert raised.value.attempts == 1


@pytest.mark.parametrize("count", [0, 4])
def test_more_than_three_attempts_cannot_be_set(count: int) -> None:
    """ERP-11."""
    with pytest.raises(ValueError, match="one to three"):
        Attempts(count)


@pytest.mark.parametrize("stage", ["greeting", "mail", "end"])
def test_a_server_that_sends_a_byte_now_and_then_holds_nobody(stage: str) -> None:
    """ERP-10: each byte comes in time, the whole does not."""
    clock = OffsetClock()
    with raw_server(Script().at(stage, Does.DRIPS)) as server:
        began = clock.monotonic()
        with pytest.raises(MailUnavailable) as raised:
            mailer(server.port, clock, wait_s=30.0, attempts=Attempts(3, 0.0)).send(HELLO, 0.4)
        assert clock.monotonic() - began < 5.0
    assert raised.value.reason is MailReason.TIMEOUT


def test_a_message_of_megabytes_goes_through_and_one_nobody_reads_does_not_hang() -> None:
    """ERP-10: sending waits no longer than reading."""
    large = replace(HELLO, files=[Attached(name="a.pdf", type="application/pdf", content=b"x" * 8_000_000)])
    with raw_server() as server:
        mailer(server.port, wait_s=20.0).send(large, 30.0)
    assert len(server.messages[0][1]) > 10_000_000


def test_after_failures_in_a_row_nothing_is_tried_until_the_time_is_over() -> None:
    """ERP-12: open means no attempt and a known error at once; then closed again, with nothing counted."""
    clock = FakeClock()
    breaker = Breaker(2, 60.0, clock)
    with raw_server(*[Script(greeting="421 no")] * 6, Script()) as server:
        sender = mailer(server.port, clock, breaker=breaker, attempts=Attempts(3, 0.0))
        for _ in range(2):
            with pytest.raises(MailUnavailable):
                sender.send(HELLO, 30.0)
        for _ in range(3):
            with pytest.raises(MailSuspended) as raised:
                sender.send(HELLO, 30.0)
            assert raised.value.retry_after == 60
        assert server.connections == 6
        clock.advance(60.0)
        sender.send(HELLO, 30.0)
    assert len(server.messages) == 1


def test_a_permanent_failure_neither_counts_nor_ends_the_row() -> None:
    """ERP-12."""
    clock = FakeClock()
    breaker = Breaker(2, 60.0, clock)
    passing, final = Script(greeting="421 no"), Script(mail="550 no")
    with raw_server(passing, final, final, final, passing) as server:
        sender = mailer(server.port, clock, breaker=breaker, attempts=Attempts(1))
        seen = []
        for _ in range(5):
            with pytest.raises((MailUnavailable, MailRefused)) as raised:
                sender.send(HELLO, 30.0)
            seen.append((type(raised.value), breaker.open))
    assert seen == [(MailUnavailable, False), *[(MailRefused, False)] * 3, (MailUnavailable, True)]


def test_a_password_is_shown_nowhere_even_when_the_server_repeats_it(capsys: pytest.CaptureFixture[str]) -> None:
    """ERP-11: neither in logs nor in errors, nor in what is kept of the server's words."""
    spelled = "AGVycABjb3JyZWN0IGhvcnNlIGJhdHRlcnk="
    echo = f"550 you said {PASSWORD} and {spelled}\x07"
    script = Script(ehlo=AUTH, each={BAD: echo})
    with structlog.testing.capture_logs() as logs, raw_server(script) as server:
        sender = mailer(server.port, **SIGNED_IN)
        sent = sender.send(replace(HELLO, to=[GOOD, BAD]), 30.0)
    assert f"AUTH PLAIN {spelled}" in server.commands
    assert sent.refused == ((BAD, "550 you said *** and ***"),)
    with (
        structlog.testing.capture_logs() as more,
        raw_server(Script(ehlo=AUTH, auth=echo)) as server,
        pytest.raises(MailRefused) as raised,
    ):
        mailer(server.port, **SIGNED_IN).send(HELLO, 30.0)
    assert logs
    assert more
    shown = f"{sent} {sender!r} {logs} {more} {raised.value!r} {raised.value.__cause__!r} {capsys.readouterr()}"
    assert PASSWORD not in shown
    assert spelled not in shown
    assert GOOD not in f"{logs} {more}", "who is written to is nothing for logs"
