"""What papers say of the company, on the wire."""

from typing import Annotated, Any

from pydantic import Field

from app.api.schemas.shared import Change, Id, Language, Out, Text
from app.domain.identity import Letterhead
from app.domain.papers import Format, Window

Line = Annotated[Text, Field(max_length=100)]
Mention = Annotated[Text, Field(max_length=1000)]


class LetterheadChange(Change):
    """New values for what papers say of the company; null empties a field, or gives it back what it is at first."""

    legal_name: Text | None = Field(None, max_length=200, description="Legal name, where it is not the company's name")
    street: list[Line] | None = Field(None, max_length=4, description="Lines of the address above the city")
    postal_code: Text | None = Field(None, max_length=20, description="Postal code", examples=["69003"])
    city: Text | None = Field(None, max_length=100, description="City", examples=["Lyon"])
    vat_number: Text | None = Field(None, max_length=40, description="VAT number", examples=["FR40303265045"])
    registration: Text | None = Field(
        None, max_length=200, description="Where the company is registered", examples=["RCS Lyon 303 265 045"]
    )
    capital: Text | None = Field(
        None, max_length=200, description="Share capital, as it is to be said", examples=["8 000 €"]
    )
    phone: Text | None = Field(None, max_length=40, description="Telephone", examples=["+33 4 72 00 00 00"])
    email: Text | None = Field(None, max_length=254, description="E-mail address", examples=["info@example.com"])
    website: Text | None = Field(None, max_length=200, description="Website", examples=["www.example.com"])
    accent: Text | None = Field(None, max_length=6, description="Colour, six hexadecimal digits", examples=["1f3a5f"])
    footer: list[Line] | None = Field(None, max_length=4, description="Lines at the foot of each page")
    window: Window | None = Field(None, description="Side of the page on which an envelope's window shows the address")
    format: Format | None = Field(None, description="Size of the page")
    invoice_notes: list[Mention] | None = Field(None, max_length=10, description="Legal mentions below each invoice")
    no_vat_reason: Text | None = Field(
        None,
        max_length=300,
        description="Why no VAT is due, where the rate is zero",
        examples=["TVA non applicable, art. 293 B du CGI"],
    )
    bank_account_id: Id | None = Field(None, description="Bank account that invoices are to be paid to")
    locale: Language | None = Field(None, description="Language of papers where none is known; null: the caller's")

    def to_domain(self) -> dict[str, Any]:
        """Give the fields that change."""
        changes = self.sent()
        for name in ("street", "footer", "invoice_notes"):
            if changes.get(name) is not None:
                changes[name] = tuple(changes[name])
        if "bank_account_id" in changes:
            changes["bank_account"] = changes.pop("bank_account_id")
        return changes


class LetterheadOut(Out):
    """What papers say of the company, and how they look; empty is left out."""

    legal_name: str = Field(description="Legal name, where it is not the company's name", examples=["Acme SARL"])
    street: list[str] = Field(description="Lines of the address above the city", examples=[["12 rue des Lilas"]])
    postal_code: str = Field(description="Postal code", examples=["69003"])
    city: str = Field(description="City", examples=["Lyon"])
    vat_number: str = Field(description="VAT number", examples=["FR40303265045"])
    registration: str = Field(description="Where the company is registered", examples=["RCS Lyon 303 265 045"])
    capital: str = Field(description="Share capital, as it is to be said", examples=["8 000 €"])
    phone: str = Field(description="Telephone", examples=["+33 4 72 00 00 00"])
    email: str = Field(description="E-mail address", examples=["info@example.com"])
    website: str = Field(description="Website", examples=["www.example.com"])
    accent: str = Field(description="Colour, six hexadecimal digits", examples=["1f3a5f"])
    footer: list[str] = Field(description="Lines at the foot of each page", examples=[["Acme SARL, Lyon"]])
    window: Window = Field(description="Side of the page on which an envelope's window shows the address")
    format: Format = Field(description="Size of the page")
    invoice_notes: list[str] = Field(description="Legal mentions below each invoice", examples=[["Pas d'escompte."]])
    no_vat_reason: str = Field(description="Why no VAT is due, where the rate is zero", examples=["Art. 293 B du CGI"])
    bank_account_id: int | None = Field(description="Bank account that invoices are to be paid to")
    locale: str | None = Field(description="Language of papers where none is known; null: the caller's")
    logo: str | None = Field(description="SHA-256 of the logo; null: none")

    @classmethod
    def of(cls, letterhead: Letterhead) -> "LetterheadOut":
        """Show a letterhead."""
        own = (name for name in cls.model_fields if name not in {"bank_account_id", "locale", "logo"})
        fields: dict[str, Any] = {name: getattr(letterhead, name) for name in own}
        for name in ("street", "footer", "invoice_notes"):
            fields[name] = list(fields[name])
        return cls(
            bank_account_id=letterhead.bank_account,
            locale=letterhead.locale or None,
            logo=letterhead.logo or None,
            **fields,
        )
