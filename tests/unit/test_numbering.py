"""Numbers of documents: masks, series, and the chain that seals them."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum

import pytest

from app.domain.shared.numbering import (
    GENESIS,
    BadMask,
    DateBeforeLast,
    Mask,
    Number,
    Reset,
    Series,
    canonical,
    link,
)
from app.domain.shared.series import DEFAULT_MASKS, SeriesKind
from tests.support.chains import broken_link

pytestmark = pytest.mark.fast

DAY = date(2026, 11, 5)
KEY = bytes(range(32))


@pytest.mark.parametrize(
    ("pattern", "number", "reference"),
    [
        ("FA{yy}{mm}-{0000}", 1, "FA2611-0001"),
        ("CU{yy}{mm}-{00000}", 42, "CU2611-00042"),
        ("{yyyy}/{mm}/{dd}/{0}", 7, "2026/11/05/7"),
        ("{0000}", 9999, "9999"),
        ("{0000}-{yyyy}", 12, "0012-2026"),
        ("N{000+100}", 1, "N101"),
        ("N{000+0}", 1, "N001"),
        ("Nº {00}", 3, "Nº 03"),
    ],
)
def test_a_mask_writes_the_reference(pattern: str, number: int, reference: str) -> None:
    assert Mask(pattern).format(DAY, number) == reference


def test_a_counter_that_outgrows_its_zeros_gets_longer() -> None:
    mask = Mask("FA{00}")
    assert [mask.format(DAY, number) for number in (9, 99, 100, 12345)] == ["FA09", "FA99", "FA100", "FA12345"]


def test_an_offset_carries_into_a_longer_counter() -> None:
    assert Mask("{000+999}").format(DAY, 1) == "1000"


@pytest.mark.parametrize(("reset", "period"), [(Reset.NEVER, ""), (Reset.YEAR, "2026"), (Reset.MONTH, "2026-11")])
def test_the_period_follows_the_reset(reset: Reset, period: str) -> None:
    assert Mask("{yyyy}{mm}-{0000}", reset).period(DAY) == period


def test_years_are_written_with_all_their_digits() -> None:
    mask = Mask("{yyyy}{yy}{mm}{dd}{0}", Reset.MONTH)
    assert mask.format(date(807, 1, 2), 3) == "08070701023"
    assert mask.period(date(807, 1, 2)) == "0807-01"


@pytest.mark.parametrize(
    ("pattern", "reset", "reason"),
    [
        ("", Reset.NEVER, "one_counter"),
        ("FA{yy}{mm}", Reset.NEVER, "one_counter"),
        ("{000}-{0000}", Reset.NEVER, "one_counter"),
        ("FA{0000}{qq}", Reset.NEVER, "unknown_token"),
        ("FA{YY}{0000}", Reset.NEVER, "unknown_token"),
        ("FA{0000+}", Reset.NEVER, "unknown_token"),
        ("FA{0000-1}", Reset.NEVER, "unknown_token"),
        ("FA{0000+٣}", Reset.NEVER, "unknown_token"),
        ("FA{ 0000}", Reset.NEVER, "unknown_token"),
        ("FA{}{0000}", Reset.NEVER, "unknown_token"),
        ("FA{0000", Reset.NEVER, "unknown_token"),
        ("FA}{0000}", Reset.NEVER, "unknown_token"),
        ("FA{{0000}}", Reset.NEVER, "unknown_token"),
        ("FA{0000000000000}", Reset.NEVER, "unknown_token"),
        ("FA{0000}", Reset.YEAR, "period_missing"),
        ("FA{mm}{0000}", Reset.YEAR, "period_missing"),
        ("FA{yy}{0000}", Reset.MONTH, "period_missing"),
        ("FA{mm}{0000}", Reset.MONTH, "period_missing"),
    ],
)
def test_a_mask_that_cannot_number_is_refused_with_its_reason(pattern: str, reset: Reset, reason: str) -> None:
    with pytest.raises(BadMask) as caught:
        Mask(pattern, reset)
    assert caught.value.code == "numbering.bad_mask"
    assert caught.value.facts == {"mask": pattern, "reason": reason}


def test_masks_are_values() -> None:
    assert Mask("{yy}{000}", Reset.YEAR) == Mask("{yy}{000}", Reset.YEAR)
    assert Mask("{yy}{000}", Reset.YEAR) != Mask("{yy}{000}")
    assert len({Mask("{000}"), Mask("{000}")}) == 1


@pytest.mark.parametrize("kind", SeriesKind)
def test_a_new_company_has_a_mask_for_every_series(kind: SeriesKind) -> None:
    mask = DEFAULT_MASKS[kind]
    assert mask.period(DAY) == "2026-11"
    assert "2611" in mask.format(DAY, 1)


def test_the_masks_of_a_new_company_never_write_the_same_reference() -> None:
    assert len({mask.format(DAY, 1) for mask in DEFAULT_MASKS.values()}) == len(SeriesKind)


MASK = Mask("FA{yy}{mm}-{0000}", Reset.MONTH)


def series(last: date | None = None) -> Series:
    return Series(kind="invoice", period="2026-11", last_date=last)


def test_a_series_counts_without_a_gap() -> None:
    """ERP-07: consecutive numbers, dates in the same order."""
    invoices = series()
    taken = [invoices.take(on, MASK) for on in (DAY, DAY, date(2026, 11, 30))]
    assert [number.ref for number in taken] == ["FA2611-0001", "FA2611-0002", "FA2611-0003"]
    assert taken[2] == Number(ref="FA2611-0003", number=3, period="2026-11", date=date(2026, 11, 30))
    assert (invoices.next, invoices.last_date) == (4, date(2026, 11, 30))


def test_a_date_before_the_last_one_is_refused_and_takes_no_number() -> None:
    invoices = series(last=DAY)
    with pytest.raises(DateBeforeLast) as caught:
        invoices.take(date(2026, 11, 4), MASK)
    assert caught.value.code == "numbering.date_before_last"
    assert caught.value.facts == {"date": date(2026, 11, 4), "last_date": DAY}
    assert caught.value.at == ("date",)
    assert invoices == series(last=DAY)


def test_a_new_series_starts_at_the_genesis() -> None:
    assert (series().next, series().last_hash) == (1, GENESIS)
    assert GENESIS == "0" * 64


def test_sealing_moves_the_head_of_the_chain() -> None:
    invoices = series()
    first = link(KEY, invoices.last_hash, {"ref": "FA2611-0001"})
    invoices.seal(first)
    assert invoices.last_hash == first


class State(StrEnum):
    VALIDATED = "validated"


CONTENT: dict[str, object] = {
    "ref": "FA2611-0001",
    "date": DAY,
    "net": Decimal("12.50"),
    "state": State.VALIDATED,
    "customer": "Ação & Söhne",
    "order": None,
    "lines": [{"quantity": Decimal("3.000000"), "unit_price": Decimal("1E+2")}],
}


def test_the_canonical_form_is_fixed_to_the_byte() -> None:
    """Links stored for years are checked against it: a change here breaks every chain there is."""
    assert canonical(CONTENT).decode() == (
        '{"customer":"Ação & Söhne","date":"2026-11-05","lines":[{"quantity":"3","unit_price":"100"}],'
        '"net":"12.5","order":null,"ref":"FA2611-0001","state":"validated"}'
    )


def test_the_canonical_form_does_not_depend_on_how_a_database_gives_the_content_back() -> None:
    """Columns pad decimals, and rows come with their fields in another order."""
    padded = {name: CONTENT[name] for name in reversed(CONTENT)} | {"net": Decimal("12.5000"), "state": "validated"}
    assert canonical(padded) == canonical(CONTENT)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"bytes", {1, 2}, 1j], ids=repr)
def test_what_has_no_canonical_form_is_not_hashed(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        canonical({"value": value})


def test_a_link_is_the_hmac_of_the_previous_link_and_the_content() -> None:
    """Written out, so that anybody who has the key can check a chain with other tools."""
    message = GENESIS.encode() + b"\n" + b'{"ref":"FA2611-0001"}'
    assert link(KEY, GENESIS, {"ref": "FA2611-0001"}) == hmac.new(KEY, message, hashlib.sha256).hexdigest()


def test_a_link_depends_on_key_previous_and_content() -> None:
    links = {
        link(KEY, GENESIS, {"a": 1}),
        link(KEY[::-1], GENESIS, {"a": 1}),
        link(KEY, "1" * 64, {"a": 1}),
        link(KEY, GENESIS, {"a": 2}),
    }
    assert len(links) == 4
    assert all(len(given) == 64 and int(given, 16) >= 0 for given in links)


def chain(*contents: Mapping[str, object]) -> list[tuple[Mapping[str, object], str]]:
    """Seal ``contents`` one after the other."""
    head, sealed = series(), []
    for content in contents:
        head.seal(link(KEY, head.last_hash, content))
        sealed.append((content, head.last_hash))
    return sealed


def test_a_sound_chain_has_no_broken_link() -> None:
    assert broken_link(KEY, chain({"n": 1}, {"n": 2}, {"n": 3})) is None


def test_an_empty_chain_is_sound() -> None:
    assert broken_link(KEY, []) is None


def test_another_key_breaks_the_first_link() -> None:
    assert broken_link(KEY[::-1], chain({"n": 1}, {"n": 2})) == 0


@pytest.mark.parametrize("stored", ["", "0" * 63, "é" * 64, "F" * 64])
def test_a_stored_link_that_is_no_link_is_found(stored: str) -> None:
    sealed = chain({"n": 1}, {"n": 2})
    assert broken_link(KEY, [sealed[0], ({"n": 2}, stored)]) == 1


def test_a_document_hashed_anew_without_the_key_is_found() -> None:
    """Whoever can write the database cannot forge a link: the key is not in it."""
    sealed = chain({"n": 1}, {"n": 2})
    forged = hashlib.sha256(GENESIS.encode() + b"\n" + canonical({"n": 9})).hexdigest()
    assert broken_link(KEY, [({"n": 9}, forged), sealed[1]]) == 0
