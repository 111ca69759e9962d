"""Random machines whose states speak either query language: what is decided again from the same is the same."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflow.asl.compile import compile_machine
from app.workflow.kernel import stimuli as s
from app.workflow.kernel.decide import run as decide
from app.workflow.kernel.events import Event
from app.workflow.kernel.frames import Frame
from tests.support.workflow.asl import ACTIVITY, LAMBDA, QUEUE, Asl, drive

pytestmark = pytest.mark.fast

PATHS: Final = [
    "$",
    "$.l",
    "$.a",
    "$v",
    "$$.State.Name",
    "$$.Execution.Input",
    "States.UUID()",
    "States.MathRandom(1, 9)",
]
EXPRESSIONS: Final = [
    "{% $states.input %}",
    "{% $states.input.l[0] %}",
    "{% $states.context.State.EnteredTime %}",
    "{% $v %}",
    "{% $uuid() %}",
    "{% $random() %}",
    "{% $now() & $string($millis()) %}",
    "{% $map($states.input.l, function($i) { [$i, $random()] }) %}",
    "{% $states.input.absent %}",
]
RESOURCES: Final = [LAMBDA, ACTIVITY, f"{QUEUE}.waitForTaskToken", "arn:aws:states:::states:startExecution.sync:2"]
RETRY: Final = [{"ErrorEquals": ["Odd", "States.Timeout"], "MaxAttempts": 2, "JitterStrategy": "FULL"}]
GIVEN: Final = {"l": [1, {"a": 2}], "a": {"b": 3}}
values = st.sampled_from(EXPRESSIONS)
payloads = st.dictionaries(st.sampled_from(["a.$", "l.$"]), st.sampled_from(PATHS), min_size=1)


@st.composite
def flows(draw: st.DrawFn, depth: int = 0, names: Any = None) -> dict[str, Any]:
    """Draw a line of states, each in one of the languages, with lines inside them."""
    fresh = iter(f"s{number}" for number in range(10_000)) if names is None else names
    own = [next(fresh) for _ in range(draw(st.integers(1, 4 if depth == 0 else 2)))]
    return {"StartAt": own[0], "States": {name: draw(_state(own[n + 1 :], depth, fresh)) for n, name in enumerate(own)}}


@st.composite
def _state(draw: st.DrawFn, later: list[str], depth: int, names: Any) -> dict[str, Any]:
    paths = draw(st.booleans())
    state = draw(_kinds(depth, names, paths=paths))
    state["QueryLanguage"] = "JSONPath" if paths else "JSONata"
    state["Assign"] = draw(st.sampled_from([{}, {"v.$": "$"} if paths else {"v": "{% $states.input %}"}]))
    if not paths and draw(st.booleans()):
        state["Output"] = {"l": [draw(values)], "a": draw(values)}
    if later and state["Type"] != "Wait" and "Retry" in state:
        state["Catch"] = [{"ErrorEquals": ["States.ALL"], "Next": later[-1]}]
    return state | ({"Next": later[0]} if later else {"End": True})


def _kinds(depth: int, names: Any, *, paths: bool) -> st.SearchStrategy[dict[str, Any]]:
    shaped = payloads.map(lambda raw: {"Parameters": raw}) if paths else values.map(lambda raw: {"Arguments": raw})
    tasks = st.builds(
        lambda resource, shape: {"Type": "Task", "Resource": resource, "TimeoutSeconds": 9, "Retry": RETRY, **shape},
        st.sampled_from(RESOURCES),
        shaped,
    )
    plain = payloads.map(lambda raw: {"Type": "Pass", "Parameters": raw}) if paths else st.just({"Type": "Pass"})
    waits = st.integers(0, 3).map(lambda seconds: {"Type": "Wait", "Seconds": seconds})
    kinds = [tasks, plain.map(dict), waits]
    if depth < 2:
        branches = st.lists(flows(depth + 1, names), min_size=1, max_size=2)
        kinds.append(branches.map(lambda drawn: {"Type": "Parallel", "Branches": drawn, "Retry": RETRY}))
        items = {"ItemsPath": "$.l"} if paths else {"Items": "{% $states.input.l %}"}
        kinds.append(flows(depth + 1, names).map(lambda drawn: {"Type": "Map", "ItemProcessor": drawn, **items}))
    return st.one_of(kinds)


class _Remembering(Asl):
    """An execution that remembers what it was told, and when."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.told: list[tuple[int, s.Stimulus]] = []
        super().__init__(document)

    def apply(self, stimulus: s.Stimulus) -> list[Event]:
        self.told.append((self.now, stimulus))
        return super().apply(stimulus)


def _answer(run: _Remembering, state: str, answer: int) -> None:
    wait = run.at(state).wait
    if answer % 7 == 0:
        run.failed(state, "Odd")
    elif answer % 3 == 0 and wait is not None and not wait.taken:
        run.submitted(state, {"Id": answer})
    else:
        run.done(state, {"l": [answer], "a": None})


@given(flows(), st.lists(st.integers(0, 50), min_size=1, max_size=6).filter(lambda drawn: any(n % 3 for n in drawn)))
def test_what_is_decided_again_from_the_same_is_the_same(document: dict[str, Any], answers: list[int]) -> None:
    """ORC-04: the same stimuli at the same instants, to a machine compiled anew, give the same times and chances."""
    run = _Remembering(document)
    drive(run, GIVEN, answers, partial(_answer, run))
    again, definition, events = Frame("x1", "seed"), compile_machine(document, "m"), list[Event]()
    for now, stimulus in run.told:
        events += decide(definition, again, stimulus, now)
    assert events == run.events
    assert again == run.frame
    run.history()
