"""One client process: told what to do on standard input, in JSON; tells how it went on standard output.

It signs in, warms up and says so; on the next line it hears it does its rounds.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Any

import orjson

from benchmarks.operations import OPERATIONS, Book
from benchmarks.wire import Account, Refused, Wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What one client does; its turns are ``first``, ``first + step`` ... so that no two clients take the same."""

    operation: str
    account: Account
    book: Book
    name: str
    first: int
    step: int
    warm_up: int
    rounds: int

    @classmethod
    def read(cls, line: str) -> Task:
        """Give the task that ``write`` wrote."""
        told: dict[str, Any] = orjson.loads(line)
        return cls(account=Account(**told.pop("account")), book=Book(**told.pop("book")), **told)

    def write(self) -> str:
        """Give the task as one line."""
        return orjson.dumps(self).decode() + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How it went: rounds that succeeded, milliseconds of each, what was refused or broken."""

    done: int
    waits: list[float]
    failures: list[str]


def perform(task: Task, wire: Wire, turns: range) -> Outcome:
    """Do one round per turn; a round that fails is told and left as it is."""
    act = OPERATIONS[task.operation]
    waits: list[float] = []
    failures: list[str] = []
    for turn in turns:
        began = time.perf_counter()
        try:
            act(wire, task.book, turn)
        except (Refused, OSError) as error:
            failures.append(str(error))
        else:
            waits.append((time.perf_counter() - began) * 1000)
    return Outcome(done=len(waits), waits=waits, failures=failures)


def main() -> None:
    """Do what the first line says, in two goes: warm-up, then on the second line the rounds."""
    task = Task.read(sys.stdin.readline())
    middle = task.first + task.warm_up * task.step
    with Wire(task.account, task.name) as wire:
        for turns in (range(task.first, middle, task.step), range(middle, middle + task.rounds * task.step, task.step)):
            outcome = perform(task, wire, turns)
            sys.stdout.write(orjson.dumps(outcome).decode() + "\n")
            sys.stdout.flush()
            sys.stdin.readline()


if __name__ == "__main__":
    main()
