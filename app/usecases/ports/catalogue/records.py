"""Where the small things of the catalogue are kept, and what prices are found by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from app.domain.catalogue import Attribute, Category, Contents, Offered, Packaging, Record, Trait, Unit, VatRate
from app.domain.shared.ids import PartyId, ProductId

RecordT = TypeVar("RecordT", bound=Record)
PartT = TypeVar("PartT")


class Catalogue(Protocol):
    """Records of the context's company by their class, and what hangs on its products and third parties, in order."""

    def get(self, kind: type[RecordT], record: int) -> RecordT:
        """Give a record. Raises NotFound."""
        ...

    def add(self, record: Record) -> None:
        """Store a new record and set its id. Raises Taken."""
        ...

    def save(self, record: Record) -> None:
        """Store changes and move the version. Raises Stale, Taken."""
        ...

    def delete(self, record: Record) -> None:
        """Remove a record of that version. Raises Stale, InUse."""
        ...

    def parts(self, kind: type[PartT], owner: int) -> Sequence[PartT]:
        """Give what of ``kind`` hangs on an object, in order."""
        ...

    def replace(self, kind: type[PartT], owner: int, parts: Sequence[PartT]) -> None:
        """Hang ``parts`` on an object in place of what of ``kind`` there was. Raises Taken."""
        ...


class Pricing(Protocol):
    """What a document's lines are completed from, each by one statement for all lines."""

    def offers(
        self, products: Iterable[ProductId], party: PartyId | None, price_list: int | None
    ) -> Mapping[ProductId, Sequence[Offered]]:
        """Give the prices of products agreed with a customer or on a list."""
        ...

    def vat_rates(self) -> Sequence[VatRate]:
        """Give all rates of the company's country."""
        ...

    def vat_rates_of(self, country: str) -> Sequence[VatRate]:
        """Give all rates of a country."""
        ...

    def units(self, codes: Iterable[str]) -> Mapping[str, Unit]:
        """Give those of the units that exist."""
        ...

    def packagings(self, products: Iterable[ProductId]) -> Mapping[ProductId, Sequence[Packaging]]:
        """Give the packagings of products."""
        ...

    def contents(self, kits: Iterable[ProductId]) -> Contents:
        """Give the components of kits, and of the kits in them, by one statement for each level."""
        ...

    def categories(self) -> Mapping[int, Category]:
        """Give every category."""
        ...

    def attributes(self, attributes: Iterable[int]) -> Mapping[int, Attribute]:
        """Give those of the attributes that exist, with their values."""
        ...

    def used_values(self, attribute: int) -> frozenset[str]:
        """Give the values of an attribute that variants have."""
        ...

    def variants(self, parent: ProductId) -> Mapping[ProductId, Sequence[Trait]]:
        """Give the variants of a product with what tells them apart."""
        ...

    def suppliers(self, parties: Iterable[PartyId]) -> Mapping[int, bool]:
        """Tell of those third parties that exist whether they are suppliers."""
        ...

    def owners(self, gtins: Iterable[str]) -> Mapping[str, ProductId]:
        """Give the products that have these barcodes."""
        ...
