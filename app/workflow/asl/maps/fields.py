"""Reads the fields of a distributed Map: where items come from, how they go together, where results go."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from ...kernel.errors import RUNTIME
from ...kernel.graph import Visit
from ..context import failed
from ..query import InvalidDefinitionError, Language, Raw
from .batches import Limits
from .datasets import Source
from .delimited import DELIMITERS
from .results import Writer
from .state import Fields

SHAPES: Final = ("NONE", "COMPACT", "FLATTEN")
OUTPUTS: Final = ("JSON", "JSONL")
_LABEL: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")


def label_of(name: str, raw: Raw) -> str:
    """Give the Label of a Map, else its own name, or what stands for a name that could be no label."""
    label = raw.get("Label")
    if label is not None:
        return str(label)
    return name if _LABEL.fullmatch(name) else hashlib.sha256(name.encode()).hexdigest()[:32]


def fields_of(language: Language, raw: Raw) -> Fields:
    """Read the fields. Raises InvalidDefinitionError."""
    return Fields(
        _source(language, raw),
        _writer(language, raw),
        _batch(language, raw),
        language.number(raw, "ItemReader/ReaderConfig/MaxItems"),
        language.number(raw, "MaxConcurrency"),
        language.number(raw, "ToleratedFailureCount"),
        language.number(raw, "ToleratedFailurePercentage", whole=False),
    )


def _source(language: Language, raw: Raw) -> Callable[[Visit], Source]:
    reader = raw.get("ItemReader")
    if reader is None:
        return _items(language, raw)
    given = _given(language, raw, "ItemReader")
    listed = str(reader.get("Resource")).endswith(":listObjectsV2")
    fixed = _configured(reader.get("ReaderConfig") or {}, listed=listed)

    def source(visit: Visit) -> Source:
        places = given(visit)
        return msgspec.structs.replace(
            fixed,
            bucket=_text(visit, places, "Bucket"),
            key="" if listed else _text(visit, places, "Key"),
            prefix=_text(visit, places, "Prefix") if "Prefix" in places else "",
        )

    return source


def _configured(config: Raw, *, listed: bool) -> Source:
    """Read ReaderConfig. Raises InvalidDefinitionError."""
    delimiter, kind = config.get("CSVDelimiter", "COMMA"), config.get("InputType", "JSON")
    if delimiter not in DELIMITERS:
        raise InvalidDefinitionError(f"Unknown delimiter '{delimiter}'", "ItemReader/ReaderConfig/CSVDelimiter")
    manifest = config.get("ManifestType", "S3_INVENTORY" if kind == "MANIFEST" else "")
    return Source(
        listed=listed,
        flattened=config.get("Transformation") == "LOAD_AND_FLATTEN",
        kind=kind,
        header=config.get("CSVHeaders") if config.get("CSVHeaderLocation") == "GIVEN" else None,
        delimiter=delimiter,
        pointer=config.get("ItemsPointer", ""),
        manifest="" if listed else manifest,
    )


def _items(language: Language, raw: Raw) -> Callable[[Visit], Source]:
    items = language.items(raw)

    def source(visit: Visit) -> Source:
        found = list(items(visit))
        keys = [item.key for item in found if item.key is not None]
        return Source([item.value for item in found], keys or None)

    return source


def _given(language: Language, raw: Raw, field: str) -> Callable[[Visit], Raw]:
    """Read Parameters or Arguments of a reader or a writer: an object."""
    name = next((name for name in ("Parameters", "Arguments") if name in raw[field]), "Parameters")
    template = language.template(raw, f"{field}/{name}")

    def given(visit: Visit) -> Raw:
        found: Any = {} if template is None else template(visit)
        if not isinstance(found, dict):
            raise failed(visit, RUNTIME, f"The field '{name}' of '{field}' must be an object")
        return found

    return given


def _text(visit: Visit, given: Raw, name: str) -> str:
    found = given.get(name)
    if isinstance(found, str) and found:
        return found
    raise failed(visit, RUNTIME, f"The field '{name}' is required and must be a string")


def _batch(language: Language, raw: Raw) -> Callable[[Visit], Limits] | None:
    if "ItemBatcher" not in raw:
        return None
    items = language.number(raw, "ItemBatcher/MaxItemsPerBatch", at_least=1)
    size = language.number(raw, "ItemBatcher/MaxInputBytesPerBatch", at_least=1)

    def batch(visit: Visit) -> Limits:
        return Limits(None if items is None else int(items(visit)), None if size is None else int(size(visit)))

    return batch


def _writer(language: Language, raw: Raw) -> Callable[[Visit], Writer]:
    writer = raw.get("ResultWriter")
    if writer is None:
        return lambda _visit: Writer(shape="COMPACT")
    config = writer.get("WriterConfig") or {}
    shape, kind = config.get("Transformation", "NONE"), config.get("OutputType", "JSON")
    if "Resource" not in writer:
        return lambda _visit: Writer(shape=shape, kind=kind)
    given = _given(language, raw, "ResultWriter")

    def made(visit: Visit) -> Writer:
        places = given(visit)
        prefix = _text(visit, places, "Prefix") if places.get("Prefix") else ""
        return Writer(_text(visit, places, "Bucket"), prefix, shape, kind)

    return made
