"""What a domain event is: a fact about one aggregate, named by a stored string."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to one aggregate, in the past tense.

    ``name`` and ``aggregate`` are stored and public: they never change. Every field is a fact of the payload; the
    aggregate's id is the field named by ``key``. One that is ``silent`` does not tell what changed: it is about things
    that nobody may read any more.
    """

    name: ClassVar[str]
    aggregate: ClassVar[str]
    key: ClassVar[str] = "id"
    silent: ClassVar[bool] = False

    def aggregate_id(self) -> int:
        """Give the id of the aggregate the fact is about."""
        return int(getattr(self, self.key))

    def facts(self) -> dict[str, object]:
        """Give the payload: field name to value (numbers, strings, dates, Decimals and lists of such)."""
        return asdict(self)
