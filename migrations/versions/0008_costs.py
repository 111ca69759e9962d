"""What lines cost, and VAT per rate in the company's currency."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from app.domain.shared.money import convert, currency
from app.infrastructure.database.types import AMOUNT, KEY, PRICE, RATE, text

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

LINES: Final = ("order_lines", "invoice_lines")
COMPANY: Final = ("company_base", "company_vat")
invoices = sa.table(
    "invoices",
    sa.column("company_id", KEY),
    sa.column("id", KEY),
    sa.column("rate", RATE),
    sa.column("currency", text(3)),
    sa.column("company_currency", text(3)),
)
lines = sa.table(
    "invoice_lines",
    sa.column("company_id", KEY),
    sa.column("invoice_id", KEY),
    sa.column("vat_rate", RATE),
    sa.column("company_net", AMOUNT),
)
taxes = sa.table(
    "invoice_taxes",
    sa.column("company_id", KEY),
    sa.column("invoice_id", KEY),
    sa.column("rate", RATE),
    sa.column("base", AMOUNT),
    sa.column("vat", AMOUNT),
    sa.column("company_base", AMOUNT),
    sa.column("company_vat", AMOUNT),
)


def upgrade() -> None:
    """Add costs, 0 for lines entered before; give each tax its company amounts, converted as its document was."""
    nothing = sa.text("0")
    for name in LINES:
        op.add_column(name, sa.Column("unit_cost", PRICE, nullable=False, server_default=nothing))
        op.add_column(name, sa.Column("company_cost", AMOUNT, nullable=False, server_default=nothing))
    for name in COMPANY:
        op.add_column("invoice_taxes", sa.Column(name, AMOUNT, nullable=False, server_default=nothing))
    op.execute(taxes.update().values(company_base=taxes.c.base, company_vat=taxes.c.vat))
    _convert_foreign(op.get_bind())


def _convert_foreign(connection: sa.Connection) -> None:
    foreign = (
        sa.select(taxes, invoices.c.rate.label("exchange"), invoices.c.company_currency)
        .join_from(
            taxes,
            invoices,
            sa.and_(invoices.c.company_id == taxes.c.company_id, invoices.c.id == taxes.c.invoice_id),
        )
        .where(invoices.c.currency != invoices.c.company_currency)
    )
    for row in connection.execute(foreign).all():
        mine = (taxes.c.company_id == row.company_id, taxes.c.invoice_id == row.invoice_id, taxes.c.rate == row.rate)
        net = connection.scalar(
            sa.select(sa.func.sum(lines.c.company_net, type_=AMOUNT)).where(
                lines.c.company_id == row.company_id,
                lines.c.invoice_id == row.invoice_id,
                lines.c.vat_rate == row.rate,
            )
        )
        vat = convert(row.vat, row.exchange, currency(row.company_currency))
        connection.execute(taxes.update().where(*mine).values(company_base=net or 0, company_vat=vat))


def downgrade() -> None:
    """Forget the costs and the company amounts of taxes."""
    for name in COMPANY:
        op.drop_column("invoice_taxes", name)
    for name in LINES:
        op.drop_column(name, "company_cost")
        op.drop_column(name, "unit_cost")
