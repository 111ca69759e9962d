"""Keep the books in order: verify and sign them, and do at once what jobs do once a day."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from app.cli.shared import err, fail, opened, out
from app.domain.shared.ids import CompanyId
from app.upkeep import Finding, against, verified
from app.usecases.context import system_context
from app.usecases.jobs import ListSchedules

heads = typer.Typer(no_args_is_help=True, help="Signed heads of the hash chains: proof that they were not made anew.")
files = typer.Typer(no_args_is_help=True, help="The bytes of attachments.")
chores = typer.Typer(no_args_is_help=True, help="What is done once a day for all companies, by jobs.")


def verify(
    company: Annotated[int | None, typer.Option(help="Company id; default all")] = None,
    heads_file: Annotated[
        Path | None,
        typer.Option("--heads", exists=True, dir_okay=False, help="Signed heads to hold chains against"),
    ] = None,
) -> None:
    """Walk every hash chain and compare every balance; what is wrong is printed, exit 1."""
    with opened() as container:
        container.check_schema()
        contexts = container.contexts() if company is None else [container.context_of(CompanyId(company))]
        sound = show_findings(verified(container, contexts))
        if heads_file is not None:
            sound &= show_findings(against(container, contexts, heads_file))
    if not sound:
        fail("the books are not as they were written")


@heads.command("export")
def heads_export() -> None:
    """Sign where every series stands and keep it in HEADS_DIR, once a day by UTC; nothing there is overwritten."""
    with opened() as container:
        place = container.export_heads()
        out.print("today's heads are signed already" if place is None else f"signed {place}")


@heads.command("check")
def heads_check(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="heads-<day>.json, its .sig beside it")],
    public_key: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="PEM file; default the installation's own key")
    ] = None,
) -> None:
    """Check the signature of exported heads, and that today's chains still contain them; exit 1 when they do not."""
    with opened() as container:
        container.check_schema()
        sound = show_findings(against(container, container.contexts(), file, public_key))
    if not sound:
        fail("the books are not those that were signed")


def purge() -> None:
    """Remove kept answers, sessions and counts of attempts past their time; safe while the service runs."""
    with opened() as container:
        container.check_schema()
        for name, gone in container.purge().items():
            out.print(f"{name}: {gone} rows removed")


def dispatch() -> None:
    """Give numbers to the events that wait, which a server does by itself within a second."""
    with opened() as container:
        out.print(f"{container.dispatch()} events numbered")


@chores.command("list")
def chores_list() -> None:
    """Print each chore, its times by UTC, and when its job is asked for next."""
    with opened() as container:
        container.check_schema()
        schedules = container.call(ListSchedules(), lambda: None)
        for chore in container.chores.all():
            known = schedules.get(chore.name)
            next_at = "once a process does jobs" if known is None else known.next_at.isoformat(timespec="seconds")
            out.print(f"{chore.name} at {chore.cron}, next {next_at}", markup=False)


@chores.command("run")
def chores_run(name: Annotated[str, typer.Argument(help="Name of the chore, as `chores list` prints it")]) -> None:
    """Do one chore now, in this process and beside its job, whatever its times are."""
    with opened() as container:
        container.check_schema()
        container.chores.named(name).run(system_context("cli"))
        out.print(f"{name} done", markup=False)


@files.command()
def sweep() -> None:
    """Remove files that no attachment refers to and that are older than a day."""
    with opened() as container:
        container.check_schema()
        removed = container.sweep_files()
    out.print(f"{removed} files removed")


def show_findings(findings: Iterable[Finding]) -> bool:
    """Print findings as they come, what is wrong on stderr; tell whether nothing is."""
    sound = True
    for finding in findings:
        sound &= finding.sound
        (out if finding.sound else err).print(finding.text)
    return sound
