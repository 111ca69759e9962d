"""The one tree of errors the business can raise; it knows no HTTP.

A leaf's docstring is its title, ``code`` its stable public name, and the keywords it is raised with are its facts: what
a client may show or act on. ``at`` is the path of the offending value in the caller's input: ``("lines", 3, "price")``.
"""

from __future__ import annotations

from typing import ClassVar


class DomainError(Exception):
    """The request cannot be carried out."""

    code: ClassVar[str] = "domain.error"

    def __init__(self, *, at: tuple[str | int, ...] = (), **facts: object) -> None:
        super().__init__(self.code, facts)
        self.at = at
        self.facts = facts

    def within(self, *path: str | int) -> DomainError:
        """Prefix ``at`` with ``path`` and return the same error, for a caller that knows where the value stood."""
        self.at = (*path, *self.at)
        return self

    def __str__(self) -> str:
        facts = ", ".join(f"{name}={value}" for name, value in self.facts.items())
        return f"{self.code} ({facts})" if facts else self.code


class Invalid(DomainError):
    """A value is not acceptable."""

    code = "invalid"


class NotFound(DomainError):
    """There is no such object."""

    code = "not_found"


class Conflict(DomainError):
    """The object's present state does not allow this."""

    code = "conflict"


class Stale(DomainError):
    """The object was changed by somebody else in the meantime."""

    code = "stale"


class Forbidden(DomainError):
    """The caller lacks a right."""

    code = "forbidden"


class Unauthenticated(DomainError):
    """The caller is not signed in."""

    code = "unauthenticated"


class Unavailable(DomainError):
    """The service cannot answer just now; the same request may succeed later."""

    code = "unavailable"


class MissingRight(Forbidden):
    """The caller lacks the right this needs."""

    code = "rights.missing"


class Taken(Conflict):
    """Another object already has this value."""

    code = "taken"


class UnknownReference(Invalid):
    """The value names an object that does not exist."""

    code = "unknown_reference"


class Required(Invalid):
    """A value is missing."""

    code = "required"


class DeadlineExceeded(Unavailable):
    """The time allowed for the request ran out."""

    code = "deadline_exceeded"


class Cancelled(Unavailable):
    """The caller gave up waiting."""

    code = "cancelled"


class Busy(Unavailable):
    """Too many requests compete for the same rows or connections."""

    code = "busy"


class OutcomeUnknown(Unavailable):
    """The connection to the database was lost while the answer was being made durable; ask before trying again."""

    code = "outcome_unknown"


class KeyReused(Invalid):
    """The idempotency key was used before with another body."""

    code = "idempotency.key_reused"
