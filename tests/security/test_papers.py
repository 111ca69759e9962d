"""Hostile texts in every field of a paper: they are printed, and that is all they do."""

from __future__ import annotations

import dataclasses
import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from enum import Enum
from typing import Any, Final

import pypdfium2
import pytest
from pypdf import PdfReader

from app.domain.papers import Format, Mark, Paper, Window
from app.infrastructure.papers.letterhead import LEFT, RIGHT, SIZES, WINDOWS
from tests.support.papers import inventory, invoice, nothing, printed, printer, proposal, statement, words_of

HOSTILE: Final[Mapping[str, str]] = {
    "markup": '<img src="/etc/passwd"/><img src="http://127.0.0.1:1/x"/><a href="file:///etc/passwd">x</a>',
    "broken markup": "<b><i></b>&lt;&nope;&#0;<para><font name='/etc/passwd' size=1e9>",
    "other markup": '<link href="javascript:1">]]></para><seq id="x"/><onDraw name="x"/><evalString>1/0</evalString>',
    "operators": ") Tj ET Q Q endstream endobj 1 0 obj << /S /JavaScript >> (\\\\) \\n(",
    "templates": "{0} {x.__class__} {{7*7}} ${7*7} %s %(x)s {currency:number} {rate:percent}",
    "controls": "a\x00b\x07c\x1b[31md\x7fe\x9f\ufeff\ufffe\uffff",
    "directions": "\u202e0001\u202c \u2066x\u2069 \u200f\u061c\u200bpay \u202d9\u202c",
    "surrogates": "\ud800 \udfff \udc00\ud800 x",
    "other way round": "שלום עולם مرحبا بالعالم",
    "pictures": "😀👩‍👩‍👧‍👦🇫🇷 ❤️ \U0010ffff\U000e0041",
    "accents upon accents": "e" + "\u0301\u0323\u0338" * 300,
    "one word": "W" * 600,
    "one word of signs": "龍" * 250,
    "many lines": "line\n" * 60,
    "blanks": " \u00a0\u2003\t\n\r\v\f\u2028\u2029" * 20,
    "name": "Société " + "anonyme " * 36,
    "path": "../../../../etc/passwd\x00.png",
    "nothing": "",
    "key": "papers.titles.invoice",
    "figures": "999,999,999,999,999.99" * 5,
}


def poisoned(value: Any, text: str) -> Any:
    """Give a value with every text in it, however deep, replaced; enumerations, dates and numbers are what they are."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return text
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = (field.name for field in dataclasses.fields(value) if field.init)
        return dataclasses.replace(value, **{name: poisoned(getattr(value, name), text) for name in fields})
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return tuple(poisoned(one, text) for one in value)
    return value


def places(value: Any) -> Iterator[tuple[str | int, ...]]:
    """Give the way to every text in a value: names of fields and indexes."""
    if isinstance(value, str) and not isinstance(value, Enum):
        yield ()
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            if field.init:
                yield from ((field.name, *rest) for rest in places(getattr(value, field.name)))
    elif isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        for at, one in enumerate(value):
            yield from ((at, *rest) for rest in places(one))


def planted(value: Any, way: tuple[str | int, ...], text: str) -> Any:
    """Give a value with the text at the end of ``way`` replaced."""
    if not way:
        return text
    step, *rest = way
    if isinstance(step, str):
        return dataclasses.replace(value, **{step: planted(getattr(value, step), tuple(rest), text)})
    return tuple(planted(one, tuple(rest), text) if at == step else one for at, one in enumerate(value))


def papers() -> list[Paper]:
    """Give papers that between them fill every field."""
    return [replace(invoice(2), mark=Mark.DRAFT), proposal(), statement(), inventory(count=2)]


_PARTS: Final = {
    "/Type",
    "/Pages",
    "/PageMode",
    "/Lang",
    "/MarkInfo",
    "/Metadata",
    "/StructTreeRoot",
    "/ViewerPreferences",
}
"""What a file consists of: nothing that is done when it is opened, nothing that is attached."""

_WATCHED: list[list[str]] = []
_TOUCHES: Final = ("open", "socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.listdir", "tempfile.mkstemp")


def _watch(event: str, given: tuple[Any, ...]) -> None:
    if _WATCHED and event in _TOUCHES:
        _WATCHED[-1].append(f"{event} {given[:1]}")


sys.addaudithook(_watch)


@contextmanager
def nothing_touched() -> Iterator[None]:
    """Fail if a file is opened, a program started or a connection made meanwhile, by whatever code."""
    seen: list[str] = []
    _WATCHED.append(seen)
    try:
        yield
    finally:
        _WATCHED.pop()
    assert not seen


def outside(content: bytes, box: tuple[float, float, float, float]) -> list[str]:
    """Give the characters that stand outside a box (left, bottom, right, top) on any page."""
    left, bottom, right, top = box
    found = []
    document = pypdfium2.PdfDocument(content)
    try:
        for page in document:
            text = page.get_textpage()
            said = text.get_text_range()
            for at in range(min(text.count_chars(), 6_000)):
                one = text.get_charbox(at)
                if one[0] < left or one[1] < bottom or one[2] > right or one[3] > top:
                    found.append(f"{said[at : at + 1]!r} {one}")
            text.close()
    finally:
        document.close()
    return found


@pytest.mark.fast
@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_hostile_text_in_every_field_at_once_is_printed_and_does_nothing(name: str) -> None:
    """ERP-16, CT-01: no file is read, nothing is connected to, nothing crashes, and nothing leaves the page."""
    text = HOSTILE[name]
    one = printer()
    one.print(poisoned(invoice(1), "漢한"), nothing)  # fonts are read with the first paper that needs them
    for paper in papers():
        hostile = poisoned(paper, text)
        with nothing_touched():
            content = one.print(hostile, nothing)
        assert words_of(content)
        width, height = SIZES[paper.appearance.format]
        # A glyph may stand out of its own width by a little: 2 points.
        assert not outside(content, (LEFT - 2, 0, width - RIGHT + 2, height))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("markup", marks=pytest.mark.fast),
        pytest.param("operators", marks=pytest.mark.full),
        pytest.param("surrogates", marks=pytest.mark.full),
    ],
)
def test_a_hostile_text_in_any_one_field_is_printed_and_does_nothing(name: str) -> None:
    """ERP-16: field by field, so that none hides behind another."""
    paper = replace(invoice(1), mark=Mark.DRAFT)
    ways = list(places(paper))
    assert len(ways) > 60
    for way in ways:
        content = printed(planted(paper, way, HOSTILE[name]))
        file = PdfReader(io.BytesIO(content), strict=True)
        root: Any = file.trailer["/Root"]
        assert set(root) <= _PARTS, way
        assert b"<!" not in root["/Metadata"].get_data(), "neither a declaration nor an entity"
        assert all("/Annots" not in page and "/AA" not in page for page in file.pages), way


@pytest.mark.fast
def test_a_word_of_ten_thousand_letters_is_broken_and_printed_whole() -> None:
    """ERP-16: it stays in its column, over as many pages as it takes."""
    base = invoice(1)
    row = replace(base.tables[0].rows[0], cells=("Ж" * 10_000, *base.tables[0].rows[0].cells[1:]), text="ж" * 10_000)
    paper = replace(base, tables=(replace(base.tables[0], rows=(row,)),))
    content = printed(paper)
    said = "".join(words_of(content))
    assert (said.count("Ж"), said.count("ж")) == (10_000, 10_000)
    width, height = SIZES[Format.A4]
    assert not outside(content, (LEFT, 0, width - RIGHT, height))


@pytest.mark.fast
@pytest.mark.parametrize("window", Window)
@pytest.mark.parametrize("lines", [("A",), ("A name",) * 4, ("A name " * 8,) * 5, ("W" * 300,) * 9, ("line\n" * 50,)])
def test_the_address_stays_in_the_window(window: Window, lines: tuple[str, ...]) -> None:
    """ERP-16: DIN 5008 form B and NF Z 11-001; what shows is the address, whole or cut with an ellipsis."""
    base = invoice(1)
    paper = replace(base, recipient=lines, country="", facts=(), appearance=replace(base.appearance, window=window))
    zone = WINDOWS[window]
    _, height = SIZES[Format.A4]
    document = pypdfium2.PdfDocument(printed(paper))
    text = document[0].get_textpage()
    top, bottom = height - zone.top, height - zone.top - zone.height
    inside = text.get_text_bounded(zone.left - 2, bottom, zone.left + zone.width + 2, top)
    around = text.get_text_bounded(0, bottom - 6, 1_000, top)
    text.close()
    document.close()
    assert "".join(inside.split()) == "".join(around.split())
    assert lines[0].split()[0][:6] in inside
