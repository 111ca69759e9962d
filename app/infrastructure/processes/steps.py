"""Steps that are use cases: each in the transaction whose last statement is the step's result (ASL-05, ORC-06).

What a step may do is decided as it runs: the rights of this moment, of who started the execution or of the role that
its machine is published with.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import local
from typing import Any, Final

import structlog

from app.domain.processes import RevisionNumber
from app.domain.shared.errors import Busy, DomainError, Forbidden, Unauthenticated, Unavailable
from app.domain.shared.ids import CompanyId
from app.infrastructure.database.work import SqlWork, SqlWorks
from app.infrastructure.processes.principals import starter
from app.infrastructure.texts import Texts
from app.usecases.context import DEFAULT_LOCALE, Context, system_context
from app.usecases.ports.resources import PREFIX, Offered
from app.usecases.ports.shared import RolledBack
from app.usecases.processes import acting_for
from app.workflow.asl.services import Services
from app.workflow.kernel.errors import StepError
from app.workflow.runtime.registry import Way
from app.workflow.runtime.steps import Step

PERMISSIONS: Final = "States.Permissions"
INTERNAL: Final = "internal"
WAITS: Final = ".waitForTaskToken"
_log: Final = structlog.get_logger(source="app.workflows")


class AgainError(StepError):
    """The step came to nothing for no fault of its own: run it again."""


def may_pass(error: BaseException) -> bool:
    """Tell whether a step that failed so is worth another try at once."""
    return isinstance(error, AgainError)


class ProductServices(Services):
    """What resources mean: AWS's as always, and all of ours go to the one handler that does them."""

    def way(self, resource: str, argument: Any, step: str) -> Way:
        """Say how a task is done. Raises StepError."""
        if resource.startswith(PREFIX):
            return Way(PREFIX, argument, submits=resource.endswith(WAITS))
        return super().way(resource, argument, step)


class BusinessSteps:
    """Does the use cases that steps name."""

    def __init__(self, works: SqlWorks, offered: Offered, texts: Texts) -> None:
        self._works = works
        self._offered = offered
        self._texts = texts
        self._here = local()

    @contextmanager
    def transactions(self) -> Iterator[Any]:
        """Open a transaction of the business on this thread, give the driver's connection, and commit at the end."""
        try:
            with self._works.writing(system_context("workflow")) as work, work.session.lent() as connection:
                self._here.work = work
                yield connection
                work.commit()
        except (RolledBack, Unavailable) as error:
            raise self._again(error) from error
        finally:
            self._here.work = None

    def do(self, data: Any, step: Step, connection: Any) -> Any:  # noqa: ARG002 - asked for, so that one is opened
        """Do a use case within the transaction of this thread, and give what REST would answer. Raises StepError."""
        work: SqlWork = self._here.work
        nobody = system_context(step.key.id)
        acting = self._permitted(work, replace(nobody, company=CompanyId(int(step.namespace))), step)
        work.become(acting)
        try:
            doing = self._offered().prepare(step.resource, data, acting)
            acting.require(doing.case.right)
            given = doing.show(doing.case.execute(work, acting, doing.build()))
            work.flush()
        except (RolledBack, Unavailable) as error:
            raise self._again(error) from error
        except (Forbidden, Unauthenticated) as error:
            raise StepError(PERMISSIONS, self._told(acting.locale, error)) from error
        except DomainError as error:
            raise StepError(error.code, self._told(acting.locale, error)) from error
        except Exception as error:
            _log.exception("a step broke", company=acting.company, execution=step.key.id, resource=step.resource)
            raise StepError(INTERNAL, self._texts.text(acting.locale, f"{INTERNAL}.detail", {})) from error
        return given

    def _permitted(self, work: SqlWork, nobody: Context, step: Step) -> Context:
        """Give the context of who the step acts for. Raises StepError."""
        work.become(nobody)
        try:
            return acting_for(work, nobody, starter(step.principal), RevisionNumber(step.edition))
        except (RolledBack, Unavailable) as error:
            raise self._again(error) from error
        except DomainError as error:
            raise StepError(PERMISSIONS, self._told(nobody.locale, error)) from error

    def _told(self, locale: str, error: DomainError) -> str:
        """Give the sentence of an error; of an input that is wrong in form also what is wrong where."""
        wrong = (
            f"{'/'.join(map(str, ('', *one.path)))}: {self._texts.text(locale, one.code, one.facts)}"
            for one in getattr(error, "problems", ())
        )
        return " ".join((self._texts.told(locale, error), *wrong))

    def _again(self, error: Exception) -> AgainError:
        told = error if isinstance(error, Unavailable) else Busy()
        return AgainError(told.code, self._texts.told(DEFAULT_LOCALE, told))
