"""Who started an execution, as the engine keeps it."""

from __future__ import annotations

import pytest

from app.domain.processes import RevisionNumber
from app.domain.shared.ids import AwsCredentialId, UserId
from app.infrastructure.processes import principals
from app.usecases.ports.workflows import NewExecution
from app.usecases.processes import Starter

pytestmark = pytest.mark.fast


def started(trace: str = "", alias: str = "") -> NewExecution:
    return NewExecution(
        machine="m",
        revision=RevisionNumber(1),
        name=None,
        input="{}",
        actor=UserId(7),
        aws_credential=AwsCredentialId(9),
        alias=alias,
        published=3,
        trace=trace,
    )


def test_who_started_an_execution_is_read_back() -> None:
    """ORC-08: a step acts for the user and the key that started its execution."""
    written = principals.written(started(trace="Root=1-a", alias="live"))
    assert principals.read(written) == {
        "user": 7,
        "credential": 9,
        "alias": "live",
        "version": 3,
        "trace": "Root=1-a",
    }
    assert principals.starter(written) == Starter(user=UserId(7), aws_credential=AwsCredentialId(9))


def test_a_trace_that_does_not_fit_is_left_out_and_nothing_else() -> None:
    untraced = principals.written(started())
    room = principals.LONGEST - len(untraced) - len(',"trace":""')
    assert len(principals.written(started(trace="x" * room))) == principals.LONGEST
    assert principals.written(started(trace="x" * (room + 1))) == untraced


def test_a_child_is_started_for_whom_its_parent_is_but_by_its_own_version() -> None:
    parent = principals.written(started(trace="Root=1-a", alias="live"))
    child = principals.inherited(parent, alias="", version=12)
    assert principals.read(child) == {"user": 7, "credential": 9, "version": 12}
    assert principals.starter(child) == principals.starter(parent)


@pytest.mark.parametrize("foreign", ["", "somebody else's"])
def test_nothing_is_read_from_what_is_none_of_ours(foreign: str) -> None:
    assert principals.read(foreign) == {}
    assert principals.starter(foreign) == Starter(user=UserId(0))
