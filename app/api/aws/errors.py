"""Errors as AWS answers them: a code, a text, a status; and what the business's errors are called there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from app.domain.access import KeyRefused
from app.domain.identity import NoMembership
from app.domain.processes import Missing, Refused, Rejected
from app.domain.shared import errors

UNKNOWN_CLIENT: Final = "The security token included in the request is invalid."
_DOES_NOT_EXIST: Final[Mapping[str, str]] = {
    "StateMachineDoesNotExist": "State Machine Does Not Exist: '{arn}'",
    "ExecutionDoesNotExist": "Execution Does Not Exist: '{arn}'",
    "ActivityDoesNotExist": "Activity Does Not Exist: '{arn}'",
    "ResourceNotFound": "Resource not found: '{arn}'",
    "StateMachineAlreadyExists": "State Machine Already Exists: '{arn}'",
    "ExecutionAlreadyExists": "Execution Already Exists: '{arn}'",
    "ActivityAlreadyExists": "Activity Already Exists: '{arn}'",
}


class AwsError(Exception):
    """An answer that tells an error: the code that clients see, its text, the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status


def invalid(message: str) -> AwsError:
    """Give the error of a request that breaks a rule."""
    return AwsError("ValidationException", message)


def told(error: errors.DomainError, about: Callable[[str], str]) -> AwsError:
    """Give what AWS would say; ``about`` gives by the code of the error the ARN that it is about."""
    if isinstance(error, Missing | Refused | Rejected):
        kind = str(error.facts["what"])
        text = _DOES_NOT_EXIST.get(kind)
        return AwsError(kind, str(error.facts.get("reason", kind)) if text is None else text.format(arn=about(kind)))
    if isinstance(error, KeyRefused | NoMembership):
        return AwsError("UnrecognizedClientException", UNKNOWN_CLIENT)
    if isinstance(error, errors.Forbidden):
        return AwsError("AccessDeniedException", _denied(error, about("")))
    if isinstance(error, errors.Unavailable):
        return AwsError("ServiceUnavailable", "The service cannot answer just now; try again.", 503)
    return AwsError("InternalServerError", "The request could not be carried out.", 500)


def _denied(error: errors.DomainError, arn: str) -> str:
    right = error.facts.get("right")
    because = f" because no policy allows the right {right}" if right else ""
    return f"User is not authorized to perform this action on resource: {arn or '*'}{because}"
