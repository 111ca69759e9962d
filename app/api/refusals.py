"""What can be wrong with a request itself, before any business rule is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from app.domain.shared.errors import DomainError, Invalid, Unavailable


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one value: ``path`` into the body, or ``parameter`` by name.

    ``code`` is one of ``validation.*``; its text is in the locales under the same key.
    """

    code: str
    path: tuple[str | int, ...] = ()
    parameter: str | None = None
    facts: Mapping[str, object] = field(default_factory=dict)


class Refusal(DomainError):
    """The request is not acceptable as it was sent."""

    code = "request.refused"


class MalformedBody(Refusal):
    """The body is not well-formed JSON."""

    code = "request.malformed_json"


class MalformedMultipart(Refusal):
    """The body is not well-formed multipart/form-data."""

    code = "request.malformed_multipart"


class BadInput(Refusal):
    """Values of the body are not acceptable in shape."""

    code = "request.invalid_body"

    def __init__(self, problems: Iterable[FieldProblem]) -> None:
        super().__init__()
        self.problems = list(problems)


class BadParameters(Refusal):
    """Parameters of the path, the query or the headers are not acceptable."""

    code = "request.invalid_parameters"

    def __init__(self, problems: Iterable[FieldProblem]) -> None:
        super().__init__()
        self.problems = list(problems)


class SpreadsheetLimit(Refusal):
    """The rows, or the characters of one cell, are more than a spreadsheet holds."""

    code = "lists.spreadsheet_limit"


class BadIdempotencyKey(Refusal):
    """The Idempotency-Key header is not 1 to 255 visible ASCII characters."""

    code = "request.bad_idempotency_key"


class NoSuchPath(Refusal):
    """Nothing is served under this path."""

    code = "request.no_such_path"


class MethodNotAllowed(Refusal):
    """The path does not offer this method."""

    code = "request.method_not_allowed"


class TooLarge(Refusal):
    """The body is larger than allowed."""

    code = "request.too_large"


class TooSlow(Refusal):
    """The body did not arrive in time."""

    code = "request.too_slow"


class UnsupportedMediaType(Refusal):
    """The body is not declared to be of the media type taken here."""

    code = "request.unsupported_media_type"


class PreconditionRequired(Refusal):
    """A change needs the version that was seen, as If-Match."""

    code = "request.precondition_required"


class BadPrecondition(Refusal):
    """The If-Match header is not one strong entity tag of this service."""

    code = "request.bad_precondition"


class Overloaded(Unavailable):
    """The request waited too long for its turn."""

    code = "request.overloaded"


class InternalError(DomainError):
    """Something went wrong on our side."""

    code = "internal"


class TooManyItems(Invalid):
    """The batch has more items than are taken at once."""

    code = "batch.too_many_items"


class TooManyLines(Invalid):
    """The document has more lines than are taken at once."""

    code = "request.too_many_lines"
