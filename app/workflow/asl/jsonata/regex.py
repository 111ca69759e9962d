"""Regular expressions as JavaScript reads them, matched in a number of steps that is counted.

Python's own backtrack without any bound, so that a few characters of a definition could stop the engine for hours;
and they differ (``$``, ``\\d``, case, groups in loops). This is the usual backtracking machine: instructions, and a
stack of the places to go on from.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from .errors import JsonataError
from .regex_syntax import Node, read

_BATCH: Final = 1_000


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

    def _run(  # noqa: C901, PLR0912 - one branch an instruction
        self, start: int, text: str, place: int, marks: tuple[int, ...], spend: Callable[[float], None]
    ) -> tuple[int, ...] | None:
        code, size = self._code, len(text)
        registers: dict[int, int] = {}
        stack: list[tuple[Any, ...]] = []
        step, at, steps = start, place, 0
        while True:
            steps += 1
            if steps % _BATCH == 0:
                spend(_BATCH)
            instruction = code[step]
            kind = instruction[0]
            step += 1
            if kind == "set":
                if at < size and instruction[2].holds(text[at]):
                    at += 1
                    continue
            elif kind == "split":
                stack.append((instruction[2], at, at, 0, marks, registers))
                step = instruction[1]
                continue
            elif kind == "run":
                end = self._reach(instruction, text, at)
                steps += (end - at) // 50
                if end - at >= instruction[2]:
                    least, end = at + instruction[2], end
                    if instruction[4]:
                        stack.append((step, end - 1, least, -1, marks, registers))
                        at = end
                    else:
                        stack.append((step, least + 1, end, 1, marks, registers))
                        at = least
                    continue
            elif kind == "jump":
                step = instruction[1]
                continue
            elif kind == "mark":
                marks = (*marks[: instruction[1]], at, *marks[instruction[1] + 1 :])
                continue
            elif kind == "at":
                if _AT[instruction[1]](text, at):
                    continue
            elif kind == "enter":
                registers = {**registers, instruction[1]: at}
                low, high = instruction[2]
                if high > low:
                    marks = (*marks[: 2 * low], *(-1,) * (2 * (high - low)), *marks[2 * high :])
                continue
            elif kind == "again":
                if at != registers[instruction[1]]:
                    step = instruction[2]
                    continue
            elif kind == "same":
                end = self._repeat(text, at, marks, instruction)
                if end >= 0:
                    at = end
                    continue
            elif kind == "look":
                seen = self._look(instruction, text, at, marks, spend)
                if (seen is None) is instruction[3]:
                    marks = marks if seen is None else seen
                    step = instruction[2]
                    continue
            else:
                return (place, at, *marks[2:])
            # This way leads nowhere: go on from the last place with another way left.
            found = False
            while stack and not found:
                step, at, bound, change, marks, registers = stack.pop()
                found = change == 0 or (at >= bound if change < 0 else at <= bound)
                if found and change and at != bound:
                    stack.append((step, at + change, bound, change, marks, registers))
            if not found:
                spend(steps % _BATCH)
                return None

    @staticmethod
    def _reach(instruction: tuple[Any, ...], text: str, at: int) -> int:
        most = instruction[3]
        end: int = instruction[1].run(text, at)
        return end if most is None else min(end, at + most)

    def _look(
        self, instruction: tuple[Any, ...], text: str, at: int, marks: tuple[int, ...], spend: Callable[[float], None]
    ) -> tuple[int, ...] | None:
        start, _, _, behind = instruction[1:]
        if not behind:
            seen = self._run(start, text, at, marks, spend)
            return None if seen is None else (marks[0], marks[1], *seen[2:])
        for begin in range(at, -1, -1):
            seen = self._run(start, text[:at], begin, marks, spend)
            if seen is not None and seen[1] == at:
                return (marks[0], marks[1], *seen[2:])
        return None

    @staticmethod
    def _repeat(text: str, at: int, marks: tuple[int, ...], instruction: tuple[Any, ...]) -> int:
        start, end = marks[2 * instruction[1]], marks[2 * instruction[1] + 1]
        if start < 0 or end < 0:
            return at
        wanted, there = text[start:end], text[at : at + end - start]
        same = wanted.lower() == there.lower() if instruction[2] else wanted == there
        return at + end - start if same else -1


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
