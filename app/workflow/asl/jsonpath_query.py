"""The query language JSONPath: InputPath, Parameters, ResultSelector, ResultPath, OutputPath, Assign."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, overload

from ..kernel.errors import RUNTIME, StepError
from ..kernel.graph import Visit
from .choices import Test, compile_rule, is_number, read_timestamp
from .context import Context, failed
from .paths import MISSING, ConflictError, Path
from .query import InvalidDefinitionError, Item, Number, Raw, Text
from .templates import (
    Scope,
    Template,
    compile_intrinsic,
    compile_path,
    compile_payload,
    text_of,
)

CONFLICT: Final = "States.ReferencePathConflict"
_OWN: Final = re.compile(r"\$(?!\$)")
_PARAMETERS: Final = frozenset({"Pass", "Task", "Parallel"})


class PathQuery:
    """The data flow of one state, catcher or rule."""

    __slots__ = (
        "_assign",
        "_context",
        "_input",
        "_is_plain",
        "_output",
        "_parameters",
        "_result_path",
        "_selector",
        "_type",
    )

    def __init__(self, raw: Raw, context: Context, kind: str, assign: Any = None) -> None:
        self._context = context
        self._type = kind
        self._input = _data_path(raw, "InputPath")
        self._output = _data_path(raw, "OutputPath")
        self._parameters = _payload(raw, "Parameters") if kind in _PARAMETERS else None
        self._selector = _payload(raw, "ResultSelector")
        self._result_path = _result_path(raw)
        path = self._result_path
        self._is_plain = self._selector is None and self._output is None and path is not None and not path.steps
        self._assign = _payload({"Assign": assign}, "Assign") if assign is not None else _payload(raw, "Assign")

    def take(self, visit: Visit) -> Any:
        """Give what InputPath chooses, as Parameters shape it."""
        data = visit.branch.data
        if self._input is not None:
            data = self._input(visit, data, self._context)
        return data if self._parameters is None else self._parameters(Scope(visit, data, self._context))

    def give(self, visit: Visit, result: Any) -> Any:
        """Shape the result, put it into the input as it came, and give what OutputPath chooses of that."""
        if self._is_plain:
            return result
        if self._selector is not None:
            result = self._selector(Scope(visit, result, self._context))
        data = self._combined(visit, result)
        return data if self._output is None else self._output(visit, data, self._context)

    def _combined(self, visit: Visit, result: Any) -> Any:
        path = self._result_path
        data = visit.branch.data
        if path is None:
            return data
        if not path.steps:
            return result
        try:
            return path.put(data, result)
        except ConflictError as error:
            # Recorded from AWS: the step is named where there is something to step into, else the whole path.
            what = f'step "{error.step}"' if isinstance(data, (dict, list)) else f"ReferencePath {path.text}"
            raise failed(visit, CONFLICT, f"Unable to apply {what} to input {text_of(data)}") from None

    def assign(self, visit: Visit, result: Any) -> dict[str, Any] | None:
        """Give the variables; ``$`` is the result as the state got it."""
        if self._assign is None:
            return None
        made: dict[str, Any] = self._assign(Scope(visit, result, self._context))
        return made


class PathRule(PathQuery):
    """One rule of a Choice."""

    __slots__ = ("_test",)

    def __init__(self, raw: Raw, context: Context, test: Test, assign: Any) -> None:
        super().__init__(raw, context, "Choice", assign)
        self._test = test

    def holds(self, visit: Visit, taken: Any) -> bool:
        """Tell whether the rule takes what InputPath has chosen."""
        return self._test(Scope(visit, taken, self._context))


class Items(Sequence[Item]):
    """A list as the items of a Map, each made when it is asked for."""

    __slots__ = ("_values",)

    def __init__(self, values: list[Any]) -> None:
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    @overload
    def __getitem__(self, place: int) -> Item: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Item]: ...
    def __getitem__(self, place: int | slice) -> Item | Sequence[Item]:
        """Give the item at a place, which may not count from the end."""
        if isinstance(place, slice):
            return [self[index] for index in range(*place.indices(len(self)))]
        return Item(place, self._values[place])


class JsonPath:
    """The language: reads the fields of states that are JSONPath's."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def query(self, state: Raw) -> PathQuery:
        """Read the data flow of a state."""
        return PathQuery(state, self._context, str(state.get("Type")))

    def catcher(self, state: Raw, place: int) -> PathQuery:
        """Read ResultPath and Assign of a catcher."""
        catcher = state["Catch"][place]
        return PathQuery(
            {name: catcher[name] for name in ("ResultPath", "Assign") if name in catcher}, self._context, ""
        )

    def rule(self, state: Raw, place: int) -> PathRule:
        """Read a rule of a Choice."""
        rule = state["Choices"][place]
        return PathRule(state, self._context, compile_rule(rule), rule.get("Assign"))

    def number(self, state: Raw, field: str, *, at_least: float = 0, whole: bool = True) -> Number | None:
        """Read a plain number, or where ``<field>Path`` finds one."""
        name, plain, text = _plain_or_path(state, field)
        if text is None:
            return plain
        find = _found(text, f"{name}Path", self._context, _input(state))

        def read(visit: Visit) -> float:
            value = find(visit)
            if not is_number(value) or (whole and not float(value).is_integer()):
                raise failed(
                    visit,
                    RUNTIME,
                    f"The {name}Path parameter cannot be parsed as a long value: {text} == {_shown(value)}",
                )
            if value < at_least:
                what = "a negative value" if value < 0 else "a value that is too small"
                raise failed(visit, RUNTIME, f"The {name}Path parameter references {what}: {text} == {_shown(value)}")
            return float(value)

        return read

    def text(self, state: Raw, field: str) -> Text | None:
        """Read a plain text, or where ``<field>Path`` finds one; Error and Cause also by an intrinsic function."""
        name, plain, text = _plain_or_path(state, field)
        if text is None:
            return plain
        context = self._context
        source = _input(state)
        if text.startswith("States."):
            call = compile_intrinsic(text, f"{name}Path")
            return lambda visit: _text(visit, name, text, call(Scope(visit, source(visit, context), context)))
        find = _found(text, f"{name}Path", context, source)
        if name == "Timestamp":
            return lambda visit: _timestamp(visit, text, find(visit))
        return lambda visit: _text(visit, name, text, find(visit))

    def items(self, state: Raw) -> Callable[[Visit], Sequence[Item]]:
        """Read ItemsPath: an array."""
        text = state.get("ItemsPath", "$")
        find = _found(text, "ItemsPath", self._context, _input(state))

        def items(visit: Visit) -> Sequence[Item]:
            values = find(visit)
            if not isinstance(values, list):
                raise failed(visit, RUNTIME, f'Reference path "{text}" must point to array.')
            return Items(values)

        return items

    def item(self, state: Raw) -> Callable[[Visit, Item], Any]:
        """Read ItemSelector, or Parameters, its old name."""
        name = "ItemSelector" if "ItemSelector" in state else "Parameters"
        selector = _payload(state, name)
        if selector is None:
            return lambda _visit, item: item.value
        source, context = _input(state), self._context
        return lambda visit, item: selector(Scope(visit, source(visit, context), context, item))

    def template(self, state: Raw, field: str) -> Callable[[Visit], Any] | None:
        """Read a payload template anywhere in a state; ``$`` is what InputPath chooses."""
        holder, name = _inside(state, field)
        source, context = _input(state), self._context
        made = _payload(holder, name)
        return None if made is None else lambda visit: made(Scope(visit, source(visit, context), context))


_Source = Callable[[Visit, Context], Any]
_Select = Callable[[Visit, Any, Context], Any]


def _inside(state: Raw, field: str) -> tuple[Raw, str]:
    *names, last = field.split("/")
    for name in names:
        state = state.get(name) or {}
    return state, last


def _plain_or_path(state: Raw, field: str) -> tuple[str, Callable[[Visit], Any] | None, str | None]:
    """Give the name of a field, what gives its plain value if it has one, else the path that leads to it if any."""
    holder, name = _inside(state, field)
    if name in holder:
        plain = holder[name]
        return name, lambda _visit: plain, None
    return name, None, holder.get(f"{name}Path")


def _input(state: Raw) -> _Source:
    select = _data_path(state, "InputPath")
    if select is None:
        return lambda visit, _context: visit.branch.data
    return lambda visit, context: select(visit, visit.branch.data, context)


def _data_path(raw: Raw, field: str) -> _Select | None:
    """Read InputPath or OutputPath: null gives an empty object, what chooses everything is None here."""
    text = raw.get(field, "$")
    if text is None:
        return lambda _visit, _data, _context: {}
    if text == "$":
        return None
    find, path = compile_path(text)

    def select(visit: Visit, data: Any, context: Context) -> Any:
        value = find(Scope(visit, data, context))
        if value is not MISSING:
            return value
        raise _lost(visit, text, path, data)

    return select


def _lost(visit: Visit, text: str, path: Path, data: Any) -> StepError:
    if data is None and not text.startswith("$$"):
        return failed(visit, RUNTIME, "Unable to apply Path transformation to null or empty input.")
    return failed(visit, RUNTIME, f"Invalid path '{text}' : {path.lost(data)}")


def _result_path(raw: Raw) -> Path | None:
    """Read ResultPath; None when the result is thrown away."""
    text = raw.get("ResultPath", "$")
    if text is None:
        return None
    if not isinstance(text, str) or not _OWN.match(text):
        raise InvalidDefinitionError(f"Invalid path '{text}'", "ResultPath")
    path = Path(text, text[1:])
    if not path.is_reference or text[1:2] not in ("", ".", "["):
        raise InvalidDefinitionError(f"'{text}' is not a Reference Path", "ResultPath")
    return path


def _payload(raw: Raw, field: str) -> Template | None:
    if field not in raw:
        return None
    plain = raw[field]
    made = compile_payload(plain)
    return made if made is not None else lambda _scope: plain


def _found(text: str, field: str, context: Context, source: _Source) -> Callable[[Visit], Any]:
    """Read a field that is a reference path: it must lead to something."""
    find, path = compile_path(text)

    def read(visit: Visit) -> Any:
        data = source(visit, context)
        value = find(Scope(visit, data, context))
        if value is not MISSING:
            return value
        if field == "ItemsPath" and path.steps:
            raise failed(visit, CONFLICT, f'Unable to apply step "{path.steps[-1]}" to input {text_of(data)}')
        raise _lost(visit, text, path, data)

    return read


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else text_of(value)


def _timestamp(visit: Visit, text: str, value: Any) -> str:
    if read_timestamp(value) is None:
        raise failed(
            visit,
            RUNTIME,
            "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format "
            f"string: {text} == {_shown(value)}",
        )
    return str(value)


def _text(visit: Visit, name: str, text: str, value: Any) -> str:
    if not isinstance(value, str):
        raise failed(visit, RUNTIME, f"The {name}Path parameter must reference a string: {text} == {_shown(value)}")
    return value
