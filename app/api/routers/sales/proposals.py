"""Proposals to customers."""

from typing import Annotated

from fastapi import Response

from app.api.batch import batch
from app.api.listing import ListRun, provide_list
from app.api.provide import IfMatch, Run, provide
from app.api.route import gives, router
from app.api.schemas.billing import InvoiceOut, ProposalInvoiceIn
from app.api.schemas.sales import (
    OrderOut,
    ProposalChange,
    ProposalCopyIn,
    ProposalIn,
    ProposalOrderIn,
    ProposalOut,
    RefusalIn,
    ReopeningIn,
    SignatureIn,
)
from app.api.schemas.shared import PathId
from app.domain.shared.ids import ProposalId
from app.usecases.billing import InvoiceProposal
from app.usecases.sales import (
    BillProposal,
    CancelProposal,
    ChangeProposal,
    CopyProposal,
    CreateProposal,
    DeleteProposal,
    ExpireProposal,
    ListProposals,
    OrderProposal,
    ReadProposal,
    RefuseProposal,
    ReopenProposal,
    ReviseProposal,
    SignProposal,
    ValidateProposal,
)
from app.usecases.shared import Versioned

routes = router("proposals")
NEW = "/api/v1/proposals/{id}"


@routes.post("/proposals", **gives(ProposalOut, 201))
def create_proposal(body: ProposalIn, run: Annotated[Run, provide(CreateProposal)]) -> Response:
    """Enter a proposal with all its lines, as a draft."""
    run.limit(body.lines)
    return run(build=body.to_domain, present=ProposalOut.of)


batch(routes, create_proposal)


@routes.get("/proposals")
def list_proposals(run: Annotated[ListRun, provide_list(ListProposals)]) -> Response:
    """List proposals, newest first."""
    return run()


@routes.get("/proposals/{proposal_id}", **gives(ProposalOut))
def read_proposal(proposal_id: PathId, run: Annotated[Run, provide(ReadProposal)]) -> Response:
    """Show one proposal."""
    return run(build=lambda: ProposalId(proposal_id), present=ProposalOut.of)


@routes.patch("/proposals/{proposal_id}", **gives(ProposalOut))
def change_proposal(
    proposal_id: PathId, version: IfMatch, body: ProposalChange, run: Annotated[Run, provide(ChangeProposal)]
) -> Response:
    """Change the fields sent of a draft."""
    run.limit(body.lines)
    return run(build=lambda: body.to_domain(proposal_id, version), present=ProposalOut.of)


@routes.delete("/proposals/{proposal_id}", **gives())
def delete_proposal(proposal_id: PathId, version: IfMatch, run: Annotated[Run, provide(DeleteProposal)]) -> Response:
    """Delete a draft."""
    return run(build=lambda: Versioned(id=proposal_id, version=version), present=lambda _: None)


@routes.post("/proposals/{proposal_id}/validate", **gives(ProposalOut))
def validate_proposal(proposal_id: PathId, run: Annotated[Run, provide(ValidateProposal)]) -> Response:
    """Make the offer: the draft gets its number."""
    return run(build=lambda: ProposalId(proposal_id), present=ProposalOut.of)


@routes.post("/proposals/{proposal_id}/sign", **gives(ProposalOut))
def sign_proposal(proposal_id: PathId, body: SignatureIn, run: Annotated[Run, provide(SignProposal)]) -> Response:
    """Note that the customer accepted, and which options were chosen."""
    return run(build=lambda: body.to_domain(proposal_id), present=ProposalOut.of)


@routes.post("/proposals/{proposal_id}/refuse", **gives(ProposalOut))
def refuse_proposal(proposal_id: PathId, body: RefusalIn, run: Annotated[Run, provide(RefuseProposal)]) -> Response:
    """Note that the customer declined, and why."""
    return run(build=lambda: body.to_domain(proposal_id), present=ProposalOut.of)


@routes.post("/proposals/{proposal_id}/expire", **gives(ProposalOut))
def expire_proposal(proposal_id: PathId, run: Annotated[Run, provide(ExpireProposal)]) -> Response:
    """Close an offer whose last day is past, before the daily round does."""
    return run(build=lambda: ProposalId(proposal_id), present=ProposalOut.of)


@routes.post("/proposals/{proposal_id}/reopen", **gives(ProposalOut))
def reopen_proposal(proposal_id: PathId, body: ReopeningIn, run: Annotated[Run, provide(ReopenProposal)]) -> Response:
    """Let a refused, expired or signed offer stand again, unless something was made from it."""
    return run(build=lambda: body.to_domain(proposal_id), present=ProposalOut.of)


@routes.post("/proposals/{proposal_id}/cancel", **gives(ProposalOut))
def cancel_proposal(proposal_id: PathId, run: Annotated[Run, provide(CancelProposal)]) -> Response:
    """Withdraw an offer from which nothing was made."""
    return run(build=lambda: ProposalId(proposal_id), present=ProposalOut.of)


@routes.post("/proposals/{proposal_id}/bill", **gives(ProposalOut))
def bill_proposal(proposal_id: PathId, run: Annotated[Run, provide(BillProposal)]) -> Response:
    """Call a signed proposal invoiced."""
    return run(build=lambda: ProposalId(proposal_id), present=ProposalOut.of)


@routes.post("/proposals/{proposal_id}/revise", **gives(ProposalOut, 201))
def revise_proposal(proposal_id: PathId, run: Annotated[Run, provide(ReviseProposal)]) -> Response:
    """Enter a later version of an offer, as a draft; once validated it replaces the former."""
    return run(build=lambda: ProposalId(proposal_id), present=ProposalOut.of, location=NEW)


@routes.post("/proposals/{proposal_id}/copy", **gives(ProposalOut, 201))
def copy_proposal(proposal_id: PathId, body: ProposalCopyIn, run: Annotated[Run, provide(CopyProposal)]) -> Response:
    """Enter a new proposal with the lines of another, as a draft dated today."""
    return run(build=lambda: body.to_domain(proposal_id), present=ProposalOut.of, location=NEW)


@routes.post("/proposals/{proposal_id}/orders", **gives(OrderOut, 201))
def order_proposal(proposal_id: PathId, body: ProposalOrderIn, run: Annotated[Run, provide(OrderProposal)]) -> Response:
    """Enter an order of all that was signed, as a draft."""
    return run(build=lambda: body.to_domain(proposal_id), present=OrderOut.of, location="/api/v1/orders/{id}")


@routes.post("/proposals/{proposal_id}/invoices", **gives(InvoiceOut, 201))
def invoice_proposal(
    proposal_id: PathId, body: ProposalInvoiceIn, run: Annotated[Run, provide(InvoiceProposal)]
) -> Response:
    """Enter an invoice of all that was signed, as a draft, where there is no order in between."""
    return run(build=lambda: body.to_domain(proposal_id), present=InvoiceOut.of, location="/api/v1/invoices/{id}")
