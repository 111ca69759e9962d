"""The grammar, which is jsonata-python's, and what of that library is used besides: pictures of numbers and instants.

Importing the library raises Python's recursion limit for the whole process; it is set back here.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

_limit = sys.getrecursionlimit()
from jsonata import datetimeutils, functions, jexception, parser, regex_engine  # noqa: E402 - see above

sys.setrecursionlimit(_limit)

from .errors import JsonataError  # noqa: E402 - likewise
from .regex import Pattern  # noqa: E402

LONGEST: Final = 65_536
"""Characters that an expression may have: reading one takes up to 50 microseconds each."""
_PICTURE: Final = 1_000
"""Characters that a picture may have: what is read or written by one may take time that grows faster than it."""
_WIDE: Final = re.compile(r"[,-]\s*\d{4}")
"""A width of a thousand characters and more."""


def parse(expression: str) -> Any:
    """Give the tree of an expression. Raises JsonataError (S0...) with the reference's words for a syntax error."""
    if len(expression) > LONGEST:
        raise JsonataError("", f"Expression is longer than {LONGEST} characters")
    try:
        return _parsed(expression)
    except jexception.JException as error:
        raise _translated(error) from None
    except RecursionError:
        raise JsonataError("", "Expression is nested too deeply") from None
    except JsonataError:
        raise
    except Exception as error:  # noqa: BLE001 - what it stumbles over is wrong
        raise _stumbled(expression, error) from None


def _parsed(expression: str) -> Any:
    # A parser costs more to make than most expressions to read: one that has read without a fault is used again.
    try:
        reader = _IDLE.pop()
    except IndexError:
        reader = parser.Parser()
    reader.ancestor_label = reader.ancestor_index = 0
    reader.ancestry, reader.errors = [], []
    tree = reader.parse(expression, _regex)
    _IDLE.append(reader)
    return tree


_IDLE: Final[list[parser.Parser]] = []


def _stumbled(expression: str, error: Exception) -> JsonataError:
    """Say what is wrong: the library peeks past the end of a text, and takes a missing node for one."""
    if isinstance(error, KeyError):
        return JsonataError("S0204", token=error.args[0])
    if expression.rfind("/*") > expression.rfind("*/"):
        return JsonataError("S0106")
    return JsonataError("S0207" if isinstance(error, IndexError) else "S0201", token=expression)


def _regex(source: str, flags: regex_engine.RegexFlags) -> Any:
    return Pattern(source, ignore_case=flags.case_insensitive, multiline=flags.multiline)


def pattern_of(picture: str) -> str:
    """Give the regular expression by which the library reads an instant that is written so. Raises JsonataError."""
    _check(picture)
    reader = datetimeutils.DateTimeUtils
    with _translating():
        # Private, but nothing else tells how long reading may take.
        parts = reader._generate_regex(reader._analyse_datetime_picture(picture)).parts  # noqa: SLF001
    return "".join(f"({part.regex})" for part in parts)


def _translated(error: jexception.JException) -> JsonataError:
    code, current, expected = str(error.error), error.current, error.expected
    if code == "S0301" and current is not None:
        # The library uses one code for both.
        return JsonataError("S0103", token=current, position=error.location)
    if code in {"S0202", "S0203"}:
        return JsonataError(code, value=current, token=expected, position=error.location)
    return JsonataError(code, value=current, token=current, position=error.location)


def library(name: str, value: Any, picture: str | None, *args: Any) -> Any:
    """Call a function of the library that formats or reads by a picture. Raises JsonataError for what it refuses."""
    _check(picture)
    with _translating():
        return getattr(functions.Functions, name)(value, picture, *args)


def _check(picture: str | None) -> None:
    if picture is not None and (len(picture) > _PICTURE or _WIDE.search(picture)):
        raise JsonataError("", "The picture string is too long")


@contextmanager
def _translating() -> Iterator[None]:
    try:
        yield
    except jexception.JException as error:
        message = "" if str(error.error)[:1] in "DTS" and str(error.error)[1:].isdigit() else str(error.error)
        raise JsonataError("" if message else str(error.error), message, value=error.current) from None
    except (ValueError, TypeError, ArithmeticError, LookupError, AttributeError, RuntimeError) as error:
        raise JsonataError("", str(error)) from None
