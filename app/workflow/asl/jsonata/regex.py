r"""Regular expressions as JavaScript reads them, matched in a number of steps that is counted.

Python's own backtrack without any bound, so that a few characters of a definition could stop the engine for hours;
and they differ (``$``, ``\d``, case, groups in loops). This is the usual backtracking machine: instructions, and a
stack of the places to go on from.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from .errors import JsonataError
from .regex_syntax import Node, read

_BATCH: Final = 100
_WEIGHT: Final = 1_000
"""How much longer a step takes than what ``spend`` counts: one of a loop in C, as over the characters of a text."""


class Found(NamedTuple):
    """A match; ``marks`` holds the starts and ends of the groups, -1 where one did not take part."""

    start: int
    end: int
    marks: tuple[int, ...]

    def groups(self, text: str) -> list[str | None]:
        """Give what the groups have matched."""
        spans = zip(self.marks[2::2], self.marks[3::2], strict=True)
        return [text[start:end] if start >= 0 <= end else None for start, end in spans]


class Pattern:
    """A compiled regular expression. Raises JsonataError (S0302) when it is none."""

    def __init__(self, source: str, *, ignore_case: bool, multiline: bool) -> None:
        self.source = source
        try:
            tree, self.size = read(source, ignore_case=ignore_case, multiline=multiline)
            self._code: list[tuple[Any, ...]] = []
            self._loops = 0
            self._emit(tree)
        except (RecursionError, re.error) as error:
            raise JsonataError("S0302", "Invalid regular expression") from error
        self._code.append(("end",))
        first = self._code[0]
        self._first = re.compile(first[1]) if first[0] == "set" else None

    def search(self, text: str, start: int, spend: Callable[[float], None]) -> Found | None:
        """Give the first match at or after ``start``. ``spend`` is told the steps it takes, and may raise."""
        place = start
        while place <= len(text):
            if self._first is not None:
                candidate = self._first.search(text, place)
                spend((len(text) if candidate is None else candidate.start()) - place)
                if candidate is None:
                    return None
                place = candidate.start()
            marks = self._run(0, text, place, (-1,) * (2 * self.size + 2), spend)
            if marks is not None:
                return Found(place, marks[1], marks)
            place += 1
        return None

    def _emit(self, node: Node) -> None:
        getattr(self, f"_emit_{node.kind}")(node)

    def _add(self, *instruction: Any) -> int:
        self._code.append(instruction)
        if len(self._code) > 20_000:
            raise JsonataError("S0302", "Regular expression too large")
        return len(self._code) - 1

    def _emit_set(self, node: Node) -> None:
        self._add("set", node.text, _Set(node.text))

    def _emit_all(self, node: Node) -> None:
        for part in node.parts:
            self._emit(part)

    def _emit_any(self, node: Node) -> None:
        ends = []
        for part in node.parts[:-1]:
            split = self._add()
            self._emit(part)
            ends.append(self._add())
            self._code[split] = ("split", split + 1, len(self._code))
        self._emit(node.parts[-1])
        for end in ends:
            self._code[end] = ("jump", len(self._code))

    def _emit_group(self, node: Node) -> None:
        self._add("mark", 2 * node.number)
        self._emit(node.parts[0])
        self._add("mark", 2 * node.number + 1)

    def _emit_at(self, node: Node) -> None:
        self._add("at", node.text)

    def _emit_same(self, node: Node) -> None:
        self._add("same", node.number, node.flag)

    def _emit_look(self, node: Node) -> None:
        look = self._add()
        self._emit(node.parts[0])
        self._add("end")
        self._code[look] = ("look", look + 1, len(self._code), node.flag, node.text == "behind")

    def _emit_loop(self, node: Node) -> None:
        part, least, most = node.parts[0], node.number, node.most
        if part.kind == "set":
            self._add("run", _Set(part.text), least, most, node.flag)
            return
        for _ in range(least):
            self._emit(part)
        if most is None:
            self._loop(node, part)
            return
        splits = []
        for _ in range(most - least):
            splits.append(self._add())
            self._emit(part)
        for split in splits:
            self._code[split] = self._choice(split + 1, len(self._code), greedy=node.flag)

    def _loop(self, node: Node, part: Node) -> None:
        split = self._add()
        register = self._loops
        self._loops += 1
        self._add("enter", register, node.groups)
        self._emit(part)
        self._add("again", register, split)
        self._code[split] = self._choice(split + 1, len(self._code), greedy=node.flag)

    @staticmethod
    def _choice(inside: int, after: int, *, greedy: bool) -> tuple[Any, ...]:
        return ("split", inside, after) if greedy else ("split", after, inside)

    def _run(
        self, start: int, text: str, place: int, marks: tuple[int, ...], spend: Callable[[float], None]
    ) -> tuple[int, ...] | None:
        """Run from an instruction and a place; give the marks, the whole match first, None when it does not match."""
        thread = _Thread(self._code, text, place, marks, spend)
        thread.step = start
        return (place, thread.at, *thread.marks[2:]) if thread.run() else None


class _Thread:
    """One try to match: where it is, what it has marked, and the places to go on from when it cannot."""

    __slots__ = ("_code", "_spend", "_stack", "at", "marks", "registers", "step", "text")

    def __init__(
        self, code: list[Any], text: str, at: int, marks: tuple[int, ...], spend: Callable[[float], None]
    ) -> None:
        self._code = code
        self._spend = spend
        self._stack: list[tuple[Any, ...]] = []
        self.text = text
        self.at = at
        self.step = 0
        self.marks = marks
        self.registers: dict[int, int] = {}

    def run(self) -> bool:
        """Run until it matches or no way is left."""
        steps = 0
        while True:
            steps += 1
            if steps == _BATCH:
                self._spend(steps * _WEIGHT)
                steps = 0
            instruction = self._code[self.step]
            self.step += 1
            kind = instruction[0]
            if kind == "end":
                return True
            if not _STEPS[kind](self, instruction) and not self._back():
                self._spend(steps * _WEIGHT)
                return False

    def _back(self) -> bool:
        """Go on from the last place with another way left."""
        while self._stack:
            self.step, self.at, bound, change, self.marks, self.registers = self._stack.pop()
            if change == 0:
                return True
            if self.at >= bound if change < 0 else self.at <= bound:
                if self.at != bound:
                    self._later(self.step, self.at + change, bound, change)
                return True
        return False

    def _later(self, step: int, at: int, bound: int = 0, change: int = 0) -> None:
        self._stack.append((step, at, bound, change, self.marks, self.registers))

    def set(self, instruction: tuple[Any, ...]) -> bool:
        """Take a character of a set."""
        if self.at >= len(self.text) or not instruction[2].holds(self.text[self.at]):
            return False
        self.at += 1
        return True

    def split(self, instruction: tuple[Any, ...]) -> bool:
        """Go one way, and keep the other for later."""
        self._later(instruction[2], self.at)
        self.step = instruction[1]
        return True

    def sweep(self, instruction: tuple[Any, ...]) -> bool:
        """Take a run of characters of a set, as many or as few as may be."""
        _, wanted, least, most, greedy = instruction
        end = wanted.run(self.text, self.at)
        if most is not None:
            end = min(end, self.at + most)
        self._spend(end - self.at)
        lowest = self.at + least
        if end < lowest:
            return False
        if greedy:
            self._later(self.step, end - 1, lowest, -1)
            self.at = end
        else:
            self._later(self.step, lowest + 1, end, 1)
            self.at = lowest
        return True

    def jump(self, instruction: tuple[Any, ...]) -> bool:
        """Go on elsewhere."""
        self.step = instruction[1]
        return True

    def mark(self, instruction: tuple[Any, ...]) -> bool:
        """Note where a group begins or ends."""
        self.marks = (*self.marks[: instruction[1]], self.at, *self.marks[instruction[1] + 1 :])
        return True

    def edge(self, instruction: tuple[Any, ...]) -> bool:
        """See whether this is such a place."""
        return _AT[instruction[1]](self.text, self.at)

    def enter(self, instruction: tuple[Any, ...]) -> bool:
        """Begin a turn of a loop: the groups inside have matched nothing yet."""
        self.registers = {**self.registers, instruction[1]: self.at}
        low, high = instruction[2]
        if high > low:
            self.marks = (*self.marks[: 2 * low], *(-1,) * (2 * (high - low)), *self.marks[2 * high :])
        return True

    def again(self, instruction: tuple[Any, ...]) -> bool:
        """End a turn of a loop, which must have moved on."""
        if self.at == self.registers[instruction[1]]:
            return False
        self.step = instruction[2]
        return True

    def same(self, instruction: tuple[Any, ...]) -> bool:
        """Take what a group has matched, once more."""
        start, end = self.marks[2 * instruction[1]], self.marks[2 * instruction[1] + 1]
        if start < 0 or end < 0:
            return True
        wanted, there = self.text[start:end], self.text[self.at : self.at + end - start]
        self._spend(end - start)
        if wanted != there and not (instruction[2] and wanted.lower() == there.lower()):
            return False
        self.at += end - start
        return True

    def look(self, instruction: tuple[Any, ...]) -> bool:
        """See whether something follows, or stands before."""
        _, start, after, negative, behind = instruction
        seen = self._looked(start, behind=behind)
        if (seen is None) is not negative:
            return False
        self.marks = self.marks if seen is None else seen
        self.step = after
        return True

    def _looked(self, start: int, *, behind: bool) -> tuple[int, ...] | None:
        """Give the marks once it is seen; nothing when it is not."""
        text, begins = (self.text[: self.at], range(self.at, -1, -1)) if behind else (self.text, (self.at,))
        for begin in begins:
            inner = _Thread(self._code, text, begin, self.marks, self._spend)
            inner.step = start
            if inner.run() and (not behind or inner.at == self.at):
                return inner.marks
        return None


_STEPS: Final[dict[str, Callable[[_Thread, tuple[Any, ...]], bool]]] = {
    "set": _Thread.set,
    "split": _Thread.split,
    "run": _Thread.sweep,
    "jump": _Thread.jump,
    "mark": _Thread.mark,
    "at": _Thread.edge,
    "enter": _Thread.enter,
    "again": _Thread.again,
    "same": _Thread.same,
    "look": _Thread.look,
}


class _Set:
    """A set of characters, written as Python's own one-character pattern."""

    __slots__ = ("_known", "_one", "_run")

    def __init__(self, text: str) -> None:
        self._one = re.compile(text)
        self._run = re.compile(f"(?:{text})*")
        self._known: dict[str, bool] = {}

    def holds(self, character: str) -> bool:
        """Tell whether the character is in the set."""
        known = self._known.get(character)
        if known is None:
            known = self._known[character] = self._one.match(character) is not None
            if len(self._known) > 1_000:
                self._known.clear()
        return known

    def run(self, text: str, at: int) -> int:
        """Give the end of the longest run of such characters from ``at``."""
        match = self._run.match(text, at)
        return at if match is None else match.end()


def _is_word(text: str, at: int) -> bool:
    return 0 <= at < len(text) and text[at].isascii() and (text[at].isalnum() or text[at] == "_")


_ENDS: Final = "\n\r\u2028\u2029"
_AT: Final[dict[str, Callable[[str, int], bool]]] = {
    "start": lambda _text, at: at == 0,
    "end": lambda text, at: at == len(text),
    "line_start": lambda text, at: at == 0 or text[at - 1] in _ENDS,
    "line_end": lambda text, at: at == len(text) or text[at] in _ENDS,
    "edge": lambda text, at: _is_word(text, at - 1) is not _is_word(text, at),
    "inside": lambda text, at: _is_word(text, at - 1) is _is_word(text, at),
}
