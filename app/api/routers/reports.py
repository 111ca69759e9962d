"""Reports: sums over the books."""

from typing import Annotated

from fastapi import Query, Response

from app.api.provide import Run, provide
from app.api.route import gives, router
from app.api.schemas.reports import SalesOut
from app.api.schemas.shared import Day
from app.usecases.ports.reports import SalesBy
from app.usecases.reports import SalesReport, SalesRequest

routes = router("reports")
By = Annotated[SalesBy, Query(description="What the sums are of: each customer, product or month")]
From = Annotated[Day | None, Query(description="First day, included; left out: from the beginning")]
To = Annotated[Day | None, Query(description="Last day, included; left out: to the end")]


@routes.get("/reports/sales", **gives(SalesOut))
def report_sales(
    run: Annotated[Run, provide(SalesReport)], by: By, date_from: From = None, date_to: To = None
) -> Response:
    """Sum net sales of validated and paid invoices by customer, product or month."""
    return run(build=lambda: SalesRequest(by=by, date_from=date_from, date_to=date_to), present=SalesOut.of)
