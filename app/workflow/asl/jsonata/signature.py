"""The signatures of functions: which arguments they take, and what stands in for those left out.

Source: https://docs.jsonata.org/programming "Function signatures"; the algorithm is the reference's: the types of the
arguments are written as a word, which a regular expression made of the signature has to match.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from .errors import JsonataError
from .values import UNDEFINED, symbol

_ARRAYS: Final = {
    "a": "arrays",
    "b": "booleans",
    "f": "functions",
    "n": "numbers",
    "o": "objects",
    "s": "strings",
}
_REGULAR: Final = {"a": "[asnblfom]", "f": "f", "j": "[asnblom]", "x": "[asnblfom]"}


class _Parameter:
    __slots__ = ("context", "kind", "regex", "subtype")

    def __init__(self, kind: str, regex: str) -> None:
        self.kind = kind
        self.regex = regex
        self.subtype = ""
        self.context = ""


class Signature:
    """One signature, such as ``<s-nn?:s>``. Raises JsonataError (S0401, S0402) when it is none."""

    __slots__ = ("_parameters", "_whole")

    def __init__(self, written: str) -> None:
        self._parameters = _parse(written)
        self._whole = re.compile("".join(f"({parameter.regex})" for parameter in self._parameters))

    @property
    def arity(self) -> int:
        """How many parameters there are."""
        return len(self._parameters)

    def check(self, args: list[Any], context: Any) -> list[Any]:
        """Give the arguments as the function takes them. Raises JsonataError (T0410, T0411, T0412)."""
        word = "".join(map(symbol, args))
        match = self._whole.fullmatch(word)
        if match is None:
            raise self._refusal(args, word)
        checked: list[Any] = []
        place = 0
        for parameter, letters in zip(self._parameters, match.groups(), strict=True):
            if letters:
                checked += _fitted(parameter, letters, args, place)
                place += len(letters)
            elif parameter.context:
                checked.append(_stand_in(parameter, context, place))
            else:
                checked.append(args[place] if place < len(args) else UNDEFINED)
                place += 1
        return checked

    def _refusal(self, args: list[Any], word: str) -> JsonataError:
        pattern, good = "", 0
        for parameter in self._parameters:
            pattern += parameter.regex
            match = re.match(pattern, word)
            if match is None:
                break
            good = len(match[0])
        return JsonataError("T0410", value=args[good] if good < len(args) else UNDEFINED, index=good + 1)


def _stand_in(parameter: _Parameter, context: Any, place: int) -> Any:
    if not re.fullmatch(parameter.context, symbol(context)):
        raise JsonataError("T0411", value=context, index=place + 1)
    return context


def _fitted(parameter: _Parameter, letters: str, args: list[Any], start: int) -> list[Any]:
    given = args[start : start + len(letters)]
    if parameter.kind != "a":
        return given
    return [_as_array(parameter.subtype, letters, value, start + place) for place, value in enumerate(given)]


def _as_array(wanted: str, letters: str, value: Any, place: int) -> Any:
    if value is UNDEFINED:
        return UNDEFINED
    if not isinstance(value, list):
        found, value, wanted_letter = {letters}, [value], wanted
    else:
        found, wanted_letter = set(map(symbol, value)), wanted[:1]
    if wanted and found - {wanted_letter}:
        raise JsonataError("T0412", value=value, index=place + 1, type=_ARRAYS.get(wanted, wanted))
    return value


def _parse(written: str) -> list[_Parameter]:
    parameters: list[_Parameter] = []
    place = 1
    while place < len(written) - 1 and written[place] != ":":
        place = _SIGNS.get(written[place], _ignored)(written, place, parameters) + 1
    return parameters


def _ignored(_written: str, place: int, _parameters: list[_Parameter]) -> int:
    return place


def _typed(written: str, place: int, parameters: list[_Parameter]) -> int:
    kind = written[place]
    parameters.append(_Parameter(kind, _REGULAR.get(kind, f"[{kind}m]")))
    return place


def _contextual(_written: str, place: int, parameters: list[_Parameter]) -> int:
    """Read ``-``: what is left out is the context."""
    for parameter in parameters[-1:]:
        parameter.context = parameter.regex
        parameter.regex += "?"
    return place


def _repeated(written: str, place: int, parameters: list[_Parameter]) -> int:
    for parameter in parameters[-1:]:
        parameter.regex += written[place]
    return place


def _choice(written: str, place: int, parameters: list[_Parameter]) -> int:
    """Read ``(sf)``: one of several types. Give where it ends."""
    end = _closing(written, place, "()")
    choice = written[place + 1 : end]
    if not re.fullmatch("[a-z]+", choice):
        raise JsonataError("S0402", value=choice)
    parameters.append(_Parameter(f"({choice})", f"[{choice}m]"))
    return end


def _subtype(written: str, place: int, parameters: list[_Parameter]) -> int:
    """Read ``<n>`` behind an array or a function. Give where it ends."""
    if not parameters or parameters[-1].kind not in "af":
        raise JsonataError("S0401", value=parameters[-1].kind if parameters else "")
    end = _closing(written, place, "<>")
    parameters[-1].subtype = written[place + 1 : end]
    return end


def _closing(written: str, start: int, pair: str) -> int:
    depth = 0
    for place in range(start, len(written)):
        depth += (written[place] == pair[0]) - (written[place] == pair[1])
        if depth == 0:
            return place
    return len(written)


_SIGNS: Final[dict[str, Callable[[str, int, list[_Parameter]], int]]] = {
    **dict.fromkeys("snbloafjx", _typed),
    **dict.fromkeys("?+", _repeated),
    "-": _contextual,
    "(": _choice,
    "<": _subtype,
}
