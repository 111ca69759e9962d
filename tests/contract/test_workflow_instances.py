"""Stores of instances: what each of them must do, the same for all."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from itertools import count, product
from pathlib import Path
from threading import Barrier, Thread
from typing import Any, Final

import pytest
import redis
import sqlalchemy as sa

from app.workflow.instances import (
    Compiled,
    Found,
    Instance,
    InstanceExistsError,
    InstanceStore,
    Keeper,
    StaleError,
    UnknownInstanceError,
    Written,
)
from app.workflow.kernel.status import Status
from app.workflow.runtime.store import Key
from app.workflow.stores.memory_instances import MemoryInstances
from app.workflow.stores.redis_instances import RedisInstances
from app.workflow.stores.sql_instances import SqlInstances, instances, migrate
from tests.support.workflow.orders import Shop, order_machine

pytestmark = pytest.mark.fast

STORES: Final = ("memory", "sqlite", "postgresql", "mariadb", "redis")
_numbers = count(1)


def _name() -> str:
    return f"instances_{os.getpid()}_{next(_numbers)}"


@pytest.fixture(scope="module", params=STORES)
def store(
    request: pytest.FixtureRequest, server_urls: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[InstanceStore]:
    """Give one store for all tests of a kind; each test keeps to a namespace of its own."""
    if request.param == "memory":
        yield MemoryInstances()
    elif request.param == "redis":
        with redis.Redis.from_url(server_urls["redis"]) as client:
            yield RedisInstances(client, f"{_name()}:")
    else:
        engine = _engine(request.param, server_urls, tmp_path_factory.mktemp("instances"))
        migrate(engine)
        yield SqlInstances(engine)
        engine.dispose()


def _engine(kind: str, server_urls: Mapping[str, str], folder: Path) -> sa.Engine:
    if kind == "sqlite":
        return sa.create_engine(f"sqlite:///{folder / 'instances.db'}")
    admin, name = sa.make_url(server_urls[kind]), _name()
    engine = sa.create_engine(admin, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return sa.create_engine(admin.set(database=name))


@pytest.fixture
def namespace() -> str:
    return _name()


@pytest.fixture
def key(namespace: str) -> Key:
    return Key(namespace, "1")


def append(store: InstanceStore, key: Key, *versions: int) -> None:
    for version in versions:
        store.append(key, Written(version, f"entry {version}"))


def test_what_is_created_is_read_with_its_first_snapshot(store: InstanceStore, key: Key) -> None:
    """SM-06: memory, SQL and Redis behind one interface."""
    store.create(key, "order", "first")
    assert store.read(key) == Found("order", Written(0, "first"), ())


def test_an_id_is_created_once(store: InstanceStore, key: Key) -> None:
    store.create(key, "order", "first")
    with pytest.raises(InstanceExistsError):
        store.create(key, "order", "second")
    assert store.read(key) == Found("order", Written(0, "first"), ())


def test_entries_are_read_in_order_after_the_newest_snapshot(store: InstanceStore, key: Key) -> None:
    """SM-07: append-only log plus snapshots."""
    store.create(key, "order", "first")
    append(store, key, *range(1, 11))
    store.append(key, Written(11, "entry 11"), "snapshot 11")
    append(store, key, 12, 13)
    expected = Found("order", Written(11, "snapshot 11"), (Written(12, "entry 12"), Written(13, "entry 13")))
    assert store.read(key) == expected
    assert store.log(key, 9, 3) == [Written(v, f"entry {v}") for v in (10, 11, 12)]
    assert store.log(key, 0, 100) == [Written(v, f"entry {v}") for v in range(1, 14)]
    assert store.log(key, 13, 5) == []
    assert store.log(key, 0, 0) == []


@pytest.mark.parametrize("version", [0, 1, 3])
def test_a_version_that_is_not_the_next_is_stale_and_writes_nothing(
    store: InstanceStore, key: Key, version: int
) -> None:
    store.create(key, "order", "first")
    append(store, key, 1)
    with pytest.raises(StaleError):
        store.append(key, Written(version, "late"), "late")
    assert store.read(key) == Found("order", Written(0, "first"), (Written(1, "entry 1"),))


def test_nothing_is_appended_to_what_is_not_there(store: InstanceStore, key: Key) -> None:
    with pytest.raises(StaleError):
        append(store, key, 1)
    assert store.read(key) is None
    assert store.log(key, 0, 9) == []


def test_of_many_that_append_a_version_at_once_one_succeeds(store: InstanceStore, key: Key) -> None:
    """SM-08: the version is the fence."""
    store.create(key, "order", "first")
    barrier, won = Barrier(4), []

    def contend(name: str) -> None:
        barrier.wait()
        try:
            store.append(key, Written(1, name))
        except StaleError:
            return
        except sa.exc.OperationalError:  # SQLite's and MariaDB's other way of saying that somebody was faster
            return
        won.append(name)

    threads = [Thread(target=contend, args=(f"thread {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert store.log(key, 0, 9) == [Written(1, won[0])]


def test_what_is_removed_is_gone_with_its_log_and_may_be_made_again(store: InstanceStore, key: Key) -> None:
    store.create(key, "order", "first")
    append(store, key, 1, 2)
    assert store.remove(key)
    assert not store.remove(key)
    assert store.read(key) is None
    assert store.find(key.namespace, "order", "", 9) == []
    store.create(key, "order", "again")
    assert store.read(key) == Found("order", Written(0, "again"), ())


def test_ids_are_found_by_machine_in_the_order_of_their_bytes(store: InstanceStore, namespace: str) -> None:
    names = ["a", "B", "b", "10", "9", "é", "ß", "z", "𝄞", "ﬁ"]
    for name in names:
        store.create(Key(namespace, name), "order", "")
    store.create(Key(namespace, "x"), "Order", "")
    expected = sorted(names, key=str.encode)
    assert store.find(namespace, "order", "", 100) == expected
    assert store.find(namespace, "order", expected[3], 2) == expected[4:6]
    assert store.find(namespace, "Order", "", 100) == ["x"]
    assert store.find(namespace, "nothing", "", 100) == []


def test_texts_come_back_as_they_were(store: InstanceStore, key: Key) -> None:
    text = '{"a":"é 𝄞 \\u0000 %s :name \\\\ \'"}' + "x" * 100_000
    store.create(key, "order", text)
    store.append(key, Written(1, text), text)
    append(store, key, 2)
    assert store.read(key) == Found("order", Written(1, text), (Written(2, "entry 2"),))
    assert store.log(key, 0, 1) == [Written(1, text)]


def test_nothing_of_one_namespace_is_seen_or_changed_from_another(store: InstanceStore, namespace: str) -> None:
    """Ids and namespaces that could be mistaken for one another, by case, by a space or by where they are joined."""
    texts = (namespace, f"{namespace}:a", f"{namespace}A", f"{namespace}a", f"{namespace} a", f"{namespace}%")
    keys = [Key(space, id) for space, id in product(texts, ("a", "A", ":a", "a:a", "%", "*"))]
    for one in keys:
        store.create(one, "order", repr(one))
    for one in keys:
        assert store.read(one) == Found("order", Written(0, repr(one)), ())
    assert store.remove(keys[0])
    append(store, keys[1], 1)
    for one in keys[2:]:
        assert store.read(one) == Found("order", Written(0, repr(one)), ())
    assert len(store.find(texts[1], "order", "", 100)) == 6


def test_an_instance_goes_on_where_another_process_left_it(store: InstanceStore, namespace: str) -> None:
    """SM-04, SM-06, SM-12: kept across loads with everything it needs to be rolled back."""
    shop = Shop()
    keeper = Keeper(Compiled(order_machine(), shop.handlers), store, namespace, every=2)
    first = keeper.begin("7", {"total": 500})
    first.next("change", data={"total": 300})
    first.next("confirm", key="click")
    second = keeper.load("7")
    assert second.snapshot() == first.snapshot()
    assert (second.state, second.status, second.version) == ("packed", Status.WAITING, 2)
    assert not second.next("confirm", key="click")
    second.rollback()
    assert shop.done[-2:] == ["stock.free", "card.refund"]
    third = keeper.load("7")
    assert (third.status, third.error) == (Status.FAILED, ("Rollback", ""))
    assert [entry.event for entry in keeper.log("7")] == ["change", "confirm", "rollback"]
    assert keeper.find() == ["7"]


def test_whoever_holds_an_old_instance_is_told_and_changes_nothing(store: InstanceStore, namespace: str) -> None:
    keeper = Keeper(Compiled(order_machine(), Shop().handlers), store, namespace)
    keeper.begin("1", {"total": 5})
    one, other = keeper.load("1"), keeper.load("1")
    one.next("change", data={"total": 6})
    before = other.snapshot()
    for attempt in ("change", "confirm"):
        with pytest.raises(StaleError):
            other.next(attempt)
        assert other.snapshot() == before
    assert keeper.load("1").snapshot() == one.snapshot()


def test_an_unknown_instance_and_one_of_another_machine_are_not_loaded(store: InstanceStore, namespace: str) -> None:
    keeper = Keeper(Compiled(order_machine(), Shop().handlers), store, namespace)
    store.create(Key(namespace, "other"), "invoice", "")
    for name in ("other", "nothing"):
        with pytest.raises(UnknownInstanceError):
            keeper.load(name)
    keeper.begin("1", {"total": 1})
    assert keeper.remove("1")
    with pytest.raises(UnknownInstanceError):
        keeper.load("1")


def test_a_step_goes_with_the_callers_transaction(store: InstanceStore, namespace: str) -> None:
    """Rolled back with it, and committed with it; stores without transactions write at once."""
    keeper = Keeper(Compiled(order_machine(), Shop().handlers), store, namespace)
    if not isinstance(store, SqlInstances):
        given: Any = object()
        keeper.begin("1", {"total": 1}, given).next("confirm")
        assert keeper.load("1", given).state == "packed"
        return
    with store._engine.connect() as connection:
        keeper.begin("1", {"total": 1}, connection).next("confirm")
        connection.rollback()
    with pytest.raises(UnknownInstanceError):
        keeper.load("1")
    with store._engine.begin() as connection:
        keeper.begin("1", {"total": 1}, connection)
        keeper.load("1", connection).next("confirm")
    assert keeper.load("1").state == "packed"
    with store._engine.begin() as connection:
        assert keeper.remove("1", connection)
    assert keeper.find() == []


def test_tables_are_made_once_and_stay(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'instances.db'}")
    assert migrate(engine) == 1
    SqlInstances(engine).create(Key("", "1"), "order", "first")
    assert migrate(engine) == 1
    with engine.connect() as connection:
        assert connection.scalar(sa.select(instances.c.snapshot)) == "first"
    engine.dispose()


def test_a_live_instance_and_a_kept_one_do_the_same(store: InstanceStore, namespace: str) -> None:
    kept = Keeper(Compiled(order_machine(), Shop().handlers), store, namespace).begin("1", {"total": 500})
    live = Instance(Compiled(order_machine(), Shop().handlers), {"total": 500})
    for one in (kept, live):
        for event in ("change", "rush", "reopen", "confirm"):
            one.next(event)
        one.goto("draft")
        one.next("confirm")
    assert kept.snapshot() == live.snapshot()
