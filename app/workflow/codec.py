"""How executions are written down: a row of history for each commit, and the checkpoint that lets one row resume.

Values that may be large stand in a row of history once: events that share one refer to it. A checkpoint refers to rows
of history for them instead of repeating them. Everything is JSON text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

import msgspec

from .kernel.events import PAYLOADS, AnyEvent, Event
from .kernel.frames import Frame
from .kernel.stimuli import AnyStimulus, Stimulus

SCHEMA: Final = 1
"""The version of what is written; raised, with an upcaster, when an event or the frame changes its fields."""
SMALL: Final = 1_024
"""Bytes up to which a value is repeated rather than referred to."""
PLAIN_ROW: Final = 4_096
"""Bytes up to which a row is written without looking for values that occur twice."""

Upcaster = Callable[[list[Any]], list[Any]]
EVENT_UPCASTERS: Final[Mapping[int, Upcaster]] = {}
"""By schema: makes of an event, as the list it is stored as, the event of the next schema."""
FRAME_UPCASTERS: Final[Mapping[int, Upcaster]] = {}
"""By schema: the same for a frame."""

_encode: Final = msgspec.json.Encoder().encode
_decode_events: Final = msgspec.json.Decoder(tuple[int, list[AnyEvent]])
_Reference = tuple[list[Any], int, int]
"""A place in the frame, and the version and the index of the value that belongs there."""


class _Written(msgspec.Struct, frozen=True, array_like=True):
    """A checkpoint as it is written."""

    schema: int
    frame: Frame
    references: list[_Reference] = []


_decode_checkpoint: Final = msgspec.json.Decoder(_Written)
_decode_stimulus: Final = msgspec.json.Decoder(AnyStimulus)


class UnreadableError(ValueError):
    """What is stored was written by a newer version, or is damaged."""


def pack_stimulus(stimulus: Stimulus) -> str:
    """Give the text of a stimulus, for a row of the inbox."""
    return _encode(stimulus).decode()


def unpack_stimulus(text: str) -> Stimulus:
    """Read what ``pack_stimulus`` wrote."""
    stimulus: Stimulus = _decode_stimulus.decode(text)
    return stimulus


class Homes(dict[int, tuple[Any, int, int]]):
    """Where large values of a live execution stand: (the value, version, index) by the value's identity.

    The value is held, so that its identity cannot become another's.
    """


class Packed(msgspec.Struct, frozen=True):
    """One commit, written down; ``homes`` belongs to the frame from now on."""

    history: str
    checkpoint: str
    homes: Homes


def pack(frame: Frame, events: Sequence[Event], version: int, homes: Homes) -> Packed:
    """Write down what a run has come to: its events, and the frame after them. ``version`` is that of the commit."""
    # Where a large value is about, most events hold it: all of it would be written only to see that the row is long.
    row = b"" if homes else _encode((SCHEMA, events))
    if row and len(row) <= PLAIN_ROW:
        return Packed(row.decode(), _encode((SCHEMA, frame)).decode(), homes)
    known = Homes(homes)
    table = _table_of(events, version, known)
    if table:
        row = _encode((SCHEMA, [_referring(event, known, version) for event in events], table))
    lean, references, used = _lean(frame, known) if known else (frame, [], known)
    content = (SCHEMA, lean, references) if references else (SCHEMA, frame)
    return Packed((row or _encode((SCHEMA, events))).decode(), _encode(content).decode(), used)


def unpack_history(text: str) -> list[Event]:
    """Read a row of history, of this schema or an older one. Raises UnreadableError."""
    with suppress(msgspec.DecodeError):
        schema, events = _decode_events.decode(text)
        if schema == SCHEMA:
            return list(events)
    with _reading("history"):
        return list(msgspec.convert(_raw_events(text), list[AnyEvent]))


def unpack_checkpoint(text: str, rows: Callable[[list[int]], Mapping[int, str]]) -> tuple[Frame, Homes]:
    """Read a checkpoint; ``rows`` gives rows of its history by version, for large values. Raises UnreadableError."""
    homes = Homes()
    with _reading("checkpoint"):
        frame, references = _frame(text)
        if references:
            tables = {version: _table(row) for version, row in rows(sorted({r[1] for r in references})).items()}
            for place, version, index in references:
                if version not in tables:
                    raise UnreadableError(f"the checkpoint refers to version {version}, which is not there")
                value = tables[version][index]
                _put(frame, place, value)
                homes[id(value)] = (value, version, index)
    return frame, homes


@contextmanager
def _reading(what: str) -> Iterator[None]:
    """Say of what has not the expected shape that it is unreadable."""
    try:
        yield
    except (msgspec.DecodeError, LookupError, TypeError) as error:
        raise UnreadableError(f"the {what} is damaged: {error}") from error


def _frame(text: str) -> tuple[Frame, list[_Reference]]:
    with suppress(msgspec.DecodeError):
        written = _decode_checkpoint.decode(text)
        if written.schema == SCHEMA:
            return written.frame, written.references
    content = _content(text, "checkpoint")
    raw = content[1]
    for schema in range(content[0], SCHEMA):
        raw = FRAME_UPCASTERS[schema](raw)
    # Not strict: the keys of objects, numbers of branches among them, are texts in JSON.
    frame = msgspec.convert(raw, Frame, strict=False)
    return frame, msgspec.convert(content[2] if len(content) > 2 else [], list[_Reference])


def _table_of(events: Sequence[Event], version: int, known: Homes) -> list[msgspec.Raw]:
    """Give the large values of the events, each once, and make where they stand known."""
    table: list[msgspec.Raw] = []
    seen: set[int] = set()
    for event in events:
        field = PAYLOADS.get(type(event))
        value = None if field is None else getattr(event, field)
        if id(value) in seen:
            continue
        seen.add(id(value))
        encoded = _large(value)
        if encoded:
            known[id(value)] = (value, version, len(table))
            table.append(msgspec.Raw(encoded))
    return table


def _referring(event: Event, known: Homes, version: int) -> Event:
    """Give the event with the place of its value in the table of this row, or with the value in a list of its own."""
    field = PAYLOADS.get(type(event))
    if field is None:
        return event
    value = getattr(event, field)
    home = known.get(id(value))
    written = home[2] if home is not None and home[1] == version else [value]
    return msgspec.structs.replace(event, **{field: written})


def _large(value: Any) -> bytes:
    """Give the text of a value that is worth a reference, nothing for any other."""
    encoded = _encode(value) if isinstance(value, (dict, list, str)) else b""
    return encoded if len(encoded) > SMALL else b""


def _raw_events(text: str) -> list[Any]:
    content = _content(text, "history")
    events: list[Any] = content[1]
    if len(content) > 2:
        table = content[2]
        events = [_filled(event, table) for event in events]
    for schema in range(content[0], SCHEMA):
        events = [EVENT_UPCASTERS[schema](event) for event in events]
    return events


def _filled(event: list[Any], table: list[Any]) -> list[Any]:
    place = _PLACES.get(event[0])
    if place is None:
        return event
    held = event[place]
    return [*event[:place], table[held] if isinstance(held, int) else held[0], *event[place + 1 :]]


def _table(text: str) -> list[Any]:
    content = _content(text, "history")
    return content[2] if len(content) > 2 else []


def _content(text: str, what: str) -> list[Any]:
    content = msgspec.json.decode(text, type=list[Any])
    if not content or not isinstance(content[0], int) or not 1 <= content[0] <= SCHEMA:
        raise UnreadableError(f"the {what} was written by a newer version: schema {content[:1]}, known is {SCHEMA}")
    return content


_PLACES: Final = {kind.__name__: 1 + kind.__struct_fields__.index(field) for kind, field in PAYLOADS.items()}


def _lean(frame: Frame, known: Homes) -> tuple[Frame, list[tuple[list[Any], int, int]], Homes]:
    """Give the frame with references for what stands in rows of history: places, and which of ``known`` are used."""
    references: list[tuple[list[Any], int, int]] = []
    used = Homes()

    def refer(value: Any, *place: Any) -> bool:
        home = known.get(id(value))
        if home is None:
            return False
        references.append((list(place), home[1], home[2]))
        used[id(value)] = home
        return True

    lean = msgspec.structs.replace(frame, branches=dict(frame.branches))
    if refer(frame.input, "input"):
        lean.input = None
    if refer(frame.output, "output"):
        lean.output = None
    for number, branch in frame.branches.items():
        lean.branches[number] = _lean_branch(branch, refer)
    lean.done = [_without(undo, "argument", refer, "done", place) for place, undo in enumerate(frame.done)]
    lean.kept = {number: _without(kept, "data", refer, "kept", number) for number, kept in frame.kept.items()}
    return lean, references, used


def _lean_branch(branch: Any, refer: Callable[..., bool]) -> Any:
    lean = _without(branch, "data", refer, "data", branch.id)
    for field, place in (("wait", "argument"), ("undo", "undo")):
        held = getattr(branch, field)
        rest = _without(held, "argument", refer, place, branch.id)
        if rest is not held:
            lean = msgspec.structs.replace(lean, **{field: rest})
    if branch.results:
        results = [None if refer(v, "results", branch.id, index) else v for index, v in enumerate(branch.results)]
        lean = msgspec.structs.replace(lean, results=results)
    return lean


def _without(held: Any, field: str, refer: Callable[..., bool], *place: Any) -> Any:
    """Give what is held without the value of the field when that is referred to, else as it is."""
    if held is None or not refer(getattr(held, field), *place):
        return held
    return msgspec.structs.replace(held, **{field: None})


def _put(frame: Frame, place: list[Any], value: Any) -> None:
    match place:
        case ["input"]:
            frame.input = value
        case ["output"]:
            frame.output = value
        case ["data", number]:
            frame.branches[number].data = value
        case ["argument", number]:
            wait = frame.branches[number].wait
            if wait is not None:
                wait.argument = value
        case ["undo", number]:
            undo = frame.branches[number].undo
            if undo is not None:
                frame.branches[number].undo = msgspec.structs.replace(undo, argument=value)
        case ["results", number, index]:
            results = frame.branches[number].results
            if results is not None:
                results[index] = value
        case ["done", index]:
            frame.done[index] = msgspec.structs.replace(frame.done[index], argument=value)
        case ["kept", number]:
            frame.kept[number] = msgspec.structs.replace(frame.kept[number], data=value)
        case _:
            raise UnreadableError(f"the checkpoint refers from an unknown place: {place}")
