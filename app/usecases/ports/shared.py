"""What every use case shares: the open transaction, the clock, the outbox, numbers and seals."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Protocol

from app.domain.parties import Contact, PartyAccount, PartyAddress
from app.domain.shared.events import Event
from app.domain.shared.numbering import Series
from app.usecases.context import Context
from app.usecases.ports.access import ApiKeys, AttemptBook, AwsCredentials, Principals, SecondFactors, Sessions
from app.usecases.ports.attachments import Attachments
from app.usecases.ports.banking import BankAccounts, ChequeDeposits, SepaOrders
from app.usecases.ports.billing import Invoices, InvoiceTemplates, Payments
from app.usecases.ports.catalogue import Catalogue, Pricing, Products
from app.usecases.ports.chains import Chains
from app.usecases.ports.fields import Fields
from app.usecases.ports.identity import Companies, Roles, Users
from app.usecases.ports.jobs import Jobs, Queue
from app.usecases.ports.journal import Journal
from app.usecases.ports.listing import Lists
from app.usecases.ports.mail import Mails
from app.usecases.ports.papers import Papers
from app.usecases.ports.parties import Belongings, Credits, Merging, Parties, Terms
from app.usecases.ports.privacy import Privacy
from app.usecases.ports.processes import Activities, Machines, Tallies
from app.usecases.ports.reports import Reports
from app.usecases.ports.retention import Retention
from app.usecases.ports.sales import Approvals, Orders, Proposals
from app.usecases.ports.shipping import Carriers, Returns, Shipments
from app.usecases.ports.stock import (
    Inventories,
    Locations,
    Lots,
    Stock,
    StockReports,
    StockRules,
    Transfers,
    Warehouses,
)


class RolledBack(Exception):
    """The database undid the transaction for reasons of its own (deadlock, lost race); running it again may succeed."""


class AnswerExists(Exception):
    """Another transaction committed an answer under the same idempotency key first."""


class Clock(Protocol):
    """The time: instants are aware and in UTC."""

    def now(self) -> datetime:
        """Give the present instant, UTC."""
        ...

    def today(self, zone: tzinfo) -> date:
        """Give the legal date in ``zone``."""
        ...

    def monotonic(self) -> float:
        """Give seconds of a clock that never goes back, for deadlines."""
        ...


class Seal(Protocol):
    """The key of the hash chains, kept outside the database."""

    def link(self, previous: str, content: Mapping[str, object]) -> str:
        """Give the link over ``previous`` and the canonical form of ``content``: 64 hex digits."""
        ...


class Outbox(Protocol):
    """Events on their way out; they are written with the transaction or not at all."""

    def add(self, event: Event) -> None:
        """Send ``event`` once the transaction commits."""
        ...


class SeriesBook(Protocol):
    """The series of numbers of the context's company.

    ``lock`` is the last lock a transaction takes: after it only set-wise writes follow.
    """

    def lock(self, kind: str, period: str) -> Series:
        """Give the series locked until the end of the transaction; a new one starts at 1."""
        ...

    def save(self, series: Series) -> None:
        """Store counter, last date and last link of a locked series."""
        ...

    def fast(self, kind: str, period: str) -> int:
        """Give the next number of a series that may have gaps, in a short transaction of its own."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyKey:
    """A caller's name for one request: ``route`` is method and path template, ``body_hash`` SHA-256 in hex."""

    key: str
    route: str
    body_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the caller gets, as bytes made once: JSON body, version for the ETag, path of a created object.

    ``replayed`` says that it was kept from an earlier request; it is not stored.
    """

    body: bytes
    version: int | None = None
    location: str | None = None
    replayed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """An answer kept under an idempotency key with the hash of the body it answered."""

    body_hash: str
    answer: Answer


class Answers(Protocol):
    """Answers kept for 24 hours, unique per company, actor, route and key."""

    def find(self, key: IdempotencyKey) -> StoredAnswer | None:
        """Give what was answered under ``key``, if anything."""
        ...

    def add(self, key: IdempotencyKey, answer: Answer) -> None:
        """Keep ``answer`` as the transaction's last write. Raises AnswerExists when a twin was first."""
        ...


class Work(Protocol):
    """One open transaction: the repositories of the context's company. Nobody but the runner opens or commits one."""

    @property
    def companies(self) -> Companies:
        """All companies."""
        ...

    @property
    def users(self) -> Users:
        """All users."""
        ...

    @property
    def roles(self) -> Roles:
        """Roles by company."""
        ...

    @property
    def principals(self) -> Principals:
        """Who may do what now."""
        ...

    @property
    def sessions(self) -> Sessions:
        """Sessions of users."""
        ...

    @property
    def api_keys(self) -> ApiKeys:
        """API keys."""
        ...

    @property
    def aws_credentials(self) -> AwsCredentials:
        """Credentials of AWS clients."""
        ...

    @property
    def attempts(self) -> AttemptBook:
        """Counters of attempts."""
        ...

    @property
    def second_factors(self) -> SecondFactors:
        """Second factors of users."""
        ...

    @property
    def parties(self) -> Parties:
        """Third parties."""
        ...

    @property
    def contacts(self) -> Belongings[Contact]:
        """Contacts of third parties."""
        ...

    @property
    def party_addresses(self) -> Belongings[PartyAddress]:
        """More addresses of third parties."""
        ...

    @property
    def party_accounts(self) -> Belongings[PartyAccount]:
        """Bank accounts of third parties."""
        ...

    @property
    def terms(self) -> Terms:
        """Payment terms."""
        ...

    @property
    def credits(self) -> Credits:
        """What customers owe."""
        ...

    @property
    def merging(self) -> Merging:
        """Moves what names a third party."""
        ...

    @property
    def products(self) -> Products:
        """Products."""
        ...

    @property
    def catalogue(self) -> Catalogue:
        """Records of the catalogue, and what hangs on products."""
        ...

    @property
    def pricing(self) -> Pricing:
        """What lines are completed from."""
        ...

    @property
    def warehouses(self) -> Warehouses:
        """Warehouses."""
        ...

    @property
    def stock(self) -> Stock:
        """Levels, costs and movements."""
        ...

    @property
    def lots(self) -> Lots:
        """Lots and how much of them is where."""
        ...

    @property
    def transfers(self) -> Transfers:
        """Transfers between warehouses."""
        ...

    @property
    def locations(self) -> Locations:
        """Places inside warehouses."""
        ...

    @property
    def stock_rules(self) -> StockRules:
        """Rules of minimum stock."""
        ...

    @property
    def inventories(self) -> Inventories:
        """Sessions of counting."""
        ...

    @property
    def stock_reports(self) -> StockReports:
        """Sums over the stock."""
        ...

    @property
    def proposals(self) -> Proposals:
        """Proposals."""
        ...

    @property
    def orders(self) -> Orders:
        """Orders."""
        ...

    @property
    def approvals(self) -> Approvals:
        """Approvals of orders."""
        ...

    @property
    def shipments(self) -> Shipments:
        """Shipments."""
        ...

    @property
    def returns(self) -> Returns:
        """Goods that come back."""
        ...

    @property
    def carriers(self) -> Carriers:
        """Who brings parcels."""
        ...

    @property
    def invoices(self) -> Invoices:
        """Invoices."""
        ...

    @property
    def invoice_templates(self) -> InvoiceTemplates:
        """Templates of invoices."""
        ...

    @property
    def payments(self) -> Payments:
        """Payments."""
        ...

    @property
    def bank_accounts(self) -> BankAccounts:
        """Bank accounts of the company."""
        ...

    @property
    def cheque_deposits(self) -> ChequeDeposits:
        """Slips of cheques."""
        ...

    @property
    def sepa_orders(self) -> SepaOrders:
        """Orders to banks."""
        ...

    @property
    def mails(self) -> Mails:
        """Mails about documents."""
        ...

    @property
    def fields(self) -> Fields:
        """Custom fields, and what objects are found by."""
        ...

    @property
    def attachments(self) -> Attachments:
        """Files kept with objects."""
        ...

    @property
    def papers(self) -> Papers:
        """Printed documents and logos."""
        ...

    @property
    def series(self) -> SeriesBook:
        """Series of numbers."""
        ...

    @property
    def outbox(self) -> Outbox:
        """Events on their way out."""
        ...

    @property
    def answers(self) -> Answers:
        """Answers kept for idempotency keys."""
        ...

    @property
    def lists(self) -> Lists:
        """Readers of lists."""
        ...

    @property
    def reports(self) -> Reports:
        """Sums over the books."""
        ...

    @property
    def chains(self) -> Chains:
        """Series and sealed documents, to be proved."""
        ...

    @property
    def privacy(self) -> Privacy:
        """Traces of third parties."""
        ...

    @property
    def retention(self) -> Retention:
        """What is kept for a time only."""
        ...

    @property
    def journal(self) -> Journal:
        """What has happened, numbered."""
        ...

    @property
    def machines(self) -> Machines:
        """State machines of the company."""
        ...

    @property
    def tallies(self) -> Tallies:
        """Sums over executions of the company."""
        ...

    @property
    def activities(self) -> Activities:
        """Activities of the company."""
        ...

    @property
    def jobs(self) -> Jobs:
        """Jobs of the company."""
        ...

    @property
    def queue(self) -> Queue:
        """Jobs of all companies, as workers see them."""
        ...

    def commit(self) -> None:
        """Make everything durable; leaving the Work without it undoes everything. Raises RolledBack, Unavailable."""
        ...


class Works(Protocol):
    """Opens transactions."""

    def reading(self, context: Context) -> AbstractContextManager[Work]:
        """Open a transaction that only reads."""
        ...

    def writing(self, context: Context) -> AbstractContextManager[Work]:
        """Open a transaction that may write; on SQLite it holds the write lock from the start."""
        ...
