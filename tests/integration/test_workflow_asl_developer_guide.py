"""Definitions that run on AWS unchanged: examples of its developer guide, retyped as data, and what they come to."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import pytest

from app.workflow.asl.check import check
from app.workflow.asl.document import read_yaml
from house.base import ROOT
from tests.support.workflow.asl import Asl

pytestmark = pytest.mark.fast

TEXT: Final = (ROOT / "tests" / "support" / "workflow" / "guide.yaml").read_text(encoding="utf-8")
CASES: Final[list[dict[str, Any]]] = read_yaml(TEXT).data
RUNS: Final = [(case["machine"], run) for case in CASES for run in case["runs"]]
NAMES: Final = [f"{case['page']} {number}" for case in CASES for number in range(len(case["runs"]))]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["page"]))
def test_a_definition_of_the_developer_guide_has_no_faults(case: dict[str, Any]) -> None:
    """ASL-01: identical to those that run on AWS, which knows nothing of our own fields."""
    assert check(case["machine"], extended=False) == []


@pytest.mark.parametrize(("machine", "case"), RUNS, ids=NAMES)
def test_it_does_what_the_developer_guide_says(machine: dict[str, Any], case: dict[str, Any]) -> None:
    """ASL-01, ASL-02, ASL-03, ASL-04."""
    run = Asl(machine)
    run.start(case["given"])
    for number, step in enumerate(case.get("steps", ())):
        if number == 0 and "asks" in case:
            assert _asked(run, step["gives"]) == case["asks"]
        _do(run, step)
    if "error" in case:
        assert run.failure()[0] == case["error"]
    else:
        assert run.output() == case["output"]
    assert run.types()[0] == "ExecutionStarted"


def test_the_readme_shows_the_first_of_them() -> None:
    """ASL-01: word for word, so that what runs there is AWS's."""
    blocks = re.findall(
        r'^[A-Z_]+ = """\n(\{.*?^\})\n"""', (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert [json.loads(block) for block in blocks] == [CASES[0]["machine"]]


def _asked(run: Asl, state: str) -> Any:
    """Give what the task of a state is asked."""
    wait = run.at(state).wait
    assert wait is not None
    return wait.argument


def _do(run: Asl, step: dict[str, Any]) -> None:
    if "later" in step:
        run.later(step["later"])
    elif "gives" in step:
        run.done(step["gives"], step["what"])
    else:
        run.failed(step["fails"], step["what"])
