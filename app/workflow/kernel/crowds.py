"""How the members of a crowd are kept account of: the part of ``fold`` that their events have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from . import events as e
from .frames import Crowd, Frame, Wait

CHILDREN: Final = "children"
"""The kind of wait of a branch that only its members give work."""


def _crowd(frame: Frame) -> Crowd:
    crowd = frame.crowd
    assert crowd is not None  # noqa: S101 - events of members are decided for crowds alone
    return crowd


def _waiting(frame: Frame, branch: int) -> None:
    """Wait for members, unless there is a task that is waited for."""
    held = frame.branches[branch]
    if held.wait is None:
        held.wait = Wait(CHILDREN)


def _started(frame: Frame, event: e.CrowdStarted) -> None:
    frame.crowd = Crowd()
    _waiting(frame, event.branch)


def _page(frame: Frame, event: e.PageTaken) -> None:
    crowd = _crowd(frame)
    frame.branches[event.branch].data = event.page
    crowd.first = crowd.begun
    crowd.total += sum(event.page["Items"])
    crowd.over = event.page["Cursor"] is None
    _waiting(frame, event.branch)


def _members(frame: Frame, event: e.MembersStarted) -> None:
    crowd = _crowd(frame)
    items = frame.branches[event.branch].data["Items"]
    for number in range(crowd.begun, crowd.begun + event.count):
        crowd.open[number] = items[number - crowd.first]
    crowd.begun += event.count
    _waiting(frame, event.branch)


def _ended(frame: Frame, event: e.MemberEnded) -> int:
    crowd = _crowd(frame)
    items = crowd.open.pop(event.number)
    crowd.members.count(event.status, 1)
    crowd.items.count(event.status, items)
    return event.branch


def _found(frame: Frame, event: e.MembersFound) -> None:
    crowd = _crowd(frame)
    crowd.marker = event.marker
    crowd.found += event.found
    _waiting(frame, event.branch)


def _redriven(frame: Frame, event: e.MembersRedriven) -> None:
    crowd = _crowd(frame)
    count = len(event.numbers)
    for number, items, status in crowd.found[:count]:
        crowd.members.count(status, -1)
        crowd.items.count(status, -items)
        crowd.open[number] = items
    del crowd.found[:count]
    _waiting(frame, event.branch)


def _turned(frame: Frame, event: e.CrowdTurned) -> None:
    crowd = _crowd(frame)
    crowd.phase = event.phase
    if event.phase == "again":
        crowd.error, crowd.marker, crowd.found, crowd.written = None, 0, [], False
    elif event.error:
        crowd.error = (event.error, event.cause)
    _waiting(frame, event.branch)


def _adjusted(frame: Frame, event: e.CrowdAdjusted) -> int:
    crowd = _crowd(frame)
    at_once, count, percentage = crowd.adjusted
    crowd.adjusted = (
        at_once if event.at_once is None else event.at_once,
        count if event.count is None else event.count,
        percentage if event.percentage is None else event.percentage,
    )
    return event.branch


def _written(frame: Frame, event: e.ResultsWritten) -> int:
    _crowd(frame).written = True
    return event.branch


CROWD_FOLDERS: Final[dict[type[e.Event], Callable[[Frame, Any], int | None]]] = {
    e.CrowdStarted: _started,
    e.PageTaken: _page,
    e.MembersStarted: _members,
    e.MemberEnded: _ended,
    e.MembersFound: _found,
    e.MembersRedriven: _redriven,
    e.CrowdTurned: _turned,
    e.CrowdAdjusted: _adjusted,
    e.ResultsWritten: _written,
}
