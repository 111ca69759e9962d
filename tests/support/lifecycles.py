"""What a life cycle allows and refuses, as cases to run an entity through."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from app.workflow.kernel.lifecycle import Lifecycle

S = TypeVar("S", bound=StrEnum)


def refused(lifecycle: Lifecycle[S]) -> list[tuple[S, str]]:
    """Give every state with every transition that is not declared from there."""
    names = sorted({transition.name for transition in lifecycle.transitions})
    return [(state, name) for state in lifecycle.states for name in names if name not in lifecycle.allowed(state)]


def declared(lifecycle: Lifecycle[S]) -> list[tuple[S, str, S]]:
    """Give every transition: from where, its name, and where it leads."""
    return [(transition.source, transition.name, transition.target) for transition in lifecycle.transitions]
