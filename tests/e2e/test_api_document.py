"""The examples of docs/api.md and docs/workflows.md, run as they are pasted, give what the documents show."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pytest

from app.api.problems import INTERNAL, STATUS
from tests.support.served import ROOT, Served, served_demo

pytestmark = pytest.mark.fast

MARK: Final = "--- end of block ---"
PATIENCE_S: Final = 60


@dataclass(frozen=True)
class Section:
    """One section: its commands, block by block, each with the output shown for it, if any."""

    title: str
    blocks: tuple[tuple[str, str | None], ...]


def sections(text: str) -> list[Section]:
    """Read the sections that have commands."""
    found = []
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        blocks = re.findall(r"^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", part, re.MULTILINE | re.DOTALL)
        if blocks:
            found.append(Section(part.splitlines()[0], tuple((commands, shown or None) for commands, shown in blocks)))
    return found


DOCUMENT: Final = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
SECTIONS: Final = sections(DOCUMENT)
SIGN_IN: Final = SECTIONS[0].blocks[0][0]


def story(name: str) -> Section:
    """Read a document whose blocks go on from one another as one section."""
    parts = sections((ROOT / "docs" / name).read_text(encoding="utf-8"))
    return Section(name, tuple(block for part in parts for block in part.blocks))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served_demo(tmp_path_factory.mktemp("demo")) as served:
        yield served


def outputs(section: Section, server: Served) -> list[str]:
    """Run the commands of a section after signing in, and give what each block printed."""
    blocks = [commands for commands, _ in section.blocks if commands != SIGN_IN]
    script = f"\necho; echo '{MARK}'\n".join([SIGN_IN, *blocks])
    script = script.replace("http://127.0.0.1:8000", server.url)
    script = script.replace("the-password-that-was-printed", server.password)
    done = subprocess.run(
        ["bash", "-c", f"set -euo pipefail\n{script}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [printed.strip() for printed in done.stdout.split(MARK)[1:]]


def pattern(shown: str) -> str:
    """Give the regular expression of an output in which ``…`` stands for anything on a line."""
    return ".*".join(re.escape(part) for part in shown.strip().split("…"))


@pytest.mark.parametrize("section", [pytest.param(one, id=one.title) for one in (*SECTIONS, story("workflows.md"))])
def test_an_example_gives_what_is_shown(section: Section, server: Served) -> None:
    """Design 4: whoever pastes an example sees what the document shows."""
    shown = [output for commands, output in section.blocks if commands != SIGN_IN]
    assert shown, "an example without its output"
    for printed, wanted in zip(outputs(section, server), shown, strict=True):
        assert wanted is not None, "an example without its output"
        assert re.fullmatch(pattern(wanted), printed), f"printed:\n{printed}"


def test_every_section_about_the_protocol_has_an_example() -> None:
    titles = set(re.findall(r"^## (.*)$", DOCUMENT, re.MULTILINE))
    assert titles - {section.title for section in SECTIONS} <= {"Browsers", "Clients"}


def test_the_status_table_is_the_servers() -> None:
    """Each status that a problem can have is explained, and no other."""
    table = DOCUMENT.split("| status | when |", 1)[1].split("\n\n", 1)[0]
    explained = {int(status) for status in re.findall(r"\b[45]\d\d\b", table)}
    assert explained == {*STATUS.values(), INTERNAL}


def test_an_output_that_differs_would_be_seen() -> None:
    assert re.fullmatch(pattern("a … c\nd"), "a b c\nd")
    assert not re.fullmatch(pattern("a … c\nd"), "a b c\ne")
    assert not re.fullmatch(pattern("(a)"), "a")
