"""Mails are kept and found alike on every database, and none waits for a job that has ended without it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import pytest

from app.domain.jobs import Job, JobLost, JobState, NewJob
from app.domain.mail import LetterKind, Mail, MailReason, MailState, MailUnavailable
from app.domain.parties import Party
from app.domain.shared.errors import NotFound, Stale
from app.domain.shared.ids import JobId, MailId, UserId, WorkerId
from app.domain.shared.objects import ObjectKind
from app.domain.shared.states import InvalidTransition
from app.infrastructure.clock import pause
from app.infrastructure.database.engine import Database
from app.infrastructure.database.work import SqlWorks
from app.usecases.context import Context, system_context
from app.usecases.jobs import (
    CancelJob,
    Claim,
    ClaimJobs,
    EndAttempt,
    EnterWorker,
    FailJob,
    Failure,
    RetryJob,
    StartJob,
)
from app.usecases.mail import Errand, GiveUpMail, NotTaken, RecordNotTaken
from app.usecases.ports.shared import Work
from app.usecases.run import Runner
from app.worker.kinds import JobKind
from tests.support.clock import START, FakeClock
from tests.support.databases import company_context
from tests.support.jobs import Gate, fresh, pool_at_work, stand

pytestmark = pytest.mark.fast
Result = TypeVar("Result")
ANA: Final = "ana@client.example"
BOB: Final = "bob@client.example"
SYSTEM: Final = system_context("test")


@dataclass
class Desk:
    """A company with a customer; each call is a transaction of its own. Its mails' jobs are of a kind of its own."""

    works: SqlWorks
    context: Context
    party: Party
    clock: FakeClock
    kind: str

    def do(self, step: Callable[[Work], Result]) -> Result:
        """Do something and commit."""
        with self.works.writing(self.context) as work:
            done = step(work)
            work.commit()
            return done

    def run(self, case: Any, request: Any) -> Any:
        """Run a use case as a worker does."""
        return Runner(self.works, pause).call(self.context, case, lambda: request)

    def mail(self, **given: Any) -> Mail:
        """Enter a mail that waits."""
        fields = {"to": (ANA, BOB), "locale": "fr", "actor_id": UserId(4), "created_at": START, **given}
        mail = Mail(kind=LetterKind.ORDER, object_kind=ObjectKind.ORDERS, object_id=7, party_id=self.party.id, **fields)
        self.do(lambda work: work.mails.add(mail))
        return mail

    def read(self, mail: Mail) -> Mail:
        """Read a mail as it is kept."""
        return self.do(lambda work: work.mails.get(mail.id))

    def asked(self, mail: Mail) -> JobId:
        """Ask for the job of a mail."""
        errand = Errand(mail=mail.id, round=mail.round)
        self.do(lambda work: work.jobs.add(NewJob(kind=self.kind, payload=errand.payload)))
        return self.jobs[-1].id

    def begun(self, mail: Mail, **given: Any) -> Job:
        """Have a worker begin an attempt at the job of a mail."""
        job = self.asked(mail)
        worker = self.run(EnterWorker(self.clock), "test")
        (claimed,) = self.run(ClaimJobs(self.clock), Claim(jobs=[job], worker=WorkerId(worker)))
        begun: Job = self.run(StartJob(self.clock, given.get("most", 5), self.on_dead), claimed)
        return begun

    def failed(self, mail: Mail, error: str = "timeout", most: int = 1) -> JobState:
        """Have an attempt at the job of a mail fail, the last if so many are all."""
        state: JobState = self.run(
            FailJob(self.clock, self.on_dead), Failure(job=self.begun(mail), error=error, most=most)
        )
        return state

    @property
    def on_dead(self) -> GiveUpMail:
        return GiveUpMail(self.clock)

    @property
    def jobs(self) -> list[Job]:
        """The jobs of its kind, oldest first."""
        return stand(self.works, self.context, [self.kind])


@pytest.fixture
def desk(works: SqlWorks, clock: FakeClock) -> Desk:
    context, party = company_context(works), Party(name="Client", customer=True)
    made = Desk(works, context, party, clock, fresh("mail"))
    made.do(lambda work: work.parties.add(party))
    return made


def test_a_mail_is_read_as_it_was_entered(desk: Desk) -> None:
    mail = desk.mail(cc=("ÿ@client.example",), subject="Ἀγαθῇ 令和", note="Dear Ana,\n\N{GRINNING FACE}")
    assert mail.id > 0
    assert desk.read(mail) == mail


def test_what_became_of_it_is_kept_and_moves_its_version(desk: Desk) -> None:
    """ERP-11: to the microsecond, with what each server said."""
    mail = desk.mail()
    mail.deliver_partly("<1@acme.example>", [(BOB, "550 nø")], [ANA], 2)
    desk.do(lambda work: work.mails.save(mail))
    mail.deliver(datetime(2026, 11, 22, 1, 2, 3, 456789, tzinfo=UTC), "<1@acme.example>")
    desk.do(lambda work: work.mails.save(mail))
    mail.resend()
    desk.do(lambda work: work.mails.save(mail))
    assert (mail.version, mail.round) == (4, 2)
    assert desk.read(mail) == mail


def test_who_saw_an_older_version_stores_nothing(desk: Desk) -> None:
    mail = desk.mail()
    other = desk.read(mail)
    other.cancel()
    desk.do(lambda work: work.mails.save(other))
    mail.miss("no_connection", 1)
    with pytest.raises(Stale):
        desk.do(lambda work: work.mails.save(mail))
    assert desk.read(mail) == other


def test_another_companys_mail_is_not_there(desk: Desk, works: SqlWorks) -> None:
    mail = desk.mail()
    other = replace(desk, context=company_context(works))
    for lock in (False, True):
        with pytest.raises(NotFound):
            other.do(lambda work, lock=lock: work.mails.get(mail.id, lock=lock))  # type: ignore[misc]
    with pytest.raises(Stale):
        other.do(lambda work: work.mails.save(mail))
    with pytest.raises(NotFound):
        desk.do(lambda work: work.mails.get(MailId(mail.id + 1)))


@pytest.mark.parametrize("error", ["timeout", "mail.bad_payload", "ValueError"])
def test_a_mail_whose_job_dies_has_failed_and_says_why(desk: Desk, error: str) -> None:
    """ERP-11: nobody waits for a job that nobody does."""
    mail = desk.mail()
    assert desk.failed(mail, error) is JobState.DEAD
    found = desk.read(mail)
    assert (found.state, found.error) == (MailState.FAILED, error)


def test_while_attempts_are_left_a_mail_waits(desk: Desk) -> None:
    mail = desk.mail()
    assert desk.failed(mail, most=2) is JobState.WAITING
    assert desk.read(mail) == mail


def test_where_mail_itself_was_the_matter_its_own_reason_stands(desk: Desk) -> None:
    mail = desk.mail()
    missed = NotTaken(mail=mail.id, round=1, reason=MailReason.CONNECTION, attempts=3)
    desk.run(RecordNotTaken(desk.clock), missed)
    desk.failed(mail, MailUnavailable.code)
    found = desk.read(mail)
    assert (found.state, found.error, found.attempts) == (MailState.FAILED, "no_connection", 3)


def test_a_mail_at_which_its_workers_died_has_failed(desk: Desk) -> None:
    """CT-04: an attempt that never ended is one."""
    mail = desk.mail()
    assert desk.begun(mail, most=0).state is JobState.DEAD
    found = desk.read(mail)
    assert (found.state, found.error) == (MailState.FAILED, "worn_out")


def test_a_mail_whose_job_is_called_off_has_failed_until_the_job_is_retried(desk: Desk) -> None:
    mail = desk.mail()
    job = desk.asked(mail)
    case = CancelJob(desk.clock, {desk.kind: desk.on_dead})
    desk.run(case, job)
    found = desk.read(mail)
    assert (found.state, found.error) == (MailState.FAILED, "job_canceled")
    desk.run(RetryJob(desk.clock), job)
    desk.run(case, job)  # once more: failed stays failed
    assert desk.read(mail).state is MailState.FAILED


def test_a_job_that_cannot_be_called_off_leaves_its_mail_alone(desk: Desk) -> None:
    """Both or neither: the mail is on its way."""
    mail = desk.mail()
    job = desk.begun(mail)
    with pytest.raises(InvalidTransition):
        desk.run(CancelJob(desk.clock, {desk.kind: desk.on_dead}), job.id)
    assert desk.read(mail) == mail


def test_who_lost_a_job_does_not_end_its_mail(desk: Desk) -> None:
    """The death of the job and the end of the mail are one transaction, under the job's version."""
    mail = desk.mail()
    job = desk.begun(mail)
    ended: EndAttempt[None, None] = EndAttempt(desk.clock, job)
    desk.run(ended, None)
    with pytest.raises(JobLost):
        desk.run(FailJob(desk.clock, desk.on_dead), Failure(job=job, error="timeout", most=1))
    assert desk.read(mail) == mail


def test_who_some_servers_put_off_to_the_end_is_named_and_the_mail_is_sent(desk: Desk) -> None:
    mail = desk.mail()
    mail.deliver_partly("<1@acme.example>", [], [BOB], 1)
    desk.do(lambda work: work.mails.save(mail))
    desk.failed(mail)
    found = desk.read(mail)
    assert (found.state, found.later, found.refused) == (MailState.SENT, (), ((BOB, "timeout"),))


def test_the_death_of_an_older_job_does_not_end_what_was_sent_once_more(desk: Desk) -> None:
    """Each time it is to be sent is a job's of its own, and ends with that one."""
    mail = desk.mail()
    job = desk.begun(mail)
    mail.cancel()
    mail.resend()
    desk.do(lambda work: work.mails.save(mail))
    desk.run(FailJob(desk.clock, desk.on_dead), Failure(job=job, error="timeout", most=1))
    assert desk.read(mail) == mail


def test_a_mail_that_is_gone_keeps_no_job_from_dying(desk: Desk) -> None:
    mail = desk.mail()
    mail.id = MailId(mail.id + 1000)
    assert desk.failed(mail, "request.not_found") is JobState.DEAD


def test_a_job_that_takes_too_long_ends_its_mail_in_the_pool(desk: Desk, database: Database) -> None:
    """ERP-10: the attempt's time is over while its thread is still at it."""
    gate = Gate()
    kind = JobKind(name=desk.kind, run=gate, attempts=1, seconds=0.05, on_dead=desk.on_dead)
    mail = desk.mail()
    desk.asked(mail)
    with pool_at_work(database, desk.clock, [kind]) as running:
        gate.wait_for(1)
        while desk.jobs[0].state is not JobState.DEAD:
            running.thread.join(0.01)
        gate.open.set()
        assert running.ends.wait_for(1) == ["lost"]
    found = desk.read(mail)
    assert (found.state, found.error) == (MailState.FAILED, "timeout")
