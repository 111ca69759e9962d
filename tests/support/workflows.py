"""Workflows and executions of a company, entered over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, Final

from tests.support.office import Office

PASS: Final = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
OTHER: Final = {"StartAt": "B", "States": {"B": {"Type": "Succeed"}}}
_names: Final = count(1)


def workflow(office: Office, definition: Any = PASS, name: str = "", **more: Any) -> dict[str, Any]:
    """Enter a workflow, by default under a name of its own."""
    return office.make("/workflows", {"name": name or f"w{next(_names)}", "definition": definition, **more})


def routed(*routes: tuple[int, int]) -> dict[str, Any]:
    """Give the body that lets an alias lead to versions by weight."""
    return {"routes": [{"version": version, "weight": weight} for version, weight in routes]}


def aliased(office: Office, *, led_elsewhere: bool = False) -> str:
    """Enter a workflow of two versions and give the path of its alias ``live``, which leads to one of them."""
    made = workflow(office, publish=True)
    path = f"/workflows/{made['id']}"
    office.patch(path, {"definition": OTHER}, made["version"])
    office.make(f"{path}/versions", {})
    alias = office.put(f"{path}/aliases/live", routed((1, 100)), made["version"] + 2)
    if led_elsewhere:
        alias = office.put(f"{path}/aliases/live", routed((2, 100)), alias["version"])
    assert alias.status == 200, alias.body
    return f"{path}/aliases/live"


def started(office: Office, workflow: str, **more: Any) -> str:
    """Start an execution and give its id."""
    return str(office.make("/executions", {"workflow": workflow, **more})["id"])


def until(office: Office, execution: str, met: Callable[[Mapping[str, Any]], bool]) -> dict[str, Any]:
    """Wait until an execution that advances is as wanted, and show it."""
    ending = office.served.container.workflows.engine._loop.ending
    shown: dict[str, Any] = {}
    for _ in range(200):
        shown = office.get(f"/executions/{execution}").body
        if met(shown):
            return shown
        with ending:
            ending.wait(0.05)
    raise AssertionError(shown)


def ended(office: Office, execution: str) -> dict[str, Any]:
    """Wait until an execution has ended, and show it."""
    return until(office, execution, lambda shown: shown["ended_at"] is not None)


def at(office: Office, execution: str, state: str) -> dict[str, Any]:
    """Wait until an execution waits in a state, and show it."""
    return until(office, execution, lambda shown: shown["states"] == [state] and shown["status"] == "waiting")


def failed(office: Office) -> str:
    """Let an execution fail in an application that advances none otherwise, and give its id."""
    state = {"Type": "Fail", "Error": "Broken"}
    made = workflow(office, {"StartAt": "A", "States": {"A": state}})
    execution = started(office, made["name"])
    workflows = office.served.container.workflows
    workflows.begin()
    try:
        ended(office, execution)
    finally:
        workflows.end()
    return execution
