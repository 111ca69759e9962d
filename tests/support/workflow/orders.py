"""Machines for tests of instances: one of events alone, one with something of everything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.workflow.builder import Machine, branch, task
from app.workflow.kernel.errors import StepError
from app.workflow.kernel.graph import Definition


def has_key(holder: Any) -> bool:
    """Tell whether a key is among what the holder has."""
    return "key" in holder


def door() -> Definition:
    """Give a door that is pushed, pulled and, with a key, locked."""
    return (
        Machine("door")
        .state("shut")
        .state("open")
        .state("locked")
        .transition("shut", "open", on="push")
        .transition("open", "shut", on="pull")
        .transition("shut", "locked", on="turn", guard=has_key)
        .transition("locked", "shut", on="turn", guard=has_key)
        .build()
    )


def is_large(order: Any) -> bool:
    """Tell whether an order is large."""
    return bool(order["total"] > 100)


def order_machine() -> Definition:
    """Give the machine: drafted, changed, confirmed, charged, checked when large, shipped."""
    checks = (
        branch("reserve", task("stock.reserve", compensate="stock.free")),
        branch("tell", task("mail.send")),
    )
    return (
        Machine("order")
        .state("draft")
        .state("charge", task("card.charge", result="payment", compensate="card.refund"))
        .decision("large", is_large)
        .parallel("both", *checks, result="both")
        .state("packed")
        .end("done", lambda order: order["total"])
        .fail("refused", "Refused", "the card was refused")
        .transition("draft", "draft", on="change")
        .transition("draft", "charge", on="confirm")
        .transition("draft", "packed", on="rush", guard=is_large)
        .transition("charge", "large")
        .transition("charge", "refused", on="Declined")
        .transition("large", "both")
        .transition("large", "packed", on="failure")
        .transition("both", "packed")
        .transition("packed", "draft", on="reopen")
        .transition("packed", "done", on="ship")
        .build()
    )


class Shop:
    """Handlers for the machine, that remember what they did; ``failing`` maps a resource to its error."""

    def __init__(self, **failing: str) -> None:
        self.done: list[str] = []
        self.failing = {name.replace("_", "."): error for name, error in failing.items()}

    @property
    def handlers(self) -> Mapping[str, Callable[[Any], Any]]:
        """The handlers by resource."""
        names = ("card.charge", "card.refund", "stock.reserve", "stock.free", "mail.send")
        return {name: self._handler(name) for name in names}

    def _handler(self, name: str) -> Callable[[Any], Any]:
        def handle(_given: Any) -> str:
            self.done.append(name)
            if name in self.failing:
                raise StepError(self.failing[name], "as the test wants")
            return f"{name} {len(self.done)}"

        return handle
