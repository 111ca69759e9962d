"""Carriers, shipments and returns in SQL."""

from __future__ import annotations

from app.infrastructure.database.repositories.shipping.carriers import SqlCarriers
from app.infrastructure.database.repositories.shipping.returns import SqlReturns
from app.infrastructure.database.repositories.shipping.shipments import SqlShipments

__all__ = ["SqlCarriers", "SqlReturns", "SqlShipments"]
