"""What a file holds of a font: the characters that are used, in sets of at most 250, each a font of its own to PDF."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Final

from reportlab.pdfbase.ttfonts import SUBSETN, makeToUnicodeCMap

from app.infrastructure.papers.documents import Document
from app.infrastructure.papers.letters import Font

_MEANING: Final = frozenset(b"\n\r()\\")
"""Bytes that mean something inside a string of PDF. None is given to a character, so nothing has to be escaped."""
_CODES: Final = tuple(code for code in range(1, 256) if code not in _MEANING)


class _Codes(dict[int, str]):
    """The codes of the first set, for ``str.translate``: what is met for the first time gets the next one."""

    def __init__(self, place: Callable[[str], tuple[int, str]]) -> None:
        super().__init__()
        self._place = place

    def __missing__(self, code: int) -> str:
        found = self[code] = self._place(chr(code))[1]
        return found


class Subset:
    """The characters that one file uses of one font; each gets the next code, so equal files have equal codes."""

    def __init__(self, font: Font, prefix: str) -> None:
        self._font = font
        self._prefix = prefix
        self._codes: dict[str, tuple[int, str]] = {}
        self._first = _Codes(self._place)

    @property
    def names(self) -> list[str]:
        """The names of its fonts in the file."""
        sets = -(-len(self._codes) // len(_CODES))
        return [f"{self._prefix}{number}" for number in range(sets)]

    def coded(self, text: str) -> list[tuple[str, str]]:
        """Give the text in pieces of one set each: the name of the font, and the bytes of the string as Latin-1."""
        if not text:
            return []  # else an empty text would name a font that is not in the file
        if len(self._codes) + len(text) <= len(_CODES):  # whatever is new in it finds room: so it is with most papers
            return [(f"{self._prefix}0", text.translate(self._first))]
        pieces: list[tuple[str, str]] = []
        last = -1
        codes: list[str] = []
        for char in text:
            place = self._place(char)
            if place[0] != last:
                if codes:
                    pieces.append((f"{self._prefix}{last}", "".join(codes)))
                    codes = []
                last = place[0]
            codes.append(place[1])
        pieces.append((f"{self._prefix}{last}", "".join(codes)))
        return pieces

    def _place(self, char: str) -> tuple[int, str]:
        place = self._codes.get(char)
        if place is None:
            number, at = divmod(len(self._codes), len(_CODES))
            place = self._codes[char] = (number, chr(_CODES[at]))
        return place

    def embed(self, document: Document, lock: Lock) -> dict[str, int]:
        """Write the fonts into the document; ``lock`` keeps others from the file of outlines meanwhile.

        Gives the number of each by its name.
        """
        written = {}
        for number, name in enumerate(self.names):
            held = [0] * 256
            for char, (found, code) in self._codes.items():
                if found == number:
                    held[ord(code)] = ord(char)
            while not held[-1]:
                held.pop()
            written[name] = self._write(document, number, held, lock)
        return written

    def _write(self, document: Document, number: int, held: list[int], lock: Lock) -> int:
        face = self._font.face
        called = (SUBSETN(number) + b"+" + face.name).decode("ascii")
        with lock:
            outlines = face.makeSubset(held)
        file = document.stream(f"/Length1 {len(outlines)}", outlines)
        box = " ".join(f"{edge:g}" for edge in face.bbox)
        descriptor = document.put(
            # Symbolic (4): the codes are the file's own.
            f"<< /Type /FontDescriptor /FontName /{called} /Flags 4 /FontBBox [{box}] /Ascent {face.ascent:g}"
            f" /Descent {face.descent:g} /CapHeight {face.capHeight:g} /ItalicAngle {face.italicAngle:g}"
            f" /StemV {face.stemV:g} /MissingWidth {face.defaultWidth:g} /FontFile2 {file} 0 R >>"
        )
        words = document.stream("", makeToUnicodeCMap(called, held).encode("ascii"))
        widths = " ".join(f"{face.getCharWidth(code):g}" for code in held)
        return document.put(
            f"<< /Type /Font /Subtype /TrueType /BaseFont /{called} /FirstChar 0 /LastChar {len(held) - 1}"
            f" /Widths [{widths}] /ToUnicode {words} 0 R /FontDescriptor {descriptor} 0 R >>"
        )
