"""Pictures made anew by Pillow: what is kept was written here, whatever was sent (ERP-16)."""

from __future__ import annotations

from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Final

from app.domain.identity import LOGO_PIXELS, LOGO_SIDE, BadLogo, LogoTooLarge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.Image import Image

FORMS: Final = ("PNG", "JPEG")
_CLEAR: Final = frozenset({"LA", "PA", "RGBA"})


class PillowImages:
    """Makes logos of pictures. Pillow is loaded with the first one."""

    def logo(self, data: bytes) -> bytes:
        """Give a PNG or JPEG file as a PNG of at most 1200 pixels a side, without anything but the picture.

        Its size is read from its head, before memory is taken for its pixels. Raises BadLogo, LogoTooLarge.
        """
        with _opened(data) as image:
            width, height = image.size
            if width * height > LOGO_PIXELS:
                raise LogoTooLarge(at=("file",), pixels=width * height, most=LOGO_PIXELS)
            if getattr(image, "n_frames", 1) > 1:
                raise BadLogo(at=("file",))
            return _written(_upright(image))


@contextmanager
def _opened(data: bytes) -> Iterator[Image]:
    """Open a picture, and tell whatever its decoder stumbles over as one fault. Raises BadLogo."""
    from PIL import Image  # noqa: PLC0415 - takes longer to load than most requests to answer

    try:
        with Image.open(BytesIO(data), formats=FORMS) as image:
            yield image
    # A decoder raises what it likes on a broken file: SyntaxError for a bad chunk of a PNG among others. One that is
    # far beyond our own limit is refused as a bomb on opening.
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadLogo(at=("file",)) from error


def _upright(image: Image) -> Image:
    """Give the pixels as they are to be seen: turned as a camera said, in plain colours, no larger than a logo."""
    from PIL import ImageOps  # noqa: PLC0415 - as above

    image.draft("RGB", (2 * LOGO_SIDE, 2 * LOGO_SIDE))  # a large JPEG is decoded at a fraction of its size
    turned = ImageOps.exif_transpose(image)
    clear = turned.mode in _CLEAR or "transparency" in turned.info
    plain = turned.convert("RGBA" if clear else "RGB")
    plain.thumbnail((LOGO_SIDE, LOGO_SIDE))
    return plain


def _written(image: Image) -> bytes:
    """Write the pixels and nothing else: texts, places and colour profiles of the picture sent are left behind."""
    from PIL import Image as Images  # noqa: PLC0415 - as above

    bare = Images.new(image.mode, image.size)
    bare.paste(image)
    out = BytesIO()
    bare.save(out, "PNG", optimize=True)
    return out.getvalue()
