"""What does the work: plain functions by the name of their resource, sync or async, and what they are told."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from ..kernel.errors import RUNTIME, StepError
from .live import Command
from .store import Key

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder().decode
_FLAT: Final = frozenset({type(None), bool, int, str})


class Step(msgspec.Struct, frozen=True, gc=False):
    """What a handler may know of the step it does; it asks for it by a parameter named ``step``.

    ``id`` is the same whenever this attempt runs, also after a crash: give it to outside systems as the idempotency
    key. ``visit`` is the same for all attempts of one visit of the state. ``due`` is the instant its time limit is
    over, in milliseconds since the epoch. ``heartbeat`` says that the work still goes on.
    """

    id: str
    visit: str
    key: Key
    machine: str
    edition: int
    state: str
    attempt: int
    resource: str
    principal: str
    due: int | None
    heartbeat: Callable[[], None]

    @property
    def namespace(self) -> str:
        """Give the namespace of the execution."""
        return self.key.namespace


@dataclass(frozen=True, slots=True)
class Handler:
    """A function for a resource, and how it is called."""

    function: Callable[..., Any]
    is_async: bool
    inline: bool
    transactional: bool
    batch: bool
    wants_step: bool
    wants_connection: bool

    @classmethod
    def of(cls, function: Callable[..., Any], *, inline: bool, transactional: bool, batch: bool = False) -> Handler:
        """Look at the function's signature. Raises ValueError for one that cannot be called as asked."""
        is_async = inspect.iscoroutinefunction(function)
        names = set(inspect.signature(function).parameters)
        wants_connection = "connection" in names
        _refuse("an async function is neither inline nor transactional", when=is_async and (inline or transactional))
        _refuse("a transactional function is not inline: it waits for the database", when=inline and transactional)
        _refuse("only a transactional function shares a transaction", when=batch and not transactional)
        _refuse("only a transactional function gets a connection", when=wants_connection and not transactional)
        return cls(function, is_async, inline, transactional, batch, "step" in names, wants_connection)

    def call(self, command: Command, heartbeat: Callable[[], None], connection: Any = None) -> Any:
        """Call it with its own copy of the data; give what it gives, a coroutine if it is async."""
        told: dict[str, Any] = {}
        if self.wants_step:
            told["step"] = step_of(command, heartbeat)
        if self.wants_connection:
            told["connection"] = connection
        return self.function(copied(command.argument), **told)

    def shaped(self, give: Callable[[Any], Any], blame: Callable[[BaseException], tuple[str, str]]) -> Handler:
        """Give the same with another shape of what it gives and of what it raises."""
        function = self.function

        def call(data: Any, **told: Any) -> Any:
            try:
                return give(function(data, **told))
            except Exception as error:
                raise StepError(*blame(error)) from error

        async def call_async(data: Any, **told: Any) -> Any:
            try:
                return give(await function(data, **told))
            except Exception as error:
                raise StepError(*blame(error)) from error

        return replace(self, function=call_async if self.is_async else call)


def refusal(error: StepError) -> Handler:
    """Give what does a task that cannot be done: it fails at once."""

    def fail(_data: Any) -> None:
        raise error

    return Handler.of(fail, inline=True, transactional=False)


def _refuse(why: str, *, when: bool) -> None:
    if when:
        raise ValueError(why)


def step_of(command: Command, heartbeat: Callable[[], None]) -> Step:
    """Make of a command what its handler is told."""
    step = command.step
    visit = f"{step.key.id}/{command.state}/{step.entry}"
    return Step(
        step_id(command),
        visit,
        step.key,
        command.machine,
        command.edition,
        command.state,
        step.attempt,
        command.resource,
        command.principal,
        command.due,
        heartbeat,
    )


def step_id(command: Command) -> str:
    """Give the idempotency key of a step: the same whenever this attempt runs."""
    step = command.step
    return f"{step.key.id}/{command.state}/{step.entry}/{step.attempt}"


def copied(value: Any) -> Any:
    """Give a copy of a JSON value, so that a handler can do with its own what it likes."""
    return value if type(value) in _FLAT else _decode(_encode(value))


def checked(value: Any) -> Any:
    """Give a result as the JSON value it will be stored as. Raises StepError for what is none."""
    if type(value) in {type(None), bool}:
        return value
    try:
        written = _encode(value)
        read = _decode(written)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise StepError(RUNTIME, f"the result is no JSON value: {error}") from error
    # NaN and the infinities are written as null, which is not what was meant.
    if b"null" in written and not _is_finite(value):
        raise StepError(RUNTIME, "the result holds a number that is not finite")
    return read


def failure(error: BaseException) -> tuple[str, str]:
    """Give the name of an error and a text for people, as a step fails with it.

    Source: AWS Lambda, whose functions fail with the class's name as the error.
    """
    if isinstance(error, StepError):
        return error.error, error.cause
    return type(error).__name__, str(error)


def _is_finite(value: Any) -> bool:
    if isinstance(value, float):
        return value - value == 0.0
    if isinstance(value, dict):
        return all(_is_finite(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return all(_is_finite(item) for item in value)
    return True
