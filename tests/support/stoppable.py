"""A real process that imports, or runs all of Northwind, and tells each step on standard output, to be killed at one.

Run as ``python -m tests.support.stoppable DATABASE_URL COMPANY DIRECTORY orders|northwind``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from app.domain.shared.ids import CompanyId
from app.importer.files import ImportOptions, import_file
from app.importer.northwind import MAPPINGS, run_northwind
from app.infrastructure.database.engine import Database
from app.settings import Settings
from tests.support.books import books_of


def tell(stage: str, done: int, total: int) -> None:
    """Print where the run is; whoever reads decides when it ends."""
    sys.stdout.write(f"{stage}:{done}:{total}\n")
    sys.stdout.flush()


def main(url: str, company: str, directory: str, what: str) -> None:
    """Do it."""
    database = Database.of(Settings(database_url=url))
    desk = books_of(database, CompanyId(int(company))).desk
    folder = Path(directory)
    if what == "northwind":
        run_northwind(desk, folder, tell)
    else:
        import_file(desk, what, folder / f"{what}.csv", MAPPINGS / f"{what}.toml", ImportOptions(), tell)
    database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
