"""The mailer that the settings ask for."""

from __future__ import annotations

from collections.abc import Callable

from app.domain.mail import mail_address
from app.infrastructure.clock import wait
from app.infrastructure.mail.breaker import Breaker
from app.infrastructure.mail.line import Server, Tls
from app.infrastructure.mail.smtp import Attempts, Backoff, NoServer, SmtpMailer
from app.settings import Settings
from app.usecases.ports.mail import Mailer
from app.usecases.ports.shared import Clock


def mailer_of(
    settings: Settings, clock: Clock, watched: Callable[[Callable[[], bool]], None] = lambda _is_open: None
) -> Mailer:
    """Give the one mailer of this process, with its breaker. Raises BadMailAddress for a bad MAIL_FROM.

    ``watched`` is given what tells whether the breaker is open.
    """
    if not settings.smtp_host:
        return NoServer()
    sender = mail_address(settings.mail_from)
    server = Server(
        host=settings.smtp_host,
        port=settings.smtp_port,
        name=sender.domain,
        tls=Tls(settings.smtp_tls.value),
        user=settings.smtp_user,
        password=settings.smtp_password.get_secret_value(),
        ca_file=str(settings.smtp_ca_file) if settings.smtp_ca_file else None,
        wait_s=settings.smtp_timeout_s,
    )
    breaker = Breaker(settings.mail_breaker_failures, settings.mail_breaker_open_s, clock)
    watched(lambda: breaker.open)
    return SmtpMailer(
        server=server,
        sender=sender,
        attempts=Attempts(settings.mail_attempts, settings.mail_delay_s, Backoff(settings.mail_backoff.value)),
        breaker=breaker,
        clock=clock,
        wait=wait,
    )
