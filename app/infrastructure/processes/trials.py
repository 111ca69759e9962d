"""States tried out one by one, as the use cases see it, over the language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from app.domain.processes import Rejected, account_of
from app.domain.shared.ids import CompanyId
from app.usecases.ports.workflows import StateTest, TestedState
from app.workflow.asl import mocks, trial
from app.workflow.asl.context import Surroundings
from app.workflow.asl.document import UnreadableDocumentError, read_json
from app.workflow.asl.query import Raw
from app.workflow.asl.templates import text_of
from app.workflow.runtime.clock import new_seed

_NUMBERS: Final = frozenset({"toleratedFailureCount", "toleratedFailurePercentage", "maxConcurrency"})


def whole_of(test: StateTest) -> str:
    """Give the machine that a state to try is of. Raises Rejected for what cannot be read."""
    try:
        definition = read_json(test.definition).data
    except UnreadableDocumentError:
        return test.definition  # what is wrong with it the judge of definitions says
    if not isinstance(definition, dict) or "States" in definition:
        return test.definition
    return json.dumps(trial.whole(definition, test.state or trial.ALONE), ensure_ascii=False)


def tried(test: StateTest, company: CompanyId, region: str, now: int) -> TestedState:
    """Try a state of a sound definition. Raises Rejected for a test that cannot be made."""
    machine = read_json(whole_of(test)).data
    name = _named(test, machine)
    state = trial.state_of(machine, name)
    if state is None:
        raise _refused(f"State '{name}' is not found in the definition")
    _check(test, state)
    given = trial.Trial(
        input=_json(test.input, "input", "InvalidExecutionInput"),
        variables=_object(test.variables, "variables"),
        context=_object(test.context, "context"),
        result=trial.NOTHING if test.result is None else _json(test.result, "mock.result"),
        error=test.error,
        retried=test.retried,
        failed=test.failed,
        items=trial.NOTHING if test.items is None else _json(test.items, "stateConfiguration.mapItemReaderData"),
    )
    if test.result is not None and (fault := mocks.fault(state, given.result, test.mode)):
        raise _refused(f"Mock result schema validation error: {fault}")
    around = Surroundings(account=account_of(company), region=region)
    return _shown(trial.try_state(machine, name, given, around, new_seed(), now), given)


def _named(test: StateTest, machine: Raw) -> str:
    """Give the name of the state that is meant. Raises Rejected when it is left open."""
    if test.state is not None:
        return test.state
    if len(machine["States"]) > 1 and trial.ALONE not in machine["States"]:
        raise _refused("stateName must be specified when the definition is that of a state machine")
    return trial.ALONE if trial.ALONE in machine["States"] else next(iter(machine["States"]))


def _check(test: StateTest, state: Raw) -> None:
    """Pass only what can stand for the work of the state, and a state that has what it needs. Raises Rejected."""
    kind, mocked = state["Type"], (test.result, test.error) != (None, None)
    if None not in {test.result, test.error}:
        raise _refused("A test mock should have only one of the following fields: [result, errorOutput].")
    if mocked != (kind in trial.WORKING):
        how = "not" if mocked else "only"
        raise _refused(f"State type '{kind}' is {how} supported when a mock is specified")
    if test.inside is not None and trial.state_inside(state, test.inside) is None:
        raise _refused(f"The state '{test.inside}' of errorCausedByState is not found inside the state")
    _check_map(test, state)


def _check_map(test: StateTest, state: Raw) -> None:
    if test.failed and state["Type"] != "Map":
        raise _refused("mapIterationFailureCount is only supported for Map states")
    if test.items is not None and "ItemReader" not in state:
        raise _refused("mapItemReaderData is only supported for Map states with an ItemReader")


def _json(text: str, field: str, what: str = "ValidationException") -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise Rejected(what=what, reason=f"Invalid JSON in {field}: {error}") from error


def _object(text: str, field: str) -> Mapping[str, Any]:
    given = _json(text, field)
    if not isinstance(given, dict):
        raise _refused(f"{field} must be a JSON object")
    return given


def _refused(reason: str) -> Rejected:
    return Rejected(what="ValidationException", reason=reason)


def _shown(told: trial.Tried, given: trial.Trial) -> TestedState:
    request = None if told.request is None else trial.shown_request(told.request)
    return TestedState(
        status=told.status,
        output=None if told.output is trial.NOTHING else text_of(told.output),
        error=told.error,
        cause=told.cause,
        next=told.next,
        seen={name: value if name in _NUMBERS else text_of(value) for name, value in told.seen.items()},
        handled=told.handled,
        request=request,
        response=None if request is None else _response(given.result),
    )


def _response(result: Any) -> Mapping[str, str] | None:
    """Show a result that stands for the answer of an HTTPS API."""
    if not isinstance(result, dict):
        return None
    body = result.get("ResponseBody", "")
    return {
        "protocol": "https",
        "statusCode": str(result.get("StatusCode", "")),
        "statusMessage": str(result.get("StatusText", "")),
        "headers": text_of(result.get("Headers", {})),
        "body": body if isinstance(body, str) else text_of(body),
    }
