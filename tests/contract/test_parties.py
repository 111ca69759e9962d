"""Third parties and what belongs to them are kept the same on every database, and nothing is left behind by a merge."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from sqlalchemy import Connection, Table, func, select

from app.domain.billing import InvoiceKind, InvoiceState
from app.domain.parties import (
    MOST,
    Address,
    AddressKind,
    Contact,
    ContactRole,
    Instalment,
    MergedWithItself,
    Party,
    PartyAccount,
    PartyAddress,
    PartyGone,
    PaymentTerms,
    TooManyBelongings,
)
from app.domain.shared.errors import DomainError, NotFound, Stale, Taken, UnknownReference
from app.domain.shared.ids import PartyId, PaymentTermsId, UserId
from app.domain.shared.money import amount, rate
from app.infrastructure.clock import pause
from app.infrastructure.database.engine import Database
from app.infrastructure.database.migrate import plain_engine
from app.infrastructure.database.repositories.parties.merging import DOCUMENTS
from app.infrastructure.database.tables.billing import invoices
from app.infrastructure.database.tables.catalogue import party_categories, prices, product_suppliers, products
from app.infrastructure.database.tables.sales import orders
from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.work import SqlWork, SqlWorks
from app.infrastructure.seal import HmacSeal
from app.usecases.context import Context
from app.usecases.parties import AddContact, Merge, MergeParty
from app.usecases.ports.shared import RolledBack
from app.usecases.run import Runner
from app.usecases.shared import Numbering
from tests.support.clock import FakeClock
from tests.support.databases import KEY, company_context
from tests.support.samples import naming, put_row

pytestmark = pytest.mark.fast

GERMAN: Final = "DE89370400440532013000"
BRITISH: Final = "GB82WEST12345698765432"
PLACE: Final = Address(street="1 rue A\nB", postal_code="69003", city="Lyon", region="Rhône", country="FR")
TODAY: Final = date(2026, 11, 21)


@contextmanager
def writing(works: SqlWorks, context: Context) -> Iterator[SqlWork]:
    with works.writing(context) as work:
        yield work
        work.commit()


def entered(works: SqlWorks, context: Context, **fields: Any) -> Party:
    party = Party(**{"name": "Client", "customer": True, **fields})
    with writing(works, context) as work:
        work.parties.add(party)
    return party


@contextmanager
def rows_of(database: Database) -> Iterator[Connection]:
    engine = plain_engine(database.url.render_as_string(hide_password=False))
    with engine.begin() as connection:
        yield connection
    engine.dispose()


# --- third parties --------------------------------------------------------------------------------------------------


def test_a_third_party_comes_back_as_it_was_stored(works: SqlWorks, context: Context) -> None:
    made = entered(
        works,
        context,
        supplier=True,
        customer_code="C é",
        supplier_code="S",
        email="a@example.com",
        phone="1",
        tax_id="FR40303265045",
        address=PLACE,
        payment_days=0,
        credit_limit=amount(Decimal("0.0001")),
        representatives=(UserId(3), UserId(1)),
        archived=True,
        custom={"size": 3},
    )
    with works.reading(context) as work:
        assert work.parties.get(made.id) == made
        assert work.parties.find(customer_code="C é") == work.parties.find(supplier_code="S") == made
        assert work.parties.find(customer_code="c é") is None


def test_codes_are_taken_once_in_a_company_and_free_in_the_next(works: SqlWorks, context: Context) -> None:
    entered(works, context, supplier=True, customer_code="C", supplier_code="S")
    entered(works, company_context(works), supplier=True, customer_code="C", supplier_code="S")
    other = entered(works, context, supplier=True)
    for field, code in (("customer_code", "C"), ("supplier_code", "S")):
        with pytest.raises(Taken) as new, writing(works, context) as work:
            work.parties.add(Party(name="x", customer=True, supplier=True, **{field: code}))  # type: ignore[arg-type]
        with pytest.raises(Taken) as changed, writing(works, context) as work:
            work.parties.save(replace(other, **{field: code}))  # type: ignore[arg-type]
        assert new.value.at == changed.value.at == (field,)


def test_another_company_finds_nothing_and_changes_nothing(works: SqlWorks, context: Context) -> None:
    """CT-01."""
    made, stranger = entered(works, context, customer_code="C"), company_context(works)
    for asked in ({}, {"hold": True}, {"lock": True}):
        with pytest.raises(NotFound), writing(works, stranger) as work:
            work.parties.get(made.id, **asked)
    with writing(works, stranger) as work:
        assert work.parties.find(customer_code="C") is None
        assert not work.parties.merged(made.id)
    with pytest.raises(Stale), writing(works, stranger) as work:
        work.parties.save(replace(made, name="Theirs"))
    with works.reading(context) as work:
        assert work.parties.get(made.id).name == "Client"


# --- what belongs to them -------------------------------------------------------------------------------------------


def belongings(party: PartyId) -> dict[str, Any]:
    """Give one of each kind, by where it is kept, with a value in every field."""
    roles = (ContactRole.SALES, ContactRole.BILLING)
    return {
        "contacts": Contact(party_id=party, name="Ana", job="J", email="e", phone="1", active=False, roles=roles),
        "party_addresses": PartyAddress(
            party_id=party, label="Depot", kind=AddressKind.SHIPPING, preferred=True, address=PLACE
        ),
        "party_accounts": PartyAccount(
            party_id=party, holder="H", iban=GERMAN, bic="COBADEFFXXX", mandate_ref="M", mandate_date=TODAY
        ),
    }


KEPT: Final = pytest.mark.parametrize("kept", list(belongings(PartyId(0))))


def put(works: SqlWorks, context: Context, kept: str, *many: Any) -> None:
    with writing(works, context) as work:
        for one in many:
            getattr(work, kept).add(one)


@KEPT
def test_a_belonging_comes_back_in_order_and_to_its_owner_alone(works: SqlWorks, context: Context, kept: str) -> None:
    party, other, stranger = entered(works, context), entered(works, context), company_context(works)
    one, two = belongings(party.id)[kept], belongings(other.id)[kept]
    put(works, context, kept, one, two)
    with works.reading(context) as work:
        books = getattr(work, kept)
        assert list(books.of(party.id)) == [one] == [books.get(party.id, one.id)] == [books.get(None, one.id)]
        with pytest.raises(NotFound):
            books.get(party.id, two.id)
    with works.reading(stranger) as work, pytest.raises(NotFound):
        getattr(work, kept).get(None, one.id)
    with works.reading(stranger) as work:
        assert not getattr(work, kept).of(party.id)


@KEPT
def test_a_stale_belonging_is_neither_saved_nor_deleted(works: SqlWorks, context: Context, kept: str) -> None:
    one = belongings(entered(works, context).id)[kept]
    put(works, context, kept, one)
    seen = replace(one)
    with writing(works, context) as work:
        getattr(work, kept).save(one)
    for act in ("save", "delete"):
        with pytest.raises(Stale), writing(works, context) as work:
            getattr(getattr(work, kept), act)(replace(seen))
    with pytest.raises(Stale), writing(works, company_context(works)) as work:
        getattr(work, kept).delete(one)
    with works.reading(context) as work:
        assert getattr(work, kept).get(None, one.id).version == 2


@KEPT
def test_forgetting_one_party_leaves_the_next_alone(works: SqlWorks, context: Context, kept: str) -> None:
    parties = [entered(works, context).id for _ in range(2)]
    put(works, context, kept, *(belongings(one)[kept] for one in parties))
    with writing(works, context) as work:
        getattr(work, kept).forget(parties[0])
    with works.reading(context) as work:
        assert [len(getattr(work, kept).of(one)) for one in parties] == [0, 1]


def test_an_account_belongs_once_to_a_party_and_may_belong_to_another(works: SqlWorks, context: Context) -> None:
    """A couple may share an account; the refusal does not repeat the number, which would be logged."""
    party, other = entered(works, context).id, entered(works, context).id
    second = PartyAccount(party_id=party, holder="H", iban=BRITISH)
    put(works, context, "party_accounts", belongings(party)["party_accounts"], second)
    put(works, context, "party_accounts", belongings(other)["party_accounts"])
    for one, act in ((PartyAccount(party_id=party, holder="I", iban=GERMAN), "add"), (second, "save")):
        one.iban = GERMAN
        with pytest.raises(Taken) as refused, writing(works, context) as work:
            getattr(work.party_accounts, act)(one)
        assert refused.value.at == ("iban",)
        assert "3704" not in repr(refused.value)


def test_the_preferred_one_takes_the_place_of_its_like_alone(works: SqlWorks, context: Context) -> None:
    """ERP-07: of its kind and party; who loses it is another version, who never had it is not."""
    party, other = entered(works, context).id, entered(works, context).id
    shipping, billing = AddressKind.SHIPPING, AddressKind.BILLING
    given = [(party, shipping, True), (party, billing, True), (other, shipping, True), (party, shipping, False)]
    made = [PartyAddress(party_id=who, label="x", kind=kind, preferred=is_) for who, kind, is_ in given]
    chosen = PartyAddress(party_id=party, label="new", kind=shipping, preferred=True)
    put(works, context, "party_addresses", *made, chosen)
    with writing(works, context) as work:
        work.party_addresses.prefer(chosen)
    with works.reading(context) as work:
        found = [work.party_addresses.get(None, one.id) for one in (*made, chosen)]
    assert [one.preferred for one in found] == [False, True, True, False, True]
    assert [one.version for one in found] == [2, 1, 1, 1, 1]


def test_no_more_belong_to_a_party_than_may(works: SqlWorks, context: Context) -> None:
    party, other = entered(works, context).id, entered(works, context).id
    put(works, context, "contacts", *(Contact(party_id=party, name="x") for _ in range(MOST - 1)))
    runner = Runner(works, pause)
    runner.call(context, AddContact(), lambda: Contact(party_id=party, name="last"))
    with pytest.raises(TooManyBelongings) as refused:
        runner.call(context, AddContact(), lambda: Contact(party_id=party, name="one more"))
    assert refused.value.facts == {"party": party, "limit": MOST}
    runner.call(context, AddContact(), lambda: Contact(party_id=other, name="first"))


# --- payment terms --------------------------------------------------------------------------------------------------


def plan(*percents: str) -> tuple[Instalment, ...]:
    return tuple(Instalment(percent=rate(Decimal(one)), days=9 - n) for n, one in enumerate(percents))


def test_terms_come_back_in_the_order_of_their_plan(works: SqlWorks, context: Context) -> None:
    odd = Instalment(percent=rate(Decimal("0.00000001")), days=3650, end_of_month=True, day_of_month=31)
    made = PaymentTerms(name="T é", instalments=(odd, *plan("33.33333333", "66.66666666")))
    with writing(works, context) as work:
        work.terms.add(made)
    with works.reading(context) as work:
        assert work.terms.get(made.id) == made
    with works.reading(company_context(works)) as work, pytest.raises(NotFound):
        work.terms.get(made.id)


def test_terms_have_a_name_of_their_own_in_their_company(works: SqlWorks, context: Context) -> None:
    one, two = PaymentTerms(name="A", instalments=plan("100")), PaymentTerms(name="B", instalments=plan("100"))
    for owner, many in ((context, (one, two)), (company_context(works), (replace(one),))):
        with writing(works, owner) as work:
            for terms in many:
                work.terms.add(terms)
    for act, terms in (("add", replace(one, id=PaymentTermsId(0))), ("save", replace(two, name="A"))):
        with pytest.raises(Taken) as refused, writing(works, context) as work:
            getattr(work.terms, act)(terms)
        assert refused.value.at == ("name",)


def test_saved_terms_keep_their_plan_and_stale_ones_are_refused(works: SqlWorks, context: Context) -> None:
    made = PaymentTerms(name="A", instalments=plan("50", "50"))
    with writing(works, context) as work:
        work.terms.add(made)
    seen = replace(made)
    with writing(works, context) as work:
        work.terms.save(replace(made, name="B", archived=True))
    with pytest.raises(Stale), writing(works, context) as work:
        work.terms.save(seen)
    with works.reading(context) as work:
        assert work.terms.get(made.id) == replace(made, name="B", archived=True, version=2)


# --- what is owed ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "unpaid", "overdue"),
    [
        ({}, "70", "0"),
        ({"due_date": TODAY - timedelta(days=1)}, "70", "70"),
        ({"due_date": TODAY}, "70", "0"),
        ({"status": InvoiceState.DRAFT, "due_date": date(2026, 1, 1)}, "0", "0"),
        ({"status": InvoiceState.PAID, "due_date": date(2026, 1, 1)}, "0", "0"),
        ({"status": InvoiceState.ABANDONED, "due_date": date(2026, 1, 1)}, "0", "0"),
        ({"kind": InvoiceKind.PRO_FORMA, "due_date": date(2026, 1, 1)}, "0", "0"),
        ({"kind": InvoiceKind.REPLACEMENT}, "70", "0"),
        ({"kind": InvoiceKind.CREDIT_NOTE, "company_gross": Decimal(-100), "company_paid": Decimal(-40)}, "-60", "0"),
    ],
    ids=repr,
)
def test_an_invoice_counts_by_its_state_kind_and_day(
    works: SqlWorks, context: Context, database: Database, fields: dict[str, Any], unpaid: str, overdue: str
) -> None:
    """ERP-07: in the company's currency, late from the day after it was due."""
    party, other = entered(works, context).id, entered(works, context).id
    given = {"company_gross": Decimal(100), "company_paid": Decimal(30), "due_date": TODAY, **fields}
    given = {"status": InvoiceState.VALIDATED, "kind": InvoiceKind.STANDARD, **given}
    with rows_of(database) as rows:
        put_row(rows, invoices, context.company, party, **given)
    with works.reading(context) as work:
        owed = work.credits.outstanding(party, TODAY)
        assert work.credits.outstanding(other, TODAY).total == 0
    assert [owed.unpaid, owed.overdue, owed.ordered] == [Decimal(unpaid), Decimal(overdue), 0]
    with works.reading(company_context(works)) as work:
        assert work.credits.outstanding(party, TODAY).total == 0


def test_orders_and_credit_of_payments_count_beside_invoices(
    works: SqlWorks, context: Context, database: Database
) -> None:
    party = entered(works, context).id
    with rows_of(database) as rows:
        for open_ in ("10.5", "0"):
            put_row(rows, orders, context.company, party, uncharged=Decimal(open_))
        put_row(rows, metadata.tables["payments"], context.company, party, company_credit_left=Decimal("0.5"))
    with works.reading(context) as work:
        owed = work.credits.outstanding(party, TODAY)
    assert {owed.unpaid, owed.ordered, owed.total} == {Decimal("-0.5"), Decimal("10.5"), Decimal(10)}


# --- merging --------------------------------------------------------------------------------------------------------


def merged(works: SqlWorks, context: Context, party: PartyId, into: PartyId) -> Party:
    clock = FakeClock()
    case = MergeParty(clock, Numbering(clock, HmacSeal(KEY)))
    return Runner(works, pause).call(context, case, lambda: Merge(party=party, into=into))


def named(rows: Connection, table: str, column: str, party: int) -> int:
    found = metadata.tables[table]
    return rows.scalar(select(func.count()).select_from(found).where(found.c[column] == party)) or 0


def test_each_foreign_key_to_a_third_party_leads_to_the_one_that_stands(
    works: SqlWorks, context: Context, database: Database
) -> None:
    """ERP-07: found in the database itself, so that no table to come is forgotten; a lock is all that stays behind."""
    party, into = entered(works, context).id, entered(works, context).id
    with rows_of(database) as rows:
        ties = naming(rows, "third_parties")
        for table, column in ties:
            put_row(rows, metadata.tables[table], context.company, party, **{column: party})
        before = {tie: named(rows, *tie, party) for tie in ties}
    merged(works, context, party, into)
    with rows_of(database) as rows:
        assert [tie for tie in ties if named(rows, *tie, party)] == [("customer_credits", "party_id")]
        follow = [tie for tie in ties if tie[0] != "customer_credits"]
        assert {tie: named(rows, *tie, into) for tie in follow} == {tie: before[tie] for tie in follow}
    assert len(ties) >= 14


def test_no_column_names_a_third_party_that_no_foreign_key_and_no_merge_knows() -> None:
    """Columns added to tables that had rows have no foreign key: these two are known, one more must be thought of."""
    loose = {
        (table.name, column.name)
        for table in metadata.sorted_tables
        for column in table.c
        if any(word in column.name for word in ("party", "supplier_id", "customer_id", "merged_into"))
        and not column.foreign_keys
        and not column.primary_key
        and table.name != "customer_credits"
    }
    sealed = {("invoices", "sealed_party_id"), ("payments", "sealed_party_id")}
    assert loose == sealed | {("third_parties", "merged_into_id")}


@pytest.mark.parametrize(
    "table", [one for one in DOCUMENTS if one.name != "customer_credits"], ids=lambda one: one.name
)
def test_a_document_that_came_in_between_undoes_the_merge(
    works: SqlWorks, context: Context, database: Database, table: Table
) -> None:
    """CT-02: whatever its kind; the whole is then tried again."""
    party, into = entered(works, context).id, entered(works, context).id
    with rows_of(database) as rows:
        put_row(rows, table, context.company, party)
    with pytest.raises(RolledBack), writing(works, context) as work:
        work.merging.move_belongings(party, into)


@pytest.mark.parametrize("table", DOCUMENTS, ids=lambda one: one.name)
def test_a_document_that_follows_is_another_version(
    works: SqlWorks, context: Context, database: Database, table: Table
) -> None:
    """Who read it before changes it no more unseen."""
    party, into = entered(works, context).id, entered(works, context).id
    with rows_of(database) as rows:
        key = put_row(rows, table, context.company, party, version=4)["id"]
    merged(works, context, party, into)
    with rows_of(database) as rows:
        assert rows.execute(select(table.c.party_id, table.c.version).where(table.c.id == key)).one() == (into, 5)


def test_what_was_sealed_says_for_ever_whom_it_was_made_out_to(
    works: SqlWorks, context: Context, database: Database
) -> None:
    """Of a draft nothing is sealed; merged twice, it is still the first one that the link names."""
    first, second, third = (entered(works, context).id for _ in range(3))
    with rows_of(database) as rows:
        keys = [
            put_row(rows, invoices, context.company, who, link=link)["id"]
            for who, link in ((first, "a" * 64), (first, None), (second, "b" * 64))
        ]
    merged(works, context, first, second)
    merged(works, context, second, third)
    with rows_of(database) as rows:
        found = rows.execute(select(invoices.c.id, invoices.c.party_id, invoices.c.sealed_party_id)).all()
    told = {key: (party, sealed) for key, party, sealed in found if key in keys}
    assert [told[key] for key in keys] == [(third, first), (third, None), (third, second)]


@pytest.mark.parametrize(("table", "column"), [(prices, "party_id"), (product_suppliers, "supplier_id")])
def test_what_is_agreed_follows_for_products_without_an_agreement(
    works: SqlWorks, context: Context, database: Database, table: Table, column: str
) -> None:
    """Two agreements on one product are not mixed, whatever their quantities: that of the one that stands counts."""
    party, into = entered(works, context, supplier=True).id, entered(works, context, supplier=True).id
    with rows_of(database) as rows:
        both, alone, other = (put_row(rows, products, context.company, party)["id"] for _ in range(3))
        wanted = ((both, party, 1), (both, party, 9), (both, into, 1), (alone, party, 5), (other, into, 1))
        for place, (product, who, least) in enumerate(wanted):
            row = {column: who, "product_id": product, "min_quantity": Decimal(least), "position": place}
            known = {name: value for name, value in row.items() if name in table.c}
            put_row(rows, table, context.company, party, **known)
    merged(works, context, party, into)
    with rows_of(database) as rows:
        mine = select(table.c.product_id, table.c.min_quantity).where(table.c[column] == into)
        assert sorted(map(tuple, rows.execute(mine))) == [(both, 1), (alone, 5), (other, 1)]
        assert named(rows, table.name, column, party) == 0
        versions = dict(map(tuple, rows.execute(select(products.c.id, products.c.version))))
    if table is product_suppliers:  # a product is read with its suppliers, under one version
        assert [versions[one] for one in (both, alone, other)] == [2, 2, 1]


def test_categories_are_united_once_each_behind_those_that_stand(
    works: SqlWorks, context: Context, database: Database
) -> None:
    party, into = entered(works, context).id, entered(works, context).id
    with rows_of(database) as rows:
        a, b, c = (put_row(rows, metadata.tables["categories"], context.company, party)["id"] for _ in range(3))
        for who, many in ((party, (a, b)), (into, (c, b))):
            for place, category in enumerate(many, 1):
                put_row(
                    rows, party_categories, context.company, who, party_id=who, category_id=category, position=place
                )
    merged(works, context, party, into)
    with rows_of(database) as rows:
        mine = select(party_categories.c.category_id).where(party_categories.c.party_id == into)
        assert list(rows.scalars(mine.order_by(party_categories.c.position))) == [c, b, a]


def test_an_account_both_have_stays_once_with_the_mandate_of_either(works: SqlWorks, context: Context) -> None:
    party, into = entered(works, context).id, entered(works, context).id
    theirs = [
        PartyAccount(party_id=party, holder="T", iban=GERMAN, mandate_ref="M", mandate_date=TODAY),
        PartyAccount(party_id=party, holder="T", iban=BRITISH, preferred=True),
    ]
    own = PartyAccount(party_id=into, holder="O", iban=GERMAN, preferred=True)
    put(works, context, "party_accounts", *theirs, own)
    merged(works, context, party, into)
    with works.reading(context) as work:
        assert not work.party_accounts.of(party)
        found = {one.iban: one for one in work.party_accounts.of(into)}
    assert set(found) == {GERMAN, BRITISH}
    assert (found[GERMAN].holder, found[GERMAN].mandate_ref, found[GERMAN].version) == ("O", "M", 2)
    assert [found[iban].preferred for iban in (GERMAN, BRITISH)] == [True, False]


def test_a_merge_stays_within_its_company(works: SqlWorks, context: Context) -> None:
    """CT-01: somebody else's third party is as unknown as one that never was, from either side."""
    own, theirs = entered(works, context).id, entered(works, company_context(works)).id
    wrong: list[tuple[PartyId, PartyId, type[DomainError]]] = [
        (own, theirs, UnknownReference),
        (theirs, own, NotFound),
        (theirs, theirs, NotFound),
        (own, own, MergedWithItself),
    ]
    for party, into, error in wrong:
        with pytest.raises(error):
            merged(works, context, party, into)
    with works.reading(context) as work:
        assert work.parties.get(own).version == 1


def test_a_merge_moves_both_versions_and_cannot_be_repeated(works: SqlWorks, context: Context) -> None:
    first, second, third = (entered(works, context) for _ in range(3))
    merged(works, context, first.id, second.id)
    merged(works, context, second.id, third.id)
    with pytest.raises(PartyGone):
        merged(works, context, first.id, third.id)
    with works.reading(context) as work:
        assert [work.parties.get(one.id).version for one in (first, second, third)] == [3, 3, 2]
        assert [one.id for one in work.parties.merged(third.id)] == [first.id, second.id]
        assert not work.parties.merged(second.id)


@pytest.mark.parametrize("own", [(), (AddressKind.SHIPPING,), (AddressKind.SHIPPING, AddressKind.BILLING)])
def test_what_was_preferred_stays_so_where_nothing_of_its_kind_is(
    works: SqlWorks, context: Context, own: tuple[AddressKind, ...]
) -> None:
    """Debits and deliveries go on where they went, unless the one that stands has chosen itself."""
    party, into = entered(works, context).id, entered(works, context).id
    kinds = (AddressKind.SHIPPING, AddressKind.BILLING)
    theirs = [PartyAddress(party_id=party, label="T", kind=kind, preferred=True) for kind in kinds]
    spare = PartyAddress(party_id=party, label="T", kind=AddressKind.OTHER)
    chosen = [PartyAddress(party_id=into, label="O", kind=kind, preferred=True) for kind in own]
    put(works, context, "party_addresses", *theirs, spare, *chosen)
    merged(works, context, party, into)
    with works.reading(context) as work:
        preferred = [(one.label, one.kind) for one in work.party_addresses.of(into) if one.preferred]
    assert sorted(preferred) == sorted(
        [*(("O", kind) for kind in own), *(("T", kind) for kind in kinds if kind not in own)]
    )
