"""The paper of a document as a file that goes with a letter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.domain.mail import LetterKind, Mail
from app.domain.shared.objects import ObjectKind
from app.usecases.context import Context
from app.usecases.papers.billing import PrintInvoice
from app.usecases.papers.documents import PrintDocument
from app.usecases.papers.keeping import PaperRequest, Wanted
from app.usecases.papers.printing import Printing
from app.usecases.papers.reports import PrintStatement, StatementPaperRequest
from app.usecases.papers.sales import PrintOrder, PrintProposal
from app.usecases.papers.shipping import PrintShipment
from app.usecases.ports.attachments import Files
from app.usecases.ports.mail import Attached
from app.usecases.reports import Period

PDF: Final = "application/pdf"
_CASES: Final[Mapping[ObjectKind, type[PrintDocument[Any]]]] = {
    ObjectKind.PROPOSALS: PrintProposal,
    ObjectKind.ORDERS: PrintOrder,
    ObjectKind.SHIPMENTS: PrintShipment,
    ObjectKind.INVOICES: PrintInvoice,
}


@dataclass(frozen=True, slots=True)
class Enclosing:
    """Gives the kept paper of what a mail is about, printed first when there is none."""

    printing: Printing
    files: Files

    def __call__(self, context: Context, mail: Mail) -> Attached | None:
        """Give the file of what a mail is about, None of what waits for approval: there is nothing to send yet.

        Raises NotFound, and as printing does.
        """
        if mail.kind is LetterKind.APPROVAL:
            return None
        wanted = self._wanted(context, mail)
        kept = wanted.kept or self.printing.keep(context, self.printing.draw(context, wanted))
        content = b"".join(self.files.read(context.company, kept.digest))
        return Attached(name=f"{wanted.name}.pdf", type=PDF, content=content)

    def _wanted(self, context: Context, mail: Mail) -> Wanted:
        runner, printer = self.printing.runner, self.printing.printer
        if mail.object_kind is ObjectKind.THIRD_PARTIES:
            period = Period(date_from=mail.date_from, date_to=mail.date_to)
            statement = StatementPaperRequest(id=mail.object_id, period=period)
            return runner.call(context, PrintStatement(printer, self.printing.clock), lambda: statement)
        case = _CASES[mail.object_kind](printer)
        return runner.call(context, case, lambda: PaperRequest(id=mail.object_id))
