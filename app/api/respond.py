"""Answers: a result becomes bytes once, and bytes become a response."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from pydantic import BaseModel
from starlette.responses import Response

from app.usecases.ports.shared import Answer

JSON: Final = "application/json"


def etag(version: int) -> str:
    """Give the strong entity tag of a version."""
    return f'"{version}"'


def render(shown: BaseModel | None, location: str | None) -> Answer:
    """Make the answer that shows ``shown``; None has no body.

    ``location`` is the path of a created object with ``{id}`` for the id of what is shown. An object with a ``version``
    gets an entity tag.
    """
    if shown is None:
        return Answer(body=b"")
    fields: Any = shown
    return Answer(
        body=shown.model_dump_json().encode(),
        version=getattr(fields, "version", None),
        location=None if location is None else location.replace("{id}", str(fields.id)),
    )


def renderer(present: Callable[[Any], BaseModel | None], location: str | None) -> Callable[[Any], Answer]:
    """Give the function from a use case's result to its answer."""
    return lambda result: render(present(result), location)


def respond(answer: Answer, status: int, if_none_match: str | None = None) -> Response:
    """Give the response for ``answer``; 304 when ``if_none_match`` names its version (RFC 9110, 13.1.2)."""
    headers: dict[str, str] = {}
    if answer.version is not None:
        headers["etag"] = etag(answer.version)
        if if_none_match is not None and names_tag(if_none_match, headers["etag"]):
            return Response(status_code=304, headers=headers)
    if answer.location is not None:
        headers["location"] = answer.location
    if answer.replayed:
        headers["idempotent-replay"] = "true"
    if not answer.body:
        return Response(status_code=status, headers=headers)
    return Response(answer.body, status, headers, JSON)


def names_tag(if_none_match: str, tag: str) -> bool:
    """Tell whether an If-None-Match header names ``tag``, comparing weakly: ``W/"3"`` names version 3 too."""
    tags = (part.strip().removeprefix("W/") for part in if_none_match.split(","))
    return if_none_match.strip() == "*" or tag in tags
