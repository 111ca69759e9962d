"""The syntax of regular expressions of ECMAScript (without the flags u and v), read into a tree."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from .errors import JsonataError

_SPACE: Final = r"\t\n\x0b\x0c\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_CLASSES: Final = {"d": "0-9", "w": "A-Za-z0-9_", "s": _SPACE}
_CONTROL: Final = {"n": "\n", "r": "\r", "t": "\t", "v": "\x0b", "f": "\x0c", "0": "\0"}
_QUANTITY: Final = re.compile(r"\{(\d+)(,(\d*))?\}")
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
        least, most = 1, 1
        bounds = _QUANTITY.match(self.source, self.place)
        if self._take("*"):
            least, unbounded = 0, True
        elif self._take("+"):
            least, unbounded = 1, True
        elif self._take("?"):
            least, most, unbounded = 0, 1, False
        elif bounds is not None:
            self.place = bounds.end()
            least = int(bounds[1])
            unbounded = bounds[2] is not None and not bounds[3]
            most = least if bounds[2] is None else int(bounds[3] or 0)
        else:
            return atom
        if atom.kind == "at" or max(least, most) > _MOST:
            raise _wrong("Nothing to repeat" if atom.kind == "at" else "quantifier too large")
        if not unbounded and most < least:
            raise _wrong("numbers out of order in {} quantifier")
        groups = (before + 1, self.groups + 1)
        return Node("loop", "", (atom,), least, None if unbounded else most, not self._take("?"), groups)

    def _atom(self) -> Node:
        character = self._next()
        if character == "(":
            return self._group()
        if character == "[":
            return self._class()
        if character == ".":
            return Node("set", "[^\n\r\u2028\u2029]")
        if character == "^":
            return Node("at", "line_start" if self._multiline else "start")
        if character == "$":
            return Node("at", "line_end" if self._multiline else "end")
        if character == "\\":
            return self._escape()
        if character in "*+?":
            raise _wrong("Nothing to repeat")
        return self._one(character)

    def _one(self, character: str) -> Node:
        return self._set(re.escape(character))

    def _set(self, inside: str, *, negated: bool = False) -> Node:
        fold = "(?i)" if self._fold else ""
        if not inside:
            return Node("set", r"[\s\S]" if negated else r"(?!)")
        text = f"[{'^' if negated else ''}{inside}]"
        return Node("set", f"(?i:{text})" if fold else text)

    def _group(self) -> Node:
        if self._take("?:"):
            return self._closed(self.either())
        for opening, behind, positive in (
            ("?=", False, True),
            ("?!", False, False),
            ("?<=", True, True),
            ("?<!", True, False),
        ):
            if self._take(opening):
                inner = self._closed(self.either())
                return Node("look", "behind" if behind else "", (inner,), flag=not positive)
        self.groups += 1
        number = self.groups
        if self._take("?<"):
            end = self.source.find(">", self.place)
            if end < 0:
                raise _wrong("Invalid capture group name")
            self._names[self.source[self.place : end]] = number
            self.place = end + 1
        elif self._peek("?"):
            raise _wrong("Invalid group")
        return Node("group", parts=(self._closed(self.either()),), number=number)

    def _closed(self, node: Node) -> Node:
        if not self._take(")"):
            raise _wrong("Unterminated group")
        return node

    def _escape(self) -> Node:
        character = self._next()
        if character in "bB":
            return Node("at", "edge" if character == "b" else "inside")
        if character in "dwsDWS":
            return self._set(_CLASSES[character.lower()], negated=character.isupper())
        if character == "k" and self._names and self._take("<"):
            end = self.source.find(">", self.place)
            name, self.place = self.source[self.place : end], end + 1
            return Node("same", number=self._names.get(name, 0), flag=self._fold)
        if character in "123456789":
            digits = re.match(r"\d*", self.source[self.place :])
            number = character + (digits[0] if digits else "")
            if int(number) <= self._total:
                self.place += len(number) - 1
                return Node("same", number=int(number), flag=self._fold)
            return self._one(character)
        return self._one(self._character(character))

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

    def _class(self) -> Node:
        negated = self._take("^")
        inside = ""
        while not self._take("]"):
            if self.place >= len(self.source):
                raise _wrong("Unterminated character class")
            low, known = self._member()
            if known:
                inside += low
                continue
            if self._peek("-") and not self._peek("-]"):
                back = self.place
                self.place += 1
                high, known = self._member()
                if not known:
                    if ord(high) < ord(low):
                        raise _wrong("Range out of order in character class")
                    inside += f"{re.escape(low)}-{re.escape(high)}"
                    continue
                self.place = back
            inside += re.escape(low)
        return self._set(inside, negated=negated)

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


_NOT_SPACE: Final = (
    r"\x00-\x08\x0e-\x1f!-\x9f\xa1-\u167f\u1681-\u1fff\u200b-\u2027\u202a-\u202e\u2030-\u205e\u2060-\u2fff"
    r"\u3001-\ufefe\uff00-\U0010ffff"
)
