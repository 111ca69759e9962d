"""Log lines (ERP-14)."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import orjson
import pytest
import structlog

from app.infrastructure.logging import MASK, is_secret, mask_secrets, set_up_logging

pytestmark = pytest.mark.fast


@pytest.fixture(autouse=True)
def _nothing_is_bound_after_it() -> Iterator[None]:
    yield
    structlog.contextvars.clear_contextvars()


@pytest.mark.parametrize(
    "name",
    ["password", "Authorization", "jwt_key", "access_token", "client-secret", "accessToken", "COOKIE", "API_KEY"],
)
def test_names_of_secrets_are_known(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", ["monkey", "actor", "path", "keyboard", "tokenizer", "status"])
def test_names_that_only_look_alike_are_not(name: str) -> None:
    assert not is_secret(name)


def test_secrets_are_masked_at_any_depth() -> None:
    """ERP-14: logs have no secrets."""
    event = mask_secrets(
        None, "info", {"event": "x", "password": "p", "body": {"token": "t", "a": {"key": "k", "n": 1}}}
    )
    assert event == {"event": "x", "password": MASK, "body": {"token": MASK, "a": {"key": MASK, "n": 1}}}


def test_a_bottomless_value_is_masked_rather_than_searched() -> None:
    bottomless: dict[str, object] = {}
    bottomless["again"] = bottomless
    mask_secrets(None, "info", {"event": "x", "value": bottomless})


def test_a_line_is_json_with_the_request_id(capsys: pytest.CaptureFixture[str]) -> None:
    """ERP-14: structured, with what was bound to the context."""
    set_up_logging("INFO")
    with structlog.contextvars.bound_contextvars(request_id="r1"):
        structlog.get_logger().info("hello", status=200, password="p")
    line = orjson.loads(capsys.readouterr().out)
    assert (
        line.items() >= {"event": "hello", "level": "info", "status": 200, "password": MASK, "request_id": "r1"}.items()
    )
    assert line["timestamp"].endswith("Z")


def test_the_standard_library_s_lines_look_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("INFO")
    with structlog.contextvars.bound_contextvars(request_id="r2"):
        logging.getLogger("uvicorn.error").warning("about %s", "this")
    line = orjson.loads(capsys.readouterr().out)
    assert (
        line.items()
        >= {"event": "about this", "level": "warning", "logger": "uvicorn.error", "request_id": "r2"}.items()
    )


def test_uvicorn_s_own_access_lines_are_off(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("INFO")
    logging.getLogger("uvicorn.access").info("GET /?secret=1")
    assert capsys.readouterr().out == ""


def test_less_severe_lines_than_the_level_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("WARNING")
    structlog.get_logger().info("quiet")
    logging.getLogger("x").info("quiet")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_trace_shows_no_local_variables(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The frames of a failed request hold tokens and passwords."""
    set_up_logging("INFO", style)
    credentials = "hunter" + "2"
    try:
        _ = len(credentials) // 0
    except ZeroDivisionError:
        structlog.get_logger().exception("failed")
    shown = capsys.readouterr().out
    assert "ZeroDivisionError" in shown
    assert "test_logging.py" in shown
    assert "hunter2" not in shown
