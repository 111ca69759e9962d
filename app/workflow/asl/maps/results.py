"""What becomes of the results of a map run: the result of its state, or files and a manifest of them.

Source: developer guide, "ResultWriter (Map)".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

import msgspec

from ...kernel.errors import DATA_LIMIT, StepError
from ...objects import ObjectError, ObjectStore
from ..context import Surroundings, instant
from ..states import LARGEST

RESULT_WRITER_FAILED: Final = "States.ResultWriterFailed"
LARGEST_FILE: Final = 5 * 1024**3
"""Bytes of a file beyond which another one is begun."""
FILES: Final = ("FAILED", "PENDING", "SUCCEEDED")
"""The kinds of files, in the order of the manifest."""

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder().decode


class Child(NamedTuple):
    """One execution of a map run; texts of JSON, and instants in milliseconds. ``status`` is AWS's.

    PENDING is the status of one that was never started.
    """

    name: str
    status: str
    input: str
    output: str | None = None
    error: str = ""
    cause: str = ""
    started: int | None = None
    stopped: int | None = None
    redrives: int = 0

    @property
    def file(self) -> str:
        """Give the kind of file it is written to."""
        return self.status if self.status in FILES else "FAILED"


class Writer(msgspec.Struct, frozen=True, array_like=True):
    """Where results go, nowhere without a ``bucket``; ``shape`` is the Transformation, ``kind`` the OutputType."""

    bucket: str = ""
    prefix: str = ""
    shape: str = "NONE"
    kind: str = "JSON"

    def folder(self, run: str) -> str:
        """Give the prefix of the files of a run."""
        prefix = self.prefix.rstrip("/")
        return f"{prefix}/{run}/" if prefix else f"{run}/"


class MapRun(NamedTuple):
    """What a map run is called; ``machine`` is that of its executions, ``<machine>/<label>``."""

    machine: str
    id: str
    around: Surroundings

    @property
    def arn(self) -> str:
        """Give the ARN."""
        around = self.around
        return f"arn:aws:states:{around.region}:{around.account}:mapRun:{self.machine}:{self.id}"


def shown(run: MapRun, child: Child) -> dict[str, Any]:
    """Give an execution with its metadata, as the transformation NONE does."""
    output = {} if child.output is None else {"Output": child.output, "OutputDetails": {"Included": True}}
    told: dict[str, Any] = {
        **_filled(Cause=child.cause, Error=child.error),
        "ExecutionArn": run.around.execution(run.machine, child.name),
        "Input": child.input,
        "InputDetails": {"Included": True},
        "Name": child.name,
        **output,
        **_redrive(child),
        **_instants(StartDate=child.started),
        "StateMachineArn": run.around.machine(run.machine),
        "Status": child.status,
        **_instants(StopDate=child.stopped),
    }
    return told


def _filled(**texts: str) -> dict[str, str]:
    return {name: text for name, text in texts.items() if text}


def _instants(**instants: int | None) -> dict[str, str]:
    return {name: instant(at) for name, at in instants.items() if at is not None}


def _redrive(child: Child) -> dict[str, Any]:
    if child.status == "PENDING":
        return {}
    count = {"RedriveCount": child.redrives}
    if child.status != "SUCCEEDED":
        return {**count, "RedriveStatus": "REDRIVABLE"}
    reason = "Execution is SUCCEEDED and cannot be redriven"
    return {**count, "RedriveStatus": "NOT_REDRIVABLE", "RedriveStatusReason": reason}


def shaped(run: MapRun, shape: str, child: Child) -> Iterator[bytes]:
    """Give the texts of what stands for an execution; one that has not succeeded always comes with its metadata."""
    if shape == "NONE" or child.output is None:
        yield _encode(shown(run, child))
        return
    result = _decode(child.output) if shape == "FLATTEN" else None
    if isinstance(result, list):
        yield from map(_encode, result)
    else:
        yield child.output.encode()


def collected(run: MapRun, writer: Writer, children: Iterable[Child]) -> Any:
    """Give the result of a state that writes nothing: a list, or the text of lines when these are asked for.

    Raises StepError for more than a state may have.
    """
    found: list[bytes] = []
    size = 2
    for child in children:
        for text in shaped(run, writer.shape, child):
            found.append(text)
            size += len(text) + 1
            if size > LARGEST + 1:
                raise StepError(
                    DATA_LIMIT,
                    "The state/task 'mapRun' returned a result with a size exceeding the maximum number of bytes "
                    "service limit.",
                )
    if writer.kind == "JSONL":
        return b"\n".join(found).decode()
    return [_decode(text) for text in found]


def write(
    store: ObjectStore, run: MapRun, writer: Writer, children: Callable[[str], Iterable[Child]], largest: int
) -> dict[str, Any]:
    """Write the files and the manifest; give the result of the state. A second time the same files are written.

    ``children`` gives the executions of one kind of file. Raises StepError.
    """
    folder = writer.folder(run.id)
    try:
        files = {kind: _files(store, run, writer, children(kind), folder + kind, largest) for kind in FILES}
        manifest = {"DestinationBucket": writer.bucket, "MapRunArn": run.arn, "ResultFiles": files}
        key = f"{folder}manifest.json"
        store.put(writer.bucket, key, [_encode(manifest)])
    except ObjectError as error:
        raise StepError(RESULT_WRITER_FAILED, f"{error}") from error
    return {"MapRunArn": run.arn, "ResultWriterDetails": {"Bucket": writer.bucket, "Key": key}}


def _files(
    store: ObjectStore, run: MapRun, writer: Writer, children: Iterable[Child], name: str, largest: int
) -> list[dict[str, Any]]:
    shape = writer.shape
    texts = _Texts(text for child in children for text in shaped(run, shape, child))
    files: list[dict[str, Any]] = []
    while not texts.over:
        key = f"{name}_{len(files)}.{writer.kind.lower()}"
        pieces = texts.lines(largest) if writer.kind == "JSONL" else texts.array(largest)
        files.append({"Key": key, "Size": store.put(writer.bucket, key, pieces)})
    return files


class _Texts:
    """Texts of which the next is known."""

    def __init__(self, texts: Iterator[bytes]) -> None:
        self._texts = texts
        self._next = next(texts, None)

    @property
    def over(self) -> bool:
        return self._next is None

    def _some(self, largest: int) -> Iterator[bytes]:
        """Give texts until a file is full; at least one."""
        size = 0
        while self._next is not None and (not size or size + len(self._next) < largest):
            text, self._next = self._next, next(self._texts, None)
            size += len(text) + 1
            yield text

    def array(self, largest: int) -> Iterator[bytes]:
        sign = b"["
        for text in self._some(largest):
            yield sign + text
            sign = b","
        yield b"]"

    def lines(self, largest: int) -> Iterator[bytes]:
        for text in self._some(largest):
            yield text + b"\n"
