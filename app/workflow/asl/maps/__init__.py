"""Distributed Maps: what they go over, how items become inputs of executions, what becomes of their results."""
