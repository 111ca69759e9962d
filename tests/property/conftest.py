"""The three databases side by side, to do the same on all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing

import pytest

from app.infrastructure.database.engine import Database
from app.infrastructure.database.migrate import Migrations
from tests.support.databases import empty_database, settings_for


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Database]]:
    """Give a migrated database of each kind by its name, open."""
    with ExitStack() as stack:
        opened = {}
        for kind in ("sqlite", "postgresql", "mariadb"):
            folder = tmp_path_factory.mktemp(f"{kind}-beside")
            settings = settings_for(stack.enter_context(empty_database(kind, folder)), folder)
            Migrations(settings).upgrade()
            opened[kind] = stack.enter_context(closing(Database.of(settings)))
        yield opened
