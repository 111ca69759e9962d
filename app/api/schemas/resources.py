"""What definitions of workflows may use, on the wire."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from app.api.schemas.shared import Out
from app.domain.shared.rights import Right
from app.usecases.ports.resources import Resource


class ResourceOut(Out):
    """A use case that a task may name as its resource."""

    name: str = Field(description="The resource, as a task names it", examples=["tramita:orders.validate"])
    about: str = Field(description="What it does")
    right: Right = Field(description="What whoever it is done for must hold")
    input: dict[str, Any] = Field(description="JSON schema of what it takes")
    output: dict[str, Any] = Field(description="JSON schema of what it gives")


class ResourcesOut(Out):
    """The use cases that tasks may name, by name."""

    items: list[ResourceOut] = Field(description="Resources")

    @classmethod
    def of(cls, found: Sequence[Resource]) -> "ResourcesOut":
        """Show them."""
        return cls(
            items=[ResourceOut(**{name: getattr(one, name) for name in ResourceOut.model_fields}) for one in found]
        )
