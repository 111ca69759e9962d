"""Documents as they are printed, and the logo that is printed on them."""

from typing import Annotated, Any, Final

from fastapi import Response

from app.api.pictures import LogoRun, provide_logo
from app.api.printing import PDF, Locale, PaperRun, provide_paper
from app.api.provide import IfMatch, Run, provide
from app.api.route import gives, problem_answers, router
from app.api.routers.reports import From, To
from app.api.schemas.identity import SettingsOut
from app.api.schemas.shared import PathId
from app.api.uploads import FILE, MULTIPART
from app.usecases.papers import (
    DropLogo,
    PaperRequest,
    PrintInventory,
    PrintInvoice,
    PrintOrder,
    PrintProposal,
    PrintShipment,
    PrintStatement,
    ReadLogo,
    SetLogo,
    StatementPaperRequest,
)
from app.usecases.reports import Period
from app.usecases.shared import Versioned

PNG: Final = "image/png"
_TAG: Final = {"description": "SHA-256 of the file", "schema": {"type": "string"}}
_NAME: Final = {"description": "attachment, with its name (RFC 6266)", "schema": {"type": "string"}}
_FORM: Final = {
    "requestBody": {
        "required": True,
        "content": {
            MULTIPART: {
                "schema": {
                    "type": "object",
                    "title": "LogoIn",
                    "required": [FILE],
                    "properties": {
                        FILE: {"type": "string", "format": "binary", "description": "A PNG or JPEG file, at most 1 MB"}
                    },
                    "additionalProperties": False,
                }
            }
        },
    }
}


def _file(media_type: str, about: str, **headers: Any) -> dict[str, Any]:  # noqa: ANN401 - OpenAPI's objects
    """Give the route options of an endpoint that answers a file."""
    content = {media_type: {"schema": {"type": "string", "format": "binary"}}}
    answer = {"description": about, "content": content, "headers": {**headers, "ETag": _TAG}}
    return {"status_code": 200, "response_model": None, "response_class": Response, "responses": {200: answer}}


def _paper(about: str) -> dict[str, Any]:
    return _file(PDF, about, **{"Content-Disposition": _NAME})


_STORED: Final = gives(SettingsOut)
_STORED["responses"] = {**_STORED["responses"], **problem_answers(408, 413, 415, 422, 507)}
_SHOWN: Final = _file(PNG, "The logo")
_SHOWN["responses"] |= problem_answers(404)

routes = router("papers")
logo = router("company")


@routes.get("/proposals/{proposal_id}/pdf", **_paper("The proposal"))
async def print_proposal(
    proposal_id: PathId, run: Annotated[PaperRun, provide_paper(PrintProposal)], locale: Locale = None
) -> Response:
    """Give a proposal as it is printed."""
    return run.send(lambda: PaperRequest(id=proposal_id, locale=locale))


@routes.get("/orders/{order_id}/pdf", **_paper("The order's confirmation"))
async def print_order(
    order_id: PathId, run: Annotated[PaperRun, provide_paper(PrintOrder)], locale: Locale = None
) -> Response:
    """Give the confirmation of an order as it is printed."""
    return run.send(lambda: PaperRequest(id=order_id, locale=locale))


@routes.get("/shipments/{shipment_id}/pdf", **_paper("The delivery note"))
async def print_shipment(
    shipment_id: PathId, run: Annotated[PaperRun, provide_paper(PrintShipment)], locale: Locale = None
) -> Response:
    """Give the delivery note of a shipment as it is printed, without prices."""
    return run.send(lambda: PaperRequest(id=shipment_id, locale=locale))


@routes.get("/invoices/{invoice_id}/pdf", **_paper("The invoice"))
async def print_invoice(
    invoice_id: PathId, run: Annotated[PaperRun, provide_paper(PrintInvoice)], locale: Locale = None
) -> Response:
    """Give an invoice of any kind as it is printed; once validated, each of its versions stays as first printed."""
    return run.send(lambda: PaperRequest(id=invoice_id, locale=locale))


@routes.get("/third-parties/{party_id}/statement/pdf", **_paper("The statement"))
async def print_statement(
    party_id: PathId,
    run: Annotated[PaperRun, provide_paper(PrintStatement)],
    date_from: From = None,
    date_to: To = None,
    locale: Locale = None,
) -> Response:
    """Give a customer's account as it is printed, with how old what is owed is."""
    period = Period(date_from=date_from, date_to=date_to)
    return run.send(lambda: StatementPaperRequest(id=party_id, locale=locale, period=period))


@routes.get("/inventories/{inventory_id}/pdf", **_paper("The sheet"))
async def print_inventory(
    inventory_id: PathId, run: Annotated[PaperRun, provide_paper(PrintInventory)], locale: Locale = None
) -> Response:
    """Give an inventory's sheet as it is printed, to count by."""
    return run.send(lambda: PaperRequest(id=inventory_id, locale=locale))


@logo.put("/company/logo", openapi_extra=_FORM, **_STORED)
async def set_logo(version: IfMatch, run: Annotated[LogoRun, provide_logo(SetLogo)]) -> Response:
    """Put a logo on the company's papers; it is made anew as a PNG of at most 1200 pixels a side.

    The form has one part, `file`. The version is that of the settings, which name the logo.
    """
    return await run.store(version, SettingsOut.of)


@logo.get("/company/logo", **_SHOWN)
def read_logo(run: Annotated[LogoRun, provide_logo(ReadLogo)]) -> Response:
    """Give the logo that stands on the company's papers."""
    return run.send(PNG)


@logo.delete("/company/logo", responses=problem_answers(404), **gives())
def drop_logo(version: IfMatch, run: Annotated[Run, provide(DropLogo)]) -> Response:
    """Take the logo off the company's papers; the version is that of the settings."""
    return run(build=lambda: Versioned(id=run.context.company, version=version), present=lambda _: None)
