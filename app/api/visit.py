"""One request on its way through: what the middleware knows of it and the endpoint adds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from starlette.types import Scope

from app.usecases.context import Context

SCOPE_KEY: Final = "tramita.visit"
NOBODY_LOCALE: Final = "en"


class Visit:
    """The state of one request; ``arrived`` is in monotonic seconds of the clock, ``context`` is set once known.

    ``address`` is that of the client, empty when the server does not know it; ``notices`` are headers that go out with
    the answer whatever it is; ``problem`` is the code of the error that was answered.
    """

    __slots__ = ("address", "arrived", "context", "notices", "problem", "request_id")

    def __init__(self, request_id: str, arrived: float, address: str = "") -> None:
        self.request_id = request_id
        self.arrived = arrived
        self.address = address
        self.context: Context | None = None
        self.problem: str | None = None
        self.notices: Sequence[tuple[bytes, bytes]] = ()


def visit_of(scope: Scope) -> Visit:
    """Give the visit the middleware put into ``scope``."""
    visit: Any = scope[SCOPE_KEY]
    assert isinstance(visit, Visit)  # noqa: S101 - tells mypy; the middleware always sets it
    return visit
