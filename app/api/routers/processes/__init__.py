"""Workflows and their executions."""

from app.api.routers.processes import executions, workflows

ROUTERS = (workflows.routes, executions.routes)
