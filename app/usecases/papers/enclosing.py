"""The paper of a document as a file that goes with a letter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.domain.shared.objects import ObjectKind
from app.usecases.context import Context
from app.usecases.papers.billing import PrintInvoice
from app.usecases.papers.documents import PrintDocument
from app.usecases.papers.keeping import PaperRequest
from app.usecases.papers.printing import Printing
from app.usecases.papers.sales import PrintOrder, PrintProposal
from app.usecases.papers.shipping import PrintShipment
from app.usecases.ports.attachments import Files
from app.usecases.ports.mail import Attached

PDF: Final = "application/pdf"
_CASES: Final[Mapping[ObjectKind, type[PrintDocument[Any]]]] = {
    ObjectKind.PROPOSALS: PrintProposal,
    ObjectKind.ORDERS: PrintOrder,
    ObjectKind.SHIPMENTS: PrintShipment,
    ObjectKind.INVOICES: PrintInvoice,
}


@dataclass(frozen=True, slots=True)
class Enclosing:
    """Gives the kept paper of a document, printed first when there is none."""

    printing: Printing
    files: Files

    def __call__(self, context: Context, kind: ObjectKind, document: int) -> Attached | None:
        """Give the file; None for a kind that is not printed. Raises NotFound, and as printing does."""
        made = _CASES.get(kind)
        if made is None:
            return None
        wanted = self.printing.runner.call(context, made(self.printing.printer), lambda: PaperRequest(id=document))
        kept = wanted.kept or self.printing.keep(context, self.printing.draw(context, wanted))
        content = b"".join(self.files.read(context.company, kept.digest))
        return Attached(name=f"{wanted.name}.pdf", type=PDF, content=content)
