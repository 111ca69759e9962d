"""What the tasks of a document are done by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .check import inside


def resources(flow: Mapping[str, Any], location: str = "") -> Iterator[tuple[str, str]]:
    """Give the resource of every task and every compensation of a sound document, each after where it stands."""
    for name, state in flow["States"].items():
        place = f"{location}/States/{name}"
        for holder, at in ((state, place), (state.get("Compensate", {}), f"{place}/Compensate")):
            if "Resource" in holder:
                yield f"{at}/Resource", holder["Resource"]
        for inner, field in inside(state):
            yield from resources(inner, f"{place}/{field}")
