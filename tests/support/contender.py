"""What a real process does that competes with others for the same rows: business as told, each step told back.

Whoever started it may kill it at any time; it can also be told to kill itself, or to stop and wait, at an exact point
of its transaction.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from multiprocessing.connection import Connection
from typing import Any, Final

from app.domain.banking import SepaOrder
from app.domain.billing import AbandonReason, CloseReason, PaymentMethod
from app.domain.billing import Part as CreditPart
from app.domain.sales import LineQuantity
from app.domain.shared.errors import DomainError
from app.domain.shared.ids import (
    BankAccountId,
    CompanyId,
    InventoryId,
    InvoiceId,
    InvoiceTemplateId,
    OrderId,
    PartyId,
    PaymentId,
    ProductId,
    ProposalId,
    ReturnId,
    SepaOrderId,
    ShipmentId,
    WarehouseId,
)
from app.domain.shared.money import Amount, amount, quantity
from app.domain.shared.money import quantity as as_quantity
from app.domain.stock import LotPart, MovementKind
from app.importer.files import Desk
from app.infrastructure.clock import pause
from app.infrastructure.database.engine import Database
from app.infrastructure.database.locks import Trace, TraceKind
from app.infrastructure.database.work import SqlWorks
from app.settings import Settings
from app.usecases.banking import (
    CancelSepaOrder,
    CreateChequeDeposit,
    CreateSepaOrder,
    DepositDraft,
    GenerateSepaOrder,
    SepaSettlement,
    SettleSepaOrder,
)
from app.usecases.billing import (
    AbandonInvoice,
    Abandonment,
    CloseInvoice,
    Closing,
    CreatePayment,
    CreditInvoice,
    CreditNoteDraft,
    DeductDeposit,
    Deduction,
    InvoiceOrder,
    OrderInvoiceDraft,
    Part,
    PayInvoice,
    PaymentDraft,
    Reversal,
    ReversePayment,
    RunInvoiceTemplate,
    ValidateInvoice,
)
from app.usecases.run import Runner
from app.usecases.sales import (
    Amendment,
    AmendOrder,
    CancelOrder,
    CreateOrder,
    ExpireProposals,
    LineChange,
    OrderDraft,
    OrderProposal,
    ProposalOrderDraft,
    ReadOrder,
    Refusal,
    RefuseProposal,
    Reopening,
    ReopenOrder,
    ReopenProposal,
    ReviseProposal,
    Signature,
    SignProposal,
    ValidateOrder,
    ValidateProposal,
)
from app.usecases.shared import LineDraft
from app.usecases.shipping import (
    CancelReturn,
    CancelShipment,
    CloseReturn,
    CloseShipment,
    CreateShipment,
    ShipmentDraft,
    ValidateReturn,
    ValidateShipment,
)
from app.usecases.stock import (
    CountInventory,
    CountPart,
    CountRequest,
    MoveStock,
    PostInventory,
    StockMove,
    TransferDraft,
    TransferPart,
    TransferStock,
)
from tests.support.books import books_of

GO: Final = "go"
Call = tuple[str, Mapping[str, Any]]
"""What to do, by its name in ``CALLS``, and with what."""

Do = Callable[[Any, Any], Any]
"""Runs a use case with a request, and gives its result."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """Calls to make one after the other. Points are names of statements, before they run, or ``commit``, after it.

    ``holds_at`` is where to wait for a word, ``dies_at`` where to die, at the n-th time. ``patience`` is the longest
    wait for a lock in seconds; ``asks`` makes it wait for a word before it tries again what the database undid.
    """

    company: CompanyId
    calls: tuple[Call, ...]
    holds_at: str = ""
    dies_at: tuple[str, int] = ("", 0)
    patience: float = 60
    asks: bool = False


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a contender says: ready, holding, again (the database undid it), done, refused, over.

    ``index`` is that of the call. ``facts`` are the session's id on the server, the result, the refusal, or the reason.
    """

    what: str
    index: int = -1
    facts: Mapping[str, Any] = field(default_factory=dict)


def main(line: Connection, url: str, returning: str) -> None:
    """Do jobs until the line is closed."""
    try:
        while True:
            _Contender(line, line.recv(), url, returning).run()
    except (EOFError, BrokenPipeError):
        return


class _Contender:
    """One job at work."""

    def __init__(self, line: Connection, job: Job, url: str, returning: str) -> None:
        self._line = line
        self._job = job
        self._index = -1
        self._met: dict[str, int] = {}
        given: dict[str, Any] = {"database_url": url, "db_returning": returning, "db_pool_size": 1}
        self._database = Database.of(Settings(db_lock_timeout_s=job.patience, **given), self._passes)

    def run(self) -> None:
        """Get ready, wait for the word, and do the calls."""
        try:
            desk = books_of(self._database, self._job.company).desk
            context = desk.context()
            runner = Runner(SqlWorks(self._database, desk.clock), self._again)
            desk.clock.now()  # measured now, by a connection that no transaction holds yet
            self._tell("ready", session=self._session())
            self._line.recv()
            self._met.clear()
            for index, (name, given) in enumerate(self._job.calls):
                self._index = index
                self._call(CALLS[name], lambda case, request: runner.call(context, case, lambda: request), desk, given)
            self._tell("over")
        finally:
            self._database.close()

    def _call(self, call: Callable[..., Mapping[str, Any]], do: Do, desk: Desk, given: Mapping[str, Any]) -> None:
        try:
            facts = call(do, desk, **given)
        except DomainError as error:
            refusal = {name: str(value) for name, value in error.facts.items()}
            self._tell("refused", code=error.code, **refusal)
        else:
            self._tell("done", **facts)

    def _session(self) -> int:
        """Give the number by which the server knows the one connection."""
        connection = self._database.connection()
        raw: Any = connection.dbapi_connection
        match self._database.dialect.name:
            case "postgresql":
                told = int(raw.info.backend_pid)
            case "mariadb":
                told = int(raw.thread_id())
            case _:
                told = 0
        connection.close()
        return told

    def _tell(self, what: str, **facts: Any) -> None:
        self._line.send(Told(what=what, index=self._index, facts=facts))

    def _passes(self, trace: Trace) -> None:
        """Hold or die where told to."""
        point = trace.name.partition("[")[0] if trace.kind is TraceKind.STATEMENT else trace.kind.value
        self._met[point] = self._met.get(point, 0) + 1
        if (point, self._met[point]) == self._job.dies_at and self._index >= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        if point == self._job.holds_at and self._met[point] == 1 and self._index >= 0:
            self._tell("holding")
            self._line.recv()

    def _again(self, failed: int) -> None:
        undone = sys.exc_info()[1]
        because = repr(undone.__cause__ if undone is not None else None)
        self._tell("again", because=because, begun=self._met.get("begin", 0))
        if self._job.asks:
            self._line.recv()
        else:
            pause(failed)


def _debit(do: Do, desk: Desk, *, product: ProductId, warehouse: WarehouseId) -> Mapping[str, Any]:
    one = quantity(Decimal(1))
    move = StockMove(kind=MovementKind.DEBIT, product_id=product, warehouse_id=warehouse, quantity=one)
    moved = do(MoveStock(desk.clock), move)
    return {"movement": moved.movement.id, "level": moved.level}


def _ship(do: Do, desk: Desk, *, shipment: ShipmentId) -> Mapping[str, Any]:
    return {"ref": do(ValidateShipment(desk.clock, desk.numbering), shipment).ref}


def _cancel_shipment(do: Do, desk: Desk, *, shipment: ShipmentId) -> Mapping[str, Any]:
    return {"state": do(CancelShipment(desk.clock), shipment).state}


def _close_shipment(do: Do, desk: Desk, *, shipment: ShipmentId) -> Mapping[str, Any]:
    return {"state": do(CloseShipment(desk.clock), shipment).state}


def _take_back(do: Do, desk: Desk, *, back: ReturnId) -> Mapping[str, Any]:
    return {"ref": do(ValidateReturn(desk.clock, desk.numbering), back).ref}


def _cancel_return(do: Do, desk: Desk, *, back: ReturnId) -> Mapping[str, Any]:
    return {"state": do(CancelReturn(desk.clock), back).state}


def _close_return(do: Do, _desk: Desk, *, back: ReturnId) -> Mapping[str, Any]:
    return {"state": do(CloseReturn(), back).state}


def _validate(do: Do, desk: Desk, *, invoice: InvoiceId) -> Mapping[str, Any]:
    made = do(ValidateInvoice(desk.numbering), invoice)
    return {"id": made.id, "number": made.number}


def _validate_order(do: Do, desk: Desk, *, order: OrderId) -> Mapping[str, Any]:
    return {"ref": do(ValidateOrder(desk.numbering), order).ref}


def _pay(do: Do, desk: Desk, *, parts: tuple[tuple[InvoiceId, str], ...]) -> Mapping[str, Any]:
    draft = PaymentDraft(parts=tuple(Part(invoice_id=one, amount=amount(Decimal(paid))) for one, paid in parts))
    kind = PayInvoice if len(parts) == 1 else CreatePayment
    payment = do(kind(desk.clock, desk.numbering), draft)
    return {"ref": payment.ref, "amount": payment.amount}


def _use_credit(do: Do, desk: Desk, *, credit: PaymentId, invoice: InvoiceId, part: str) -> Mapping[str, Any]:
    wanted = amount(Decimal(part))
    parts = (Part(invoice_id=invoice, amount=wanted), Part(credit_of=credit, amount=Amount(-wanted)))
    payment = do(CreatePayment(desk.clock, desk.numbering), PaymentDraft(parts=parts, method=PaymentMethod.OFFSET))
    return {"ref": payment.ref}


def _reverse(do: Do, desk: Desk, *, payment: PaymentId) -> Mapping[str, Any]:
    return {"ref": do(ReversePayment(desk.clock, desk.numbering), Reversal(payment_id=payment, reason="Wrong")).ref}


def _refund_credit(do: Do, desk: Desk, *, credit: PaymentId) -> Mapping[str, Any]:
    draft = PaymentDraft(parts=(Part(credit_of=credit),))
    return {"ref": do(CreatePayment(desk.clock, desk.numbering), draft).ref}


def _collect(do: Do, _desk: Desk, *, order: SepaOrder) -> Mapping[str, Any]:
    return {"order": do(CreateSepaOrder(), order).id}


def _generate(do: Do, desk: Desk, *, order: SepaOrderId) -> Mapping[str, Any]:
    return {"message": do(GenerateSepaOrder(desk.clock), order).message_id}


def _settle(do: Do, desk: Desk, *, order: SepaOrderId) -> Mapping[str, Any]:
    return {"state": do(SettleSepaOrder(desk.clock, desk.numbering), SepaSettlement(order_id=order)).state}


def _cancel_order_to_bank(do: Do, _desk: Desk, *, order: SepaOrderId) -> Mapping[str, Any]:
    return {"state": do(CancelSepaOrder(), order).state}


def _deposit(do: Do, desk: Desk, *, account: BankAccountId, payments: tuple[PaymentId, ...]) -> Mapping[str, Any]:
    draft = DepositDraft(account_id=account, payments=payments)
    return {"ref": do(CreateChequeDeposit(desk.clock, desk.numbering), draft).ref}


def _order_to_cash(do: Do, desk: Desk, *, customer: PartyId, products: tuple[ProductId, ...]) -> Mapping[str, Any]:
    lines = tuple(LineDraft(product_id=product, quantity=quantity(Decimal(1))) for product in products)
    order = do(CreateOrder(desk.clock), OrderDraft(party_id=customer, lines=lines))
    do(ValidateOrder(desk.numbering), order.id)
    shipment = do(CreateShipment(desk.clock), ShipmentDraft(order_id=order.id))
    do(ValidateShipment(desk.clock, desk.numbering), shipment.id)
    do(CloseShipment(desk.clock), shipment.id)
    invoice = do(InvoiceOrder(desk.clock), OrderInvoiceDraft(order_id=order.id))
    do(ValidateInvoice(desk.numbering), invoice.id)
    do(PayInvoice(desk.clock, desk.numbering), PaymentDraft(parts=(Part(invoice_id=invoice.id),)))
    return {"order": order.id, "invoice": invoice.id}


def _order(do: Do, desk: Desk, *, order: OrderId) -> Mapping[str, Any]:
    made = do(ValidateOrder(desk.numbering), order)
    return {"reserved": [line.reserved for line in made.lines]}


def _cancel(do: Do, desk: Desk, *, order: OrderId) -> Mapping[str, Any]:
    return {"ref": do(CancelOrder(), order).ref}


def _amend(do: Do, desk: Desk, *, order: OrderId, version: int, quantity: str) -> Mapping[str, Any]:
    """Amend the first line; version 0 is that of now."""
    seen = version or do(ReadOrder(), order).version
    lines = (LineChange(position=1, changes={"quantity": as_quantity(Decimal(quantity))}),)
    made = do(AmendOrder(desk.clock), Amendment(id=order, version=seen, changes={"lines": lines}))
    return {"version": made.version}


def _reopen(do: Do, desk: Desk, *, order: OrderId) -> Mapping[str, Any]:
    return {"state": do(ReopenOrder(desk.clock), order).state}


def _sign(do: Do, desk: Desk, *, proposal: ProposalId) -> Mapping[str, Any]:
    return {"state": do(SignProposal(desk.clock), Signature(proposal_id=proposal)).state}


def _refuse(do: Do, desk: Desk, *, proposal: ProposalId) -> Mapping[str, Any]:
    return {"state": do(RefuseProposal(), Refusal(proposal_id=proposal, reason="no")).state}


def _order_offer(do: Do, desk: Desk, *, proposal: ProposalId) -> Mapping[str, Any]:
    return {"order": do(OrderProposal(desk.clock), ProposalOrderDraft(proposal_id=proposal)).id}


def _reopen_offer(do: Do, desk: Desk, *, proposal: ProposalId) -> Mapping[str, Any]:
    return {"state": do(ReopenProposal(desk.clock), Reopening(proposal_id=proposal)).state}


def _revise(do: Do, desk: Desk, *, proposal: ProposalId) -> Mapping[str, Any]:
    return {"revision": do(ReviseProposal(desk.clock), proposal).revision}


def _offer(do: Do, desk: Desk, *, proposal: ProposalId) -> Mapping[str, Any]:
    return {"ref": do(ValidateProposal(desk.numbering, desk.clock), proposal).ref}


def _expire(do: Do, desk: Desk, *, on: date) -> Mapping[str, Any]:
    return {"closed": do(ExpireProposals(), on)}


def _receive(do: Do, desk: Desk, *, product: ProductId, quantity: str) -> Mapping[str, Any]:
    move = StockMove(kind=MovementKind.RECEIVE, product_id=product, quantity=as_quantity(Decimal(quantity)))
    return {"level": do(MoveStock(desk.clock), move).level}


def _ship_reserved(do: Do, desk: Desk, *, order: OrderId) -> Mapping[str, Any]:
    found = do(ReadOrder(), order).lines
    lines = tuple(LineQuantity(position=line.position, quantity=line.reserved) for line in found if line.reserved)
    if not lines:
        return {"ref": ""}
    shipment = do(CreateShipment(desk.clock), ShipmentDraft(order_id=order, lines=lines))
    return {"ref": do(ValidateShipment(desk.clock, desk.numbering), shipment.id).ref}


def _credit(
    do: Do, desk: Desk, *, invoice: InvoiceId, part: str = "", back: ReturnId | None = None
) -> Mapping[str, Any]:
    parts = (CreditPart(1, quantity(Decimal(part))),) if part else None
    draft = CreditNoteDraft(invoice_id=invoice, lines=parts, return_id=back)
    return {"id": do(CreditInvoice(desk.clock), draft).id}


def _deduct(do: Do, _desk: Desk, *, invoice: InvoiceId, deposit: InvoiceId) -> Mapping[str, Any]:
    return {"due": do(DeductDeposit(), Deduction(invoice_id=invoice, deposit_id=deposit)).due}


def _abandon(do: Do, _desk: Desk, *, invoice: InvoiceId) -> Mapping[str, Any]:
    return {"state": do(AbandonInvoice(), Abandonment(invoice_id=invoice, reason=AbandonReason.ABANDON)).state}


def _close_invoice(do: Do, _desk: Desk, *, invoice: InvoiceId) -> Mapping[str, Any]:
    return {"state": do(CloseInvoice(), Closing(invoice_id=invoice, reason=CloseReason.BANK_CHARGE)).state}


def _run_template(do: Do, desk: Desk, *, template: InvoiceTemplateId) -> Mapping[str, Any]:
    return {"occurrence": do(RunInvoiceTemplate(desk.clock, desk.numbering), template).occurrence}


def _transfer(
    do: Do, desk: Desk, *, source: WarehouseId, target: WarehouseId, products: tuple[ProductId, ...]
) -> Mapping[str, Any]:
    parts = tuple(TransferPart(product_id=product, quantity=as_quantity(Decimal(1))) for product in products)
    draft = TransferDraft(from_warehouse_id=source, to_warehouse_id=target, lines=parts)
    return {"ref": do(TransferStock(desk.clock, desk.numbering), draft).ref}


def _count(
    do: Do, desk: Desk, *, inventory: InventoryId, product: ProductId, counted: str, lot: str | None = None
) -> Mapping[str, Any]:
    part = CountPart(product_id=product, lot=lot, quantity=as_quantity(Decimal(counted)))
    do(CountInventory(desk.clock), CountRequest(inventory_id=inventory, lines=(part,)))
    return {}


def _post_inventory(do: Do, desk: Desk, *, inventory: InventoryId) -> Mapping[str, Any]:
    return {"value": do(PostInventory(desk.clock), inventory).value}


def _receive_lot(do: Do, desk: Desk, *, product: ProductId, warehouse: WarehouseId, lot: str) -> Mapping[str, Any]:
    one = as_quantity(Decimal(1))
    parts = (LotPart(code=lot, quantity=one),)
    move = StockMove(kind=MovementKind.RECEIVE, product_id=product, warehouse_id=warehouse, quantity=one, lots=parts)
    return {"level": do(MoveStock(desk.clock), move).level}


CALLS: Final[Mapping[str, Callable[..., Mapping[str, Any]]]] = {
    "debit": _debit,
    "amend": _amend,
    "reopen": _reopen,
    "sign": _sign,
    "refuse": _refuse,
    "order offer": _order_offer,
    "reopen offer": _reopen_offer,
    "revise": _revise,
    "offer": _offer,
    "expire": _expire,
    "order": _order,
    "cancel": _cancel,
    "receive": _receive,
    "ship reserved": _ship_reserved,
    "ship": _ship,
    "cancel shipment": _cancel_shipment,
    "close shipment": _close_shipment,
    "take back": _take_back,
    "cancel return": _cancel_return,
    "close return": _close_return,
    "validate": _validate,
    "validate order": _validate_order,
    "pay": _pay,
    "use credit": _use_credit,
    "reverse": _reverse,
    "refund credit": _refund_credit,
    "collect": _collect,
    "generate": _generate,
    "settle": _settle,
    "cancel order": _cancel_order_to_bank,
    "deposit": _deposit,
    "order to cash": _order_to_cash,
    "credit": _credit,
    "deduct": _deduct,
    "abandon": _abandon,
    "close invoice": _close_invoice,
    "run template": _run_template,
    "transfer": _transfer,
    "count": _count,
    "post inventory": _post_inventory,
    "receive lot": _receive_lot,
}
