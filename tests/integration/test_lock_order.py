"""Every use case that writes takes its locks in the one written order (ERP-07, design: locks)."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyotp import TOTP

from app import usecases
from app.domain.access import Limit, SessionLife
from app.domain.banking import BankAccount, SepaKind, SepaLine, SepaOrder, SepaSequence
from app.domain.billing import (
    AbandonReason,
    CloseReason,
    Every,
    Invoice,
    InvoiceKind,
    InvoiceTemplate,
    PaymentMethod,
    Recurrence,
    TemplateLine,
)
from app.domain.catalogue import (
    Attribute,
    AttributeValue,
    Category,
    CategoryKind,
    Chosen,
    Component,
    Dimension,
    Packaging,
    PriceList,
    PriceRow,
    Product,
    Unit,
    VatRate,
)
from app.domain.fields import CustomField, FieldType
from app.domain.identity import CompanySettings, Membership, Role, User
from app.domain.jobs import Job, NewJob, Schedule
from app.domain.mail import MailReason
from app.domain.parties import AddressKind, Contact, Instalment, Party, PartyAccount, PartyAddress, PaymentTerms
from app.domain.sales import LineQuantity, Order, Proposal
from app.domain.shared.errors import Conflict
from app.domain.shared.ids import (
    BankAccountId,
    CarrierId,
    InvoiceId,
    PartyId,
    ProductId,
    ReturnId,
    ShipmentId,
    WorkerId,
)
from app.domain.shared.lines import LineKind
from app.domain.shared.money import amount, currency, price, quantity, rate
from app.domain.shared.numbering import Reset
from app.domain.shared.objects import ObjectKind
from app.domain.shared.rights import Right
from app.domain.shared.series import SeriesKind
from app.domain.shared.tracking import Tracking
from app.domain.shipping import Carrier, Parcel
from app.domain.stock import Location, Lot, LotPart, MovementKind, Warehouse
from app.infrastructure.aws import HmacSecrets
from app.infrastructure.calendar import CronCalendar
from app.infrastructure.database.engine import Database
from app.infrastructure.database.locks import LockOrder, LockRank, Trace, TraceKind
from app.infrastructure.keys import RandomMint
from app.infrastructure.otp import TimeCodes
from app.infrastructure.passwords import ArgonPasswords
from app.infrastructure.vault import AesVault
from app.usecases import (
    access,
    attachments,
    banking,
    batch,
    billing,
    catalogue,
    fields,
    identity,
    importing,
    jobs,
    journal,
    mail,
    papers,
    parties,
    privacy,
    retention,
    sales,
    shipping,
    stock,
)
from app.usecases.access.passwords import NewPassword
from app.usecases.access.sessions import Rotation
from app.usecases.access.signing_in import Entrance
from app.usecases.context import Context
from app.usecases.ports.shared import Answer, Work
from app.usecases.run import Runner
from app.usecases.shared import Change, LineDraft, Versioned
from tests.support.books import Books
from tests.support.clock import FakeClock
from tests.support.databases import KEY, tracing
from tests.support.files import MemoryFiles
from tests.support.jobs import fresh
from tests.support.printers import RecordingPrinter
from tests.support.process_story import process_story
from tests.support.shop import Shop

pytestmark = [
    pytest.mark.fast,
    pytest.mark.parametrize("database_kind", ["sqlite", "postgresql", "mariadb"], indirect=True),
]
ONE: Final = quantity(Decimal(1))
TWO: Final = quantity(Decimal(2))
# What these statements change must have been locked by the same transaction before.
CHANGES: Final = {
    "update memberships": LockRank.COMPANY,
    "delete memberships": LockRank.COMPANY,
    "update roles": LockRank.COMPANY,
    "delete roles": LockRank.COMPANY,
    "update invoices": LockRank.INVOICE,
    "update invoices.final": LockRank.INVOICE,
    "delete invoices": LockRank.INVOICE,
    "update proposals": LockRank.PROPOSAL,
    "update proposals.status": LockRank.PROPOSAL,
    "delete proposals": LockRank.PROPOSAL,
    "insert proposals": LockRank.PARTY,
    "insert proposals, proposal_lines": LockRank.PARTY,
    "update invoice_templates": LockRank.TEMPLATE,
    "delete invoice_templates": LockRank.TEMPLATE,
    "update orders": LockRank.ORDER,
    "update orders.status": LockRank.ORDER,
    "update order_lines": LockRank.ORDER,
    "update order_lines of an order": LockRank.ORDER,
    "update order_lines.reserved": LockRank.LEVEL,
    "insert order_revisions": LockRank.ORDER,
    "delete orders": LockRank.ORDER,
    "insert order_approvals": LockRank.ORDER,
    "update order_approvals": LockRank.ORDER,
    "update payments": LockRank.PAYMENT,
    "update sepa_orders": LockRank.SEPA_ORDER,
    "update sepa_order_lines": LockRank.SEPA_ORDER,
    "update mails": LockRank.MAIL,
    "update shipments": LockRank.SHIPMENT,
    "delete shipments": LockRank.SHIPMENT,
    "update shipment_lines": LockRank.SHIPMENT,
    "update returns": LockRank.RETURN,
    "delete returns": LockRank.RETURN,
    "insert orders": LockRank.PARTY,
    "insert orders, order_lines": LockRank.PARTY,
    "insert invoices": LockRank.PARTY,
    "insert invoices, invoice_lines": LockRank.PARTY,
    "update answers that name": LockRank.PARTY,
    "insert contacts": LockRank.PARTY,
    "insert party_addresses": LockRank.PARTY,
    "insert party_accounts": LockRank.PARTY,
    "merge contacts": LockRank.PARTY,
    "select outstanding": LockRank.CREDIT,
    "update inventories": LockRank.INVENTORY,
    "update inventory_lines": LockRank.INVENTORY,
    "delete inventory_lines": LockRank.INVENTORY,
    "insert inventory_counts": LockRank.INVENTORY,
    "update lot_levels": LockRank.LEVEL,
    "delete lot_levels": LockRank.LEVEL,
    "insert lot_levels": LockRank.LEVEL,
    "update stock_costs": LockRank.COST,
    "update stock_levels": LockRank.LEVEL,
    "update stock_levels.places": LockRank.LEVEL,
    "update series": LockRank.SERIES,
}
# Who skips what others hold waits for nobody.
LOCKING: Final = re.compile(r"\bFOR (NO KEY )?UPDATE\b(?! SKIP LOCKED)")


@dataclass(frozen=True, slots=True)
class NotingRunner(Runner):
    """Runs use cases, and notes which."""

    ran: set[type] = field(default_factory=set)

    def run(self, context: Any, case: Any, build: Any, present: Any, key: Any = None) -> Answer:
        self.ran.update(type(case).__mro__)
        return Runner.run(self, context, case, build, present, key)


def noting(books: Books) -> tuple[Books, set[type]]:
    """Give the same books and the set that fills with the use cases run in them."""
    runner = NotingRunner(books.desk.runner.works, books.desk.runner.pause)
    return Books(replace(books.desk, runner=runner), books.company), runner.ran


def writing_cases() -> set[type]:
    """Give every use case there is that writes."""
    modules = [
        importlib.import_module(f"{usecases.__name__}.{found.name}")
        for found in pkgutil.walk_packages(usecases.__path__)
    ]
    classes = (one for module in modules for _, one in inspect.getmembers(module, inspect.isclass))
    return {one for one in classes if getattr(one, "writes", None) is True and not one.__name__.startswith("_")}


def breaches(traces: Sequence[Trace]) -> list[str]:
    """Give what was locked out of order, or locked or changed without saying so."""
    order = LockOrder()
    held: defaultdict[int, set[LockRank]] = defaultdict(set)
    for trace in traces:
        order(trace)
        held[trace.session] |= {rank for rank, _ in trace.locks}
        name = trace.name.partition("[")[0]
        if LOCKING.search(trace.sql) and not trace.locks:
            order.breaches.append(f"{name} locks and does not say what")
        if name.startswith("insert invoices"):
            held[trace.session].add(LockRank.INVOICE)  # a row of the own transaction is nobody else's yet
        if name in CHANGES and CHANGES[name] not in held[trace.session]:
            order.breaches.append(f"{name} changes what transaction {trace.session} has not locked")
    assert order.done
    assert {trace.name.partition("[")[0] for trace in traces} & set(CHANGES)
    return order.breaches


def line(product: ProductId | None = None, wanted: Decimal = ONE) -> LineDraft:
    """Ask for goods, or for an hour's work."""
    if product is not None:
        return LineDraft(product_id=product, quantity=quantity(wanted))
    return LineDraft(
        kind=LineKind.SERVICE,
        description="Work",
        quantity=quantity(wanted),
        unit_price=price(Decimal(50)),
        vat_rate=rate(Decimal(20)),
    )


def bank_account(code: str, iban: str) -> BankAccount:
    """Give an account that may collect direct debits."""
    return BankAccount(label=code, holder="Acme", iban=iban, currency=currency(code), creditor_id="DE98ZZZ09999999999")


def debit(account: BankAccountId, *invoices: InvoiceId) -> SepaOrder:
    """Give an order that collects 1 of each invoice."""
    lines = [
        SepaLine(
            position=position,
            invoice_id=invoice,
            amount=amount(ONE),
            holder="Client",
            iban="DE89370400440532013000",
            mandate="M",
            mandate_date=date(2026, 1, 1),
            sequence=SepaSequence.RECURRENT,
        )
        for position, invoice in enumerate(invoices, 1)
    ]
    return SepaOrder(kind=SepaKind.DIRECT_DEBIT, date=date(2026, 11, 30), account_id=account, lines=lines)


@dataclass(frozen=True, slots=True)
class Ask:
    """Asks for a job of a kind."""

    right = None
    writes = True

    def execute(self, work: Work, _context: Context, request: str) -> None:
        work.jobs.add(NewJob(kind=request))


@dataclass(frozen=True)
class Story:
    """A day in a company that does everything there is to do."""

    shop: Shop

    def all(self) -> None:
        """Do it."""
        self.people()
        self.master_data()
        one, other = self.shop.goods(), self.shop.goods()
        self.stock(one, other)
        self.stock_in_depth(one, other)
        self.proposals(one)
        order = self.order_to_cash(one, other)
        self.sent_back(one, other)
        self.other_ends(order)
        self.billing()
        self.kinds()
        self.templates()
        self.money()
        self.importing()
        self.access()
        self.upkeep()
        self.jobs()
        self.batches(one, other)
        desk = self.shop.books.desk
        process_story(self.do, desk.numbering, desk.runner.works, lambda: self.new_order(line()))
        self.adding_to_objects()

    def do(self, case: Any, request: Any) -> Any:
        """Run one use case."""
        return self.shop.books.do(case, request)

    @property
    def tools(self) -> tuple[Any, Any]:
        """What use cases are made of."""
        return self.shop.books.desk.clock, self.shop.books.desk.numbering

    def people(self) -> None:
        """Enter a company with its people."""
        address = f"{self.shop.company}-{self.shop.customer}@example.org"
        admin = User(email=address, name="A", password_hash="")
        new = identity.NewCompany(name="Other", country="FR", settings=CompanySettings(), admin=admin)
        company = self.do(identity.SetUpCompany(), new)
        self.do(
            identity.AddRole(),
            identity.NewRole(company=company.id, name="seller", rights=frozenset({Right.ORDERS_READ})),
        )
        member = User(email=f"x-{address}", name="B", password_hash="")
        added = self.do(identity.AddMember(), identity.NewMember(company=company.id, user=member, roles=("seller",)))
        self.do(access.Rehash(), replace(added, password_hash="other"))
        self.own_people(f"y-{address}")

    def access(self) -> None:
        """Get in by every way there is, and be put out again."""
        books = self.shop.books
        clock, now = books.desk.clock, books.desk.clock.now()
        email = f"in-{self.shop.company}-{self.shop.customer}@example.org"
        user = User(email=email, name="In", password_hash="one")
        new = identity.NewMember(company=books.company, user=user, roles=(identity.ADMINISTRATOR,))
        entered = self.do(identity.AddMember(), new)
        limits = access.Limits(account=Limit(free=5), address=Limit(free=5))
        life, mint = SessionLife(longest=timedelta(days=1), idle=timedelta(days=1)), RandomMint()
        codes, vault = TimeCodes(), AesVault(KEY)
        me = replace(books.desk.context(), actor=entered.id, address=email)

        def do(case: Any, request: Any) -> Any:
            return books.desk.runner.call(me, case, lambda: request)

        do(access.ReadAccount(clock, limits), access.Knocked(email=email))
        do(access.NoteFailure(clock, limits), None)
        membership = Membership(user=entered.id, company=books.company, roles=frozenset())
        token = mint.refresh_token()
        entrance = Entrance(
            user=entered.id, email=email, membership=membership, token=token, proof=None, must_change=False
        )
        begun = do(access.StartSession(clock, life), entrance)
        rotation = Rotation(old=token, fresh=mint.refresh_token(), company=None)
        do(access.RotateSession(clock, life), rotation)
        do(access.EndReused(clock), begun.session)
        do(access.SignOut(clock), f"tr_{token.name}_{token.secret}")
        again = do(access.StartSession(clock, life), replace(entrance, token=mint.refresh_token()))
        do(access.EndOwnSession(clock), Versioned(id=again.session.id, version=1))
        seen = do(access.ReadAccount(clock, limits), access.Knocked(user=entered.id)).user
        stored = NewPassword(seen=seen, password_hash="two", token=mint.refresh_token())
        do(access.StorePassword(clock, life), stored)
        given = do(access.EnrolSecondFactor(clock, mint, vault, codes), None)
        do(access.ConfirmSecondFactor(clock, vault, codes), TOTP(given.secret).at(now))
        do(access.DropSecondFactor(), email)
        wanted = access.NewApiKey(name="k", scopes=frozenset({Right.ORDERS_READ}), days=1)
        made = do(access.CreateApiKey(clock, mint), wanted).key
        do(access.ChangeApiKey(), Change(id=made.id, version=1, changes={"name": "l"}))
        do(access.TouchApiKey(clock), made.id)
        do(access.RevokeApiKey(clock), made.id)
        secrets = HmacSecrets(KEY)
        held = access.NewAwsCredential(name="c", scopes=frozenset({Right.WORKFLOWS_READ}), days=1)
        credential = do(access.CreateAwsCredential(clock, mint, secrets), held).credential
        do(access.RotateAwsCredential(secrets), credential.id)
        do(access.RevokeAwsCredential(clock), credential.id)
        reset = access.PasswordReset(user=entered.id, password="x", password_hash="three")
        self.do(access.ResetPassword(clock, ArgonPasswords()), reset)
        self.do(access.SetPassword(clock), access.ConsoleReset(email=email, password_hash="four"))

    def own_people(self, email: str) -> None:
        """Enter, change and remove a role and a user of the company itself, and change how it works."""
        clock, _ = self.tools
        made = self.do(identity.CreateRole(), Role(name="packer", rights=frozenset({Right.ORDERS_READ})))
        rights = {"rights": frozenset({Right.STOCK_READ})}
        role = self.do(identity.ChangeRole(), Change(id=made.id, version=made.version, changes=rights))
        new = identity.NewUser(email=email, name="C", locale="en", password_hash="", roles=(role.id,))
        member = self.do(identity.CreateUser(), new).member
        changed = Change(id=member.id, version=member.version, changes={"active": False, "roles": ()})
        member = self.do(identity.ChangeUser(clock), changed)
        self.do(identity.RemoveUser(clock), Versioned(id=member.id, version=member.version))
        self.do(identity.DeleteRole(), Versioned(id=role.id, version=role.version))
        company = self.do(identity.ReadCompany(), None)
        here = {"id": company.id, "changes": {"name": "Renamed"}}
        self.do(identity.ChangeCompany(), Change(**here, version=company.version))
        mask = {"masks": {SeriesKind.ORDER: {"pattern": "O{yyyy}-{0000}", "reset": Reset.YEAR}}}
        self.do(identity.ChangeSettings(clock), Change(id=company.id, version=company.settings.version, changes=mask))

    def master_data(self) -> None:
        """Enter and change parties, products and warehouses."""
        clock, numbering = self.tools
        party = self.do(parties.CreateParty(clock, numbering), Party(name="P", customer=True))
        change = Change(id=party.id, version=party.version, changes={"supplier": True})
        self.do(parties.ChangeParty(clock, numbering), change)
        self.belongings(party.id)
        product = Product(ref="CHANGED", name="C", unit_price=price(Decimal(1)), vat_rate=rate(Decimal(0)))
        made = self.do(catalogue.CreateProduct(clock), product)
        self.do(catalogue.ChangeProduct(clock), Change(id=made.id, version=made.version, changes={"name": "D"}))
        self.catalogue(made.id, party.id)
        place = self.do(stock.CreateWarehouse(), Warehouse(ref="CHANGED", name="C"))
        self.do(stock.ChangeWarehouse(), Change(id=place.id, version=place.version, changes={"name": "D"}))

    def catalogue(self, product: ProductId, party: PartyId) -> None:
        """Enter, change and delete one of each kind of record, and hang things on a product and a customer."""
        today = date(2026, 1, 1)
        price_list = self.do(catalogue.CreatePriceList(), PriceList(name="L", currency="EUR"))
        row = PriceRow(price_list_id=price_list.id, product_id=product, price=price(Decimal(1)))
        made: list[tuple[Any, Any, Any, str]] = [
            (catalogue.ChangePrice(), catalogue.DeletePrice(), self.do(catalogue.CreatePrice(), row), "min_quantity"),
            (catalogue.ChangePriceList(), catalogue.DeletePriceList(), price_list, "name"),
        ]
        agreed = PriceRow(party_id=party, product_id=product, discount=rate(Decimal(5)))
        self.do(catalogue.CreatePrice(), agreed)
        vat = VatRate(country="FR", category="standard", rate=rate(Decimal(20)), valid_from=today)
        unit = Unit(code="CS", name="Case", dimension=Dimension.COUNT)
        sorts = Category(kind=CategoryKind.PRODUCT, name="C")
        buyers = self.do(catalogue.CreateCategory(), Category(kind=CategoryKind.CUSTOMER, name="B"))
        under = self.do(catalogue.CreateCategory(), Category(kind=CategoryKind.CUSTOMER, name="U", parent_id=buyers.id))
        colour = Attribute(name="Colour", values=(AttributeValue(value="red"),))
        sized = self.do(catalogue.CreateAttribute(), Attribute(name="Size", values=(AttributeValue(value="XL"),)))
        others: tuple[tuple[Any, Any, Any, Any, str], ...] = (
            (catalogue.CreateVatRate(), catalogue.ChangeVatRate(), catalogue.DeleteVatRate(), vat, "rate"),
            (catalogue.CreateUnit(), catalogue.ChangeUnit(), catalogue.DeleteUnit(), unit, "name"),
            (catalogue.CreateCategory(), catalogue.ChangeCategory(), catalogue.DeleteCategory(), sorts, "name"),
            (catalogue.CreateAttribute(), catalogue.ChangeAttribute(), catalogue.DeleteAttribute(), colour, "name"),
        )
        made += [(change, delete, self.do(create, record), name) for create, change, delete, record, name in others]
        self._hang(product, party, under.id)
        for change, delete, record, name in made:
            value = "Other" if name == "name" else rate(Decimal(7))
            changed = self.do(change, Change(id=record.id, version=record.version, changes={name: value}))
            self.do(delete, Versioned(id=changed.id, version=changed.version))
        chosen = (Chosen(attribute_id=sized.id),)
        self.do(catalogue.MakeVariants(), catalogue.VariantsDraft(parent_id=product, chosen=chosen))

    def _hang(self, product: ProductId, party: PartyId, category: int) -> None:
        other = self.shop.goods()
        for case, parts in (
            (catalogue.SetBarcodes(), ["4006381333931"]),
            (catalogue.SetPackagings(), [Packaging(unit="CS", quantity=TWO)]),
            (catalogue.SetPackagings(), []),
            (catalogue.SetComponents(), [Component(component_id=other, quantity=TWO)]),
            (catalogue.SetSupplierPrices(), []),
            (catalogue.SetProductCategories(), []),
        ):
            version = self.do(catalogue.ReadBarcodes(), product).version
            self.do(case, catalogue.Whole(id=product, version=version, parts=parts))
        version = self.do(catalogue.ReadPartyCategories(), party).version
        self.do(catalogue.SetPartyCategories(), catalogue.Whole(id=party, version=version, parts=[category]))

    def belongings(self, party: PartyId) -> None:
        """Enter, change and remove what belongs to a third party; sell on credit; merge it into another."""
        clock, numbering = self.tools
        whole = Instalment(percent=rate(Decimal(100)), days=30)
        terms = self.do(parties.CreateTerms(), PaymentTerms(name=f"T{party}", instalments=(whole,)))
        self.do(parties.ChangeTerms(), Change(id=terms.id, version=1, changes={"name": f"U{party}"}))
        account = PartyAccount(party_id=party, holder="x", iban="DE89370400440532013000", preferred=True)
        address = PartyAddress(party_id=party, label="x", kind=AddressKind.BILLING, preferred=True)
        for one, add, change, remove in (
            (Contact(party_id=party, name="x"), parties.AddContact, parties.ChangeContact, parties.RemoveContact),
            (address, parties.AddAddress, parties.ChangeAddress, parties.RemoveAddress),
            (account, parties.AddBankAccount, parties.ChangeBankAccount, parties.RemoveBankAccount),
        ):
            made = self.do(add(), one)
            name = {"Contact": "name", "PartyAddress": "label", "PartyAccount": "holder"}[type(one).__name__]
            self.do(change(), parties.ChangeOfParty(id=made.id, version=1, changes={name: "y"}, party=party))
            self.do(remove(), parties.VersionedOfParty(id=made.id, version=2, party=party))
        limited = Party(name="L", customer=True, credit_limit=amount(Decimal(10_000)))
        limited = self.do(parties.CreateParty(clock, numbering), limited)
        order = self.do(sales.CreateOrder(clock), sales.OrderDraft(party_id=limited.id, lines=(line(),)))
        self.do(sales.ValidateOrder(numbering), order.id)
        draft = self.do(billing.CreateInvoice(clock), billing.InvoiceDraft(party_id=limited.id, lines=(line(),)))
        self.do(billing.ValidateInvoice(numbering), draft.id)
        self.do(parties.MergeParty(clock, numbering), parties.Merge(party=limited.id, into=party))

    def stock(self, *products: ProductId) -> None:
        """Receive, debit and count, in two warehouses."""
        for place in (self.shop.place, self.shop.warehouse(allow_negative=True)):
            for product in products[::-1]:
                self.shop.move(MovementKind.RECEIVE, product, "10", place)
                self.shop.move(MovementKind.DEBIT, product, "3", place)
                self.shop.move(MovementKind.COUNT, product, "8", place)

    def stock_in_depth(self, *products: ProductId) -> None:
        """Transfer both ways, place, watch and count; with and without lots."""
        clock, numbering = self.tools
        here, there = self.shop.place, self.shop.warehouse()
        milk = self.tracked()
        for source, target in ((here, there), (there, here)):
            lines = tuple(stock.TransferPart(product_id=one, quantity=ONE) for one in (*products[::-1], milk))
            draft = stock.TransferDraft(from_warehouse_id=source, to_warehouse_id=target, lines=lines)
            self.do(stock.TransferStock(clock, numbering), draft)
        location = self.do(stock.CreateLocation(), Location(warehouse_id=there, code="A"))
        self.do(stock.ChangeLocation(), Change(id=location.id, version=location.version, changes={"name": "B"}))
        self.do(stock.PlaceProducts(), stock.Placement(location_id=location.id, product_ids=products))
        wanted = stock.RuleDraft(warehouse_id=there, product_id=products[0], minimum=ONE, desired=TWO)
        rule = self.do(stock.CreateStockRule(), wanted)
        rule = self.do(stock.ChangeStockRule(), Change(id=rule.id, version=rule.version, changes={"minimum": TWO}))
        self.do(stock.DeleteStockRule(), Versioned(id=rule.id, version=rule.version))
        self.do(stock.CancelInventory(), self.do(stock.CreateInventory(clock), stock.InventoryDraft()).id)
        inventory = self.do(stock.CreateInventory(clock), stock.InventoryDraft()).id
        self.do(stock.OpenInventory(numbering), inventory)
        counts = [stock.CountPart(product_id=one, quantity=TWO) for one in products[::-1]]
        counts.append(stock.CountPart(product_id=milk, lot="C", quantity=TWO))
        self.do(stock.CountInventory(clock), stock.CountRequest(inventory_id=inventory, lines=tuple(counts)))
        self.do(stock.PostInventory(clock), inventory)

    def tracked(self) -> ProductId:
        """Enter a product that is tracked from its second version on, and two of it."""
        clock, _ = self.tools
        product: ProductId = self.shop.goods()
        self.do(catalogue.ChangeProduct(clock), Change(id=product, version=1, changes={"tracking": Tracking.LOT}))
        lot = self.do(stock.CreateLot(), Lot(product_id=product, code="A"))
        self.do(stock.ChangeLot(), Change(id=lot.id, version=lot.version, changes={"made_on": date(2026, 1, 1)}))
        parts = tuple(LotPart(code=code, quantity=ONE) for code in ("A", "B"))
        move = stock.StockMove(kind=MovementKind.RECEIVE, product_id=product, quantity=TWO, lots=parts)
        self.do(stock.MoveStock(clock), move)
        return product

    def new_proposal(self, *lines: sales.ProposalLineDraft, validated: bool = True) -> Proposal:
        """Enter a proposal, and make the offer."""
        clock, numbering = self.tools
        draft = sales.ProposalDraft(party_id=self.shop.customer, lines=lines)
        proposal: Proposal = self.do(sales.CreateProposal(clock), draft)
        if validated:
            proposal = self.do(sales.ValidateProposal(numbering, clock), proposal.id)
        return proposal

    def proposals(self, product: ProductId) -> None:
        """Offer, revise, copy, sign, order and invoice; refuse, reopen, withdraw; let one lapse."""
        clock, numbering = self.tools
        goods = sales.ProposalLineDraft(product_id=product, quantity=ONE)
        option = replace(goods, optional=True)
        draft = self.new_proposal(goods, validated=False)
        draft = self.do(sales.ChangeProposal(), Change(id=draft.id, version=draft.version, changes={"note": "n"}))
        self.do(sales.DeleteProposal(), Versioned(id=draft.id, version=draft.version))
        offer = self.new_proposal(goods, option)
        self.do(sales.RefuseProposal(), sales.Refusal(proposal_id=offer.id, reason="r"))
        self.do(sales.ReopenProposal(clock), sales.Reopening(proposal_id=offer.id))
        later = self.do(sales.ReviseProposal(clock), offer.id)
        self.do(sales.ValidateProposal(numbering, clock), later.id)
        self.do(sales.SignProposal(clock), sales.Signature(proposal_id=later.id, options=(2,)))
        order = self.do(sales.OrderProposal(clock), sales.ProposalOrderDraft(proposal_id=later.id))
        self.do(sales.DeleteOrder(), Versioned(id=order.id, version=order.version))
        invoice = self.do(billing.InvoiceProposal(clock), billing.ProposalInvoiceDraft(proposal_id=later.id))
        self.do(billing.DeleteInvoice(), Versioned(id=invoice.id, version=invoice.version))
        self.do(sales.BillProposal(), later.id)
        copy = self.do(sales.CopyProposal(clock), sales.Copying(proposal_id=later.id, fresh_prices=True))
        self.do(sales.ValidateProposal(numbering, clock), copy.id)
        self.do(sales.CancelProposal(), copy.id)
        lapsing = [self.new_proposal(goods) for _ in range(3)]
        tomorrow = lapsing[0].valid_until + timedelta(days=1)
        assert self.do(sales.ExpireProposals(), tomorrow) == len(lapsing)
        other_day = FakeClock(datetime.combine(tomorrow, time(12), UTC))
        self.do(sales.ExpireProposal(other_day), self.new_proposal(goods).id)

    def new_order(self, *lines: LineDraft) -> Order:
        """Enter an order."""
        clock, _ = self.tools
        order: Order = self.do(
            sales.CreateOrder(clock), sales.OrderDraft(party_id=self.shop.customer, lines=tuple(lines))
        )
        return order

    def order_to_cash(self, one: ProductId, other: ProductId) -> Order:
        """Order, ship in two parts, invoice and collect."""
        clock, numbering = self.tools
        order = self.new_order(line(other, TWO), line(one, TWO), line(one))
        changed = Change(
            id=order.id, version=order.version, changes={"lines": (line(other, TWO), line(one), line(one))}
        )
        self.do(sales.ChangeOrder(clock), changed)
        self.do(sales.ValidateOrder(numbering), order.id)
        wrong = self.do(shipping.CreateShipment(clock), shipping.ShipmentDraft(order_id=order.id))
        self.do(shipping.DeleteShipment(), Versioned(id=wrong.id, version=wrong.version))
        parts = (LineQuantity(position=3, quantity=ONE), LineQuantity(position=1, quantity=ONE))
        for lines in (parts, None):
            draft = shipping.ShipmentDraft(order_id=order.id, lines=lines)
            shipment = self.do(shipping.CreateShipment(clock), draft)
            self.do(shipping.ValidateShipment(clock, numbering), shipment.id)
            self.do(shipping.CloseShipment(clock), shipment.id)
        invoice = self.do(billing.InvoiceOrder(clock), billing.OrderInvoiceDraft(order_id=order.id))
        self.do(billing.ValidateInvoice(numbering), invoice.id)
        self.do(
            billing.PayInvoice(clock, numbering),
            billing.PaymentDraft(parts=(billing.Part(invoice_id=invoice.id),)),
        )
        return order

    def sent_back(self, *products: ProductId) -> None:
        """Ship from two warehouses by parcels; call it off; ship again; take it back, and once more of no shipment."""
        clock, numbering = self.tools
        carrier = self.do(shipping.CreateCarrier(), Carrier(name="Rapid"))
        self.do(shipping.ChangeCarrier(), Change(id=carrier.id, version=1, changes={"name": "Slow"}))
        far = self.shop.warehouse()
        for product in products[::-1]:
            self.shop.move(MovementKind.RECEIVE, product, "9", far)
            self.shop.move(MovementKind.RECEIVE, product, "9")
        order = self.new_order(*(line(product, TWO) for product in products[::-1]))
        self.do(sales.ValidateOrder(numbering), order.id)
        lines = tuple(
            shipping.Part(position=position, quantity=ONE, warehouse_id=place)
            for place in (far, self.shop.place)
            for position in (2, 1)
        )
        self.do(shipping.CancelShipment(clock), self.packed(order, lines, carrier.id))
        again = self.packed(order, lines, carrier.id)
        sent = shipping.ShipmentReturnDraft(shipment_id=again, reason="x")
        wrong = self.do(shipping.ReturnShipment(clock), sent)
        self.do(shipping.DeleteReturn(), Versioned(id=wrong.id, version=wrong.version))
        free = shipping.ReturnDraft(
            party_id=self.shop.customer,
            reason="x",
            lines=tuple(shipping.ReturnPart(product_id=product, quantity=ONE) for product in products[::-1]),
        )
        for made in (self.do(shipping.ReturnShipment(clock), sent), self.do(shipping.CreateReturn(clock), free)):
            self.do(shipping.ValidateReturn(clock, numbering), made.id)
            if made.shipment_id:
                self.credited(order, made.id)
            end = shipping.CancelReturn(clock) if made.shipment_id else shipping.CloseReturn()
            self.do(end, made.id)

    def credited(self, order: Order, back: ReturnId) -> None:
        """Invoice an order, credit what came back of it, and think better of it."""
        source = self.issued(self.do(billing.InvoiceOrder(self.tools[0]), billing.OrderInvoiceDraft(order_id=order.id)))
        asked = billing.CreditNoteDraft(invoice_id=source.id, return_id=back)
        note: Invoice = self.do(billing.CreditInvoice(self.tools[0]), asked)
        self.do(billing.DeleteInvoice(), Versioned(id=note.id, version=note.version))

    def packed(self, order: Order, lines: tuple[shipping.Part, ...], carrier: CarrierId) -> ShipmentId:
        """Ship an order in a parcel."""
        clock, numbering = self.tools
        draft = self.do(shipping.CreateShipment(clock), shipping.ShipmentDraft(order_id=order.id))
        changes = {"lines": lines, "parcels": (Parcel(position=0),), "carrier_id": carrier}
        self.do(shipping.ChangeShipment(), Change(id=draft.id, version=draft.version, changes=changes))
        made: ShipmentId = self.do(shipping.ValidateShipment(clock, numbering), draft.id).id
        return made

    def other_ends(self, order: Order) -> None:
        """Close, cancel and delete orders."""
        _, numbering = self.tools
        assert self.shop.order(order.id).state.value == "delivered"
        work = self.new_order(line())
        self.do(sales.ValidateOrder(numbering), work.id)
        self.do(sales.CloseOrder(), work.id)
        self.do(sales.BillOrder(), work.id)
        self.do(sales.UnbillOrder(), work.id)
        self.amending()
        self.do(sales.CancelOrder(), self.new_order(line()).id)
        draft = self.new_order(line())
        self.do(sales.DeleteOrder(), Versioned(id=draft.id, version=draft.version))

    def amending(self) -> None:
        """Wait for stock in two warehouses, be served, shipped from the wrong one, amended, closed and reopened."""
        clock, numbering = self.tools
        one, other = self.shop.goods(), self.shop.goods()
        far = self.shop.warehouse()
        split = (line(other, TWO), replace(line(one, TWO), warehouse_id=far), line(one, TWO), line())
        orders = [self.new_order(*lines) for lines in (split, split[::-1], split)]
        for order in orders:
            self.do(sales.ValidateOrder(numbering), order.id)
        for product in (one, other):
            for place in (far, self.shop.place):
                self.shop.move(MovementKind.RECEIVE, product, "4", place)
                self.shop.move(MovementKind.RECEIVE, product, "5", place)
        draft = shipping.ShipmentDraft(order_id=orders[0].id, warehouse_id=far)
        parts = (LineQuantity(position=3, quantity=ONE), LineQuantity(position=1, quantity=ONE))
        shipment = self.do(shipping.CreateShipment(clock), replace(draft, lines=parts))
        self.do(shipping.ValidateShipment(clock, numbering), shipment.id)
        self.do(sales.CloseOrderShort(), sales.ShortClosing(order_id=orders[0].id, reason="gone"))
        self.do(sales.ReopenOrder(self.tools[0]), orders[0].id)
        self.do(sales.RedraftOrder(), orders[1].id)
        version = self.shop.order(orders[2].id).version
        keep = sales.LineChange(position=2, changes={"quantity": ONE, "warehouse_id": self.shop.place})
        new = sales.LineChange(position=None, changes={"product_id": other, "quantity": TWO, "warehouse_id": far})
        changes = {"lines": (new, keep)}
        self.do(sales.AmendOrder(clock), sales.Amendment(id=orders[2].id, version=version, changes=changes))

    def billing(self) -> None:
        """Invoice without an order; pay several at once; give one up."""
        clock, numbering = self.tools
        draft = self.shop.invoice(self.shop.draft())
        changes = {"note": "changed", "lines": (line(), line())}
        invoice: Invoice = self.do(billing.ChangeInvoice(), Change(id=draft.id, version=draft.version, changes=changes))
        self.do(billing.DeleteInvoice(), Versioned(id=invoice.id, version=invoice.version))
        one, other, given_up = (self.shop.due("100") for _ in range(3))
        parts = (
            billing.Part(invoice_id=other),
            billing.Part(invoice_id=one, amount=amount(Decimal(40))),
        )
        self.do(billing.CreatePayment(clock, numbering), billing.PaymentDraft(parts=parts))
        self.do(billing.AbandonInvoice(), billing.Abandonment(invoice_id=given_up, reason=AbandonReason.BAD_CUSTOMER))

    def kinds(self) -> None:
        """Take back, replace, deduct, charge for being late; close and reopen."""
        clock, numbering = self.tools
        order = self.new_order(line(wanted=TWO))
        self.do(sales.ValidateOrder(numbering), order.id)
        asked = billing.DepositDraft(order_id=order.id, percent=rate(Decimal(50)))
        deposit = self.issued(self.do(billing.ChargeDeposit(clock), asked))
        part = billing.Part(invoice_id=deposit.id)
        self.do(billing.PayInvoice(clock, numbering), billing.PaymentDraft(parts=(part,)))
        final = self.do(billing.InvoiceOrder(clock), billing.OrderInvoiceDraft(order_id=order.id))
        self.do(billing.DeductDeposit(), billing.Deduction(invoice_id=final.id, deposit_id=deposit.id))
        final = self.issued(final)
        replacement = self.issued(self.do(billing.ReplaceInvoice(clock), billing.CopyDraft(invoice_id=final.id)))
        back = billing.CreditNoteDraft(invoice_id=replacement.id, reopen_order=True)
        self.issued(self.do(billing.CreditInvoice(clock), back))
        draft = billing.InvoiceDraft(kind=InvoiceKind.PRO_FORMA, party_id=self.shop.customer, lines=(line(),))
        offer = self.issued(self.do(billing.CreateInvoice(clock), draft))
        one = self.issued(self.do(billing.InvoiceProForma(clock), billing.CopyDraft(invoice_id=offer.id)))
        self.do(billing.CloseInvoice(), billing.Closing(invoice_id=one.id, reason=CloseReason.BANK_CHARGE))
        self.do(billing.ReopenInvoice(), one.id)
        company = self.do(identity.ReadCompany(), None)
        fees = {"late_fee_fixed": amount(Decimal(40))}
        change = Change(id=company.id, version=company.settings.version, changes=fees)
        self.do(identity.ChangeSettings(clock), change)
        late = billing.LateFeeRequest(invoice_id=one.id, on=one.due_date + timedelta(days=9))
        self.do(billing.ChargeLateFee(clock), late)

    def issued(self, draft: Invoice) -> Invoice:
        """Validate an invoice."""
        made: Invoice = self.do(billing.ValidateInvoice(self.tools[1]), draft.id)
        return made

    def templates(self) -> None:
        """Enter, change, pause and run a template that validates by itself, and delete another."""
        clock, numbering = self.tools
        asked = line()
        told = TemplateLine(**{name: getattr(asked, name) for name in TemplateLine.__dataclass_fields__})
        days = Recurrence(every=Every.DAY, step=1, first=clock.today(UTC), count=1)
        new = InvoiceTemplate(label="T", party_id=self.shop.customer, recurrence=days, lines=(told,))
        made = self.do(billing.CreateInvoiceTemplate(), new)
        changes = {"auto_validate": True, "lines": (told, told)}
        self.do(billing.ChangeInvoiceTemplate(), Change(id=made.id, version=made.version, changes=changes))
        self.do(billing.PauseInvoiceTemplate(), billing.Pause(template_id=made.id))
        self.do(billing.ResumeInvoiceTemplate(), made.id)
        self.do(billing.RunInvoiceTemplate(clock, numbering), made.id)
        other = self.do(billing.CreateInvoiceTemplate(), new)
        self.do(billing.DeleteInvoiceTemplate(), Versioned(id=other.id, version=other.version))

    def money(self) -> None:
        """Keep a rest as credit, use it, reverse both; bank a cheque, debit accounts, lose a debt."""
        clock, numbering = self.tools
        pay, reverse = billing.CreatePayment(clock, numbering), billing.ReversePayment(clock, numbering)
        one, other, lost = (self.shop.due("100") for _ in range(3))
        parts = (billing.Part(invoice_id=one),)
        kept = self.do(pay, billing.PaymentDraft(parts=parts, amount=amount(Decimal(130)), method=PaymentMethod.CHEQUE))
        uses = (billing.Part(credit_of=kept.id), billing.Part(invoice_id=other, amount=amount(Decimal(30))))
        used = self.do(pay, billing.PaymentDraft(parts=uses, method=PaymentMethod.OFFSET))
        dollars = self.do(banking.CreateBankAccount(), bank_account("USD", "FR7630006000011234567890189"))
        change = Change(id=dollars.id, version=dollars.version, changes={"label": "Dollars"})
        self.do(banking.ChangeBankAccount(), change)
        slip = banking.DepositDraft(account_id=dollars.id, payments=(kept.id,))
        self.do(banking.CreateChequeDeposit(clock, numbering), slip)
        self.do(reverse, billing.Reversal(payment_id=used.id, reason="Wrong"))
        self.do(reverse, billing.Reversal(payment_id=kept.id, reason="Bounced"))
        self.do(billing.WriteOffInvoice(clock), billing.WriteOff(invoice_id=lost))
        euros = self.do(banking.CreateBankAccount(), bank_account("EUR", "DE89370400440532013000"))
        first, second = self.in_euros(), self.in_euros()
        canceled = self.do(banking.CreateSepaOrder(), debit(euros.id, first))
        self.do(banking.CancelSepaOrder(), canceled.id)
        order = self.do(banking.CreateSepaOrder(), debit(euros.id, second, first))
        self.do(banking.GenerateSepaOrder(clock), order.id)
        self.do(banking.SettleSepaOrder(clock, numbering), banking.SepaSettlement(order_id=order.id))
        asked = mail.SendRequest(kind=ObjectKind.INVOICES, id=one, to=("ana@client.example",))
        sent = self.do(mail.SendDocument(clock), asked)
        self.do(mail.CancelMail(), sent.id)
        self.do(mail.ResendMail(), sent.id)
        self.do(mail.RecordTaken(clock), mail.Taken(mail=sent.id, round=2, message_id="<1@acme.example>"))
        self.do(mail.ResendMail(), sent.id)
        missed = mail.NotTaken(mail=sent.id, round=3, reason=MailReason.TIMEOUT, attempts=3)
        self.do(mail.RecordNotTaken(clock), missed)

    def in_euros(self) -> InvoiceId:
        """Enter and validate an invoice in euros."""
        clock, numbering = self.tools
        draft = billing.InvoiceDraft(
            party_id=self.shop.customer, currency="EUR", rate=rate(Decimal("1.1")), lines=(line(),)
        )
        made: Invoice = self.do(billing.CreateInvoice(clock), draft)
        self.do(billing.ValidateInvoice(numbering), made.id)
        return made.id

    def importing(self) -> None:
        """Import one of each kind, the order twice, and once only for show."""
        clock, numbering = self.tools
        record = importing.PartyRecord(
            customer_code="C1", values={"name": "I", "customer": True, "customer_code": "C1"}
        )
        self.do(importing.SaveParty(clock, numbering), record)
        values = {"name": "I", "unit_price": price(Decimal(1)), "vat_rate": rate(Decimal(0))}
        self.do(importing.SaveProduct(), importing.ProductRecord(ref="I1", values=values))
        self.do(importing.CountStock(clock), importing.CountRecord(product_ref="I1", quantity=TWO))
        lines = (importing.LineRecord(product_ref="I1", quantity=ONE),)
        order = importing.OrderRecord(external_ref="O1", customer_code="C1", date=date(2026, 11, 2), lines=lines)
        self.do(importing.SaveOrder(clock), order)
        self.do(importing.SaveOrder(clock), replace(order, note="other"))
        with pytest.raises(importing.Rehearsed):
            self.do(importing.Rehearse(importing.SaveOrder(clock)), replace(order, external_ref="O2"))

    def upkeep(self) -> None:
        """Erase somebody, and remove what is past its time."""
        clock, numbering = self.tools
        party = self.do(parties.CreateParty(clock, numbering), Party(name="P", customer=True))
        self.do(privacy.AnonymiseParty(clock), party.id)
        long_ago = datetime(2000, 1, 1, tzinfo=UTC)
        self.do(retention.PurgeBatch(), retention.Due(name="answers", by=long_ago, batch=1))
        numbered = self.do(journal.NumberEvents(self.shop.books.desk.seal), 100)
        assert numbered
        self.do(journal.DropEntries(), long_ago)

    def printing(self, order: Order) -> None:
        """Set a logo, print a draft twice and keep both papers, take the logo off."""
        clock, _ = self.tools
        staged = MemoryFiles().stage(self.shop.company)
        digest, _ = staged.seal()
        company = self.do(identity.ReadCompany(), None)
        seen = {"id": company.id, "version": company.settings.version}
        self.do(papers.SetLogo(clock), papers.NewLogo(**seen, digest=digest, size=1, staged=staged))
        for locale in ("en", "fr"):
            request = papers.PaperRequest(id=order.id, locale=locale)
            wanted = self.do(papers.PrintOrder(RecordingPrinter()), request)
            printed = papers.Printed(wanted=wanted, digest=digest, size=1, staged=staged)
            self.do(papers.KeepPaper(clock), printed)
        self.do(papers.DropLogo(), Versioned(id=company.id, version=company.settings.version + 1))

    def jobs(self) -> None:
        """Ask for jobs, do them, let them fail, and see to them."""
        clock = self.shop.books.desk.clock
        worker, other = self.do(jobs.EnterWorker(clock), "one"), self.do(jobs.EnterWorker(clock), "other")
        self.do(jobs.SeeWorker(clock), worker)
        ended, failed, freed, given_back, later = self._begun(5, worker)
        self.do(jobs.EndAttempt(clock, ended, Ask()), fresh("asked for by a job"))
        self.do(jobs.FailJob(clock), jobs.Failure(job=failed, error="x", most=1))
        self.mail_jobs(worker)
        self.do(jobs.HandBackJobs(), [later, given_back])
        self.do(jobs.RetryJob(clock), failed.id)
        self.do(jobs.CancelJob(clock), failed.id)
        assert self.do(jobs.FreeJobs(), worker) == 1
        assert self.do(jobs.RetryJob(clock), failed.id).id != freed.id
        self.do(jobs.LeaveWorker(), other)
        planned = jobs.Planned(name=fresh("nightly"), cron="0 3 * * *", kind=fresh("nightly"))
        self.do(jobs.PlanJobs(clock, CronCalendar()), [planned])
        due = Schedule(**asdict(planned), next_at=clock.now())
        self.do(jobs.AskForScheduled(clock, CronCalendar()), due)

    def mail_jobs(self, worker: WorkerId) -> None:
        """Let the job of a mail be called off, retried and worn out."""
        clock = self.shop.books.desk.clock
        on_dead = mail.GiveUpMail(clock)
        asked = mail.SendRequest(kind=ObjectKind.INVOICES, id=self.shop.due("10"), to=("ana@client.example",))
        self.do(mail.SendDocument(clock), asked)
        due = self.do(jobs.LookForJobs(clock), jobs.Wanted(kinds=[mail.SEND_MAIL], most=100))
        last, _ = due[-1]
        self.do(jobs.CancelJob(clock, {mail.SEND_MAIL: on_dead}), last)
        self.do(jobs.RetryJob(clock), last)
        (claimed,) = self.do(jobs.ClaimJobs(clock), jobs.Claim(jobs=[last], worker=worker))
        assert self.do(jobs.StartJob(clock, 0, on_dead), claimed).error == "worn_out"

    def _begun(self, count: int, worker: WorkerId) -> list[Job]:
        """Ask for so many jobs, claim them, and begin an attempt at each."""
        clock, kind = self.shop.books.desk.clock, fresh("begun")
        for _ in range(count):
            self.do(Ask(), kind)
        due = self.do(jobs.LookForJobs(clock), jobs.Wanted(kinds=[kind], most=count))
        claimed = self.do(jobs.ClaimJobs(clock), jobs.Claim(jobs=[job for job, _ in due], worker=worker))
        return [self.do(jobs.StartJob(clock, 5), job) for job in claimed]

    def adding_to_objects(self) -> None:
        """Define fields that every order and payment must fill; attach files; delete a draft that has both."""
        clock, numbering = self.tools
        self.custom_fields()
        told = {"size": 3}
        draft = sales.OrderDraft(party_id=self.shop.customer, lines=(line(),), custom=told)
        order: Order = self.do(sales.CreateOrder(clock), draft)
        change = Change(id=order.id, version=order.version, changes={"custom": {"size": 4}})
        order = self.do(sales.ChangeOrder(clock), change)
        staged = MemoryFiles().stage(self.shop.company)
        digest, _ = staged.seal()
        upload = attachments.Upload(
            owner=order.id, name="a", declared="", head=b"", digest=digest, size=1, staged=staged
        )
        kind = ObjectKind.ORDERS
        added = [self.do(attachments.case_of(attachments.AddAttachment, kind)(clock), upload) for _ in range(2)]
        taken = attachments.Attached(owner=order.id, id=added[0].id)
        self.do(attachments.case_of(attachments.DeleteAttachment, kind)(), taken)
        self.printing(order)
        self.do(sales.DeleteOrder(), Versioned(id=order.id, version=order.version))
        due = billing.Part(invoice_id=self.shop.due("5"))
        self.do(billing.PayInvoice(clock, numbering), billing.PaymentDraft(parts=(due,), custom=told))

    def custom_fields(self) -> None:
        """Define, change and delete custom fields."""
        for kind in (ObjectKind.ORDERS, ObjectKind.PAYMENTS, ObjectKind.PRODUCTS):
            new = CustomField(kind=kind, name="size", label="Size", type=FieldType.INTEGER)
            made = self.do(fields.DefineField(), new)
            change = Change(id=made.id, version=made.version, changes={"required": True})
            changed = self.do(fields.ChangeField(), change)
            if kind is ObjectKind.PRODUCTS:
                self.do(fields.DeleteField(), Versioned(id=changed.id, version=changed.version))

    def batches(self, *products: ProductId) -> None:
        """Move and pay many at once, the last first."""
        clock, numbering = self.tools
        self.do(batch.Begin(), None)
        places = (self.shop.warehouse(), self.shop.place)
        moves = [
            stock.StockMove(kind=MovementKind.RECEIVE, product_id=product, warehouse_id=place, quantity=ONE)
            for place in places
            for product in products[::-1]
        ]
        self.do(batch.Together(stock.MoveStock(clock)), moves)
        pays = [
            billing.PaymentDraft(date=day, parts=(billing.Part(invoice_id=self.shop.due("9")),))
            for day in (date(2026, 12, 31), date(2027, 1, 1))
        ]
        self.do(batch.Together(billing.CreatePayment(clock, numbering)), pays[:1] + pays[1:])


def test_every_writing_use_case_locks_in_the_written_order(books: Books, database: Database) -> None:
    """ERP-07: a use case that is not in the story fails this test."""
    noted, ran = noting(books)
    with tracing(database) as traces:
        Story(Shop.of(noted)).all()
    assert {case.__name__ for case in writing_cases() - ran} == set()
    assert breaches(traces) == []
    assert len(writing_cases()) >= 36


def test_a_lock_out_of_order_is_seen(books: Books, database: Database) -> None:
    """The test of the test: levels locked before costs, and a row changed that nobody locked."""
    with tracing(database) as traces:
        shop = Shop.of(books)
        shop.move(MovementKind.RECEIVE, shop.goods("1"), "1")
    at = {
        trace.name.partition("[")[0]: index for index, trace in enumerate(traces) if trace.kind is TraceKind.STATEMENT
    }
    cost, level = at["lock stock_costs"], at["lock stock_levels"]
    traces[cost], traces[level] = traces[level], traces[cost]
    assert [breach for breach in breaches(traces) if "after" in breach] != []
    del traces[cost]
    assert any(breach.startswith("update stock_levels changes what") for breach in breaches(traces))


STEPS: Final = ("debit", "receive", "ship", "validate", "pay", "pay two", "invoice order", "abandon")


@dataclass
class Mix:
    """A shop where anything may come next."""

    shop: Shop
    goods: list[ProductId]
    invoices: list[Any]
    refused: set[str] = field(default_factory=set)

    def step(self, what: str, which: int) -> None:
        """Do one thing with the ``which``-th object there is; refusals are fine."""
        clock, numbering = self.shop.books.desk.clock, self.shop.books.desk.numbering
        product, again = self.goods[which % 3], self.goods[(which + 1) % 3]
        invoice, next_one = self.invoices[-1 - which % 2], self.invoices[-2 + which % 2]
        do = self.shop.books.do
        pay = billing.CreatePayment(clock, numbering)
        part = billing.Part(invoice_id=invoice, amount=amount(Decimal(1)))
        steps: dict[str, Callable[[], object]] = {
            "debit": lambda: self.shop.move(MovementKind.DEBIT, product, "1"),
            "receive": lambda: self.shop.move(MovementKind.RECEIVE, product, "2"),
            "ship": lambda: do(
                shipping.ValidateShipment(clock, numbering),
                self.shop.shipment([(product, 1), (again, 1), (product, 2)]),
            ),
            "validate": lambda: self.invoices.append(self.shop.due("5")),
            "pay": lambda: do(billing.PayInvoice(clock, numbering), billing.PaymentDraft(parts=(part,))),
            "pay two": lambda: do(
                pay, billing.PaymentDraft(parts=(part, billing.Part(invoice_id=next_one, amount=amount(Decimal(2)))))
            ),
            "invoice order": lambda: self._invoice_order(product, again),
            "abandon": lambda: do(
                billing.AbandonInvoice(), billing.Abandonment(invoice_id=invoice, reason=AbandonReason.ABANDON)
            ),
        }
        try:
            steps[what]()
        except Conflict as refused:
            self.refused.add(refused.code)

    def _invoice_order(self, *products: ProductId) -> None:
        clock, numbering = self.shop.books.desk.clock, self.shop.books.desk.numbering
        do = self.shop.books.do
        lines = tuple(line(product) for product in products)
        order = do(sales.CreateOrder(clock), sales.OrderDraft(party_id=self.shop.customer, lines=lines))
        do(sales.ValidateOrder(numbering), order.id)
        invoice = do(billing.InvoiceOrder(clock), billing.OrderInvoiceDraft(order_id=order.id))
        self.invoices.append(do(billing.ValidateInvoice(numbering), invoice.id).id)


@pytest.fixture
def mix(books: Books) -> Mix:
    shop = Shop.of(books)
    return Mix(shop, [shop.goods("9") for _ in range(3)], [shop.due("5") for _ in range(2)])


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 5)), min_size=3, max_size=12))
def test_whatever_comes_next_locks_in_the_written_order(
    mix: Mix, database: Database, steps: list[tuple[str, int]]
) -> None:
    """ERP-07: the shop goes on from example to example, so that its documents are in every state."""
    with tracing(database) as traces:
        mix.step("receive", 0)
        for what, which in steps:
            mix.step(what, which)
    assert breaches(traces) == []
