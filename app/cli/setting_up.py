"""Set an installation up: its schema, its keys, its companies and their people."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from app.bootstrap import Container, migrations
from app.cli.shared import chosen_company, fail, opened, out, progress_bar, spoken
from app.demo import demo_company, fill_demo
from app.domain.identity import Company, CompanySettings, NotEmpty, email_address
from app.domain.shared.money import currency
from app.domain.shared.rights import Right
from app.importer.northwind import run_northwind
from app.infrastructure.keys import RotationStep, complete_keys, ensure_keys, rotate_keys
from app.infrastructure.passwords import random_password
from app.settings import Settings
from app.usecases.access import ConsoleReset, SetPassword
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

DEMO_EMAIL: Final = "demo@example.com"
NORTHWIND_EMAIL: Final = "northwind@example.com"
demo = typer.Typer(invoke_without_command=True, help="Fill an empty database with a demo company.")
companies = typer.Typer(no_args_is_help=True, help="Companies of this installation.")
user = typer.Typer(no_args_is_help=True, help="People and roles of a company.")
keys = typer.Typer(no_args_is_help=True, help="The installation's own keys.")


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


@keys.command("rotate")
def keys_rotate(
    step: Annotated[RotationStep, typer.Argument(help="add, then swap, then remove; restart all servers in between")],
) -> None:
    """Replace the key that signs access tokens, in keys.json, without signing anybody out."""
    live = rotate_keys(Settings().data_dir, step)
    out.print(f"live keys: {live}; restart every server before the next step")


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


def read_password(*, stdin: bool) -> str:
    """Give the first line of standard input, or a random password."""
    return sys.stdin.readline().rstrip("\n") if stdin else random_password()


def show_credentials(email: str, password: str | None) -> None:
    """Print how to sign in; the password only when it was made here, and only now."""
    out.print(f"email {email}")
    if password is not None:
        out.print(f"password {password}")
