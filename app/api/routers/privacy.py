"""Erasure of personal data."""

from typing import Annotated

from fastapi import Response

from app.api.provide import Run, provide
from app.api.route import gives, router
from app.api.schemas.parties import PartyOut
from app.api.schemas.shared import PathId
from app.domain.shared.ids import PartyId
from app.usecases.privacy import AnonymiseParty

routes = router("third-parties")


@routes.post("/third-parties/{party_id}/anonymise", **gives(PartyOut))
def anonymise_third_party(party_id: PathId, run: Annotated[Run, provide(AnonymiseParty)]) -> Response:
    """Empty a third party of personal data, for ever, and archive it; issued documents stay.

    409 while it has open documents: the answer names them.
    """
    return run(build=lambda: PartyId(party_id), present=PartyOut.of)
