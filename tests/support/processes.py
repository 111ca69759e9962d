"""Teams of real processes that do business on one database at the same time."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Final

import pytest

from app.infrastructure.database.engine import Database
from tests.support import contender
from tests.support.contender import GO, Job, Told

# One process loads the program and is forked for each contender, so that a new one costs milliseconds.
_STARTER: Final = multiprocessing.get_context("forkserver")
_STARTER.set_forkserver_preload([contender.__name__])
LONGEST_SILENCE_S: Final = 90
ON_EACH: Final = pytest.mark.parametrize(
    "database_kind",
    [
        pytest.param("sqlite", marks=pytest.mark.fast),
        pytest.param("postgresql", marks=pytest.mark.fast),
        pytest.param("mariadb", marks=pytest.mark.fast),
        pytest.param("mariadb-no-returning", marks=pytest.mark.full),
    ],
    indirect=True,
)


@dataclass(frozen=True)
class Heard:
    """What one member of a team said; ``told`` is None for its death."""

    member: int
    told: Told | None

    @property
    def what(self) -> str:
        """What it is about."""
        return "dead" if self.told is None else self.told.what


@dataclass
class Member:
    """One process and the line to it."""

    process: BaseProcess
    line: Connection

    def end(self) -> None:
        """Kill the process, and forget it."""
        self.process.kill()
        self.process.join()
        self.process.close()
        self.line.close()


class Team:
    """Processes numbered from 0; one that was killed, or left in the middle, is replaced when there is a job for it."""

    def __init__(self, database: Database) -> None:
        self._url = database.settings.database_url
        self._returning = database.settings.db_returning.value
        self._members: dict[int, Member] = {}
        self._busy: set[int] = set()

    def ready(self, jobs: Sequence[Job]) -> list[int]:
        """Hand out a job to each member, and give the numbers the server knows their connections by, in order."""
        for number in self._busy & set(self._members):
            self._members.pop(number).end()
        self._busy = set(range(len(jobs)))
        for number, job in enumerate(jobs):
            if number not in self._members:
                self._members[number] = self._start()
            self._members[number].line.send(job)
        return [int(self.hear(number).facts["session"]) for number in range(len(jobs))]

    def go(self, *members: int) -> None:
        """Let members begin, or go on."""
        for number in members:
            self._members[number].line.send(GO)

    def hear(self, member: int) -> Told:
        """Give the next word of one member, which must not die."""
        line = self._members[member].line
        assert line.poll(LONGEST_SILENCE_S), f"process {member} says nothing"
        told: Told = line.recv()
        if told.what == "over":
            self._busy.discard(member)
        return told

    def silent(self, member: int, seconds: float) -> bool:
        """Tell whether a member says nothing for so long."""
        return not self._members[member].line.poll(seconds)

    def kill(self, member: int) -> None:
        """Kill a member as a power cut would."""
        self._members[member].process.kill()

    def compete(self, jobs: Sequence[Job], watch: Callable[[Heard], object] = lambda _: None) -> list[Heard]:
        """Let all do their jobs at once until the last is over or dead; ``watch`` hears everything as it is said."""
        self.ready(jobs)
        self.go(*range(len(jobs)))
        busy = {self._members[number].line: number for number in range(len(jobs))}
        heard: list[Heard] = []
        while busy:
            speaking = wait(list(busy), LONGEST_SILENCE_S)
            assert speaking, f"processes {sorted(busy.values())} say nothing"
            for line in speaking:
                assert isinstance(line, Connection)
                heard.append(self._word(busy[line], line))
                if heard[-1].what in {"dead", "over"}:
                    self._busy.discard(busy.pop(line))
                watch(heard[-1])
        for one in heard:
            if one.what == "dead":
                self._members.pop(one.member).end()
        return heard

    def close(self) -> None:
        """End all."""
        for member in self._members.values():
            member.end()
        self._members.clear()

    def _word(self, member: int, line: Connection) -> Heard:
        try:
            return Heard(member, line.recv())
        except (EOFError, ConnectionResetError):
            return Heard(member, None)

    def _start(self) -> Member:
        ours, theirs = _STARTER.Pipe()
        arguments: tuple[Any, ...] = (theirs, self._url, self._returning)
        process = _STARTER.Process(target=contender.main, args=arguments, daemon=True)
        process.start()
        theirs.close()
        return Member(process, ours)


@contextmanager
def team_on(database: Database) -> Iterator[Team]:
    """Give a team that works on ``database``, ended afterwards."""
    team = Team(database)
    try:
        yield team
    finally:
        team.close()


def told_by(heard: Sequence[Heard], what: str) -> list[Told]:
    """Give what was told of one kind, in the order in which it was heard."""
    return [one.told for one in heard if one.told is not None and one.what == what]
