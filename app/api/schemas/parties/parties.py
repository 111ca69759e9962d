"""Third parties on the wire."""

from collections.abc import Iterable
from typing import Any

from pydantic import Field

from app.api.schemas.shared import (
    CUSTOM_CHANGE,
    CUSTOM_IN,
    CUSTOM_OUT,
    AmountIn,
    Change,
    Country,
    CustomValues,
    Flag,
    Id,
    In,
    Language,
    Number,
    Out,
    Text,
    Whole,
)
from app.domain.parties import Address, Party
from app.domain.shared.ids import UserId
from app.domain.shared.money import plain
from app.usecases.shared import Change as Changes


class AddressIn(In):
    """A postal address; what is left out is empty."""

    street: Text = Field(
        "", max_length=300, description="Street, number and further lines", examples=["12 rue des Lilas"]
    )
    postal_code: Text = Field("", max_length=20, description="Postal code", examples=["69003"])
    city: Text = Field("", max_length=100, description="City", examples=["Lyon"])
    region: Text = Field("", max_length=100, description="Region or state", examples=["Rhône"])
    country: Country = Field("", description="ISO 3166-1 alpha-2 code, or empty")

    def to_domain(self) -> Address:
        """Give the address."""
        return Address(
            street=self.street,
            postal_code=self.postal_code,
            city=self.city,
            region=self.region,
            country=self.country,
        )


def _users(ids: Iterable[int]) -> tuple[UserId, ...]:
    """Give each user once, in the order sent."""
    return tuple(UserId(one) for one in dict.fromkeys(ids))


class PartyIn(In):
    """A new third party; codes that are left out are taken from the company's series."""

    name: Text = Field(min_length=1, max_length=200, description="Name", examples=["Atelier Lumière SARL"])
    customer: Flag = Field(default=False, description="Whether we sell to it", examples=[True])
    supplier: Flag = Field(default=False, description="Whether we buy from it")
    customer_code: Text | None = Field(None, min_length=1, max_length=40, description="Unique code", examples=["CU-17"])
    supplier_code: Text | None = Field(None, min_length=1, max_length=40, description="Unique code", examples=["SU-4"])
    email: Text | None = Field(None, max_length=254, description="E-mail address", examples=["info@example.com"])
    phone: Text | None = Field(None, max_length=40, description="Phone number", examples=["+33 4 72 00 00 00"])
    tax_id: Text | None = Field(None, max_length=40, description="VAT or tax number", examples=["FR40303265045"])
    locale: Language | None = Field(None, description="Language of its papers; null: not known", examples=["fr"])
    address: AddressIn = Field(default_factory=AddressIn, description="Postal address")
    payment_days: Whole | None = Field(
        None, ge=0, le=3650, description="Days to pay an invoice; null: the company's", examples=[45]
    )
    price_list_id: Id | None = Field(None, description="Id of the price list; null: the products' prices")
    payment_terms_id: Id | None = Field(None, description="Id of its payment terms, which go before payment_days")
    credit_limit: AmountIn | None = Field(
        None, description="What it may owe, in the company's currency; null: no limit"
    )
    representative_ids: list[Id] = Field(
        default_factory=list, max_length=10, description="Ids of the users who look after it; documents name the first"
    )
    custom: CustomValues = Field(default_factory=dict, description=CUSTOM_IN)

    def to_domain(self) -> Party:
        """Give the third party."""
        given = type(self).model_fields.keys() - {"address", "representative_ids"}
        fields: dict[str, Any] = {name: getattr(self, name) for name in given}
        return Party(address=self.address.to_domain(), representatives=_users(self.representative_ids), **fields)


class AddressChange(Change):
    """New values for some fields of an address; null empties one."""

    street: Text | None = Field(None, max_length=300, description="Street, number and further lines")
    postal_code: Text | None = Field(None, max_length=20, description="Postal code")
    city: Text | None = Field(None, max_length=100, description="City")
    region: Text | None = Field(None, max_length=100, description="Region or state")
    country: Country | None = Field(None, description="ISO 3166-1 alpha-2 code, or empty")

    def to_domain(self) -> dict[str, str]:
        """Give the fields that change."""
        return {name: value or "" for name, value in self.sent().items()}


class PartyChange(Change):
    """New values for some fields of a third party."""

    name: Text = Field("", min_length=1, max_length=200, description="Name", examples=["Atelier Lumière SAS"])
    customer: Flag = Field(default=False, description="Whether we sell to it")
    supplier: Flag = Field(default=False, description="Whether we buy from it")
    customer_code: Text | None = Field(None, min_length=1, max_length=40, description="Unique code; null: a new one")
    supplier_code: Text | None = Field(None, min_length=1, max_length=40, description="Unique code; null: a new one")
    email: Text | None = Field(None, max_length=254, description="E-mail address")
    phone: Text | None = Field(None, max_length=40, description="Phone number")
    tax_id: Text | None = Field(None, max_length=40, description="VAT or tax number")
    locale: Language | None = Field(None, description="Language of its papers; null: not known")
    address: AddressChange | None = Field(None, description="Postal address; only what is named changes")
    payment_days: Whole | None = Field(None, ge=0, le=3650, description="Days to pay an invoice; null: the company's")
    price_list_id: Id | None = Field(None, description="Id of the price list; null: the products' prices")
    payment_terms_id: Id | None = Field(None, description="Id of its payment terms; null: by payment_days")
    credit_limit: AmountIn | None = Field(None, description="What it may owe; null: no limit")
    representative_ids: list[Id] = Field([], max_length=10, description="Ids of the users who look after it")
    archived: Flag = Field(default=False, description="Whether it takes no new documents")
    custom: CustomValues | None = Field(None, description=CUSTOM_CHANGE)

    def to_domain(self, party_id: int, version: int) -> Changes:
        """Give the change to the third party seen at ``version``."""
        changes = self.sent()
        if "address" in changes:
            changes["address"] = Address() if self.address is None else self.address.to_domain()
        if "representative_ids" in changes:
            changes["representatives"] = _users(changes.pop("representative_ids"))
        return Changes(id=party_id, version=version, changes=changes)


class AddressOut(Out):
    """A postal address."""

    street: str = Field(description="Street, number and further lines")
    postal_code: str = Field(description="Postal code")
    city: str = Field(description="City")
    region: str = Field(description="Region or state")
    country: str = Field(description="ISO 3166-1 alpha-2 code, or empty")


def address_out(address: Address) -> AddressOut:
    """Show an address."""
    return AddressOut.model_construct(
        street=address.street,
        postal_code=address.postal_code,
        city=address.city,
        region=address.region,
        country=address.country,
    )


class PartyOut(Out):
    """A third party."""

    id: int = Field(description="Id", examples=[7])
    name: str = Field(description="Name", examples=["Atelier Lumière SARL"])
    customer: bool = Field(description="Whether we sell to it")
    supplier: bool = Field(description="Whether we buy from it")
    customer_code: str | None = Field(description="Unique code as a customer", examples=["CU2611-00001"])
    supplier_code: str | None = Field(description="Unique code as a supplier", examples=[None])
    email: str | None = Field(description="E-mail address")
    phone: str | None = Field(description="Phone number")
    tax_id: str | None = Field(description="VAT or tax number")
    locale: str | None = Field(description="Language of its papers; null: not known", examples=["fr"])
    address: AddressOut = Field(description="Postal address")
    payment_days: int | None = Field(description="Days to pay an invoice; null: the company's")
    price_list_id: int | None = Field(description="Id of the price list; null: the products' prices")
    payment_terms_id: int | None = Field(description="Id of its payment terms; null: by payment_days")
    credit_limit: Number | None = Field(description="What it may owe, in the company's currency; null: no limit")
    representative_ids: list[int] = Field(description="Ids of the users who look after it; documents name the first")
    archived: bool = Field(description="Whether it takes no new documents")
    merged_into_id: int | None = Field(description="Id of the third party that stands in its place")
    custom: CustomValues = Field(description=CUSTOM_OUT)
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, party: Party) -> "PartyOut":
        """Show a third party."""
        own = (name for name in cls.model_fields if name not in {"address", "representative_ids", "credit_limit"})
        fields: dict[str, Any] = {name: getattr(party, name) for name in own}
        limit = None if party.credit_limit is None else plain(party.credit_limit)
        return cls.model_construct(
            address=address_out(party.address),
            credit_limit=limit,
            representative_ids=list(party.representatives),
            **fields,
        )
