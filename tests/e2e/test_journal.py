"""The change feed and the audit over HTTP: every write is told, with before and after, once and in order."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final

import pytest
from sqlalchemy import select, text

from app.domain.shared.rights import Right
from app.infrastructure.database.history import HIDDEN, SECRET, secret
from app.infrastructure.database.tables.shared import metadata
from tests.e2e.test_statement_counts import Meter, measured
from tests.support.api import PASSWORD
from tests.support.databases import looking
from tests.support.office import ON_SQLITE, Office, Reply, Served, free_line

pytestmark = pytest.mark.fast

OBJECTS: Final = [
    table
    for table in metadata.sorted_tables
    if [column.name for column in table.primary_key.columns] == ["id"]
    and "version" in table.c
    and table.info.get("told", True)
]
PLUMBING: Final = {"id", "company_id", "version", "settings_version"}
# Computed by nobody's hand: what is in these columns is JSON, shown by its inner fields.
DOCUMENTS: Final = {"settings", "custom"}
State = dict[tuple[str, int], Mapping[str, Any]]


def dispatched(office: Office) -> None:
    office.served.container.dispatch()


def feed(office: Office, after: int = 0, *, limit: int = 1000, kind: str = "") -> list[dict[str, Any]]:
    """Give all of the feed behind ``after``, page by page, and see that it goes on where it stopped."""
    found: list[dict[str, Any]] = []
    while True:
        page = office.get(f"/changes?after={after}&limit={limit}{f'&kind={kind}' if kind else ''}")
        found += page["items"]
        if not page["items"]:
            assert page["next"] == after
            return found
        after = page["next"]


def state(office: Office) -> State:
    """Give every row of every object of the company, past the application."""
    found: State = {}
    with looking(office.served.container.settings.database_url).connect() as connection:
        for table in OBJECTS:
            query = select(table)
            if "company_id" in table.c:
                query = query.where(table.c.company_id == office.company)
            for row in connection.execute(query).mappings():
                found[table.name.replace("_", "-"), row["id"]] = {
                    name: value for name, value in row.items() if name != "rights_version"
                }
    return found


def written(value: Any) -> Any:
    """Give a value as JSON writes it."""
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if hasattr(value, "isoformat") else value


def expected(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> dict[str, Any]:
    """Give the changes that two states of a row make; of a row new or gone what it holds."""
    was, now = before or {}, after or {}
    whole = before is None or after is None
    changes = {}
    for name in {*was, *now} - PLUMBING - DOCUMENTS:
        if was.get(name) == now.get(name) or (whole and was.get(name) in (None, "") and now.get(name) in (None, "")):
            continue
        pair = [written(was.get(name)), written(now.get(name))]
        changes[name] = [None if one is None else HIDDEN for one in pair] if secret(name) else pair
    return changes


MOST: Final = 200
FEW: Final = 10
"""What nearly every write tells less than: a page of it is drawn up and checked in no time."""
SETWISE: Final = {"merge_third_party"}
"""What moves many documents at once is told as one event of its own."""


ASKING: Final = {"judge_workflow"}
"""What is asked with a body, and changes nothing."""
MESSAGES: Final = {"tell_execution", "send_message"}
"""What the history of the execution that gets it tells."""


class Auditor(Meter):
    """Sends requests and holds what the audit tells of each write against what the database holds."""

    def __call__(self, name: str, verb: str, path: str, body: Any = None, version: int | None = None) -> Reply:
        if verb == "GET":
            return super().__call__(name, verb, path, body, version)
        dispatched(self.office)
        last = max((item["sequence"] for item in self._newest(1)), default=0)
        before = state(self.office)
        reply = super().__call__(name, verb, path, body, version)
        after = state(self.office)
        dispatched(self.office)
        told: dict[tuple[str, int], list[dict[str, Any]]] = {}
        newest = self._newest(FEW)
        if newest[-1]["sequence"] > last:
            newest = self._newest(MOST)
        assert newest[-1]["sequence"] <= last or len(newest) < MOST, f"{name} tells more than a page"
        for item in newest:
            if item["sequence"] > last:
                told.setdefault((item["kind"], item["object_id"]), []).insert(0, item)
        differing = {key for key in {*before, *after} if before.get(key) != after.get(key)}
        assert bool(differing or told) is (name not in ASKING | MESSAGES), (
            f"{name} leaves no trace, or one that it should not"
        )
        for key in differing if name not in SETWISE else differing & told.keys():
            self._holds(name, told.get(key, []), before.get(key), after.get(key))
        return reply

    def _newest(self, most: int) -> list[dict[str, Any]]:
        """Give the newest entries of the audit, the last one first."""
        return list(self.office.get(f"/audit?sort=-sequence&limit={most}")["items"])

    @staticmethod
    def _holds(
        name: str,
        items: list[dict[str, Any]],
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
    ) -> None:
        assert items, f"{name} changes an object without telling {before} {after}"
        told = items[0]["changes"]
        fields = {field: pair for field, pair in told.items() if not isinstance(pair[0], dict)}
        fields = {field: pair for field, pair in fields.items() if "." not in field}
        silent = name == "anonymise_third_party"  # what it removes is not told once more
        # A column that counts parts (a shipment's parcels) is told as the parts themselves.
        wanted = {
            field: pair for field, pair in expected(before, after).items() if field in fields or field not in told
        }
        assert fields == ({} if silent else wanted), name
        assert all(item["deleted"] == (after is None) for item in items)
        assert {item["version"] for item in items} == {(after or before or {})["version"]}
        assert all(not item["changes"] for item in items[1:])
        assert {item["request_id"] for item in items} != {""}


@pytest.mark.slow_on_servers
def test_every_write_over_http_is_audited_with_before_and_after(office: Office) -> None:
    """ERP-08, demand 15: who did what, by every endpoint that writes; a new one without an entry fails here."""
    measured(office, 3, Auditor)


def test_lines_are_told_by_position(office: Office) -> None:
    order = office.order([free_line("1"), free_line("2"), free_line("3")], validated=False)
    lines = [free_line("1"), free_line("5")]
    office.patch(f"/orders/{order['id']}", {"lines": lines}, order["version"])
    dispatched(office)
    changed, created = office.items(f"/orders/{order['id']}/audit")
    assert [line["position"] for line in created["changes"]["lines"]] == [1, 2, 3]
    assert created["changes"]["lines"][1]["unit_price"] == [None, "2"]
    second, third = changed["changes"]["lines"]
    assert (second["position"], second["unit_price"]) == (2, ["2", "5"])
    assert (third["position"], third["unit_price"]) == (3, ["3", None])
    assert "total_net" not in changed["changes"]
    assert "description" not in second


def test_the_audit_says_who_from_where_and_is_filtered_by_it(office: Office) -> None:
    """Demand 15: actor with name and address, request, kind, object, event, time."""
    party = office.make("/third-parties", {"name": "Client", "customer": True})["id"]
    reply = office.patch(f"/third-parties/{party}", {"name": "Other"}, 1)
    dispatched(office)
    (item,) = office.items(f"/audit?request_id={reply.headers['x-request-id']}")
    assert (item["kind"], item["object_id"], item["event"]) == ("third-parties", party, "parties.party_changed")
    assert item["changes"] == {"name": ["Client", "Other"]}
    assert item["facts"]["fields"] == ["name"]
    assert item["actor_name"] == "Admin"
    assert item["actor_email"].startswith("admin")
    assert item["api_key_id"] is None
    assert item["address"]
    at = datetime.fromisoformat(item["at"]).isoformat().replace("+00:00", "Z")
    for matching in (
        f"actor_id={item['actor_id']}",
        "kind=third-parties",
        f"object_id={party}&kind=third-parties",
        "event=parties.party_changed",
        f"address={item['address']}",
        f"at_gte={at}",
        "deleted=false",
    ):
        assert item["sequence"] in [one["sequence"] for one in office.items(f"/audit?{matching}")], matching
    for other in ("actor_id=999999", "kind=orders", "event=x", "address=x", f"at_gt={at}", "api_key_id=1"):
        assert item["sequence"] not in [one["sequence"] for one in office.items(f"/audit?{other}")], other
    walked, path = [], "/audit?limit=1"
    while path:
        page = office.get(path)
        walked += [one["sequence"] for one in page["items"]]
        path = f"/audit?limit=1&after={page['next']}" if page["next"] else ""
    assert walked == sorted(walked, reverse=True)
    assert walked == list(range(max(walked), 0, -1))


def test_a_deleted_draft_leaves_a_tombstone(office: Office) -> None:
    """Demand 6: the feed tells that it is gone, the audit what it was."""
    order = office.order([free_line("7")], validated=False, note="soon gone")
    office.delete(f"/orders/{order['id']}", order["version"])
    dispatched(office)
    last = feed(office)[-1]
    assert (last["kind"], last["id"], last["event"], last["deleted"]) == (
        "orders",
        order["id"],
        "sales.order_deleted",
        True,
    )
    gone = office.items(f"/orders/{order['id']}/audit")[0]
    assert gone["changes"]["note"] == ["soon gone", None]
    assert gone["changes"]["lines"][0]["unit_price"] == ["7", None]


def test_an_object_nobody_knows_has_no_audit(office: Office, served: Served) -> None:
    """ERP-13: another company's object answers like one that never was."""
    other = served.company()
    party = other.customer()
    dispatched(other)
    assert office.get(f"/third-parties/{party}/audit").refusal == (404, "not_found")
    assert office.get(f"/unicorns/{party}/audit").refusal == (404, "not_found")
    assert party not in [one["id"] for one in feed(office) if one["kind"] == "third-parties"]
    assert other.items(f"/third-parties/{party}/audit")[0]["event"] == "parties.party_created"


def test_the_feed_is_asked_in_bounds(office: Office) -> None:
    for wrong in ("after=-1", "after=x", "limit=0", "limit=1001", "kind=Orders", "kind=", "sort=sequence"):
        assert office.get(f"/changes?{wrong}").status == 400, wrong


def test_the_feed_of_one_kind_is_the_feed_without_the_others(office: Office) -> None:
    office.order([free_line("1")])
    dispatched(office)
    whole = feed(office, limit=2)
    assert [one["sequence"] for one in whole] == list(range(1, len(whole) + 1))
    assert feed(office, kind="orders", limit=1) == [one for one in whole if one["kind"] == "orders"]
    assert feed(office, kind="unicorns") == []


def test_no_secret_reaches_the_journal(office: Office, served: Served) -> None:
    """A password's hash is told to have changed, never shown: nowhere in the tables of the journal."""
    served.clerk(office.company, frozenset())
    dispatched(office)
    texts = ""
    with looking(served.container.settings.database_url).connect() as connection:
        hashes = [row[0] for row in connection.execute(text("SELECT password_hash FROM users"))]
        for table in ("journal", "outbox"):
            texts += str([tuple(row) for row in connection.execute(text(f"SELECT * FROM {table}"))])
    real = [one for one in hashes if one.startswith("$argon2")]  # other tests store words in their place
    assert real
    assert not [one for one in real if one in texts]
    assert PASSWORD not in texts
    users = office.items("/audit?kind=users&limit=200")
    assert users[0]["changes"]["password_hash"] == [None, HIDDEN]


def test_every_column_that_sounds_like_a_secret_is_hidden() -> None:
    """The deny list knows the names in use, and leaves alone what only sounds like one."""
    hidden = {f"{table.name}.{column.name}" for table in OBJECTS for column in table.columns if secret(column.name)}
    assert "users.password_hash" in hidden
    for name in ("token_hash", "totp_secret", "secret", "refresh_token", "recovery_codes", "private_key"):
        assert SECRET.search(name), name
    for name in ("name", "number", "ref", "link", "period", "tax_id", "customer_code", "note"):
        assert not SECRET.search(name), name


# --- a consumer while others write -----------------------------------------------------------------------------------


def _replica_of(office: Office, kinds: tuple[str, ...]) -> tuple[dict[tuple[str, int], Any], int]:
    """Start a replica: where the feed stands, then the lists as they are."""
    after = 0
    while page := office.get(f"/changes?after={after}&limit=1000")["items"]:
        after = page[-1]["sequence"]
    copy = {(kind, row["id"]): office.get(f"/{kind}/{row['id']}").body for kind in kinds for row in _all(office, kind)}
    return copy, after


def _all(office: Office, kind: str) -> list[dict[str, Any]]:
    found, path = [], f"/{kind}?limit=200&sort=id"
    while path:
        page = office.get(path)
        found += page["items"]
        path = f"/{kind}?limit=200&sort=id&after={page['next']}" if page["next"] else ""
    return found


def test_a_replica_follows_eight_writers(office: Office) -> None:
    """Demand 6: lists and feed give the books again, whatever was created, changed and deleted meanwhile."""
    kinds = ("third-parties", "orders")
    seen: list[int] = []
    done = threading.Event()
    for _ in range(3):
        office.order([free_line("1")])
    copy, after = _replica_of(office, kinds)

    def write(index: int) -> None:
        for turn in range(4):
            party = office.make("/third-parties", {"name": f"{index}-{turn}", "customer": True})
            office.patch(f"/third-parties/{party['id']}", {"name": f"{index}+{turn}"}, party["version"])
            order = office.order([free_line("1")], party_id=party["id"], validated=False)
            if turn % 2:
                office.delete(f"/orders/{order['id']}", order["version"])
            else:
                office.act(f"/orders/{order['id']}/validate")

    def follow() -> None:
        nonlocal after
        last = False
        while True:
            dispatched(office)
            page = office.get(f"/changes?after={after}&limit=7")
            for item in page["items"]:
                seen.append(item["sequence"])
                if item["kind"] in kinds:
                    reply = office.get(f"/{item['kind']}/{item['id']}")
                    if reply.status == 404:
                        copy.pop((item["kind"], item["id"]), None)
                    else:
                        copy[item["kind"], item["id"]] = reply.body
            after = page["next"]
            if last and not page["items"]:
                return
            last = done.is_set()

    with ThreadPoolExecutor(9) as pool:
        follower = pool.submit(follow)
        try:
            for writer in [pool.submit(write, index) for index in range(8)]:
                writer.result()
        finally:
            done.set()
        follower.result()
    assert seen == list(range(seen[0], seen[0] + len(seen)))
    truth = {(kind, row["id"]): office.get(f"/{kind}/{row['id']}").body for kind in kinds for row in _all(office, kind)}
    assert copy == truth


@ON_SQLITE
def test_the_journal_of_a_company_is_shown_to_those_with_the_right(office: Office, served: Served) -> None:
    """ERP-13: reading changes is not reading the audit."""
    clerk = served.clerk(office.company, frozenset({Right.CHANGES_READ}))
    assert clerk.get("/changes").status == 200
    assert clerk.get("/audit").refusal == (403, "rights.missing")
    assert clerk.get("/orders/1/audit").refusal == (403, "rights.missing")
