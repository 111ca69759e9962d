"""Categories on the wire."""

from pydantic import Field

from app.api.schemas.catalogue.records import given, shown
from app.api.schemas.shared import Change, Id, In, Out, Text
from app.domain.catalogue import Category, CategoryKind
from app.usecases.shared import Change as Changes


class CategoryIn(In):
    """A new category."""

    kind: CategoryKind = Field(description="What it sorts", examples=["product"])
    name: Text = Field(description="Name", examples=["Furniture"], min_length=1, max_length=100)
    parent_id: Id | None = Field(None, description="Id of the category above it; null: none", examples=[None])

    def to_domain(self) -> Category:
        """Give the category."""
        return Category(**given(self))


class CategoryChange(Change):
    """New values for some fields of a category."""

    name: Text = Field("", description="Name", examples=["Furniture"], min_length=1, max_length=100)
    parent_id: Id | None = Field(None, description="Id of the category above it; null: none", examples=[None])

    def to_domain(self, record_id: int, version: int) -> Changes:
        """Give the change to the category seen at ``version``."""
        return Changes(id=record_id, version=version, changes=self.sent())


class CategoryOut(Out):
    """A category."""

    id: int = Field(description="Id", examples=[4])
    kind: CategoryKind = Field(description="What it sorts", examples=["product"])
    name: str = Field(description="Name", examples=["Furniture"])
    parent_id: int | None = Field(description="Id of the category above it; null: none", examples=[None])
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, record: Category) -> "CategoryOut":
        """Show a category."""
        return cls.model_construct(**shown(record, cls.model_fields))
