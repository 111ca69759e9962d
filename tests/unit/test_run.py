"""The runner: one transaction, bounded retries, answers kept by idempotency key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final

import pytest

from app.domain.access import PasswordChangeRequired
from app.domain.identity import CompanySettings, Membership, NoMembership, User
from app.domain.shared.errors import Busy, Cancelled, Conflict, DeadlineExceeded, DomainError, KeyReused, MissingRight
from app.domain.shared.ids import CompanyId, RoleId, UserId
from app.domain.shared.rights import Right
from app.usecases.context import CancellationToken, Context, Deadline
from app.usecases.ports.shared import Answer, IdempotencyKey, RolledBack, StoredAnswer, Work
from app.usecases.run import ATTEMPTS, Runner
from tests.support.clock import FakeClock
from tests.support.works import MemoryWorks

pytestmark = pytest.mark.fast
KEY: Final = IdempotencyKey(key="k", route="POST /orders", body_hash="h")
CONTEXT: Final = Context(
    actor=UserId(1),
    company=CompanyId(1),
    rights=frozenset({Right.ORDERS_WRITE}),
    request_id="r",
    locale="en",
    settings=CompanySettings(),
)


@dataclass
class NotingWorks(MemoryWorks):
    """Notes how each transaction was opened, and which of them were committed."""

    modes: list[str] = field(default_factory=list)
    committed: list[int] = field(default_factory=list)

    @contextmanager
    def _open(self, mode: str, context: Context) -> Iterator[Any]:
        self.modes.append(mode)
        number = len(self.modes)
        with MemoryWorks.reading(self, context) as work:
            commit = work.commit

            def noted() -> None:
                commit()
                self.committed.append(number)

            work.commit = noted
            yield work

    @contextmanager
    def reading(self, context: Context) -> Iterator[Any]:
        with self._open("reading", context) as work:
            yield work

    @contextmanager
    def writing(self, context: Context) -> Iterator[Any]:
        with self._open("writing", context) as work:
            yield work

    def keep(self, body: bytes, *, body_hash: str = "h") -> None:
        """Keep an answer under KEY, as a twin that has committed."""
        place = (CONTEXT.company, CONTEXT.actor, KEY.route, KEY.key)
        self.kept[place] = StoredAnswer(body_hash=body_hash, answer=Answer(body=body))


@dataclass
class Append:
    """Appends to the list it is given; ``does`` is told which attempt it is, and may raise."""

    does: Callable[[int], None] = lambda _: None
    writes: bool = True
    attempts: int = 0
    right: ClassVar[Right | None] = Right.ORDERS_WRITE

    def execute(self, _work: Work, _context: Context, request: list[int], /) -> list[int]:
        self.attempts += 1
        request.append(self.attempts)
        self.does(self.attempts)
        return request


@dataclass
class Bench:
    """A runner with what it works with."""

    works: NotingWorks = field(default_factory=NotingWorks)
    paused: list[int] = field(default_factory=list)
    built: list[list[int]] = field(default_factory=list)
    pause: Callable[[int], None] = lambda _: None

    def build(self) -> list[int]:
        self.built.append([])
        return self.built[-1]

    def wait(self, failed: int) -> None:
        self.paused.append(failed)
        self.pause(failed)

    def run(self, case: Append, key: IdempotencyKey | None = None, context: Context = CONTEXT) -> Answer:
        runner = Runner(self.works, self.wait)
        return runner.run(context, case, self.build, lambda result: Answer(body=repr(result).encode()), key)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def raising(error: Exception, *, times: int) -> Callable[[int], None]:
    """Raise ``error`` at the first attempts."""

    def does(attempt: int) -> None:
        if attempt <= times:
            raise error

    return does


def test_a_use_case_runs_in_one_transaction_that_is_committed(bench: Bench) -> None:
    assert bench.run(Append()) == Answer(body=b"[1]")
    assert (bench.works.modes, bench.works.committed) == (["writing"], [1])


def test_a_use_case_that_only_reads_commits_and_keeps_nothing(bench: Bench) -> None:
    assert bench.run(Append(writes=False), KEY) == Answer(body=b"[1]")
    assert (bench.works.modes, bench.works.committed, bench.works.kept) == (["reading"], [], {})


def test_what_the_database_undid_is_run_again_with_a_request_built_anew(bench: Bench) -> None:
    """A changed entity is never used twice."""
    assert bench.run(Append(raising(RolledBack(), times=2))) == Answer(body=b"[3]")
    assert bench.built == [[1], [2], [3]]
    assert bench.paused == [1, 2]
    assert bench.works.committed == [3]


@pytest.mark.parametrize("writes", [True, False])
def test_retries_are_bounded_and_end_as_busy(bench: Bench, *, writes: bool) -> None:
    case = Append(raising(RolledBack(), times=ATTEMPTS), writes=writes)
    with pytest.raises(Busy) as caught:
        bench.run(case)
    assert case.attempts == ATTEMPTS
    assert bench.paused == list(range(1, ATTEMPTS))
    assert bench.works.committed == []
    assert isinstance(caught.value.__cause__, RolledBack)


def test_the_last_attempt_may_succeed(bench: Bench) -> None:
    assert bench.run(Append(raising(RolledBack(), times=ATTEMPTS - 1))).body == f"[{ATTEMPTS}]".encode()


@pytest.mark.parametrize("error", [Conflict(), ValueError("a bug"), KeyboardInterrupt()], ids=repr)
def test_any_other_error_is_not_run_again(bench: Bench, error: Any) -> None:
    case = Append(raising(error, times=9))
    with pytest.raises(type(error)) as caught:
        bench.run(case)
    assert caught.value is error
    assert (case.attempts, bench.works.committed) == (1, [])


def test_an_answer_that_cannot_be_presented_leaves_nothing_behind(bench: Bench) -> None:
    def broken(_: list[int]) -> Answer:
        raise TypeError

    with pytest.raises(TypeError):
        Runner(bench.works, bench.wait).run(CONTEXT, Append(), bench.build, broken, KEY)
    assert (bench.works.committed, bench.works.kept) == ([], {})


def test_nothing_begins_without_the_right(bench: Bench) -> None:
    """Not even the look-up of an answer kept from when the caller had it."""
    bench.works.keep(b"kept")
    with pytest.raises(MissingRight):
        bench.run(Append(), KEY, replace(CONTEXT, rights=frozenset()))
    assert bench.works.modes == []


def test_nothing_begins_when_nobody_waits(bench: Bench) -> None:
    gone = replace(CONTEXT, token=CancellationToken())
    gone.token.cancel()
    with pytest.raises(Cancelled):
        bench.run(Append(), context=gone)
    assert bench.works.modes == []


def test_retries_end_with_the_deadline(bench: Bench) -> None:
    """ERP-08: the pauses take two seconds each of a deadline in five."""
    clock = FakeClock()
    bench.pause = lambda _: clock.advance(2)
    case = Append(raising(RolledBack(), times=ATTEMPTS))
    with pytest.raises(DeadlineExceeded):
        bench.run(case, context=replace(CONTEXT, deadline=Deadline(5, clock.monotonic)))
    assert case.attempts == 3


def test_the_last_attempt_too_is_only_made_before_the_deadline(bench: Bench) -> None:
    clock = FakeClock()
    bench.pause = lambda failed: clock.advance(10 if failed == ATTEMPTS - 1 else 0)
    case = Append(raising(RolledBack(), times=ATTEMPTS - 1))
    with pytest.raises(DeadlineExceeded):
        bench.run(case, context=replace(CONTEXT, deadline=Deadline(5, clock.monotonic)))
    assert case.attempts == ATTEMPTS - 1


def test_the_same_key_gives_the_same_answer_and_does_nothing(bench: Bench) -> None:
    case = Append()
    first = bench.run(case, KEY)
    assert bench.run(case, KEY) == replace(first, replayed=True)
    assert (first.replayed, case.attempts, bench.built) == (False, 1, [[1]])
    assert bench.works.committed == [1]


def test_another_key_route_actor_or_company_is_another_request(bench: Bench) -> None:
    case = Append()
    bench.run(case, KEY)
    bench.run(case, replace(KEY, key="other"))
    bench.run(case, replace(KEY, route="POST /invoices"))
    bench.run(case, KEY, replace(CONTEXT, actor=UserId(2)))
    bench.run(case, KEY, replace(CONTEXT, company=CompanyId(2)))
    assert case.attempts == 5


def test_another_body_under_the_key_is_refused(bench: Bench) -> None:
    case = Append()
    bench.run(case, KEY)
    with pytest.raises(KeyReused):
        bench.run(case, replace(KEY, body_hash="other"))
    assert case.attempts == 1


def test_an_error_is_not_kept(bench: Bench) -> None:
    with pytest.raises(Conflict):
        bench.run(Append(raising(Conflict(), times=1)), KEY)
    assert bench.works.kept == {}
    assert bench.run(Append(), KEY) == Answer(body=b"[1]")


def test_a_twin_that_loses_the_race_gives_the_winners_answer(bench: Bench) -> None:
    """The other commits between our look-up and our last write; ours is undone."""
    answer = bench.run(Append(lambda _: bench.works.keep(b"winner's")), KEY)
    assert answer == Answer(body=b"winner's", replayed=True)
    assert bench.works.modes == ["writing", "reading"]
    assert bench.works.committed == []


def test_a_twin_that_finds_the_work_done_gives_the_winners_answer_too(bench: Bench) -> None:
    """To the second of two identical requests a validated order is no error."""

    def does(_: int) -> None:
        bench.works.keep(b"winner's")
        raise Conflict

    assert bench.run(Append(does), KEY) == Answer(body=b"winner's", replayed=True)


def test_a_twin_with_another_body_is_told_so(bench: Bench) -> None:
    with pytest.raises(KeyReused):
        bench.run(Append(lambda _: bench.works.keep(b"winner's", body_hash="other")), KEY)


def test_an_error_without_a_twin_is_the_callers(bench: Bench) -> None:
    error = Conflict()
    with pytest.raises(Conflict) as caught:
        bench.run(Append(raising(error, times=1)), KEY)
    assert caught.value is error
    assert bench.works.modes == ["writing", "reading"]


def test_without_a_key_nobody_looks_for_twins(bench: Bench) -> None:
    with pytest.raises(DomainError):
        bench.run(Append(raising(Conflict(), times=1)))
    assert bench.works.modes == ["writing"]


def test_when_the_winners_answer_is_gone_the_request_is_run_again(bench: Bench) -> None:
    """Purged in between: what we did was undone, so doing it again is right."""
    works = bench.works

    def does(attempt: int) -> None:
        if attempt == 1:
            works.keep(b"winner's")

    class Purging(NotingWorks):
        @contextmanager
        def reading(self, context: Context) -> Iterator[Any]:
            self.kept.clear()
            with super().reading(context) as work:
                yield work

    bench.works = works = Purging()
    assert bench.run(Append(does), KEY) == Answer(body=b"[2]")
    assert bench.paused == [1]


def test_a_caller_that_is_no_client_gets_the_result_of_the_attempt_that_counted(bench: Bench) -> None:
    runner = Runner(bench.works, bench.wait)
    assert runner.call(CONTEXT, Append(raising(RolledBack(), times=1)), bench.build) == [2]


@dataclass
class Anew(Append):
    """Asks for the rights of this moment."""

    fresh: ClassVar[bool] = True


def member(bench: Bench, *rights: Right) -> None:
    """Make the context's actor a member with these rights."""
    user = User(id=CONTEXT.actor, email="a@example.com", name="A", password_hash="")
    bench.works.users.people[user.id] = user
    bench.works.users.members[:] = [Membership(user=user.id, company=CONTEXT.company, roles=frozenset({RoleId(1)}))]
    bench.works.roles.granted[RoleId(1)] = frozenset(rights)


def test_a_fresh_use_case_is_refused_before_an_answer_is_replayed(bench: Bench) -> None:
    """ERP-13: who lost the right gets no answer that was kept for him either."""
    bench.works.keep(b"kept")
    with pytest.raises(NoMembership):
        bench.run(Anew(), KEY)
    member(bench)
    with pytest.raises(MissingRight):
        bench.run(Anew(), KEY)
    member(bench, Right.ORDERS_WRITE)
    assert bench.run(Anew(), KEY).body == b"kept"
    assert bench.run(Append(), KEY).body == b"kept"


def test_a_fresh_use_case_waits_for_the_password_to_be_changed(bench: Bench) -> None:
    member(bench, Right.ORDERS_WRITE)
    bench.works.users.people[CONTEXT.actor].must_change_password = True
    case = Anew()
    with pytest.raises(PasswordChangeRequired):
        bench.run(case)
    assert case.attempts == 0


def test_the_installation_itself_needs_no_membership(bench: Bench) -> None:
    assert bench.run(Anew(), context=replace(CONTEXT, actor=UserId(0))).body
