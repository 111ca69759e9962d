"""Bank accounts, slips of cheques and orders to banks on the wire."""

from typing import Any, Final

from pydantic import Field

from app.api.schemas.shared import AmountIn, Change, Day, Flag, Id, In, Number, Out, RateIn, Text, Whole
from app.domain.banking import (
    HOLDER_LENGTH,
    LONGEST_MANDATE,
    BankAccount,
    ChequeDeposit,
    SepaKind,
    SepaLine,
    SepaOrder,
    SepaSequence,
    SepaState,
)
from app.domain.shared.ids import BankAccountId, InvoiceId, PaymentId, SepaOrderId
from app.domain.shared.money import currency, plain
from app.usecases.banking import DepositDraft, SepaSettlement
from app.usecases.shared import Change as Changes

IBAN: Final = "IBAN (ISO 13616); blanks are left out"
BIC: Final = "BIC (ISO 9362); SEPA needs none"
HOLDER: Final = "Who holds the account"
CREDITOR: Final = "The company's SEPA creditor identifier, for direct debits"
ACCOUNT: Final = "Id of the company's bank account"


class OwnAccountIn(In):
    """A bank account of the company."""

    label: Text = Field(min_length=1, max_length=100, description="What it is called", examples=["Current account"])
    holder: Text = Field(min_length=1, max_length=HOLDER_LENGTH, description=HOLDER, examples=["Acme SARL"])
    iban: Text = Field(min_length=1, max_length=50, description=IBAN, examples=["FR7630006000011234567890189"])
    bic: Text = Field("", max_length=11, description=BIC, examples=["AGRIFRPP"])
    currency: str = Field("EUR", pattern="^[A-Z]{3}$", description="ISO 4217 code", examples=["EUR"])
    creditor_id: Text = Field("", max_length=35, description=CREDITOR, examples=["FR72ZZZ123456"])

    def to_domain(self) -> BankAccount:
        """Give the account. Raises BadIban, BadBic, BadCreditorId, UnknownCurrency."""
        return BankAccount(**self.model_dump() | {"currency": currency(self.currency)})


class OwnAccountChange(Change):
    """Changes to a bank account."""

    label: Text = Field("", min_length=1, max_length=100, description="What it is called", examples=["Current account"])
    holder: Text = Field("", min_length=1, max_length=HOLDER_LENGTH, description=HOLDER)
    iban: Text = Field("", min_length=1, max_length=50, description=IBAN)
    bic: Text = Field("", max_length=11, description=BIC)
    creditor_id: Text = Field("", max_length=35, description=CREDITOR)
    archived: Flag = Field(default=False, description="Whether nothing new goes through it")

    def to_domain(self, account_id: int, version: int) -> Changes:
        """Give the change asked for."""
        return Changes(id=account_id, version=version, changes=self.sent())


class OwnAccountOut(Out):
    """A bank account."""

    id: int = Field(description="Id", examples=[3])
    label: str = Field(description="What it is called", examples=["Current account"])
    holder: str = Field(description=HOLDER, examples=["Acme SARL"])
    iban: str = Field(description=IBAN, examples=["FR7630006000011234567890189"])
    bic: str = Field(description=BIC, examples=["AGRIFRPP"])
    currency: str = Field(description="ISO 4217 code", examples=["EUR"])
    creditor_id: str = Field(description=CREDITOR, examples=["FR72ZZZ123456"])
    archived: bool = Field(description="Whether nothing new goes through it")
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, account: BankAccount) -> "OwnAccountOut":
        """Show an account."""
        fields: dict[str, Any] = {name: getattr(account, name) for name in cls.model_fields}
        return cls.model_construct(**fields | {"currency": account.currency.code})


class ChequeDepositIn(In):
    """Cheques to take to the bank."""

    account_id: Id = Field(description=ACCOUNT, examples=[3])
    date: Day | None = Field(None, description="Date of the slip; left out: today", examples=["2026-11-21"])
    payments: list[Id] = Field(min_length=1, description="Ids of the payments by cheque", examples=[[5, 6]])

    def to_domain(self) -> DepositDraft:
        """Give the slip asked for."""
        payments = tuple(PaymentId(payment) for payment in self.payments)
        return DepositDraft(account_id=BankAccountId(self.account_id), date=self.date, payments=payments)


class DepositedChequeOut(Out):
    """A cheque on a slip."""

    payment_id: int = Field(description="Id of the payment", examples=[5])
    amount: Number = Field(description="Amount in the account's currency", examples=["120.00"])


class ChequeDepositOut(Out):
    """A slip of cheques."""

    id: int = Field(description="Id", examples=[2])
    ref: str = Field(description="Number", examples=["CHQ2611-0001"])
    date: Day = Field(description="Date of the slip", examples=["2026-11-21"])
    account_id: int = Field(description=ACCOUNT, examples=[3])
    currency: str = Field(description="ISO 4217 code", examples=["EUR"])
    amount: Number = Field(description="What the cheques come to", examples=["120.00"])
    lines: list[DepositedChequeOut] = Field(description="The cheques")
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, slip: ChequeDeposit) -> "ChequeDepositOut":
        """Show a slip."""
        digits = slip.currency.digits
        lines = [
            DepositedChequeOut.model_construct(payment_id=line.payment_id, amount=plain(line.amount, digits))
            for line in slip.lines
        ]
        return cls.model_construct(
            id=slip.id,
            ref=slip.ref,
            date=slip.date,
            account_id=slip.account_id,
            currency=slip.currency.code,
            amount=plain(slip.amount, digits),
            lines=lines,
            version=slip.version,
        )


class SepaLineIn(In):
    """One invoice of an order to the bank, with the customer's account; a direct debit needs the mandate."""

    invoice_id: Id = Field(description="Id of an unpaid invoice, for a credit transfer of a credit note", examples=[9])
    amount: AmountIn = Field(gt=0, description="What is moved, in euros, above zero both ways", examples=["120.50"])
    holder: Text = Field(
        "", max_length=HOLDER_LENGTH, description=f"{HOLDER}; left out: the account's", examples=["Client SARL"]
    )
    iban: Text = Field(
        "",
        max_length=50,
        description=f"{IBAN}; left out: the customer's preferred account, with its mandate",
        examples=["DE89370400440532013000"],
    )
    bic: Text = Field("", max_length=11, description=BIC)
    mandate: str = Field(
        "",
        max_length=LONGEST_MANDATE,
        pattern="^[A-Za-z0-9+?/:().,' -]*$",
        description="Reference of the mandate",
        examples=["MND-7"],
    )
    mandate_date: Day | None = Field(None, description="When the mandate was signed", examples=["2026-01-15"])
    sequence: SepaSequence | None = Field(None, description="Which debit of its mandate it is", examples=["RCUR"])

    def to_domain(self, position: int) -> SepaLine:
        """Give the line."""
        fields = self.model_dump() | {"invoice_id": InvoiceId(self.invoice_id)}
        return SepaLine(position=position, **fields)


class SepaOrderIn(In):
    """An order to the bank."""

    kind: SepaKind = Field(description="Direct debits of invoices, or credit transfers of credit notes")
    date: Day = Field(description="When the bank is to carry it out", examples=["2026-11-30"])
    account_id: Id = Field(description=ACCOUNT, examples=[3])
    lines: list[SepaLineIn] = Field(min_length=1, description="The invoices")

    def to_domain(self) -> SepaOrder:
        """Give the order as a draft."""
        lines = [line.to_domain(position) for position, line in enumerate(self.lines, 1)]
        return SepaOrder(kind=self.kind, date=self.date, account_id=BankAccountId(self.account_id), lines=lines)


class SepaSettlementIn(In):
    """What the bank did with an order."""

    date: Day | None = Field(None, description="Date of the payments; left out: today", examples=["2026-11-30"])
    rate: RateIn | None = Field(None, description="Company's currency per euro that day; left out: the invoices'")
    returned: list[Whole] = Field(
        default_factory=list, max_length=1000, description="Positions the bank returned: they stay unpaid"
    )

    def to_domain(self, order_id: int) -> SepaSettlement:
        """Give the settlement asked for."""
        returned = tuple(self.returned)
        return SepaSettlement(order_id=SepaOrderId(order_id), date=self.date, rate=self.rate, returned=returned)


class SepaLineOut(Out):
    """One invoice of an order to the bank."""

    position: int = Field(description="Position, counted from 1", examples=[1])
    invoice_id: int = Field(description="Id of the invoice", examples=[9])
    amount: Number = Field(description="What is moved, in euros", examples=["120.50"])
    holder: str = Field(description=HOLDER, examples=["Client SARL"])
    iban: str = Field(description=IBAN, examples=["DE89370400440532013000"])
    bic: str = Field(description=BIC)
    mandate: str = Field(description="Reference of the mandate", examples=["MND-7"])
    mandate_date: Day | None = Field(description="When the mandate was signed", examples=["2026-01-15"])
    sequence: SepaSequence | None = Field(description="Which debit of its mandate it is", examples=["RCUR"])
    payment_id: int | None = Field(description="Id of the payment that came of it", examples=[5])


class SepaOrderOut(Out):
    """An order to the bank."""

    id: int = Field(description="Id", examples=[4])
    kind: SepaKind = Field(description="Direct debits of invoices, or credit transfers of credit notes")
    status: SepaState = Field(description="Where it stands")
    date: Day = Field(description="When the bank is to carry it out", examples=["2026-11-30"])
    account_id: int = Field(description=ACCOUNT, examples=[3])
    amount: Number = Field(description="What it moves in all, in euros", examples=["120.50"])
    message_id: str | None = Field(description="Id of its file's message", examples=["TRAMITA-4-20261121090000"])
    lines: list[SepaLineOut] = Field(description="The invoices")
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, order: SepaOrder) -> "SepaOrderOut":
        """Show an order."""
        lines = []
        for line in order.lines:
            fields: dict[str, Any] = {name: getattr(line, name) for name in SepaLineOut.model_fields}
            lines.append(SepaLineOut.model_construct(**fields | {"amount": plain(line.amount, 2)}))
        return cls.model_construct(
            id=order.id,
            kind=order.kind,
            status=order.state,
            date=order.date,
            account_id=order.account_id,
            amount=plain(order.amount, 2),
            message_id=order.message_id,
            lines=lines,
            version=order.version,
        )
