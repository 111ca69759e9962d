"""The workflow engine in the product: its life, its machines, and the ports of the use cases."""

from app.infrastructure.processes.engine import Workflows
from app.infrastructure.processes.executions import EngineExecutions
from app.infrastructure.processes.language import StatesLanguage
from app.infrastructure.processes.shipped import shipped
from app.infrastructure.processes.steps import BusinessSteps
from app.infrastructure.processes.tasks import EngineTasks

__all__ = ["BusinessSteps", "EngineExecutions", "EngineTasks", "StatesLanguage", "Workflows", "shipped"]
