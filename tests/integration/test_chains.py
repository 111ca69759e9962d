"""The books of a real database, changed behind the service's back: whatever was done is found and named."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Connection, Table, select, text, update

from app.domain.chains import Head
from app.domain.parties import Party
from app.domain.shared.errors import DeadlineExceeded, UnknownReference
from app.domain.shared.money import amount, quantity, rate
from app.domain.stock import MovementKind
from app.infrastructure.database.engine import Database
from app.infrastructure.database.migrate import plain_engine
from app.infrastructure.database.repositories import chains as sql_chains
from app.infrastructure.database.tables import billing as t
from app.infrastructure.database.tables import sales, shared, stock
from app.infrastructure.heads import Ed25519Notary, HeadsFolder, read_signed
from app.infrastructure.seal import HmacSeal
from app.usecases.billing import Part, PayInvoice, PaymentDraft
from app.usecases.chains import (
    CompareBalances,
    ExportHeads,
    HoldAgainst,
    ListHeads,
    VerifyChains,
    Which,
    read_heads,
)
from app.usecases.context import Deadline
from app.usecases.parties import CreateParty
from app.usecases.ports.chains import Balance
from app.usecases.shipping import ValidateShipment
from tests.support.books import CHAIN_KEY, Books
from tests.support.clock import FakeClock
from tests.support.databases import KEY
from tests.support.processes import ON_EACH
from tests.support.shop import Shop

pytestmark = ON_EACH
OTHER_KEY: Final = KEY[::-1][1:] + "A"


@pytest.fixture
def shop(books: Books) -> Shop:
    return Shop.of(books)


@pytest.fixture
def raw(database: Database) -> Iterator[Callable[[], Any]]:
    """Give a way to the database past the application, committed when the block ends."""
    engine = plain_engine(database.settings.database_url)
    yield engine.begin
    engine.dispose()


def verify(shop: Shop, which: Which | None = None, key: str = CHAIN_KEY) -> list[tuple[str, str, int, int]]:
    """Give the flaws of the company's chains."""
    found = shop.books.do(VerifyChains(HmacSeal(key)), which or Which())
    flaws = [(chain.kind, flaw.kind.value, flaw.number, flaw.to) for chain in found.chains for flaw in chain.flaws]
    assert found.sound is not bool(flaws)
    return flaws


def trading(shop: Shop, invoices: int = 5) -> None:
    """Bring so many paid invoices into the books."""
    desk = shop.books.desk
    for _ in range(invoices):
        part = Part(invoice_id=shop.due("10"), amount=amount(Decimal(4)))
        for _ in range(2):
            shop.books.do(PayInvoice(desk.clock, desk.numbering), PaymentDraft(parts=(part,)))


@contextmanager
def changed(raw: Callable[[], Any], table: Table, row: Any, column: str, value: Any) -> Iterator[None]:
    """Change one value for the length of the block."""
    with raw() as connection:
        before = connection.execute(select(table.c[column]).where(row)).scalar_one()
        assert before != value
        connection.execute(update(table).where(row).values({column: value}))
    yield
    with raw() as connection:
        connection.execute(update(table).where(row).values({column: before}))


def numbered(connection: Connection, table: Table, shop: Shop, number: int) -> int:
    """Give the id of a document by its number."""
    found = connection.execute(select(table.c.id).where(table.c.company_id == shop.company, table.c.number == number))
    return int(found.scalar_one())


def test_every_legal_field_of_a_document_is_sealed(shop: Shop, raw: Callable[[], Any]) -> None:
    """Design 3: change any of them with raw SQL, and exactly that document is named."""
    desk = shop.books.desk
    other = shop.books.do(CreateParty(desk.clock, desk.numbering), Party(name="Other", customer=True)).id
    trading(shop, 3)
    with raw() as connection:
        invoice = numbered(connection, t.invoices, shop, 2)
        payment = numbered(connection, t.payments, shop, 3)
        elsewhere = numbered(connection, t.invoices, shop, 3)
    of_invoice: dict[Table, dict[str, Any]] = {
        t.invoices: {
            "ref": "FA0000-1",
            "party_id": other,
            "date": datetime(2020, 1, 1, tzinfo=UTC).date(),
            "due_date": datetime(2030, 1, 1, tzinfo=UTC).date(),
            "currency": "EUR",
            "rate": rate(Decimal("1.5")),
            "company_currency": "EUR",
            **{
                name: amount(Decimal(11))
                for name in ("total_net", "total_vat", "total_gross", "company_net", "company_vat", "company_gross")
            },
        },
        t.invoice_lines: {
            "description": "Play",
            "quantity": quantity(Decimal(2)),
            "unit_price": Decimal(11),
            "discount": rate(Decimal(1)),
            "vat_rate": rate(Decimal(1)),
            "net": amount(Decimal(11)),
        },
        t.invoice_taxes: {"rate": rate(Decimal(1)), "base": amount(Decimal(11)), "vat": amount(Decimal(1))},
    }
    of_payment: dict[Table, dict[str, Any]] = {
        t.payments: {
            "ref": "PAY0000-1",
            "party_id": other,
            "date": datetime(2020, 1, 1, tzinfo=UTC).date(),
            "method": "cash",
            "currency": "EUR",
            "rate": rate(Decimal("1.5")),
            "company_currency": "EUR",
            "amount": amount(Decimal(5)),
            "company_amount": amount(Decimal(5)),
        },
        t.payment_allocations: {
            "invoice_id": elsewhere,
            "kind": "exchange_difference",
            "amount": amount(Decimal(5)),
            "company_amount": amount(Decimal(5)),
        },
    }
    assert verify(shop) == []
    tried = 0
    for fields, key, found in (
        (of_invoice, invoice, ("invoice", "changed", 2, 2)),
        (of_payment, payment, ("payment", "changed", 3, 3)),
    ):
        owner = "invoice_id" if found[0] == "invoice" else "payment_id"
        for table, values in fields.items():
            row = table.c["id" if "ref" in table.c else owner] == key
            for column, value in values.items():
                with changed(raw, table, row, column, value):
                    assert verify(shop) == [found], (table.name, column)
                tried += 1
    assert tried == 35
    assert verify(shop) == []


def test_a_removed_an_inserted_and_an_exchanged_row_are_named(shop: Shop, raw: Callable[[], Any]) -> None:
    """Design 3: with the number of the document, in its own chain only."""
    for _ in range(6):
        shop.due("10")
    with raw() as connection:
        ids = [numbered(connection, t.invoices, shop, number) for number in range(1, 7)]
        _renumber(connection, ids[1], 999)
        _renumber(connection, ids[2], 2)
        _renumber(connection, ids[1], 3)
    assert verify(shop) == [("invoice", "swapped", 2, 3)]
    with raw() as connection:
        _remove(connection, ids[3])
    assert verify(shop) == [("invoice", "swapped", 2, 3), ("invoice", "missing", 4, 4)]
    with raw() as connection:
        _remove(connection, ids[5])
    assert verify(shop)[1:] == [("invoice", "missing", 4, 4), ("invoice", "missing", 6, 6)]
    with raw() as connection:
        columns = [column.name for column in t.invoices.c if column.name != "id"]
        values = {"ref": "'FAKE'", "number": "7"}
        copied = ", ".join(values.get(name, name) for name in columns)
        sql = f"INSERT INTO invoices ({', '.join(columns)}) SELECT {copied} FROM invoices WHERE id = :id"
        connection.execute(text(sql), {"id": ids[4]})
    assert verify(shop)[2:] == [("invoice", "missing", 6, 6), ("invoice", "inserted", 7, 7)]


def _renumber(connection: Connection, invoice: int, number: int) -> None:
    connection.execute(update(t.invoices).where(t.invoices.c.id == invoice).values(number=number))


def _remove(connection: Connection, invoice: int) -> None:
    for name in ("invoice_lines", "invoice_taxes"):
        connection.execute(text(f"DELETE FROM {name} WHERE invoice_id = :id"), {"id": invoice})
    connection.execute(text("DELETE FROM invoices WHERE id = :id"), {"id": invoice})


def test_a_changed_head_and_a_series_that_is_gone_are_named(shop: Shop, raw: Callable[[], Any]) -> None:
    for _ in range(3):
        shop.due("10")
    mine = (shared.series.c.company_id == shop.company) & (shared.series.c.kind == "invoice")
    with changed(raw, shared.series, mine, "next", 9):
        assert verify(shop) == [("invoice", "head_changed", 3, 3)]
    with changed(raw, shared.series, mine, "last_hash", "a" * 64):
        assert verify(shop) == [("invoice", "head_changed", 3, 3)]
    with raw() as connection:
        invoice = numbered(connection, t.invoices, shop, 2)
    with changed(raw, t.invoices, t.invoices.c.id == invoice, "link", "zz"):
        assert verify(shop) == [("invoice", "link_changed", 2, 2)]
    with raw() as connection:
        connection.execute(shared.series.delete().where(mine))
    assert verify(shop) == [("invoice", "inserted", 1, 3)]
    with pytest.raises(UnknownReference, match="1999-01"):
        verify(shop, Which(period="1999-01"))


def test_a_chain_that_grows_while_it_is_walked_is_sound(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writers go on at their pace: nothing they add is taken for a fault, whatever moment it comes."""
    monkeypatch.setattr(sql_chains, "BATCH", 3)
    shop.due("10")
    done = threading.Event()

    def sell() -> None:
        try:
            for _ in range(12):
                shop.due("10")
        finally:
            done.set()

    with ThreadPoolExecutor(2) as pool:
        sellers = [pool.submit(sell) for _ in range(2)]
        rounds = 0
        while not done.is_set() or rounds < 3:
            assert verify(shop) == []
            rounds += 1
        for seller in sellers:
            seller.result()
    assert verify(shop) == []
    (chain,) = shop.books.do(VerifyChains(HmacSeal(CHAIN_KEY)), Which()).chains
    assert chain.documents == 25


def test_a_walk_ends_at_its_deadline(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """ERP-08: looked at between batches."""
    monkeypatch.setattr(sql_chains, "BATCH", 2)
    for _ in range(6):
        shop.due("10")
    clock = FakeClock()
    walked = []

    class SlowSeal(HmacSeal):
        def link(self, previous: str, content: Mapping[str, object]) -> str:
            walked.append(content)
            clock.advance(1)
            return super().link(previous, content)

    desk = shop.books.desk
    context = replace(desk.context(), deadline=Deadline(3, clock.monotonic))
    with pytest.raises(DeadlineExceeded):
        desk.runner.call(context, VerifyChains(SlowSeal(CHAIN_KEY)), Which)
    assert len(walked) == 3


def test_with_another_key_nothing_holds_and_the_report_is_bounded(shop: Shop) -> None:
    trading(shop, 2)
    assert {kind for _, kind, *_ in verify(shop, key=OTHER_KEY)} == {"changed"}


# --- balances -------------------------------------------------------------------------------------------------------


def balances(shop: Shop) -> list[tuple[str, str, str, str]]:
    """Give the contradictions in the company's books."""
    return [(one.balance.value, one.what, one.told, one.counted) for one in shop.books.do(CompareBalances(), None)]


def test_books_that_contradict_themselves_are_told_by_what_and_where(shop: Shop, raw: Callable[[], Any]) -> None:
    """Demands 3 and 6: levels are their movements, paid is what was allocated, totals are their lines."""
    trading(shop, 2)
    product = shop.goods("5")
    shop.move(MovementKind.DEBIT, product, "2")
    shipment = shop.shipment([(product, 1)])
    desk = shop.books.desk
    shop.books.do(ValidateShipment(desk.clock, desk.numbering), shipment)
    draft = shop.draft("3")
    assert balances(shop) == []
    with raw() as connection:
        invoice = numbered(connection, t.invoices, shop, 1)
        payment = numbered(connection, t.payments, shop, 1)
    of_product = stock.stock_levels.c.product_id == product
    cost = stock.stock_costs.c.product_id == product
    order = sales.orders.c.company_id == shop.company
    one = t.invoices.c.id == invoice
    cases: list[tuple[Table, Any, str, Any, set[str]]] = [
        (stock.stock_levels, of_product, "quantity", quantity(Decimal(7)), {"product in stock", "product at cost"}),
        (stock.stock_levels, of_product, "reserved", quantity(Decimal(1)), {"product reserved"}),
        (stock.stock_costs, cost, "quantity", quantity(Decimal(7)), {"product at cost"}),
        (stock.stock_costs, cost, "value", amount(Decimal("7.25")), {"value of product"}),
        (t.invoices, one, "paid", amount(Decimal(9)), {"paid of invoice"}),
        (t.invoices, one, "company_paid", amount(Decimal(9)), {"paid of invoice in company currency"}),
        (t.invoices, one, "status", "paid", {"paid invoice with something due"}),
        (t.invoices, one, "status", "draft", {"draft invoice with a number"}),
        (t.invoices, one, "number", None, {"final invoice without its number"}),
        (t.invoices, one, "company_net", amount(Decimal(9)), {"net of invoice in company currency"}),
        (t.invoices, one, "total_gross", amount(Decimal("10.01")), {"gross of invoice"}),
        (t.invoices, t.invoices.c.id == draft, "total_net", amount(Decimal(2)), {"net of invoice", "gross of invoice"}),
        (t.payments, t.payments.c.id == payment, "amount", amount(Decimal(1)), {"amount of payment"}),
        (t.payments, t.payments.c.id == payment, "link", None, {"payment without its number"}),
        (t.invoice_taxes, t.invoice_taxes.c.invoice_id == invoice, "vat", amount(Decimal(1)), {"VAT of invoice"}),
        (sales.orders, order, "total_gross", amount(Decimal(9)), {"gross of order"}),
    ]
    for table, row, column, value, expected in cases:
        with changed(raw, table, row, column, value):
            assert {what for _, what, *_ in balances(shop)} == expected, (table.name, column)
    with changed(raw, stock.stock_costs, cost, "value", amount(Decimal("7.25"))):
        assert balances(shop) == [(Balance.STOCK_VALUES.value, "value of product", "7.2500", "2.0000")]
    assert balances(shop) == []


# --- signed heads ---------------------------------------------------------------------------------------------------


def export(shop: Shop, folder: Path, clock: FakeClock | None = None) -> str | None:
    """Sign the heads of the company alone."""
    desk = shop.books.desk
    notary, archive = Ed25519Notary(KEY), HeadsFolder(folder)
    return ExportHeads(desk.runner, clock or desk.clock, notary, archive)([desk.context()])


def held(shop: Shop, place: str) -> list[tuple[str, str, int, int]]:
    """Hold today's chains against a document of heads."""
    signed = read_heads(*read_signed(Path(place)), Ed25519Notary(KEY))
    heads: list[Head] = list(signed.heads[shop.company])
    found = shop.books.do(HoldAgainst(), heads)
    return [(chain.kind, flaw.kind.value, flaw.number, flaw.to) for chain in found.chains for flaw in chain.flaws]


def test_truncation_and_a_chain_made_anew_are_found_by_signed_heads_alone(
    shop: Shop, raw: Callable[[], Any], tmp_path: Path
) -> None:
    """Design 3: the walk finds nothing where the last row went with its head; the heads of the day do."""
    trading(shop, 3)
    place = export(shop, tmp_path)
    assert place is not None
    assert held(shop, place) == []
    shop.due("10")
    assert held(shop, place) == []
    mine = (shared.series.c.company_id == shop.company) & (shared.series.c.kind == "payment")
    with raw() as connection:
        ids = [numbered(connection, t.payments, shop, number) for number in (5, 6)]
        before = connection.execute(select(t.payments.c.link).where(t.payments.c.id == ids[0])).scalar_one()
        connection.execute(text("DELETE FROM payment_allocations WHERE payment_id = :id"), {"id": ids[1]})
        connection.execute(text("DELETE FROM payments WHERE id = :id"), {"id": ids[1]})
        connection.execute(update(shared.series).where(mine).values(next=6, last_hash=before))
    assert verify(shop) == []
    assert held(shop, place) == [("payment", "not_as_exported", 6, 6)]
    part = Part(invoice_id=shop.due("10"), amount=amount(Decimal(4)))
    desk = shop.books.desk
    shop.books.do(PayInvoice(desk.clock, desk.numbering), PaymentDraft(parts=(part,)))
    assert verify(shop) == []
    assert held(shop, place) == [("payment", "not_as_exported", 6, 6)]


def test_a_series_set_back_is_found_also_when_it_has_no_chain(
    shop: Shop, raw: Callable[[], Any], tmp_path: Path
) -> None:
    place = export(shop, tmp_path)
    assert place is not None
    mine = (shared.series.c.company_id == shop.company) & (shared.series.c.kind == "customer")
    with changed(raw, shared.series, mine, "next", 1):
        assert held(shop, place) == [("customer", "not_as_exported", 1, 1)]
    assert held(shop, place) == []


def test_heads_are_exported_once_a_day_and_openssl_can_check_them(shop: Shop, tmp_path: Path) -> None:
    """Nothing is overwritten; who has the public key needs nothing of ours."""
    clock = FakeClock()
    trading(shop, 1)
    folder = tmp_path / "heads"
    place = export(shop, folder, clock)
    assert place is not None
    first = Path(place).read_bytes()
    shop.due("10")
    assert export(shop, folder, clock) is None
    assert Path(place).read_bytes() == first
    clock.advance(86_400)
    following = export(shop, folder, clock)
    assert following is not None
    assert following != place
    names = {path.name for path in folder.iterdir()}
    assert names == {Path(one).with_suffix(end).name for one in (place, following) for end in (".json", ".sig")} | {
        "heads-key.pem"
    }
    for document in (place, following):
        assert openssl(folder, Path(document)).returncode == 0
    (tmp_path / "forged.json").write_bytes(first.replace(b'"next":2', b'"next":1'))
    assert openssl(folder, tmp_path / "forged.json", Path(place).with_suffix(".sig")).returncode != 0
    heads = {(row["company"], row["kind"]): row["next"] for row in json.loads(first)["heads"]}
    now = {head.kind: head.next for head in shop.books.do(ListHeads(), None)}
    assert heads[shop.company, "invoice"] == 2
    assert now["invoice"] == 3


def openssl(folder: Path, document: Path, signature: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    """Check a signature as docs/operations.md shows it."""
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(folder / "heads-key.pem"), "-rawin"]
    files = ["-in", str(document), "-sigfile", str(signature or document.with_suffix(".sig"))]
    return subprocess.run([*command, *files], capture_output=True, check=False)


def test_a_line_moved_to_another_place_is_a_changed_document(shop: Shop, raw: Callable[[], Any]) -> None:
    """The order of lines is part of the document."""
    invoice = shop.due("10")
    with raw() as connection:
        connection.execute(update(t.invoice_lines).where(t.invoice_lines.c.invoice_id == invoice).values(position=9))
    assert verify(shop) == [("invoice", "changed", 1, 1)]
