"""What requests must look like, and in which words AWS says that one does not.

Source: the service model of AWS Step Functions (API version 2016-11-23); a test holds the tables against it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from app.api.aws.errors import AwsError, invalid

LARGEST: Final = 262_144
_NUMBERS: Final = (((int,), "Integer"), ((int, float), "Float"))
"""Types and names of numbers that are whole and that may be broken."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string; what is ``sensitive`` is not repeated in an error."""

    least: int = 0
    most: int | None = None
    sensitive: bool = False
    pattern: str = ""
    choices: tuple[str, ...] = ()

    def faults(self, value: Any, where: str) -> Iterator[str]:
        """Tell what is wrong. Raises AwsError for another kind of value."""
        if not isinstance(value, str):
            raise _unreadable(value, "String")
        at = f"Value at '{where}'" if self.sensitive else f"Value '{value}' at '{where}'"
        for kept, rule in self._rules(value):
            if not kept:
                yield f"{at} failed to satisfy constraint: Member must {rule}"

    def _rules(self, value: str) -> tuple[tuple[bool, str], ...]:
        """Give by rule whether it is kept."""
        length = len(value)
        return (
            (not self.choices or value in self.choices, f"satisfy enum value set: [{', '.join(self.choices)}]"),
            (self.most is None or length <= self.most, f"have length less than or equal to {self.most}"),
            (length >= self.least, f"have length greater than or equal to {self.least}"),
            (
                not self.pattern or _PATTERNS[self.pattern].fullmatch(value) is not None,
                f"satisfy regular expression pattern: {self.pattern}",
            ),
            # Databases differ in what they make of it; none of AWS's clients sends it.
            ("\x00" not in value, r"satisfy regular expression pattern: [^\x00]*"),
        )


@dataclass(frozen=True, slots=True)
class Number:
    """A number, a whole one unless it may be ``broken``."""

    least: int
    most: int | None = None
    broken: bool = False

    def faults(self, value: Any, where: str) -> Iterator[str]:
        """Tell what is wrong. Raises AwsError for another kind of value."""
        kinds, name = _NUMBERS[self.broken]
        if type(value) not in kinds:
            raise _unreadable(value, name)
        at = f"Value '{value}' at '{where}' failed to satisfy constraint:"
        if self.most is not None and value > self.most:
            yield f"{at} Member must have value less than or equal to {self.most}"
        if value < self.least:
            yield f"{at} Member must have value greater than or equal to {self.least}"


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    def faults(self, value: Any, where: str) -> Iterator[str]:  # noqa: ARG002 - as the others
        """Raise AwsError for another kind of value."""
        if not isinstance(value, bool):
            raise _unreadable(value, "Boolean")
        yield from ()


@dataclass(frozen=True, slots=True)
class Many:
    """A list."""

    of: Shape
    least: int = 0
    most: int | None = None

    def faults(self, value: Any, where: str) -> Iterator[str]:
        """Tell what is wrong. Raises AwsError for another kind of value."""
        if not isinstance(value, list):
            raise _unreadable(value, "List")
        at = f"Value '{value}' at '{where}' failed to satisfy constraint:"
        if self.most is not None and len(value) > self.most:
            yield f"{at} Member must have length less than or equal to {self.most}"
        if len(value) < self.least:
            yield f"{at} Member must have length greater than or equal to {self.least}"
        for place, one in enumerate(value, 1):
            yield from self.of.faults(one, f"{where}.{place}.member")


@dataclass(frozen=True, slots=True)
class Record:
    """An object; fields that are not known are passed over, as AWS does, and null is as if it were not there."""

    required: Mapping[str, Shape] = field(default_factory=dict)
    optional: Mapping[str, Shape] = field(default_factory=dict)

    def faults(self, value: Any, where: str) -> Iterator[str]:
        """Tell what is wrong. Raises AwsError for another kind of value."""
        if not isinstance(value, Mapping):
            raise _unreadable(value, "Structure")
        for name, shape in {**self.required, **self.optional}.items():
            inside = f"{where}.{name}".lstrip(".")
            if value.get(name) is not None:
                yield from shape.faults(value[name], inside)
            elif name in self.required:
                yield f"Value null at '{inside}' failed to satisfy constraint: Member must not be null"


Shape = Text | Number | Flag | Many | Record
_ALIAS_NAME: Final = r"^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$"
_PATTERNS: Final[Mapping[str, re.Pattern[str]]] = MappingProxyType(
    {
        _ALIAS_NAME: re.compile(r"(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+"),
        r"[!-~]+": re.compile(r"[!-~]+"),
        r"\p{ASCII}*": re.compile(r"[\x00-\x7f]*"),
    }
)
_ARN: Final = Text(1, 256)
_LONG_ARN: Final = Text(1, 2000)
_NAME: Final = Text(1, 80)
_STATE: Final = Text(1, 80, sensitive=True)
_DEFINITION: Final = Text(1, 1_048_576, sensitive=True)
_DATA: Final = Text(0, LARGEST, sensitive=True)
_ERROR: Final = Text(0, 256, sensitive=True)
_CAUSE: Final = Text(0, 32_768, sensitive=True)
_DESCRIPTION: Final = Text(0, 256, sensitive=True)
_TOKEN: Final = Text(1, 2048, sensitive=True)
_KIND: Final = Text(choices=("STANDARD", "EXPRESS"))
_INCLUDED: Final = Text(choices=("ALL_DATA", "METADATA_ONLY"))
_PAGE: Final[Mapping[str, Shape]] = {"maxResults": Number(0, 1000), "nextToken": Text(1, 1024)}
_TAG: Final = Record(optional={"key": Text(1, 128), "value": Text(0, 256)})
_ENCRYPTION: Final = Record(
    {"type": Text(choices=("AWS_OWNED_KEY", "CUSTOMER_MANAGED_KMS_KEY"))},
    {"kmsKeyId": Text(1, 2048), "kmsDataKeyReusePeriodSeconds": Number(60, 900)},
)
_LOGGING: Final = Record(
    optional={
        "level": Text(choices=("ALL", "ERROR", "FATAL", "OFF")),
        "includeExecutionData": Flag(),
        "destinations": Many(Record(optional={"cloudWatchLogsLogGroup": Record(optional={"logGroupArn": _ARN})})),
    }
)
_TRACING: Final = Record(optional={"enabled": Flag()})
_ROUTES: Final = Many(Record({"stateMachineVersionArn": _ARN, "weight": Number(0, 100)}), 1, 2)
_CONFIGURED: Final[Mapping[str, Shape]] = {
    "loggingConfiguration": _LOGGING,
    "tracingConfiguration": _TRACING,
    "publish": Flag(),
    "versionDescription": _DESCRIPTION,
    "encryptionConfiguration": _ENCRYPTION,
}
_STATUS: Final = Text(choices=("SUCCEEDED", "TIMED_OUT", "PENDING_REDRIVE", "ABORTED", "FAILED", "RUNNING"))

SHAPES: Final[Mapping[str, Record]] = MappingProxyType(
    {
        "CreateActivity": Record({"name": _NAME}, {"tags": Many(_TAG), "encryptionConfiguration": _ENCRYPTION}),
        "CreateStateMachine": Record(
            {"name": _NAME, "definition": _DEFINITION, "roleArn": _ARN},
            {"type": _KIND, "tags": Many(_TAG), **_CONFIGURED},
        ),
        "CreateStateMachineAlias": Record(
            {"name": Text(1, 80, pattern=_ALIAS_NAME), "routingConfiguration": _ROUTES}, {"description": _DESCRIPTION}
        ),
        "DeleteActivity": Record({"activityArn": _ARN}),
        "DeleteStateMachine": Record({"stateMachineArn": _ARN}),
        "DeleteStateMachineAlias": Record({"stateMachineAliasArn": _ARN}),
        "DeleteStateMachineVersion": Record({"stateMachineVersionArn": _LONG_ARN}),
        "DescribeActivity": Record({"activityArn": _ARN}),
        "DescribeExecution": Record({"executionArn": _ARN}, {"includedData": _INCLUDED}),
        "DescribeMapRun": Record({"mapRunArn": _LONG_ARN}),
        "DescribeStateMachine": Record({"stateMachineArn": _ARN}, {"includedData": _INCLUDED}),
        "DescribeStateMachineAlias": Record({"stateMachineAliasArn": _ARN}),
        "DescribeStateMachineForExecution": Record({"executionArn": _ARN}, {"includedData": _INCLUDED}),
        "GetActivityTask": Record({"activityArn": _ARN}, {"workerName": _NAME}),
        "GetExecutionHistory": Record(
            {"executionArn": _ARN}, {**_PAGE, "reverseOrder": Flag(), "includeExecutionData": Flag()}
        ),
        "ListActivities": Record(optional=_PAGE),
        "ListExecutions": Record(
            optional={
                "stateMachineArn": _ARN,
                "statusFilter": _STATUS,
                "maxResults": Number(0, 1000),
                "nextToken": Text(1, 3096),
                "mapRunArn": _LONG_ARN,
                "redriveFilter": Text(choices=("REDRIVEN", "NOT_REDRIVEN")),
            }
        ),
        "ListMapRuns": Record({"executionArn": _ARN}, _PAGE),
        "ListStateMachineAliases": Record({"stateMachineArn": _ARN}, _PAGE),
        "ListStateMachineVersions": Record({"stateMachineArn": _ARN}, _PAGE),
        "ListStateMachines": Record(optional=_PAGE),
        "ListTagsForResource": Record({"resourceArn": _ARN}),
        "PublishStateMachineVersion": Record(
            {"stateMachineArn": _ARN}, {"revisionId": Text(), "description": _DESCRIPTION}
        ),
        "RedriveExecution": Record({"executionArn": _ARN}, {"clientToken": Text(1, 64, pattern=r"[!-~]+")}),
        "SendTaskFailure": Record({"taskToken": _TOKEN}, {"error": _ERROR, "cause": _CAUSE}),
        "SendTaskHeartbeat": Record({"taskToken": _TOKEN}),
        "SendTaskSuccess": Record({"taskToken": _TOKEN, "output": _DATA}),
        "StartExecution": Record(
            {"stateMachineArn": _ARN},
            {"name": _NAME, "input": _DATA, "traceHeader": Text(0, 256, pattern=r"\p{ASCII}*")},
        ),
        "StartSyncExecution": Record(
            {"stateMachineArn": _ARN},
            {
                "name": _NAME,
                "input": _DATA,
                "traceHeader": Text(0, 256, pattern=r"\p{ASCII}*"),
                "includedData": _INCLUDED,
            },
        ),
        "StopExecution": Record({"executionArn": _ARN}, {"error": _ERROR, "cause": _CAUSE}),
        "TagResource": Record({"resourceArn": _ARN, "tags": Many(_TAG)}),
        "TestState": Record(
            {"definition": _DEFINITION},
            {
                "roleArn": _ARN,
                "input": _DATA,
                "inspectionLevel": Text(choices=("INFO", "DEBUG", "TRACE")),
                "revealSecrets": Flag(),
                "variables": _DATA,
                "stateName": _STATE,
                "mock": Record(
                    optional={
                        "result": _DATA,
                        "errorOutput": Record(optional={"error": _ERROR, "cause": _CAUSE}),
                        "fieldValidationMode": Text(choices=("STRICT", "PRESENT", "NONE")),
                    }
                ),
                "context": _DATA,
                "stateConfiguration": Record(
                    optional={
                        "retrierRetryCount": Number(0),
                        "errorCausedByState": _STATE,
                        "mapIterationFailureCount": Number(0),
                        "mapItemReaderData": _DATA,
                    }
                ),
            },
        ),
        "UntagResource": Record({"resourceArn": _ARN, "tagKeys": Many(Text(1, 128))}),
        "UpdateMapRun": Record(
            {"mapRunArn": _LONG_ARN},
            {
                "maxConcurrency": Number(0),
                "toleratedFailureCount": Number(0),
                "toleratedFailurePercentage": Number(0, 100, broken=True),
            },
        ),
        "UpdateStateMachine": Record(
            {"stateMachineArn": _ARN}, {"definition": _DEFINITION, "roleArn": _ARN, **_CONFIGURED}
        ),
        "UpdateStateMachineAlias": Record(
            {"stateMachineAliasArn": _ARN}, {"description": _DESCRIPTION, "routingConfiguration": _ROUTES}
        ),
        "ValidateStateMachineDefinition": Record(
            {"definition": _DEFINITION},
            {"type": _KIND, "severity": Text(choices=("ERROR", "WARNING")), "maxResults": Number(0, 100)},
        ),
    }
)
"""By action, what its request must look like."""


def checked(action: str, value: Any) -> dict[str, Any]:
    """Give a request without what is null. Raises AwsError."""
    faults = list(SHAPES[action].faults(value, ""))
    if faults:
        what = "error" if len(faults) == 1 else "errors"
        raise invalid(f"{len(faults)} validation {what} detected: {'; '.join(faults)}")
    return {name: given for name, given in value.items() if given is not None}


_KINDS: Final[tuple[tuple[type, str], ...]] = (
    (bool, "TRUE_VALUE"),
    (str, "STRING_VALUE"),
    (int, "NUMBER_VALUE"),
    (float, "DECIMAL_VALUE"),
    (list, "START_ARRAY"),
    (Mapping, "START_OBJECT"),
)


def _unreadable(value: Any, wanted: str) -> AwsError:
    kind = next((name for what, name in _KINDS if isinstance(value, what)), "NULL_VALUE")
    return AwsError("SerializationException", f"{kind} can not be converted to a {wanted}")
