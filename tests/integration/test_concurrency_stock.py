"""Stock under real processes at once, some of them killed (ERP-07, CT-02)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from decimal import Decimal
from typing import Final

import pytest
from sqlalchemy import text

from app.domain.billing import InvoiceState
from app.domain.sales import OrderState
from app.domain.shared.ids import ProductId
from app.infrastructure.database.engine import Database
from app.infrastructure.database.migrate import plain_engine
from tests.support.books import Books
from tests.support.contender import Job
from tests.support.processes import ON_EACH, Heard, Team, told_by
from tests.support.shop import Shop, check_chain, check_ledger, check_settled

pytestmark = ON_EACH
EIGHT: Final = range(8)
PATIENCE: Final = 400


@pytest.fixture
def shop(books: Books) -> Shop:
    return Shop.of(books)


def debits(shop: Shop, product: ProductId, times: int, **how: object) -> Job:
    call = ("debit", {"product": product, "warehouse": shop.place})
    return Job(company=shop.company, calls=(call,) * times, **how)  # type: ignore[arg-type]


def test_a_second_debit_waits_for_the_first_ones_lock(shop: Shop, team: Team, database: Database) -> None:
    """CT-02: the first stands in the middle of its transaction; what the second waits for is asked of the database."""
    product = shop.goods("2")
    if not database.dialect.row_locks:
        _refused_at_the_door(shop, team, product)
    else:
        asked = {"postgresql": _blocked_on_postgresql, "mariadb": _blocked_on_mariadb}
        _blocked_by_the_first(shop, team, product, asked[database.dialect.name], database)
    assert shop.levels(product)[shop.place] == 0
    check_ledger(shop, product)


def _blocked_by_the_first(
    shop: Shop, team: Team, product: ProductId, blocked: Callable[[Database, int, int], str], database: Database
) -> None:
    first, second = team.ready([debits(shop, product, 1, holds_at="insert stock_movements"), debits(shop, product, 1)])
    team.go(0)
    assert team.hear(0).what == "holding"
    team.go(1)
    for _ in range(PATIENCE):
        assert team.silent(1, 0.02)
        if waits_for := blocked(database, first, second):
            break
    else:
        pytest.fail("the second debit does not wait for the first")
    # Its very first lock is the cost row, which every movement of the product takes first, whatever the warehouse.
    assert "stock_costs" in waits_for
    team.go(0)
    for member in (0, 1):
        assert [team.hear(member).what, team.hear(member).what] == ["done", "over"]


def _blocked_on_postgresql(database: Database, first: int, second: int) -> str:
    query = text(
        "SELECT query FROM pg_stat_activity WHERE pid = :second AND wait_event_type = 'Lock'"
        " AND pg_blocking_pids(pid) = CAST(ARRAY[:first] AS integer[]) AND query LIKE '%FOR UPDATE%'"
        " AND EXISTS (SELECT 1 FROM pg_locks WHERE pid = :second AND NOT granted AND locktype = 'transactionid')"
    )
    with plain_engine(database.settings.database_url).connect() as connection:
        return connection.scalar(query, {"first": first, "second": second}) or ""


def _blocked_on_mariadb(database: Database, first: int, second: int) -> str:
    query = text(
        "SELECT concat(wanted.lock_table, ' ', wanted.lock_index) FROM information_schema.innodb_lock_waits waits"
        " JOIN information_schema.innodb_trx b ON b.trx_id = waits.blocking_trx_id"
        " JOIN information_schema.innodb_trx r ON r.trx_id = waits.requesting_trx_id"
        " JOIN information_schema.innodb_locks wanted ON wanted.lock_id = waits.requested_lock_id"
        " WHERE b.trx_mysql_thread_id = :first AND r.trx_mysql_thread_id = :second AND r.trx_state = 'LOCK WAIT'"
    )
    with plain_engine(database.settings.database_url).connect() as connection:
        waits_for: str = connection.scalar(query, {"first": first, "second": second}) or ""
    assert not waits_for or waits_for.endswith(" PRIMARY")
    return waits_for


def _refused_at_the_door(shop: Shop, team: Team, product: ProductId) -> None:
    """SQLite locks the whole file: the second's BEGIN IMMEDIATE fails as long as the first is in the middle."""
    team.ready(
        [
            debits(shop, product, 1, holds_at="insert stock_movements"),
            debits(shop, product, 1, patience=0.01, asks=True),
        ]
    )
    team.go(0)
    assert team.hear(0).what == "holding"
    team.go(1)
    again = team.hear(1)
    assert (again.what, again.facts["because"]) == ("again", repr(sqlite3.OperationalError("database is locked")))
    assert again.facts["begun"] == 0
    team.go(0)
    assert [team.hear(0).what, team.hear(0).what] == ["done", "over"]
    team.go(1)
    assert [team.hear(1).what, team.hear(1).what] == ["done", "over"]


def test_of_64_debits_of_a_stock_of_40_exactly_40_succeed(shop: Shop, team: Team) -> None:
    """CT-02: the other 24 are told that nothing is left; nobody had to try twice."""
    product = shop.goods("40")
    heard = team.compete([debits(shop, product, 8) for _ in EIGHT])
    done, refused = told_by(heard, "done"), told_by(heard, "refused")
    assert (len(done), len(refused)) == (40, 24)
    assert {one.facts["code"] for one in refused} == {"stock.not_enough"}
    assert {Decimal(one.facts["available"]) for one in refused} == {0}
    assert sorted(one.facts["level"] for one in done) == list(range(40))
    assert told_by(heard, "again") == []
    check_ledger(shop, product)
    movements = shop.movements(product)[1:]
    assert sorted(one.facts["movement"] for one in done) == [row["id"] for row in movements]
    assert shop.levels(product)[shop.place] == 0


@pytest.mark.parametrize(
    "deaths",
    [
        [("update stock_costs", 1), ("insert stock_movements", 2), ("commit", 2)],
        [("update stock_levels", 1), ("insert outbox", 3), ("commit", 1)],
        [("lock stock_levels", 2), ("update stock_levels", 1)],
    ],
    ids=lambda deaths: ", ".join(f"{point} {nth}" for point, nth in deaths),
)
def test_debits_are_neither_lost_nor_doubled_when_processes_are_killed(
    shop: Shop, team: Team, deaths: list[tuple[str, int]]
) -> None:
    """CT-02: SIGKILL at points of the transaction, after the commit but before it is told, and from outside."""
    product = shop.goods("40")
    jobs = [debits(shop, product, 8, dies_at=death) for death in deaths]
    jobs += [debits(shop, product, 8) for _ in EIGHT[len(deaths) : 7]]
    jobs += [debits(shop, product, 8, holds_at="lock stock_levels")]

    def kill_who_holds(heard: Heard) -> None:
        if heard.what == "holding":
            team.kill(heard.member)

    heard = team.compete(jobs, kill_who_holds)
    killed = {one.member for one in heard if one.what == "dead"}
    # The last one is killed from outside, in the middle, with the others waiting for its lock. Who was to die at a
    # later debit may have found the shelf empty before.
    assert {7} <= killed <= {*range(len(deaths)), 7}
    survivors = set(EIGHT) - killed
    assert {one.member for one in heard if one.what == "over"} == survivors
    for member in survivors:
        assert len([one for one in heard if one.member == member and one.what in {"done", "refused"}]) == 8

    done, refused = told_by(heard, "done"), told_by(heard, "refused")
    movements = shop.movements(product)[1:]
    level = shop.levels(product)[shop.place]
    assert len(done) <= len(movements) <= 40
    assert {one.facts["movement"] for one in done} <= {row["id"] for row in movements}
    assert level == 40 - len(movements)
    assert {Decimal(one.facts["available"]) for one in refused} <= {Decimal(0)}
    assert not refused or level == 0
    check_ledger(shop, product)


@pytest.mark.parametrize(
    ("point", "left"),
    [
        ("begin", 4),
        ("lock stock_costs", 4),
        ("lock stock_levels", 4),
        ("update stock_costs", 4),
        ("update stock_levels", 4),
        ("insert stock_movements", 4),
        ("insert outbox", 4),
        ("commit", 3),
    ],
)
def test_a_debit_is_whole_or_not_at_all_wherever_its_process_dies(
    shop: Shop, team: Team, point: str, left: int
) -> None:
    """CT-02: in its second debit; what was committed counts, told or not, and the next one waits for nobody."""
    product = shop.goods("5")
    heard = team.compete([debits(shop, product, 5, dies_at=(point, 2))])
    assert [one.what for one in heard] == ["done", "dead"]
    assert shop.levels(product)[shop.place] == left
    heard = team.compete([debits(shop, product, 1, patience=1)])
    assert [one.what for one in heard] == ["done", "over"]
    assert shop.levels(product)[shop.place] == left - 1
    check_ledger(shop, product)


def test_shipments_of_the_same_goods_in_opposite_order_never_deadlock(shop: Shop, team: Team) -> None:
    """ERP-07: rows are locked by product, whatever order a document names them in."""
    one, other = shop.goods("100"), shop.goods("100")
    lines = [(one, 1), (other, 1)]
    jobs = []
    for member in EIGHT:
        shipments = [shop.shipment(lines if member % 2 else lines[::-1]) for _ in range(4)]
        calls = tuple(("ship", {"shipment": shipment}) for shipment in shipments)
        jobs.append(Job(company=shop.company, calls=calls))
    heard = team.compete(jobs)
    assert len(told_by(heard, "done")) == 32
    assert told_by(heard, "again") == []
    for product in (one, other):
        assert shop.levels(product)[shop.place] == 100 - 32
        check_ledger(shop, product)


def test_orders_to_cash_and_debits_at_once_end_in_sound_books(shop: Shop, team: Team) -> None:
    """CT-02, ERP-07: everything that locks, over the same goods and the same customer; nobody deadlocks."""
    goods = tuple(shop.goods("60") for _ in range(3))
    jobs = []
    for member in range(6):
        given = {"customer": shop.customer, "products": goods if member % 2 else goods[::-1]}
        jobs.append(Job(company=shop.company, calls=(("order to cash", given),) * 4))
    jobs += [debits(shop, product, 12) for product in goods[:2]]
    heard = team.compete(jobs)
    assert told_by(heard, "refused") == []
    assert len(told_by(heard, "done")) == 6 * 4 + 2 * 12
    assert told_by(heard, "again") == []
    assert [shop.levels(product)[shop.place] for product in goods] == [60 - 36, 60 - 36, 60 - 24]
    for product in goods:
        check_ledger(shop, product)
    invoices = shop.invoices()
    assert {invoice.state for invoice in invoices} == {InvoiceState.PAID}
    assert {shop.order(invoice.order_id).state for invoice in invoices if invoice.order_id} == {OrderState.DELIVERED}
    check_chain(invoices)
    check_chain(shop.payments())
    check_settled(shop)


def test_eight_who_meet_a_product_first_make_its_rows_once(shop: Shop, team: Team) -> None:
    """ERP-07: cost and level rows that nobody has made yet; who comes second starts again, and loses nothing."""
    product, place = shop.goods(), shop.warehouse(allow_negative=True)
    call = ("debit", {"product": product, "warehouse": place})
    heard = team.compete([Job(company=shop.company, calls=(call,) * 2) for _ in EIGHT])
    assert len(told_by(heard, "done")) == 16
    assert shop.levels(product) == {place: Decimal(-16)}
    check_ledger(shop, product)
