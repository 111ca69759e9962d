"""Workflows that come with the program."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import typer

from app.bootstrap import Container
from app.cli.shared import chosen_company, opened, out
from app.domain.processes import Published
from app.domain.shared.rights import Right
from app.infrastructure.processes import shipped
from app.usecases.context import Context
from app.usecases.processes import InstallProcess, Shipped

workflows = typer.Typer(no_args_is_help=True, help="Workflows that come with the program.")


class Known(StrEnum):
    """What can be installed."""

    ORDER_APPROVAL = "order-approval"


RIGHTS: Final = {Known.ORDER_APPROVAL: frozenset({Right.ORDERS_APPROVE, Right.ORDERS_READ, Right.ORDERS_VALIDATE})}


@workflows.callback()
def commands() -> None:
    """Keep ``install`` a command of its own, however many there are."""


@workflows.command()
def install(
    name: Annotated[Known, typer.Argument(help="Which")],
    company: Annotated[int | None, typer.Option(help="Company id; default the only one")] = None,
) -> None:
    """Give a company a copy of a workflow, published, and a role that it acts in; once more changes nothing."""
    with opened() as container:
        container.check_schema()
        version = installed(container, container.context_of(chosen_company(container, company)), name)
    out.print(f"workflow {name.value} version {version.number}")


def installed(container: Container, context: Context, name: Known) -> Published:
    """Install a workflow in the context's company."""
    new = Shipped(name=name.value, definition=shipped(name.value), rights=RIGHTS[name], description="As shipped")
    version: Published = container.runner.call(context, container.cases[InstallProcess], lambda: new)
    return version
