"""Jobs as they are thought of: what each step leaves behind, how long they wait, and how an attempt failed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app.domain.jobs import (
    ENDED,
    HELD,
    JOB,
    LONGEST_DELAY,
    LONGEST_ERROR,
    Job,
    JobCanceled,
    JobDied,
    JobEvent,
    JobRetried,
    JobState,
    Postponed,
    delay,
)
from app.domain.shared.errors import Busy, Cancelled, Conflict, DeadlineExceeded, DomainError, Invalid, Unavailable
from app.domain.shared.ids import CompanyId, JobId, UserId, WorkerId
from app.domain.shared.states import InvalidTransition
from app.usecases.ports.shared import RolledBack
from app.worker.kinds import JobKind
from app.worker.pool import failure_of
from tests.support.clock import START

pytestmark = pytest.mark.fast
LATER = START + timedelta(minutes=3)
ME = WorkerId(5)


def job(state: JobState = JobState.WAITING, **fields: Any) -> Job:
    """Give a job that stands where it is wanted, held by a worker where it must be."""
    given: dict[str, Any] = {
        "id": JobId(1),
        "company": CompanyId(2),
        "kind": "mail.send",
        "payload": {},
        "due_at": START,
        "actor": UserId(3),
        "request_id": "r",
        "locale": "en",
        "created_at": START,
        "worker": ME if state in HELD else None,
        "ended_at": START if state in ENDED else None,
    }
    return Job(state=state, **given | fields)


def test_a_job_is_claimed_begun_and_done() -> None:
    """ERP-09: an attempt counts when it is begun, not when it is claimed."""
    one = job(error="unavailable")
    one.claim(ME)
    assert (one.state, one.worker, one.attempts) == (JobState.CLAIMED, ME, 0)
    one.start(LATER)
    assert (one.state, one.attempts, one.started_at) == (JobState.RUNNING, 1, LATER)
    one.finish(LATER)
    assert (one.state, one.worker, one.error, one.ended_at) == (JobState.DONE, None, "", LATER)


def test_what_was_handed_back_waits_until_it_is_due_and_keeps_its_error() -> None:
    one = job(JobState.RUNNING, attempts=2)
    one.hand_back(LATER, "unavailable")
    assert (one.state, one.worker, one.attempts) == (JobState.WAITING, None, 2)
    assert (one.due_at, one.error) == (LATER, "unavailable")
    again = job(JobState.RUNNING, attempts=2, error="unavailable")
    again.hand_back()
    assert (again.due_at, again.error) == (START, "unavailable")


@pytest.mark.parametrize(
    ("state", "counted", "left"),
    [
        (JobState.RUNNING, True, 2),
        (JobState.RUNNING, False, 1),
        (JobState.CLAIMED, True, 2),
        (JobState.CLAIMED, False, 2),
    ],
)
def test_only_an_attempt_that_was_begun_can_be_taken_back(state: JobState, counted: bool, left: int) -> None:  # noqa: FBT001 - a table
    """ERP-09: what a drain cuts short is not held against the job, nor credited to one that nobody had begun."""
    one = job(state, attempts=2)
    one.hand_back(counted=counted)
    assert one.attempts == left


def test_a_dead_job_says_so_and_has_all_its_attempts_again_when_retried() -> None:
    one = job(JobState.RUNNING, attempts=5)
    died = one.give_up(LATER, "mail.refused")
    assert died == JobDied(id=JobId(1), kind="mail.send", attempts=5, error="mail.refused")
    assert (one.state, one.worker, one.ended_at, one.error) == (JobState.DEAD, None, LATER, "mail.refused")
    assert one.retry(LATER) == JobRetried(id=JobId(1), kind="mail.send")
    assert (one.state, one.attempts, one.due_at, one.ended_at) == (JobState.WAITING, 0, LATER, None)


def test_what_is_called_off_can_be_done_after_all() -> None:
    one = job()
    assert one.cancel(LATER) == JobCanceled(id=JobId(1), kind="mail.send")
    assert (one.state, one.ended_at) == (JobState.CANCELED, LATER)
    one.retry(LATER)
    assert one.state is JobState.WAITING


@pytest.mark.parametrize("state", [JobState.CLAIMED, JobState.RUNNING, JobState.DONE, JobState.DEAD])
def test_only_what_nobody_has_begun_is_called_off(state: JobState) -> None:
    """Refused without a trace: what a worker holds is its own."""
    one = job(state)
    with pytest.raises(InvalidTransition):
        one.cancel(LATER)
    assert (one.state, one.worker, one.ended_at) == (state, job(state).worker, job(state).ended_at)


def test_an_error_is_kept_as_far_as_there_is_room() -> None:
    one, other = job(JobState.RUNNING), job(JobState.RUNNING)
    one.hand_back(error="x" * 999)
    died = other.give_up(LATER, "x" * 999)
    assert len(one.error) == len(other.error) == len(died.error) == LONGEST_ERROR


def test_every_state_has_a_way_on_except_the_one_in_which_all_is_done() -> None:
    """A dead or canceled job waits for a person; nothing leads out of done."""
    froms = {transition.source for transition in JOB.transitions}
    assert set(JobState) - froms == {JobState.DONE}
    assert ENDED.isdisjoint(HELD)


def test_a_job_waits_twice_as_long_after_each_failure_up_to_ten_minutes() -> None:
    """ERP-10: 5 s, 10 s, 20 s ..., and the thousandth failure overflows nothing."""
    assert [delay(n).total_seconds() for n in range(1, 9)] == [5, 10, 20, 40, 80, 160, 320, 600]
    assert delay(9) == delay(1000) == LONGEST_DELAY
    assert delay(0) == delay(1)  # one that its worker never came to begin


# --- how an attempt failed ------------------------------------------------------------------------------------------


class Refused(Conflict):
    """The business says no."""

    code = "test.refused"


def test_a_refusal_of_the_business_lasts() -> None:
    """No later attempt would do better: a person has to look."""
    failure = failure_of(job(), 5, Refused())
    assert (failure.error, failure.lasting, failure.until, failure.most) == ("test.refused", True, None, 5)


@pytest.mark.parametrize("error", [Unavailable, Busy, DeadlineExceeded, RolledBack, Cancelled])
def test_what_is_away_or_too_slow_is_tried_again(error: Callable[[], DomainError]) -> None:
    """ERP-10: a database that is gone for a minute kills no job."""
    assert not failure_of(job(), 5, error()).lasting


def test_what_nobody_foresaw_is_named_by_its_kind_and_never_by_its_text() -> None:
    """ERP-13: the text of an exception may hold a password."""
    failure = failure_of(job(), 5, RuntimeError("password=hunter2"))
    assert (failure.error, failure.lasting) == ("RuntimeError", False)


def test_what_is_postponed_waits_for_its_time() -> None:
    """ERP-12: a breaker that is open says until when, and the attempt was none."""
    failure = failure_of(job(), 1, Postponed(LATER, "mail.suspended"))
    assert (failure.until, failure.error, failure.lasting) == (LATER, "mail.suspended", False)
    assert str(Postponed(LATER, "mail.suspended")) == "mail.suspended"


def test_a_refusal_of_a_bad_payload_is_one_too() -> None:
    assert failure_of(job(), 5, Invalid()).lasting


# --- names ----------------------------------------------------------------------------------------------------------


def test_events_of_jobs_are_told_under_their_own_names() -> None:
    """The audit finds them as ``jobs.died`` and so on, about a ``job``."""
    events = JobEvent.__subclasses__()
    assert {event.name for event in events} == {"jobs.died", "jobs.retried", "jobs.canceled"}
    assert {event.aggregate for event in events} == {"job"}


def test_a_kind_is_tried_five_times_for_half_a_minute_each_unless_it_says_otherwise() -> None:
    """ERP-10: what waits for the world outside ends after 30 s."""
    kind = JobKind(name="mail.send", run=lambda _attempt: None)
    assert (kind.attempts, kind.seconds, kind.at_once) == (5, 30.0, 4)
