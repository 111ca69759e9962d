"""Proposals to customers and their orders."""

from app.api.routers.sales import approvals, orders, proposals

ROUTERS = (proposals.routes, orders.routes, approvals.routes)
INNER = (approvals.inner,)
"""What is served to nobody: steps of workflows alone do it."""
