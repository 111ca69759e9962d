"""Pages with text, lines and pictures on them, and the tags that say what is what."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.infrastructure.papers.letters import Line, Style


class Tag:
    """What a piece of a page is to who does not see it: a kind of ISO 32000 (H1, P, Table, TR, TH, TD, Figure)."""

    __slots__ = ("alternative", "kids", "kind", "parent")

    def __init__(self, kind: str, parent: Tag | None = None, alternative: str = "") -> None:
        self.kind = kind
        self.parent = parent
        self.alternative = alternative
        self.kids: list[Tag | tuple[int, int]] = []  # a pair is a page and the number of a piece of it
        if parent is not None:
            parent.kids.append(self)

    def under(self, kind: str, alternative: str = "") -> Tag:
        """Give a new tag inside this one."""
        return Tag(kind, self, alternative)


Coded = Callable[[Line, Style], Sequence[tuple[str, str]]]
"""Gives a line in pieces of one font each: its name in the file, and the bytes of the string as Latin-1."""


class Page:
    """A page that is being drawn. Places are in points from the left and from the top."""

    def __init__(self, coded: Coded, height: float, number: int) -> None:
        self.number = number
        self.pieces: list[Tag] = []
        self.pictures: set[str] = set()
        self.marked = False
        self.code: list[str] = []
        self._coded = coded
        self._height = height
        self._colour = ""
        self._font = ""

    def open(self, tag: Tag | None) -> None:
        """Begin a piece of ``tag``; None is for what is repeated or adorns, and is not read out."""
        if tag is None:
            self.code.append("/Artifact BMC")
            return
        number = len(self.pieces)
        self.pieces.append(tag)
        tag.kids.append((self.number, number))
        self.code.append(f"/{tag.kind} <</MCID {number}>> BDC")

    def close(self) -> None:
        """End the piece."""
        self.code.append("EMC")

    def _fill(self, colour: str) -> None:
        if colour != self._colour:
            self._colour = colour
            self.code.append(f"{rgb(colour)} rg")

    def box(self, left: float, top: float, width: float, height: float, colour: str) -> None:
        """Fill a rectangle; a thin one is a line."""
        self._fill(colour)
        self.code.append(f"{left:.2f} {self._height - top - height:.2f} {width:.2f} {height:.2f} re f")

    def squares(
        self, place: tuple[float, float], side: float, runs: Sequence[tuple[int, int, int]], colour: str
    ) -> None:
        """Fill squares of a grid whose upper left corner is ``place``, as one shape so that no seams show between them.

        A run is a column, a row, and how many squares from there to the right.
        """
        self._fill(colour)
        left, top = place
        self.code.append(f"q {side:.5f} 0 0 {-side:.5f} {left:.2f} {self._height - top:.2f} cm")
        self.code += [f"{column} {row} {count} 1 re" for column, row, count in runs]
        self.code.append("f Q")

    def text(self, lines: Sequence[Line], place: tuple[float, float], style: Style, right: float | None = None) -> None:
        """Write lines below each other, the first on a base line at ``place``; ending at ``right`` if that is given."""
        self._fill(style.colour)
        left, base = place
        code = ["BT"]
        for number, line in enumerate(lines):
            at = left if right is None else right - line.width
            code.append(f"1 0 0 1 {at:.2f} {self._height - base - number * style.leading:.2f} Tm")
            code += self._shown(line, style)
        code.append("ET")
        self.code.append(" ".join(code))

    def _shown(self, line: Line, style: Style) -> list[str]:
        """Give the operators that show a line where the text now stands; a font stays until there is another."""
        code = []
        for name, codes in self._coded(line, style):
            font = f"/{name} {style.size:g} Tf"
            if font != self._font:
                self._font = font
                code.append(font)
            code.append(f"({codes}) Tj")
        return code

    def across(self, line: Line, style: Style, place: tuple[float, float], turn: tuple[float, float]) -> None:
        """Write one line, so thin that all below can be read, that climbs as ``turn`` (cosine, sine) says."""
        self._fill(style.colour)
        self.marked = True
        cosine, sine = turn
        matrix = f"{cosine:.4f} {sine:.4f} {-sine:.4f} {cosine:.4f} {place[0]:.2f} {self._height - place[1]:.2f} Tm"
        before = self._font  # what Q brings back
        self.code.append(" ".join(["q /Thin gs BT", matrix, *self._shown(line, style), "ET Q"]))
        self._font = before

    def picture(self, name: str, place: tuple[float, float], size: tuple[float, float]) -> None:
        """Show a picture of the file in a rectangle whose upper left corner is ``place``."""
        self.pictures.add(name)
        left, top = place
        width, height = size
        code = f"q {width:.2f} 0 0 {height:.2f} {left:.2f} {self._height - top - height:.2f} cm /{name} Do Q"
        self.code.append(code)


def rgb(colour: str) -> str:
    """Give a colour of six hex digits as the shares that PDF wants."""
    return " ".join(f"{int(colour[at : at + 2], 16) / 255:.3f}" for at in (0, 2, 4))
