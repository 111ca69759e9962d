"""Reports: sums over the books."""

from typing import Annotated

from fastapi import Query, Response

from app.api.reporting import Form, ReportFormat, ReportRun, provide_report
from app.api.route import router
from app.api.schemas.shared import Day, PathId
from app.domain.shared.ids import PartyId
from app.usecases.ports.reports import SalesBy
from app.usecases.reports import (
    AgeReceivables,
    ListUnpaid,
    OnDay,
    Period,
    SalesReport,
    SalesRequest,
    Statement,
    StatementRequest,
    VatReport,
)

routes = router("reports")
By = Annotated[SalesBy, Query(description="What is summed: each customer, product, representative, day, month or year")]
From = Annotated[Day | None, Query(description="First day, included; left out: from the beginning")]
To = Annotated[Day | None, Query(description="Last day, included; left out: to the end")]
On = Annotated[Day | None, Query(description="The day whose end is looked at; left out: today")]
JSON = ReportFormat.JSON


@routes.get("/reports/sales")
def report_sales(
    run: Annotated[ReportRun, provide_report(SalesReport)],
    by: By,
    date_from: From = None,
    date_to: To = None,
    form: Form = JSON,
) -> Response:
    """Sum net sales, costs and margins of validated and paid invoices by what ``by`` names."""
    return run.table(lambda: SalesRequest(by=by, date_from=date_from, date_to=date_to), form)


@routes.get("/reports/vat")
def report_vat(
    run: Annotated[ReportRun, provide_report(VatReport)], date_from: From = None, date_to: To = None, form: Form = JSON
) -> Response:
    """Sum the VAT of final invoices by rate, in the company's currency; those given up count too."""
    return run.table(lambda: Period(date_from=date_from, date_to=date_to), form)


@routes.get("/reports/receivables")
def report_receivables(
    run: Annotated[ReportRun, provide_report(AgeReceivables)], on: On = None, form: Form = JSON
) -> Response:
    """Sum what each customer owed at the end of a day by how long it was overdue, in the company's currency."""
    return run.table(lambda: OnDay(on=on), form)


@routes.get("/reports/unpaid")
def report_unpaid(run: Annotated[ReportRun, provide_report(ListUnpaid)], on: On = None, form: Form = JSON) -> Response:
    """List the invoices that were open at the end of a day, the longest due first."""
    return run.table(lambda: OnDay(on=on), form)


@routes.get("/third-parties/{party_id}/statement")
def report_statement(
    run: Annotated[ReportRun, provide_report(Statement)],
    party_id: PathId,
    date_from: From = None,
    date_to: To = None,
    form: Form = JSON,
) -> Response:
    """Show a customer's account: what was owed before, each invoice and payment, and what is owed after each."""
    return run.table(lambda: StatementRequest(party=PartyId(party_id), date_from=date_from, date_to=date_to), form)
