"""The one runner: transaction, bounded retries, idempotency. HTTP, import, jobs and workflow steps all call it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeVar

from app.domain.access import PasswordChangeRequired
from app.domain.identity import NoMembership
from app.domain.shared.errors import Busy, DomainError, KeyReused
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.shared import Answer, AnswerExists, IdempotencyKey, RolledBack, Work, Works

Request_contra = TypeVar("Request_contra", contravariant=True)
Result_co = TypeVar("Result_co", covariant=True)
Request = TypeVar("Request")
Result = TypeVar("Result")
Value = TypeVar("Value")

ATTEMPTS: Final = 12


class UseCase(Protocol[Request_contra, Result_co]):
    """One thing the system does, within a transaction that the runner opens."""

    @property
    def right(self) -> Right | None:
        """What the caller must hold; None: nothing."""
        ...

    @property
    def writes(self) -> bool:
        """Whether it needs a Work that may write."""
        ...

    def execute(self, work: Work, context: Context, request: Request_contra, /) -> Result_co:
        """Do it within ``work``."""
        ...


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs use cases, each in a transaction of its own.

    Who the caller is may have been found out half a minute ago. A use case with ``fresh = True`` has it read again
    within its transaction: what changes users, roles and keys, and what pays money out, obeys a withdrawal at once.

    ``pause`` is told the number of failed attempts and waits before the next one.
    """

    works: Works
    pause: Callable[[int], None]

    def run(
        self,
        context: Context,
        case: UseCase[Request, Result],
        build: Callable[[], Request],
        present: Callable[[Result], Answer],
        key: IdempotencyKey | None = None,
    ) -> Answer:
        """Execute ``case`` once and give ``present(result)``, or the answer already kept under ``key``.

        ``build`` is called anew for each attempt, so a changed entity is never used twice. Rights are checked before a
        replay. Raises the use case's DomainErrors, KeyReused for another body under the key, Busy in the end.
        """
        if case.right is not None:
            context.require(case.right)
        if not case.writes:
            return self._retrying(context, lambda: self._read(context, case, build, present))
        return self._retrying(context, lambda: self._write(context, case, build, present, key))

    def call(self, context: Context, case: UseCase[Request, Result], request: Callable[[], Request]) -> Result:
        """Execute ``case`` once and give its result itself, for callers that are not clients (import, command line)."""
        kept: list[Result] = []

        def present(result: Result) -> Answer:
            kept[:] = [result]
            return Answer(body=b"")

        self.run(context, case, request, present)
        return kept[0]

    def _read(
        self,
        context: Context,
        case: UseCase[Request, Result],
        build: Callable[[], Request],
        present: Callable[[Result], Answer],
    ) -> Answer:
        with self.works.reading(context) as work:
            return present(case.execute(work, _as_of_now(work, context, case), build()))

    def _write(
        self,
        context: Context,
        case: UseCase[Request, Result],
        build: Callable[[], Request],
        present: Callable[[Result], Answer],
        key: IdempotencyKey | None,
    ) -> Answer:
        admitted = False
        try:
            with self.works.writing(context) as work:
                acting = _as_of_now(work, context, case)
                admitted = True
                kept = self._kept(work, key)
                if kept is not None:
                    return kept
                answer = present(case.execute(work, acting, build()))
                if key is not None:
                    work.answers.add(key, answer)
                work.commit()
                return answer
        except (AnswerExists, DomainError) as refusal:
            if not admitted:
                raise  # who may not do it any more is shown no answer either
            # A twin may have done the work between our look-up and now: then its answer is ours (a validated order is
            # no error to the second of two identical requests). Its row is only visible to a new transaction.
            replay = self._look_again(context, key)
            if replay is not None:
                return replay
            if isinstance(refusal, AnswerExists):
                raise RolledBack from refusal
            raise

    def _look_again(self, context: Context, key: IdempotencyKey | None) -> Answer | None:
        if key is None:
            return None
        with self.works.reading(context) as work:
            return self._kept(work, key)

    @staticmethod
    def _kept(work: Work, key: IdempotencyKey | None) -> Answer | None:
        stored = work.answers.find(key) if key is not None else None
        if stored is None or key is None:
            return None
        if stored.body_hash != key.body_hash:
            raise KeyReused(key=key.key)
        return replace(stored.answer, replayed=True)

    def _retrying(self, context: Context, attempt: Callable[[], Value]) -> Value:
        for failed in range(1, ATTEMPTS):
            context.check()
            try:
                return attempt()
            except RolledBack:
                self.pause(failed)
        context.check()
        try:
            return attempt()
        except RolledBack as error:
            raise Busy from error


def _as_of_now(work: Work, context: Context, case: UseCase[Request, Result]) -> Context:
    """Give the context with the rights of this moment, for use cases that ask for it.

    Raises NoMembership, MissingRight, PasswordChangeRequired. The installation itself, actor 0, has nothing to lose.
    """
    return as_of_now(work, context, case.right) if getattr(case, "fresh", False) else context


def as_of_now(work: Work, context: Context, right: Right | None) -> Context:
    """Give the context with the rights of this moment, of which it needs ``right``, read within ``work``.

    For a use case that finds out only from its documents that it pays money out. Raises as ``fresh`` does.
    """
    if not context.actor:
        return context
    standing = work.principals.standing(
        context.actor,
        context.company,
        session=context.session,
        api_key=context.api_key,
        aws_credential=context.aws_credential,
    )
    if standing is None:
        raise NoMembership
    if standing.must_change_password:
        raise PasswordChangeRequired
    context = replace(context, rights=standing.rights)
    if right is not None:
        context.require(right)
    return context
