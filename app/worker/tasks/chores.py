"""Chores: what is done once a day for the whole installation, each of them a scheduled job of the company 0.

A chore goes through the companies itself, in short transactions. Cut short at any moment it has lost nothing and goes
on from there with the next attempt; two at once share the work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import structlog

from app.domain.shared.errors import NotFound
from app.domain.shared.ids import CompanyId
from app.domain.shared.rights import ALL_RIGHTS
from app.usecases.attachments import SweepFiles
from app.usecases.billing import RunTemplates
from app.usecases.chains import ExportHeads
from app.usecases.context import Context
from app.usecases.identity import ListCompanies
from app.usecases.jobs import Planned
from app.usecases.journal import ForgetJournal
from app.usecases.processes import ForgetExecutions
from app.usecases.retention import Purge
from app.usecases.run import Runner
from app.usecases.sales import ExpireDue
from app.worker.kinds import Attempt, JobKind

ATTEMPTS: Final = 20
"""About two hours with the delays of jobs: a chore waits for the next day anyway."""
LONGEST_S: Final = 3600.0
LANE: Final = "chores"
INSTALLATION: Final = CompanyId(0)
_log = structlog.get_logger(source="app.chores")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """Something to ``run`` at each time of ``cron``, by UTC, within the context of an attempt at it."""

    name: str
    cron: str
    run: Callable[[Context], object]

    @property
    def planned(self) -> Planned:
        """The schedule that asks for it."""
        return Planned(name=self.name, cron=self.cron, kind=f"{LANE}.{self.name}")

    @property
    def kind(self) -> JobKind:
        """The kind of its jobs. One chore runs at a time in a process, and the others' jobs beside it."""

        def run(attempt: Attempt) -> None:
            self.run(attempt.context)

        return JobKind(name=self.planned.kind, run=run, at_once=1, attempts=ATTEMPTS, seconds=LONGEST_S, lane=LANE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chores:
    """All chores there are, and what they are made of."""

    runner: Runner
    purge: Purge
    heads: ExportHeads
    files: SweepFiles
    journal: ForgetJournal
    executions: ForgetExecutions
    proposals: ExpireDue
    templates: RunTemplates

    def all(self) -> Sequence[Chore]:
        """Give them in the order of the night, by UTC: what is due on a new day first, what only cleans up last."""
        return (
            Chore(name="expire-proposals", cron="5 0 * * *", run=partial(self._in_each, self.proposals)),
            Chore(name="run-templates", cron="10 0 * * *", run=partial(self._in_each, self.templates)),
            Chore(name="export-heads", cron="30 0 * * *", run=self._sign),
            Chore(name="purge", cron="0 2 * * *", run=self.purge),
            Chore(name="forget-journal", cron="15 2 * * *", run=self._forget),
            Chore(name="forget-executions", cron="20 2 * * *", run=self.executions),
            Chore(name="sweep-files", cron="30 2 * * *", run=self.files),
        )

    def named(self, name: str) -> Chore:
        """Give the chore called ``name``. Raises NotFound."""
        found = next((chore for chore in self.all() if chore.name == name), None)
        if found is None:
            raise NotFound(kind="chore", id=name)
        return found

    def _sign(self, context: Context) -> str | None:
        return self.heads(each_company(self.runner, context))

    def _forget(self, context: Context) -> None:
        self.journal([replace(context, company=INSTALLATION)])
        self._in_each(self.journal, context)

    def _in_each(self, act: Callable[[Sequence[Context]], int], context: Context) -> None:
        """Act in each company; one that fails keeps no other from its own. Raises what the first of them raised."""
        failed: list[Exception] = []
        for company in each_company(self.runner, context):
            context.check()
            try:
                act([company])
            except Exception as error:  # noqa: BLE001 - raised below, when the others have theirs
                _log.warning("a chore failed in a company", company=company.company, exc_info=True)
                failed.append(error)
        if failed:
            raise failed[0]


def each_company(runner: Runner, context: Context) -> Sequence[Context]:
    """Give ``context`` as that of each company, with every right: its deadline and its end hold in all of them."""
    return [
        replace(context, company=found.id, rights=ALL_RIGHTS, settings=found.settings)
        for found in runner.call(context, ListCompanies(), lambda: None)
    ]
