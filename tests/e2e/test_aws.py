"""State machines and executions through AWS's own client, on each kind of database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from app.domain.shared.rights import Right
from app.settings import Settings
from tests.support.aws import ROLE, Cloud, Keys, clouded, code_of, machine
from tests.support.office import Served, serving

pytestmark = pytest.mark.fast

PASS: Final = {"Type": "Pass"}
FAIL: Final = {"Type": "Fail", "Error": "Broken", "Cause": "It broke"}
WAIT: Final = {"Type": "Wait", "Seconds": 3600}


@pytest.fixture(scope="module")
def served(database_settings: Settings) -> Iterator[Served]:
    """Serve the application with executions that advance."""
    with clouded(database_settings) as made:
        yield made


@pytest.fixture
def cloud(served: Served) -> Cloud:
    """Give a company of the test's own."""
    return Cloud(served)


# --- machines -----------------------------------------------------------------------------------------------------


def test_a_machine_is_shown_as_it_was_entered_with_every_default(cloud: Cloud) -> None:
    """ASL-06: what look-alikes forget is there: tracing, encryption, logging."""
    definition = machine(PASS)
    arn = cloud.create(definition)
    shown = cloud.aws.describe_state_machine(stateMachineArn=arn)
    assert arn == cloud.arn("stateMachine", "one")
    assert shown["creationDate"].tzinfo is not None
    assert {name: shown[name] for name in shown if name not in {"creationDate", "ResponseMetadata"}} == {
        "stateMachineArn": arn,
        "name": "one",
        "status": "ACTIVE",
        "definition": definition,
        "roleArn": ROLE,
        "type": "STANDARD",
        "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
        "tracingConfiguration": {"enabled": False},
        "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
    }
    assert "definition" not in {n for n, v in _metadata(cloud, arn).items() if v}


def _metadata(cloud: Cloud, arn: str) -> dict[str, Any]:
    shown: dict[str, Any] = cloud.aws.describe_state_machine(stateMachineArn=arn, includedData="METADATA_ONLY")
    return shown


def test_to_create_the_same_machine_again_gives_the_one_there_is(cloud: Cloud) -> None:
    """ASL-06: role and tags do not count, everything else does."""
    first = cloud.aws.create_state_machine(name="one", definition=machine(PASS), roleArn=ROLE)
    again = cloud.aws.create_state_machine(name="one", definition=machine(PASS), roleArn=ROLE + "2")
    assert (again["stateMachineArn"], again["creationDate"]) == (first["stateMachineArn"], first["creationDate"])
    other: dict[str, Any] = {"name": "one", "roleArn": ROLE}
    told = ("StateMachineAlreadyExists", f"State Machine Already Exists: '{first['stateMachineArn']}'")
    assert code_of(cloud.aws.create_state_machine, definition=machine(WAIT), **other) == told
    assert code_of(cloud.aws.create_state_machine, definition=machine(PASS), type="EXPRESS", **other) == told
    assert cloud.aws.describe_state_machine(stateMachineArn=first["stateMachineArn"])["roleArn"] == ROLE


@pytest.mark.parametrize(
    ("given", "code", "text"),
    [
        ({"name": "a b"}, "InvalidName", "Invalid Name: 'a b'"),
        (
            {"definition": '{"StartAt": "A"}'},
            "InvalidDefinition",
            "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /'",
        ),
        ({"definition": "{"}, "InvalidDefinition", None),
        (
            {"versionDescription": "first"},
            "ValidationException",
            "Version description can only be set when publish is true",
        ),
        (
            {"loggingConfiguration": {"level": "ALL"}},
            "InvalidLoggingConfiguration",
            "Invalid Logging Configuration: Must specify exactly one Log Destination.",
        ),
        ({"encryptionConfiguration": {"type": "CUSTOMER_MANAGED_KMS_KEY"}}, "InvalidEncryptionConfiguration", None),
        ({"tags": [{"key": f"k{n}", "value": ""} for n in range(51)]}, "TooManyTags", None),
        ({"roleArn": None}, "ValidationException", None),
    ],
)
def test_what_cannot_be_a_machine_is_refused_and_nothing_is_stored(
    cloud: Cloud, given: dict[str, Any], code: str, text: str | None
) -> None:
    """ASL-06: code and text are AWS's."""
    whole = {"name": "one", "definition": machine(), "roleArn": ROLE, **given}
    found, told = code_of(cloud.aws.create_state_machine, **whole)
    assert found == code
    assert text in {None, told}
    assert cloud.aws.list_state_machines()["stateMachines"] == []


def test_a_change_makes_a_revision_and_leaves_what_it_does_not_name(cloud: Cloud) -> None:
    """ASL-06: executions that run are not touched, later ones do the new thing."""
    arn = cloud.create(machine(WAIT))
    before = cloud.start(arn)
    changed = cloud.aws.update_state_machine(stateMachineArn=arn, definition=machine(PASS))
    shown = cloud.aws.describe_state_machine(stateMachineArn=arn)
    assert shown["revisionId"] == changed["revisionId"]
    assert (json.loads(shown["definition"]), shown["roleArn"]) == (json.loads(machine(PASS)), ROLE)
    assert cloud.ended(cloud.start(arn))["status"] == "SUCCEEDED"
    runs = cloud.aws.describe_state_machine_for_execution(executionArn=before)
    assert (runs["stateMachineArn"], json.loads(runs["definition"])) == (arn, json.loads(machine(WAIT)))
    same = cloud.aws.update_state_machine(stateMachineArn=arn, roleArn=ROLE)
    assert same["revisionId"] == changed["revisionId"]


def test_a_change_of_nothing_or_of_nobody_is_refused(cloud: Cloud) -> None:
    arn = cloud.create()
    assert code_of(cloud.aws.update_state_machine, stateMachineArn=arn) == (
        "MissingRequiredParameter",
        "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified",
    )
    gone = cloud.arn("stateMachine", "gone")
    told = ("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{gone}'")
    assert code_of(cloud.aws.update_state_machine, stateMachineArn=gone, roleArn=ROLE) == told
    assert code_of(cloud.aws.describe_state_machine, stateMachineArn=gone) == told
    assert code_of(cloud.aws.update_state_machine, stateMachineArn=arn, definition="{}")[0] == "InvalidDefinition"


def test_machines_are_listed_in_pages_by_name(cloud: Cloud) -> None:
    """ASL-06: every one once, whatever the size of the page."""
    names = [f"m{place}" for place in range(5)]
    for name in reversed(names):
        cloud.create(name=name)
    pages = cloud.aws.get_paginator("list_state_machines").paginate(PaginationConfig={"PageSize": 2})
    assert [one["name"] for page in pages for one in page["stateMachines"]] == names
    assert "nextToken" not in cloud.aws.list_state_machines(maxResults=5)
    told = ("InvalidToken", "Invalid Token: 'Invalid token'")
    assert code_of(cloud.aws.list_state_machines, nextToken="bad") == told
    other = cloud.aws.list_state_machines(maxResults=1)["nextToken"]
    assert code_of(cloud.aws.list_activities, nextToken=other) == told


def test_a_machine_that_is_removed_is_gone_and_what_ran_of_it_is_stopped(cloud: Cloud) -> None:
    """ASL-06: a second removal is no error, and a new machine of the name does not list the old one's executions."""
    arn = cloud.create(machine(WAIT))
    running = cloud.start(arn)
    cloud.aws.delete_state_machine(stateMachineArn=arn)
    cloud.aws.delete_state_machine(stateMachineArn=arn)
    assert cloud.ended(running)["status"] == "ABORTED"
    assert code_of(cloud.aws.describe_state_machine, stateMachineArn=arn)[0] == "StateMachineDoesNotExist"
    assert cloud.create(machine(PASS)) == arn


def test_the_variables_that_states_read_are_shown(cloud: Cloud) -> None:
    """ASL-06: variableReferences, by state."""
    arn = cloud.create(machine({"Type": "Pass", "Assign": {"a": 1}}, {"Type": "Pass", "Parameters": {"b.$": "$a"}}))
    assert cloud.aws.describe_state_machine(stateMachineArn=arn)["variableReferences"] == {"S1": ["a"]}


def test_a_definition_is_judged_without_being_stored(cloud: Cloud) -> None:
    """ASL-06: OK or FAIL, with where and why."""
    assert cloud.aws.validate_state_machine_definition(definition=machine())["result"] == "OK"
    bad = cloud.aws.validate_state_machine_definition(definition='{"StartAt": "A"}', maxResults=1)
    assert (bad["result"], bad["truncated"]) == ("FAIL", False)
    assert bad["diagnostics"] == [
        {
            "severity": "ERROR",
            "code": "SCHEMA_VALIDATION_FAILED",
            "message": "These fields are required: [States]",
            "location": "/",
        }
    ]
    assert cloud.aws.list_state_machines()["stateMachines"] == []


# --- versions and aliases -----------------------------------------------------------------------------------------


def test_versions_count_up_and_a_revision_is_published_once(cloud: Cloud) -> None:
    """ASL-06: INITIAL names the first revision; another one than the current is a conflict."""
    made = cloud.aws.create_state_machine(name="one", definition=machine(PASS), roleArn=ROLE, publish=True)
    arn, first = made["stateMachineArn"], made["stateMachineVersionArn"]
    assert first == f"{arn}:1"
    publish = cloud.aws.publish_state_machine_version
    assert publish(stateMachineArn=arn, revisionId="INITIAL")["stateMachineVersionArn"] == first
    assert code_of(publish, stateMachineArn=arn, revisionId="x") == (
        "ConflictException",
        "Failed to publish the State Machine version for revision x. The current State Machine revision is INITIAL.",
    )
    changed = cloud.aws.update_state_machine(
        stateMachineArn=arn, definition=machine(WAIT), publish=True, versionDescription="slower"
    )
    assert changed["stateMachineVersionArn"] == f"{arn}:2"
    listed = cloud.aws.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"]
    assert [one["stateMachineVersionArn"] for one in listed] == [f"{arn}:2", f"{arn}:1"]
    second = cloud.aws.describe_state_machine(stateMachineArn=f"{arn}:2")
    assert (second["description"], second["stateMachineArn"]) == ("slower", f"{arn}:2")
    assert json.loads(cloud.aws.describe_state_machine(stateMachineArn=first)["definition"]) == json.loads(
        machine(PASS)
    )


def test_executions_tell_the_version_and_the_alias_they_were_started_with(cloud: Cloud) -> None:
    """ASL-06: and are listed by them."""
    arn = cloud.create(machine(PASS), publish=True)
    routes = [{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    alias = cloud.aws.create_state_machine_alias(name="live", routingConfiguration=routes)["stateMachineAliasArn"]
    assert alias == f"{arn}:live"
    plain, versioned, aliased = (cloud.start(one) for one in (arn, f"{arn}:1", alias))
    told = [cloud.ended(one) for one in (plain, versioned, aliased)]
    assert [(one.get("stateMachineVersionArn"), one.get("stateMachineAliasArn")) for one in told] == [
        (None, None),
        (f"{arn}:1", None),
        (f"{arn}:1", alias),
    ]
    assert {one["stateMachineArn"] for one in told} == {arn}
    for meant, wanted in ((alias, {aliased}), (f"{arn}:1", {versioned, aliased}), (arn, {plain, versioned, aliased})):
        listed = cloud.aws.list_executions(stateMachineArn=meant)["executions"]
        assert {one["executionArn"] for one in listed} == wanted


@pytest.mark.parametrize("number", [2, 2**31, 10**40])
def test_a_version_that_never_was_does_not_start(cloud: Cloud, number: int) -> None:
    """ASL-06: also one whose number no column could hold."""
    arn = f"{cloud.create(machine(PASS), publish=True)}:{number}"
    for call in (cloud.aws.start_execution, cloud.aws.describe_state_machine):
        assert code_of(call, stateMachineArn=arn) == (
            "StateMachineDoesNotExist",
            f"State Machine Does Not Exist: '{arn}'",
        )


def test_an_alias_sends_what_starts_to_its_versions_by_weight(cloud: Cloud) -> None:
    """ASL-06, ORC-08: none to one of weight 0; a change counts from the next start on."""
    arn = cloud.create(machine(PASS), publish=True)
    cloud.aws.update_state_machine(stateMachineArn=arn, definition=machine(WAIT), publish=True)
    routes = [{"stateMachineVersionArn": f"{arn}:{n}", "weight": weight} for n, weight in ((1, 0), (2, 100))]
    alias = cloud.aws.create_state_machine_alias(name="live", routingConfiguration=routes)["stateMachineAliasArn"]
    started = [cloud.aws.describe_execution(executionArn=cloud.start(alias)) for _ in range(3)]
    assert {one["stateMachineVersionArn"] for one in started} == {f"{arn}:2"}
    cloud.aws.update_state_machine_alias(
        stateMachineAliasArn=alias,
        routingConfiguration=routes[:1] and [{"stateMachineVersionArn": f"{arn}:1", "weight": 100}],
    )
    assert cloud.ended(cloud.start(alias))["status"] == "SUCCEEDED"
    shown = cloud.aws.describe_state_machine_alias(stateMachineAliasArn=alias)
    assert shown["routingConfiguration"] == [{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    assert shown["updateDate"] >= shown["creationDate"]


def test_a_version_that_an_alias_refers_to_stays(cloud: Cloud) -> None:
    arn = cloud.create(publish=True)
    routes = [{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    create, remove = cloud.aws.create_state_machine_alias, cloud.aws.delete_state_machine_version
    alias = create(name="live", routingConfiguration=routes, description="now")["stateMachineAliasArn"]
    assert create(name="live", routingConfiguration=routes, description="now")["stateMachineAliasArn"] == alias
    assert code_of(create, name="live", routingConfiguration=routes, description="then")[0] == "ConflictException"
    assert code_of(remove, stateMachineVersionArn=f"{arn}:1") == (
        "ConflictException",
        (
            "Version to be deleted must not be referenced by an alias. "
            "Current list of aliases referencing this version: [live]"
        ),
    )
    listed = cloud.aws.list_state_machine_aliases(stateMachineArn=f"{arn}:1")["stateMachineAliases"]
    assert [one["stateMachineAliasArn"] for one in listed] == [alias]
    cloud.aws.delete_state_machine_alias(stateMachineAliasArn=alias)
    remove(stateMachineVersionArn=f"{arn}:1")
    assert cloud.aws.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"] == []
    gone = ("ResourceNotFound", f"Resource not found: '{alias}'")
    assert code_of(cloud.aws.delete_state_machine_alias, stateMachineAliasArn=alias) == gone
    assert code_of(cloud.aws.describe_state_machine_alias, stateMachineAliasArn=alias) == gone
    assert code_of(cloud.aws.start_execution, stateMachineArn=alias)[0] == "StateMachineDoesNotExist"


@pytest.mark.parametrize(
    ("weights", "versions", "code", "text"),
    [
        (
            (60, 30),
            (1, 2),
            "ValidationException",
            "Sum of routing configuration weights must equal 100. Received: [60, 30]",
        ),
        ((50, 50), (1, 1), "ValidationException", None),
        ((100,), (7,), "ResourceNotFound", None),
        ((100,), ("live",), "ValidationException", None),
        ((40, 40, 20), (1, 1, 2), "ValidationException", None),
    ],
)
def test_a_routing_that_does_not_add_up_is_refused(
    cloud: Cloud, weights: tuple[int, ...], versions: tuple[int, ...], code: str, text: str | None
) -> None:
    """ASL-06: and no alias is stored."""
    arn = cloud.create(machine(PASS), publish=True)
    cloud.aws.update_state_machine(stateMachineArn=arn, definition=machine(WAIT), publish=True)
    routes = [
        {"stateMachineVersionArn": f"{arn}:{version}", "weight": weight}
        for version, weight in zip(versions, weights, strict=True)
    ]
    found, told = code_of(cloud.aws.create_state_machine_alias, name="live", routingConfiguration=routes)
    assert found == code
    assert text in {None, told}
    assert cloud.aws.list_state_machine_aliases(stateMachineArn=arn)["stateMachineAliases"] == []


# --- executions ---------------------------------------------------------------------------------------------------


def test_an_execution_is_shown_with_what_went_in_and_came_out(cloud: Cloud) -> None:
    """ASL-06: the input as it was sent, and the fields of redriving."""
    arn = cloud.create(machine({"Type": "Pass", "Result": {"x": 1}}))
    execution = cloud.start(arn, name="first", input='{ "a":1 }', traceHeader="Root=1-2")
    shown = cloud.ended(execution)
    assert execution == cloud.arn("execution", "one:first")
    assert shown["stopDate"] >= shown["startDate"]
    assert {name: value for name, value in shown.items() if not name.endswith("Date")} | {"ResponseMetadata": 0} == {
        "executionArn": execution,
        "stateMachineArn": arn,
        "name": "first",
        "status": "SUCCEEDED",
        "input": '{ "a":1 }',
        "inputDetails": {"included": True},
        "output": '{"x":1}',
        "outputDetails": {"included": True},
        "traceHeader": "Root=1-2",
        "redriveCount": 0,
        "redriveStatus": "NOT_REDRIVABLE",
        "redriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
        "ResponseMetadata": 0,
    }
    bare = cloud.aws.describe_execution(executionArn=execution, includedData="METADATA_ONLY")
    assert not {"input", "output", "inputDetails", "outputDetails"} & bare.keys()


def test_a_name_starts_one_execution(cloud: Cloud) -> None:
    """ASL-06: the same input while it runs gives the one there is; another input, or a later try, is refused."""
    arn = cloud.create(machine(WAIT))
    first = cloud.aws.start_execution(stateMachineArn=arn, name="e", input='{"a": 1}')
    again = cloud.aws.start_execution(stateMachineArn=arn, name="e", input='{"a": 1}')
    assert (again["executionArn"], again["startDate"]) == (first["executionArn"], first["startDate"])
    told = ("ExecutionAlreadyExists", f"Execution Already Exists: '{first['executionArn']}'")
    assert code_of(cloud.aws.start_execution, stateMachineArn=arn, name="e", input='{"a": 2}') == told
    cloud.aws.stop_execution(executionArn=first["executionArn"])
    cloud.ended(first["executionArn"])
    assert code_of(cloud.aws.start_execution, stateMachineArn=arn, name="e", input='{"a": 1}') == told
    assert len(cloud.aws.list_executions(stateMachineArn=arn)["executions"]) == 1


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"input": "{"}, "InvalidExecutionInput"),
        ({"input": "NaN"}, "InvalidExecutionInput"),
        ({"input": "1e999"}, "InvalidExecutionInput"),
        ({"name": "a/b"}, "InvalidName"),
        ({"name": ""}, "ValidationException"),
        ({"stateMachineArn": "one"}, "InvalidArn"),
        ({"traceHeader": "ä"}, "ValidationException"),
    ],
)
def test_what_cannot_start_is_refused_and_nothing_is_stored(cloud: Cloud, given: dict[str, Any], code: str) -> None:
    """ASL-06."""
    arn = cloud.create()
    assert code_of(cloud.aws.start_execution, **{"stateMachineArn": arn, **given})[0] == code
    assert cloud.aws.list_executions(stateMachineArn=arn)["executions"] == []


def test_an_execution_is_stopped_with_a_reason_and_may_be_redriven(cloud: Cloud) -> None:
    """ASL-06: it goes on where it stood; one that runs is not redriven."""
    arn = cloud.create(machine(WAIT, FAIL))
    execution = cloud.start(arn)
    assert code_of(cloud.aws.redrive_execution, executionArn=execution) == (
        "ExecutionNotRedrivable",
        "Execution is RUNNING and cannot be redriven",
    )
    cloud.aws.stop_execution(executionArn=execution, error="Enough", cause="Said so")
    stopped = cloud.ended(execution)
    facts = {name: stopped[name] for name in ("status", "error", "cause", "redriveStatus")}
    assert facts == {"status": "ABORTED", "error": "Enough", "cause": "Said so", "redriveStatus": "REDRIVABLE"}
    again = cloud.aws.stop_execution(executionArn=execution)
    assert again["stopDate"] == stopped["stopDate"]
    cloud.aws.redrive_execution(executionArn=execution)
    redriven = cloud.until(execution, "RUNNING")
    assert (redriven["redriveCount"], redriven["redriveDate"] >= stopped["stopDate"]) == (1, True)
    (listed,) = cloud.aws.list_executions(stateMachineArn=arn, redriveFilter="REDRIVEN")["executions"]
    assert listed["redriveCount"] == 1
    assert cloud.aws.list_executions(stateMachineArn=arn, redriveFilter="NOT_REDRIVEN")["executions"] == []


def test_executions_are_listed_the_newest_first_in_pages_and_by_status(cloud: Cloud) -> None:
    """ASL-06."""
    arn = cloud.create(
        machine(
            {
                "Type": "Choice",
                "Choices": [{"Variable": "$.fail", "BooleanEquals": True, "Next": "S1"}],
                "Default": "S2",
            },
            FAIL,
            PASS,
        ).replace('"Default": "S2", "Next": "S1"', '"Default": "S2"')
    )
    started = [cloud.start(arn, input=json.dumps({"fail": n % 2 == 1})) for n in range(5)]
    for one in started:
        cloud.ended(one)
    pages = cloud.aws.get_paginator("list_executions").paginate(stateMachineArn=arn, PaginationConfig={"PageSize": 2})
    listed = [one for page in pages for one in page["executions"]]
    assert [one["executionArn"] for one in listed] == started[::-1]
    assert {one["redriveCount"] for one in listed} == {0}
    failed = cloud.aws.list_executions(stateMachineArn=arn, statusFilter="FAILED")["executions"]
    assert [one["executionArn"] for one in failed] == [started[3], started[1]]
    assert cloud.aws.list_executions(stateMachineArn=arn, statusFilter="PENDING_REDRIVE")["executions"] == []
    assert code_of(cloud.aws.list_executions) == (
        "ValidationException",
        "1 validation error detected: Must provide a StateMachine ARN or MapRun ARN",
    )
    assert code_of(cloud.aws.list_executions, stateMachineArn=arn, statusFilter="DONE")[1] == (
        "1 validation error detected: Value 'DONE' at 'statusFilter' failed to satisfy constraint: Member must "
        "satisfy enum value set: [SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]"
    )


def test_the_history_reads_both_ways_in_pages_with_and_without_data(cloud: Cloud) -> None:
    """ASL-06: ids from 1 on, the data of each step unless it is not wanted."""
    arn = cloud.create(machine(PASS, PASS))
    execution = cloud.start(arn, input='{"a": 1}')
    cloud.ended(execution)
    read = cloud.aws.get_execution_history
    events = read(executionArn=execution)["events"]
    assert [(one["id"], one["type"]) for one in events] == list(
        enumerate(("ExecutionStarted", *("PassStateEntered", "PassStateExited") * 2, "ExecutionSucceeded"), 1)
    )
    assert events[0]["executionStartedEventDetails"] == {
        "input": '{"a": 1}',
        "inputDetails": {"truncated": False},
        "roleArn": ROLE,
    }
    assert [one["id"] for one in read(executionArn=execution, reverseOrder=True)["events"]] == [6, 5, 4, 3, 2, 1]
    pages = cloud.aws.get_paginator("get_execution_history").paginate(
        executionArn=execution, PaginationConfig={"PageSize": 4}
    )
    assert [one for page in pages for one in page["events"]] == events
    bare = read(executionArn=execution, includeExecutionData=False)["events"]
    assert bare[0]["executionStartedEventDetails"] == {"roleArn": ROLE}
    assert bare[1]["stateEnteredEventDetails"] == {"name": "S0"}
    assert code_of(read, executionArn=execution, nextToken="x") == ("InvalidToken", "Invalid Token: 'Invalid token'")


@pytest.mark.parametrize("call", ["describe_execution", "get_execution_history", "stop_execution", "redrive_execution"])
def test_an_execution_nobody_started_does_not_exist(cloud: Cloud, call: str) -> None:
    gone = cloud.arn("execution", "one:gone")
    assert code_of(getattr(cloud.aws, call), executionArn=gone) == (
        "ExecutionDoesNotExist",
        f"Execution Does Not Exist: '{gone}'",
    )


def test_the_context_object_tells_machine_execution_and_role(cloud: Cloud) -> None:
    """ASL-06: by the names they have outside."""
    parameters = {"id.$": "$$.Execution.Id", "name.$": "$$.Execution.Name", "machine.$": "$$.StateMachine.Id"}
    arn = cloud.create(machine({"Type": "Pass", "Parameters": {**parameters, "role.$": "$$.Execution.RoleArn"}}))
    named, nameless = (cloud.start(arn, **given) for given in ({"name": "e"}, {}))
    for execution in (named, nameless):
        assert json.loads(cloud.ended(execution)["output"]) == {
            "id": execution,
            "name": execution.rpartition(":")[2],
            "machine": arn,
            "role": ROLE,
        }


# --- activities ---------------------------------------------------------------------------------------------------


def working(cloud: Cloud, **more: Any) -> tuple[str, str]:
    """Enter an activity, and a machine that asks for it; give their ARNs."""
    activity = cloud.aws.create_activity(name="work")["activityArn"]
    return activity, cloud.create(machine({"Type": "Task", "Resource": activity, **more}))


def test_a_worker_takes_a_task_and_answers_it(cloud: Cloud) -> None:
    """ASL-06, ORC-05: by token, with the name of the worker in the history."""
    activity, arn = working(cloud, HeartbeatSeconds=600)
    execution = cloud.start(arn, input='{"a": 1}')
    task = cloud.aws.get_activity_task(activityArn=activity, workerName="Ann")
    assert json.loads(task["input"]) == {"a": 1}
    cloud.aws.send_task_heartbeat(taskToken=task["taskToken"])
    cloud.aws.send_task_success(taskToken=task["taskToken"], output='{"done": true}')
    assert json.loads(cloud.ended(execution)["output"]) == {"done": True}
    events = cloud.aws.get_execution_history(executionArn=execution)["events"]
    assert [one["type"] for one in events] == [
        "ExecutionStarted",
        "TaskStateEntered",
        "ActivityScheduled",
        "ActivityStarted",
        "ActivitySucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]
    assert events[3]["activityStartedEventDetails"] == {"workerName": "Ann"}
    stale = ("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
    assert code_of(cloud.aws.send_task_success, taskToken=task["taskToken"], output="1") == stale
    assert code_of(cloud.aws.send_task_heartbeat, taskToken=task["taskToken"]) == stale


def test_a_process_hands_out_tasks_of_executions_that_another_one_holds(
    cloud: Cloud, served: Served, database_settings: Settings
) -> None:
    """ORC-05: a worker may poll whichever server it likes."""
    activity, arn = working(cloud)
    idle = database_settings.model_copy(update={"workflows": False, "data_dir": served.container.settings.data_dir})
    with serving(idle) as other:
        elsewhere = Cloud(other).client(cloud.keys())
        execution = cloud.start(arn, input="7")
        task = elsewhere.get_activity_task(activityArn=activity, workerName="Ann")
        assert task["input"] == "7"
        elsewhere.send_task_success(taskToken=task["taskToken"], output='"done"')
    assert cloud.ended(execution)["output"] == '"done"'


def test_a_task_that_fails_fails_its_execution(cloud: Cloud) -> None:
    activity, arn = working(cloud)
    execution = cloud.start(arn)
    token = cloud.aws.get_activity_task(activityArn=activity)["taskToken"]
    assert code_of(cloud.aws.send_task_success, taskToken=token, output="{")[0] == "InvalidOutput"
    cloud.aws.send_task_failure(taskToken=token, error="Odd", cause="Because")
    shown = cloud.ended(execution)
    assert (shown["status"], shown["error"], shown["cause"]) == ("FAILED", "Odd", "Because")


def test_a_token_that_nobody_gave_out_is_refused(cloud: Cloud, served: Served) -> None:
    """ASL-06: one of another company too."""
    activity, arn = working(cloud)
    cloud.start(arn)
    token = cloud.aws.get_activity_task(activityArn=activity)["taskToken"]
    told = ("InvalidToken", "Invalid Token: 'Invalid token'")
    assert code_of(cloud.aws.send_task_success, taskToken="made-up", output="1") == told
    assert code_of(Cloud(served).aws.send_task_success, taskToken=token, output="1") == told
    cloud.aws.send_task_success(taskToken=token, output="1")


def test_activities_are_entered_listed_and_removed(cloud: Cloud) -> None:
    """ASL-06: entered twice alike is once."""
    first = cloud.aws.create_activity(name="work")
    assert cloud.aws.create_activity(name="work")["creationDate"] == first["creationDate"]
    cloud.aws.create_activity(name="more")
    key = {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k"}
    assert code_of(cloud.aws.create_activity, name="work", encryptionConfiguration=key) == (
        "ActivityAlreadyExists",
        f"Activity Already Exists: '{first['activityArn']}'",
    )
    shown = cloud.aws.describe_activity(activityArn=first["activityArn"])
    assert (shown["name"], shown["encryptionConfiguration"]) == ("work", {"type": "AWS_OWNED_KEY"})
    pages = cloud.aws.get_paginator("list_activities").paginate(PaginationConfig={"PageSize": 1})
    assert [one["name"] for page in pages for one in page["activities"]] == ["more", "work"]
    cloud.aws.delete_activity(activityArn=first["activityArn"])
    cloud.aws.delete_activity(activityArn=first["activityArn"])
    told = ("ActivityDoesNotExist", f"Activity Does Not Exist: '{first['activityArn']}'")
    assert code_of(cloud.aws.describe_activity, activityArn=first["activityArn"]) == told
    assert code_of(cloud.aws.get_activity_task, activityArn=first["activityArn"]) == told


# --- tags ---------------------------------------------------------------------------------------------------------


def test_machines_and_activities_carry_tags(cloud: Cloud) -> None:
    """ASL-06."""
    arn = cloud.create(tags=[{"key": "a", "value": "1"}])
    activity = cloud.aws.create_activity(name="work")["activityArn"]
    for resource in (arn, activity):
        cloud.aws.tag_resource(resourceArn=resource, tags=[{"key": "b", "value": "2"}, {"key": "c", "value": ""}])
        cloud.aws.untag_resource(resourceArn=resource, tagKeys=["c", "never"])
    assert _tags(cloud, arn) == {"a": "1", "b": "2"}
    assert _tags(cloud, activity) == {"b": "2"}
    gone = cloud.arn("stateMachine", "gone")
    told = ("ResourceNotFound", f"Resource not found: '{gone}'")
    assert code_of(cloud.aws.list_tags_for_resource, resourceArn=gone) == told
    many = [{"key": f"k{n}", "value": ""} for n in range(50)]
    assert code_of(cloud.aws.tag_resource, resourceArn=arn, tags=many)[0] == "TooManyTags"
    assert _tags(cloud, arn) == {"a": "1", "b": "2"}


def _tags(cloud: Cloud, arn: str) -> dict[str, str]:
    return {one["key"]: one["value"] for one in cloud.aws.list_tags_for_resource(resourceArn=arn)["tags"]}


# --- who may ------------------------------------------------------------------------------------------------------


def test_nobody_sees_or_starts_what_is_another_company_s(cloud: Cloud, served: Served) -> None:
    """ERP-13: the account in an ARN is the company; a name alone finds nothing of others."""
    arn = cloud.create(machine(WAIT))
    execution = cloud.start(arn, name="e")
    other = Cloud(served)
    for call, given in (
        ("describe_state_machine", {"stateMachineArn": arn}),
        ("start_execution", {"stateMachineArn": arn}),
        ("describe_execution", {"executionArn": execution}),
        ("delete_state_machine", {"stateMachineArn": arn}),
    ):
        assert code_of(getattr(other.aws, call), **given)[0] == "InvalidArn"
    assert other.aws.list_state_machines()["stateMachines"] == []
    own = other.arn("execution", "one:e")
    assert code_of(other.aws.stop_execution, executionArn=own)[0] == "ExecutionDoesNotExist"


@pytest.mark.parametrize(
    ("right", "allowed"),
    [
        (Right.WORKFLOWS_READ, {"describe_state_machine"}),
        (Right.WORKFLOWS_WRITE, {"tag_resource"}),
        (Right.EXECUTIONS_READ, {"list_executions"}),
        (Right.EXECUTIONS_WRITE, {"start_execution"}),
    ],
)
def test_credentials_allow_no_more_than_their_scopes(cloud: Cloud, right: Right, allowed: set[str]) -> None:
    """ERP-13: one right for each kind of action."""
    arn = cloud.create()
    client = cloud.client(cloud.keys(right))
    calls: dict[str, dict[str, Any]] = {
        "describe_state_machine": {"stateMachineArn": arn},
        "tag_resource": {"resourceArn": arn, "tags": []},
        "list_executions": {"stateMachineArn": arn},
        "start_execution": {"stateMachineArn": arn},
    }
    for call, given in calls.items():
        if call in allowed:
            getattr(client, call)(**given)
        else:
            code, text = code_of(getattr(client, call), **given)
            assert code == "AccessDeniedException"
            assert arn in text


def test_unknown_revoked_and_wrong_credentials_are_refused(cloud: Cloud) -> None:
    """ASL-06: an unknown key is told apart from a wrong secret, as AWS does."""
    unknown = ("UnrecognizedClientException", "The security token included in the request is invalid.")
    keys = cloud.keys()
    assert code_of(cloud.client(Keys("TRAMNOBODY", "x")).list_activities) == unknown
    wrong = cloud.client(Keys(keys.access_key, "x")).list_activities
    assert code_of(wrong)[0] == "InvalidSignatureException"
    (made,) = [one for one in cloud.office.items("/aws-credentials") if one["access_key"] == keys.access_key]
    cloud.office.act(f"/aws-credentials/{made['id']}/revoke")
    fresh = Cloud(cloud.served)
    theirs = fresh.keys()
    (one,) = [one for one in fresh.office.items("/aws-credentials") if one["access_key"] == theirs.access_key]
    fresh.office.act(f"/aws-credentials/{one['id']}/revoke")
    assert code_of(fresh.client(theirs).list_activities) == unknown


def test_a_rotated_secret_takes_the_place_of_the_old_one(cloud: Cloud) -> None:
    """ASL-06: rotated by version; nothing secret is stored."""
    old = cloud.keys()
    (made,) = [one for one in cloud.office.items("/aws-credentials") if one["access_key"] == old.access_key]
    rotated = cloud.office.act(f"/aws-credentials/{made['id']}/rotate")
    assert rotated["access_key"] == old.access_key
    assert rotated["secret"] != old.secret
    assert cloud.client(Keys(old.access_key, rotated["secret"])).list_activities()["activities"] == []
    assert code_of(cloud.client(old).list_activities)[0] == "InvalidSignatureException"


# --- the wire -----------------------------------------------------------------------------------------------------


def test_answers_have_the_media_type_and_the_id_of_the_request(cloud: Cloud) -> None:
    """ASL-06."""
    meta = cloud.aws.list_activities()["ResponseMetadata"]
    assert meta["HTTPHeaders"]["content-type"] == "application/x-amz-json-1.0"
    assert meta["RequestId"] == meta["HTTPHeaders"]["x-request-id"]


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"x-amz-target": "AWSStepFunctions.Never", "content-type": "application/x-amz-json-1.0"}, "UnknownOperation"),
        ({"x-amz-target": "Other.ListActivities", "content-type": "application/x-amz-json-1.0"}, "UnknownOperation"),
        ({"x-amz-target": "AWSStepFunctions.ListActivities", "content-type": "text/plain"}, "UnknownOperation"),
        (
            {"x-amz-target": "AWSStepFunctions.ListActivities", "content-type": "application/x-amz-json-1.0"},
            "MissingAuthenticationToken",
        ),
    ],
)
def test_what_is_no_request_of_an_aws_client_is_refused_as_aws_does(
    cloud: Cloud, headers: dict[str, str], code: str
) -> None:
    """ASL-06: an error of the protocol's own, never a problem document."""
    answer = cloud.served.http.post("/aws/", headers=headers, content=b"{}")
    assert answer.status_code == 400
    assert answer.json()["__type"].endswith(f"#{code}Exception")
    assert answer.headers["content-type"] == "application/x-amz-json-1.0"
