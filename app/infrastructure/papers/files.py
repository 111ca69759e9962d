"""PDF files: what pages, fonts, tags and metadata are written into; the same bytes for the same paper."""

from __future__ import annotations

import hashlib
import zlib
from datetime import date
from typing import Final
from xml.sax.saxutils import escape

from reportlab.pdfbase.pdfdoc import (
    PDFDictionary,
    PDFObjectReference,
    PDFPage,
    PDFResourceDictionary,
    PDFStream,
    PDFString,
)

from app.infrastructure.papers.documents import Document
from app.infrastructure.papers.letters import Letters, Line, Style
from app.infrastructure.papers.pages import Page, Tag
from app.infrastructure.papers.subsets import Subset

_THIN: Final = 0.1
"""How much of itself a mark across a page covers what is below it with."""
_XMP: Final = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:pdf="http://ns.adobe.com/pdf/1.3/">
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{subject}</rdf:li></rdf:Alt></dc:description>
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
<xmp:CreatorTool>{producer}</xmp:CreatorTool>
<xmp:CreateDate>{day}T00:00:00Z</xmp:CreateDate>
<xmp:ModifyDate>{day}T00:00:00Z</xmp:ModifyDate>
<xmp:MetadataDate>{day}T00:00:00Z</xmp:MetadataDate>
<pdf:Producer>{producer}</pdf:Producer>
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""
"""Metadata as ISO 16684-1 wants them. All of it is what the Info dictionary says (ISO 32000-1, 14.3)."""


class TaggedPage(PDFPage):  # type: ignore[misc]
    """A page that has a number in the tree of tags."""

    __NoDefault__ = (*PDFPage.__NoDefault__, "StructParents", "Tabs")


class File:
    """A PDF file in memory."""

    def __init__(self, letters: Letters, size: tuple[float, float], language: str) -> None:
        self.size = size
        self.root = Tag("Document")
        self._letters = letters
        self._subsets = [Subset(font, f"F{'RBCK'[number]}") for number, font in enumerate(letters.fonts)]
        self._language = language
        self._document = Document(language)
        self._digest = hashlib.sha256()
        self._pieces: list[list[Tag]] = []

    def _coded(self, line: Line, style: Style) -> list[tuple[str, str]]:
        """Give a line in pieces of one font each, as pages want them."""
        runs = self._letters.runs(line.text, bold=style.bold)
        return [piece for font, text in runs for piece in self._subsets[font].coded(text)]

    def page(self) -> Page:
        """Begin a page."""
        return Page(self._coded, self.size[1], len(self._pieces))

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
        resources.XObject = PDFDictionary({name: PDFObjectReference(name) for name in sorted(page.pictures)})
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
        """Give the file. It says, in both places where files do, that it was made as the day ``on`` began."""
        document = self._document
        for subset in self._subsets:
            for name, number in subset.embed(document, self._letters.lock).items():
                document.idToObject["BasicFonts"].dict[name] = b"%d 0 R" % number
        told = {"title": title, "author": author, "subject": subject, "producer": producer}
        day = PDFString(f"D:{on:%Y%m%d}000000Z")
        info = {name.capitalize(): PDFString(value) for name, value in told.items()}
        catalog = document.Catalog
        catalog.MarkInfo = PDFDictionary({"Marked": "true"})
        catalog.ViewerPreferences = PDFDictionary({"DisplayDocTitle": "true"})
        catalog.StructTreeRoot = b"%d 0 R" % self._tree()
        catalog.Metadata = b"%d 0 R" % self._metadata({**told, "language": self._language, "day": on.isoformat()})
        for part in (*told.values(), f"{on}"):
            self._digest.update(part.encode("utf-8"))
        mark = self._digest.hexdigest()[:32].encode("ascii")
        return document.written(
            PDFDictionary({**info, "Creator": info["Producer"], "CreationDate": day, "ModDate": day}), mark
        )

    def _metadata(self, told: dict[str, str]) -> int:
        """Write the metadata, not packed: they are for programs that know nothing of PDF. Give the number of them."""
        content = _XMP.format_map({name: escape(value) for name, value in told.items()}).encode()
        return self._document.stream("/Type /Metadata /Subtype /XML", content, packed=False)

    def _tree(self) -> int:
        """Write the tags, and the table that leads from pieces of pages back to them. Give the number of the root."""
        document = self._document
        above = document.take()
        places: dict[Tag, int] = {}
        waiting = [self.root]
        while waiting:  # parents before children
            tag = waiting.pop()
            places[tag] = document.take()
            waiting += [kid for kid in reversed(tag.kids) if isinstance(kid, Tag)]
        pages = [document.number(f"Page{number + 1}") for number in range(len(self._pieces))]
        for tag, number in places.items():
            document.give(number, self._written(tag, places[tag.parent] if tag.parent else above, places, pages))
        rows = " ".join(
            f"{number} [{' '.join([f'{places[tag]} 0 R' for tag in pieces])}]"
            for number, pieces in enumerate(self._pieces)
        )
        root = (
            f"<< /Type /StructTreeRoot /K {places[self.root]} 0 R /ParentTree << /Nums [{rows}] >>"
            f" /ParentTreeNextKey {len(pages)} >>"
        )
        document.give(above, root.encode("ascii"))
        return above

    def _written(self, tag: Tag, parent: int, places: dict[Tag, int], pages: list[int]) -> bytes:
        kids = [
            f"{places[kid]} 0 R" if isinstance(kid, Tag) else f"<< /Type /MCR /Pg {pages[kid[0]]} 0 R /MCID {kid[1]} >>"
            for kid in tag.kids
        ]
        more = b" /A << /O /Table /Scope /Column >>" if tag.kind == "TH" else b""
        if tag.alternative:
            more += b" /Alt " + PDFString(tag.alternative).format(self._document)
        return (
            f"<< /Type /StructElem /S /{tag.kind} /P {parent} 0 R /K [{' '.join(kids)}]".encode("ascii") + more + b" >>"
        )
