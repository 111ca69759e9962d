"""Rights of roles and keys from before orders were approved, on the way there and back; approvals go then."""

from __future__ import annotations

from typing import Final

import pytest
from sqlalchemy import Connection

from tests.support.revisions import by_age
from tests.support.rights_before import Seen, expected, fill, there_back_again

pytestmark = [by_age("0025"), pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"], scope="module")]

BEFORE: Final = "0024"
HERE: Final = "0025"
RIGHT: Final = "orders.approve"
TABLE: Final = "order_approvals"
ROLES: Final[tuple[tuple[int, str, str | None, list[str], list[str]], ...]] = (
    # company, name, ready, rights before, rights after
    (1, "administrator", "administrator", ["audit.read"], ["audit.read", RIGHT]),
    (1, "sales", "sales", ["orders.read"], ["orders.read"]),
    (2, "The boss", "administrator", [RIGHT], [RIGHT]),
)
KEYS: Final = {"plain": ["orders.read"], "both": ["orders.read", RIGHT], "only": [RIGHT]}


def nothing(connection: Connection) -> None:
    """Enter nothing more: an approval belongs to an order."""


@pytest.fixture(scope="module")
def journey(kind: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Seen]:
    """Migrate two companies: one whose administrators lack the right, one whose was given it by hand."""
    folder = tmp_path_factory.mktemp(kind)
    return there_back_again(kind, folder, (BEFORE, HERE), lambda connection: fill(connection, ROLES, KEYS), nothing)


def test_administrators_may_approve_and_nobody_else_may(journey: dict[str, Seen]) -> None:
    """ERP-13: the ready role, whatever it is called; keys hold what they held."""
    assert journey["there"].roles == expected(ROLES)
    assert journey["there"].keys == KEYS
    assert TABLE in journey["there"].tables


def test_the_way_back_takes_the_right_and_the_table_and_the_way_there_again_gives_them(
    journey: dict[str, Seen],
) -> None:
    """A company's own roles too; a key of nothing but this right opens nothing."""
    for company, name, _, _, rights in ROLES:
        assert sorted(journey["back"].roles[company, name][0]) == sorted(set(rights) - {RIGHT})
    assert journey["back"].keys == {"plain": ["orders.read"], "both": ["orders.read"], "only": []}
    assert TABLE not in journey["back"].tables
    assert TABLE in journey["again"].tables
    assert journey["again"].roles[2, "The boss"][0] == [RIGHT]
