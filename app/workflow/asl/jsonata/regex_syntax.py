"""The syntax of regular expressions of ECMAScript (without the flags u and v), read into a tree."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import takewhile
from typing import Final, NamedTuple

from .errors import JsonataError

_SPACE: Final = r"\t\n\x0b\x0c\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_CLASSES: Final = {"d": "0-9", "w": "A-Za-z0-9_", "s": _SPACE}
_CONTROL: Final = {"n": "\n", "r": "\r", "t": "\t", "v": "\x0b", "f": "\x0c", "0": "\0"}
_QUANTITY: Final = re.compile(r"\{(\d+)(,(\d*))?\}")
_QUANTIFIERS: Final[dict[str, tuple[int, int | None]]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_EDGES: Final = {"b": "edge", "B": "inside"}
_LOOKING: Final = {"?=": ("", False), "?!": ("", True), "?<=": ("behind", False), "?<!": ("behind", True)}
_MOST: Final = 1_000


class Node(NamedTuple):
    """A part: of a set ``text`` is the set; of a loop ``number`` and ``most`` its bounds, ``flag`` whether greedy.

    ``groups``: the numbers of the groups inside, from the first to before the last.
    """

    kind: str
    text: str = ""
    parts: tuple[Node, ...] = ()
    number: int = 0
    most: int | None = None
    flag: bool = False
    groups: tuple[int, int] = (0, 0)


def read(source: str, *, ignore_case: bool, multiline: bool) -> tuple[Node, int]:
    """Read a regular expression; give its tree and how many groups it has. Raises JsonataError (S0302)."""
    reader = _Reader(source, ignore_case=ignore_case, multiline=multiline)
    tree = reader.either()
    if reader.place < len(source):
        raise _wrong("Unmatched ')'")
    return tree, reader.groups


def _wrong(what: str) -> JsonataError:
    return JsonataError("S0302", f"Invalid regular expression: {what}")


class _Reader:
    def __init__(self, source: str, *, ignore_case: bool, multiline: bool) -> None:
        self.source = source
        self.place = 0
        self.groups = 0
        self._fold = ignore_case
        self._multiline = multiline
        self._total = len(re.findall(r"(?<!\\)(?:\\\\)*\((?!\?)|\(\?<(?![=!])", source))
        self._names: dict[str, int] = {}

    def _peek(self, text: str) -> bool:
        return self.source.startswith(text, self.place)

    def _take(self, text: str) -> bool:
        if not self._peek(text):
            return False
        self.place += len(text)
        return True

    def _next(self) -> str:
        if self.place >= len(self.source):
            raise _wrong("\\ at end of pattern")
        self.place += 1
        return self.source[self.place - 1]

    def either(self) -> Node:
        parts = [self._sequence()]
        while self._take("|"):
            parts.append(self._sequence())
        return parts[0] if len(parts) == 1 else Node("any", parts=tuple(parts))

    def _sequence(self) -> Node:
        parts = []
        while self.place < len(self.source) and self.source[self.place] not in "|)":
            before = self.groups
            parts.append(self._quantified(self._atom(), before))
        return Node("all", parts=tuple(parts)) if len(parts) != 1 else parts[0]

    def _quantified(self, atom: Node, before: int) -> Node:
        bounds = self._bounds()
        if bounds is None:
            return atom
        least, most = bounds
        if atom.kind == "at":
            raise _wrong("Nothing to repeat")
        self._check(least, least if most is None else most)
        return Node("loop", "", (atom,), least, most, not self._take("?"), (before + 1, self.groups + 1))

    @staticmethod
    def _check(least: int, most: int) -> None:
        if max(least, most) > _MOST:
            raise _wrong("quantifier too large")
        if most < least:
            raise _wrong("numbers out of order in {} quantifier")

    def _bounds(self) -> tuple[int, int | None] | None:
        """Read how often: the least and the most, which may be without bound; nothing when that is not said."""
        for sign, bounds in _QUANTIFIERS.items():
            if self._take(sign):
                return bounds
        written = _QUANTITY.match(self.source, self.place)
        if written is None:
            return None
        self.place = written.end()
        least, after, most = written.groups()
        if after is None:
            return int(least), int(least)
        return int(least), int(most) if most else None

    def _atom(self) -> Node:
        character = self._next()
        if character in _ATOMS:
            return _ATOMS[character](self)
        if character in "*+?":
            raise _wrong("Nothing to repeat")
        return self._one(character)

    def dot(self) -> Node:
        return Node("set", "[^\n\r\u2028\u2029]")

    def first(self) -> Node:
        return Node("at", "line_start" if self._multiline else "start")

    def last(self) -> Node:
        return Node("at", "line_end" if self._multiline else "end")

    def _one(self, character: str) -> Node:
        return self._set(re.escape(character))

    def _set(self, inside: str, *, negated: bool = False) -> Node:
        fold = "(?i)" if self._fold else ""
        if not inside:
            return Node("set", r"[\s\S]" if negated else r"(?!)")
        text = f"[{'^' if negated else ''}{inside}]"
        return Node("set", f"(?i:{text})" if fold else text)

    def group(self) -> Node:
        if self._take("?:"):
            return self._closed(self.either())
        for opening, (text, negative) in _LOOKING.items():
            if self._take(opening):
                return Node("look", text, (self._closed(self.either()),), flag=negative)
        self.groups += 1
        number = self.groups
        if self._take("?<"):
            self._names[self._name()] = number
        elif self._peek("?"):
            raise _wrong("Invalid group")
        return Node("group", parts=(self._closed(self.either()),), number=number)

    def _name(self) -> str:
        end = self.source.find(">", self.place)
        if end < 0:
            raise _wrong("Invalid capture group name")
        name, self.place = self.source[self.place : end], end + 1
        return name

    def _closed(self, node: Node) -> Node:
        if not self._take(")"):
            raise _wrong("Unterminated group")
        return node

    def escape(self) -> Node:
        character = self._next()
        if character in _EDGES:
            return Node("at", _EDGES[character])
        if character in "dwsDWS":
            return self._set(_CLASSES[character.lower()], negated=character.isupper())
        if character == "k" and self._names:
            return self._named()
        if character in "123456789":
            return self._numbered(character)
        return self._one(self._character(character))

    def _named(self) -> Node:
        if not self._take("<"):
            return self._one("k")
        return Node("same", number=self._names.get(self._name(), 0), flag=self._fold)

    def _numbered(self, character: str) -> Node:
        """Read the number of a group; of one that is not there, the digit itself."""
        number = character + "".join(takewhile(str.isdecimal, self.source[self.place :]))
        if int(number) > self._total:
            return self._one(character)
        self.place += len(number) - 1
        return Node("same", number=int(number), flag=self._fold)

    def _character(self, escaped: str) -> str:
        for letter, size in (("x", 2), ("u", 4)):
            if escaped == letter:
                code = re.compile(f"[0-9a-fA-F]{{{size}}}").match(self.source, self.place)
                if code is not None:
                    self.place = code.end()
                    return chr(int(code[0], 16))
        if escaped == "c" and re.compile("[A-Za-z]").match(self.source, self.place):
            return chr(ord(self._next()) % 32)
        return _CONTROL.get(escaped, escaped)

    def one_of(self) -> Node:
        negated = self._take("^")
        inside = ""
        while not self._take("]"):
            if self.place >= len(self.source):
                raise _wrong("Unterminated character class")
            low, known = self._member()
            inside += low if known else re.escape(low) + self._range(low)
        return self._set(inside, negated=negated)

    def _range(self, low: str) -> str:
        """Read the end of a range that begins with the character; nothing when it does not begin one."""
        if not self._peek("-") or self._peek("-]"):
            return ""
        back = self.place
        self.place += 1
        high, known = self._member()
        if known:
            self.place = back
            return ""
        if ord(high) < ord(low):
            raise _wrong("Range out of order in character class")
        return f"-{re.escape(high)}"

    def _member(self) -> tuple[str, bool]:
        """Give a character of a class, or (with True) a class inside it, as Python writes it."""
        character = self._next()
        if character != "\\":
            return character, False
        escaped = self._next()
        if escaped == "b":
            return "\b", False
        if escaped in "dws":
            return _CLASSES[escaped], True
        if escaped in "DWS":
            return {"D": r"\x00-/:-\U0010ffff", "W": r"\x00-/:-@\[-\^`\{-\U0010ffff"}.get(escaped, _NOT_SPACE), True
        return self._character(escaped), False


_ATOMS: Final[dict[str, Callable[[_Reader], Node]]] = {
    "(": _Reader.group,
    "[": _Reader.one_of,
    ".": _Reader.dot,
    "^": _Reader.first,
    "$": _Reader.last,
    "\\": _Reader.escape,
}
_NOT_SPACE: Final = (
    r"\x00-\x08\x0e-\x1f!-\x9f\xa1-\u167f\u1681-\u1fff\u200b-\u2027\u202a-\u202e\u2030-\u205e\u2060-\u2fff"
    r"\u3001-\ufefe\uff00-\U0010ffff"
)
