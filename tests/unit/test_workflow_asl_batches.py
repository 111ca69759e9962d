"""How items become inputs, and results become files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from app.workflow.asl.context import Surroundings
from app.workflow.asl.maps.batches import Limits, alone, batched, page
from app.workflow.asl.maps.results import Child, MapRun, Writer, collected, write
from app.workflow.asl.states import LARGEST
from app.workflow.kernel.errors import StepError
from app.workflow.objects import ObjectError
from app.workflow.objects.memory import MemoryObjects

pytestmark = pytest.mark.fast

RUN = MapRun("orders/each", "run1", Surroundings(account="123456789012", region="us-east-2"))


def selected(*values: Any) -> Iterator[tuple[Any, list[Any]]]:
    """Give values with their cursors."""
    return ((value, [place]) for place, value in enumerate(values, 1))


def test_without_a_batcher_each_item_is_an_input() -> None:
    found = list(alone(selected("a", {"b": 1})))
    assert [(one.value, one.items, one.cursor) for one in found] == [("a", 1, [1]), ({"b": 1}, 1, [2])]
    assert found[1].size == len('{"b":1}')


@pytest.mark.parametrize(
    ("limits", "counts"),
    [(Limits(2), [2, 2, 1]), (Limits(5), [5]), (Limits(9), [5]), (Limits(1), [1] * 5), (Limits(None, 32), [3, 2])],
)
def test_items_go_together_as_the_limits_allow(limits: Limits, counts: list[int]) -> None:
    found = list(batched(selected("aaaa", "bbbb", "cccc", "dddd", "eeee"), limits, None))
    assert [one.items for one in found] == counts
    assert [item for one in found for item in one.value["Items"]] == ["aaaa", "bbbb", "cccc", "dddd", "eeee"]
    assert found[-1].cursor == [5]
    assert [one.size for one in found] == [len(msgspec.json.encode(one.value)) for one in found]
    assert all(one.size <= (limits.size or LARGEST) for one in found)


def test_what_a_batch_shares_stands_first_and_counts() -> None:
    shared = {"for": "everybody"}
    found = list(batched(selected("aaaa", "bbbb"), Limits(None, 60), lambda: shared))
    assert [list(one.value) for one in found] == [["BatchInput", "Items"]]
    assert found[0].value == {"BatchInput": shared, "Items": ["aaaa", "bbbb"]}
    assert [one.items for one in batched(selected("aaaa", "bbbb"), Limits(None, 50), lambda: shared)] == [1, 1]


def test_a_batch_never_has_more_than_an_input_may_have() -> None:
    item = "x" * 100_000
    assert [one.items for one in batched(selected(item, item, item), Limits(10), None)] == [2, 1]


def test_an_item_that_fits_no_batch_is_one_by_itself() -> None:
    assert [one.items for one in batched(selected("a", "x" * 99, "b"), Limits(10, 40), None)] == [1, 1, 1]


def test_a_page_ends_when_it_is_full_and_the_next_goes_on_behind_it() -> None:
    inputs = alone(selected(*range(5)))
    first, second, third = page(inputs, 2), page(inputs, 2), page(inputs, 2)
    assert [one.inputs for one in (first, second, third)] == [[0, 1], [2, 3], [4]]
    assert [one.cursor for one in (first, second, third)] == [[2], [4], None]
    assert page(alone(selected("x" * 50, "y" * 50)), size=40).inputs == ["x" * 50]
    assert page(alone(selected())).cursor is None


def child(name: str, status: str = "SUCCEEDED", output: str | None = '["a"]', **more: Any) -> Child:
    """Give an execution that has ended."""
    return Child(name, status, '{"n":1}', output, started=1_000, stopped=2_500, **more)


def failed(name: str, status: str = "FAILED") -> Child:
    """Give one that has failed."""
    return child(name, status, None, error="Trouble", cause="why")


def test_a_state_without_a_writer_gets_the_outputs() -> None:
    found = collected(RUN, Writer(shape="COMPACT"), [child("c0"), child("c1", output="2"), failed("c2")])
    assert found[:2] == [["a"], 2]
    assert found[2]["Status"] == "FAILED"
    assert found[2]["Error"] == "Trouble"


def test_results_are_flattened_or_made_lines_when_that_is_asked_for() -> None:
    children = [child("c0", output="[1,[2]]"), child("c1", output='{"a":3}')]
    assert collected(RUN, Writer(shape="FLATTEN"), children) == [1, [2], {"a": 3}]
    assert collected(RUN, Writer(shape="COMPACT", kind="JSONL"), children) == '[1,[2]]\n{"a":3}'


def test_more_than_a_state_may_have_is_refused_before_all_of_it_is_read() -> None:
    asked = []

    def endless() -> Iterator[Child]:
        for number in range(1_000_000):
            asked.append(number)
            yield child(f"c{number}", output='"' + "x" * 1_000 + '"')

    with pytest.raises(StepError) as raised:
        collected(RUN, Writer(shape="COMPACT"), endless())
    assert raised.value.error == "States.DataLimitExceeded"
    assert len(asked) < 300


def written(writer: Writer, *children: Child, largest: int = 10**9) -> tuple[Any, dict[str, Any]]:
    """Write; give the state's result, and the files by their names."""
    store = MemoryObjects()

    def of(kind: str) -> list[Child]:
        return [one for one in children if one.file == kind]

    result = write(store, RUN, writer, of, largest)
    assert write(store, RUN, writer, of, largest) == result
    files = {one.key: b"".join(store.get(writer.bucket, one.key)).decode() for one in store.list(writer.bucket)}
    return result, files


def test_results_are_written_by_status_with_a_manifest() -> None:
    children = [child("c0"), failed("c1"), failed("c2", "TIMED_OUT"), failed("c3", "ABORTED")]
    pending = Child("c4", "PENDING", "5")
    result, files = written(Writer("out", "jobs/"), *children, pending)
    arn = "arn:aws:states:us-east-2:123456789012:mapRun:orders/each:run1"
    manifest = "jobs/run1/manifest.json"
    assert result == {"MapRunArn": arn, "ResultWriterDetails": {"Bucket": "out", "Key": manifest}}
    assert msgspec.json.decode(files.pop(manifest)) == {
        "DestinationBucket": "out",
        "MapRunArn": arn,
        "ResultFiles": {
            kind: [{"Key": f"jobs/run1/{kind}_0.json", "Size": len(files[f"jobs/run1/{kind}_0.json"])}]
            for kind in ("FAILED", "PENDING", "SUCCEEDED")
        },
    }
    told = {name: msgspec.json.decode(text) for name, text in files.items()}
    assert [one["Status"] for one in told["jobs/run1/FAILED_0.json"]] == ["FAILED", "TIMED_OUT", "ABORTED"]
    assert told["jobs/run1/SUCCEEDED_0.json"] == [
        {
            "ExecutionArn": "arn:aws:states:us-east-2:123456789012:execution:orders/each:c0",
            "Input": '{"n":1}',
            "InputDetails": {"Included": True},
            "Name": "c0",
            "Output": '["a"]',
            "OutputDetails": {"Included": True},
            "RedriveCount": 0,
            "RedriveStatus": "NOT_REDRIVABLE",
            "RedriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
            "StartDate": "1970-01-01T00:00:01.000Z",
            "StateMachineArn": "arn:aws:states:us-east-2:123456789012:stateMachine:orders/each",
            "Status": "SUCCEEDED",
            "StopDate": "1970-01-01T00:00:02.500Z",
        }
    ]
    (failure,) = [one for one in told["jobs/run1/FAILED_0.json"] if one["Name"] == "c1"]
    assert {"Cause": "why", "Error": "Trouble", "RedriveStatus": "REDRIVABLE"}.items() <= failure.items()
    assert told["jobs/run1/PENDING_0.json"] == [
        {
            "ExecutionArn": "arn:aws:states:us-east-2:123456789012:execution:orders/each:c4",
            "Input": "5",
            "InputDetails": {"Included": True},
            "Name": "c4",
            "StateMachineArn": "arn:aws:states:us-east-2:123456789012:stateMachine:orders/each",
            "Status": "PENDING",
        }
    ]


def test_what_there_is_none_of_has_no_file() -> None:
    _, files = written(Writer("out"))
    assert list(files) == ["run1/manifest.json"]
    assert msgspec.json.decode(files["run1/manifest.json"])["ResultFiles"] == {
        "FAILED": [],
        "PENDING": [],
        "SUCCEEDED": [],
    }


def test_a_file_that_is_full_is_followed_by_another() -> None:
    writer = Writer("out", "", "COMPACT", "JSONL")
    _, files = written(writer, *(child(f"c{place}", output=f'"{place}"') for place in range(5)), largest=9)
    assert {name: files[name] for name in files if "SUCC" in name} == {
        "run1/SUCCEEDED_0.jsonl": '"0"\n"1"\n',
        "run1/SUCCEEDED_1.jsonl": '"2"\n"3"\n',
        "run1/SUCCEEDED_2.jsonl": '"4"\n',
    }
    _, files = written(Writer("out", "", "COMPACT"), child("c0", output="10"), child("c1", output="11"), largest=4)
    assert (files["run1/SUCCEEDED_0.json"], files["run1/SUCCEEDED_1.json"]) == ("[10]", "[11]")


def test_a_store_that_refuses_fails_the_writer() -> None:
    class Full(MemoryObjects):
        def put(self, *_given: Any) -> int:
            raise ObjectError("No space left on device")

    with pytest.raises(StepError) as raised:
        write(Full(), RUN, Writer("out"), lambda _kind: [], 100)
    assert (raised.value.error, raised.value.cause) == ("States.ResultWriterFailed", "No space left on device")
