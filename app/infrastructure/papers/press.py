"""One paper from its description to the bytes of its file; whoever imports this has reportlab in memory."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from app import __version__
from app.domain.papers import Paper
from app.infrastructure.papers.body import Body
from app.infrastructure.papers.files import File
from app.infrastructure.papers.flow import Flow
from app.infrastructure.papers.letterhead import BODY, FACTS, HEAD_END, Letterhead
from app.infrastructure.papers.letters import Clean, letters
from app.infrastructure.papers.logos import logo_in
from app.infrastructure.papers.looks import MM, look
from app.infrastructure.papers.words import Words
from app.infrastructure.texts import DEFAULT, Texts

_LANGUAGE: Final = re.compile("[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,3}")
_BELOW_FACTS: Final = 6 * MM


def press(texts: Texts, paper: Paper, check: Callable[[], None]) -> bytes:
    """Give the file. First everything finds its place, so that each page knows how many there are; then it is drawn.

    ``check`` is called between pieces of at most 50 rows and before each page.
    """
    check()
    known = letters()
    words = Words(texts, known, paper.locale, paper.currency)
    title = Clean(f"{words.label(f'titles.{paper.kind}')} {words.clean(paper.ref)}".strip())
    mark = words.label(f"marks.{paper.mark}") if paper.mark else None
    head = Letterhead(paper, words, known, look(paper.appearance.accent), title)
    file = File(known, head.size, paper.locale if _LANGUAGE.fullmatch(paper.locale) else DEFAULT)
    sending, about = file.root.under("Sect"), file.root.under("Sect")
    author = words.clean(paper.issuer.name).replace("\n", " ")
    logo = logo_in(file, paper.appearance.logo, sending, author)
    facts, end = head.facts(about)
    first = max(BODY, end + _BELOW_FACTS) if paper.recipient else max(HEAD_END, end) + _BELOW_FACTS
    flow = Flow(head.area(first), check)
    Body(paper, words, known, look(paper.appearance.accent), flow, file.root).place(title, head.rest(about))
    for number, drawings in enumerate(flow.pages):
        check()
        page = file.page()
        if number == 0:
            head.first(page, sending, logo)
            at = FACTS
            for piece in facts:
                piece.draw(page, at, 0, piece.count)
                at += piece.height
        else:
            head.again(page)
        for draw in drawings:
            draw(page)
        head.foot(page, len(flow.pages))
        if mark:
            head.mark(page, mark)
        file.add(page)
    check()
    return file.finish(
        title=(f"{title} ({mark})" if mark else title).replace("\n", " "),
        author=author,
        subject=words.label(f"titles.{paper.kind}"),
        producer=f"Tramita {__version__}",
        on=paper.date,
    )
