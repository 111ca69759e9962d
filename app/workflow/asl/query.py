"""What a state asks of its query language; JSONPath and JSONata each answer in their own way.

A ``Language`` reads the fields of a state once, when the machine is compiled, and gives closures over them. All of them
read the raw definition of the state, so that a language decides itself which fields it knows. What they raise while an
execution runs is StepError with the name that AWS gives the failure; anything wrong with the definition itself is
raised as ``InvalidDefinitionError`` while compiling.

In a visit ``visit.branch.data`` is the input of the state as it came. Variables and the context object are asked of
``context.Context``, which a language is built with. Chance and time come from the visit alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from ..kernel.graph import Visit

Raw: TypeAlias = Mapping[str, Any]
"""A part of the definition as it was written: a state, a catcher, a rule of a Choice."""
Number: TypeAlias = Callable[[Visit], float]
"""A number that may depend on the data."""
Text: TypeAlias = Callable[[Visit], str]
"""A text that may depend on the data."""


class InvalidDefinitionError(ValueError):
    """A definition cannot be compiled; ``location`` is a JSON pointer into the state that was being read."""

    def __init__(self, message: str, location: str = "") -> None:
        super().__init__(message)
        self.location = location


@dataclass(frozen=True, slots=True)
class Item:
    """One turn of a Map: what ``Map.Item`` of the context object shows. ``key`` when a Map goes over an object.

    ``source`` tells where an item of a distributed Map is from.
    """

    index: int
    value: Any
    key: str | None = None
    source: str | None = None

    def shown(self) -> dict[str, Any]:
        """Give what the context object shows."""
        told = {"Index": self.index, "Value": self.value}
        more = (("Key", self.key), ("Source", self.source))
        return {**told, **{name: value for name, value in more if value is not None}}


class Query(Protocol):
    """The data flow of one state, of one catcher or of one rule of a Choice."""

    def take(self, visit: Visit) -> Any:
        """Give what the state works on: InputPath and Parameters, or Arguments."""
        ...

    def give(self, visit: Visit, result: Any) -> Any:
        """Give the output: ResultSelector, ResultPath and OutputPath, or Output.

        ``result`` is what the state has come to: the task's result, the list of the branches' outputs; of a catcher
        ``{"Error", "Cause"}``; of states that do no work (Pass, Wait, Choice, Succeed) what ``take`` gave.
        """
        ...

    def assign(self, visit: Visit, result: Any) -> dict[str, Any] | None:
        """Give the variables to set, None when the state sets none. ``result`` as for ``give``."""
        ...


class Rule(Query, Protocol):
    """One rule of a Choice: ``take`` is that of the whole state; ``assign`` is the rule's own, else the state's."""

    def holds(self, visit: Visit, taken: Any) -> bool:
        """Tell whether the rule takes this visit; ``taken`` is what the Choice's ``take`` gave."""
        ...


class Language(Protocol):
    """One query language, reading the definition of a state. Every method is called while compiling only."""

    def query(self, state: Raw) -> Query:
        """Read the data flow of a state of any type."""
        ...

    def catcher(self, state: Raw, place: int) -> Query:
        """Read the data flow of ``Catch[place]``; its ``take`` is not asked."""
        ...

    def rule(self, state: Raw, place: int) -> Rule:
        """Read ``Choices[place]``."""
        ...

    def number(self, state: Raw, field: str, *, at_least: float = 0, whole: bool = True) -> Number | None:
        """Read a number: a plain one, ``<field>Path`` or an expression; None when the state has neither.

        ``field`` is a path of names into the state where it is not a field of the state itself
        (``ItemBatcher/MaxItemsPerBatch``). The closure raises StepError for a value of another type, or below
        ``at_least``.
        """
        ...

    def text(self, state: Raw, field: str) -> Text | None:
        """Read a text in the same way: Timestamp, Error, Cause, CorrelationValue."""
        ...

    def items(self, state: Raw) -> Callable[[Visit], Sequence[Item]]:
        """Read what a Map goes over: ItemsPath or Items, an array, or an object as Key and Value pairs."""
        ...

    def item(self, state: Raw) -> Callable[[Visit, Item], Any]:
        """Read ItemSelector (or a Map's Parameters): what the item's own line of work starts with."""
        ...

    def template(self, state: Raw, field: str) -> Callable[[Visit], Any] | None:
        """Read any other payload (``Credentials``, ``ItemReader/Parameters``); None when it is not there."""
        ...
