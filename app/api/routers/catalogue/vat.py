"""Rates of VAT."""

from typing import Annotated

from fastapi import Response

from app.api.listing import ListRun, provide_list
from app.api.provide import IfMatch, Run, provide
from app.api.route import gives, router
from app.api.schemas.catalogue.vat import VatRateChange, VatRateIn, VatRateOut
from app.api.schemas.shared import PathId
from app.usecases.catalogue import ChangeVatRate, CreateVatRate, DeleteVatRate, ListVatRates, ReadVatRate
from app.usecases.shared import Versioned

routes = router("catalogue")


@routes.post("/vat-rates", **gives(VatRateOut, 201))
def create_vat_rate(body: VatRateIn, run: Annotated[Run, provide(CreateVatRate)]) -> Response:
    """Enter a rate of VAT."""
    return run(build=body.to_domain, present=VatRateOut.of)


@routes.get("/vat-rates")
def list_vat_rates(run: Annotated[ListRun, provide_list(ListVatRates)]) -> Response:
    """List rates of VAT."""
    return run()


@routes.get("/vat-rates/{vat_rate_id}", **gives(VatRateOut))
def read_vat_rate(vat_rate_id: PathId, run: Annotated[Run, provide(ReadVatRate)]) -> Response:
    """Show one rate of VAT."""
    return run(build=lambda: vat_rate_id, present=VatRateOut.of)


@routes.patch("/vat-rates/{vat_rate_id}", **gives(VatRateOut))
def change_vat_rate(
    vat_rate_id: PathId, version: IfMatch, body: VatRateChange, run: Annotated[Run, provide(ChangeVatRate)]
) -> Response:
    """Change the fields sent of a rate of VAT."""
    return run(build=lambda: body.to_domain(vat_rate_id, version), present=VatRateOut.of)


@routes.delete("/vat-rates/{vat_rate_id}", **gives())
def delete_vat_rate(vat_rate_id: PathId, version: IfMatch, run: Annotated[Run, provide(DeleteVatRate)]) -> Response:
    """Delete a rate of VAT that nothing refers to."""
    return run(build=lambda: Versioned(id=vat_rate_id, version=version), present=lambda _: None)
