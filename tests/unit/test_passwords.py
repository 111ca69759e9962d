"""Password hashes."""

from __future__ import annotations

import threading
from typing import Literal

import pytest
from argon2 import PasswordHasher, extract_parameters

from app.infrastructure.passwords import AT_ONCE, ArgonPasswords, random_password

pytestmark = pytest.mark.fast

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class CountingHasher(PasswordHasher):
    """Counts verifications, and how many run at the same time."""

    def __init__(self, gate: threading.Event | None = None) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.gate = gate
        self.verified: list[str | bytes] = []
        self.running = 0
        self.most = 0
        self.full = threading.Semaphore(0)

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - the library's name
        self.verified.append(hash)
        self.running += 1
        self.most = max(self.most, self.running)
        self.full.release()
        if self.gate is not None:
            assert self.gate.wait(10)
        self.running -= 1
        return super().verify(hash, password)


def test_a_hash_verifies_its_password_and_no_other() -> None:
    passwords = ArgonPasswords(CHEAP)
    stored = passwords.hash("correct horse")
    assert stored.startswith("$argon2id$")
    assert passwords.verify(stored, "correct horse")
    assert not passwords.verify(stored, "correct horsf")


def test_the_defaults_are_argon2id_with_the_library_s_parameters() -> None:
    stored = ArgonPasswords().hash("x")
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_two_hashes_of_one_password_differ() -> None:
    passwords = ArgonPasswords(CHEAP)
    assert passwords.hash("same") != passwords.hash("same")


def test_an_unknown_account_costs_a_verification_and_is_never_right() -> None:
    """Timing must not tell whether an account exists."""
    hasher = CountingHasher()
    passwords = ArgonPasswords(hasher)
    assert not passwords.verify(None, "an account that does not exist")
    assert len(hasher.verified) == 1
    assert extract_parameters(str(hasher.verified[0])) == extract_parameters(hasher.hash("a real one"))


def test_a_broken_hash_is_never_right() -> None:
    assert not ArgonPasswords(CHEAP).verify("not a hash", "x")


def test_at_most_two_hashes_run_at_once() -> None:
    """Each takes 64 MiB and a core: a crowd signing in must not take the machine."""
    gate = threading.Event()
    hasher = CountingHasher(gate)
    passwords = ArgonPasswords(hasher)
    stored = passwords.hash("x")
    threads = [threading.Thread(target=passwords.verify, args=(stored, "x")) for _ in range(6)]
    for thread in threads:
        thread.start()
    for _ in range(AT_ONCE):
        assert hasher.full.acquire(timeout=10)
    gate.set()
    for thread in threads:
        thread.join(10)
    assert hasher.most <= AT_ONCE
    assert len(hasher.verified) == len(threads)


def test_a_hash_made_with_weaker_parameters_is_outdated() -> None:
    weak = ArgonPasswords(CHEAP).hash("x")
    assert ArgonPasswords().outdated(weak)
    assert not ArgonPasswords(CHEAP).outdated(weak)


HINTS = ["ann.smith@lumiere.example", "Ann Smith", "Atelier Lumiere"]


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "qwertyuiop12",
        "aaaaaaaaaaaaaaaa",
        "123456789012",
        "annsmithannsmith",
        "AtelierLumiere2026",
        "Smith-Lumiere-1",
        "ann.smith@lumiere.example",
        "lumiere-password",
        "Smith-qwertyuiop",
    ],
)
def test_common_passwords_and_those_made_of_what_is_known_are_guessable(password: str) -> None:
    """ERP-13: the policy."""
    assert ArgonPasswords(CHEAP).guessable(password, HINTS)


@pytest.mark.parametrize(
    "password", ["a long enough password", "lumiere keeps nine brown owls", "vRt9-kPq2-Lw7x", "x" * 3 + "né" * 500]
)
def test_others_will_do(password: str) -> None:
    assert not ArgonPasswords(CHEAP, least_score=2).guessable(password, HINTS)


def test_how_hard_to_guess_is_a_setting() -> None:
    assert not ArgonPasswords(CHEAP, least_score=0).guessable("password1234", [])
    assert ArgonPasswords(CHEAP, least_score=4).guessable("twelve chars", [])


def test_what_we_make_ourselves_is_never_guessable() -> None:
    assert not any(ArgonPasswords(CHEAP).guessable(random_password(), HINTS) for _ in range(50))
