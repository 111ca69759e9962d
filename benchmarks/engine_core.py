"""What a step costs in this process alone: decided, written down and handed out, over a store that confirms everything.

``python -m benchmarks.engine_core [--executions N]`` prints the CPU microseconds of a step of the line, the best of
several rounds and the middle one. What ``benchmarks.engine`` shows beyond it is the store's, the driver's and the
threads'.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from itertools import count
from statistics import median
from typing import Final, cast

from app.workflow.kernel import stimuli as s
from app.workflow.runtime.core import Core
from app.workflow.runtime.live import Command, Item
from app.workflow.runtime.registry import Registry
from app.workflow.runtime.steps import Handler, checked
from app.workflow.runtime.store import Append, Key, NewExecution, Store
from benchmarks.engine_line import LINE, STEPS

ROUNDS: Final = 7
NOW: Final = 1_800_000_000_000
_numbers: Final = count()


class Agreeable:
    """A store that keeps nothing and confirms every commit."""

    one_writer = False

    def commit(self, appends: Sequence[Append], connection: object = None) -> set[Key]:
        """Confirm all."""
        del connection
        return {append.key for append in appends}


def microseconds(executions: int, at_once: int = 32) -> float:
    """Run so many executions in a closed loop; give the CPU time of one step."""
    handler = Handler.of(lambda data: data, inline=True, transactional=False)
    registry = Registry(None)
    registry.add(LINE)
    store = cast("Store", Agreeable())
    core = Core(store, registry, 1, new_id=str, new_seed=str)
    began = time.process_time()
    births = [_new() for _ in range(min(at_once, executions))]
    started, items = len(births), list[Item]()
    while births or items:
        commands = core.turn(items, NOW, births)
        items = [_answer(handler, command) for command in commands]
        births = [_new() for _ in range(min(len(core.ended), executions - started))]
        started += len(births)
    return 1e6 * (time.process_time() - began) / (executions * STEPS)


def told(executions: int) -> str:
    """Measure several times; say what came out."""
    rounds = [microseconds(executions) for _ in range(ROUNDS)]
    return f"core alone, 32 at once: {min(rounds):.1f} CPU-us a step at best of {ROUNDS}, {median(rounds):.1f} midway"


def _new() -> NewExecution:
    return NewExecution(Key("", f"e{next(_numbers):030}"), LINE.name, LINE.edition, '{"n":1}', NOW, "seed")


def _answer(handler: Handler, command: Command) -> Item:
    step = command.step
    output = checked(handler.call(command, lambda: None))
    return Item(step.key, s.TaskDone(step.branch, step.entry, step.attempt, output))


def main() -> None:
    """Print it."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks.engine_core", description=__doc__)
    asked.add_argument("--executions", type=int, default=2_000, help="executions of ten steps in a round")
    print(told(asked.parse_args().executions))


if __name__ == "__main__":
    main()
