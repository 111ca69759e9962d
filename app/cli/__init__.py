"""The command line: serve, set up, import, keep in order, and ask."""

from __future__ import annotations

import typer
from pydantic import ValidationError

from app.cli import asking, books, credentials, importing, jobs, serving, setting_up, workflows
from app.cli.shared import fail, spoken
from app.domain.shared.errors import DomainError
from app.infrastructure.texts import Texts

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Tramita, the ERP whose processes are workflows.")
app.command()(asking.version)
app.command()(serving.serve)
app.command()(serving.worker)
app.command()(setting_up.migrate)
app.command()(setting_up.init)
app.command("import")(importing.import_)
app.command()(books.verify)
app.command()(books.dispatch)
app.command()(books.purge)
app.command()(asking.openapi)
app.command()(asking.healthcheck)
app.add_typer(setting_up.demo, name="demo")
app.add_typer(setting_up.companies, name="company")
app.add_typer(setting_up.user, name="user")
app.add_typer(setting_up.keys, name="keys")
app.add_typer(credentials.credentials, name="aws-credentials")
app.add_typer(workflows.workflows, name="workflows")
app.add_typer(books.heads, name="heads")
app.add_typer(books.files, name="files")
app.add_typer(books.chores, name="chores")
app.add_typer(jobs.jobs, name="jobs")


def main() -> None:
    """Run the command line; errors of the business and of the settings are one line on stderr and exit 1."""
    try:
        app()
    except DomainError as error:
        fail(f"{Texts().told(spoken(), error)} ({error.code})")
    except ValidationError as error:
        fail("; ".join(f"{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()))
