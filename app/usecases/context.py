"""Who asks, for which company, in which language, and until when (ERP-08)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Final

from app.domain.identity import CompanySettings
from app.domain.shared.errors import Cancelled, DeadlineExceeded, MissingRight
from app.domain.shared.ids import ApiKeyId, AwsCredentialId, CompanyId, SessionId, UserId
from app.domain.shared.rights import Right


class CancellationToken:
    """A flag that the caller's side sets once and that long work looks at."""

    __slots__ = ("_cancelled",)

    def __init__(self) -> None:
        self._cancelled = False

    @property
    def cancelled(self) -> bool:
        """Whether the caller has given up."""
        return self._cancelled

    def cancel(self) -> None:
        """Tell the work to stop at its next look; cannot be taken back."""
        self._cancelled = True


class Deadline:
    """A point of a monotonic clock after which nobody waits for the answer.

    ``monotonic`` gives seconds; it is the one the deadline was made with, so a fake clock moves it in tests.
    """

    __slots__ = ("_at", "_monotonic")

    def __init__(self, seconds: float, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._at = monotonic() + seconds

    def remaining(self) -> float:
        """Give the seconds left, never below 0."""
        return max(0.0, self._at - self._monotonic())


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The circumstances of one request, job or command; handed to every use case and repository call.

    ``address`` is the caller's network address as far as it is known, ``api_key`` or ``aws_credential`` what the
    actor came with, ``session`` what the actor's token belongs to.
    """

    actor: UserId
    company: CompanyId
    rights: frozenset[Right]
    request_id: str
    locale: str
    settings: CompanySettings
    address: str = ""
    api_key: ApiKeyId | None = None
    aws_credential: AwsCredentialId | None = None
    session: SessionId | None = None
    deadline: Deadline | None = None
    token: CancellationToken = field(default_factory=CancellationToken)

    @property
    def zone(self) -> tzinfo:
        """The company's time zone, in which its legal dates are."""
        return self.settings.zone

    def require(self, right: Right) -> None:
        """Pass only a caller who holds ``right``. Raises MissingRight."""
        if right not in self.rights:
            raise MissingRight(right=right.value)

    def check(self) -> None:
        """Pass only while somebody waits. Raises Cancelled or DeadlineExceeded."""
        if self.token.cancelled:
            raise Cancelled
        if self.deadline is not None and self.deadline.remaining() <= 0:
            raise DeadlineExceeded


DEFAULT_LOCALE: Final = "en"


def system_context(request_id: str, locale: str = DEFAULT_LOCALE) -> Context:
    """Give the context of somebody not signed in: no company, no rights."""
    return Context(
        actor=UserId(0),
        company=CompanyId(0),
        rights=frozenset(),
        request_id=request_id,
        locale=locale,
        settings=CompanySettings(),
    )
