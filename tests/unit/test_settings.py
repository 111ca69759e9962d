"""Settings that are given blank, as an environment file with every name in it gives them; mail's; what follows."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from app.domain.mail import MailReason, MailRefused
from app.infrastructure.mail.mailer import mailer_of
from app.settings import Settings
from app.usecases.ports.mail import Message
from tests.support.clock import FakeClock

pytestmark = pytest.mark.fast


@pytest.mark.parametrize("name", ["files_dir", "heads_dir", "smtp_ca_file"])
@pytest.mark.parametrize(("given", "taken"), [("", None), ("  ", None), (__file__, Path(__file__))])
def test_a_blank_folder_is_none_and_never_the_working_directory(
    monkeypatch: pytest.MonkeyPatch, name: str, given: str, taken: Path | None
) -> None:
    monkeypatch.setenv(name.upper(), given)
    assert getattr(Settings(_env_file=None), name) == taken


@pytest.mark.parametrize(
    ("port", "workers", "ports"),
    [(0, 4, []), (9464, 1, [9464]), (9464, 3, [9464, 9465, 9466, 9467]), (65535, 4, [65535])],
)
def test_each_process_of_a_server_has_a_port_for_its_figures_when_they_are_wanted(
    port: int, workers: int, ports: list[int]
) -> None:
    """ERP-14: 0 is off, one more does jobs beside several, and there is no port past the last."""
    assert list(Settings(metrics_port=port, workers=workers).metrics_ports()) == ports


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("TRACING=on", 1),
        ("TRACING=off", 0),
        ("OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318", 1),
        ("OTEL_EXPORTER_OTLP_ENDPOINT=", 0),
        ("OTEL_SERVICE_NAME=books", 0),
    ],
)
def test_traces_are_wanted_by_our_word_or_the_standard_s(
    monkeypatch: pytest.MonkeyPatch, given: str, wanted: int
) -> None:
    name, _, value = given.partition("=")
    monkeypatch.setenv(name, value)
    assert Settings().traces() == bool(wanted)


def test_a_mail_server_needs_an_address_to_write_from() -> None:
    """ERP-11: found when the program starts, not at the first mail."""
    with pytest.raises(ValidationError, match="MAIL_FROM"):
        Settings(_env_file=None, smtp_host="mail.example", mail_from="nobody")


@pytest.mark.parametrize(
    ("name", "value"), [("mail_attempts", 4), ("mail_attempts", 0), ("smtp_tls", "maybe"), ("mail_backoff", "random")]
)
def test_mail_cannot_be_set_to_what_the_rules_do_not_allow(name: str, value: object) -> None:
    """ERP-11: at most three attempts, delays linear or exponential."""
    with pytest.raises(ValidationError):
        Settings.model_validate({name: value})


def test_the_password_of_the_mail_server_is_not_shown() -> None:
    settings = Settings(_env_file=None, smtp_host="m.example", mail_from="a@b.example", smtp_password=SecretStr("hush"))
    mailer = mailer_of(settings, FakeClock())
    assert "hush" not in f"{settings!r} {mailer!r}"


def test_without_a_server_mail_is_refused_at_once_and_can_be_sent_again_once_there_is_one() -> None:
    """ERP-11: waiting for a server that nobody set up would be waiting for ever."""
    with pytest.raises(MailRefused) as raised:
        mailer_of(Settings(_env_file=None), FakeClock()).send(Message(id="1", to=[], subject="", text=""), 30.0)
    assert raised.value.reason is MailReason.NOT_CONFIGURED
