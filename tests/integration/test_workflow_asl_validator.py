"""What another judge of definitions says: npm's asl-validator, which goes by AWS's own JSON schema of the language."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import pytest

from app.workflow.asl.check import check
from app.workflow.asl.diagnostics import ERROR
from app.workflow.asl.document import read_yaml
from house import node
from house.base import ROOT
from tests.support.node import run_node

pytestmark = pytest.mark.full
GUIDE: Final = (ROOT / "tests" / "support" / "workflow" / "guide.yaml").read_text(encoding="utf-8")
SOUND: Final[list[dict[str, Any]]] = [case["machine"] for case in read_yaml(GUIDE).data]

FLAWS: Final[dict[str, Callable[[dict[str, Any], dict[str, Any]], object]]] = {
    "no StartAt": lambda machine, _: machine.pop("StartAt"),
    "a start that is none of the states": lambda machine, _: machine.update(StartAt="Nowhere"),
    "no Type": lambda _, state: state.pop("Type"),
    "a Type that is none": lambda _, state: state.update(Type="Jump"),
    "a Next that is none of the states": lambda _, state: (state.pop("End", None), state.update(Next="Nowhere")),
    "a field that a machine does not have": lambda machine, _: machine.update(Beginning="x"),
    "an InputPath that is no path": lambda _, state: state.update(InputPath="a b"),
}


def flawed(machine: dict[str, Any], flaw: str) -> dict[str, Any]:
    """Give the machine with one thing wrong, at its first state if at one."""
    spoilt = deepcopy(machine)
    FLAWS[flaw](spoilt, spoilt["States"][spoilt["StartAt"]])
    return spoilt


def test_both_accept_what_is_sound_and_refuse_what_is_not(tmp_path: Path) -> None:
    """ASL-01: neither says of a definition that it is sound when the other says that it is not.

    What the other breaks on (Maps in the older form, lines without states) it does not judge.
    """
    asked = [*SOUND, *(flawed(machine, flaw) for machine in SOUND for flaw in FLAWS)]
    given, told = tmp_path / "given.json", tmp_path / "told.json"
    given.write_text(json.dumps(asked), encoding="utf-8")
    done = run_node(node.FOLDER / "validate.mjs", given, told, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    ours = [all(found.severity != ERROR for found in check(one, extended=False)) for one in asked]
    theirs = json.loads(told.read_text(encoding="utf-8"))
    differ = [one for one, here, there in zip(asked, ours, theirs, strict=True) if there not in {here, None}]
    assert differ == []
    assert ours.count(True) == len(SOUND)
    assert theirs.count(True) >= len(SOUND) - 1
    assert theirs.count(False) > theirs.count(None)
