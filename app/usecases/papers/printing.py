"""From a document to its file: described in a transaction, printed outside of any, kept in another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from app.usecases.context import Context
from app.usecases.papers.keeping import KeepPaper, Printed, Wanted
from app.usecases.ports.attachments import Files
from app.usecases.ports.papers import KeptPaper, Printer
from app.usecases.ports.shared import Clock
from app.usecases.run import Runner, UseCase

Request = TypeVar("Request")


@dataclass(frozen=True, slots=True)
class Printing:
    """Prints what was described and was not kept yet.

    Not a use case but three steps, which callers with threads of several kinds take apart: no connection is held while
    a paper is drawn, and nothing is kept of one that nobody waits for any more.
    """

    runner: Runner
    files: Files
    printer: Printer
    clock: Clock

    def __call__(self, context: Context, case: UseCase[Request, Wanted], request: Callable[[], Request]) -> KeptPaper:
        """Give the paper as it is kept; its bytes are found by its digest. Raises as the three steps do."""
        wanted = self.runner.call(context, case, request)
        return wanted.kept or self.keep(context, self.draw(context, wanted))

    def draw(self, context: Context, wanted: Wanted) -> Printed:
        """Print a paper into a file that is durable, though not kept.

        Raises Cancelled, DeadlineExceeded, StorageFull.
        """
        paper = wanted.paper
        assert paper is not None  # noqa: S101 - what was not kept was described
        context.check()
        if wanted.logo:
            logo = b"".join(self.files.read(context.company, wanted.logo))
            paper = replace(paper, appearance=replace(paper.appearance, logo=logo))
        data = self.printer.print(paper, context.check)
        context.check()
        staged = self.files.stage(context.company)
        try:
            staged.write(data)
            digest, size = staged.seal()
        except BaseException:
            staged.drop()
            raise
        return Printed(wanted=wanted, digest=digest, size=size, staged=staged)

    def keep(self, context: Context, printed: Printed) -> KeptPaper:
        """Keep a paper that was printed, or give the one that somebody else kept meanwhile. Raises as the runner."""
        try:
            return self.runner.call(context, KeepPaper(self.clock), lambda: printed)
        finally:
            printed.staged.drop()
