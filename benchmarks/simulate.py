"""Play the engine's simulation for many seeds, or one seed again: ``python -m benchmarks.simulate --seeds 1000000``."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Sequence

from tests.support.workflow.simulator import simulate

SHARE = 1_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Print how many seeds held, and the first ones that did not with what went wrong; 1 when there is one."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulate", description=__doc__)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--seeds", type=int, default=10_000, help="how many, from --first on")
    which.add_argument("--seed", type=int, help="this one alone, with the traceback of what goes wrong")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    given = parser.parse_args(arguments)
    if given.seed is not None:
        simulate(given.seed)
        print(f"seed {given.seed} holds")
        return 0
    began = time.monotonic()
    last = given.first + given.seeds
    shares = [range(first, min(first + SHARE, last)) for first in range(given.first, last, SHARE)]
    with multiprocessing.get_context("spawn").Pool(given.processes) as pool:
        failed = [line for lines in pool.imap(_play, shares) for line in lines]
    for line in failed[:20]:
        print(line)
    took = time.monotonic() - began
    print(f"{given.seeds} seeds in {took:.0f} s, {len(failed)} failed")
    return 1 if failed else 0


def _play(seeds: range) -> list[str]:
    failed = []
    for seed in seeds:
        try:
            simulate(seed)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a failed seed
            failed.append(f"--seed {seed}: {type(error).__name__}: {error}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
