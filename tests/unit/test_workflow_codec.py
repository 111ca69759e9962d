"""What is written of executions is read again by later versions, and refused by name when it cannot be (SM-06)."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from app.workflow import codec
from app.workflow.codec import Homes, UnreadableError, pack, unpack_checkpoint, unpack_history
from app.workflow.kernel import stimuli as s
from app.workflow.kernel.decide import run
from app.workflow.kernel.events import Event
from app.workflow.kernel.frames import Frame
from app.workflow.kernel.graph import Definition, Flow
from app.workflow.kernel.states import Task

pytestmark = pytest.mark.fast
ONE = Definition("one", Flow("a", {"a": Task("a", {"success": None}, "do.a")}))
LARGE = {"text": "é" * 3_000}


def begun(given: Any) -> tuple[Frame, list[Event]]:
    frame = Frame("x", "seed")
    return frame, run(ONE, frame, s.Start(given), 1_000)


@pytest.mark.parametrize("given", [{"n": 1}, LARGE], ids=["small", "large"])
def test_what_an_older_version_wrote_is_upgraded_when_it_is_read(given: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """SM-06: step by step, an event and the frame each by its own upcasters."""
    frame, events = begun(given)
    packed = pack(frame, events, 1, Homes())

    def renamed(event: list[Any]) -> list[Any]:
        return [event[0], *[f"{field}!" if field == "do.a" else field for field in event[1:]]]

    def reseeded(raw: list[Any]) -> list[Any]:
        return [raw[0], f"{raw[1]}!", *raw[2:]]

    monkeypatch.setattr(codec, "SCHEMA", 3)
    monkeypatch.setattr(codec, "EVENT_UPCASTERS", {1: renamed, 2: lambda event: event})
    monkeypatch.setattr(codec, "FRAME_UPCASTERS", {1: reseeded, 2: reseeded})
    read = unpack_history(packed.history)
    assert [getattr(event, "resource", None) for event in read][-1] == "do.a!"
    assert read[:-1] == events[:-1]
    upgraded, homes = unpack_checkpoint(packed.checkpoint, lambda _versions: {1: packed.history})
    assert upgraded.seed == "seed!!"
    assert upgraded.branches == frame.branches
    assert len(homes) == (1 if given is LARGE else 0)


def test_a_large_value_is_written_once_and_referred_to() -> None:
    """Engine.md 5: the events that share it, and the checkpoint."""
    frame, events = begun(LARGE)
    packed = pack(frame, events, 1, Homes())
    assert packed.history.count(LARGE["text"]) == 1
    assert LARGE["text"] not in packed.checkpoint
    read, _ = unpack_checkpoint(packed.checkpoint, lambda versions: dict.fromkeys(versions, packed.history))
    assert read == frame


def test_beside_a_large_value_that_stands_in_an_earlier_row_small_events_are_written_as_they_are() -> None:
    """Engine.md 5: what is written does not grow with what is only referred to."""
    frame, events = begun(LARGE)
    first = pack(frame, events, 1, Homes())
    (branch,) = frame.branches.values()
    told = run(ONE, frame, s.Heartbeat(branch.id, branch.entry, branch.attempt), 1_500) or events[:1]
    small = [event for event in told if not hasattr(event, "input")]
    second = pack(frame, small, 2, first.homes)
    assert json.loads(second.history) == [codec.SCHEMA, json.loads(msgspec.json.encode(small))]
    assert unpack_history(second.history) == small
    assert LARGE["text"] not in second.checkpoint
    read, _ = unpack_checkpoint(second.checkpoint, lambda versions: dict.fromkeys(versions, first.history))
    assert read == frame


@pytest.mark.parametrize("text", ["", "{}", "[]", "[0, []]", '["1", []]', "[99, []]", "[1"])
def test_what_is_newer_or_damaged_is_refused(text: str) -> None:
    with pytest.raises(UnreadableError):
        unpack_history(text)
    with pytest.raises(UnreadableError):
        unpack_checkpoint(text, lambda _versions: {})


def test_an_event_nobody_knows_and_a_frame_of_another_form_are_refused() -> None:
    with pytest.raises(UnreadableError):
        unpack_history('[1, [["Unheard", 1]]]')
    with pytest.raises(UnreadableError):
        unpack_checkpoint("[1, [1, 2, 3]]", lambda _versions: {})


def test_a_checkpoint_whose_large_value_is_not_there_is_refused() -> None:
    frame, events = begun(LARGE)
    packed = pack(frame, events, 1, Homes())
    with pytest.raises(UnreadableError, match="version 1"):
        unpack_checkpoint(packed.checkpoint, lambda _versions: {})
    strange = json.loads(packed.checkpoint)
    strange[2][0][0] = ["nowhere"]
    with pytest.raises(UnreadableError, match="nowhere"):
        unpack_checkpoint(json.dumps(strange), lambda _versions: {1: packed.history})
