"""Executions that another one starts by the page: begun, stopped and redriven by the commits in which that is decided.

The key of a member comes from the number it has, so that whoever decides again means the same member.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import islice
from typing import Any, Final

import msgspec

from ..codec import pack_stimulus
from ..kernel import events as e
from ..kernel import stimuli as s
from ..kernel.frames import Crowd
from .live import Live, StepKey
from .store import Key, Letter, NewExecution

MEMBER: Final = "member"
"""What stands in the place of a resource in what the parent of a member is called."""
_STOPPING: Final = frozenset({e.CrowdTurned, e.ExecutionAborted, e.ExecutionTimedOut, e.ExecutionFailed})

_encode: Final = msgspec.json.Encoder().encode


def member_of(run: Key, number: int) -> Key:
    """Give the key of a member."""
    return Key(run.namespace, f"{run.id}.{number}")


def look(live: Live, events: list[e.Event], now: int, starts: list[NewExecution], posts: list[Letter]) -> None:
    """Add the members to start and the letters to send to members with a commit."""
    crowd = live.frame.crowd
    assert crowd is not None  # noqa: S101 - asked of crowds alone
    numbers = iter(range(_begun_before(crowd, events), crowd.begun))
    for event in events:
        if type(event) is e.MembersStarted:
            starts += _started(live, crowd, event, islice(numbers, event.count), now)
        else:
            posts += _letters(live, crowd, event)


def _letters(live: Live, crowd: Crowd, event: e.Event) -> Iterator[Letter]:
    if type(event) is e.MembersRedriven:
        yield from (_redriven(live, number) for number in event.numbers)
    elif type(event) in _STOPPING and _stops(event):
        yield from _stopped(live, crowd)


def _stops(event: e.Event) -> bool:
    """Tell whether an event ends what is open: the end of the run itself, or its turn to be stopped."""
    return not isinstance(event, e.CrowdTurned) or event.phase == "stop"


def told(live: Live, step: StepKey) -> Letter:
    """Tell a crowd of the end of a member, whose number stands in the place of an attempt."""
    frame = live.frame
    ended = s.MemberEnded(step.branch, step.attempt, frame.status.value)
    return Letter(step.key, f"{live.key.id}/ended {frame.redrives}", pack_stimulus(ended))


def _begun_before(crowd: Crowd, events: list[e.Event]) -> int:
    return crowd.begun - sum(event.count for event in events if type(event) is e.MembersStarted)


def _started(
    live: Live, crowd: Crowd, event: e.MembersStarted, numbers: Iterable[int], now: int
) -> Iterator[NewExecution]:
    """Give the members that start. No page follows another within one commit: it has to be asked for in between."""
    branch = live.frame.branches[event.branch]
    machine: str = live.definition.states[branch.state].members  # type: ignore[attr-defined]
    inputs: list[Any] = branch.data["Inputs"]
    for number in numbers:
        yield NewExecution(
            member_of(live.key, number),
            machine,
            live.definition.edition,
            _encode(inputs[number - crowd.first]).decode(),
            now,
            _seed(live.frame.seed, number),
            principal=live.principal,
            parent=f"{live.key.id}/{event.branch}/0/{number}/{MEMBER}",
        )


def _seed(seed: str, number: int) -> str:
    return blake2b(f"{number}".encode(), key=seed.encode()[:64], digest_size=16, person=b"member").hexdigest()


def _redriven(live: Live, number: int) -> Letter:
    key = member_of(live.key, number)
    return Letter(key, f"{key.id}/redriven {live.frame.redrives}", pack_stimulus(s.Redrive()))


def _stopped(live: Live, crowd: Crowd) -> Iterator[Letter]:
    for number in crowd.open:
        key = member_of(live.key, number)
        yield Letter(key, f"{key.id}/given up {live.frame.redrives}", pack_stimulus(s.Stop(given_up=True)))
