"""Hash chains of numbered documents."""

from typing import Annotated

from fastapi import Query, Response

from app.api.provide import Run, provide
from app.api.route import gives, router
from app.api.schemas.chains import HeadsOut, VerificationOut
from app.domain.shared.series import SeriesKind
from app.usecases.chains import ListHeads, VerifyChains, Which

routes = router("chains")
Kind = Annotated[SeriesKind | None, Query(description="`invoice` or `payment`; left out: both")]
Period = Annotated[
    str | None,
    Query(max_length=10, pattern=r"^([0-9]{4}(-[0-9]{2})?)?$", description="As the mask resets; left out: all"),
]


@routes.get("/chains", **gives(HeadsOut))
def list_chain_heads(run: Annotated[Run, provide(ListHeads)]) -> Response:
    """Show where each series of numbers stands: the next number, and the last link of its hash chain."""
    return run(build=lambda: None, present=HeadsOut.of)


@routes.get("/chains/verification", **gives(VerificationOut))
def verify_chains(run: Annotated[Run, provide(VerifyChains)], kind: Kind = None, period: Period = None) -> Response:
    """Walk the hash chains of invoices and payments and tell every document that is not as it was sealed."""
    return run(build=lambda: Which(kind=kind, period=period), present=VerificationOut.of)
