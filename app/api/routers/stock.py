"""Warehouses and the stock in them."""

from typing import Annotated

from fastapi import Query, Response

from app.api.batch import batch
from app.api.listing import ListRun, provide_list
from app.api.provide import IfMatch, Run, provide
from app.api.reporting import Form, ReportFormat, ReportRun, provide_report
from app.api.route import gives, router
from app.api.schemas.shared import LARGEST_ID, Day, PathId
from app.api.schemas.stock import (
    CountsIn,
    CountsOut,
    InventoryIn,
    InventoryOut,
    LocationChange,
    LocationIn,
    LocationOut,
    LotChange,
    LotIn,
    LotOut,
    MovedOut,
    PlacementIn,
    StockMoveIn,
    StockRuleChange,
    StockRuleIn,
    StockRuleOut,
    TransferIn,
    TransferOut,
    WarehouseChange,
    WarehouseIn,
    WarehouseOut,
)
from app.domain.shared.ids import InventoryId, LocationId, LotId, StockRuleId, TransferId, WarehouseId
from app.usecases.shared import Versioned
from app.usecases.stock import (
    CancelInventory,
    ChangeLocation,
    ChangeLot,
    ChangeStockRule,
    ChangeWarehouse,
    CountInventory,
    CreateInventory,
    CreateLocation,
    CreateLot,
    CreateStockRule,
    CreateWarehouse,
    DeleteStockRule,
    ListCounts,
    ListInventories,
    ListLevels,
    ListLocations,
    ListLotLevels,
    ListLotMovements,
    ListLots,
    ListMovements,
    ListPlaces,
    ListSheets,
    ListShipmentLots,
    ListStockRules,
    ListTransfers,
    ListWarehouses,
    MoveStock,
    OpenInventory,
    PlaceProducts,
    PostInventory,
    ReadInventory,
    ReadLocation,
    ReadLot,
    ReadStockRule,
    ReadTransfer,
    ReadWarehouse,
    StockToOrder,
    StockValueReport,
    TraceLot,
    TransferStock,
    ValueRequest,
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


@routes.post("/stock-transfers", **gives(TransferOut, 201))
def transfer_stock(body: TransferIn, run: Annotated[Run, provide(TransferStock)]) -> Response:
    """Move goods from one warehouse to another at one value, all lines or none."""
    run.limit(body.lines)
    digits = run.context.settings.currency.digits
    return run(build=body.to_domain, present=lambda transfer: TransferOut.of(transfer, digits))


@routes.get("/stock-transfers")
def list_stock_transfers(run: Annotated[ListRun, provide_list(ListTransfers)]) -> Response:
    """List transfers, newest first."""
    return run()


@routes.get("/stock-transfers/{transfer_id}", **gives(TransferOut))
def read_stock_transfer(transfer_id: PathId, run: Annotated[Run, provide(ReadTransfer)]) -> Response:
    """Show one transfer."""
    digits = run.context.settings.currency.digits
    return run(build=lambda: TransferId(transfer_id), present=lambda transfer: TransferOut.of(transfer, digits))


# --- lots -----------------------------------------------------------------------------------------------------------


@routes.post("/lots", **gives(LotOut, 201))
def create_lot(body: LotIn, run: Annotated[Run, provide(CreateLot)]) -> Response:
    """Enter a lot before it comes; a receipt enters those it names by itself."""
    return run(build=body.to_domain, present=LotOut.of)


@routes.get("/lots")
def list_lots(run: Annotated[ListRun, provide_list(ListLots)]) -> Response:
    """List lots."""
    return run()


@routes.get("/lots/{lot_id}", **gives(LotOut))
def read_lot(lot_id: PathId, run: Annotated[Run, provide(ReadLot)]) -> Response:
    """Show one lot."""
    return run(build=lambda: LotId(lot_id), present=LotOut.of)


@routes.patch("/lots/{lot_id}", **gives(LotOut))
def change_lot(lot_id: PathId, version: IfMatch, body: LotChange, run: Annotated[Run, provide(ChangeLot)]) -> Response:
    """Change the fields sent of a lot; a blocked one leaves no more."""
    return run(build=lambda: body.to_domain(lot_id, version), present=LotOut.of)


@routes.get("/lots/{lot_id}/movements")
def trace_lot(lot_id: PathId, run: Annotated[ListRun, provide_list(TraceLot)]) -> Response:
    """List where a lot came from and where it went, with shipments and customers, oldest first."""
    return run.within(lot_id=lot_id)()


@routes.get("/shipments/{shipment_id}/lots")
def list_shipment_lots(shipment_id: PathId, run: Annotated[ListRun, provide_list(ListShipmentLots)]) -> Response:
    """List the lots that went with a shipment."""
    return run.within(shipment_id=shipment_id)()


@routes.get("/lot-levels")
def list_lot_levels(run: Annotated[ListRun, provide_list(ListLotLevels)]) -> Response:
    """List which lots are where."""
    return run()


@routes.get("/lot-movements")
def list_lot_movements(run: Annotated[ListRun, provide_list(ListLotMovements)]) -> Response:
    """List what movements did to lots, oldest first."""
    return run()


# --- places ---------------------------------------------------------------------------------------------------------


@routes.post("/warehouses/{warehouse_id}/locations", **gives(LocationOut, 201))
def create_location(warehouse_id: PathId, body: LocationIn, run: Annotated[Run, provide(CreateLocation)]) -> Response:
    """Enter a place inside a warehouse."""
    return run(build=lambda: body.to_domain(warehouse_id), present=LocationOut.of, location="/api/v1/locations/{id}")


@routes.get("/warehouses/{warehouse_id}/locations")
def list_locations(warehouse_id: PathId, run: Annotated[ListRun, provide_list(ListLocations)]) -> Response:
    """List the places inside a warehouse by code."""
    return run.within(warehouse_id=warehouse_id)()


@routes.get("/locations/{location_id}", **gives(LocationOut))
def read_location(location_id: PathId, run: Annotated[Run, provide(ReadLocation)]) -> Response:
    """Show one location."""
    return run(build=lambda: LocationId(location_id), present=LocationOut.of)


@routes.patch("/locations/{location_id}", **gives(LocationOut))
def change_location(
    location_id: PathId, version: IfMatch, body: LocationChange, run: Annotated[Run, provide(ChangeLocation)]
) -> Response:
    """Change the fields sent of a location."""
    return run(build=lambda: body.to_domain(location_id, version), present=LocationOut.of)


@routes.post("/locations/{location_id}/products", **gives(LocationOut, 200))
def place_products(location_id: PathId, body: PlacementIn, run: Annotated[Run, provide(PlaceProducts)]) -> Response:
    """Give products their place in a location, instead of where they had it in its warehouse."""
    run.limit(body.product_ids, "product_ids")
    return run(build=lambda: body.to_domain(location_id), present=LocationOut.of)


@routes.get("/stock-places")
def list_stock_places(run: Annotated[ListRun, provide_list(ListPlaces)]) -> Response:
    """List where products have their place."""
    return run()


# --- minimum stock --------------------------------------------------------------------------------------------------


@routes.post("/stock-rules", **gives(StockRuleOut, 201))
def create_stock_rule(body: StockRuleIn, run: Annotated[Run, provide(CreateStockRule)]) -> Response:
    """Say how much of a product is always to be in a warehouse."""
    return run(build=body.to_domain, present=StockRuleOut.of)


@routes.get("/stock-rules")
def list_stock_rules(run: Annotated[ListRun, provide_list(ListStockRules)]) -> Response:
    """List rules of minimum stock."""
    return run()


@routes.get("/stock-rules/{rule_id}", **gives(StockRuleOut))
def read_stock_rule(rule_id: PathId, run: Annotated[Run, provide(ReadStockRule)]) -> Response:
    """Show one rule."""
    return run(build=lambda: StockRuleId(rule_id), present=StockRuleOut.of)


@routes.patch("/stock-rules/{rule_id}", **gives(StockRuleOut))
def change_stock_rule(
    rule_id: PathId, version: IfMatch, body: StockRuleChange, run: Annotated[Run, provide(ChangeStockRule)]
) -> Response:
    """Change minimum or desired stock."""
    return run(build=lambda: body.to_domain(rule_id, version), present=StockRuleOut.of)


@routes.delete("/stock-rules/{rule_id}", **gives())
def delete_stock_rule(rule_id: PathId, version: IfMatch, run: Annotated[Run, provide(DeleteStockRule)]) -> Response:
    """Remove a rule."""
    return run(build=lambda: Versioned(id=rule_id, version=version), present=lambda _: None)


# --- inventories ----------------------------------------------------------------------------------------------------


@routes.post("/inventories", **gives(InventoryOut, 201))
def create_inventory(body: InventoryIn, run: Annotated[Run, provide(CreateInventory)]) -> Response:
    """Plan to count a warehouse, what is placed in one of its locations, or named products."""
    run.limit(body.product_ids, "product_ids")
    digits = run.context.settings.currency.digits
    return run(build=body.to_domain, present=lambda made: InventoryOut.of(made, digits))


@routes.get("/inventories")
def list_inventories(run: Annotated[ListRun, provide_list(ListInventories)]) -> Response:
    """List inventories, newest first."""
    return run()


@routes.get("/inventories/{inventory_id}", **gives(InventoryOut))
def read_inventory(inventory_id: PathId, run: Annotated[Run, provide(ReadInventory)]) -> Response:
    """Show one inventory."""
    digits = run.context.settings.currency.digits
    return run(build=lambda: InventoryId(inventory_id), present=lambda found: InventoryOut.of(found, digits))


@routes.post("/inventories/{inventory_id}/open", **gives(InventoryOut))
def open_inventory(inventory_id: PathId, run: Annotated[Run, provide(OpenInventory)]) -> Response:
    """Write down what ought to be there and begin to count."""
    digits = run.context.settings.currency.digits
    return run(build=lambda: InventoryId(inventory_id), present=lambda found: InventoryOut.of(found, digits))


@routes.post("/inventories/{inventory_id}/counts", **gives(CountsOut, 200))
def count_inventory(inventory_id: PathId, body: CountsIn, run: Annotated[Run, provide(CountInventory)]) -> Response:
    """Enter counts; the last count of a line stands, what nobody expected is added."""
    run.limit(body.lines)
    return run(build=lambda: body.to_domain(inventory_id), present=CountsOut.of)


@routes.post("/inventories/{inventory_id}/post", **gives(InventoryOut))
def post_inventory(inventory_id: PathId, run: Annotated[Run, provide(PostInventory)]) -> Response:
    """Make what was counted what is in stock."""
    digits = run.context.settings.currency.digits
    return run(build=lambda: InventoryId(inventory_id), present=lambda found: InventoryOut.of(found, digits))


@routes.post("/inventories/{inventory_id}/cancel", **gives(InventoryOut))
def cancel_inventory(inventory_id: PathId, run: Annotated[Run, provide(CancelInventory)]) -> Response:
    """Give an inventory up; nothing moves."""
    digits = run.context.settings.currency.digits
    return run(build=lambda: InventoryId(inventory_id), present=lambda found: InventoryOut.of(found, digits))


@routes.get("/inventory-lines")
def list_inventory_lines(run: Annotated[ListRun, provide_list(ListSheets)]) -> Response:
    """List count sheets; a blind one hides what is expected until it is posted."""
    return run()


@routes.get("/inventory-counts")
def list_inventory_counts(run: Annotated[ListRun, provide_list(ListCounts)]) -> Response:
    """List who counted what, and when."""
    return run()


# --- reports --------------------------------------------------------------------------------------------------------

On = Annotated[Day | None, Query(description="The day; left out: today")]
InPlace = Annotated[int | None, Query(ge=1, le=LARGEST_ID, description="Id of a warehouse; left out: all")]


@routes.get("/reports/stock-value")
def report_stock_value(
    run: Annotated[ReportRun, provide_report(StockValueReport)],
    on: On = None,
    warehouse_id: InPlace = None,
    form: Form = ReportFormat.JSON,
) -> Response:
    """Show what was in stock at the end of a day and what it was worth."""
    place = None if warehouse_id is None else WarehouseId(warehouse_id)
    return run.table(lambda: ValueRequest(on=on, warehouse_id=place), form)


@routes.get("/reports/stock-to-order")
def report_stock_to_order(
    run: Annotated[ReportRun, provide_report(StockToOrder)], form: Form = ReportFormat.JSON
) -> Response:
    """Show what is below its minimum and how much of it to order."""
    return run.table(lambda: None, form)
