"""Warehouses: places where stock is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.shared.errors import Conflict, Invalid, Required
from app.domain.shared.ids import WarehouseId


class WarehouseArchived(Conflict):
    """The warehouse is archived and takes no movements."""

    code = "stock.warehouse_archived"


class NoWarehouse(Invalid):
    """No warehouse was named and the company has no default one."""

    code = "stock.no_warehouse"


@dataclass(slots=True, kw_only=True)
class Warehouse:
    """A place where stock is kept. ``allow_negative`` lets more leave than is there."""

    id: WarehouseId = WarehouseId(0)
    ref: str
    name: str
    allow_negative: bool = False
    archived: bool = False
    custom: Mapping[str, object] = field(default_factory=dict)
    version: int = 0

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Pass only a sound warehouse. Raises Required."""
        for name in ("ref", "name"):
            if not getattr(self, name).strip():
                raise Required(at=(name,))

    def change(self, changes: Mapping[str, object]) -> bool:
        """Set the named fields; say whether anything differs. Raises as ``check`` does."""
        changed = [name for name, value in changes.items() if getattr(self, name) != value]
        for name in changed:
            setattr(self, name, changes[name])
        self.check()
        return bool(changed)

    def serves(self) -> None:
        """Pass only a warehouse in use. Raises WarehouseArchived."""
        if self.archived:
            raise WarehouseArchived(at=("warehouse_id",), warehouse=self.id)
