"""Second factors in SQL."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, insert, select, true, update

from app.domain.access import SecondFactor
from app.domain.shared.ids import UserId
from app.infrastructure.database.compiled import prepare, prepare_many
from app.infrastructure.database.failures import ConstraintViolated
from app.infrastructure.database.session import Session as Statements
from app.infrastructure.database.statements import insert_rows
from app.infrastructure.database.tables.access import (
    recovery_codes,
    second_factors,
)
from app.usecases.context import Context
from app.usecases.ports.shared import RolledBack

_FACTOR: Final = ("user_id", "secret", "confirmed", "last_step", "created_at")
_GET_FACTOR = prepare(
    select(*(second_factors.c[name] for name in _FACTOR)).where(second_factors.c.user_id == bindparam("user"))
)
_NEW_FACTOR = prepare(insert(second_factors).values({name: bindparam(name) for name in _FACTOR}))
_CONFIRM = prepare(
    update(second_factors)
    .where(
        second_factors.c.user_id == bindparam("user"),
        second_factors.c.confirmed.is_not(true()),
        second_factors.c.last_step < bindparam("step"),
    )
    .values(confirmed=true(), last_step=bindparam("step"))
)
_USE_STEP = prepare(
    update(second_factors)
    .where(second_factors.c.user_id == bindparam("user"), second_factors.c.last_step < bindparam("step"))
    .values(last_step=bindparam("step"))
)
_DROP_FACTOR = prepare(delete(second_factors).where(second_factors.c.user_id == bindparam("user")))
_NEW_CODES = prepare_many(insert_rows(recovery_codes, ("code_hash",), common=("user_id",)))
_USE_CODE = prepare(
    update(recovery_codes)
    .where(
        recovery_codes.c.user_id == bindparam("user"),
        recovery_codes.c.code_hash == bindparam("code"),
        recovery_codes.c.used_at.is_(None),
    )
    .values(used_at=bindparam("now"))
)
_DROP_CODES = prepare(delete(recovery_codes).where(recovery_codes.c.user_id == bindparam("user")))


class SqlSecondFactors:
    """Second factors, in rows of ``second_factors`` and ``recovery_codes``."""

    def __init__(self, session: Statements, context: Context) -> None:  # noqa: ARG002 - repositories are made alike
        self._session = session

    def get(self, user: UserId) -> SecondFactor | None:
        """Give the user's second factor, confirmed or not."""
        row = self._session.one(_GET_FACTOR, user=user)
        if row is None:
            return None
        return SecondFactor(user=row[0], secret=row[1], confirmed=row[2], last_step=row[3], created_at=row[4])

    def put(self, factor: SecondFactor, codes: Collection[str]) -> None:
        """Store a factor in place of any other, with the fingerprints of its recovery codes."""
        self.drop(factor.user)
        try:
            self._session.run(
                _NEW_FACTOR,
                user_id=factor.user,
                secret=factor.secret,
                confirmed=factor.confirmed,
                last_step=factor.last_step,
                created_at=factor.created_at,
            )
        except ConstraintViolated as violated:
            raise RolledBack from violated  # a twin stored one just now: the next attempt sees it
        self._session.many(_NEW_CODES, [{"code_hash": code} for code in sorted(codes)], user_id=factor.user)

    def confirm(self, user: UserId, step: int) -> bool:
        """Let the factor count from now on; tell whether there was one to confirm."""
        return bool(self._session.run(_CONFIRM, user=user, step=step))

    def use_step(self, user: UserId, step: int) -> bool:
        """Note that the code of ``step`` was used; False when that one or a later one was used already."""
        return bool(self._session.run(_USE_STEP, user=user, step=step))

    def use_recovery(self, user: UserId, code: str, now: datetime) -> bool:
        """Use up the recovery code with fingerprint ``code``; False when there is none unused."""
        return bool(self._session.run(_USE_CODE, user=user, code=code, now=now))

    def drop(self, user: UserId) -> bool:
        """Remove the factor and its codes; tell whether there was one."""
        self._session.run(_DROP_CODES, user=user)
        return bool(self._session.run(_DROP_FACTOR, user=user))
