"""What the resources of Tasks mean: functions by their Lambda-style ARNs, ``lambda:invoke``, tokens, activities.

Source: AWS developer guide, "Integrating services", and answers recorded from AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ..kernel.errors import RUNTIME, StepError
from ..runtime.registry import Way
from ..runtime.steps import failure
from .resources import Service
from .templates import text_of

LATEST: Final = "$LATEST"
_PARTS: Final = 7
_INVOKES: Final = frozenset({"invoke", "invoke.waitForTaskToken"})


class Services:
    """Gives a task to the handler that its resource means.

    ``functions`` says by the name of a function, or by its ARN, which resource's handler is that function; without a
    word there it is the one registered by the function's own name. What was registered by a whole resource goes first.
    """

    def __init__(self, functions: Mapping[str, str] | None = None) -> None:
        self._functions = dict(functions or {})

    def is_activity(self, resource: str) -> bool:
        """Tell whether outside workers do it."""
        return resource.startswith("arn:aws:states:") and ":activity:" in resource

    def way(self, resource: str, argument: Any, step: str) -> Way:
        """Say how a task is done. Raises StepError."""
        service = Service.of(resource)
        if service.family == "LambdaFunction" and service.kind:
            return Way(self._function(resource), argument, _same, blame(step))
        if service.kind == "lambda" and service.action in _INVOKES:
            return self._invoked(service, argument, step)
        return Way(resource, argument, submits=service.action.endswith(".waitForTaskToken"))

    def _invoked(self, service: Service, argument: Any, step: str) -> Way:
        asked = argument if isinstance(argument, dict) else {}
        name = asked.get("FunctionName")
        if not isinstance(name, str):
            raise StepError(RUNTIME, "The field 'FunctionName' is required but was missing")
        if asked.get("InvocationType", "RequestResponse") != "RequestResponse":
            raise StepError("Lambda.InvalidParameterValueException", "only the InvocationType RequestResponse is known")
        submits = service.action.endswith(".waitForTaskToken")
        given = asked.get("Payload", {})
        return Way(self._function(name), given, lambda result: _answer(result, name, step), blame(step), submits)

    def _function(self, name: str) -> str:
        """Give the resource of a function's handler by its name, its ARN, or either with a qualifier."""
        parts = name.split(":")
        short = parts[_PARTS - 1] if name.startswith("arn:") and len(parts) >= _PARTS else parts[0]
        return next((self._functions[known] for known in (name, short) if known in self._functions), short)


def blame(step: str) -> Callable[[BaseException], tuple[str, str]]:
    """Give what makes of an exception the error of a function: its class's name, and all about it as JSON."""

    def told(error: BaseException) -> tuple[str, str]:
        if isinstance(error, StepError):
            return error.error, error.cause
        name, message = failure(error)
        about = {
            "errorMessage": message,
            "errorType": name,
            "requestId": step,
            # Where the code lies is nobody's business who reads the history.
            "stackTrace": [],
        }
        return name, text_of(about)

    return told


def _same(result: Any) -> Any:
    return result


def _answer(result: Any, name: str, step: str) -> dict[str, Any]:
    """Give the answer of Invoke."""
    parts = name.split(":")
    qualified = parts[_PARTS:] if name.startswith("arn:") else parts[1:]
    return {
        "ExecutedVersion": qualified[0] if qualified else LATEST,
        "Payload": result,
        "SdkHttpMetadata": {"HttpStatusCode": 200},
        "SdkResponseMetadata": {"RequestId": step},
        "StatusCode": 200,
    }
