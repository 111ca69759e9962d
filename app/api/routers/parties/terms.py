"""Payment terms."""

from typing import Annotated

from fastapi import Response

from app.api.listing import ListRun, provide_list
from app.api.provide import IfMatch, Run, provide
from app.api.route import gives, router
from app.api.schemas.parties import TermsChange, TermsIn, TermsOut
from app.api.schemas.shared import PathId
from app.domain.shared.ids import PaymentTermsId
from app.usecases.parties import ChangeTerms, CreateTerms, ListTerms, ReadTerms

routes = router("payment-terms")


@routes.post("/payment-terms", **gives(TermsOut, 201))
def create_payment_terms(body: TermsIn, run: Annotated[Run, provide(CreateTerms)]) -> Response:
    """Enter payment terms; their instalments never change."""
    return run(build=body.to_domain, present=TermsOut.of)


@routes.get("/payment-terms")
def list_payment_terms(run: Annotated[ListRun, provide_list(ListTerms)]) -> Response:
    """List payment terms."""
    return run()


@routes.get("/payment-terms/{terms_id}", **gives(TermsOut))
def read_payment_terms(terms_id: PathId, run: Annotated[Run, provide(ReadTerms)]) -> Response:
    """Show payment terms."""
    return run(build=lambda: PaymentTermsId(terms_id), present=TermsOut.of)


@routes.patch("/payment-terms/{terms_id}", **gives(TermsOut))
def change_payment_terms(
    terms_id: PathId, version: IfMatch, body: TermsChange, run: Annotated[Run, provide(ChangeTerms)]
) -> Response:
    """Rename payment terms, archive them, or take them into use again."""
    return run(build=lambda: body.to_domain(terms_id, version), present=TermsOut.of)
