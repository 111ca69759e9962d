"""Distributed Maps for tests: small machines, and engines that run them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from app.workflow.asl.compile import compile_machine
from app.workflow.asl.context import Surroundings
from app.workflow.kernel.graph import Definition
from app.workflow.maps import map_runs, serve
from app.workflow.objects import ObjectStores
from app.workflow.objects.memory import MemoryStores
from app.workflow.runtime.clock import Clock, SystemClock
from app.workflow.runtime.engine import Engine
from app.workflow.runtime.store import Store

AROUND: Final = Surroundings()
WORK: Final = {"Type": "Task", "Resource": "work", "End": True}
READER: Final = {
    "Resource": "arn:aws:states:::s3:getObject",
    "ReaderConfig": {"InputType": "JSONL"},
    "Parameters": {"Bucket": "data", "Key": "items.jsonl"},
}
WRITER: Final = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "out", "Prefix": "jobs"}}


def distributed(state: Mapping[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """Give a distributed Map whose items are worked on by one state, a Task ``work`` if none is given."""
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    flow = {"ProcessorConfig": config, "StartAt": "W", "States": {"W": dict(state or WORK)}}
    return {"Type": "Map", "Label": "each", "ItemProcessor": flow, "End": True, **fields}


def machine(name: str = "m", **fields: Any) -> Definition:
    """Give a machine of one distributed Map, ``M``."""
    return compile_machine({"StartAt": "M", "States": {"M": distributed(**fields)}}, name)


def engine_of(
    store: Store, *definitions: Definition, objects: ObjectStores | None = None, clock: Clock | None = None, **more: Any
) -> Engine:
    """Give an engine that runs map runs."""
    engine = Engine(store, clock=clock or SystemClock(), nested=map_runs(AROUND), **more)
    serve(engine, objects or MemoryStores(), AROUND)
    for definition in definitions:
        engine.register(definition)
    return engine
