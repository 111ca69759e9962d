"""Everything that is done to workflows and approvals, once, for tests of what use cases do to the database."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from app.domain.processes import MachineKind, NotMigratable, NotRedrivable, NotRetriable, Route
from app.domain.sales import Approval, ApprovalState, Order
from app.domain.shared.money import amount
from app.domain.shared.rights import Right
from app.infrastructure.database.work import SqlWorks
from app.infrastructure.ids import new_name
from app.infrastructure.processes import EngineExecutions, EngineRuns, EngineTasks, Workflows
from app.infrastructure.processes.engine import key_of
from app.usecases import identity, sales
from app.usecases import processes as p
from app.usecases.ports.shared import Clock, Works
from app.usecases.ports.workflows import Told
from app.usecases.shared import Change, Numbering, Versioned
from app.workflow.kernel.status import Status
from app.workflow.runtime.store import Append
from tests.support.aws import ROLE
from tests.support.resources import bare_language, bare_workflows
from tests.support.workflows import OTHER, PASS

Do = Callable[[Any, Any], Any]
LIVE: Final = (Route(version=1, weight=100),)
OWNED: Final = {"type": "AWS_OWNED_KEY"}


def process_story(do: Do, numbering: Numbering, works: Works, ordered: Callable[[], Order]) -> None:
    """Do it, in either protocol; nothing advances an execution. ``ordered`` gives drafts dearer than 1."""
    assert isinstance(works, SqlWorks)
    workflows = bare_workflows(works, numbering.clock, Path("/nowhere"))
    try:
        story = _Story(do, numbering, workflows)
        story.workflow()
        story.machine()
        story.activity()
        story.approvals(ordered)
    finally:
        workflows.end()


@dataclass(frozen=True)
class _Story:
    do: Do
    numbering: Numbering
    engine: Workflows

    @property
    def clock(self) -> Clock:
        """The time of the story."""
        return self.numbering.clock

    def workflow(self) -> None:
        """Enter, change, lead, run and remove a workflow."""
        do, clock, language = self.do, self.clock, bare_language(self.clock)
        new = p.NewWorkflow(name=new_name(), definition=p.Definition(text=json.dumps(PASS)), publish=True)
        machine = do(p.CreateWorkflow(clock, language), new).machine
        number = machine.id
        change = Change(id=number, version=1, changes={"definition": json.dumps(OTHER)})
        do(p.ChangeWorkflow(clock, language, new_name), change)
        do(p.PublishWorkflow(clock, language), (number, ""))
        for version in (1, 2):
            routes = (Route(version=version, weight=100),)
            do(p.SetAlias(clock), p.Leading(id=number, version=version + 2, name="live", routes=routes))
        do(p.RollBackAlias(clock), (number, "live"))
        do(p.DeleteWorkflowAlias(), p.Part(id=number, version=6, name="live"))
        do(p.DeleteWorkflowVersion(), p.Part(id=number, version=7, name="1"))
        execution = self.run(machine.name)
        change = Change(id=number, version=8, changes={"definition": json.dumps(PASS)})
        do(p.ChangeWorkflow(clock, language, new_name), change)
        with pytest.raises(NotMigratable):
            do(p.MigrateRun(EngineRuns(self.engine)), p.Migration(execution=execution, version=None))
        do(p.StopRun(EngineRuns(self.engine)), p.StopRequest(execution=execution, error="", cause=""))
        self.end(machine.name)
        do(p.DeleteWorkflow(EngineExecutions(self.engine)), Versioned(id=number, version=9))

    def end(self, name: str) -> None:
        """Start an execution, have it end as the engine would have it, and tell of that."""
        executions = EngineExecutions(self.engine)
        wanted = p.NewRun(workflow=name, version=None, alias=None, name=None, input="{}", reference=None)
        execution: str = self.do(p.StartRun(executions), wanted).execution.id
        key = key_of(self.do(identity.ReadCompany(), None).id, execution)
        end = Append(key, 1, Status.FAILED, None, None, "", "", 1, started=1, ended=2, error="Broken", announced=True)
        assert self.engine.engine.store.commit([end]) == {key}
        assert self.do(p.TellEnds(executions), 10) == 1

    def run(self, name: str) -> str:
        """Start an execution, and do to it what can be done to one that has not begun."""
        do, runs = self.do, EngineRuns(self.engine)
        wanted = p.NewRun(workflow=name, version=None, alias=None, name=None, input="{}", reference="orders/7")
        execution: str = do(p.StartRun(EngineExecutions(self.engine)), wanted).execution.id
        told = Told(key="paid", value="7", data=None, id=None, keep=1_000)
        do(p.TellRun(runs), (execution, told))
        do(p.SendMessage(runs), told)
        with pytest.raises(NotRedrivable):
            do(p.RedriveRun(runs), execution)
        again = p.Retry(execution=execution, state="A", input=None, version=None, current=False)
        with pytest.raises(NotRetriable):
            do(p.RetryRun(runs, bare_language(self.clock)), again)
        # What the workflow does now is what it goes by: nothing happens to it.
        do(p.MigrateRun(runs), p.Migration(execution=execution, version=None))
        return execution

    def machine(self) -> None:
        """Enter, change, publish, lead, tag, run and remove a machine, as AWS's protocol has it."""
        do, clock, language, name = self.do, self.clock, bare_language(self.clock, extended=False), new_name()
        new = p.NewMachine(
            name=name,
            definition=json.dumps(PASS),
            role=ROLE,
            region="us-east-1",
            kind=MachineKind.STANDARD,
            logging={"level": "OFF", "includeExecutionData": False},
            tracing={"enabled": False},
            encryption=OWNED,
            publish=True,
        )
        do(p.CreateMachine(clock, language), new)
        live = p.NewAlias(machine=name, name="live", description="", routes=LIVE, new=True)
        do(p.PutAlias(clock), live)
        change = p.MachineChange(name=name, region="us-east-1", definition=json.dumps(OTHER))
        do(p.UpdateMachine(clock, language, new_name), change)
        assert do(p.PublishVersion(clock, language), p.Publish(name=name)).number == 2
        start = p.Start(of=p.MachineRef(name=name, qualifier="live"), name=None, input="{}")
        assert do(p.StartExecution(EngineExecutions(self.engine)), start).published == 1
        do(p.ChangeTags(), p.TagChange(of=p.Tagged(name=name), put={"a": "b"}))
        do(p.DeleteAlias(), p.MachineRef(name=name, qualifier="live"))
        do(p.DeleteVersion(), p.MachineRef(name=name, qualifier="1"))
        do(p.DeleteMachine(EngineExecutions(self.engine)), name)

    def activity(self) -> None:
        """Enter, tag and remove an activity."""
        name = new_name()
        self.do(p.CreateActivity(self.clock), p.NewActivity(name=name, encryption=OWNED))
        self.do(p.ChangeTags(), p.TagChange(of=p.Tagged(name=name, activity=True), put={"a": "b"}))
        self.do(p.DeleteActivity(), name)

    def approvals(self, ordered: Callable[[], Order]) -> None:
        """Install what asks, have it ask, and decide in every way; nobody wants approvals afterwards."""
        do, clock, tasks = self.do, self.clock, EngineTasks(self.engine)
        shipped = p.Shipped(
            name="order-approval", definition=json.dumps(PASS), rights=frozenset({Right.ORDERS_APPROVE})
        )
        for _ in range(2):
            do(p.InstallProcess(clock, bare_language(clock)), shipped)
        self.wanted_above(Decimal(1))
        approved, refused = self.asked(ordered()), self.asked(ordered())
        do(sales.ApproveOrder(clock, tasks), approved.order)
        validate = sales.ValidateOrder(self.numbering, sales.Approving(EngineExecutions(self.engine), clock))
        assert do(validate, approved.order).state.value == "validated"
        do(sales.RefuseOrder(clock, tasks), sales.RefusedOrder(order_id=refused.order, reason="x"))
        self.waits(refused, ApprovalState.REFUSED)
        for by_token in (True, False):
            asked = self.asked(ordered())
            settled = sales.Settled(order_id=asked.order, execution=asked.execution, approved=by_token, reason="x")
            do(sales.SettleApproval(clock), settled)
        self.wanted_above(None)

    def wanted_above(self, most: Decimal | None) -> None:
        """Change above what orders are to be approved."""
        company = self.do(identity.ReadCompany(), None)
        wanted = {"approval_above": None if most is None else amount(most)}
        change = Change(id=company.id, version=company.settings.version, changes=wanted)
        self.do(identity.ChangeSettings(self.clock), change)

    def asked(self, order: Order) -> Approval:
        """Have an approval asked for: by the order first, then by its workflow, twice."""
        approving = sales.Approving(EngineExecutions(self.engine), self.clock)
        approval = self.do(sales.ValidateOrder(self.numbering, approving), order.id).approval
        assert isinstance(approval, Approval)
        self.waits(approval, ApprovalState.WAITING)
        return approval

    def waits(self, approval: Approval, state: ApprovalState) -> None:
        """Have the workflow wait for an approval, escalated the second time."""
        for escalated in (False, True):
            awaited = sales.Awaited(
                order_id=approval.order, execution=approval.execution, token="none", escalated=escalated
            )
            waiting = self.do(sales.AwaitApproval(EngineTasks(self.engine)), awaited)
            assert waiting.approval.state is state
