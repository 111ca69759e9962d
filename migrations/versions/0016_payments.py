"""Refunds, offsets, customers' credit and reversals; bank accounts, slips of cheques and orders to banks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.infrastructure.database.types import (
    AMOUNT,
    COUNTER,
    CUSTOM,
    DAY,
    FLAG,
    INSTANT,
    JSON_TEXT,
    KEY,
    RATE,
    identity,
    text,
)

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

CREDIT = ("credit", "company_credit", "credit_left", "company_credit_left")
OLD_METHODS = "method IN ('transfer', 'card', 'cash', 'cheque', 'direct_debit')"
METHODS = "method IN ('transfer', 'card', 'cash', 'cheque', 'direct_debit', 'offset')"
REFERENCES = (("account_id", "bank_accounts"), ("reverses_id", "payments"), ("reversed_by_id", "payments"))
ONCE = "uq_payments_company_id_reverses_id"
REVERSED = "ix_payments_company_id_reversed_by_id"
OPEN = "uq_sepa_order_lines_company_id_open_invoice_id"
ACCOUNTS = "ix_payments_company_id_account_id_id"
RIGHTS = {
    "sales": ("bank_accounts.read",),
    "accountant": ("payments.out", "bank_accounts.read", "bank_accounts.write"),
    "reader": ("bank_accounts.read",),
}

companies = sa.table("companies", sa.column("id", KEY), sa.column("rights_version", COUNTER))
roles = sa.table(
    "roles",
    sa.column("id", KEY),
    sa.column("company_id", KEY),
    sa.column("rights", JSON_TEXT),
    sa.column("version", COUNTER),
    sa.column("ready", text(32)),
)
api_keys = sa.table("api_keys", sa.column("id", KEY), sa.column("scopes", JSON_TEXT))


def upgrade() -> None:
    """Make room for what payments may be besides money in."""
    _give_rights()
    op.create_table(
        "bank_accounts",
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("label", text(100), nullable=False),
        sa.Column("holder", text(70), nullable=False),
        sa.Column("iban", text(34), nullable=False),
        sa.Column("bic", text(11), nullable=False),
        sa.Column("currency", text(3), nullable=False),
        sa.Column("creditor_id", text(35), nullable=False),
        sa.Column("archived", FLAG, nullable=False),
        sa.Column("version", COUNTER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_accounts")),
        sa.UniqueConstraint("company_id", "iban", name=op.f("uq_bank_accounts_company_id_iban")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_bank_accounts_company_id_id")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_bank_accounts_company_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_bank_accounts_company_id_label_id"), "bank_accounts", ["company_id", "label", "id"])
    _widen_payments()
    op.create_table(
        "payment_uses",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("payment_id", KEY, autoincrement=False, nullable=False),
        sa.Column("position", COUNTER, autoincrement=False, nullable=False),
        sa.Column("credit_of", KEY, nullable=False),
        sa.Column("kind", text(32), nullable=False),
        sa.Column("amount", AMOUNT, nullable=False),
        sa.Column("company_amount", AMOUNT, nullable=False),
        sa.PrimaryKeyConstraint("company_id", "payment_id", "position", name=op.f("pk_payment_uses")),
        _of("payment_uses", "payment_id", "payments"),
        _of("payment_uses", "credit_of", "payments"),
        sa.CheckConstraint("kind IN ('settlement', 'exchange_difference')", name=op.f("ck_payment_uses_kind")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_payment_uses_company_id_credit_of"), "payment_uses", ["company_id", "credit_of"])
    op.create_table(
        "cheque_deposits",
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("ref", text(60), nullable=False),
        sa.Column("date", DAY, nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("currency", text(3), nullable=False),
        sa.Column("amount", AMOUNT, nullable=False),
        sa.Column("version", COUNTER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cheque_deposits")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_cheque_deposits_company_id_id")),
        sa.UniqueConstraint("company_id", "ref", name=op.f("uq_cheque_deposits_company_id_ref")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_cheque_deposits_company_id")),
        _of("cheque_deposits", "account_id", "bank_accounts"),
        sqlite_autoincrement=True,
    )
    for column in ("account_id", "date"):
        index = op.f(f"ix_cheque_deposits_company_id_{column}_id")
        op.create_index(index, "cheque_deposits", ["company_id", column, "id"])
    op.create_table(
        "cheque_deposit_lines",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("cheque_deposit_id", KEY, autoincrement=False, nullable=False),
        sa.Column("position", COUNTER, autoincrement=False, nullable=False),
        sa.Column("payment_id", KEY, nullable=False),
        sa.Column("amount", AMOUNT, nullable=False),
        sa.PrimaryKeyConstraint("company_id", "cheque_deposit_id", "position", name=op.f("pk_cheque_deposit_lines")),
        sa.UniqueConstraint("company_id", "payment_id", name=op.f("uq_cheque_deposit_lines_company_id_payment_id")),
        _of("cheque_deposit_lines", "cheque_deposit_id", "cheque_deposits"),
        _of("cheque_deposit_lines", "payment_id", "payments"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sepa_orders",
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("kind", text(32), nullable=False),
        sa.Column("status", text(32), nullable=False),
        sa.Column("date", DAY, nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("holder", text(70), nullable=False),
        sa.Column("iban", text(34), nullable=False),
        sa.Column("bic", text(11), nullable=False),
        sa.Column("creditor_id", text(35), nullable=False),
        sa.Column("amount", AMOUNT, nullable=False),
        sa.Column("message_id", text(35)),
        sa.Column("generated_at", INSTANT),
        sa.Column("version", COUNTER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sepa_orders")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_sepa_orders_company_id_id")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_sepa_orders_company_id")),
        _of("sepa_orders", "account_id", "bank_accounts"),
        sa.CheckConstraint("kind IN ('direct_debit', 'credit_transfer')", name=op.f("ck_sepa_orders_kind")),
        sa.CheckConstraint(
            "status IN ('draft', 'generated', 'settled', 'canceled')", name=op.f("ck_sepa_orders_status")
        ),
        sqlite_autoincrement=True,
    )
    for column in ("account_id", "date", "status"):
        index = op.f(f"ix_sepa_orders_company_id_{column}_id")
        op.create_index(index, "sepa_orders", ["company_id", column, "id"])
    op.create_table(
        "sepa_order_lines",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("sepa_order_id", KEY, autoincrement=False, nullable=False),
        sa.Column("position", COUNTER, autoincrement=False, nullable=False),
        sa.Column("invoice_id", KEY, nullable=False),
        sa.Column("open_invoice_id", KEY),
        sa.Column("invoice_ref", text(60), nullable=False),
        sa.Column("amount", AMOUNT, nullable=False),
        sa.Column("holder", text(70), nullable=False),
        sa.Column("iban", text(34), nullable=False),
        sa.Column("bic", text(11), nullable=False),
        sa.Column("mandate", text(35), nullable=False),
        sa.Column("mandate_date", DAY),
        sa.Column("sequence", text(32)),
        sa.Column("payment_id", KEY),
        sa.PrimaryKeyConstraint("company_id", "sepa_order_id", "position", name=op.f("pk_sepa_order_lines")),
        sa.UniqueConstraint("company_id", "open_invoice_id", name=op.f(OPEN)),
        _of("sepa_order_lines", "sepa_order_id", "sepa_orders"),
        _of("sepa_order_lines", "invoice_id", "invoices"),
        _of("sepa_order_lines", "payment_id", "payments"),
        sa.CheckConstraint("sequence IN ('FRST', 'RCUR', 'OOFF', 'FNAL')", name=op.f("ck_sepa_order_lines_sequence")),
        sqlite_with_rowid=False,
    )
    for column in ("invoice_id", "payment_id"):
        index = op.f(f"ix_sepa_order_lines_company_id_{column}")
        op.create_index(index, "sepa_order_lines", ["company_id", column])


def _of(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    """Give the reference of a table's column to an object of the same company."""
    name = op.f(f"fk_{table}_company_id_{column}")
    return sa.ForeignKeyConstraint(["company_id", column], [f"{target}.company_id", f"{target}.id"], name=name)


def _payments(*, wide: bool) -> sa.Table:
    """Give the table as it is before a step, for SQLite, which makes a table anew to change its constraints."""
    table = sa.Table(
        "payments",
        sa.MetaData(),
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("ref", text(60)),
        sa.Column("party_id", KEY, nullable=False),
        sa.Column("date", DAY, nullable=False),
        sa.Column("version", COUNTER, nullable=False),
        sa.Column("method", text(32), nullable=False),
        sa.Column("currency", text(3), nullable=False),
        sa.Column("rate", RATE, nullable=False),
        sa.Column("company_currency", text(3), nullable=False),
        sa.Column("amount", AMOUNT, nullable=False),
        sa.Column("company_amount", AMOUNT, nullable=False),
        sa.Column("number", COUNTER),
        sa.Column("period", text(10)),
        sa.Column("link", text(64)),
        sa.Column("custom", CUSTOM),
        sa.Column("sealed_party_id", KEY),
        *(_new_columns() if wide else ()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_payments_company_id_id")),
        sa.UniqueConstraint("company_id", "period", "number", name=op.f("uq_payments_company_id_period_number")),
        sa.UniqueConstraint("company_id", "ref", name=op.f("uq_payments_company_id_ref")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_payments_company_id")),
        _of("payments", "party_id", "third_parties"),
        sa.CheckConstraint(METHODS if wide else OLD_METHODS, name=op.f("ck_payments_method")),
        sqlite_autoincrement=True,
    )
    if wide:
        table.append_constraint(sa.UniqueConstraint("company_id", "reverses_id", name=op.f(ONCE)))
        for column, target in REFERENCES:
            table.append_constraint(_of("payments", column, target))
    for column in ("amount", "date", "party_id"):
        sa.Index(op.f(f"ix_payments_company_id_{column}_id"), table.c.company_id, table.c[column], table.c.id)
    return table


def _new_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("reference", text(100), nullable=False, server_default=""),
        sa.Column("account_id", KEY),
        *(sa.Column(name, AMOUNT, nullable=False, server_default=sa.text("0")) for name in CREDIT),
        sa.Column("reverses_id", KEY),
        sa.Column("reversed_by_id", KEY),
        sa.Column("reason", text(200), nullable=False, server_default=""),
    ]


def _widen_payments() -> None:
    with op.batch_alter_table("payments", copy_from=_payments(wide=False)) as payments:
        payments.drop_constraint(op.f("ck_payments_method"), type_="check")
        payments.create_check_constraint(op.f("ck_payments_method"), sa.text(METHODS))
        for column in _new_columns():
            payments.add_column(column)
        payments.create_unique_constraint(op.f(ONCE), ["company_id", "reverses_id"])
        for name, target in REFERENCES:
            payments.create_foreign_key(
                op.f(f"fk_payments_company_id_{name}"), target, ["company_id", name], ["company_id", "id"]
            )
    op.create_index(op.f(ACCOUNTS), "payments", ["company_id", "account_id", "id"])
    op.create_index(op.f(REVERSED), "payments", ["company_id", "reversed_by_id"])


def downgrade() -> None:
    """Forget credits, reversals, bank accounts and what was made with them; an offset is kept as a transfer."""
    _take_rights()
    for table in ("sepa_order_lines", "sepa_orders", "cheque_deposit_lines", "cheque_deposits", "payment_uses"):
        op.drop_table(table)
    op.execute("UPDATE payments SET method = 'transfer' WHERE method = 'offset'")
    with op.batch_alter_table("payments", copy_from=_payments(wide=True)) as payments:
        for name, _ in REFERENCES:
            payments.drop_constraint(op.f(f"fk_payments_company_id_{name}"), type_="foreignkey")
        payments.drop_constraint(op.f(ONCE), type_="unique")
        payments.drop_constraint(op.f("ck_payments_method"), type_="check")
        payments.create_check_constraint(op.f("ck_payments_method"), sa.text(OLD_METHODS))
        if op.get_bind().dialect.name != "sqlite":  # there they are lost with the old table
            payments.drop_index(op.f(ACCOUNTS))
            payments.drop_index(op.f(REVERSED))
        for column in _new_columns():
            payments.drop_column(column.name)
    op.drop_table("bank_accounts")


def _give_rights() -> None:
    """Let ready roles do what they do in a new company; a company's own roles stay as they are."""
    connection = op.get_bind()
    for role in connection.execute(sa.select(roles).where(roles.c.ready.in_(RIGHTS))).all():
        if more := set(RIGHTS[role.ready]) - set(role.rights):
            _store_rights(role, sorted({*role.rights, *more}))


def _take_rights() -> None:
    """Take the rights away that the version before does not know, from roles and keys."""
    connection = op.get_bind()
    ours = {right for rights in RIGHTS.values() for right in rights}
    for role in connection.execute(sa.select(roles)).all():
        known = [right for right in role.rights if right not in ours]
        if known != role.rights:
            _store_rights(role, known)
    for key in connection.execute(sa.select(api_keys)).all():
        known = [right for right in key.scopes if right not in ours]
        if known != key.scopes:
            connection.execute(sa.update(api_keys).where(api_keys.c.id == key.id).values(scopes=known))


def _store_rights(role: sa.Row[tuple[object, ...]], rights: list[str]) -> None:
    connection = op.get_bind()
    mine, whole = roles.c.id == role.id, companies.c.id == role.company_id
    connection.execute(sa.update(roles).where(mine).values(rights=rights, version=roles.c.version + 1))
    grown = companies.c.rights_version + 1
    connection.execute(sa.update(companies).where(whole).values(rights_version=grown))
