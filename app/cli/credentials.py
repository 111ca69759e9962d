"""Credentials of AWS clients: how programs made for AWS Step Functions get in here."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from app.cli.shared import chosen_company, opened, out
from app.domain.shared.rights import Right
from app.infrastructure.keys import complete_keys
from app.settings import Settings
from app.usecases.access import CreateAwsCredential, MadeAwsCredential, NewAwsCredential
from app.usecases.identity import FindMember

USUAL: Final = (Right.EXECUTIONS_READ, Right.EXECUTIONS_WRITE, Right.WORKFLOWS_READ, Right.WORKFLOWS_WRITE)
credentials = typer.Typer(no_args_is_help=True, help="Credentials of programs made for AWS Step Functions.")


@credentials.callback()
def commands() -> None:
    """Keep ``create`` a command of its own, however many there are."""


@credentials.command()
def create(
    email: Annotated[str, typer.Option(help="Whom they act for: the e-mail address of an account of the company")],
    name: Annotated[str, typer.Option(help="What they are for")] = "aws",
    company: Annotated[int | None, typer.Option(help="Company id; default the only one")] = None,
    right: Annotated[
        list[Right] | None, typer.Option(help="Most they may do, repeatable; default all of workflows and executions")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=730, help="Days until they expire")] = 365,
    region: Annotated[str, typer.Option(help="Region that clients are to name; any will do")] = "us-east-1",
) -> None:
    """Make credentials, and print what to put into ~/.aws/config; the secret is shown this once."""
    complete_keys(Settings().data_dir)
    with opened() as container:
        container.check_schema()
        chosen = chosen_company(container, company)
        acting = container.context_of(chosen)
        new = NewAwsCredential(
            name=name,
            scopes=frozenset(right or USUAL),
            days=days,
            user=container.runner.call(acting, FindMember(), lambda: email),
        )
        made = container.runner.call(acting, container.cases[CreateAwsCredential], lambda: new)
        _show(made, _endpoint(container.settings), region)


def _endpoint(settings: Settings) -> str:
    """Give the address that clients are to use."""
    if settings.public_url:
        return f"{settings.public_url.rstrip('/')}/aws/"
    return f"http://{settings.host}:{settings.port}/aws/"


def _show(made: MadeAwsCredential, endpoint: str, region: str) -> None:
    lines = (
        "# ~/.aws/config; use it with --profile tramita or AWS_PROFILE=tramita",
        "[profile tramita]",
        f"aws_access_key_id = {made.credential.access_key}",
        f"aws_secret_access_key = {made.secret}",
        f"region = {region}",
        "services = tramita",
        "# StartSyncExecution and TestState would else be sent to the host sync-<host>",
        "disable_host_prefix_injection = true",
        "",
        "[services tramita]",
        "sfn =",
        f"  endpoint_url = {endpoint}",
    )
    for line in lines:
        out.print(line, markup=False)
