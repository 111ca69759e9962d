"""Warehouses and the stock in them."""

from typing import Annotated

from fastapi import Response

from app.api.batch import batch
from app.api.listing import ListRun, provide_list
from app.api.provide import IfMatch, Run, provide
from app.api.route import gives, router
from app.api.schemas.shared import PathId
from app.api.schemas.stock import MovedOut, StockMoveIn, WarehouseChange, WarehouseIn, WarehouseOut
from app.domain.shared.ids import WarehouseId
from app.usecases.stock import (
    ChangeWarehouse,
    CreateWarehouse,
    ListLevels,
    ListMovements,
    ListWarehouses,
    MoveStock,
    ReadWarehouse,
)

routes = router("stock")


@routes.post("/warehouses", **gives(WarehouseOut, 201))
def create_warehouse(body: WarehouseIn, run: Annotated[Run, provide(CreateWarehouse)]) -> Response:
    """Enter a warehouse; the company's first one becomes its default."""
    return run(build=body.to_domain, present=WarehouseOut.of)


batch(routes, create_warehouse)


@routes.get("/warehouses")
def list_warehouses(run: Annotated[ListRun, provide_list(ListWarehouses)]) -> Response:
    """List warehouses."""
    return run()


@routes.get("/warehouses/{warehouse_id}", **gives(WarehouseOut))
def read_warehouse(warehouse_id: PathId, run: Annotated[Run, provide(ReadWarehouse)]) -> Response:
    """Show one warehouse."""
    return run(build=lambda: WarehouseId(warehouse_id), present=WarehouseOut.of)


@routes.patch("/warehouses/{warehouse_id}", **gives(WarehouseOut))
def change_warehouse(
    warehouse_id: PathId, version: IfMatch, body: WarehouseChange, run: Annotated[Run, provide(ChangeWarehouse)]
) -> Response:
    """Change the fields sent of a warehouse."""
    return run(build=lambda: body.to_domain(warehouse_id, version), present=WarehouseOut.of)


@routes.post("/stock-movements", **gives(MovedOut, 200))
def move_stock(body: StockMoveIn, run: Annotated[Run, provide(MoveStock)]) -> Response:
    """Receive, debit or count one product in one warehouse."""
    digits = run.context.settings.currency.digits
    return run(build=body.to_domain, present=lambda moved: MovedOut.of(moved, digits))


batch(routes, move_stock)


@routes.get("/stock-movements")
def list_stock_movements(run: Annotated[ListRun, provide_list(ListMovements)]) -> Response:
    """List the stock ledger, newest first."""
    return run()


@routes.get("/stock-levels")
def list_stock_levels(run: Annotated[ListRun, provide_list(ListLevels)]) -> Response:
    """List what is in stock, where."""
    return run()
