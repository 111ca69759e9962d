"""The commands about jobs, as an administrator types them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from app.bootstrap import Container, bootstrap
from app.domain.jobs import JobState, NewJob
from app.domain.shared.ids import CompanyId, JobId
from app.infrastructure.database.work import SqlWorks
from app.settings import Settings
from app.usecases.context import Context, system_context
from app.usecases.jobs import Claim, ClaimJobs, EnterWorker, FailJob, Failure, StartJob
from tests.support.command import Said, command
from tests.support.jobs import ask
from tests.support.lines import logging_as_it_was

pytestmark = pytest.mark.fast
OWN: Final = CompanyId(0)
FIRST: Final = CompanyId(1)
AT: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the data directory of a demo company."""
    folder = tmp_path_factory.mktemp("demo")
    assert command("demo", data=folder).returncode == 0
    return folder


@pytest.fixture
def data(demo: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(demo, tmp_path / "data"))


@contextmanager
def opened(data: Path) -> Iterator[Container]:
    with logging_as_it_was():
        container = bootstrap(Settings(data_dir=data))
        try:
            yield container
        finally:
            container.close()


def acting(container: Container, company: CompanyId) -> Context:
    return container.context_of(company) if company else system_context("test")


def asked(data: Path, *new: NewJob, company: CompanyId = FIRST) -> list[JobId]:
    with opened(data) as container:
        assert isinstance(container.works, SqlWorks)
        return ask(container.works, acting(container, company), *new)


def killed(data: Path, job: JobId, company: CompanyId = FIRST) -> None:
    """Let a worker that lives on begin a job and fail at it for good."""
    with opened(data) as container:
        runner, clock, system = container.runner, container.clock, system_context("test")
        worker = runner.call(system, EnterWorker(clock), lambda: "host:77")
        claimed = runner.call(system, ClaimJobs(clock), lambda: Claim(jobs=[job], worker=worker))
        assert claimed
        context = replace(system, company=company)
        begun = runner.call(context, StartJob(clock, 1), lambda: claimed[0])
        failure = Failure(job=begun, error="mail.refused", most=1)
        assert runner.call(context, FailJob(clock), lambda: failure) is JobState.DEAD


@pytest.fixture
def jobs(data: Path) -> Callable[..., Said]:
    return lambda *words: command("jobs", *words, data=data)


def test_jobs_are_listed_newest_first_with_what_they_failed_of(data: Path, jobs: Callable[..., Said]) -> None:
    first, second = asked(data, NewJob(kind="a"), NewJob(kind="b"))
    killed(data, first)
    done = jobs("list")
    assert done.returncode == 0, done.stderr
    newest, oldest = done.stdout.splitlines()
    assert re.fullmatch(rf"{second} waiting b, due {AT}, 0 attempts", newest)
    assert re.fullmatch(rf"{first} dead a, due {AT}, 1 attempts, mail.refused", oldest)
    assert jobs("list", "--status", "dead").stdout.startswith(f"{first} dead a")
    assert jobs("list", "--kind", "b").stdout.startswith(f"{second} waiting b")
    assert jobs("list", "--kind", "b", "--status", "dead").stdout == ""
    few = jobs("list", "--most", "1").stdout.splitlines()
    assert few == [newest, "and more: only the newest 1 are shown"]


def test_a_job_is_shown_with_all_that_is_known_of_it(data: Path, jobs: Callable[..., Said]) -> None:
    (job,) = asked(data, NewJob(kind="mail.send", payload={"to": "[x]", "mail": 7}, unique="mail:7"))
    shown = dict(line.split(": ", 1) for line in jobs("show", str(job)).stdout.splitlines() if ": " in line)
    assert (shown["id"], shown["status"], shown["kind"], shown["unique"]) == (
        str(job),
        "waiting",
        "mail.send",
        "mail:7",
    )
    assert shown["payload"] == '{"mail": 7, "to": "[x]"}'
    assert re.fullmatch(AT, shown["due"])
    assert (shown["started"], shown["ended"], shown["actor"], shown["worker"]) == ("", "", "", "")


def test_a_dead_job_is_retried_and_a_waiting_one_called_off(data: Path, jobs: Callable[..., Said]) -> None:
    (job,) = asked(data, NewJob(kind="a"))
    killed(data, job)
    assert jobs("cancel", str(job)).returncode == 1
    assert jobs("retry", str(job)).stdout == f"{job} waiting\n"
    refused = jobs("retry", str(job))
    assert refused.returncode == 1
    assert "state.invalid_transition" in refused.stderr
    assert jobs("cancel", str(job)).stdout == f"{job} canceled\n"
    assert "not_found" in jobs("show", "999").stderr


def test_the_installation_s_own_jobs_are_those_of_company_0(data: Path, jobs: Callable[..., Said]) -> None:
    """They are nobody's else: neither list shows the other's, and their events get numbers like all others."""
    (own,) = asked(data, NewJob(kind="nightly"), company=OWN)
    (theirs,) = asked(data, NewJob(kind="a"))
    assert jobs("list", "--company", "0").stdout.startswith(f"{own} waiting nightly")
    assert jobs("list").stdout.startswith(f"{theirs} waiting a")
    assert "not_found" in jobs("show", str(own)).stderr
    killed(data, own, OWN)
    assert jobs("retry", str(own), "--company", "0").stdout == f"{own} waiting\n"
    assert jobs("cancel", str(own), "--company", "0").stdout == f"{own} canceled\n"
    assert command("dispatch", data=data).returncode == 0
    assert command("dispatch", data=data).stdout == "0 events numbered\n"
    assert command("verify", data=data).returncode == 0


def test_counts_are_of_all_companies_unless_one_is_named(data: Path, jobs: Callable[..., Said]) -> None:
    (own,) = asked(data, NewJob(kind="nightly"), company=OWN)
    asked(data, NewJob(kind="a"), NewJob(kind="a"))
    killed(data, own, OWN)
    of_all = jobs("counts").stdout.splitlines()
    assert len(of_all) == 2
    assert re.fullmatch(rf"nightly dead: 1, oldest due {AT}", of_all[0])
    assert re.fullmatch(rf"a waiting: 2, oldest due {AT}", of_all[1])
    assert jobs("counts", "--company", "1").stdout.splitlines() == of_all[1:]
    assert jobs("counts", "--company", "0").stdout.splitlines() == of_all[:1]


def test_workers_are_named_with_when_they_were_seen(data: Path, jobs: Callable[..., Said]) -> None:
    assert jobs("workers").stdout == ""
    killed(data, asked(data, NewJob(kind="a"))[0])
    assert re.fullmatch(rf"1 host:77: since {AT}, seen {AT}\n", jobs("workers").stdout)


def test_a_company_that_is_not_there_is_refused(jobs: Callable[..., Said]) -> None:
    for words in (("list",), ("show", "1"), ("retry", "1"), ("cancel", "1"), ("counts",)):
        done = jobs(*words, "--company", "77")
        assert done.returncode == 1
        assert "not_found" in done.stderr


def test_without_its_schema_a_database_is_not_looked_at(data: Path, jobs: Callable[..., Said]) -> None:
    for part in data.glob("tramita.db*"):
        part.unlink()
    for words in (("list",), ("counts",), ("workers",), ("retry", "1")):
        assert "setup.schema_outdated" in jobs(*words).stderr
