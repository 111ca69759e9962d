"""How closely the pieces of a product are told apart."""

from __future__ import annotations

from enum import StrEnum


class Tracking(StrEnum):
    """Whether stock of a product is known by lot, piece by piece, or not at all."""

    NONE = "none"
    LOT = "lot"
    SERIAL = "serial"
