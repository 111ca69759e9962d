"""Shipments of orders, who carries them, and what comes back."""

from typing import Annotated

from fastapi import Response

from app.api.listing import ListRun, provide_list
from app.api.provide import IfMatch, Run, provide
from app.api.route import gives, router
from app.api.schemas.shared import PathId
from app.api.schemas.shipping import (
    CarrierChange,
    CarrierIn,
    CarrierOut,
    ReturnIn,
    ReturnOut,
    ShipmentChange,
    ShipmentIn,
    ShipmentOut,
    ShipmentReturnIn,
)
from app.domain.shared.ids import CarrierId, ReturnId, ShipmentId
from app.usecases.shared import Versioned
from app.usecases.shipping import (
    CancelReturn,
    CancelShipment,
    ChangeCarrier,
    ChangeShipment,
    CloseReturn,
    CloseShipment,
    CreateCarrier,
    CreateReturn,
    CreateShipment,
    DeleteReturn,
    DeleteShipment,
    ListCarriers,
    ListReturns,
    ListShipments,
    ReadCarrier,
    ReadReturn,
    ReadShipment,
    ReturnShipment,
    ValidateReturn,
    ValidateShipment,
)

routes = router("shipments")
returns = router("returns")
carriers = router("carriers")


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


@routes.patch("/shipments/{shipment_id}", **gives(ShipmentOut))
def change_shipment(
    shipment_id: PathId, version: IfMatch, body: ShipmentChange, run: Annotated[Run, provide(ChangeShipment)]
) -> Response:
    """Change the fields sent of a draft; once validated only carrier, method and parcels."""
    run.limit(body.lines)
    return run(build=lambda: body.to_domain(shipment_id, version), present=ShipmentOut.of)


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


@routes.post("/shipments/{shipment_id}/cancel", **gives(ShipmentOut))
def cancel_shipment(shipment_id: PathId, run: Annotated[Run, provide(CancelShipment)]) -> Response:
    """Call off a shipment that has not arrived: its goods are put back, and are to be shipped again."""
    return run(build=lambda: ShipmentId(shipment_id), present=ShipmentOut.of)


@returns.post("/shipments/{shipment_id}/returns", **gives(ReturnOut, 201))
def return_shipment(
    shipment_id: PathId, body: ShipmentReturnIn, run: Annotated[Run, provide(ReturnShipment)]
) -> Response:
    """Enter what comes back of a shipment, or of part of it, as a draft."""
    run.limit(body.lines)
    return run(build=lambda: body.to_domain(shipment_id), present=ReturnOut.of, location="/api/v1/returns/{id}")


@returns.post("/returns", **gives(ReturnOut, 201))
def create_return(body: ReturnIn, run: Annotated[Run, provide(CreateReturn)]) -> Response:
    """Enter goods that a customer sends back, of no known shipment, as a draft."""
    run.limit(body.lines)
    return run(build=body.to_domain, present=ReturnOut.of)


@returns.get("/returns")
def list_returns(run: Annotated[ListRun, provide_list(ListReturns)]) -> Response:
    """List returns, newest first."""
    return run()


@returns.get("/returns/{return_id}", **gives(ReturnOut))
def read_return(return_id: PathId, run: Annotated[Run, provide(ReadReturn)]) -> Response:
    """Show one return."""
    return run(build=lambda: ReturnId(return_id), present=ReturnOut.of)


@returns.delete("/returns/{return_id}", **gives())
def delete_return(return_id: PathId, version: IfMatch, run: Annotated[Run, provide(DeleteReturn)]) -> Response:
    """Delete a draft."""
    return run(build=lambda: Versioned(id=return_id, version=version), present=lambda _: None)


@returns.post("/returns/{return_id}/validate", **gives(ReturnOut))
def validate_return(return_id: PathId, run: Annotated[Run, provide(ValidateReturn)]) -> Response:
    """Take the goods back: stock is credited, shipment and order count them as returned."""
    return run(build=lambda: ReturnId(return_id), present=ReturnOut.of)


@returns.post("/returns/{return_id}/close", **gives(ReturnOut))
def close_return(return_id: PathId, run: Annotated[Run, provide(CloseReturn)]) -> Response:
    """Call a return done."""
    return run(build=lambda: ReturnId(return_id), present=ReturnOut.of)


@returns.post("/returns/{return_id}/cancel", **gives(ReturnOut))
def cancel_return(return_id: PathId, run: Annotated[Run, provide(CancelReturn)]) -> Response:
    """Call a return off: what it had put into stock is taken out again."""
    return run(build=lambda: ReturnId(return_id), present=ReturnOut.of)


@carriers.post("/carriers", **gives(CarrierOut, 201))
def create_carrier(body: CarrierIn, run: Annotated[Run, provide(CreateCarrier)]) -> Response:
    """Enter a carrier."""
    return run(build=body.to_domain, present=CarrierOut.of)


@carriers.get("/carriers")
def list_carriers(run: Annotated[ListRun, provide_list(ListCarriers)]) -> Response:
    """List carriers."""
    return run()


@carriers.get("/carriers/{carrier_id}", **gives(CarrierOut))
def read_carrier(carrier_id: PathId, run: Annotated[Run, provide(ReadCarrier)]) -> Response:
    """Show one carrier."""
    return run(build=lambda: CarrierId(carrier_id), present=CarrierOut.of)


@carriers.patch("/carriers/{carrier_id}", **gives(CarrierOut))
def change_carrier(
    carrier_id: PathId, version: IfMatch, body: CarrierChange, run: Annotated[Run, provide(ChangeCarrier)]
) -> Response:
    """Change the fields sent of a carrier."""
    return run(build=lambda: body.to_domain(carrier_id, version), present=CarrierOut.of)
