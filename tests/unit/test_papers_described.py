"""Documents described as papers, by pure functions: marks, numbers, whom they are for, and what each kind says."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

import pytest

from app.domain.billing import CloseReason, Invoice, InvoiceKind, InvoiceState
from app.domain.catalogue import Product
from app.domain.papers import CellKind, Mark, Paper, PaperKind
from app.domain.parties import Address, DueAmount
from app.domain.sales import OrderState, ProposalState
from app.domain.shared.ids import CarrierId, InvoiceId, LotId, OrderId, ProductId, ShipmentId, WarehouseId
from app.domain.shared.lines import LineKind
from app.domain.shared.money import Amount, Rate, price, quantity
from app.domain.shipping import Carrier, Packed, Parcel, Shipment, ShipmentLine, ShipmentState
from app.domain.stock import Inventory, InventoryState, Lot, SheetLine, Warehouse
from app.usecases.papers import (
    Frame,
    InventoryFacts,
    InvoiceFacts,
    OrderFacts,
    ProposalFacts,
    ShipmentFacts,
    StatementFacts,
    inventory_paper,
    invoice_paper,
    order_paper,
    proposal_paper,
    shipment_paper,
    statement_paper,
)
from app.usecases.papers.billing import KINDS
from app.usecases.papers.frame import priced_table, recipient
from app.usecases.ports.reports import AgingRow, EntryKind
from app.usecases.ports.stock import LotAway
from app.usecases.reports import Period
from tests.support.invoices import invoice, valued
from tests.support.printers import account, addressee, column, facts, frame, party, passages, totals
from tests.support.sales import order, order_line, priced_order, proposal, proposal_line

pytestmark = pytest.mark.fast
DAY: Final = date(2026, 11, 21)
HERE: Final = WarehouseId(1)
DRILL: Final = ProductId(3)


def product(key: int = 3, **others: Any) -> Product:
    """Give a product."""
    given: dict[str, Any] = {"ref": f"P{key}", "name": "Drill", "vat_rate": Rate(Decimal(20))}
    return Product(**{"id": ProductId(key), "unit_price": price(Decimal(10)), **given, **others})


def printed(of: Invoice, by: Frame | None = None, **others: Any) -> Paper:
    """Give the paper of an invoice."""
    given = {"party": party(), "addressee": addressee(), "products": {}, "account": account(), **others}
    return invoice_paper(by or frame(), InvoiceFacts(invoice=of, **given))


def billed(
    kind: InvoiceKind = InvoiceKind.STANDARD, state: InvoiceState = InvoiceState.VALIDATED, **others: Any
) -> Invoice:
    """Give an invoice of 100 and 20 % VAT."""
    return invoice(valued(), [("1", "100", "0", "20")], kind=kind, state=state, **others)


# --- what all have in common ------------------------------------------------------------------------------------------


def test_an_address_has_no_empty_lines_and_no_country() -> None:
    """ERP-16: as on an envelope."""
    assert recipient("Kunde", Address(street="\nQuay 1\n\n", city="Brest", country="FR")) == (
        "Kunde",
        "Quay 1",
        "Brest",
    )
    assert recipient("Kunde", Address()) == ("Kunde",)
    whole = Address(street="A", postal_code="1", city="B", region="C", country="FR")
    assert recipient("Kunde", whole) == ("Kunde", "A", "1 B", "C")


def test_the_country_is_told_of_what_goes_abroad_alone() -> None:
    """ERP-16."""
    assert printed(billed()).country == "DE"
    assert printed(billed(), addressee=addressee(address=Address(country="FR"))).country == ""
    assert printed(billed(), addressee=addressee(address=Address())).country == ""


def test_who_says_nothing_of_itself_has_a_name() -> None:
    paper = printed(billed())
    assert (paper.issuer.name, list(paper.issuer.address), list(paper.issuer.facts)) == ("Acme", [], [])


def test_columns_that_would_be_empty_are_left_out() -> None:
    """ERP-16: product numbers, units and discounts stand there where one line has them."""
    bare = priced_table([order_line(product_id=None)], {})
    assert [one.name for one in bare.columns] == ["description", "quantity", "unit_price", "vat_rate", "net"]
    line = order_line(product_id=DRILL, discount=Rate(Decimal(5)))
    full = priced_table([line, order_line(2, product_id=None)], {DRILL: product(unit="MTR")})
    assert {"ref", "unit", "discount"} <= {one.name for one in full.columns}
    assert all(len(row.cells) == len(table.columns) for table in (bare, full) for row in table.rows)


def test_a_product_that_is_gone_leaves_its_line() -> None:
    table = priced_table([order_line(product_id=DRILL)], {})
    assert table.rows[0].cells[0] == "Thing"


def test_parts_of_a_kit_are_indented_without_a_price() -> None:
    """ERP-16: what a kit costs stands on the kit's own line."""
    kit = order_line(1, kind=LineKind.SERVICE)
    part = order_line(2, cost="0", kit_position=1)
    of = priced_order(OrderState.DRAFT, kit, part)
    table = priced_table(of.lines, {})
    assert [row.depth for row in table.rows] == [0, 1]
    paper = order_paper(frame(), OrderFacts(order=of, party=party(), addressee=addressee(), products={}))
    assert column(paper, "net") == [Decimal(20), None]
    assert column(paper, "unit_price") == [Decimal(10), None]
    assert table.rows[1].carry is None


def test_a_description_of_several_lines_is_parted() -> None:
    table = priced_table([order_line(description="Oak\n\n140 cm\noiled ")], {})
    assert (table.rows[0].cells[0], table.rows[0].text) == ("Oak", "140 cm\noiled")


# --- invoices ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", InvoiceKind)
def test_each_kind_has_its_title(kind: InvoiceKind) -> None:
    """ERP-16."""
    assert printed(billed(kind)).kind is KINDS[kind]
    assert KINDS.keys() == set(InvoiceKind)


@pytest.mark.parametrize("kind", InvoiceKind)
@pytest.mark.parametrize("state", InvoiceState)
def test_marks_numbers_and_accounts_follow_the_state(kind: InvoiceKind, state: InvoiceState) -> None:
    """ERP-16: a draft has no number; only who owes something is told where to pay."""
    paper = printed(billed(kind, state))
    marks = {InvoiceState.DRAFT: Mark.DRAFT, InvoiceState.ABANDONED: Mark.ABANDONED}
    assert paper.mark is marks.get(state)
    assert paper.ref == ("" if state is InvoiceState.DRAFT else "FA1")
    asks = kind not in {InvoiceKind.CREDIT_NOTE, InvoiceKind.PRO_FORMA} and state is InvoiceState.VALIDATED
    assert (paper.account is not None) == asks


def test_a_rest_that_was_given_up_is_told_and_not_asked_for() -> None:
    """ERP-16."""
    of = billed(state=InvoiceState.PAID)
    of.paid, of.close_reason = Amount(Decimal(110)), CloseReason.DISCOUNT_VAT
    sums = totals(printed(of))
    assert [sums["paid"], sums["given_up"]] == [110, 10]
    assert "due" not in sums


def test_no_vat_has_its_reason_where_the_rate_is_zero() -> None:
    """ERP-16: EN 16931, BT-120."""
    of = invoice(valued(), [("1", "100", "0", "20"), ("1", "50", "0", "0")])
    paper = printed(of, frame(no_vat_reason="Art. 293 B"))
    assert {str(one.rate): one.reason for one in paper.vat} == {"0": "Art. 293 B", "20": ""}


def test_a_late_fee_is_mentioned_where_there_is_one() -> None:
    """ERP-16: by those who ask for money."""
    fee = (Rate(Decimal(8)), Amount(Decimal(40)))
    assert {"late_interest", "late_sum"} <= passages(printed(billed(), late_fee=fee)).keys()
    assert not {"late_interest", "late_sum"} & passages(printed(billed())).keys()
    assert not {"late_interest", "late_sum"} & passages(printed(billed(InvoiceKind.CREDIT_NOTE), late_fee=fee)).keys()


def test_the_day_of_delivery_is_told_or_is_the_invoices() -> None:
    """ERP-16: German UStG, section 14 (4) 6."""
    known = printed(billed(), delivered=date(2026, 11, 3))
    assert facts(known)["delivery_date"] == date(2026, 11, 3)
    assert "delivered_on_date" not in passages(known)
    assert "delivered_on_date" in passages(printed(billed()))
    assert "delivered_on_date" not in passages(printed(billed(InvoiceKind.DEPOSIT)))


def test_one_day_to_pay_is_a_sentence_and_several_are_instalments() -> None:
    plan = [DueAmount(DAY, Amount(Decimal(20))), DueAmount(date(2026, 12, 21), Amount(Decimal(100)))]
    assert passages(printed(billed(), plan=plan[:1]))["payment"] == {"due_date": DAY}
    told = [one.key for one in printed(billed(), plan=plan).closing]
    assert told.count("instalment") == 2
    assert "payment" not in told


def test_a_replacement_names_what_it_replaces() -> None:
    """ERP-16."""
    old = billed(id=InvoiceId(9), ref="FA0")
    paper = printed(billed(InvoiceKind.REPLACEMENT), source=old)
    assert (facts(paper)["replaces"], passages(paper)["replaces"]["ref"]) == ("FA0", "FA0")


def test_the_companys_own_words_are_no_keys() -> None:
    """They are printed as they are, whatever braces they hold."""
    paper = printed(billed(note="{amount}"), frame(invoice_notes=("{ref}", " ")))
    assert [one.text for one in paper.opening] == ["{amount}"]
    assert [one.text for one in paper.closing if not one.key] == ["{ref}"]


# --- sales ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ProposalState)
def test_a_proposal_is_marked_by_its_state(state: ProposalState) -> None:
    paper = proposal_paper(
        frame(), ProposalFacts(proposal=proposal(state), party=party(), addressee=addressee(), products={})
    )
    marks = {ProposalState.DRAFT: Mark.DRAFT, ProposalState.CANCELED: Mark.CANCELED}
    assert paper.mark is marks.get(state)
    assert (paper.ref == "") == (state is ProposalState.DRAFT)


def test_a_chosen_option_counts_like_any_line() -> None:
    """ERP-16."""
    of = proposal(ProposalState.SIGNED, proposal_line(1, optional=True, chosen=True), proposal_line(2, optional=True))
    paper = proposal_paper(frame(), ProposalFacts(proposal=of, party=party(), addressee=addressee(), products={}))
    assert [len(table.rows) for table in paper.tables] == [1, 1]
    assert totals(paper)["net"] == 20


def test_a_proposal_of_options_alone_has_no_sums() -> None:
    of = proposal(ProposalState.VALIDATED, proposal_line(1, optional=True))
    paper = proposal_paper(frame(), ProposalFacts(proposal=of, party=party(), addressee=addressee(), products={}))
    assert ([table.title for table in paper.tables], list(paper.totals)) == (["options"], [])


@pytest.mark.parametrize("state", OrderState)
def test_an_order_is_marked_by_its_state_and_keeps_a_number_it_had(state: OrderState) -> None:
    """A draft that had been validated before still goes by its number."""
    of = priced_order(state, ref="CO1")
    paper = order_paper(frame(), OrderFacts(order=of, party=party(), addressee=addressee(), products={}))
    marks = {OrderState.DRAFT: Mark.DRAFT, OrderState.CANCELED: Mark.CANCELED}
    assert (paper.mark, paper.ref) == (marks.get(state), "CO1")
    assert (
        order_paper(frame(), OrderFacts(order=priced_order(), party=party(), addressee=addressee(), products={})).ref
        == ""
    )


# --- shipments --------------------------------------------------------------------------------------------------------


def shipped(*many: str, state: ShipmentState = ShipmentState.VALIDATED, **others: Any) -> ShipmentFacts:
    """Give a shipment of so many drills by line, all from one warehouse."""
    lines = [
        ShipmentLine(
            position=at, order_position=1, product_id=DRILL, warehouse_id=HERE, quantity=quantity(Decimal(one))
        )
        for at, one in enumerate(many, 1)
    ]
    fields_of = {field.name for field in fields(Shipment)}
    given = {name: value for name, value in others.items() if name in fields_of}
    of = Shipment(
        id=ShipmentId(1),
        ref="SH1",
        order_id=OrderId(5),
        party_id=party().id,
        warehouse_id=HERE,
        date=DAY,
        state=state,
        lines=lines,
        **given,
    )
    rest = {name: value for name, value in others.items() if name not in given}
    return ShipmentFacts(
        shipment=of, order=order(), party=party(), addressee=addressee(), products={DRILL: product()}, **rest
    )


def away(code: str, many: str, warehouse: WarehouseId = HERE) -> LotAway:
    """Give so much of a lot of drills that left."""
    lot = Lot(id=LotId(1), product_id=DRILL, code=code)
    return LotAway(warehouse=warehouse, lot=lot, quantity=quantity(Decimal(many)))


def test_lots_stand_beside_the_lines_that_took_them() -> None:
    """ERP-16: one after the other, none twice, and none of another warehouse's."""
    lots = [away("A", "2"), away("B", "3"), away("C", "1", WarehouseId(2)), away("D", "-1")]
    paper = shipment_paper(frame(), shipped("3", "2", lots=lots))
    assert column(paper, "lots") == ["A x 2, B", "B x 2"]


def test_a_delivery_note_without_lots_has_no_room_for_them() -> None:
    paper = shipment_paper(frame(), shipped("3"))
    assert [one.name for one in paper.tables[0].columns] == ["description", "ref", "quantity"]
    assert not any(one.kind in {CellKind.PRICE, CellKind.AMOUNT} for table in paper.tables for one in table.columns)


def test_parcels_are_listed_with_what_is_known_of_them() -> None:
    """ERP-16."""
    nine = quantity(Decimal(9))
    packed = (Packed(position=1, quantity=quantity(Decimal("1.5"))),)
    parcels = (
        Parcel(position=1, weight=quantity(Decimal(2)), tracking_number="T1", contents=packed),
        Parcel(position=2, length=nine, width=nine, height=nine),
    )
    carrier = Carrier(id=CarrierId(1), name="Quick")
    paper = shipment_paper(frame(), shipped("3", parcels=parcels, carrier=carrier, method="Express"))
    assert paper.tables[1].title == "parcels"
    assert (column(paper, "size", 1), column(paper, "contents", 1)) == (["", "9 x 9 x 9"], ["1: 1.5", ""])
    assert (facts(paper)["carrier"], facts(paper)["shipping_method"]) == ("Quick", "Express")


@pytest.mark.parametrize("state", ShipmentState)
def test_a_shipment_goes_where_it_is_shipped(state: ShipmentState) -> None:
    """ERP-16: its frozen address goes before the customer's."""
    paper = shipment_paper(frame(), shipped("1", state=state, delivery_address=Address(city="Brest", country="FR")))
    assert (paper.recipient, paper.country) == (("Kunde", "Brest"), "")
    marks = {ShipmentState.DRAFT: Mark.DRAFT, ShipmentState.CANCELED: Mark.CANCELED}
    assert (paper.mark, paper.ref == "") == (marks.get(state), state is ShipmentState.DRAFT)
    assert shipment_paper(frame(), shipped("1")).country == "DE"


# --- statements and sheets --------------------------------------------------------------------------------------------


def stated(*codes: str, aging: AgingRow | None = None) -> Paper:
    """Give the statement of invoices of 10 in these currencies."""
    ten = Amount(Decimal(10))
    rows = [(DAY, EntryKind.INVOICE, "FA1", code, ten, ten, Amount(ten * at)) for at, code in enumerate(codes, 1)]
    given = StatementFacts(
        party=party(customer_code="C1"),
        address=party().address,
        period=Period(date_to=DAY),
        on=DAY,
        entries=rows,
        balance=Amount(ten * len(codes)),
        aging=aging,
    )
    return statement_paper(frame(), given)


def test_other_currencies_have_columns_where_there_are_some() -> None:
    """ERP-16."""
    assert "currency" not in {one.name for one in stated("EUR", "EUR").tables[0].columns}
    paper = stated("EUR", "USD")
    assert column(paper, "currency") == ["EUR", "USD"]
    assert column(paper, "entry") == ["papers.entries.invoice"] * 2
    assert (paper.kind, paper.ref, paper.account) == (PaperKind.STATEMENT, "C1", None)


def test_only_ages_with_something_in_them_are_told() -> None:
    amounts = [Amount(Decimal(one)) for one in ("5", "0", "5", "0", "0", "10")]
    paper = stated("EUR", aging=AgingRow(party().id, "C1", "Kunde", *amounts))
    assert totals(paper) == {"balance": 10, "not_due": 5, "days_31_60": 5}
    assert totals(stated("EUR")) == {"balance": 10}


@pytest.mark.parametrize("state", InventoryState)
@pytest.mark.parametrize("blind", [True, False])
def test_a_sheet_has_room_to_write_in_until_it_is_posted(state: InventoryState, *, blind: bool) -> None:
    """ERP-16: a blind one tells not what to expect before."""
    counted = quantity(Decimal(6)) if state is InventoryState.POSTED else None
    line = SheetLine(
        position=1,
        product_id=DRILL,
        lot_id=LotId(1),
        expected=quantity(Decimal(7)),
        counted=counted,
        variance=None if counted is None else quantity(Decimal(-1)),
    )
    of = Inventory(ref="IN1", warehouse_id=HERE, date=DAY, state=state, blind=blind, note="Aisle 4")
    lot = Lot(id=LotId(1), product_id=DRILL, code="L1")
    place = Warehouse(id=HERE, ref="W1", name="Main")
    given = InventoryFacts(
        inventory=of,
        lines=[line],
        warehouse=place,
        products={DRILL: product(unit="H87")},
        lots={lot.id: lot},
        location="A1",
    )
    paper = inventory_paper(frame(), given)
    names = {one.name for one in paper.tables[0].columns}
    posted = state is InventoryState.POSTED
    assert {"ref", "description", "lot", "unit", "counted"} <= names
    assert (("variance" in names), ("remark" in names)) == (posted, not posted)
    assert ("expected" in names) == (posted or not blind)
    assert column(paper, "counted") == [counted]
    assert (facts(paper)["warehouse"], facts(paper)["location"]) == ("W1 Main", "A1")
    assert (list(paper.recipient), [one.text for one in paper.opening]) == ([], ["Aisle 4"])
    assert ("counted_by" in passages(paper)) == (not posted)
    bare = inventory_paper(frame(), replace(given, lines=[], lots={}, products={}, location=""))
    assert not {"lot", "unit"} & {one.name for one in bare.tables[0].columns}
