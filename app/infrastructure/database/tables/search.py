"""The words objects are found by."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, Table

from app.domain.shared.search import LONGEST_WORD
from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import KEY, text

# The key answers "which objects have a word that begins so" by one range, the index "does this object have one". The
# index starts with the object: started with the company it would be as good as the key to a planner that has seen few
# rows, and then be walked from end to end. No foreign key: the object stands in one of several tables, and a check of
# the company's row would cost each sale a look-up.
search_words: Final = Table(
    "search_words",
    metadata,
    Column("company_id", KEY, primary_key=True, autoincrement=False),
    Column("kind", text(16), primary_key=True),
    Column("word", text(LONGEST_WORD), primary_key=True),
    Column("object_id", KEY, primary_key=True, autoincrement=False),
    Index(None, "object_id", "company_id", "kind", "word"),
    sqlite_with_rowid=False,
)
