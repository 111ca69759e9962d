"""Letters from jinja2 templates in ``templates/mail`` and sentences in ``locales`` (ERP-17).

Templates hold no language and decide nothing but the order of things; they run in a sandbox, escape HTML, and refuse a
name they are not given. What comes from outside is a value in them, never a template.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.infrastructure.languages import language
from app.infrastructure.mail.compose import LONGEST_SUBJECT
from app.infrastructure.texts import DEFAULT, Texts
from app.resources import resource
from app.usecases.ports.mail import Letter, Written

if TYPE_CHECKING:
    from jinja2 import Environment

_LETTERS: Final = "mail.letters"
_ROWS: Final = ("customer", "ref", "day", "due", "valid_until", "total", "carrier", "tracking")


class LetterTemplates:
    """Writes letters; ``folder`` holds the templates, by default the packaged ones."""

    def __init__(self, texts: Texts, folder: Path | None = None) -> None:
        self._texts = texts
        self._folder = folder

    @cached_property
    def _templates(self) -> Environment:
        # Imported when the first letter is written: most commands write none, and it takes as long as all else of them.
        from jinja2 import FileSystemLoader, StrictUndefined  # noqa: PLC0415
        from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415

        return ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(self._folder or resource("templates") / "mail"),
            autoescape=lambda name: name is not None and name.endswith(".html"),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )

    def write(self, letter: Letter) -> Written:
        """Write it in its language, in English when that is not shipped."""
        locale = letter.locale if letter.locale in self._texts.locales else DEFAULT
        facts = {"company": letter.company, "ref": letter.ref, "name": letter.name}

        def text(part: str, key: str) -> str:
            return self._texts.text(locale, f"{_LETTERS}.{part}.{key}", facts)

        subject = " ".join(text(letter.kind.value, "subject").split())[:LONGEST_SUBJECT]
        given = {
            "language": locale,
            "subject": subject,
            "greeting": text("common", "greeting" if letter.name else "greeting_nobody"),
            "say": partial(text, letter.kind.value),
            "common": partial(text, "common"),
            "rows": list(self._rows(letter, locale)),
            "note": letter.note.strip(),
            "attached": letter.attached,
            "company": letter.company,
        }
        plain, html = (
            self._templates.get_template(f"{letter.kind.value}.{form}").render(given) for form in ("txt", "html")
        )
        return Written(subject=subject, text=plain, html=html)

    def _rows(self, letter: Letter, locale: str) -> Iterator[tuple[str, str]]:
        """Give label and value of each fact there is, as the language writes it."""
        speaker = language(locale)
        for name in _ROWS:
            value = getattr(letter, name)
            if value not in {None, ""}:
                style = "currency" if name == "total" else None
                shown = speaker.written(value, style, {"currency": letter.currency})
                yield self._texts.text(locale, f"{_LETTERS}.rows.{name}", {}), shown
