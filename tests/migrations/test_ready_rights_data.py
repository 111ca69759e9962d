"""Roles, keys and counters of rights that were there before ready roles could merge, on the way there and back."""

from __future__ import annotations

from typing import Final

import pytest

from tests.support.revisions import by_age
from tests.support.rights_before import Seen, expected, fill, there_back_again

pytestmark = [by_age("0017"), pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"], scope="module")]

BEFORE: Final = "0016"
HERE: Final = "0017"
MERGE: Final = "third_parties.merge"
ROLES: Final[tuple[tuple[int, str, str | None, list[str], list[str]], ...]] = (
    # company, name, ready, rights before, rights after
    (1, "administrator", "administrator", [], [MERGE]),
    (1, "Books", "accountant", ["invoices.write", "audit.read"], ["audit.read", "invoices.write", MERGE]),
    (1, "sales", "sales", ["orders.write", "orders.read"], ["orders.write", "orders.read"]),
    (1, "accountant", None, ["invoices.read"], ["invoices.read"]),
    (1, "clean up", None, [MERGE, "orders.read"], [MERGE, "orders.read"]),
    (2, "accountant", "accountant", [MERGE, "invoices.read"], [MERGE, "invoices.read"]),
    (2, "reader", "reader", [], []),
)
KEYS: Final = {"plain": ["orders.read"], "both": ["orders.read", MERGE, "audit.read"], "only": [MERGE]}


@pytest.fixture(scope="module")
def journey(kind: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Seen]:
    """Migrate two companies: one whose accountants lack the right, one whose accountants were given it by hand."""
    folder = tmp_path_factory.mktemp(kind)
    return there_back_again(kind, folder, (BEFORE, HERE), lambda connection: fill(connection, ROLES, KEYS))


def test_ready_roles_gain_their_rights_and_a_company_s_own_do_not(journey: dict[str, Seen]) -> None:
    """ERP-13: only what changes moves its version, whatever the names; keys hold what they held."""
    assert journey["there"].roles == expected(ROLES)
    assert journey["there"].keys == KEYS


def test_signed_in_users_hear_of_it_where_something_changed(journey: dict[str, Seen]) -> None:
    """Once for each role; a company whose roles stay as they are is not asked to look again."""
    assert [journey[stop].counters for stop in ("there", "back", "again")] == [[7, 5], [10, 6], [12, 7]]


def test_the_way_back_takes_from_roles_what_the_version_before_does_not_know(journey: dict[str, Seen]) -> None:
    """A company's own too; the other rights stay, whatever their order."""
    for company, name, _, rights, _ in ROLES:
        assert sorted(journey["back"].roles[company, name][0]) == sorted(set(rights) - {MERGE})


def test_the_way_back_takes_from_keys_as_well(journey: dict[str, Seen]) -> None:
    """A key of nothing but that right opens nothing: no scopes are none, not all."""
    assert journey["back"].keys == {"plain": ["orders.read"], "both": ["audit.read", "orders.read"], "only": []}


def test_what_nobody_has_to_change_is_not_written(journey: dict[str, Seen]) -> None:
    for stop in ("there", "back", "again"):
        assert journey[stop].roles[1, "sales"] == (["orders.write", "orders.read"], 3)
        assert journey[stop].roles[2, "reader"] == ([], 3)


def test_forth_again_gives_ready_roles_the_same_rights(journey: dict[str, Seen]) -> None:
    """What a company's own roles lost on the way back is theirs to give again."""
    again = {key: rights for key, (rights, _) in journey["again"].roles.items()}
    assert again[1, "Books"] == ["audit.read", "invoices.write", MERGE]
    assert again[2, "accountant"] == ["invoices.read", MERGE]
    assert again[1, "clean up"] == ["orders.read"]
