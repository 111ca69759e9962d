"""Pictures made anew: whatever is sent, what is kept was written here."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from app.domain.identity import LOGO_PIXELS, LOGO_SIDE, BadLogo, LogoTooLarge
from app.infrastructure.images import PillowImages
from tests.support.printers import picture

pytestmark = pytest.mark.fast
IMAGES = PillowImages()


def read(data: bytes) -> Image.Image:
    """Give a picture, its pixels read."""
    image = Image.open(BytesIO(data))
    image.load()
    return image


def chunk(name: bytes, data: bytes) -> bytes:
    """Give one chunk of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def claiming(width: int, height: int) -> bytes:
    """Give a few bytes of PNG that say they are a picture of that size."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK", "RGBA", "LA", "P", "1"])
def test_a_picture_of_any_colours_becomes_a_png(form: str, mode: str) -> None:
    """ERP-16."""
    try:
        sent = picture(form, mode=mode)
    except (OSError, KeyError):
        assert (form, mode) in {("PNG", "CMYK"), ("JPEG", "RGBA"), ("JPEG", "LA"), ("JPEG", "P")}, "one that exists"
        return
    made = read(IMAGES.logo(sent))
    assert (made.format, made.size) == ("PNG", (40, 20))
    assert made.mode == ("RGBA" if mode in {"RGBA", "LA"} else "RGB")


def test_what_is_clear_stays_clear() -> None:
    sent = BytesIO()
    Image.new("RGBA", (4, 4), (255, 0, 0, 0)).save(sent, "PNG")
    pixel = read(IMAGES.logo(sent.getvalue())).getpixel((0, 0))
    assert isinstance(pixel, tuple)
    assert pixel[3] == 0


def test_a_large_picture_is_made_smaller_in_its_proportions() -> None:
    """ERP-16: at most 1200 pixels a side."""
    assert read(IMAGES.logo(picture(size=(3000, 1000)))).size == (LOGO_SIDE, LOGO_SIDE // 3)
    assert read(IMAGES.logo(picture("JPEG", (1000, 4000)))).size == (LOGO_SIDE // 4, LOGO_SIDE)


def test_nothing_but_the_picture_is_kept() -> None:
    """ERP-16: comments, places where a photograph was taken and colour profiles are left behind."""
    notes = PngInfo()
    notes.add_text("Comment", "secret of the designer")
    exif = Image.Exif()
    exif[0x010F] = "secret camera"
    made = IMAGES.logo(picture(pnginfo=notes, exif=exif, icc_profile=b"secret profile"))
    assert b"secret" not in made
    assert not {"Comment", "exif", "icc_profile"} & read(made).info.keys()


def test_a_photograph_is_turned_as_its_camera_said() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # held upright
    assert read(IMAGES.logo(picture("JPEG", (40, 20), exif=exif))).size == (20, 40)


def test_the_same_picture_gives_the_same_bytes() -> None:
    assert IMAGES.logo(picture()) == IMAGES.logo(picture())


def test_a_bomb_is_refused_by_what_its_head_says() -> None:
    """ERP-16: no memory is taken for its pixels; a much larger one is refused by the library itself."""
    with pytest.raises(LogoTooLarge) as caught:
        IMAGES.logo(claiming(LOGO_PIXELS // 1000 + 1, 1000))
    assert caught.value.facts == {"pixels": LOGO_PIXELS + 1000, "most": LOGO_PIXELS}
    with pytest.raises((BadLogo, LogoTooLarge)):
        IMAGES.logo(claiming(60_000, 60_000))
    with pytest.raises((BadLogo, LogoTooLarge)):
        IMAGES.logo(claiming(2**31 - 1, 2**31 - 1))


def moving(form: str) -> bytes:
    """Give a picture that moves."""
    out = BytesIO()
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(out, form, save_all=True, append_images=frames[1:])
    return out.getvalue()


NO_LOGOS = {
    "nothing": b"",
    "a head": b"\x89PNG\r\n\x1a\n",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "pdf": b"%PDF-1.7",
    "broken gif": b"GIF89a" + bytes(100),
    "moving png": moving("PNG"),
    "moving gif": moving("GIF"),
    "bmp": picture("BMP"),
    "tiff": picture("TIFF"),
    "webp": picture("WEBP"),
    "half a png": picture(size=(300, 300))[:-60],
    "half a jpeg": picture("JPEG", (300, 300))[:200],
    "pixels missing": claiming(400, 400),
    "no width": claiming(0, 10),
}


@pytest.mark.parametrize("kind", NO_LOGOS)
def test_what_is_no_whole_still_png_or_jpeg_is_refused(kind: str) -> None:
    """ERP-16: animated pictures, drawings and broken files are told as one fault."""
    with pytest.raises(BadLogo):
        IMAGES.logo(NO_LOGOS[kind])


def test_a_picture_with_every_byte_of_its_head_broken_is_refused_or_made() -> None:
    """A decoder may stumble over anything; what comes out of it is our error or a picture."""
    for form in ("PNG", "JPEG"):
        whole = picture(form)
        for at in range(0, len(whole), 3):
            broken = whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]
            try:
                assert read(IMAGES.logo(broken)).format == "PNG"
            except (BadLogo, LogoTooLarge):
                continue
