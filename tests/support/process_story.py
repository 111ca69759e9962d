"""Everything that is done to workflows and executions by hand, once, for tests of what use cases do to the database."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.domain.processes import NotMigratable, NotRedrivable, Route
from app.infrastructure.database.work import SqlWorks
from app.infrastructure.ids import new_name
from app.infrastructure.processes import EngineExecutions, EngineRuns
from app.usecases import processes as p
from app.usecases.ports.shared import Clock, Works
from app.usecases.ports.workflows import Told
from app.usecases.shared import Change, Versioned
from tests.support.resources import bare_language, bare_workflows
from tests.support.workflows import OTHER, PASS

Do = Callable[[Any, Any], Any]


def process_story(do: Do, clock: Clock, works: Works) -> None:
    """Enter, change, lead, run and remove a workflow; nothing advances its execution."""
    assert isinstance(works, SqlWorks)
    workflows = bare_workflows(works, clock, Path("/nowhere"))
    try:
        _story(do, clock, EngineExecutions(workflows), EngineRuns(workflows))
    finally:
        workflows.end()


def _story(do: Do, clock: Clock, executions: EngineExecutions, runs: EngineRuns) -> None:
    language = bare_language(clock)
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
    wanted = p.NewRun(workflow=machine.name, version=None, alias=None, name=None, input="{}", reference="orders/7")
    execution = do(p.StartRun(executions), wanted).execution.id
    told = Told(key="paid", value="7", data=None, id=None, keep=1_000)
    do(p.TellRun(runs), (execution, told))
    do(p.SendMessage(runs), told)
    with pytest.raises(NotRedrivable):
        do(p.RedriveRun(runs), execution)
    with pytest.raises(NotMigratable):
        do(p.MigrateRun(runs), p.Migration(execution=execution, version=None))
    do(p.StopRun(runs), p.StopRequest(execution=execution, error="", cause=""))
    do(p.DeleteWorkflow(executions), Versioned(id=number, version=8))
