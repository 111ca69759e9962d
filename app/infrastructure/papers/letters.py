"""The letters papers are printed in: which font has which, how wide text runs, where its lines break."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from threading import Lock
from typing import Any, Final, NewType

from reportlab.pdfbase.ttfonts import TTFontFace

from app.resources import resource

Clean = NewType("Clean", str)
"""Text that went through ``Letters.text``: every character of it has a glyph; lines end with a line feed."""

LEADING: Final = 1.3
"""From line to line, as a share of the size of the letters."""
UNKNOWN: Final = "\N{REPLACEMENT CHARACTER}"
ELLIPSIS: Final = "\N{HORIZONTAL ELLIPSIS}"
_ENDS: Final = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_ALIKE: Final = {"\N{MINUS SIGN}": "\N{EN DASH}", "\t": " "}
# Without a shape of their own. Marks of direction are among them, which can make an amount read as another.
_SHAPELESS: Final = frozenset({"Cc", "Cf"})
_LAST: Final = 0xFFFF  # a font's table of characters has four digits for each in reportlab


@dataclass(frozen=True, slots=True)
class Style:
    """How text looks: size in points, weight, and colour as six hex digits."""

    size: float
    bold: bool = False
    colour: str = "1a1a1a"

    @property
    def leading(self) -> float:
        """The height of a line, in points."""
        return self.size * LEADING


@dataclass(frozen=True, slots=True)
class Line:
    """Text on one line, and how wide it runs, in points."""

    text: Clean
    width: float


class Font:
    """One file of outlines. Loading the largest takes a tenth of a second, so each is loaded when first needed."""

    def __init__(self, name: str) -> None:
        self.name = name

    @cached_property
    def face(self) -> Any:  # noqa: ANN401 - reportlab has no types
        """What reportlab read of the file."""
        return TTFontFace(str(resource("templates") / "fonts" / f"{self.name}.ttf"))

    @cached_property
    def characters(self) -> frozenset[str]:
        """The characters that have a glyph here and a shape."""
        known = (chr(code) for code in self.face.charToGlyph if code <= _LAST)
        return frozenset(char for char in known if unicodedata.category(char) not in _SHAPELESS)

    def width(self, char: str) -> float:
        """Give how wide a character is, as a share of the size."""
        width: float = self.face.charWidths[ord(char)] / 1000
        return width


class Widths(dict[str, float]):
    """How wide characters are in a font, or in those that stand in for it; of what stands in, as they are met."""

    def __init__(self, font: Font, others: Sequence[Font]) -> None:
        super().__init__({char: font.width(char) for char in font.characters})
        self._others = others

    def __missing__(self, char: str) -> float:
        width = self[char] = next(font.width(char) for font in self._others if char in font.characters)
        return width


class Letters:
    """Noto Sans in two weights, for Latin, Greek and Cyrillic; what it lacks is in fonts of one weight.

    These are Droid Sans Fallback, for Chinese and Japanese, and NanumSquare, for Korean.

    One for the process, also for several threads: what is loaded does not change. reportlab reads on in a file it
    keeps open, so subsets are made under ``lock``.
    """

    def __init__(self) -> None:
        self.lock = Lock()
        regular, bold = Font("NotoSans-Regular"), Font("NotoSans-Bold")
        self._others: Final = (Font("DroidSansFallbackFull"), Font("NanumSquareR"))
        self.fonts: Final = (regular, bold, *self._others)
        self._known = regular.characters & bold.characters | {"\n"}
        self._widths = (Widths(regular, self._others), Widths(bold, self._others))

    def text(self, value: object) -> Clean:
        """Give ``value`` as it can be printed; every datum of a paper comes through here, and nothing reads it again.

        There is no markup to escape: text is measured and shown character by character, never parsed. Accents are
        joined to their letters; what has no shape (control characters, marks of direction) is left out, what no font
        has is shown as U+FFFD.
        """
        found = str(value)
        if found.isascii() and found.isprintable():  # what most texts are: no font of ours lacks any of it
            return Clean(found)
        found = unicodedata.normalize("NFC", _ENDS.sub("\n", found))
        if not self._known.issuperset(found):
            found = "".join(map(self._shown, found))
        return Clean(found)

    def _shown(self, char: str) -> str:
        if char in self._known:
            return char
        if char in _ALIKE:
            return _ALIKE[char]
        if unicodedata.category(char) in _SHAPELESS:
            return ""
        return char if any(char in font.characters for font in self._others) else UNKNOWN

    def runs(self, text: Clean, *, bold: bool) -> list[tuple[int, str]]:
        """Give the text in pieces of one font each, with the number of the font."""
        own = int(bold)
        if text.isascii() or self._known.issuperset(text):
            return [(own, text)]
        found: list[tuple[int, str]] = []
        for char in text:
            font = own if char in self._known else self._other(char)
            if found and found[-1][0] == font:
                found[-1] = (font, found[-1][1] + char)
            else:
                found.append((font, char))
        return found

    def _other(self, char: str) -> int:
        return next(number for number, font in enumerate(self.fonts) if number > 1 and char in font.characters)

    def width(self, text: Clean, style: Style) -> float:
        """Give how wide the text runs on one line, in points."""
        return sum(map(self._widths[style.bold].__getitem__, text)) * style.size

    def line(self, text: Clean, style: Style) -> Line:
        """Give the text on one line, however wide."""
        return Line(text, self.width(text, style))

    def short(self, text: Clean, style: Style, width: float) -> Line:
        """Give the text on one line, with an ellipsis for what does not fit."""
        one = Clean(text.replace("\n", " "))
        if self.width(one, style) <= width:
            return self.line(one, style)
        kept = self._fitting(one, style, width - self.width(Clean(ELLIPSIS), style))
        return self.line(Clean(one[:kept].rstrip() + ELLIPSIS), style)

    def wrapped(self, text: Clean, style: Style, width: float) -> list[Line]:
        """Break the text into lines, between words where that is possible; none for an empty text."""
        lines: list[Line] = []
        for paragraph in text.split("\n") if text else ():
            whole = Clean(paragraph.rstrip())
            if (wide := self.width(whole, style)) <= width:
                lines.append(Line(whole, wide))
            else:
                lines += [self.line(Clean(part), style) for part in self._broken(whole, style, width)]
        return lines

    def _broken(self, paragraph: Clean, style: Style, width: float) -> list[str]:
        lines = [""]
        used = 0.0
        blank = self.width(Clean(" "), style)
        for word in paragraph.split(" "):
            rest = Clean(word)
            wide = self.width(rest, style)
            if lines[-1] and used + blank + wide <= width:
                lines[-1] += f" {rest}"
                used += blank + wide
                continue
            if lines[-1]:
                lines.append("")
            while wide > width:  # a word that no line holds
                kept = max(1, self._fitting(rest, style, width))
                lines[-1] = rest[:kept]
                lines.append("")
                rest = Clean(rest[kept:])
                wide = self.width(rest, style)
            lines[-1], used = rest, wide
        return lines if lines[-1] else lines[:-1]

    def _fitting(self, text: str, style: Style, width: float) -> int:
        """Give how many characters from the beginning fit."""
        widths = self._widths[style.bold]
        left = width / style.size
        for at, char in enumerate(text):
            left -= widths[char]
            if left < 0:
                return at
        return len(text)

    def fitted(
        self, texts: Sequence[Clean], style: Callable[[float], Style], sizes: Sequence[float], box: tuple[float, float]
    ) -> tuple[Style, list[Line]]:
        """Break texts into lines that fit a box (width, height), in the first of the sizes that does.

        Where even the last is too large, the last line that fits ends with an ellipsis.
        """
        width, height = box
        found, lines = style(sizes[-1]), list[Line]()
        for size in sizes:
            found = style(size)
            lines = [line for text in texts for line in self.wrapped(text, found, width)]
            if len(lines) * found.leading <= height:
                return found, lines
        most = max(1, int(height / found.leading))
        last = Clean(lines[most - 1].text + ELLIPSIS)
        return found, [*lines[: most - 1], self.short(last, found, width)]


@cache
def letters() -> Letters:
    """Give the letters of this process, loaded once."""
    return Letters()
