"""Walking a chain: what each kind of tampering looks like, and what a document of heads says."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from app.domain.chains import Flaw, FlawKind, Head, Linked, NoChain, walk
from app.domain.shared.ids import CompanyId
from app.domain.shared.numbering import GENESIS, link
from app.domain.shared.series import SeriesKind
from app.infrastructure.heads import Ed25519Notary, HeadsFolder, read_signed
from app.infrastructure.keys import BadKey
from app.usecases.chains import BadHeads, Which, read_heads, written

pytestmark = pytest.mark.fast

KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))


def sealed(count: int, key: bytes = KEY) -> tuple[list[Linked], Head]:
    """Give a sound chain of so many documents, and its head."""
    rows: list[Linked] = []
    previous = GENESIS
    for number in range(1, count + 1):
        content = {"ref": f"R{number}", "gross": number}
        previous = link(key, previous, content)
        rows.append(Linked(number=number, content=content, link=previous))
    return rows, Head(kind="invoice", period="2026", next=count + 1, last_hash=previous, rows_to=count)


def walked(rows: Sequence[Linked], head: Head) -> list[tuple[str, int, int]]:
    """Give the flaws found, as words and numbers."""
    found = walk(rows, lambda previous, content: link(KEY, previous, content), head)
    return [(flaw.kind.value, flaw.number, flaw.to) for flaw in found]


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_a_sound_chain_has_no_flaw(count: int) -> None:
    rows, head = sealed(count)
    assert walked(rows, head) == []


def edited(rows: list[Linked], at: int) -> list[Linked]:
    return [replace(row, content={**row.content, "gross": -1}) if row.number == at else row for row in rows]


def relinked(rows: list[Linked], at: int) -> list[Linked]:
    return [replace(row, link="f" * 64) if row.number == at else row for row in rows]


def without(rows: list[Linked], *gone: int) -> list[Linked]:
    return [row for row in rows if row.number not in gone]


def swapped(rows: list[Linked], at: int) -> list[Linked]:
    one, other = rows[at - 1], rows[at]
    rows[at - 1 : at + 1] = [replace(other, number=at), replace(one, number=at + 1)]
    return rows


def put_in(rows: list[Linked], at: int) -> list[Linked]:
    """Put a row in, and renumber those behind it."""
    stranger = Linked(number=at, content={"ref": "X"}, link="e" * 64)
    behind = [replace(row, number=row.number + 1) for row in rows[at - 1 :]]
    return [*rows[: at - 1], stranger, *behind]


TAMPERED: dict[str, tuple[Callable[[list[Linked]], list[Linked]], list[tuple[str, int, int]]]] = {
    "first edited": (lambda rows: edited(rows, 1), [("changed", 1, 1)]),
    "middle edited": (lambda rows: edited(rows, 3), [("changed", 3, 3)]),
    "last edited": (lambda rows: edited(rows, 6), [("changed", 6, 6)]),
    "two edited": (lambda rows: edited(edited(rows, 2), 3), [("changed", 2, 2), ("changed", 3, 3)]),
    "link changed": (lambda rows: relinked(rows, 3), [("link_changed", 3, 3)]),
    "last link changed": (lambda rows: relinked(rows, 6), [("link_changed", 6, 6)]),
    "first gone": (lambda rows: without(rows, 1), [("missing", 1, 1)]),
    "two gone": (lambda rows: without(rows, 3, 4), [("missing", 3, 4)]),
    "two gone apart": (lambda rows: without(rows, 2, 5), [("missing", 2, 2), ("missing", 5, 5)]),
    "last gone": (lambda rows: without(rows, 6), [("missing", 6, 6)]),
    "all gone": (lambda _rows: [], [("missing", 1, 6)]),
    "neighbours swapped": (lambda rows: swapped(rows, 2), [("swapped", 2, 3)]),
    "last two swapped": (lambda rows: swapped(rows, 5), [("swapped", 5, 6)]),
    "edited behind a gap": (lambda rows: edited(without(rows, 2), 4), [("missing", 2, 2), ("changed", 4, 4)]),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_tampering_is_told_by_number_and_kind(what: str) -> None:
    """Design 3: a changed, removed, inserted or exchanged row is found, and nothing else is accused."""
    tamper, expected = TAMPERED[what]
    rows, head = sealed(6)
    assert walked(tamper(rows), head) == expected


def test_an_inserted_row_is_told_apart_from_those_it_pushed_on() -> None:
    rows, head = sealed(5)
    moved = replace(head, next=7, rows_to=6)
    assert walked(put_in(rows, 3), moved) == [("inserted", 3, 3)]


def test_a_row_put_behind_the_end_is_found_whether_or_not_the_counter_went_with_it() -> None:
    rows, head = sealed(3)
    stranger = Linked(number=4, content={"ref": "X"}, link="e" * 64)
    assert walked([*rows, stranger], replace(head, rows_to=4)) == [("inserted", 4, 4)]
    assert walked([*rows, stranger], replace(head, next=5, rows_to=4)) == [("changed", 4, 4), ("head_changed", 4, 4)]


@pytest.mark.parametrize("changes", [{"last_hash": "a" * 64}, {"next": 9}, {"next": 3}])
def test_a_changed_head_is_found(changes: dict[str, object]) -> None:
    rows, head = sealed(4)
    assert walked(rows, replace(head, **changes)) == [("head_changed", 4, 4)]  # type: ignore[arg-type]


def test_an_empty_series_with_another_head_than_the_first_is_changed() -> None:
    assert walked([], Head(kind="invoice", period="", next=1, last_hash="a" * 64)) == [("head_changed", 0, 0)]


def test_rows_without_a_series_are_told() -> None:
    rows, head = sealed(2)
    assert walked(rows, replace(head, next=1, last_hash="")) == [("inserted", 1, 2)]


def test_a_chain_made_anew_with_another_key_is_wrong_everywhere() -> None:
    rows, head = sealed(3, OTHER_KEY)
    assert [kind for kind, *_ in walked(rows, head)] == ["changed"] * 3


def test_walking_holds_two_rows_at_a_time() -> None:
    """However long a chain is: a row is judged before the next but one is read."""
    rows, head = sealed(4)
    read: list[int] = []

    def reading() -> object:
        for row in edited(rows, 1):
            read.append(row.number)
            yield row

    found = walk(reading(), lambda previous, content: link(KEY, previous, content), head)  # type: ignore[arg-type]
    assert next(found) == Flaw(kind=FlawKind.CHANGED, number=1, to=1)
    assert read == [1, 2]


def test_only_sealed_series_have_chains() -> None:
    assert Which().kinds() == (
        SeriesKind.INVOICE,
        SeriesKind.CREDIT_NOTE,
        SeriesKind.DEPOSIT,
        SeriesKind.REPLACEMENT,
        SeriesKind.PAYMENT,
    )
    with pytest.raises(NoChain):
        Which(kind=SeriesKind.ORDER).kinds()


# --- signed heads ---------------------------------------------------------------------------------------------------

NOTARY = Ed25519Notary("t3ePyXUNkzJ0L9qjJ0jQwZkq1Yxw3m0tq6m1x7m0abc")


def document() -> tuple[bytes, Head]:
    """Give a document of one head."""
    head = Head(kind="invoice", period="2026-11", next=3, last_hash="ab" * 32, last_date=date(2026, 11, 21))
    return written("2026-11-21T13:00:00Z", {CompanyId(7): [head]}), head


def test_heads_are_signed_in_one_canonical_form_and_read_back() -> None:
    text, head = document()
    signed = read_heads(text, NOTARY.sign(text), NOTARY)
    assert signed.heads == {7: [head]}
    assert signed.at == "2026-11-21T13:00:00Z"
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":")).encode()


def test_the_public_key_alone_checks_a_signature_and_cannot_make_one() -> None:
    text, _ = document()
    public = Ed25519Notary.of_pem(NOTARY.public_pem())
    assert public.signed(text, NOTARY.sign(text))
    assert public.public_pem() == NOTARY.public_pem()
    with pytest.raises(BadKey):
        public.sign(text)


def test_one_changed_byte_or_another_key_is_no_signature_of_ours() -> None:
    text, _ = document()
    signature = NOTARY.sign(text)
    with pytest.raises(BadHeads):
        read_heads(text.replace(b'"next":3', b'"next":2'), signature, NOTARY)
    with pytest.raises(BadHeads):
        read_heads(text, signature[::-1], NOTARY)
    with pytest.raises(BadHeads):
        read_heads(text, signature, Ed25519Notary("A" * 43))


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b'{"format":2,"at":"","heads":[]}', b'{"format":1,"at":"","heads":[{}]}', b"\xff"]
)
def test_a_signed_text_of_another_form_is_refused(text: bytes) -> None:
    with pytest.raises(BadHeads):
        read_heads(text, NOTARY.sign(text), NOTARY)


@pytest.mark.parametrize("pem", [b"", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_what_is_no_ed25519_key_is_refused(pem: bytes) -> None:
    with pytest.raises(BadKey):
        Ed25519Notary.of_pem(pem)


def test_two_at_once_export_one_document_that_its_signature_is_for(tmp_path: Path) -> None:
    """Replicas that wake up at the same moment do not mix their files."""
    archive, notary = HeadsFolder(tmp_path), NOTARY
    on = date(2026, 11, 21)

    def keep(index: int) -> str | None:
        document = f"document {index}".encode()
        return archive.keep(on, document, notary.sign(document), notary.public_pem())

    with ThreadPoolExecutor(8) as pool:
        kept = [place for place in pool.map(keep, range(8)) if place is not None]
    assert len(kept) == 1
    assert notary.signed(*read_signed(Path(kept[0])))
