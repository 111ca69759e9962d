"""Every use case of the catalogue that needs nothing, for the composition root."""

from __future__ import annotations

from typing import Any

from app.usecases.catalogue.categories import (
    ChangeCategory,
    CreateCategory,
    DeleteCategory,
    ListCategories,
    ReadCategory,
)
from app.usecases.catalogue.hanging import (
    ReadBarcodes,
    ReadComponents,
    ReadPackagings,
    ReadPartyCategories,
    ReadProductCategories,
    ReadSupplierPrices,
    SetBarcodes,
    SetComponents,
    SetPackagings,
    SetPartyCategories,
    SetProductCategories,
    SetSupplierPrices,
)
from app.usecases.catalogue.prices import (
    ChangePrice,
    ChangePriceList,
    CreatePrice,
    CreatePriceList,
    DeletePrice,
    DeletePriceList,
    ListListPrices,
    ListPartyPrices,
    ListPriceLists,
    ReadPrice,
    ReadPriceList,
)
from app.usecases.catalogue.units import ChangeUnit, CreateUnit, DeleteUnit, ListUnits, ReadUnit
from app.usecases.catalogue.variants import (
    ChangeAttribute,
    CreateAttribute,
    DeleteAttribute,
    ListAttributes,
    MakeVariants,
    ReadAttribute,
    ReadVariants,
)
from app.usecases.catalogue.vat import ChangeVatRate, CreateVatRate, DeleteVatRate, ListVatRates, ReadVatRate


def record_cases() -> tuple[Any, ...]:
    """Give them, one of each."""
    return (
        CreateUnit(),
        ReadUnit(),
        ChangeUnit(),
        DeleteUnit(),
        CreateVatRate(),
        ReadVatRate(),
        ChangeVatRate(),
        DeleteVatRate(),
        CreateCategory(),
        ReadCategory(),
        ChangeCategory(),
        DeleteCategory(),
        CreateAttribute(),
        ReadAttribute(),
        ChangeAttribute(),
        DeleteAttribute(),
        CreatePriceList(),
        ReadPriceList(),
        ChangePriceList(),
        DeletePriceList(),
        CreatePrice(),
        ReadPrice(),
        ChangePrice(),
        DeletePrice(),
        ListUnits(),
        ListVatRates(),
        ListCategories(),
        ListAttributes(),
        ListPriceLists(),
        ListListPrices(),
        ListPartyPrices(),
        MakeVariants(),
        ReadVariants(),
        ReadBarcodes(),
        SetBarcodes(),
        ReadComponents(),
        SetComponents(),
        ReadPackagings(),
        SetPackagings(),
        ReadProductCategories(),
        SetProductCategories(),
        ReadSupplierPrices(),
        SetSupplierPrices(),
        ReadPartyCategories(),
        SetPartyCategories(),
    )
