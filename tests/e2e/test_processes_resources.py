"""Use cases as steps: what they take and give, for whom, and that they happen once, on each kind of database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from app.domain.shared.rights import Right
from app.settings import Settings
from tests.support.aws import ROLE, Cloud, clouded, code_of, machine
from tests.support.office import Office, Served, free_line

pytestmark = pytest.mark.fast

EDITOR: Final = (Right.WORKFLOWS_READ, Right.WORKFLOWS_WRITE, Right.EXECUTIONS_READ, Right.EXECUTIONS_WRITE)
STARTER: Final = (Right.EXECUTIONS_READ, Right.EXECUTIONS_WRITE)


def does(name: str, **more: Any) -> dict[str, Any]:
    """Give a task that is a use case."""
    return {"Type": "Task", "Resource": f"tramita:{name}", **more}


@pytest.fixture(scope="module")
def served(database_settings: Settings) -> Iterator[Served]:
    """Serve the application with executions that advance and definitions that may name what is ours."""
    with clouded(database_settings.model_copy(update={"aws_extensions": True})) as made:
        yield made


@pytest.fixture
def cloud(served: Served) -> Cloud:
    """Give a company of the test's own, whose administrator's credentials have every right."""
    made = Cloud(served)
    made.aws = made.client(made.keys(*Right))
    return made


def clerk(cloud: Cloud, *rights: Right) -> tuple[Office, Any]:
    """Give somebody with some rights, and a client by credentials of the same rights."""
    office = cloud.served.clerk(cloud.office.company, frozenset({*rights, Right.API_KEYS_WRITE}))
    return office, cloud.client(cloud.keys(*rights, office=office))


def draft(office: Office) -> int:
    """Give an order to be."""
    return int(office.order([free_line("100")], validated=False)["id"])


def failed(cloud: Cloud, execution: str) -> tuple[str, str]:
    """Give error and cause of an execution that failed."""
    shown = cloud.ended(execution)
    assert shown["status"] == "FAILED"
    return shown["error"], shown["cause"]


def test_a_step_takes_and_gives_what_the_request_would(cloud: Cloud) -> None:
    """ASL-05: path and body are one object, the output is the answer's body."""
    order = draft(cloud.office)
    chain = machine(does("orders.validate"), {"Type": "Pass"})
    ended = cloud.ended(cloud.start(cloud.create(chain), input=json.dumps({"order_id": order})))
    assert ended["status"] == "SUCCEEDED"
    assert json.loads(ended["output"]) == cloud.office.get(f"/orders/{order}").body
    assert json.loads(ended["output"])["status"] == "validated"


def test_what_the_business_refuses_fails_the_step_by_its_code(cloud: Cloud) -> None:
    """ASL-05: a catcher names the code of the problem, the cause is its text, and nothing is left of the step."""
    order = draft(cloud.office)
    twice = machine(
        does("orders.validate", ResultPath=None),
        does("orders.validate", Catch=[{"ErrorEquals": ["state.invalid_transition"], "Next": "S2"}]),
        {"Type": "Pass"},
    )
    caught = json.loads(cloud.ended(cloud.start(cloud.create(twice), input=json.dumps({"order_id": order})))["output"])
    refused = cloud.office.post(f"/orders/{order}/validate")
    assert caught == {"Error": refused["code"], "Cause": refused["detail"]}


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        ("[]", ": "),
        ("{}", "/order_id: This field is required."),
        ('{"order_id": "x"}', "/order_id: "),
        ('{"order_id": 1, "more": 1}', "/more: "),
    ],
)
def test_an_input_of_another_form_fails_the_step_and_says_where(cloud: Cloud, given: str, cause: str) -> None:
    """ASL-05: the schema is that of the request."""
    arn = cloud.create(machine(does("orders.validate")))
    error, told = failed(cloud, cloud.start(arn, input=given))
    assert error == "request.invalid_body"
    assert cause in told


def test_a_change_names_the_version_it_is_based_on(cloud: Cloud) -> None:
    """ASL-05: what If-Match is to a request is ``version`` to a step."""
    order = draft(cloud.office)
    arn = cloud.create(machine(does("orders.change")))
    seen = {"order_id": order, "note": "by a step"}
    assert failed(cloud, cloud.start(arn, input=json.dumps(seen)))[0] == "request.invalid_body"
    assert failed(cloud, cloud.start(arn, input=json.dumps({**seen, "version": 99})))[0] == "stale"
    done = cloud.ended(cloud.start(arn, input=json.dumps({**seen, "version": 1})))
    assert json.loads(done["output"])["note"] == "by a step"


def test_another_company_s_ids_are_not_found_and_nothing_is_told(cloud: Cloud, served: Served) -> None:
    """ASL-05: an id of somebody else's is an id of nobody's."""
    theirs = draft(served.company())
    arn = cloud.create(machine(does("orders.validate")))
    error, cause = failed(cloud, cloud.start(arn, input=json.dumps({"order_id": theirs})))
    assert error == "not_found"
    assert cause == cloud.office.post(f"/orders/{theirs}/validate")["detail"]


def test_who_only_starts_does_not_do_by_it_what_he_may_not_do_himself(cloud: Cloud) -> None:
    """ASL-05: an execution acts for who started it."""
    order = draft(cloud.office)
    arn = cloud.create(machine(does("orders.validate")))
    _, aws = clerk(cloud, *STARTER)
    started = aws.start_execution(stateMachineArn=arn, input=json.dumps({"order_id": order}))["executionArn"]
    assert failed(cloud, started)[0] == "States.Permissions"
    assert cloud.office.get(f"/orders/{order}")["status"] == "draft"


def test_the_scopes_of_a_key_bound_what_its_executions_do(cloud: Cloud) -> None:
    """ERP-13: an administrator's narrow key does not become wide by starting something."""
    order = draft(cloud.office)
    arn = cloud.create(machine(does("orders.validate")))
    narrow = cloud.client(cloud.keys(*STARTER))
    started = narrow.start_execution(stateMachineArn=arn, input=json.dumps({"order_id": order}))["executionArn"]
    assert failed(cloud, started)[0] == "States.Permissions"


def test_a_definition_is_entered_changed_and_published_by_who_could_do_its_steps(cloud: Cloud) -> None:
    """ASL-05: who writes a definition decides what others do by starting it."""
    _, aws = clerk(cloud, *EDITOR)
    definition = machine(does("orders.validate"))
    denied = "AccessDeniedException"
    assert code_of(aws.create_state_machine, name="one", definition=definition, roleArn=ROLE)[0] == denied
    arn = aws.create_state_machine(name="one", definition=machine(), roleArn=ROLE)["stateMachineArn"]
    assert code_of(aws.update_state_machine, stateMachineArn=arn, definition=definition)[0] == denied
    cloud.aws.update_state_machine(stateMachineArn=arn, definition=definition)
    assert code_of(aws.publish_state_machine_version, stateMachineArn=arn)[0] == denied
    _, able = clerk(cloud, *EDITOR, Right.ORDERS_VALIDATE)
    assert able.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"] == f"{arn}:1"


def test_a_published_machine_acts_in_its_role_for_whoever_starts_it(cloud: Cloud) -> None:
    """ASL-05: the role is looked at as the step runs; unpublished, it says nothing."""
    role = cloud.office.make("/roles", {"name": "Clerk of machines", "rights": ["orders.validate"]})
    arn_of_role = f"arn:aws:iam::{cloud.account}:role/tramita/{role['id']}"
    definition = machine(does("orders.validate"))
    arn = cloud.aws.create_state_machine(name="one", definition=definition, roleArn=arn_of_role)["stateMachineArn"]
    _, aws = clerk(cloud, *STARTER)

    def started(order: int) -> str:
        return str(aws.start_execution(stateMachineArn=arn, input=json.dumps({"order_id": order}))["executionArn"])

    assert failed(cloud, started(draft(cloud.office)))[0] == "States.Permissions"
    cloud.aws.publish_state_machine_version(stateMachineArn=arn)
    order = draft(cloud.office)
    assert cloud.ended(started(order))["status"] == "SUCCEEDED"
    assert cloud.office.get(f"/orders/{order}")["status"] == "validated"
    assert cloud.office.patch(f"/roles/{role['id']}", {"rights": []}, role["version"]).status == 200
    assert failed(cloud, started(draft(cloud.office)))[0] == "States.Permissions"


def test_a_role_of_nobody_s_is_refused(cloud: Cloud, served: Served) -> None:
    """ASL-05: a machine acts in no role of another company."""
    theirs = served.company().make("/roles", {"name": "Theirs", "rights": ["orders.validate"]})["id"]
    for account in (cloud.account, f"{cloud.office.company + 1:012d}"):
        arn = f"arn:aws:iam::{account}:role/tramita/{theirs}"
        told = code_of(cloud.aws.create_state_machine, name="one", definition=machine(), roleArn=arn)
        assert told == ("InvalidArn", f"Invalid Arn: '{arn}'")


@pytest.mark.parametrize("withdrawn", ["role", "person", "key"])
def test_what_is_withdrawn_in_mid_flight_fails_the_next_step(cloud: Cloud, withdrawn: str) -> None:
    """ASL-05: the rights are those of the moment in which the step runs."""
    order = draft(cloud.office)
    office, aws = clerk(cloud, *STARTER, Right.ORDERS_VALIDATE)
    activity = cloud.aws.create_activity(name=f"wait-{withdrawn}")["activityArn"]
    waits = {"Type": "Task", "Resource": activity, "ResultPath": None}
    arn = cloud.create(machine(waits, does("orders.validate")))
    started = aws.start_execution(stateMachineArn=arn, input=json.dumps({"order_id": order}))["executionArn"]
    token = cloud.aws.get_activity_task(activityArn=activity)["taskToken"]
    user = office.get("/me")["user"]
    person = cloud.office.get(f"/users/{user}").body
    if withdrawn == "role":
        role = cloud.office.get(f"/roles/{person['role_ids'][0]}").body
        assert cloud.office.patch(f"/roles/{role['id']}", {"rights": []}, role["version"]).status == 200
    elif withdrawn == "person":
        assert cloud.office.patch(f"/users/{user}", {"active": False}, person["version"]).status == 200
    else:
        key = max(one["id"] for one in cloud.office.items("/aws-credentials"))
        cloud.office.act(f"/aws-credentials/{key}/revoke")
    cloud.aws.send_task_success(taskToken=token, output="{}")
    assert failed(cloud, started)[0] == "States.Permissions"
    assert cloud.office.get(f"/orders/{order}")["status"] == "draft"


@pytest.mark.parametrize("name", ["orders.nothing", "users.create", "roles.change", "company.change-settings"])
def test_a_definition_names_only_what_there_is_to_do(cloud: Cloud, name: str) -> None:
    """ASL-05: users, roles, keys and settings are made by nobody's machine."""
    branch = {"StartAt": "In", "States": {"In": {**does(name), "End": True}}}
    within = {"Type": "Parallel", "Branches": [branch]}
    found = cloud.aws.validate_state_machine_definition(definition=machine(within))
    assert [(one["message"], one["location"]) for one in found["diagnostics"]] == [
        (f"There is no resource 'tramita:{name}'", "/States/S0/Branches[0]/States/In/Resource")
    ]


def test_the_list_of_resources_tells_what_each_takes_and_gives(cloud: Cloud) -> None:
    """ASL-05: a frontend builds the form of a task from it."""
    found = {one["name"]: one for one in cloud.office.get("/workflows/resources")["items"]}
    validate = found["tramita:orders.validate"]
    assert validate["right"] == "orders.validate"
    assert validate["input"]["required"] == ["order_id"]
    assert "status" in validate["output"]["properties"]
    change = found["tramita:orders.change"]["input"]
    assert {"order_id", "version"} <= set(change["required"])
    assert change["additionalProperties"] is False


def test_a_step_that_waits_for_a_row_of_somebody_else_s_goes_on_after_him(cloud: Cloud) -> None:
    """ORC-05, ORC-06: many executions that want the same order get it one after the other, each once."""
    order = draft(cloud.office)
    arn = cloud.create(
        machine(does("orders.validate", Catch=[{"ErrorEquals": ["States.ALL"], "Next": "S1"}]), {"Type": "Pass"})
    )
    started = [cloud.start(arn, input=json.dumps({"order_id": order})) for _ in range(6)]
    outputs = [json.loads(cloud.ended(one)["output"]) for one in started]
    assert sorted("Error" in one for one in outputs) == [False, *[True] * 5]
    assert {one["Error"] for one in outputs if "Error" in one} == {"state.invalid_transition"}
