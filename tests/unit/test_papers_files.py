"""Printed papers as files: embedded fonts, metadata, tags, logos, and the same bytes for the same paper."""

from __future__ import annotations

import hashlib
import io
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any, Final

import pytest
from pypdf import PdfReader

from app.domain.papers import Appearance, Mark, Paper
from app.infrastructure.papers.letters import Style, letters
from app.infrastructure.papers.logos import packed
from app.infrastructure.papers.looks import DEFAULT_ACCENT, INK, WHITE, contrast, look
from app.infrastructure.papers.printer import LOOK
from app.infrastructure.papers.subsets import Subset
from app.resources import resource
from house.base import ROOT
from tests.support.papers import DAY, LOCALES, abroad, drawn, invoice, logo, printed, printer, proposal, samples

pytestmark = pytest.mark.fast

LOOKS: Final = (2, "550da920d6ce619d")
"""The number of the look, and a digest of what is drawn on the samples. Raise LOOK when the digest changes."""


def reader(content: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(content))


def fonts(content: bytes) -> dict[str, Any]:
    """Give the descriptors of all fonts by name."""
    pages: list[Any] = list(reader(content).pages)
    every = [font for page in pages for font in page["/Resources"]["/Font"].values()]
    return {str(font["/BaseFont"]): font["/FontDescriptor"] for font in every}


def test_fonts_are_embedded_and_only_what_is_used_of_them() -> None:
    """ERP-16: a paper looks alike everywhere, and stays small."""
    found = fonts(printed(invoice()))
    assert {name.partition("+")[2] for name in found} == {"NotoSans-Regular", "NotoSans-Bold"}
    for name, descriptor in found.items():
        assert re.fullmatch("/[A-Z]{6}[+].+", name)
        assert 1_000 < len(descriptor["/FontFile2"].get_data()) < 60_000


def test_other_scripts_bring_their_fonts_only_where_they_are_written() -> None:
    """ERP-16: a fallback for Chinese, Japanese and Korean, whose fonts are large."""
    content = printed(abroad())
    names = {name.partition("+")[2] for name in fonts(content)}
    assert names == {"NotoSans-Regular", "NotoSans-Bold", "DroidSansFallback", "NanumSquareR"}
    assert len(content) < 150_000


def test_more_characters_than_a_set_holds_are_all_printed() -> None:
    """ERP-16: a font in PDF has 256 places; a paper in Chinese needs more of them."""
    signs = "".join(map(chr, range(0x4E00, 0x4E00 + 700)))
    paper = replace(invoice(1), opening=(), recipient=(signs[:40],), facts=(), closing=(), account=None)
    paper = replace(paper, tables=(replace(paper.tables[0], rows=[replace(paper.tables[0].rows[0], text=signs)]),))
    content = printed(paper)
    assert len([name for name in fonts(content) if "Droid" in name]) == 3
    said = "".join(page.extract_text() for page in reader(content).pages)
    assert set(signs) <= set(said)


def test_the_licences_of_the_fonts_lie_beside_them() -> None:
    """ERP-16: what is passed on is passed on with its licence."""
    folder = resource("templates") / "fonts"
    for font in folder.glob("*.ttf"):
        family = font.stem.partition("-")[0]
        assert "License" in (folder / f"{family}.LICENSE.txt").read_text("utf-8"), font.name
    assert sum(font.stat().st_size for font in folder.iterdir()) < 7_000_000


def test_what_a_file_says_of_itself() -> None:
    """ERP-16: title, author, language, and a viewer's window that shows the title."""
    file = reader(printed(replace(invoice(1, "de"), mark=Mark.DRAFT)))
    about = file.metadata
    assert about is not None
    assert about.title == "Rechnung FA2611-0042 (ENTWURF)"
    assert about.author == "Lumière & Söhne SARL"
    assert about.subject == "Rechnung"
    assert str(about.producer).startswith("Tramita ")
    assert str(about["/CreationDate"]) == "D:20261121000000Z"
    root: Any = file.trailer["/Root"]
    assert root["/Lang"] == "de"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert root["/MarkInfo"]["/Marked"]
    assert "/Outlines" not in root
    assert file.pdf_header == "%PDF-1.7"


@pytest.mark.parametrize("locale", LOCALES)
def test_both_places_where_a_file_says_what_it_is_agree(locale: str) -> None:
    """ERP-16: ISO 32000-1, 14.3: the Info dictionary, and XMP for programs that know nothing of PDF."""
    base = replace(invoice(1, locale), mark=Mark.DRAFT)
    paper = replace(base, issuer=replace(base.issuer, name='<R&D> "Söhne"]]>\n\U0001f600 中'))
    file = reader(printed(paper))
    about, told = file.metadata, file.xmp_metadata
    assert about is not None
    assert told is not None
    assert about.author == '<R&D> "Söhne"]]> \ufffd 中'
    assert told.dc_title == {"x-default": about.title}
    assert told.dc_creator == [about.author]
    assert told.dc_description == {"x-default": about.subject}
    assert told.pdf_producer == told.xmp_creator_tool == about.producer == about.creator
    assert told.dc_language == [locale]
    root: Any = file.trailer["/Root"]
    assert root["/Lang"] == locale
    midnight = datetime.combine(DAY, time(), UTC)
    assert about.creation_date == about.modification_date == midnight
    for one in (told.xmp_create_date, told.xmp_modify_date, told.xmp_metadata_date):
        assert one is not None
        assert one.replace(tzinfo=UTC) == midnight
    kept = root["/Metadata"]
    assert (kept["/Type"], kept["/Subtype"], "/Filter" in kept) == ("/Metadata", "/XML", False)


def kinds(tag: Any) -> Any:
    """Give a tag as its kind and those of its kids."""
    return tag["/S"], [kinds(kid.get_object()) for kid in tag["/K"] if "/S" in kid.get_object()]


def test_tags_say_what_is_a_title_a_table_and_a_picture() -> None:
    """ERP-16: who has the paper read out hears it in order, and tables as tables."""
    root: Any = reader(printed(proposal())).trailer["/Root"]
    _, parts = kinds(root["/StructTreeRoot"]["/K"].get_object())
    names = [kind for kind, _ in parts]
    assert names[:3] == ["/Sect", "/Sect", "/H1"]
    assert names.count("/Table") == 4
    table = next(kids for kind, kids in parts if kind == "/Table")
    assert table[0] == ("/TR", [("/TH", [])] * 8)
    assert ("/TR", [("/TD", [])] * 8) in table
    assert parts[0][1][0] == ("/Figure", [])


def test_every_piece_of_every_page_leads_to_its_tag_and_back() -> None:
    """ERP-16: the tree of tags is whole: ISO 32000-1, 14.7."""
    file = reader(printed(invoice(60)))
    root: Any = file.trailer["/Root"]
    rows = root["/StructTreeRoot"]["/ParentTree"]["/Nums"]
    parents = {int(rows[at]): rows[at + 1] for at in range(0, len(rows), 2)}
    assert len(parents) == len(file.pages) > 2
    pages: list[Any] = list(file.pages)
    for number, (page, content) in enumerate(zip(pages, drawn(printed(invoice(60))), strict=True)):
        assert page["/StructParents"] == number
        found = [int(one) for one in re.findall(rb"/MCID (\d+)>> BDC", content)]
        assert found == list(range(len(parents[number])))
        assert content.count(b"BDC") + content.count(b"BMC") == content.count(b"EMC")
        for piece, parent in enumerate(parents[number]):
            kids = [kid for kid in parent.get_object()["/K"] if "/MCID" in kid.get_object()]
            assert any(kid["/MCID"] == piece and kid["/Pg"] == page for kid in kids)


def test_the_same_paper_has_the_same_bytes() -> None:
    """ERP-16: what is kept by its digest is kept once."""
    for name, paper in samples().items():
        assert printed(paper) == printed(paper), name


def test_the_same_paper_has_the_same_bytes_in_another_process() -> None:
    """ERP-16: no order of a set, no date of today, no environment is in a file."""
    program = (
        "import hashlib\n"
        "from tests.support.papers import printed, samples\n"
        "print(hashlib.sha256(b''.join(map(printed, samples().values()))).hexdigest())"
    )
    found = set()
    for seed, epoch in (("1", ""), ("4711", "1700000000")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT), "SOURCE_DATE_EPOCH": epoch}
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
        )
        found.add(done.stdout.strip())
    assert found == {hashlib.sha256(b"".join(map(printed, samples().values()))).hexdigest()}


def test_papers_are_printed_side_by_side() -> None:
    """ERP-16: threads share fonts, and nothing that belongs to one paper."""
    papers = list(samples().values())
    alone = [printed(paper) for paper in papers]
    one = printer()
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda paper: one.print(paper, lambda: None), papers * 2)) == alone * 2


def test_whoever_changes_the_look_raises_its_number() -> None:
    """ERP-16: kept drafts are found by it. Look at the papers (tests/support/papers.py), then write the pair here."""
    digest = hashlib.sha256(
        b"".join(page for paper in samples().values() for page in drawn(printed(paper)))
    ).hexdigest()
    assert (LOOK, digest[:16]) == LOOKS


def test_the_version_names_the_look_the_words_and_the_libraries() -> None:
    version = printer().version
    assert re.fullmatch(rf"{LOOK} [0-9a-f]{{16}} babel \S+ pillow \S+ reportlab \S+ segno \S+", version)
    assert printer().version == version


def with_logo(content: bytes | None) -> Paper:
    base = invoice(1)
    return replace(base, appearance=replace(base.appearance, logo=content))


def test_a_logo_takes_the_place_of_the_name_and_keeps_its_shape() -> None:
    """ERP-16: identity and logo."""
    content = printed(with_logo(logo((900, 150))))
    page: Any = reader(content).pages[0]
    found = page["/Resources"]["/XObject"]["/Logo"]
    assert (found["/Width"], found["/Height"]) == (900, 150)
    assert found["/SMask"]["/Width"] == 900
    width, height = map(float, re.findall(r"q ([\d.]+) 0 0 ([\d.]+) ", drawn(content)[0].decode("latin-1"))[0])
    assert width / height == pytest.approx(6, rel=0.01)
    assert width <= 60 * 72 / 25.4 + 0.01


def test_a_logo_without_transparency_has_no_mask_and_a_large_one_is_made_smaller() -> None:
    plain = packed(PLAIN)
    assert plain is not None
    assert plain.opacity is None
    large = packed(logo((4000, 1000)))
    assert large is not None
    assert (large.width, large.height) == (1418, 355)


def _plain() -> bytes:
    from PIL import Image  # noqa: PLC0415 - as the printer does, only where it is needed

    file = io.BytesIO()
    Image.new("RGB", (20, 10), "#123456").save(file, "PNG")
    return file.getvalue()


PLAIN: Final = _plain()


@pytest.mark.parametrize(
    "content",
    [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", PLAIN[:40], PLAIN[:-20], PLAIN.replace(b"IDAT", b"IDXT"), b"<svg/>"],
)
def test_what_is_no_picture_is_no_logo(content: bytes) -> None:
    """ERP-16: a broken file costs the logo, not the paper."""
    assert "Lumière & Söhne SARL" in reader(printed(with_logo(content))).pages[0].extract_text()


def test_a_picture_of_more_pixels_than_are_taken_is_not_unpacked() -> None:
    """ERP-16: a few bytes can stand for gigabytes."""
    header = PLAIN[:16] + (60_000).to_bytes(4, "big") * 2 + PLAIN[24:]
    assert packed(header) is None


@pytest.mark.parametrize("accent", ["ffffff", "ffff00", "000000", "0b6e4f", "b8860b"])
def test_text_can_be_read_in_any_colour(accent: str) -> None:
    """ERP-16: appearance per company without code; contrast as WCAG 2.1 wants it."""
    found = look(accent)
    assert contrast(found.ink, WHITE) >= 4.5
    assert contrast(found.on_accent, found.accent) >= 4.5
    printed(replace(invoice(1), appearance=Appearance(accent=accent)))


@pytest.mark.parametrize("accent", ["", "red", "#1f3a5f", "12345", "1234567", "gggggg", "\u0660" * 6])
def test_what_is_no_colour_is_the_default_one(accent: str) -> None:
    assert look(accent).accent == DEFAULT_ACCENT


def test_letters_know_what_they_lack() -> None:
    """ERP-16: a character that no font has is seen to be missing; what has no shape is left out."""
    text = letters().text
    assert text("a\u0301\u00ad\u202e\u200bb\x00\x1b\ud800😀\u05d0") == "áb\ufffd\ufffd\ufffd"
    assert text("a\r\nb\u2028c\td\u2212e") == "a\nb\nc d\u2013e"
    assert text(None) == "None"
    assert text("中ж한") == "中ж한"


def test_lines_break_between_words_and_inside_only_where_no_line_holds_one() -> None:
    known, style = letters(), Style(10)
    text = known.text("one two  three\n\nfour")
    assert [line.text for line in known.wrapped(text, style, 45)] == ["one two ", "three", "", "four"]
    long = known.wrapped(known.text("x" * 500), style, 100)
    assert "".join(line.text for line in long) == "x" * 500
    assert all(line.width <= 100 for line in long)
    assert [line.text for line in known.wrapped(known.text("abc"), style, 0.5)] == ["a", "b", "c"]
    assert known.wrapped(known.text(""), style, 100) == []
    assert known.short(known.text("abc\ndef"), style, 30).text == "abc…"
    assert known.width(known.text("0"), style) == known.width(known.text("1"), style), "figures stand below figures"


def test_a_box_holds_what_fits_in_smaller_letters_and_then_an_ellipsis() -> None:
    known = letters()
    style, lines = known.fitted([known.text("a b c")], Style, (10, 8), (100, 13))
    assert (style.size, len(lines)) == (10, 1)
    style, lines = known.fitted([known.text(f"line {at}") for at in range(9)], Style, (10, 8), (100, 32))
    assert (style.size, [line.text for line in lines]) == (8, ["line 0", "line 1", "line 2…"])
    assert Style(1).colour == INK


@pytest.mark.parametrize("first", ["ab" * 200, "ab", "".join(map(chr, range(0x400, 0x4F0))), "abc" + "x" * 251])
def test_a_character_keeps_its_code_and_shares_it_with_none(first: str) -> None:
    """However long the texts before were: a font shows what it was asked to show."""
    subset = Subset(letters().fonts[0], "F")
    seen: dict[str, tuple[str, str]] = {}
    for text in (first, "bcd", "".join(map(chr, range(0x391, 0x450))), "dcba" * 80, first, "abé"):
        codes = [(name, code) for name, piece in subset.coded(text) for code in piece]
        assert len(codes) == len(text)
        for char, place in zip(text, codes, strict=True):
            assert seen.setdefault(char, place) == place, (char, text)
    assert len(set(seen.values())) == len(seen)
