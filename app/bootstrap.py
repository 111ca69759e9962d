"""The composition root: settings in, container out; the only place that sees every layer (ERP-02)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from fastapi import FastAPI

from app.api.create import create_app
from app.domain.access import Limit, SessionLife
from app.domain.shared.errors import NotFound, Unavailable
from app.domain.shared.ids import CompanyId, UserId
from app.domain.shared.rights import ALL_RIGHTS
from app.importer.files import Desk
from app.infrastructure.clock import OffsetClock, pause
from app.infrastructure.database.engine import Database
from app.infrastructure.database.migrate import Migrations
from app.infrastructure.database.work import SqlWorks
from app.infrastructure.ids import new_name
from app.infrastructure.keys import RandomMint
from app.infrastructure.logging import set_up_logging
from app.infrastructure.otp import TimeCodes
from app.infrastructure.passwords import ArgonPasswords
from app.infrastructure.seal import HmacSeal
from app.infrastructure.texts import Texts
from app.infrastructure.tokens import JwtTokens
from app.infrastructure.vault import AesVault
from app.settings import Settings
from app.usecases import access, billing, catalogue, identity, parties, reports, sales, shipping, stock
from app.usecases.access import ChangePassword, LeaveSecondFactor, Limits, Refresh, SignIn
from app.usecases.context import Context, system_context
from app.usecases.ports.access import Mint, OneTimeCodes, Tokens, Vault
from app.usecases.ports.identity import Passwords
from app.usecases.ports.shared import Clock, Seal, Works
from app.usecases.run import Runner, UseCase
from app.usecases.shared import Numbering

Request = TypeVar("Request")
Result = TypeVar("Result")


class SchemaOutdated(Unavailable):
    """The database is not at this version's schema: run `tramita migrate`."""

    code = "setup.schema_outdated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """Everything the program is made of; ``close`` gives it back."""

    settings: Settings
    database: Database
    clock: Clock
    works: Works
    runner: Runner
    passwords: Passwords
    tokens: Tokens
    seal: Seal
    texts: Texts
    request_ids: Callable[[], str]
    sign_in: SignIn
    refresh: Refresh
    change_password: ChangePassword
    leave_second_factor: LeaveSecondFactor
    cases: Mapping[type[Any], Any]
    draining: threading.Event = field(default_factory=threading.Event)

    def call(self, case: UseCase[Request, Result], request: Callable[[], Request]) -> Result:
        """Run a use case of nobody in particular, for the command line."""
        return self.runner.call(system_context("cli"), case, request)

    def context_of(self, company: CompanyId) -> Context:
        """Give the context of the command line acting for ``company`` with every right."""
        settings = next(
            (c.settings for c in self.call(identity.ListCompanies(), lambda: None) if c.id == company), None
        )
        if settings is None:
            raise NotFound(kind="company", id=company)
        return Context(
            actor=UserId(0),
            company=company,
            rights=ALL_RIGHTS,
            request_id="cli",
            locale="en",
            settings=settings,
        )

    def desk(self, company: CompanyId) -> Desk:
        """Give what an import into ``company`` works with."""
        return Desk(
            runner=self.runner,
            clock=self.clock,
            seal=self.seal,
            context=lambda: self.context_of(company),
            grown=self.database.analyze,
        )

    def readiness(self) -> Mapping[str, bool]:
        """Give what must hold before requests may come: the database answers, its schema is this version's."""
        return self.database.readiness()

    def check_schema(self) -> None:
        """Pass only a database at this version's schema. Raises SchemaOutdated, Unavailable."""
        checks = self.database.readiness()
        if not checks["database"]:
            raise Unavailable
        if not checks["migrations"]:
            raise SchemaOutdated

    def api(self) -> FastAPI:
        """Give the HTTP application."""
        return create_app(self)

    def close(self) -> None:
        """Close every connection."""
        self.database.close()


def bootstrap(settings: Settings, **replacements: Any) -> Container:  # noqa: ANN401 - any collaborator may be replaced
    """Build the container; ``replacements`` by field name take the place of what would be built."""

    def pick(name: str, build: Callable[[], Any]) -> Any:  # noqa: ANN401 - as above
        return replacements[name] if name in replacements else build()

    set_up_logging(settings.log_level, settings.log_format.value)
    database = pick("database", lambda: Database.of(settings))
    clock = pick("clock", lambda: OffsetClock(database.now))
    clock.now()  # Measured here: inside a transaction the pool's only connection might be the transaction's own.
    works = pick("works", lambda: SqlWorks(database, clock))
    runner = pick("runner", lambda: Runner(works, pause))
    passwords = pick("passwords", lambda: ArgonPasswords(least_score=settings.password_least_score))
    tokens = pick("tokens", lambda: JwtTokens.of(settings, clock))
    seal = pick("seal", lambda: HmacSeal(settings.chain_key.get_secret_value()))
    tools = Tools(
        mint=pick("mint", RandomMint),
        vault=pick("vault", lambda: AesVault(settings.secrets_key.get_secret_value())),
        codes=pick("codes", TimeCodes),
        life=SessionLife(
            longest=timedelta(seconds=settings.session_life_s), idle=timedelta(seconds=settings.session_idle_s)
        ),
        limits=Limits(
            account=Limit(free=settings.sign_in_attempts), address=Limit(free=settings.sign_in_address_attempts)
        ),
    )
    slow = {"runner": runner, "passwords": passwords, "clock": clock, "limits": tools.limits}
    going = {"tokens": tokens, "mint": tools.mint, "life": tools.life}
    return Container(
        settings=settings,
        database=database,
        clock=clock,
        works=works,
        runner=runner,
        passwords=passwords,
        tokens=tokens,
        seal=seal,
        texts=pick("texts", Texts),
        request_ids=pick("request_ids", lambda: new_name),
        sign_in=SignIn(**slow, **going, vault=tools.vault, codes=tools.codes),
        refresh=Refresh(runner=runner, clock=clock, limits=tools.limits, **going),
        change_password=ChangePassword(**slow, **going),
        leave_second_factor=LeaveSecondFactor(**slow),
        cases=pick("cases", lambda: use_cases(clock, Numbering(clock, seal)) | access_cases(clock, passwords, tools)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What access is made of."""

    mint: Mint
    vault: Vault
    codes: OneTimeCodes
    life: SessionLife
    limits: Limits


def access_cases(clock: Clock, passwords: Passwords, tools: Tools) -> dict[type[Any], Any]:
    """Give the use cases of access that are reachable from outside, by class."""
    cases: tuple[Any, ...] = (
        access.SignOut(clock),
        access.ListOwnSessions(clock),
        access.EndOwnSession(clock),
        access.EnrolSecondFactor(clock, tools.mint, tools.vault, tools.codes),
        access.ConfirmSecondFactor(clock, tools.vault, tools.codes),
        access.ResetPassword(clock, passwords, tools.mint),
        access.CreateApiKey(clock, tools.mint),
        access.ReadApiKey(),
        access.ChangeApiKey(),
        access.RevokeApiKey(clock),
        access.ListApiKeys(),
    )
    return {type(case): case for case in cases}


def use_cases(clock: Clock, numbering: Numbering) -> dict[type[Any], Any]:
    """Give every use case that is reachable from outside, by its class."""
    cases: tuple[Any, ...] = (
        identity.CreateUser(),
        identity.ReadUser(),
        identity.ChangeUser(),
        identity.RemoveUser(),
        identity.ListUsers(),
        identity.CreateRole(),
        identity.ReadRole(),
        identity.ChangeRole(),
        identity.DeleteRole(),
        identity.ListRoles(),
        identity.ReadCompany(),
        identity.ChangeCompany(),
        identity.ChangeSettings(clock),
        identity.ListSettingsVersions(),
        parties.CreateParty(clock, numbering),
        parties.ReadParty(),
        parties.ChangeParty(clock, numbering),
        parties.ListParties(),
        catalogue.CreateProduct(),
        catalogue.ReadProduct(),
        catalogue.ChangeProduct(),
        catalogue.ListProducts(),
        stock.MoveStock(clock),
        stock.CreateWarehouse(),
        stock.ReadWarehouse(),
        stock.ChangeWarehouse(),
        stock.ListWarehouses(),
        stock.ListMovements(),
        stock.ListLevels(),
        sales.CreateOrder(clock),
        sales.ReadOrder(),
        sales.ChangeOrder(clock),
        sales.DeleteOrder(),
        sales.ValidateOrder(numbering),
        sales.CancelOrder(),
        sales.CloseOrder(),
        sales.ListOrders(),
        shipping.CreateShipment(clock),
        shipping.ReadShipment(),
        shipping.DeleteShipment(),
        shipping.ValidateShipment(clock, numbering),
        shipping.CloseShipment(),
        shipping.ListShipments(),
        billing.CreateInvoice(clock),
        billing.InvoiceOrder(clock),
        billing.ReadInvoice(),
        billing.ChangeInvoice(),
        billing.DeleteInvoice(),
        billing.ValidateInvoice(numbering),
        billing.AbandonInvoice(),
        billing.ListInvoices(),
        billing.PayInvoice(clock, numbering),
        billing.CreatePayment(clock, numbering),
        billing.ReadPayment(),
        billing.ListPayments(),
        reports.SalesReport(),
    )
    return {type(case): case for case in cases}


def migrations(settings: Settings) -> Migrations:
    """Give the schema's migrations for the database of ``settings``."""
    return Migrations(settings)


def application() -> FastAPI:
    """Give the HTTP application of the environment's settings: the factory that server processes call."""
    return bootstrap(Settings()).api()
