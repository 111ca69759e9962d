"""Tokens as the engine's user meets them. Nobody can make one up, or use it in another namespace."""

from __future__ import annotations

from ..kernel import tokens
from .live import StepKey
from .store import Key


class InvalidTokenError(ValueError):
    """The token is none of this namespace's."""


def token_of(step: StepKey, seed: str) -> str:
    """Give the token of a task. ``seed`` is the execution's, which nobody outside knows."""
    return tokens.token_of(_place(step), seed)


def step_in(token: str, namespace: str) -> StepKey:
    """Read what a token says, which is not yet proved. Raises InvalidTokenError."""
    place = tokens.place_in(token)
    if place is None:
        raise InvalidTokenError("this is no token")
    return StepKey(Key(namespace, place.execution), place.branch, place.entry, place.attempt)


def prove(token: str, step: StepKey, seed: str) -> None:
    """Raise InvalidTokenError when the token is not the one given for the step."""
    if not tokens.proves(token, _place(step), seed):
        raise InvalidTokenError("this is no token")


def _place(step: StepKey) -> tokens.Place:
    return tokens.Place(step.key.id, step.branch, step.entry, step.attempt)
