"""AWS's own model of the service, as botocore carries it: requests drawn from it, answers held against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

import botocore.session
from hypothesis import strategies as st

OF_ALL: Final = frozenset(
    {
        "AccessDeniedException",
        "InvalidSignatureException",
        "SerializationException",
        "UnknownOperationException",
        "ValidationException",
    }
)
"""Errors that any action may answer, which the model does not list."""
ODD: Final = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "é" * 81,
    "\ud7ff\U0001f600\u202e",
    "\x7f",
    "a" * 300,
    "${jndi}",
    "'; --",
    "%00",
)
_WEIRD: Final = st.sampled_from(ODD) | st.text(max_size=20)
_NUMBERS: Final = st.sampled_from((0, -1, 1, 2**31, 2**63, -(2**63) - 1, 2**64, 10**30, 0.5, 1e308, -0.0))
JSON: Final = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _WEIRD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WEIRD, inner, max_size=3),
    max_leaves=6,
)
_CLASSES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "double": (int, float),
    "float": (int, float),
    "timestamp": (int, float),
    "list": list,
    "structure": dict,
    "map": dict,
}


@cache
def service() -> Any:
    """Give the model, read once."""
    return botocore.session.get_session().get_service_model("stepfunctions")


def codes_of(action: str) -> frozenset[str]:
    """Give the codes of the errors that an action may answer."""
    return OF_ALL | {shape.name for shape in service().operation_model(action).error_shapes}


class Requests:
    """Draws requests; ``known`` holds values worth sending by the name of their field."""

    def __init__(self, known: Mapping[str, tuple[Any, ...]]) -> None:
        self._known = known

    def of(self, action: str) -> st.SearchStrategy[Any]:
        """Draw requests of one action: good ones, ones with a field spoiled, and what is none at all."""
        shape = service().operation_model(action).input_shape
        good = self._value(shape, "")
        return st.one_of(good, good.flatmap(self._spoiled), good.flatmap(self._spoiled), JSON)

    def _value(self, shape: Any, name: str) -> st.SearchStrategy[Any]:
        if name in self._known:
            return st.sampled_from(self._known[name])
        draw = getattr(self, f"_{shape.type_name}", None)
        return JSON if draw is None else draw(shape)

    def _structure(self, shape: Any) -> st.SearchStrategy[Any]:
        required = set(shape.required_members)
        fields = {name: self._value(member, name) for name, member in shape.members.items()}
        must = {name: drawn for name, drawn in fields.items() if name in required}
        may = {name: drawn for name, drawn in fields.items() if name not in required}
        return st.fixed_dictionaries(must, optional=may)

    def _list(self, shape: Any) -> st.SearchStrategy[Any]:
        return st.lists(self._value(shape.member, ""), min_size=shape.metadata.get("min", 0), max_size=3)

    def _map(self, shape: Any) -> st.SearchStrategy[Any]:
        return st.dictionaries(_WEIRD, self._value(shape.value, ""), max_size=2)

    @staticmethod
    def _string(shape: Any) -> st.SearchStrategy[Any]:
        if shape.enum:
            return st.sampled_from(shape.enum)
        least, most = shape.metadata.get("min", 0), shape.metadata.get("max", 100)
        return st.text(min_size=least, max_size=max(least, min(most, 30))) | st.sampled_from(ODD)

    @staticmethod
    def _boolean(_shape: Any) -> st.SearchStrategy[Any]:
        return st.booleans()

    @staticmethod
    def _integer(shape: Any) -> st.SearchStrategy[Any]:
        return st.integers(shape.metadata.get("min", 0), shape.metadata.get("max", 2**31 - 1))

    _long = _integer

    @staticmethod
    def _spoiled(good: Mapping[str, Any]) -> st.SearchStrategy[Any]:
        """Draw ``good`` with one field left out, or with something else in it."""
        names = sorted(good) or ["name"]
        field = st.sampled_from(names)
        without = field.map(lambda gone: {name: value for name, value in good.items() if name != gone})
        return without | st.tuples(field, JSON).map(lambda put: {**good, put[0]: put[1]})


def strange(action: str, answer: Mapping[str, Any]) -> list[str]:
    """Give what the model does not say of an answer of this action."""
    shape = service().operation_model(action).output_shape
    return [] if shape is None else list(_strange(shape, answer, action))


def _strange(shape: Any, value: Any, where: str) -> Iterator[str]:
    if not _is_of(shape.type_name, value):
        yield f"{where} is {value!r}, no {shape.type_name}"
    elif shape.type_name == "list":
        for place, one in enumerate(value):
            yield from _strange(shape.member, one, f"{where}[{place}]")
    elif shape.type_name == "structure":
        yield from _strange_fields(shape, value, where)


def _is_of(kind: str, value: Any) -> bool:
    """Tell whether a value is of a kind; true and false are no numbers."""
    return isinstance(value, _CLASSES[kind]) and (kind == "boolean") == isinstance(value, bool)


def _strange_fields(shape: Any, value: Mapping[str, Any], where: str) -> Iterator[str]:
    for lacking in set(shape.required_members) - value.keys():
        yield f"{where}.{lacking} lacks"
    for name, one in value.items():
        if name not in shape.members:
            yield f"{where}.{name} is unknown"
        elif one is not None:
            yield from _strange(shape.members[name], one, f"{where}.{name}")
