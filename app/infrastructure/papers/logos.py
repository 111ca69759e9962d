"""Logos as PDF keeps pictures: packed once for a company, not for each of its papers."""

from __future__ import annotations

import io
import warnings
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from PIL import Image
from reportlab.pdfbase.pdfdoc import PDFDictionary, PDFStream

from app.infrastructure.papers.files import File
from app.infrastructure.papers.pages import Page, Tag

NAME: Final = "Logo"
_MOST_PIXELS: Final = 40_000_000
_KEPT: Final = 16
"""How many companies' logos stay packed."""
_LARGEST: Final = (1_418, 520)  # 60 x 22 mm with 600 dots to the inch; more is not seen


@dataclass(frozen=True, slots=True)
class Packed:
    """A picture of 24-bit pixels, deflated, and how opaque each of them is, if not all are."""

    width: int
    height: int
    pixels: bytes
    opacity: bytes | None


@lru_cache(maxsize=_KEPT)
def packed(content: bytes) -> Packed | None:
    """Give the picture of a PNG file; None for what is none, or is too large to be one that was taken."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content), formats=["PNG"])
            if image.width * image.height > _MOST_PIXELS:
                return None
            found = image.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None  # Pillow's ways of saying that it cannot read a file
    found.thumbnail(_LARGEST, Image.Resampling.LANCZOS)
    opacity = found.getchannel("A")
    return Packed(
        found.width,
        found.height,
        zlib.compress(found.convert("RGB").tobytes(), 9),
        None if opacity.getextrema() == (255, 255) else zlib.compress(opacity.tobytes(), 9),
    )


@dataclass(frozen=True, slots=True)
class Logo:
    """A logo in a file; ``size`` is what it takes of a page, in points."""

    size: tuple[float, float]
    tag: Tag

    def fit(self, box: tuple[float, float]) -> Logo:
        """Give it as large as fits a box."""
        width, height = self.size
        share = min(box[0] / width, box[1] / height)
        return Logo((width * share, height * share), self.tag)

    def draw(self, page: Page, left: float, top: float) -> None:
        """Draw it with its upper left corner there."""
        page.open(self.tag)
        page.picture(NAME, (left, top), self.size)
        page.close()


def logo_in(file: File, content: bytes | None, tag: Tag, name: str) -> Logo | None:
    """Put a logo into a file, if it is one; ``name`` is read out in its stead, inside ``tag``."""
    found = packed(content) if content else None
    if found is None:
        return None
    settings = {
        "Type": "/XObject",
        "Subtype": "/Image",
        "Width": found.width,
        "Height": found.height,
        "BitsPerComponent": 8,
        "Filter": "/FlateDecode",
    }
    whole = PDFDictionary({**settings, "ColorSpace": "/DeviceRGB"})
    if found.opacity is not None:
        mask = PDFStream(PDFDictionary({**settings, "ColorSpace": "/DeviceGray"}), found.opacity)
        whole["SMask"] = file.keep(f"{NAME}Mask", mask)
    file.keep(NAME, PDFStream(whole, found.pixels))
    return Logo((found.width, found.height), tag.under("Figure", name))
