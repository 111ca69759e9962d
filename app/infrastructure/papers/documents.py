"""What is inside a PDF file, and how it is written: reportlab's objects, and those that are bytes from the start."""

from __future__ import annotations

import zlib
from typing import Final

from reportlab.pdfbase import pdfdoc
from reportlab.pdfbase.pdfdoc import PDFDictionary, PDFDocument

VERSION: Final = (1, 7)
_LEVEL: Final = 4
"""How hard outlines are packed: 6 takes twice the time for one per cent less."""
_HEADER: Final = b"%%PDF-%d.%d\n%%\xe2\xe3\xcf\xd3\n" % VERSION  # four bytes above 127: the file is not text


class Document(PDFDocument):  # type: ignore[misc]
    """reportlab's document, with objects that are bytes already: most of a tagged file's are tags."""

    def __init__(self, language: str) -> None:
        super().__init__(compression=1, invariant=1, pdfVersion=VERSION, lang=language)
        self.Catalog.Outlines = None
        self._given: dict[int, bytes] = {}

    def take(self) -> int:
        """Give the number of an object whose bytes are given later."""
        self.objectcounter += 1
        number: int = self.objectcounter
        return number

    def give(self, number: int, content: bytes) -> None:
        """Take the bytes of the object that got ``number``."""
        self._given[number] = content

    def put(self, content: str) -> int:
        """Take an object written in ASCII. Give its number."""
        number = self.take()
        self.give(number, content.encode("ascii"))
        return number

    def stream(self, told: str, content: bytes, *, packed: bool = True) -> int:
        """Take bytes as an object, ``packed`` or as they are, with what is ``told`` of them. Give its number."""
        number = self.take()
        data = zlib.compress(content, _LEVEL) if packed else content
        head = f"<< {told} {'/Filter /FlateDecode ' if packed else ''}/Length {len(data)} >>\nstream\n"
        self.give(number, head.encode("ascii") + data + b"\nendstream")
        return number

    def number(self, name: str) -> int:
        """Give the number of an object that reportlab knows by ``name``."""
        number: int = self.idToObjectNumberAndVersion[name][0]
        return number

    def written(self, info: PDFDictionary, mark: bytes) -> bytes:
        """Give the file; ``mark`` tells it from all others (ISO 32000-1, 14.4)."""
        references = [pdfdoc.format(self.Reference(one), self) for one in (self.Catalog, info)]
        parts, places, at, number = [_HEADER], [], len(_HEADER), 0
        while number < self.objectcounter:  # it grows: what is written may refer to what has no number yet
            number += 1
            content = self._given.get(number)
            if content is None:
                content = pdfdoc.format(self.idToObject[self.numberToId[number]], self, toplevel=1)
            part = b"%d 0 obj\n%b\nendobj\n" % (number, content)
            places.append(at)
            at += len(part)
            parts.append(part)
        parts.append(b"xref\n0 %d\n0000000000 65535 f \n" % (number + 1))
        parts += [b"%010d 00000 n \n" % place for place in places]
        last = b"trailer\n<< /Size %d /Root %b /Info %b /ID [<%b> <%b>] >>\nstartxref\n%d\n%%%%EOF\n"
        parts.append(last % (number + 1, *references, mark, mark, at))
        return b"".join(parts)
