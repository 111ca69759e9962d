"""Roles, members and settings by themselves."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from app.domain.identity import (
    READY_ROLES,
    Company,
    CompanySettings,
    Member,
    ReadyRole,
    Role,
    RoleFixed,
    RoleInUse,
    SharedAccount,
    UnknownZone,
    User,
    ready_roles,
)
from app.domain.shared.errors import Invalid, Required
from app.domain.shared.ids import CompanyId, RoleId, UserId, WarehouseId
from app.domain.shared.money import UnknownCurrency, currency
from app.domain.shared.numbering import BadMask, LateDate, Mask, Reset
from app.domain.shared.rights import ALL_RIGHTS, Right
from app.domain.shared.series import DEFAULT_MASKS, SeriesKind
from app.domain.shared.totals import VatMode
from app.infrastructure.database.repositories.identity.roles import rights_of

pytestmark = pytest.mark.fast

CLERK, ADMIN = RoleId(3), RoleId(4)


def member(*, shared: bool = False, known_as: str | None = None) -> Member:
    user = User(id=UserId(7), email="ann@example.com", name="Ann", password_hash="x", locale="en", version=2)
    return Member(user=user, roles=frozenset({CLERK}), known_as=known_as, shared=shared, versions=(2, 5))


# --- ready roles ------------------------------------------------------------------------------------------------------


def test_a_company_begins_with_five_roles_the_administrators_first() -> None:
    """ERP-13."""
    roles = ready_roles()
    assert [role.name for role in roles] == ["administrator", "sales", "warehouse", "accountant", "reader"]
    assert [role.ready for role in roles] == list(ReadyRole)
    assert all(role.rights for role in roles)


def test_only_the_administrator_may_rule_over_users_roles_keys_and_settings() -> None:
    """ERP-13: a ready role given in good faith must not give the house away."""
    ruling = {
        Right.USERS_WRITE,
        Right.ROLES_WRITE,
        Right.API_KEYS_WRITE,
        Right.SETTINGS_WRITE,
        Right.CUSTOM_FIELDS_WRITE,
        Right.THIRD_PARTIES_ERASE,
    }
    for ready, rights in READY_ROLES.items():
        assert (ruling <= rights) if ready is ReadyRole.ADMINISTRATOR else not (ruling & rights)


def test_a_reader_changes_nothing_and_every_other_role_reads_what_it_writes() -> None:
    assert all(right.value.endswith(".read") for right in READY_ROLES[ReadyRole.READER])
    for rights in READY_ROLES.values():
        nouns = {right.value.partition(".")[0] for right in rights if right.value.endswith(".write")}
        assert {f"{noun}.read" for noun in nouns} <= {right.value for right in rights}


def test_the_administrators_rights_are_all_there_are_whatever_is_stored() -> None:
    """ERP-13: also those that come with a later version, for rows that are older."""
    assert Role(name="x", rights=frozenset(), ready=ReadyRole.ADMINISTRATOR).rights == ALL_RIGHTS
    assert rights_of([], "administrator") == ALL_RIGHTS
    assert rights_of(["orders.read"], "sales") == {Right.ORDERS_READ}


def test_a_right_this_version_does_not_know_is_nobodys() -> None:
    assert rights_of(["orders.read", "moon.walk"], None) == {Right.ORDERS_READ}


# --- roles ------------------------------------------------------------------------------------------------------------


def test_a_role_tells_what_changed_before_and_after() -> None:
    role = Role(id=CLERK, name="a", rights=frozenset({Right.ORDERS_READ}))
    changed = role.change({"name": "b", "rights": frozenset({Right.STOCK_READ, Right.ORDERS_READ})})
    assert changed is not None
    assert changed.facts() == {
        "id": CLERK,
        "fields": ("name", "rights"),
        "old": {"name": "a", "rights": ["orders.read"]},
        "new": {"name": "b", "rights": ["orders.read", "stock.read"]},
    }
    assert role.change({"name": "b"}) is None


def test_a_role_has_a_name() -> None:
    with pytest.raises(Required) as refused:
        Role(name="a", rights=frozenset()).change({"name": "  "})
    assert refused.value.at == ("name",)


def test_the_administrators_role_stays_as_it_is() -> None:
    role = ready_roles()[0]
    with pytest.raises(RoleFixed):
        role.change({"name": "boss"})
    with pytest.raises(RoleFixed):
        role.delete(holders=0)
    assert ready_roles()[1].change({"name": "shop"}) is not None


def test_a_role_that_is_held_is_not_deleted() -> None:
    role = Role(id=CLERK, name="a", rights=frozenset({Right.ORDERS_READ}))
    with pytest.raises(RoleInUse) as refused:
        role.delete(holders=2)
    assert refused.value.facts == {"role_name": "a", "users": 2}
    assert role.delete(holders=0).rights == ("orders.read",)


# --- members ----------------------------------------------------------------------------------------------------------


def test_a_company_changes_the_account_of_somebody_who_is_its_alone() -> None:
    ann = member()
    changed = ann.change({"name": "Anna", "locale": "fr", "roles": frozenset({ADMIN}), "active": False})
    assert changed is not None
    assert (ann.user.name, ann.known_as, ann.user.locale) == ("Anna", None, "fr")
    assert changed.fields == ("name", "locale", "active", "roles")
    assert changed.old == {"locale": "en", "active": True, "roles": [CLERK]}
    assert changed.new == {"locale": "fr", "active": False, "roles": [ADMIN]}
    assert "Anna" not in str(changed.facts())


def test_a_company_calls_somebody_it_shares_by_a_name_of_its_own() -> None:
    """ERP-13: one company never changes what another sees."""
    ann = member(shared=True)
    assert ann.change({"name": "Anna"}) is not None
    assert (ann.name, ann.user.name) == ("Anna", "Ann")
    with pytest.raises(SharedAccount) as refused:
        ann.change({"locale": "fr"})
    assert refused.value.at == ("locale",)
    assert ann.change({"locale": "en"}) is None


def test_somebody_who_joined_keeps_their_own_name_even_when_left_alone() -> None:
    ann = member(known_as="A. Smith")
    assert ann.name == "A. Smith"
    ann.change({"name": "A. Jones"})
    assert ann.user.name == "Ann"


@pytest.mark.parametrize("shared", [False, True])
def test_a_member_has_a_name(*, shared: bool) -> None:
    with pytest.raises(Required) as refused:
        member(shared=shared).change({"name": " "})
    assert refused.value.at == ("name",)


def test_the_version_of_a_member_is_that_of_account_and_membership() -> None:
    assert member().version == 7


def test_a_password_hash_is_never_shown() -> None:
    assert "x" not in repr(member().user).replace("example", "")


# --- settings ---------------------------------------------------------------------------------------------------------


def test_settings_are_what_was_stored() -> None:
    settings = CompanySettings(
        zone_name="Europe/Paris",
        currency=currency("USD"),
        vat_mode=VatMode.PER_LINE,
        masks={**DEFAULT_MASKS, SeriesKind.ORDER: Mask("O{yyyy}-{000}", Reset.YEAR)},
        late_date=LateDate.TODAY,
        payment_days=7,
        default_warehouse=WarehouseId(9),
        version=4,
    )
    assert CompanySettings.of_facts(settings.facts(), 4) == settings


def test_a_series_younger_than_the_settings_has_the_mask_of_a_new_company() -> None:
    facts: dict[str, Any] = CompanySettings().facts()
    del facts["masks"]["payment"]
    assert CompanySettings.of_facts(facts, 1).masks[SeriesKind.PAYMENT] == DEFAULT_MASKS[SeriesKind.PAYMENT]


def test_only_what_is_named_changes_and_a_mask_part_by_part() -> None:
    before = CompanySettings(version=3)
    after = before.changed({"masks": {SeriesKind.ORDER: {"pattern": "O{yy}{mm}-{000}"}}, "payment_days": 5})
    assert after.masks[SeriesKind.ORDER] == Mask("O{yy}{mm}-{000}", Reset.MONTH)
    assert {kind for kind in SeriesKind if after.masks[kind] != before.masks[kind]} == {SeriesKind.ORDER}
    assert (after.payment_days, after.currency, after.version) == (5, before.currency, 3)
    assert after.changed({"masks": {SeriesKind.ORDER: None}}).masks == before.masks
    assert after.changed({"zone": "Asia/Tokyo"}).zone is not before.zone


@pytest.mark.parametrize(
    ("changes", "error", "at"),
    [
        ({"zone": "Mars/Olympus"}, UnknownZone, ("zone",)),
        ({"currency": "XXX"}, UnknownCurrency, ("currency",)),
        ({"masks": {SeriesKind.ORDER: {"pattern": "O"}}}, BadMask, ("masks", "order", "pattern")),
        ({"masks": {SeriesKind.ORDER: {"pattern": "(PROV{0}"}}}, BadMask, ("masks", "order", "pattern")),
    ],
)
def test_a_setting_that_means_nothing_is_named(
    changes: dict[str, Any], error: type[Invalid], at: tuple[str, ...]
) -> None:
    with pytest.raises(error) as refused:
        CompanySettings().changed(changes)
    assert refused.value.at == at


def test_a_company_adopts_settings_as_the_next_version_and_tells() -> None:
    company = Company(id=CompanyId(1), name="A", country="FR", settings=CompanySettings(version=3))
    assert company.adopt(company.settings) is None
    changed = company.adopt(company.settings.changed({"payment_days": 5, "late_date": LateDate.TODAY}))
    assert changed is not None
    assert company.settings.version == changed.version == 4
    assert changed.fields == ("late_date", "payment_days")
    assert (changed.old, changed.new) == (
        {"late_date": "refuse", "payment_days": 30},
        {"late_date": "today", "payment_days": 5},
    )


def test_a_company_has_a_name() -> None:
    company = Company(name="A", country="FR", settings=CompanySettings())
    changed = company.change({"name": "B", "country": "FR"})
    assert changed is not None
    assert (changed.fields, changed.old, changed.new) == (("name",), {"name": "A"}, {"name": "B"})
    with pytest.raises(Required):
        company.change({"name": ""})


# --- references read back ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mask", "ref", "found"),
    [
        (Mask("FA{yy}{mm}-{0000}", Reset.MONTH), "FA2611-0012", ("2026-11", 12)),
        (Mask("FA{yy}{mm}-{0000}", Reset.MONTH), "FA2611-12345", ("2026-11", 12345)),
        (Mask("FA{yy}{mm}-{0000}", Reset.MONTH), "FA2611-02345x", None),
        (Mask("FA{yy}{mm}-{0000}", Reset.MONTH), "FA2611-012345", None),
        (Mask("FA{yy}{mm}-{0000}", Reset.MONTH), "FA2613-0001", None),
        (Mask("FA{yy}{mm}-{0000}", Reset.MONTH), "FA2611-0000", None),
        (Mask("{yyyy}/{000+100}", Reset.YEAR), "2026/101", ("2026", 1)),
        (Mask("{yyyy}/{000+100}", Reset.YEAR), "2026/100", None),
        (Mask("{yyyy}/{000}", Reset.YEAR), "0000/001", None),
        (Mask("{0}"), "7", ("", 7)),
        (Mask("{0}"), "07", None),
        (Mask("A.{0}"), "Ab7", None),
        (Mask("{yy}{00}{yy}"), "26012" + "6", ("", 1)),
        (Mask("{yy}{00}{yy}"), "260127", None),
        (Mask("{dd}-{0}"), "31-4", ("", 4)),
    ],
)
def test_a_reference_tells_its_number_to_the_mask_that_wrote_it(
    mask: Mask, ref: str, found: tuple[str, int] | None
) -> None:
    assert mask.read(ref) == found


@pytest.mark.parametrize("kind", SeriesKind)
def test_what_a_mask_writes_it_reads(kind: SeriesKind) -> None:
    mask = DEFAULT_MASKS[kind]
    on = date(2026, 2, 28)
    for number in (1, 9, 99_999, 100_000, 1_234_567):
        assert mask.read(mask.format(on, number)) == (mask.period(on), number)
        assert mask.format(on, number).startswith(mask.prefix)
