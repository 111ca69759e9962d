"""State machines, their executions, and the work they hand out."""

from app.usecases.processes.activities import (
    CreateActivity,
    DeleteActivity,
    ListActivities,
    NewActivity,
    ReadActivity,
)
from app.usecases.processes.aliases import DeleteAlias, ListAliases, NewAlias, PutAlias, ReadAlias
from app.usecases.processes.executions import (
    History,
    ListExecutions,
    OfMachine,
    ReadExecution,
    ReadHistory,
    RedriveExecution,
    Start,
    StartExecution,
    Stop,
    StopExecution,
)
from app.usecases.processes.installing import InstallProcess, Shipped
from app.usecases.processes.machines import (
    CreateMachine,
    DeleteMachine,
    ListMachines,
    MachineChange,
    MachineRef,
    NewMachine,
    Page,
    ReadMachine,
    ReadMachineOfExecution,
    Seen,
    UpdateMachine,
    ValidateDefinition,
)
from app.usecases.processes.principals import Starter, acting_for
from app.usecases.processes.resources import ListResources
from app.usecases.processes.tags import ChangeTags, ListTags, TagChange, Tagged
from app.usecases.processes.tasks import AnswerTask, BeatTask, FindActivity, TaskAnswer
from app.usecases.processes.versions import DeleteVersion, ListVersions, Publish, PublishVersion

__all__ = [
    "AnswerTask",
    "BeatTask",
    "ChangeTags",
    "CreateActivity",
    "CreateMachine",
    "DeleteActivity",
    "DeleteAlias",
    "DeleteMachine",
    "DeleteVersion",
    "FindActivity",
    "History",
    "InstallProcess",
    "ListActivities",
    "ListAliases",
    "ListExecutions",
    "ListMachines",
    "ListResources",
    "ListTags",
    "ListVersions",
    "MachineChange",
    "MachineRef",
    "NewActivity",
    "NewAlias",
    "NewMachine",
    "OfMachine",
    "Page",
    "Publish",
    "PublishVersion",
    "PutAlias",
    "ReadActivity",
    "ReadAlias",
    "ReadExecution",
    "ReadHistory",
    "ReadMachine",
    "ReadMachineOfExecution",
    "RedriveExecution",
    "Seen",
    "Shipped",
    "Start",
    "StartExecution",
    "Starter",
    "Stop",
    "StopExecution",
    "TagChange",
    "Tagged",
    "TaskAnswer",
    "UpdateMachine",
    "ValidateDefinition",
    "acting_for",
]
