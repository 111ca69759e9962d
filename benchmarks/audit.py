"""Whether the books still agree with themselves and with what clients were told: speed that loses nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import create_engine, text

from benchmarks.crew import Measure

# Each gives the number of rows that should not be.
_WRONG: Final = {
    "stock levels that are not the sum of their movements": """
        SELECT COUNT(*) FROM stock_levels l WHERE l.quantity <> (
            SELECT COALESCE(SUM(m.quantity), 0) FROM stock_movements m WHERE m.company_id = l.company_id
            AND m.warehouse_id = l.warehouse_id AND m.product_id = l.product_id)""",
    "stock costs that are not the sum of their movements": """
        SELECT COUNT(*) FROM stock_costs c WHERE c.quantity <> (
            SELECT COALESCE(SUM(m.quantity), 0) FROM stock_movements m WHERE m.company_id = c.company_id
            AND m.product_id = c.product_id) OR c.value <> (
            SELECT COALESCE(SUM(m.value), 0) FROM stock_movements m WHERE m.company_id = c.company_id
            AND m.product_id = c.product_id)""",
    "stock levels below zero": "SELECT COUNT(*) FROM stock_levels WHERE quantity < 0",
    "invoice series with a gap or a double": """
        SELECT COUNT(*) FROM (SELECT period FROM invoices WHERE number IS NOT NULL GROUP BY company_id, kind, period
            HAVING COUNT(*) <> MAX(number) OR COUNT(DISTINCT number) <> COUNT(*) OR MIN(number) <> 1) gaps""",
    "payment series with a gap or a double": """
        SELECT COUNT(*) FROM (SELECT period FROM payments WHERE number IS NOT NULL GROUP BY company_id, period
            HAVING COUNT(*) <> MAX(number) OR COUNT(DISTINCT number) <> COUNT(*) OR MIN(number) <> 1) gaps""",
    "invoices paid above what was due": """
        SELECT COUNT(*) FROM invoices WHERE ABS(paid) > ABS(total_gross) OR paid * total_gross < 0""",
    "invoices paid other than by their payments": """
        SELECT COUNT(*) FROM invoices i WHERE i.paid <> (
            SELECT COALESCE(SUM(a.amount), 0) FROM payment_allocations a
            WHERE a.company_id = i.company_id AND a.invoice_id = i.id AND a.kind = 'settlement')""",
    "order lines of which more was shipped or invoiced than ordered": """
        SELECT COUNT(*) FROM order_lines WHERE shipped > quantity OR invoiced > quantity""",
    "order lines of which more came back than was shipped": """
        SELECT COUNT(*) FROM order_lines WHERE returned > shipped OR returned < 0""",
    "invoices of which more was credited than charged": """
        SELECT COUNT(*) FROM invoices i WHERE i.kind = 'standard' AND i.total_gross < (
            SELECT -COALESCE(SUM(n.total_gross), 0) FROM invoices n
            WHERE n.company_id = i.company_id AND n.source_id = i.id AND n.kind = 'credit_note')""",
    "payments whose credit was used twice": "SELECT COUNT(*) FROM payments WHERE credit_left < 0",
    "deposits deducted twice": """
        SELECT COUNT(*) FROM (SELECT l.deposit_id FROM invoice_lines l JOIN invoices i ON i.company_id = l.company_id
            AND i.id = l.invoice_id WHERE l.deposit_id IS NOT NULL AND i.kind = 'standard'
            GROUP BY l.company_id, l.deposit_id HAVING COUNT(DISTINCT l.invoice_id) > 1) twice""",
}
# What there is of a thing, and the operations that each make one.
_MADE: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "debits": ("SELECT COUNT(*) FROM stock_movements WHERE kind = 'debit'", ("debit",)),
    "orders": ("SELECT COUNT(*) FROM orders WHERE status <> 'draft'", ("order", "cash")),
    "shipments": ("SELECT COUNT(*) FROM shipments WHERE status <> 'draft'", ("cash",)),
    "paid invoices": ("SELECT COUNT(*) FROM invoices WHERE status = 'paid'", ("invoice", "cash")),
    "payments": ("SELECT COUNT(*) FROM payments", ("invoice", "cash")),
}


def unsound(url: str) -> list[str]:
    """Give what in the books does not agree with itself; nothing when they are sound."""
    engine = create_engine(url)
    with engine.connect() as connection:
        counted = {name: connection.scalar(text(sql)) for name, sql in _WRONG.items()}
    engine.dispose()
    return [f"{rows} {name}" for name, rows in counted.items() if rows]


def audit(url: str, measures: Iterable[Measure]) -> list[str]:
    """Give what is wrong; nothing when clients were told the truth and the books are sound."""
    told = list(measures)
    failed = [one for one in told if one.failures]
    found = [f"{one.operation}, {one.clients} clients: {len(one.failures)} failed: {one.failures[0]}" for one in failed]
    found += unsound(url)
    engine = create_engine(url)
    with engine.connect() as connection:
        for name, (sql, makers) in _MADE.items():
            promised = sum(one.done for one in told if one.operation in makers)
            kept = int(connection.scalar(text(sql)) or 0)
            # A round that failed in the middle has rightly left what was acknowledged until then.
            if kept < promised or (kept > promised and not failed):
                found.append(f"{promised} {name} were acknowledged, there are {kept}")
    engine.dispose()
    return found
