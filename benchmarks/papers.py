"""Measure what printing costs: an invoice of a page, and one of 2,000 lines.

``python -m benchmarks.papers`` prints a table. A figure is the CPU time of this process, the cheapest of several runs;
memory is what Python held at most, beyond what it held before.
"""

from __future__ import annotations

import io
import sys
import time
import tracemalloc
from typing import Final

from pypdf import PdfReader

from benchmarks.machine import describe
from tests.support.papers import invoice, nothing, printer

CASES: Final = ((5, 40), (200, 5), (2_000, 3))
"""Lines of the invoice, and how often it is printed."""
MOST_MS: Final = 8.0
"""What an invoice of five lines may cost."""


def main() -> int:
    """Print the table; give 1 when an invoice of five lines costs more than it may."""
    print(f"{describe()}\n")
    print("| lines | pages | CPU-ms | CPU-ms a page | KB | peak MB |")
    print("|---|---|---|---|---|---|")
    found = [measure(lines, rounds) for lines, rounds in CASES]
    return int(found[0] > MOST_MS)


def measure(lines: int, rounds: int) -> float:
    """Measure one invoice and print its row; give its CPU-ms."""
    one, paper = printer(), invoice(lines)
    content = one.print(paper, nothing)
    spent = []
    for _ in range(rounds):
        start = time.process_time()
        one.print(paper, nothing)
        spent.append((time.process_time() - start) * 1000)
    tracemalloc.start()
    one.print(paper, nothing)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    pages = len(PdfReader(io.BytesIO(content)).pages)
    least = min(spent)
    size = len(content) / 1000
    print(f"| {lines:,} | {pages} | {least:.1f} | {least / pages:.1f} | {size:.0f} | {peak / 1e6:.1f} |")
    return least


if __name__ == "__main__":
    sys.exit(main())
