"""Third parties."""

from typing import Annotated

from fastapi import Response

from app.api.batch import batch
from app.api.listing import ListRun, provide_list
from app.api.provide import IfMatch, Run, provide
from app.api.route import gives, router
from app.api.schemas.parties import MergeIn, OutstandingOut, PartyChange, PartyIn, PartyOut, RepresentativesOut
from app.api.schemas.shared import PathId
from app.domain.shared.ids import PartyId
from app.usecases.parties import (
    ChangeParty,
    CreateParty,
    ListParties,
    ListRepresentatives,
    MergeParty,
    ReadOutstanding,
    ReadParty,
)

routes = router("third-parties")


@routes.post("/third-parties", **gives(PartyOut, 201))
def create_third_party(body: PartyIn, run: Annotated[Run, provide(CreateParty)]) -> Response:
    """Enter a customer, a supplier, or both."""
    return run(build=body.to_domain, present=PartyOut.of)


batch(routes, create_third_party)


@routes.get("/third-parties")
def list_third_parties(run: Annotated[ListRun, provide_list(ListParties)]) -> Response:
    """List third parties."""
    return run()


@routes.get("/third-parties/{party_id}", **gives(PartyOut))
def read_third_party(party_id: PathId, run: Annotated[Run, provide(ReadParty)]) -> Response:
    """Show one third party."""
    return run(build=lambda: PartyId(party_id), present=PartyOut.of)


@routes.patch("/third-parties/{party_id}", **gives(PartyOut))
def change_third_party(
    party_id: PathId, version: IfMatch, body: PartyChange, run: Annotated[Run, provide(ChangeParty)]
) -> Response:
    """Change the fields sent of a third party."""
    return run(build=lambda: body.to_domain(party_id, version), present=PartyOut.of)


@routes.get("/third-parties/{party_id}/representatives", **gives(RepresentativesOut))
def list_representatives(party_id: PathId, run: Annotated[Run, provide(ListRepresentatives)]) -> Response:
    """List the users who look after a third party; the first is who new documents name."""
    return run(build=lambda: PartyId(party_id), present=RepresentativesOut.of)


@routes.get("/third-parties/{party_id}/outstanding", **gives(OutstandingOut))
def read_outstanding(party_id: PathId, run: Annotated[Run, provide(ReadOutstanding)]) -> Response:
    """Show what a customer owes and how much more it may, in the company's currency."""
    return run(build=lambda: PartyId(party_id), present=OutstandingOut.of)


@routes.post("/third-parties/{party_id}/merge", **gives(PartyOut))
def merge_third_party(party_id: PathId, body: MergeIn, run: Annotated[Run, provide(MergeParty)]) -> Response:
    """Merge a third party into another, for ever, and show the other: documents and all that belongs to it follow."""
    return run(build=lambda: body.to_domain(party_id), present=PartyOut.of)
