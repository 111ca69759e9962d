"""Printing stops when nobody wants the paper any more (CT-03), and costs memory and time by the page."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from collections.abc import Callable

import pytest

from app.infrastructure.papers.pieces import Piece
from app.infrastructure.papers.tables import TableLayout
from house.base import ROOT
from tests.support.papers import invoice, printed, words_of

pytestmark = pytest.mark.fast


class NobodyWants(Exception):
    """Nobody wants the paper any more."""


def counted(monkeypatch: pytest.MonkeyPatch, kind: type, name: str) -> list[int]:
    """Count calls of a method; the list's last number is how many there were since it was appended to."""
    plain: Callable[..., object] = getattr(kind, name)
    calls = [0]

    def counting(*given: object, **named: object) -> object:
        calls[-1] += 1
        return plain(*given, **named)

    monkeypatch.setattr(kind, name, counting)
    return calls


def test_it_is_asked_between_pieces_of_fifty_rows_and_before_each_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """CT-03: whoever stops it waits for one piece at most."""
    rows = counted(monkeypatch, TableLayout, "_row")
    drawn = counted(monkeypatch, Piece, "draw")

    def check() -> None:
        rows.append(0)
        drawn.append(0)

    pages = len(words_of(printed(invoice(2000), check)))
    assert pages > 40
    assert sum(rows) == 2000
    assert max(rows) <= 50
    assert sum(one > 0 for one in drawn) == pages, "each page of its own"


@pytest.mark.parametrize("page", [1, 3, 40])
def test_what_stops_it_stops_it_at_once(monkeypatch: pytest.MonkeyPatch, page: int) -> None:
    """CT-03: after so many pages nothing more is drawn, and nobody asks again."""
    drawn = counted(monkeypatch, Piece, "draw")
    pages = 0

    def check() -> None:
        nonlocal pages
        if drawn[-1]:
            drawn.append(0)
            pages += 1
            if pages == page:
                raise NobodyWants

    with pytest.raises(NobodyWants):
        printed(invoice(2000), check)
    assert pages == page
    assert drawn[-1] == 0
    assert len([one for one in drawn if one]) == page


def test_whenever_it_is_stopped_it_ends_with_that_very_reason() -> None:
    """CT-03: at each of the places where it asks; the printer prints the same afterwards."""
    paper = invoice(120)
    whole = printed(paper)
    asked = 0

    def count() -> None:
        nonlocal asked
        asked += 1

    printed(paper, count)
    assert asked > 10
    for last in range(asked):
        left = [last]

        def check(left: list[int] = left) -> None:
            if not left[0]:
                raise NobodyWants
            left[0] -= 1

        with pytest.raises(NobodyWants):
            printed(paper, check)
    assert printed(paper) == whole


def test_two_thousand_lines_take_no_more_memory_than_they_need() -> None:
    """ERP-16: pages are packed as they are done."""
    printed(invoice(1))
    tracemalloc.start()
    try:
        content = printed(invoice(2000))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 60_000_000
    assert len(content) < 4_000_000


def test_who_prints_nothing_does_not_load_what_draws() -> None:
    """ERP-02: a tenth of a second and 20 MB, for the first paper to pay."""
    program = (
        "import sys, app.bootstrap, app.cli\n"
        "from app.infrastructure.papers.printer import PdfPrinter\n"
        "from app.infrastructure.texts import Texts\n"
        "PdfPrinter(Texts()).version\n"
        "sys.exit(bool({'reportlab', 'PIL', 'segno'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


def test_nothing_that_draws_reads_markup() -> None:
    """ERP-16: reportlab's paragraphs fetch what ``<img src=...>`` names. They are never even loaded."""
    program = (
        "import sys\n"
        "from tests.support.papers import printed, samples\n"
        "for paper in samples().values(): printed(paper)\n"
        "sys.exit(any(name.startswith(('reportlab.platypus', 'reportlab.graphics')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0
