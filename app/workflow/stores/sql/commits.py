"""How a group of commits is written: as one statement where that can be, and so that one bad row harms no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

import msgspec

from ...kernel.status import Status
from ...runtime.store import Append, Key, Letter, NewExecution
from .reading import conditions
from .server import Line, Meaning, Mysql, Postgres, Server, Sqlite

COLUMNS: Final = (
    "namespace, id, machine, edition, name, principal, seed, created, input,"
    " version, status, owner, due, claims, started, ended, events, error, checkpoint, parent, reference, state"
)
INSERT: Final = f"INSERT INTO workflow_executions ({COLUMNS}) VALUES ({', '.join('?' * 22)})"
_ANNOUNCE: Final = "INSERT INTO workflow_ends (namespace, execution, status, at, error) VALUES (?, ?, ?, ?, ?)"
_TOGETHER: Final = 200
"""How many conditions are put into one statement."""
_LONGEST: Final = 100_000
"""Characters of checkpoints that go into one statement for many rows; written out they may be four times as many."""
_LONG: Final = 16_384
"""Characters from which on it costs PostgreSQL more to read a commit as JSON than to be asked once more."""
_PLANS_LAST: Final = 512
_IS_YOUNG: Final = "SELECT 1 FROM pg_class WHERE oid = 'workflow_executions'::regclass AND reltuples < 1000"
_UNSTORABLE: Final[tuple[type[Exception], ...]] = (UnicodeEncodeError, OverflowError)


def values_of(new: NewExecution, claims: int = 0) -> tuple[Any, ...]:
    """Give the values for ``INSERT``: a row of version 0, due at once."""
    born = (*new.key, new.machine, new.edition, new.name, new.principal, new.seed, new.created, new.input)
    state = (0, Status.PENDING.value, None, new.created, claims, None, None, 0, "", "")
    return (*born, *state, new.parent, new.reference, None)


def post(line: Line, letters: Sequence[Letter], unless: str) -> None:
    """Put letters into the inbox, but for those that are there and those to executions that are not."""
    there: set[Key] = set()
    for condition, values in conditions(letter.key for letter in letters):
        rows = line.ask(f"SELECT namespace, id FROM workflow_executions WHERE {condition}", *values)
        there.update(Key(*row) for row in rows)
    given = [(letter.key.namespace, letter.id, letter.key.id, letter.body) for letter in letters if letter.key in there]
    if given:
        line.many("INSERT INTO workflow_inbox (namespace, id, execution, body) VALUES (?, ?, ?, ?)" + unless, given)


def either(line: Line, statement: str, condition: str, rows: Sequence[Sequence[Any]]) -> None:
    """Run a statement for the rows of which one of the conditions holds."""
    for start in range(0, len(rows), _TOGETHER):
        part = rows[start : start + _TOGETHER]
        wanted = " OR ".join([f"({condition})"] * len(part))
        line.run(f"{statement} WHERE {wanted}", *(value for row in part for value in row))


class Commits:
    """Writes commits to one kind of database."""

    unless = " ON CONFLICT DO NOTHING"
    """What makes an INSERT leave out a row that is there."""

    def one(self, line: Line, append: Append) -> bool:
        """Write one commit in an open transaction; tell whether its version fitted."""
        return append.key in self.group(line, [append])

    def group(self, line: Line, appends: Sequence[Append]) -> set[Key]:
        """Write those whose version fits, in an open transaction; give their keys."""
        raise NotImplementedError

    def all(self, server: Server, appends: Sequence[Append]) -> set[Key]:
        """Write a group in a transaction of its own."""
        return server.transact(lambda line: self.group(line, appends), kept=True)

    def sift(self, server: Server, appends: Sequence[Append], refused: dict[Key, str]) -> set[Key]:
        """Write a group; when the database refuses something, find out what by halving, so that the rest is written."""
        try:
            return self.all(server, appends) if appends else set()
        except (*server.errors, *_UNSTORABLE) as error:
            if not isinstance(error, _UNSTORABLE) and server.meaning(error) is not Meaning.DATA:
                raise
            if len(appends) == 1:
                refused[appends[0].key] = str(error)
                return set()
        middle = len(appends) // 2
        written = self.sift(server, appends[:middle], refused)
        return written | self.sift(server, appends[middle:], refused)

    def _follow(self, line: Line, written: Iterable[Append]) -> None:
        """Do what goes with commits that were written: letters, waits, executions they start."""
        consumed, forgotten, awaited, started, ended = [], [], [], [], []
        posted: list[Letter] = []
        for append in written:
            if append.is_alone:
                continue
            key = append.key
            consumed += [(*key, letter) for letter in append.consumed]
            forgotten += [(*key, *pair) for pair in set(append.forgets).difference(append.awaits)]
            started += [values_of(new) for new in append.starts]
            posted += append.posts
            awaited += [(*key, *pair, 1) for pair in append.awaits]
            if append.announced:
                ended.append((*key, append.status.value, append.ended, append.error))
        either(line, "DELETE FROM workflow_inbox", "namespace = ? AND execution = ? AND id = ?", consumed)
        taken = "namespace = ? AND execution = ? AND taken = ?"
        either(line, "UPDATE workflow_awaiting SET taken = NULL, fresh = 1", taken, consumed)
        pair = "namespace = ? AND execution = ? AND name = ? AND correlation = ?"
        either(line, "DELETE FROM workflow_awaiting", pair, forgotten)
        columns = "(namespace, execution, name, correlation, fresh) VALUES (?, ?, ?, ?, ?)"
        self._insert(line, f"INSERT INTO workflow_awaiting {columns}", awaited)
        self._insert(line, INSERT, started)
        self._insert(line, _ANNOUNCE, ended)
        post(line, posted, self.unless)

    def _insert(self, line: Line, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert those that are not there."""
        if rows:
            line.many(statement + self.unless, rows)


class SqliteCommits(Commits):
    """Counts what a statement for all of them matched; when one did not fit, writes them one by one."""

    _UPDATE: Final = (
        "UPDATE workflow_executions SET version = ?, status = ?, owner = ?, due = ?, claims = 0, started = ?,"
        " ended = ?, events = events + ?, error = ?, checkpoint = ?, state = ?"
        " WHERE namespace = ? AND id = ? AND version = ?"
    )
    _HISTORY: Final = (
        "INSERT INTO workflow_history (namespace, id, version, first_event, last_event, body)"
        " SELECT namespace, id, version, events - ? + 1, events, ? FROM workflow_executions"
        " WHERE namespace = ? AND id = ?"
    )

    def all(self, server: Server, appends: Sequence[Append]) -> set[Key]:
        """Write a group in a transaction of its own, begun anew when one of them does not fit."""
        try:
            return server.transact(lambda line: self._together(line, appends), kept=True)
        except _UnfitError:
            return super().all(server, appends)

    def group(self, line: Line, appends: Sequence[Append]) -> set[Key]:
        """Write those whose version fits, one by one."""
        written = [append for append in appends if self._fits(line, append)]
        self._follow(line, written)
        return {append.key for append in written}

    def _fits(self, line: Line, append: Append) -> bool:
        if not self._born(line, append) or not line.run(self._UPDATE, *_changes(append)):
            return False
        line.run(self._HISTORY, *_page(append))
        return True

    def _born(self, line: Line, append: Append) -> bool:
        """Insert the row of one that is new; tell whether it was."""
        new = append.new
        return new is None or (append.version == 1 and bool(line.run(INSERT + self.unless, *values_of(new))))

    def _together(self, line: Line, appends: Sequence[Append]) -> set[Key]:
        born = [_born_as(append, append.new) for append in appends if append.new is not None]
        if born and line.many(INSERT + self.unless, born) != len(born):
            raise _UnfitError
        changes = [_changes(append) for append in appends if append.new is None]
        if changes and line.many(self._UPDATE, changes) != len(changes):
            raise _UnfitError
        line.many(self._HISTORY, [_page(append) for append in appends])
        self._follow(line, appends)
        return {append.key for append in appends}


class _UnfitError(Exception):
    """The version of one of them does not fit."""


def _born_as(append: Append, new: NewExecution) -> tuple[Any, ...]:
    """Give the values for ``INSERT`` of an execution that is new with a commit: as that leaves it."""
    if append.version != 1:
        raise _UnfitError
    born = (*new.key, new.machine, new.edition, new.name, new.principal, new.seed, new.created, new.input)
    state = (1, str(append.status), append.owner, append.due, 0, append.started, append.ended, append.events)
    return (*born, *state, append.error, append.checkpoint, new.parent, new.reference, append.state)


def _changes(append: Append) -> tuple[Any, ...]:
    return (
        append.version,
        str(append.status),
        append.owner,
        append.due,
        append.started,
        append.ended,
        append.events,
        append.error,
        append.checkpoint,
        append.state,
        *append.key,
        append.version - 1,
    )


def _page(append: Append) -> tuple[Any, ...]:
    return (append.events, append.history, *append.key)


class MysqlCommits(Commits):
    """Locks the rows, compares their versions here, and writes those that fit by statements for many rows."""

    unless = " ON DUPLICATE KEY UPDATE namespace = namespace"
    # What is not changed is given for the sake of the columns alone: the row is there, and locked. It stands in the
    # text: the driver writes each value into it, which is most of what a commit costs here.
    _UPSERT: Final = f"INSERT INTO workflow_executions ({COLUMNS}) VALUES "
    _ROW: Final = "(?, ?, '', 0, NULL, '', '', 0, '', ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, '', NULL, ?)"
    _CHANGE: Final = (
        " ON DUPLICATE KEY UPDATE version = VALUES(version), status = VALUES(status), owner = VALUES(owner),"
        " due = VALUES(due), claims = 0, started = VALUES(started), ended = VALUES(ended), events = VALUES(events),"
        " error = VALUES(error), checkpoint = VALUES(checkpoint), state = VALUES(state)"
    )
    _HISTORY: Final = (
        "INSERT INTO workflow_history (namespace, id, version, first_event, last_event, body) VALUES (?, ?, ?, ?, ?, ?)"
    )
    _OURS: Final = -1
    """The claims of a row that this very transaction has inserted; nobody else ever sees it."""

    def group(self, line: Line, appends: Sequence[Append]) -> set[Key]:
        """Write those whose version fits."""
        new = [
            values_of(append.new, self._OURS) for append in appends if append.new is not None and append.version == 1
        ]
        if new:
            line.many(INSERT + self.unless, new)
        found = self._locked(line, [append.key for append in appends])
        written = []
        for append in appends:
            version, claims, _ = found.get(append.key, (None, 0, 0))
            if version == append.version - 1 and (claims == self._OURS) == (append.new is not None):
                written.append(append)
        if written:
            self._write(line, written, {append.key: found[append.key][2] for append in written})
            self._follow(line, written)
        return {append.key for append in written}

    def _write(self, line: Line, written: Sequence[Append], totals: Mapping[Key, int]) -> None:
        for part in _parts(written):
            values = [value for append in part for value in _upserted(append, totals[append.key])]
            line.run(self._UPSERT + ", ".join([self._ROW] * len(part)) + self._CHANGE, *values)
        line.many(self._HISTORY, [_historic(append, totals[append.key]) for append in written])

    def _locked(self, line: Line, keys: Iterable[Key]) -> dict[Key, tuple[int, int, int]]:
        by_namespace: dict[str, list[str]] = {}
        for namespace, key in keys:
            by_namespace.setdefault(namespace, []).append(key)
        wanted = " OR ".join(f"namespace = ? AND id IN ({', '.join('?' * len(ids))})" for ids in by_namespace.values())
        rows = line.ask(
            "SELECT namespace, id, version, claims, events FROM workflow_executions"
            f" WHERE {wanted} ORDER BY namespace, id FOR UPDATE SKIP LOCKED",
            *(value for namespace, ids in by_namespace.items() for value in (namespace, *ids)),
        )
        return {Key(row[0], row[1]): (row[2], row[3], row[4]) for row in rows}


def _parts(appends: Sequence[Append]) -> Iterator[list[Append]]:
    """Give parts of a group whose checkpoints a statement can hold: the driver does so only with plain rows."""
    part: list[Append] = []
    length = 0
    for append in appends:
        length += len(append.checkpoint)
        if part and length > _LONGEST:
            yield part
            part, length = [], len(append.checkpoint)
        part.append(append)
    yield part


def _upserted(append: Append, total: int) -> tuple[Any, ...]:
    state = (append.version, str(append.status), append.owner, append.due, append.started, append.ended)
    return (*append.key, *state, total + append.events, append.error, append.checkpoint, append.state)


def _historic(append: Append, total: int) -> tuple[Any, ...]:
    return (*append.key, append.version, total + 1, total + append.events, append.history)


class _New(msgspec.Struct, frozen=True):
    """An execution to be, as PostgreSQL reads it."""

    n: str
    i: str
    m: str
    t: int
    q: str | None
    p: str
    k: str
    g: int
    w: str
    u: str
    rf: str | None


class _Commit(msgspec.Struct, frozen=True, omit_defaults=True):
    """A commit, as PostgreSQL reads it; what it has not is left out."""

    n: str
    i: str
    v: int
    s: str
    c: str
    h: str
    e: int
    r: str
    st: str | None = None
    o: int | None = None
    d: int | None = None
    b: int | None = None
    z: int | None = None
    x: tuple[str, ...] = ()
    f: tuple[tuple[str, str], ...] = ()
    a: tuple[tuple[str, str], ...] = ()
    y: tuple[_New, ...] = ()
    po: tuple[tuple[str, str, str, str], ...] = ()
    m: str | None = None
    t: int | None = None
    q: str | None = None
    p: str | None = None
    k: str | None = None
    g: int | None = None
    w: str | None = None
    u: str | None = None
    rf: str | None = None
    an: bool = False


_NEW: Final = "n text, i text, m text, t int, q text, p text, k text, g bigint, w text, u text, rf text"
_FORGOTTEN: Final = "SELECT 1 FROM json_array_elements(w.f) AS q(l) WHERE l ->> 0 = p.name AND l ->> 1 = p.correlation"
# Each part stands in the statement only when some commit of the group needs it.
_READ: Final = """
WITH j AS (
    SELECT * FROM json_to_recordset(?::json) AS j(
        n text, i text, v bigint, s text, c text, h text, e bigint, r text, st text, o bigint, d bigint, b bigint,
        z bigint, x json, f json, a json, y json, po json, m text, t int, q text, p text, k text, g bigint, w text,
        u text, rf text, an boolean)
), l AS (
    SELECT ex.ctid AS place, j.* FROM j JOIN workflow_executions AS ex ON ex.namespace = j.n AND ex.id = j.i
    WHERE ex.version = j.v - 1 AND j.m IS NULL FOR UPDATE OF ex SKIP LOCKED
), u AS (
    UPDATE workflow_executions AS ex SET version = l.v, status = l.s, owner = l.o, due = l.d, claims = 0,
        started = l.b, ended = l.z, events = ex.events + l.e, error = l.r, checkpoint = l.c, state = l.st
    FROM l WHERE ex.ctid = l.place RETURNING ex.events AS total, l.*
)"""
_OLD_ALONE: Final = ", w AS (SELECT * FROM u)"
_WITH_NEW: Final = f"""
, n AS (
    INSERT INTO workflow_executions ({COLUMNS})
    SELECT n, i, m, t, q, p, k, g, w, v, s, o, d, 0, b, z, e, r, c, u, rf, st FROM j WHERE m IS NOT NULL AND v = 1
    ON CONFLICT DO NOTHING RETURNING namespace, id
), w AS (
    SELECT * FROM u UNION ALL
    SELECT j.e, NULL, j.* FROM j
    WHERE j.m IS NOT NULL AND EXISTS (SELECT 1 FROM n WHERE n.id = j.i AND n.namespace = j.n)
)"""
_HISTORY: Final = """
, h AS (
    INSERT INTO workflow_history (namespace, id, version, first_event, last_event, body)
    SELECT n, i, v, total - e + 1, total, h FROM w
)"""
_CONSUME: Final = f"""
, d AS (
    DELETE FROM workflow_inbox AS p USING w, json_array_elements_text(w.x) AS k(l)
    WHERE p.namespace = w.n AND p.id = k.l AND p.execution = w.i
), t AS (
    UPDATE workflow_awaiting AS p SET taken = NULL, fresh = 1 FROM w, json_array_elements_text(w.x) AS k(l)
    WHERE p.namespace = w.n AND p.execution = w.i AND p.taken = k.l AND NOT EXISTS ({_FORGOTTEN})
)"""
_FORGET: Final = f"""
, f AS (
    DELETE FROM workflow_awaiting AS p USING w
    WHERE w.f IS NOT NULL AND p.namespace = w.n AND p.execution = w.i AND EXISTS ({_FORGOTTEN})
)"""
_AWAIT: Final = """
, a AS (
    INSERT INTO workflow_awaiting (namespace, execution, name, correlation, fresh)
    SELECT w.n, w.i, l ->> 0, l ->> 1, 1 FROM w, json_array_elements(w.a) AS q(l)
    ON CONFLICT DO NOTHING
)"""
_START: Final = f"""
, s AS (
    INSERT INTO workflow_executions ({COLUMNS})
    SELECT q.n, q.i, q.m, q.t, q.q, q.p, q.k, q.g, q.w,
        0, '{Status.PENDING.value}', NULL, q.g, 0, NULL, NULL, 0, '', '', q.u, q.rf, NULL
    FROM w, json_to_recordset(w.y) AS q({_NEW}) ON CONFLICT DO NOTHING
)"""
_POST: Final = """
, o AS (
    INSERT INTO workflow_inbox (namespace, id, execution, body)
    SELECT l ->> 0, l ->> 1, l ->> 2, l ->> 3 FROM w, json_array_elements(w.po) AS q(l)
    WHERE EXISTS (SELECT 1 FROM workflow_executions AS x WHERE x.namespace = l ->> 0 AND x.id = l ->> 2)
    ON CONFLICT DO NOTHING
)"""
_ANNOUNCED: Final = """
, an AS (INSERT INTO workflow_ends (namespace, execution, status, at, error) SELECT n, i, s, z, r FROM w WHERE w.an)"""
_PARTS: Final[tuple[tuple[Callable[[_Commit], Any], str], ...]] = (
    (attrgetter("x"), _CONSUME),
    (attrgetter("f"), _FORGET),
    (attrgetter("a"), _AWAIT),
    (attrgetter("y"), _START),
    (attrgetter("po"), _POST),
    (attrgetter("an"), _ANNOUNCED),
)
_GIVE: Final = " SELECT n, i FROM w"
_PLAIN: Final = _READ + _OLD_ALONE + _HISTORY + _GIVE
# Found by its key and changed by its place: on a caller's connection, whose planner we do not set, a join with what
# comes as JSON reads the whole table, by a plan kept from the days when it was small.
_ALONE: Final = """
WITH u AS (
    UPDATE workflow_executions SET version = ?, status = ?, owner = ?, due = ?, claims = 0, started = ?, ended = ?,
        events = events + ?, error = ?, checkpoint = ?, state = ?
    WHERE ctid = (
        SELECT ctid FROM workflow_executions WHERE namespace = ? AND id = ? AND version = ? FOR UPDATE SKIP LOCKED)
    RETURNING namespace, id, version, events
)
INSERT INTO workflow_history (namespace, id, version, first_event, last_event, body)
SELECT namespace, id, version, events - ? + 1, events, ? FROM u"""
_encode: Final = msgspec.json.Encoder().encode


class PostgresCommits(Commits):
    """Gives everything as one JSON text to one statement, which locks, compares, writes and tells what was written."""

    def group(self, line: Line, appends: Sequence[Append]) -> set[Key]:
        """Write those whose version fits: the long ones each by itself, the others by one statement."""
        alone, together, are_plain = _sorted_out(appends)
        written = {append.key for append in alone if self._alone(line, append)}
        return written | self._together(line, together, are_plain=are_plain) if together else written

    def _alone(self, line: Line, append: Append) -> bool:
        return bool(line.run(_ALONE, *_changes(append), append.events, append.history))

    def _together(self, line: Line, appends: Sequence[Append], *, are_plain: bool) -> set[Key]:
        rows = [_commit(append) for append in appends]
        statement = _PLAIN if are_plain else _statement(rows)
        return {Key(*row) for row in line.ask(statement, _encode(rows).decode())}

    def __init__(self) -> None:
        self._written = 0

    def all(self, server: Server, appends: Sequence[Append]) -> set[Key]:
        """Write a group by one statement, which is its own transaction, or by several in one."""
        self._written += 1
        begin = len(appends) > 1 and any(map(_is_long, appends))
        return server.transact(lambda line: self._planned(line, appends), begin=begin, kept=True)

    def _planned(self, line: Line, appends: Sequence[Append]) -> set[Key]:
        # A plan made while the tables were small may take any index that begins with the namespace, and read all of it
        # when they have grown (0.5 ms a step instead of 0.06): so plans are made anew, often at first, then seldom.
        if self._written % _PLANS_LAST == 0 or (self._written < _PLANS_LAST and self._written.bit_count() == 1):
            self._plan_anew(line)
        return self.group(line, appends)

    def _plan_anew(self, line: Line) -> None:
        # Of a young table nothing is known before the server looks by itself, once a minute: until then any index that
        # begins with the namespace seems as good as the key, and each row is looked for in all of them (37 us, not 2).
        if line.ask(_IS_YOUNG):
            line.run("ANALYZE (SKIP_LOCKED) workflow_executions")
        line.run("DISCARD PLANS")


def _sorted_out(appends: Sequence[Append]) -> tuple[list[Append], list[Append], bool]:
    """Give those that are written each by itself, and those that one statement is for, both in the order of keys.

    The last tells whether these are all plain: they concern no row but one that is there already.
    """
    alone: list[Append] = []
    together: list[Append] = []
    are_plain = True
    for append in sorted(appends, key=_key):
        if append.new is not None or not append.is_alone:
            are_plain = False
        elif len(appends) == 1 or _is_long(append):
            alone.append(append)
            continue
        together.append(append)
    return alone, together, are_plain


def _statement(rows: Sequence[_Commit]) -> str:
    """Give the statement with the parts that some of the commits need."""
    statement = _READ + (_WITH_NEW if any(row.m is not None for row in rows) else _OLD_ALONE) + _HISTORY
    for wanted, part in _PARTS:
        if any(wanted(row) for row in rows):
            statement += part
    return statement + _GIVE


def _is_long(append: Append) -> bool:
    return len(append.history) + len(append.checkpoint) > _LONG


_key: Final = attrgetter("key")


def _commit(append: Append) -> _Commit:
    commit = _Commit(
        *append.key,
        append.version,
        append.status,
        append.checkpoint,
        append.history,
        append.events,
        append.error,
        append.state,
        append.owner,
        append.due,
        append.started,
        append.ended,
    )
    return commit if append.new is None and append.is_alone else _with_others(commit, append)


def _with_others(commit: _Commit, append: Append) -> _Commit:
    """Add what a commit has for other rows, and the row of one that is new."""
    commit = msgspec.structs.replace(
        commit,
        x=append.consumed,
        f=tuple(set(append.forgets).difference(append.awaits)),
        a=append.awaits,
        y=tuple(map(_new, append.starts)),
        po=tuple((post.key.namespace, post.id, post.key.id, post.body) for post in append.posts),
    )
    if append.announced:
        commit = msgspec.structs.replace(commit, an=True)
    if append.new is None:
        return commit
    new = _new(append.new)
    return msgspec.structs.replace(
        commit, m=new.m, t=new.t, q=new.q, p=new.p, k=new.k, g=new.g, w=new.w, u=new.u, rf=new.rf
    )


def _new(new: NewExecution) -> _New:
    born = (*new.key, new.machine, new.edition, new.name, new.principal, new.seed, new.created)
    return _New(*born, new.input, new.parent, new.reference)


COMMITS: Final[dict[type[Server], type[Commits]]] = {
    Postgres: PostgresCommits,
    Mysql: MysqlCommits,
    Sqlite: SqliteCommits,
}
