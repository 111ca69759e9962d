"""What is done with what leaves for customers, and with what comes back."""

from __future__ import annotations

from app.usecases.shipping.carriers import CARRIERS, ChangeCarrier, CreateCarrier, ListCarriers, ReadCarrier
from app.usecases.shipping.returns import (
    RETURNS,
    CancelReturn,
    CloseReturn,
    CreateReturn,
    DeleteReturn,
    ListReturns,
    ReadReturn,
    ReturnDraft,
    ReturnPart,
    ReturnShipment,
    ShipmentReturnDraft,
    ValidateReturn,
)
from app.usecases.shipping.shipments import (
    SHIPMENTS,
    CancelShipment,
    ChangeShipment,
    CloseShipment,
    CreateShipment,
    DeleteShipment,
    ListShipments,
    Part,
    ReadShipment,
    ShipmentDraft,
    ValidateShipment,
)

__all__ = [
    "CARRIERS",
    "RETURNS",
    "SHIPMENTS",
    "CancelReturn",
    "CancelShipment",
    "ChangeCarrier",
    "ChangeShipment",
    "CloseReturn",
    "CloseShipment",
    "CreateCarrier",
    "CreateReturn",
    "CreateShipment",
    "DeleteReturn",
    "DeleteShipment",
    "ListCarriers",
    "ListReturns",
    "ListShipments",
    "Part",
    "ReadCarrier",
    "ReadReturn",
    "ReadShipment",
    "ReturnDraft",
    "ReturnPart",
    "ReturnShipment",
    "ShipmentDraft",
    "ShipmentReturnDraft",
    "ValidateReturn",
    "ValidateShipment",
]
