"""Bank accounts and orders to banks: numbers in one form, states, and the file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest

from app.domain.banking import (
    SEPA_ORDER,
    BadBic,
    BadCreditorId,
    BadIban,
    BankAccount,
    NoFileYet,
    SepaKind,
    SepaLine,
    SepaOrder,
    SepaSequence,
    SepaState,
    bic,
    creditor_id,
    iban,
)
from app.domain.shared.errors import Required
from app.domain.shared.ids import BankAccountId, InvoiceId, SepaOrderId
from app.domain.shared.money import amount, currency
from app.domain.shared.states import InvalidTransition
from app.infrastructure.sepa import SepaXml
from tests.support.lifecycles import declared, refused

pytestmark = pytest.mark.fast
AT: Final = datetime(2026, 11, 21, 9, 30, 15, 999, tzinfo=UTC)


def order(state: SepaState = SepaState.DRAFT, kind: SepaKind = SepaKind.DIRECT_DEBIT, **line: Any) -> SepaOrder:
    fields: dict[str, Any] = {
        "position": 1,
        "invoice_id": InvoiceId(9),
        "invoice_ref": "FA2611-0009",
        "amount": amount(Decimal("12.34")),
        "holder": "Müller & Söhne <GmbH>",
        "iban": "DE89370400440532013000",
        "mandate": "M-1",
        "mandate_date": date(2026, 1, 1),
        "sequence": SepaSequence.FIRST,
    }
    return SepaOrder(
        id=SepaOrderId(4),
        kind=kind,
        state=state,
        date=date(2026, 11, 30),
        account_id=BankAccountId(3),
        holder="Acme",
        iban="FR7630006000011234567890189",
        creditor_id="DE98ZZZ09999999999",
        lines=[SepaLine(**fields | line)],
    )


STEPS: Final[dict[str, Callable[[SepaOrder], object]]] = {
    "generate": lambda one: one.generate(AT),
    "settle": lambda one: one.settle([]),
    "cancel": lambda one: one.cancel(),
}


@pytest.mark.parametrize(("state", "step"), refused(SEPA_ORDER))
def test_every_step_is_refused_from_every_other_state(state: SepaState, step: str) -> None:
    one = order(state)
    with pytest.raises(InvalidTransition):
        STEPS[step](one)
    assert (one.state, one.message_id) == (state, None)


@pytest.mark.parametrize(("state", "step", "target"), declared(SEPA_ORDER))
def test_every_declared_step_leads_to_its_state(state: SepaState, step: str, target: SepaState) -> None:
    one = order(state)
    STEPS[step](one)
    assert one.state is target
    assert one.open == (target is SepaState.GENERATED)


@pytest.mark.parametrize(
    "text", ["", "FR76", "FR7630006000011234567890188", "DE8937040044053201300", "XX8937040044053201300"]
)
def test_what_is_no_iban_is_refused(text: str) -> None:
    with pytest.raises(BadIban):
        iban(text)


def test_numbers_are_written_in_one_form() -> None:
    assert iban("gb29 nwbk 6016 1331 9268 19") == "GB29NWBK60161331926819"
    assert (bic("deutdeff"), bic("")) == ("DEUTDEFF", "")
    assert creditor_id("de98 ZZZ 0999 9999 999") == "DE98ZZZ09999999999"
    assert creditor_id("NL79ZZZ999999990000") == "NL79ZZZ999999990000"
    with pytest.raises(BadBic):
        bic("DEUTXX")
    for wrong in ("DE97ZZZ09999999999", "DE98", "98ZZZ0999"):
        with pytest.raises(BadCreditorId):
            creditor_id(wrong)


def test_an_account_needs_its_names() -> None:
    for name in ("label", "holder"):
        given: dict[str, Any] = {"label": "L", "holder": "H", "iban": "GB29NWBK60161331926819", name: " "}
        with pytest.raises(Required) as missing:
            BankAccount(currency=currency("GBP"), **given)
        assert missing.value.at == (name,)


def test_a_change_that_changes_nothing_is_none() -> None:
    account = BankAccount(label="L", holder="H", iban="GB29NWBK60161331926819", currency=currency("GBP"))
    assert account.change({"label": "L", "iban": "GB29 NWBK 6016 1331 9268 19"}) is None
    changed = account.change({"label": "M", "bic": "nwbkgb2l"})
    assert changed is not None
    assert changed.fields == ("bic", "label")


@pytest.mark.parametrize("kind", SepaKind)
@pytest.mark.parametrize("code", ["", "COBADEFF"])
def test_a_file_is_the_same_each_time_and_has_the_orders_own_ids(kind: SepaKind, code: str) -> None:
    """It is checked against its schema as it is written; a BIC may be left out."""
    one = order(kind=kind, bic=code)
    with pytest.raises(NoFileYet):
        one.has_file()
    one.generate(AT)
    one.has_file()
    content = SepaXml().write(one)
    assert content == SepaXml().write(one)
    told = {node.tag.partition("}")[2]: node.text for node in ET.fromstring(content).iter()}  # noqa: S314 - ours
    assert told["MsgId"] == "TRAMITA-4-20261121093015"
    assert (told["PmtInfId"], told["CreDtTm"]) == ("TRAMITA-4-20261121093015-B1", "2026-11-21T09:30:15Z")
    assert (told["InstdAmt"], told["Ustrd"]) == ("12.34", "FA2611-0009")
    assert told.get("BICFI") == (code or None)
    assert ("MndtId" in told) == (kind is SepaKind.DIRECT_DEBIT)


def test_an_order_that_was_not_generated_has_no_file() -> None:
    with pytest.raises(ValueError, match="generated"):
        SepaXml().write(order())
