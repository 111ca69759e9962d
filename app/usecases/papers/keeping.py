"""Papers are printed once: what is found by which key, and how long it stays.

A final document is printed once for each of its versions and each language, and stays as it was first printed. What may
still change - drafts, statements, sheets - is found by all that it says, and goes when a newer one is printed of the
same document, or after a week.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import ClassVar, Final

from app.domain.catalogue import Product
from app.domain.papers import Paper, PaperKind
from app.domain.parties import Address, AddressKind, Party
from app.domain.shared.ids import ProductId
from app.domain.shared.lines import PricedLine
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.papers.frame import Frame
from app.usecases.ports.attachments import Staged
from app.usecases.ports.papers import KeptPaper, PaperKey, Printer
from app.usecases.ports.shared import Clock, Work

PASSING: Final = timedelta(days=7)
"""How long a paper stays whose document may still change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRequest:
    """Which document is wanted; ``locale`` None is the language of whom it is for."""

    id: int
    locale: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is printed: a version of a document, ``final`` once it cannot change under the same version.

    ``name`` is what its file is called, without the ending.
    """

    kind: PaperKind
    document: int
    version: int
    final: bool
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A paper that somebody wants: ``kept`` when it was printed before, else ``paper`` is what it is to say.

    ``logo`` is the digest of the logo to be put on it.
    """

    key: PaperKey
    name: str
    kept: KeptPaper | None = None
    paper: Paper | None = None
    logo: str = ""
    settings_version: int = 0


@dataclass(frozen=True, slots=True)
class PrintCase:
    """What the use cases share that describe papers; each names the right to read its document."""

    printer: Printer
    right: ClassVar[Right]
    writes: ClassVar[bool] = False

    def wanted(
        self, work: Work, context: Context, subject: Subject, locale: str | None, describe: Callable[[Frame], Paper]
    ) -> Wanted:
        """Give the paper of ``subject`` that was kept; else what ``describe`` says of it."""
        locale = locale or context.settings.letterhead.locale or context.locale
        key = PaperKey(kind=subject.kind, document=subject.document, version=subject.version, locale=locale)
        if subject.final:
            kept = work.papers.find(key)
            if kept is not None:
                return Wanted(key=key, name=subject.name, kept=kept)
        frame, settings_version = _frame(work, context, subject, locale)
        paper, logo = describe(frame), frame.letterhead.logo
        kept = None
        if not subject.final:
            key = replace(key, edition=_edition(paper, logo, self.printer.version))
            kept = work.papers.find(key)
        return Wanted(key=key, name=subject.name, kept=kept, paper=paper, logo=logo, settings_version=settings_version)


def _frame(work: Work, context: Context, subject: Subject, locale: str) -> tuple[Frame, int]:
    """Give what is said of the company, and by which settings: for a final document those it was first printed by."""
    company = work.companies.get(context.company)
    settings = company.settings
    first = work.papers.first_settings(subject.kind, subject.document) if subject.final else None
    if first is not None and first != settings.version:
        (then,) = work.companies.settings_versions(company.id, before=first + 1, limit=1)
        settings = then.settings
    return Frame(company=company, settings=settings, locale=locale), settings.version


def _edition(paper: Paper, logo: str, look: str) -> str:
    """Give the SHA-256 of all that a paper says and how it looks."""
    return sha256(f"{look}\0{logo}\0{paper!r}".encode("utf-8", "surrogatepass")).hexdigest()


def products_of(work: Work, lines: Iterable[PricedLine]) -> Mapping[ProductId, Product]:
    """Give the products that lines name, by one statement."""
    wanted = {line.product_id for line in lines if line.product_id is not None}
    return work.products.of(wanted) if wanted else {}


def address_of(work: Work, party: Party, kind: AddressKind) -> Address:
    """Give where papers for ``kind`` go: the third party's preferred address of that kind, else its own."""
    others = (one for one in work.party_addresses.of(party.id) if one.kind is kind and one.preferred)
    return next((one.address for one in others), party.address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """A paper whose file is durable, though not yet kept."""

    wanted: Wanted
    digest: str
    size: int
    staged: Staged


@dataclass(frozen=True, slots=True)
class KeepPaper:
    """Keep a paper that was printed. Of several who printed the same at once the first one's is kept."""

    clock: Clock
    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Printed) -> KeptPaper:
        """Give the paper that is kept; what it outdates goes."""
        key = request.wanted.key
        kept = work.papers.find(key)
        if kept is not None:
            return kept
        now = self.clock.now()
        kept = KeptPaper(
            key=key,
            digest=request.digest,
            size=request.size,
            settings_version=request.wanted.settings_version,
            made_at=now,
            expires_at=None if key.final else now + PASSING,
        )
        request.staged.keep()
        work.papers.outdate(key)
        work.papers.add(kept)
        return kept
