"""The servers of the tests are real, and as durable as a crash test needs."""

from __future__ import annotations

import os
import smtplib
import socket
import subprocess
import sys
from collections.abc import Mapping
from email.message import EmailMessage

import psycopg
import pytest
import redis
import sqlalchemy as sa

from tests.support.smtp import SmtpSink

pytestmark = pytest.mark.fast


def settings_of(url: str, query: str) -> dict[str, str]:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = {str(name): str(value) for name, value in connection.execute(sa.text(query))}
    engine.dispose()
    return found


def test_postgresql_answers_and_syncs_what_it_commits(server_urls: Mapping[str, str]) -> None:
    query = "SELECT name, setting FROM pg_settings"
    found = settings_of(server_urls["postgresql"], query)
    assert [found[name] for name in ("fsync", "full_page_writes", "synchronous_commit")] == ["on"] * 3
    assert found["TimeZone"] == "UTC"
    assert found["server_encoding"] == "UTF8"


def test_postgresql_refuses_a_stranger(server_urls: Mapping[str, str]) -> None:
    """Its port can be reached by any user of the machine, and a superuser may run programs."""
    url = sa.make_url(server_urls["postgresql"])
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host=url.host, port=url.port, user="tramita", dbname="postgres", password="guess")


def test_mariadb_answers_and_syncs_what_it_commits(server_urls: Mapping[str, str]) -> None:
    found = settings_of(server_urls["mariadb"], "SHOW GLOBAL VARIABLES")
    assert "MariaDB" in found["version"]
    assert found["innodb_flush_log_at_trx_commit"] == "1"
    assert found["innodb_doublewrite"] == "ON"
    assert found["innodb_flush_method"] not in {"nosync", "O_DIRECT_NO_FSYNC"}
    assert found["character_set_server"] == "utf8mb4"


def test_mariadb_has_no_account_without_a_password(server_urls: Mapping[str, str]) -> None:
    url = sa.make_url(server_urls["mariadb"])
    for user in ("root", "", "tramita"):
        engine = sa.create_engine(url.set(username=user, password=""))
        with pytest.raises(sa.exc.OperationalError, match="Access denied"):
            engine.connect()


def test_redis_answers_and_syncs_each_write(server_urls: Mapping[str, str]) -> None:
    with redis.Redis.from_url(server_urls["redis"], decode_responses=True) as client:
        assert client.ping() is True
        assert client.config_get("appendfsync") == {"appendfsync": "always"}


def test_the_mail_server_keeps_what_it_is_sent(mail: SmtpSink) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.com", "b@example.com", "Açúcar"
    message.set_content("body")
    url = sa.make_url(mail.url)
    with smtplib.SMTP(url.host or "", url.port or 0) as client:
        client.send_message(message)
    assert [kept["Subject"] for kept in mail.messages] == ["Açúcar"]


KEEPER = """
import sys
from tests.support.servers import Keeper, server_admin_url
with Keeper():
    print(server_admin_url("redis"), flush=True)
    sys.stdin.read()
"""


def test_a_server_ends_with_the_process_that_kept_it() -> None:
    """Killed tests leave no server behind; Redis stands for all, one function starts them."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", KEEPER]
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as keeper:
        assert keeper.stdout is not None
        url = sa.make_url(keeper.stdout.readline().strip())
        with socket.create_connection((url.host, url.port), timeout=60) as line:
            # a connection still in the backlog is reset when its server ends: wait until it is taken
            line.sendall(b"PING\r\n")
            assert line.recv(64)
            keeper.kill()
            assert line.recv(1) == b"", "the server closed the connection by ending"
