"""Orders above an amount: asked about, approved, refused, passed on, on each kind of database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import pytest

from app.cli.workflows import Known, installed
from app.domain.identity import CompanySettings
from app.domain.shared.money import amount
from app.domain.shared.rights import Right
from app.settings import Settings
from tests.support.aws import Cloud, clouded
from tests.support.office import Office, Served, free_line

pytestmark = pytest.mark.fast

MACHINE: Final = "order-approval"
WANTED: Final = CompanySettings(approval_above=amount(Decimal(1000)))


@pytest.fixture(scope="module")
def served(database_settings: Settings) -> Iterator[Served]:
    """Serve the application with executions that advance."""
    with clouded(database_settings.model_copy(update={"aws_extensions": True})) as made:
        yield made


@pytest.fixture
def cloud(served: Served) -> Cloud:
    """Give a company of the test's own that wants orders above 1000 approved."""
    made = Cloud(served, WANTED)
    made.aws = made.client(made.keys(*Right))
    container = served.container
    installed(container, container.context_of(made.office.company), Known.ORDER_APPROVAL)
    return made


def large(office: Office, price: str = "2000") -> int:
    """Give a draft above the amount."""
    return int(office.order([free_line(price)], validated=False)["id"])


def execution_of(cloud: Cloud, order: dict[str, Any]) -> str:
    """Give the ARN of the execution that asks about an order."""
    return cloud.arn("execution", f"{MACHINE}:{order['approval']['execution']}")


def token_of(cloud: Cloud, execution: str, visit: int = 0) -> str:
    """Wait for the task that waits, and give its token as its history tells it."""
    ending = cloud.served.container.workflows.engine._loop.ending
    for _ in range(200):
        events = cloud.aws.get_execution_history(executionArn=execution)["events"]
        told = [
            one["lambdaFunctionScheduledEventDetails"] for one in events if one["type"] == "LambdaFunctionScheduled"
        ]
        if len(told) > visit:
            return str(json.loads(told[visit]["input"])["token"])
        with ending:
            ending.wait(0.05)
    raise AssertionError("nobody was asked")


def test_an_order_up_to_the_amount_is_validated_at_once(cloud: Cloud) -> None:
    """Only what is above is asked about, and nothing is where no amount is set."""
    small = large(cloud.office, "1000")
    assert cloud.office.act(f"/orders/{small}/validate")["status"] == "validated"
    office = cloud.served.company()
    order = office.act(f"/orders/{large(office)}/validate")
    assert (order["status"], order["approval"]) == ("validated", None)


def test_an_approved_order_is_validated_by_the_workflow(cloud: Cloud) -> None:
    """ASL-05: asked for in the transaction of the validation, seen from the order and back."""
    number = large(cloud.office)
    order = cloud.office.act(f"/orders/{number}/validate")
    assert (order["status"], order["approval"]["state"]) == ("draft", "waiting")
    execution = execution_of(cloud, order)
    started = json.loads(cloud.aws.describe_execution(executionArn=execution)["input"])
    assert started == {"order_id": number, "reference": f"orders/{number}"}
    again = cloud.office.act(f"/orders/{number}/validate")
    assert again["approval"] == order["approval"]
    approved = cloud.office.act(f"/orders/{number}/approve")
    assert approved["approval"]["state"] == "approved"
    assert approved["approval"]["decided_by"] == cloud.office.get("/me")["user"]
    assert cloud.ended(execution)["status"] == "SUCCEEDED"
    shown = cloud.office.get(f"/orders/{number}")
    assert (shown["status"], shown["approval"]["state"], shown["approval"]["outdated"]) == (
        "validated",
        "approved",
        False,
    )


def test_a_refused_order_stays_a_draft_with_the_reason_and_may_be_asked_about_anew(cloud: Cloud) -> None:
    """Whoever wanted it sees why, changes it, and asks again."""
    number = large(cloud.office)
    order = cloud.office.act(f"/orders/{number}/validate")
    token_of(cloud, execution_of(cloud, order))
    refused = cloud.office.act(f"/orders/{number}/refuse", {"reason": "Too dear"})
    assert (refused["status"], refused["approval"]["reason"]) == ("draft", "Too dear")
    ended = cloud.ended(execution_of(cloud, order))
    assert json.loads(ended["output"]) == {"approved": False, "reason": "Too dear"}
    for path, body in (("approve", None), ("refuse", {"reason": "x"})):
        assert cloud.office.post(f"/orders/{number}/{path}", body).refusal == (409, "sales.not_awaiting_approval")
    anew = cloud.office.act(f"/orders/{number}/validate")
    assert (anew["approval"]["state"], anew["approval"]["reason"]) == ("waiting", "")
    assert anew["approval"]["execution"] != order["approval"]["execution"]


def test_who_answers_the_task_by_its_token_decides(cloud: Cloud) -> None:
    """ASL-06: as AWS clients do it, with the token that the history tells."""
    number = large(cloud.office)
    execution = execution_of(cloud, cloud.office.act(f"/orders/{number}/validate"))
    cloud.aws.send_task_success(taskToken=token_of(cloud, execution), output='{"approved": true}')
    assert cloud.ended(execution)["status"] == "SUCCEEDED"
    shown = cloud.office.get(f"/orders/{number}")
    assert (shown["status"], shown["approval"]["decided_by"]) == ("validated", 0)
    number = large(cloud.office)
    execution = execution_of(cloud, cloud.office.act(f"/orders/{number}/validate"))
    cloud.aws.send_task_success(taskToken=token_of(cloud, execution), output='{"approved": false}')
    assert cloud.ended(execution)["status"] == "SUCCEEDED"
    shown = cloud.office.get(f"/orders/{number}")
    assert (shown["status"], shown["approval"]["state"], shown["approval"]["reason"]) == (
        "draft",
        "refused",
        "Refused.",
    )


def test_an_order_that_is_changed_meanwhile_is_not_what_was_asked_about(cloud: Cloud) -> None:
    """Who is asked about 2000 does not approve 20000, and the first execution decides nothing any more."""
    number = large(cloud.office)
    order = cloud.office.act(f"/orders/{number}/validate")
    token = token_of(cloud, execution_of(cloud, order))
    dearer = {"lines": [free_line("20000")]}
    assert cloud.office.patch(f"/orders/{number}", dearer, order["version"]).status == 200
    assert cloud.office.get(f"/orders/{number}")["approval"]["outdated"] is True
    assert cloud.office.post(f"/orders/{number}/approve").refusal == (409, "sales.approval_outdated")
    anew = cloud.office.act(f"/orders/{number}/validate")
    cloud.aws.send_task_success(taskToken=token, output='{"approved": true}')
    ended = cloud.ended(execution_of(cloud, order))
    assert (ended["status"], ended["error"]) == ("FAILED", "sales.approval_superseded")
    assert cloud.office.get(f"/orders/{number}")["approval"] == anew["approval"]


def test_what_is_approved_and_cannot_be_validated_goes_back_with_the_reason(cloud: Cloud) -> None:
    """The limit of credit is looked at when the order is validated, not when it is approved."""
    customer = cloud.office.customer()
    number = int(cloud.office.order([free_line("2000")], validated=False, party_id=customer)["id"])
    order = cloud.office.act(f"/orders/{number}/validate")
    token_of(cloud, execution_of(cloud, order))
    version = cloud.office.get(f"/third-parties/{customer}")["version"]
    assert cloud.office.patch(f"/third-parties/{customer}", {"credit_limit": "10"}, version).status == 200
    cloud.office.act(f"/orders/{number}/approve")
    assert cloud.ended(execution_of(cloud, order))["status"] == "SUCCEEDED"
    shown = cloud.office.get(f"/orders/{number}")
    assert (shown["status"], shown["approval"]["state"]) == ("draft", "refused")
    assert shown["approval"]["reason"]


def test_nobody_answering_in_time_passes_it_on_and_in_the_end_refuses(cloud: Cloud) -> None:
    """A company's own copy may wait for seconds; the alias decides which version asks."""
    arn = cloud.arn("stateMachine", MACHINE)
    definition = json.loads(cloud.aws.describe_state_machine(stateMachineArn=arn)["definition"])
    for name in ("Ask", "Escalate"):
        definition["States"][name]["TimeoutSeconds"] = 1
    cloud.aws.update_state_machine(stateMachineArn=arn, definition=json.dumps(definition), publish=True)
    routes = [{"stateMachineVersionArn": f"{arn}:2", "weight": 100}]
    cloud.aws.update_state_machine_alias(stateMachineAliasArn=f"{arn}:live", routingConfiguration=routes)
    number = large(cloud.office)
    execution = execution_of(cloud, cloud.office.act(f"/orders/{number}/validate"))
    assert cloud.ended(execution)["status"] == "SUCCEEDED"
    shown = cloud.office.get(f"/orders/{number}")["approval"]
    assert (shown["state"], shown["escalated"], shown["reason"]) == ("refused", True, "Nobody answered in time.")


def test_who_is_approved_before_the_workflow_came_to_ask_does_not_wait(cloud: Cloud) -> None:
    """Whichever comes first, the answer or the question, the order is validated."""
    workflows = cloud.served.container.workflows
    number = large(cloud.office)
    workflows.end()
    order = cloud.office.act(f"/orders/{number}/validate")
    assert cloud.office.act(f"/orders/{number}/approve")["approval"]["state"] == "approved"
    workflows.begin()
    assert cloud.ended(execution_of(cloud, order))["status"] == "SUCCEEDED"
    assert cloud.office.get(f"/orders/{number}")["status"] == "validated"


def test_an_execution_that_was_stopped_by_hand_is_started_anew(cloud: Cloud) -> None:
    """Nobody waits for ever for an answer that nobody will hear."""
    number = large(cloud.office)
    order = cloud.office.act(f"/orders/{number}/validate")
    cloud.aws.stop_execution(executionArn=execution_of(cloud, order))
    cloud.ended(execution_of(cloud, order))
    anew = cloud.office.act(f"/orders/{number}/validate")
    assert anew["approval"]["execution"] == f"order-{number}-2"


def test_approving_takes_the_right_to(cloud: Cloud) -> None:
    """ERP-13: who validates does not approve."""
    number = large(cloud.office)
    clerk = cloud.served.clerk(cloud.office.company, frozenset({Right.ORDERS_VALIDATE, Right.ORDERS_READ}))
    assert clerk.act(f"/orders/{number}/validate")["approval"]["state"] == "waiting"
    assert clerk.post(f"/orders/{number}/approve").refusal == (403, "rights.missing")
    assert clerk.post(f"/orders/{number}/refuse", {"reason": "x"}).refusal == (403, "rights.missing")
    execution = execution_of(cloud, cloud.office.get(f"/orders/{number}").body)
    cloud.office.act(f"/orders/{number}/approve")
    assert cloud.ended(execution)["status"] == "SUCCEEDED"
    assert clerk.get(f"/orders/{number}")["status"] == "validated"


def test_without_the_workflow_such_an_order_is_refused(served: Served) -> None:
    """A company that wants approval and has nobody ask for it validates nothing above the amount."""
    office = served.company(WANTED)
    number = large(office)
    assert office.post(f"/orders/{number}/validate").refusal == (409, "sales.approval_not_installed")
    assert office.post(f"/orders/{number}/approve").refusal == (409, "sales.not_awaiting_approval")


def test_installing_once_more_changes_nothing_and_a_company_s_own_copy_stays(cloud: Cloud, served: Served) -> None:
    """ORC-08: what a company has changed of it is the company's."""
    container = served.container
    context = container.context_of(cloud.office.company)
    assert installed(container, context, Known.ORDER_APPROVAL).number == 1
    roles = [one["name"] for one in cloud.office.items("/roles")]
    assert roles.count(MACHINE) == 1
    own = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
    cloud.aws.update_state_machine(stateMachineArn=cloud.arn("stateMachine", MACHINE), definition=own)
    with pytest.raises(Exception, match="StateMachineAlreadyExists"):
        installed(container, context, Known.ORDER_APPROVAL)
