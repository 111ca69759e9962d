"""Proposals and orders on the wire."""

from __future__ import annotations

from app.api.schemas.sales.amendments import (
    MOST_REVISIONS,
    AmendIn,
    AmendLineIn,
    CloseShortIn,
    RevisionOut,
    RevisionsOut,
)
from app.api.schemas.sales.orders import SOME_DAY, OrderChange, OrderIn, OrderLineIn, OrderLineOut, OrderOut
from app.api.schemas.sales.proposals import (
    ProposalChange,
    ProposalCopyIn,
    ProposalIn,
    ProposalLineIn,
    ProposalLineOut,
    ProposalOrderIn,
    ProposalOut,
    RefusalIn,
    ReopeningIn,
    SignatureIn,
)

__all__ = [
    "MOST_REVISIONS",
    "SOME_DAY",
    "AmendIn",
    "AmendLineIn",
    "CloseShortIn",
    "OrderChange",
    "OrderIn",
    "OrderLineIn",
    "OrderLineOut",
    "OrderOut",
    "ProposalChange",
    "ProposalCopyIn",
    "ProposalIn",
    "ProposalLineIn",
    "ProposalLineOut",
    "ProposalOrderIn",
    "ProposalOut",
    "RefusalIn",
    "ReopeningIn",
    "RevisionOut",
    "RevisionsOut",
    "SignatureIn",
]
