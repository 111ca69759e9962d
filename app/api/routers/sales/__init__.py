"""Proposals to customers and their orders."""

from app.api.routers.sales import orders, proposals

ROUTERS = (proposals.routes, orders.routes)
