"""JSON texts that enter the engine from outside."""

from __future__ import annotations

from typing import Any

import msgspec

from app.workflow.kernel.errors import StepError
from app.workflow.runtime.steps import checked


class UnreadableError(Exception):
    """A text is no JSON that an execution can hold; says why."""


def payload(text: str) -> Any:
    """Read a text as the value that will be stored. Raises UnreadableError, also for what is nested too deep."""
    try:
        return checked(msgspec.json.decode(text))
    except (msgspec.DecodeError, RecursionError, StepError) as error:
        raise UnreadableError(str(error)) from error
