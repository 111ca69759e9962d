"""Static checks of what distributed Maps alone have: ItemReader, ItemBatcher, ResultWriter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import inf
from typing import Any, Final

from .. import check_data as data
from ..check_states import numbers
from ..diagnostics import Report
from ..expressions import is_expression
from .delimited import DELIMITERS
from .fields import OUTPUTS, SHAPES

READERS: Final = re.compile(r"arn:[^:]+:states:::s3:(getObject|listObjectsV2)")
WRITERS: Final = re.compile(r"arn:[^:]+:states:::s3:putObject")
INPUTS: Final = ("CSV", "JSON", "JSONL", "PARQUET", "MANIFEST")
MANIFESTS: Final = ("ATHENA_DATA", "S3_INVENTORY")
ONLY_DISTRIBUTED: Final = ("ItemReader", "ItemBatcher", "ResultWriter")
_GIVEN: Final = {True: "Parameters", False: "Arguments"}
_LANGUAGE: Final = {True: "JSONPath", False: "JSONata"}
_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "InputType": INPUTS,
    "CSVHeaderLocation": ("FIRST_ROW", "GIVEN"),
    "CSVDelimiter": tuple(DELIMITERS),
    "ManifestType": MANIFESTS,
    "Transformation": ("NONE", "LOAD_AND_FLATTEN"),
}
READER_CONFIG: Final = frozenset({*_CHOICES, "CSVHeaders", "MaxItems", "MaxItemsPath", "ItemsPointer"})
_READER_BOUNDS: Final = {"MaxItems": (0, inf)}
_BATCH_BOUNDS: Final = {"MaxItemsPerBatch": (1, inf), "MaxInputBytesPerBatch": (1, 262_144)}
BATCH: Final = frozenset({"BatchInput", *_BATCH_BOUNDS, *(f"{name}Path" for name in _BATCH_BOUNDS)})
_WRITER_CONFIG: Final[Mapping[str, tuple[str, ...]]] = {"OutputType": OUTPUTS, "Transformation": SHAPES}


def parts(report: Report, raw: Mapping[str, Any], location: str, *, paths: bool) -> None:
    """Check the parts of a Map that are objects of their own."""
    for field, check in (("ItemReader", _reader), ("ItemBatcher", _batcher), ("ResultWriter", _writer)):
        where = f"{location}/{field}"
        if field in raw and report.is_of(raw[field], "OBJECT", where):
            check(report, raw[field], where, paths=paths)


def is_distributed(raw: Mapping[str, Any]) -> bool:
    """Tell whether a Map says that it is, or says of its mode what it cannot be."""
    return bool(_object(_object(raw, "ItemProcessor"), "ProcessorConfig").get("Mode", "INLINE") != "INLINE")


def inline(report: Report, raw: Mapping[str, Any], location: str) -> None:
    """Check that a Map that is not distributed has nothing that only distributed ones have."""
    for field in ONLY_DISTRIBUTED:
        if field in raw:
            report.schema(f"Field '{field}' is only supported for the 'DISTRIBUTED' Mode", location)


def expressions(raw: Mapping[str, Any]) -> Iterator[tuple[Any, str]]:
    """Give what may be expressions in these parts, and where."""
    for field in ("ItemReader", "ResultWriter"):
        holder = _object(raw, field)
        if "Arguments" in holder:
            yield holder["Arguments"], f"{field}/Arguments"
    config = _object(_object(raw, "ItemReader"), "ReaderConfig")
    if is_expression(config.get("MaxItems")):
        yield config["MaxItems"], "ItemReader/ReaderConfig/MaxItems"


def _object(raw: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    found = raw.get(field)
    return found if isinstance(found, Mapping) else {}


def _reader(report: Report, raw: Mapping[str, Any], location: str, *, paths: bool) -> None:
    report.only(raw, {"Resource", "ReaderConfig", *_GIVEN.values()}, location)
    report.required(raw, ("Resource",), location)
    _resource(report, raw, READERS, "s3:getObject, arn:<partition>:states:::s3:listObjectsV2", location)
    _given(report, raw, location, paths=paths)
    where = f"{location}/ReaderConfig"
    if "ReaderConfig" in raw and report.is_of(raw["ReaderConfig"], "OBJECT", where):
        _reader_config(report, raw["ReaderConfig"], where, paths=paths)


def _reader_config(report: Report, raw: Mapping[str, Any], location: str, *, paths: bool) -> None:
    report.only(raw, READER_CONFIG, location)
    for field, choices in _CHOICES.items():
        if field in raw:
            report.one_of(raw[field], choices, f"{location}/{field}")
    _numbers(report, raw, _READER_BOUNDS, location, paths=paths)
    if "ItemsPointer" in raw:
        report.is_of(raw["ItemsPointer"], "STRING", f"{location}/ItemsPointer")
    _header(report, raw, location)


def _header(report: Report, raw: Mapping[str, Any], location: str) -> None:
    """Check what belongs together: fields need names, from the first row or given."""
    if raw.get("InputType") == "CSV" and "ManifestType" not in raw:
        report.required(raw, ("CSVHeaderLocation",), location)
    if raw.get("CSVHeaderLocation") == "GIVEN":
        report.required(raw, ("CSVHeaders",), location)
    if "CSVHeaders" in raw:
        _names(report, raw["CSVHeaders"], f"{location}/CSVHeaders")


def _names(report: Report, names: Any, location: str) -> None:
    if report.is_filled(names, location):
        for place, name in enumerate(names):
            report.is_of(name, "STRING", f"{location}[{place}]")


def _batcher(report: Report, raw: Mapping[str, Any], location: str, *, paths: bool) -> None:
    report.only(raw, BATCH, location)
    _numbers(report, raw, _BATCH_BOUNDS, location, paths=paths)
    if not any(field in raw for field in BATCH - {"BatchInput"}):
        shown = ", ".join(_BATCH_BOUNDS)
        report.schema(f"This object should have at least one of the following fields: [{shown}]", location)
    if paths and "BatchInput" in raw:
        data.template(report, raw["BatchInput"], f"{location}/BatchInput")


def _writer(report: Report, raw: Mapping[str, Any], location: str, *, paths: bool) -> None:
    report.only(raw, {"Resource", "WriterConfig", *_GIVEN.values()}, location)
    if raw.keys() != {"WriterConfig"}:
        report.required(raw, ("Resource",), location)
    if "Resource" in raw:
        report.required(raw, (_GIVEN[paths],), location)
    _resource(report, raw, WRITERS, "s3:putObject", location)
    _given(report, raw, location, paths=paths)
    if "WriterConfig" in raw and report.is_of(raw["WriterConfig"], "OBJECT", f"{location}/WriterConfig"):
        _writer_config(report, raw["WriterConfig"], f"{location}/WriterConfig")


def _writer_config(report: Report, raw: Mapping[str, Any], location: str) -> None:
    report.only(raw, _WRITER_CONFIG, location)
    for field in _WRITER_CONFIG.keys() & raw.keys():
        report.one_of(raw[field], _WRITER_CONFIG[field], f"{location}/{field}")


def _resource(report: Report, raw: Mapping[str, Any], allowed: re.Pattern[str], examples: str, location: str) -> None:
    if "Resource" in raw and not allowed.fullmatch(str(raw["Resource"])):
        told = "The field 'Resource' does not match any of the allowed values. Examples: "
        report.schema(f"{told}[arn:<partition>:states:::{examples}]", f"{location}/Resource")


def _given(report: Report, raw: Mapping[str, Any], location: str, *, paths: bool) -> None:
    """Check Parameters, which are JSONPath's, or Arguments, which are JSONata's."""
    other = _GIVEN[not paths]
    if other in raw:
        told = f"but field '{other}' is only supported for the '{_LANGUAGE[not paths]}' QueryLanguage"
        report.schema(f"The QueryLanguage is set to '{_LANGUAGE[paths]}', {told}", location)
    if paths and "Parameters" in raw and report.is_of(raw["Parameters"], "OBJECT", f"{location}/Parameters"):
        data.template(report, raw["Parameters"], f"{location}/Parameters")


def _numbers(
    report: Report,
    raw: Mapping[str, Any],
    bounds: Mapping[str, tuple[float, float]],
    location: str,
    *,
    paths: bool,
) -> None:
    numbers(report, raw, bounds, location, expressions=not paths)
    for field in bounds:
        path = f"{field}Path"
        if path not in raw:
            continue
        if field in raw:
            report.schema(f"There should only be one of the following fields: [{field}, {path}]", location)
        if paths:
            data.path(report, raw[path], f"{location}/{path}", reference=True)
        else:
            told = f"but field '{path}' is only supported for the 'JSONPath' QueryLanguage"
            report.schema(f"The QueryLanguage is set to 'JSONata', {told}", location)
