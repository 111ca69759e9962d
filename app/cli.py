"""The command line: serve, set up, import, keep in order, and ask."""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Never

import typer
import uvicorn
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from app import __version__
from app.bootstrap import Container, bootstrap, migrations
from app.demo import demo_company, fill_demo
from app.domain.identity import Company, CompanySettings, NotEmpty, email_address
from app.domain.shared.errors import DomainError, NotFound
from app.domain.shared.ids import CompanyId
from app.domain.shared.money import currency
from app.domain.shared.rights import Right
from app.importer.files import Advance, ImportOptions, ImportReport, import_file
from app.importer.northwind import run_northwind
from app.infrastructure.keys import RotationStep, complete_keys, ensure_keys, rotate_keys
from app.infrastructure.passwords import random_password
from app.infrastructure.texts import Texts
from app.settings import Settings
from app.upkeep import Finding, against, verified
from app.usecases.access import ConsoleReset, SetPassword
from app.usecases.context import DEFAULT_LOCALE
from app.usecases.identity import (
    ADMINISTRATOR,
    AddMember,
    AddRole,
    HasAccount,
    ListCompanies,
    NewCompany,
    NewMember,
    NewRole,
    SetUpCompany,
    person,
)

HEALTH_TIMEOUT_S: Final = 5
DEMO_EMAIL: Final = "demo@example.com"
NORTHWIND_EMAIL: Final = "northwind@example.com"

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Tramita, the ERP whose processes are workflows.")
demo = typer.Typer(invoke_without_command=True, help="Fill an empty database with a demo company.")
companies = typer.Typer(no_args_is_help=True, help="Companies of this installation.")
chores = typer.Typer(no_args_is_help=True, help="What is done now and then beside the requests.")
user = typer.Typer(no_args_is_help=True, help="People and roles of a company.")
keys = typer.Typer(no_args_is_help=True, help="The installation's own keys.")
app.add_typer(demo, name="demo")
app.add_typer(companies, name="company")
app.add_typer(user, name="user")
app.add_typer(keys, name="keys")
heads = typer.Typer(no_args_is_help=True, help="Signed heads of the hash chains: proof that they were not made anew.")
app.add_typer(heads, name="heads")
files = typer.Typer(no_args_is_help=True, help="The bytes of attachments.")
app.add_typer(files, name="files")
app.add_typer(chores, name="chores")
out = Console(soft_wrap=True, highlight=False)
err = Console(stderr=True)


def main() -> None:
    """Run the command line; errors of the business and of the settings are one line on stderr and exit 1."""
    try:
        app()
    except DomainError as error:
        fail(f"{Texts().told(spoken(), error)} ({error.code})")
    except ValidationError as error:
        fail("; ".join(f"{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()))


def fail(reason: str) -> Never:
    """Say why on stderr and exit 1."""
    err.print(f"error: {reason}", style="red", markup=False, soft_wrap=True)
    sys.exit(1)


def spoken() -> str:
    """Give the language of the terminal: of ours the one that LC_ALL, LC_MESSAGES or LANG names first, else English."""
    named = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return Texts().negotiate(named.partition(".")[0].replace("_", "-"), DEFAULT_LOCALE)


@contextmanager
def opened(settings: Settings | None = None) -> Iterator[Container]:
    """Give the container of the environment's settings, closed afterwards."""
    container = bootstrap(settings or Settings())
    try:
        yield container
    finally:
        container.close()


@app.command()
def version() -> None:
    """Print the version."""
    out.print(__version__)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default HOST")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; default PORT")] = None,
    workers: Annotated[int | None, typer.Option(help="Server processes; default WORKERS")] = None,
    chores: Annotated[
        bool | None, typer.Option("--chores/--no-chores", help="Do chores beside the requests; default CHORES")
    ] = None,
) -> None:
    """Serve the HTTP API until SIGTERM or SIGINT."""
    complete_keys(Settings().data_dir)
    if chores is not None:
        os.environ["CHORES"] = str(chores).lower()  # server processes read the environment
    settings = Settings()
    with opened(settings) as container:
        container.check_schema()
    uvicorn.run(
        "app.bootstrap:application",
        factory=True,
        host=host or settings.host,
        port=settings.port if port is None else port,
        workers=workers or settings.workers,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # uvicorn would believe anybody on this machine; TRUSTED_PROXIES decides
        timeout_graceful_shutdown=25,
    )


@files.command()
def sweep() -> None:
    """Remove files that no attachment refers to and that are older than a day."""
    with opened() as container:
        container.check_schema()
        removed = container.sweep_files()
    out.print(f"{removed} files removed")


@app.command()
def migrate(
    check: Annotated[bool, typer.Option("--check", help="Only tell whether schema and models agree")] = False,  # noqa: FBT002
    to: Annotated[str, typer.Option(help="Revision to go to")] = "head",
) -> None:
    """Bring the database's schema to this version's."""
    settings = Settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    schema = migrations(settings)
    if check:
        differences = schema.check()
        if differences:
            fail("schema and models differ: " + "; ".join(differences))
        out.print("schema and models agree")
        return
    schema.upgrade(to)
    out.print(f"database is at revision {schema.current()}")


@app.command()
def init(
    company: Annotated[str, typer.Option(help="Name of the company")],
    email: Annotated[str, typer.Option(help="E-mail address of its administrator")],
    name: Annotated[str, typer.Option(help="Name of the administrator")] = "Administrator",
    country: Annotated[str, typer.Option(help="ISO 3166-1 alpha-2")] = "FR",
    currency_code: Annotated[str, typer.Option("--currency", help="ISO 4217")] = "EUR",
    zone: Annotated[str, typer.Option(help="IANA time zone")] = "Europe/Paris",
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin")] = False,  # noqa: FBT002
) -> None:
    """Migrate, make the keys, and enter a company with its administrator; a password not given is printed once."""
    settings = CompanySettings(zone_name=zone, currency=currency(currency_code))
    with opened(prepared()) as container:
        enter_company(container, company, country, settings, Admin(email, name, stdin=password_stdin))


@companies.command("add")
def company_add(
    name: Annotated[str, typer.Option(help="Name of the company")],
    email: Annotated[str, typer.Option(help="E-mail address of its administrator; whoever has an account keeps it")],
    admin_name: Annotated[str, typer.Option(help="Name of the administrator")] = "Administrator",
    country: Annotated[str, typer.Option(help="ISO 3166-1 alpha-2")] = "FR",
    currency_code: Annotated[str, typer.Option("--currency", help="ISO 4217")] = "EUR",
    zone: Annotated[str, typer.Option(help="IANA time zone")] = "Europe/Paris",
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin")] = False,  # noqa: FBT002
) -> None:
    """Enter one more company with its administrator; a password not given is printed once, if an account is made."""
    settings = CompanySettings(zone_name=zone, currency=currency(currency_code))
    with opened() as container:
        container.check_schema()
        enter_company(container, name, country, settings, Admin(email, admin_name, stdin=password_stdin))


@companies.command("list")
def company_list() -> None:
    """Print the companies: id, country, currency, time zone, name."""
    with opened() as container:
        for one in container.call(ListCompanies(), lambda: None):
            out.print(f"{one.id} {one.country} {one.settings.currency.code} {one.settings.zone_name} {one.name}")


@demo.callback()
def demo_of_furniture(
    context: typer.Context,
    if_empty: Annotated[bool, typer.Option("--if-empty", help="Do nothing when there are companies already")] = False,  # noqa: FBT002
) -> None:
    """Make a demo company; its password is random and printed once. Refuses a database that is not empty."""
    if context.invoked_subcommand is not None:
        return
    settings = prepared()
    with opened(settings) as container:
        companies = container.call(ListCompanies(), lambda: None)
        if companies and if_empty:
            return
        if companies:
            raise NotEmpty(companies=len(companies))
        password = random_password()
        made = set_up(container, demo_company(person(DEMO_EMAIL, "Demo", password, container.passwords)))
        fill_demo(container.context_of(made.id), container.runner, container.cases)
        out.print(f"company {made.id} {made.name}")
        show_credentials(DEMO_EMAIL, password)


@demo.command("northwind")
def demo_northwind(
    data: Annotated[Path, typer.Option(exists=True, file_okay=False, help="Directory of the Northwind CSV files")],
    company: Annotated[
        int | None, typer.Option(help="Company id; default the only one, made when there is none")
    ] = None,
) -> None:
    """Import the Northwind order book, ship, invoice and collect it; run again, it goes on where it stopped."""
    settings = prepared()
    with opened(settings) as container:
        if company is None and not container.call(ListCompanies(), lambda: None):
            password = random_password()
            admin = person(NORTHWIND_EMAIL, "Northwind", password, container.passwords)
            set_up(
                container,
                NewCompany(
                    name="Northwind Traders",
                    country="US",
                    settings=CompanySettings(zone_name="America/Los_Angeles", currency=currency("USD")),
                    admin=admin,
                ),
            )
            show_credentials(NORTHWIND_EMAIL, password)
        chosen = chosen_company(container, company)
        with progress_bar() as advance:
            lines = run_northwind(container.desk(chosen, spoken()), data, advance)
        for line in lines:
            out.print(line)


@user.command("add")
def user_add(
    email: Annotated[str, typer.Option(help="E-mail address to sign in with")],
    name: Annotated[str, typer.Option(help="Name")],
    company: Annotated[int | None, typer.Option(help="Company id; default the only one")] = None,
    role: Annotated[list[str] | None, typer.Option(help="Role by name, repeatable; default administrator")] = None,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin")] = False,  # noqa: FBT002
) -> None:
    """Add a person to a company; whoever has an account keeps it, else a password not given is printed once."""
    with opened() as container:
        known = container.call(HasAccount(), lambda: email)
        password = read_password(stdin=password_stdin)
        chosen = chosen_company(container, company)
        new = NewMember(
            company=chosen,
            user=person(email, name, password, container.passwords),
            roles=tuple(role or [ADMINISTRATOR]),
        )
        container.runner.call(container.context_of(chosen), AddMember(), lambda: new)
        show_credentials(email, None if password_stdin or known else password)


@user.command("reset-password")
def user_reset_password(
    email: Annotated[str, typer.Option(help="E-mail address of the account")],
    drop_second_factor: Annotated[  # noqa: FBT002
        bool, typer.Option("--drop-second-factor", help="Also sign in without one-time codes again")
    ] = False,
) -> None:
    """Give an account a random password, printed once, that must be changed; its sessions end."""
    with opened() as container:
        password = random_password()
        reset = ConsoleReset(
            email=email_address(email),
            password_hash=container.passwords.hash(password),
            drop_second_factor=drop_second_factor,
        )
        container.call(SetPassword(container.clock), lambda: reset)
        show_credentials(email, password)


@keys.command("rotate")
def keys_rotate(
    step: Annotated[RotationStep, typer.Argument(help="add, then swap, then remove; restart all servers in between")],
) -> None:
    """Replace the key that signs access tokens, in keys.json, without signing anybody out."""
    live = rotate_keys(Settings().data_dir, step)
    out.print(f"live keys: {live}; restart every server before the next step")


@user.command("role")
def user_role(
    name: Annotated[str, typer.Option(help="Name of the role")],
    right: Annotated[list[Right], typer.Option(help="Right it holds, repeatable")],
    company: Annotated[int | None, typer.Option(help="Company id; default the only one")] = None,
) -> None:
    """Enter a role: a named set of rights."""
    with opened() as container:
        chosen = chosen_company(container, company)
        new = NewRole(company=chosen, name=name, rights=frozenset(right))
        made = container.runner.call(container.context_of(chosen), AddRole(), lambda: new)
        out.print(f"role {made.id} {made.name}")


@app.command("import")
def import_(
    kind: Annotated[str, typer.Argument(help="third-parties, products, stock or orders")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV or XLSX file")],
    mapping: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="TOML file that maps columns to fields")],
    company: Annotated[int | None, typer.Option(help="Company id; default the only one")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, store nothing")] = False,  # noqa: FBT002
    again: Annotated[bool, typer.Option("--again", help="Also rows an earlier run has done")] = False,  # noqa: FBT002
    errors: Annotated[Path | None, typer.Option(help="CSV file for what was refused; default FILE.errors.csv")] = None,
) -> None:
    """Import a file, row by row or document by document; what is refused goes to the errors file, exit 1."""
    with opened() as container:
        chosen = chosen_company(container, company)
        options = ImportOptions(
            dry_run=dry_run, again=again, errors=errors or file.with_name(f"{file.name}.errors.csv")
        )
        with progress_bar() as advance:
            report = import_file(container.desk(chosen, spoken()), kind, file, mapping, options, advance)
        show_report(report, options)


@app.command()
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


@app.command()
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
    """Print each chore, how often it is done, and for shared ones when it was last done and is due again."""
    with opened() as container:
        turns = {turn.name: turn for turn in container.background.turns.all()}
        for chore in container.background.chores:
            turn = turns.get(chore.name)
            stand = "in each process" if not chore.shared else "never run"
            if turn is not None:
                done = "never" if turn.done_at is None else turn.done_at.isoformat(timespec="seconds")
                due = turn.due_at.isoformat(timespec="seconds")
                stand = f"done {done}, due {due}, {turn.failures} failures since"
            out.print(f"{chore.name} every {chore.every}: {stand}")


@chores.command("run")
def chores_run(name: Annotated[str, typer.Argument(help="Name of the chore, as `chores list` prints it")]) -> None:
    """Do one chore now, due or not; exit 1 when another process has the turn."""
    with opened() as container:
        if not container.background.run(name):
            fail(f"another process is at {name}")
        out.print(f"{name} done")


@app.command()
def openapi(
    output: Annotated[Path | None, typer.Option(help="File to write; default standard output")] = None,
) -> None:
    """Print the OpenAPI 3.1 description of the HTTP API."""
    with opened() as container:
        text = json.dumps(container.api().openapi(), indent=2, ensure_ascii=False) + "\n"
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8")


@app.command()
def healthcheck(
    url: Annotated[str | None, typer.Option(help="Base URL of the server; default from HOST and PORT")] = None,
) -> None:
    """Ask a running server whether it is alive; exit 0 when it is."""
    settings = Settings()
    base = url or f"http://{settings.host}:{settings.port}"
    if not base.startswith(("http://", "https://")):
        fail("the URL must start with http:// or https://")
    try:
        with urllib.request.urlopen(f"{base}/health", timeout=HEALTH_TIMEOUT_S) as answer:  # noqa: S310 - scheme checked above
            out.print(answer.read().decode())
    except (urllib.error.URLError, OSError) as error:
        fail(f"{base}/health does not answer: {error}")


def prepared() -> Settings:
    """Give the settings after the data directory, the keys and the schema are there."""
    first = Settings()
    first.data_dir.mkdir(parents=True, exist_ok=True)
    if not (first.jwt_key.get_secret_value() and first.chain_key.get_secret_value()):
        ensure_keys(first.data_dir)
    complete_keys(first.data_dir)
    settings = Settings()
    migrations(settings).upgrade()
    return settings


@dataclass(frozen=True, slots=True)
class Admin:
    """Who is to administer a new company; ``stdin`` says where the password comes from."""

    email: str
    name: str
    stdin: bool


def enter_company(container: Container, name: str, country: str, settings: CompanySettings, admin: Admin) -> None:
    """Enter a company, and print it and how to sign in."""
    known = container.call(HasAccount(), lambda: admin.email)
    password = read_password(stdin=admin.stdin)
    who = person(admin.email, admin.name, password, container.passwords)
    made = set_up(container, NewCompany(name=name, country=country, settings=settings, admin=who))
    out.print(f"company {made.id} {made.name}")
    show_credentials(admin.email, None if admin.stdin or known else password)


def set_up(container: Container, new: NewCompany) -> Company:
    """Enter a company and its administrator."""
    return container.call(SetUpCompany(), lambda: new)


def chosen_company(container: Container, company: int | None) -> CompanyId:
    """Give the company named, or the only one. Raises NotFound."""
    companies = container.call(ListCompanies(), lambda: None)
    if company is None and len(companies) == 1:
        return companies[0].id
    if company is None:
        fail(f"there are {len(companies)} companies: name one with --company")
    if company not in {known.id for known in companies}:
        raise NotFound(kind="company", id=company)
    return CompanyId(company)


def read_password(*, stdin: bool) -> str:
    """Give the first line of standard input, or a random password."""
    return sys.stdin.readline().rstrip("\n") if stdin else random_password()


def show_credentials(email: str, password: str | None) -> None:
    """Print how to sign in; the password only when it was made here, and only now."""
    out.print(f"email {email}")
    if password is not None:
        out.print(f"password {password}")


def show_report(report: ImportReport, options: ImportOptions) -> None:
    """Print what an import did and exit 1 when something was refused."""
    out.print(report.summary())
    if report.refused:
        fail(f"{report.refused} refused, see {options.errors}")


def show_findings(findings: Iterable[Finding]) -> bool:
    """Print findings as they come, what is wrong on stderr; tell whether nothing is."""
    sound = True
    for finding in findings:
        sound &= finding.sound
        (out if finding.sound else err).print(finding.text)
    return sound


@contextmanager
def progress_bar() -> Iterator[Advance]:
    """Give a function that shows how far a named stage is: name, done, of how many."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err) as progress:
        tasks: dict[str, TaskID] = {}

        def advance(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=total)
            progress.update(tasks[stage], completed=done, total=total)

        yield advance
