"""Words of objects: kept in step with what they are words of, and looked up by their beginnings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, Integer, Table, bindparam, delete, literal_column, select, union_all

from app.domain.shared.search import FIELDS, Searched, words_of
from app.infrastructure.database.compiled import Prepared, prepare, prepare_many
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import insert_rows, keys
from app.infrastructure.database.tables.search import search_words
from app.usecases.ports.listing import Found, Listing

LISTED: Final = 1024
"""So many rows that match are listed before the page is read; if there are more, the list is walked and each probed."""
FEW: Final = 256
"""With so few rows the page is read; with more, another word is asked for first."""
# No letter or digit: greater than whatever a word goes on with.
_LAST: Final = "\U0010ffff"
_OBJECT: Final = ("company_id", "kind", "object_id")
_MINE: Final = tuple(search_words.c[name] == bindparam(name) for name in _OBJECT)
_INSERT = prepare_many(insert_rows(search_words, ("word",), common=_OBJECT))
_DELETE = prepare_many(
    lambda n: delete(search_words).where(*_MINE, keys(search_words.c.word, "word", n)), "delete search_words", pads=True
)
_FORGET = prepare(delete(search_words).where(*_MINE), "delete search_words.object")

Texts = tuple[str | None, ...]


class SqlWords:
    """The words of one kind of object in the context's company.

    A repository tells what it read (``saw``), stores (``add``, ``save``) and deletes (``remove``). What did not change
    costs no statement, a new object one, a changed text at most two.
    """

    def __init__(self, session: Session, company: int, kind: Searched) -> None:
        self._session = session
        self._common = {"company_id": company, "kind": kind.value}
        self._kind = kind
        self._seen: dict[int, Texts] = {}

    def saw(self, key: int, texts: Texts) -> None:
        """Note what an object's texts are in the database, as ``texts_in`` gives them."""
        self._seen[key] = texts

    def add(self, key: int, values: Mapping[str, Any]) -> None:
        """Write the words of a new object with these columns."""
        texts = self._seen[key] = self._texts(values)
        self._write(key, words_of(self._kind, texts))

    def save(self, key: int, values: Mapping[str, Any]) -> None:
        """Bring the words of a stored object up to date with its columns."""
        now = self._texts(values)
        before = self._seen.get(key)
        if now == before:
            return
        self._seen[key] = now
        wanted = words_of(self._kind, now)
        if before is None:
            self._session.run(_FORGET, **self._common, object_id=key)
            self._write(key, wanted)
            return
        had = words_of(self._kind, before)
        gone = [{"word": word} for word in sorted(had - wanted)]
        self._session.many(_DELETE, gone, **self._common, object_id=key)
        self._write(key, wanted - had)

    def remove(self, key: int) -> None:
        """Remove the words of an object that is deleted."""
        before = self._seen.pop(key, None)
        if before is None or words_of(self._kind, before):
            self._session.run(_FORGET, **self._common, object_id=key)

    def _texts(self, values: Mapping[str, Any]) -> Texts:
        return tuple(values[name] for name in FIELDS[self._kind])

    def _write(self, key: int, words: Iterable[str]) -> None:
        rows = [{"word": word} for word in sorted(words)]
        self._session.many(_INSERT, rows, **self._common, object_id=key)


def texts_in(kind: Searched, columns: Sequence[str]) -> Callable[[Sequence[Any]], Texts]:
    """Give what picks the texts that words are made of out of a row with these ``columns``."""
    places = [columns.index(name) for name in FIELDS[kind]]
    return lambda row: tuple(row[place] for place in places)


def bounds(words: Sequence[str]) -> dict[str, Any]:
    """Give the parameters of the conditions on ``words``, counted from 0."""
    given: dict[str, Any] = {f"from_{at}": word for at, word in enumerate(words)}
    return given | {f"to_{at}": word + _LAST for at, word in enumerate(words)}


def probe(ways: Sequence[Found], columns: Mapping[str, ColumnElement[Any]], at: int) -> ColumnElement[bool]:
    """Give the condition that a row has word ``at`` in one of the ways it is found; ``columns`` are the row's.

    A scalar subquery, because no optimiser turns that into a join with everything that begins so.
    """
    found: ColumnElement[bool] | None = None
    for number, way in enumerate(ways):
        w = search_words.alias(f"w{at}_{number}")
        here = _range(w, way, at)
        one = select(literal_column("1", Integer())).where(*here, w.c.object_id == columns[way.column]).limit(1)
        has = one.correlate(*(columns[way.column].table,)).scalar_subquery().is_not(None)
        found = has if found is None else found | has
    assert found is not None  # noqa: S101 - a list that is searched is found in some way
    return found


class Candidates:
    """What is known of the rows searched for: their ids, or None for many; ``words`` are still to be probed."""

    __slots__ = ("ids", "words")

    def __init__(self, ids: Sequence[int] | None, words: Sequence[str]) -> None:
        self.ids = ids
        self.words = words


def candidates(session: Session, table: Table, listing: Listing, company: int, words: Sequence[str]) -> Candidates:
    """Find out how a page of rows with all of ``words`` is best read, by one statement or a few.

    Words are asked for one by one, numbers first, until they leave few rows; the others are left to the page. When each
    has too many rows to be listed, all words together may have fewer.
    """
    ids: Sequence[int] | None = None
    left = list(words)
    for word in sorted(words, key=str.isdigit, reverse=True):
        found = _hits(session, table, listing, company, [word])
        if found is None:
            continue
        left.remove(word)
        ids = found if ids is None else sorted(set(ids).intersection(found))
        if len(ids) <= FEW:
            break
    if ids is None and len(words) > 1:
        ids = _hits(session, table, listing, company, words)
        left = left if ids is None else []
    return Candidates(ids, left)


def column_of(listing: Listing) -> str:
    """Give the column that candidates are ids of: the way's own where there is but one, else the row's id."""
    return listing.search[0].column if len(listing.search) == 1 else "id"


def _hits(session: Session, table: Table, listing: Listing, company: int, words: Sequence[str]) -> Sequence[int] | None:
    rows = session.all(_hits_statement(table, listing.search, len(words)), company=company, **bounds(words))
    return None if len(rows) > LISTED else sorted({row[0] for row in rows})


@cache
def _hits_statement(table: Table, ways: tuple[Found, ...], count: int) -> Prepared:
    """Give the statement that lists the ids of rows with ``count`` words, those of each way up to one too many."""
    name = f"search {table.name}"
    if len(ways) == 1:
        w = search_words.alias("w")
        others = [probe(ways, {ways[0].column: w.c.object_id}, at) for at in range(1, count)]
        found = select(w.c.object_id).where(*_range(w, ways[0], 0), *others).limit(LISTED + 1)
        return Prepared(found, name)
    parts = []
    for number, way in enumerate(ways):
        w = search_words.alias(f"w_{number}")
        t = table.alias(f"t_{number}")
        others = [probe(ways, {each.column: t.c[each.column] for each in ways}, at) for at in range(1, count)]
        # The sum keeps optimisers from going through all rows and looking up the words of each: the words come first.
        word_of = w.c.object_id + literal_column("0", Integer())
        joined = w.join(t, (t.c.company_id == w.c.company_id) & (t.c[way.column] == word_of))
        part = select(t.c.id).select_from(joined).where(*_range(w, way, 0), *others).limit(LISTED + 1)
        parts.append(select(part.subquery(f"found_{number}").c.id))
    return Prepared(union_all(*parts), name)


def _range(w: FromClause, way: Found, at: int) -> list[ColumnElement[bool]]:
    return [
        w.c.company_id == bindparam("company", type_=search_words.c.company_id.type),
        w.c.kind == literal_column(f"'{way.kind.value}'"),
        w.c.word >= bindparam(f"from_{at}", type_=search_words.c.word.type),
        w.c.word < bindparam(f"to_{at}", type_=search_words.c.word.type),
    ]
