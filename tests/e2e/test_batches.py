"""Many objects in one request: all or none, or each on its own; whichever, nothing is done twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from app.api.batch import BatchProvided, BatchRun
from app.api.provide import Provided
from app.api.route import API
from app.api.switchboard import endpoints
from app.domain.shared.rights import Right
from app.infrastructure.database.locks import LockOrder
from app.settings import Settings
from app.usecases.sales import CreateOrder
from tests.support.api import described
from tests.support.databases import statements, tracing
from tests.support.office import ON_SQLITE, Office, free_line, serving, together

pytestmark = pytest.mark.fast

ROUTES: Final = endpoints(described())
BATCHES: Final = [one for one in ROUTES if isinstance(one.entry, BatchProvided)]
# Who may do what is not entered in bulk, and a file is a request of its own.
DAYS: Final = ("2026-12-31", "2027-01-01", "2027-02-01")
PEOPLE: Final = {"users", "roles", "api-keys", "aws-credentials", "tokens", "companies"}
# Short lists that somebody sets up once, and steps that somebody takes.
SET_UP: Final = {"custom-fields", "payment-terms", "price-lists", "vat-rates", "units", "categories", "attributes"}
STEPS: Final = {"attachments", "carriers", "stock-rules", "stock-transfers", "inventories", "lots", "returns"}
STEPS_OF_MONEY: Final = {"invoice-templates", "bank-accounts", "cheque-deposits", "sepa-orders"}
# A definition asks for every right that its steps need; a start and a message are one delivery each, and the engine
# does the many: a workflow's Map.
PROCESSES: Final = {"workflows", "executions", "messages"}
ONE_BY_ONE: Final = PEOPLE | SET_UP | STEPS | STEPS_OF_MONEY | PROCESSES


def orders(office: Office, count: int, lines: int = 5) -> list[dict[str, Any]]:
    """Give bodies of orders of one customer."""
    party = office.customer()
    return [{"party_id": party, "lines": [free_line("1") for _ in range(lines)]} for _ in range(count)]


def items_for(office: Office) -> dict[str, list[dict[str, Any]]]:
    """Give three items for each collection that takes batches."""
    party, products = office.customer(), [office.product("9") for _ in range(3)]
    invoices = [office.invoice("10", party_id=party)["id"] for _ in range(3)]
    draft = {"party_id": party, "lines": [free_line("1")]}
    return {
        "third-parties": [{"name": f"N{index}", "customer": True} for index in range(3)],
        "products": [{"ref": f"B{n}", "name": "x", "unit_price": "1", "vat_rate": "20"} for n in range(3)],
        "warehouses": [{"ref": f"B{index}", "name": "x"} for index in range(3)],
        "stock-movements": [{"kind": "debit", "product_id": one, "quantity": "1"} for one in products],
        "proposals": [draft] * 3,
        "orders": [draft] * 3,
        "invoices": [draft] * 3,
        "payments": [{"method": "cash", "allocations": [{"invoice_id": one}]} for one in invoices],
    }


def nouns() -> set[str]:
    """Give the nouns that have a batch."""
    return {one.path.removeprefix(f"{API}/").removesuffix(":batch") for one in BATCHES}


def test_every_collection_that_can_be_added_to_takes_batches() -> None:
    """Demand 2: a collection is named here, or has its batch."""
    posts = {one.path for one in ROUTES if one.verb == "POST" and isinstance(one.entry, Provided)}
    single = {path.removeprefix(f"{API}/") for path in posts if path.count("/") == 3 and ":" not in path}
    assert single - ONE_BY_ONE == nouns()


@pytest.mark.parametrize("mode", ["atomic", "each"])
def test_each_collection_takes_what_its_single_post_takes(office: Office, mode: str) -> None:
    """Demand 2: items, and what became of each, are those of the single POST; in each mode, on each database."""
    given = items_for(office)
    assert given.keys() == nouns()
    for noun, items in given.items():
        before = office.items(f"/{noun}?limit=100")
        reply = office.post(f"/{noun}:batch", {"mode": mode, "items": items})
        assert reply.status == (200 if mode == "atomic" else 207), reply.body
        assert (reply["mode"], reply["done"], reply["refused"]) == (mode, 3, 0)
        assert [one["index"] for one in reply["items"]] == [0, 1, 2]
        assert len(office.items(f"/{noun}?limit=100")) == len(before) + 3
        for one in reply["items"]:
            assert one["problem"] is None
            if noun == "stock-movements":
                assert (one["status"], one["location"]) == (200, None)
                continue
            assert one["location"] == f"{API}/{noun}/{one['body']['id']}"
            assert office.get(one["location"].removeprefix(API)).body == one["body"]
            assert (one["status"], one["version"]) == (201, one["body"].get("version"))


def test_a_hundred_documents_with_a_bad_57th_store_nothing(office: Office) -> None:
    """Demand 1, 2: atomic; the pointer leads to the item and its line, on each database."""
    bodies = orders(office, 100)
    bodies[56]["lines"][3] = {"product_id": 999_999_999, "quantity": "1"}
    reply = office.post("/orders:batch", {"items": bodies})
    assert reply.refusal == (422, "unknown_reference")
    assert reply.pointers == ["/items/56/lines/3/product_id"]
    assert office.items("/orders") == []
    bodies[56]["lines"][3] = free_line("1")
    assert office.post("/orders:batch", {"items": bodies})["done"] == 100
    assert len(office.items("/orders?limit=200")) == 100


@ON_SQLITE
def test_all_errors_of_shape_are_told_at_once(office: Office) -> None:
    """Demand 2: in an atomic batch, of all items."""
    bodies = orders(office, 4)
    bodies[1]["lines"][2]["quantity"] = 1.5
    bodies[3]["zz"] = 1
    reply = office.post("/orders:batch", {"items": [*bodies, 7], "mode": "atomic"})
    assert reply.status == 422
    assert reply.pointers == ["/items/1/lines/2/quantity", "/items/3/zz", "/items/4"]


def test_one_by_one_the_good_ones_are_stored(office: Office) -> None:
    """Demand 2: a report for each item in order: refused in shape, by a rule, by the database, or done."""
    office.make("/products", {"ref": "T", "name": "x", "unit_price": "1", "vat_rate": "20"})
    items: list[Any] = [
        {"ref": "A", "name": "x", "unit_price": "1", "vat_rate": "20"},
        {"ref": "B", "name": "", "zz": 1},
        {"ref": "T", "name": "x", "unit_price": "1", "vat_rate": "20"},
        [],
        {"ref": "C", "name": "x", "unit_price": "1", "vat_rate": "20"},
    ]
    reply = office.post("/products:batch", {"mode": "each", "items": items})
    assert (reply.status, reply["done"], reply["refused"]) == (207, 2, 3)
    assert [one["status"] for one in reply["items"]] == [201, 422, 409, 422, 201]
    problems = [one["problem"] for one in reply["items"] if one["problem"]]
    pointers = [sorted(error["pointer"] for error in problem["errors"]) for problem in problems]
    assert pointers == [
        ["/items/1/name", "/items/1/zz"],
        ["/items/2/ref"],
        ["/items/3"],
    ]
    assert {row["ref"] for row in office.items("/products")} == {"T", "A", "C"}


@ON_SQLITE
def test_the_right_of_the_single_post_is_asked_for_first(office: Office) -> None:
    """ERP-13: before the body is looked at."""
    clerk = office.served.clerk(office.company, frozenset({Right.ORDERS_READ}))
    for one in BATCHES:
        answer = office.served.http.post(one.path, content=b"{", headers=clerk.headers)
        assert answer.status_code == 403, one.path
        assert one.entry is not None
        assert answer.json()["facts"] == {"right": str(one.entry.right)}


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_batch_is_as_long_as_the_setting_allows(database_settings: Settings) -> None:
    """ERP-05: BATCH_LIMIT and LINES_LIMIT, told in OpenAPI and by number."""
    with serving(database_settings.model_copy(update={"batch_limit": 2, "lines_limit": 3})) as served:
        office = served.company()
        schemas = served.truth.document["components"]["schemas"]
        assert schemas["OrderBatchIn"]["properties"]["items"]["maxItems"] == 2
        reply = office.post("/orders:batch", {"items": orders(office, 3, 1)})
        assert reply.refusal == (422, "batch.too_many_items")
        assert (reply.pointers, reply["facts"]) == (["/items"], {"limit": 2})
        longer = orders(office, 1, 3) + orders(office, 1, 4)
        assert office.post("/orders:batch", {"items": longer}).pointers == ["/items/1/lines"]
        each = office.post("/orders:batch", {"items": longer, "mode": "each"})
        assert [one["status"] for one in each["items"]] == [201, 422]
        assert office.post("/orders:batch", {"items": []}).pointers == ["/items"]
        assert office.post("/orders:batch", {"items": orders(office, 1), "mode": "some"}).pointers == ["/mode"]


# --- once -----------------------------------------------------------------------------------------------------------


def test_an_atomic_batch_sent_again_is_the_same_batch(office: Office) -> None:
    """Demand 2: twins at a barrier, one effect, the answer byte for byte; another body is refused."""
    body = {"items": orders(office, 5)}
    replies = together(3, lambda _: office.post("/orders:batch", body, idempotency_key="b"))
    assert {reply.status for reply in replies} == {200}
    assert all(reply.body == replies[0].body for reply in replies)
    assert sum("idempotent-replay" in reply.headers for reply in replies) == 2
    assert len(office.items("/orders")) == 5
    other = office.post("/orders:batch", {"items": body["items"][:4]}, idempotency_key="b")
    assert other.refusal == (422, "idempotency.key_reused")
    each = office.post("/orders:batch", {"mode": "each", **body}, idempotency_key="b")
    assert each.refusal == (422, "idempotency.key_reused")


def test_a_batch_broken_off_half_way_is_completed_and_not_doubled(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Demand 2: the request dies after its third item; the same request again does the other two only."""
    bodies = {"mode": "each", "items": orders(office, 5)}
    one: Callable[..., Any] = BatchRun._one

    def dying(self: BatchRun, index: int, item: Any) -> Any:
        return one(self, index, item) if index < 3 else die()

    def die(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(BatchRun, "_one", dying)
        patch.setattr(BatchRun, "_refused", die)
        headers = {**office.headers, "idempotency-key": "half"}
        assert office.served.http.post(f"{API}/orders:batch", json=bodies, headers=headers).status_code == 500
    assert len(office.items("/orders")) == 3
    again = office.post("/orders:batch", bodies, idempotency_key="half")
    assert [one["replayed"] for one in again["items"]] == [True] * 3 + [False] * 2
    assert (again["done"], "idempotent-replay" in again.headers) == (5, False)
    assert len(office.items("/orders")) == 5
    once_more = office.post("/orders:batch", bodies, idempotency_key="half")
    assert once_more.headers["idempotent-replay"] == "true"
    assert [one["body"] for one in once_more["items"]] == [one["body"] for one in again["items"]]


@ON_SQLITE
def test_under_one_key_a_mended_item_is_done_and_a_changed_one_refused(office: Office) -> None:
    """Demand 2: what was refused may be mended; what was done stays as it is."""
    bodies = orders(office, 3)
    wrong = [bodies[0], {**bodies[1], "party_id": 999_999_999}, bodies[2]]
    first = office.post("/orders:batch", {"mode": "each", "items": wrong}, idempotency_key="m")
    assert [one["status"] for one in first["items"]] == [201, 422, 201]
    mended = office.post("/orders:batch", {"mode": "each", "items": bodies}, idempotency_key="m")
    assert [(one["status"], one["replayed"]) for one in mended["items"]] == [(201, True), (201, False), (201, True)]
    changed = [{**bodies[0], "note": "x"}, *bodies[1:]]
    other = office.post("/orders:batch", {"mode": "each", "items": changed}, idempotency_key="m")
    assert [one["status"] for one in other["items"]] == [422, 201, 201]
    assert other["items"][0]["problem"]["code"] == "idempotency.key_reused"
    assert len(office.items("/orders")) == 3
    atomic = office.post("/orders:batch", {"items": bodies}, idempotency_key="m")
    assert atomic.refusal == (422, "idempotency.key_reused")


@ON_SQLITE
def test_a_fault_of_ours_with_one_item_leaves_the_others_told(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Demand 2: whatever is done is in the answer."""
    execute: Callable[..., Any] = CreateOrder.execute

    def faulty(self: CreateOrder, work: Any, context: Any, request: Any) -> Any:
        if request.note == "crash":
            raise ZeroDivisionError("hunter2")
        return execute(self, work, context, request)

    monkeypatch.setattr(CreateOrder, "execute", faulty)
    bodies = orders(office, 3)
    bodies[1]["note"] = "crash"
    reply = office.post("/orders:batch", {"mode": "each", "items": bodies})
    assert [one["status"] for one in reply["items"]] == [201, 500, 201]
    assert "hunter2" not in str(reply.body)


# --- locks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("noun", ["stock-movements", "payments"])
def test_two_batches_in_opposite_order_both_succeed(office: Office, noun: str) -> None:
    """ERP-07: eight at a barrier, half of them backwards; none is refused and none is lost, on each database."""
    places = [office.warehouse() for _ in range(2)]
    products = [office.product() for _ in range(4)]
    party = office.customer()
    invoices = [office.invoice("100", party_id=party)["id"] for _ in range(4)]
    moves = [
        {"kind": "receive", "product_id": product, "warehouse_id": place, "quantity": "1"}
        for place in places
        for product in products
    ]
    pays = [{"method": "cash", "allocations": [{"invoice_id": one, "amount": "1"}]} for one in invoices]
    items = moves if noun == "stock-movements" else pays
    replies = together(8, lambda n: office.post(f"/{noun}:batch", {"items": items if n % 2 else items[::-1]}))
    assert [reply.status for reply in replies] == [200] * 8, [reply.body for reply in replies]
    if noun == "stock-movements":
        levels = [row["quantity"] for one in products for row in office.items(f"/stock-levels?product_id={one}")]
        assert levels == ["8"] * 8
    else:
        assert [office.get(f"/invoices/{one}")["due"] for one in invoices] == ["92.00"] * 4
        refs = sorted(item["body"]["ref"] for reply in replies for item in reply["items"])
        assert len(set(refs)) == 32


def test_every_batch_locks_in_the_written_order(office: Office) -> None:
    """ERP-07: costs and levels of all movements first; invoices, then series, of all payments."""
    database = office.served.container.database
    given = items_for(office)
    given["stock-movements"] = given["stock-movements"][::-1]
    given["payments"] = [{"date": day, **one} for one, day in zip(given["payments"][::-1], DAYS, strict=True)]
    for noun, items in given.items():
        order = LockOrder()
        with tracing(database) as traces:
            reply = office.post(f"/{noun}:batch", {"items": items})
        assert reply.status == 200, reply.body
        for trace in traces:
            order(trace)
        assert order.breaches == [], noun
        assert len(statements(traces)) <= 8 * len(items) + 12, noun
