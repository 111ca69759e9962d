"""What holds for every test: one mark each, real servers, no network in unit tests, repeatable chance."""

from __future__ import annotations

import gc
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from zlib import crc32

import hypothesis
import pytest
import structlog

from house.servers import NORTHWIND, allowed_to_miss, data_set, missing
from tests.support.covering import COVERING  # first of all: it looks at what is imported from here on
from tests.support.databases import (
    clock,
    context,
    database,
    database_kind,
    database_settings,
    database_url,
    sqlite_template,
    sqlite_url,
    works,
)
from tests.support.lines import logging_as_it_was
from tests.support.servers import Keeper, ServerUrls, not_run
from tests.support.smtp import SmtpSink, smtp_sink

__all__ = [
    "clock",
    "context",
    "database",
    "database_kind",
    "database_settings",
    "database_url",
    "sqlite_template",
    "sqlite_url",
    "works",
]
MARKS: Final = ("fast", "full")
ONE_MARK: Final = "needs exactly one of the marks fast and full:"
UNMARKED: Final = pytest.StashKey[bool]()
UNIT: Final = Path(__file__).parent / "unit"
CONTRACT: Final = Path(__file__).parent / "contract"
STORIES: Final = Path(__file__).parent / "e2e"
STATEMENTS: Final = {"test_capabilities.py", "test_statements.py", "test_work.py"}
DATABASES: Final = ("sqlite", "postgresql", "mariadb")

hypothesis.settings.register_profile("fast", derandomize=True, database=None, deadline=None, max_examples=60)
hypothesis.settings.register_profile("full", derandomize=True, database=None, deadline=None, max_examples=1000)
hypothesis.settings.load_profile("fast")


def pytest_configure(config: pytest.Config) -> None:
    """Keep the servers in the process that was started, and not in its workers, until it ends."""
    if not hasattr(config, "workerinput"):
        keeper = Keeper()
        keeper.__enter__()
        config.add_cleanup(lambda: keeper.__exit__(None, None, None))
    if COVERING is not None:
        config.pluginmanager.register(COVERING)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse a test that does not have exactly one of the marks: it would run never, or always."""
    wrong = [item for item in items if sum(mark.name in MARKS for mark in item.iter_markers()) != 1]
    if wrong and not hasattr(config, "workerinput"):
        raise pytest.UsageError("\n  ".join([ONE_MARK, *(item.nodeid for item in wrong)]))
    for item in wrong:
        # A worker that ends before its first test is an internal error of xdist; a test that fails has a name.
        item.add_marker("fast")
        item.stash[UNMARKED] = True
    if config.option.markexpr == "fast":
        repeated = [item for item in items if _repeats(item)]
        items[:] = [item for item in items if not _repeats(item)]
        config.hook.pytest_deselected(items=repeated)


def pytest_collection_finish() -> None:
    """Keep the garbage collector off what was imported and collected: it stays, and looking through it costs time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _repeats(item: pytest.Item) -> bool:
    """Tell whether the fast run leaves a test to `--full` on its kind of database.

    Contract tests run on every kind; on MariaDB without RETURNING those of statements, which alone differ there. What
    else is written for several runs on SQLite and the servers; stories over HTTP on one of the servers or on none, a
    third of them each; what is ``slow_on_servers`` on none. Migrations tell by their own marks.
    """
    callspec = getattr(item, "callspec", None)
    kind = callspec.params.get("database_kind") if callspec is not None else None
    if kind is not None and item.get_closest_marker("on_one_database") is not None:
        return bool(kind != _chosen(item, kind))
    if callspec is None or kind in {None, "sqlite"} or item.path.name in STATEMENTS:
        return False
    if kind != "mariadb-no-returning" and item.path.is_relative_to(CONTRACT):
        return False
    if kind == "mariadb-no-returning" or item.get_closest_marker("slow_on_servers") is not None:
        return True
    return item.path.is_relative_to(STORIES) and kind != _chosen(item, kind)


def _chosen(item: pytest.Item, kind: str) -> str:
    """Give the one of three databases that a test of this name is given, whichever ``kind`` it is for."""
    return DATABASES[crc32(item.nodeid.replace(kind, "").encode()) % len(DATABASES)]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a test a worker found without its mark."""
    if UNMARKED in item.stash:
        pytest.fail(f"{ONE_MARK} {item.nodeid}", pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what was not there, before pytest's own last line."""
    for name, remedy in missing().items():
        terminalreporter.write_line(f"NOT RUN: {name} ({remedy})", yellow=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run in which something was skipped, unless the caller accepted that servers are missing."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter is not None and reporter.stats.get("skipped")
    if skipped and exitstatus == pytest.ExitCode.OK and not allowed_to_miss():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def server_urls() -> Mapping[str, str]:
    """Give the administrators' URLs by name (postgresql, mariadb, redis); looking one up starts it."""
    return ServerUrls()


@pytest.fixture
def mail() -> Iterator[SmtpSink]:
    """Give a mail server of the test's own."""
    with smtp_sink() as sink:
        yield sink


@pytest.fixture(scope="session")
def northwind() -> Path:
    """Give the folder of the Northwind CSV files."""
    return data_set() or not_run(NORTHWIND)


@pytest.fixture(scope="session", autouse=True)
def _no_logger_is_kept_ready() -> Iterator[None]:
    """Let each logger ask how lines are written: one kept ready by a test would write there for all that follow."""
    configure = structlog.configure

    def without_keeping(**settings: Any) -> None:
        configure(**{**settings, "cache_logger_on_first_use": False})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structlog, "configure", without_keeping)
        yield


@pytest.fixture(autouse=True)
def _logging_stays_as_it_was() -> Iterator[None]:
    """Undo what a test does to logging: one that is content with errors would hide the lines of all that follow."""
    with logging_as_it_was():
        yield


@pytest.fixture(autouse=True)
def _no_network_in_unit_tests(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Close the sockets: what a unit test needs from outside comes in as an argument."""
    if request.path.is_relative_to(UNIT):

        def refuse(_socket: socket.socket, address: object) -> None:
            raise RuntimeError(f"a unit test connects to {address}")

        monkeypatch.setattr(socket.socket, "connect", refuse)
        monkeypatch.setattr(socket.socket, "connect_ex", refuse)
