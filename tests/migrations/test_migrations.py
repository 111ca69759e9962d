"""Migrations go up, down and up again, and end where the models are."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from app.infrastructure.database.engine import Database
from app.infrastructure.database.migrate import Migrations, configuration, head, plain_engine
from app.infrastructure.database.tables.shared import metadata
from tests.support.databases import empty_database, settings_for
from tests.support.revisions import NEWEST, by_age, numbers

UPGRADE = (
    "from app.infrastructure.database.migrate import Migrations; from app.settings import Settings;"
    "Migrations(Settings()).upgrade()"
)
REPOSITORY = Path(__file__).resolve().parents[2]
KINDS = ("sqlite", "postgresql", "mariadb")


def but(*kinds: str) -> pytest.MarkDecorator:
    """Give each kind of database in turn, those named in the full run alone."""
    full = [pytest.param(kind, marks=pytest.mark.full) for kind in kinds]
    fast = [pytest.param(kind, marks=pytest.mark.fast) for kind in KINDS if kind not in kinds]
    return pytest.mark.parametrize("kind", [*fast, *full])


def up_down_and_up(migrations: Migrations, revisions: Sequence[str]) -> None:
    """Take each step there, back and there again, from where the database is to the newest."""
    for revision in revisions:
        before = migrations.current()
        migrations.upgrade(revision)
        migrations.downgrade(before or "base")
        assert migrations.current() == before
        migrations.upgrade(revision)
    assert migrations.current() == head()


@pytest.mark.fast
def test_revisions_are_numbered_in_their_order() -> None:
    """What is told to be among the newest by its number is."""
    scripts = ScriptDirectory.from_config(configuration()).walk_revisions()
    assert [script.revision for script in scripts] == numbers()[::-1]


@but("postgresql", "mariadb")
def test_every_revision_goes_up_down_and_up_again(kind: str, tmp_path: Path) -> None:
    """ERP-03, ERP-04."""
    with empty_database(kind, tmp_path) as url:
        migrations = Migrations(settings_for(url, tmp_path))
        assert migrations.current() is None
        up_down_and_up(migrations, numbers())
        migrations.downgrade("base")
        assert inspect(plain_engine(url)).get_table_names() == ["alembic_version"]


@pytest.mark.fast
@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_the_newest_revisions_go_up_down_and_up_again(kind: str, tmp_path: Path) -> None:
    """ERP-03, ERP-04: at every change, where all of them do in the full run alone."""
    with empty_database(kind, tmp_path) as url:
        migrations = Migrations(settings_for(url, tmp_path))
        migrations.upgrade(numbers()[-NEWEST - 1])
        up_down_and_up(migrations, numbers()[-NEWEST:])


@but()
def test_the_models_are_what_the_migrations_make(kind: str, tmp_path: Path) -> None:
    with empty_database(kind, tmp_path) as url:
        migrations = Migrations(settings_for(url, tmp_path))
        migrations.upgrade()
        assert migrations.check() == []
        with plain_engine(url).connect() as connection:
            inspector = inspect(connection)
            for table in metadata.sorted_tables:
                checks = {check["name"] for check in inspector.get_check_constraints(table.name)}
                wanted = {str(item.name) for item in table.constraints if type(item).__name__ == "CheckConstraint"}
                assert {name.removeprefix(f"ck_{table.name}_") for name in wanted} <= {
                    str(name).removeprefix(f"ck_{table.name}_") for name in checks
                }


@but("postgresql", "mariadb")
def test_a_difference_between_models_and_database_is_told(kind: str, tmp_path: Path) -> None:
    with empty_database(kind, tmp_path) as url:
        migrations = Migrations(settings_for(url, tmp_path))
        assert any("not at" in line for line in migrations.check())
        migrations.upgrade()
        with plain_engine(url).begin() as connection:
            connection.exec_driver_sql("DROP TABLE outbox")
        assert any("outbox" in line for line in migrations.check())


@but("sqlite")
def test_replicas_that_migrate_at_once_do_not_collide(kind: str, tmp_path: Path) -> None:
    with empty_database(kind, tmp_path) as url:
        settings = settings_for(url, tmp_path)
        environment = {**os.environ, "DATABASE_URL": url, "DATA_DIR": str(tmp_path)}
        program = [sys.executable, "-c", UPGRADE]
        replicas = [subprocess.Popen(program, env=environment, cwd=REPOSITORY) for _ in range(2)]
        assert [replica.wait(60) for replica in replicas] == [0, 0]
        assert Migrations(settings).check() == []


@but("postgresql", "mariadb")
def test_a_database_is_ready_once_it_is_migrated(kind: str, tmp_path: Path) -> None:
    """ERP-15."""
    with empty_database(kind, tmp_path) as url:
        settings = settings_for(url, tmp_path)
        database = Database.of(settings)
        assert database.readiness() == {"database": True, "migrations": False}
        Migrations(settings).upgrade()
        assert database.readiness() == {"database": True, "migrations": True}
        database.close()


@by_age("0004")
@pytest.mark.parametrize("kind", KINDS)
def test_what_was_there_before_the_words_is_found_by_them(kind: str, tmp_path: Path) -> None:
    """The migration goes forward on data, and again after it was killed in the middle where DDL commits by itself."""
    with empty_database(kind, tmp_path) as url:
        migrations = Migrations(settings_for(url, tmp_path))
        migrations.upgrade("0003")
        with plain_engine(url).begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO companies (name, country, settings, settings_version, version)"
                    " VALUES ('A', 'FR', '{}', 1, 1)"
                )
            )
            company = connection.scalar(text("SELECT id FROM companies"))
            party = text(
                "INSERT INTO third_parties (company_id, name, customer, supplier, customer_code, phone, street,"
                " postal_code, city, region, country, archived, version)"
                " VALUES (:company, :name, true, false, :code, '+33 1', '', '', 'Orléans', '', 'FR', false, 1)"
            )
            rows = [{"company": company, "name": f"Élan {n}", "code": f"C-{n}"} for n in range(1201)]
            connection.execute(party, rows)
        if kind == "mariadb":
            migrations.upgrade("0004")
            with plain_engine(url).begin() as connection:
                connection.execute(text("DELETE FROM search_words WHERE word > 'b'"))
                connection.execute(text("DROP INDEX ix_search_words_object_id_company_id_kind_word ON search_words"))
                connection.execute(text("UPDATE alembic_version SET version_num = '0003'"))
        migrations.upgrade()
        assert migrations.check() == []
        with plain_engine(url).connect() as connection:
            counted = text(
                "SELECT word, count(*) FROM search_words WHERE kind = 'party'"
                " AND word IN ('elan', '331', 'orleans', '1200', '7') GROUP BY word"
            )
            found = {row[0]: row[1] for row in connection.execute(counted)}
        assert found == {"elan": 1201, "331": 1201, "orleans": 1201, "1200": 1, "7": 1}


@pytest.mark.fast
def test_there_is_one_head() -> None:
    assert ScriptDirectory.from_config(configuration()).get_heads() == [head()]
