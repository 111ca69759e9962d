"""Workflows and executions of a company, entered over HTTP."""

from __future__ import annotations

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
