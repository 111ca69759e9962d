"""How old a revision of the schema is: what keeps its data is tested at every change while it is new."""

from __future__ import annotations

from typing import Final

import pytest

from app.resources import resource

NEWEST: Final = 5


def numbers() -> list[str]:
    """Give the number of every revision, oldest first, as its file is named."""
    return sorted(file.name.partition("_")[0] for file in (resource("migrations") / "versions").glob("[0-9]*.py"))


def by_age(revision: str) -> pytest.MarkDecorator:
    """Give the mark of tests of one revision's data: fast for the newest, full for those that are frozen.

    An older one is changed by nobody, and what comes after it never again meets the data of its day in the fast run but
    as empty tables, which go up and down all revisions there.
    """
    return pytest.mark.fast if revision in numbers()[-NEWEST:] else pytest.mark.full
