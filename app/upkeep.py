"""What the command line says about the state of the books: one line for each thing looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.bootstrap import Container
from app.domain.chains import Flaw, FlawKind, Head
from app.infrastructure.heads import Ed25519Notary, read_signed
from app.usecases.chains import (
    BadHeads,
    CompareBalances,
    Examined,
    HoldAgainst,
    Verification,
    VerifyChains,
    Which,
    read_heads,
)
from app.usecases.context import Context
from app.usecases.journal import VerifyJournal


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a report, and whether it speaks of sound books."""

    text: str
    sound: bool = True


def verified(container: Container, contexts: Iterable[Context]) -> Iterator[Finding]:
    """Walk the chains and compare the balances of each company, telling as it goes."""
    for context in contexts:
        chains = container.runner.call(context, VerifyChains(container.seal), Which)
        yield from _flaws(context, chains)
        yield Finding(
            f"company {context.company}: {len(chains.chains)} chains,"
            f" {sum(chain.documents for chain in chains.chains)} documents walked"
        )
        yield from _journal(container, context)
        yield from _balances(container, context)


def _journal(container: Container, context: Context) -> Iterator[Finding]:
    head, faults = container.runner.call(context, VerifyJournal(container.seal), lambda: None)
    for fault in faults:
        yield Finding(f"company {context.company} journal: {fault.sequence} {fault.what}", sound=False)
    yield Finding(f"company {context.company}: {head.next - head.first} journal entries walked")


def _balances(container: Container, context: Context) -> Iterator[Finding]:
    for found in container.runner.call(context, CompareBalances(), lambda: None):
        told = f"says {found.told or 'nothing'}, the books say {found.counted or 'nothing'}"
        yield Finding(f"company {context.company} {found.balance.value}: {found.what} {found.id} {told}", sound=False)


def against(
    container: Container, contexts: Iterable[Context], file: Path, public_key: Path | None = None
) -> Iterator[Finding]:
    """Check the signature of a document of heads, and hold the chains of these companies against it.

    Raises BadHeads when it is not ours, and for one that names a company there is no more.
    """
    notary = container.notary if public_key is None else Ed25519Notary.of_pem(public_key.read_bytes())
    try:
        document, signature = read_signed(file)
    except OSError as error:
        raise BadHeads(reason="file") from error
    signed = read_heads(document, signature, notary)
    known = {context.company for context in container.contexts()}
    yield Finding(f"signed at {signed.at}: {sum(map(len, signed.heads.values()))} series")
    for gone in sorted(signed.heads.keys() - known):
        yield Finding(f"company {gone} is gone with its series", sound=False)
    for context in contexts:
        heads = signed.heads.get(context.company, ())
        found = container.runner.call(context, HoldAgainst(), partial(tuple[Head, ...], heads))
        yield from _flaws(context, found)


def _flaws(context: Context, found: Verification) -> Iterator[Finding]:
    for chain in found.chains:
        for flaw in chain.flaws:
            yield Finding(f"company {context.company} {_told(chain, flaw)}", sound=False)


_WORDS = {
    FlawKind.CHANGED: "does not follow: it, or what came before it, was changed",
    FlawKind.LINK_CHANGED: "has another link than its content",
    FlawKind.MISSING: "missing",
    FlawKind.INSERTED: "was put there without the key",
    FlawKind.SWAPPED: "were exchanged",
    FlawKind.HEAD_CHANGED: "is the last document, and the series says otherwise",
    FlawKind.NOT_AS_EXPORTED: "is not the document that was signed",
}


def _told(chain: Examined, flaw: Flaw) -> str:
    numbers = f"number {flaw.number}" if flaw.number == flaw.to else f"numbers {flaw.number} to {flaw.to}"
    series = f"{chain.kind} {chain.period}".rstrip()
    return f"{series}: {numbers} {_WORDS[flaw.kind]}"
