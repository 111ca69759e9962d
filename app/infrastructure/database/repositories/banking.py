"""Bank accounts, slips of cheques and orders to banks in SQL."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Any, Final

from sqlalchemy import bindparam, insert, select, update

from app.domain.banking import (
    BankAccount,
    ChequeDeposit,
    DepositedCheque,
    InvoiceInOrder,
    SepaLine,
    SepaOrder,
)
from app.domain.shared.errors import NotFound, Stale, Taken
from app.domain.shared.ids import BankAccountId, ChequeDepositId, InvoiceId, PaymentId, SepaOrderId
from app.domain.shared.money import currency
from app.infrastructure.database.compiled import Row, prepare, prepare_many
from app.infrastructure.database.constraints import taken
from app.infrastructure.database.locks import Lock
from app.infrastructure.database.repositories.documents import by_id, lines_of, locking
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import insert_rows, keys, update_rows
from app.infrastructure.database.tables.banking import (
    bank_accounts,
    cheque_deposit_lines,
    cheque_deposits,
    sepa_order_lines,
    sepa_orders,
)
from app.usecases.context import Context

_ACCOUNT: Final = ("label", "holder", "iban", "bic", "currency", "creditor_id", "archived")
_SLIP: Final = ("ref", "date", "account_id", "currency", "amount")
_CHEQUE: Final = ("payment_id", "amount")
_ORDER: Final = ("kind", "date", "account_id", "holder", "iban", "bic", "creditor_id")
_STATE: Final = ("status", "message_id", "generated_at")
_LINE: Final = (
    *("position", "invoice_id", "invoice_ref", "amount", "holder", "iban", "bic"),
    *("mandate", "mandate_date", "sequence", "payment_id"),
)
_OPEN: Final = "uq_sepa_order_lines_company_id_open_invoice_id"

_GET_ACCOUNT = prepare(by_id(bank_accounts, ("id", "version", *_ACCOUNT)))
_INSERT_ACCOUNT = prepare(
    insert(bank_accounts).values({name: bindparam(name) for name in ("company_id", "version", *_ACCOUNT)})
)
_UPDATE_ACCOUNT = prepare(
    update(bank_accounts)
    .where(
        bank_accounts.c.company_id == bindparam("company_id"),
        bank_accounts.c.id == bindparam("document"),
        bank_accounts.c.version == bindparam("seen"),
    )
    .values({"version": bindparam("now"), **{name: bindparam(name) for name in _ACCOUNT}})
)
_GET_SLIP = prepare(by_id(cheque_deposits, ("id", "version", *_SLIP)))
_CHEQUES = lines_of(cheque_deposit_lines, "cheque_deposit_id", _CHEQUE)
_DEPOSITED = prepare_many(
    lambda n: select(cheque_deposit_lines.c.payment_id).where(
        cheque_deposit_lines.c.company_id == bindparam("company_id"),
        keys(cheque_deposit_lines.c.payment_id, "payment_id", n),
    ),
    pads=True,
)
_INSERT_SLIP = prepare(
    insert(cheque_deposits).values({name: bindparam(name) for name in ("company_id", "version", *_SLIP)})
)
_INSERT_CHEQUES = prepare_many(
    insert_rows(cheque_deposit_lines, ("position", *_CHEQUE), common=("company_id", "cheque_deposit_id"))
)
_READ: Final = ("id", "version", *_ORDER, *_STATE)
_GET_ORDER = prepare(by_id(sepa_orders, _READ))
_LOCK_ORDER = locking(sepa_orders, _READ)
_LINES = lines_of(sepa_order_lines, "sepa_order_id", _LINE)
_HELD = prepare_many(
    lambda n: select(sepa_order_lines.c.open_invoice_id).where(
        sepa_order_lines.c.company_id == bindparam("company_id"),
        keys(sepa_order_lines.c.open_invoice_id, "invoice_id", n),
    ),
    pads=True,
)
_INSERT_ORDER = prepare(
    insert(sepa_orders).values(
        {name: bindparam(name) for name in ("company_id", "version", "amount", *_ORDER, *_STATE)}
    )
)
_INSERT_LINES = prepare_many(
    insert_rows(sepa_order_lines, ("open_invoice_id", *_LINE), common=("company_id", "sepa_order_id"))
)
_UPDATE_ORDER = prepare(
    update(sepa_orders)
    .where(
        sepa_orders.c.company_id == bindparam("company_id"),
        sepa_orders.c.id == bindparam("document"),
        sepa_orders.c.version == bindparam("seen"),
    )
    .values({"version": bindparam("now"), **{name: bindparam(name) for name in _STATE}})
)
_UPDATE_LINES = prepare_many(
    update_rows(
        sepa_order_lines,
        ("open_invoice_id", "payment_id"),
        match=("position",),
        common=("company_id", "sepa_order_id"),
    )
)


class SqlBankAccounts:
    """Bank accounts of the context's company, in rows of ``bank_accounts``."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company

    def get(self, account: BankAccountId) -> BankAccount:
        """Give an account. Raises NotFound."""
        row = self._session.one(_GET_ACCOUNT, company_id=self._company, document=account)
        if row is None:
            raise NotFound(kind="bank account", id=account)
        fields = dict(zip(("id", "version", *_ACCOUNT), row, strict=True))
        fields["currency"] = currency(fields["currency"])
        return BankAccount(**fields)

    def add(self, account: BankAccount) -> None:
        """Store a new account and set its id. Raises Taken for its IBAN."""
        with _unique(account):
            account.id = BankAccountId(
                self._session.insert(_INSERT_ACCOUNT, company_id=self._company, version=1, **_account(account))
            )
        account.version = 1

    def save(self, account: BankAccount) -> None:
        """Store a changed account and move its version. Raises Stale, Taken."""
        seen, now = account.version, account.version + 1
        with _unique(account):
            stored = self._session.run(
                _UPDATE_ACCOUNT,
                company_id=self._company,
                document=account.id,
                seen=seen,
                now=now,
                **_account(account),
            )
        if not stored:
            raise Stale(seen=seen)
        account.version = now


class SqlChequeDeposits:
    """Slips of the context's company, in rows of ``cheque_deposits`` and ``cheque_deposit_lines``."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company

    def get(self, deposit: ChequeDepositId) -> ChequeDeposit:
        """Give a slip with its cheques. Raises NotFound."""
        row = self._session.one(_GET_SLIP, company_id=self._company, document=deposit)
        if row is None:
            raise NotFound(kind="cheque deposit", id=deposit)
        fields = dict(zip(("id", "version", *_SLIP), row, strict=True))
        del fields["amount"]
        fields["currency"] = currency(fields["currency"])
        cheques = self._session.all(_CHEQUES, company_id=self._company, document=deposit)
        return ChequeDeposit(
            lines=[DepositedCheque(payment_id=payment, amount=amount) for payment, amount in cheques], **fields
        )

    def deposited(self, payments: Iterable[PaymentId]) -> AbstractSet[PaymentId]:
        """Give those payments that are on a slip."""
        wanted = [{"payment_id": payment} for payment in sorted(set(payments))]
        return {PaymentId(row[0]) for row in self._session.all_of(_DEPOSITED, wanted, company_id=self._company)}

    def add(self, deposit: ChequeDeposit) -> None:
        """Store a new slip and set its id."""
        fields = {name: getattr(deposit, name) for name in _SLIP} | {"currency": deposit.currency.code}
        made = self._session.insert(_INSERT_SLIP, company_id=self._company, version=1, **fields)
        deposit.id, deposit.version = ChequeDepositId(made), 1
        rows = [
            {"position": position, "payment_id": line.payment_id, "amount": line.amount}
            for position, line in enumerate(deposit.lines, 1)
        ]
        self._session.many(_INSERT_CHEQUES, rows, company_id=self._company, cheque_deposit_id=deposit.id)


class SqlSepaOrders:
    """Orders of the context's company, in rows of ``sepa_orders`` and ``sepa_order_lines``."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company

    def get(self, order: SepaOrderId, *, lock: bool = False) -> SepaOrder:
        """Give an order with its lines, locked until the end of the transaction if asked. Raises NotFound."""
        given: dict[str, Any] = {"company_id": self._company, "document": order}
        if lock:
            row = self._session.one(_LOCK_ORDER, lock=Lock.document("sepa order", [order]), **given)
        else:
            row = self._session.one(_GET_ORDER, **given)
        if row is None:
            raise NotFound(kind="sepa order", id=order)
        fields = dict(zip(_READ, row, strict=True))
        lines = self._session.all(_LINES, **given)
        return SepaOrder(state=fields.pop("status"), lines=[_line(line) for line in lines], **fields)

    def held(self, invoices: Iterable[InvoiceId]) -> AbstractSet[InvoiceId]:
        """Give those invoices that are in an open order."""
        wanted = [{"invoice_id": invoice} for invoice in sorted(set(invoices))]
        return {InvoiceId(row[0]) for row in self._session.all_of(_HELD, wanted, company_id=self._company)}

    def add(self, order: SepaOrder) -> None:
        """Store a new order and set its id. Raises InvoiceInOrder when another was quicker."""
        fields = {name: getattr(order, name) for name in _ORDER}
        made = self._session.insert(
            _INSERT_ORDER, company_id=self._company, version=1, amount=order.amount, **fields, **_state(order)
        )
        order.id, order.version = SepaOrderId(made), 1
        rows = [
            {"open_invoice_id": line.invoice_id, **{name: getattr(line, name) for name in _LINE}}
            for line in order.lines
        ]
        try:
            with taken({_OPEN: ("lines", "")}):
                self._session.many(_INSERT_LINES, rows, company_id=self._company, sepa_order_id=order.id)
        except Taken as error:
            raise InvoiceInOrder(at=("lines",), invoice="") from error

    def save(self, order: SepaOrder) -> None:
        """Store the state of a locked order, and the payments of its lines. Raises Stale."""
        seen, now = order.version, order.version + 1
        given: dict[str, Any] = {"company_id": self._company, "document": order.id, "seen": seen, "now": now}
        if not self._session.run(_UPDATE_ORDER, **given, **_state(order)):
            raise Stale(seen=seen)
        order.version = now
        if not order.open:
            rows = [
                {"position": line.position, "open_invoice_id": None, "payment_id": line.payment_id}
                for line in order.lines
            ]
            self._session.many(_UPDATE_LINES, rows, company_id=self._company, sepa_order_id=order.id)


def _unique(account: BankAccount) -> Any:
    return taken({"uq_bank_accounts_company_id_iban": ("iban", account.iban)})


def _account(account: BankAccount) -> dict[str, Any]:
    return {name: getattr(account, name) for name in _ACCOUNT} | {"currency": account.currency.code}


def _state(order: SepaOrder) -> dict[str, Any]:
    return {"status": order.state, "message_id": order.message_id, "generated_at": order.generated_at}


def _line(row: Row) -> SepaLine:
    return SepaLine(**dict(zip(_LINE, row, strict=True)))
