"""Use cases that a step of an execution may do, as definitions name them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from app.domain.shared.rights import Right
from app.usecases.context import Context

PREFIX: Final = "tramita:"
"""How the resource of a task that is one of ours begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A use case as the resource of a task; ``input`` and ``output`` are JSON schemas (2020-12)."""

    name: str
    about: str
    right: Right
    input: Mapping[str, Any]
    output: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Doing:
    """A use case with what it is to do: ``build`` gives its request, ``show`` makes a JSON value of its result."""

    case: Any
    build: Callable[[], Any]
    show: Callable[[Any], Any]


class Resources(Protocol):
    """All resources there are; a name is whole, with ``PREFIX``."""

    def all(self) -> Sequence[Resource]:
        """Give them by name."""
        ...

    def right(self, name: str) -> Right | None:
        """Give what whoever does it must hold; None when there is no such resource."""
        ...

    def prepare(self, name: str, argument: Any, context: Context) -> Doing:  # noqa: ANN401 - any JSON value
        """Read the input of a step. Raises what a request with such a body is refused with."""
        ...


Offered = Callable[[], Resources]
"""Gives the resources: what they are made of takes a while to load, and not every process needs it."""
