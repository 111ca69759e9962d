"""What happened: the change feed and the audit."""

from typing import Annotated

from fastapi import Path, Query, Response

from app.api.listing import ListRun, provide_list
from app.api.provide import Run, provide
from app.api.route import PROBLEM_JSON, gives, router
from app.api.schemas.journal import ChangesOut
from app.api.schemas.shared import LARGEST_ID, PathId
from app.usecases.journal import ChangesAfter, ListAudit, ListObjectAudit, ReadChanges

MOST = 1000
routes = router("journal")
After = Annotated[int, Query(ge=0, le=LARGEST_ID, description="The `next` of the last answer; 0: from the beginning")]
Limit = Annotated[int, Query(ge=1, le=MOST, description="Most items")]
OfKind = Annotated[
    str | None,
    Query(min_length=1, max_length=50, pattern="^[a-z-]+$", description="Only objects of one kind: `orders`"),
]
Kind = Annotated[str, Path(max_length=50, pattern="^[a-z-]+$", description="What the object is, as in its path")]
_FEED = gives(ChangesOut)
_GONE = {
    "description": "The feed no longer goes back that far; `facts.first` is the first sequence still there",
    "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


@routes.get("/changes", **{**_FEED, "responses": {**_FEED["responses"], 410: _GONE}})
def read_changes(
    run: Annotated[Run, provide(ReadChanges)], after: After = 0, limit: Limit = 200, kind: OfKind = None
) -> Response:
    """Show what changed behind a sequence, oldest first.

    Sequences are given after the commit, within about a second: whoever goes on from `next` misses nothing and sees
    nothing twice.
    """
    return run(build=lambda: ChangesAfter(after=after, limit=limit, kind=kind), present=ChangesOut.of)


@routes.get("/audit")
def list_audit(run: Annotated[ListRun, provide_list(ListAudit)]) -> Response:
    """List who did what, when and from where, with before and after; newest first, the latest second may be missing."""
    return run()


@routes.get("/{kind}/{object_id}/audit")
def list_object_audit(
    kind: Kind, object_id: PathId, run: Annotated[ListRun, provide_list(ListObjectAudit)]
) -> Response:
    """List who did what to one object, newest first; also to one that was deleted."""
    return run.within(kind=kind, object_id=object_id)()
