"""Machines for the engine: revisions read from the database and compiled, each once while it is in use."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import Any, Final, Generic, TypeVar

import structlog

from app.domain.processes import WHOLE, MachineKind, Revision, account_of
from app.domain.shared.errors import Unavailable
from app.domain.shared.ids import CompanyId
from app.infrastructure.database.compiled import Prepared, Row
from app.infrastructure.database.engine import Database
from app.infrastructure.database.repositories.processes import NEWEST, REVISION, revision_of
from app.workflow.asl.compile import compile_machine
from app.workflow.asl.context import Surroundings
from app.workflow.asl.document import UnreadableDocumentError, read_json
from app.workflow.asl.query import InvalidDefinitionError
from app.workflow.kernel.errors import DefinitionError
from app.workflow.kernel.graph import Definition
from app.workflow.runtime.clock import new_seed
from app.workflow.runtime.store import Key, Store, StoreUnavailableError

MOST_COMPILED: Final = 512
MOST_NAMES: Final = 20_000
_log: Final = structlog.get_logger(source="app.workflows")
Name = TypeVar("Name")
Value = TypeVar("Value")


class Recent(Generic[Name, Value]):
    """The values used last, from any thread; what falls out is worked out again."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._turn = Lock()
        self._kept: OrderedDict[Name, Value] = OrderedDict()

    def get(self, name: Name, find: Callable[[], Value]) -> Value:
        """Give the value, found now if it is not here; None is not kept."""
        with self._turn:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
        found = find()
        if found is not None:
            self.put(name, found)
        return found

    def put(self, name: Name, value: Value) -> None:
        """Keep a value."""
        with self._turn:
            self._kept[name] = value
            self._kept.move_to_end(name)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)


class Names:
    """What executions are called, by their ids: their context objects tell. A name never changes."""

    def __init__(self) -> None:
        self.store: Store | None = None
        self._recent: Recent[Key, str | None] = Recent(MOST_NAMES)

    def put(self, key: Key, name: str) -> None:
        """Note a name that is known anyway."""
        self._recent.put(key, name)

    def of(self, namespace: str, execution: str) -> str:
        """Give the name; an execution without one is called by its id."""
        key = Key(namespace, execution)
        return self._recent.get(key, lambda: self._look_up(key)) or execution

    def _look_up(self, key: Key) -> str | None:
        rows = [] if self.store is None else self.store.load([key])
        return (rows[0].name or key.id) if rows else None


def chance() -> int:
    """Give a number from 0 to 99, for routes by weight."""
    return int(new_seed(), 16) % WHOLE


class Definitions:
    """Machines of all companies."""

    def __init__(self, database: Database, names: Names) -> None:
        self._database = database
        self._names = names
        self._recent: Recent[tuple[str, int], tuple[Revision, Definition] | None] = Recent(MOST_COMPILED)

    def find(self, namespace: str, machine: str, edition: int) -> Definition | None:
        """Give a machine, None when there is none."""
        found = self.compiled(namespace, edition)
        return found[1] if found is not None and found[0].machine == machine else None

    def newest(self, namespace: str, machine: str) -> Definition | None:
        """Give the revision that new executions start with."""
        rows = self.ask(NEWEST, namespace, the_name=machine)
        return self.find(namespace, machine, rows[0][0]) if rows else None

    def compiled(self, namespace: str, edition: int) -> tuple[Revision, Definition] | None:
        """Give a revision with what it compiles to."""
        return self._recent.get((namespace, edition), lambda: self._compile(namespace, edition))

    def place(self, namespace: str, edition: int) -> Surroundings:
        """Give the world as executions of a revision see it, by its number; one that is gone leaves the account."""
        found = self.compiled(namespace, edition)
        if found is None:
            return Surroundings(
                account=account_of(CompanyId(int(namespace))), name_of=partial(self._names.of, namespace)
            )
        return self.around(namespace, found[0])

    def around(self, namespace: str, revision: Revision) -> Surroundings:
        """Give the world as executions of a revision see it."""
        return Surroundings(
            account=account_of(CompanyId(int(namespace))),
            region=revision.region,
            role=revision.role,
            name_of=partial(self._names.of, namespace),
        )

    def _compile(self, namespace: str, edition: int) -> tuple[Revision, Definition] | None:
        rows = self.ask(REVISION, namespace, the_id=edition)
        if not rows:
            return None
        revision = revision_of(rows[0])
        try:
            document = read_json(revision.definition).data
            around = self.around(namespace, revision)
            definition = compile_machine(
                document, revision.machine, around=around, edition=edition, express=revision.kind is MachineKind.EXPRESS
            )
        except (UnreadableDocumentError, InvalidDefinitionError, DefinitionError):
            # It was sound when it was stored, by a version that knew more; the others go on.
            _log.exception("a state machine cannot be read", company=namespace, revision=edition)
            return None
        return revision, definition

    def ask(self, prepared: Prepared, namespace: str, **given: Any) -> list[Row]:
        """Give rows of a company's, in a transaction of their own. Raises StoreUnavailableError."""
        if not namespace.isdecimal():
            return []
        try:
            return self._database.ask(prepared, the_company_id=int(namespace), **given)
        except Unavailable as error:
            raise StoreUnavailableError from error
