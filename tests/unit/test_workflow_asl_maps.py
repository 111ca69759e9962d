"""The distributed Map as a state, and the map run as an execution, driven by hand."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import pytest

from app.workflow import codec
from app.workflow.asl.compile import compile_machine
from app.workflow.asl.maps.plan import Order, read_order
from app.workflow.asl.maps.state import MapRun
from app.workflow.asl.query import InvalidDefinitionError
from app.workflow.kernel import stimuli as s
from app.workflow.kernel.decide import run
from app.workflow.kernel.errors import StepError
from app.workflow.kernel.events import Event, MembersRedriven, MembersStarted
from app.workflow.kernel.frames import Crowd, Frame
from app.workflow.objects.memory import MemoryObjects
from tests.support.workflow.asl import Asl, details
from tests.support.workflow.driven import Driven
from tests.support.workflow.maps import READER, WRITER, distributed, machine

pytestmark = pytest.mark.fast
ARN: Final = "arn:aws:states:us-east-1:000000000000:mapRun:m/each:r1"
DATA: Final[dict[str, Any]] = {
    "items": ["a", "b"],
    "two": 2,
    "half": 0.5,
    "bucket": "data",
    "text": "x",
    "most": 101,
}


def asl(language: str = "JSONPath", data: Any = None, **fields: Any) -> Asl:
    """Start a machine of one distributed Map."""
    document = {"StartAt": "M", "QueryLanguage": language, "States": {"M": distributed(**fields)}}
    execution = Asl(document)
    execution.start(DATA if data is None else data)
    return execution


def order_of(execution: Asl) -> Order:
    """Give what the map run is asked for."""
    wait = execution.at("M").wait
    assert wait is not None
    assert wait.name == "mapRun"
    return read_order(msgspec.json.encode(wait.argument).decode())


def inputs(execution: Asl, store: MemoryObjects | None = None) -> list[Any]:
    """Give the inputs of the members."""
    state = execution.definition.parts[-1].states["MapRun"]
    assert isinstance(state, MapRun)
    return state.plan.page(store or MemoryObjects(), order_of(execution), None, 0).inputs


# The state


def test_the_machines_of_items_and_of_runs_belong_to_the_machine() -> None:
    """ASL-02: Map, distributed."""
    made = machine()
    assert [part.name for part in made.parts] == ["m/each", "m/each/run"]
    assert list(made.parts[0].states) == ["W"]
    assert list(made.states) == ["M"]
    assert made.parts[0].timeout is None


def test_a_map_without_a_label_has_one_of_its_name() -> None:
    document = {"StartAt": "M", "States": {"M": distributed()}}
    del document["States"]["M"]["Label"]  # type: ignore[index]
    assert compile_machine(document, "m").parts[0].name == "m/M"
    odd = {"StartAt": "ü " * 30, "States": {"ü " * 30: document["States"]["M"]}}  # type: ignore[index]
    name = compile_machine(odd, "m").parts[0].name
    assert len(name) == 34
    assert name.isascii()


def test_maps_inside_maps_have_machines_of_the_whole_one() -> None:
    inner = distributed(Label="inner")
    made = compile_machine({"StartAt": "M", "States": {"M": distributed(inner)}}, "m")
    assert [part.name for part in made.parts] == ["m/inner", "m/inner/run", "m/each", "m/each/run"]
    with pytest.raises(InvalidDefinitionError, match="label"):
        compile_machine({"StartAt": "M", "States": {"M": distributed(distributed())}}, "m")


def test_an_express_item_has_five_minutes() -> None:
    state = distributed()
    state["ItemProcessor"]["ProcessorConfig"]["ExecutionType"] = "EXPRESS"
    assert compile_machine({"StartAt": "M", "States": {"M": state}}, "m").parts[0].timeout == 300


@pytest.mark.parametrize(
    ("language", "fields"),
    [
        (
            "JSONPath",
            {
                "ItemsPath": "$.items",
                "MaxConcurrencyPath": "$.two",
                "ToleratedFailureCountPath": "$.two",
                "ToleratedFailurePercentagePath": "$.half",
                "ItemBatcher": {"MaxItemsPerBatchPath": "$.two", "MaxInputBytesPerBatch": 1_000},
            },
        ),
        (
            "JSONata",
            {
                "Items": "{% $states.input.items %}",
                "MaxConcurrency": "{% $states.input.two %}",
                "ToleratedFailureCount": "{% $states.input.two %}",
                "ToleratedFailurePercentage": "{% $states.input.half %}",
                "ItemBatcher": {"MaxItemsPerBatch": "{% $states.input.two %}", "MaxInputBytesPerBatch": 1_000},
            },
        ),
    ],
)
def test_what_is_asked_for_comes_from_the_fields_of_either_language(language: str, fields: dict[str, Any]) -> None:
    order = order_of(asl(language, **fields))
    assert order.source.items == ["a", "b"]
    assert (order.at_once, order.tolerated, order.length) == (2, (2, 0.5), 2)
    assert order.batch is not None
    assert (order.batch.items, order.batch.size) == (2, 1_000)
    assert (order.machine, order.edition) == ("m/each", 1)


@pytest.mark.parametrize(
    ("language", "given"),
    [
        ("JSONPath", {"Parameters": {"Bucket.$": "$.bucket", "Key": "k"}}),
        ("JSONata", {"Arguments": {"Bucket": "{% $states.input.bucket %}", "Key": "k"}}),
    ],
)
def test_readers_and_writers_take_their_places_from_the_data(language: str, given: dict[str, Any]) -> None:
    most = {"MaxItemsPath": "$.two"} if language == "JSONPath" else {"MaxItems": "{% $states.input.two %}"}
    config = {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["x"], "CSVDelimiter": "TAB", **most}
    writing = {name: {**value, "Prefix": "p"} for name, value in given.items()}
    order = order_of(
        asl(
            language,
            ItemReader={"Resource": READER["Resource"], "ReaderConfig": config, **given},
            ResultWriter={"Resource": WRITER["Resource"], "WriterConfig": {"OutputType": "JSONL"}, **writing},
        )
    )
    source, writer = order.source, order.writer
    assert (source.bucket, source.key, source.kind) == ("data", "k", "CSV")
    assert (source.header, source.delimiter) == (["x"], "TAB")
    assert (writer.bucket, writer.prefix, writer.shape, writer.kind) == ("data", "p", "NONE", "JSONL")
    assert (order.most, order.length, order.source.items) == (2, 0, None)


@pytest.mark.parametrize(
    ("reader", "wanted"),
    [
        ({"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "b", "Prefix": "p/"}}, ""),
        ({"Resource": READER["Resource"], "ReaderConfig": {"InputType": "MANIFEST"}}, "S3_INVENTORY"),
        (
            {"Resource": READER["Resource"], "ReaderConfig": {"ManifestType": "ATHENA_DATA", "InputType": "CSV"}},
            "ATHENA_DATA",
        ),
    ],
)
def test_manifests_and_listings_are_told_apart(reader: dict[str, Any], wanted: str) -> None:
    given = {"Parameters": {"Bucket": "b", "Key": "k"}, **reader}
    source = order_of(asl(ItemReader=given)).source
    assert source.manifest == wanted
    assert source.listed == (not wanted)
    assert source.prefix == ("" if wanted else "p/")


@pytest.mark.parametrize(
    ("fields", "error", "cause"),
    [
        ({"ItemsPath": "$.text"}, "States.Runtime", "must point to array"),
        ({"ItemReader": {**READER, "Parameters": {"Bucket": "b"}}}, "States.Runtime", "'Key' is required"),
        ({"ResultWriter": {**WRITER, "Parameters": {"Prefix": "b"}}, "ItemsPath": "$.items"}, "States.Runtime", "'Bu"),
        (
            {"ToleratedFailurePercentagePath": "$.most", "ItemsPath": "$.items"},
            "States.Runtime",
            "between 0 and 100 but was: 101",
        ),
        ({"MaxConcurrencyPath": "$.text", "ItemsPath": "$.items"}, "States.Runtime", "cannot be parsed"),
    ],
)
def test_fields_that_do_not_fit_the_data_fail_the_state(fields: dict[str, Any], error: str, cause: str) -> None:
    failure = asl(**fields).failure()
    assert failure[0] == error
    assert cause in failure[1]


def test_a_delimiter_nobody_knows_is_no_definition() -> None:
    reader = {**READER, "ReaderConfig": {"InputType": "CSV", "CSVDelimiter": "DASH"}}
    with pytest.raises(InvalidDefinitionError) as raised:
        machine(ItemReader=reader)
    assert raised.value.location == "/States/M/ItemReader/ReaderConfig/CSVDelimiter"


def test_the_selector_sees_item_input_context_and_variables() -> None:
    """ASL-03: ItemSelector, with the context object of the Map state and not of the run."""
    selector = {
        "value.$": "$$.Map.Item.Value",
        "index.$": "$$.Map.Item.Index",
        "source.$": "$$.Map.Item.Source",
        "two.$": "$.two",
        "state.$": "$$.State.Name",
        "execution.$": "$$.Execution.Id",
        "machine.$": "$$.StateMachine.Name",
        "variable.$": "$v",
    }
    before = {"Type": "Pass", "Assign": {"v.$": "$.text"}, "Next": "M"}
    state = distributed(ItemsPath="$.items", ItemSelector=selector)
    execution = Asl({"StartAt": "B", "States": {"B": before, "M": state}})
    execution.start(DATA)
    assert inputs(execution)[1] == {
        "value": "b",
        "index": 1,
        "source": "STATE_DATA",
        "two": 2,
        "state": "M",
        "execution": "arn:aws:states:us-east-1:000000000000:execution:m:x1",
        "machine": "m",
        "variable": "x",
    }


def test_the_selector_of_jsonata_sees_the_same() -> None:
    selector = {
        "v": "{% $states.context.Map.Item.Value & $states.input.text %}",
        "k": "{% $states.context.Map.Item.Key %}",
    }
    execution = asl("JSONata", Items="{% {'p': 1, 'q': 2} %}", ItemSelector=selector)
    assert inputs(execution) == [{"v": "1x", "k": "p"}, {"v": "2x", "k": "q"}]
    assert inputs(execution) == inputs(execution)


def test_batches_share_an_input() -> None:
    batcher = {"MaxItemsPerBatch": 2, "BatchInput": {"for.$": "$.text"}}
    assert inputs(asl(ItemsPath="$.items", ItemBatcher=batcher)) == [{"BatchInput": {"for": "x"}, "Items": ["a", "b"]}]


def test_no_more_items_are_taken_than_are_asked_for() -> None:
    store = MemoryObjects()
    store.put("data", "items.jsonl", [b"1\n2\n3\n4\n"])
    reader = {**READER, "ReaderConfig": {"InputType": "JSONL", "MaxItems": 3}}
    execution = asl(ItemReader=reader)
    assert inputs(execution, store) == [1, 2, 3]
    state = execution.definition.parts[-1].states["MapRun"]
    assert isinstance(state, MapRun)
    assert state.plan.page(store, order_of(execution), [4, store.stat("data", "items.jsonl").etag], 2).inputs == [3]


def test_an_input_that_is_too_large_is_refused() -> None:
    big = asl(
        data={"items": ["x" * 200_000] * 2}, ItemsPath="$.items", ItemSelector={"v.$": "$$.Map.Item.Value", "w.$": "$"}
    )
    with pytest.raises(StepError) as raised:
        inputs(big)
    assert raised.value.error == "States.DataLimitExceeded"


def test_what_cannot_be_read_is_told_in_the_words_of_the_state() -> None:
    with pytest.raises(StepError) as raised:
        inputs(asl(ItemReader=READER))
    assert raised.value.error == "States.ItemReaderFailed"
    assert raised.value.cause.startswith(
        "An error occurred while executing the state 'M' (entered at the event id #2). "
    )


# Its history


def answer(execution: Asl, given: Any) -> None:
    """Let the run begin, and end with a result or an error."""
    branch = execution.at("M")
    step = (branch.id, branch.entry, branch.attempt)
    execution.apply(s.TaskSubmitted(*step, {"MapRunArn": ARN}))
    execution.apply(s.TaskError(*step, *given) if isinstance(given, tuple) else s.TaskDone(*step, given))


def test_the_history_of_a_map_run_that_succeeds() -> None:
    execution = asl(ItemsPath="$.items", ResultPath="$.done")
    answer(execution, [1, 2])
    assert execution.output()["done"] == [1, 2]
    assert execution.types()[1:-1] == [
        "MapStateEntered",
        "MapStateStarted",
        "MapRunStarted",
        "MapRunSucceeded",
        "MapStateSucceeded",
        "MapStateExited",
    ]
    assert execution.chain() == [0, 0, 2, 3, 4, 5, 5, 7]
    assert details(execution.history()[2]) == {"length": 2}
    assert details(execution.history()[3]) == {"mapRunArn": ARN}


def test_the_history_of_one_that_fails_and_is_redriven() -> None:
    execution = asl(ItemReader=READER)
    answer(execution, ("States.ItemReaderFailed", "why"))
    assert execution.failure() == ("States.ItemReaderFailed", "why")
    assert execution.types()[2:] == [
        "MapStateStarted",
        "MapRunStarted",
        "MapRunFailed",
        "MapStateFailed",
        "ExecutionFailed",
    ]
    assert details(execution.history()[2]) == {"length": 0}
    assert details(execution.history()[4]) == {"error": "States.ItemReaderFailed", "cause": "why"}
    before = execution.at("M").attempt
    execution.redriven()
    assert execution.at("M").attempt == before
    answer(execution, "done")
    assert execution.output() == "done"
    assert execution.types()[7:] == [
        "ExecutionRedriven",
        "MapRunRedriven",
        "MapRunSucceeded",
        "MapStateSucceeded",
        "MapStateExited",
        "ExecutionSucceeded",
    ]
    assert details(execution.history()[8]) == {"mapRunArn": ARN, "redriveCount": 1}


def test_a_retry_asks_for_another_map_run() -> None:
    execution = asl(ItemsPath="$.items", Retry=[{"ErrorEquals": ["States.ItemReaderFailed"]}])
    answer(execution, ("States.ItemReaderFailed", "why"))
    execution.later(1)
    assert execution.at("M").attempt == 2
    answer(execution, [])
    assert execution.types().count("MapRunStarted") == 2
    assert "MapStateFailed" not in execution.types()


def test_a_result_that_is_too_large_fails_the_state() -> None:
    execution = asl(ItemsPath="$.items")
    answer(execution, ["x" * 300_000])
    assert execution.failure()[0] == "States.DataLimitExceeded"


# The run


class Run(Driven):
    """A map run of so many items."""

    def __init__(self, count: int, **order: Any) -> None:
        made = machine()
        super().__init__(made.parts[1])
        fields = {"machine": "m/each", "source": [list(range(count))], "at_once": 2, "tolerated": [None, None], **order}
        self.start({**fields, "edition": 1, "writer": ["", "", "COMPACT", "JSON"], "length": count})

    @property
    def crowd(self) -> Crowd:
        """Give the members."""
        assert self.frame.crowd is not None
        return self.frame.crowd

    def page(self, first: int, count: int, *, more: bool = False, items: int = 1) -> list[Event]:
        """Answer the reading with a page."""
        page = {
            "Inputs": list(range(first, first + count)),
            "Items": [items] * count,
            "Cursor": [first + count] if more else None,
            "From": [first] if first else None,
            "Total": first * items,
        }
        return self.done("MapRun", page)

    def ended(self, number: int, status: str = "succeeded") -> list[Event]:
        """Let a member end; a second time nothing happens."""
        told = s.MemberEnded(0, number, status)
        got = self.apply(told)
        assert self.apply(told) == []
        return got

    def asks(self) -> tuple[str, Any]:
        """Give the task that is waited for."""
        wait = self.at("MapRun").wait
        assert wait is not None
        return wait.name, wait.argument


def test_as_many_members_are_open_as_may_be_and_the_next_page_is_read_when_one_is_empty() -> None:
    run_ = Run(5)
    assert run_.asks() == ("mapRun:read", {"Cursor": None, "Total": 0})
    run_.page(0, 3, more=True)
    assert run_.crowd.open == {0: 1, 1: 1}
    assert run_.tasks() == []
    run_.ended(1)
    assert run_.crowd.open == {0: 1, 2: 1}
    assert run_.asks() == ("mapRun:read", {"Cursor": [3], "Total": 3})
    run_.ended(0)
    assert run_.crowd.open == {2: 1}
    run_.page(3, 2)
    assert run_.crowd.open == {2: 1, 3: 1}
    run_.ended(3)
    run_.ended(2)
    assert run_.tasks() == []
    run_.ended(4)
    assert run_.asks() == ("mapRun:write", {"Begun": 5, "From": [3], "Total": 3, "Skip": 2})
    run_.done("MapRun", ["all"])
    assert (run_.frame.status, run_.frame.output) == ("succeeded", ["all"])
    assert (run_.crowd.members.succeeded, run_.crowd.total, run_.crowd.written) == (5, 5, True)


def test_a_run_of_nothing_writes_at_once() -> None:
    run_ = Run(0)
    run_.page(0, 0)
    assert run_.asks()[0] == "mapRun:write"
    run_.done("MapRun", [])
    assert run_.frame.status == "succeeded"


def test_batches_count_their_items() -> None:
    run_ = Run(6, at_once=9, tolerated=[2, None])
    run_.page(0, 3, items=2)
    run_.ended(1, "failed")
    run_.ended(0)
    assert (run_.crowd.items.failed, run_.crowd.members.failed) == (2, 1)
    assert run_.crowd.phase == "start"
    run_.ended(2, "timed_out")
    assert (run_.crowd.items.timed_out, run_.crowd.phase) == (2, "write")


@pytest.mark.parametrize(
    ("tolerated", "unwell", "fails"),
    [
        ([None, None], 1, True),
        ([1, None], 1, False),
        ([1, None], 2, True),
        ([None, 20.0], 2, False),
        ([None, 20.0], 3, True),
        ([5, 20.0], 3, True),
        ([1, 50.0], 2, True),
        ([0, None], 1, True),
        ([None, 100.0], 10, False),
    ],
)
def test_more_failures_than_are_tolerated_fail_the_run(tolerated: list[Any], unwell: int, *, fails: bool) -> None:
    run_ = Run(10, at_once=10, tolerated=tolerated)
    run_.page(0, 10)
    for number in range(10):
        run_.ended(number, "failed" if number < unwell else "succeeded")
    assert run_.asks()[0] == "mapRun:write"
    run_.done("MapRun", "result")
    assert run_.frame.status == ("failed" if fails else "succeeded")
    if fails:
        told = "The specified tolerated failure threshold was exceeded"
        assert (run_.frame.error, run_.frame.cause) == ("States.ExceedToleratedFailureThreshold", told)


def test_a_percentage_is_known_when_all_items_are() -> None:
    run_ = Run(4, tolerated=[None, 50.0])
    run_.page(0, 2, more=True)
    run_.ended(0, "failed")
    run_.ended(1, "failed")
    assert run_.crowd.phase == "start"
    run_.page(2, 2)
    run_.ended(2)
    run_.ended(3)
    assert run_.crowd.error is None
    run_ = Run(3, tolerated=[None, 50.0])
    run_.page(0, 2, more=True)
    run_.ended(0, "failed")
    run_.ended(1, "failed")
    run_.page(2, 0)
    assert run_.crowd.error is not None


def test_a_run_that_fails_stops_what_is_open_and_starts_nothing() -> None:
    run_ = Run(9)
    run_.page(0, 3, more=True)
    run_.ended(0)
    run_.ended(1, "failed")
    assert (run_.crowd.phase, run_.crowd.open) == ("stop", {2: 1})
    assert run_.asks()[0] == "mapRun:read"
    run_.ended(2, "aborted")
    # The page that was being read is taken note of, for the time after a redrive.
    run_.page(3, 2)
    assert run_.asks() == ("mapRun:write", {"Begun": 3, "From": [3], "Total": 3, "Skip": 0})
    run_.done("MapRun", "ignored")
    assert run_.frame.status == "failed"
    assert (run_.crowd.begun, run_.crowd.total) == (3, 5)


def test_a_reading_that_fails_lets_what_runs_be_stopped() -> None:
    run_ = Run(9)
    run_.page(0, 2, more=True)
    run_.failed("MapRun", "States.ItemReaderFailed", "gone")
    assert run_.crowd.phase == "stop"
    run_.ended(0, "aborted")
    run_.ended(1)
    run_.done("MapRun", "ignored")
    assert (run_.frame.error, run_.frame.cause) == ("States.ItemReaderFailed", "gone")


def test_a_writing_that_fails_is_the_error_unless_there_was_one() -> None:
    run_ = Run(0)
    run_.page(0, 0)
    run_.failed("MapRun", "States.ResultWriterFailed", "full")
    assert run_.frame.error == "States.ResultWriterFailed"
    run_ = Run(1)
    run_.page(0, 1)
    run_.ended(0, "failed")
    run_.failed("MapRun", "States.ResultWriterFailed", "full")
    assert run_.frame.error == "States.ExceedToleratedFailureThreshold"


def test_a_task_that_could_not_reach_the_store_is_done_again() -> None:
    run_ = Run(3)
    for _ in range(2):
        run_.failed("MapRun", "StoreUnavailableError")
        assert run_.asks() == ("mapRun:read", {"Cursor": None, "Total": 0})
    run_.page(0, 2, more=True)
    run_.failed("MapRun", "StoreUnavailableError")
    assert run_.asks() == ("mapRun:read", {"Cursor": [2], "Total": 2})
    run_.page(2, 0)
    run_.ended(0)
    run_.ended(1)
    run_.failed("MapRun", "StoreUnavailableError")
    assert run_.asks()[0] == "mapRun:write"


def redriven(events: list[Event]) -> list[int]:
    """Give the members that go on."""
    return [number for event in events if isinstance(event, MembersRedriven) for number in event.numbers]


def test_a_redrive_goes_on_with_what_failed_and_what_was_never_started() -> None:
    run_ = Run(6)
    run_.page(0, 6)
    run_.ended(0)
    run_.ended(1, "failed")
    run_.ended(2, "aborted")
    run_.done("MapRun", "ignored")
    assert run_.frame.status == "failed"
    run_.redriven()
    assert run_.asks() == ("mapRun:again", {"From": 0, "Begun": 3})
    run_.failed("MapRun", "StoreUnavailableError")
    assert run_.asks() == ("mapRun:again", {"From": 0, "Begun": 3})
    got = run_.done("MapRun", {"Found": [[1, 1, "failed"]], "Marker": 2})
    assert redriven(got) == [1]
    assert run_.crowd.members.failed == 0
    assert run_.asks() == ("mapRun:again", {"From": 2, "Begun": 3})
    got = run_.done("MapRun", {"Found": [[2, 1, "aborted"]], "Marker": None})
    assert redriven(got) == [2]
    assert (run_.crowd.open, run_.crowd.phase) == ({1: 1, 2: 1}, "start")
    for number in (1, 2, 3, 4, 5):
        run_.ended(number)
    run_.done("MapRun", "all")
    assert (run_.frame.status, run_.crowd.members.succeeded) == ("succeeded", 6)


def test_a_redrive_waits_for_what_is_still_being_stopped() -> None:
    run_ = Run(3, at_once=3)
    run_.page(0, 3)
    run_.stopped()
    assert run_.crowd.open == {0: 1, 1: 1, 2: 1}
    run_.ended(0, "aborted")
    run_.redriven()
    assert run_.tasks() == []
    run_.ended(1, "aborted")
    run_.ended(2, "aborted")
    assert run_.asks() == ("mapRun:again", {"From": 0, "Begun": 3})
    found = [[number, 1, "aborted"] for number in range(3)]
    assert redriven(run_.done("MapRun", {"Found": found, "Marker": None})) == [0, 1, 2]
    assert run_.crowd.items.aborted == 0


def test_what_is_redriven_keeps_to_the_number_that_may_be_open() -> None:
    run_ = Run(4, at_once=2, tolerated=[3, None])
    run_.page(0, 4)
    for number in range(4):
        run_.ended(number, "failed")
    run_.done("MapRun", "ignored")
    run_.redriven()
    found = [[number, 1, "failed"] for number in range(4)]
    assert redriven(run_.done("MapRun", {"Found": found, "Marker": None})) == [0, 1]
    assert (len(run_.crowd.found), run_.crowd.members.failed) == (2, 2)
    assert redriven(run_.ended(1)) == [2]
    assert redriven(run_.ended(0)) == [3]
    run_.ended(2)
    run_.ended(3, "failed")
    assert run_.asks()[0] == "mapRun:write"
    run_.done("MapRun", "all")
    assert (run_.frame.status, run_.crowd.members.failed) == ("succeeded", 1)


def test_a_member_that_fails_again_fails_the_run_again() -> None:
    run_ = Run(1)
    run_.page(0, 1)
    run_.ended(0, "failed")
    run_.done("MapRun", "ignored")
    run_.redriven()
    run_.done("MapRun", {"Found": [[0, 1, "failed"]], "Marker": None})
    run_.ended(0, "failed")
    run_.done("MapRun", "ignored")
    assert (run_.frame.status, run_.frame.redrives) == ("failed", 1)


def test_a_member_nobody_started_is_not_counted() -> None:
    run_ = Run(2)
    run_.page(0, 2)
    assert run_.apply(s.MemberEnded(0, 7, "succeeded")) == []
    assert run_.apply(s.MemberEnded(5, 0, "succeeded")) == []


# What it costs


def written(count: int) -> int:
    """Give the bytes that a map run of so many items writes when each end of a member is a commit of its own."""
    definition = machine().parts[1]
    frame, homes, bytes_, version, begun = Frame("x", "seed"), codec.Homes(), 0, 0, 0
    order = {"machine": "m/each", "at_once": 0, "tolerated": [None, None]}

    def apply(stimulus: s.Stimulus) -> list[Event]:
        nonlocal homes, bytes_, version
        got = run(definition, frame, stimulus, 1_000)
        version += 1
        packed = codec.pack(frame, got, version, homes)
        homes = packed.homes
        bytes_ += len(packed.history) + len(packed.checkpoint)
        return got

    apply(s.Start(order))
    while not frame.crowd or frame.crowd.phase == "start":
        branch = frame.branches[0]
        if branch.wait is not None and branch.wait.kind == "task":
            first = 0 if frame.crowd is None else frame.crowd.total
            size = min(500, count - first)
            page = {
                "Inputs": [{"number": first + place, "text": "x" * 50} for place in range(size)],
                "Items": [1] * size,
                "Cursor": [first + size] if first + size < count else None,
                "From": [first],
                "Total": first,
            }
            got = apply(s.TaskDone(0, branch.entry, branch.attempt, page))
        else:
            assert frame.crowd is not None
            got = apply(s.MemberEnded(0, next(iter(frame.crowd.open)), "succeeded"))
        begun += sum(event.count for event in got if isinstance(event, MembersStarted))
    assert begun == count
    return bytes_


def test_what_is_written_grows_with_the_number_of_items_and_not_faster() -> None:
    """Ten thousand items, each end a commit: what is kept of a run knows only the members that are open."""
    few, many = written(2_500), written(10_000)
    assert many < 5 * few
    assert many < 10_000 * 12_000
