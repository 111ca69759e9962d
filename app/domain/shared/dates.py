"""Legal dates: days in the company's zone, never instants."""

from __future__ import annotations

from datetime import date
from typing import TypeAlias

Day: TypeAlias = date
"""The type of a field that is itself called ``date``."""
