"""Many requests of one use case in one transaction: all of them, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

from app.domain.shared.errors import DomainError, Unavailable
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.shared import Work
from app.usecases.run import UseCase

ITEMS = "items"


@runtime_checkable
class LocksFirst(Protocol):
    """A use case that locks rows, and can lock those of many requests before it carries out the first."""

    def lock_all(self, work: Work, context: Context, requests: Sequence[Any]) -> None:
        """Lock in the written order whatever carrying out ``requests`` one after the other will lock.

        Refuses nothing: what is wrong with a request is said when its turn comes.
        """
        ...


@dataclass(frozen=True, slots=True)
class Together:
    """Carry out a use case for many requests, in their order, in one transaction.

    Raises what the use case raises, with ``at`` within ``("items", index)`` of the first request refused.
    """

    case: UseCase[Any, Any]

    @property
    def right(self) -> Right | None:
        """What the use case itself needs."""
        return self.case.right

    @property
    def writes(self) -> bool:
        """Whether the use case itself writes."""
        return self.case.writes

    def execute(self, work: Work, context: Context, request: Sequence[Any]) -> list[Any]:
        """Give the results in the order of the requests."""
        if isinstance(self.case, LocksFirst):
            self.case.lock_all(work, context, request)
        results = []
        for index, one in enumerate(request):
            context.check()
            try:
                results.append(self.case.execute(work, context, one))
            except Unavailable:
                raise
            except DomainError as error:
                raise error.within(ITEMS, index) from None
        return results


@dataclass(frozen=True, slots=True)
class Begin:
    """Do nothing but let the runner keep an idempotency key, for requests that are then carried out one by one."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: None) -> None:
        """Do nothing."""
