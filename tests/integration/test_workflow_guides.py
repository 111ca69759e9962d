"""The engine's guides and the README: every block of Python in them runs as it is pasted, and prints what it says."""

from __future__ import annotations

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from house.base import ROOT

pytestmark = pytest.mark.fast

GUIDES = [
    ROOT / "docs" / "engine" / name
    for name in ("getting-started.md", "machines.md", "runtime.md", "extending.md", "tasks.md")
]
README = ROOT / "README.md"
SAID = re.compile(r"(?:^|.*\S  )# ?(.*)$")


def said(block: str) -> list[str]:
    """Give what a block says it prints: the comments at the start of a line and at the end of one."""
    return [found.group(1) for line in block.splitlines() if (found := SAID.fullmatch(line))]


@pytest.mark.parametrize("guide", [*GUIDES, README], ids=lambda path: path.stem)
def test_the_blocks_of_a_guide_run_one_after_the_other_and_print_what_they_say(
    guide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SM-13: runnable examples of definition, persistence and listeners."""
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", guide.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert blocks
    space: dict[str, object] = {"__name__": "guide"}
    for block in blocks:
        with redirect_stdout(StringIO()) as printed:
            exec(compile(block, guide.name, "exec"), space)  # noqa: S102 - our own documentation
        assert printed.getvalue().splitlines() == said(block)
