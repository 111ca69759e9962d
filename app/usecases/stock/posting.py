"""How stock moves and promises are stored: with what follows from them for who waits for stock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.domain.sales import OrderReserved
from app.domain.shared.ids import OrderId
from app.domain.stock import Holding, Level, Movement, serve
from app.usecases.ports.shared import Work


def post(work: Work, holdings: Iterable[Holding], movements: Sequence[Movement]) -> Sequence[Movement]:
    """Store ``movements`` with the held levels and costs, and tell of them; they come back with their ids.

    The only way for stock to move: what a movement makes available is reserved for back-orders in the same
    transaction. What the mover changes of orders must be stored before.
    """
    held = list(holdings)
    if not movements:
        return []
    raised = {(one.warehouse, one.product) for one in movements if one.quantity > 0}
    serve_waiting(work, [one.level for one in held if (one.level.warehouse, one.level.product) in raised])
    posted = work.stock.post(held, movements)
    for movement in posted:
        work.outbox.add(movement.moved())
    for holding in held:
        for short in holding.told:
            work.outbox.add(short)
    return posted


def release(work: Work, levels: Iterable[Level]) -> None:
    """Store locked levels of which something was given back, and promise it to who waits."""
    freed = list(levels)
    serve_waiting(work, freed)
    work.stock.save_levels(freed)


def serve_waiting(work: Work, levels: Iterable[Level]) -> None:
    """Reserve what is available of locked levels for back-orders by date of order; the levels are not saved here."""
    open_levels = {(one.warehouse, one.product): one for one in levels if one.available > 0}
    if not open_levels:
        return
    served = serve(open_levels, work.stock.waiting(open_levels.values()))
    if not served:
        return
    work.stock.promise(served)
    positions: dict[OrderId, list[int]] = {}
    for line in served:
        positions.setdefault(line.order, []).append(line.position)
    for order, at in positions.items():
        work.outbox.add(OrderReserved(id=order, positions=tuple(sorted(at))))
