"""Definitions that come with the program, in ``templates/workflows``."""

from __future__ import annotations

from app.resources import resource


def shipped(name: str) -> str:
    """Give a definition as text, in Amazon States Language. Raises FileNotFoundError."""
    return (resource("templates") / "workflows" / f"{name}.json").read_text(encoding="utf-8")
