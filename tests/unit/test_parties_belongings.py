"""Tax numbers, bank accounts, contacts, limits, and what merging does to a third party."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from app.domain.parties import (
    Address,
    AddressKind,
    BadBic,
    BadIban,
    BadMandate,
    BadTaxId,
    Contact,
    ContactRole,
    CreditLimitExceeded,
    MergedWithItself,
    NegativeLimit,
    Outstanding,
    Party,
    PartyAccount,
    PartyAddress,
    PartyArchived,
    PartyGone,
    tax_id,
)
from app.domain.parties.tax_ids import _FORMS
from app.domain.shared.errors import Invalid, Required
from app.domain.shared.ids import PartyId, UserId
from app.domain.shared.money import Amount, currency

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(("country", "form"), _FORMS.items())
def test_the_form_a_refusal_names_is_itself_accepted(country: str, form: str) -> None:
    """Who follows the advice passes; one digit more does not."""
    assert tax_id(country, form) == form
    with pytest.raises(BadTaxId) as refused:
        tax_id(country, f"{form}7")
    assert refused.value.facts == {"country": country, "expected": form}
    assert refused.value.at == ("tax_id",)


@pytest.mark.parametrize(
    ("country", "sent", "kept"),
    [
        ("FR", "40 303 265 045", "FR40303265045"),
        ("FR", "fr 40 303 265 045", "FR40303265045"),
        ("FR", "303265045", "303265045"),
        ("GR", "094259216", "EL094259216"),
        ("DE", "ESB58378431", "ESB58378431"),
        ("BR", "16.727.230/0001-97", "16727230000197"),
        ("BR", "390.533.447-05", "39053344705"),
        ("CH", "CHE-107.787.577 IVA", "CHE107787577IVA"),
        ("", "anything at all", "anything at all"),
        ("AQ", " P-1", " P-1"),
    ],
)
def test_a_tax_number_is_kept_compact_where_its_rules_are_known(country: str, sent: str, kept: str) -> None:
    assert tax_id(country, sent) == kept


@pytest.mark.parametrize(("country", "sent"), [("BR", "1"), ("FR", "BR16727230000197"), ("CH", "CHE107787578IVA")])
def test_a_number_of_nobody_is_refused(country: str, sent: str) -> None:
    with pytest.raises(BadTaxId):
        tax_id(country, sent)


def account(**fields: Any) -> PartyAccount:
    made = PartyAccount(**{"holder": "H", "iban": "DE89370400440532013000", **fields})
    made.check()
    return made


@pytest.mark.parametrize(
    ("wrong", "error", "field"),
    [
        ({"holder": " "}, Required, "holder"),
        ({"iban": "DE00370400440532013000"}, BadIban, "iban"),
        ({"iban": "FR14"}, BadIban, "iban"),
        ({"iban": "ZZ"}, BadIban, "iban"),
        ({"bic": "X"}, BadBic, "bic"),
        ({"mandate_ref": "M"}, BadMandate, "mandate_date"),
        ({"mandate_date": date(2026, 1, 1)}, BadMandate, "mandate_ref"),
        ({"mandate_ref": "é", "mandate_date": date(2026, 1, 1)}, BadMandate, "mandate_ref"),
    ],
    ids=repr,
)
def test_an_unsound_account_is_refused_without_repeating_its_number(
    wrong: dict[str, Any], error: type[Invalid], field: str
) -> None:
    with pytest.raises(error) as refused:
        account(**wrong)
    assert refused.value.at == (field,)
    assert "3704" not in str(refused.value)


def test_an_account_is_kept_compact_with_the_bank_it_tells_of() -> None:
    assert account(iban="de89 3704 0044 0532 0130 00").bic == "COBADEFFXXX"
    assert account(bic="deutdeff").bic == "DEUTDEFF"
    assert "3704" not in repr(account(mandate_ref="M-37", mandate_date=date(2026, 1, 1)))
    assert "M-37" not in repr(account(mandate_ref="M-37", mandate_date=date(2026, 1, 1)))


def test_contacts_and_addresses_need_a_name() -> None:
    contact = Contact(name="Ana", roles=(ContactRole.BILLING, ContactRole.SALES, ContactRole.BILLING))
    contact.check()
    assert not contact.change({"name": "Ana"})
    assert contact.roles == (ContactRole.SALES, ContactRole.BILLING)
    with pytest.raises(Required):
        contact.change({"name": ""})
    with pytest.raises(Required):
        PartyAddress(label="x", kind=AddressKind.OTHER).change({"label": " "})


def test_a_limit_is_what_may_be_owed_and_not_a_cent_more() -> None:
    euro = currency("EUR")
    owed = Outstanding(unpaid=Amount(Decimal(60)), overdue=Amount(Decimal(60)), ordered=Amount(Decimal(30)))
    owed.admit(PartyId(1), Amount(Decimal(10)), Amount(Decimal(100)), euro)
    with pytest.raises(CreditLimitExceeded) as refused:
        owed.admit(PartyId(1), Amount(Decimal("10.01")), Amount(Decimal(100)), euro)
    assert refused.value.facts["outstanding"] == 90
    assert owed.left(None) is None
    assert owed.left(Amount(Decimal(50))) == -40
    with pytest.raises(NegativeLimit):
        Party(name="x", customer=True, credit_limit=Amount(Decimal(-1)))


def party(key: int, **fields: Any) -> Party:
    return Party(**{"id": PartyId(key), "name": f"P{key}", "customer": True, **fields})


def test_merging_unites_and_keeps_what_is_there() -> None:
    gone = party(1, supplier=True, email="a@b", payment_days=9, representatives=(UserId(2), UserId(3)))
    stands = party(2, email="c@d", representatives=(UserId(3),), address=Address(city="Lyon"))
    event = stands.merge(gone)
    assert event.facts() == {"id": 1, "into": 2}
    assert (stands.email, stands.payment_days, stands.supplier) == ("c@d", 9, True)
    assert stands.representatives == (3, 2)
    assert (gone.archived, gone.merged_into_id) == (True, 2)
    for act in (lambda: stands.merge(gone), lambda: gone.merge(stands), lambda: gone.change({"name": "x"})):
        with pytest.raises(PartyGone):
            act()


def test_merging_into_itself_or_into_the_archive_is_refused() -> None:
    with pytest.raises(MergedWithItself):
        party(1).merge(party(1))
    with pytest.raises(PartyArchived):
        party(1, archived=True).merge(party(2))
