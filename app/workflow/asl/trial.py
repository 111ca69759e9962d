"""One state tried out: what it makes of an input, and how, with its work replaced by a result or an error.

The kernel decides as in an execution, over a machine of this state alone; a Map or Parallel is tried as a Task with the
same fields, for what is inside of it is not run. Source: AWS API reference, "TestState".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from ..kernel import events as e
from ..kernel import stimuli as s
from ..kernel.decide import run
from ..kernel.errors import StepError
from ..kernel.fold import MAIN, fold
from ..kernel.frames import Branch, Frame, Wait
from ..kernel.graph import Definition, Visit
from .compile import LANGUAGES, compile_machine
from .context import Context, Surroundings
from .http import RESOURCE as HTTP
from .http import Parameters, Request, request_of
from .maps.batches import batched
from .maps.datasets import pointed
from .maps.fields import fields_of
from .maps.pieces import DatasetError
from .maps.state import EXCEEDED, TOO_MANY
from .query import Item, Language, Raw
from .templates import text_of

MACHINE: Final = "TestState"
ALONE: Final = "State"
"""What a state is called that comes without a name."""
WORKING: Final = frozenset({"Task", "Map", "Parallel", "Message"})
"""The types whose work is replaced."""
_RESULTING: Final = WORKING | {"Pass"}
NOTHING: Final = object()
_COUNT: Final = "ToleratedFailureCount"
_PERCENTAGE: Final = "ToleratedFailurePercentage"
_AWAY: Final = "-> "
"""What the names of the states around begin with: none of them is the state itself."""
_INSIDE: Final = frozenset(
    {
        "Branches",
        "ItemBatcher",
        "ItemProcessor",
        "ItemReader",
        "ItemSelector",
        "Items",
        "ItemsPath",
        "Iterator",
        "Label",
        "MaxConcurrency",
        "MaxConcurrencyPath",
        "ResultWriter",
        "ToleratedFailureCount",
        "ToleratedFailureCountPath",
        "ToleratedFailurePercentage",
        "ToleratedFailurePercentagePath",
    }
)
"""Fields of a Map or Parallel that say what is run inside, and that a Task does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a state is tried with.

    ``result`` or ``error``, with its cause, take the place of its work. ``retried`` is how often each retrier was used
    before, ``failed`` how many turns of a Map have failed, ``items`` what its reader read. ``context`` goes over the
    context object.
    """

    input: Any
    variables: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    result: Any = NOTHING
    error: tuple[str, str] | None = None
    retried: int = 0
    failed: int = 0
    items: Any = NOTHING


@dataclass(slots=True, kw_only=True)
class Tried:
    """What came of it.

    ``seen`` are the values along the way by AWS's names, ``handled`` what dealt with an error, ``variables`` those set.
    """

    status: str = "FAILED"
    output: Any = NOTHING
    error: str = ""
    cause: str = ""
    next: str = ""
    seen: dict[str, Any] = field(default_factory=dict)
    handled: dict[str, int] = field(default_factory=dict)
    variables: dict[str, Any] | None = None
    request: Request | None = None


def whole(definition: Raw, name: str) -> Raw:
    """Give a machine around a state that comes alone; what is a machine already is left as it is."""
    if "States" in definition:
        return definition
    others = {target: {"Type": "Succeed"} for target in _targets(definition) if target != name}
    return {"StartAt": name, "States": {name: definition, **others}}


def state_of(machine: Raw, name: str) -> Raw | None:
    """Give a state of a machine, also one inside of another; None when there is none of this name."""
    if name in machine["States"]:
        found: Raw = machine["States"][name]
        return found
    inside = (state_inside(state, name) for state in machine["States"].values())
    return next((state for state in inside if state is not None), None)


def state_inside(state: Raw, name: str) -> Raw | None:
    """Give a state that is inside of another one; None when there is none of this name."""
    flows = (state.get("ItemProcessor"), state.get("Iterator"), *state.get("Branches", ()))
    inside = (state_of(flow, name) for flow in flows if flow is not None)
    return next((found for found in inside if found is not None), None)


def try_state(machine: Raw, name: str, trial: Trial, around: Surroundings, seed: str, now: int) -> Tried:
    """Try a state of a sound machine. Raises KeyError for a name that is none."""
    raw = state_of(machine, name)
    if raw is None:
        raise KeyError(name)
    kind = raw.get("QueryLanguage", machine.get("QueryLanguage", "JSONPath"))
    language = LANGUAGES[kind](_Given(around, trial))
    test = _Test(raw, name, language, trial, seed, now)
    return test.tried(_alone(machine, raw, name, around, trial), is_path=kind == "JSONPath")


class _Given(Context):
    """The context object with what the test says of it."""

    __slots__ = ("_trial",)

    def __init__(self, around: Surroundings, trial: Trial) -> None:
        super().__init__(around)
        self._trial = trial

    def whole(self, visit: Visit, item: Item | None = None) -> dict[str, Any]:
        """Give the context object."""
        made = super().whole(visit, item)
        if "RetryCount" in made["State"]:
            made["State"]["RetryCount"] = self._trial.retried
        return _over(made, self._trial.context)


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Put one object over another, object by object."""
    made = {**below, **above}
    for name in below.keys() & above.keys():
        if isinstance(below[name], dict) and isinstance(above[name], dict):
            made[name] = _over(below[name], above[name])
    return made


def _alone(machine: Raw, raw: Raw, name: str, around: Surroundings, trial: Trial) -> Definition:
    """Compile a machine of one state."""
    away = _led_away(raw)
    if raw["Type"] in {"Map", "Parallel"}:
        fields = _INSIDE | ({"Parameters"} if raw["Type"] == "Map" else set())
        away = {**_without(away, *fields), "Type": "Task", "Resource": "test"}
    others = {f"{_AWAY}{target}": {"Type": "Succeed"} for target in _targets(raw)}
    top = {"QueryLanguage": machine["QueryLanguage"]} if "QueryLanguage" in machine else {}
    document = {**top, "StartAt": name, "States": {name: away, **others}}
    context = _Given(around, trial)
    languages = {key: lambda _context, make=make: make(context) for key, make in LANGUAGES.items()}
    return compile_machine(document, MACHINE, around=around, languages=languages)


def _targets(raw: Raw) -> Iterator[str]:
    """Give the names of the states that a state leads to."""
    yield from (raw[way] for way in ("Next", "Default", "TimeoutPath") if way in raw)
    for ways in ("Choices", "Catch"):
        yield from (rule["Next"] for rule in raw.get(ways, ()))


def _led_away(raw: Raw) -> dict[str, Any]:
    """Give a state that leads to states of other names, so that none of them is itself."""
    made = {**raw, **{way: f"{_AWAY}{raw[way]}" for way in ("Next", "Default", "TimeoutPath") if way in raw}}
    for ways in ("Choices", "Catch"):
        if ways in raw:
            made[ways] = [{**rule, "Next": f"{_AWAY}{rule['Next']}"} for rule in raw[ways]]
    return made


def _without(raw: Raw, *fields: str) -> dict[str, Any]:
    return {name: value for name, value in raw.items() if name not in fields}


class _Test:
    """One state with what it is tried with."""

    def __init__(self, raw: Raw, name: str, language: Language, trial: Trial, seed: str, now: int) -> None:
        self.raw = raw
        self.type = raw["Type"]
        self.name = name
        self.language = language
        self.trial = trial
        self.seed = seed
        self.now = now

    def tried(self, definition: Definition, *, is_path: bool) -> Tried:
        frame = self._frame(definition)
        events = run(definition, frame, s.Continue(), self.now)
        answer = self._answer(definition, frame)
        if answer is not None:
            events += run(definition, frame, answer[0], answer[1])
        told = _read(events)
        visit = self._arrived(definition)
        told.seen = {"input": self.trial.input}
        for name, value in self._looked(visit, told, is_path=is_path):
            told.seen[name] = value
        told.request = self._request(told.seen.get("afterParameters", told.seen.get("afterArguments")))
        return told

    def _frame(self, definition: Definition) -> Frame:
        trial, now = self.trial, self.now
        frame = Frame(MACHINE, self.seed)
        fold(frame, e.ExecutionStarted(now, trial.input, None, MACHINE))
        fold(frame, e.BranchStarted(MAIN, -1, 0, now, self.name, trial.input))
        branch = frame.branches[MAIN]
        branch.variables = dict(trial.variables) or None
        branch.tries = dict.fromkeys(range(len(definition.states[self.name].retriers)), trial.retried)
        return frame

    def _arrived(self, definition: Definition) -> Visit:
        """Give a visit of the state, as it sees itself while it works."""
        frame = self._frame(definition)
        fold(frame, e.StateEntered(MAIN, self.now, self.name, self.trial.input))
        return Visit(definition, frame, self.now).at(frame.branches[MAIN])

    def _answer(self, definition: Definition, frame: Frame) -> tuple[s.Stimulus, int] | None:
        """Give what ends the state's waiting, and when; None when it does not wait."""
        branch = frame.branches.get(MAIN)
        if branch is None or branch.wait is None:
            return None
        wait = branch.wait
        if wait.kind in {"signal", "task"}:
            return self._worked(branch, wait, definition), self.now
        # A pause before another attempt is not waited for: that there is one is the answer.
        return None if wait.kind == "retry" else (s.Tick(), wait.due or self.now)

    def _worked(self, branch: Branch, wait: Wait, definition: Definition) -> s.Stimulus:
        if wait.kind == "signal":
            return s.Signal("test", wait.names[0], self.trial.result, self.now + 1, wait.key)
        place = (branch.id, branch.entry, branch.attempt)
        if self._too_many_failed(definition):
            return s.TaskError(*place, EXCEEDED, TOO_MANY)
        if self.trial.error is not None:
            return s.TaskError(*place, *self.trial.error)
        return s.TaskDone(*place, self.trial.result)

    def _too_many_failed(self, definition: Definition) -> bool:
        """Tell whether more turns of a Map have failed than may."""
        failed = self.trial.failed
        if not failed:
            return False
        visit = self._arrived(definition)
        count, percentage = self._number(visit, _COUNT), self._number(visit, _PERCENTAGE)
        if percentage is None:
            return failed > (count or 0)
        most = percentage * len(self._items(visit)) / 100
        return failed > (most if count is None else min(most, count))

    def _number(self, visit: Visit, name: str) -> float | None:
        given = self.language.number(self.raw, name, whole=name != _PERCENTAGE)
        return None if given is None else given(visit)

    # What is to be seen on the way

    def _looked(self, visit: Visit, told: Tried, *, is_path: bool) -> Iterator[tuple[str, Any]]:
        """Give what the data was after each step, up to the one that failed."""
        with suppress(StepError, DatasetError):
            yield from self._before(visit, is_path=is_path)
            if self.type in _RESULTING:
                yield from self._after(visit, self._result(visit), is_path=is_path)
        if told.variables is not None:
            yield "variables", {**self.trial.variables, **told.variables}

    def _before(self, visit: Visit, *, is_path: bool) -> Iterator[tuple[str, Any]]:
        raw, language = self.raw, self.language
        if self.type == "Fail":
            return
        if is_path:
            yield "afterInputPath", language.query(_without(raw, "Parameters")).take(visit)
            if self.type in {"Pass", "Task", "Parallel"}:
                yield "afterParameters", language.query(raw).take(visit)
        elif "Arguments" in raw:
            yield "afterArguments", language.query(raw).take(visit)
        if self.type == "Map":
            yield from self._of_items(visit, is_path=is_path)

    def _of_items(self, visit: Visit, *, is_path: bool) -> Iterator[tuple[str, Any]]:
        raw, values = self.raw, self._items(visit)
        if self.trial.items is not NOTHING and self._pointer:
            yield "afterItemsPointer", values
        elif is_path:
            yield "afterItemsPath", values
        if "ItemSelector" in raw or "Parameters" in raw:
            item = self.language.item(raw)
            values = [item(visit, Item(place, value)) for place, value in enumerate(values)]
            yield "afterItemSelector", values
        if "ItemBatcher" in raw:
            yield "afterItemBatcher", self._batches(visit, values)
        for name in (_COUNT, _PERCENTAGE, "MaxConcurrency"):
            if (number := self._number(visit, name)) is not None:
                yield f"{name[0].lower()}{name[1:]}", number

    @property
    def _pointer(self) -> str:
        return str(self.raw.get("ItemReader", {}).get("ReaderConfig", {}).get("ItemsPointer", ""))

    def _items(self, visit: Visit) -> list[Any]:
        """Give the values that a Map goes over: what its reader is said to have read, or its own items."""
        if self.trial.items is NOTHING:
            return [item.value for item in self.language.items(self.raw)(visit)]
        found = pointed(self.trial.items, self._pointer)
        return found if isinstance(found, list) else [found]

    def _batches(self, visit: Visit, values: list[Any]) -> list[Any]:
        limits = fields_of(self.language, self.raw).batch
        assert limits is not None  # noqa: S101 - there is an ItemBatcher
        shared = self.language.template(self.raw, "ItemBatcher/BatchInput")
        items = ((value, [place]) for place, value in enumerate(values))
        made = batched(items, limits(visit), None if shared is None else lambda: shared(visit))
        return [one.value for one in made]

    def _result(self, visit: Visit) -> Any:
        if self.type in WORKING:
            if self.trial.result is NOTHING:
                raise StepError("")
            return self.trial.result
        return self.raw["Result"] if "Result" in self.raw else self.language.query(self.raw).take(visit)

    def _after(self, visit: Visit, result: Any, *, is_path: bool) -> Iterator[tuple[str, Any]]:
        yield "result", result
        if not is_path:
            return
        visit.branch.attempt = int(self.type in WORKING)
        if self.type in WORKING:
            select = {name: self.raw[name] for name in ("Type", "ResultSelector") if name in self.raw}
            yield "afterResultSelector", self.language.query(select).give(visit, result)
        yield "afterResultPath", self.language.query(_without(self.raw, "OutputPath")).give(visit, result)

    def _request(self, argument: Any) -> Request | None:
        """Give the request that a call of an HTTPS API would be, without what its connection adds."""
        if self.raw.get("Resource") != HTTP or not isinstance(argument, dict):
            return None
        try:
            return request_of(argument, Parameters())
        except StepError:
            return None


def _read(events: list[e.Event]) -> Tried:
    """Read from what happened first to the state what has come of it."""
    told = Tried()
    for event in events:
        if isinstance(event, e.StateFailed):
            told.error, told.cause = event.error, event.cause
        elif isinstance(event, e.RetryScheduled):
            pause = -(-(event.due - event.at) // 1000)
            told.handled = {"retryIndex": event.retrier, "retryBackoffIntervalSeconds": pause}
            told.status = "RETRIABLE"
            return told
        elif isinstance(event, e.StateExited):
            return _left(told, event)
    return told


def _left(told: Tried, event: e.StateExited) -> Tried:
    told.status = "CAUGHT_ERROR" if event.transition.startswith("catch:") else "SUCCEEDED"
    told.variables = event.variables
    told.output, told.next = event.output, (event.target or "").removeprefix(_AWAY)
    if told.status == "CAUGHT_ERROR":
        told.handled = {"catchIndex": int(event.transition.partition(":")[2])}
    return told


def shown_request(request: Request) -> dict[str, str]:
    """Give a request as TestState shows it."""
    body = {} if request.body is None else {"body": request.body.decode()}
    headers = text_of(dict(request.headers))
    return {"protocol": "https", "method": request.method, "url": request.url, "headers": headers, **body}
