"""JSONata expressions evaluated without a state around them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from app.workflow.asl.jsonata.compiled import Compiled
from app.workflow.asl.jsonata.errors import JsonataError
from app.workflow.asl.jsonata.run import Run
from app.workflow.asl.jsonata.values import UNDEFINED, plain
from app.workflow.kernel.chance import fraction

NOW: Final = 1_763_707_200_123
RECORDED: Final[list[tuple[str, dict[str, Any]]]] = [
    (text, result) for text, result in json.loads(Path(__file__).with_name("jsonata.json").read_text(encoding="utf-8"))
]
"""Expressions, and what jsonata 2.2.2 of npm makes of each."""


def evaluate(text: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    """Give what an expression comes to, in the form of ``RECORDED``."""
    try:
        value = Compiled(text).evaluate(variables or {}, Run(NOW, lambda nth: fraction("seed", nth)))
    except JsonataError as error:
        return {"error": str(error)}
    if value is UNDEFINED:
        return {"undefined": True}
    try:
        return {"value": plain(value)}
    except TypeError:
        return {"function": True}


def value(text: str, variables: dict[str, Any] | None = None) -> Any:
    """Give the value, or the text of the error; None when there is none."""
    result = evaluate(text, variables)
    return result.get("value", result.get("error"))
