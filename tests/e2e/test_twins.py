"""Every route that posts, generated from the routes: done once however often and closely it is sent."""

from __future__ import annotations

from typing import Any, Final

import pytest

from app.api.route import Endpoint
from app.api.switchboard import endpoints
from app.api.uploads import UploadProvided
from tests.support.api import described
from tests.support.databases import statements, tracing
from tests.support.office import ON_SQLITE, Office, Reply, together
from tests.support.posts import POSTS, post
from tests.support.rows import company_rows

pytestmark = pytest.mark.fast

ROUTES: Final = endpoints(described())
KEYED: Final = {one.name: one for one in ROUTES if one.verb == "POST" and one.entry is not None and one.entry.keyed}


def _takes_file(endpoint: Endpoint) -> bool:
    return isinstance(endpoint.entry, UploadProvided)


def test_every_route_that_posts_is_tried() -> None:
    """ERP-13: a new one needs a good request in ``tests/support/posts.py``."""
    assert KEYED.keys() == POSTS.keys()


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql", "mariadb"], indirect=True)
@pytest.mark.parametrize("name", KEYED)
def test_twins_at_a_barrier_have_one_effect_and_one_answer(office: Office, name: str) -> None:
    """Design 4: three at once under one key, on each database; a fourth later; then another body is refused."""
    sent = POSTS[name](office)
    replies = together(3, lambda _: post(office, sent.path, sent.body, **sent.headers, idempotency_key="twin"))
    assert {reply.status for reply in replies} <= {200, 201}, [reply.body for reply in replies]
    after = company_rows(office)
    replies.append(post(office, sent.path, sent.body, **sent.headers, idempotency_key="twin"))
    assert all(_same(reply, replies[0]) for reply in replies)
    assert sum("idempotent-replay" in reply.headers for reply in replies) == 3
    if sent.other is not None:
        other = post(office, sent.path, sent.other, **sent.headers, idempotency_key="twin")
        assert other.refusal == (422, "idempotency.key_reused")
    assert company_rows(office) == after


def _same(one: Reply, other: Reply) -> bool:
    named = ("etag", "location", "content-type")
    return (one.status, one.body, *map(one.headers.get, named)) == (
        other.status,
        other.body,
        *map(other.headers.get, named),
    )


@pytest.mark.parametrize("name", [name for name, one in KEYED.items() if one.body_field or _takes_file(one)])
@ON_SQLITE
def test_after_a_refusal_the_key_serves_the_mended_request(office: Office, name: str) -> None:
    """Design 4: what was refused, in shape or by a rule, is not kept: the same key with a good body does the work."""
    sent = POSTS[name](office)
    wrongs: tuple[Any, ...] = ({"zz": 1}, [], "x")
    for wrong in wrongs:
        refused = post(office, sent.path, wrong, **sent.headers, idempotency_key="mended")
        assert refused.status == (415 if isinstance(sent.body, bytes) else 422)
    made = post(office, sent.path, sent.body, **sent.headers, idempotency_key="mended")
    assert made.status in {200, 201}, made.body
    assert "idempotent-replay" not in made.headers
    again = post(office, sent.path, sent.body, **sent.headers, idempotency_key="mended")
    assert again.headers["idempotent-replay"] == "true"


@pytest.mark.parametrize("name", KEYED)
@ON_SQLITE
def test_a_replay_reads_the_kept_answer_and_does_nothing_else(office: Office, name: str) -> None:
    """Design 7: one statement finds it, whoever's rights are read anew and whatever a file is for aside."""
    sent = POSTS[name](office)
    post(office, sent.path, sent.body, **sent.headers, idempotency_key="again")
    with tracing(office.served.container.database) as traces:
        reply = post(office, sent.path, sent.body, **sent.headers, idempotency_key="again")
    assert reply.headers["idempotent-replay"] == "true"
    *before, kept = statements(traces)
    assert kept == "select answers"
    if isinstance(sent.body, bytes):
        assert len(before) == 1, "that there is something to attach a file to"
    else:
        assert before in ([], ["select standing", "select rights held"])
