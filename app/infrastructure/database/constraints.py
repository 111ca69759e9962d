"""Violated unique constraints, told as what they mean to the business."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from app.domain.shared.errors import Taken
from app.infrastructure.database.failures import Constraint, ConstraintViolated
from app.usecases.ports.shared import RolledBack


@contextmanager
def taken(constraints: Mapping[str, tuple[str, object]]) -> Iterator[None]:
    """Turn the violation of a named unique constraint into Taken: ``{constraint: (field, value)}``."""
    try:
        yield
    except ConstraintViolated as violated:
        found = constraints.get(violated.constraint or "")
        if found is None:
            raise
        field, value = found
        raise Taken(at=(field,), value=value) from violated


@contextmanager
def referring() -> Iterator[None]:
    """Have the transaction run again when what was there at its look-up is gone: then the look-up tells the caller."""
    try:
        yield
    except ConstraintViolated as violated:
        if violated.kind is not Constraint.FOREIGN_KEY:
            raise
        raise RolledBack from violated
