"""Workflows on the wire: definitions, versions, aliases, findings."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final

import orjson
from fastapi import Path
from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import PydanticKnownError

from app.api.schemas.shared import LARGEST_COUNT, Change, Flag, In, Out, Text, Whole
from app.domain.processes import Alias, MachineId, MachineKind, Published, Route
from app.usecases.ports.workflows import Finding
from app.usecases.processes import Definition, Leading, Led, NewWorkflow, Shown
from app.usecases.shared import Change as Changes

LONGEST_NAME: Final = 80
_EXAMPLE: Final = {"StartAt": "Check", "States": {"Check": {"Type": "Pass", "End": True}}}
_LARGEST: Final = 1_048_576


def _object_or_text(value: object) -> object:
    # Of a union pydantic tells what is wrong with each part, at places that no client has sent.
    if not isinstance(value, (dict, str)):
        raise PydanticKnownError("dict_type")
    if isinstance(value, str) and len(value) > _LARGEST:
        raise PydanticKnownError("string_too_long", {"max_length": _LARGEST})
    return value


DefinitionIn = Annotated[
    Any,
    AfterValidator(_object_or_text),
    WithJsonSchema(
        {
            "anyOf": [{"type": "object", "additionalProperties": True}, {"type": "string", "maxLength": _LARGEST}],
            "description": "Amazon States Language: an object, or the text of one in JSON or YAML",
            "examples": [_EXAMPLE],
        }
    ),
]
DefinitionOut = Annotated[
    Any,
    WithJsonSchema({"type": "object", "additionalProperties": True, "description": "Amazon States Language"}),
]
Name = Annotated[Text, Field(min_length=1, max_length=LONGEST_NAME)]
AliasName = Annotated[
    str, Path(min_length=1, max_length=LONGEST_NAME, description="Name of the alias", examples=["live"])
]
VersionNumber = Annotated[int, Path(ge=1, le=LARGEST_COUNT, description="Number of the version", examples=[1])]


def text_of(definition: dict[str, Any] | str) -> str:
    """Give the text of a definition that came as an object or as a text."""
    return definition if isinstance(definition, str) else orjson.dumps(definition).decode()


class DefinitionToJudge(In):
    """A definition to be judged."""

    definition: DefinitionIn = Field(description="Amazon States Language, as an object or as text in JSON or YAML")
    kind: MachineKind = Field(MachineKind.STANDARD, description="How its executions would be kept")

    def to_domain(self) -> Definition:
        """Give the definition."""
        return Definition(text=text_of(self.definition), kind=self.kind)


class WorkflowIn(In):
    """A workflow to be."""

    name: Name = Field(description="Unique in the company; no blanks or wildcards", examples=["order-approval"])
    definition: DefinitionIn = Field(description="Amazon States Language, as an object or as text in JSON or YAML")
    kind: MachineKind = Field(MachineKind.STANDARD, description="How executions are kept; EXPRESS: for minutes")
    publish: Flag = Field(default=False, description="Whether to publish it as version 1 as well")
    description: Text = Field("", max_length=256, description="Of the version that is published")

    def to_domain(self) -> NewWorkflow:
        """Give the workflow."""
        return NewWorkflow(
            name=self.name,
            definition=Definition(text=text_of(self.definition), kind=self.kind),
            publish=self.publish,
            description=self.description,
        )


class WorkflowChange(Change):
    """What a workflow is to do from now on."""

    definition: DefinitionIn = Field({}, description="Amazon States Language, as an object or as text in JSON or YAML")

    def to_domain(self, workflow: int, version: int) -> Changes:
        """Give the change."""
        changes = {name: text_of(value) for name, value in self.sent().items()}
        return Changes(id=workflow, version=version, changes=changes)


class VersionIn(In):
    """A version to publish."""

    description: Text = Field("", max_length=256, description="What it is about", examples=["Second approval"])


class VersionOut(Out):
    """What a workflow did at one time, under a number; it never changes."""

    number: int = Field(description="Number, counted by workflow", examples=[1])
    revision: int = Field(description="The revision it stands for", examples=[12])
    description: str = Field(description="What it is about", examples=["Second approval"])
    created_at: datetime = Field(description="When it was published, UTC", examples=["2026-11-21T09:30:00Z"])

    @classmethod
    def of(cls, version: Published) -> "VersionOut":
        """Show a version."""
        return cls.model_construct(
            number=version.number,
            revision=version.revision,
            description=version.description,
            created_at=version.created_at,
        )


class PublishedOut(VersionOut):
    """A version that was just published."""

    id: int = Field(description="Its number again", examples=[1])

    @classmethod
    def of(cls, version: Published) -> "PublishedOut":
        """Show a version."""
        return cls.model_construct(id=version.number, **VersionOut.of(version).__dict__)


class VersionsOut(Out):
    """Versions, newest first."""

    items: list[VersionOut] = Field(description="The versions")

    @classmethod
    def of(cls, versions: Sequence[Published]) -> "VersionsOut":
        """Show versions."""
        return cls.model_construct(items=[VersionOut.of(version) for version in versions])


class RouteIn(In):
    """How many of a hundred starts go to a version."""

    version: Annotated[Whole, Field(ge=1, le=LARGEST_COUNT)] = Field(description="Number of the version", examples=[1])
    weight: Annotated[Whole, Field(ge=0, le=100)] = Field(description="Of a hundred starts", examples=[100])


class RouteOut(Out):
    """How many of a hundred starts go to a version."""

    version: int = Field(description="Number of the version", examples=[1])
    weight: int = Field(description="Of a hundred starts", examples=[100])


def _routes(routes: Sequence[Route]) -> list[RouteOut]:
    return [RouteOut.model_construct(version=route.version, weight=route.weight) for route in routes]


class AliasIn(In):
    """Where an alias is to lead."""

    routes: list[RouteIn] = Field(
        min_length=1, max_length=2, description="One version, or two that share the starts; weights make 100"
    )
    description: Text | None = Field(None, max_length=256, description="What it is for; left out: as it was")

    def to_domain(self, workflow: int, name: str, version: int) -> Leading:
        """Give where it is to lead."""
        routes = tuple(Route(version=route.version, weight=route.weight) for route in self.routes)
        return Leading(id=workflow, version=version, name=name, routes=routes, description=self.description)


class AliasShown(Out):
    """A name that stands for one or two versions of a workflow."""

    name: str = Field(description="Name", examples=["live"])
    description: str = Field(description="What it is for")
    routes: list[RouteOut] = Field(description="Where starts go")
    former: list[RouteOut] = Field(description="Where a rollback would send all of them; empty: nowhere")
    created_at: datetime = Field(description="When it was made, UTC", examples=["2026-11-21T09:30:00Z"])
    updated_at: datetime = Field(description="When it last changed, UTC", examples=["2026-11-21T09:30:00Z"])

    @classmethod
    def shown(cls, alias: Alias) -> dict[str, Any]:
        """Give the fields of an alias."""
        plain = {name: getattr(alias, name) for name in ("name", "description", "created_at", "updated_at")}
        return {**plain, "routes": _routes(alias.routes), "former": _routes(alias.former)}


class AliasOut(AliasShown):
    """An alias, with the version of its workflow."""

    version: int = Field(description="Of the workflow: it moves with each change of it or its aliases", examples=[3])

    @classmethod
    def of(cls, led: Led) -> "AliasOut":
        """Show an alias."""
        return cls.model_construct(version=led.machine.version, **cls.shown(led.alias))


class AliasesOut(Out):
    """Aliases by name."""

    items: list[AliasOut] = Field(description="The aliases")

    @classmethod
    def of(cls, aliases: Sequence[Led]) -> "AliasesOut":
        """Show aliases."""
        return cls.model_construct(items=[AliasOut.of(led) for led in aliases])


class WorkflowOut(Out):
    """A workflow, what it does now, and what leads where."""

    id: int = Field(description="Id", examples=[7])
    name: str = Field(description="Name", examples=["order-approval"])
    kind: MachineKind = Field(description="How executions are kept", examples=["STANDARD"])
    definition: DefinitionOut = Field(description="What it does now, in Amazon States Language")
    revision: int = Field(description="Counts with each change of the definition", examples=[12])
    versions: list[VersionOut] = Field(description="What was published, newest first")
    aliases: list[AliasShown] = Field(description="Names for versions")
    created_at: datetime = Field(description="When it was entered, UTC", examples=["2026-11-21T09:30:00Z"])
    updated_at: datetime = Field(description="When it last changed, UTC", examples=["2026-11-21T09:30:00Z"])
    version: int = Field(description="Moves with each change; send it as If-Match", examples=[1])

    @classmethod
    def of(cls, shown: Shown) -> "WorkflowOut":
        """Show a workflow."""
        machine = shown.machine
        return cls.model_construct(
            id=machine.id,
            name=machine.name,
            kind=machine.kind,
            definition=orjson.loads(shown.revision.definition),
            revision=machine.revision,
            versions=[VersionOut.of(version) for version in shown.versions],
            aliases=[AliasShown.model_construct(**AliasShown.shown(alias)) for alias in shown.aliases],
            created_at=machine.created_at,
            updated_at=machine.updated_at,
            version=machine.version,
        )


class FindingOut(Out):
    """What is wrong with a definition, or may be."""

    severity: str = Field(description="ERROR or WARNING", examples=["ERROR"])
    code: str = Field(description="Stable code", examples=["MISSING_TRANSITION_TARGET"])
    message: str = Field(description="What is wrong, in English", examples=["Missing 'Next' target: Pay"])
    pointer: str | None = Field(description="Where: a JSON pointer into the definition", examples=["/States/A/Next"])


class FindingsOut(Out):
    """What was found in a definition."""

    sound: bool = Field(description="Whether it could be entered: there is no finding of severity ERROR")
    findings: list[FindingOut] = Field(description="All that was found")

    @classmethod
    def of(cls, found: Sequence[Finding]) -> "FindingsOut":
        """Show findings."""
        findings = [
            FindingOut.model_construct(
                severity=one.severity, code=one.code, message=one.message, pointer=_pointer(one.location)
            )
            for one in found
        ]
        return cls.model_construct(sound=all(one.severity != "ERROR" for one in found), findings=findings)


def _pointer(location: str | None) -> str | None:
    """Give a location as a pointer: the whole is the empty one."""
    return "" if location == "/" else location


def part(workflow: int, name: str) -> tuple[MachineId, str]:
    """Give what names a thing that hangs on a workflow."""
    return MachineId(workflow), name
