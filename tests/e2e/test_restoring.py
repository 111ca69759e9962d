"""A backup made and restored by the commands of docs/operations.md, on each database: the copy is the original."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import URL, MetaData, make_url, select

from app.bootstrap import bootstrap
from app.domain.shared.ids import CompanyId
from app.infrastructure.database.migrate import plain_engine
from app.settings import Settings
from app.usecases.context import Context
from app.usecases.papers import PaperRequest, Printing, PrintInvoice
from house.base import ROOT
from tests.e2e.test_upkeep import DOCS, blocks, exported, trade
from tests.support.command import command
from tests.support.databases import create_database, drop_database, unique_name
from tests.support.lines import logging_as_it_was
from tests.support.office import serving
from tests.support.servers import require

pytestmark = pytest.mark.full
INVOICES: Final = 3


@dataclass(frozen=True)
class Installation:
    """One data directory with its database."""

    data: Path
    url: str

    @property
    def settings(self) -> Settings:
        """What the program is started with."""
        return Settings(data_dir=self.data, database_url=self.url)

    def rows(self) -> dict[str, list[str]]:
        """Give every row of every table, past the application."""
        engine, metadata = plain_engine(self.url), MetaData()
        metadata.reflect(engine)
        with engine.connect() as connection:
            return {
                table.name: sorted(repr(tuple(row)) for row in connection.execute(select(table)))
                for table in metadata.sorted_tables
            }

    def papers(self) -> list[bytes]:
        """Give the invoices as files; those not printed before are printed now."""
        with logging_as_it_was():
            container = bootstrap(self.settings)
        try:
            context = container.context_of(CompanyId(1))
            printing = Printing(container.runner, container.files, container.printer, container.clock)
            return [self._paper(printing, context, one + 1) for one in range(INVOICES)]
        finally:
            container.close()

    def _paper(self, printing: Printing, context: Context, invoice: int) -> bytes:
        request = PaperRequest(id=invoice)
        kept = printing(context, PrintInvoice(printing.printer), lambda: request)
        return b"".join(printing.files.read(context.company, kept.digest))


def databases(kind: str, folder: Path) -> Iterator[tuple[str, str, str]]:
    """Give the URL and name of an empty database, and the name of one that is not there yet."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'data' / 'tramita.db'}", "", ""
        return
    require(kind)
    name, restored = unique_name(), unique_name("restored")
    try:
        yield create_database(kind, name), name, restored
    finally:
        drop_database(kind, name)
        drop_database(kind, restored)


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str, str, str]]:
    """Give the kind of a database with what ``databases`` gives."""
    for found in databases(request.param, tmp_path):
        yield request.param, *found


def signed_in(url: URL, home: Path) -> dict[str, str]:
    """Tell the database's own programs which server, as an administrator does."""
    told = {"host": url.host, "port": url.port, "user": url.username, "password": url.password}
    lines = [f"{name}={value}" for name, value in told.items() if value]
    (home / ".my.cnf").write_text("\n".join(["[client]", "protocol=tcp", *lines, ""]), encoding="utf-8")
    return {f"PG{name.upper()}": str(value) for name, value in told.items() if value}


def part(kind: str) -> str:
    """Give the commands of two chapters for one kind of database, as they stand there."""
    chapters = re.findall(r"^## (?:Backup|Restore)$.*?(?=^## )", DOCS, re.DOTALL | re.MULTILINE)
    assert len(chapters) == 2
    return "\n".join(block for chapter in chapters for block in blocks("sh", kind, chapter))


def test_a_restored_backup_is_the_original(place: tuple[str, str, str, str], tmp_path: Path) -> None:
    """Design 8: a demo company with sealed, paid and printed invoices, restored into an empty database."""
    kind, url, name, restored = place
    before = Installation(tmp_path / "data", url)
    made = command("demo", data=before.data, DATABASE_URL=url)
    assert made.returncode == 0, made.stderr
    with logging_as_it_was():
        trade(before.settings)
    papers = before.papers()
    assert len({*papers}) == INVOICES
    day = exported(before.data, DATABASE_URL=url).stem.removeprefix("heads-")
    there = make_url(url).set(database=restored or str(tmp_path / "restored" / "tramita.db"))
    after = Installation(tmp_path / "restored", there.render_as_string(hide_password=False))
    tools = tmp_path / "bin"
    tools.mkdir()
    tramita = tools / "tramita"
    tramita.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m app "$@"\n', encoding="utf-8")
    tramita.chmod(0o755)
    environment: dict[str, Any] = {
        "PATH": f"{tools}:{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "LOG_LEVEL": "WARNING",
        "DATA_DIR": str(before.data),
        "BACKUP_DIR": str(tmp_path / "backup"),
        "RESTORED_DIR": str(after.data),
        "DATABASE": name,
        "RESTORED": restored,
        "RESTORED_URL": after.url,
        **signed_in(make_url(url), tmp_path),
    }
    script = "\n".join(["set -eu", part(kind)]).replace("2026-11-21", day)
    done = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"company 1: [1-9]\d* chains, [1-9]\d* documents walked", done.stdout), done.stdout
    original = before.rows()
    assert len(original["addressees"]) == len(original["papers"]) == INVOICES
    assert after.rows() == original
    assert after.papers() == papers
    with serving(after.settings.model_copy(update={"jobs": False})) as served:  # else ready a moment later
        ready = served.http.get("/ready").json()
        assert ready["status"] == "ready", ready
