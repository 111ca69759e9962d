"""``POST /api/v1/{noun}:batch``: many items of a POST in one request, all in one transaction or each in its own.

An item goes through the function that serves the single POST, so that the two never differ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Annotated, Any, Final

import orjson
import structlog
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel
from starlette.responses import Response

from app.api.problems import status_of
from app.api.provide import Provided, Run
from app.api.refusals import BadInput, FieldProblem, InternalError, TooManyItems
from app.api.respond import JSON, renderer
from app.api.route import Endpoint
from app.api.schemas.batch import BatchIn, BatchMode, BatchOut, Item, batch_in, batch_out
from app.api.validation import refused
from app.domain.shared.errors import DomainError, Unavailable
from app.usecases.batch import ITEMS, Begin, Together
from app.usecases.ports.shared import Answer, IdempotencyKey

DONE: Final = 200
REPORTED: Final = 207
_BEGIN: Final = Begin()
_SORTED: Final = orjson.OPT_SORT_KEYS
_log = structlog.get_logger(source="app.batch")
Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Planned:
    """What a single POST would run, and how it would show the result."""

    build: Callable[[], Any]
    render: Callable[[Any], Answer]


class Planning(Run):
    """Handed to the function of a single POST in place of its ``Run``: notes what would be run."""

    __slots__ = ("planned",)

    def __init__(self, request: Request, single: Endpoint, case: type[Any]) -> None:
        super().__init__(request, case, None)
        self._path: str = single.path
        self._status: int = single.status_code or DONE
        self.planned: Planned | None = None

    def __call__(
        self, build: Callable[[], Any], present: Callable[[Any], BaseModel | None], *, location: str | None = None
    ) -> Response:
        """Note it; the response is nobody's."""
        if location is None and self._status == 201:
            location = self._path + "/{id}"
        self.planned = Planned(build, renderer(present, location))
        return Response()


class BatchRun(Run):
    """One batch bound to one request; calling it carries the batch out and gives the response."""

    __slots__ = ("_provided", "_request")

    def __init__(self, request: Request, provided: BatchProvided, key: IdempotencyKey | None) -> None:
        super().__init__(request, provided.case, key)
        self._request = request
        self._provided = provided

    def serve(self, body: BatchIn) -> Response:
        """Carry out ``body``. Raises TooManyItems, and for an atomic batch whatever refuses one of its items."""
        self._shell.in_time(self._queued)
        most = self._shell.container.settings.batch_limit
        if len(body.items) > most:
            raise TooManyItems(at=(ITEMS,), limit=most)
        if body.mode is BatchMode.ATOMIC:
            return self._together(body.items)
        return self._each(body.items)

    def _together(self, items: Sequence[Item]) -> Response:
        plans = [self._plan(index, item) for index, item in enumerate(items)]
        answer = self._shell.container.runner.run(
            self.context,
            Together(self._case),
            build=lambda: [_built(index, plan) for index, plan in enumerate(plans)],
            present=lambda results: Answer(
                body=_report(
                    BatchMode.ATOMIC,
                    [self._done(index, plans[index].render(result)) for index, result in enumerate(results)],
                )
            ),
            key=self._key,
        )
        return _response(answer.body, DONE, replayed=answer.replayed)

    def _each(self, items: Sequence[Item]) -> Response:
        """Carry out one by one; where the service is not available, the rest is not tried."""
        if self._key is not None:
            whole = replace(self._key, body_hash=sha256(self._path.encode() + b"\0each").hexdigest())
            # A key that named an atomic batch is refused here, and the other way round.
            self._shell.container.runner.run(self.context, _BEGIN, lambda: None, lambda _: Answer(body=b""), whole)
        entries: list[Entry] = []
        for index, item in enumerate(items):
            try:
                entries.append(self._one(index, item))
            except Unavailable as error:
                entries += [self._refused(rest, error) for rest in range(index, len(items))]
                break
            except DomainError as error:
                entries.append(self._refused(index, error))
            except Exception:  # noqa: BLE001 - the items before are done: the client must be told so
                _log.exception("unhandled error", item=index)
                entries.append(self._refused(index, InternalError()))
        replayed = all(entry["replayed"] for entry in entries)
        return _response(_report(BatchMode.EACH, entries), REPORTED, replayed=replayed)

    def _one(self, index: int, item: Item) -> Entry:
        plan = self._plan(index, item)
        try:
            answer = self._shell.container.runner.run(
                self.context, self._case, plan.build, plan.render, self._item_key(index, item)
            )
        except Unavailable:
            raise
        except DomainError as error:
            raise error.within(ITEMS, index) from None
        return self._done(index, answer)

    def _plan(self, index: int, item: Item) -> Planned:
        """Let the single POST's function say what it would run. Raises BadInput, TooManyLines within the item."""
        if item.read is None:
            raise _misread(index, item)
        planning = Planning(self._request, self._provided.single, self._provided.case)
        try:
            self._provided.single.endpoint(body=item.read, run=planning)
        except DomainError as error:
            raise error.within(ITEMS, index) from None
        assert planning.planned is not None  # noqa: S101 - an endpoint that posts runs its use case once
        return planning.planned

    def _item_key(self, index: int, item: Item) -> IdempotencyKey | None:
        """Give the name of one item, so that a batch broken off half way goes on where it was."""
        if self._key is None:
            return None
        digest = sha256(self._path.encode() + b"\0" + orjson.dumps(item.sent, option=_SORTED))
        return replace(self._key, route=f"{self._key.route}/{index}", body_hash=digest.hexdigest())

    def _done(self, index: int, answer: Answer) -> Entry:
        return {
            "index": index,
            "status": self._provided.single.status_code or DONE,
            "location": answer.location,
            "version": answer.version,
            "replayed": answer.replayed,
            "problem": None,
            "body": orjson.Fragment(answer.body),
        }

    def _refused(self, index: int, error: DomainError) -> Entry:
        if status_of(error) == 500 and not isinstance(error, InternalError):
            _log.error("unlisted error", code=error.code, exc_info=error)
            error = InternalError()
        problem = self._shell.problems.document(self._request, error)
        return {
            "index": index,
            "status": problem["status"],
            "location": None,
            "version": None,
            "replayed": False,
            "problem": problem,
            "body": None,
        }


class BatchProvided(Provided):
    """Entry for those who hold the right of the use case of a single POST; gives a batch of it ready to run."""

    def __init__(self, case: type[Any], single: Endpoint, sent: type[BatchIn]) -> None:
        super().__init__(case)
        self.single = single
        self.sent = sent

    async def __call__(self, request: Request) -> BatchRun:
        """Give the batch bound to the request. Raises BadIdempotencyKey."""
        return BatchRun(request, self, await self.key(request))


def batch(routes: APIRouter, single: Callable[..., Response]) -> None:
    """Offer ``{path}:batch`` beside the POST whose function is ``single``: one that takes ``body`` and ``run``."""
    route = next(one for one in routes.routes if isinstance(one, Endpoint) and one.endpoint is single)
    entry = route.entry
    assert isinstance(entry, Provided)  # noqa: S101 - what a batch is made of, like the next two
    assert route.body_field is not None  # noqa: S101
    sent: Any = batch_in(route.body_field.field_info.annotation)  # type: ignore[arg-type]  # a pydantic model
    shown: type[BatchOut] = batch_out(route.responses[route.status_code or DONE]["model"])
    provided = BatchProvided(entry.case, route, sent)

    def serve(body: BatchIn, run: BatchRun) -> Response:
        return run.serve(body)

    noun = route.path.rpartition("/")[2]
    serve.__annotations__.update(body=sent, run=Annotated[BatchRun, Depends(provided)], **{"return": Response})
    serve.__name__ = f"batch_{noun.replace('-', '_')}"
    about = " ".join((single.__doc__ or "").split())
    serve.__doc__ = (
        f"{about}\n\nSeveral at once, each item as `POST {route.path}` takes it. In mode `atomic` one refused item "
        "refuses all, with a pointer to it. In mode `each` every item is carried out on its own; what became of it, "
        "and why it was refused, stands in the answer at its place. Under an Idempotency-Key an item that was done is "
        "not done again."
    )
    routes.post(
        f"/{noun}:batch",
        status_code=DONE,
        response_model=None,
        response_description="All items were carried out",
        responses={
            DONE: {"model": shown},
            REPORTED: {"model": shown, "description": "Mode each: every item has a status of its own"},
        },
    )(serve)


def _built(index: int, plan: Planned) -> Any:  # noqa: ANN401 - whatever the use case takes
    try:
        return plan.build()
    except DomainError as error:
        raise error.within(ITEMS, index) from None


def _misread(index: int, item: Item) -> BadInput:
    wrong = refused([{**error, "loc": ("body", ITEMS, index, *error["loc"])} for error in item.errors])
    problems: Sequence[FieldProblem] = wrong.problems if isinstance(wrong, BadInput) else ()
    return BadInput(problems)


def _report(mode: BatchMode, entries: Sequence[Entry]) -> bytes:
    done = sum(entry["problem"] is None for entry in entries)
    return orjson.dumps({"mode": mode, "done": done, "refused": len(entries) - done, "items": entries})


def _response(body: bytes, status: int, *, replayed: bool) -> Response:
    return Response(body, status, {"idempotent-replay": "true"} if replayed else {}, JSON)
