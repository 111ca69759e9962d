"""The line of no-op steps that ``benchmarks.engine`` measures, and a process that goes on with what was interrupted.

``python -m benchmarks.engine_line URL`` does what is there to do until its standard input ends.
"""

from __future__ import annotations

import sys
from typing import Final

from app.workflow.kernel.graph import Definition, Flow
from app.workflow.kernel.states import Task
from app.workflow.runtime.engine import Engine
from app.workflow.stores.sql.store import SqlStore

STEPS: Final = 10
NAMES: Final = [f"s{number}" for number in range(STEPS)]
LINE: Final = Definition(
    "line",
    Flow(
        "s0",
        {
            name: Task(name, {"success": following}, "work")
            for name, following in zip(NAMES, [*NAMES[1:], None], strict=True)
        },
    ),
)


def main() -> None:
    """Go on."""
    engine = Engine(SqlStore(sys.argv[1]))
    engine.register(LINE)

    @engine.task("work", inline=True)
    def work(data: object) -> object:
        return data

    with engine:
        sys.stdin.read()


if __name__ == "__main__":
    main()
