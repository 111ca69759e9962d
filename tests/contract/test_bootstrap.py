"""The composition root: what tests replace, and that nothing is built for it in vain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from app.bootstrap import bootstrap
from app.usecases.access import ResetPassword
from app.usecases.parties import CreateParty
from tests.support.clock import FakeClock
from tests.support.databases import settings_for
from tests.support.lines import logging_as_it_was

pytestmark = pytest.mark.fast


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    with logging_as_it_was():
        yield


class Unsalted:
    """Password hashes nobody should use: what was asked of them can be seen."""

    def hash(self, password: str) -> str:
        return f"plain:{password}"

    def verify(self, password_hash: str | None, password: str) -> bool:
        return password_hash == self.hash(password)

    def random(self) -> str:
        return "random"

    def outdated(self, password_hash: str) -> bool:
        return not password_hash.startswith("plain:")

    def guessable(self, password: str, hints: Sequence[str]) -> bool:
        return password in hints


def test_a_replaced_collaborator_is_the_one_everybody_gets(sqlite_url: str, tmp_path: Path) -> None:
    """ERP-02: use cases and sign-in hold what the root was given, not another of their own."""
    clock, passwords = FakeClock(), Unsalted()
    container = bootstrap(settings_for(sqlite_url, tmp_path), clock=clock, passwords=passwords)
    try:
        assert container.clock is clock
        assert container.sign_in.passwords is passwords
        assert container.change_password.passwords is passwords
        assert container.leave_second_factor.passwords is passwords
        assert container.cases[ResetPassword].passwords is passwords
        assert container.refresh.clock is clock
        assert container.cases[CreateParty].clock is clock
        assert container.cases[CreateParty].numbering.seal is container.seal
        assert container.sign_in.runner is container.runner
    finally:
        container.close()


def test_every_use_case_stands_under_its_own_class(sqlite_url: str, tmp_path: Path) -> None:
    """ERP-02: an endpoint asks for a class and gets its one instance."""
    container = bootstrap(settings_for(sqlite_url, tmp_path))
    try:
        assert all(type(case) is kind for kind, case in container.cases.items())
    finally:
        container.close()
