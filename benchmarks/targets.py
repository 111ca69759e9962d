"""What is measured, beside what other systems take for the same and what we set out to take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One operation. Figures are CPU-ms of server and database per operation; ``rounds`` is how often it is measured.

    ``dolibarr`` (23, PHP 8.2 opcache, MariaDB) and ``tryton`` (8.2, gunicorn, PostgreSQL) took so much through their
    own APIs with one client; ``floor`` is the plain SQL of it; ``most`` is ours, with eight clients and nothing failed.
    """

    title: str
    dolibarr: str
    tryton: str
    floor: str
    most: float
    rounds: int


TARGETS: Final = {
    "read": Target(title="read a third party", dolibarr="4.3", tryton="10.9", floor="0.04", most=0.6, rounds=4000),
    "list": Target(
        title="list 50 of 1,000 products, filtered",
        dolibarr="12.5",
        tryton="33",
        floor="0.65",
        most=2,
        rounds=1000,
    ),
    "create": Target(
        title="create a third party", dolibarr="6.2 (83 % failed)", tryton="28", floor="0.11", most=1, rounds=2000
    ),
    "order": Target(
        title="order, 5 lines, validated",
        dolibarr="16.7 (61 % failed)",
        tryton="203",
        floor="0.9",
        most=3,
        rounds=600,
    ),
    "invoice": Target(
        title="invoice, 5 lines, validated, paid",
        dolibarr="37.8 (10 % failed)",
        tryton="1,018 (94 % failed)",
        floor="1.2",
        most=4,
        rounds=500,
    ),
    "debit": Target(
        title="stock debit, one product for all",
        dolibarr="5.4 (36 % lost)",
        tryton="199 (59 % failed)",
        floor="0.3-0.5",
        most=1,
        rounds=2000,
    ),
    "cash": Target(
        title="order to cash, 7 calls",
        dolibarr="94 (57 % failed)",
        tryton="1,990 (79 % failed)",
        floor="1.7-3.7",
        most=9,
        rounds=300,
    ),
    "list-large": Target(
        title="list 50 of 100,000 products, filtered", dolibarr="-", tryton="-", floor="0.65", most=2, rounds=1000
    ),
    "list-deep": Target(
        title="the same, after the first 95 %",
        dolibarr="336 (of 200,000)",
        tryton="-",
        floor="0.65",
        most=2,
        rounds=1000,
    ),
    "search": Target(
        title="search 1,000 products by two words", dolibarr="-", tryton="-", floor="-", most=2, rounds=1000
    ),
    "search-large": Target(
        title="search 100,000 products by two words", dolibarr="-", tryton="-", floor="-", most=3, rounds=1000
    ),
    "export": Target(title="export 1,000 products, NDJSON", dolibarr="-", tryton="-", floor="-", most=15, rounds=100),
    "export-csv": Target(title="export 1,000 products, CSV", dolibarr="-", tryton="-", floor="-", most=20, rounds=100),
    "export-xlsx": Target(title="export 1,000 products, XLSX", dolibarr="-", tryton="-", floor="-", most=60, rounds=40),
}
LARGE: Final = ("list-large", "list-deep", "search-large")
"""Measured when the catalogue has grown a hundredfold."""
