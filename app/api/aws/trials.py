"""TestState: one state tried out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from app.api.aws.call import Answer, Call
from app.api.aws.errors import invalid
from app.usecases import processes
from app.usecases.ports.workflows import StateTest, TestedState

INFO: Final = "INFO"
TRACE: Final = "TRACE"


def test_state(call: Call) -> Answer:
    """TestState."""
    given = call.given
    mock, more = given.get("mock", {}), given.get("stateConfiguration", {})
    if "fieldValidationMode" in mock and "result" not in mock:
        raise invalid("fieldValidationMode is only supported with the result of a mock")
    test = StateTest(
        definition=given["definition"],
        state=given.get("stateName"),
        input=given.get("input", "{}"),
        variables=given.get("variables", "{}"),
        context=given.get("context", "{}"),
        result=mock.get("result"),
        error=_error(mock.get("errorOutput")),
        mode=mock.get("fieldValidationMode", "STRICT"),
        retried=more.get("retrierRetryCount", 0),
        failed=more.get("mapIterationFailureCount", 0),
        items=more.get("mapItemReaderData"),
        inside=more.get("errorCausedByState"),
    )
    tested = call.run(processes.TryState(call.container.language, call.place.region), test)
    return _shown(tested, given.get("inspectionLevel", INFO))


def _error(given: Mapping[str, Any] | None) -> tuple[str, str] | None:
    return None if given is None else (given.get("error", ""), given.get("cause", ""))


def _shown(tested: TestedState, level: str) -> Answer:
    told = {"error": tested.error, "cause": tested.cause, "nextState": tested.next, "status": tested.status}
    shown: dict[str, Any] = {name: value for name, value in told.items() if value}
    if tested.output is not None:
        shown["output"] = tested.output
    if level != INFO:
        shown["inspectionData"] = _inspected(tested, level)
    return shown


def _inspected(tested: TestedState, level: str) -> Answer:
    seen: dict[str, Any] = dict(tested.seen)
    if tested.handled:
        seen["errorDetails"] = tested.handled
    if level == TRACE:
        calls = {"request": tested.request, "response": tested.response}
        seen |= {name: value for name, value in calls.items() if value is not None}
    return seen
