"""The workflow engine in the product: its life, its machines, and the ports of the use cases."""

from app.infrastructure.processes.engine import Workflows
from app.infrastructure.processes.executions import EngineExecutions
from app.infrastructure.processes.language import StatesLanguage
from app.infrastructure.processes.map_runs import EngineMapRuns
from app.infrastructure.processes.objects import objects_of
from app.infrastructure.processes.runs import EngineRuns
from app.infrastructure.processes.shipped import shipped
from app.infrastructure.processes.steps import BusinessSteps
from app.infrastructure.processes.tasks import EngineTasks

__all__ = [
    "BusinessSteps",
    "EngineExecutions",
    "EngineMapRuns",
    "EngineRuns",
    "EngineTasks",
    "StatesLanguage",
    "Workflows",
    "objects_of",
    "shipped",
]
