"""Letters: in five languages, in text and HTML, from the packaged templates (ERP-17)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

import pytest
from jinja2 import UndefinedError
from jinja2.exceptions import SecurityError

from app.domain.mail import LetterKind
from app.infrastructure.mail.templates import LetterTemplates
from app.infrastructure.texts import Texts
from app.resources import resource
from app.usecases.ports.mail import Letter
from tests.unit.test_texts import LOCALES, locale

pytestmark = pytest.mark.fast

TEXTS: Final = Texts()
WRITER: Final = LetterTemplates(TEXTS)
FULL: Final = Letter(
    kind=LetterKind.INVOICE,
    locale="en",
    company="Acme",
    name="Ana",
    customer="Client",
    ref="FA-1",
    day=date(2026, 11, 21),
    due=date(2026, 12, 21),
    valid_until=date(2026, 12, 31),
    total=Decimal("1234.5000"),
    currency="EUR",
    carrier="Correios",
    tracking="BR123",
    attached=True,
)


class Shown(HTMLParser):
    """What a reader of HTML sees, and the elements there are."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.elements: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's
        self.elements.add(tag)

    def handle_data(self, data: str) -> None:
        self.words += data.split()


def of(letter: Letter, **changes: Any) -> Letter:
    """Give the letter with other facts."""
    return replace(letter, **changes)


@pytest.mark.parametrize("name", LOCALES)
@pytest.mark.parametrize("kind", LetterKind)
def test_a_letter_says_all_its_facts_in_its_language(kind: LetterKind, name: str) -> None:
    """ERP-17: subject, sentences, dates and amounts; no key, no placeholder and no English is left."""
    letter = of(FULL, kind=kind, locale=name)
    written = WRITER.write(letter)
    shown = Shown(written.html)
    body = " ".join(shown.words)
    total = {"en": "€1,234.50", "de": "1.234,50", "fr": "1 234,50", "es": "1.234,50", "pt-BR": "€ 1.234,50"}[name]
    for text in (" ".join(written.text.split()), body):
        assert "mail." not in text
        assert not re.search(r"[{}?]|None", text)
        for fact in ("Ana", "FA-1", "Acme", "Correios", "BR123", "2026", total):
            assert fact in text.replace("\u202f", " ")
        said = {
            key: sentence for key, sentence in locale(name).items() if key.startswith(f"mail.letters.{kind.value}.")
        }
        for key, sentence in said.items():
            assert str(sentence) in text or key.endswith(".subject")
    assert "Acme" in written.subject
    assert f'<html lang="{name}">' in written.html


def test_every_sentence_is_said_in_some_letter() -> None:
    """ERP-17: no text of letters is for nobody."""
    said: set[str] = set()

    class Listening(Texts):
        def text(self, locale: str, key: str, facts: object) -> str:
            said.add(key)
            return super().text(locale, key, facts)  # type: ignore[arg-type]

    writer = LetterTemplates(Listening())
    for kind in LetterKind:
        for name in ("Ana", ""):
            writer.write(of(FULL, kind=kind, name=name))
    assert said == {key for key in locale("en") if key.startswith("mail.letters.")}


def test_there_is_a_template_for_each_kind_and_for_nothing_else() -> None:
    found = {path.stem for path in (resource("templates") / "mail").glob("*.*")} - {"layout"}
    assert found == {kind.value for kind in LetterKind}


def test_templates_hold_no_language() -> None:
    """ERP-17: every word of a letter comes from the language files."""
    for path in (resource("templates") / "mail").iterdir():
        source = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", path.read_text(encoding="utf-8"))
        assert Shown(source).words in ([], [":"]), path.name


HOSTILE: Final = "<script>alert(1)</script> {{ 7 * 7 }} {% raise %} &amp; \" ' {name}"


def test_what_comes_from_outside_is_neither_markup_nor_a_template() -> None:
    letter = of(FULL, company=HOSTILE, name=HOSTILE, ref=HOSTILE, carrier=HOSTILE, tracking=HOSTILE, note=HOSTILE)
    written = WRITER.write(letter)
    shown = Shown(written.html)
    assert shown.elements == {"html", "head", "meta", "title", "body", "div", "p", "table", "tr", "td", "strong", "br"}
    assert written.text.count(HOSTILE) == 6
    assert " ".join(shown.words).count(HOSTILE) >= 6
    assert "49" not in written.text + written.html


def test_the_senders_own_words_stand_in_place_of_ours() -> None:
    written = WRITER.write(of(FULL, note="First.\n\nSecond.\n"))
    assert "First.\n\nSecond.\n" in written.text
    assert "<p>First.</p>\n<p>Second.</p>" in written.html
    assert "Thank you" not in written.text + written.html


def test_what_there_is_not_is_not_mentioned() -> None:
    written = WRITER.write(Letter(kind=LetterKind.STATEMENT, locale="de", company="Acme"))
    assert written.text == (
        "Guten Tag,\n\nhier ist der Stand Ihres Kontos bei uns.\n\n\nMit freundlichen Grüßen\nAcme\n"
    )


def test_a_subject_is_one_line_and_not_too_long() -> None:
    """ERP-11: what a customer is called cannot make a header."""
    subject = WRITER.write(of(FULL, company="A\r\nBcc: b@c.example\u2028" + "x" * 500)).subject
    assert len(subject.splitlines()) == 1
    assert len(subject) == 200


def test_a_language_that_is_not_shipped_is_english() -> None:
    assert WRITER.write(of(FULL, locale="tlh")) == WRITER.write(FULL)


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("{{ unknown }}", UndefinedError),
        ("{{ company.__class__.__mro__ }}", SecurityError),
        ("{{ say.func.__globals__ }}", SecurityError),
    ],
)
def test_a_template_reaches_nothing_but_what_it_is_given(tmp_path: Path, source: str, error: type[Exception]) -> None:
    for form in ("txt", "html"):
        (tmp_path / f"invoice.{form}").write_text(source, encoding="utf-8")
    with pytest.raises(error):
        LetterTemplates(TEXTS, tmp_path).write(FULL)
