"""Shipments, carriers and returns on the wire."""

from app.api.schemas.shipping.carriers import CarrierChange, CarrierIn, CarrierOut
from app.api.schemas.shipping.returns import ReturnIn, ReturnOut, ShipmentReturnIn
from app.api.schemas.shipping.shipments import ShipmentChange, ShipmentIn, ShipmentOut

__all__ = [
    "CarrierChange",
    "CarrierIn",
    "CarrierOut",
    "ReturnIn",
    "ReturnOut",
    "ShipmentChange",
    "ShipmentIn",
    "ShipmentOut",
    "ShipmentReturnIn",
]
