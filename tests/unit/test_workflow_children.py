"""Executions that steps start: exactly one for each step, its end told to whoever waits, given up with the step."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from app.workflow.asl.compile import compile_machine
from app.workflow.asl.context import Surroundings
from app.workflow.asl.history import History
from app.workflow.asl.nested import RESOURCE, Found, by_name, nested
from app.workflow.codec import pack_stimulus, unpack_history
from app.workflow.kernel import events as e
from app.workflow.kernel import stimuli as s
from app.workflow.kernel.graph import Definition
from app.workflow.kernel.status import Status
from app.workflow.runtime.children import answer_id
from app.workflow.runtime.live import Item, StepKey
from app.workflow.runtime.store import Key, Letter, NewExecution, Row, StoreUnavailableError
from app.workflow.stores.memory import MemoryStore
from tests.support.workflow.hand import Hand, done

pytestmark = pytest.mark.fast

AROUND: Final = Surroundings()
NESTED: Final = nested(AROUND)


def _machine(name: str, **states: Any) -> Definition:
    return compile_machine({"StartAt": next(iter(states)), "States": states}, name)


def _parent(how: str, child: str = "child", parameters: dict[str, Any] | None = None, **more: Any) -> Definition:
    asked = {"StateMachineArn": AROUND.machine(child), "Input": {"n.$": "$"}, **(parameters or {})}
    task = {"Type": "Task", "Resource": f"{RESOURCE}{how}", "Parameters": asked, "End": True}
    return _machine("parent", S={**task, **more})


CHILD: Final = _machine("child", P={"Type": "Pass", "Parameters": {"got.$": "$.n"}, "End": True})
WORKS: Final = _machine("works", T={"Type": "Task", "Resource": "do", "End": True})
FAILS: Final = _machine("fails", F={"Type": "Fail", "Error": "Own", "Cause": "so"})
WAITS: Final = _machine("waits", W={"Type": "Wait", "Seconds": 10_000, "End": True})


class _Set:
    """A worker that knows what starts executions."""

    def __init__(self, *definitions: Definition, store: MemoryStore | None = None, **more: Any) -> None:
        self.hand = Hand(*definitions, store=store, nested=NESTED, **more)
        self.store = self.hand.store

    def run(self, *items: Item) -> list[Any]:
        """Go on until nothing is left to do at this instant."""
        commands = self.hand.round(*items)
        for _ in range(10):
            commands += self.hand.round()
        return commands

    def started(self, machine: str = "parent", data: Any = 1) -> Key:
        key = self.hand.start(machine, data)
        self.run()
        return key

    def children(self) -> list[Row]:
        return [row for row in self.store._rows.values() if row.machine != "parent"]

    def history(self, key: Key) -> list[dict[str, Any]]:
        row = self.hand.row(key)
        definition = self.hand.registry.find("", row.machine, row.edition)
        assert definition is not None
        events = [event for page in self.store.history(key, 0, 100) for event in unpack_history(page.events)]
        return History(definition, key.id, row.seed, AROUND).tell(events)

    def end(self, key: Key) -> dict[str, Any]:
        entry = self.history(key)[-1]
        details: dict[str, Any] = next(value for name, value in entry.items() if name.endswith("EventDetails"))
        return details


def test_a_step_that_starts_an_execution_is_done_when_that_has_begun() -> None:
    """ASL-04 startExecution."""
    world = _Set(_parent(""), CHILD)
    key = world.started()
    (child,) = world.children()
    assert (child.parent, child.name, child.input, child.status) == ("", None, '{"n":1}', Status.SUCCEEDED)
    arn = AROUND.execution("child", child.key.id)
    assert json.loads(world.end(key)["output"]) == {"ExecutionArn": arn, "StartDate": "1970-01-01T00:16:40.000Z"}
    types = ["TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited", "ExecutionSucceeded"]
    assert [entry["type"] for entry in world.history(key)[2:]] == types


@pytest.mark.parametrize(("how", "parsed"), [(".sync", ""), (".sync:2", "parsed")])
def test_a_step_that_waits_is_done_when_its_execution_has_ended(how: str, parsed: object) -> None:
    """ASL-04 startExecution.sync: what AWS's DescribeExecution says, in the order and the words recorded there."""
    world = _Set(_parent(how, parameters={"Name": "one"}), CHILD)
    key = world.started()
    arn = AROUND.execution("child", "one")
    output = world.end(key)["output"]
    assert json.loads(output) == {
        "ExecutionArn": arn,
        "Input": {"n": 1} if parsed else '{"n":1}',
        "InputDetails": {"Included": True},
        "Name": "one",
        "Output": {"got": 1} if parsed else '{"got":1}',
        "OutputDetails": {"Included": True},
        "StartDate": 1_000_000,
        "StateMachineArn": AROUND.machine("child"),
        "Status": "SUCCEEDED",
        "StopDate": 1_000_000,
    }
    assert list(json.loads(output)) == sorted(json.loads(output))
    history = world.history(key)
    assert [entry["type"] for entry in history[2:6]] == [
        "TaskScheduled",
        "TaskStarted",
        "TaskSubmitted",
        "TaskSucceeded",
    ]
    submitted = history[4]["taskSubmittedEventDetails"]
    assert (submitted["resourceType"], submitted["resource"]) == ("states", f"startExecution{how}")
    assert json.loads(submitted["output"]) == {"ExecutionArn": arn, "StartDate": "1970-01-01T00:16:40.000Z"}


@pytest.mark.parametrize("how", [".sync", ".sync:2"])
def test_a_child_that_fails_fails_its_step_with_all_that_is_known_of_it(how: str) -> None:
    """ASL-04: States.TaskFailed, the child as the cause, as recorded from AWS."""
    world = _Set(_parent(how, "fails"), FAILS)
    key = world.started()
    end = world.end(key)
    assert end["error"] == "States.TaskFailed"
    cause = json.loads(end["cause"])
    assert (cause["Error"], cause["Cause"], cause["Status"]) == ("Own", "so", "FAILED")
    assert "Output" not in cause
    assert list(cause) == sorted(cause)
    assert world.history(key)[-2]["type"] == "TaskFailed"


def test_the_child_begins_with_the_commit_that_asks_for_it() -> None:
    """ORC-06: one is never there without the other."""
    store = MemoryStore()
    world = _Set(_parent(".sync", "works"), WORKS, store=store)
    world.hand.start("parent", 1)
    world.hand.round()
    (child,) = world.children()
    assert child.version == 0
    assert world.hand.row(Key("", "1")).version == 1
    assert child.parent == f"1/0/1/1/{RESOURCE}.sync"


def test_a_parent_rests_while_its_child_works() -> None:
    world = _Set(_parent(".sync", "works"), WORKS)
    key = world.started()
    assert world.hand.row(key).owner is None
    (child,) = world.children()
    assert child.owner is not None


def test_another_worker_goes_on_with_the_same_child() -> None:
    """ORC-05: whoever reads the step again means the child that is there."""
    store = MemoryStore()
    first = _Set(_parent(".sync", "works"), WORKS, store=store)
    first.hand.start("parent", 1)
    first.hand.round()
    store.lose(first.hand.core.worker)
    second = _Set(_parent(".sync", "works"), WORKS, store=store, clock=first.hand.clock)
    commands = second.run()
    assert len(second.children()) == 1
    second.run(*[done(command, "well") for command in commands])
    assert json.loads(json.loads(second.end(Key("", "1"))["output"])["Output"]) == "well"


def test_an_end_told_before_the_beginning_is_told_after_it() -> None:
    world = _Set(_parent(".sync", "works"), WORKS)
    key = world.hand.start("parent", 1)
    world.hand.round()
    world.hand.core.deferred.clear()
    world.run(*[done(command) for command in world.run()])
    types = [entry["type"] for entry in world.history(key)]
    assert types[4:6] == ["TaskSubmitted", "TaskSucceeded"]


@pytest.mark.parametrize("how", ["", ".sync", ".sync:2", ".waitForTaskToken"])
def test_what_cannot_start_fails_the_step_by_the_name_of_why(how: str) -> None:
    def error(parameters: dict[str, Any], *before: str) -> tuple[str, str]:
        world = _Set(_parent(how, parameters=parameters), CHILD)
        for name in before:
            world.store.start(_named(name))
        end = world.end(world.started())
        assert len(world.children()) == len(before)
        return end["error"], end["cause"]

    unknown = AROUND.machine("nobody")
    name, cause = error({"StateMachineArn": unknown})
    assert name == "StepFunctions.StateMachineDoesNotExistException"
    service = "(Service: AWSStepFunctions; Status Code: 400; Error Code: StateMachineDoesNotExist; Proxy: null)"
    assert cause == f"State Machine Does Not Exist: '{unknown}' {service}"
    assert error({"StateMachineArn": f"{AROUND.machine('child')}:7"})[0].endswith("DoesNotExistException")
    assert error({"StateMachineArn": f"{AROUND.machine('child')}:live"})[0].endswith("DoesNotExistException")
    assert error({"StateMachineArn": "child"})[0] == "StepFunctions.InvalidArnException"
    assert error({"StateMachineArn": None})[0] == "States.Runtime"
    assert error({"Name": "a b"})[0] == "StepFunctions.InvalidNameException"
    assert error({"Input": "{"})[0] == "StepFunctions.InvalidExecutionInputException"
    name, cause = error({"Name": "taken"}, "taken")
    assert name == "StepFunctions.ExecutionAlreadyExistsException"
    assert cause.startswith(f"Execution Already Exists: '{AROUND.execution('child', 'taken')}'")


def _adopted(how: str, *, store: MemoryStore | None = None) -> tuple[_Set, Key, Key]:
    """Start what a parent then asks for by the same name and input; give parent and child."""
    world = _Set(_parent(how, "waits", parameters={"Name": "one"}), WAITS, store=store)
    running = Key("", "other")
    world.store.start(NewExecution(running, "waits", 1, '{"n":1}', world.hand.clock.now(), "seed", "one"))
    world.run()
    return world, world.started(), running


@pytest.mark.parametrize("how", ["", ".waitForTaskToken"])
def test_an_execution_of_the_name_and_input_that_runs_already_is_the_child(how: str) -> None:
    """ASL-04: StartExecution is idempotent on AWS, from a step too."""
    world, key, _ = _adopted(how)
    assert len(world.children()) == 1
    kind, field = ("TaskSubmitted", "taskSubmitted") if how else ("TaskSucceeded", "taskSucceeded")
    told = next(entry for entry in world.history(key) if entry["type"] == kind)
    output = json.loads(told[f"{field}EventDetails"]["output"])
    assert output["ExecutionArn"] == AROUND.execution("waits", "one")
    assert (world.hand.row(key).status is Status.SUCCEEDED) == (how == "")


@pytest.mark.parametrize("how", [".sync", ".sync:2"])
def test_the_end_of_a_child_that_was_there_before_is_told_to_all_who_wait(how: str) -> None:
    """ASL-04: to a second parent as well, and to each once."""
    world, key, running = _adopted(how)
    second = world.started()
    assert {world.hand.row(one).status for one in (key, second)} == {Status.RUNNING}
    world.hand.clock.pass_(10_000_000)
    world.run()
    for one in (key, second):
        assert json.loads(world.end(one)["output"])["Status"] == "SUCCEEDED"
        types = [entry["type"] for entry in world.history(one)]
        assert types[2:5] == ["TaskScheduled", "TaskStarted", "TaskSubmitted"]
        assert types.count("TaskSucceeded") == 1
    assert world.hand.row(running).status is Status.SUCCEEDED


def test_a_child_that_was_there_before_and_fails_fails_who_waits() -> None:
    world, key, running = _adopted(".sync")
    world.store.post([_stop(running)])
    world.run()
    assert (world.hand.row(key).status, world.end(key)["error"]) == (Status.FAILED, "States.TaskFailed")


def test_a_parent_that_is_given_up_leaves_a_child_that_was_there_before() -> None:
    world, key, running = _adopted(".sync")
    world.store.post([_stop(key)])
    world.run()
    assert world.hand.row(key).status is Status.ABORTED
    assert world.hand.row(running).status is Status.WAITING


def test_whoever_asks_an_execution_that_has_ended_meanwhile_is_told() -> None:
    """ORC-02: the letter may come after the end, and a second one says nothing new."""
    world, key, running = _adopted(".sync")
    world.store.post([_stop(running)])
    world.run()
    version = world.hand.row(running).version
    step = f"{answer_id(StepKey(key, 0, 1, 1))}/{RESOURCE}.sync"
    world.store.post([Letter(running, "again", pack_stimulus(s.Follow(step)))])
    world.run()
    late = f"{answer_id(StepKey(Key('', 'nobody'), 0, 1, 1))}/{RESOURCE}.sync"
    world.store.post([Letter(running, "late", pack_stimulus(s.Follow(late)))])
    world.run()
    events = [event for page in world.store.history(running, 0, 100) for event in unpack_history(page.events)]
    assert [type(event).__name__ for event in events][-2:] == ["ExecutionAborted", "ExecutionFollowed"]
    assert world.hand.row(running).version > version


def test_a_worker_that_died_between_asking_and_saying_so_loses_no_end() -> None:
    """ORC-02: the execution that was asked has ended by the time another worker looks."""
    world = _Set(_parent(".sync", "waits", parameters={"Name": "one"}), WAITS)
    running = Key("", "other")
    world.store.start(NewExecution(running, "waits", 1, '{"n":1}', world.hand.clock.now(), "seed", "one"))
    world.run()
    key = world.hand.start("parent", 1)
    world.hand.round()
    other = _Set(_parent(".sync", "waits", parameters={"Name": "one"}), WAITS, store=world.store)
    world.store.leave(world.hand.core.worker, world.hand.clock.now())
    world.store.post([_stop(running)])
    other.run()
    other.run()
    assert (other.hand.row(key).status, other.hand.row(key).error) == (Status.FAILED, "States.TaskFailed")


def test_names_of_executions_that_may_share_one_carry_their_ids() -> None:
    def find(_namespace: str, _arn: str) -> Found:
        return Found("child", apart=True, principal=lambda given: f"{given}+")

    hand = Hand(_parent("", parameters={"Name": "one"}), CHILD, nested=nested(AROUND, find))
    for _ in range(2):
        hand.start("parent", 1)
        hand.round()
        hand.round()
    rows = [row for row in hand.store._rows.values() if row.machine == "child"]
    assert [row.name for row in rows] == [f"one:{row.key.id}" for row in rows]
    assert {row.principal for row in rows} == {"+"}
    assert AROUND.execution("child", str(rows[0].name)).split(":")[5] == "express"


def test_each_child_is_named_in_the_world_of_its_machine() -> None:
    def around(namespace: str, edition: int) -> Surroundings:
        return Surroundings(namespace.rjust(12, "0"), f"region-{edition}")

    hand = Hand(_parent(""), CHILD, nested=nested(around, lambda _namespace, _arn: Found("child")))
    key = hand.start("parent", 1)
    hand.round()
    hand.round()
    events = [event for page in hand.store.history(key, 0, 100) for event in unpack_history(page.events)]
    (output,) = (event.output for event in events if isinstance(event, e.TaskSucceeded))
    assert output["ExecutionArn"].startswith("arn:aws:states:region-1:000000000000:execution:child:")
    with pytest.raises(ValueError, match="machines"):
        nested(around)


def _named(name: str) -> NewExecution:
    return NewExecution(Key("", "other"), "child", 1, "{}", 10**12, "seed", name)


@pytest.mark.parametrize(
    ("given", "text"), [(None, "{}"), ('{"a": 1}', '{"a": 1}'), ([1], "[1]"), ("7", "7"), (0, "0")]
)
def test_the_input_of_a_child_is_json_or_its_text(given: Any, text: str) -> None:
    asked = NESTED[RESOURCE].wanted("", {"StateMachineArn": AROUND.machine("child"), "Input": given})
    assert asked.input == text


def test_a_number_behind_the_name_of_a_machine_is_its_edition() -> None:
    find = by_name(AROUND)
    assert find("", AROUND.machine("m")) == Found("m")
    assert find("", f"{AROUND.machine('m')}:3") == Found("m", 3)
    assert find("", "arn:aws:states:eu-west-1:000000000000:stateMachine:m") is None
    assert find("", "arn:aws:states:us-east-1:111111111111:stateMachine:m") is None


def _given_up(world: _Set, key: Key) -> str:
    (child,) = world.children()
    assert child.status is Status.WAITING
    world.store.post([_stop(key)])
    world.run()
    return world.hand.row(child.key).status.value


def _stop(key: Key) -> Letter:
    return Letter(key, "stop", pack_stimulus(s.Stop()))


@pytest.mark.parametrize(
    ("how", "status"), [(".sync", "aborted"), (".sync:2", "aborted"), ("", "waiting"), (".waitForTaskToken", "waiting")]
)
def test_a_child_that_is_waited_for_is_given_up_with_its_parent(how: str, status: str) -> None:
    """ASL-04: AWS stops it when the task is aborted; the others go on."""
    asked = {"StateMachineArn": AROUND.machine("waits")}
    step = {"Type": "Task", "Resource": f"{RESOURCE}{how}", "Parameters": asked, "Next": "W"}
    parent = _machine("parent", S=step, W={"Type": "Wait", "Seconds": 10_000, "End": True})
    world = _Set(parent, WAITS)
    assert _given_up(world, world.started()) == status


def test_a_child_is_given_up_with_a_step_that_is_out_of_time() -> None:
    world = _Set(_parent(".sync", "waits", TimeoutSeconds=60), WAITS)
    key = world.started()
    world.hand.clock.pass_(60_000)
    world.run()
    assert world.end(key) == {"error": "States.Timeout"}
    (child,) = world.children()
    assert child.status is Status.ABORTED


def test_a_child_is_given_up_with_a_parent_that_is_out_of_time() -> None:
    asked = {"StateMachineArn": AROUND.machine("waits")}
    step = {"Type": "Task", "Resource": f"{RESOURCE}.sync", "Parameters": asked, "End": True}
    parent = compile_machine({"StartAt": "S", "TimeoutSeconds": 60, "States": {"S": step}}, "parent")
    world = _Set(parent, WAITS)
    key = world.started()
    world.hand.clock.pass_(60_000)
    world.run()
    assert world.hand.row(key).status is Status.TIMED_OUT
    assert [child.status for child in world.children()] == [Status.ABORTED]


def test_a_child_is_given_up_with_the_branch_it_works_for() -> None:
    asked = {"StateMachineArn": AROUND.machine("waits")}
    waits = {"Type": "Task", "Resource": f"{RESOURCE}.sync", "Parameters": asked, "End": True}
    both = _machine(
        "parent",
        P={
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "S", "States": {"S": waits}},
                {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "do", "End": True}}},
            ],
            "End": True,
        },
    )
    world = _Set(both, WAITS)
    key = world.hand.start("parent", 1)
    (command,) = world.run()
    told = (command.step.branch, command.step.entry, command.step.attempt)
    world.run(Item(key, s.TaskError(*told, "Trouble", "")))
    assert world.end(key)["error"] == "Trouble"
    (child,) = world.children()
    assert child.status is Status.ABORTED


def test_the_children_of_a_child_are_given_up_with_it() -> None:
    middle = _machine(
        "middle",
        S={
            "Type": "Task",
            "Resource": f"{RESOURCE}.sync",
            "Parameters": {"StateMachineArn": AROUND.machine("waits")},
            "End": True,
        },
    )
    world = _Set(_parent(".sync", "middle"), middle, WAITS)
    key = world.started()
    world.store.post([_stop(key)])
    world.run()
    assert {row.machine: row.status.value for row in world.children()} == {"middle": "aborted", "waits": "aborted"}


def test_a_step_tried_again_starts_another() -> None:
    again = [{"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    world = _Set(_parent(".sync", "fails", Retry=again), FAILS)
    key = world.started()
    world.hand.clock.pass_(1_000)
    world.run()
    assert world.hand.row(key).status is Status.FAILED
    assert len(world.children()) == 2


def test_a_child_belongs_to_the_namespace_of_its_parent() -> None:
    world = _Set(_parent(".sync"), CHILD)
    keys = [world.hand.start("parent", 1, namespace=namespace) for namespace in ("a", "b")]
    world.run()
    assert sorted(row.key.namespace for row in world.children()) == ["a", "b"]
    assert [world.hand.row(key).status for key in keys] == [Status.SUCCEEDED] * 2
    assert len({row.key.id for row in world.children()}) == 2


def test_a_child_with_a_token_is_answered_for_by_whoever_has_it() -> None:
    world = _Set(_parent(".waitForTaskToken", "child"), CHILD)
    key = world.started()
    row = world.hand.row(key)
    assert row.status is not Status.SUCCEEDED
    assert [entry["type"] for entry in world.history(key)][-1] == "TaskSubmitted"
    world.store.post([Letter(key, "answer", pack_stimulus(s.TaskDone(0, 1, 1, {"ok": True})))])
    world.run()
    assert json.loads(world.end(key)["output"]) == {"ok": True}


def test_a_store_that_is_away_when_a_child_is_looked_for_is_asked_again() -> None:
    class Away(MemoryStore):
        away = False

        def load(self, keys: Any) -> list[Row]:
            if self.away:
                self.away = False
                raise StoreUnavailableError
            return super().load(keys)

    store = Away()
    world = _Set(_parent(".sync"), CHILD, store=store)
    key = world.hand.start("parent", 1)
    store.away = True
    world.run()
    assert world.hand.row(key).status is Status.SUCCEEDED
    assert len(world.children()) == 1


def test_an_end_that_nobody_knows_how_to_tell_fails_the_step() -> None:
    store = MemoryStore()
    world = _Set(_parent(".sync", "works"), WORKS, store=store)
    key = world.hand.start("parent", 1)
    (command,) = world.run()
    other = Hand(_parent(".sync", "works"), WORKS, store=store, clock=world.hand.clock)
    store.leave(world.hand.core.worker, world.hand.clock.now())
    other.round()
    other.round(done(command))
    other.round()
    row = other.row(key)
    assert (row.status, row.error) == (Status.FAILED, "States.Runtime")


def test_machines_that_cannot_be_asked_fail_the_step_and_nothing_else() -> None:
    def find(_namespace: str, _arn: str) -> Found | None:
        raise OSError("no line")

    hand = Hand(_parent(".sync"), CHILD, nested=nested(AROUND, find))
    key = hand.start("parent", 1)
    hand.round()
    hand.round()
    row = hand.row(key)
    assert (row.status, row.error) == (Status.FAILED, "States.Runtime")
    assert len(hand.store._rows) == 1


def test_a_child_knows_its_own_name() -> None:
    """ASL-02: Execution.Id and Execution.Name of the context object."""
    tells = _machine("child", P={"Type": "Pass", "Parameters": {"of.$": "$$.Execution.Id"}, "End": True})
    world = _Set(_parent(".sync:2", parameters={"Name": "one"}), tells)
    output = json.loads(world.end(world.started())["output"])
    assert output["Output"] == {"of": AROUND.execution("child", "one")} == {"of": output["ExecutionArn"]}
    world = _Set(_parent(".sync:2"), tells)
    output = json.loads(world.end(world.started())["output"])
    assert output["Output"] == {"of": output["ExecutionArn"]}


def test_the_answer_of_a_step_has_one_name() -> None:
    assert answer_id(StepKey(Key("n", "x"), 1, 2, 3)) == "x/1/2/3"


def _of_both(key: Key, *stimuli: s.Stimulus) -> list[Letter]:
    return [Letter(key, f"hand {number}", pack_stimulus(one)) for number, one in enumerate(stimuli)]


def test_a_child_that_goes_on_at_once_has_not_ended() -> None:
    """A stop and a redrive that one commit takes up are no end to tell of."""
    world = _Set(_parent(".sync", "waits"), WAITS)
    key = world.started()
    (child,) = world.children()
    world.store.post(_of_both(child.key, s.Stop(), s.Redrive()))
    world.run()
    assert world.hand.row(child.key).status is Status.WAITING
    assert world.hand.row(key).status is Status.RUNNING
    world.hand.clock.pass_(10_000_000)
    world.run()
    assert world.hand.row(key).status is Status.SUCCEEDED
