"""Books to work in, files to import, and processes that compete."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.infrastructure.database.engine import Database
from tests.support.books import Books, new_books
from tests.support.northwind import first_orders
from tests.support.processes import Team, team_on


@pytest.fixture
def books(database: Database, request: pytest.FixtureRequest, tmp_path: Path) -> Books:
    """Give a company of the test's own."""
    return new_books(database, hashlib.sha256(f"{request.node.nodeid} {tmp_path}".encode()).hexdigest()[:32])


@pytest.fixture
def small(northwind: Path, tmp_path: Path) -> Path:
    """Give the first 30 orders, all of them shipped."""
    return first_orders(northwind, tmp_path / "northwind", 30)


@pytest.fixture(scope="session")
def team(database: Database) -> Iterator[Team]:
    """Give processes that work on the shared database at the same time."""
    with team_on(database) as working:
        yield working
