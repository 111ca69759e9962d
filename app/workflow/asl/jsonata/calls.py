"""Functions: calling them, writing them, applying them in part, chaining them; regular expressions as functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from .errors import JsonataError
from .machine import Bindings, Compile, Evaluate
from .regex import Found, Pattern
from .run import Run
from .signature import Signature
from .values import UNDEFINED, Function, is_number, listed


class NativeFunction(Function):
    """A function of the library. ``arity`` is what the reference's own has, as callers go by it."""

    __slots__ = ("_run", "_signature")

    def __init__(self, name: str, signature: str, arity: int, run: Callable[..., Any]) -> None:
        super().__init__(name, arity)
        self._signature = Signature(signature)
        self._run = run

    def call(self, run: Run, args: list[Any], context: Any) -> Any:
        """Check the arguments against the signature, and call. Errors name this function."""
        run.make()
        try:
            checked = self._signature.check(args, context)
            for value in checked:
                run.handle(value)
            result = self._run(run, *checked)
        except JsonataError as error:
            raise error.named(self.name) from None
        except (ArithmeticError, ValueError):
            # Infinite, NaN, or beyond what can be counted: JSON has no such numbers, but reckoning gives them.
            raise JsonataError("", "Number out of range").named(self.name) from None
        run.handle(result)
        return result


class Thunk:
    """A call in tail position, put off so that it does not nest."""

    __slots__ = ("args", "bindings", "given", "procedure")

    def __init__(self, procedure: Evaluate, args: list[Evaluate], given: Any, bindings: Bindings) -> None:
        self.procedure = procedure
        self.args = args
        self.given = given
        self.bindings = bindings


class Lambda(Function):
    """A function written in the expression, with the variables around it."""

    __slots__ = ("_bindings", "_body", "_given", "_signature", "parameters")

    def __init__(
        self,
        parameters: list[str],
        body: Evaluate,
        given: Any,
        bindings: Bindings,
        signature: Signature | None,
    ) -> None:
        super().__init__("lambda", len(parameters))
        self.parameters = parameters
        self._body = body
        self._given = given
        self._bindings = bindings
        self._signature = signature

    def call(self, run: Run, args: list[Any], context: Any) -> Any:
        """Run the body, which may answer with a Thunk."""
        if self._signature is not None:
            args = self._signature.check(args, context)
        padded = args + [UNDEFINED] * (len(self.parameters) - len(args))
        return self._body(run, self._given, Bindings(self._bindings, dict(zip(self.parameters, padded, strict=False))))


class Partial(Function):
    """A function some of whose arguments are given already; ``None`` in ``places`` is one that is not."""

    __slots__ = ("_function", "_places")

    def __init__(self, function: Function, places: list[tuple[Any] | None]) -> None:
        super().__init__(function.name, places.count(None))
        self._function = function
        self._places = places

    def call(self, run: Run, args: list[Any], _context: Any) -> Any:
        """Fill in what is missing."""
        rest = iter(args)
        return apply(
            run, self._function, [next(rest, UNDEFINED) if p is None else p[0] for p in self._places], UNDEFINED
        )


class Chain(Function):
    """Two functions, one after the other."""

    __slots__ = ("_first", "_second")

    def __init__(self, first: Function, second: Function) -> None:
        super().__init__("chain", 1)
        self._first = first
        self._second = second

    def call(self, run: Run, args: list[Any], _context: Any) -> Any:
        """Give the second the result of the first."""
        return apply(run, self._second, [apply(run, self._first, args[:1], UNDEFINED)], UNDEFINED)


class Regex(Function):
    """A regular expression: called with a text it gives the first match, which leads to the next."""

    __slots__ = ("_pattern",)

    def __init__(self, pattern: Pattern) -> None:
        super().__init__("", 1)
        self._pattern = pattern

    def call(self, run: Run, args: list[Any], _context: Any) -> Any:
        """Give the first match as an object."""
        return self._match(run, args[0], 0) if args and isinstance(args[0], str) else UNDEFINED

    def _match(self, run: Run, text: str, start: int) -> Any:
        run.make()
        found = self._pattern.search(text, start, run.spend)
        if found is None:
            return UNDEFINED
        if found.start == found.end:
            raise JsonataError("D1004", value=self._pattern.source)
        return {
            "match": text[found.start : found.end],
            "start": found.start,
            "end": found.end,
            "groups": found.groups(text),
            "next": _Next(self, text, found),
        }

    def after(self, run: Run, text: str, found: Found) -> Any:
        """Give the match after another one."""
        return UNDEFINED if found.end >= len(text) else self._match(run, text, found.end)


class _Next(Function):
    __slots__ = ("_found", "_regex", "_text")

    def __init__(self, regex: Regex, text: str, found: Found) -> None:
        super().__init__("next", 0)
        self._regex = regex
        self._text = text
        self._found = found

    def call(self, run: Run, _args: list[Any], _context: Any) -> Any:
        return self._regex.after(run, self._text, self._found)


def match(run: Run, matcher: Any, args: list[Any]) -> Any:
    """Give what a matcher finds, as an object or nothing. Raises JsonataError (T1010) for one that gives else."""
    found = apply(run, matcher, args, None)
    if _is_match(found):
        return found
    if found is UNDEFINED or found is None:
        return UNDEFINED
    raise JsonataError("T1010")


def _is_match(found: Any) -> bool:
    return isinstance(found, dict) and (
        is_number(found.get("start"))
        or is_number(found.get("end"))
        or isinstance(found.get("groups"), list)
        or isinstance(found.get("next"), Function)
    )


def apply(run: Run, function: Any, args: list[Any], context: Any) -> Any:
    """Call a function, and those its tail calls lead to. Raises JsonataError (T1006) for what is none."""
    result = _call(run, function, args, context)
    while type(result) is Thunk:
        following = result.procedure(run, result.given, result.bindings)
        args = [arg(run, result.given, result.bindings) for arg in result.args]
        result = _call(run, following, args, context)
    return result


def _call(run: Run, function: Any, args: list[Any], context: Any) -> Any:
    if not isinstance(function, Function):
        raise JsonataError("T1006")
    return function.call(run, args, context)


def call_with(run: Run, function: Function, *args: Any) -> Any:
    """Call a function that was given as an argument with as many of these arguments as it looks at, one at least."""
    return apply(run, function, list(args[: max(1, function.arity)]), None)


def call(node: Any, compile_: Compile) -> Evaluate:
    """Compile a call."""
    invoke = invocation(node, compile_)
    return lambda run, given, bindings: invoke(run, given, bindings, [])


def invocation(node: Any, compile_: Compile) -> Callable[[Run, Any, Bindings, list[Any]], Any]:
    """Compile a call that may get arguments before those written."""
    procedure, args = compile_(node.procedure), [compile_(arg) for arg in node.arguments or ()]
    is_path, name = _named(node.procedure)

    def evaluate(run: Run, given: Any, bindings: Bindings, before: list[Any]) -> Any:
        function = procedure(run, given, bindings)
        if function is UNDEFINED and is_path and isinstance(bindings.look_up(name), Function):
            raise JsonataError("T1005", token=name)
        values = before + [arg(run, given, bindings) for arg in args]
        try:
            return apply(run, function, values, given)
        except JsonataError as error:
            raise error.named(name) from None

    return evaluate


def _named(procedure: Any) -> tuple[bool, str]:
    if procedure.type == "path":
        return True, str(procedure.steps[0].value)
    return False, str(procedure.value)


def function(node: Any, compile_: Compile) -> Evaluate:
    """Compile ``function($a){...}``; one that stands for a tail call becomes a Thunk."""
    if node.thunk:
        procedure = compile_(node.body.procedure)
        args = [compile_(arg) for arg in node.body.arguments or ()]
        return lambda _run, given, bindings: Thunk(procedure, args, given, bindings)
    parameters = [str(parameter.value) for parameter in node.arguments]
    signature = None if node.signature is None else Signature(node.signature.signature)
    body = compile_(node.body)
    return lambda _run, given, bindings: Lambda(parameters, body, given, bindings, signature)


def partial(node: Any, compile_: Compile) -> Evaluate:
    """Compile ``$f(?, 1)``."""
    procedure = compile_(node.procedure)
    is_path, name = _named(node.procedure)
    args = [None if arg.type == "operator" and arg.value == "?" else compile_(arg) for arg in node.arguments]

    def evaluate(run: Run, given: Any, bindings: Bindings) -> Any:
        found = procedure(run, given, bindings)
        if found is UNDEFINED and is_path and isinstance(bindings.look_up(name), Function):
            raise JsonataError("T1007", token=name)
        if not isinstance(found, Function):
            raise JsonataError("T1008", token=name)
        places = [_place(arg, run, given, bindings) for arg in args]
        # What was left out at the end is still to come, as are places that nothing was given for.
        return Partial(found, places + [None] * (found.arity - len(places)))

    return evaluate


def _place(arg: Evaluate | None, run: Run, given: Any, bindings: Bindings) -> tuple[Any] | None:
    value = UNDEFINED if arg is None else arg(run, given, bindings)
    return None if value is UNDEFINED else (value,)


def chain(node: Any, compile_: Compile) -> Evaluate:
    """Compile ``a ~> b``."""
    left = compile_(node.lhs)
    if node.rhs.type == "function":
        invoke = invocation(node.rhs, compile_)
        return lambda run, given, bindings: invoke(run, given, bindings, [left(run, given, bindings)])
    right = compile_(node.rhs)

    def evaluate(run: Run, given: Any, bindings: Bindings) -> Any:
        value, following = left(run, given, bindings), right(run, given, bindings)
        if not isinstance(following, Function):
            raise JsonataError("T2006", value=following)
        if isinstance(value, Function):
            return Chain(value, following)
        return apply(run, following, [value], None)

    return evaluate


def regex(node: Any, _compile: Compile) -> Evaluate:
    """Compile ``/.../``."""
    made = Regex(node.value)
    return lambda _run, _given, _bindings: made


class _Transformer(Function):
    """``| pattern | update, delete |``: a copy of an object or array with changes where the pattern leads."""

    __slots__ = ("_bindings", "_delete", "_pattern", "_update")

    def __init__(self, parts: tuple[Evaluate, Evaluate, Evaluate | None], bindings: Bindings) -> None:
        super().__init__("transform", 1)
        self._pattern, self._update, self._delete = parts
        self._bindings = bindings

    def call(self, run: Run, args: list[Any], context: Any) -> Any:
        (value,) = _TRANSFORMS.check(args, context)
        if value is UNDEFINED:
            return UNDEFINED
        result = _copy(run, value)
        matches = self._pattern(run, result, self._bindings)
        for found in listed(matches):
            if found is not UNDEFINED:
                self._change(run, found)
        return result

    def _change(self, run: Run, found: Any) -> None:
        update = self._update(run, found, self._bindings)
        gone = UNDEFINED
        if update is not UNDEFINED:
            self._put(found, update)
        if self._delete is not None:
            gone = self._delete(run, found, self._bindings)
        if gone is not UNDEFINED:
            self._drop(found, gone)

    @staticmethod
    def _put(found: Any, update: Any) -> None:
        if not isinstance(update, dict):
            raise JsonataError("T2011", value=update)
        if isinstance(found, dict):
            found.update(update)

    @staticmethod
    def _drop(found: Any, gone: Any) -> None:
        names = listed(gone)
        if not all(isinstance(name, str) for name in names):
            raise JsonataError("T2012", value=gone)
        if isinstance(found, dict):
            for name in names:
                found.pop(name, None)


_TRANSFORMS: Final = Signature("<(oa):o>")


def _copy(run: Run, value: Any) -> Any:
    run.spend(200)
    if isinstance(value, list):
        return [_copy(run, item) for item in value]
    if isinstance(value, dict):
        return {key: _copy(run, item) for key, item in value.items()}
    return value


def transform(node: Any, compile_: Compile) -> Evaluate:
    """Compile ``| pattern | update, delete |``."""
    delete = None if node.delete is None else compile_(node.delete)
    parts = (compile_(node.pattern), compile_(node.update), delete)
    return lambda _run, _given, bindings: _Transformer(parts, bindings)
