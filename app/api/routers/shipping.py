"""Shipments of orders."""

from typing import Annotated

from fastapi import Response

from app.api.listing import ListRun, provide_list
from app.api.provide import IfMatch, Run, provide
from app.api.route import gives, router
from app.api.schemas.shared import PathId
from app.api.schemas.shipping import ShipmentIn, ShipmentOut
from app.domain.shared.ids import ShipmentId
from app.usecases.shared import Versioned
from app.usecases.shipping import (
    CloseShipment,
    CreateShipment,
    DeleteShipment,
    ListShipments,
    ReadShipment,
    ValidateShipment,
)

routes = router("shipments")


@routes.post("/orders/{order_id}/shipments", **gives(ShipmentOut, 201))
def create_shipment(order_id: PathId, body: ShipmentIn, run: Annotated[Run, provide(CreateShipment)]) -> Response:
    """Enter a shipment of an order, or of part of it, as a draft."""
    run.limit(body.lines)
    return run(build=lambda: body.to_domain(order_id), present=ShipmentOut.of, location="/api/v1/shipments/{id}")


@routes.get("/shipments")
def list_shipments(run: Annotated[ListRun, provide_list(ListShipments)]) -> Response:
    """List shipments, newest first."""
    return run()


@routes.get("/shipments/{shipment_id}", **gives(ShipmentOut))
def read_shipment(shipment_id: PathId, run: Annotated[Run, provide(ReadShipment)]) -> Response:
    """Show one shipment."""
    return run(build=lambda: ShipmentId(shipment_id), present=ShipmentOut.of)


@routes.delete("/shipments/{shipment_id}", **gives())
def delete_shipment(shipment_id: PathId, version: IfMatch, run: Annotated[Run, provide(DeleteShipment)]) -> Response:
    """Delete a draft."""
    return run(build=lambda: Versioned(id=shipment_id, version=version), present=lambda _: None)


@routes.post("/shipments/{shipment_id}/validate", **gives(ShipmentOut))
def validate_shipment(shipment_id: PathId, run: Annotated[Run, provide(ValidateShipment)]) -> Response:
    """Let the goods go: stock is debited, the order counts them as shipped."""
    return run(build=lambda: ShipmentId(shipment_id), present=ShipmentOut.of)


@routes.post("/shipments/{shipment_id}/close", **gives(ShipmentOut))
def close_shipment(shipment_id: PathId, run: Annotated[Run, provide(CloseShipment)]) -> Response:
    """Note that a shipment arrived; after the last one the order is delivered."""
    return run(build=lambda: ShipmentId(shipment_id), present=ShipmentOut.of)
