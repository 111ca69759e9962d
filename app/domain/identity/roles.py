"""Roles: named sets of rights, and those that every company begins with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Final, cast

from app.domain.shared.errors import Conflict, Forbidden, Required
from app.domain.shared.events import Event
from app.domain.shared.ids import RoleId
from app.domain.shared.rights import ALL_RIGHTS, Right


class RoleFixed(Conflict):
    """The administrator's role holds every right, now and later: it is neither changed nor deleted."""

    code = "identity.role_fixed"


class RoleInUse(Conflict):
    """The role is held by users, from whom it must be taken first."""

    code = "identity.role_in_use"


class RightsBeyondOwn(Forbidden):
    """Nobody gives rights that they do not hold themselves."""

    code = "identity.rights_beyond_own"


class ReadyRole(StrEnum):
    """A role that every company begins with."""

    ADMINISTRATOR = "administrator"
    SALES = "sales"
    WAREHOUSE = "warehouse"
    ACCOUNTANT = "accountant"
    READER = "reader"


_BUSINESS_READS: Final = frozenset(
    {
        Right.THIRD_PARTIES_READ,
        Right.PRODUCTS_READ,
        Right.WAREHOUSES_READ,
        Right.STOCK_READ,
        Right.PROPOSALS_READ,
        Right.ORDERS_READ,
        Right.SHIPMENTS_READ,
        Right.RETURNS_READ,
        Right.INVOICES_READ,
        Right.PAYMENTS_READ,
        Right.BANK_ACCOUNTS_READ,
        Right.MAILS_READ,
        Right.REPORTS_READ,
        Right.CUSTOM_FIELDS_READ,
    }
)
READY_ROLES: Final[Mapping[ReadyRole, frozenset[Right]]] = MappingProxyType(
    {
        ReadyRole.ADMINISTRATOR: ALL_RIGHTS,
        ReadyRole.SALES: _BUSINESS_READS
        | {
            Right.THIRD_PARTIES_WRITE,
            Right.PROPOSALS_WRITE,
            Right.PROPOSALS_VALIDATE,
            Right.PROPOSALS_SIGN,
            Right.ORDERS_WRITE,
            Right.ORDERS_VALIDATE,
            Right.ORDERS_CANCEL,
            Right.SHIPMENTS_WRITE,
            Right.RETURNS_WRITE,
            Right.INVOICES_WRITE,
            Right.MAILS_SEND,
        },
        ReadyRole.WAREHOUSE: (
            _BUSINESS_READS
            - {
                Right.PROPOSALS_READ,
                Right.INVOICES_READ,
                Right.PAYMENTS_READ,
                Right.BANK_ACCOUNTS_READ,
                Right.MAILS_READ,
                Right.REPORTS_READ,
            }
        )
        | {
            Right.WAREHOUSES_WRITE,
            Right.STOCK_MOVE,
            Right.SHIPMENTS_WRITE,
            Right.SHIPMENTS_VALIDATE,
            Right.RETURNS_WRITE,
            Right.RETURNS_VALIDATE,
        },
        ReadyRole.ACCOUNTANT: _BUSINESS_READS
        | {
            Right.THIRD_PARTIES_WRITE,
            Right.THIRD_PARTIES_MERGE,
            Right.INVOICES_WRITE,
            Right.INVOICES_VALIDATE,
            Right.INVOICES_ABANDON,
            Right.PAYMENTS_WRITE,
            Right.PAYMENTS_OUT,
            Right.BANK_ACCOUNTS_WRITE,
            Right.MAILS_SEND,
            Right.SETTINGS_READ,
            Right.AUDIT_READ,
            Right.CHAINS_VERIFY,
        },
        ReadyRole.READER: _BUSINESS_READS,
    }
)
"""What each ready role holds in a new company; only the administrator's follows later versions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleCreated(Event):
    """A role was entered."""

    name: ClassVar[str] = "identity.role_created"
    aggregate: ClassVar[str] = "role"
    id: RoleId
    role: str
    rights: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChanged(Event):
    """Name or rights of a role were changed: ``old`` and ``new`` hold the values of ``fields``."""

    name: ClassVar[str] = "identity.role_changed"
    aggregate: ClassVar[str] = "role"
    id: RoleId
    fields: tuple[str, ...]
    old: dict[str, object]
    new: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleDeleted(Event):
    """A role that nobody held was deleted."""

    name: ClassVar[str] = "identity.role_deleted"
    aggregate: ClassVar[str] = "role"
    id: RoleId
    role: str
    rights: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Role:
    """A named set of rights within one company; ``ready`` tells which of the ready ones it is, if any.

    The administrator's rights are every right there is, whatever was given.
    """

    id: RoleId = RoleId(0)
    name: str
    rights: frozenset[Right]
    ready: ReadyRole | None = None
    version: int = 0

    def __post_init__(self) -> None:
        if self.ready is ReadyRole.ADMINISTRATOR:
            self.rights = ALL_RIGHTS
        self.check()

    def check(self) -> None:
        """Pass only a role with a name. Raises Required."""
        if not self.name.strip():
            raise Required(at=("name",))

    def created(self) -> RoleCreated:
        """Give the event of its entry, once it has an id."""
        return RoleCreated(id=self.id, role=self.name, rights=tuple(sorted(self.rights)))

    def change(self, changes: Mapping[str, object]) -> RoleChanged | None:
        """Set the named fields, ``name`` or ``rights``; None when nothing differs. Raises RoleFixed, Required."""
        self.free()
        before = self._facts()
        self.name = cast("str", changes.get("name", self.name))
        self.rights = cast("frozenset[Right]", changes.get("rights", self.rights))
        self.check()
        after = self._facts()
        fields = tuple(name for name, value in after.items() if before[name] != value)
        if not fields:
            return None
        old, new = {name: before[name] for name in fields}, {name: after[name] for name in fields}
        return RoleChanged(id=self.id, fields=fields, old=old, new=new)

    def delete(self, *, holders: int) -> RoleDeleted:
        """Give the event of its deletion; ``holders`` is how many users have it. Raises RoleFixed, RoleInUse."""
        self.free()
        if holders:
            raise RoleInUse(role_name=self.name, users=holders)
        return RoleDeleted(id=self.id, role=self.name, rights=tuple(sorted(self.rights)))

    def free(self) -> None:
        """Pass only a role that may be changed. Raises RoleFixed."""
        if self.ready is ReadyRole.ADMINISTRATOR:
            raise RoleFixed(role_name=self.name)

    def _facts(self) -> dict[str, object]:
        return {"name": self.name, "rights": sorted(self.rights)}


def ready_roles() -> list[Role]:
    """Give the roles of a new company, the administrator's first; they are called as in ``ReadyRole``."""
    return [Role(name=ready.value, rights=rights, ready=ready) for ready, rights in READY_ROLES.items()]
