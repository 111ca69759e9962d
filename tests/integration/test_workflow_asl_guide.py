"""The page on Amazon States Language: its tables say what the code says, and its examples give what they say."""

from __future__ import annotations

import json
import re
from contextlib import redirect_stdout
from io import StringIO
from typing import Final

import pytest

from app.workflow.asl import diagnostics, document, states
from app.workflow.asl.check import DEEPEST, check
from app.workflow.asl.choices import ASSERTIONS, COMPARISONS
from app.workflow.asl.fields import EXTENDED, HANDLER_FIELDS, JSONATA_ONLY, MACHINE, PATH_ONLY
from app.workflow.asl.intrinsics import FUNCTIONS as INTRINSICS
from app.workflow.asl.jsonata.library import FUNCTIONS
from app.workflow.asl.jsonata.run import DEEPEST as EVALUATIONS_DEEP
from app.workflow.asl.jsonata.run import LONGEST
from app.workflow.asl.jsonata.syntax import LONGEST as LONGEST_TEXT
from app.workflow.asl.jsonata.values import MEMORY
from house.base import ROOT
from tests.integration.test_workflow_guides import said
from tests.support.workflow.asl import Asl

pytestmark = pytest.mark.fast

PAGE: Final = (ROOT / "docs" / "asl.md").read_text(encoding="utf-8")
EXAMPLES: Final = [
    (machine, line)
    for machine, lines in re.findall(r"^```json\n((?:.*\n)*?)```\n\n((?:- .*\n)+)", PAGE, re.MULTILINE)
    for line in lines.splitlines()
]
COMMON: Final = {"Type", "Comment", "QueryLanguage"}


def table(title: str) -> list[list[list[str]]]:
    """Give the names in the cells of the tables whose first column has a title, row by row."""
    found = re.findall(rf"^\| {title} \|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    return [[re.findall(r"`([^`]+)`", cell) for cell in row.split(" |")] for row in "".join(found).splitlines()]


def column(title: str, place: int = 0) -> set[str]:
    return {name for row in table(title) for name in row[place]}


def test_every_example_is_one_that_the_test_knows() -> None:
    assert len(EXAMPLES) == PAGE.count("\n- `")
    assert len(re.findall("^```json", PAGE, re.MULTILINE)) == len({machine for machine, _ in EXAMPLES})


@pytest.mark.parametrize(("machine", "line"), EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_gives_what_the_page_says(machine: str, line: str) -> None:
    """ASL-01, ASL-02, ASL-03, ASL-04, ASL-07: definitions as they are written."""
    assert check(json.loads(machine)) == []
    run = Asl(json.loads(machine))
    happens, _, wanted = line.removeprefix("- ").partition(" → ")
    given, *steps = re.split(r", (?=`|message|\d+ seconds)", happens)
    run.start(json.loads(given.strip("`")))
    for step in steps:
        _do(run, step)
    assert (run.frame.error or json.dumps(run.frame.output)) == wanted.strip("`")


def _do(run: Asl, step: str) -> None:
    """Do what a step of an example says."""
    pieces = re.findall(r"`([^`]+)`", step)
    if "gives" in step:
        run.done(pieces[0], json.loads(pieces[1]))
    elif "fails with" in step:
        run.failed(pieces[0], pieces[1])
    elif "message" in step:
        run.signal(pieces[0], json.loads(pieces[2]), key=pieces[1])
    elif "is undone with" in step:
        wait = run.at(pieces[0]).wait
        assert wait is not None
        assert wait.argument == json.loads(pieces[1])
        run.done(pieces[0])
    else:
        run.later(float(step.partition(" ")[0]))


def test_the_block_of_python_runs_and_prints_what_it_says() -> None:
    """ASL-05: handlers are plain Python functions, registered by the name of the resource."""
    (block,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    with redirect_stdout(StringIO()) as printed:
        exec(compile(block, "asl.md", "exec"), {"__name__": "guide"})  # noqa: S102 - our own documentation
    assert printed.getvalue().splitlines() == said(block)


@pytest.mark.parametrize("kind", EXTENDED)
def test_the_page_names_the_fields_of_a_type(kind: str) -> None:
    """ASL-02: all of them, under the query language that has them."""
    (row,) = (row for row in table("type") if row[0] == [kind])
    fields = EXTENDED[kind] - COMMON
    both, paths, expressions = map(set, row[1:4])
    assert both == fields - PATH_ONLY - JSONATA_ONLY
    assert paths == fields & PATH_ONLY
    assert expressions == fields & JSONATA_ONLY


def test_the_page_names_every_type_field_of_a_machine_operator_function_and_rule() -> None:
    """ASL-02, ASL-03, ASL-04."""
    assert column("type") == set(EXTENDED)
    assert column("field") == MACHINE | {"OnLate"}
    assert column("operator") == {*COMPARISONS, *ASSERTIONS}
    assert column("function") == {*INTRINSICS, *(f"${name}" for name in FUNCTIONS)}
    rules = {row[0][0]: set(row[1]) - {"NONE", "FULL"} for row in table("rule")}
    assert rules == HANDLER_FIELDS


def test_the_page_says_the_quotas() -> None:
    quotas = PAGE.partition("## Quotas")[2].partition("## History")[0]
    for number in (
        document.LARGEST,
        diagnostics.LARGEST,
        document.DEEPEST,
        document.MOST,
        states.LARGEST,
        states.MOST_STORED,
        states.LONGEST_HISTORY,
        states.INLINE_AT_ONCE,
        DEEPEST,
    ):
        assert re.search(rf"\b{number:,}\b", quotas), number
    for number in (EVALUATIONS_DEEP, LONGEST, MEMORY, LONGEST_TEXT, diagnostics.MOST_EXPRESSIONS):
        assert re.search(rf"\b{number:,}\b", PAGE), number
