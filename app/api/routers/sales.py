"""Orders of customers."""

from typing import Annotated

from fastapi import Response

from app.api.batch import batch
from app.api.listing import ListRun, provide_list
from app.api.provide import IfMatch, Run, provide
from app.api.route import gives, router
from app.api.schemas.sales import OrderChange, OrderIn, OrderOut
from app.api.schemas.shared import PathId
from app.domain.shared.ids import OrderId
from app.usecases.sales import (
    CancelOrder,
    ChangeOrder,
    CloseOrder,
    CreateOrder,
    DeleteOrder,
    ListOrders,
    ReadOrder,
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
