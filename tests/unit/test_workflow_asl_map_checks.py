"""What the static analysis says of the parts of distributed Maps."""

from __future__ import annotations

from typing import Any, Final

import pytest

from app.workflow.asl.check import check
from tests.support.workflow.maps import READER, WRITER, distributed

pytestmark = pytest.mark.fast
GET: Final = READER["Resource"]
PLACE: Final = {"Bucket": "b", "Key": "k"}


def told(language: str = "JSONPath", **fields: Any) -> list[tuple[str, str | None]]:
    """Give message and location, below the Map, of the faults of a distributed Map."""
    document = {"StartAt": "M", "QueryLanguage": language, "States": {"M": distributed(**fields)}}
    found = check(document)
    assert {fault.code for fault in found if fault.severity == "ERROR"} <= {
        "SCHEMA_VALIDATION_FAILED",
        "INVALID_JSONATA_EXPRESSION",
        "UNSUPPORTED_JSONATA_EXPRESSION",
    }
    return [(fault.message, fault.location and fault.location.removeprefix("/States/M/")) for fault in found]


def reader(**config: Any) -> dict[str, Any]:
    """Give a reader of this configuration."""
    return {"Resource": GET, "Parameters": PLACE, "ReaderConfig": config}


@pytest.mark.parametrize(
    "fields",
    [
        {"ItemReader": reader(InputType="JSON", ItemsPointer="/a/b", MaxItems=5)},
        {"ItemReader": reader(InputType="JSONL", MaxItemsPath="$.most")},
        {"ItemReader": reader(InputType="CSV", CSVHeaderLocation="FIRST_ROW", CSVDelimiter="TAB")},
        {"ItemReader": reader(InputType="CSV", CSVHeaderLocation="GIVEN", CSVHeaders=["a"])},
        {"ItemReader": reader(InputType="PARQUET")},
        {"ItemReader": reader(InputType="MANIFEST")},
        {"ItemReader": reader(ManifestType="ATHENA_DATA", InputType="CSV", CSVHeaders=["a"])},
        {"ItemReader": {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket.$": "$.b"}}},
        {"ItemReader": reader(InputType="JSON", Transformation="LOAD_AND_FLATTEN")},
        {"ItemBatcher": {"MaxItemsPerBatch": 1, "BatchInput": {"a.$": "$.b"}}},
        {"ItemBatcher": {"MaxInputBytesPerBatchPath": "$.most"}},
        {"ResultWriter": WRITER},
        {"ResultWriter": {"WriterConfig": {"Transformation": "FLATTEN", "OutputType": "JSONL"}}},
        {"ResultWriter": {**WRITER, "WriterConfig": {"Transformation": "NONE"}}},
        {"ToleratedFailureCountPath": "$.a", "ToleratedFailurePercentage": 12.5, "MaxConcurrencyPath": "$.b"},
    ],
)
def test_what_the_developer_guide_shows_has_no_faults(fields: dict[str, Any]) -> None:
    assert told(**fields) == []


def test_expressions_have_no_faults_where_numbers_and_places_stand() -> None:
    arguments = {"Bucket": "{% $states.input.b %}", "Key": "k"}
    fields = {
        "ItemReader": {"Resource": GET, "Arguments": arguments, "ReaderConfig": {"MaxItems": "{% 1 + 1 %}"}},
        "ItemBatcher": {"MaxItemsPerBatch": "{% $states.input.n %}", "BatchInput": {"a": "{% $states.context %}"}},
        "ResultWriter": {"Resource": WRITER["Resource"], "Arguments": arguments},
        "ToleratedFailurePercentage": "{% 5 %}",
    }
    assert told("JSONata", **fields) == []


ONE_OF: Final = "Value should be one of the following: "
AT_LEAST_ONE: Final = (
    "This object should have at least one of the following fields: [MaxItemsPerBatch, MaxInputBytesPerBatch]"
)
NOT_ALLOWED: Final = (
    "The field 'Resource' does not match any of the allowed values. Examples: [arn:<partition>:states:::s3:putObject]"
)
OTHER_LANGUAGE: Final = (
    "The QueryLanguage is set to 'JSONPath', but field 'Arguments' is only supported for the 'JSONata' QueryLanguage"
)


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"ItemReader": "x"}, [("Expected value of type [OBJECT]", "ItemReader")]),
        (
            {"ItemReader": {"Parameters": PLACE, "Else": 1}},
            [("Field 'Else' is not supported", "ItemReader"), ("These fields are required: [Resource]", "ItemReader")],
        ),
        (
            {"ItemReader": {**reader(), "ReaderConfig": []}},
            [("Expected value of type [OBJECT]", "ItemReader/ReaderConfig")],
        ),
        (
            {"ItemReader": reader(InputType="XML", Else=1)},
            [
                ("Field 'Else' is not supported", "ItemReader/ReaderConfig"),
                (ONE_OF + "[CSV, JSON, JSONL, PARQUET, MANIFEST]", "ItemReader/ReaderConfig/InputType"),
            ],
        ),
        (
            {"ItemReader": reader(InputType="CSV")},
            [("These fields are required: [CSVHeaderLocation]", "ItemReader/ReaderConfig")],
        ),
        (
            {"ItemReader": reader(InputType="CSV", CSVHeaderLocation="GIVEN")},
            [("These fields are required: [CSVHeaders]", "ItemReader/ReaderConfig")],
        ),
        (
            {"ItemReader": reader(InputType="CSV", CSVHeaderLocation="GIVEN", CSVHeaders=["a", 1])},
            [("Expected value of type [STRING]", "ItemReader/ReaderConfig/CSVHeaders[1]")],
        ),
        (
            {"ItemReader": reader(InputType="CSV", CSVHeaderLocation="GIVEN", CSVHeaders=[])},
            [("Value cannot be empty", "ItemReader/ReaderConfig/CSVHeaders")],
        ),
        (
            {"ItemReader": reader(InputType="CSV", CSVHeaderLocation="FIRST_ROW", CSVDelimiter=",")},
            [(ONE_OF + "[COMMA, PIPE, SEMICOLON, SPACE, TAB]", "ItemReader/ReaderConfig/CSVDelimiter")],
        ),
        (
            {"ItemReader": reader(ManifestType="OTHER", Transformation="FLATTEN", ItemsPointer=1)},
            [
                (ONE_OF + "[ATHENA_DATA, S3_INVENTORY]", "ItemReader/ReaderConfig/ManifestType"),
                (ONE_OF + "[NONE, LOAD_AND_FLATTEN]", "ItemReader/ReaderConfig/Transformation"),
                ("Expected value of type [STRING]", "ItemReader/ReaderConfig/ItemsPointer"),
            ],
        ),
        (
            {"ItemReader": reader(MaxItems=-1, MaxItemsPath="$.a")},
            [
                ("Minimum value is 0", "ItemReader/ReaderConfig/MaxItems"),
                (
                    "There should only be one of the following fields: [MaxItems, MaxItemsPath]",
                    "ItemReader/ReaderConfig",
                ),
            ],
        ),
        (
            {"ItemReader": reader(MaxItemsPath="$.a[*]")},
            [("Value is not a Reference Path", "ItemReader/ReaderConfig/MaxItemsPath")],
        ),
        (
            {"ItemReader": {**READER, "Parameters": {"Bucket.$": "b"}}},
            [
                (
                    "The value for the field 'Bucket.$' must be a valid JSONPath or a valid intrinsic function call",
                    "ItemReader/Parameters/Bucket.$",
                )
            ],
        ),
        (
            {"ItemBatcher": {"BatchInput": {}}},
            [
                (
                    AT_LEAST_ONE,
                    "ItemBatcher",
                )
            ],
        ),
        (
            {"ItemBatcher": {"MaxItemsPerBatch": 0, "MaxInputBytesPerBatch": 262_145, "Items": 1}},
            [
                ("Field 'Items' is not supported", "ItemBatcher"),
                ("Minimum value is 1", "ItemBatcher/MaxItemsPerBatch"),
                ("Maximum value is 262144", "ItemBatcher/MaxInputBytesPerBatch"),
            ],
        ),
        ({"ResultWriter": {}}, [("These fields are required: [Resource]", "ResultWriter")]),
        (
            {"ResultWriter": {"Resource": WRITER["Resource"]}},
            [("These fields are required: [Parameters]", "ResultWriter")],
        ),
        (
            {"ResultWriter": {**WRITER, "Resource": GET}},
            [
                (
                    NOT_ALLOWED,
                    "ResultWriter/Resource",
                )
            ],
        ),
        (
            {"ResultWriter": {"WriterConfig": {"OutputType": "CSV", "Else": 1}}},
            [
                ("Field 'Else' is not supported", "ResultWriter/WriterConfig"),
                (ONE_OF + "[JSON, JSONL]", "ResultWriter/WriterConfig/OutputType"),
            ],
        ),
        (
            {"ItemReader": {"Resource": GET, "Arguments": PLACE}},
            [
                (
                    OTHER_LANGUAGE,
                    "ItemReader",
                )
            ],
        ),
    ],
)
def test_faults_of_the_parts_are_told_with_their_places(fields: dict[str, Any], wanted: list[tuple[str, str]]) -> None:
    """ASL-01: static analysis of ItemReader, ItemBatcher and ResultWriter."""
    assert told(**fields) == wanted


@pytest.mark.parametrize(
    ("fields", "location"),
    [
        ({"ItemReader": {"Resource": GET, "Parameters": PLACE}}, "ItemReader"),
        ({"ItemReader": {"Resource": GET, "ReaderConfig": {"MaxItemsPath": "$.a"}}}, "ItemReader/ReaderConfig"),
        ({"ItemBatcher": {"MaxItemsPerBatchPath": "$.a"}}, "ItemBatcher"),
        ({"ItemReader": {"Resource": GET, "Arguments": {"Bucket": "{% ( %}"}}}, "ItemReader/Arguments/Bucket"),
        (
            {"ItemReader": {"Resource": GET, "ReaderConfig": {"MaxItems": "{% ( %}"}}},
            "ItemReader/ReaderConfig/MaxItems",
        ),
        ({"ItemBatcher": {"MaxItemsPerBatch": "{% $states.result %}"}}, "ItemBatcher/MaxItemsPerBatch"),
    ],
)
def test_the_language_of_the_state_is_that_of_its_parts(fields: dict[str, Any], location: str) -> None:
    (fault,) = told("JSONata", **fields)
    assert fault[1] == location


def test_a_map_that_is_not_distributed_has_none_of_them() -> None:
    state = distributed(ItemReader=READER, ItemBatcher={"MaxItemsPerBatch": 1}, ResultWriter=WRITER)
    state["ItemProcessor"]["ProcessorConfig"] = {"Mode": "INLINE"}
    found = [fault.message for fault in check({"StartAt": "M", "States": {"M": state}})]
    assert found == [
        f"Field '{field}' is only supported for the 'DISTRIBUTED' Mode"
        for field in ("ItemReader", "ItemBatcher", "ResultWriter")
    ]
