"""Workflows and their executions on the wire."""
