"""Actions on state machines, their versions and aliases, and tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.api.aws.arns import Place
from app.api.aws.call import Answer, Call, cut, seconds
from app.api.aws.errors import AwsError, invalid
from app.domain.processes import Alias, Machine, MachineKind, Missing, Published, Route
from app.usecases import processes
from app.usecases.processes import MachineRef, Page, Seen, Tagged

REUSE_SECONDS: Final = 300


def logging_of(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Give a logging configuration with its defaults. Raises AwsError."""
    chosen = {**processes.NO_LOGGING, **(given or {})}
    destinations = chosen.get("destinations")
    if (destinations and len(destinations) > 1) or (chosen["level"] != "OFF" and not destinations):
        reason = "Invalid Logging Configuration: Must specify exactly one Log Destination."
        raise AwsError("InvalidLoggingConfiguration", reason)
    return chosen


def encryption_of(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Give an encryption configuration with its defaults: shown back, as what is stored is the database's matter."""
    chosen = dict(given or processes.OWNED_KEY)
    owned = chosen["type"] == processes.OWNED_KEY["type"]
    if owned == bool({"kmsKeyId"} & chosen.keys()) or (owned and len(chosen) > 1):
        told = ("must name a key", "must not name a key")[owned]
        reason = f"Invalid Encryption Configuration: a configuration of type {chosen['type']} {told}"
        raise AwsError("InvalidEncryptionConfiguration", reason)
    return chosen if owned else {"kmsDataKeyReusePeriodSeconds": REUSE_SECONDS, **chosen}


def tags_of(call: Call) -> dict[str, str]:
    """Give the tags of a request."""
    return {tag.get("key", ""): tag.get("value", "") for tag in call.given.get("tags", ())}


def create(call: Call) -> Answer:
    """CreateStateMachine."""
    given = call.given
    new = processes.NewMachine(
        name=given["name"],
        definition=given["definition"],
        role=given["roleArn"],
        region=call.place.region,
        kind=MachineKind(given.get("type", MachineKind.STANDARD)),
        logging=logging_of(given.get("loggingConfiguration")),
        tracing={**processes.NO_TRACING, **given.get("tracingConfiguration", {})},
        encryption=encryption_of(given.get("encryptionConfiguration")),
        tags=tags_of(call),
        publish=given.get("publish", False),
        description=given.get("versionDescription", ""),
    )
    seen = call.run(processes.CreateMachine(call.container.clock, call.container.language), new)
    arn = call.place.machine(seen.machine.name)
    return {
        "stateMachineArn": arn,
        "creationDate": seconds(seen.machine.created_at),
        **_version_arn(call.place, seen),
    }


def update(call: Call) -> Answer:
    """UpdateStateMachine."""
    given, container = call.given, call.container
    logging, tracing = given.get("loggingConfiguration"), given.get("tracingConfiguration")
    encryption = given.get("encryptionConfiguration")
    change = processes.MachineChange(
        name=_plain(call),
        region=call.place.region,
        definition=given.get("definition"),
        role=given.get("roleArn"),
        logging=None if logging is None else logging_of(logging),
        tracing=None if tracing is None else {**processes.NO_TRACING, **tracing},
        encryption=None if encryption is None else encryption_of(encryption),
        publish=given.get("publish", False),
        description=given.get("versionDescription", ""),
    )
    seen = call.run(processes.UpdateMachine(container.clock, container.language, container.request_ids), change)
    return {
        "updateDate": seconds(seen.machine.updated_at),
        **_revision_id(seen),
        **_version_arn(call.place, seen),
    }


def describe(call: Call) -> Answer:
    """DescribeStateMachine."""
    name, qualifier = call.place.of_machine(call.given["stateMachineArn"])
    seen = call.run(processes.ReadMachine(call.container.language), MachineRef(name=name, qualifier=qualifier))
    version = seen.version
    made = seen.machine.created_at if version is None else version.created_at
    described = {} if version is None or not version.description else {"description": version.description}
    return {
        "stateMachineArn": call.place.machine(name, qualifier),
        "status": "ACTIVE",
        "type": seen.machine.kind,
        "creationDate": seconds(made),
        **_shown(call, seen),
        **described,
    }


def describe_for_execution(call: Call) -> Answer:
    """DescribeStateMachineForExecution."""
    machine, name = call.place.of_execution(call.given["executionArn"])
    wanted = processes.OfMachine(machine=machine, name=name)
    execution = call.run(processes.ReadExecution(call.container.executions), wanted)
    seen = call.run(processes.ReadMachineOfExecution(call.container.language), execution)
    of_map = {"label": seen.label, "mapRunArn": call.place.map_run(machine, execution.map_run)} if seen.label else {}
    return {
        "stateMachineArn": call.place.machine(machine),
        "updateDate": seconds(seen.revision.created_at),
        **_shown(call, seen),
        **of_map,
    }


def _shown(call: Call, seen: Seen) -> Answer:
    """Show a revision; of metadata alone the definition is no part."""
    whole = call.given.get("includedData") != "METADATA_ONLY"
    revision = seen.revision
    references = {"variableReferences": seen.references} if whole and seen.references else {}
    return {
        "name": seen.machine.name,
        "definition": revision.definition if whole else "",
        "roleArn": revision.role,
        "loggingConfiguration": revision.logging,
        "tracingConfiguration": revision.tracing,
        "encryptionConfiguration": revision.encryption,
        **_revision_id(seen),
        **references,
    }


def list_(call: Call) -> Answer:
    """ListStateMachines."""
    page = Page(after=call.beyond(), limit=call.limit + 1)
    found, more = cut(call.run(processes.ListMachines(), page), call.limit)

    def show(machine: Machine) -> Answer:
        return {
            "stateMachineArn": call.place.machine(machine.name),
            "name": machine.name,
            "type": machine.kind,
            "creationDate": seconds(machine.created_at),
        }

    return call.page("stateMachines", [show(one) for one in found], found[-1].name if more else None)


def delete(call: Call) -> Answer:
    """DeleteStateMachine; what of it runs is stopped."""
    call.run(processes.DeleteMachine(call.container.executions), _plain(call))
    return {}


def validate(call: Call) -> Answer:
    """ValidateStateMachineDefinition."""
    kind = MachineKind(call.given.get("type", MachineKind.STANDARD))
    found = call.run(processes.ValidateDefinition(call.container.language), (call.given["definition"], kind))
    failed = any(one.severity == "ERROR" for one in found)
    wanted = {"ERROR", call.given.get("severity", "ERROR")}
    told = [one for one in found if one.severity in wanted]

    def show(one: Any) -> Answer:
        where = {} if one.location is None else {"location": one.location}
        return {"severity": one.severity, "code": one.code, "message": one.message, **where}

    shown = [show(one) for one in told[: call.limit]]
    return {"result": "FAIL" if failed else "OK", "diagnostics": shown, "truncated": len(told) > call.limit}


# --- versions -----------------------------------------------------------------------------------------------------


def publish(call: Call) -> Answer:
    """PublishStateMachineVersion."""
    name, given = _plain(call), call.given
    wanted = processes.Publish(name=name, token=given.get("revisionId"), description=given.get("description", ""))
    version = call.run(processes.PublishVersion(call.container.clock, call.container.language), wanted)
    arn = call.place.machine(name, version.number)
    return {"creationDate": seconds(version.created_at), "stateMachineVersionArn": arn}


def list_versions(call: Call) -> Answer:
    """ListStateMachineVersions."""
    name = _plain(call)
    try:
        versions = call.run(processes.ListVersions(), name)
    except Missing as missing:
        # This action alone has no word of its own for a machine that is not there.
        raise AwsError("InvalidArn", f"Invalid Arn: '{call.given['stateMachineArn']}'") from missing

    def show(version: Published) -> Answer:
        arn = call.place.machine(name, version.number)
        return {"stateMachineVersionArn": arn, "creationDate": seconds(version.created_at)}

    return call.part("stateMachineVersions", versions, show)


def delete_version(call: Call) -> Answer:
    """DeleteStateMachineVersion."""
    ref = _qualified(call, "stateMachineVersionArn")
    if ref.number is None:
        raise _not_here(call, "stateMachineVersionArn")
    call.run(processes.DeleteVersion(), ref)
    return {}


# --- aliases ------------------------------------------------------------------------------------------------------


def create_alias(call: Call) -> Answer:
    """CreateStateMachineAlias."""
    machine, routes = _routes(call, call.given["routingConfiguration"])
    new = processes.NewAlias(
        machine=machine,
        name=call.given["name"],
        description=call.given.get("description"),
        routes=routes,
        new=True,
    )
    alias = call.run(processes.PutAlias(call.container.clock), new)
    arn = call.place.machine(machine, alias.name)
    return {"stateMachineAliasArn": arn, "creationDate": seconds(alias.created_at)}


def update_alias(call: Call) -> Answer:
    """UpdateStateMachineAlias."""
    ref = _qualified(call, "stateMachineAliasArn")
    given = call.given.get("routingConfiguration")
    description = call.given.get("description")
    if given is None and description is None:
        raise invalid("Either the description or the routing configuration must be specified")
    machine, routes = (ref.name, None) if given is None else _routes(call, given)
    if machine != ref.name:
        raise invalid("Routing configuration must contain versions of the state machine of the alias.")
    change = processes.NewAlias(machine=machine, name=ref.qualifier, description=description, routes=routes, new=False)
    alias = call.run(processes.PutAlias(call.container.clock), change)
    return {"updateDate": seconds(alias.updated_at)}


def describe_alias(call: Call) -> Answer:
    """DescribeStateMachineAlias."""
    ref = _qualified(call, "stateMachineAliasArn")
    alias: Alias = call.run(processes.ReadAlias(), ref)
    return {
        "stateMachineAliasArn": call.place.machine(ref.name, alias.name),
        "name": alias.name,
        "description": alias.description,
        "routingConfiguration": [
            {"stateMachineVersionArn": call.place.machine(ref.name, route.version), "weight": route.weight}
            for route in alias.routes
        ],
        "creationDate": seconds(alias.created_at),
        "updateDate": seconds(alias.updated_at),
    }


def list_aliases(call: Call) -> Answer:
    """ListStateMachineAliases."""
    name, qualifier = call.place.of_machine(call.given["stateMachineArn"])

    def show(alias: Alias) -> Answer:
        arn = call.place.machine(name, alias.name)
        return {"stateMachineAliasArn": arn, "creationDate": seconds(alias.created_at)}

    found = call.run(processes.ListAliases(), MachineRef(name=name, qualifier=qualifier))
    return call.part("stateMachineAliases", found, show)


def delete_alias(call: Call) -> Answer:
    """DeleteStateMachineAlias."""
    call.run(processes.DeleteAlias(), _qualified(call, "stateMachineAliasArn"))
    return {}


def _routes(call: Call, given: Sequence[Mapping[str, Any]]) -> tuple[str, tuple[Route, ...]]:
    """Give the machine whose versions a routing configuration names, and the routes. Raises AwsError."""
    arns = [one["stateMachineVersionArn"] for one in given]
    machines, numbers = zip(*map(call.place.of_machine, arns), strict=True)
    if not all(map(str.isdecimal, numbers)):
        told = ", ".join(arns)
        raise invalid(f"Routing configuration must contain state machine version ARNs. Received: [{told}]")
    if len(set(machines)) > 1:
        raise invalid("Routing configuration must contain versions of the same state machine.")
    weights = (one["weight"] for one in given)
    routes = (Route(version=int(number), weight=weight) for number, weight in zip(numbers, weights, strict=True))
    return machines[0], tuple(routes)


# --- tags ---------------------------------------------------------------------------------------------------------


def list_tags(call: Call) -> Answer:
    """ListTagsForResource."""
    tags = call.run(processes.ListTags(), _tagged(call))
    return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}


def tag(call: Call) -> Answer:
    """TagResource."""
    call.run(processes.ChangeTags(), processes.TagChange(of=_tagged(call), put=tags_of(call)))
    return {}


def untag(call: Call) -> Answer:
    """UntagResource."""
    change = processes.TagChange(of=_tagged(call), take=frozenset(call.given["tagKeys"]))
    call.run(processes.ChangeTags(), change)
    return {}


def _tagged(call: Call) -> Tagged:
    kind, parts = call.place.read(call.given["resourceArn"], "stateMachine", "activity")
    if len(parts) > 1:
        raise _not_here(call, "resourceArn")
    return Tagged(name=parts[0], activity=kind == "activity")


# --- references ---------------------------------------------------------------------------------------------------


def _plain(call: Call) -> str:
    """Give the name of a machine that must be meant as a whole. Raises AwsError."""
    name, qualifier = call.place.of_machine(call.given["stateMachineArn"])
    if qualifier:
        raise _not_here(call, "stateMachineArn")
    return name


def _qualified(call: Call, field: str) -> MachineRef:
    """Give the version or alias that is meant. Raises AwsError."""
    name, qualifier = call.place.of_machine(call.given[field])
    if not qualifier:
        raise _not_here(call, field)
    return MachineRef(name=name, qualifier=qualifier)


def _not_here(call: Call, field: str) -> AwsError:
    return AwsError("InvalidArn", f"Invalid Arn: 'Resource type not valid in this context: {call.given[field]}'")


def _version_arn(place: Place, seen: Seen) -> Answer:
    if seen.version is None:
        return {}
    return {"stateMachineVersionArn": place.machine(seen.machine.name, seen.version.number)}


def _revision_id(seen: Seen) -> Answer:
    return {"revisionId": seen.revision.token} if seen.revision.token else {}
