"""Orders of customers."""

from typing import Annotated

from fastapi import Query, Response

from app.api.batch import batch
from app.api.listing import ListRun, provide_list
from app.api.provide import IfMatch, Run, provide
from app.api.route import gives, router
from app.api.schemas.sales import MOST_REVISIONS, AmendIn, CloseShortIn, OrderChange, OrderIn, OrderOut, RevisionsOut
from app.api.schemas.shared import PathId
from app.domain.shared.ids import OrderId
from app.usecases.sales import (
    AmendOrder,
    BillOrder,
    CancelOrder,
    ChangeOrder,
    CloseOrder,
    CloseOrderShort,
    CreateOrder,
    DeleteOrder,
    ListOrderRevisions,
    ListOrders,
    ReadOrder,
    RedraftOrder,
    ReopenOrder,
    RevisionsQuery,
    UnbillOrder,
    ValidateOrder,
)
from app.usecases.shared import Versioned

routes = router("orders")


@routes.post("/orders", **gives(OrderOut, 201))
def create_order(body: OrderIn, run: Annotated[Run, provide(CreateOrder)]) -> Response:
    """Enter an order with all its lines, as a draft."""
    run.limit(body.lines)
    return run(build=body.to_domain, present=OrderOut.of)


batch(routes, create_order)


@routes.get("/orders")
def list_orders(run: Annotated[ListRun, provide_list(ListOrders)]) -> Response:
    """List orders, newest first."""
    return run()


@routes.get("/orders/{order_id}", **gives(OrderOut))
def read_order(order_id: PathId, run: Annotated[Run, provide(ReadOrder)]) -> Response:
    """Show one order."""
    return run(build=lambda: OrderId(order_id), present=OrderOut.of)


@routes.patch("/orders/{order_id}", **gives(OrderOut))
def change_order(
    order_id: PathId, version: IfMatch, body: OrderChange, run: Annotated[Run, provide(ChangeOrder)]
) -> Response:
    """Change the fields sent of a draft."""
    run.limit(body.lines)
    return run(build=lambda: body.to_domain(order_id, version), present=OrderOut.of)


@routes.delete("/orders/{order_id}", **gives())
def delete_order(order_id: PathId, version: IfMatch, run: Annotated[Run, provide(DeleteOrder)]) -> Response:
    """Delete a draft."""
    return run(build=lambda: Versioned(id=order_id, version=version), present=lambda _: None)


@routes.post("/orders/{order_id}/validate", **gives(OrderOut))
def validate_order(order_id: PathId, run: Annotated[Run, provide(ValidateOrder)]) -> Response:
    """Make a draft binding; it gets its number."""
    return run(build=lambda: OrderId(order_id), present=OrderOut.of)


@routes.post("/orders/{order_id}/cancel", **gives(OrderOut))
def cancel_order(order_id: PathId, run: Annotated[Run, provide(CancelOrder)]) -> Response:
    """Call off an order of which nothing was shipped or invoiced."""
    return run(build=lambda: OrderId(order_id), present=OrderOut.of)


@routes.post("/orders/{order_id}/close", **gives(OrderOut))
def close_order(order_id: PathId, run: Annotated[Run, provide(CloseOrder)]) -> Response:
    """Call an order delivered when no goods are left to ship."""
    return run(build=lambda: OrderId(order_id), present=OrderOut.of)


@routes.post("/orders/{order_id}/close-short", **gives(OrderOut))
def close_order_short(order_id: PathId, body: CloseShortIn, run: Annotated[Run, provide(CloseOrderShort)]) -> Response:
    """Call an order delivered though goods are left to ship; what was reserved for it is free again."""
    return run(build=lambda: body.to_domain(order_id), present=OrderOut.of)


@routes.post("/orders/{order_id}/reopen", **gives(OrderOut))
def reopen_order(order_id: PathId, run: Annotated[Run, provide(ReopenOrder)]) -> Response:
    """Put a closed order, or a canceled one with a number, in force again."""
    return run(build=lambda: OrderId(order_id), present=OrderOut.of)


@routes.post("/orders/{order_id}/redraft", **gives(OrderOut))
def redraft_order(order_id: PathId, run: Annotated[Run, provide(RedraftOrder)]) -> Response:
    """Make an order a draft again, as long as there is no shipment or invoice of it; it keeps its number."""
    return run(build=lambda: OrderId(order_id), present=OrderOut.of)


@routes.post("/orders/{order_id}/bill", **gives(OrderOut))
def bill_order(order_id: PathId, run: Annotated[Run, provide(BillOrder)]) -> Response:
    """Count an order as wholly invoiced, whatever was."""
    return run(build=lambda: OrderId(order_id), present=OrderOut.of)


@routes.post("/orders/{order_id}/unbill", **gives(OrderOut))
def unbill_order(order_id: PathId, run: Annotated[Run, provide(UnbillOrder)]) -> Response:
    """Count an order as not wholly invoiced."""
    return run(build=lambda: OrderId(order_id), present=OrderOut.of)


@routes.post("/orders/{order_id}/amend", **gives(OrderOut))
def amend_order(
    order_id: PathId, version: IfMatch, body: AmendIn, run: Annotated[Run, provide(AmendOrder)]
) -> Response:
    """Change a binding order; what it was is kept as a revision."""
    run.limit(body.lines)
    return run(build=lambda: body.to_domain(order_id, version), present=OrderOut.of)


@routes.get("/orders/{order_id}/revisions", **gives(RevisionsOut))
def list_order_revisions(
    order_id: PathId,
    run: Annotated[Run, provide(ListOrderRevisions)],
    limit: Annotated[int, Query(ge=1, le=MOST_REVISIONS, description="How many at most")] = 20,
    after: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="The `next` of the page before")] = None,
) -> Response:
    """List what an order was before each of its amendments, newest first."""
    asked = RevisionsQuery(order_id=OrderId(order_id), before=after, limit=limit)
    return run(build=lambda: asked, present=lambda found: RevisionsOut.of_page(found, limit))
