"""Payment terms on the wire, and what is due by them."""

from collections.abc import Sequence

from pydantic import Field

from app.api.schemas.shared import Change, Day, Flag, In, Number, Out, RateIn, Text, Whole
from app.domain.billing import Invoice
from app.domain.parties import MOST_DAYS, DueAmount, Instalment, PaymentTerms
from app.domain.shared.money import plain
from app.usecases.shared import Change as Changes


class InstalmentIn(In):
    """A part of an invoice and when it is due."""

    percent: RateIn = Field(description="Per cent of the total, above zero; all add up to 100", examples=["100"])
    days: Whole = Field(ge=0, le=MOST_DAYS, description="Days after the invoice's date", examples=[30])
    end_of_month: Flag = Field(default=False, description="Whether it is due at the end of the month then reached")
    day_of_month: Whole | None = Field(
        None, ge=1, le=31, description="Due on the next such day from there on; a short month's last day"
    )

    def to_domain(self) -> Instalment:
        """Give the instalment."""
        return Instalment(
            percent=self.percent, days=self.days, end_of_month=self.end_of_month, day_of_month=self.day_of_month
        )


class TermsIn(In):
    """New payment terms."""

    name: Text = Field(min_length=1, max_length=200, description="Unique name", examples=["30 days end of month"])
    instalments: list[InstalmentIn] = Field(min_length=1, max_length=60, description="Instalments, in order")

    def to_domain(self) -> PaymentTerms:
        """Give the terms."""
        return PaymentTerms(name=self.name, instalments=tuple(one.to_domain() for one in self.instalments))


class TermsChange(Change):
    """New values for some fields of payment terms; their instalments never change."""

    name: Text = Field("", min_length=1, max_length=200, description="Unique name", examples=["30 days net"])
    archived: Flag = Field(default=False, description="Whether they are given to nobody any more")

    def to_domain(self, terms_id: int, version: int) -> Changes:
        """Give the change to the terms seen at ``version``."""
        return Changes(id=terms_id, version=version, changes=self.sent())


class InstalmentOut(Out):
    """A part of an invoice and when it is due."""

    percent: Number = Field(description="Per cent of the total", examples=["100"])
    days: int = Field(description="Days after the invoice's date", examples=[30])
    end_of_month: bool = Field(description="Whether it is due at the end of the month then reached")
    day_of_month: int | None = Field(description="Due on the next such day from there on")


class TermsOut(Out):
    """Payment terms."""

    id: int = Field(description="Id", examples=[3])
    name: str = Field(description="Name", examples=["30 days end of month"])
    instalments: list[InstalmentOut] = Field(description="Instalments, in order")
    archived: bool = Field(description="Whether they are given to nobody any more")
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, terms: PaymentTerms) -> "TermsOut":
        """Show payment terms."""
        parts = [
            InstalmentOut.model_construct(
                percent=plain(one.percent),
                days=one.days,
                end_of_month=one.end_of_month,
                day_of_month=one.day_of_month,
            )
            for one in terms.instalments
        ]
        return cls.model_construct(
            id=terms.id, name=terms.name, instalments=parts, archived=terms.archived, version=terms.version
        )


class DueOut(Out):
    """So much is due on a day."""

    due_date: Day = Field(description="Day it is due", examples=["2026-12-31"])
    amount: Number = Field(description="Amount in the document's currency", examples=["443.46"])


class InstalmentsOut(Out):
    """When how much of an invoice is due."""

    invoice_id: int = Field(description="Id of the invoice", examples=[31])
    payment_terms_id: int | None = Field(description="Id of the terms; null: all of it on the due date")
    currency: str = Field(description="ISO 4217 code of the document's currency", examples=["EUR"])
    items: list[DueOut] = Field(description="Instalments, in order; they add up to the gross total")

    @classmethod
    def of(cls, found: tuple[Invoice, Sequence[DueAmount]]) -> "InstalmentsOut":
        """Show the instalments of an invoice."""
        invoice, parts = found
        digits = invoice.valuation.currency.digits
        items = [DueOut.model_construct(due_date=one.due_date, amount=plain(one.amount, digits)) for one in parts]
        return cls.model_construct(
            invoice_id=invoice.id,
            payment_terms_id=invoice.payment_terms_id,
            currency=invoice.valuation.currency.code,
            items=items,
        )
