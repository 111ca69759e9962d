"""Endpoints, one module per capability."""
