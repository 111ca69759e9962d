"""How instances are written down: an entry of the log for each step, and snapshots, as JSON text.

An entry says what came of a step, not what asked for it: reading it again asks no guard and runs no task.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from ..codec import UnreadableError
from ..kernel.events import AnyEvent
from ..kernel.frames import Branch, Frame, Undo
from ..kernel.status import Status

SCHEMA: Final = 1
"""The version of what is written here; raised, with an upcaster, when ``Entry`` or ``Snapshot`` changes."""
Upcaster = Callable[[list[Any]], list[Any]]
ENTRY_UPCASTERS: Final[Mapping[int, Upcaster]] = {}
"""By schema: makes of an entry, as the list it is stored as, the entry of the next schema."""
SNAPSHOT_UPCASTERS: Final[Mapping[int, Upcaster]] = {}
"""By schema: the same for a snapshot."""


def _same(model: Any) -> Any:
    return model


class Upgrade(NamedTuple):
    """What makes of a version of a machine the next: states that have new names, and a function of a model.

    Branches that still run are upgraded like the instance; what a branch has given as its output stays as it was.
    """

    states: Mapping[str, str] = MappingProxyType({})
    model: Callable[[Any], Any] = _same


class _Ages:
    """The upgrades from the version that was found to the one that is wanted."""

    def __init__(self, found: int, wanted: int, upgrades: Mapping[int, Upgrade]) -> None:
        if found > wanted:
            raise UnreadableError(f"written by a newer machine: version {found}, known is {wanted}")
        self._upgrades = [upgrades[version] for version in range(found, wanted)]

    def state(self, name: str) -> str:
        for upgrade in self._upgrades:
            name = upgrade.states.get(name, name)
        return name

    def model(self, model: Any) -> Any:
        for upgrade in self._upgrades:
            model = upgrade.model(model)
        return model

    def done(self, done: list[Undo]) -> list[Undo]:
        return [msgspec.structs.replace(undo, state=self.state(undo.state)) for undo in done]

    def branch(self, branch: Branch) -> Branch:
        return msgspec.structs.replace(branch, state=self.state(branch.state), data=self.model(branch.data))

    def rest(self, rest: Rest | None) -> Rest | None:
        if rest is None:
            return None
        frame = rest.frame
        if frame is not None:
            branches = {number: self.branch(branch) for number, branch in frame.branches.items()}
            frame = msgspec.structs.replace(frame, branches=branches, done=self.done(frame.done))
        return msgspec.structs.replace(rest, done=self.done(rest.done), frame=frame)


class Rest(msgspec.Struct, array_like=True):
    """What an instance holds beyond its state and model: most hold none of it.

    ``done`` are the steps to undo, oldest first. ``not_undone`` are (state, error, cause) of those that could not be.
    ``frame`` is there while the kernel has work under way: branches, sleeps, time limits.
    """

    status: Status = Status.WAITING
    done: list[Undo] = []
    pivot: bool = False
    error: str = ""
    cause: str = ""
    not_undone: list[tuple[str, str, str]] = []
    frame: Frame | None = None


class Result(msgspec.Struct, array_like=True, frozen=True):
    """What a step has made of the model and the rest."""

    model: Any
    rest: Rest | None = None


class Entry(msgspec.Struct, array_like=True, frozen=True):
    """One step: ``version`` is what the instance came to by it, ``state`` where it is since.

    Without a ``result`` model and rest are as before. ``events`` are the kernel's, where it was asked.
    """

    version: int
    at: int
    event: str
    state: str
    key: str | None = None
    result: Result | None = None
    events: list[AnyEvent] = []


class Snapshot(msgspec.Struct, array_like=True, frozen=True):
    """All of an instance; ``keys`` are the idempotency keys it remembers, oldest first."""

    version: int
    state: str
    model: Any
    rest: Rest | None = None
    keys: list[str] = []


_W = TypeVar("_W", Entry, Snapshot)
_encode: Final = msgspec.json.Encoder().encode


def write(written: Entry | Snapshot, model: int) -> str:
    """Give the text; ``model`` is the version of the machine's states and models. Raises TypeError for no JSON."""
    return _encode((SCHEMA, model, written)).decode()


def read_entry(text: str, model: int, upgrades: Mapping[int, Upgrade]) -> Entry:
    """Read an entry of this schema or an older one. Raises UnreadableError."""
    found, entry = _read(text, Entry, ENTRY_UPCASTERS)
    if found == model:
        return entry
    ages, result = _Ages(found, model, upgrades), entry.result
    if result is not None:
        result = Result(ages.model(result.model), ages.rest(result.rest))
    return msgspec.structs.replace(entry, state=ages.state(entry.state), result=result)


def read_snapshot(text: str, model: int, upgrades: Mapping[int, Upgrade]) -> Snapshot:
    """Read a snapshot of this schema or an older one. Raises UnreadableError."""
    found, snapshot = _read(text, Snapshot, SNAPSHOT_UPCASTERS)
    if found == model:
        return snapshot
    ages = _Ages(found, model, upgrades)
    return msgspec.structs.replace(
        snapshot, state=ages.state(snapshot.state), model=ages.model(snapshot.model), rest=ages.rest(snapshot.rest)
    )


def _read(text: str, kind: type[_W], upcasters: Mapping[int, Upcaster]) -> tuple[int, _W]:
    try:
        schema, model, raw = msgspec.json.decode(text, type=tuple[int, int, list[Any]])
        if not 1 <= schema <= SCHEMA:
            raise UnreadableError(f"written by a newer version: schema {schema}, known is {SCHEMA}")
        for old in range(schema, SCHEMA):
            raw = upcasters[old](raw)
        # Not strict: the keys of objects, numbers of branches among them, are texts in JSON.
        return model, msgspec.convert(raw, kind, strict=False)
    except msgspec.DecodeError as error:
        raise UnreadableError(f"damaged: {error}") from error


def twin(frame: Frame) -> Frame:
    """Give a frame that can be changed without changing this one; the values of the definition are shared."""
    branches = {
        number: msgspec.structs.replace(
            branch,
            wait=None if branch.wait is None else msgspec.structs.replace(branch.wait),
            results=None if branch.results is None else list(branch.results),
        )
        for number, branch in frame.branches.items()
    }
    return msgspec.structs.replace(
        frame,
        branches=branches,
        done=list(frame.done),
        kept=dict(frame.kept),
        seen=dict(frame.seen),
        lapsed=list(frame.lapsed),
    )
