"""What is done with categories."""

from __future__ import annotations

from app.domain.catalogue import Category, CategoryKind, Record
from app.domain.shared.rights import Right
from app.usecases.catalogue.records import ChangeRecord, CreateRecord, DeleteRecord, ReadRecord
from app.usecases.context import Context
from app.usecases.ports.listing import FieldKind, ListField, Listing, Sort
from app.usecases.ports.shared import Work
from app.usecases.shared import ListCase

CATEGORIES = Listing(
    name="categories",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="kind", kind=FieldKind.CHOICE, choices=tuple(CategoryKind)),
        ListField(name="name", kind=FieldKind.TEXT, sortable=True),
        ListField(name="parent_id", kind=FieldKind.ID, nullable=True),
    ),
    default_sort=(Sort(field="id"),),
)


class Growing:
    """Sees to it that categories of a kind stay a tree."""

    __slots__ = ()

    def fits(self, work: Work, context: Context, record: Record) -> None:
        """Pass only a category that fits in; who enters or moves two at once waits for each other."""
        if isinstance(record, Category):
            work.companies.lock(context.company)
            record.grows_on(work.pricing.categories())


class CreateCategory(Growing, CreateRecord):
    """Enter a category. Raises Taken, CategoryCycle, CategoryOfOtherKind."""

    __slots__ = ()


class ReadCategory(ReadRecord):
    """Show one category. Raises NotFound."""

    __slots__ = ()
    kind = Category


class ChangeCategory(Growing, ChangeRecord):
    """Change the fields sent of a category. Raises NotFound, Stale, Taken, CategoryCycle, CategoryOfOtherKind."""

    __slots__ = ()
    kind = Category


class DeleteCategory(DeleteRecord):
    """Delete a category that nothing refers to. Raises NotFound, Stale, InUse."""

    __slots__ = ()
    kind = Category


class ListCategories(ListCase):
    """List categories."""

    __slots__ = ()
    right = Right.PRODUCTS_READ
    listing = CATEGORIES
