"""A whole installation in one thread, driven by a seed: workers, their deaths, the clock, the order of everything.

``simulate(seed)`` raises AssertionError with what went wrong; the same seed does the same again. Workers run the real
core and keeper over the store in memory; only handlers and the passing of time are played.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any, ClassVar, Final, TypeVar

import msgspec

from app.workflow import codec
from app.workflow.asl.context import Surroundings
from app.workflow.asl.nested import nested
from app.workflow.kernel import stimuli as s
from app.workflow.kernel.errors import StepError
from app.workflow.kernel.fold import replay
from app.workflow.kernel.frames import Frame
from app.workflow.kernel.graph import Definition
from app.workflow.runtime.children import Nested
from app.workflow.runtime.core import BusyError, Core, UnfitError
from app.workflow.runtime.keeper import Keeper
from app.workflow.runtime.live import Command, Definitions, Item, StepKey
from app.workflow.runtime.store import Append, Key, Letter, Message, NewExecution, Row, StoreUnavailableError
from app.workflow.stores.memory import MemoryStore, MemoryTransaction
from tests.support.workflow.dice import Dice
from tests.support.workflow.flows import CHILDREN, FLOWS, HANG, result

_T = TypeVar("_T")
LEASE: Final = 30_000
LONGEST: Final = 4_000
"""Moves after which a run is taken for stuck."""
STARTED: Final = tuple(name for name in FLOWS if name not in {"refund", "deaf"})
NESTED: Final = nested(Surroundings())


class Died(BaseException):
    """The worker's process is gone; nothing of it may catch this."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """A planted bug: another core, or a store that lets everything through."""

    core: type[Core] = Core
    fenced: bool = True


@dataclass(slots=True)
class Truth:
    """What is on disk, followed commit by commit; and what handlers have done to the world outside."""

    frames: dict[Key, Frame] = field(default_factory=dict)
    scheduled: set[StepKey] = field(default_factory=set)
    waiting: dict[Key, set[StepKey]] = field(default_factory=dict)
    finished: set[StepKey] = field(default_factory=set)
    outside: dict[tuple[Any, ...], set[str]] = field(default_factory=dict)
    ledger: Counter[tuple[Any, ...]] = field(default_factory=Counter)

    def learn(self, append: Append, seed: str) -> None:
        """Fold what was committed: history alone must give what the checkpoint says."""
        key = append.key
        frame = self.frames.setdefault(key, Frame(key.id, seed))
        try:
            replay(frame, codec.unpack_history(append.history))
        except Exception as error:
            raise AssertionError(f"{key}: version {append.version} cannot follow: {error!r}") from error
        assert append.checkpoint == msgspec.json.encode((codec.SCHEMA, frame)).decode(), f"{key}: replay differs"
        waiting = {
            StepKey(key, branch.id, branch.entry, branch.attempt)
            for branch in frame.branches.values()
            if branch.wait is not None and branch.wait.kind == "task"
        }
        self.finished |= self.waiting.get(key, set()) - waiting
        self.waiting[key] = waiting
        self.scheduled |= waiting


class FaultyStore(MemoryStore):
    """The store as one worker sees it: it may die, or lose the connection, before a call and after it."""

    def __init__(self, world: World, inner: MemoryStore) -> None:
        # The same dictionaries: another view of the one store, not a copy.
        self.__dict__ = inner.__dict__
        self.world = world

    def commit(self, appends: Sequence[Append], connection: Any = None) -> set[Key]:
        """Commit, and let the truth know what was."""
        if not self.world.flaw.fenced:
            appends = [self._forced(append) for append in appends]
        taken = MemoryStore.commit
        return self._call(lambda: taken(self, appends, connection), lambda keys: self._known(appends, keys, connection))

    def _known(self, appends: Sequence[Append], written: set[Key], connection: Any) -> None:
        for append in appends:
            if append.key not in written:
                continue
            seed = self._rows[append.key].seed
            if connection is None:
                self.world.truth.learn(append, seed)
            else:
                connection.work.append(lambda append=append, seed=seed: self.world.truth.learn(append, seed))

    def _forced(self, append: Append) -> Append:
        row = self._rows.get(append.key)
        return append if row is None else msgspec.structs.replace(append, version=row.version + 1)

    def claim(self, worker: int, now: int, limit: int, *, suspects: bool = True) -> list[Row]:
        """Claim."""
        taken = MemoryStore.claim
        return self._call(lambda: taken(self, worker, now, limit, suspects=suspects))

    def load(self, keys: Iterable[Key]) -> list[Row]:
        """Load."""
        taken = MemoryStore.load
        return self._call(lambda: taken(self, keys))

    def letters(self, worker: int, limit: int) -> list[Letter]:
        """Give letters."""
        taken = MemoryStore.letters
        return self._call(lambda: taken(self, worker, limit))

    def deliver(self, now: int, limit: int) -> int:
        """Deliver."""
        taken = MemoryStore.deliver
        return self._call(lambda: taken(self, now, limit))

    def renew(self, worker: int, until: int) -> bool:
        """Renew."""
        taken = MemoryStore.renew
        return self._call(lambda: taken(self, worker, until))

    def bury(self, now: int) -> list[int]:
        """Bury."""
        taken = MemoryStore.bury
        return self._call(lambda: taken(self, now))

    def _call(self, call: Callable[[], _T], after: Callable[[_T], None] | None = None) -> _T:
        self.world.mishap()
        given = call()
        if after is not None:
            after(given)
        self.world.mishap()
        return given


@dataclass(slots=True)
class Job:
    """A handler at work; ``append`` is set between its decision and its commit.

    ``alone`` is set when it was in a transaction with others that came to nothing.
    """

    command: Command
    finish: int
    append: Append | None = None
    alone: bool = False


class Machines:
    """The flows, known to every worker."""

    def find(self, namespace: str, machine: str, edition: int) -> Definition | None:  # noqa: ARG002 - a port
        """Give a flow."""
        return FLOWS.get(machine)

    def newest(self, namespace: str, machine: str) -> Definition | None:  # noqa: ARG002 - a port
        """Give a flow."""
        return FLOWS.get(machine)


class Player:
    """One worker's process."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.store = FaultyStore(world, world.store)
        self.core = world.flaw.core(
            self.store,
            world.machines,
            0,
            new_id=world.new_id,
            new_seed=lambda: "late",
            nested=world.nested,
            linger=5_000,
        )
        self.keeper = Keeper(self.store, self.core, f"worker {number}", lease=LEASE)
        self.inbox: list[Item] = []
        self.jobs: list[Job] = []
        self.asleep = 0
        self.keeper.enter(world.now)

    def work(self) -> None:
        """Do a round of the loop: sometimes sweep, take what has come, turn, start what was commanded."""
        world, dice = self.world, self.world.dice
        items: list[Item] = []
        try:
            if not world.chaos or not self.inbox or dice.one_in(2):
                items, _ = self.keeper.sweep(world.now)
        except StoreUnavailableError:
            pass
        if world.chaos and len(self.inbox) > 1 and dice.one_in(2):
            self.inbox.append(self.inbox.pop(0))
        took = len(self.inbox) if not world.chaos else dice.below(len(self.inbox) + 1)
        items, self.inbox = [*items, *self.inbox[:took]], self.inbox[took:]
        self.begin(self.core.turn(items, world.now))

    def begin(self, commands: Iterable[Command]) -> None:
        """Start handlers; each takes its time."""
        for command in commands:
            step, truth = command.step, self.world.truth
            assert step in truth.scheduled, f"{step} runs before it is on disk"
            # A worker that slept past its lease cannot know; all others can.
            if self.store._rows[step.key].owner == self.core.worker:
                assert step not in truth.finished, f"{step} runs again though it is done"
            time = self.world.dice.below(2_000) if self.world.chaos else 1
            self.jobs.append(Job(command, self.world.now + time))

    def finish(self, job: Job) -> None:
        """Let a handler do its work and answer, perhaps twice."""
        self.jobs.remove(job)
        command = job.command
        step = command.step
        try:
            done = self._done(command)
        except StepError as error:
            if error.error != HANG:
                told = (step.branch, step.entry, step.attempt)
                self.answer(Item(step.key, s.TaskError(*told, error.error, error.cause)))
            return
        if command.resource.startswith("tx."):
            company = self._company(job)
            if company:
                self.share([job, *company])
            else:
                self.transact(job, done)
            return
        self.world.truth.outside.setdefault(effect(command), set()).add(f"{step.entry}/{step.attempt}")
        self.answer(done)

    def _company(self, job: Job) -> list[Job]:
        """Choose who shares a transaction: other executions' steps, which will not fail by themselves."""
        if not self.world.chaos or job.alone or self.world.dice.one_in(3):
            return []
        chosen = {job.command.step.key: job}
        for other in self.jobs:
            # However long it was to take: sooner is as good as later.
            if not other.alone and other.append is None and self._goes_well(other):
                chosen.setdefault(other.command.step.key, other)
        return list(chosen.values())[1:]

    def _done(self, command: Command) -> Item:
        """Do what a handler does, and give its result. Raises StepError."""
        step = command.step
        given = self.world.result(self.store, command)
        return Item(step.key, s.TaskDone(step.branch, step.entry, step.attempt, given))

    def _goes_well(self, job: Job) -> bool:
        try:
            self._done(job.command)
        except StepError:
            return False
        return job.command.resource.startswith("tx.")

    def share(self, jobs: list[Job]) -> None:
        """Do several steps in one transaction; when that comes to nothing each is tried alone."""
        world = self.world
        self.jobs = [job for job in self.jobs if job not in jobs]
        appends: list[Append] = []
        try:
            appends = self.core.prepare_all([self._done(job.command) for job in jobs], world.now)
            with self.store.transaction() as transaction:
                transaction.work.append(lambda: world.truth.ledger.update(effect(job.command) for job in jobs))
                self.write(appends, transaction)
                world.unplug()
            world.mishap()
        except (UnfitError, BusyError, StoreUnavailableError, _FencedError):
            for append in appends:
                self.core.withdraw(append.key)
            self.jobs.extend(replace(job, alone=True) for job in jobs)
            return
        for append in appends:
            self.begin(self.core.confirm(append.key, committed=True))

    def answer(self, item: Item) -> None:
        """Put an answer in front of the loop."""
        self.inbox.append(item)
        if self.world.chaos and self.world.dice.one_in(8):
            self.inbox.append(item)

    def transact(self, job: Job, item: Item) -> None:
        """Run the business part; decide at its end, and commit a moment later."""
        try:
            job.append = self.core.prepare(item, self.world.now)
        except BusyError:
            self.jobs.append(job)
            return
        if job.append is None:
            self.core.give_up(job.command.step)
            return
        self.jobs.append(job)
        if not self.world.chaos or self.world.dice.one_in(2):
            self.conclude(job)

    def conclude(self, job: Job) -> None:
        """Commit business and append together, or neither."""
        self.jobs.remove(job)
        append = job.append
        assert append is not None
        world, committed = self.world, False
        try:
            with self.store.transaction() as transaction:
                transaction.work.append(lambda: world.truth.ledger.update([effect(job.command)]))
                self.write([append], transaction)
            world.mishap()
            committed = True
        except (StoreUnavailableError, _FencedError):
            pass
        self.begin(self.core.confirm(job.command.step.key, committed=committed))

    def write(self, appends: list[Append], transaction: MemoryTransaction) -> None:
        """Append as the last statement."""
        if len(self.store.commit(appends, transaction)) != len(appends):
            raise _FencedError


class _FencedError(Exception):
    """Another worker was quicker: roll back."""


def effect(command: Command) -> tuple[Any, ...]:
    """Name what a step does to the world, without the number of its visit: that depends on who was quicker."""
    step = command.step
    argument = msgspec.json.encode(command.argument)
    return (step.key, command.resource, argument, step.attempt)


class World:
    """The installation, and the moves that can be made in it.

    ``machines`` are known to every worker, ``nested`` what steps start executions by.
    """

    machines: ClassVar[Definitions] = Machines()
    nested: ClassVar[Mapping[str, Nested]] = NESTED

    def __init__(
        self, seed: int, flows: Sequence[str] | None = None, *, chaos: bool = True, flaw: Flaw | None = None
    ) -> None:
        self.dice = Dice(seed)
        self.chaos = chaos
        self.flaw = flaw or Flaw()
        self.now = 1_000_000
        self.store = MemoryStore()
        self.truth = Truth()
        self.mishaps = self.dice.below(5) if chaos else 0
        self.ids = 0
        self.entered = 0
        self.players: list[Player] = []
        self.script: list[tuple[int, Callable[[], None]]] = []
        if flows is None:
            flows = [self.dice.pick(STARTED) for _ in range(1 + self.dice.below(3))]
        self.started = {self._plan(flow, number): flow for number, flow in enumerate(flows)}

    def result(self, store: MemoryStore, command: Command) -> Any:
        """Give what a step gives; ``store`` is how its worker sees it. Raises StepError."""
        del store
        return result(command.resource, command.argument, command.step.attempt)

    def new_id(self) -> str:
        """Name what is started for a late signal."""
        self.ids += 1
        return f"refund{self.ids}"

    def mishap(self) -> None:
        """Let a worker die here, or lose its connection, now and then."""
        if self.mishaps and self.dice.one_in(12):
            self.mishaps -= 1
            if self.dice.one_in(2):
                raise Died
            raise StoreUnavailableError

    def unplug(self) -> None:
        """Lose the connection in the middle of what several depend on: often, for it is seldom that several do."""
        if self.dice.one_in(4):
            raise StoreUnavailableError

    def run(self) -> None:
        """Move until all has ended."""
        for _ in range(LONGEST):
            if self._over():
                return
            self._move()
        raise AssertionError(f"stuck: {[(key, frame.status.value) for key, frame in self.truth.frames.items()]}")

    # The outside

    def _plan(self, flow: str, number: int) -> Key:
        # The namespaces hold the same ids: what reaches across them shows.
        key = Key("ab"[number % 2], f"{flow}{number // 2}")
        new = NewExecution(key, flow, 1, '{"n":1}', self.now, "seed")
        self.store.start(new)
        signal = {"signal": "go", "late": "money", "message": "paid"}.get(flow)
        if signal is None:
            return key
        at = self.now + (self.dice.below(80_000) if self.chaos else 0)
        correlation = key.id if flow == "message" else ""
        body = codec.pack_stimulus(s.Signal(f"s-{key.id}", signal, "came", self.now + 10**9, correlation))
        for _ in range(1 + (self.chaos and self.dice.one_in(3))):
            if flow == "message":
                message = Message(key.namespace, f"m-{key.id}", signal, key.id, body, self.now + 10**9)
                self.script.append((at, partial(self.store.publish, message)))
            else:
                letter = Letter(key, f"s-{key.id}", body)
                self.script.append((at, partial(self.store.post, [letter])))
            at += self.dice.below(20_000) if self.chaos else 0
        return key

    def _over(self) -> bool:
        if self.script or self.store._inbox:
            return False
        return all(row.ended is not None for row in self.store._rows.values())

    # The moves

    def _move(self) -> None:
        awake = [player for player in self.players if player.asleep <= self.now]
        if not awake or (self.chaos and len(self.players) < 3 and self.dice.one_in(60)):
            self.entered += 1
            self.players.append(Player(self, self.entered))
            return
        player = self.dice.pick(awake) if len(awake) > 1 else awake[0]
        try:
            self._act(player, alone=len(awake) == 1)
        except Died:
            self.players.remove(player)
            if self.dice.one_in(2):
                self.store.lose(player.core.worker)

    def _act(self, player: Player, *, alone: bool) -> None:
        due = [play for play in self.script if play[0] <= self.now]
        if due:
            self.script.remove(due[0])
            due[0][1]()
        ready = [job for job in player.jobs if job.finish <= self.now]
        if self.mishaps and self.dice.one_in(30):
            # A pause longer than its lease: it wakes and believes that it still holds what it held.
            self.mishaps -= 1
            player.asleep = self.now + LEASE + self.dice.below(20_000)
        elif ready and self.dice.one_in(2):
            job = self.dice.pick(ready)
            if job.append is not None:
                player.conclude(job)
            else:
                player.finish(job)
        else:
            jobs = len(player.jobs)
            player.work()
            if not ready and not player.inbox and (alone or not self.dice.one_in(3)) and jobs == len(player.jobs):
                self._pass_time()

    def _pass_time(self) -> None:
        """Go to the next instant at which something happens, or a bit on."""
        if self.chaos and self.dice.one_in(6):
            self.now += self.dice.below(500)
            return
        awake = [player for player in self.players if player.asleep <= self.now]
        nexts = [at for at, _ in self.script]
        nexts += [job.finish for player in awake for job in player.jobs]
        nexts += [row.due for row in self.store._rows.values() if row.due is not None and row.ended is None]
        nexts += [player.asleep for player in self.players]
        nexts += self.store._workers.values()
        later = [at for at in nexts if at > self.now]
        # Whoever is awake says so in time; only a mishap makes it miss its lease.
        latest = min((player.keeper._renewal for player in awake), default=self.now)
        self.now = max(self.now, min(min(later, default=self.now + 1_000), latest))


def simulate(seed: int, flaw: Flaw | None = None) -> None:
    """Play one seed and look at what has come of it. Raises AssertionError."""
    world = World(seed, flaw=flaw)
    world.run()
    for key, flow in world.started.items():
        _check(world, key, flow)
    _check_children(world)
    for (key, resource, *_), count in world.truth.ledger.items():
        assert count == 1, f"{key}: {resource} was done {count} times"
    for (key, resource, *_), steps in world.truth.outside.items():
        assert len(steps) == 1, f"{key}: {resource} had the step ids {steps}"


def _check_children(world: World) -> None:
    """Look at what executions have started: as many as were meant, each of which ended as it should."""
    meant = Counter((key.namespace, *CHILDREN[flow]) for key, flow in world.started.items() if flow in CHILDREN)
    rows = [row for row in world.store._rows.values() if row.key not in world.started and row.machine != "refund"]
    assert Counter((row.key.namespace, row.machine, row.status.value) for row in rows) == meant
    for row in rows:
        seen = Seen.of(world, row.key)
        assert row.machine == "deaf" or seen == undisturbed(row.machine), f"{row.key} of {row.machine}: {seen}"


def _check(world: World, key: Key, flow: str) -> None:
    frame = world.truth.frames[key]
    if flow == "late":
        received = isinstance(frame.output, list) and frame.output[0] == "y"
        frames = world.truth.frames
        inputs = [frames[name].input for name in frames if name.namespace == key.namespace and "refund" in name.id]
        refunds = [given for given in inputs if given["Execution"] == key.id]
        assert len(refunds) == (0 if received else 1), f"{key}: {frame.output} and {len(refunds)} refunds"
        return
    seen, wanted = Seen.of(world, key), undisturbed(flow)
    assert seen == wanted, f"{key} of {flow}: {seen} instead of {wanted}"


@dataclass(frozen=True, slots=True)
class Seen:
    """What an execution came to and did, whatever the order."""

    status: str
    output: str
    error: str
    ledger: frozenset[tuple[Any, ...]]
    outside: frozenset[tuple[Any, ...]]

    @classmethod
    def of(cls, world: World, key: Key) -> Seen:
        """Look at one execution."""
        frame = world.truth.frames[key]
        return cls(
            frame.status.value,
            repr(frame.output),
            frame.error,
            frozenset(name[1:] for name in world.truth.ledger if name[0] == key),
            frozenset(name[1:] for name in world.truth.outside if name[0] == key),
        )


@cache
def undisturbed(flow: str) -> Seen:
    """Give what a flow comes to when nothing goes wrong."""
    world = World(0, [flow], chaos=False)
    world.run()
    (key,) = world.started
    return Seen.of(world, key)
