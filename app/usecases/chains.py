"""Proving that the books are as they were written: chains walked, balances compared, heads signed and held against."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any, ClassVar, Final

from app.domain.chains import SEALED, Flaw, FlawKind, Head, NoChain, walk
from app.domain.shared.errors import Invalid, UnknownReference
from app.domain.shared.ids import CompanyId
from app.domain.shared.numbering import canonical
from app.domain.shared.rights import Right
from app.domain.shared.series import SeriesKind
from app.usecases.context import Context
from app.usecases.ports.chains import Archive, Balance, Disagreement, Notary
from app.usecases.ports.shared import Clock, Seal, Work
from app.usecases.run import Runner

MOST_FLAWS: Final = 100
"""A chain with more is reported up to here: with another key every row is wrong."""
FORMAT: Final = 1


class BadHeads(Invalid):
    """The file is not a document of signed heads, or its signature is not of this key."""

    code = "chains.bad_heads"


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One chain: how many documents it should have, and what is wrong with it (at most MOST_FLAWS)."""

    kind: str
    period: str
    documents: int
    flaws: tuple[Flaw, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The chains looked at, by kind and period."""

    chains: tuple[Examined, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not any(chain.flaws for chain in self.chains)


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """Which chains are meant; None means all."""

    kind: SeriesKind | None = None
    period: str | None = None

    def kinds(self) -> Sequence[SeriesKind]:
        """Give the kinds meant. Raises NoChain."""
        if self.kind is not None and self.kind not in SEALED:
            raise NoChain(at=("kind",), value=self.kind.value)
        return SEALED if self.kind is None else (self.kind,)


@dataclass(frozen=True, slots=True)
class ListHeads:
    """Show where each series of numbers stands: the next number, and the last link of its hash chain."""

    right: ClassVar[Right] = Right.CHAINS_VERIFY
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: None) -> Sequence[Head]:
        """Give the heads by kind and period."""
        return work.chains.heads()


@dataclass(frozen=True, slots=True)
class VerifyChains:
    """Walk the hash chains of invoices and payments and tell every document that is not as it was sealed.

    Documents written while it walks are no fault: each chain is walked to the head it had when it was reached. Raises
    NoChain, UnknownReference for a period without a series, and DeadlineExceeded: name a kind and a period when there
    are too many.
    """

    seal: Seal
    right: ClassVar[Right] = Right.CHAINS_VERIFY
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: Which) -> Verification:
        """Give what was found, chain by chain."""
        ends = [(kind, head) for kind in request.kinds() for head in work.chains.ends(kind, request.period)]
        if request.period is not None and not ends:
            raise UnknownReference(at=("period",), kind="series", value=request.period)
        return Verification(chains=tuple(self._examined(work, kind, head) for kind, head in ends))

    def _examined(self, work: Work, kind: SeriesKind, head: Head) -> Examined:
        rows = work.chains.rows(kind, head.period, head.end)
        flaws = tuple(islice(walk(rows, self.seal.link, head), MOST_FLAWS))
        return Examined(kind=kind, period=head.period, documents=head.last, flaws=flaws)


@dataclass(frozen=True, slots=True)
class CompareBalances:
    """Compare what the books say in two places: levels with movements, paid amounts with payments, totals with lines.

    It reads whole tables; each comparison is true of one moment.
    """

    right: ClassVar[Right] = Right.CHAINS_VERIFY
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: None) -> Sequence[Disagreement]:
        """Give the contradictions, at most MOST_FLAWS of each kind; none in sound books."""
        return [found for balance in Balance for found in work.chains.disagreements(balance, MOST_FLAWS)]


# --- signed heads ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedHeads:
    """A document of heads: when it was signed, and the heads by company."""

    at: str
    heads: Mapping[CompanyId, Sequence[Head]] = field(default_factory=dict)


def written(at: str, heads: Mapping[CompanyId, Iterable[Head]]) -> bytes:
    """Write heads in the one form that is signed: canonical JSON, sorted keys, no spaces."""
    rows = [
        {
            "company": company,
            "kind": head.kind,
            "period": head.period,
            "next": head.next,
            "last_date": "" if head.last_date is None else head.last_date,
            "last_hash": head.last_hash,
        }
        for company, found in sorted(heads.items())
        for head in found
    ]
    return canonical({"format": FORMAT, "at": at, "heads": rows})


def read_heads(document: bytes, signature: bytes, notary: Notary) -> SignedHeads:
    """Give the heads of a document after checking its signature. Raises BadHeads."""
    if not notary.signed(document, signature):
        raise BadHeads(reason="signature")
    try:
        content = json.loads(document)
        if content["format"] != FORMAT:
            raise BadHeads(reason="format")
        heads: dict[CompanyId, list[Head]] = {}
        for row in content["heads"]:
            heads.setdefault(CompanyId(int(row["company"])), []).append(_head(row))
        return SignedHeads(at=str(content["at"]), heads=heads)
    except (ValueError, KeyError, TypeError) as error:
        raise BadHeads(reason="format") from error


def _head(row: Mapping[str, Any]) -> Head:
    return Head(
        kind=str(row["kind"]),
        period=str(row["period"]),
        next=int(row["next"]),
        last_hash=str(row["last_hash"]),
        last_date=date.fromisoformat(row["last_date"]) if row["last_date"] else None,
    )


@dataclass(frozen=True, slots=True)
class HoldAgainst:
    """Hold today's series against heads signed earlier: each must still be there, or the books were rebuilt.

    It proves what walking cannot: rows cut off with the head set back, or a chain made anew with the key.
    """

    right: ClassVar[Right] = Right.CHAINS_VERIFY
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: Sequence[Head]) -> Verification:
        """Give the series, each with its flaw if it is not as exported."""
        now = {(head.kind, head.period): head.next for head in work.chains.heads()}
        return Verification(
            chains=tuple(
                Examined(
                    kind=head.kind,
                    period=head.period,
                    documents=head.last,
                    flaws=() if self._kept(work, head, now.get((head.kind, head.period), 1)) else (_forked(head),),
                )
                for head in request
            )
        )

    @staticmethod
    def _kept(work: Work, head: Head, following: int) -> bool:
        if following < head.next:
            return False
        if head.kind not in SEALED or head.last == 0:
            return True
        return work.chains.link_at(SeriesKind(head.kind), head.period, head.last) == head.last_hash


def _forked(head: Head) -> Flaw:
    return Flaw(kind=FlawKind.NOT_AS_EXPORTED, number=head.last, to=head.last)


@dataclass(frozen=True, slots=True)
class ExportHeads:
    """Signs the heads of all companies and keeps them: once a day, by UTC.

    It is for the command line and for the daily round, not for clients.
    """

    runner: Runner
    clock: Clock
    notary: Notary
    archive: Archive

    def __call__(self, contexts: Sequence[Context]) -> str | None:
        """Give the place of the new document with each company's heads, None when today has one already."""
        now = self.clock.now()
        if self.archive.has(now.date()):
            return None
        heads = {context.company: self.runner.call(context, ListHeads(), lambda: None) for context in contexts}
        document = written(now.isoformat(timespec="seconds").replace("+00:00", "Z"), heads)
        return self.archive.keep(now.date(), document, self.notary.sign(document), self.notary.public_pem())
