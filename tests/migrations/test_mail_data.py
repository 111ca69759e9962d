"""Rights of roles and keys from before there was mail, and mails from before statements were sent, there and back."""

from __future__ import annotations

from typing import Any, Final

import pytest
from sqlalchemy import Connection, text

from app.infrastructure.database.migrate import Migrations, plain_engine
from tests.migrations.test_identity_data import put
from tests.support.databases import empty_database, settings_for
from tests.support.revisions import by_age
from tests.support.rights_before import Seen, expected, fill, moment, there_back_again

pytestmark = pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"], scope="module")
OF_RIGHTS: Final = by_age("0020")
OF_STATEMENTS: Final = by_age("0022")

READ: Final = "mails.read"
SEND: Final = "mails.send"
ROLES: Final[tuple[tuple[int, str, str | None, list[str], list[str]], ...]] = (
    # company, name, ready, rights before, rights after
    (1, "administrator", "administrator", ["audit.read"], ["audit.read", READ, SEND]),
    (1, "Books", "accountant", ["invoices.read"], ["invoices.read", READ, SEND]),
    (1, "sales", "sales", [], [READ, SEND]),
    (1, "reader", "reader", ["orders.read"], [READ, "orders.read"]),
    (1, "warehouse", "warehouse", ["stock.write", "stock.read"], ["stock.write", "stock.read"]),
    (1, "accountant", None, ["invoices.read"], ["invoices.read"]),
    (2, "reader", "reader", [READ], [READ]),
    (2, "post", None, [SEND, "orders.read"], [SEND, "orders.read"]),
)
KEYS: Final = {"plain": ["orders.read"], "both": ["orders.read", SEND, "audit.read"], "only": [READ, SEND]}


def write(connection: Connection, **given: Any) -> None:
    """Enter a mail that waits."""
    lists = dict.fromkeys(("to_addresses", "cc_addresses", "later", "refused"), "[]")
    texts = dict.fromkeys(("subject", "note", "message_id", "error"), "")
    fields = {"kind": "order", "object_kind": "orders", "object_id": 7, "locale": "en", "status": "waiting"}
    numbers = {"company_id": 1, "party_id": 1, "round": 1, "attempts": 0, "actor_id": 1, "version": 1}
    put(connection, "mails", **{**lists, **texts, **fields, **numbers, "created_at": moment(connection), **given})


@pytest.fixture(scope="module")
def journey(kind: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Seen]:
    """Migrate two companies: one whose ready roles lack the rights, one whose reader was given one by hand."""
    folder = tmp_path_factory.mktemp(kind)
    return there_back_again(kind, folder, ("0019", "0020"), lambda connection: fill(connection, ROLES, KEYS))


@OF_RIGHTS
def test_ready_roles_gain_their_rights_and_a_company_s_own_do_not(journey: dict[str, Seen]) -> None:
    """ERP-13: only what changes moves its version, whatever the names; keys hold what they held."""
    assert journey["there"].roles == expected(ROLES)
    assert journey["there"].keys == KEYS


@OF_RIGHTS
def test_signed_in_users_hear_of_it_where_something_changed(journey: dict[str, Seen]) -> None:
    """Once for each role; a company whose roles stay as they are is not asked to look again."""
    assert [journey[stop].counters for stop in ("there", "back", "again")] == [[9, 5], [13, 7], [17, 8]]


@OF_RIGHTS
def test_the_way_back_takes_from_roles_and_keys_what_the_version_before_does_not_know(
    journey: dict[str, Seen],
) -> None:
    """A company's own roles too; a key of nothing but these rights opens nothing."""
    for company, name, _, _, rights in ROLES:
        assert sorted(journey["back"].roles[company, name][0]) == sorted(set(rights) - {READ, SEND})
    assert journey["back"].keys == {"plain": ["orders.read"], "both": ["audit.read", "orders.read"], "only": []}
    assert ["mails" in journey[stop].tables for stop in ("there", "back", "again")] == [True, False, True]


@OF_RIGHTS
def test_what_nobody_has_to_change_is_not_written(journey: dict[str, Seen]) -> None:
    for stop in ("there", "back", "again"):
        assert journey[stop].roles[1, "warehouse"] == (["stock.write", "stock.read"], 3)
        assert journey[stop].roles[1, "accountant"] == (["invoices.read"], 3)


@OF_RIGHTS
def test_forth_again_gives_ready_roles_the_same_rights(journey: dict[str, Seen]) -> None:
    """What a company's own roles lost on the way back is theirs to give again."""
    again = {key: rights for key, (rights, _) in journey["again"].roles.items()}
    assert again[1, "sales"] == [READ, SEND]
    assert again[2, "reader"] == [READ]
    assert again[2, "post"] == ["orders.read"]


@OF_STATEMENTS
def test_mails_keep_and_statements_go_where_there_was_no_sending_them(
    kind: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The version before could neither show nor send one; mails of documents come through whole."""
    folder = tmp_path_factory.mktemp(kind)
    with empty_database(kind, folder) as url:
        migrations = Migrations(settings_for(url, folder))
        migrations.upgrade("0021")
        with plain_engine(url).begin() as connection:
            fill(connection, ROLES, {})
            place = dict.fromkeys(("street", "postal_code", "city", "region"), "") | {"country": "FR"}
            roles = {"customer": True, "supplier": False, "archived": False}
            put(connection, "third_parties", id=1, company_id=1, name="Client", version=1, **roles, **place)
            write(connection)
        migrations.upgrade("0022")
        with plain_engine(url).begin() as connection:
            write(connection, kind="statement", object_kind="third-parties", object_id=1, date_to="2026-03-31")
            days = connection.execute(text("SELECT date_from IS NULL, date_to IS NULL FROM mails ORDER BY id")).all()
        migrations.downgrade("0021")
        with plain_engine(url).begin() as connection:
            kept = connection.execute(text("SELECT kind, object_id FROM mails")).all()
        migrations.upgrade("0022")
    assert [tuple(map(bool, one)) for one in days] == [(True, True), (True, False)]
    assert [tuple(one) for one in kept] == [("order", 7)]
