"""Workflows and their executions."""

from app.api.routers.processes import workflows

ROUTERS = (workflows.routes,)
