"""Orders to the bank in SEPA: direct debits of unpaid invoices, credit transfers of what credit notes owe."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final

from app.domain.banking.accounts import HOLDER_LENGTH, BankAccount, bic, iban
from app.domain.billing import FractionOfMinorUnit, Invoice, Overpaid, PaymentMethod
from app.domain.parties import PartyAccount
from app.domain.shared.dates import Day
from app.domain.shared.errors import Conflict, Invalid, NotFound, Required
from app.domain.shared.events import Event
from app.domain.shared.ids import BankAccountId, InvoiceId, PaymentId, SepaOrderId
from app.domain.shared.money import Amount, currency, total
from app.domain.shared.states import advance
from app.workflow.kernel.lifecycle import Lifecycle, Transition

EURO: Final = currency("EUR")
LONGEST_MANDATE: Final = 35


class SepaKind(StrEnum):
    """Which way the money goes: collected from debtors, or paid to creditors."""

    DIRECT_DEBIT = "direct_debit"
    CREDIT_TRANSFER = "credit_transfer"

    @property
    def method(self) -> PaymentMethod:
        """How the payments are entered that come of it."""
        return PaymentMethod.DIRECT_DEBIT if self is SepaKind.DIRECT_DEBIT else PaymentMethod.TRANSFER


class SepaSequence(StrEnum):
    """Which direct debit of its mandate one is (ISO 20022 SequenceType1Code)."""

    FIRST = "FRST"
    RECURRENT = "RCUR"
    ONCE = "OOFF"
    LAST = "FNAL"


class SepaState(StrEnum):
    """Where an order stands: its file is made once, then the bank carries it out."""

    DRAFT = "draft"
    GENERATED = "generated"
    SETTLED = "settled"
    CANCELED = "canceled"


class NotInEuro(Invalid):
    """SEPA moves euros only."""

    code = "banking.not_in_euro"


class WrongWay(Invalid):
    """Direct debits collect invoices, credit transfers pay credit notes."""

    code = "banking.wrong_way"


class InvoiceInOrder(Conflict):
    """The invoice is in another open order, or twice in this one."""

    code = "banking.invoice_in_order"


class NoFileYet(NotFound):
    """The order has no file: it is a draft, was canceled, or somebody in it was erased."""

    code = "banking.no_file"


@dataclass(frozen=True, slots=True, kw_only=True)
class SepaEvent(Event):
    """What all events of an order to the bank share."""

    aggregate: ClassVar[str] = "sepa_order"
    id: SepaOrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class SepaOrderCreated(SepaEvent):
    """An order was entered as a draft."""

    name: ClassVar[str] = "banking.sepa_order_created"
    kind: SepaKind
    amount: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class SepaOrderGenerated(SepaEvent):
    """The order's file was made: it is what goes to the bank."""

    name: ClassVar[str] = "banking.sepa_order_generated"
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SepaOrderSettled(SepaEvent):
    """The bank carried the order out; its payments are entered."""

    name: ClassVar[str] = "banking.sepa_order_settled"
    payments: tuple[PaymentId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SepaOrderCanceled(SepaEvent):
    """The order was given up."""

    name: ClassVar[str] = "banking.sepa_order_canceled"


@dataclass(slots=True, kw_only=True)
class SepaLine:
    """One invoice of an order, with the customer's account and mandate as they were when it was entered.

    ``amount`` is what is moved, above zero both ways.
    """

    position: int
    invoice_id: InvoiceId
    invoice_ref: str = ""
    amount: Amount
    holder: str
    iban: str
    bic: str = ""
    mandate: str = ""
    mandate_date: Day | None = None
    sequence: SepaSequence | None = None
    payment_id: PaymentId | None = None

    def take(self, account: PartyAccount | None) -> None:
        """Take from the customer's ``account`` what the line does not say; nothing when it names an account itself."""
        if account is None or self.iban:
            return
        self.holder = self.holder or account.holder[:HOLDER_LENGTH]
        self.iban, self.bic = account.iban, account.bic or ""
        self.mandate = self.mandate or account.mandate_ref or ""
        self.mandate_date = self.mandate_date or account.mandate_date

    def check(self, kind: SepaKind) -> None:
        """Write the numbers in their one form. Raises Required, BadIban, BadBic."""
        if not self.iban:
            raise Required(at=("iban",))
        self.iban, self.bic = iban(self.iban), bic(self.bic)
        if not self.holder:
            raise Required(at=("holder",))
        if kind is SepaKind.DIRECT_DEBIT:
            for name in ("mandate", "mandate_date", "sequence"):
                if not getattr(self, name):
                    raise Required(at=(name,))

    def draws(self, invoice: Invoice, kind: SepaKind) -> None:
        """Pass only an invoice of which the amount is due, in whole cents.

        Raises InvoiceNotOpen, NotInEuro, WrongWay, FractionOfMinorUnit, Overpaid.
        """
        invoice.payable()
        if invoice.valuation.currency != EURO:
            raise NotInEuro(at=("invoice_id",), invoice=invoice.ref, currency=invoice.valuation.currency.code)
        if (invoice.due > 0) != (kind is SepaKind.DIRECT_DEBIT):
            raise WrongWay(at=("invoice_id",), invoice=invoice.ref)
        if EURO.round(self.amount) != self.amount:
            raise FractionOfMinorUnit(at=("amount",), amount=self.amount, currency=EURO.code)
        if self.amount > abs(invoice.due):
            due = abs(invoice.due)
            raise Overpaid(at=("amount",), invoice=invoice.id, amount=self.amount, due=due, currency=EURO.code)
        self.invoice_ref = invoice.ref


@dataclass(slots=True, kw_only=True)
class SepaOrder:
    """An order to the bank for one account of the company's, carried out on ``date``."""

    id: SepaOrderId = SepaOrderId(0)
    kind: SepaKind
    state: SepaState = SepaState.DRAFT
    date: Day
    account_id: BankAccountId
    holder: str = ""
    iban: str = ""
    bic: str = ""
    creditor_id: str = ""
    lines: list[SepaLine] = field(default_factory=list)
    message_id: str | None = None
    generated_at: datetime | None = None
    version: int = 0

    @property
    def amount(self) -> Amount:
        """What it moves in all."""
        return total(line.amount for line in self.lines)

    @property
    def open(self) -> bool:
        """Whether its invoices are held back from other orders."""
        return self.state in {SepaState.DRAFT, SepaState.GENERATED}

    def draw_on(self, account: BankAccount) -> None:
        """Freeze what the file tells of the company's account. Raises as its ``serves``, Required."""
        account.serves(EURO)
        if self.kind is SepaKind.DIRECT_DEBIT and not account.creditor_id:
            raise Required(at=("account_id",))
        self.holder, self.iban, self.bic = account.holder, account.iban, account.bic
        self.creditor_id = account.creditor_id

    def created(self) -> SepaOrderCreated:
        """Give the event of its entry, once it has an id."""
        return SepaOrderCreated(id=self.id, kind=self.kind, amount=self.amount)

    def generate(self, at: datetime) -> SepaOrderGenerated:
        """Fix what the file says. Raises InvalidTransition."""
        self.state = advance(SEPA_ORDER, self.state, "generate", self)
        self.generated_at = at.replace(microsecond=0)
        self.message_id = f"TRAMITA-{self.id}-{self.generated_at:%Y%m%d%H%M%S}"
        return SepaOrderGenerated(id=self.id, message=self.message_id)

    def can_settle(self) -> None:
        """Pass only what the bank may have carried out. Raises InvalidTransition."""
        advance(SEPA_ORDER, self.state, "settle", self)

    def settle(self, payments: Collection[PaymentId]) -> SepaOrderSettled:
        """Call it carried out. Raises InvalidTransition."""
        self.state = advance(SEPA_ORDER, self.state, "settle", self)
        return SepaOrderSettled(id=self.id, payments=tuple(payments))

    def cancel(self) -> SepaOrderCanceled:
        """Give it up. Raises InvalidTransition."""
        self.state = advance(SEPA_ORDER, self.state, "cancel", self)
        return SepaOrderCanceled(id=self.id)

    def has_file(self) -> None:
        """Pass only an order whose file was made and can be made again: nobody in it was erased. Raises NoFileYet."""
        made = self.state in {SepaState.GENERATED, SepaState.SETTLED}
        if not made or not all(line.iban for line in self.lines):
            raise NoFileYet(order=self.id, state=self.state.value)


SEPA_ORDER: Final = Lifecycle[SepaState](
    "sepa order",
    SepaState,
    initial=SepaState.DRAFT,
    transitions=(
        Transition("generate", SepaState.DRAFT, SepaState.GENERATED),
        Transition("settle", SepaState.GENERATED, SepaState.SETTLED),
        Transition("cancel", SepaState.DRAFT, SepaState.CANCELED),
        Transition("cancel", SepaState.GENERATED, SepaState.CANCELED),
    ),
)
