"""What the runtime needs of a store: executions with a version each, their history, an inbox, and who works on what.

An execution has one number, its version. Every commit moves it by one and writes the row of history of that version in
the same transaction: both exist or neither does. A worker decides from version v and can only write v + 1 while the
row still says v; of two workers one wins, the other is told so and throws its copy away. Strangers (an API, a business
transaction) only insert: an execution of version 0, or a row of the inbox.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from ..kernel.status import Status

SUSPECT: Final = 2
"""Deaths of its workers, with no commit since, after which an execution is suspected of having caused them."""


class Key(NamedTuple):
    """What names an execution everywhere. The namespace is opaque: nothing of one is ever seen from another."""

    namespace: str
    id: str


class NewExecution(msgspec.Struct, frozen=True):
    """An execution to be: a row of version 0 that any worker may claim.

    ``name`` is unique among the executions of its machine in its namespace while that is kept; None for one without.
    ``input`` is JSON text. ``seed`` is what its chance is drawn from. ``principal`` is kept and given to handlers.
    ``parent`` is whom its end is told, as ``children`` writes it; empty for one that nobody waits for. ``reference`` is
    what it is about, in the words of whoever starts it: executions are found by it.
    """

    key: Key
    machine: str
    edition: int
    input: str
    created: int
    seed: str
    name: str | None = None
    principal: str = ""
    parent: str = ""
    reference: str | None = None


class Letter(msgspec.Struct, frozen=True):
    """A stimulus from outside for one execution, applied once. ``id`` is the sender's, unique in the namespace."""

    key: Key
    id: str
    body: str


class Message(msgspec.Struct, frozen=True):
    """A message for whichever execution waits for its name and correlation key, kept until ``expires``."""

    namespace: str
    id: str
    name: str
    key: str
    body: str
    expires: int


class Offer(msgspec.Struct, frozen=True):
    """A task that waits for a worker outside: one attempt of one step of an execution."""

    key: Key
    branch: int
    entry: int
    attempt: int
    resource: str


class End(msgspec.Struct, frozen=True):
    """How an execution has ended; ``error`` is the name of what ended it, ``at`` the instant."""

    key: Key
    status: Status
    at: int
    error: str = ""


class Append(msgspec.Struct, frozen=True):
    """One commit of one execution.

    ``version`` is what it becomes: it applies only to a row of ``version - 1``. ``new`` is given instead of a row when
    version 1 inserts it. ``owner`` is None to let go of it. ``due`` is when somebody must look at it again.
    ``events`` counts those of this commit. ``started``, ``ended`` and ``error`` are written as they stand. ``consumed``
    are the letters applied. ``awaits`` and ``forgets`` are the (name, key) of signals that messages are correlated by;
    a pair in both stays, and so do those of one that has ended until it forgets them or is purged: what comes for them
    is late. ``starts`` are executions that begin with this commit, as
    other rows of version 0; one whose key or name is there already is left out. ``posts`` are letters to others that go
    with this commit, dropped as ``Store.post`` drops them; none is for what the commit itself starts. ``state`` is the
    one that the main line is in, None once it has come to its end. ``announced``: whoever takes ends is to have this
    one.
    """

    key: Key
    version: int
    status: Status
    owner: int | None
    due: int | None
    checkpoint: str
    history: str
    events: int
    started: int | None = None
    ended: int | None = None
    error: str = ""
    new: NewExecution | None = None
    consumed: tuple[str, ...] = ()
    awaits: tuple[tuple[str, str], ...] = ()
    forgets: tuple[tuple[str, str], ...] = ()
    starts: tuple[NewExecution, ...] = ()
    posts: tuple[Letter, ...] = ()
    state: str | None = None
    announced: bool = False

    @property
    def is_alone(self) -> bool:
        """Tell whether it concerns no row but its execution's own."""
        return not (self.consumed or self.forgets or self.awaits or self.starts or self.posts or self.announced)

    @property
    def end(self) -> End | None:
        """The end to announce."""
        return End(self.key, self.status, self.ended or 0, self.error) if self.announced else None


class Row(msgspec.Struct, frozen=True):
    """An execution as it is stored. Of version 0 it has no checkpoint yet, but its input.

    ``claims`` counts the workers that died holding it with no commit since: those whose death may be its doing.
    """

    key: Key
    machine: str
    edition: int
    name: str | None
    principal: str
    seed: str
    version: int
    status: Status
    owner: int | None
    due: int | None
    claims: int
    created: int
    started: int | None
    ended: int | None
    error: str
    input: str
    checkpoint: str
    parent: str = ""
    reference: str | None = None
    state: str | None = None


class Page(msgspec.Struct, frozen=True):
    """A row of history: the events of one commit, packed; ``first`` is the number of the first event, from 1."""

    version: int
    first: int
    events: str


class NameTakenError(Exception):
    """The machine has an execution of this name; ``holder`` is that one's id, ``given`` its input."""

    def __init__(self, name: str, holder: str, given: str) -> None:
        super().__init__(f"an execution named {name!r} is there already")
        self.name = name
        self.holder = holder
        self.given = given


class RefusedError(Exception):
    """Something cannot be stored as it is: a text too long for a name, a character or a number no column takes.

    A commit raises it when the rest of its group has been decided: ``written`` are the keys it would have given,
    ``refused`` tells why by the key of each culprit. Written again as it is, that would be refused again.
    """

    def __init__(self, refused: Mapping[Key, str], written: Iterable[Key] = ()) -> None:
        super().__init__("; ".join(f"{key.id}: {why}" for key, why in refused.items()))
        self.refused = dict(refused)
        self.written = set(written)


class Store(Protocol):
    """Executions of all namespaces, as a worker sees them.

    Every method is a transaction of its own, or part of ``connection``'s where one can be given: then the caller
    commits, and what it gave goes with the business. Any thread may call.

    Raises StoreUnavailableError when it cannot be reached; what was asked for may then have happened, or not. To ask
    again does no harm: what has happened does not happen twice.

    ``one_writer`` tells that transactions write one after the other, as on SQLite: who has begun one must not wait for
    somebody who waits to write.
    """

    one_writer: bool

    def commit(self, appends: Sequence[Append], connection: Any = None) -> set[Key]:
        """Write those whose version fits; give their keys. One statement or transaction for all.

        An execution occurs once among them. One not given was fenced off, or its row was locked by a stranger, or it
        was ``new`` and its key or name is taken: read the row. Raises RefusedError when the others have been written.
        With ``connection`` they are the last of that transaction: the caller commits when all have been given, and
        rolls back otherwise. What is refused then may be refused for all of them.
        """

    def start(self, new: NewExecution, connection: Any = None) -> None:
        """Insert an execution of version 0, due at once; one whose key is there already is left as it is.

        Raises NameTakenError, RefusedError; a caller's transaction goes on after either.
        """

    def post(self, letters: Iterable[Letter], connection: Any = None) -> None:
        """Put letters into the inbox; one whose id is there already, or whose execution is not, is dropped.

        Raises RefusedError, and nothing is posted.
        """

    def offer(self, offers: Sequence[Offer]) -> None:
        """Have tasks wait for workers outside; one that is there already is left as it is."""

    def take(self, namespace: str, resource: str, judge: Judge) -> Offer | None:
        """Hand the oldest task of a resource to who asks: it is removed, and the letter that ``judge`` gives posted.

        Both happen or neither. One that ``judge`` gives no letter for, or whose letter is in the inbox already, is
        removed and the next one looked at; None when there is no other.
        """

    def publish(self, message: Message, connection: Any = None) -> None:
        """Keep a message until somebody waits for it; one whose id is known is dropped. Raises RefusedError.

        Its id is known until it expires, delivered or not.
        """

    def announcing(self) -> list[str]:
        """Give the namespaces with ends that were announced and not taken, in order; 1,000 at most."""

    def take_ends(self, namespace: str, limit: int, connection: Any = None) -> list[End]:
        """Take ends that were announced, the oldest first: each is given once, if the transaction commits.

        Those that somebody else is just taking are passed over.
        """

    def deliver(self, now: int, limit: int) -> int:
        """Turn messages that executions wait for into letters of their ids, drop expired ones; give how many letters.

        A message goes to one execution, the one that has waited longest for its name and key; this one gets no other
        for them until it has consumed it.
        """

    def enter(self, now: int, until: int, name: str) -> int:
        """Make a worker known and take the lock that tells its life; give its number, never given before."""

    def renew(self, worker: int, until: int) -> bool:
        """Extend the lease of a worker; false when it was taken for dead: it must give everything up."""

    def leave(self, worker: int, now: int) -> None:
        """Let go of all that a worker holds, due at once, and forget it."""

    def bury(self, now: int) -> list[int]:
        """Let go of what workers hold that are dead by lock or lease, due at once; give their numbers.

        What a worker nobody knows holds is let go of as well: one that was buried may still have committed. A death
        counts against all that the worker held, up to ``SUSPECT``. Beyond that it counts against a suspect that was
        the only one held: of several nobody knows which one it was.
        """

    def claim(self, worker: int, now: int, limit: int, *, suspects: bool = True) -> list[Row]:
        """Take executions that nobody holds and that are due or have letters; skip what others are just taking.

        The longest due come first, then those with the oldest letters. A worker taken for dead gets nothing. Of those
        with ``SUSPECT`` claims there is one at most, and without ``suspects`` none.
        """

    def letters(self, worker: int, limit: int) -> list[Letter]:
        """Give letters for executions the worker holds, oldest first."""

    def load(self, keys: Iterable[Key]) -> list[Row]:
        """Give the rows that are there, in no order."""

    def pages(self, key: Key, versions: Sequence[int]) -> Mapping[int, str]:
        """Give rows of history by version."""

    def history(self, key: Key, after: int, limit: int) -> list[Page]:
        """Give the rows of history with events beyond number ``after``, ``limit`` rows at most."""

    def find(self, query: Query) -> list[Row]:
        """Give executions of one namespace, the newest first; without input and checkpoint."""

    def statistics(self, namespace: str, machine: str | None = None) -> Mapping[Status, Statistic]:
        """Count executions by status, with the mean and the 95th percentile of how long ended ones took."""

    def stuck(self, now: int, older_than: int) -> list[Row]:
        """Give executions not ended that are overdue by more than so many milliseconds, or were claimed in vain.

        The longest overdue come first; without input and checkpoint.
        """

    def purge(self, before: int, limit: int, machine: str | None = None) -> int:
        """Remove executions that ended before the instant, with all that is theirs, the oldest first; give how many.

        One that somebody holds stays.
        """

    def close(self) -> None:
        """Let go of connections."""


Judge = Callable[[Offer, Row, Callable[[Sequence[int]], Mapping[int, str]]], Letter | None]
"""Gives the letter that takes a task of an execution, None for one that nobody waits for any more; it is also given
what finds pages of the execution's history by their versions."""


class Query(msgspec.Struct, frozen=True):
    """Which executions to list. ``after`` is the key of the last one of the page before: (created, id).

    ``started_from`` and ``started_before`` are compared with the instant of creation.
    """

    namespace: str
    machine: str | None = None
    statuses: tuple[Status, ...] = ()
    name: str | None = None
    started_from: int | None = None
    started_before: int | None = None
    after: tuple[int, str] | None = None
    limit: int = 100
    reference: str | None = None


class Statistic(msgspec.Struct, frozen=True):
    """How many executions, and how long ended ones took from their start, in milliseconds; None when none has ended.

    ``p95`` is the shortest time that 95 of 100 did not exceed.
    """

    count: int
    mean: float | None = None
    p95: float | None = None


class StoreUnavailableError(Exception):
    """The store could not be reached; try again."""
