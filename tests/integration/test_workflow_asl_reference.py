"""The recorded answers of the JSONata reference are still its answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from house import node
from tests.support.node import run_node
from tests.support.workflow.expressions import RECORDED

pytestmark = pytest.mark.full


def test_the_reference_answers_as_recorded(tmp_path: Path) -> None:
    """ASL-03: a second implementation, npm's, is the oracle; one process for all expressions."""
    asked, answered = tmp_path / "asked.json", tmp_path / "answered.json"
    asked.write_text(json.dumps([text for text, _ in RECORDED]), encoding="utf-8")
    done = run_node(node.FOLDER / "evaluate.mjs", asked, answered, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    found = dict(zip((text for text, _ in RECORDED), json.loads(answered.read_text(encoding="utf-8")), strict=True))
    assert {text: result for text, result in RECORDED if found[text] != result} == {}
