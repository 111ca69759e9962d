"""What the commands have in common: where they print, how they fail, and what they open."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Never

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from app.bootstrap import Container, bootstrap
from app.domain.shared.errors import NotFound
from app.domain.shared.ids import CompanyId
from app.importer.files import Advance
from app.infrastructure.texts import Texts
from app.settings import Settings
from app.usecases.context import DEFAULT_LOCALE
from app.usecases.identity import ListCompanies

out = Console(soft_wrap=True, highlight=False)
err = Console(stderr=True)


def fail(reason: str) -> Never:
    """Say why on stderr and exit 1."""
    err.print(f"error: {reason}", style="red", markup=False, soft_wrap=True)
    sys.exit(1)


def spoken() -> str:
    """Give the language of the terminal: of ours the one that LC_ALL, LC_MESSAGES or LANG names first, else English."""
    named = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return Texts().negotiate(named.partition(".")[0].replace("_", "-"), DEFAULT_LOCALE)


@contextmanager
def opened(settings: Settings | None = None) -> Iterator[Container]:
    """Give the container of the environment's settings, closed afterwards."""
    container = bootstrap(settings or Settings())
    try:
        yield container
    finally:
        container.close()


def chosen_company(container: Container, company: int | None) -> CompanyId:
    """Give the company named, or the only one. Raises NotFound."""
    companies = container.call(ListCompanies(), lambda: None)
    if company is None and len(companies) == 1:
        return companies[0].id
    if company is None:
        fail(f"there are {len(companies)} companies: name one with --company")
    if company not in {known.id for known in companies}:
        raise NotFound(kind="company", id=company)
    return CompanyId(company)


@contextmanager
def progress_bar() -> Iterator[Advance]:
    """Give a function that shows how far a named stage is: name, done, of how many."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err) as progress:
        tasks: dict[str, TaskID] = {}

        def advance(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=total)
            progress.update(tasks[stage], completed=done, total=total)

        yield advance
