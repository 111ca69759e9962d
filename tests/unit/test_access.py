"""The rules of sessions, keys, attempts and second factors, without a database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.access import (
    AlreadyRevoked,
    ApiKey,
    Attempts,
    KeyLife,
    Limit,
    Opaque,
    Session,
    SessionLife,
    TooManyAttempts,
    account_subject,
    address_subject,
    check_scopes,
    fingerprint,
    key_life,
    recovery_code,
    same,
)
from app.domain.shared.errors import MissingRight, Required
from app.domain.shared.ids import CompanyId, UserId
from app.domain.shared.rights import Right
from app.infrastructure.keys import RandomMint
from app.usecases.access import Enrolment, PasswordReset, RefreshRequest, SignedIn
from app.usecases.access.signing_in import Credentials, Proof
from tests.support.clock import FakeClock

pytestmark = pytest.mark.fast
LIMIT = Limit(free=3, first=timedelta(seconds=30), longest=timedelta(seconds=120), memory=timedelta(hours=1))
LIFE = SessionLife(longest=timedelta(days=30), idle=timedelta(days=7))


def key(**changes: Any) -> ApiKey:
    now = FakeClock().now()
    fields: dict[str, Any] = {
        "user": UserId(1),
        "company": CompanyId(7),
        "name": "shop",
        "prefix": "0" * 16,
        "secret_hash": fingerprint("secret"),
        "scopes": frozenset({Right.ORDERS_READ}),
        "created_at": now,
        "expires_at": now + timedelta(days=1),
        **changes,
    }
    return ApiKey(**fields)


# --- attempts ---


def test_the_wait_doubles_with_each_attempt_up_to_the_longest() -> None:
    """ERP-13: exponential lock-out."""
    clock, attempts = FakeClock(), Attempts(subject="a")
    assert [attempts.admit(clock.now(), LIMIT) for _ in range(3)] == [False, False, True]
    waits = []
    for _ in range(4):
        with pytest.raises(TooManyAttempts) as refused:
            attempts.admit(clock.now(), LIMIT)
        waits.append(refused.value.seconds)
        clock.advance(refused.value.seconds)
        assert attempts.admit(clock.now(), LIMIT)
    assert waits == [30, 60, 120, 120]


def test_an_attempt_that_has_to_wait_is_not_counted() -> None:
    """Whoever goes on trying keeps nobody out for longer."""
    clock, attempts = FakeClock(), Attempts(subject="a")
    for _ in range(3):
        attempts.admit(clock.now(), LIMIT)
    for _ in range(50):
        with pytest.raises(TooManyAttempts):
            attempts.admit(clock.now(), LIMIT)
    assert attempts.count == 3
    clock.advance(29.5)
    with pytest.raises(TooManyAttempts) as refused:
        attempts.check(clock.now(), LIMIT)
    assert refused.value.seconds == 1, "rounded up: who waits as told is let in"
    clock.advance(0.5)
    attempts.check(clock.now(), LIMIT)


def test_all_is_forgotten_after_an_hour_without_an_attempt() -> None:
    clock, attempts = FakeClock(), Attempts(subject="a")
    for _ in range(3):
        attempts.admit(clock.now(), LIMIT)
    clock.advance(3600)
    assert not attempts.admit(clock.now(), LIMIT)
    assert attempts.count == 1


@given(gaps=st.lists(st.integers(0, 400), min_size=1, max_size=60))
def test_no_pattern_of_attempts_gets_more_than_the_limit_allows(gaps: list[int]) -> None:
    """ERP-13: within any hour at most the free ones, and then one for each wait."""
    clock, attempts = FakeClock(), Attempts(subject="a")
    admitted = []
    for gap in gaps:
        clock.advance(gap)
        try:
            attempts.admit(clock.now(), LIMIT)
        except TooManyAttempts:
            continue
        admitted.append(clock.monotonic())
    late = admitted[LIMIT.free :]
    before = admitted[LIMIT.free - 1 : -1]
    waits = [min(30 * 2**turn, 120) for turn in range(len(late))]
    assert all(then - now >= wait for now, then, wait in zip(before, late, waits, strict=True))


def test_an_enormous_count_waits_no_longer_than_the_longest() -> None:
    clock = FakeClock()
    attempts = Attempts(subject="a", count=10**6, last_at=clock.now())
    assert attempts.waits(clock.now(), LIMIT) == LIMIT.longest


@pytest.mark.parametrize(
    ("address", "subject"),
    [
        ("192.0.2.7", "address:192.0.2.7"),
        ("::ffff:192.0.2.7", "address:192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "address:2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "address:2001:db8:1:2::/64"),
        ("::1", "address:::/64"),
        ("unix", "address:unix"),
        ("x" * 300, "address:" + "x" * 60),
    ],
)
def test_addresses_are_counted_by_what_one_subscriber_has(address: str, subject: str) -> None:
    """RFC 6177: whoever has one IPv6 address has its whole /64."""
    assert address_subject(address) == subject


def test_the_counters_of_accounts_hold_no_address() -> None:
    assert "ann" not in account_subject("ann@example.com")
    assert account_subject("ann@example.com") != account_subject("bob@example.com")
    assert len(account_subject("a" * 300)) <= 80


# --- secrets ---


def test_secrets_are_random_and_of_the_size_promised() -> None:
    """ERP-13: 256 random bits."""
    mint = RandomMint()
    refresh, program = mint.refresh_token(), mint.api_key()
    assert Opaque.refresh_token(f"tr_{refresh.name}_{refresh.secret}") == refresh
    assert Opaque.api_key(f"tk_{program.name}_{program.secret}") == program
    assert len(refresh.secret) == len(program.secret) == 43
    assert len({mint.api_key().secret for _ in range(100)}) == 100
    codes = mint.recovery_codes(10)
    assert len({recovery_code(code) for code in codes}) == 10
    assert all(len(recovery_code(code)) == 16 for code in codes)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tk_",
        "tk_0123456789abcdef_short",
        "TK_" + "0" * 16 + "_" + "A" * 43,
        "tk_" + "0" * 16 + "_" + "A" * 44,
        "tk_é",
    ],
)
def test_what_is_not_of_the_form_is_no_key(text: str) -> None:
    assert Opaque.api_key(text) is None
    assert Opaque.refresh_token(text.replace("tk_", "tr_")) is None


def test_a_fingerprint_is_sha_256_and_fits_one_secret() -> None:
    assert fingerprint("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert same(fingerprint("abc"), "abc")
    assert not same(fingerprint("abc"), "abd")


def test_no_secret_shows_in_a_repr() -> None:
    """ERP-14: what is logged by mistake is no secret."""
    hidden = "hunter2"
    now = FakeClock().now()
    things = [
        Opaque("name", hidden),
        key(secret_hash=hidden),
        Session.begin(Opaque("n", hidden), UserId(1), CompanyId(1), "", now, LIFE),
        SignedIn(token=hidden, expires_in=1, refresh_token=hidden, refresh_expires_in=1),
        RefreshRequest(refresh_token=hidden),
        Credentials(email="a", password=hidden, code=hidden),
        Proof(recovery=hidden),
        PasswordReset(user=UserId(1), password=hidden, password_hash=hidden),
        Enrolment(secret=hidden, uri=hidden, recovery_codes=[hidden]),
    ]
    assert hidden not in repr(things)
    assert fingerprint(hidden) not in repr(things)


# --- sessions and keys ---


def test_a_session_never_outlives_its_longest_life() -> None:
    clock = FakeClock()
    session = Session.begin(Opaque("n", "s"), UserId(1), CompanyId(1), "", clock.now(), LIFE)
    assert session.expires_at - clock.now() == LIFE.idle
    clock.advance(29 * 86400)
    session.rotate("t", CompanyId(2), clock.now(), LIFE)
    assert session.expires_at == session.ends_at
    assert (session.company, session.token_hash) == (2, fingerprint("t"))
    assert session.lives(clock.now())
    clock.advance(86400)
    assert not session.lives(clock.now())


def test_a_key_opens_with_its_secret_until_it_expires_or_is_revoked() -> None:
    clock, made = FakeClock(), key()
    assert made.opens("secret", clock.now())
    assert not made.opens("other", clock.now())
    assert not made.opens("secret", made.expires_at)
    made.revoke(clock.now())
    assert not made.opens("secret", clock.now())
    with pytest.raises(AlreadyRevoked):
        made.revoke(clock.now())


def test_a_key_has_a_name_and_scopes() -> None:
    wrongs: list[dict[str, Any]] = [{"name": "  "}, {"scopes": frozenset()}]
    for wrong in wrongs:
        with pytest.raises(Required):
            key(**wrong)
    with pytest.raises(Required):
        key().rename(" ")
    assert key().rename("shop") is None
    assert key().rename("other") is not None


def test_scopes_are_rights_of_the_maker() -> None:
    with pytest.raises(MissingRight) as refused:
        check_scopes(frozenset({Right.ORDERS_READ, Right.ORDERS_WRITE}), {Right.ORDERS_READ})
    assert refused.value.facts == {"right": "orders.write"}
    assert check_scopes(frozenset({Right.ORDERS_READ}), frozenset(Right))


@pytest.mark.parametrize("days", [0, -1, 731])
def test_a_key_lives_from_a_day_to_two_years(days: int) -> None:
    assert key_life(1) == timedelta(days=1)
    assert key_life(730) == timedelta(days=730)
    with pytest.raises(KeyLife):
        key_life(days)


def test_events_hold_no_secret() -> None:
    made = key().created().facts()
    assert made["scopes"] == ("orders.read",)
    assert fingerprint("secret") not in str(made)
