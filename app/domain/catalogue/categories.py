"""Categories of products and of customers; each kind is a tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from app.domain.catalogue.records import Record, named
from app.domain.shared.errors import Conflict, Invalid, Taken, UnknownReference


class CategoryKind(StrEnum):
    """What a category sorts."""

    PRODUCT = "product"
    CUSTOMER = "customer"


class CategoryCycle(Conflict):
    """A category cannot stand below itself."""

    code = "catalogue.category_cycle"


class CategoryOfOtherKind(Invalid):
    """The category is of the other kind."""

    code = "catalogue.category_of_other_kind"


@dataclass(slots=True, kw_only=True)
class Category(Record):
    """A place in a tree; ``parent_id`` of None is at the top."""

    noun: ClassVar[str] = "category"
    kind: CategoryKind
    name: str
    parent_id: int | None = None

    def check(self) -> None:
        """Pass only one with a name. Raises Required."""
        named(self.name)

    def grows_on(self, all_: Mapping[int, Category]) -> None:
        """Pass only a parent of the same kind that is not below this, and a name that none beside this has.

        Raises UnknownReference, CategoryOfOtherKind, CategoryCycle, Taken.
        """
        self._check_above(all_)
        # No unique constraint sees two at the top: their parents are null, and nulls differ.
        place = (self.kind, self.parent_id, self.name)
        if any((one.kind, one.parent_id, one.name) == place and one.id != self.id for one in all_.values()):
            raise Taken(at=("name",), value=self.name)

    def _check_above(self, all_: Mapping[int, Category]) -> None:
        """Pass only parents, up to the top, that are of the same kind and do not lead back here."""
        above, seen = self.parent_id, {self.id}
        while above is not None:
            parent = all_.get(above)
            if parent is None:
                raise UnknownReference(at=("parent_id",), kind="category", value=above)
            if parent.kind is not self.kind:
                raise CategoryOfOtherKind(at=("parent_id",), value=above)
            if above in seen:
                raise CategoryCycle(at=("parent_id",), value=self.parent_id)
            seen.add(above)
            above = parent.parent_id


@dataclass(frozen=True, slots=True, kw_only=True)
class SortedProduct:
    """That a product stands in a category."""

    category_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SortedCustomer:
    """That a third party stands in a category."""

    category_id: int


def check_sorted(kind: CategoryKind, ids: tuple[int, ...], found: Mapping[int, Category]) -> None:
    """Pass only categories of that kind. Raises UnknownReference, CategoryOfOtherKind at their index."""
    for index, one in enumerate(ids):
        category = found.get(one)
        if category is None:
            raise UnknownReference(at=(index,), kind="category", value=one)
        if category.kind is not kind:
            raise CategoryOfOtherKind(at=(index,), value=one)
