"""Rows in the lists that the chain from proposal to payment leaves empty, for tests generated from the lists."""

from __future__ import annotations

from typing import Any, Final

from app.domain.jobs import NewJob, Priority
from app.infrastructure.database.tables.shared import metadata
from tests.support.catalogue import KINDS, attribute, category, price_list, unit, vat_rate
from tests.support.credits import OWN_ACCOUNT, debit_of
from tests.support.databases import looking
from tests.support.jobs import asked, kill
from tests.support.office import Office
from tests.support.posts import TERMS, template
from tests.support.workflows import started, workflow

FIRST_DAY: Final = "2026-11-02"


def rows_in_every_list(office: Office, count: int) -> None:
    """Enter at least ``count`` rows for each list; every second one sorts equal to another where names may repeat.

    The office has a warehouse. Users, keys, custom fields and the documents from proposal to payment are not entered
    here, or only as far as other rows need them.
    """
    party = office.customer(name="Client of rows")
    for n in range(count):
        _beside_parties(office, party, n)
        _beside_products(office, n)
    _in_stock(office, count)
    _in_lots(office, count)
    _counted(office, count)
    _sent_back(office, party, count)
    _in_banks(office, party, count)
    _asked_for(office, count)
    _sent_out(office, count)
    for n in range(count):
        made = workflow(office, name=f"Workflow-{n}", publish=bool(n % 2))
        about = {"name": f"name-{n}", "reference": f"orders/{n % 2}"} if n % 2 else {}
        started(office, made["name"], **about)


def _day(n: int) -> str:
    """Give a day that two rows in a row share."""
    return f"2026-11-{10 + n // 2}"


def _beside_parties(office: Office, party: int, n: int) -> None:
    contact = {"name": f"Contact {n % 2}", "job": "Buyer", "roles": ["sales"], "email": f"contact{n % 2}@example.com"}
    office.make(f"/third-parties/{party}/contacts", contact if n else {"name": "Contact 0", "active": False})
    office.make("/payment-terms", {**TERMS, "name": f"Terms {n}"})
    office.make("/carriers", {"name": f"Carrier {n}", "tracking_url": "https://x.example/{tracking}" if n % 2 else ""})
    template(office, party_id=party, label=f"Rent {n % 2}", every="week" if n % 2 else "month")


def _beside_products(office: Office, n: int) -> None:
    days = {"valid_from": _day(n), "valid_until": "2099-12-31"} if n % 2 else {}
    prices = price_list(office, includes_vat=bool(n % 2), **days)
    office.make(f"/price-lists/{prices}/prices", KINDS["list_price"].body(office))
    vat_rate(office, f"rate{n}", str(n % 2), valid_from=f"20{10 + n // 2}-01-01")
    unit(office, name=f"Unit {n % 2}")
    parent = category(office, "customer" if n % 2 else "product")
    category(office, "customer" if n % 2 else "product", name="Same", parent_id=parent)
    attribute(office)


def _in_stock(office: Office, count: int) -> None:
    """Enter transfers, locations with what is placed there, and rules."""
    here, there = office.items("/warehouses")[0]["id"], office.warehouse()
    for n in range(count):
        product = office.product("5")
        ways = {"from_warehouse_id": here, "to_warehouse_id": there, "date": _day(n), "reason": f"Reason {n % 2}"}
        office.make("/stock-transfers", {**ways, "lines": [{"product_id": product, "quantity": str(n % 2 + 1)}]})
        location = office.make(f"/warehouses/{here}/locations", {"code": f"A{n}"})["id"]
        office.act(f"/locations/{location}/products", {"product_ids": [product]})
        office.make("/stock-rules", {"product_id": product, "minimum": str(n % 2), "desired": "9"})


def _in_lots(office: Office, count: int) -> None:
    """Receive two lots of each of some products; their codes are the same for all, and the first lot is blocked."""
    for n in range(count):
        product = office.product(tracking="lot")
        dated = {"expires_on": "2099-01-01", "made_on": FIRST_DAY} if n % 2 else {}
        lots = [{"code": "L1", "quantity": str(n % 2 + 1), **dated}, {"code": "L2", "quantity": "1"}]
        body = {"kind": "receive", "product_id": product, "quantity": str(n % 2 + 2), "lots": lots}
        office.act("/stock-movements", body)
    first = office.items("/lots")[0]
    office.patch(f"/lots/{first['id']}", {"blocked": True}, 1)


def _counted(office: Office, count: int) -> None:
    """Enter inventories of two products each: a draft, and open and posted ones with counts, some of them blind."""
    for n in range(count + 1):
        products = [office.product("3"), office.product("4")]
        body = {"product_ids": products, "date": _day(n), "blind": n % 4 == 2, "note": f"Note {n % 2}"}
        path = f"/inventories/{office.make('/inventories', body)['id']}"
        if n == 0:
            continue
        office.act(f"{path}/open")
        office.act(f"{path}/counts", {"lines": [{"product_id": products[0], "quantity": str(n % 2 + 2)}]})
        if n % 2:
            office.act(f"{path}/post")


def _sent_back(office: Office, party: int, count: int) -> None:
    """Enter returns, every second one validated."""
    product = office.product()
    for n in range(count):
        lines = [{"product_id": product, "quantity": "1"}]
        body = {"party_id": party, "reason": f"Reason {n % 2}", "date": _day(n), "lines": lines}
        made = office.make("/returns", body)["id"]
        if n % 2:
            office.act(f"/returns/{made}/validate")


def _in_banks(office: Office, party: int, count: int) -> None:
    """Enter accounts, slips of cheques and direct debits, every second one with its file."""
    for n in range(count):
        own = {**OWN_ACCOUNT, "label": f"Account {n % 2}", "iban": _iban(n)}
        account = office.make("/bank-accounts", own)["id"]
        invoice = office.invoice("3", party_id=party)["id"]
        cheque = office.make(f"/invoices/{invoice}/payments", {"method": "cheque", "amount": "1"})["id"]
        office.make("/cheque-deposits", {"account_id": account, "payments": [cheque]})
        order = {**debit_of(account, invoice), "date": f"2026-12-{10 + n // 2}"}
        made = office.make("/sepa-orders", order)["id"]
        if n % 2:
            office.act(f"/sepa-orders/{made}/generate")


def _asked_for(office: Office, count: int) -> None:
    """Ask for jobs of which the first two are dead and the third is called off."""
    new = [NewJob(kind=f"row.{n % 2}", priority=Priority(n % 3), payload={"n": n}) for n in range(count + 2)]
    jobs = asked(office, *new)
    for job in jobs[:2]:
        kill(office, job, "unavailable")
    office.act(f"/jobs/{jobs[2]}/cancel")


def _sent_out(office: Office, count: int) -> None:
    """Send letters that nobody delivers, the first of them called off."""
    invoice = office.invoice("2")["id"]
    letters = [
        office.make(f"/invoices/{invoice}/send", {"to": [f"reader{n % 2}@client.example"]}) for n in range(count)
    ]
    office.act(f"/mails/{letters[0]['id']}/cancel")


def _iban(n: int) -> str:
    """Give a German account of its own for each number (ISO 13616)."""
    account = f"37040044{n:010}"
    return f"DE{98 - int(f'{account}131400') % 97:02}{account}"


def company_rows(office: Office) -> dict[str, list[Any]]:
    """Give every row that is the company's, by table; a server gives them in any order."""
    with looking(office.served.container.settings.database_url).connect() as connection:
        return {
            table.name: sorted(connection.execute(table.select().where(table.c.company_id == office.company)), key=str)
            for table in metadata.sorted_tables
            if "company_id" in table.c
        }
