"""Open transactions for the runner: one connection, the company's repositories, and at commit the last writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, overload

from app.infrastructure.database.engine import Database
from app.infrastructure.database.repositories.access import (
    SqlApiKeys,
    SqlAttemptBook,
    SqlAwsCredentials,
    SqlPrincipals,
    SqlSecondFactors,
    SqlSessions,
)
from app.infrastructure.database.repositories.attachments import SqlAttachments
from app.infrastructure.database.repositories.banking import SqlBankAccounts, SqlChequeDeposits, SqlSepaOrders
from app.infrastructure.database.repositories.billing import SqlInvoices, SqlInvoiceTemplates, SqlPayments
from app.infrastructure.database.repositories.catalogue import SqlCatalogue, SqlPricing, SqlProducts
from app.infrastructure.database.repositories.chains import SqlChains
from app.infrastructure.database.repositories.fields import SqlFields
from app.infrastructure.database.repositories.identity import SqlCompanies, SqlRoles, SqlUsers
from app.infrastructure.database.repositories.jobs import SqlJobs, SqlQueue
from app.infrastructure.database.repositories.journal import SqlJournal
from app.infrastructure.database.repositories.listing import SqlLists
from app.infrastructure.database.repositories.mail import SqlMails
from app.infrastructure.database.repositories.papers import SqlPapers
from app.infrastructure.database.repositories.parties import (
    SqlContacts,
    SqlCredits,
    SqlMerging,
    SqlParties,
    SqlPartyAccounts,
    SqlPartyAddresses,
    SqlTerms,
)
from app.infrastructure.database.repositories.privacy import SqlPrivacy
from app.infrastructure.database.repositories.processes import SqlActivities, SqlMachines, SqlTallies
from app.infrastructure.database.repositories.reports import SqlReports
from app.infrastructure.database.repositories.retention import SqlRetention
from app.infrastructure.database.repositories.sales import SqlApprovals, SqlOrders, SqlProposals
from app.infrastructure.database.repositories.shared import SqlAnswers, SqlOutbox, SqlSeriesBook
from app.infrastructure.database.repositories.shipping import SqlCarriers, SqlReturns, SqlShipments
from app.infrastructure.database.repositories.stock import (
    SqlInventories,
    SqlLocations,
    SqlLots,
    SqlStock,
    SqlStockReports,
    SqlStockRules,
    SqlTransfers,
    SqlWarehouses,
)
from app.infrastructure.database.session import Session
from app.usecases.context import Context
from app.usecases.ports.shared import Clock

Repository = TypeVar("Repository")


class Lazy(Generic[Repository]):
    """A repository made when first asked for; the next access finds it on the Work itself."""

    def __init__(self, make: Callable[[Session, Context], Repository]) -> None:
        self._make = make
        self._name = ""

    def __set_name__(self, owner: type[SqlWork], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, work: None, owner: type[SqlWork]) -> Self: ...
    @overload
    def __get__(self, work: SqlWork, owner: type[SqlWork]) -> Repository: ...
    def __get__(self, work: SqlWork | None, owner: type[SqlWork]) -> Self | Repository:
        if work is None:
            return self
        made = self._make(work.session, work.context)
        work.__dict__[self._name] = made
        return made


def _deaf() -> None:
    """Hear nothing."""


@dataclass(frozen=True, slots=True)
class Ears:
    """Who hears of each commit that left events, or jobs, behind; both must be quick.

    ``trace`` gives the trace context that new jobs go on with (W3C traceparent).
    """

    events: Callable[[], None] = _deaf
    jobs: Callable[[], None] = _deaf
    trace: Callable[[], str] = str


class SqlWork:
    """One open transaction. Entered, it holds a connection; left, it has given it back, committed or not."""

    users = Lazy(SqlUsers)
    roles = Lazy(SqlRoles)
    principals = Lazy(SqlPrincipals)
    sessions = Lazy(SqlSessions)
    api_keys = Lazy(SqlApiKeys)
    aws_credentials = Lazy(SqlAwsCredentials)
    attempts = Lazy(SqlAttemptBook)
    second_factors = Lazy(SqlSecondFactors)
    parties = Lazy(SqlParties)
    contacts = Lazy(SqlContacts)
    party_addresses = Lazy(SqlPartyAddresses)
    party_accounts = Lazy(SqlPartyAccounts)
    terms = Lazy(SqlTerms)
    credits = Lazy(SqlCredits)
    merging = Lazy(SqlMerging)
    products = Lazy(SqlProducts)
    catalogue = Lazy(SqlCatalogue)
    pricing = Lazy(SqlPricing)
    warehouses = Lazy(SqlWarehouses)
    stock = Lazy(SqlStock)
    lots = Lazy(SqlLots)
    transfers = Lazy(SqlTransfers)
    locations = Lazy(SqlLocations)
    stock_rules = Lazy(SqlStockRules)
    inventories = Lazy(SqlInventories)
    stock_reports = Lazy(SqlStockReports)
    proposals = Lazy(SqlProposals)
    orders = Lazy(SqlOrders)
    approvals = Lazy(SqlApprovals)
    shipments = Lazy(SqlShipments)
    returns = Lazy(SqlReturns)
    carriers = Lazy(SqlCarriers)
    invoices = Lazy(SqlInvoices)
    invoice_templates = Lazy(SqlInvoiceTemplates)
    payments = Lazy(SqlPayments)
    bank_accounts = Lazy(SqlBankAccounts)
    cheque_deposits = Lazy(SqlChequeDeposits)
    sepa_orders = Lazy(SqlSepaOrders)
    mails = Lazy(SqlMails)
    fields = Lazy(SqlFields)
    attachments = Lazy(SqlAttachments)
    papers = Lazy(SqlPapers)
    series = Lazy(SqlSeriesBook)
    lists = Lazy(SqlLists)
    reports = Lazy(SqlReports)
    chains = Lazy(SqlChains)
    privacy = Lazy(SqlPrivacy)
    retention = Lazy(SqlRetention)
    journal = Lazy(SqlJournal)
    machines = Lazy(SqlMachines)
    activities = Lazy(SqlActivities)
    tallies = Lazy(SqlTallies)
    jobs = Lazy(SqlJobs)
    queue = Lazy(SqlQueue)
    session: Session

    def __init__(self, database: Database, clock: Clock, context: Context, ears: Ears, *, writing: bool) -> None:
        self._ears = ears
        self._database = database
        self._clock = clock
        self._writing = writing
        self._held: Any = None
        self._flushed = False
        self.context = context
        self.outbox = SqlOutbox(context)
        self.afterwards: list[Callable[[], None]] = []
        """What is to hear that the transaction has committed; each must be quick."""

    @property
    def companies(self) -> SqlCompanies:
        """All companies."""
        made = self.__dict__.get("_companies")
        if made is None:
            made = self.__dict__["_companies"] = SqlCompanies(self.session, self.context, self._clock.now)
        return made

    @property
    def answers(self) -> SqlAnswers:
        """Answers kept under idempotency keys."""
        made = self.__dict__.get("_answers")
        if made is None:
            made = self.__dict__["_answers"] = SqlAnswers(self.session, self.context, self._clock.now)
        return made

    def become(self, context: Context) -> None:
        """Go on for another caller, before anything was written; for who finds out only inside whom it acts for."""
        self.context = context
        self.outbox = SqlOutbox(context)
        for name in [*vars(self)]:
            if isinstance(getattr(type(self), name, None), Lazy) or name in {"_companies", "_answers"}:
                del self.__dict__[name]

    def flush(self) -> None:
        """Write jobs, events and answer now; nothing of the business may follow. Raises AnswerExists, RolledBack."""
        if "jobs" in self.__dict__ and self.jobs.flush(self._clock.now(), self._ears.trace()):
            self.afterwards.append(self._ears.jobs)
        if self.answers.flush(self.outbox):
            self.afterwards.append(self._ears.events)
        self._flushed = True

    def commit(self) -> None:
        """Write what is not written yet, and make all durable. Raises AnswerExists, RolledBack, OutcomeUnknown."""
        if not self._flushed:
            self.flush()
        self.session.commit()
        for told in self.afterwards:
            told()

    def __enter__(self) -> Self:
        """Take the write lock where there is one, a connection, and begin. Raises RolledBack, Busy, Unavailable."""
        if self._writing:
            self._lock()
        try:
            connection = self._database.connection()
            self.session = Session(self._database, connection, self.context, writing=self._writing)
            try:
                self.session.begin()
            except BaseException as error:
                self.session.end(broken=not isinstance(error, Exception))
                raise
        except BaseException:
            self._unlock()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Undo what was not committed; give everything back, whatever happened."""
        try:
            self.session.end(broken=kind is not None and not issubclass(kind, Exception))
        finally:
            self._unlock()

    def _lock(self) -> None:
        wait = self._database.settings.db_lock_timeout_s
        if self.context.deadline is not None:
            wait = min(wait, self.context.deadline.remaining())
        self._held = self._database.hold_write_lock(wait)

    def _unlock(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.release()


class SqlWorks:
    """Opens transactions on one database."""

    def __init__(self, database: Database, clock: Clock, ears: Ears | None = None) -> None:
        self._ears = ears or Ears()
        self._database = database
        self._clock = clock

    def reading(self, context: Context) -> SqlWork:
        """Open a transaction that only reads; on servers each of its statements sees what is committed by then."""
        return SqlWork(self._database, self._clock, context, self._ears, writing=False)

    def writing(self, context: Context) -> SqlWork:
        """Open a transaction that may write; on SQLite it holds the write lock from the start."""
        return SqlWork(self._database, self._clock, context, self._ears, writing=True)
