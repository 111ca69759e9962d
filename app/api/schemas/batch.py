"""Batches on the wire: many objects of one kind in one request, and what became of each."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from pydantic import (
    BaseModel,
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    create_model,
)

from app.api.schemas.shared import In, Out, Problem


class BatchMode(StrEnum):
    """What one refused item means for the others."""

    ATOMIC = "atomic"
    EACH = "each"


class Item(NamedTuple):
    """One item as sent, and as read: None where ``errors`` say what is wrong with it, in pydantic's words."""

    sent: Any
    read: BaseModel | None
    errors: Sequence[Any] = ()


def _kept(sent: Any, read: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Item:  # noqa: ANN401 - any JSON value
    """Keep what is wrong with one item to itself where each item is on its own."""
    try:
        return Item(sent, read(sent))
    except ValidationError as error:
        if info.data.get("mode") is not BatchMode.EACH:
            raise
        return Item(sent, None, error.errors(include_url=False, include_input=False))


class BatchIn(In):
    """Many objects of one kind."""

    mode: BatchMode = Field(
        BatchMode.ATOMIC,
        description="atomic: all items or none; each: every item on its own, those refused are reported",
    )
    items: list[Any]


class BatchItemOut(Out):
    """What became of one item: ``body`` is what a single POST would have answered, ``problem`` why it was refused."""

    index: int = Field(description="Place among the items sent, from 0", examples=[0])
    status: int = Field(description="HTTP status that a single POST would have had", examples=[201])
    location: str | None = Field(description="Path of the object created", examples=["/api/v1/orders/12"])
    version: int | None = Field(description="Version of the object, for If-Match", examples=[1])
    replayed: bool = Field(description="Whether it was done under this Idempotency-Key before")
    problem: Problem | None = Field(description="Why it was refused; pointers start at the whole body")


class BatchOut(Out):
    """What became of a batch."""

    mode: BatchMode = Field(description="As sent")
    done: int = Field(description="How many items were carried out", examples=[100])
    refused: int = Field(description="How many were not; 0 in an atomic batch", examples=[0])


def batch_in(item: type[BaseModel]) -> type[BatchIn]:
    """Give the body of a batch of ``item``."""
    kept: Any = Annotated[item, WrapValidator(_kept)]
    return create_model(
        f"{_stem(item)}BatchIn",
        __base__=BatchIn,
        __doc__=f"Several at once of: {item.__doc__}",
        items=(list[kept], Field(min_length=1, description="Items, each as a single POST takes it")),
    )


def batch_out(shown: type[BaseModel]) -> type[BatchOut]:
    """Give the answer to a batch whose items are each shown as ``shown``."""
    nullable: Any = shown | None
    item = create_model(
        f"{_stem(shown)}BatchItemOut",
        __base__=BatchItemOut,
        __doc__=BatchItemOut.__doc__,
        body=(nullable, Field(description="What a single POST would have answered")),
    )
    entries: Any = list[item]
    return create_model(
        f"{_stem(shown)}BatchOut",
        __base__=BatchOut,
        __doc__=BatchOut.__doc__,
        items=(entries, Field(description="What became of each item, in the order sent")),
    )


def _stem(model: type[BaseModel]) -> str:
    return model.__name__.removesuffix("In").removesuffix("Out")
