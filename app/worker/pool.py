"""The pool: claims jobs into a bounded buffer, does them in threads, and stops without losing one (ERP-09, CT-04).

A job that is claimed is held by this incarnation of the process, which holds a liveness lock. Whoever starts or looks
around frees at once what dead incarnations held; the time limit is only for one that lives and is cut off.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from itertools import chain, zip_longest
from typing import Any, Final, TypeVar

import structlog
from structlog.contextvars import bound_contextvars

from app.domain.jobs import Job, JobLost, JobState, Postponed
from app.domain.shared.errors import Busy, Cancelled, DeadlineExceeded, DomainError, Unavailable
from app.domain.shared.ids import JobId, WorkerId
from app.usecases.context import CancellationToken, Context
from app.usecases.jobs import Failure, Planned
from app.usecases.ports.jobs import Liveness
from app.usecases.ports.shared import Clock, RolledBack
from app.usecases.run import Runner
from app.worker.book import JobBook
from app.worker.kinds import Attempt, JobKind
from app.worker.threads import in_thread

BUFFERED_PER_SLOT: Final = 10
"""How many jobs of a kind are claimed for each that may run at once: others' jobs find room too."""
SEEN_S: Final = 10.0
SWEEP_S: Final = 2.0
CUT_OFF: Final = timedelta(seconds=30)
RETRY_S: Final = 1.0
PASSING: Final = (Unavailable, Busy, DeadlineExceeded, RolledBack)
_log = structlog.get_logger(source="app.jobs")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSettings:
    """``at_once`` jobs run, ``buffer`` are held in all, a look every ``poll_s``, ``drain_s`` to finish in the end."""

    name: str
    at_once: int = 5
    buffer: int = 50
    poll_s: float = 1.0
    drain_s: float = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolTools:
    """What the pool works with; ``context`` gives that of a job, ``told`` hears how each attempt ended.

    ``told`` is given kind, outcome (a state, or ``lost``) and seconds. ``resume`` gives the block of an attempt that
    goes on with a job's trace.
    """

    book: JobBook
    kinds: Mapping[str, JobKind]
    liveness: Liveness
    runner: Runner
    clock: Clock
    context: Callable[[Job, float], Context]
    schedules: Sequence[Planned] = ()
    told: Callable[[str, str, float], None] = lambda _kind, _outcome, _seconds: None
    resume: Callable[[str, str], AbstractContextManager[object]] = lambda _trace, _name: nullcontext()


@dataclass(slots=True)
class _Timer:
    """Something done every ``seconds`` by the monotonic clock, at once the first time."""

    seconds: float
    at: float = float("-inf")

    def due(self, now: float) -> bool:
        if now < self.at:
            return False
        self.at = now + self.seconds
        return True


@dataclass(slots=True)
class _Running:
    """An attempt under way; ``failure`` is how it failed, until that is written down."""

    job: Job
    token: CancellationToken
    failure: Failure | None = None


@dataclass(slots=True)
class Pool:
    """The jobs of this process. ``run`` ends after ``drain`` was called; everything but ``wake`` is for its loop."""

    tools: PoolTools
    settings: PoolSettings
    _buffer: dict[str, deque[Job]] = field(default_factory=dict)
    _running: dict[JobId, _Running] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _draining: bool = False
    _worker: WorkerId | None = None
    _loop: asyncio.AbstractEventLoop | None = None
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _over: asyncio.Event = field(default_factory=asyncio.Event)
    _drained_by: float = float("inf")

    @property
    def working(self) -> bool:
        """Whether it takes jobs: it is entered, and not draining."""
        return self._worker is not None and not self._draining

    @property
    def held(self) -> int:
        """How many jobs it holds, waiting in the buffer or running."""
        return len(self._running) + sum(map(len, self._buffer.values()))

    def wake(self) -> None:
        """Look for jobs soon; from any thread, quick, and harmless when the pool does not run."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._woken.set)

    def drain(self) -> None:
        """Claim nothing more, work off what is held for as long as ``drain_s``, then end; a second call is nothing."""
        if not self._draining:
            self._draining = True
            self._drained_by = self.tools.clock.monotonic() + self.settings.drain_s
            self._woken.set()

    async def run(self) -> None:
        """Do jobs until ``drain``; then hand back what is unfinished, and leave."""
        self._loop = asyncio.get_running_loop()
        seen, sweep = _Timer(SEEN_S), _Timer(SWEEP_S)
        try:
            while not self._draining:
                wait = self.settings.poll_s
                try:
                    await self._keep_up(seen, sweep)
                    await self._fill()
                except Exception:  # noqa: BLE001 - whatever keeps it from looking, it looks again
                    _log.warning("jobs cannot be looked for", exc_info=True)
                    wait = RETRY_S
                self._begin()
                await self._rest(wait)
            await self._work_off()
        finally:
            await self._leave()

    async def _keep_up(self, seen: _Timer, sweep: _Timer) -> None:
        """Stay entered, free what the dead held, ask for what has come to its time."""
        now = self.tools.clock.monotonic()
        if self._worker is None:
            await self._enter()
            seen.due(now)
        elif seen.due(now) and not await self._alive(self._worker):
            self._gone()
            await self._enter()
        if sweep.due(now):
            await self._written(self._sweep)
            if await self._written(self.tools.book.ask_for_scheduled):
                self._woken.set()

    def _gone(self) -> None:
        """Take note that others have taken this process for dead, and what it held: it enters anew."""
        _log.warning("taken for dead", worker=self._worker, held=self.held)
        self._buffer.clear()
        self._worker = None
        self._woken.set()

    async def _enter(self) -> None:
        self._worker = await self._written(self._entered)

    def _entered(self) -> WorkerId:
        book = self.tools.book
        self.tools.liveness.release()
        worker = book.enter(self.settings.name)
        self.tools.liveness.hold(worker)
        book.plan(self.tools.schedules)
        return worker

    async def _alive(self, worker: WorkerId) -> bool:
        return await self._written(lambda: self.tools.liveness.holds() and self.tools.book.seen(worker))

    def _sweep(self) -> None:
        """Free what workers held that are dead, or have been silent for so long that they are cut off."""
        cut_off = self.tools.clock.now() - CUT_OFF
        for other in self.tools.book.workers():
            if other.id != self._worker and (other.seen_at < cut_off or self.tools.liveness.dead(other.id)):
                freed = self.tools.book.free(other.id)
                _log.warning("a worker died", worker=other.id, name=other.name, freed=freed)

    async def _fill(self) -> None:
        """Claim as many jobs as there is room for, in turns of the kinds."""
        room = self.settings.buffer - self.held
        wanted = {name: self._room_of(kind) for name, kind in self.tools.kinds.items()}
        kinds = [name for name, free in wanted.items() if free > 0]
        if room <= 0 or not kinds or self._worker is None:
            return
        due = await self._written(partial(self.tools.book.due, kinds, room))
        by_kind: dict[str, list[JobId]] = {}
        for job, name in due:
            if len(by_kind.setdefault(name, [])) < wanted[name]:
                by_kind[name].append(job)
        turns = chain.from_iterable(zip_longest(*by_kind.values()))
        chosen = [job for job in turns if job is not None][:room]
        if not chosen:
            return
        claimed = await self._written(partial(self.tools.book.claim, chosen, self._worker))
        if claimed is None:
            self._gone()
            return
        for taken in sorted(claimed, key=lambda one: (one.priority, one.due_at, one.id)):
            self._buffer.setdefault(taken.kind, deque()).append(taken)
        if len(due) >= room:
            self._woken.set()  # there may be more

    def _room_of(self, kind: JobKind) -> int:
        return kind.at_once * BUFFERED_PER_SLOT - len(self._buffer.get(kind.name, ()))

    def _begin(self) -> None:
        """Begin as many buffered jobs as may run."""
        for job in self._next():
            running = _Running(job, CancellationToken())
            self._running[job.id] = running
            task = asyncio.create_task(self._do(running))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _next(self) -> Iterator[Job]:
        """Give buffered jobs one after the other while there are free threads, the kinds in turns."""
        while len(self._running) < self.settings.at_once:
            ready = [name for name, jobs in self._buffer.items() if jobs and self._free(name)]
            if not ready:
                return
            name = min(ready, key=lambda one: (self._at_it(one), self._buffer[one][0].priority))
            yield self._buffer[name].popleft()

    def _at_it(self, name: str) -> int:
        """Count the jobs under way of a kind, or of the lane that it shares with others."""
        kinds = self.tools.kinds
        lane = kinds[name].lane
        under_way = (kinds[one.job.kind] for one in self._running.values())
        return sum(one.lane == lane if lane else one.name == name for one in under_way)

    def _free(self, name: str) -> bool:
        return self._at_it(name) < self.tools.kinds[name].at_once

    async def _do(self, running: _Running) -> None:
        """Do one job in a thread; after its time it has failed, even if its thread is still at it."""
        kind = self.tools.kinds[running.job.kind]
        thread = in_thread(partial(self._attempt, kind, running), f"job {kind.name}")
        try:
            done, _ = await asyncio.wait({thread}, timeout=kind.seconds)
            while not done and running.job.state is not JobState.RUNNING:  # its beginning is still being written down
                done, _ = await asyncio.wait({thread}, timeout=RETRY_S)
            if not done:
                await self._fail(running, kind, "timeout")
                running.token.cancel()  # only now: what the thread raises finds the job's version moved
            await asyncio.wait({thread})
            if error := thread.exception():
                _log.error("an attempt could not be written down", job=running.job.id, exc_info=error)
                await self._fail(running, kind, type(error).__name__)
        finally:
            del self._running[running.job.id]
            self._woken.set()

    def _attempt(self, kind: JobKind, running: _Running) -> None:
        """Do a job in this thread, and write down how it went."""
        began = self.tools.clock.monotonic()
        claimed = running.job
        told = {"job": claimed.id, "request_id": claimed.request_id, "company": claimed.company, "actor": claimed.actor}
        with bound_contextvars(**told), self.tools.resume(claimed.trace, f"job {kind.name}"):
            outcome = "lost"
            try:
                running.job = job = self.tools.book.start(claimed, kind.attempts, kind.on_dead)
                outcome = job.state.value if job.state is JobState.DEAD else self._tried(kind, running)
            except JobLost:
                _log.warning("a job went on without this attempt", kind=kind.name)
            finally:
                seconds, attempts = self.tools.clock.monotonic() - began, running.job.attempts
                self.tools.told(kind.name, outcome, seconds)
                _log.info("job", kind=kind.name, outcome=outcome, attempt=attempts, ms=round(seconds * 1000, 1))

    def _tried(self, kind: JobKind, running: _Running) -> str:
        """Run the kind's function, and give the state in which the job is left. Raises JobLost."""
        job = running.job
        context = replace(self.tools.context(job, kind.seconds), token=running.token)
        attempt = Attempt(job, context, self.tools.runner, self.tools.clock)
        try:
            kind.run(attempt)
            if not attempt.finished:
                attempt.end()
        except JobLost:
            raise
        except Exception as error:  # noqa: BLE001 - a job may raise anything
            running.failure = failure = failure_of(job, kind.attempts, error)
            state = self.tools.book.fail(failure, kind.on_dead)
            if failure.until is None:
                unforeseen = not isinstance(error, DomainError)
                _log.warning("a job failed", kind=kind.name, error=failure.error, exc_info=unforeseen)
            return state.value
        return JobState.DONE.value

    async def _fail(self, running: _Running, kind: JobKind, error: str) -> None:
        """Write down that an attempt failed, however often that takes: what nobody is at must not stay running."""
        failure = running.failure or Failure(job=running.job, error=error, most=kind.attempts)
        if failure.job.state is not JobState.RUNNING:  # its beginning was not written down: it was no attempt
            failure = replace(failure, until=self.tools.clock.now())
        while not self._over.is_set():
            try:
                await self._written(partial(self.tools.book.fail, failure, kind.on_dead))
            except JobLost:
                return  # done after all, or another worker's
            except Exception:  # noqa: BLE001 - whatever keeps it from being written, it is tried again
                _log.warning("a failure could not be written down", job=failure.job.id, exc_info=True)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._over.wait(), RETRY_S)
            else:
                return

    async def _work_off(self) -> None:
        """Do what is held until it is done or the time is over; then give back what is left."""
        while self.held and (left := self._drained_by - self.tools.clock.monotonic()) > 0:
            self._begin()
            await self._rest(min(left, self.settings.poll_s))
        unfinished = [*(one.job for one in self._running.values()), *chain.from_iterable(self._buffer.values())]
        self._buffer.clear()
        try:
            if unfinished:
                given = await self._written(partial(self.tools.book.hand_back, unfinished))
                _log.warning("jobs were handed back", given=given, held=len(unfinished))
        finally:
            for running in self._running.values():
                running.token.cancel()  # only now, as above

    async def _leave(self) -> None:
        worker, self._worker = self._worker, None
        self._draining = True
        self._over.set()
        try:
            if worker is not None:
                await self._written(partial(self.tools.book.free, worker))
            await self._written(self.tools.liveness.release)
        except Exception:  # noqa: BLE001 - the next worker finds that this one is dead
            _log.warning("the pool could not take leave", exc_info=True)

    async def _rest(self, seconds: float) -> None:
        """Wait until woken, or for so many seconds."""
        try:
            await asyncio.wait_for(self._woken.wait(), seconds)
        except TimeoutError:
            return
        self._woken.clear()

    async def _written(self, write: Callable[[], Result]) -> Result:
        """Do a step of the book in a thread."""
        return await in_thread(write, "job book")


def failure_of(job: Job, most: int, error: Exception) -> Failure:
    """Say how an attempt that raised ``error`` failed."""
    made: dict[str, Any] = {"job": job, "most": most}
    match error:
        case Postponed():
            return Failure(error=error.reason, until=error.until, **made)
        case DomainError():
            return Failure(error=error.code, lasting=not isinstance(error, (*PASSING, Cancelled)), **made)
        case _:
            return Failure(error=type(error).__name__, **made)
