"""Files in memory, with a clock and a fault that tests set."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from app.domain.attachments import FileMissing, StorageFull
from app.domain.shared.ids import CompanyId


@dataclass
class MemoryStaged:
    """A file on its way in."""

    files: MemoryFiles
    company: CompanyId
    data: bytearray = field(default_factory=bytearray)

    def write(self, data: bytes) -> None:
        if len(self.data) + len(data) > self.files.space:
            raise StorageFull
        self.data += data

    def seal(self) -> tuple[str, int]:
        return hashlib.sha256(self.data).hexdigest(), len(self.data)

    def keep(self) -> None:
        self.files.begun.pop((self.company, id(self)), None)
        self.files.kept[self.company, self.seal()[0]] = (bytes(self.data), self.files.now)

    def drop(self) -> None:
        self.files.begun.pop((self.company, id(self)), None)
        self.files.dropped += 1


@dataclass
class MemoryFiles:
    """Contents by company and digest, each with when it was kept; ``space`` is what is left in bytes."""

    kept: dict[tuple[CompanyId, str], tuple[bytes, datetime]] = field(default_factory=dict)
    now: datetime = datetime(2026, 11, 21, tzinfo=UTC)
    space: int = 1_000_000
    begun: dict[tuple[CompanyId, int], datetime] = field(default_factory=dict)
    dropped: int = 0

    def stage(self, company: CompanyId) -> MemoryStaged:
        staged = MemoryStaged(self, company)
        self.begun[company, id(staged)] = self.now
        return staged

    def read(self, company: CompanyId, digest: str) -> Iterator[bytes]:
        if (company, digest) not in self.kept:
            raise FileMissing
        return iter([self.kept[company, digest][0]])

    def companies(self) -> Sequence[CompanyId]:
        return sorted({company for company, _ in (*self.kept, *self.begun)})

    def old(self, company: CompanyId, before: datetime) -> Iterator[str]:
        return iter([digest for (own, digest), (_, at) in self.kept.items() if own == company and at < before])

    def remove(self, company: CompanyId, digest: str, before: datetime) -> bool:
        found = self.kept.get((company, digest))
        if found is None or found[1] >= before:
            return False
        del self.kept[company, digest]
        return True

    def clear(self, company: CompanyId, before: datetime) -> int:
        begun = [key for key, at in self.begun.items() if key[0] == company and at < before]
        for key in begun:
            del self.begun[key]
        return len(begun)
