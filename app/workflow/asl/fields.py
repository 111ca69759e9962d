"""Which fields each state type has, in which query language, and the bounds of those that are numbers.

Source: developer guide, state by state; measured against ValidateStateMachineDefinition by others (fields by type,
September 2026), so that a field of another language or type is told in its words.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from types import MappingProxyType
from typing import Any, Final


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_COMMON: Final = _names("Type Comment QueryLanguage")
_WORK: Final = _names("InputPath OutputPath Output Assign ResultPath ResultSelector Retry Catch Next End")
FIELDS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        kind: _COMMON | names
        for kind, names in {
            "Pass": _names("InputPath OutputPath Result ResultPath Parameters Output Assign Next End"),
            "Task": _WORK
            | _names(
                "Parameters Arguments Resource Credentials TimeoutSeconds TimeoutSecondsPath HeartbeatSeconds "
                "HeartbeatSecondsPath"
            ),
            "Wait": _names("InputPath OutputPath Output Assign Seconds Timestamp SecondsPath TimestampPath Next End"),
            "Parallel": _WORK | _names("Parameters Arguments Branches"),
            "Map": _WORK
            | _names(
                "Parameters ItemProcessor Iterator ItemsPath Items ItemSelector ItemReader ItemBatcher ResultWriter "
                "MaxConcurrency MaxConcurrencyPath ToleratedFailurePercentage ToleratedFailurePercentagePath "
                "ToleratedFailureCount ToleratedFailureCountPath Label"
            ),
            "Choice": _names("InputPath OutputPath Output Assign Choices Default"),
            "Succeed": _names("InputPath OutputPath Output"),
            "Fail": _names("Error Cause ErrorPath CausePath"),
        }.items()
    }
)
EXTENDED: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        **FIELDS,
        "Task": FIELDS["Task"] | _names("Compensate Pivot"),
        "Message": _COMMON
        | _WORK
        | _names("CorrelationKey CorrelationValue CorrelationValuePath TimeoutSeconds TimeoutSecondsPath TimeoutPath"),
    }
)
"""The same with our own state type and fields."""

PATH_ONLY: Final = _names(
    "InputPath OutputPath ResultPath Parameters ResultSelector Result ItemsPath TimeoutSecondsPath "
    "HeartbeatSecondsPath SecondsPath TimestampPath MaxConcurrencyPath ToleratedFailurePercentagePath "
    "ToleratedFailureCountPath ErrorPath CausePath CorrelationValuePath"
)
JSONATA_ONLY: Final = _names("Arguments Output Items CorrelationValue")
LEADING_ON: Final = _names("Pass Task Wait Parallel Map Message")
"""Types that need Next or End."""
CATCHING: Final = _names("Task Parallel Map Message")
RESULTING: Final = _names("Task Parallel Map Message")
"""Types in whose Output and Assign ``$states.result`` is known."""
MACHINE: Final = _names("Comment QueryLanguage StartAt States TimeoutSeconds Version")
BRANCH: Final = _names("Comment StartAt States")
PROCESSOR: Final = BRANCH | {"ProcessorConfig"}
REQUIRED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "Task": ("Resource",),
        "Choice": ("Choices",),
        "Parallel": ("Branches",),
        "Message": ("CorrelationKey",),
    }
)
EXCLUSIVE: Final[tuple[tuple[str, ...], ...]] = (
    ("TimeoutSeconds", "TimeoutSecondsPath"),
    ("HeartbeatSeconds", "HeartbeatSecondsPath"),
    ("MaxConcurrency", "MaxConcurrencyPath"),
    ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
    ("ToleratedFailureCount", "ToleratedFailureCountPath"),
    ("Error", "ErrorPath"),
    ("Cause", "CausePath"),
    ("SecondsPath", "Seconds", "TimestampPath", "Timestamp"),
)
"""Fields of which a state may have one only."""
BOUNDS: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "TimeoutSeconds": (1, 99_999_999),
        "HeartbeatSeconds": (1, 99_999_999),
        "Seconds": (0, 99_999_999),
        "MaxConcurrency": (0, inf),
        "ToleratedFailurePercentage": (0, 100),
        "ToleratedFailureCount": (0, inf),
    }
)
RETRIER: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "IntervalSeconds": (0, 99_999_999),
        "MaxAttempts": (0, 99_999_999),
        "BackoffRate": (1, inf),
        "MaxDelaySeconds": (1, 31_622_400),
    }
)
HANDLER_FIELDS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "Retry": _names("ErrorEquals JitterStrategy Comment") | RETRIER.keys(),
        "Catch": _names("ErrorEquals Next ResultPath Output Assign Comment"),
    }
)
"""The fields of a retrier and of a catcher."""


def language_of(state: Mapping[str, Any], machine: str) -> str:
    """Give the query language of a state: its own if it says so, else the machine's, never that of a Map around it.

    Any value of its own but ``JSONPath`` makes it a JSONata state (measured).
    """
    if "QueryLanguage" not in state:
        return machine
    return "JSONPath" if state["QueryLanguage"] == "JSONPath" else "JSONata"
