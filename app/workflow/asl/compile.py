"""Compiles a checked document to a definition of the kernel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from ..kernel.graph import END, SUCCESS, Catcher, Compensation, Definition, Flow, Retrier, State
from . import messages, states
from .context import Context, Surroundings
from .jsonata_query import Jsonata
from .jsonpath_query import JsonPath
from .maps.fields import fields_of, label_of
from .maps.plan import Plan
from .maps.state import DistributedMap, map_run
from .paths import Path
from .query import InvalidDefinitionError, Language, Raw

EXPRESS_SECONDS: Final = 300
"""How long an execution of an express machine may take."""
Languages = Mapping[str, Callable[[Context], Language]]
LANGUAGES: Final[Languages] = MappingProxyType({"JSONPath": JsonPath, "JSONata": Jsonata})
"""The query languages by name, each built with the context object."""


def compile_machine(
    document: Raw,
    name: str,
    *,
    around: Surroundings | None = None,
    languages: Languages = LANGUAGES,
    edition: int = 1,
    express: bool = False,
) -> Definition:
    """Compile a document whose form has been checked; an ``express`` one ends in time and may have any history.

    Raises InvalidDefinitionError with the JSON pointer of a field that cannot be read, DefinitionError for a machine
    that does not hold together.
    """
    context = Context(around if around is not None else Surroundings())
    machine = document.get("QueryLanguage", "JSONPath")
    compiler = _Compiler({key: make(context) for key, make in languages.items()}, machine, name, edition)
    flow = compiler.flow(document, "")
    timeout, parts = document.get("TimeoutSeconds"), tuple(compiler.parts)
    if express:
        timeout = min(timeout or EXPRESS_SECONDS, EXPRESS_SECONDS)
    made = Definition(name, flow, timeout=timeout, on_late=document.get("OnLate"), edition=edition, parts=parts)
    return _without_quota(made) if express else made


def _without_quota(made: Definition) -> Definition:
    """Let the executions of a machine have any history."""
    for state in made.states.values():
        if isinstance(state, states.AslState):
            state.lines_allowed = None
    return made


class _Compiler:
    """Compiles the flows of one machine. A state has the machine's query language unless it has one of its own.

    That of a Map or Parallel around it does not count (measured on AWS).
    """

    def __init__(self, languages: Mapping[str, Language], machine: str, name: str, edition: int) -> None:
        self._languages = languages
        self._machine = machine
        self._name = name
        self._around = name
        self._edition = edition
        self._labels: set[str] = set()
        self.parts: list[Definition] = []
        """The machines of distributed Maps: those of the executions for items, and of the map runs."""

    def flow(self, raw: Raw, where: str) -> Flow:
        return Flow(raw["StartAt"], {name: self._state(name, state, where) for name, state in raw["States"].items()})

    def _state(self, name: str, raw: Raw, where: str) -> State:
        place = f"{where}/States/{name.replace('~', '~0').replace('/', '~1')}"
        kind = raw.get("Type")
        make = _MAKERS.get(str(kind))
        language = raw.get("QueryLanguage", self._machine)
        if make is None:
            raise InvalidDefinitionError(f"Unknown state type '{kind}'", f"{place}/Type")
        if language not in self._languages:
            raise InvalidDefinitionError(f"Unknown query language '{language}'", f"{place}/QueryLanguage")
        try:
            return make(_Builder(self, name, raw, language, place))
        except InvalidDefinitionError as error:
            if error.location.startswith("/States/"):
                raise
            inside = f"{place}/{error.location}".rstrip("/")
            raise InvalidDefinitionError(str(error), inside) from None

    def language(self, name: str) -> Language:
        return self._languages[name]

    def part(self, label: str, raw: Raw, where: str, plan: Callable[[str], Plan]) -> tuple[str, Plan]:
        """Compile the processor of a distributed Map; give the name of its machine, and the plan of its runs."""
        name, around = f"{self._name}/{label}", self._around
        if label in self._labels:
            raise InvalidDefinitionError(f"Two distributed Maps have the label '{label}'", "Label")
        self._labels.add(label)
        made = plan(around)
        express = raw.get("ProcessorConfig", {}).get("ExecutionType") == "EXPRESS"
        self._around = name
        flow = self.flow(raw, where)
        self._around = around
        items = Definition(name, flow, timeout=EXPRESS_SECONDS if express else None, edition=self._edition)
        self.parts += [_without_quota(items) if express else items, map_run(name, self._edition, made)]
        return name, made


class _Builder:
    """Reads one state."""

    def __init__(self, compiler: _Compiler, name: str, raw: Raw, language: str, place: str) -> None:
        self.compiler = compiler
        self.name = name
        self.raw = raw
        self.place = place
        self.around = language
        self.language = compiler.language(language)
        self.query = self.language.query(raw)

    def inner(self, raw: Raw, where: str) -> Flow:
        return self.compiler.flow(raw, f"{self.place}/{where}")

    def ways(self, **more: str) -> states.Ways:
        raw = self.raw
        catchers = raw.get("Catch", ())
        transitions: dict[str, str | None] = {SUCCESS: END if raw.get("End") else raw["Next"], **more}
        transitions |= {f"catch:{place}": catcher["Next"] for place, catcher in enumerate(catchers)}
        return states.Ways(
            transitions,
            tuple(_retrier(retrier) for retrier in raw.get("Retry", ())),
            tuple(self._catcher(place, catcher) for place, catcher in enumerate(catchers)),
        )

    def _catcher(self, place: int, raw: Raw) -> Catcher:
        query = self.language.catcher(self.raw, place)
        return Catcher(
            tuple(raw["ErrorEquals"]),
            f"catch:{place}",
            lambda visit, told: states.checked(visit, query.give(visit, told)),
            lambda visit, told: states.checked_variables(visit, query.assign(visit, told)),
        )


def _retrier(raw: Raw) -> Retrier:
    return Retrier(
        tuple(raw["ErrorEquals"]),
        interval=raw.get("IntervalSeconds", 1),
        attempts=raw.get("MaxAttempts", 3),
        rate=raw.get("BackoffRate", 2.0),
        longest=raw.get("MaxDelaySeconds"),
        jitter=raw.get("JitterStrategy") == "FULL",
    )


def _pass(b: _Builder) -> State:
    if "Result" not in b.raw:
        return states.Pass(b.name, b.ways(), b.query)
    result = b.raw["Result"]
    return states.Pass(b.name, b.ways(), b.query, lambda _visit: result)


def _succeed(b: _Builder) -> State:
    return states.Succeed(b.name, b.query)


def _fail(b: _Builder) -> State:
    return states.Fail(b.name, b.language.text(b.raw, "Error"), b.language.text(b.raw, "Cause"))


def _choice(b: _Builder) -> State:
    rules = b.raw["Choices"]
    transitions: dict[str, str | None] = {str(place): rule["Next"] for place, rule in enumerate(rules)}
    if "Default" in b.raw:
        transitions["default"] = b.raw["Default"]
    return states.Choice(b.name, transitions, b.query, [b.language.rule(b.raw, place) for place in range(len(rules))])


def _wait(b: _Builder) -> State:
    language = b.language
    return states.Wait(b.name, b.ways(), b.query, language.number(b.raw, "Seconds"), language.text(b.raw, "Timestamp"))


def _task(b: _Builder) -> State:
    language = b.language
    return states.Task(
        b.name,
        b.ways(),
        b.query,
        b.raw["Resource"],
        limit=language.number(b.raw, "TimeoutSeconds", at_least=1),
        beat=language.number(b.raw, "HeartbeatSeconds", at_least=1),
        credentials=language.template(b.raw, "Credentials"),
        compensation=_compensation(b),
        pivot=b.raw.get("Pivot", False),
    )


def _compensation(b: _Builder) -> Compensation | None:
    """Read Compensate: a Resource, and Parameters or Arguments in which the task's result is known as in Assign."""
    raw = b.raw.get("Compensate")
    if raw is None:
        return None
    given = raw.get("Parameters", raw.get("Arguments"))
    more: dict[str, Any] = {"timeout": raw.get("TimeoutSeconds")}
    if "Retry" in raw:
        more["retriers"] = tuple(_retrier(retrier) for retrier in raw["Retry"])
    if given is None:
        return Compensation(raw["Resource"], **more)
    names = {"Type": "Task", "Assign": {"undo": given}, "QueryLanguage": b.around}
    query = b.language.query(names)
    return Compensation(raw["Resource"], lambda visit, result: (query.assign(visit, result) or {})["undo"], **more)


def _parallel(b: _Builder) -> State:
    branches = [b.inner(branch, f"Branches/{place}") for place, branch in enumerate(b.raw["Branches"])]
    return states.Parallel(b.name, b.ways(), b.query, branches)


def _map(b: _Builder) -> State:
    where = "ItemProcessor" if "ItemProcessor" in b.raw else "Iterator"
    processor = b.raw[where]
    language = b.language
    if processor.get("ProcessorConfig", {}).get("Mode", "INLINE") == "DISTRIBUTED":
        shared = language.template(b.raw, "ItemBatcher/BatchInput")
        item, label = language.item(b.raw), label_of(b.name, b.raw)
        place = f"{b.place}/{where}"
        name, plan = b.compiler.part(label, processor, place, lambda around: Plan(around, item, shared))
        return DistributedMap(b.name, b.ways(), b.query, name, fields_of(language, b.raw), plan)
    return states.Map(
        b.name,
        b.ways(),
        b.query,
        b.inner(processor, where),
        language.items(b.raw),
        language.item(b.raw),
        language.number(b.raw, "MaxConcurrency"),
    )


def _message(b: _Builder) -> State:
    language, raw = b.language, b.raw
    more = {messages.TIMED_OUT: raw["TimeoutPath"]} if "TimeoutPath" in raw else {}
    selector = {key: raw[key] for key in ("Type", "ResultSelector") if key in raw}
    return messages.Message(
        b.name,
        b.ways(**more),
        language.query({key: value for key, value in raw.items() if key != "ResultSelector"}),
        correlation=raw["CorrelationKey"],
        value=language.text(raw, "CorrelationValue"),
        select=language.query(selector),
        merges=raw.keys().isdisjoint(("ResultPath", "Output")),
        limit=language.number(raw, "TimeoutSeconds", at_least=1),
        late_path=_late_path(raw.get("ResultPath")),
    )


def _late_path(place: str | None) -> Path | None:
    """Read where a Message says that it has timed out; None when there is no place for that."""
    return None if place is None or place == "$" else Path(place, place[1:])


_MAKERS: Final[Mapping[str, Callable[[_Builder], State]]] = {
    "Pass": _pass,
    "Succeed": _succeed,
    "Fail": _fail,
    "Choice": _choice,
    "Wait": _wait,
    "Task": _task,
    "Parallel": _parallel,
    "Map": _map,
    "Message": _message,
}
