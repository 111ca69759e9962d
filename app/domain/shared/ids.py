"""Identities: whole numbers given by the database, told apart by type."""

from __future__ import annotations

from typing import NewType

CompanyId = NewType("CompanyId", int)
UserId = NewType("UserId", int)
RoleId = NewType("RoleId", int)
ApiKeyId = NewType("ApiKeyId", int)
SessionId = NewType("SessionId", int)
PartyId = NewType("PartyId", int)
ProductId = NewType("ProductId", int)
WarehouseId = NewType("WarehouseId", int)
MovementId = NewType("MovementId", int)
OrderId = NewType("OrderId", int)
ShipmentId = NewType("ShipmentId", int)
InvoiceId = NewType("InvoiceId", int)
PaymentId = NewType("PaymentId", int)
FieldId = NewType("FieldId", int)
AttachmentId = NewType("AttachmentId", int)
