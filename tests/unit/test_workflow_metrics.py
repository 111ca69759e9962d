"""What each state costs: visits, outcomes, durations, whichever process they began in."""

from __future__ import annotations

import pytest

from app.workflow.codec import pack_stimulus
from app.workflow.kernel import events as e
from app.workflow.kernel import stimuli as s
from app.workflow.kernel.frames import Branch, Frame
from app.workflow.kernel.graph import Retrier
from app.workflow.kernel.states import Task
from app.workflow.kernel.status import Status
from app.workflow.runtime.metrics import Figures, Metrics
from app.workflow.runtime.store import Key, Letter
from app.workflow.stores.memory import MemoryStore
from tests.support.workflow.hand import Hand, HandClock, done, failed, machine

pytestmark = pytest.mark.fast
ONE = machine("one", Task("a", {"success": None}, "do.a"))


def test_each_state_s_visits_are_counted_with_how_long_they_took() -> None:
    """ORC-07: duration, attempts and outcome by node, success rate."""
    metrics = Metrics()
    start = [e.StateEntered(0, 0, "a", None), e.TaskScheduled(0, 0, 1, "do.a", None)]
    again = [e.TaskFailed(0, 5, "E", ""), e.StateFailed(0, 5, "a", "E", ""), e.RetryScheduled(0, 5, 0, 10)]
    second = [e.WaitEnded(0, 10), e.TaskScheduled(0, 10, 2, "do.a", None)]
    well = [e.TaskSucceeded(0, 30, None), e.StateExited(0, 30, "a", None, "success", None)]
    badly = [e.StateFailed(0, 10, "a", "E", ""), e.StateExited(0, 10, "a", None, "failure", "b")]
    for number, told in ((1, start), (1, again), (1, second), (1, well), (2, start), (2, badly)):
        metrics.told(Key("", str(number)), "m", told)
    figures = metrics.figures()["m", "a"]
    assert figures == Figures(succeeded=1, failed=1, attempts=3, timed=2, total=40, longest=30)
    assert (figures.mean, figures.success_rate) == (20, 0.5)
    assert (Figures().mean, Figures().success_rate) == (None, None)


def test_a_visit_that_another_process_began_is_counted_with_all_its_time() -> None:
    """ORC-07: durations do not begin anew when a worker dies or lets go of what waits long."""
    store, clock, metrics = MemoryStore(), HandClock(), Metrics()
    retried = Task("a", {"success": None}, "do.a", retriers=[Retrier(("States.ALL",), interval=1.0)])
    first = Hand(machine("m", retried), store=store, clock=clock)
    first.start("m")
    first.round()
    store.lose(first.core.worker)
    clock.pass_(700)
    store.bury(clock.now())
    second = Hand(machine("m", retried), store=store, clock=clock, listeners=[metrics])
    (command,) = second.round()
    second.turn(failed(command))
    clock.pass_(1_000)
    (again,) = second.turn()
    clock.pass_(20)
    second.turn(done(again))
    assert metrics.figures()["m", "a"] == Figures(succeeded=1, attempts=1, timed=1, total=1_720, longest=1_720)


def test_what_has_failed_is_not_counted_again_when_it_is_redriven() -> None:
    """ORC-07."""
    metrics = Metrics()
    hand = Hand(ONE, listeners=[metrics])
    key = hand.start("one")
    (command,) = hand.round()
    hand.turn(failed(command))
    hand.store.post([Letter(key, "again", pack_stimulus(s.Redrive()))])
    (again,) = hand.round()
    hand.clock.pass_(5_000)
    hand.turn(done(again))
    figures = metrics.figures()["one", "a"]
    assert (figures.succeeded, figures.failed, figures.timed, figures.longest) == (1, 1, 1, 0)


def test_a_listener_that_fails_at_a_return_is_reported_and_harms_nothing(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Metrics):
        def returned(self, key: Key, machine: str, frame: Frame) -> None:
            del key, machine, frame
            raise RuntimeError("never looks")

    store = MemoryStore()
    first = Hand(ONE, store=store)
    first.start("one")
    first.round()
    first.keeper.leave(first.clock.now())
    second = Hand(ONE, store=store, clock=first.clock, listeners=[Broken()])
    assert len(second.round()) == 1
    assert "a listener failed at the return of" in caplog.text


def test_what_was_written_before_entries_were_noted_has_no_duration() -> None:
    metrics, key = Metrics(), Key("", "1")
    frame = Frame("1", "seed", Status.RUNNING, branches={0: Branch(0, -1, 0, "a", None, entry=1, entered=True)})
    metrics.returned(key, "m", frame)
    metrics.told(key, "m", [e.TaskSucceeded(0, 30, None), e.StateExited(0, 30, "a", None, "success", None)])
    assert metrics.figures()["m", "a"] == Figures(succeeded=1)
