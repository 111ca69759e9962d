"""Orders to banks: what a line takes and refuses, and the file, read back as a bank reads it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest

from app.domain.banking import (
    AccountArchived,
    AccountCurrency,
    BadBic,
    BadIban,
    BankAccount,
    NoFileYet,
    NotInEuro,
    SepaKind,
    SepaLine,
    SepaOrder,
    SepaSequence,
    SepaState,
    WrongWay,
)
from app.domain.billing import FractionOfMinorUnit, Invoice, Overpaid
from app.domain.parties import PartyAccount
from app.domain.shared.errors import DomainError, Required
from app.domain.shared.ids import BankAccountId, InvoiceId, SepaOrderId
from app.domain.shared.money import currency
from app.infrastructure.sepa import SepaXml
from tests.support.paying import credited, money, owed

pytestmark = pytest.mark.fast
AT: Final = datetime(2026, 11, 21, 9, 30, 15, 999, tzinfo=UTC)
DEBIT: Final = SepaKind.DIRECT_DEBIT
TRANSFER: Final = SepaKind.CREDIT_TRANSFER
GERMAN: Final = "DE89370400440532013000"
BRITISH: Final = "GB29NWBK60161331926819"
TAKEN: Final = re.compile(r"[A-Za-z0-9/?:().,'+ -]{1,70}")


def line(position: int = 1, **fields: Any) -> SepaLine:
    given: dict[str, Any] = {
        "invoice_id": InvoiceId(position),
        "invoice_ref": f"FA2611-{position:04}",
        "amount": money("12.34"),
        "holder": "Client",
        "iban": GERMAN,
        "mandate": "M-1",
        "mandate_date": date(2026, 1, 1),
        "sequence": SepaSequence.FIRST,
    }
    return SepaLine(position=position, **given | fields)


def order(*lines: SepaLine, kind: SepaKind = DEBIT, **fields: Any) -> SepaOrder:
    given: dict[str, Any] = {
        "id": SepaOrderId(4),
        "date": date(2026, 11, 30),
        "account_id": BankAccountId(3),
        "holder": "Acme",
        "iban": "FR7630006000011234567890189",
        "creditor_id": "DE98ZZZ09999999999",
    }
    return SepaOrder(kind=kind, lines=list(lines), **given | fields)


def file_of(one: SepaOrder) -> ET.Element:
    """Give the file of an order, read back without its name space."""
    one.generate(AT)
    root = ET.fromstring(SepaXml().write(one))  # noqa: S314 - ours
    for node in root.iter():
        node.tag = node.tag.partition("}")[2]
    return root


def at(node: ET.Element, path: str) -> list[str]:
    return [str(found.text) for found in node.findall(path)]


@cache
def debits() -> ET.Element:
    """Give the file of four debits: two first ones, a recurrent and a last one, some with a BIC."""
    return file_of(
        order(
            line(1, amount=money("0.1"), holder="Müller & Söhne", bic="COBADEFF"),
            line(2, amount=money("1000"), iban=BRITISH, mandate="M/2 (a)", sequence=SepaSequence.RECURRENT),
            line(3, amount=money("0.01"), mandate_date=date(2025, 12, 31)),
            line(4, amount=money("99999999.99"), sequence=SepaSequence.LAST),
            bic="AGRIFRPP",
        )
    )


@cache
def transfers() -> ET.Element:
    """Give the file of two transfers, one of them to an account with a BIC; the company's own has none."""
    lines = (line(1, amount=money("80"), iban=BRITISH, bic="NWBKGB2L"), line(2, amount=money("0.5"), mandate=""))
    return file_of(order(*lines, kind=TRANSFER))


# --- the file -------------------------------------------------------------------------------------------------------


def test_debits_are_bundled_by_their_place_in_the_mandate() -> None:
    """ISO 20022: one sequence type per PmtInf, each with its own count and sum; no two share an id."""
    bundles = debits().findall("*/PmtInf")
    told = [(*at(one, "PmtTpInf/SeqTp"), *at(one, "NbOfTxs"), *at(one, "CtrlSum")) for one in bundles]
    assert told == [("FRST", "2", "0.11"), ("RCUR", "1", "1000.00"), ("FNAL", "1", "99999999.99")]
    assert at(debits(), "*/PmtInf/PmtInfId") == [f"TRAMITA-4-20261121093015-B{n}" for n in (1, 2, 3)]


def test_the_header_of_debits_counts_and_sums_all_of_them() -> None:
    header = "CstmrDrctDbtInitn/GrpHdr"
    assert at(debits(), f"{header}/NbOfTxs") == ["4"]
    assert at(debits(), f"{header}/CtrlSum") == ["100001000.10"]
    assert sum(Decimal(value) for value in at(debits(), ".//InstdAmt")) == Decimal("100001000.10")


def test_each_debit_says_whose_account_by_which_mandate() -> None:
    entries = debits().findall("*/PmtInf/DrctDbtTxInf")
    paths = ("InstdAmt", "DbtrAcct/Id/IBAN", ".//MndtId", ".//DtOfSgntr", "RmtInf/Ustrd")
    assert [tuple(at(one, path)[0] for path in paths) for one in entries] == [
        ("0.10", GERMAN, "M-1", "2026-01-01", "FA2611-0001"),
        ("0.01", GERMAN, "M-1", "2025-12-31", "FA2611-0003"),
        ("1000.00", BRITISH, "M/2 (a)", "2026-01-01", "FA2611-0002"),
        ("99999999.99", GERMAN, "M-1", "2026-01-01", "FA2611-0004"),
    ]


def test_debits_go_to_the_companys_account_under_its_creditor_identifier() -> None:
    for bundle in debits().findall("*/PmtInf"):
        assert at(bundle, "CdtrAcct/Id/IBAN") == ["FR7630006000011234567890189"]
        assert at(bundle, "CdtrSchmeId/Id/PrvtId/Othr/Id") == ["DE98ZZZ09999999999"]
        assert (at(bundle, "Cdtr/Nm"), at(bundle, "ReqdColltnDt")) == (["Acme"], ["2026-11-30"])
        assert (at(bundle, "PmtMtd"), at(bundle, "PmtTpInf/LclInstrm/Cd")) == (["DD"], ["CORE"])


def test_transfers_go_out_of_the_companys_account_to_each_customers() -> None:
    (bundle,) = transfers().findall("*/PmtInf")
    assert (at(bundle, "PmtMtd"), at(bundle, "ReqdExctnDt/Dt")) == (["TRF"], ["2026-11-30"])
    assert at(bundle, "DbtrAcct/Id/IBAN") == ["FR7630006000011234567890189"]
    assert at(bundle, "CdtTrfTxInf/CdtrAcct/Id/IBAN") == [BRITISH, GERMAN]
    assert at(bundle, "CdtTrfTxInf/Amt/InstdAmt") == ["80.00", "0.50"]
    assert (at(bundle, "NbOfTxs"), at(bundle, "CtrlSum")) == (["2"], ["80.50"])
    assert at(transfers(), "*/GrpHdr/CtrlSum") == ["80.50"]


def test_a_bank_without_a_bic_is_called_not_provided() -> None:
    """EPC130-08 and EPC132-08: the collecting, the paying and the payer's bank are told by BIC, or so."""
    bank = "DbtrAgt/FinInstnId"
    entries = debits().findall("*/PmtInf/DrctDbtTxInf")
    assert [at(one, f"{bank}/BICFI") + at(one, f"{bank}/Othr/Id") for one in entries] == [
        ["COBADEFF"],
        *[["NOTPROVIDED"]] * 3,
    ]
    assert at(debits(), "*/PmtInf/CdtrAgt/FinInstnId/BICFI") == ["AGRIFRPP"] * 3
    assert at(transfers(), f"*/PmtInf/{bank}/Othr/Id") == ["NOTPROVIDED"]
    assert at(transfers(), ".//BICFI") == ["NWBKGB2L"]


NAMES: Final = {
    "Müller & Söhne <GmbH>": "Muller + Sohne GmbH",
    "Œuvre d'Élan": "OEuvre d'Elan",
    "Ελλάς (Αθήνα)": "Ellas (Athena)",
    "Ђорђе": "Djordje",
    "北京": "Bei Jing",
    "Łódź S.A., No. 5/7": "Lodz S.A., No. 5/7",
    'a_b*c@d "e" #f;g=h\\i|j': "a b c d e f g h i j",
    "O\u2019Neil — Sons": "O'Neil -- Sons",
    "Tab\tand\nline": "Tab and line",
    "🏦🏦": "NOTPROVIDED",
    "\ue000": "?",
    "***": "NOTPROVIDED",
    "ß" * 70: "s" * 70,
    "x" * 69 + "Æ": "x" * 69 + "A",
}


@cache
def named() -> list[str]:
    lines = [line(position, holder=name, invoice_ref=f"№{position}_é") for position, name in enumerate(NAMES, 1)]
    root = file_of(order(*lines, holder="Café & Cie_🏦"))
    assert at(root, "*/PmtInf/Cdtr/Nm") == at(root, "*/GrpHdr/InitgPty/Nm") == ["Cafe + Cie"]
    assert set(map(str, at(root, ".//Ustrd"))) == {f"{n} e" for n in range(1, len(NAMES) + 1)}
    return at(root, "*/PmtInf/DrctDbtTxInf/Dbtr/Nm")


@pytest.mark.parametrize(("position", "name"), list(enumerate(NAMES)), ids=range(len(NAMES)))
def test_names_are_written_in_letters_every_bank_takes(position: int, name: str) -> None:
    """EPC217-08: Latin letters, digits and a few signs, at most 70 of them and never none."""
    assert named()[position] == NAMES[name]
    assert TAKEN.fullmatch(named()[position])


# --- the order ------------------------------------------------------------------------------------------------------


def account(**fields: Any) -> BankAccount:
    given: dict[str, Any] = {"label": "L", "holder": "Acme", "iban": GERMAN, "bic": "COBADEFF"}
    given |= {"currency": currency("EUR"), "creditor_id": "DE98ZZZ09999999999"}
    return BankAccount(**given | fields)


def test_an_order_keeps_the_companys_account_as_it_is_that_day() -> None:
    own, one = account(), order(line(), holder="", iban="", bic="", creditor_id="")
    one.draw_on(own)
    own.change({"holder": "Other", "iban": BRITISH, "bic": "NWBKGB2L"})
    assert (one.holder, one.iban, one.bic, one.creditor_id) == ("Acme", GERMAN, "COBADEFF", "DE98ZZZ09999999999")


@pytest.mark.parametrize(
    ("fields", "error"),
    [({"archived": True}, AccountArchived), ({"currency": currency("USD")}, AccountCurrency)],
)
@pytest.mark.parametrize("kind", SepaKind)
def test_an_order_goes_through_an_open_account_in_euros(
    kind: SepaKind, fields: dict[str, Any], error: type[DomainError]
) -> None:
    one = order(line(), kind=kind, holder="")
    with pytest.raises(error) as refused:
        one.draw_on(account(**fields))
    assert (refused.value.at, one.holder) == (("account_id",), "")


def test_only_who_collects_needs_a_creditor_identifier() -> None:
    order(line(), kind=TRANSFER).draw_on(account(creditor_id=""))
    with pytest.raises(Required) as refused:
        order(line()).draw_on(account(creditor_id=""))
    assert refused.value.at == ("account_id",)


@pytest.mark.parametrize(
    ("state", "iban", "has"),
    [
        (SepaState.DRAFT, GERMAN, False),
        (SepaState.GENERATED, GERMAN, True),
        (SepaState.SETTLED, GERMAN, True),
        (SepaState.CANCELED, GERMAN, False),
        (SepaState.SETTLED, "", False),
    ],
)
def test_there_is_a_file_from_generation_on_until_somebody_in_it_is_erased(
    state: SepaState, iban: str, *, has: bool
) -> None:
    one = order(line(1), line(2, iban=iban), state=state)
    if has:
        one.has_file()
    else:
        with pytest.raises(NoFileYet):
            one.has_file()


# --- its lines ------------------------------------------------------------------------------------------------------


def theirs(**fields: Any) -> PartyAccount:
    given: dict[str, Any] = {"holder": "Kept", "iban": BRITISH, "bic": "NWBKGB2L", "mandate_ref": "M-9"}
    return PartyAccount(**given | {"mandate_date": date(2026, 2, 1)} | fields)


def test_a_line_without_an_account_takes_the_customers_with_its_mandate() -> None:
    one = line(holder="", iban="", mandate="", mandate_date=None)
    one.take(theirs())
    told = (one.holder, one.iban, one.bic, one.mandate, one.mandate_date)
    assert told == ("Kept", BRITISH, "NWBKGB2L", "M-9", date(2026, 2, 1))


def test_what_a_line_says_itself_is_not_overwritten() -> None:
    one = line(iban="", holder="Own", mandate="M-1", mandate_date=date(2026, 3, 3))
    one.take(theirs())
    assert (one.holder, one.iban, one.mandate, one.mandate_date) == ("Own", BRITISH, "M-1", date(2026, 3, 3))


def test_a_line_that_names_an_account_takes_nothing_of_another() -> None:
    """A mandate belongs to its account."""
    one = line(holder="", mandate="", mandate_date=None)
    one.take(theirs())
    assert (one.iban, one.bic, one.holder, one.mandate, one.mandate_date) == (GERMAN, "", "", "", None)


def test_a_long_name_is_cut_to_what_a_message_holds() -> None:
    one = line(holder="", iban="")
    one.take(theirs(holder="n" * 71))
    assert one.holder == "n" * 70


@pytest.mark.parametrize(
    ("fields", "error", "where"),
    [
        ({"iban": ""}, Required, "iban"),
        ({"iban": "DE88370400440532013000"}, BadIban, "iban"),
        ({"bic": "NOBANK"}, BadBic, "bic"),
        ({"holder": ""}, Required, "holder"),
        ({"mandate": ""}, Required, "mandate"),
        ({"mandate_date": None}, Required, "mandate_date"),
        ({"sequence": None}, Required, "sequence"),
    ],
)
def test_what_a_debit_lacks_is_named(fields: dict[str, Any], error: type[DomainError], where: str) -> None:
    with pytest.raises(error) as refused:
        line(**fields).check(DEBIT)
    assert refused.value.at == (where,)


@pytest.mark.parametrize(
    ("kind", "invoice", "part"),
    [(DEBIT, owed(), "100"), (DEBIT, owed(), "0.01"), (TRANSFER, credited(), "100"), (TRANSFER, credited(), "0.01")],
)
def test_a_line_moves_what_is_due_or_less_the_way_it_is_due(kind: SepaKind, invoice: Invoice, part: str) -> None:
    one = line(amount=money(part), invoice_ref="")
    one.draws(invoice, kind)
    assert one.invoice_ref == invoice.ref


@pytest.mark.parametrize(
    ("kind", "invoice", "part", "error", "where"),
    [
        (DEBIT, owed(), "100.01", Overpaid, "amount"),
        (TRANSFER, credited(), "100.01", Overpaid, "amount"),
        (DEBIT, owed(), "0.001", FractionOfMinorUnit, "amount"),
        (TRANSFER, credited(), "99.9999", FractionOfMinorUnit, "amount"),
        (DEBIT, credited(), "1", WrongWay, "invoice_id"),
        (TRANSFER, owed(), "1", WrongWay, "invoice_id"),
        (DEBIT, owed(code="USD"), "1", NotInEuro, "invoice_id"),
    ],
)
def test_what_a_line_cannot_move_is_refused(
    kind: SepaKind, invoice: Invoice, part: str, error: type[DomainError], where: str
) -> None:
    """A fraction of a cent would be cut off in the file, and never be settled."""
    one = line(amount=money(part), invoice_ref="")
    with pytest.raises(error) as refused:
        one.draws(invoice, kind)
    assert (refused.value.at, one.invoice_ref) == ((where,), "")
