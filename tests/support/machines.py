"""Every life cycle of the product with an entity to lead through it; made by itself, or told here.

A life cycle is found by walking ``app.domain``. Its entity is the dataclass beside it with a field of its states,
filled with samples by type; a transition is the entity's method of the same name, called with samples. What does not
fit that is told in ``MACHINES``, under the life cycle's name.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any, Final

import app.domain
from app.domain.shared.lines import Valuation
from app.domain.shared.money import Currency, currency, rate
from app.domain.shared.totals import VatMode
from app.workflow.kernel.lifecycle import Lifecycle

Step = Callable[[Any], object]
EUR: Final = currency("EUR")
SAMPLES: Final[Mapping[Any, Any]] = {
    int: 1,
    str: "x",
    bool: False,
    Decimal: Decimal(1),
    date: date(2026, 11, 21),
    datetime: datetime(2026, 11, 21, tzinfo=UTC),
    Currency: EUR,
    Valuation: Valuation(currency=EUR, rate=rate(Decimal(1)), company_currency=EUR, vat_mode=VatMode.PER_RATE),
}


class NoMachineError(AssertionError):
    """A life cycle cannot be led through its states: tell how in tests/support/machines.py."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What cannot be guessed of a life cycle.

    ``make`` gives the entity in a state; ``steps`` do the transitions that are no method of the same name. Several
    names with the same step are one: the entity chooses among them.
    """

    make: Callable[[Any], Any] | None = None
    steps: Mapping[str, Step] = field(default_factory=dict)


def _reopen(order: Any) -> object:
    return order.reopen()


def _unship(order: Any) -> object:
    return order.unship([])


MACHINES: Final[Mapping[str, Machine]] = {
    "order": Machine(steps={"reopen": _reopen, "resume": _reopen, "unship": _unship, "unship_all": _unship}),
    "invoice": Machine(steps={"pay": lambda invoice: invoice.pay_if_nothing_due()}),
}
"""By the name of the life cycle, for those that the convention does not fit."""


def lifecycles() -> Iterator[tuple[types.ModuleType, Lifecycle[Any]]]:
    """Give every life cycle of the business with the module that declares it."""
    seen: set[int] = set()
    for found in pkgutil.walk_packages(app.domain.__path__, "app.domain."):
        module = importlib.import_module(found.name)
        if hasattr(module, "__path__"):
            continue
        source = inspect.getsource(module)
        for name, value in vars(module).items():
            if isinstance(value, Lifecycle) and f"\n{name}: Final" in source and id(value) not in seen:
                seen.add(id(value))
                yield module, value


def sample(kind: Any) -> Any:
    """Give a value of a type. Raises NoMachineError for one it knows no value of."""
    origin = typing.get_origin(kind)
    if hasattr(kind, "__supertype__"):
        return sample(kind.__supertype__)
    if kind in SAMPLES:
        return SAMPLES[kind]
    if origin in {types.UnionType, typing.Union}:
        parts = typing.get_args(kind)
        return None if type(None) in parts else sample(parts[0])
    if isinstance(origin, type):
        return {} if issubclass(origin, Mapping) else () if origin is tuple else []
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    if is_dataclass(kind) and isinstance(kind, type):
        return filled(kind)
    raise NoMachineError(f"no sample of {kind}: add one to SAMPLES in tests/support/machines.py")


def filled(kind: type, **given: Any) -> Any:
    """Give a dataclass with samples for the fields that must be given."""
    hints = typing.get_type_hints(kind)
    needed = [
        one.name
        for one in fields(kind)
        if one.init and one.default is MISSING and one.default_factory is MISSING and one.name not in given
    ]
    return kind(**{name: sample(hints[name]) for name in needed}, **given)


def entity_of(module: types.ModuleType, lifecycle: Lifecycle[Any], state: StrEnum) -> Any:
    """Give an entity in ``state``. Raises NoMachineError when there is no one dataclass with such a field."""
    told = MACHINES.get(lifecycle.name, Machine())
    if told.make is not None:
        return told.make(state)
    kind = type(lifecycle.initial)
    found = []
    for one in vars(module).values():
        if isinstance(one, type) and is_dataclass(one) and one.__module__ == module.__name__:
            hints = typing.get_type_hints(one)
            found += [(one, each.name) for each in fields(one) if hints[each.name] is kind]
    if len({one for one, _ in found if not one.__dataclass_params__.frozen}) != 1:  # type: ignore[attr-defined]
        raise NoMachineError(
            f"life cycle {lifecycle.name}: no single entity in {module.__name__} has a field of {kind.__name__};"
            " give its make in MACHINES in tests/support/machines.py"
        )
    entity, name = next((one, at) for one, at in found if not one.__dataclass_params__.frozen)  # type: ignore[attr-defined]
    return filled(entity, **{name: state})


def step_of(lifecycle: Lifecycle[Any], entity: Any, transition: str) -> Step:
    """Give what does a transition. Raises NoMachineError when the entity has no method of that name."""
    told = MACHINES.get(lifecycle.name, Machine()).steps.get(transition)
    if told is not None:
        return told
    method = getattr(type(entity), transition, None)
    if method is None:
        raise NoMachineError(
            f"life cycle {lifecycle.name}: {type(entity).__name__} has no method {transition};"
            " give its step in MACHINES in tests/support/machines.py"
        )
    hints = typing.get_type_hints(method)
    needed = {
        name: sample(hints[name])
        for name, parameter in list(inspect.signature(method).parameters.items())[1:]
        if parameter.default is inspect.Parameter.empty
    }
    return lambda one: method(one, **needed)


def refusals() -> list[tuple[types.ModuleType, Lifecycle[Any], StrEnum, str]]:
    """Give every life cycle with each state and each transition that is not declared from there."""
    found = []
    for module, lifecycle in lifecycles():
        told = MACHINES.get(lifecycle.name, Machine()).steps
        for transition in sorted({one.name for one in lifecycle.transitions}):
            same = {transition} | {name for name, step in told.items() if step is told.get(transition)}
            sources = {one.source for one in lifecycle.transitions if one.name in same}
            found += [(module, lifecycle, state, transition) for state in lifecycle.states if state not in sources]
    return found
