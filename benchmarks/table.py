"""The figures as a table, each with the word whether it is what we set out to reach."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from benchmarks.crew import Measure
from benchmarks.targets import TARGETS

_HEAD: Final = ("operation", "Dolibarr 23", "Tryton 8.2", "plain SQL", "target")


def best(measures: Iterable[Measure]) -> dict[tuple[str, int], Measure]:
    """Give the cheapest run of each operation and number of clients: what else the machine did only adds."""
    found: dict[tuple[str, int], Measure] = {}
    for one in measures:
        key = (one.operation, one.clients)
        if key not in found or one.cpu_ms < found[key].cpu_ms:
            found[key] = one
    return found


def table(measures: Sequence[Measure]) -> str:
    """Give the table in Markdown: CPU-ms per operation, then throughput and median wait with most clients."""
    found = best(measures)
    crews = sorted({clients for _, clients in found})
    most = crews[-1]
    head = [*_HEAD, *(_clients(crew) for crew in crews), "", f"ops/s, {most}", f"median ms, {most}"]
    lines = [_row(head), _row(["---", *["---:"] * (len(head) - 1)])]
    for name in dict.fromkeys(operation for operation, _ in found):
        target, measured = TARGETS[name], found[name, most]
        failed = sum(len(one.failures) for one in measures if one.operation == name)
        verdict = f"{failed} FAILED" if failed else "met" if measured.cpu_ms <= target.most else "NOT MET"
        figures = [f"{found[name, crew].cpu_ms:.2f}" if (name, crew) in found else "" for crew in crews]
        compared = [target.title, target.dolibarr, target.tryton, target.floor, f"{target.most:g}"]
        lines.append(_row([*compared, *figures, verdict, f"{measured.per_second:,.0f}", f"{measured.wait_ms:.1f}"]))
    return "\n".join(lines)


def _clients(number: int) -> str:
    return "1 client" if number == 1 else f"{number} clients"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
