"""The data flow of each state type in the language JSONPath, field by field, and what AWS says when it fails."""

from __future__ import annotations

from typing import Any

import pytest

from app.workflow.asl.compile import compile_machine
from app.workflow.asl.query import InvalidDefinitionError
from app.workflow.kernel import stimuli as s
from app.workflow.kernel.decide import run as decide
from app.workflow.kernel.errors import DefinitionError
from app.workflow.kernel.frames import Frame
from app.workflow.kernel.tokens import place_in, proves
from tests.support.workflow.asl import ACTIVITY, LAMBDA, QUEUE, Asl, one

pytestmark = pytest.mark.fast

SAID = "An error occurred while executing the state 'S' (entered at the event id #2). "
NO_TIMESTAMP = (
    "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: "
)
INPUT: dict[str, Any] = {"a": {"b": 1}, "l": [1, 2], "s": "text"}
END: dict[str, Any] = {"Type": "Pass", "End": True}


def turn(state: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": "I", "States": {"I": {**state, "End": True}}}


@pytest.mark.parametrize(
    ("fields", "output"),
    [
        ({}, INPUT),
        ({"InputPath": "$.a"}, {"b": 1}),
        ({"InputPath": None}, {}),
        ({"InputPath": "$$.State.Name"}, "S"),
        ({"OutputPath": "$.a.b"}, 1),
        ({"OutputPath": None}, {}),
        ({"Result": 5}, 5),
        ({"Result": {"x.$": "$.a"}, "ResultPath": "$.a.b"}, {**INPUT, "a": {"b": {"x.$": "$.a"}}}),
        ({"ResultPath": None, "Result": 5}, INPUT),
        ({"InputPath": "$.a", "ResultPath": "$.new.x"}, {**INPUT, "new": {"x": {"b": 1}}}),
        ({"Parameters": {"plain": [1, "$.a"]}}, {"plain": [1, "$.a"]}),
        ({"Parameters": {"x.$": "$.a.b", "deep": [{"y.$": "$.s"}]}}, {"x": 1, "deep": [{"y": "text"}]}),
        ({"Parameters": {"all.$": "$", "none.$": "$.l[9]"}}, {"all": INPUT, "none": None}),
        ({"Parameters": {"n.$": "$$.StateMachine.Name"}, "OutputPath": "$.n"}, "m"),
        ({"InputPath": "$.a", "Parameters": {"x.$": "$.b"}}, {"x": 1}),
        ({"Parameters": {"many.$": "$.l[*]"}}, {"many": [1, 2]}),
    ],
)
def test_a_pass_makes_its_output(fields: dict[str, Any], output: Any) -> None:
    """ASL-02: InputPath, Parameters, Result, ResultPath and OutputPath, in this order."""
    assert one({"Type": "Pass", **fields}, INPUT).output() == output


@pytest.mark.parametrize(
    ("fields", "given", "error", "cause"),
    [
        ({"InputPath": "$.no"}, {}, "States.Runtime", "Invalid path '$.no' : No results for path: $['no']"),
        ({"OutputPath": "$.no"}, {}, "States.Runtime", "Invalid path '$.no' : No results for path: $['no']"),
        (
            {"InputPath": "$.no"},
            None,
            "States.Runtime",
            "Unable to apply Path transformation to null or empty input.",
        ),
        (
            {"Parameters": {"x.$": "$.no"}},
            {"ñ": 1},
            "States.Runtime",
            "The JSONPath '$.no' specified for the field 'x.$' could not be found in the input '{\"ñ\":1}'",
        ),
        (
            {"Parameters": {"x.$": "$never"}},
            {},
            "States.Runtime",
            "The JSONPath '$never' specified for the field 'x.$' could not be found in the input '{}'",
        ),
        ({"InputPath": "$[5]"}, [5], "States.Runtime", "Invalid path '$[5]' : No results for path: $[5]"),
        (
            {"ResultPath": "$.x.y"},
            {"x": [1]},
            "States.ReferencePathConflict",
            'Unable to apply step "y" to input {"x":[1]}',
        ),
        ({"ResultPath": "$.all"}, [1], "States.ReferencePathConflict", 'Unable to apply step "all" to input [1]'),
        (
            {"ResultPath": "$.r.x"},
            "input1",
            "States.ReferencePathConflict",
            'Unable to apply ReferencePath $.r.x to input "input1"',
        ),
    ],
)
def test_data_that_does_not_fit_fails_in_the_words_of_aws(
    fields: dict[str, Any], given: Any, error: str, cause: str
) -> None:
    """ASL-04: the cause names the state and the event of its arrival."""
    assert one({"Type": "Pass", **fields}, given).failure() == (error, SAID + cause)


def test_a_task_takes_its_result_through_selector_and_paths() -> None:
    """ASL-02: ResultSelector sees the result, ResultPath the input as it came, OutputPath what both make."""
    run = one(
        {
            "Type": "Task",
            "Resource": LAMBDA,
            "InputPath": "$.a",
            "Parameters": {"n.$": "$.b"},
            "ResultSelector": {"picked.$": "$.x[0]", "state.$": "$$.State.Name"},
            "ResultPath": "$.r",
            "OutputPath": "$.r",
            "Assign": {"raw.$": "$.x"},
            "Next": "T",
        },
        INPUT,
        T={"Type": "Pass", "Parameters": {"in.$": "$", "raw.$": "$raw", "one.$": "$raw[0]"}, "End": True},
    )
    wait = run.at("S").wait
    assert wait is not None
    assert wait.argument == {"n": 1}
    run.done("S", {"x": [7]})
    assert run.output() == {"in": {"picked": 7, "state": "S"}, "raw": [7], "one": 7}


def test_time_limits_come_from_the_data() -> None:
    state = {"Type": "Task", "Resource": ACTIVITY, "TimeoutSecondsPath": "$.t", "HeartbeatSecondsPath": "$.h"}
    run = one({**state, "Resource": LAMBDA}, {"t": 30, "h": 10})
    wait = run.at("S").wait
    assert wait is not None
    assert (wait.due, wait.beat_every) == (run.now + 30_000, 10_000)
    run.later(31)
    assert run.failure() == ("States.Timeout", "")


def test_the_time_of_an_activity_begins_when_a_worker_takes_it() -> None:
    """ASL-05: "for activities, the count begins when GetActivityTask receives a token"; the history tells the limit."""
    run = one({"Type": "Task", "Resource": ACTIVITY, "TimeoutSeconds": 30}, {})
    run.later(1_000)
    assert run.history()[-1]["activityScheduledEventDetails"]["timeoutInSeconds"] == 30
    run.taken("S", "w")
    run.later(29)
    assert run.status() == "running"
    run.later(1)
    assert run.failure() == ("States.Timeout", "")


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        ({"t": "x"}, "The TimeoutSecondsPath parameter cannot be parsed as a long value: $.t == x"),
        ({"t": 1.5}, "The TimeoutSecondsPath parameter cannot be parsed as a long value: $.t == 1.5"),
        ({"t": True}, "The TimeoutSecondsPath parameter cannot be parsed as a long value: $.t == true"),
        ({"t": -1}, "The TimeoutSecondsPath parameter references a negative value: $.t == -1"),
        ({}, "Invalid path '$.t' : No results for path: $['t']"),
    ],
)
def test_a_time_limit_that_is_none_fails_the_state(given: Any, cause: str) -> None:
    run = one({"Type": "Task", "Resource": LAMBDA, "TimeoutSecondsPath": "$.t"}, given)
    assert run.failure() == ("States.Runtime", SAID + cause)


@pytest.mark.parametrize("named", [True, False])
def test_a_lost_heartbeat_is_a_timeout_unless_a_rule_names_it(*, named: bool) -> None:
    """Recorded from AWS: the error is States.Timeout; the developer guide lets rules name States.HeartbeatTimeout."""
    errors = ["States.HeartbeatTimeout"] if named else ["States.Timeout"]
    state = {
        "Type": "Task",
        "Resource": ACTIVITY,
        "HeartbeatSeconds": 5,
        "TimeoutSeconds": 60,
        "Catch": [{"ErrorEquals": errors, "Next": "T", "ResultPath": "$.e"}],
    }
    run = one(state, {}, T=END)
    run.taken("S", "w")
    run.later(6)
    assert run.output() == {"e": {"Error": errors[0], "Cause": ""}}


def test_a_catcher_puts_the_error_into_the_input_and_sets_variables() -> None:
    """ASL-04: ResultPath and Assign of the catcher; neither OutputPath nor Assign of the state is applied."""
    catcher = {"ErrorEquals": ["Own"], "ResultPath": "$.e", "Assign": {"what.$": "$.Error"}, "Next": "T"}
    state = {"Type": "Task", "Resource": LAMBDA, "OutputPath": "$.e", "Assign": {"what": "none"}, "Catch": [catcher]}
    run = one(
        state,
        {"x": 1},
        T={"Type": "Pass", "Assign": {}, "ResultPath": "$.v", "Parameters": {"w.$": "$what"}, "End": True},
    )
    run.failed("S", "Own", "because")
    assert run.output() == {"x": 1, "e": {"Error": "Own", "Cause": "because"}, "v": {"w": "Own"}}


def test_each_retrier_counts_for_itself_and_max_attempts_0_never_tries_again() -> None:
    """ASL-04: the context object shows how often the state was tried."""
    retriers = [
        {"ErrorEquals": ["A"], "MaxAttempts": 1, "IntervalSeconds": 2},
        {"ErrorEquals": ["B"], "IntervalSeconds": 3, "BackoffRate": 1.5, "MaxDelaySeconds": 4},
        {"ErrorEquals": ["C"], "MaxAttempts": 0},
    ]
    run = one({"Type": "Task", "Resource": LAMBDA, "Parameters": {"n.$": "$$.State.RetryCount"}, "Retry": retriers})
    for error, pause, count in (("B", 3, 1), ("A", 2, 2), ("B", 4, 3)):
        run.failed("S", error)
        run.later(pause)
        wait = run.at("S").wait
        assert wait is not None
        assert wait.argument == {"n": count}
    run.failed("S", "C", "over")
    assert run.failure() == ("C", "over")


def test_a_visit_of_a_state_tries_anew() -> None:
    """ASL-04: the count of a retrier, and what the context object tells of it, belong to one visit."""
    call = {
        "Type": "Task",
        "Resource": LAMBDA,
        "Parameters": {"n.$": "$$.State.RetryCount"},
        "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "W"}],
    }
    run = one({**call, "Next": "W"}, {}, W={"Type": "Wait", "Seconds": 1, "Next": "S"})
    for _ in range(2):
        for count in (0, 1):
            wait = run.at("S").wait
            assert wait is not None
            assert wait.argument == {"n": count}
            run.failed("S")
            run.later(1)
    assert run.status() == "running", "the third visit waits for its first answer"


@pytest.mark.parametrize("error", ["States.Runtime", "States.DataLimitExceeded"])
@pytest.mark.parametrize(("rule", "more", "taken"), [("Retry", {}, "retrying"), ("Catch", {"Next": "T"}, "succeeded")])
def test_no_wildcard_takes_what_only_its_name_takes(error: str, rule: str, more: dict[str, str], taken: str) -> None:
    """ASL-04: States.ALL and States.TaskFailed pass it by, a rule with its name takes it."""
    for names, status in ((["States.TaskFailed", "States.ALL"], "failed"), ([error], taken)):
        rules = [{"ErrorEquals": [name], **more} for name in names]
        run = one({"Type": "Task", "Resource": LAMBDA, rule: rules, "Next": "T"}, {}, T=END)
        run.failed("S", error)
        assert run.status() == status


@pytest.mark.parametrize(
    ("fields", "given", "milliseconds"),
    [
        ({"Seconds": 3}, {}, 3_000),
        ({"SecondsPath": "$.n"}, {"n": 4.0}, 4_000),
        ({"Timestamp": "1970-01-01T00:16:45Z"}, {}, 5_000),
        ({"TimestampPath": "$.t"}, {"t": "1970-01-01T00:16:40.2501Z"}, 251),
    ],
)
def test_a_wait_sleeps(fields: dict[str, Any], given: Any, milliseconds: int) -> None:
    """ASL-02: the engine's clock stands at 1,000 seconds here."""
    run = one(
        {"Type": "Wait", **fields, "Assign": {"v.$": "$"}, "Next": "T"}, given, T={**END, "Parameters": {"v.$": "$v"}}
    )
    wait = run.at("S").wait
    assert wait is not None
    assert wait.due == run.now + milliseconds
    run.later(milliseconds / 1000)
    assert run.output() == {"v": given}


def test_a_wait_until_the_past_is_none() -> None:
    assert one({"Type": "Wait", "Timestamp": "1969-12-31T00:00:00Z"}, 5).output() == 5


@pytest.mark.parametrize(
    ("fields", "given", "cause"),
    [
        ({"TimestampPath": "$.t"}, {"t": "2024-01-01"}, f"{NO_TIMESTAMP}$.t == 2024-01-01"),
        ({"SecondsPath": "$.n"}, {"n": -3}, "The SecondsPath parameter references a negative value: $.n == -3"),
    ],
)
def test_a_wait_that_cannot_tell_how_long_fails(fields: dict[str, Any], given: Any, cause: str) -> None:
    assert one({"Type": "Wait", **fields}, given).failure() == ("States.Runtime", SAID + cause)


@pytest.mark.parametrize(
    ("fields", "failure"),
    [
        ({}, ("", "")),
        ({"Error": "E", "Cause": "c"}, ("E", "c")),
        ({"ErrorPath": "$.e", "CausePath": "$.c"}, ("own", "why")),
        ({"ErrorPath": "$$.State.Name", "CausePath": "States.Format('{}!', $.c)"}, ("S", "why!")),
        ({"ErrorPath": "$.n"}, ("States.Runtime", SAID + "The ErrorPath parameter must reference a string: $.n == 1")),
    ],
)
def test_a_fail_fails(fields: dict[str, Any], failure: tuple[str, str]) -> None:
    """ASL-04: Error, Cause and where they may come from; one failing entry in the history."""
    run = one({"Type": "Fail", **fields}, {"e": "own", "c": "why", "n": 1})
    assert run.failure() == failure
    assert run.types() == ["ExecutionStarted", "FailStateEntered", "ExecutionFailed"]
    assert run.frame.ended == run.now


def test_a_succeed_ends_with_what_its_paths_choose() -> None:
    assert one({"Type": "Succeed", "InputPath": "$.a", "OutputPath": "$.b"}, {"a": {"b": 2}}).output() == 2


def test_a_parallel_gives_each_branch_its_input_and_selects_of_the_outputs() -> None:
    branches = [turn({"Type": "Pass", "Result": 1}), {"StartAt": "J", "States": {"J": END}}]
    state = {
        "Type": "Parallel",
        "Branches": branches,
        "Parameters": {"x.$": "$.a.b"},
        "ResultSelector": {"first.$": "$[0]", "second.$": "$[1].x"},
        "ResultPath": "$.p",
    }
    assert one(state, INPUT).output() == {**INPUT, "p": {"first": 1, "second": 1}}


@pytest.mark.parametrize("field", ["ItemSelector", "Parameters"])
def test_a_map_selects_what_each_item_starts_with(field: str) -> None:
    """ASL-02: also by the legacy names Iterator and Parameters; inside, the context object still has the item."""
    state = {
        "Type": "Map",
        "ItemsPath": "$.l",
        field: {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value", "s.$": "$.s"},
        "ResultPath": "$.r",
        "OutputPath": "$.r",
        "ItemProcessor" if field == "ItemSelector" else "Iterator": turn(
            {"Type": "Pass", "ResultPath": "$.again", "Parameters": {"v.$": "$$.Map.Item.Value"}}
        ),
    }
    assert one(state, INPUT).output() == [
        {"i": 0, "v": 1, "s": "text", "again": {"v": 1}},
        {"i": 1, "v": 2, "s": "text", "again": {"v": 2}},
    ]


@pytest.mark.parametrize(
    ("path", "failure"),
    [
        ("$.no", ("States.ReferencePathConflict", 'Unable to apply step "no" to input {"s":"x"}')),
        ("$.s", ("States.Runtime", 'Reference path "$.s" must point to array.')),
    ],
)
def test_a_map_over_no_array_fails(path: str, failure: tuple[str, str]) -> None:
    error, cause = failure
    run = one({"Type": "Map", "ItemsPath": path, "ItemProcessor": turn({"Type": "Pass"})}, {"s": "x"})
    assert run.failure() == (error, SAID + cause)


@pytest.mark.parametrize(("wanted", "running"), [(0, 40), (3, 3), (50, 40)])
def test_a_map_runs_so_many_turns_at_once(wanted: int, running: int) -> None:
    """ASL-02: MaxConcurrencyPath; inline never more than 40, as on AWS."""
    state = {
        "Type": "Map",
        "ItemsPath": "$.l",
        "MaxConcurrencyPath": "$.n",
        "ItemProcessor": turn({"Type": "Task", "Resource": LAMBDA}),
    }
    run = one(state, {"l": list(range(45)), "n": wanted})
    assert len(run.tasks()) == running
    for _ in range(45):
        run.done("I", 1)
    assert run.output() == [1] * 45


def test_variables_are_read_inside_and_do_not_come_out() -> None:
    """ASL-02: a branch reads what is around it; its own variables end with it; all right sides see the old values."""
    inside = {
        "StartAt": "I",
        "States": {
            "I": {"Type": "Pass", "Assign": {"inner.$": "$x"}, "Next": "K"},
            "K": {"Type": "Pass", "Parameters": {"inner.$": "$inner", "x.$": "$x"}, "End": True},
        },
    }
    run = Asl(
        {
            "StartAt": "A",
            "States": {
                "A": {"Type": "Pass", "Assign": {"x": 1, "y": 2}, "Next": "B"},
                "B": {"Type": "Pass", "Assign": {"x.$": "$y", "y.$": "$x"}, "Next": "P"},
                "P": {"Type": "Map", "ItemsPath": "$.l", "ItemProcessor": inside, "Next": "Z"},
                "Z": {"Type": "Pass", "Parameters": {"all.$": "$", "y.$": "$y", "inner.$": "$inner"}, "End": True},
            },
        }
    )
    run.start({"l": [0]})
    error, cause = run.failure()
    assert error == "States.Runtime"
    assert "'$inner'" in cause
    assert cause.endswith('could not be found in the input \'[{"inner":2,"x":2}]\'')


def test_the_context_object_is_aws_and_the_token_stays_the_same() -> None:
    """ASL-02: the fields of the context object; ORC-04: a token is made of the place it is for."""
    state = {"Type": "Task", "Resource": f"{QUEUE}.waitForTaskToken", "Parameters": {"c.$": "$$"}}
    waits = [one(state, {"in": 1}).at("S").wait for _ in range(2)]
    assert all(wait is not None for wait in waits)
    contexts = [wait.argument["c"] for wait in waits if wait is not None]
    assert contexts[0] == contexts[1]
    token = contexts[0].pop("Task")["Token"]
    assert contexts[0] == {
        "Execution": {
            "Id": "arn:aws:states:us-east-1:000000000000:execution:m:x1",
            "Input": {"in": 1},
            "StartTime": "1970-01-01T00:16:40.000Z",
            "Name": "x1",
            "RoleArn": "arn:aws:iam::000000000000:role/workflow",
            "RedriveCount": 0,
        },
        "StateMachine": {"Id": "arn:aws:states:us-east-1:000000000000:stateMachine:m", "Name": "m"},
        "State": {"Name": "S", "EnteredTime": "1970-01-01T00:16:40.000Z", "RetryCount": 0},
    }
    place = place_in(token)
    assert place == ("x1", 0, 1, 1)
    assert proves(token, place, "seed")
    assert not proves(token, place, "another")
    assert place_in("bm9uZQ==") is place_in("ñ") is None


def test_what_is_too_large_is_not_passed_on() -> None:
    """ASL-01: 262,144 bytes of UTF-8 for a result and an output; the error can be caught by its name alone."""
    catch = [{"ErrorEquals": ["States.DataLimitExceeded"], "Next": "T"}]
    run = one({"Type": "Task", "Resource": f"{QUEUE}", "Catch": catch}, {}, T=END)
    run.done("S", "ñ" * 131_072)
    cause = "The state/task 'sqs' returned a result with a size exceeding the maximum number of bytes service limit."
    assert run.output() == {"Error": "States.DataLimitExceeded", "Cause": cause}
    assert run.types()[4:6] == ["TaskFailed", "TaskStateExited"]
    grown = {"Type": "Pass", "Parameters": {"a.$": "$", "b.$": "$"}}
    assert one(grown, "x" * 140_000).failure()[0] == "States.DataLimitExceeded"


@pytest.mark.parametrize(
    ("given", "fields"), [({"a": "x" * 250_000}, {"ResultPath": "$.e"}), ({}, {"Assign": {"a.$": "$", "b.$": "$"}})]
)
def test_a_catcher_does_not_pass_on_what_is_too_large(given: Any, fields: dict[str, Any]) -> None:
    """ASL-04: its failure is that of the state, and no rule of the state is asked again."""
    catch = [{"ErrorEquals": ["E"], "Next": "T", **fields}, {"ErrorEquals": ["States.DataLimitExceeded"], "Next": "T"}]
    run = one({"Type": "Task", "Resource": LAMBDA, "Catch": catch}, given, T=END)
    run.failed("S", "E", "y" * 140_000)
    assert run.failure()[0] == "States.DataLimitExceeded"


def test_the_variables_of_an_execution_have_a_limit_together() -> None:
    """ASL-03: 10 MiB of them; one that is assigned again counts once."""
    text = "x" * 200_000
    states: dict[str, Any] = {
        f"S{number}": {"Type": "Pass", "Assign": {f"v{number}.$": "$"}, "Next": f"S{number + 1}"}
        for number in range(52)
    }
    states["S52"] = {"Type": "Pass", "Assign": {"v0.$": "$"}, "Next": "S53"}
    states["S53"] = {"Type": "Pass", "Assign": {"one_more.$": "$"}, "End": True}
    run = Asl({"StartAt": "S0", "States": states})
    run.start(text)
    told = ("States.DataLimitExceeded", "The variables of the execution have more than 10485760 bytes.")
    assert (run.failure(), run.at("S53").state) == (told, "S53")


def test_a_history_of_25_000_lines_ends_the_execution() -> None:
    """ASL-01: a loop that does not end is ended, and no rule catches that."""
    document = {
        "StartAt": "A",
        "States": {
            "A": {"Type": "Pass", "Next": "B"},
            "B": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": True, "Next": "E"}], "Default": "A"},
            "E": END,
        },
    }
    frame = Frame("x1", "seed")
    decide(compile_machine(document, "m"), frame, s.Start({}), 0, 100_000)
    assert (frame.status, frame.error, frame.lines) == ("failed", "States.Runtime", 25_000)
    assert frame.cause == "The execution reached the maximum number of history events (25000)."


def test_the_whole_execution_times_out() -> None:
    run = Asl({"StartAt": "S", "TimeoutSeconds": 5, "States": {"S": {"Type": "Wait", "Seconds": 60, "End": True}}})
    run.start()
    run.later(5)
    assert run.status() == "timed_out"
    assert run.types()[-1] == "ExecutionTimedOut"


def test_compensations_and_the_pivot_are_the_kernels() -> None:
    """SAGA-01, SAGA-02: Compensate names what undoes a Task, with what the task has given."""
    undo = {"Resource": "undo.a", "Parameters": {"id.$": "$.id", "was.$": "$$.State.Name"}}
    first = {"Type": "Task", "Resource": LAMBDA, "Compensate": undo, "Next": "F"}
    run = Asl({"StartAt": "A", "States": {"A": first, "F": {"Type": "Fail", "Error": "E"}}})
    run.start({})
    run.done("A", {"id": 7})
    assert run.tasks() == ["undo.a"]
    wait = run.at("A").wait
    assert wait is not None
    assert wait.argument == {"id": 7, "was": "A"}
    run.done("A")
    assert run.failure() == ("E", "")
    run.history()


@pytest.mark.parametrize(
    ("document", "location"),
    [
        ({"StartAt": "S", "States": {"S": {"Type": "Nope", "End": True}}}, "/States/S/Type"),
        ({"StartAt": "S", "States": {"S": {**END, "QueryLanguage": "SQL"}}}, "/States/S/QueryLanguage"),
        ({"StartAt": "a/b", "States": {"a/b": {**END, "ResultPath": "$.a[*]"}}}, "/States/a~1b/ResultPath"),
        ({"StartAt": "S", "States": {"S": {**END, "ResultPath": "$$.a"}}}, "/States/S/ResultPath"),
        ({"StartAt": "S", "States": {"S": {**END, "Parameters": {"a.$": "b"}}}}, "/States/S"),
        ({"StartAt": "S", "States": {"S": {**END, "Parameters": {"a.$": "$.b", "a": 1}}}}, "/States/S/a"),
        (
            {
                "StartAt": "S",
                "States": {"S": {"Type": "Parallel", "End": True, "Branches": [turn({**END, "InputPath": "x"})]}},
            },
            "/States/S/Branches/0/States/I",
        ),
    ],
)
def test_what_cannot_be_compiled_is_refused_with_its_place(document: dict[str, Any], location: str) -> None:
    with pytest.raises(InvalidDefinitionError) as caught:
        compile_machine(document, "m")
    assert caught.value.location == location


def test_a_machine_that_does_not_hold_together_is_refused_by_the_kernel() -> None:
    with pytest.raises(DefinitionError, match="nothing leads to 'T'"):
        compile_machine({"StartAt": "S", "States": {"S": END, "T": END}}, "m")


def test_a_template_nested_without_end_is_refused() -> None:
    deep: Any = {"a.$": "$"}
    for _ in range(300):
        deep = [deep]
    with pytest.raises(InvalidDefinitionError, match="nested"):
        compile_machine({"StartAt": "S", "States": {"S": {**END, "Parameters": {"a": deep}}}}, "m")
