"""The composition root: settings in, container out; the only place that sees every layer (ERP-02)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache, partial
from os import getpid
from socket import gethostname
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import SecretStr

from app.collecting import undisturbed
from app.domain.access import Limit, SessionLife
from app.domain.jobs import Job
from app.domain.shared.errors import Unavailable
from app.domain.shared.ids import CompanyId
from app.domain.shared.rights import ALL_RIGHTS
from app.importer.files import Desk
from app.infrastructure.aws import HmacSecrets
from app.infrastructure.calendar import CronCalendar
from app.infrastructure.clock import OffsetClock, pause
from app.infrastructure.database.engine import Database
from app.infrastructure.database.liveness import liveness_of
from app.infrastructure.database.migrate import Migrations
from app.infrastructure.database.work import Ears, SqlWorks
from app.infrastructure.files import FolderFiles
from app.infrastructure.heads import Ed25519Notary, HeadsFolder
from app.infrastructure.ids import new_name
from app.infrastructure.images import PillowImages
from app.infrastructure.keys import RandomMint, new_key
from app.infrastructure.logging import set_up_logging
from app.infrastructure.mail.mailer import mailer_of
from app.infrastructure.mail.templates import LetterTemplates
from app.infrastructure.otp import TimeCodes
from app.infrastructure.papers.printer import PdfPrinter
from app.infrastructure.passwords import ArgonPasswords
from app.infrastructure.processes import (
    BusinessSteps,
    EngineExecutions,
    EngineMapRuns,
    EngineRuns,
    EngineTasks,
    StatesLanguage,
    Workflows,
    objects_of,
)
from app.infrastructure.seal import HmacSeal
from app.infrastructure.sepa import SepaXml
from app.infrastructure.texts import Texts
from app.infrastructure.tokens import JwtTokens
from app.infrastructure.vault import AesVault
from app.infrastructure.watching.quiet import NoListener, NoSpans, NoWatch
from app.infrastructure.watching.wanted import spans_of, watching_of
from app.infrastructure.watching.watched import WatchedMailer, WatchedPrinter
from app.settings import Settings
from app.usecases import (
    access,
    attachments,
    billing,
    chains,
    identity,
    journal,
    mail,
    papers,
    processes,
    sales,
)
from app.usecases.access import ChangePassword, LeaveSecondFactor, Limits, Refresh, SignIn
from app.usecases.context import DEFAULT_LOCALE, Context, Deadline, system_context
from app.usecases.ports.access import AwsSecrets, Mint, OneTimeCodes, Tokens, Vault
from app.usecases.ports.attachments import Files
from app.usecases.ports.chains import Archive, Notary
from app.usecases.ports.identity import Passwords
from app.usecases.ports.papers import Images, Printer
from app.usecases.ports.resources import Offered, Resources
from app.usecases.ports.shared import Clock, Seal, Works
from app.usecases.ports.workflows import Executions, Language, MapRuns, Tasks
from app.usecases.reachable import use_cases, workflow_cases
from app.usecases.retention import Purge
from app.usecases.run import Runner, UseCase
from app.usecases.shared import Numbering
from app.worker.book import JobBook
from app.worker.dispatching import Dispatching
from app.worker.kinds import JobKind
from app.worker.pool import Pool, PoolSettings, PoolTools
from app.worker.tasks.chores import Chore, Chores, each_company
from app.worker.tasks.mail import mail_kind

if TYPE_CHECKING:
    from fastapi import FastAPI

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
    notary: Notary
    archive: Archive
    texts: Texts
    request_ids: Callable[[], str]
    sign_in: SignIn
    refresh: Refresh
    change_password: ChangePassword
    leave_second_factor: LeaveSecondFactor
    files: Files
    printer: Printer
    images: Images
    cases: Mapping[type[Any], Any]
    dispatch: journal.Dispatch
    chores: Chores
    background: Dispatching
    pool: Pool
    workflows: Workflows
    language: Language
    executions: Executions
    map_runs: MapRuns
    tasks: Tasks
    aws_secrets: AwsSecrets
    watch: NoWatch
    spans: NoSpans
    listener: NoListener
    draining: threading.Event = field(default_factory=threading.Event)

    def call(self, case: UseCase[Request, Result], request: Callable[[], Request]) -> Result:
        """Run a use case of nobody in particular, for the command line."""
        return self.runner.call(system_context("cli"), case, request)

    def context_of(self, company: CompanyId) -> Context:
        """Give the context of the command line acting for ``company`` with every right. Raises NotFound."""
        acting = replace(system_context("cli"), company=company, rights=ALL_RIGHTS)
        found = self.runner.call(acting, identity.ReadCompany(), lambda: None)
        return replace(acting, settings=found.settings)

    def contexts(self) -> Sequence[Context]:
        """Give the contexts of the command line acting for each company with every right."""
        return each_company(self.runner, system_context("cli"))

    def export_heads(self) -> str | None:
        """Sign the heads of all series and keep them, once a day; give the new document's place."""
        return self.chores.heads(self.contexts())

    def purge(self, context: Context | None = None) -> Mapping[str, int]:
        """Remove what is past its time, in short transactions; give how many rows went, by table."""
        return self.chores.purge(context or system_context("purge"))

    def desk(self, company: CompanyId, locale: str = DEFAULT_LOCALE) -> Desk:
        """Give what an import into ``company`` works with; ``locale`` is the language of its errors file."""
        return Desk(
            runner=self.runner,
            clock=self.clock,
            seal=self.seal,
            context=lambda: self.context_of(company),
            grown=self.database.analyze,
            tell=partial(self.texts.told, locale),
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
        # Imported here: its routes take longer to make than most commands to run.
        from app.api.create import create_app  # noqa: PLC0415
        from app.infrastructure.watching.requests import alongside  # noqa: PLC0415

        self.database.prepare()
        served = create_app(self)
        self.watch.around(served)
        self.spans.around(served)
        alongside(served, self.listener.start, self.unwatch)
        return served

    def unwatch(self) -> None:
        """Answer no more on the internal port, and send what spans were not sent yet."""
        self.listener.stop()
        self.spans.close()

    def sweep_files(self) -> int:
        """Remove files that no attachment refers to, older than a day; give how many."""
        return self.chores.files(system_context("sweep"))

    def drain(self) -> None:
        """Begin to stop: /ready says so, no job is claimed any more; from the loop that runs the pool."""
        self.draining.set()
        self.pool.drain()

    def close(self) -> None:
        """End what runs beside the requests, and close every connection."""
        self.workflows.end()
        self.background.stop()
        self.unwatch()
        self.database.close()


def bootstrap(settings: Settings, **replacements: Any) -> Container:  # noqa: ANN401 - any collaborator may be replaced
    """Build the container; ``replacements`` by field name take the place of what would be built."""

    def pick(name: str, build: Callable[[], Any]) -> Any:  # noqa: ANN401 - as above
        return replacements[name] if name in replacements else build()

    spans = pick("spans", lambda: spans_of(settings))
    set_up_logging(settings.log_level, settings.log_format.value, spans.processors)
    database = pick("database", lambda: Database.of(settings))
    spans.follow(database)
    clock = pick("clock", lambda: OffsetClock(database.now))
    clock.now()  # Measured here: inside a transaction the pool's only connection might be the transaction's own.
    # What numbers events and does jobs is built last but woken by the first thing built, the works.
    told, bell = threading.Event(), Bell()
    ears = Ears(events=told.set, jobs=bell.ring, trace=spans.carry)
    works = pick("works", lambda: SqlWorks(database, clock, ears))
    draining = threading.Event()
    watch, listener = watching_of(settings, database, clock, draining)
    runner = pick("runner", lambda: spans.runner(works, watch.pausing(pause)))
    passwords = pick("passwords", lambda: ArgonPasswords(least_score=settings.password_least_score))
    tokens = pick("tokens", lambda: JwtTokens.of(settings, clock))
    seal = pick("seal", lambda: HmacSeal(settings.chain_key.get_secret_value()))
    tools = access_tools_of(settings, pick)
    slow = {"runner": runner, "passwords": passwords, "clock": clock, "limits": tools.limits}
    going = {"tokens": tokens, "mint": tools.mint, "life": tools.life}
    files = pick("files", lambda: FolderFiles(settings.files_dir or settings.data_dir / "files"))
    texts = pick("texts", Texts)
    printer = WatchedPrinter(pick("printer", lambda: PdfPrinter(texts)), watch, clock)
    notary = pick("notary", lambda: Ed25519Notary.of(settings))
    archive = pick("archive", lambda: HeadsFolder(settings.heads_dir or settings.data_dir / "heads"))
    cases: dict[type[Any], Any] = {}  # filled below: what some of them are made of is made of all of them
    offered = cache(partial(offered_resources, cases, settings.lines_limit))
    workflows = Workflows(database, clock, BusinessSteps(works, offered, texts), objects_of(settings), watch)
    executions, heads = EngineExecutions(workflows), chains.ExportHeads(runner, clock, notary, archive)
    dispatch = dispatch_of(runner, clock, seal, executions)
    made = (heads, processes.ForgetExecutions(executions, clock, settings.executions_days))
    chores = chores_of(runner, clock, seal, files, made, settings)
    mailer = pick("mailer", lambda: mailer_of(settings, clock, watch.breaker_of))
    enclosing = papers.Enclosing(papers.Printing(runner, files, printer, clock), files)
    daily = chores.all() if settings.chores else ()
    mails = mail_kind(WatchedMailer(mailer, watch), LetterTemplates(texts), clock, enclosing)
    kinds = pick("kinds", lambda: (mails, *(chore.kind for chore in daily)))
    pool = pick("pool", lambda: pool_of(settings, database, runner, clock, kinds, daily, watch, spans))
    bell.heard = pool.wake
    cases |= pick(
        "cases",
        lambda: (
            use_cases(clock, seal, SepaXml())
            | access_cases(clock, passwords, tools)
            | attachment_cases(clock, files, settings.attachment_types)
            | paper_cases(clock, files, printer)
            | process_cases(clock, seal, offered, workflows)
        ),
    )
    return Container(
        workflows=workflows,
        language=StatesLanguage(offered, clock, extended=settings.aws_extensions),
        executions=executions,
        map_runs=EngineMapRuns(workflows),
        tasks=EngineTasks(workflows),
        aws_secrets=tools.secrets,
        pool=pool,
        dispatch=dispatch,
        chores=chores,
        background=Dispatching(dispatch, clock, told, enabled=settings.chores, ended=watch.dispatch_ended),
        watch=watch,
        spans=spans,
        listener=listener,
        draining=draining,
        settings=settings,
        database=database,
        clock=clock,
        works=works,
        runner=runner,
        passwords=passwords,
        tokens=tokens,
        seal=seal,
        notary=notary,
        archive=archive,
        texts=texts,
        request_ids=pick("request_ids", lambda: new_name),
        sign_in=SignIn(**slow, **going, vault=tools.vault, codes=tools.codes),
        refresh=Refresh(runner=runner, clock=clock, limits=tools.limits, **going),
        change_password=ChangePassword(**slow, **going),
        leave_second_factor=LeaveSecondFactor(**slow),
        files=files,
        printer=printer,
        images=pick("images", PillowImages),
        cases=cases,
    )


def process_cases(clock: Clock, seal: Seal, offered: Offered, workflows: Workflows) -> dict[type[Any], Any]:
    """Give the use cases that have to do with workflows, by class."""
    language = StatesLanguage(offered, clock, extended=True)
    executions, tasks = EngineExecutions(workflows), EngineTasks(workflows)
    cases: tuple[Any, ...] = (
        processes.ListResources(offered),
        processes.InstallProcess(clock, language),
        sales.ValidateOrder(Numbering(clock, seal), sales.Approving(executions, clock)),
        sales.ApproveOrder(clock, tasks),
        sales.RefuseOrder(clock, tasks),
        sales.AwaitApproval(tasks),
        sales.SettleApproval(clock),
    )
    own = {type(case): case for case in cases}
    return own | workflow_cases(clock, language, executions, EngineRuns(workflows), new_name)


def offered_resources(cases: Mapping[type[Any], Any], lines_limit: int) -> Resources:
    """Give the use cases that steps may do."""
    # Imported here: the routes they are described by take longer to make than most commands to run.
    from app.api.resources import ApiResources  # noqa: PLC0415

    return ApiResources(cases, lines_limit)


@dataclass(slots=True)
class Bell:
    """Rings for whoever is told of new jobs once there is somebody."""

    heard: Callable[[], None] | None = None

    def ring(self) -> None:
        """Tell that there are new jobs."""
        if self.heard is not None:
            self.heard()


def pool_of(
    settings: Settings,
    database: Database,
    runner: Runner,
    clock: Clock,
    kinds: Sequence[JobKind],
    daily: Sequence[Chore],
    watch: NoWatch,
    spans: NoSpans,
) -> Pool:
    """Give what does jobs in this process, once it is run."""
    tools = PoolTools(
        book=JobBook(runner, clock, CronCalendar()),
        kinds={kind.name: kind for kind in kinds},
        liveness=liveness_of(database),
        runner=runner,
        clock=clock,
        context=partial(job_context, runner, clock),
        schedules=[chore.planned for chore in daily],
        told=watch.job_ended,
        resume=spans.resume,
    )
    chosen = PoolSettings(
        name=f"{gethostname()}:{getpid()}",
        at_once=settings.jobs_at_once,
        buffer=settings.jobs_buffer,
        poll_s=settings.jobs_poll_s,
        drain_s=settings.drain_s,
    )
    return Pool(tools, chosen)


def job_context(runner: Runner, clock: Clock, job: Job, seconds: float) -> Context:
    """Give the context in which a job is done: for who asked for it, with every right, in the company as it is now."""
    acting = replace(
        system_context(job.request_id, job.locale),
        actor=job.actor,
        company=job.company,
        rights=ALL_RIGHTS,
        deadline=Deadline(seconds, clock.monotonic),
    )
    if not job.company:
        return acting
    return replace(acting, settings=runner.call(acting, identity.ReadCompany(), lambda: None).settings)


def access_tools_of(settings: Settings, pick: Callable[[str, Callable[[], Any]], Any]) -> AccessTools:
    """Give what access is made of."""
    return AccessTools(
        mint=pick("mint", RandomMint),
        secrets=pick("aws_secrets", lambda: HmacSecrets(settings.aws_key.get_secret_value())),
        vault=pick("vault", lambda: AesVault(settings.secrets_key.get_secret_value())),
        codes=pick("codes", TimeCodes),
        life=SessionLife(
            longest=timedelta(seconds=settings.session_life_s), idle=timedelta(seconds=settings.session_idle_s)
        ),
        limits=Limits(
            account=Limit(free=settings.sign_in_attempts), address=Limit(free=settings.sign_in_address_attempts)
        ),
    )


def dispatch_of(runner: Runner, clock: Clock, seal: Seal, executions: EngineExecutions) -> journal.Dispatch:
    """Give what numbers events, those of executions that have ended among them."""
    numbering = journal.NumberEvents(seal, mail.tellers(clock))
    return journal.Dispatch(runner, numbering, (processes.DispatchEnds(runner, processes.TellEnds(executions)),))


def chores_of(
    runner: Runner,
    clock: Clock,
    seal: Seal,
    files: Files,
    made: tuple[chains.ExportHeads, processes.ForgetExecutions],
    settings: Settings,
) -> Chores:
    """Give what is done once a day; ``made`` is there already."""
    heads, forget = made
    return Chores(
        runner=runner,
        # A short rest between batches, so that whoever waits for SQLite's one write lock gets it.
        purge=Purge(runner, clock, rest=lambda _gone: pause(1)),
        heads=heads,
        files=attachments.SweepFiles(runner, files, clock),
        journal=journal.ForgetJournal(runner, clock, settings.journal_days),
        executions=forget,
        proposals=sales.ExpireDue(runner, clock),
        templates=billing.RunTemplates(runner, clock, billing.RunInvoiceTemplate(clock, Numbering(clock, seal))),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessTools:
    """What access is made of."""

    mint: Mint
    secrets: AwsSecrets
    vault: Vault
    codes: OneTimeCodes
    life: SessionLife
    limits: Limits


def access_cases(clock: Clock, passwords: Passwords, tools: AccessTools) -> dict[type[Any], Any]:
    """Give the use cases of access that are reachable from outside, by class."""
    cases: tuple[Any, ...] = (
        access.SignOut(clock),
        access.ListOwnSessions(clock),
        access.EndOwnSession(clock),
        access.EnrolSecondFactor(clock, tools.mint, tools.vault, tools.codes),
        access.ConfirmSecondFactor(clock, tools.vault, tools.codes),
        access.ResetPassword(clock, passwords),
        access.CreateApiKey(clock, tools.mint),
        access.ReadApiKey(),
        access.ChangeApiKey(),
        access.RevokeApiKey(clock),
        access.ListApiKeys(),
        access.CreateAwsCredential(clock, tools.mint, tools.secrets),
        access.ReadAwsCredential(),
        access.RotateAwsCredential(tools.secrets),
        access.RevokeAwsCredential(clock),
        access.ListAwsCredentials(),
    )
    return {type(case): case for case in cases}


def attachment_cases(clock: Clock, files: Files, types: Iterable[str]) -> dict[type[Any], Any]:
    """Give the use cases of attachments, by class; ``types`` are the media types taken, all when there are none."""
    return {type(case): case for case in attachments.attachment_cases(clock, files, frozenset(types))}


def paper_cases(clock: Clock, files: Files, printer: Printer) -> dict[type[Any], Any]:
    """Give the use cases of papers that are reachable from outside, by class."""
    cases: tuple[Any, ...] = (
        papers.PrintProposal(printer),
        papers.PrintOrder(printer),
        papers.PrintShipment(printer),
        papers.PrintInvoice(printer),
        papers.PrintStatement(printer, clock),
        papers.PrintInventory(printer),
        papers.SetLogo(clock),
        papers.DropLogo(),
        papers.ReadLogo(files),
    )
    return {type(case): case for case in cases}


def migrations(settings: Settings) -> Migrations:
    """Give the schema's migrations for the database of ``settings``."""
    return Migrations(settings)


def application() -> FastAPI:
    """Give the HTTP application of the environment's settings: the factory that server processes call."""
    with undisturbed():
        return bootstrap(Settings()).api()


def described(settings: Settings) -> FastAPI:
    """Give the HTTP application to be described, never served: it asks for no database and no keys, and makes none."""
    keys = {"jwt_key": SecretStr(new_key()), "jwt_keys": SecretStr(""), "chain_key": SecretStr(new_key())}
    bare = settings.model_copy(update={"database_url": "sqlite:////dev/null", **keys})
    return bootstrap(bare, database=Database(bare), clock=OffsetClock()).api()
