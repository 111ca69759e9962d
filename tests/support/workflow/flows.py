"""Tiny machines that between them do what an engine can get wrong, and what their steps give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from app.workflow.asl.compile import compile_machine
from app.workflow.asl.context import Surroundings
from app.workflow.asl.nested import RESOURCE
from app.workflow.kernel.errors import StepError
from app.workflow.kernel.graph import Catcher, Compensation, Definition, Flow, Retrier, State
from app.workflow.kernel.states import Map, Parallel, Receive, Task, Wait
from tests.support.workflow.documents import DOCUMENTS

OFTEN: Final = Retrier(attempts=3)
HANG: Final = "hangs"
"""What a step raises that never answers."""


def _flow(start: str, *states: State) -> Flow:
    return Flow(start, {state.name: state for state in states})


def _task(name: str, target: str | None, resource: str, **more: Any) -> Task:
    more.setdefault("retriers", (OFTEN,))
    return Task(name, {"success": target}, resource, **more)


def _child(name: str, target: str | None, how: str, machine: str, **more: Any) -> Task:
    argument = {"StateMachineArn": Surroundings().machine(machine), "Input": {"n": 1}}
    return Task(
        name,
        {"success": target, "failure": target},
        f"{RESOURCE}{how}",
        take=lambda _visit: argument,
        give=lambda _visit, result: result.get("Output"),
        **more,
    )


def _left_out(_visit: Any, told: Any) -> Any:
    # The cause names the child and tells its times, which differ from run to run.
    return told["Error"]


CHILDREN: Final[Mapping[str, tuple[str, str]]] = {
    "nest": ("chain", "succeeded"),
    "forget": ("chain", "succeeded"),
    "nest_fail": ("saga", "failed"),
    "nest_stop": ("deaf", "aborted"),
}
"""By flow: the one that it starts, and how that ends."""
FLOWS: Final[Mapping[str, Definition]] = {
    definition.name: definition
    for definition in (
        *(compile_machine(document, name) for name, document in DOCUMENTS.items()),
        Definition("chain", _flow("a", _task("a", "b", "out.a"), _task("b", "c", "tx.b"), _task("c", None, "out.c"))),
        Definition(
            "parallel",
            _flow(
                "p",
                Parallel(
                    "p",
                    {"success": "d"},
                    [
                        _flow("l", _task("l", "m", "tx.l"), _task("m", None, "tx.m")),
                        _flow("r", _task("r", None, "out.fail1")),
                    ],
                ),
                _task("d", None, "tx.d"),
            ),
        ),
        Definition(
            "map",
            _flow(
                "m",
                Map(
                    "m",
                    {"success": "z"},
                    _flow("i", _task("i", None, "tx.i")),
                    items=lambda _visit: [1, 2, 3],
                    at_once=2,
                ),
                _task("z", None, "out.z"),
            ),
        ),
        Definition(
            "retry",
            _flow(
                "f", _task("f", "g", "tx.fail2", retriers=(Retrier(attempts=3, jitter=True),)), _task("g", None, "tx.g")
            ),
        ),
        Definition("signal", _flow("s", Receive("s", {"success": "t"}, names=["go"]), _task("t", None, "tx.t"))),
        Definition(
            "message",
            _flow(
                "b",
                _task("b", "s", "out.b"),
                Receive("s", {"success": "t"}, names=["paid"], key=lambda visit: visit.frame.id),
                _task("t", None, "tx.t"),
            ),
        ),
        Definition(
            "late",
            _flow(
                "s",
                Receive("s", {"success": "y", "timeout": "n"}, names=["money"], timeout=40),
                _task("y", None, "tx.y"),
                _task("n", None, "tx.n"),
            ),
            on_late="refund",
        ),
        Definition("nest", _flow("n", _child("n", "z", ".sync:2", "chain"), _task("z", None, "tx.z"))),
        Definition("forget", _flow("n", _child("n", "z", "", "chain"), _task("z", None, "tx.z"))),
        Definition(
            "nest_fail",
            _flow(
                "n",
                _child("n", "z", ".sync", "saga", catchers=(Catcher(("States.TaskFailed",), give=_left_out),)),
                _task("z", None, "tx.z"),
            ),
        ),
        Definition(
            "nest_stop",
            _flow(
                "n",
                _child("n", "z", ".sync", "deaf", timeout=40, catchers=(Catcher(("States.Timeout",)),)),
                _task("z", None, "tx.z"),
            ),
        ),
        Definition("deaf", _flow("s", Receive("s", {"success": None}, names=["never"]))),
        Definition("refund", _flow("r", _task("r", None, "tx.refund"))),
        Definition(
            "saga",
            _flow(
                "a",
                _task("a", "b", "tx.a", compensation=Compensation("tx.undo_fail1")),
                _task("b", "c", "out.b", compensation=Compensation("out.undo")),
                Task("c", {"success": None}, "out.never"),
            ),
        ),
        Definition(
            "hang",
            _flow(
                "h",
                Task(
                    "h",
                    {"success": None, "failure": "k"},
                    "out.hang",
                    timeout=300,
                    catchers=(Catcher(("States.Timeout",)),),
                ),
                _task("k", None, "tx.k"),
            ),
        ),
        Definition(
            "sleep",
            _flow(
                "w",
                Wait("w", {"success": "v"}, lambda visit: visit.now + 2_000),
                Wait("v", {"success": "t"}, lambda visit: visit.now + 12_000),
                _task("t", None, "tx.t"),
            ),
        ),
    )
}


def result(resource: str, argument: Any, attempt: int) -> Any:
    """Give what a step gives: a matter of its input and attempt alone. Raises StepError as a handler does."""
    kind = resource.split(".")[1].removeprefix("undo_")
    if kind == "never":
        raise StepError("Refused", "as always")
    if kind == "hang":
        raise StepError(HANG)
    if kind.startswith("fail") and attempt <= int(kind[4:]):
        raise StepError("Trouble", f"attempt {attempt}")
    return [kind, argument]
