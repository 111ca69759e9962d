"""What the resources of Tasks mean when an engine runs them: functions, tokens, activities, express machines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any, Final

import pytest

from app.workflow.asl.compile import compile_machine
from app.workflow.asl.context import Surroundings
from app.workflow.asl.history import History
from app.workflow.asl.services import Services
from app.workflow.kernel import stimuli as s
from app.workflow.kernel.decide import run
from app.workflow.kernel.errors import StepError
from app.workflow.kernel.fold import replay
from app.workflow.kernel.frames import Frame
from app.workflow.runtime.engine import Description, Engine, StaleTokenError
from app.workflow.runtime.steps import Step
from app.workflow.stores.memory import MemoryStore
from tests.support.workflow.hand import HandClock

pytestmark = pytest.mark.fast

LAMBDA: Final = "arn:aws:lambda:us-east-1:000000000000:function:f"
INVOKE: Final = "arn:aws:states:::lambda:invoke"
QUEUE: Final = "arn:aws:states:::sqs:sendMessage"
ACTIVITY: Final = "arn:aws:states:us-east-1:000000000000:activity:a"


def _engine(state: dict[str, Any], functions: dict[str, str] | None = None, **how: Any) -> Engine:
    engine = Engine(MemoryStore(), workers=1, routes=Services(functions), **how)
    states: dict[str, Any] = {"S": {"Type": "Task", "End": True, **state}}
    if "Catch" in state:
        states["C"] = {"Type": "Succeed"}
    engine.register(compile_machine({"StartAt": "S", "States": states}, "m"))
    return engine


def _done(engine: Engine, data: Any = None) -> Description:
    with engine:
        return engine.wait_for(engine.start("m", data))


def _history(engine: Engine, ended: Description) -> list[dict[str, Any]]:
    definition = engine._registry.newest("", "m")
    assert definition is not None
    (row,) = engine.store.load([ended.key])
    events = [event for _, event in engine.history(ended.key)]
    return History(definition, ended.key.id, row.seed, Surroundings()).tell(events)


@pytest.mark.parametrize("resource", [LAMBDA, f"{LAMBDA}:live", f"{LAMBDA}:$LATEST", "f"])
def test_a_function_is_the_handler_of_its_name(resource: str) -> None:
    """ASL-04: Lambda-style ARNs, with a qualifier or without."""
    engine = _engine({"Resource": resource})
    engine.task("f")(lambda data: data + 1)
    assert _done(engine, 1).output == 2


@pytest.mark.parametrize("known", ["f", LAMBDA])
def test_a_table_says_which_handler_a_function_is(known: str) -> None:
    engine = _engine({"Resource": LAMBDA}, {known: "orders.charge"})
    engine.task("orders.charge")(lambda data: [data])
    assert _done(engine, 1).output == [1]


def test_a_handler_registered_by_the_whole_resource_goes_first() -> None:
    engine = _engine({"Resource": QUEUE})
    engine.task(QUEUE)(lambda data: {"MessageId": str(data)})
    assert _done(engine, 7).output == {"MessageId": "7"}
    engine = _engine({"Resource": QUEUE})
    ended = _done(engine)
    assert (ended.error, ended.cause) == ("States.Runtime", f"nothing does {QUEUE}")


def test_a_function_that_fails_tells_of_it_as_lambda_does() -> None:
    class OrderError(Exception):
        pass

    def fail(_data: Any) -> None:
        raise OrderError("no card")

    engine = _engine({"Resource": LAMBDA})
    engine.task("f")(fail)
    ended = _done(engine)
    assert ended.error == "OrderError"
    told = json.loads(ended.cause)
    assert told.pop("requestId").endswith("/S/1/1")
    assert told == {"errorMessage": "no card", "errorType": "OrderError", "stackTrace": []}

    def refuse(_data: Any) -> None:
        raise StepError("Own", "as it is")

    engine = _engine({"Resource": LAMBDA})
    engine.task("f")(refuse)
    ended = _done(engine)
    assert (ended.error, ended.cause) == ("Own", "as it is")


@pytest.mark.parametrize(
    ("name", "version"), [("f", "$LATEST"), (LAMBDA, "$LATEST"), (f"{LAMBDA}:3", "3"), ("f:live", "live")]
)
def test_lambda_invoke_wraps_what_the_function_gives(name: str, version: str) -> None:
    engine = _engine({"Resource": INVOKE, "Parameters": {"FunctionName": name, "Payload": {"n.$": "$"}}})
    engine.task("f")(lambda data: data["n"] + 1)
    output = _done(engine, 1).output
    assert (output["Payload"], output["StatusCode"], output["ExecutedVersion"]) == (2, 200, version)
    assert output["SdkHttpMetadata"] == {"HttpStatusCode": 200}


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({}, "States.Runtime"),
        ({"FunctionName": 5}, "States.Runtime"),
        ({"FunctionName": "f", "InvocationType": "Event"}, "Lambda.InvalidParameterValueException"),
    ],
)
def test_what_cannot_be_invoked_fails_the_step(parameters: dict[str, Any], error: str) -> None:
    engine = _engine({"Resource": INVOKE, "Parameters": parameters})
    engine.task("f")(lambda data: data)
    assert _done(engine).error == error


def test_an_async_function_is_invoked_too() -> None:
    async def double(data: int) -> int:
        return data * 2

    engine = _engine({"Resource": INVOKE, "Parameters": {"FunctionName": "f", "Payload.$": "$"}})
    engine.task("f")(double)
    assert _done(engine, 4).output["Payload"] == 8

    async def fail(_data: int) -> int:
        raise LookupError("no")

    engine = _engine({"Resource": LAMBDA})
    engine.task("f")(fail)
    assert _done(engine, 4).error == "LookupError"


# Tokens


@contextmanager
def _asked(resource: str, parameters: dict[str, Any], **more: Any) -> Iterator[tuple[Engine, Any, str]]:
    """Run to where a task was handed over; give the engine, the execution and the token that went out."""
    sent: SimpleQueue[str] = SimpleQueue()
    engine = _engine({"Resource": f"{resource}.waitForTaskToken", "Parameters": parameters, **more})

    def take(data: dict[str, Any]) -> dict[str, Any]:
        sent.put(data["token"])
        return {"MessageId": "1"}

    engine.task(f"{resource}.waitForTaskToken" if resource == QUEUE else "f")(take)
    with engine:
        key = engine.start("m", 5)
        yield engine, key, sent.get(timeout=10)


MESSAGE: Final = {"token.$": "$$.Task.Token", "n.$": "$"}
WAYS: Final = pytest.mark.parametrize(
    ("resource", "parameters"), [(QUEUE, MESSAGE), (INVOKE, {"FunctionName": "f", "Payload": MESSAGE})]
)


@WAYS
def test_a_task_with_a_token_is_answered_by_whoever_has_it(resource: str, parameters: dict[str, Any]) -> None:
    """ASL-04 waitForTaskToken: the token is known before the task runs, the answer is the task's result."""
    with _asked(resource, parameters) as (engine, key, token):
        _until(engine, key, "TaskSubmitted")
        engine.heartbeat(token)
        engine.succeed(token, {"paid": True})
        ended = engine.wait_for(key)
        assert ended.output == {"paid": True}
        with pytest.raises(StaleTokenError):
            engine.succeed(token, {"paid": False})
    types = [entry["type"] for entry in _history(engine, ended)]
    assert types[2:7] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded", "TaskStateExited"]


def _until(engine: Engine, key: Any, kind: str) -> None:
    """Wait until something has happened."""
    for _ in range(1_000):
        if any(type(event).__name__ == kind for _, event in engine.history(key)):
            return
        with engine._loop.ending:
            engine._loop.ending.wait(0.01)
    raise TimeoutError(kind)


@WAYS
def test_a_task_with_a_token_can_be_failed(resource: str, parameters: dict[str, Any]) -> None:
    with _asked(resource, parameters) as (engine, key, token):
        _until(engine, key, "TaskSubmitted")
        engine.fail(token, "Refused", "by hand")
        ended = engine.wait_for(key)
    assert (ended.error, ended.cause) == ("Refused", "by hand")
    assert _history(engine, ended)[-2]["type"] == "TaskFailed"


def test_an_answer_may_be_quicker_than_who_hands_the_task_over() -> None:
    engine = _engine({"Resource": f"{QUEUE}.waitForTaskToken", "Parameters": MESSAGE})
    engine.task(f"{QUEUE}.waitForTaskToken")(lambda data: engine.succeed(data["token"], "quick"))
    assert _done(engine, 1).output == "quick"


def test_a_task_that_is_not_heard_of_is_out_of_time() -> None:
    """ASL-04 HeartbeatSeconds: it counts from the hand-over."""
    clock = HandClock()
    sent: SimpleQueue[str] = SimpleQueue()
    caught = [{"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "C"}]
    state = {"Resource": f"{QUEUE}.waitForTaskToken", "Parameters": MESSAGE, "HeartbeatSeconds": 60, "Catch": caught}
    engine = _engine(state, clock=clock, poll=10)
    engine.task(f"{QUEUE}.waitForTaskToken")(lambda data: sent.put(data["token"]))
    with engine:
        key = engine.start("m", 5)
        sent.get(timeout=10)
        _until(engine, key, "TaskSubmitted")
        clock.pass_(60_001)
        ended = engine.wait_for(key)
    assert ended.output == {"Error": "States.HeartbeatTimeout", "Cause": ""}


def test_every_activity_is_one_by_its_arn() -> None:
    """ASL-04: nobody has to register it here, it belongs to whoever polls."""
    engine = _engine({"Resource": ACTIVITY})
    with engine:
        key = engine.start("m", 5)
        task = engine.poll(ACTIVITY, worker="w", seconds=10)
        assert task is not None
        engine.succeed(task.token, task.argument + 1)
        assert engine.wait_for(key).output == 6


def test_the_step_of_a_function_is_told_its_own_resource() -> None:
    def name(_data: Any, step: Step) -> str:
        return step.resource

    engine = _engine({"Resource": LAMBDA})
    engine.task("f")(name)
    assert _done(engine).output == LAMBDA


# Express


def _loop_of(turns: int) -> dict[str, Any]:
    step = {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "Q"}
    again = {"Variable": "$.n", "NumericLessThan": turns, "Next": "P"}
    return {
        "StartAt": "P",
        "States": {"P": step, "Q": {"Type": "Choice", "Choices": [again], "Default": "E"}, "E": {"Type": "Succeed"}},
    }


def test_an_express_machine_may_have_any_history_and_ends_in_five_minutes() -> None:
    """ASL-05: a standard one is ended at 25,000 lines of history, an express one at 300 seconds."""
    for express, status in ((False, "failed"), (True, "succeeded")):
        frame = Frame("x", "seed")
        run(compile_machine(_loop_of(7_000), "m", express=express), frame, s.Start({"n": 0}), 0, 10**6)
        assert frame.status.value == status
    waits = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 999, "End": True}}}
    for timeout, seconds in ((None, 300), (1_000, 300), (20, 20)):
        document = waits if timeout is None else {**waits, "TimeoutSeconds": timeout}
        assert compile_machine(document, "m", express=True).timeout == seconds
    assert compile_machine(waits, "m").timeout is None


def test_an_express_execution_runs_in_memory_beside_the_others() -> None:
    """ASL-05: it is started and waited for in one call, by the same handlers, and leaves nothing in the store."""
    engine = _engine({"Resource": LAMBDA})
    engine.task("f")(lambda data: data + 1)
    express = Engine(MemoryStore(), beside=engine)
    with engine, express:
        assert express.run("m", 1).output == 2
        ended = express.run("m", "x")
        assert (ended.status.value, ended.error) == ("failed", "TypeError")
    assert engine.store._rows == {}  # type: ignore[attr-defined] # the one in memory


def test_what_an_express_execution_did_is_replayed_as_any_other() -> None:
    frame, definition = Frame("x", "seed"), compile_machine(_loop_of(50), "m", express=True)
    events = run(definition, frame, s.Start({"n": 0}), 0, 10**6)
    assert replay(Frame("x", "seed"), events) == frame
