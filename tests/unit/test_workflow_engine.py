"""The engine as its user holds it, over the store in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from app.workflow.kernel import events as e
from app.workflow.kernel.errors import StepError
from app.workflow.kernel.graph import Catcher, Compensation, Retrier
from app.workflow.kernel.lifecycle import InvalidTransitionError
from app.workflow.kernel.states import Pass, Receive, Task
from app.workflow.kernel.status import Status
from app.workflow.runtime.engine import (
    Engine,
    StaleTokenError,
    UnknownExecutionError,
    UnknownMachineError,
)
from app.workflow.runtime.steps import Step
from app.workflow.runtime.store import Append, Key, NameTakenError, Query, Row, StoreUnavailableError
from app.workflow.runtime.tokens import InvalidTokenError
from app.workflow.stores.memory import MemoryStore, MemoryTransaction
from tests.support.workflow.hand import HandClock, machine

pytestmark = pytest.mark.fast

ONE = machine("one", Task("a", {"success": None}, "do.a"))
LISTEN = machine("listen", Receive("r", {"success": None}, names=["go"]))


def _run(function: Callable[..., Any], data: Any = None, **how: Any) -> Any:
    engine = Engine(MemoryStore(), workers=1)
    engine.register(ONE)
    engine.task("do.a", **how)(function)
    with engine:
        return engine.wait_for(engine.start("one", data))


def test_five_lines_run_a_machine() -> None:
    engine = Engine(MemoryStore())
    engine.register(ONE)
    engine.task("do.a")(lambda data: data + 1)
    with engine:
        assert engine.wait_for(engine.start("one", 1)).output == 2


def test_an_async_function_does_a_step_too() -> None:
    async def double(data: int) -> int:
        return data * 2

    assert _run(double, 4).output == 8


def test_an_inline_function_runs_on_the_engine_s_own_thread() -> None:
    assert _run(lambda _data: threading.current_thread().name, inline=True).output == "workflow"


def test_a_handler_may_change_the_data_it_is_given() -> None:
    """ORC-05: no state is shared between executions, nor with what the history holds."""
    engine = Engine(MemoryStore(), workers=1)
    engine.register(ONE)

    @engine.task("do.a")
    def change(data: dict[str, Any]) -> Any:
        data["list"].append(2)
        return data

    with engine:
        key = engine.start("one", {"list": [1]})
        assert engine.wait_for(key).output == {"list": [1, 2]}
        scheduled = [event for _, event in engine.history(key) if isinstance(event, e.TaskScheduled)]
    assert scheduled[0].argument == {"list": [1]}


def test_a_handler_that_asks_for_its_step_is_told_of_it() -> None:
    """SAGA-02: each step has an id of its own that outside systems know it by."""
    told: list[Step] = []

    def work(_data: Any, step: Step) -> None:
        told.append(step)
        if step.attempt == 1:
            raise StepError("Again")

    engine = Engine(MemoryStore(), workers=1)
    engine.register(
        machine("one", Task("a", {"success": None}, "do.a", retriers=(Retrier(interval=0.001),), timeout=60))
    )
    engine.task("do.a")(work)
    with engine:
        key = engine.start("one", namespace="n", principal="ana")
        engine.wait_for(key)
    first, second = told
    assert (first.namespace, first.principal, first.machine, first.state) == ("n", "ana", "one", "a")
    assert first.id != second.id
    assert first.visit == second.visit
    assert first.due is not None


@pytest.mark.parametrize(
    ("error", "name", "cause"),
    [(StepError("Card.Declined", "no money"), "Card.Declined", "no money"), (KeyError("x"), "KeyError", "'x'")],
)
def test_what_a_handler_raises_is_the_error_of_its_step(error: Exception, name: str, cause: str) -> None:
    def work(_data: Any) -> None:
        raise error

    described = _run(work)
    assert (described.status, described.error, described.cause) == (Status.FAILED, name, cause)


@pytest.mark.parametrize("result", [float("nan"), [float("inf"), None], object(), {"a": {1, object()}}, "\ud800"])
def test_a_result_that_is_no_json_value_fails_the_step(result: Any) -> None:
    assert _run(lambda _data: result).error == "States.Runtime"


def test_a_resource_nobody_does_fails_the_step() -> None:
    engine = Engine(MemoryStore(), workers=1)
    engine.register(ONE)
    with engine:
        described = engine.wait_for(engine.start("one"))
    assert (described.error, described.cause) == ("States.Runtime", "nothing does do.a")


@pytest.mark.parametrize(
    ("how", "function"),
    [
        ({"inline": True, "transactional": True}, lambda data: data),
        ({}, lambda data, connection: (data, connection)),
    ],
)
def test_a_function_that_cannot_be_called_as_asked_is_refused(how: dict[str, bool], function: Any) -> None:
    store = MemoryStore()
    with pytest.raises(ValueError, match=r"transactional"):
        Engine(store, transactions=store.transaction).task("do.a", **how)(function)


def test_a_transactional_function_needs_transactions() -> None:
    with pytest.raises(ValueError, match=r"not given transactions"):
        Engine(MemoryStore()).task("do.a", transactional=True)


def test_a_resource_has_one_who_does_it() -> None:
    engine = Engine(MemoryStore())
    engine.activity("do.a")
    with pytest.raises(ValueError, match=r"somebody"):
        engine.task("do.a")(lambda data: data)


def test_an_edition_of_a_machine_never_changes() -> None:
    engine = Engine(MemoryStore())
    engine.register(ONE)
    engine.register(ONE)
    with pytest.raises(ValueError, match=r"another edition 1"):
        engine.register(machine("one", Pass("a", {"success": None})))


def test_a_new_execution_takes_the_newest_edition() -> None:
    engine = Engine(MemoryStore())
    engine.register(machine("m", Pass("a", {"success": None}), edition=2))
    engine.register(machine("m", Pass("a", {"success": None}), edition=1))
    assert engine.describe(engine.start("m")).edition == 2


# Transactions


class _Bank:
    """Business that takes part in the store's transactions."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.booked: list[Any] = []

    def book(self, connection: MemoryTransaction, what: Any) -> None:
        connection.work.append(lambda: self.booked.append(what))


def _transact(bank: _Bank, work: Callable[..., Any], **how: Any) -> Any:
    engine = Engine(bank.store, workers=2, transactions=how.pop("transactions", bank.store.transaction), **how)
    engine.register(ONE)
    engine.task("do.a", transactional=True)(work)
    with engine:
        return engine.wait_for(engine.start("one"))


def test_business_and_result_are_committed_together() -> None:
    bank = _Bank()

    def work(_data: Any, connection: Any) -> str:
        bank.book(connection, "entry")
        return "done"

    assert _transact(bank, work).output == "done"
    assert bank.booked == ["entry"]


def test_a_failing_transaction_leaves_nothing_but_its_error() -> None:
    bank = _Bank()

    def work(_data: Any, connection: Any) -> None:
        bank.book(connection, "entry")
        raise StepError("Refused")

    assert _transact(bank, work).error == "Refused"
    assert bank.booked == []


def test_a_transaction_that_failed_for_no_fault_of_its_own_runs_again_as_the_same_step() -> None:
    bank = _Bank()
    steps: list[str] = []

    class DeadlockError(Exception):
        pass

    def work(_data: Any, connection: Any, step: Step) -> None:
        steps.append(step.id)
        if len(steps) < 3:
            raise DeadlockError
        bank.book(connection, "entry")

    described = _transact(bank, work, is_transient=lambda error: isinstance(error, DeadlockError))
    assert (described.status, len(steps), len(set(steps)), bank.booked) == (Status.SUCCEEDED, 3, 1, ["entry"])


@pytest.mark.parametrize("happened", [True, False])
def test_a_transaction_whose_commit_was_not_heard_of_happens_once(*, happened: bool) -> None:
    """SAGA-02: whether it is done is looked up before a step runs again."""
    bank = _Bank()
    tries: list[int] = []

    @contextmanager
    def transactions() -> Iterator[MemoryTransaction]:
        tries.append(1)
        with bank.store.transaction() as transaction:
            yield transaction
            if len(tries) == 1 and not happened:
                raise StoreUnavailableError
        if len(tries) == 1:
            raise StoreUnavailableError

    def work(_data: Any, connection: Any) -> None:
        bank.book(connection, "entry")

    described = _transact(bank, work, transactions=transactions)
    assert (described.status, bank.booked) == (Status.SUCCEEDED, ["entry"])
    assert len(tries) == (1 if happened else 2)


# Executions from outside


def test_a_start_within_a_transaction_happens_with_it_or_not_at_all() -> None:
    store = MemoryStore()
    engine = Engine(store)
    engine.register(ONE)
    lost: list[Key] = []

    def roll_back() -> None:
        with store.transaction() as transaction:
            lost.append(engine.start("one", connection=transaction))
            raise KeyError

    with pytest.raises(KeyError):
        roll_back()
    with store.transaction() as transaction:
        kept = engine.start("one", connection=transaction)
    assert store.load(lost) == []
    assert engine.describe(kept).status is Status.PENDING


def test_a_name_is_given_once() -> None:
    engine = Engine(MemoryStore())
    engine.register(LISTEN)
    with engine:
        held = engine.start("listen", {"n": 1}, name="x")
        engine.start("listen", name="x", namespace="another")
        with pytest.raises(NameTakenError) as raised:
            engine.start("listen", name="x")
    assert (raised.value.holder, raised.value.given) == (held.id, '{"n":1}')


def test_data_that_is_no_json_value_and_machines_nobody_knows_are_refused() -> None:
    engine = Engine(MemoryStore())
    engine.register(ONE)
    with pytest.raises(ValueError, match=r"not finite"):
        engine.start("one", float("nan"))
    with pytest.raises(UnknownMachineError):
        engine.start("none")


def test_signals_and_messages_reach_who_waits() -> None:
    engine = Engine(MemoryStore())
    engine.register(LISTEN)
    engine.register(machine("paid", Receive("r", {"success": None}, names=["money"], key=lambda _visit: "7")))
    with engine:
        listening, paid = engine.start("listen"), engine.start("paid")
        engine.signal(listening, "go", {"n": 1})
        engine.publish("money", 5, correlation="7")
        assert engine.wait_for(listening).output == {"n": 1}
        assert engine.wait_for(paid).output == 5


def test_an_execution_of_another_namespace_is_not_there() -> None:
    engine = Engine(MemoryStore())
    engine.register(LISTEN)
    key = engine.start("listen", namespace="a")
    other = Key("b", key.id)
    acts: list[Callable[[Key], object]] = [
        engine.describe,
        engine.stop,
        engine.rollback,
        engine.redrive,
        lambda key: engine.signal(key, "go"),
    ]
    for act in acts:
        with pytest.raises(UnknownExecutionError):
            act(other)
    assert engine.history(other) == []
    assert engine.executions(Query("b")) == []
    assert len(engine.executions(Query("a"))) == 1


def test_an_execution_is_stopped_and_goes_on_when_it_is_redriven() -> None:
    waiting = _Waiting()
    engine = Engine(MemoryStore(), listeners=[waiting])
    engine.register(LISTEN)
    with engine:
        key = engine.start("listen")
        engine.stop(key, "Why", "not")
        stopped = engine.wait_for(key)
        assert (stopped.status, stopped.error, stopped.cause) == (Status.ABORTED, "Why", "not")
        engine.redrive(key)
        waiting.wait_for(2)
        engine.signal(key, "go", 3)
        described = engine.wait_for(key)
    assert (described.status, described.output, described.redrives) == (Status.SUCCEEDED, 3, 1)


def test_what_an_execution_may_not_do_is_refused_with_what_it_may() -> None:
    """ORC-01: an invalid transition raises InvalidTransitionError and changes nothing."""
    engine = Engine(MemoryStore())
    engine.register(LISTEN)
    with engine:
        key = engine.start("listen")
        before = engine.store.load([key])
        with pytest.raises(InvalidTransitionError) as raised:
            engine.redrive(key)
        assert set(raised.value.allowed) >= {"abort", "compensate"}
        assert engine.store.load([key]) == before
        engine.signal(key, "go")
        engine.wait_for(key)
        for act in (engine.stop, engine.rollback, engine.redrive, lambda key: engine.signal(key, "go")):
            with pytest.raises(InvalidTransitionError):
                act(key)


def test_a_rollback_undoes_what_was_done_unless_the_pivot_is_passed() -> None:
    """SAGA-01, SAGA-03: a pivot leaves no way back."""
    undone: list[Any] = []
    waiting = _Waiting()
    engine = Engine(MemoryStore(), workers=1, listeners=[waiting])
    for name, more in (
        ("soft", {"compensation": Compensation("undo.a")}),
        ("hard", {"pivot": True}),
    ):
        states = (Task("a", {"success": "r"}, "do.a", **more), Receive("r", {"success": None}, names=["go"]))
        engine.register(machine(name, *states))
    engine.task("do.a")(lambda _data: "did")
    engine.task("undo.a")(undone.append)
    with engine:
        soft, hard = engine.start("soft"), engine.start("hard")
        waiting.wait_for(2)
        with pytest.raises(InvalidTransitionError) as raised:
            engine.rollback(hard)
        assert raised.value.guard == "not_past_the_pivot"
        engine.rollback(soft, "Changed", "my mind")
        assert engine.wait_for(soft).error == "Changed"
        with pytest.raises(InvalidTransitionError) as raised:
            engine.redrive(soft)
        assert raised.value.guard == "not_undone"
    assert undone == ["did"]


class _Waiting:
    """A listener that knows how often something began to wait for a signal."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0

    def told(self, key: Key, machine: str, events: Sequence[e.Event]) -> None:
        del key, machine
        with self._changed:
            self._count += sum(isinstance(event, e.SignalAwaited) for event in events)
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._count >= count, 10)


# Activities


def _activity() -> Engine:
    engine = Engine(MemoryStore(), workers=1)
    engine.register(
        machine(
            "ask",
            Task(
                "a",
                {"success": None, "failure": "late"},
                "ask.person",
                heartbeat=3_600,
                catchers=(Catcher(("Tired",)),),
            ),
            Pass("late", {"success": None}),
        )
    )
    engine.activity("ask.person")
    return engine


def test_an_activity_is_done_by_whoever_polls_and_answers_by_its_token() -> None:
    engine = _activity()
    with engine:
        assert engine.poll("ask.person") is None
        key = engine.start("ask", {"q": 1}, namespace="n")
        assert engine.poll("ask.person", namespace="another") is None
        task = engine.poll("ask.person", namespace="n", worker="eva", seconds=5)
        assert task is not None
        assert (task.argument, task.beat) == ({"q": 1}, 3_600_000)
        engine.heartbeat(task.token, namespace="n")
        engine.succeed(task.token, 42, namespace="n")
        assert engine.wait_for(key).output == 42
        with pytest.raises(StaleTokenError):
            engine.succeed(task.token, namespace="n")
        kinds = [type(event) for _, event in engine.history(key)]
    assert e.TaskStarted in kinds
    assert e.TaskBeat in kinds


def test_an_activity_that_fails_is_caught_as_any_step() -> None:
    engine = _activity()
    with engine:
        key = engine.start("ask")
        task = engine.poll("ask.person", seconds=5)
        assert task is not None
        engine.fail(task.token, "Tired", "of it")
        assert engine.wait_for(key).output == {"Error": "Tired", "Cause": "of it"}


def test_a_token_is_of_no_use_elsewhere_and_cannot_be_made_up() -> None:
    engine = _activity()
    with engine:
        engine.start("ask", namespace="a")
        task = engine.poll("ask.person", namespace="a", seconds=5)
        assert task is not None
        wrong = ("B" if task.token[0] != "B" else "C") + task.token[1:]
        for token, namespace in ((task.token, "b"), (wrong, "a"), ("", "a"), ("%%%", "a"), (task.token[:-8], "a")):
            with pytest.raises(InvalidTokenError):
                engine.succeed(token, namespace=namespace)


# Looking


def test_history_is_read_page_by_page() -> None:
    """ORC-04: every step and transition is stored and can be asked for in order."""
    engine = Engine(MemoryStore(), workers=1)
    engine.register(ONE)
    engine.task("do.a")(lambda data: data)
    with engine:
        key = engine.start("one")
        engine.wait_for(key)
        whole = engine.history(key)
        assert [number for number, _ in whole] == list(range(1, len(whole) + 1))
        assert engine.history(key, 2, 3) == whole[2:5]
        assert engine.history(key, len(whole)) == []


class _Overtaken(MemoryStore):
    """Somebody puts something down, and says so, just after the store was asked what there is to do."""

    after: Callable[[], None] | None = None

    def claim(self, worker: int, now: int, limit: int, *, suspects: bool = True) -> list[Row]:
        found = super().claim(worker, now, limit, suspects=suspects)
        after, self.after = self.after, None
        if after is not None:
            after()
        return found


def test_a_nudge_is_not_lost_while_the_store_is_asked() -> None:
    """ORC-07: what was started with a connection begins at once, not when the store is asked the next time anyway."""
    store, started = _Overtaken(), threading.Event()
    engine = Engine(store, clock=HandClock())
    engine.register(ONE)
    engine.task("do.a")(lambda data: data)
    keys: list[Key] = []

    def overtake() -> None:
        keys.append(engine.start("one", "in", id="late"))
        started.set()

    with engine:
        engine.run("one")
        store.after = overtake
        engine.nudge()
        assert started.wait(10)
        assert engine.wait_for(keys[0]).output == "in"


def test_what_should_have_gone_on_long_ago_is_found() -> None:
    """ORC-07, SAGA-04: stuck executions are found."""
    clock = HandClock()
    engine = Engine(MemoryStore(), clock=clock)
    engine.register(ONE)
    key = engine.start("one")
    clock.pass_(60_001)
    assert [row.key for row in engine.stuck(60_000)] == [key]
    assert engine.stuck(61_000) == []
    assert engine.statistics()[Status.PENDING].count == 1


def test_the_store_may_be_away_for_a_while(caplog: pytest.LogCaptureFixture) -> None:
    class Flaky(MemoryStore):
        calls = 0

        def commit(self, appends: Sequence[Append], connection: Any = None) -> set[Key]:
            self.calls += 1
            if self.calls in {2, 3}:
                raise StoreUnavailableError
            return super().commit(appends, connection)

    engine = Engine(Flaky(), workers=1)
    engine.register(ONE)
    engine.task("do.a")(lambda _data: 1)
    with engine:
        assert engine.wait_for(engine.start("one")).output == 1


def test_the_end_waits_for_what_runs_and_leaves_the_rest_to_others() -> None:
    begun, finish = threading.Event(), threading.Event()

    def work(_data: Any) -> str:
        begun.set()
        finish.wait(10)
        return "slowly"

    store = MemoryStore()
    engine = Engine(store, workers=1)
    engine.register(machine("two", Task("a", {"success": "b"}, "do.a"), Task("b", {"success": None}, "do.b")))
    engine.task("do.a")(work)
    engine.task("do.b")(lambda data: data)
    with engine:
        key = engine.start("two")
        begun.wait(10)
        threading.Timer(0.02, finish.set).start()
    row = store.load([key])[0]
    assert (row.status, row.owner, row.version) == (Status.RUNNING, None, 2)
    other = Engine(store, workers=1)
    other.register(machine("two", Task("a", {"success": "b"}, "do.a"), Task("b", {"success": None}, "do.b")))
    other.task("do.b")(lambda data: data)
    with other:
        assert other.wait_for(key).output == "slowly"
