"""What is printed: documents described as papers, and the papers that are kept."""

from __future__ import annotations

from app.usecases.papers.billing import InvoiceFacts, PrintInvoice, invoice_paper
from app.usecases.papers.enclosing import Enclosing
from app.usecases.papers.frame import Frame
from app.usecases.papers.keeping import KeepPaper, PaperRequest, PrintCase, Printed, Wanted
from app.usecases.papers.logos import DropLogo, LogoFile, NewLogo, ReadLogo, SetLogo
from app.usecases.papers.printing import Printing
from app.usecases.papers.reports import PrintStatement, StatementFacts, StatementPaperRequest, statement_paper
from app.usecases.papers.sales import (
    OrderFacts,
    PrintOrder,
    PrintProposal,
    ProposalFacts,
    order_paper,
    proposal_paper,
)
from app.usecases.papers.shipping import PrintShipment, ShipmentFacts, shipment_paper
from app.usecases.papers.stock import InventoryFacts, PrintInventory, inventory_paper

__all__ = [
    "DropLogo",
    "Enclosing",
    "Frame",
    "InventoryFacts",
    "InvoiceFacts",
    "KeepPaper",
    "LogoFile",
    "NewLogo",
    "OrderFacts",
    "PaperRequest",
    "PrintCase",
    "PrintInventory",
    "PrintInvoice",
    "PrintOrder",
    "PrintProposal",
    "PrintShipment",
    "PrintStatement",
    "Printed",
    "Printing",
    "ProposalFacts",
    "ReadLogo",
    "SetLogo",
    "ShipmentFacts",
    "StatementFacts",
    "StatementPaperRequest",
    "Wanted",
    "inventory_paper",
    "invoice_paper",
    "order_paper",
    "proposal_paper",
    "shipment_paper",
    "statement_paper",
]
