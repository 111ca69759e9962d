"""The engine of this process, on the product's database; its namespaces are the companies."""

from __future__ import annotations

from os import getpid
from socket import gethostname
from threading import Lock
from typing import Final

from app.domain.shared.ids import CompanyId
from app.infrastructure.database.engine import Database
from app.infrastructure.processes.callees import Callees
from app.infrastructure.processes.definitions import Definitions, Names
from app.infrastructure.processes.ends import Ends
from app.infrastructure.processes.objects import OpensStores
from app.infrastructure.processes.steps import BusinessSteps, ProductServices, may_pass
from app.infrastructure.processes.watching import EngineWatch
from app.infrastructure.watching.quiet import NoWatch
from app.usecases.ports.resources import PREFIX
from app.usecases.ports.shared import Clock
from app.workflow.asl.nested import nested
from app.workflow.maps import map_runs, serve
from app.workflow.runtime.engine import Engine
from app.workflow.runtime.store import Key
from app.workflow.stores.sql.store import SqlStore

DRAIN_MS: Final = 5_000
"""How long the end of the process waits for steps under way."""


class EngineClock:
    """The product's clock as the engine reads it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> int:
        """Give milliseconds since the epoch, UTC."""
        return int(self._clock.now().timestamp() * 1000)


class Workflows:
    """The engine, made when it is first asked for; executions advance here between ``begin`` and ``end``.

    ``steps`` are what tasks do to the business, ``objects`` opens the stores of what distributed Maps read and write,
    ``watch`` is told what executions do here.
    """

    def __init__(
        self, database: Database, clock: Clock, steps: BusinessSteps, objects: OpensStores, watch: NoWatch
    ) -> None:
        self._clock = EngineClock(clock)
        self._database = database
        self._steps = steps
        self._objects = objects
        self._making = Lock()
        self._engine: Engine | None = None
        self._runs = False
        watch.engine_of(self._advances)
        self.names = Names()
        self.ends = Ends()
        self._watching = EngineWatch(watch)
        self.definitions = Definitions(database, self.names)

    @property
    def engine(self) -> Engine:
        """The engine itself."""
        with self._making:
            if self._engine is None:
                store = SqlStore(self._database.url)
                self.names.store = store
                name, place = f"{gethostname()}:{getpid()}", self.definitions.place
                engine = Engine(
                    store,
                    clock=self._clock,
                    definitions=self.definitions,
                    transactions=self._steps.transactions,
                    is_transient=may_pass,
                    nested={**nested(place, Callees(self.definitions).find), **map_runs(place)},
                    routes=ProductServices(),
                    listeners=(self.ends, self._watching),
                    name=name,
                    drain=DRAIN_MS,
                    announces=True,
                )
                serve(engine, self._objects(), place)
                engine.task(PREFIX, transactional=True)(self._steps.do)
                self._engine = engine
            return self._engine

    @property
    def running(self) -> bool:
        """Whether executions advance in this process."""
        return self._runs

    def begin(self) -> None:
        """Let executions advance."""
        self.engine.__enter__()
        self._runs = True

    def end(self) -> None:
        """Begin nothing more, let go of everything; does nothing when nothing was ever asked of it."""
        with self._making:
            engine, self._engine = self._engine, None
            ran, self._runs = self._runs, False
        if engine is None:
            return
        if ran:
            engine.__exit__(None, None, None)
        engine.store.close()

    def _advances(self) -> bool:
        """Tell whether executions advance indeed: the thread that all of them hang on lives."""
        engine = self._engine
        return self._runs and engine is not None and engine.is_running

    def nudge(self) -> None:
        """Look at once for what was put into the store."""
        engine = self._engine
        if engine is not None and self._runs:
            engine.nudge()


def key_of(company: CompanyId, execution: str) -> Key:
    """Give what names an execution of a company."""
    return Key(str(company), execution)
