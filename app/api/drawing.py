"""Drawings of state machines, as SVG or as Mermaid's text: whichever the path or the Accept header asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from app.api.provide import Provided, Run

SVG: Final = "image/svg+xml"
MERMAID: Final = "text/vnd.mermaid"
DRAWN: Final[dict[str, Any]] = {
    "status_code": 200,
    "response_model": None,
    "response_class": Response,
    "responses": {
        200: {
            "description": "The drawing",
            "content": {SVG: {"schema": {"type": "string"}}, MERMAID: {"schema": {"type": "string"}}},
        }
    },
}
"""The route options of an endpoint that answers a drawing."""
SUFFIXES: Final = {"": "", ".svg": "_svg", ".mmd": "_mermaid"}
"""What paths of drawings end in, and then the names of their endpoints."""


class DrawingRun(Run):
    """A use case that draws, bound to one request."""

    __slots__ = ("_svg",)

    def __init__(self, request: Request, case: type[Any]) -> None:
        super().__init__(request, case, None)
        accepted = request.headers.get("accept", "")
        told_by_path = self._path.endswith((".svg", ".mmd"))
        self._svg = self._path.endswith(".svg") if told_by_path else not ("mermaid" in accepted and SVG not in accepted)

    def draw(self, build: Callable[[bool], Any]) -> Response:
        """Run the use case on what ``build`` gives when told whether SVG is wanted."""
        self._shell.in_time(self._queued)
        container = self._shell.container
        drawing: str = container.runner.call(self.context, self._case, lambda: build(self._svg))
        headers = {"vary": "accept", "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"}
        return Response(drawing, 200, headers, SVG if self._svg else f"{MERMAID}; charset=utf-8")


class DrawingProvided(Provided):
    """Entry for those who may see a drawing."""

    async def __call__(self, request: Request) -> DrawingRun:
        """Give the use case bound to the request."""
        return DrawingRun(request, self.case)


def provide_drawing(case: type[Any]) -> Any:  # noqa: ANN401 - what FastAPI's Depends is
    """Give the dependency that lets in whom ``case`` allows and provides a ``DrawingRun`` of it."""
    return Depends(DrawingProvided(case, keyed=False))
