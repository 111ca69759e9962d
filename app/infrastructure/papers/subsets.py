"""What a file holds of a font: the characters that are used, in sets of at most 250, each a font of its own to PDF."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Final

from reportlab.pdfbase.pdfdoc import PDFDictionary, PDFDocument, PDFStream, PDFTrueTypeFont, PDFZCompress
from reportlab.pdfbase.ttfonts import SUBSETN, makeToUnicodeCMap

from app.infrastructure.papers.letters import Font

_MEANING: Final = frozenset(b"\n\r()\\")
"""Bytes that mean something inside a string of PDF. None is given to a character, so nothing has to be escaped."""
_CODES: Final = tuple(code for code in range(1, 256) if code not in _MEANING)


class _Codes(dict[int, str]):
    """The codes of the first set, for ``str.translate``: what is met for the first time gets the next one."""

    def __init__(self, add: Callable[[str], tuple[int, str]]) -> None:
        super().__init__()
        self._add = add

    def __missing__(self, code: int) -> str:
        found = self[code] = self._add(chr(code))[1]
        return found


class Subset:
    """The characters that one file uses of one font; each gets the next code, so equal files have equal codes."""

    def __init__(self, font: Font, prefix: str) -> None:
        self._font = font
        self._prefix = prefix
        self._codes: dict[str, tuple[int, str]] = {}
        self._first = _Codes(self._add)

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
            place = self._codes.get(char) or self._add(char)
            if place[0] != last:
                if codes:
                    pieces.append((f"{self._prefix}{last}", "".join(codes)))
                    codes = []
                last = place[0]
            codes.append(place[1])
        pieces.append((f"{self._prefix}{last}", "".join(codes)))
        return pieces

    def _add(self, char: str) -> tuple[int, str]:
        number, at = divmod(len(self._codes), len(_CODES))
        place = self._codes[char] = (number, chr(_CODES[at]))
        return place

    def embed(self, document: PDFDocument, lock: Lock) -> None:
        """Write the fonts into the document; ``lock`` keeps others from the file of outlines meanwhile."""
        for number, name in enumerate(self.names):
            held = [0] * 256
            for char, (found, code) in self._codes.items():
                if found == number:
                    held[ord(code)] = ord(char)
            while not held[-1]:
                held.pop()
            self._write(document, name, number, held, lock)

    def _write(self, document: PDFDocument, name: str, number: int, held: list[int], lock: Lock) -> None:
        face = self._font.face
        called = (SUBSETN(number) + b"+" + face.name).decode("ascii")
        font = PDFTrueTypeFont()
        font.Name = name
        font.BaseFont = called
        font.FirstChar = 0
        font.LastChar = len(held) - 1
        font.Widths = f"[{' '.join(f'{face.getCharWidth(code):g}' for code in held)}]"
        words = PDFStream(content=makeToUnicodeCMap(called, held), filters=[PDFZCompress])
        font.ToUnicode = document.Reference(words, f"words:{name}")
        with lock:
            outlines = face.makeSubset(held)
        stream = PDFStream(PDFDictionary({"Length1": len(outlines)}), outlines, [PDFZCompress])
        font.FontDescriptor = document.Reference(
            PDFDictionary(
                {
                    "Type": "/FontDescriptor",
                    "FontName": f"/{called}",
                    "Flags": 4,  # symbolic: the codes are the file's own
                    "FontBBox": f"[{' '.join(f'{edge:g}' for edge in face.bbox)}]",
                    "Ascent": face.ascent,
                    "Descent": face.descent,
                    "CapHeight": face.capHeight,
                    "ItalicAngle": face.italicAngle,
                    "StemV": face.stemV,
                    "MissingWidth": face.defaultWidth,
                    "FontFile2": document.Reference(stream, f"outlines:{name}"),
                }
            ),
            f"descriptor:{name}",
        )
        document.idToObject["BasicFonts"].dict[name] = font
