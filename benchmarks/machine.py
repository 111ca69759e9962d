"""Processes as the kernel counts them: what CPU they used, on which cores they may run."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

TICKS: Final = os.sysconf("SC_CLK_TCK")
# Fields of /proc/<pid>/stat after the name (proc(5) counts from 1 and has two before): parent; then user and system
# time of the process and of its children that have ended.
_PARENT: Final = 1
_TIMES: Final = slice(11, 15)


def cpu_ms(roots: Iterable[int]) -> float:
    """Give the CPU time used so far by processes, their descendants, and the children these have outlived."""
    return sum(sum(map(int, _stat(pid)[_TIMES])) for pid in family(roots)) * 1000 / TICKS


def own_cpu_ms() -> float:
    """Give the CPU time used so far by this process alone: the servers of the tests descend from it."""
    return time.process_time() * 1000


def family(roots: Iterable[int]) -> set[int]:
    """Give the processes and all that descend from them."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        if fields := _stat(pid):
            children.setdefault(int(fields[_PARENT]), []).append(pid)
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += children.get(pid, ())
    return found


def parent(pid: int) -> int:
    """Give the process that started ``pid``."""
    return int(_stat(pid)[_PARENT])


def pin(roots: Iterable[int], cores: set[int]) -> None:
    """Keep processes, their descendants and whatever these start from now on to ``cores``; none: leave them be."""
    for pid in family(roots) if cores else ():
        for task in Path(f"/proc/{pid}/task").glob("[0-9]*"):
            with suppress(ProcessLookupError):  # a thread may end meanwhile
                os.sched_setaffinity(int(task.name), cores)


def halves() -> tuple[set[int], set[int]]:
    """Give one core for server and database and one for the clients; nothing to pin to where there is but one."""
    cores = sorted(os.sched_getaffinity(0))
    return ({cores[0]}, {cores[-1]}) if len(cores) > 1 else (set(), set())


def describe() -> str:
    """Give the machine in a few words."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        if line.startswith("model name")
    ]
    cores = len(os.sched_getaffinity(0))
    return (
        f"{cores} cores of {models[0] if models else platform.machine()}, Linux {platform.release()},"
        f" Python {platform.python_version()}"
    )


def _stat(pid: int) -> list[str]:
    """Give the fields after the process's name, which may itself hold spaces; none for one that is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(")")[2].split()
