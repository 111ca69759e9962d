"""Run ten-step workflows of no-op steps on DBOS: the other side of ``benchmarks.engine``. Needs dbos, nothing of ours.

Standard input has a line of JSON, ``{"url", "steps", "at_once", "executions"}``; ``ready`` is written when some
executions have run, and any further line begins the measure. Written is ``{"name", "wall", "cpu", "times"}``: the
seconds and the CPU-seconds of all, and the seconds from the start of a step to the start of the next one.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from importlib import metadata
from typing import Any

from dbos import DBOS  # type: ignore[import-not-found,unused-ignore]  # of the peers' environment

here = threading.local()


@DBOS.step()  # type: ignore[untyped-decorator,unused-ignore]
def work(data: Any) -> Any:  # noqa: ANN401 - whatever was given
    """Do nothing but look at the clock."""
    here.began.append(time.perf_counter())
    return data


@DBOS.workflow()  # type: ignore[untyped-decorator,unused-ignore]
def line(data: Any, steps: int) -> Any:  # noqa: ANN401 - whatever was given
    """Do the steps one after the other."""
    for _ in range(steps):
        data = work(data)
    return data


def main() -> None:
    """Warm up, wait, measure."""
    asked = json.loads(sys.stdin.readline())
    DBOS(config={"name": "line", "system_database_url": asked["url"], "run_admin_server": False, "log_level": "ERROR"})
    DBOS.launch()
    run(asked, asked["at_once"] * 2)
    print("ready", flush=True)
    sys.stdin.readline()
    wall, used = time.perf_counter(), time.process_time()
    times = run(asked, asked["executions"])
    told = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - used, "times": times}
    print(json.dumps({"name": f"DBOS {metadata.version('dbos')}", **told}), flush=True)
    DBOS.destroy()


def run(asked: dict[str, Any], executions: int) -> list[float]:
    """Run so many, ``at_once`` at a time."""
    times: list[float] = []

    def feed() -> None:
        for _ in range(executions // asked["at_once"]):
            here.began = []
            line({"n": 1}, asked["steps"])
            times.extend(after - before for before, after in zip(here.began, here.began[1:], strict=False))

    threads = [threading.Thread(target=feed) for _ in range(asked["at_once"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


if __name__ == "__main__":
    main()
