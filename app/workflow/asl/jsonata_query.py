"""The query language JSONata: Arguments, Output, Assign, Items, Condition, and expressions in numbers and texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ..kernel.errors import StepError
from ..kernel.graph import Visit
from .context import QUERY_EVALUATION, Context, failed
from .expressions import Expression, Payload, Scope, child, compile_payload, is_expression
from .query import InvalidDefinitionError, Item, Number, Raw, Text

_WORKING: Final = frozenset({"Task", "Parallel", "Map", "Message"})
_TAKING: Final = frozenset({"Task", "Parallel"})
_LONGEST: Final = 99_999_999
_NOTHING: Final[Mapping[str, Any]] = {}


class _Flow:
    """The data flow of a state, a catcher or a rule; ``name`` is what ``$states`` calls the result, if anything."""

    __slots__ = ("_arguments", "_assign", "_context", "_name", "_output")

    def __init__(
        self,
        context: Context,
        name: str,
        *,
        arguments: tuple[Raw, str] | None = None,
        output: tuple[Raw, str] | None = None,
        assign: tuple[Raw, str] | None = None,
    ) -> None:
        self._context = context
        self._name = name
        self._arguments = _payload(arguments)
        self._output = _payload(output)
        self._assign = _payload(assign)

    def _scope(self, visit: Visit, result: Any) -> Scope:
        return Scope(visit, self._context, {self._name: result} if self._name else _NOTHING)

    def take(self, visit: Visit) -> Any:
        """Give the Arguments, or the input."""
        if self._arguments is None:
            return visit.branch.data
        return self._arguments(Scope(visit, self._context, _NOTHING))

    def give(self, visit: Visit, result: Any) -> Any:
        """Give the Output, or the result."""
        return result if self._output is None else self._output(self._scope(visit, result))

    def assign(self, visit: Visit, result: Any) -> dict[str, Any] | None:
        """Give the variables. All see what was before."""
        if self._assign is None:
            return None
        values = self._assign(self._scope(visit, result))
        if not isinstance(values, dict):
            what = f"The field 'Assign' must evaluate to an object, but was: {type(values).__name__}"
            raise failed(visit, QUERY_EVALUATION, what, "Assign")
        return values


class _Rule(_Flow):
    """A rule of a Choice."""

    __slots__ = ("_condition",)

    def __init__(self, context: Context, state: Raw, place: int) -> None:
        rule, where = state["Choices"][place], child("Choices", place)
        super().__init__(
            context,
            "",
            output=(rule, f"{where}/Output") if "Output" in rule else _own(state, "Output"),
            assign=(rule, f"{where}/Assign") if "Assign" in rule else _own(state, "Assign"),
        )
        raw = rule.get("Condition")
        self._condition: bool | Expression
        if is_expression(raw):
            self._condition = Expression(raw, f"{where}/Condition")
        elif isinstance(raw, bool):
            self._condition = raw
        else:
            raise InvalidDefinitionError("Condition must be a boolean or a JSONata expression", f"{where}/Condition")

    def holds(self, visit: Visit, taken: Any) -> bool:
        """Tell whether the condition holds, which must be a boolean."""
        del taken
        if isinstance(self._condition, bool):
            return self._condition
        return bool(self._condition.of_type(Scope(visit, self._context, _NOTHING), "boolean"))


def _own(raw: Raw, field: str) -> tuple[Raw, str] | None:
    return (raw, field) if field in raw else None


def _payload(where: tuple[Raw, str] | None) -> Payload | None:
    if where is None:
        return None
    raw, location = where
    plain = raw[location.rpartition("/")[2]]
    made = compile_payload(plain, location)
    return made if made is not None else lambda _scope: plain


class _ObjectItems(Sequence[Item]):
    """The items of a Map, each made when it is asked for."""

    __slots__ = ("_keys", "_values")

    def __init__(self, values: list[Any], keys: list[str] | None) -> None:
        self._values = values
        self._keys = keys

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, place: Any) -> Any:
        """Give the item at a place, or those of a slice."""
        if isinstance(place, slice):
            return [self[index] for index in range(*place.indices(len(self)))]
        return Item(place, self._values[place], None if self._keys is None else self._keys[place])


class Jsonata:
    """The language: reads the fields of states that are JSONata's."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def query(self, state: Raw) -> _Flow:
        """Read Arguments, Output and Assign."""
        kind = str(state.get("Type"))
        return _Flow(
            self._context,
            "result" if kind in _WORKING else "",
            arguments=_own(state, "Arguments") if kind in _TAKING else None,
            output=_own(state, "Output"),
            assign=_own(state, "Assign"),
        )

    def catcher(self, state: Raw, place: int) -> _Flow:
        """Read Output and Assign of a catcher, in which ``$states.errorOutput`` is known."""
        catcher, where = state["Catch"][place], child("Catch", place)
        return _Flow(
            self._context,
            "errorOutput",
            output=(catcher, f"{where}/Output") if "Output" in catcher else None,
            assign=(catcher, f"{where}/Assign") if "Assign" in catcher else None,
        )

    def rule(self, state: Raw, place: int) -> _Rule:
        """Read a rule of a Choice."""
        return _Rule(self._context, state, place)

    def number(self, state: Raw, field: str, *, at_least: float = 0, whole: bool = True) -> Number | None:
        """Read a plain number or an expression."""
        holder, name = _inside(state, field)
        if name not in holder:
            return None
        raw = holder[name]
        if not is_expression(raw):
            return lambda _visit: raw
        expression, context = Expression(raw, field), self._context

        def read(visit: Visit) -> float:
            value = expression.of_type(Scope(visit, context, _NOTHING), "number")
            if whole and not float(value).is_integer():
                raise _unfit(visit, field, f"The {name} field cannot be parsed as an integer: {value}")
            if not at_least <= value <= _LONGEST:
                raise _unfit(visit, field, f"{name} must be between {at_least:g} and {_LONGEST} but was: {value}")
            return float(value)

        return read

    def text(self, state: Raw, field: str) -> Text | None:
        """Read a plain text or an expression."""
        holder, name = _inside(state, field)
        if name not in holder:
            return None
        raw = holder[name]
        if not is_expression(raw):
            return lambda _visit: raw
        expression, context = Expression(raw, field), self._context
        return lambda visit: str(expression.of_type(Scope(visit, context, _NOTHING), "string"))

    def items(self, state: Raw) -> Callable[[Visit], Sequence[Item]]:
        """Read Items: an array or an object, written or by an expression; the input when there are none."""
        raw, context = state.get("Items"), self._context
        if isinstance(raw, str) and is_expression(raw):
            whole = Expression(raw, "Items")
            return lambda visit: _items(whole.of_type(Scope(visit, context, _NOTHING), "array", "object"))
        made = compile_payload(raw, "Items")

        def items(visit: Visit) -> Sequence[Item]:
            if "Items" not in state:
                values = visit.branch.data
            else:
                values = raw if made is None else made(Scope(visit, context, _NOTHING))
            if not isinstance(values, (list, dict)):
                what = "The field 'Items' must be an array or an object"
                raise failed(visit, QUERY_EVALUATION, what, "Items")
            return _items(values)

        return items

    def item(self, state: Raw) -> Callable[[Visit, Item], Any]:
        """Read ItemSelector."""
        if "ItemSelector" not in state:
            return lambda _visit, item: item.value
        made, context = _payload((state, "ItemSelector")), self._context
        assert made is not None  # noqa: S101 - it is there
        return lambda visit, item: made(Scope(visit, context, _NOTHING, item))

    def template(self, state: Raw, field: str) -> Callable[[Visit], Any] | None:
        """Read any other payload."""
        holder, name = _inside(state, field)
        if name not in holder:
            return None
        plain, context = holder[name], self._context
        made = compile_payload(plain, field)
        if made is None:
            return lambda _visit: plain
        return lambda visit: made(Scope(visit, context, _NOTHING))


def _items(values: Any) -> Sequence[Item]:
    if isinstance(values, dict):
        return _ObjectItems(list(values.values()), list(values))
    return _ObjectItems(values, None)


def _inside(state: Raw, field: str) -> tuple[Raw, str]:
    *names, last = field.split("/")
    for name in names:
        state = state.get(name) or {}
    return state, last


def _unfit(visit: Visit, field: str, what: str) -> StepError:
    return failed(visit, QUERY_EVALUATION, what, field)
