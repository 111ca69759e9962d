"""How a document changes state: by a named transition of its life cycle, refused as a conflict."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from app.domain.shared.errors import Conflict
from app.workflow.kernel.lifecycle import InvalidTransitionError, Lifecycle

S = TypeVar("S", bound=StrEnum)


class InvalidTransition(Conflict):
    """The object's state does not allow this step."""

    code = "state.invalid_transition"


def advance(lifecycle: Lifecycle[S], state: S, transition: str, subject: object = None) -> S:
    """Give the state that ``transition`` leads to from ``state``. Raises InvalidTransition."""
    try:
        return lifecycle.fire(state, transition, subject)
    except InvalidTransitionError as error:
        raise InvalidTransition(
            document=lifecycle.name, state=state.value, transition=transition, allowed=list(error.allowed)
        ) from error
