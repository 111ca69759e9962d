"""PDF files: pages with text, lines and pictures on them, and the tree of tags that says what is what."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from datetime import date
from typing import Final

from reportlab.pdfbase.pdfdoc import (
    PDFDictionary,
    PDFDocument,
    PDFObject,
    PDFObjectReference,
    PDFPage,
    PDFResourceDictionary,
    PDFStream,
    PDFString,
)

from app.infrastructure.papers.letters import Letters, Line, Style
from app.infrastructure.papers.subsets import Subset

VERSION: Final = (1, 7)
_THIN: Final = 0.1
"""How much of itself a mark across a page covers what is below it with."""


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


class Raw(PDFObject):  # type: ignore[misc]
    """An object of a file that is written as it stands."""

    __RefOnly__ = 1

    def __init__(self, content: bytes = b"") -> None:
        self.content = content

    def format(self, _document: PDFDocument) -> bytes:
        """Give what is written."""
        return self.content


class TaggedPage(PDFPage):  # type: ignore[misc]
    """A page that has a number in the tree of tags."""

    __NoDefault__ = (*PDFPage.__NoDefault__, "StructParents", "Tabs")


class Page:
    """A page that is being drawn. Places are in points from the left and from the top."""

    def __init__(self, file: File, number: int) -> None:
        self.number = number
        self.pieces: list[Tag] = []
        self.pictures: dict[str, PDFObjectReference] = {}
        self.marked = False
        self.code: list[str] = []
        self._file = file
        self._height = file.size[1]
        self._colour = ""

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

    def boxes(self, places: Sequence[tuple[float, float, float, float]], colour: str) -> None:
        """Fill many rectangles (left, top, width, height) as one shape, so that no seams show between them."""
        self._fill(colour)
        self.code += [
            f"{left:.3f} {self._height - top - height:.3f} {width:.3f} {height:.3f} re"
            for left, top, width, height in places
        ]
        self.code.append("f")

    def text(self, lines: Sequence[Line], place: tuple[float, float], style: Style, right: float | None = None) -> None:
        """Write lines below each other, the first on a base line at ``place``; ending at ``right`` if that is given."""
        self._fill(style.colour)
        left, base = place
        code = ["BT"]
        for number, line in enumerate(lines):
            at = left if right is None else right - line.width
            code.append(f"1 0 0 1 {at:.2f} {self._height - base - number * style.leading:.2f} Tm")
            code += self._file.shown(line, style)
        code.append("ET")
        self.code.append(" ".join(code))

    def across(self, line: Line, style: Style, place: tuple[float, float], turn: tuple[float, float]) -> None:
        """Write one line, so thin that all below can be read, that climbs as ``turn`` (cosine, sine) says."""
        self._fill(style.colour)
        self.marked = True
        cosine, sine = turn
        matrix = f"{cosine:.4f} {sine:.4f} {-sine:.4f} {cosine:.4f} {place[0]:.2f} {self._height - place[1]:.2f} Tm"
        self.code.append(" ".join(["q /Thin gs BT", matrix, *self._file.shown(line, style), "ET Q"]))

    def picture(self, name: str, place: tuple[float, float], size: tuple[float, float]) -> None:
        """Show a picture of the file in a rectangle whose upper left corner is ``place``."""
        self.pictures[name] = PDFObjectReference(name)
        left, top = place
        width, height = size
        code = f"q {width:.2f} 0 0 {height:.2f} {left:.2f} {self._height - top - height:.2f} cm /{name} Do Q"
        self.code.append(code)


class File:
    """A PDF file in memory; the same bytes for the same pages."""

    def __init__(self, letters: Letters, size: tuple[float, float], language: str) -> None:
        self.size = size
        self.root = Tag("Document")
        self._letters = letters
        self._subsets = [Subset(font, f"F{'RBCK'[number]}") for number, font in enumerate(letters.fonts)]
        self._document = PDFDocument(compression=1, invariant=1, pdfVersion=VERSION, lang=language)
        self._digest = hashlib.sha256()
        self._pieces: list[list[Tag]] = []

    def shown(self, line: Line, style: Style) -> list[str]:
        """Give the operators that show a line where the text now stands."""
        code = []
        for font, text in self._letters.runs(line.text, bold=style.bold):
            for name, codes in self._subsets[font].coded(text):
                code.append(f"/{name} {style.size:g} Tf ({codes}) Tj")
        return code

    def page(self) -> Page:
        """Begin a page."""
        return Page(self, len(self._pieces))

    def add(self, page: Page) -> None:
        """Take a page that is done; its drawing is not kept but packed."""
        packed = zlib.compress("\n".join(page.code).encode("latin-1"))
        self._digest.update(packed)
        held = TaggedPage()
        held.pagewidth, held.pageheight = self.size
        held.Contents = PDFStream(PDFDictionary({"Filter": "/FlateDecode"}), packed)
        held.Resources = resources = PDFResourceDictionary()
        resources.basicFonts()
        resources.allProcs()
        resources.XObject = PDFDictionary(page.pictures)
        resources.ExtGState = PDFDictionary({"Thin": PDFDictionary({"ca": _THIN})} if page.marked else {})
        held.StructParents = page.number
        held.Tabs = "/S"  # from field to field in the order of the tags
        self._document.addPage(held)
        self._pieces.append(page.pieces)

    def keep(self, name: str, picture: PDFStream) -> PDFObjectReference:
        """Take a picture, to be shown by its name."""
        self._digest.update(picture.content)
        reference: PDFObjectReference = self._document.Reference(picture, name)
        return reference

    def finish(self, *, title: str, author: str, subject: str, producer: str, on: date) -> bytes:
        """Give the file. It says it was made at the beginning of the day ``on``."""
        document = self._document
        for subset in self._subsets:
            subset.embed(document, self._letters.lock)
        info = document.info
        info.title, info.author, info.subject = title, author, subject
        info.producer = info.creator = producer
        info._dateFormatter = lambda *_: f"D:{on:%Y%m%d}000000Z"  # noqa: SLF001 - by its setter's only name
        catalog = document.Catalog
        catalog.MarkInfo = PDFDictionary({"Marked": "true"})
        catalog.ViewerPreferences = PDFDictionary({"DisplayDocTitle": "true"})
        catalog.StructTreeRoot = self._tree()
        for part in (title, author, subject, producer, f"{on}"):
            self._digest.update(part.encode("utf-8", "replace"))
        mark = self._digest.hexdigest()[:32].encode("ascii")
        document._ID = b"[<" + mark + b"> <" + mark + b">]"  # noqa: SLF001 - else made of the environment's date
        content: bytes = document.GetPDFData(None)
        return content

    def _number(self, name: str) -> int:
        number: int = self._document.idToObjectNumberAndVersion[name][0]
        return number

    def _tree(self) -> PDFObjectReference:
        """Write the tags, parents before children, and the table that leads from pieces of pages back to them."""
        document = self._document
        tree = Raw()
        reference: PDFObjectReference = document.Reference(tree, "tags")
        places: dict[Tag, tuple[int, Raw]] = {}
        waiting = [self.root]
        while waiting:
            tag = waiting.pop()
            raw, name = Raw(), f"tag{len(places)}"
            document.Reference(raw, name)
            places[tag] = (self._number(name), raw)
            waiting += [kid for kid in reversed(tag.kids) if isinstance(kid, Tag)]
        pages = [self._number(f"Page{number + 1}") for number in range(len(self._pieces))]
        above = self._number("tags")
        for tag, (_, raw) in places.items():
            raw.content = self._written(tag, places[tag.parent][0] if tag.parent else above, places, pages)
        rows = " ".join(
            f"{number} [{' '.join(f'{places[tag][0]} 0 R' for tag in pieces)}]"
            for number, pieces in enumerate(self._pieces)
        )
        tree.content = (
            f"<< /Type /StructTreeRoot /K {places[self.root][0]} 0 R /ParentTree << /Nums [{rows}] >>"
            f" /ParentTreeNextKey {len(pages)} >>"
        ).encode("ascii")
        return reference

    def _written(self, tag: Tag, parent: int, places: dict[Tag, tuple[int, Raw]], pages: list[int]) -> bytes:
        kids = " ".join(
            f"{places[kid][0]} 0 R"
            if isinstance(kid, Tag)
            else f"<< /Type /MCR /Pg {pages[kid[0]]} 0 R /MCID {kid[1]} >>"
            for kid in tag.kids
        )
        more = b" /A << /O /Table /Scope /Column >>" if tag.kind == "TH" else b""
        if tag.alternative:
            more += b" /Alt " + PDFString(tag.alternative).format(self._document)
        return f"<< /Type /StructElem /S /{tag.kind} /P {parent} 0 R /K [{kids}]".encode("ascii") + more + b" >>"


def rgb(colour: str) -> str:
    """Give a colour of six hex digits as the shares that PDF wants."""
    return " ".join(f"{int(colour[at : at + 2], 16) / 255:.3f}" for at in (0, 2, 4))
