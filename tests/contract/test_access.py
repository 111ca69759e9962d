"""What access keeps in the database holds when many come at once, on every database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from app.domain.access import (
    Attempts,
    Limit,
    Opaque,
    SecondFactor,
    Session,
    SessionLife,
    SessionRefused,
    TokenReused,
    TooManyAttempts,
    account_subject,
    address_subject,
    fingerprint,
)
from app.domain.identity import NoMembership, Role, User
from app.domain.shared.errors import DomainError, MissingRight, NotFound, Stale
from app.domain.shared.ids import ApiKeyId, SessionId, UserId
from app.domain.shared.rights import Right
from app.infrastructure.clock import pause
from app.infrastructure.database.engine import Database
from app.infrastructure.database.work import SqlWorks
from app.infrastructure.keys import RandomMint
from app.settings import Settings
from app.usecases.access import Knocked, Limits, NewApiKey, NoteFailure, ReadAccount, Refresh, RefreshRequest, SignedIn
from app.usecases.access.attempts import forget_attempts
from app.usecases.access.keys import CreateApiKey
from app.usecases.context import Context, system_context
from app.usecases.run import Runner
from tests.support.clock import FakeClock
from tests.support.databases import company_context, context_of, statements, tracing, unique_name

pytestmark = pytest.mark.fast
LIFE = SessionLife(longest=timedelta(days=30), idle=timedelta(days=7))
LIMITS = Limits(account=Limit(free=5), address=Limit(free=50))
MINT = RandomMint()


@dataclass(frozen=True)
class Member:
    """Somebody in a company of the test's own."""

    user: User
    context: Context

    def granted(self, works: SqlWorks, *rights: Right) -> None:
        """Give the member a role of exactly these rights, in place of all others."""
        with works.writing(self.context) as work:
            role = Role(name=unique_name("role"), rights=frozenset(rights))
            work.roles.add(self.context.company, role)
            work.users.join(self.user.id, self.context.company, [role.id])
            work.commit()


@pytest.fixture
def member(works: SqlWorks) -> Member:
    context = company_context(works)
    user = User(email=f"{unique_name()}-{context.company}@example.com", name="M", password_hash="x")
    with works.writing(context) as work:
        work.users.add(user)
        work.users.join(user.id, context.company, [])
        work.commit()
    return Member(user, replace(context, actor=user.id))


@pytest.fixture
def runner(works: SqlWorks) -> Runner:
    return Runner(works, pause)


def begun(works: SqlWorks, member: Member, clock: FakeClock) -> tuple[Session, str]:
    """Begin a session; give it and its refresh token."""
    token = MINT.refresh_token()
    session = Session.begin(token, member.user.id, member.context.company, "192.0.2.1", clock.now(), LIFE)
    with works.writing(member.context) as work:
        work.sessions.add(session)
        work.commit()
    return session, f"tr_{token.name}_{token.secret}"


def at_once(count: int, do: Callable[[int], Any]) -> list[Any]:
    """Do something in so many threads let go together; give results and refusals."""
    barrier = threading.Barrier(count)

    def one(index: int) -> Any:
        barrier.wait(30)
        try:
            return do(index)
        except DomainError as refusal:
            return refusal

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


# --- sessions ---


def test_of_twins_that_refresh_at_once_none_goes_on_beside_another(
    works: SqlWorks, runner: Runner, member: Member, clock: FakeClock
) -> None:
    """ERP-13: one token never gets two successors; the session of a token used twice ends."""
    refresh = Refresh(runner=runner, tokens=NoTokens(), clock=clock, mint=MINT, life=LIFE, limits=LIMITS)
    nobody = system_context("test")
    for _ in range(5):
        session, token = begun(works, member, clock)
        told = at_once(4, lambda _, token=token: refresh(nobody, RefreshRequest(refresh_token=token)))  # type: ignore[misc]
        won = [one for one in told if isinstance(one, SignedIn)]
        assert len(won) <= 1
        assert {type(one) for one in told} - {SignedIn} <= {TokenReused, SessionRefused}
        assert any(isinstance(one, TokenReused) for one in told)
        with works.reading(member.context) as work:
            assert work.sessions.get(member.user.id, session.id).revoked_at is not None
        for one in won:
            with pytest.raises(SessionRefused):
                refresh(nobody, RefreshRequest(refresh_token=one.refresh_token))


class NoTokens:
    """Access tokens that say nothing."""

    lifetime = 300

    def issue(self, *_: Any) -> str:
        return "token"

    def read(self, token: str) -> Any:
        raise NotImplementedError

    def public_keys(self) -> list[dict[str, str]]:
        raise NotImplementedError


def test_a_session_comes_back_as_it_was_stored(works: SqlWorks, member: Member, clock: FakeClock) -> None:
    session, _ = begun(works, member, clock)
    with works.reading(member.context) as work:
        assert work.sessions.by_name(session.name) == session
        assert work.sessions.get(member.user.id, session.id) == session
        assert work.sessions.by_name("f" * 32) is None
        with pytest.raises(NotFound):
            work.sessions.get(UserId(member.user.id + 1), session.id)


def test_only_the_newest_token_rotates_and_only_while_the_session_lives(
    works: SqlWorks, member: Member, clock: FakeClock
) -> None:
    session, _ = begun(works, member, clock)
    seen = session.token_hash
    session.rotate("next", member.context.company, clock.now(), LIFE)
    with works.writing(member.context) as work:
        assert work.sessions.rotate(session, seen, clock.now())
        assert not work.sessions.rotate(session, seen, clock.now())
        assert not work.sessions.rotate(session, session.token_hash, session.expires_at)
        assert work.sessions.end(session.id, clock.now())
        assert not work.sessions.end(session.id, clock.now())
        assert not work.sessions.rotate(session, session.token_hash, clock.now())
        work.commit()


def test_all_sessions_of_one_user_end_together(works: SqlWorks, member: Member, clock: FakeClock) -> None:
    sessions = [begun(works, member, clock)[0] for _ in range(3)]
    with works.writing(member.context) as work:
        assert [one.id for one in work.sessions.live(member.user.id, clock.now())] == [one.id for one in sessions[::-1]]
        assert not work.sessions.live(member.user.id, sessions[0].expires_at)
        assert not work.sessions.end_all(UserId(0), clock.now())
        assert work.sessions.end_all(member.user.id, clock.now()) == 3
        assert not work.sessions.live(member.user.id, clock.now())
        work.commit()


# --- attempts ---


def test_of_many_attempts_at_once_no_more_get_through_than_one_after_the_other(
    runner: Runner, member: Member, clock: FakeClock
) -> None:
    """ERP-13: an attempt is counted before its password is looked at."""
    knocked = Knocked(email=member.user.email)
    case = ReadAccount(clock, LIMITS)
    nobody = system_context("test")
    told = at_once(12, lambda _: runner.call(nobody, case, lambda: knocked))
    assert sum(not isinstance(one, DomainError) for one in told) == LIMITS.account.free
    assert {type(one) for one in told if isinstance(one, DomainError)} == {TooManyAttempts}


def test_two_servers_on_one_database_count_together(
    database_settings: Settings, works: SqlWorks, clock: FakeClock, member: Member
) -> None:
    """ERP-13: replicas share the limit."""
    other = Database.of(database_settings)
    try:
        runners = [Runner(works, pause), Runner(SqlWorks(other, clock), pause)]
        nobody = replace(system_context("test"), address=f"2001:db8:{member.user.id:x}::1")
        limits = Limits(account=Limit(free=5), address=Limit(free=4))
        for turn in range(4):
            runners[turn % 2].call(nobody, NoteFailure(clock, limits), lambda: None)
        neighbour = replace(nobody, address=f"2001:db8:{member.user.id:x}::ffff")
        for runner in runners:
            with pytest.raises(TooManyAttempts) as refused:
                runner.call(neighbour, NoteFailure(clock, limits), lambda: None)
            assert refused.value.seconds == 30
    finally:
        other.close()


def test_a_success_forgets_the_account_and_forgives_the_address_one_attempt(
    works: SqlWorks, runner: Runner, member: Member, clock: FakeClock
) -> None:
    nobody = replace(system_context("test"), address=f"10.0.{member.user.id % 250}.{member.user.id // 250 % 250}")
    subjects = [account_subject(member.user.email), address_subject(nobody.address)]
    with works.writing(nobody) as work:
        for attempts in work.attempts.lock(subjects, clock.now()):
            attempts.count, attempts.last_at = 3, clock.now()
            work.attempts.save(attempts)
        work.commit()
    with works.writing(nobody) as work:
        forget_attempts(work, nobody, member.user.email)
        work.commit()
    with works.reading(nobody) as work:
        assert work.attempts.read(subjects) == [Attempts(subject=subjects[1], count=2, last_at=clock.now())]


def test_counting_locks_no_user(works: SqlWorks, runner: Runner, member: Member, clock: FakeClock) -> None:
    """ERP-13: who is being guessed at can go on working."""
    with works.writing(member.context) as work:
        user = work.users.get(member.user.id)
        work.users.save(user)  # its row is locked from here on
        if work.session.dialect.row_locks:
            found = runner.call(system_context("test"), ReadAccount(clock, LIMITS), lambda: Knocked(email=user.email))
            assert found is not None
            assert found.user.version == member.user.version
        work.commit()


# --- second factors ---


def factor_of(member: Member, clock: FakeClock) -> SecondFactor:
    return SecondFactor(user=member.user.id, secret="sealed", created_at=clock.now())


def test_a_code_and_a_recovery_code_are_used_once_by_whoever_comes_first(
    works: SqlWorks, runner: Runner, member: Member, clock: FakeClock
) -> None:
    """ERP-13: the step is compared and set; so is the recovery code."""
    with works.writing(member.context) as work:
        work.second_factors.put(factor_of(member, clock), [fingerprint("a"), fingerprint("b")])
        assert work.second_factors.confirm(member.user.id, 100)
        assert not work.second_factors.confirm(member.user.id, 101)
        assert not work.second_factors.use_step(member.user.id, 100)
        work.commit()

    def use(_: int) -> tuple[bool, bool]:
        return runner.call(member.context, UseBoth(clock), lambda: member.user.id)

    used = at_once(4, use)
    assert sorted(step for step, _ in used) == [False, False, False, True]
    assert sorted(code for _, code in used) == [False, False, False, True]


@dataclass(frozen=True)
class UseBoth:
    """Use step 101 and the recovery code a."""

    clock: FakeClock
    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Any, _context: Context, user: UserId) -> tuple[bool, bool]:
        factors = work.second_factors
        return factors.use_step(user, 101), factors.use_recovery(user, fingerprint("a"), self.clock.now())


def test_enrolling_again_replaces_what_was_there(works: SqlWorks, member: Member, clock: FakeClock) -> None:
    with works.writing(member.context) as work:
        factors = work.second_factors
        assert factors.get(member.user.id) is None
        factors.put(factor_of(member, clock), [fingerprint("a")])
        factors.put(replace(factor_of(member, clock), secret="other"), [fingerprint("b")])
        assert factors.get(member.user.id) == replace(factor_of(member, clock), secret="other")
        assert not factors.use_recovery(member.user.id, fingerprint("a"), clock.now())
        assert factors.use_recovery(member.user.id, fingerprint("b"), clock.now())
        assert factors.drop(member.user.id)
        assert not factors.drop(member.user.id)
        work.commit()


# --- standings and fresh rights ---


@dataclass(frozen=True)
class Guarded:
    """Needs a right, read anew."""

    right: ClassVar[Right | None] = Right.ROLES_WRITE
    writes: bool = True
    fresh: ClassVar[bool] = True

    def execute(self, _work: Any, context: Context, _request: None) -> frozenset[Right]:
        return context.rights


@pytest.mark.parametrize("writes", [True, False])
def test_a_fresh_use_case_obeys_a_withdrawal_at_once(
    works: SqlWorks, runner: Runner, member: Member, database: Database, *, writes: bool
) -> None:
    """ERP-13: whatever the caller's context says, with two statements more."""
    case = Guarded(writes)
    member.granted(works, Right.ROLES_WRITE, Right.ORDERS_READ)
    with tracing(database) as traces:
        assert runner.call(member.context, case, lambda: None) == {Right.ROLES_WRITE, Right.ORDERS_READ}
    assert statements(traces) == ["select standing", "select rights held"]
    member.granted(works, Right.ORDERS_READ)
    with pytest.raises(MissingRight):
        runner.call(member.context, case, lambda: None)
    member.granted(works, Right.ROLES_WRITE)
    member.user.active = False
    with works.writing(member.context) as work:
        work.users.save(member.user)
        work.commit()
    with pytest.raises(NoMembership):
        runner.call(member.context, case, lambda: None)


def test_a_fresh_use_case_asks_for_session_and_key_too(
    works: SqlWorks, runner: Runner, member: Member, clock: FakeClock
) -> None:
    """ERP-13: a revoked session and a revoked key do nothing to users, roles and keys."""
    member.granted(works, Right.ROLES_WRITE, Right.API_KEYS_WRITE)
    session, _ = begun(works, member, clock)
    made = runner.call(
        member.context,
        CreateApiKey(clock, MINT),
        lambda: NewApiKey(name="k", scopes=frozenset({Right.ROLES_WRITE}), days=1),
    )
    by_session = replace(member.context, session=session.id)
    by_key = replace(member.context, api_key=made.key.id)
    assert runner.call(by_session, Guarded(), lambda: None) == {Right.ROLES_WRITE, Right.API_KEYS_WRITE}
    assert runner.call(by_key, Guarded(), lambda: None) == {Right.ROLES_WRITE}
    with works.writing(member.context) as work:
        work.sessions.end(session.id, clock.now())
        key = work.api_keys.get(made.key.id)
        key.revoke(clock.now())
        work.api_keys.save(key)
        with pytest.raises(Stale):
            work.api_keys.save(replace(key, version=1))
        work.commit()
    for context in (by_session, by_key, replace(member.context, session=SessionId(0), api_key=ApiKeyId(0))):
        with pytest.raises(NoMembership):
            runner.call(context, Guarded(), lambda: None)


def test_a_stranger_has_no_standing(works: SqlWorks, member: Member) -> None:
    with works.reading(member.context) as work:
        assert work.principals.standing(member.user.id, company_context(works).company) is None
        assert work.principals.standing(UserId(0), member.context.company) is None
        standing = work.principals.standing(member.user.id, member.context.company)
        assert standing is not None
        assert standing.rights == frozenset()


def test_a_key_belongs_to_one_company_but_its_prefix_is_found_from_anywhere(
    works: SqlWorks, runner: Runner, member: Member, clock: FakeClock
) -> None:
    member.granted(works, Right.API_KEYS_WRITE)
    new = NewApiKey(name="k", scopes=frozenset({Right.API_KEYS_WRITE}), days=1)
    made = runner.call(member.context, CreateApiKey(clock, MINT), lambda: new)
    with works.reading(company_context(works)) as work:
        assert work.api_keys.by_prefix(made.token.name) == made.key
        with pytest.raises(NotFound):
            work.api_keys.get(made.key.id)
    stored = Opaque.api_key(made.secret)
    assert stored == made.token
    with works.writing(context_of(member.context.company)) as work:
        now = clock.now()
        work.api_keys.touch(made.key.id, now, now - timedelta(minutes=1))
        work.api_keys.touch(made.key.id, now + timedelta(seconds=59), now - timedelta(seconds=1))
        assert work.api_keys.get(made.key.id).last_used_at == now
        work.commit()
